"""The worker: nothing that was asked for is lost, nothing is done twice in effect, whatever happens to a process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from pgqueuer.core.executors import ScheduleExecutorFactoryParameters
from pgqueuer.domain.types import CronEntrypoint, CronExpression

from api import worker
from api.cli.target import ROOT
from api.jobs import JOBS, SCHEDULES, Schedule, Work
from domain.access.rules import CHINA
from domain.base.jobs import enqueue
from tests.world import World

QUEUED = "SELECT entrypoint, status::text, attempts FROM jobs.pgqueuer ORDER BY id"


@pytest.fixture
async def work(world: World) -> AsyncIterator[Work]:
    await world.sql.execute("TRUNCATE jobs.pgqueuer, jobs.pgqueuer_log, jobs.pgqueuer_schedules, daily_summary")
    async with worker.working(world.settings) as work:
        yield work


async def ask(work: Work, job: str, payload: Mapping[str, Any] | None = None, once_as: str | None = None) -> None:
    async with work.sessions() as db, db.begin():
        await enqueue(db, job, payload or {}, once_as=once_as)


async def drain(world: World, work: Work, jobs: Mapping[str, Any], **more: Any) -> None:
    async with asyncio.timeout(60):
        await worker.work_off(world.settings, work, jobs=jobs, until_empty=True, **more)


@asynccontextmanager
async def going_on(world: World, work: Work, **more: Any) -> AsyncIterator[None]:
    """A worker that looks and goes on looking, as long as the block lasts."""
    loop = asyncio.create_task(worker.work_off(world.settings, work, **more))
    try:
        yield
    finally:
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)


class Noted:
    """A job that writes down what it was given."""

    def __init__(self, *failures: Exception) -> None:
        self.failures, self.heard, self.is_done = list(failures), list[Mapping[str, Any]](), asyncio.Event()

    async def __call__(self, work: Work, payload: Mapping[str, Any]) -> None:
        self.heard.append(payload)
        if self.failures:
            raise self.failures.pop(0)
        self.is_done.set()


async def test_a_job_is_done_after_the_commit_that_asked_for_it_and_not_after_a_rollback(
    world: World, work: Work
) -> None:
    noted = Noted()
    async with work.sessions() as db:
        await enqueue(db, "note", {"of": "nobody"})
        await db.rollback()
    await ask(work, "note", {"of": "王"})

    await drain(world, work, {"note": noted})

    assert noted.heard == [{"of": "王"}]
    assert await world.sql.fetch(QUEUED) == []


async def test_the_app_may_ask_for_work_and_may_not_look_into_the_queue(world: World) -> None:
    async with world.sql.transaction():
        await world.sql.execute("SET LOCAL ROLE ruhu_app")
        await world.sql.execute("SELECT ruhu_enqueue('note', '{}', 'rare', NULL)")
        assert not await world.sql.fetchval("SELECT has_schema_privilege('jobs', 'USAGE')")
    await world.sql.execute("TRUNCATE jobs.pgqueuer")


async def test_under_one_name_work_waits_once(world: World, work: Work) -> None:
    noted = Noted()
    for _ in range(3):
        await ask(work, "note", once_as="all townships")
    await drain(world, work, {"note": noted})
    await ask(work, "note", once_as="all townships")
    await drain(world, work, {"note": noted})
    assert len(noted.heard) == 2


async def test_a_job_that_fails_is_tried_again(world: World, work: Work) -> None:
    hasty = partial(worker.Patient, initial_delay=timedelta(milliseconds=10))
    noted = Noted(ValueError("身份证 350125198001011234"), ConnectionError())
    await ask(work, "note")
    async with going_on(world, work, jobs={"note": noted}, schedules=(), patience=hasty):
        await asyncio.wait_for(noted.is_done.wait(), 30)
    assert len(noted.heard) == 3


async def test_a_job_that_never_succeeds_is_put_aside_and_the_queue_keeps_none_of_its_words(
    world: World, work: Work
) -> None:
    impatient = partial(worker.Patient, max_attempts=1, initial_delay=timedelta())
    noted = Noted(ValueError("350125198001011234"), ValueError("350125198001011234"))
    await ask(work, "note")
    await drain(world, work, {"note": noted}, patience=impatient)

    assert [tuple(row) for row in await world.sql.fetch(QUEUED)] == [("note", "failed", 1)]
    kept = json.dumps([dict(row) for row in await world.sql.fetch("SELECT * FROM jobs.pgqueuer_log")], default=str)
    assert "ValueError" in kept
    assert "350125198001011234" not in kept


@pytest.mark.parametrize("due", SCHEDULES, ids=lambda due: due.job)
def test_hours_are_those_of_china(due: Schedule) -> None:
    given = ScheduleExecutorFactoryParameters(CronEntrypoint(due.job), CronExpression(due.cron), None, clean_old=False)  # type: ignore[arg-type]
    next_time = worker.InChina(given).get_next().astimezone(CHINA)
    minute, hour, *_ = due.cron.split()
    if hour == "*":  # every so many minutes: the same in every time zone
        assert minute == "*" or next_time.minute % int(minute.removeprefix("*/")) == 0
    else:
        assert (str(next_time.minute), str(next_time.hour)) == (minute, hour)
    assert due.job in JOBS


async def test_what_fell_due_while_no_worker_ran_comes_once_when_one_does(world: World, work: Work) -> None:
    noted = Noted()
    daily = Schedule("note", "10 0 * * *")
    async with going_on(world, work, jobs={"note": noted}, schedules=[daily]):
        await seen(world, "SELECT count(*) = 1 FROM jobs.pgqueuer_schedules")
    assert noted.heard == []
    await world.sql.execute("UPDATE jobs.pgqueuer_schedules SET next_run = now() - interval '3 days'")

    async with going_on(world, work, jobs={"note": noted}, schedules=[daily]):
        await asyncio.wait_for(noted.is_done.wait(), 30)

    assert noted.heard == [{}]
    assert await world.sql.fetchval("SELECT next_run > now() FROM jobs.pgqueuer_schedules")


async def seen(world: World, question: str) -> None:
    """Waits until a question is answered with yes."""
    async with asyncio.timeout(60):
        while not await world.sql.fetchval(question):  # noqa: ASYNC110 - another process answers it
            await asyncio.sleep(0.05)


async def test_the_days_of_the_demo_are_summed_up(world: World, work: Work) -> None:
    await ask(work, "sum_up_days")
    await drain(world, work, JOBS)
    asked = await world.ask(
        "county_officer",
        "{ dailySummaries(first: 5) { nodes { region { code level } day raised waiting bySource { source count }"
        " bySign { sign { code label } count } clueIds } } }",
    )
    made = asked["dailySummaries"]["nodes"]
    assert made
    assert all(row["region"]["level"] == "TOWNSHIP" and row["region"]["code"].startswith("350125") for row in made)
    for row in made:
        assert row["raised"] == len(row["clueIds"]) == sum(n["count"] for n in row["bySource"])
        assert row["raised"] == sum(n["count"] for n in row["bySign"])
    for nobody in ("village_officer", "cadre", "partner", "other_county_officer"):
        seen_by = await world.ask(nobody, "{ dailySummaries { nodes { region { code } } } }")
        codes = [row["region"]["code"] for row in seen_by["dailySummaries"]["nodes"]]
        assert all(code.startswith("341503") for code in codes), nobody


async def test_a_worker_killed_at_its_work_is_missed_and_its_job_is_done_by_the_next(world: World, work: Work) -> None:
    """kill -9 while a day of many is being written: what was committed stays, the rest is made up for, nothing twice."""
    clues = "SELECT count(DISTINCT (left(region_code, 9), began_on)) FROM clue WHERE began_on < $1"
    await world.sql.execute(
        "UPDATE clue SET began_on = began_on - 9, received_at = received_at - interval '9 days'"
        " WHERE id = (SELECT id FROM clue WHERE state = 'NEW' ORDER BY began_on LIMIT 1)"
    )
    first_day = await world.sql.fetchval("SELECT min(began_on) FROM clue")
    await world.sql.execute(
        "CREATE FUNCTION stand_still() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN IF NEW.day = date '{first_day}' + 2 THEN PERFORM pg_advisory_xact_lock(77); END IF; RETURN NEW; END $$"
    )
    await world.sql.execute(
        "CREATE TRIGGER stand_still BEFORE INSERT ON daily_summary FOR EACH ROW EXECUTE FUNCTION stand_still()"
    )
    await ask(work, "sum_up_days")
    await world.sql.execute("SELECT pg_advisory_lock(77)")
    environment = {**os.environ, "RUHU_DATABASE_URL": str(world.settings.database_url), "RUHU_ENV": "demo"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "api.cli", "worker", cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
    )
    try:
        await seen(
            world, "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 77 AND NOT granted)"
        )
        assert await world.sql.fetchval("SELECT max(day) FROM daily_summary") == first_day + timedelta(days=1)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    await world.sql.execute("SELECT pg_advisory_unlock(77)")
    assert await world.sql.fetchval("SELECT status::text FROM jobs.pgqueuer") == "picked", "its job still looks taken"
    await world.sql.execute("UPDATE jobs.pgqueuer SET heartbeat = now() - interval '1 minute'")  # instead of waiting

    async with going_on(world, work, schedules=()):
        await seen(world, "SELECT count(*) = 0 FROM jobs.pgqueuer")

    yesterday = datetime.now(UTC).astimezone(CHINA).date() - timedelta(days=1)
    assert await world.sql.fetchval("SELECT max(day) FROM daily_summary") == yesterday
    raised = await world.sql.fetchval("SELECT count(*) FROM daily_summary WHERE raised > 0")
    assert raised == await world.sql.fetchval(clues, yesterday + timedelta(days=1))
    assert await world.sql.fetchval("SELECT sum(raised) FROM daily_summary") == await world.sql.fetchval(
        "SELECT count(*) FROM clue WHERE began_on <= $1", yesterday
    )
