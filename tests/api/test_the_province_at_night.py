"""The night's job as workers run it: one is killed in the middle, the next goes on, and no clue comes twice."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest

from api import worker
from api.cli.target import ROOT
from api.jobs import Work
from tests.api.test_worker import going_on, seen
from tests.world import World

ASK = "SELECT ruhu_enqueue('evaluate_all', '{}', 'evaluate_all', NULL)"
JUDGED = "SELECT region_code FROM nightly_evaluation ORDER BY region_code"
WITH_FAMILIES = "SELECT DISTINCT left(region_code, 9) FROM household WHERE ended_on IS NULL ORDER BY 1"
# Three months without enough to live on, of every family of the demo: each township has clues to raise.
POOR = """
INSERT INTO income_statement (id, household_id, region_code, month, kind, amount_fen, origin, recorded_at, recorded_by_id)
SELECT gen_random_uuid(), h.id, h.region_code, month, 'WAGE', 100, 'SELF_DECLARED', now(), (SELECT id FROM account LIMIT 1)
FROM (SELECT *, row_number() OVER (PARTITION BY left(region_code, 9)) AS n FROM household WHERE ended_on IS NULL) AS h,
     generate_series(date_trunc('month', now()) - interval '3 months', date_trunc('month', now()) - interval '1 month',
                     interval '1 month') AS month
WHERE n <= 3
"""


@pytest.fixture
async def work(world: World) -> AsyncIterator[Work]:
    await world.sql.execute("TRUNCATE jobs.pgqueuer, nightly_evaluation, income_statement, clue CASCADE")
    await world.sql.execute(POOR)
    async with worker.working(world.settings) as work:
        yield work


async def test_a_worker_killed_in_the_night_is_followed_by_one_that_goes_on(world: World, work: Work) -> None:
    townships = [row[0] for row in await world.sql.fetch(WITH_FAMILIES)]
    assert len(townships) >= 2, "the proof needs one that was done and one that was not"
    stop = townships[1]
    await world.sql.execute(
        "CREATE FUNCTION stand_still() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF NEW.region_code ^@ '{stop}' THEN PERFORM pg_advisory_xact_lock(78); END IF; RETURN NEW; END $$"
    )
    await world.sql.execute(
        "CREATE TRIGGER stand_still BEFORE INSERT ON nightly_evaluation FOR EACH ROW EXECUTE FUNCTION stand_still()"
    )
    await world.sql.execute(ASK)
    await world.sql.execute("SELECT pg_advisory_lock(78)")
    environment = {**os.environ, "RUHU_DATABASE_URL": str(world.settings.database_url), "RUHU_ENV": "demo"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "api.cli", "worker", cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
    )
    try:
        await seen(
            world, "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 78 AND NOT granted)"
        )
    finally:
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    await world.sql.execute("SELECT pg_advisory_unlock(78)")
    assert [row[0] for row in await world.sql.fetch(JUDGED)] == townships[:1], (
        "a township is judged whole or not at all"
    )
    first = await world.sql.fetch("SELECT id FROM clue ORDER BY id")
    await world.sql.execute("UPDATE jobs.pgqueuer SET heartbeat = now() - interval '1 minute'")  # instead of waiting

    async with going_on(world, work, schedules=()):
        await seen(world, "SELECT count(*) = 0 FROM jobs.pgqueuer")

    assert [row[0] for row in await world.sql.fetch(JUDGED)] == townships
    clues = await world.sql.fetchval("SELECT count(*) FROM clue")
    assert clues > len(townships)
    assert await world.sql.fetchval("SELECT count(DISTINCT (household_id, sign)) FROM clue") == clues
    assert await world.sql.fetchval("SELECT count(*) FROM clue_witness") == clues
    assert await world.sql.fetchval("SELECT sum(raised) FROM nightly_evaluation") == clues
    assert (
        await world.sql.fetch("SELECT id FROM clue WHERE id = ANY ($1) ORDER BY id", [row[0] for row in first]) == first
    )


async def test_asked_again_on_the_same_day_it_finds_nothing_to_do(world: World, work: Work) -> None:
    for _ in range(2):
        await world.sql.execute(ASK)
        async with going_on(world, work, schedules=()):
            await seen(world, "SELECT count(*) = 0 FROM jobs.pgqueuer")
        judged = await world.sql.fetchval("SELECT max(judged_at) FROM nightly_evaluation")
        await world.sql.execute("TRUNCATE clue CASCADE")
    assert await world.sql.fetchval("SELECT max(judged_at) FROM nightly_evaluation") == judged
    assert await world.sql.fetchval("SELECT count(*) FROM clue") == 0
