"""What a notice may say: decision tables, and everything that is known of a family fed into it."""

from __future__ import annotations

import dataclasses
import json
import re
import uuid
import zlib
from base64 import a85decode
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.notice_page import written
from api.notice_page.pdf import lines_of, notices_pdf
from domain.base.terms import TERMS
from domain.notices.links import Board, board_of, board_read, notice_address, notice_read
from domain.notices.rules import (
    CAUSE_GROUPS,
    TELLS_OF_HEALTH,
    IncomeBand,
    NoticeCategory,
    NoticeCause,
    NoticeContent,
    NoticeFacts,
    NoticeKind,
    NoticeRound,
    content_read,
    income_band,
    last_day,
    notice_content,
    notice_number,
    place_name,
    public_category,
    public_cause,
    public_name,
    word_of,
)
from domain.notices.sheet import Sheet, in_chinese, sheet_of

DAY = date(2026, 11, 22)
FACTS = NoticeFacts(
    kind=NoticeKind.VILLAGE_NOTICE,
    round=NoticeRound.ADMISSION,
    word="榕",
    serial=12,
    county="永泰县",
    township="嵩口镇",
    village="月阙村",
    head_name="陈桂芳",
    member_count=4,
    category="EDGE",
    causes=["ILLNESS", "STUDY"],
    income_fen=700_000,
    line_fen=840_000,
    published_on=DAY,
    full_days=5,
)
REPORT = "https://ruhu.example.org/report/350125201203-20271227-K7QM2XFA9RTB"

# What must never be read on a wall, as people type it into whatever field there is.
PRIVATE = [
    "350102197003071238",
    "35010219700307123X",
    "13805911234",
    "0591-83337777",
    "6217001820012345678",
    "6230361113012345678",
    "冠心病",
    "患有大病",
    "长期慢性病",
    "膀胱肿瘤",
    "精神残疾二级",
    "尿毒症透析",
    "肺癌晚期",
    "瘫痪在床",
    "双目失明的盲人",
]
ANYTHING = st.one_of(
    st.sampled_from(PRIVATE),
    st.tuples(st.text(max_size=6), st.sampled_from(PRIVATE), st.text(max_size=6)).map("".join),
    st.text(max_size=60),
)
FED: st.SearchStrategy[NoticeFacts] = st.builds(
    NoticeFacts,
    kind=st.sampled_from(NoticeKind),
    round=st.sampled_from(NoticeRound),
    word=ANYTHING,
    serial=st.integers(1, 99_999),
    county=st.sampled_from(["永泰县", "金安区", "馆陶县"]),
    township=st.sampled_from(["嵩口镇", "哑柏镇", "独山镇", "鼓东街道", "63919部队"]),
    village=st.one_of(st.sampled_from(["月阙村", "太安村", "上漈村委会"]), ANYTHING.filter(lambda text: not ill(text))),
    head_name=ANYTHING,
    member_count=st.integers(-10, 10_000),
    category=st.one_of(st.none(), st.sampled_from(["EDGE", "UNSTABLE_LIFTED", "SUDDEN_HARDSHIP"]), ANYTHING),
    causes=st.lists(st.one_of(st.sampled_from(sorted(CAUSE_GROUPS)), ANYTHING), max_size=3),
    income_fen=st.one_of(st.none(), st.integers(-(10**9), 10**9)),
    line_fen=st.integers(1, 10**7),
    published_on=st.dates(date(2020, 1, 1), date(2035, 1, 1)),
    full_days=st.integers(5, 30),
    masks_names=st.booleans(),
    telephone=ANYTHING.filter(lambda text: not re.fullmatch(r"0[0-9]{2,3}-[0-9]{7,8}", text)),
    office=ANYTHING,
)


def ill(text: str) -> bool:
    return not TELLS_OF_HEALTH.isdisjoint(text)


def pdf_text(pdf: bytes, between: str = "") -> str:
    """The text layer, read as a reader of PDF does: strings of UCS-2 in the content streams, in the order of the page."""
    told = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        content = zlib.decompress(a85decode(b"<~" + stream.strip(), adobe=True))
        told += [
            unescaped(text).decode("utf-16-be")
            for text in re.findall(rb"\(((?:[^\\()]|\\.)*)\) Tj", content, re.DOTALL)
        ]
    return between.join(told)


def unescaped(text: bytes) -> bytes:
    def one(found: re.Match[bytes]) -> bytes:
        given = found[1]
        named = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
        return bytes([int(given, 8)]) if given.isdigit() else named.get(given, given)

    return re.sub(rb"\\([0-7]{1,3}|.)", one, text, flags=re.DOTALL)


