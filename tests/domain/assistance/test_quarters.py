"""Which days a quarter has, and when it is analysed: tables."""

from __future__ import annotations

from datetime import date

import pytest

from domain.assistance.quarters import Quarter, is_asked, last_day_counted, quarter_of, quarter_read


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("2026Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2026Q2", date(2026, 4, 1), date(2026, 6, 30)),
        ("2026Q4", date(2026, 10, 1), date(2026, 12, 31)),
    ],
)
def test_the_days_of_a_quarter(name: str, first: date, last: date) -> None:
    quarter = quarter_read(name)
    assert quarter is not None
    assert (quarter.first, quarter.last, quarter.name) == (first, last, name)
    assert quarter_of(first) == quarter_of(last) == quarter


@pytest.mark.parametrize("text", ["2026Q0", "2026Q5", "2026-Q1", "26Q1", "2026q1", "", "２０２６Q1", "0026Q1"])
def test_what_is_no_quarter(text: str) -> None:
    assert quarter_read(text) is None


def test_a_year_ends_with_its_fourth_quarter() -> None:
    assert Quarter(2026, 4).next == Quarter(2027, 1)


@pytest.mark.parametrize(
    ("days", "is_reviewed", "expected"), [(31, True, True), (30, True, False), (92, False, False), (0, True, False)]
)
def test_quarters_that_are_analysed(days: int, is_reviewed: bool, expected: bool) -> None:
    assert is_asked(days, 31, is_reviewed=is_reviewed) is expected


def test_figures_after_are_of_the_last_day_or_of_today() -> None:
    assert last_day_counted(Quarter(2026, 3), date(2026, 8, 20)) == date(2026, 8, 20)
    assert last_day_counted(Quarter(2026, 3), date(2026, 11, 20)) == date(2026, 9, 30)
