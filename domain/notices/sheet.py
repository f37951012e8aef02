"""A notice in words: the same lines for the page, the PDF and whoever reads it out. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from domain.notices.rules import IncomeBand, NoticeCategory, NoticeCause, NoticeContent, NoticeKind, NoticeRound

TITLES: Final = {
    (NoticeKind.VILLAGE_NOTICE, NoticeRound.ADMISSION): "防止返贫监测对象公示",
    (NoticeKind.VILLAGE_NOTICE, NoticeRound.ELIMINATION): "防止返贫监测对象风险消除公示",
    (NoticeKind.RESULT_ANNOUNCEMENT, NoticeRound.ADMISSION): "防止返贫监测对象认定结果公告",
    (NoticeKind.RESULT_ANNOUNCEMENT, NoticeRound.ELIMINATION): "防止返贫监测对象风险消除结果公告",
}
SAYS: Final = {
    (NoticeKind.VILLAGE_NOTICE, NoticeRound.ADMISSION): (
        "经入户核实、信息比对和村级民主评议，拟将下列农户纳入防止返贫监测对象，现予公示，接受群众监督。"
    ),
    (NoticeKind.VILLAGE_NOTICE, NoticeRound.ELIMINATION): (
        "经入户核实和村级民主评议，下列农户的返贫致贫风险已经消除，拟按程序标注风险消除，现予公示，接受群众监督。"
    ),
    (NoticeKind.RESULT_ANNOUNCEMENT, NoticeRound.ADMISSION): (
        "经村级民主评议、公示、乡镇审核和县级审定，下列农户已纳入防止返贫监测对象，现予公告。"
    ),
    (NoticeKind.RESULT_ANNOUNCEMENT, NoticeRound.ELIMINATION): (
        "经村级民主评议、公示、乡镇审核和县级审定，下列农户的返贫致贫风险已经消除，现予公告。"
        "风险消除后责任、政策、帮扶、监管不摘，继续跟踪监测。"
    ),
}
CATEGORIES: Final = {
    NoticeCategory.UNSTABLE_LIFTED: "脱贫不稳定户",
    NoticeCategory.EDGE: "边缘易致贫户",
    NoticeCategory.SUDDEN_HARDSHIP: "突发严重困难户",
    NoticeCategory.OTHER: "监测对象",
}
CAUSES: Final = {
    NoticeCause.EXPENSES: "家庭支出负担较重",
    NoticeCause.MEANS: "生产生活条件不足",
    NoticeCause.WORK: "就业增收能力不足",
    NoticeCause.OTHER: "其他",
}
BANDS: Final = {
    IncomeBand.BELOW_LINE: "低于当年监测收入线",
    IncomeBand.UP_TO_HALF_ABOVE: "监测收入线至其1.5倍之间",
    IncomeBand.HIGHER: "高于监测收入线1.5倍",
    IncomeBand.UNKNOWN: "未核定",
}
LEADING_GROUP: Final = "防止返贫监测和帮扶工作领导小组"


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands on one A4 page, from the top down. rows: what of the family, and what it is."""

    title: str
    number: str
    says: str
    rows: tuple[tuple[str, str], ...]
    period: str
    objections: str
    signed_by: str
    signed_on: str


def sheet_of(content: NoticeContent) -> Sheet:
    """A notice worded. The category is not named before it is decided: a notice of the village says what is proposed."""
    what = content.kind, content.round
    is_notice = content.kind is NoticeKind.VILLAGE_NOTICE
    return Sheet(
        title=TITLES[what],
        number=content.number,
        says=SAYS[what],
        rows=(
            ("行政村", f"{content.township}{_village(content.village)}"),
            ("户主", content.head_name),
            ("家庭人口", f"{content.member_count}人"),
            (
                "拟定类别" if is_notice and content.round is NoticeRound.ADMISSION else "监测类别",
                CATEGORIES[content.category],
            ),
            ("主要原因", CAUSES[content.cause]),
            ("人均纯收入", BANDS[content.income_band]),
        ),
        period=_period(content),
        objections=_objections(content),
        signed_by=_committee(content) if is_notice else f"{content.county}{content.office or LEADING_GROUP}",
        signed_on=in_chinese(content.published_on),
    )


def in_chinese(day: date) -> str:
    """2026年11月7日."""
    return f"{day.year}年{day.month}月{day.day}日"


def _period(content: NoticeContent) -> str:
    if content.ends_on is None:
        return f"公告日期：{in_chinese(content.published_on)}。"
    days = (content.ends_on - content.published_on).days
    return (
        f"公示期：{in_chinese(content.published_on)}张榜，自次日起满{days}天，至{in_chinese(content.ends_on)}24时止。"
    )


def _objections(content: NoticeContent) -> str:
    while_it_runs = "公示期内如有异议" if content.ends_on is not None else "对公告结果有不同意见"
    return (
        f"{while_it_runs}，请向{_government(content.township)}反映（地址：{content.county}{content.township}，"
        f"电话：{content.telephone}），也可以扫描右侧二维码。可以不具名，反映人的身份严格保密。"
    )


def _government(township: str) -> str:
    """What governs it: a town and a township have a government, a street has an office of the district's."""
    if township.endswith("街道"):
        return f"{township}办事处"
    return f"{township}人民政府" if township.endswith(("乡", "镇")) else township


def _village(name: str) -> str:
    """The village itself: statistics call many by their committee, 力星村委会."""
    return re.sub(r"(?<=村)(民委员会|委会)$|(?<=社区)(居民委员会|居委会)$", "", name)


def _committee(content: NoticeContent) -> str:
    """The village's committee; many a division is called by its committee already (上漈村委会)."""
    village = _village(content.village)
    return f"{content.township}{village}民委员会" if village.endswith("村") else f"{content.township}{content.village}"
