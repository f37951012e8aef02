"""What figures can be asked for, and who is told them exactly. Pure."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import Final

from domain.base.errors import Problem

COUNTY: Final = 6  # digits
MOST_DAYS: Final = 366  # of a funnel


class StatisticsDimension(enum.StrEnum):
    """By what figures can be told apart (统计维度)."""

    PREFECTURE = "PREFECTURE"
    COUNTY = "COUNTY"
    TOWNSHIP = "TOWNSHIP"
    VILLAGE = "VILLAGE"
    CATEGORY = "CATEGORY"
    CAUSE = "CAUSE"
    MONITORING_STATUS = "MONITORING_STATUS"
    MONITORING_CATEGORY = "MONITORING_CATEGORY"
    STEP = "STEP"
    GRADE = "GRADE"
    ROSTER = "ROSTER"


# Region levels, by the length of their codes, and how wide the division may be whose parts are told: a province's villages
# are 16,000 and no answer.
DIGITS: Final = {
    StatisticsDimension.PREFECTURE: 4,
    StatisticsDimension.COUNTY: 6,
    StatisticsDimension.TOWNSHIP: 9,
    StatisticsDimension.VILLAGE: 12,
}
NARROWEST_ASKED: Final = {StatisticsDimension.TOWNSHIP: 4, StatisticsDimension.VILLAGE: 6}
# A household has one of each; it can be on several rosters and have a grade in several schemes.
OF_ONE_VALUE: Final = {
    StatisticsDimension.CATEGORY: "category",
    StatisticsDimension.CAUSE: "cause",
    StatisticsDimension.MONITORING_STATUS: "monitoring_status",
    StatisticsDimension.MONITORING_CATEGORY: "monitoring_category",
    StatisticsDimension.STEP: "step",
}


def digits_of(region: str, by: Collection[StatisticsDimension]) -> int:
    """How long the codes of the regions are that the groups tell: the finest level asked for, or the region's own."""
    return max([len(region), *(DIGITS[one] for one in by if one in DIGITS)])


def asking_problems(region: str, on: date, by: Collection[StatisticsDimension], today: date) -> Iterator[Problem]:
    """What is wrong with a question: a day to come, or more regions than an answer holds."""
    if on > today:
        yield Problem("DATE_IN_FUTURE", ("on",))
    if any(len(region) < NARROWEST_ASKED.get(one, 0) for one in by):
        yield Problem("REGION_TOO_WIDE", ("region",), {"region": region})


def funnel_problems(region: str, since: date, until: date, digits: int) -> Iterator[Problem]:
    """What is wrong with a question about a period: its end, its length, or more regions than an answer holds."""
    if until < since:
        yield Problem("END_BEFORE_START", ("until",))
    if (until - since).days >= MOST_DAYS:
        yield Problem("FUNNEL_TOO_LONG", ("until",), {"limit": MOST_DAYS})
    if len(region) < {9: 4, 12: 6}.get(digits, 0):
        yield Problem("REGION_TOO_WIDE", ("region",), {"region": region})


def anonymous_problems(
    region: str, on: date, by: Collection[StatisticsDimension], *, is_as_known_then: bool, has_rosters: bool
) -> Iterator[Problem]:
    """What those may not ask who are told no small numbers, lest two answers could be subtracted.

    One county at a time; its parts, or one dimension of the county as a whole, and never both; the last day of a month, as
    it is known now. ASSUMPTION: what is usual in published tables.
    """
    if len(region) < COUNTY:
        yield Problem("REGION_TOO_WIDE", ("region",), {"region": region})
    values = [one for one in by if one not in DIGITS]
    is_fine = bool(values) and digits_of(region, by) > COUNTY
    if is_fine or len(values) > 1 or not OF_ONE_VALUE.keys() >= set(values) or is_as_known_then or has_rosters:
        yield Problem("STATISTICS_TOO_FINE", ("groupBy",))
    if (on + timedelta(days=1)).day != 1:
        yield Problem("STATISTICS_OF_MONTH_ENDS", ("on",), {"on": str(on.replace(day=1) - timedelta(days=1))})
