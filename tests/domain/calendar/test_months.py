"""Months are counted as the civil code counts them."""

from __future__ import annotations

from datetime import date

import pytest

from domain.calendar.rules import months_after


@pytest.mark.parametrize(
    ("day", "months", "after"),
    [
        (date(2021, 8, 31), 6, date(2022, 2, 28)),
        (date(2023, 8, 31), 6, date(2024, 2, 29)),
        (date(2021, 11, 30), 1, date(2021, 12, 30)),
        (date(2021, 12, 31), 12, date(2022, 12, 31)),
        (date(2021, 3, 31), 0, date(2021, 3, 31)),
    ],
)
def test_months_later_is_the_same_day_or_the_months_last(day: date, months: int, after: date) -> None:
    assert months_after(day, months) == after
