"""The province at night: every township once a day, whatever happens to the worker; no clue twice."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from domain.access.rules import Actor
from domain.families.actions import Leaving
from domain.monitoring.actions import change_members
from domain.monitoring.nightly import judge_township, rule_over, townships_to_judge
from tests.domain.actors import app_sessions
from tests.domain.families.conftest import NOW, OTHER_TOWNSHIP, TOWNSHIP, Town, person
from tests.domain.monitoring.conftest import at, clues, figure, write_down

NIGHT = datetime(2026, 3, 13, 17, 30, tzinfo=UTC)  # 01:30 of the 14th in China
NEXT_NIGHT = datetime(2026, 3, 14, 17, 30, tzinfo=UTC)
POOR_MONTHS = ["2025-12", "2026-01", "2026-02"]


@pytest.fixture
async def machine(town: Town) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    """Sessions as the worker has them; nobody's clues, and no night before this one."""
    await town.sql.execute("TRUNCATE clue, clue_witness, nightly_evaluation CASCADE")
    url = town.sessions.kw["bind"].url.set(drivername="postgresql").render_as_string(hide_password=False)
    async with app_sessions(url, role="ruhu_machine") as sessions:
        yield sessions


async def poor(town: Town) -> Any:
    """A family whose three months are below the line, and whose clue of that evening is forgotten again."""
    family = await town.family(person("陈阿婆"), person("陈阿公", "SPOUSE", sex="MALE"))
    rows = [figure(family, month, amount="100") for month in POOR_MONTHS]
    await write_down(town, at(town.village_officer, "2026-03-13T20:00:00+08:00"), *rows)
    await town.sql.execute("TRUNCATE clue, clue_witness CASCADE")
    return family


async def waiting(machine: async_sessionmaker[AsyncSession], when: datetime) -> list[str]:
    async with machine() as db:
        return await townships_to_judge(db, when)


async def test_each_township_is_judged_once_a_day(town: Town, machine: async_sessionmaker[AsyncSession]) -> None:
    family = await poor(town)
    before = await waiting(machine, NIGHT)
    assert TOWNSHIP in before

    assert await judge_township(machine, TOWNSHIP, NIGHT) >= 1

    (clue,) = await clues(town, family)
    assert (clue["sign"], clue["began_on"]) == ("INCOME_BELOW_STANDARD", date(2026, 3, 14))
    assert await waiting(machine, NIGHT) == [code for code in before if code != TOWNSHIP]
    await town.sql.execute("TRUNCATE clue, clue_witness CASCADE")
    assert await judge_township(machine, TOWNSHIP, NIGHT) == 0, "it was judged today"
    assert await clues(town, family) == []
    assert TOWNSHIP in await waiting(machine, NEXT_NIGHT)
    assert await judge_township(machine, TOWNSHIP, NEXT_NIGHT) >= 1


async def test_the_rule_is_nobodys_account_and_the_trace_says_so(
    town: Town, machine: async_sessionmaker[AsyncSession]
) -> None:
    family = await poor(town)
    await judge_township(machine, TOWNSHIP, NIGHT)
    (clue,) = await clues(town, family)
    entry = await town.sql.fetchrow("SELECT * FROM audit_entry WHERE subject_id = $1", clue["id"])
    assert (entry["actor_id"], entry["actor_roles"], entry["action"]) == (None, [], "raise_clue")
    assert '"INCOME_RULE"' in entry["detail"]
    witness = await town.sql.fetchrow("SELECT * FROM clue_witness WHERE clue_id = $1", clue["id"])
    assert (witness["recorded_by_id"], witness["source"]) == (None, "INCOME_RULE")


async def test_the_rule_sees_its_township_and_nothing_beside_it(
    town: Town, machine: async_sessionmaker[AsyncSession]
) -> None:
    family = await poor(town)
    await judge_township(machine, OTHER_TOWNSHIP, NIGHT)
    assert await clues(town, family) == []
    assert rule_over(TOWNSHIP, NIGHT).viewer.sees_region(town.village)
    assert not rule_over(TOWNSHIP, NIGHT).viewer.sees_region(town.next_township)


async def test_a_night_that_breaks_off_leaves_a_township_whole_or_untouched(
    town: Town, machine: async_sessionmaker[AsyncSession]
) -> None:
    family = await poor(town)
    await town.sql.execute(
        "CREATE FUNCTION breaks_off() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'off'; END $$"
    )
    await town.sql.execute("CREATE TRIGGER breaks_off BEFORE INSERT ON clue_witness EXECUTE FUNCTION breaks_off()")
    with pytest.raises(Exception, match="off"):
        await judge_township(machine, TOWNSHIP, NIGHT)
    await town.sql.execute("DROP FUNCTION breaks_off() CASCADE")
    assert await clues(town, family) == []
    assert TOWNSHIP in await waiting(machine, NIGHT)
    await judge_township(machine, TOWNSHIP, NIGHT)
    assert len(await clues(town, family)) == 1


async def test_a_family_that_changes_is_judged_at_once(town: Town, machine: async_sessionmaker[AsyncSession]) -> None:
    """Nobody writes a figure down: somebody leaves, and the night need not be waited for."""
    family = await poor(town)
    gone = await town.sql.fetchval("SELECT id FROM person WHERE household_id = $1 AND NOT is_head", family)
    await town.do(
        Actor(town.village_officer.viewer, NOW),
        change_members,
        operation_id=uuid.uuid4(),
        household_id=family,
        leaving=[Leaving(gone, "DEATH", "2026-03-13")],
    )
    assert [clue["sign"] for clue in await clues(town, family)] == ["INCOME_BELOW_STANDARD"]
