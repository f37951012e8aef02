"""What a notice may say of a family. Pure.

"A public notice is redacted by construction: no ID number, phone, bank account or health condition, names as policy says"
(domain.md §4). So `NoticeContent` has a field for each thing that may be said, and none that takes what somebody wrote: a
field holds one of a few words, a number within bounds, a day, or a text of an alphabet that is too small to tell more. Both
hold for every value of the type, however it is made, also when it is read back from the table: `__post_init__` sees to it.

`notice_content` turns whatever is known into one and never fails: what cannot be said is left out.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Final


class NoticeKind(enum.StrEnum):
    """What hangs in public (公示公告类型): the village's notice, and the announcement of what was decided."""

    VILLAGE_NOTICE = "VILLAGE_NOTICE"
    RESULT_ANNOUNCEMENT = "RESULT_ANNOUNCEMENT"


class NoticeRound(enum.StrEnum):
    """What it is about (事项): that a family is to be monitored, or that its risk is gone."""

    ADMISSION = "ADMISSION"
    ELIMINATION = "ELIMINATION"


class NoticeCategory(enum.StrEnum):
    """Categories that a notice names (监测对象类别). OTHER: any that a region added later, and none yet."""

    UNSTABLE_LIFTED = "UNSTABLE_LIFTED"
    EDGE = "EDGE"
    SUDDEN_HARDSHIP = "SUDDEN_HARDSHIP"
    OTHER = "OTHER"


class NoticeCause(enum.StrEnum):
    """Main causes as a notice names them (主要原因): in groups, so that none of them tells of health.

    A word of its own for 因病 and 因残, however mild, would be read as just that: whoever is in a group of one is named.
    So they stand with schooling and disasters, as what they have in common with them: the family's burden of expenses.
    """

    EXPENSES = "EXPENSES"
    MEANS = "MEANS"
    WORK = "WORK"
    OTHER = "OTHER"


class IncomeBand(enum.StrEnum):
    """Where the per-capita net income of the year lies (收入区间): never the amount."""

    BELOW_LINE = "BELOW_LINE"
    UP_TO_HALF_ABOVE = "UP_TO_HALF_ABOVE"
    HIGHER = "HIGHER"
    UNKNOWN = "UNKNOWN"


CAUSE_GROUPS: Final[Mapping[str, NoticeCause]] = {
    "ILLNESS": NoticeCause.EXPENSES,
    "DISABILITY": NoticeCause.EXPENSES,
    "STUDY": NoticeCause.EXPENSES,
    "DISASTER": NoticeCause.EXPENSES,
    "LACK_OF_LAND": NoticeCause.MEANS,
    "LACK_OF_WATER": NoticeCause.MEANS,
    "LACK_OF_FUNDS": NoticeCause.MEANS,
    "POOR_TRANSPORT": NoticeCause.MEANS,
    "LACK_OF_SKILLS": NoticeCause.WORK,
    "LACK_OF_LABOUR": NoticeCause.WORK,
    "LACK_OF_DRIVE": NoticeCause.WORK,
}
TELLS_OF_HEALTH: Final = frozenset("病残癌瘤瘫聋哑盲痴疾疯症伤痛肿疫")
MOST_MEMBERS: Final = 30
NO_WORD: Final = "村"
MOST_PLACE: Final = 40
# The country's one number for people's complaints (政务服务便民热线); a county names its own by policy.
ANYWHERES_TELEPHONE: Final = "12345"