def outputs(content: NoticeContent) -> dict[str, str]:
    """Everything that is made of a notice, as text."""
    sheet = sheet_of(content)
    return {
        "json": json.dumps(content.as_json(), ensure_ascii=False),
        "text": json.dumps(dataclasses.asdict(sheet), ensure_ascii=False),
        "html": re.sub(r"<svg.*?</svg>", "", written(sheet, REPORT, pdf="/notices/x/pdf"), flags=re.DOTALL),
        "pdf": pdf_text(notices_pdf([(sheet, REPORT)], title="公示"), between="\n"),
    }


# What every notice says by itself may name what it leaves out, and one township is called 哑柏.
OURS = ("联系电话", "健康信息", "银行账号", "身份证号", "哑柏镇", "63919部队")


@settings(max_examples=60, deadline=None)
@given(FED)
def test_whatever_is_known_of_a_family_no_output_of_a_notice_tells_what_is_private(facts: NoticeFacts) -> None:
    content = notice_content(facts)
    for name, told in outputs(content).items():
        for ours in OURS:
            told = told.replace(ours, "")
        assert not ill(told), (name, told)
        assert not re.search(r"[0-9]{6,}", told), (name, told)
        assert not [one for one in PRIVATE if one in told.replace("\n", "")], (name, told)
        if facts.income_fen is not None and abs(facts.income_fen) > 99_999:
            assert f"{abs(facts.income_fen) // 100}" not in told.replace(facts.published_on.isoformat(), ""), (
                name,
                told,
            )
    assert content_read(json.loads(json.dumps(content.as_json()))) == content


@pytest.mark.parametrize("private", PRIVATE)
@pytest.mark.parametrize("field", ["number", "county", "village", "head_name", "telephone", "office"])
def test_no_content_can_be_made_by_hand_that_holds_something_private(field: str, private: str) -> None:
    content = notice_content(FACTS)
    if field in ("county", "village") and not private[:4].isdigit():
        return  # the name of a division comes from the table of divisions
    if field == "telephone" and private == "0591-83337777":
        return  # that is an office's land line, as far as anybody can see
    with pytest.raises(ValueError, match="may not say"):
        dataclasses.replace(content, **{field: private})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("member_count", 0),
        ("member_count", 31),
        ("ends_on", DAY),
        ("head_name", ""),
        ("telephone", ""),
        ("number", "12"),
    ],
)
def test_no_content_holds_what_is_out_of_bounds(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=field):
        dataclasses.replace(notice_content(FACTS), **{field: value})


def test_what_the_table_kept_is_judged_anew() -> None:
    kept = notice_content(FACTS).as_json()
    assert content_read(kept | {"id_number": "350102197003071238"}) == notice_content(FACTS)
    for wrong in ({"headName": "350102197003071238"}, {"cause": "ILLNESS"}, {"category": "冠心病"}):
        with pytest.raises(ValueError, match=r"."):
            content_read(kept | wrong)
    with pytest.raises(KeyError):
        content_read({})


@pytest.mark.parametrize(
    ("name", "is_masked", "shown"),
    [
        ("陈桂芳", True, "陈**"),
        ("陈桂芳", False, "陈桂芳"),
        ("麦麦提敏·吐尔孙", True, "麦**"),
        ("麦麦提敏·吐尔孙", False, "麦麦提敏·吐尔孙"),
        ("𠮷田", True, "𠮷**"),
        ("13805911234", True, "某**"),
        ("陈桂芳 13805911234", False, "陈**"),
        ("陈桂芳（肺癌）", False, "陈**"),
        ("癌症", False, "某**"),
        ("", True, "某**"),
        ("Chen", False, "某**"),
    ],
)
def test_a_name_is_masked_unless_policy_says_otherwise_and_it_is_one(name: str, is_masked: bool, shown: str) -> None:
    assert public_name(name, is_masked=is_masked) == shown


@pytest.mark.parametrize(
    ("income_fen", "band"),
    [
        (None, IncomeBand.UNKNOWN),
        (-1, IncomeBand.BELOW_LINE),
        (839_999, IncomeBand.BELOW_LINE),
        (840_000, IncomeBand.UP_TO_HALF_ABOVE),
        (1_260_000, IncomeBand.UP_TO_HALF_ABOVE),
        (1_260_001, IncomeBand.HIGHER),
    ],
)
def test_income_is_told_as_a_band(income_fen: int | None, band: IncomeBand) -> None:
    assert income_band(income_fen, 840_000) is band


