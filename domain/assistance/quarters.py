"""Quarters: the days of one, and by when its help is analysed. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

_QUARTER: Final = re.compile(r"([12][0-9]{3})Q([1-4])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Quarter:
    """Three months of a year, like 2026Q3."""

    year: int
    number: int

    @property
    def name(self) -> str:
        return f"{self.year}Q{self.number}"

    @property
    def first(self) -> date:
        return date(self.year, self.number * 3 - 2, 1)

    @property
    def last(self) -> date:
        """Its last day, on which the analysis is due: "due on the quarter's last day" (domain.md §11.14)."""
        return self.next.first - timedelta(days=1)

    @property
    def next(self) -> Quarter:
        return Quarter(self.year + self.number // 4, self.number % 4 + 1)


def quarter_read(text: str) -> Quarter | None:
    """The quarter "2026Q3"; None for what is none."""
    found = _QUARTER.fullmatch(text)
    return Quarter(int(found[1]), int(found[2])) if found else None


def quarter_of(day: date) -> Quarter:
    """The quarter that a day is in."""
    return Quarter(day.year, (day.month + 2) // 3)


def is_asked(monitored_days: int, from_days: int, *, is_reviewed: bool) -> bool:
    """Whether a family's quarter is analysed: "每季度分析帮扶成效" (Fuzhou 2020), "for quarters with ≥ 31 monitored days"
    (domain.md §11.14); is_reviewed: whether the region asks for it at all (QUARTERLY_REVIEW)."""
    return is_reviewed and monitored_days >= from_days


def last_day_counted(quarter: Quarter, today: date) -> date:
    """The day for which the figures "after" are reckoned: the quarter's last, or today if it is not over."""
    return min(quarter.last, today)
