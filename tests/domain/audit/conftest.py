"""A trace of its own: entries written by whoever asks, a key outside the database, and verification over both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from api.notary import TraceKey
from domain.access.rules import Actor
from domain.audit.actions import record
from domain.audit.blocks import Head, Report, seal, verify
from domain.base.transactions import Sessions
from tests.domain.actors import actor, app_sessions
from tests.world import World

NOW = datetime(2026, 11, 22, 8, 30, 0, 123456, tzinfo=UTC)


@dataclass
class Trace:
    sql: asyncpg.Connection  # a superuser: whoever tampers here could do anything
    sessions: Sessions  # the app role, as the program has it
    key: TraceKey
    url: str
    who: Actor

    async def write(self, count: int = 1, **detail: Any) -> None:
        """So many entries, each in a transaction of its own."""
        for number in range(count):
            async with self.sessions() as db, db.begin():
                await record(db, self.who, "tested", "household", None, "350125201205", {"number": number, **detail})

    async def seal(self, most: int = 5000) -> Head | None:
        return await seal(self.sessions, NOW, self.key, most=most)

    async def verify(self, *against: Head) -> Report:
        return await verify(self.sql, self.key, against=against)

    async def faults(self, *against: Head) -> list[str]:
        return [str(finding) for finding in (await self.verify(*against)).findings]


@pytest.fixture
async def trace(world: World, tmp_path: Path) -> AsyncIterator[Trace]:
    """Empty at first."""
    await world.sql.execute("TRUNCATE audit_entry, audit_block")
    url = str(world.settings.database_url)
    async with app_sessions(url) as sessions:
        yield Trace(world.sql, sessions, TraceKey(tmp_path), url, await actor(world.sql, "cadre", NOW))
