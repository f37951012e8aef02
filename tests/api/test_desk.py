"""The desk beside the server: every report gets its look, once, and no trouble ends it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from api import desk
from api.app import create_app
from api.settings import Settings
from domain.base.transactions import Sessions
from domain.hardship import matching
from tests.reporting import a_name, a_report, clues, looked, receipt, without_limits
from tests.schema.families_asked import act, new_family, person
from tests.world import World

UNLOOKED = "SELECT count(*) FROM hardship_report WHERE looked_at IS NULL AND matching = 'WAITING'"
DISMISS = """mutation ($input: DismissHardshipReportInput!) { dismissHardshipReport(input: $input) {
  report { id } clue { id } errors { code path } } }"""


@pytest.fixture(autouse=True)
def no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    without_limits(monkeypatch)


async def test_a_report_is_looked_at_once_whether_or_not_its_family_is_found(world: World) -> None:
    name = a_name()
    await new_family(world, person(name))
    await receipt(world, a_report(name))
    await receipt(world, a_report())
    assert await looked(world) == 1
    assert await world.sql.fetchval(UNLOOKED) == 0
    assert await looked(world) == 0


async def test_two_desks_at_once_make_one_witness_of_each_report(world: World) -> None:
    homes = {name: await new_family(world, person(name)) for name in (a_name(), a_name(), a_name())}
    for name in homes:
        await receipt(world, a_report(name))
    assert sum(await asyncio.gather(*(looked(world) for _ in range(4)))) == 3
    for home in homes.values():
        [clue] = await clues(world, home)
        assert len(clue["witnesses"]) == 1


async def test_what_a_killed_desk_had_not_committed_is_looked_for_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = a_name()
    home = await new_family(world, person(name))
    await receipt(world, a_report(name))

    async def killed(*entry: Any, **more: Any) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as dying:
        dying.setattr(matching, "record", killed)  # after the clue is made, before the commit
        with pytest.raises(asyncio.CancelledError):
            await looked(world)
    assert await clues(world, home) == []
    assert await looked(world) == 1
    assert len(await clues(world, home)) == 1


async def test_trouble_with_one_report_leaves_the_others_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [a_name(), a_name()]
    homes = [await new_family(world, person(name)) for name in names]
    for name in names:
        await receipt(world, a_report(name))
    real = matching.namesakes

    async def troubled(db: Any, actor: Any, report: Any) -> Any:
        if report.name == names[0]:
            raise RuntimeError("this one")
        return await real(db, actor, report)

    with monkeypatch.context() as trouble:
        trouble.setattr(matching, "namesakes", troubled)
        assert await looked(world) == 1
    assert [len(await clues(world, home)) for home in homes] == [0, 1]
    assert await looked(world) == 1


async def test_what_an_officer_has_settled_is_not_looked_for(world: World) -> None:
    name = a_name()
    home = await new_family(world, person(name))
    given = a_report(name)
    await receipt(world, given)
    await act(world, "village_officer", DISMISS, reportId=given["id"], reason="WITHDRAWN")
    assert await looked(world) == 0
    assert await clues(world, home) == []


async def test_the_loop_goes_on_after_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[datetime] = []
    is_enough = asyncio.Event()

    async def troubled(sessions: Sessions, at: datetime) -> int:
        rounds.append(at)
        if len(rounds) == 3:
            is_enough.set()
        if len(rounds) == 1:
            raise RuntimeError("the first round")
        return 1

    monkeypatch.setattr(desk, "look_for_families", troubled)
    monkeypatch.setattr(desk, "EVERY_SECONDS", 0)
    nothing: Any = None
    async with desk.attended(nothing), asyncio.timeout(10):
        await is_enough.wait()
    assert all(at.tzinfo is UTC for at in rounds)


async def test_the_desk_is_attended_where_the_application_is_served(world: World) -> None:
    name = a_name()
    home = await new_family(world, person(name))
    await receipt(world, a_report(name))
    app = create_app(Settings(database_url=world.settings.database_url, env="demo", pool_size=2), is_kept_up=True)
    async with app.router.lifespan_context(app), asyncio.timeout(30):
        while not await clues(world, home):
            pass  # each look is a request
