"""The families of reports are looked for by the worker: once, whatever happens to it, and as nobody who sees more."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from api import worker
from domain.hardship import matching
from domain.hardship.matching import look_for_family
from tests.reporting import a_name, a_report, clues, looked, receipt, without_limits
from tests.schema.families_asked import act, new_family, person
from tests.world import World

UNLOOKED = "SELECT count(*) FROM hardship_report WHERE looked_at IS NULL AND matching = 'WAITING'"
QUEUED = "SELECT count(*) FROM jobs.pgqueuer WHERE entrypoint = 'look_for_family'"
DISMISS = """mutation ($input: DismissHardshipReportInput!) { dismissHardshipReport(input: $input) {
  report { id } clue { id } errors { code path } } }"""


@pytest.fixture(autouse=True)
def no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    without_limits(monkeypatch)


async def look(world: World, given: dict[str, Any]) -> bool:
    """The job's work, as one worker does it."""
    async with worker.working(world.settings) as work:
        return await look_for_family(work.sessions, datetime.now(UTC), uuid.UUID(given["id"]))


async def reported(world: World, name: str | None = None) -> dict[str, Any]:
    given = a_report(name)
    await receipt(world, given)
    return given


async def test_a_report_is_looked_at_once_whether_or_not_its_family_is_found(world: World) -> None:
    name = a_name()
    await new_family(world, person(name))
    await reported(world, name)
    await reported(world)
    assert await looked(world) == 1
    assert await world.sql.fetchval(UNLOOKED) == 0
    assert await world.sql.fetchval(QUEUED) == 0


async def test_a_report_that_is_sent_again_or_refused_asks_for_no_look(world: World) -> None:
    given = await reported(world)
    await receipt(world, given)
    assert await world.sql.fetchval(QUEUED) == 1
    await looked(world)
    await receipt(world, given)
    assert await world.sql.fetchval(QUEUED) == 0


async def test_looks_at_once_and_again_make_one_witness(world: World) -> None:
    name = a_name()
    home = await new_family(world, person(name))
    given = await reported(world, name)
    assert sorted(await asyncio.gather(*(look(world, given) for _ in range(4)))) == [False, False, False, True]
    assert await looked(world) == 0
    [clue] = await clues(world, home)
    assert len(clue["witnesses"]) == 1


async def test_what_a_killed_worker_had_not_committed_is_looked_for_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = a_name()
    home = await new_family(world, person(name))
    given = await reported(world, name)

    async def killed(*entry: Any, **more: Any) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as dying:
        dying.setattr(matching, "record", killed)  # after the clue is made, before the commit
        with pytest.raises(asyncio.CancelledError):
            await look(world, given)
    assert await clues(world, home) == []
    assert await looked(world) == 1
    assert len(await clues(world, home)) == 1


async def test_what_an_officer_has_settled_is_not_looked_for(world: World) -> None:
    name = a_name()
    home = await new_family(world, person(name))
    given = await reported(world, name)
    await act(world, "village_officer", DISMISS, reportId=given["id"], reason="WITHDRAWN")
    assert await looked(world) == 0
    assert await clues(world, home) == []


async def test_a_report_that_is_gone_is_no_trouble(world: World) -> None:
    assert not await look(world, a_report())


async def test_the_look_sees_the_reports_township_and_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wall 2 holds though the worker is the machine: asked here, without any predicate of the program's."""
    seen: dict[str, int] = {}
    real = matching.namesakes

    async def noted(db: Any, actor: Any, report: Any) -> Any:
        counts = "SELECT count(*), count(*) FILTER (WHERE region_code NOT LIKE '350125201%') FROM household"
        (row,) = await db.execute(matching.text(counts))
        seen.update(inside=row[0], outside=row[1])
        return await real(db, actor, report)

    monkeypatch.setattr(matching, "namesakes", noted)
    await look(world, await reported(world))
    assert seen["inside"] > 0
    assert seen["outside"] == 0
