"""The night ends notices that have hung their days, and nothing else: once, and as far as it comes."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from api import worker
from api.jobs import JOBS, SCHEDULES
from domain.access.rules import CHINA
from domain.cases.nights import end_due_notices
from tests.casework import brought_to, do, done, objected, published, refusals, reviewed
from tests.world import World

STORY = "SELECT event, level, recorded_by_id, to_step FROM case_event WHERE case_id = $1 ORDER BY revision DESC LIMIT 1"


async def the_night(world: World, day: int, hour: int = 0) -> int:
    """The job so many days after today, by the clock of China; how many notices it ended."""
    morning = datetime.now(CHINA).replace(hour=hour, minute=5)
    async with worker.working(world.settings) as work:
        return await end_due_notices(work.sessions, (morning + timedelta(days=day)).astimezone(UTC))


async def step(world: World, case: str) -> str:
    found = await world.sql.fetchval("SELECT step FROM monitoring_case WHERE id = $1", uuid.UUID(case))
    return str(found)


@pytest.fixture(autouse=True)
async def _nothing_of_others_hangs(world: World) -> None:
    """The demo's own notices, and those of the test before, are over."""
    await the_night(world, 40)


async def test_five_full_days_and_from_midnight_of_the_sixth_it_is_the_townships_turn(world: World) -> None:
    _, case = await brought_to(world, "VILLAGE_NOTICE")
    await published(world, case)
    assert await the_night(world, 5, hour=23) == 0
    assert await step(world, case) == "VILLAGE_NOTICE"
    assert await the_night(world, 6) == 1
    assert tuple(await world.sql.fetchrow(STORY, uuid.UUID(case))) == ("NOTICE_ENDED", None, None, "TOWNSHIP_REVIEW")
    assert await the_night(world, 6) == 0, "the second time there is nothing to do"
    assert (await reviewed(world, case))["step"] == "COUNTY_DECISION"


async def test_what_nobody_published_or_nobody_answered_waits(world: World) -> None:
    _, unpublished = await brought_to(world, "VILLAGE_NOTICE")
    _, disputed = await brought_to(world, "VILLAGE_NOTICE")
    await published(world, disputed)
    objection = await objected(world, disputed)
    assert await the_night(world, 9) == 0
    answer = {"objectionId": objection, "outcome": "NOT_UPHELD", "answer": "车已报废"}
    await done(world, "township_officer", "resolveObjection", **answer)
    assert await the_night(world, 9) == 1
    assert (await step(world, unpublished), await step(world, disputed)) == ("VILLAGE_NOTICE", "TOWNSHIP_REVIEW")


async def test_one_that_cannot_be_taken_along_keeps_none_of_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody holds the first family all night: it waits for the next one."""
    monkeypatch.setattr("domain.base.transactions.ATTEMPTS", 1)
    cases = []
    for _ in range(2):
        home, case = await brought_to(world, "VILLAGE_NOTICE")
        await published(world, case)
        cases.append((case, home))
    (held, home), (other, _) = sorted(cases)
    async with world.sql.transaction():
        await world.sql.execute("SELECT FROM household WHERE id = $1 FOR UPDATE", uuid.UUID(home))
        assert await the_night(world, 6) == 1
    assert (await step(world, held), await step(world, other)) == ("VILLAGE_NOTICE", "TOWNSHIP_REVIEW")
    assert await the_night(world, 7) == 1


async def test_it_leaves_a_trace_and_is_asked_for_after_midnight(world: World) -> None:
    home, case = await brought_to(world, "VILLAGE_NOTICE")
    await published(world, case)
    await the_night(world, 6)
    trace = "SELECT actor_id, detail FROM audit_entry WHERE action = 'case_notice_ended' AND subject_id = $1"
    (entry,) = await world.sql.fetch(trace, uuid.UUID(home))
    assert (entry["actor_id"], case in entry["detail"]) == (None, True)
    assert [due.cron for due in SCHEDULES if due.job == "end_notices"] == ["5 0 * * *"]
    async with worker.working(world.settings) as work:
        await JOBS["end_notices"](work, {})
    late = await do(world, "village_officer", "publishNotice", caseId=case)
    assert refusals(late) == ["WRONG_STEP"]
