"""Bringing a calendar in: the shipped one into a new database, a newer one by an administrator."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Final

import asyncpg

SHIPPED: Final = Path(__file__).parent / "data" / "days.csv"
COLUMNS: Final = ["day", "is_working", "name"]
YES_OR_NO: Final = {"yes": True, "no": False}

LOAD: Final = """
INSERT INTO calendar_day (day, is_working, name, source) SELECT *, $4 FROM unnest($1::date[], $2::bool[], $3::text[])
ON CONFLICT (day) DO UPDATE SET is_working = EXCLUDED.is_working, name = EXCLUDED.name, source = EXCLUDED.source
"""


class CalendarUnreadable(Exception):
    """The file is no calendar; the message names the line and what was expected."""


def calendar_read(lines: Iterable[str]) -> list[tuple[date, bool, str]]:
    """The days of a CSV with the columns day (2027-01-01), is_working (yes or no), name. Raises CalendarUnreadable."""
    rows = csv.reader(lines)
    if next(rows, None) != COLUMNS:
        raise CalendarUnreadable(f"line 1: expected the columns {','.join(COLUMNS)}")
    days = []
    for number, row in enumerate(rows, start=2):
        try:
            day, is_working, name = row
            days.append((date.fromisoformat(day), YES_OR_NO[is_working], name))
        except (ValueError, KeyError):
            raise CalendarUnreadable(f"line {number}: expected a day like 2027-01-01, yes or no, and a name") from None
    return days


async def load_calendar(connection: asyncpg.Connection, file: Path = SHIPPED) -> int:
    """Load a calendar over what stands: its days replace their namesakes, all others stay. Answers how many days."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        days = calendar_read(lines)
    of_days, are_working, names = ([row[place] for row in days] for place in range(3))
    async with connection.transaction():
        await connection.execute("SET LOCAL ROLE ruhu_owner")
        await connection.execute(LOAD, of_days, are_working, names, file.name)
    return len(days)


async def calendar_is_loaded(connection: asyncpg.Connection) -> bool:
    """Whether any day is known: the shipped calendar never overwrites what an administrator loaded."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM calendar_day)"))
