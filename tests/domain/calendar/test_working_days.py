"""Working days are counted as the State Council's notices say, and by weekdays where none is known yet."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar.loading import SHIPPED, CalendarUnreadable, calendar_read, load_calendar
from domain.calendar.rules import after_working_days, is_foreseen, is_working_day

SHIPPED_DAYS = {
    day: is_working for day, is_working, _ in calendar_read(SHIPPED.read_text(encoding="utf-8").splitlines())
}
FRIDAY = date(2026, 9, 25)  # Mid-autumn


@pytest.mark.parametrize(
    ("day", "is_working", "why"),
    [
        (date(2026, 9, 24), True, "a Thursday"),
        (date(2026, 9, 26), False, "a Saturday"),
        (FRIDAY, False, "Mid-autumn on a Friday"),
        (date(2026, 9, 20), True, "a Sunday that is worked for the National Day"),
        (date(2020, 1, 31), False, "the Spring Festival of 2020 was made longer"),
    ],
)
def test_a_day_is_worked_as_the_notice_says(day: date, is_working: bool, why: str) -> None:
    assert is_working_day(day, SHIPPED_DAYS) is is_working, why


def test_a_year_without_a_notice_is_reckoned_by_weekdays_and_said_to_be_unknown() -> None:
    new_year = date(2040, 1, 2)  # a Monday
    assert is_working_day(new_year, SHIPPED_DAYS)
    assert not is_foreseen(new_year, SHIPPED_DAYS)
    assert is_foreseen(date(2026, 5, 5), SHIPPED_DAYS)


@pytest.mark.parametrize(
    ("start", "days", "last"),
    [
        (date(2026, 9, 24), 0, date(2026, 9, 24)),
        (date(2026, 9, 24), 1, date(2026, 9, 28)),  # over Mid-autumn and the weekend
        (date(2026, 9, 18), 2, date(2026, 9, 21)),  # the Sunday is worked
        (date(2026, 11, 20), 15, date(2026, 12, 11)),
    ],
)
def test_working_days_after_a_day(start: date, days: int, last: date) -> None:
    assert after_working_days(start, days, SHIPPED_DAYS) == last


@given(st.dates(date(2019, 1, 1), date(2027, 1, 1)), st.integers(0, 60))
def test_so_many_working_days_lie_in_between(start: date, days: int) -> None:
    last = after_working_days(start, days, SHIPPED_DAYS)
    between = [start + timedelta(days=n) for n in range(1, (last - start).days + 1)]
    assert sum(is_working_day(day, SHIPPED_DAYS) for day in between) == days
    assert days == 0 or is_working_day(last, SHIPPED_DAYS)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "line 1"),
        ("date,off\n", "line 1"),
        ("day,is_working,name\n2027-13-01,no,元旦\n", "line 2"),
        ("day,is_working,name\n2027-01-01,no,元旦\n2027-01-02,perhaps,元旦\n", "line 3"),
        ("day,is_working,name\n2027-01-01,no\n", "line 2"),
    ],
)
def test_what_is_no_calendar_is_refused_by_its_line(text: str, complaint: str) -> None:
    with pytest.raises(CalendarUnreadable, match=complaint):
        calendar_read(text.splitlines())


async def test_a_new_year_is_loaded_over_what_is_known(database: asyncpg.Connection, tmp_path: Path) -> None:
    before = await database.fetchval("SELECT count(*) FROM calendar_day")
    assert before == len(SHIPPED_DAYS)
    file = tmp_path / "2027.csv"
    file.write_text("day,is_working,name\n2027-01-01,no,元旦\n2026-09-25,yes,改期\n", encoding="utf-8")

    assert await load_calendar(database, file) == 2

    assert await database.fetchval("SELECT count(*) FROM calendar_day") == before + 1
    changed = await database.fetchrow("SELECT is_working, source FROM calendar_day WHERE day = $1", FRIDAY)
    assert tuple(changed) == (True, "2027.csv")
