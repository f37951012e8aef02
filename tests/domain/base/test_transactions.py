"""One action, one transaction: everything or nothing, again where PostgreSQL asks for it, and never somebody else's."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import SET_VIEWER, viewer_settings
from domain.access.rules import Actor
from domain.audit.actions import record
from domain.base.errors import Conflict, InvalidInput, TryAgain
from domain.base.transactions import Sessions, carry_out
from domain.changes.actions import once
from domain.households.models import Household
from tests import databases
from tests.domain.actors import actor, app_sessions


@pytest.fixture(scope="module")
async def url(template: str) -> AsyncIterator[str]:
    yield await databases.fresh_database("ruhu_transactions", template)
    await databases.drop_database("ruhu_transactions")


@pytest.fixture(scope="module")
async def sql(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


@pytest.fixture(scope="module")
async def sessions(url: str) -> AsyncIterator[Sessions]:
    async with app_sessions(url) as made:
        yield made


@pytest.fixture(scope="module")
async def officer(sql: asyncpg.Connection) -> Actor:
    return await actor(sql, "county_officer")


async def run(sessions: Sessions, who: Actor, action: Any) -> Any:
    return await carry_out(sessions, action, set_viewer=SET_VIEWER, viewer=viewer_settings(who.viewer))


async def test_an_action_sees_what_its_viewer_sees(sessions: Sessions, sql: asyncpg.Connection) -> None:
    async def count(db: AsyncSession) -> int:
        return (await db.execute(text("SELECT count(*) FROM household"))).scalar_one()

    everybody = await sql.fetchval("SELECT count(*) FROM household")
    county = await run(sessions, await actor(sql, "county_officer"), count)
    cadre = await run(sessions, await actor(sql, "cadre"), count)
    auditor = await run(sessions, await actor(sql, "auditor"), count)
    assert everybody > county > cadre > auditor == 0


async def test_the_viewer_does_not_stay_behind_on_the_connection(sessions: Sessions, officer: Actor) -> None:
    async def nothing(db: AsyncSession) -> None:
        return None

    await run(sessions, officer, nothing)
    async with sessions() as db:
        assert (await db.execute(text("SELECT count(*) FROM household"))).scalar_one() == 0


async def test_a_failed_action_leaves_nothing(sessions: Sessions, officer: Actor, sql: asyncpg.Connection) -> None:
    async def fails(db: AsyncSession) -> None:
        await record(db, officer, "test_failure", "household", None, None)
        raise InvalidInput

    with pytest.raises(InvalidInput):
        await run(sessions, officer, fails)
    assert await sql.fetchval("SELECT count(*) FROM audit_entry WHERE action = 'test_failure'") == 0


def a_household(**given: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    values = {"id": uuid.uuid4(), "code": str(uuid.uuid4()), "region_code": "350125201205", "category": "ORDINARY"}
    return values | {"registered_on": now.date(), "created_at": now, "updated_at": now} | given


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "HEAD_MISSING"),  # deferred: it speaks at commit
        ({"causes": ["ILLNESS", "STUDY", "DISASTER", "OTHER"]}, "TOO_MANY_CAUSES"),
    ],
)
async def test_a_named_constraint_becomes_its_code(
    sessions: Sessions, officer: Actor, given: dict[str, Any], code: str
) -> None:
    async def breaks_it(db: AsyncSession) -> None:
        await db.execute(insert(Household), a_household(**given))

    with pytest.raises(InvalidInput) as refusal:
        await run(sessions, officer, breaks_it)
    assert [problem.code for problem in refusal.value.problems] == [code]


async def test_the_second_wall_refuses_a_row_outside_the_viewers_region(sessions: Sessions, officer: Actor) -> None:
    async def elsewhere(db: AsyncSession) -> None:
        await db.execute(insert(Household), a_household(region_code="341503104203"))

    with pytest.raises(DBAPIError, match="row-level security"):
        await run(sessions, officer, elsewhere)


async def test_an_action_is_tried_again_when_postgresql_asks_for_it(sessions: Sessions, officer: Actor) -> None:
    attempts = 0

    async def twice_unlucky(db: AsyncSession) -> str:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            await db.execute(text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$"))
        return "done"

    assert await run(sessions, officer, twice_unlucky) == "done"
    assert attempts == 3


async def test_a_family_that_goes_between_reading_and_writing_is_looked_for_again(
    sessions: Sessions, sql: asyncpg.Connection
) -> None:
    cadre = await actor(sql, "cadre")
    id = await sql.fetchval(
        "SELECT household_id FROM household_access WHERE party_id = $1 LIMIT 1", cadre.viewer.helper_id
    )
    found: list[bool] = []

    async def edit(db: AsyncSession) -> None:
        household = await db.get(Household, id, with_for_update=True)
        found.append(household is not None)
        # Somebody else hands it over, and commits, while this transaction is in the middle of its work.
        await sql.execute(
            "DELETE FROM household_access WHERE party_id = $1 AND household_id = $2", cadre.viewer.helper_id, id
        )
        if household is not None:
            household.address = "交接时写的"

    await run(sessions, cadre, edit)

    assert found == [True, False]
    assert await sql.fetchval("SELECT address FROM household WHERE id = $1", id) != "交接时写的"


async def test_after_three_attempts_the_client_is_asked_to_try_again(sessions: Sessions, officer: Actor) -> None:
    async def unlucky(db: AsyncSession) -> None:
        await db.execute(text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$"))

    with pytest.raises(TryAgain) as refusal:
        await run(sessions, officer, unlucky)
    assert refusal.value.is_retryable


async def test_a_surprise_stays_a_surprise(sessions: Sessions, officer: Actor) -> None:
    async def wrong(db: AsyncSession) -> None:
        await db.execute(text("SELECT 1 / 0"))

    with pytest.raises(DBAPIError, match="division by zero"):
        await run(sessions, officer, wrong)


# --- operations that are carried out once -----------------------------------------------------------------------------


async def test_twenty_at_once_carry_it_out_once_and_all_get_its_answer(sessions: Sessions, officer: Actor) -> None:
    operation, done = uuid.uuid4(), 0

    async def do() -> dict[str, Any]:
        nonlocal done
        done += 1
        return {"made": str(operation), "by": done}

    async def ask(db: AsyncSession) -> dict[str, Any]:
        return await once(db, officer, operation, "test", {"a": 1}, do)

    answers = await asyncio.gather(*(run(sessions, officer, ask) for _ in range(20)))
    assert answers == [{"made": str(operation), "by": 1}] * 20


@pytest.mark.parametrize(
    ("name", "content"), [("test", {"a": 2}), ("another", {"a": 1})], ids=["other content", "another action"]
)
async def test_an_operation_id_is_not_used_twice(
    sessions: Sessions, officer: Actor, name: str, content: dict[str, Any]
) -> None:
    operation = uuid.uuid4()

    async def do() -> dict[str, Any]:
        return {}

    await run(sessions, officer, lambda db: once(db, officer, operation, "test", {"a": 1}, do))
    with pytest.raises(Conflict) as refusal:
        await run(sessions, officer, lambda db: once(db, officer, operation, name, content, do))
    assert refusal.value.problems[0].code == "OPERATION_REUSED"


async def test_somebody_elses_operation_id_is_taken_and_nothing_of_it_is_told(
    sessions: Sessions, officer: Actor, sql: asyncpg.Connection
) -> None:
    operation, cadre = uuid.uuid4(), await actor(sql, "cadre")

    async def do() -> dict[str, Any]:
        return {"secret": "theirs"}

    await run(sessions, officer, lambda db: once(db, officer, operation, "test", {"a": 1}, do))
    with pytest.raises(Conflict) as refusal:
        await run(sessions, cadre, lambda db: once(db, cadre, operation, "test", {"a": 1}, do))
    assert [(p.code, dict(p.detail)) for p in refusal.value.problems] == [("ID_TAKEN", {})]


async def test_a_failed_operation_is_judged_anew(sessions: Sessions, officer: Actor) -> None:
    operation = uuid.uuid4()

    async def fails() -> dict[str, Any]:
        raise InvalidInput

    async def works() -> dict[str, Any]:
        return {"ok": True}

    with pytest.raises(InvalidInput):
        await run(sessions, officer, lambda db: once(db, officer, operation, "test", {}, fails))
    assert await run(sessions, officer, lambda db: once(db, officer, operation, "test", {}, works)) == {"ok": True}


# --- the change feed --------------------------------------------------------------------------------------------------


async def test_a_change_is_numbered_in_its_area_when_it_is_committed(
    sessions: Sessions, officer: Actor, sql: asyncpg.Connection
) -> None:
    household = await sql.fetchval(
        "SELECT id FROM household WHERE region_code = '350125201205' AND ended_on IS NULL LIMIT 1"
    )
    before = await sql.fetchval("SELECT coalesce(max(seq), 0) FROM change WHERE area = 350125201")

    async def touch(db: AsyncSession) -> None:
        await db.execute(update(Household).where(Household.id == household).values(revision=Household.revision + 1))
        pending = await sql.fetchval("SELECT count(*) FROM change WHERE area = 350125201 AND seq > $1", before)
        assert pending == 0, "nothing is told before the commit"

    await run(sessions, officer, touch)
    told = await sql.fetch("SELECT kind, id, op FROM change WHERE area = 350125201 AND seq > $1", before)
    assert [tuple(row) for row in told] == [("household", household, "U")]
    assert await sql.fetchval("SELECT count(*) FROM change_pending") == 0


async def test_a_reader_who_walks_by_number_misses_nothing_that_commits_late(
    sessions: Sessions, officer: Actor, sql: asyncpg.Connection
) -> None:
    """Many writers at once, one of them slow; a reader that remembers the last number it saw. A clock would lose rows."""
    households = [
        row[0]
        for row in await sql.fetch("SELECT id FROM household WHERE region_code LIKE '350125201%' ORDER BY id LIMIT 12")
    ]
    start = await sql.fetchval("SELECT coalesce(max(seq), 0) FROM change WHERE area = 350125201")
    slow_has_written, others_are_done = asyncio.Event(), asyncio.Event()

    async def write(household: uuid.UUID, *, slow: bool = False) -> None:
        async def touch(db: AsyncSession) -> None:
            await db.execute(select(Household.id).where(Household.id == household).with_for_update())
            await db.execute(update(Household).where(Household.id == household).values(revision=Household.revision + 1))
            if slow:
                slow_has_written.set()
                await others_are_done.wait()

        await run(sessions, officer, touch)

    seen: set[uuid.UUID] = set()
    position = start

    async def read() -> None:
        nonlocal position
        for row in await sql.fetch(
            "SELECT seq, id FROM change WHERE area = 350125201 AND seq > $1 ORDER BY seq", position
        ):
            position = row["seq"]
            seen.add(row["id"])

    slow = asyncio.create_task(write(households[0], slow=True))
    await slow_has_written.wait()
    for household in households[1:]:
        await write(household)
        await read()
    others_are_done.set()
    await slow
    await read()
    assert seen == set(households)
