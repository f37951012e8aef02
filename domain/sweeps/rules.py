"""When a sweep is due, which calls count for it, and what it found. Pure: days and numbers come in as arguments.

Source: domain.md §3.3: "monthly by township and village cadres; quarterly by county and township; half-yearly (April and
October) over the eight edge groups, an open list. A sweep is a campaign with a coverage figure (村村进、户户到)"; §3.6: "an
event with a polygon and a date: every household inside becomes a candidate to check, with daily coverage".
"""

from __future__ import annotations

import enum
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, Final

from domain.access.rules import GrantRole


class SweepKind(enum.StrEnum):
    """What sort of campaign (排查类型)."""

    MONTHLY = "MONTHLY"
    QUARTERLY = "QUARTERLY"
    HALF_YEARLY = "HALF_YEARLY"
    DISASTER = "DISASTER"


class SweepOutcome(enum.StrEnum):
    """What became of a household of a sweep (排查结果)."""

    WAITING = "WAITING"
    NOTHING_FOUND = "NOTHING_FOUND"
    FOUND = "FOUND"
    EXCLUDED = "EXCLUDED"


# domain.md §3.3: county and township. A disaster is the emergency office's: county and above (ASSUMPTION).
OPENS_SWEEPS: Final = frozenset({GrantRole.TOWNSHIP_OFFICER, GrantRole.COUNTY_OFFICER})
REPORTS_DISASTERS: Final = frozenset(
    {GrantRole.COUNTY_OFFICER, GrantRole.PREFECTURE_OFFICER, GrantRole.PROVINCE_OFFICER}
)

# The purposes (terms of visit_purpose) whose calls count. A survey with the longer form counts for the shorter sweep of its
# time as well: whoever sat at the table in October need not come back for the month (ASSUMPTION).
COUNTS_FOR: Final[Mapping[SweepKind, tuple[str, ...]]] = MappingProxyType(
    {
        SweepKind.MONTHLY: ("SWEEP", "QUARTERLY_SURVEY", "HALF_YEAR_SURVEY"),
        SweepKind.QUARTERLY: ("QUARTERLY_SURVEY", "HALF_YEAR_SURVEY"),
        SweepKind.HALF_YEARLY: ("HALF_YEAR_SURVEY",),
        SweepKind.DISASTER: ("DISASTER_CHECK",),
    }
)

# Which finding of a call (term of finding) is a sign that a family may be slipping (term of clue_sign). What is left out
# calls for help too, but for no case: an untidy yard, produce that waits for a buyer (ASSUMPTION).
SIGN_OF_FINDING: Final[Mapping[str, str]] = MappingProxyType(
    {
        "INCOME_DROP": "HARDSHIP",
        "UNEMPLOYED": "HARDSHIP",
        "FOOD_OR_CLOTHING": "HARDSHIP",
        "ACCIDENT": "HARDSHIP",
        "HEAVY_EXPENSE": "RIGID_EXPENSE",
        "SERIOUS_ILLNESS": "MEDICAL_EXPENSE",
        "STUDY_COST": "STUDY_EXPENSE",
        "DROPOUT_RISK": "STUDY_EXPENSE",
        "DANGEROUS_HOUSING": "DANGEROUS_HOUSING",
        "DISASTER": "DISASTER",
        "FAMILY_UPHEAVAL": "FAMILY_UPHEAVAL",
    }
)

# 八类重点群体 of S3 (terms of edge_group): whom a half-yearly sweep is for where nobody says otherwise.
EDGE_GROUPS: Final = (
    "DANGEROUS_HOUSING",
    "DIBAO",
    "DISPERSED_SUPPORT",
    "SERIOUS_OR_CHRONIC_ILLNESS",
    "DISASTER_STRICKEN",
    "FAMILY_UPHEAVAL",
    "DISABILITY",
    "MARTYR_OR_MILITARY_FAMILY",
)

SWEEP_PARAMETERS: Final = ("SWEEP_INTERVAL", "SWEEP_MONTHS")
DISASTER_DAYS: Final = 90  # for so long calls count for a disaster's sweep where nobody says otherwise (ASSUMPTION)
MOST_DAYS: Final = 366
_PERIOD = re.compile(r"(?P<year>20[0-9]{2})-(?:(?P<month>0[1-9]|1[0-2])|Q(?P<quarter>[1-4])|H(?P<half>[12]))", re.ASCII)
_MONTHS_OF: Final = {SweepKind.MONTHLY: 1, SweepKind.QUARTERLY: 3, SweepKind.HALF_YEARLY: 6}


@dataclass(frozen=True, slots=True)
class Span:
    """What a sweep is called, and its first and last day."""

    kind: SweepKind
    period: str
    from_on: date
    until_on: date


def span_of(kind: SweepKind, period: str) -> Span | None:
    """The days of a period as it is written for a kind: 2026-10, 2026-Q4, 2026-H2; None for what does not fit it.

    >>> span_of(SweepKind.QUARTERLY, "2026-Q4")
    Span(kind=<SweepKind.QUARTERLY: 'QUARTERLY'>, period='2026-Q4', from_on=datetime.date(2026, 10, 1), \
until_on=datetime.date(2026, 12, 31))
    """
    read = _PERIOD.fullmatch(period)
    part = {SweepKind.MONTHLY: "month", SweepKind.QUARTERLY: "quarter", SweepKind.HALF_YEARLY: "half"}.get(kind)
    if read is None or part is None or read[part] is None:
        return None
    months, year = _MONTHS_OF[kind], int(read["year"])
    first = (int(read[part]) - 1) * months  # months of the year that are over before
    return Span(kind, period, date(year, first + 1, 1), _month(year, first + months) - timedelta(days=1))


def _month(year: int, months: int) -> date:
    """The first day of the month after so many of that year."""
    return date(year + months // 12, months % 12 + 1, 1)


def due_sweeps(today: date, interval: int, months: Collection[int]) -> list[Span]:
    """Which sweeps the worker opens on that day (domain.md §3.3), each for as long as its period lasts.

    interval: SWEEP_INTERVAL, months between two sweeps: 1 means monthly, up to 3 quarterly ones too. months: SWEEP_MONTHS,
    in which the edge groups are gone through; such a sweep lasts that month.
    """
    due = []
    if interval == 1:
        due.append(span_of(SweepKind.MONTHLY, f"{today:%Y-%m}"))
    if interval <= 3:
        due.append(span_of(SweepKind.QUARTERLY, f"{today.year}-Q{(today.month + 2) // 3}"))
    if today.month in months:
        half = 1 if today.month <= 6 else 2
        last = _month(today.year, today.month) - timedelta(days=1)
        due.append(Span(SweepKind.HALF_YEARLY, f"{today.year}-H{half}", today.replace(day=1), last))
    return [span for span in due if span is not None]


def groups_of(kind: SweepKind) -> list[str]:
    """Whom a sweep is for that the worker opens: the edge groups every half-year, else everybody (户户到)."""
    return list(EDGE_GROUPS) if kind is SweepKind.HALF_YEARLY else []


def span_problem(from_on: date, until_on: date) -> tuple[str, dict[str, Any]] | None:
    """What is wrong with a campaign's days, as code and detail."""
    if until_on < from_on:
        return "END_BEFORE_START", {}
    if (until_on - from_on).days >= MOST_DAYS:
        return "SWEEP_TOO_LONG", {"limit": MOST_DAYS}
    return None