_HAN = r"\u3400-\u9fff\U00020000-\U0003ffff"
_MASKED: Final = re.compile(rf"[{_HAN}]\*\*")
_NAME: Final = re.compile(rf"[{_HAN}]{{1,12}}(·[{_HAN}]{{1,12}}){{0,3}}")
_PLACE: Final = re.compile(rf"[{_HAN}0-9()（）、·-]{{0,{MOST_PLACE}}}")
_NOT_OF_A_PLACE: Final = re.compile(rf"[^{_HAN}0-9()（）、·-]")
_LONG_NUMBER: Final = re.compile(r"[0-9]{6,}", re.ASCII)  # 63919部队社区 is a place; a telephone has seven digits
_NUMBER: Final = re.compile(rf"[{_HAN}]{{1,12}}防返贫(公示|公告)〔[0-9]{{4}}〕[0-9]{{1,5}}号")
_WORD: Final = re.compile(rf"[{_HAN}]{{1,12}}")
# An office's: a land line with its area code, or a short number of the state. A mobile telephone is somebody's own.
_TELEPHONE: Final = re.compile(r"0[0-9]{2,3}-[0-9]{7,8}|1[0-9]{4}|0[0-9]{2,3}-1[0-9]{4}", re.ASCII)
_OFFICE: Final = re.compile(rf"[{_HAN}（）]{{0,{MOST_PLACE}}}")


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    """What is known when a notice is made; much of it is more than a notice may say.

    county, township, village: names of divisions, from the table of divisions. word, serial: what its number is made of.
    income_fen: per-capita net income of the year; None where it is not known. line_fen: the line of that year.
    full_days: after the day of publication, for a notice. telephone, office: by policy (NOTICE_TELEPHONE, NOTICE_ISSUER).
    """

    kind: NoticeKind
    round: NoticeRound
    word: str
    serial: int
    county: str
    township: str
    village: str
    head_name: str
    member_count: int
    category: str | None
    causes: Sequence[str]
    income_fen: int | None
    line_fen: int
    published_on: date
    full_days: int
    masks_names: bool = True
    telephone: str = ANYWHERES_TELEPHONE
    office: str = ""


@dataclass(frozen=True, slots=True)
class NoticeContent:
    """What a notice says, and all that it says (公示内容). ValueError for anything that it may not hold."""

    kind: NoticeKind
    round: NoticeRound
    number: str
    county: str
    township: str
    village: str
    head_name: str
    member_count: int
    category: NoticeCategory
    cause: NoticeCause
    income_band: IncomeBand
    published_on: date
    ends_on: date | None
    telephone: str
    office: str

    def __post_init__(self) -> None:
        places = (self.county, self.township, self.village)
        is_name = _MASKED.fullmatch(self.head_name) or _NAME.fullmatch(self.head_name)
        holds = {
            "number": _NUMBER.fullmatch(self.number) and TELLS_OF_HEALTH.isdisjoint(self.number),
            "place": all(_PLACE.fullmatch(one) and not _LONG_NUMBER.search(one) for one in places),
            "head_name": is_name and TELLS_OF_HEALTH.isdisjoint(self.head_name),
            "member_count": 1 <= self.member_count <= MOST_MEMBERS,
            "ends_on": self.ends_on is None or self.ends_on > self.published_on,
            "telephone": _TELEPHONE.fullmatch(self.telephone),
            "office": _OFFICE.fullmatch(self.office) and TELLS_OF_HEALTH.isdisjoint(self.office),
        }
        if wrong := [name for name, is_right in holds.items() if not is_right]:
            raise ValueError(f"a notice may not say this: {', '.join(wrong)}")

    def as_json(self) -> dict[str, Any]:
        """As the table keeps it and clients read it: codes, texts, numbers, ISO days, by names like headName."""
        values = asdict(self).items()
        return {_KEYS[name]: value.isoformat() if isinstance(value, date) else value for name, value in values}

    def says_the_same(self, other: NoticeContent) -> bool:
        """Whether both say the same of the family, whenever and under whatever number they hung: "the notice restarts
        only if what was published changes" (domain.md §11.4)."""
        return self._of_the_family() == other._of_the_family()

    def _of_the_family(self) -> dict[str, Any]:
        hung = ("number", "published_on", "ends_on", "telephone", "office")
        return {name: value for name, value in asdict(self).items() if name not in hung}


_KEYS: Final = {
    name: re.sub(r"_([a-z])", lambda found: found[1].upper(), name) for name in NoticeContent.__dataclass_fields__
}


def content_read(kept: Mapping[str, Any]) -> NoticeContent:
    """What the table kept, judged anew. ValueError, KeyError or TypeError for what is no notice."""
    known = {name: kept[key] for name, key in _KEYS.items()}
    return NoticeContent(
        **known
        | {
            "kind": NoticeKind(known["kind"]),
            "round": NoticeRound(known["round"]),
            "category": NoticeCategory(known["category"]),
            "cause": NoticeCause(known["cause"]),
            "income_band": IncomeBand(known["income_band"]),
            "published_on": date.fromisoformat(known["published_on"]),
            "ends_on": None if known["ends_on"] is None else date.fromisoformat(known["ends_on"]),
        }
    )