def test_no_cause_of_health_stands_alone_in_its_group() -> None:
    """A group in which only illness and disability lay would be their name."""
    words = re.findall(r"^cause,([A-Z_]+),", TERMS.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(words) == set(CAUSE_GROUPS) | {"OTHER"}
    of_health = {CAUSE_GROUPS[one] for one in ("ILLNESS", "DISABILITY")}
    for group in of_health:
        others = [one for one, other in CAUSE_GROUPS.items() if other is group and one not in ("ILLNESS", "DISABILITY")]
        assert len(others) >= 2


@pytest.mark.parametrize(
    ("causes", "shown"),
    [
        ([], NoticeCause.OTHER),
        (["OTHER"], NoticeCause.OTHER),
        (["因病"], NoticeCause.OTHER),
        (["ILLNESS", "LACK_OF_LAND"], NoticeCause.EXPENSES),
        (["STUDY"], NoticeCause.EXPENSES),
        (["LACK_OF_LABOUR", "ILLNESS"], NoticeCause.WORK),
        (["LACK_OF_FUNDS"], NoticeCause.MEANS),
    ],
)
def test_the_main_cause_is_told_by_its_group(causes: list[str], shown: NoticeCause) -> None:
    assert public_cause(causes) is shown


def test_a_category_that_no_notice_knows_is_not_named() -> None:
    assert [public_category(one) for one in ("EDGE", None, "因病返贫户", "OTHER")] == [
        NoticeCategory.EDGE,
        NoticeCategory.OTHER,
        NoticeCategory.OTHER,
        NoticeCategory.OTHER,
    ]


def test_papers_are_numbered_by_word_kind_year_and_serial() -> None:
    assert notice_number(NoticeKind.VILLAGE_NOTICE, "榕", 2026, 12) == "榕防返贫公示〔2026〕12号"
    assert notice_number(NoticeKind.RESULT_ANNOUNCEMENT, "榕", 2026, 3) == "榕防返贫公告〔2026〕3号"
    assert notice_number(NoticeKind.VILLAGE_NOTICE, "13805911234", 2026, 1) == "村防返贫公示〔2026〕1号"
    assert [word_of("", one) for one in ("永泰县", "福清市", "沙县区", "郊区", "鼓楼")] == [
        "永泰",
        "福清",
        "沙县",
        "郊区",
        "鼓楼",
    ]
    assert [word_of(*one) for one in (("榕", "永泰县"), ("癌", "永泰县"), ("x", "y"))] == ["榕", "永泰", "村"]


def test_a_notice_that_hangs_anew_says_the_same_unless_what_is_said_of_the_family_changed() -> None:
    hung = notice_content(FACTS)
    later = dataclasses.replace(FACTS, serial=13, published_on=DAY + timedelta(days=3), telephone="0591-24832155")
    assert hung.says_the_same(notice_content(later))
    for change in (
        {"member_count": 5},
        {"category": "SUDDEN_HARDSHIP"},
        {"causes": ["LACK_OF_LAND"]},
        {"income_fen": None},
    ):
        assert not hung.says_the_same(notice_content(dataclasses.replace(later, **change))), change


def test_places_keep_their_names() -> None:
    assert place_name("63919部队社区居委会") == "63919部队社区居委会"
    assert place_name("三利村委会（边家湾）") == "三利村委会（边家湾）"
    assert place_name("哑柏镇") == "哑柏镇"
    assert place_name("月阙村13805911234") == "月阙村"


def test_a_notice_runs_five_full_days_after_the_day_on_which_it_was_put_up() -> None:
    assert last_day(DAY, 5) == DAY + timedelta(days=5)
    assert notice_content(FACTS).ends_on == date(2026, 11, 27)
    assert notice_content(dataclasses.replace(FACTS, kind=NoticeKind.RESULT_ANNOUNCEMENT)).ends_on is None


def test_an_office_is_named_and_a_private_telephone_is_not() -> None:
    shown = notice_content(dataclasses.replace(FACTS, telephone="0591-24832155", office="农业农村局"))
    assert (shown.telephone, shown.office) == ("0591-24832155", "农业农村局")
    for private in ("13805911234", "6217001820012345678", ""):
        assert notice_content(dataclasses.replace(FACTS, telephone=private)).telephone == "12345"
    assert notice_content(dataclasses.replace(FACTS, office="残联 13805911234")).office == ""


# --- in words --------------------------------------------------------------------------------------------------------


def worded(**changes: Any) -> Sheet:
    return sheet_of(notice_content(dataclasses.replace(FACTS, **changes)))


def test_the_sheet_of_a_notice_says_all_that_a_notice_must() -> None:
    sheet = worded()
    assert (sheet.title, sheet.number) == ("防止返贫监测对象公示", "榕防返贫公示〔2026〕12号")
    assert dict(sheet.rows) == {
        "行政村": "嵩口镇月阙村",
        "户主": "陈**",
        "家庭人口": "4人",
        "拟定类别": "边缘易致贫户",
        "主要原因": "家庭支出负担较重",
        "人均纯收入": "低于当年监测收入线",
    }
    assert sheet.period == "公示期：2026年11月22日张榜，自次日起满5天，至2026年11月27日24时止。"
    assert "嵩口镇人民政府" in sheet.objections
    assert "12345" in sheet.objections
    assert (sheet.signed_by, sheet.signed_on) == ("嵩口镇月阙村民委员会", "2026年11月22日")


def test_the_county_signs_what_it_announces() -> None:
    sheet = worded(kind=NoticeKind.RESULT_ANNOUNCEMENT, round=NoticeRound.ELIMINATION, office="农业农村局")
    assert sheet.title == "防止返贫监测对象风险消除结果公告"
    assert "不摘" in sheet.says
    assert sheet.period == "公告日期：2026年11月22日。"
    assert sheet.signed_by == "永泰县农业农村局"
    assert worded(kind=NoticeKind.RESULT_ANNOUNCEMENT).signed_by == "永泰县防止返贫监测和帮扶工作领导小组"


def test_streets_have_an_office_and_committees_are_not_named_twice() -> None:
    assert "鼓东街道办事处" in worded(township="鼓东街道").objections
    assert "请向龙川农场反映" in worded(township="龙川农场").objections
    for called in ("上漈村", "上漈村委会", "上漈村民委员会"):
        assert worded(village=called).signed_by == "嵩口镇上漈村民委员会"
        assert worded(village=called).rows[0] == ("行政村", "嵩口镇上漈村")
    assert worded(village="西街社区居委会").signed_by == "嵩口镇西街社区居委会"
    assert worded(village="西街社区居委会").rows[0] == ("行政村", "嵩口镇西街社区")
    assert in_chinese(date(2026, 1, 7)) == "2026年1月7日"


# --- on paper --------------------------------------------------------------------------------------------------------


def test_the_pdf_has_a_page_for_each_sheet_and_its_text_can_be_searched() -> None:
    sheets = [(worded(), REPORT), (worded(kind=NoticeKind.RESULT_ANNOUNCEMENT), REPORT)]
    pdf = notices_pdf(sheets, title="公示栏")
    assert pdf.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 2
    text = pdf_text(pdf)
    for sheet, _ in sheets:
        assert sheet.title in text
        assert sheet.number in text
        assert all(value in text for row in sheet.rows for value in row)
        assert sheet.objections in text
    assert notices_pdf(sheets, title="公示栏") == pdf
    assert "本村现无公示公告" in pdf_text(notices_pdf([], title="公示栏"))


def test_lines_begin_with_no_stop_and_break_no_number() -> None:
    lines = lines_of(
        "公示期内如有异议，请向嵩口镇人民政府反映（电话：0591-24832155），也可以扫描二维码。", 15, 15 * 8.5, first=30
    )
    assert "".join(lines) == "公示期内如有异议，请向嵩口镇人民政府反映（电话：0591-24832155），也可以扫描二维码。"
    assert not [line for line in lines if line[0] in "，。）"]
    assert any("0591-24832155" in line for line in lines)


def test_a_character_that_the_font_lacks_is_marked_as_missing() -> None:
    assert "户主〓**" in pdf_text(notices_pdf([(worded(head_name="𠮷田"), REPORT)], title=""))


# --- where they stand ------------------------------------------------------------------------------------------------


def mac(use: str, *parts: bytes) -> bytes:
    return zlib.crc32(b"|".join((use.encode(), *parts))).to_bytes(4) * 8


def test_addresses_are_read_as_they_were_made_and_nothing_else_is() -> None:
    notice = uuid.UUID("01930000-0000-7000-8000-000000000001")
    address = notice_address(notice, mac)
    assert notice_read(address, mac) == notice
    board = board_of("350125201203", DAY)
    assert board == Board("350125201203", DAY + timedelta(days=7))
    assert board_read(board.address(mac), mac) == board
    other = address.replace("1-", "2-")
    for forged in (other, address[:-1], address.upper(), str(notice), "", "../etc/passwd"):
        assert notice_read(forged, mac) is None, forged
    for forged in (
        board.address(mac).replace("203-", "204-"),
        "350125201203-20269999-aaaaaaaaaaaaaaaa",
        "350125201203",
    ):
        assert board_read(forged, mac) is None, forged
