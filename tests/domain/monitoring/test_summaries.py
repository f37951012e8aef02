"""The daily summary of a township: what stood at 24:00, made once, whenever the worker comes to it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from domain.monitoring.actions import verify_clue
from domain.monitoring.rules import ClueOutcome, ClueSource
from domain.monitoring.summaries import last_day_over, missing_days, sum_up
from tests.domain.actors import app_sessions
from tests.domain.families.conftest import TOWNSHIP, Town
from tests.domain.monitoring.conftest import a_sign, a_visit, at

SATURDAY, SUNDAY = date(2026, 3, 14), date(2026, 3, 15)
LATER = datetime(2026, 3, 30, tzinfo=UTC)


@pytest.fixture
async def machine(town: Town) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    """Sessions as the worker has them, over a database without the demo's clues."""
    await town.sql.execute("TRUNCATE clue, clue_witness, daily_summary CASCADE")
    url = town.sessions.kw["bind"].url.set(drivername="postgresql").render_as_string(hide_password=False)
    async with app_sessions(url, role="ruhu_machine") as sessions:
        yield sessions


async def summary(town: Town, day: date, township: str = TOWNSHIP) -> Any:
    return await town.sql.fetchrow("SELECT * FROM daily_summary WHERE region_code = $1 AND day = $2", township, day)


async def summed_up(machine: async_sessionmaker[AsyncSession], *days: date, when: datetime = LATER) -> None:
    for day in days:
        async with machine() as db, db.begin():
            await sum_up(db, day, when)


COUNTS = ("raised", "verified", "dismissed", "waiting", "overdue")


def counts(row: Any) -> tuple[int, ...]:
    return tuple(row[name] for name in COUNTS)


async def test_a_clue_at_one_second_to_midnight_belongs_to_the_day_before_that_of_a_second_later(
    town: Town, machine: async_sessionmaker[AsyncSession]
) -> None:
    family = await town.family()
    late = await a_sign(town, family, at(town.village_officer, "2026-03-14T23:59:59+08:00"))
    early = await a_sign(town, family, at(town.village_officer, "2026-03-15T00:00:00+08:00"), sign="DISASTER")

    await summed_up(machine, SATURDAY, SUNDAY)

    saturday, sunday = await summary(town, SATURDAY), await summary(town, SUNDAY)
    assert (saturday["clue_ids"], sunday["clue_ids"]) == ([late], [early])
    assert counts(saturday) == (1, 0, 0, 1, 0)
    assert counts(sunday) == (1, 0, 0, 2, 0)


async def test_sources_and_signs_are_counted_and_a_second_witness_counts_nothing(
    town: Town, machine: async_sessionmaker[AsyncSession]
) -> None:
    first, second = await town.family(), await town.family()
    await a_sign(town, first, reference="round 1")
    await a_sign(
        town,
        first,
        at(town.village_officer, "2026-03-14T20:00:00+08:00"),
        source=ClueSource.DEPARTMENT,
        reference="list, row 3",
    )
    await a_sign(town, second, source=ClueSource.HOTLINE, sign="DISASTER")

    await summed_up(machine, SATURDAY)

    made = await summary(town, SATURDAY)
    assert (made["by_source"], made["by_sign"]) == (
        '{"SWEEP": 1, "HOTLINE": 1}',
        '{"DISASTER": 1, "HARDSHIP": 1}',
    )


async def test_made_late_it_says_what_was_so_then(town: Town, machine: async_sessionmaker[AsyncSession]) -> None:
    """A clue of the 14th, due on the 21st, verified on the 24th by a visit of the 22nd."""
    family = await town.family()
    clue = await a_sign(town, family)
    cadre, other = await town.cadre(family), await town.cadre()
    visit = await a_visit(town, family, cadre, "2026-03-22T09:00:00+08:00", other.viewer.helper_id)
    await town.do(
        at(cadre, "2026-03-24T10:00:00+08:00"),
        verify_clue,
        operation_id=uuid.uuid4(),
        clue_id=clue,
        visit_id=visit,
        outcome=ClueOutcome.CONFIRMED,
    )

    days = [SATURDAY + timedelta(days=n) for n in range(11)]
    await summed_up(machine, *days)

    assert counts(await summary(town, date(2026, 3, 14))) == (1, 0, 0, 1, 0)
    assert counts(await summary(town, date(2026, 3, 20))) == (0, 0, 0, 1, 0)
    assert counts(await summary(town, date(2026, 3, 21))) == (0, 0, 0, 1, 1), "at 24:00 of its day nobody had come"
    assert counts(await summary(town, date(2026, 3, 22))) == (0, 0, 0, 1, 0), "somebody had been at the door"
    assert counts(await summary(town, date(2026, 3, 24))) == (0, 1, 0, 0, 0)
    await summed_up(machine, date(2026, 3, 25))
    assert await summary(town, date(2026, 3, 25)) is None, "nothing was left to look after"


async def test_run_again_it_changes_nothing_and_nobody_can_change_it(
    town: Town, machine: async_sessionmaker[AsyncSession]
) -> None:
    family = await town.family()
    await a_sign(town, family)
    await summed_up(machine, SATURDAY)
    before = await summary(town, SATURDAY)
    await a_sign(town, family, sign="DISASTER")  # a clock that went back, or a row put in by hand

    await summed_up(machine, SATURDAY, when=LATER + timedelta(days=1))

    assert await summary(town, SATURDAY) == before
    for change in ("UPDATE daily_summary SET raised = 0, clue_ids = '{}'", "DELETE FROM daily_summary"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await town.sql.execute(change)


async def test_days_that_a_worker_missed_are_made_up_for_in_order(
    town: Town, machine: async_sessionmaker[AsyncSession]
) -> None:
    await a_sign(town, await town.family())
    async with machine() as db:
        days = await missing_days(db, datetime(2026, 3, 17, 16, 5, tzinfo=UTC))  # 00:05 of the 18th
    assert days == [date(2026, 3, day) for day in (14, 15, 16, 17)]
    await summed_up(machine, *days)
    async with machine() as db:
        assert await missing_days(db, datetime(2026, 3, 18, 16, 4, tzinfo=UTC)) == []
        assert await missing_days(db, datetime(2026, 3, 18, 16, 5, tzinfo=UTC)) == [date(2026, 3, 18)]


@pytest.mark.parametrize(
    ("at", "day"),
    [("2026-03-01T16:04:59+00:00", date(2026, 2, 28)), ("2026-03-01T16:05:00+00:00", date(2026, 3, 1))],
)
def test_a_day_is_over_when_all_of_it_has_arrived(at: str, day: date) -> None:
    assert last_day_over(datetime.fromisoformat(at)) == day
