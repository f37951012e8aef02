"""Counting working days. Pure: the days that differ from Monday to Friday come in as facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

SATURDAY: Final = 5


def is_working_day(day: date, differing: Mapping[date, bool]) -> bool:
    """Whether a day is worked: as the State Council's notice says, else Monday to Friday."""
    return differing.get(day, day.weekday() < SATURDAY)


def is_foreseen(day: date, differing: Mapping[date, bool]) -> bool:
    """Whether anything is known of that year: its notice comes in November of the year before. A due day in a year that
    is not known yet was reckoned by weekdays alone, and may move when the notice is loaded."""
    return any(known.year == day.year for known in differing)


def after_working_days(start: date, days: int, differing: Mapping[date, bool]) -> date:
    """The last of so many working days after `start`, which is day 0 and does not count itself. No days: `start`.

    >>> after_working_days(date(2026, 11, 20), 1, {})  # a Friday
    datetime.date(2026, 11, 23)
    """
    day = start
    while days > 0:
        day += timedelta(days=1)
        days -= is_working_day(day, differing)
    return day
