"""Counting working days and months. Pure: the days that differ from Monday to Friday come in as facts."""

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


def months_after(day: date, months: int) -> date:
    """The same day of the month so many months later; the month's last day where there is no such day (民法典第二百零二条).

    >>> months_after(date(2021, 8, 31), 6)
    datetime.date(2022, 2, 28)
    """
    month = day.month - 1 + months
    year, number = day.year + month // 12, month % 12 + 1
    following = date(year + number // 12, number % 12 + 1, 1)
    return date(year, number, min(day.day, (following - date(year, number, 1)).days))