def notice_content(facts: NoticeFacts) -> NoticeContent:
    """What may be said of these facts. It never fails over what somebody typed: that is left out, or masked."""
    is_notice = facts.kind is NoticeKind.VILLAGE_NOTICE
    return NoticeContent(
        kind=facts.kind,
        round=facts.round,
        number=notice_number(facts.kind, facts.word, facts.published_on.year, facts.serial),
        county=place_name(facts.county),
        township=place_name(facts.township),
        village=place_name(facts.village),
        head_name=public_name(facts.head_name, is_masked=facts.masks_names),
        member_count=min(max(facts.member_count, 1), MOST_MEMBERS),
        category=public_category(facts.category),
        cause=public_cause(facts.causes),
        income_band=income_band(facts.income_fen, facts.line_fen),
        published_on=facts.published_on,
        ends_on=last_day(facts.published_on, facts.full_days) if is_notice else None,
        telephone=facts.telephone if _TELEPHONE.fullmatch(facts.telephone) else ANYWHERES_TELEPHONE,
        office=facts.office if _OFFICE.fullmatch(facts.office) and TELLS_OF_HEALTH.isdisjoint(facts.office) else "",
    )


def last_day(published_on: date, full_days: int) -> date:
    """ "Publication is day 0, then five full days; the township may act from 00:00 of day 6" (domain.md §11.4).

    >>> last_day(date(2026, 11, 22), 5)
    datetime.date(2026, 11, 27)
    """
    return published_on + timedelta(days=full_days)


def notice_number(kind: NoticeKind, word: str, year: int, serial: int) -> str:
    """As official papers are numbered: 榕防返贫公示〔2026〕12号. word: of `word_of`."""
    called = "公示" if kind is NoticeKind.VILLAGE_NOTICE else "公告"
    return f"{word if _is_word(word) else NO_WORD}防返贫{called}〔{year}〕{serial}号"


def word_of(chosen: str, county: str) -> str:
    """The word that papers are numbered under: the place's by policy (NOTICE_WORD), else the county's name without what it
    is: 永泰县 → 永泰; one of two characters stays whole."""
    name = county[:-1] if len(county) > 2 and county[-1] in "县市区旗" else county
    return next((word for word in (chosen, name) if _is_word(word)), NO_WORD)


def _is_word(word: str) -> bool:
    return bool(_WORD.fullmatch(word)) and TELLS_OF_HEALTH.isdisjoint(word)


def public_name(name: str, *, is_masked: bool) -> str:
    """陈** for 陈桂芳, or the name where policy says so and it is one: anything else is masked all the same."""
    if not is_masked and _NAME.fullmatch(name) and TELLS_OF_HEALTH.isdisjoint(name):
        return name
    first = name[:1]
    is_surname = _WORD.fullmatch(first) and first not in TELLS_OF_HEALTH
    return f"{first if is_surname else '某'}**"


def place_name(name: str) -> str:
    """A division's name without what no division's name has. Villages that are called 哑柏 keep their name: it comes from
    the table of divisions and says nothing of a family."""
    return _LONG_NUMBER.sub("", _NOT_OF_A_PLACE.sub("", name))[:MOST_PLACE]


def public_category(category: str | None) -> NoticeCategory:
    """The category as a notice names it."""
    known = {one.value for one in NoticeCategory}
    return NoticeCategory(category) if category in known else NoticeCategory.OTHER


def public_cause(causes: Sequence[str]) -> NoticeCause:
    """The group of the main cause, which comes first."""
    return CAUSE_GROUPS.get(causes[0], NoticeCause.OTHER) if causes else NoticeCause.OTHER


def income_band(income_fen: int | None, line_fen: int) -> IncomeBand:
    """Which band an income lies in. "Below" is strict (domain.md §11.9); half as much again is the width of the range
    above the line that the national rules of 2020 looked at (收入低于国家扶贫标准1.5倍左右)."""
    if income_fen is None:
        return IncomeBand.UNKNOWN
    if income_fen < line_fen:
        return IncomeBand.BELOW_LINE
    return IncomeBand.UP_TO_HALF_ABOVE if 2 * income_fen <= 3 * line_fen else IncomeBand.HIGHER
