"""The loop beside the server: one process at a time, and no trouble ends it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from api import upkeep
from api.app import create_app
from api.settings import Settings
from domain.base.transactions import Sessions
from tests.domain.actors import app_sessions
from tests.world import World

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)


async def test_two_processes_do_not_sweep_at_once(world: World) -> None:
    async with app_sessions(str(world.settings.database_url)) as sessions:
        async with world.sql.transaction():
            await world.sql.execute("SELECT pg_advisory_xact_lock($1)", upkeep.LOCK)
            assert not await upkeep.sweep(sessions, NOW, prunes=True)
        assert await upkeep.sweep(sessions, NOW, prunes=True)


async def test_old_changes_are_forgotten_but_for_the_newest_of_an_area(world: World) -> None:
    old = "(SELECT area, max(seq) FROM change GROUP BY area)"
    for address in ("旧", "新"):
        await world.sql.execute("UPDATE household SET address = $1 WHERE region_code ^@ '350125'", address)
    await world.sql.execute("UPDATE change SET at = now() - interval '181 days'")
    async with app_sessions(str(world.settings.database_url)) as sessions:
        await upkeep.sweep(sessions, NOW, prunes=False)
        before = await world.sql.fetchval("SELECT count(*) FROM change")
        await upkeep.sweep(sessions, NOW, prunes=True)
    assert await world.sql.fetchval("SELECT count(*) FROM change") < before
    assert await world.sql.fetchval(f"SELECT count(*) FROM change WHERE (area, seq) NOT IN {old}") == 0


async def test_the_loop_goes_on_after_trouble_and_prunes_once_a_day(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: list[bool] = []
    is_enough = asyncio.Event()

    async def troubled(sessions: Sessions, at: datetime, *, prunes: bool) -> bool:
        rounds.append(prunes)
        if len(rounds) == 1:
            raise RuntimeError("the first round")
        if len(rounds) == 4:
            is_enough.set()
        return len(rounds) > 2

    monkeypatch.setattr(upkeep, "sweep", troubled)
    monkeypatch.setattr(upkeep, "EVERY_SECONDS", 0)
    nothing: Any = None
    async with upkeep.kept_up(nothing, nothing), asyncio.timeout(10):
        await is_enough.wait()
    assert rounds[:4] == [True, True, True, False], "a round that failed, or was another's, has not pruned"


async def test_the_application_keeps_itself_up_where_it_is_served(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept = asyncio.Event()

    async def noted(sessions: Sessions, at: datetime, *, prunes: bool) -> bool:
        swept.set()
        return True

    monkeypatch.setattr(upkeep, "sweep", noted)
    app = create_app(Settings(database_url=world.settings.database_url, env="demo", pool_size=2), is_kept_up=True)
    async with app.router.lifespan_context(app), asyncio.timeout(10):
        await swept.wait()
