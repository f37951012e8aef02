"""Personas as actors, and a session factory that connects as the app does: for tests that call actions directly."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg
from sqlalchemy.ext.asyncio import create_async_engine

from api.database import connected, sqlalchemy_url
from domain.access.queries import find_viewer
from domain.access.rules import CHINA, Actor
from domain.base.transactions import Sessions, sessions_on
from domain.demo.personas import account_id
from tests import databases


@asynccontextmanager
async def app_sessions(url: str, role: str = "ruhu_app") -> AsyncIterator[Sessions]:
    """Sessions as ruhu_app, under row-level security; or as ruhu_machine, past it."""
    engine = create_async_engine(sqlalchemy_url(url), connect_args={"server_settings": {"role": role}})
    try:
        async with connected(url) as sql:
            ring = await databases.ring(sql)
        yield sessions_on(engine, ring)
    finally:
        await engine.dispose()


async def actor(sql: asyncpg.Connection, persona: str, at: datetime | None = None) -> Actor:
    """The persona about to act, now or at a moved clock."""
    at = at or datetime.now(UTC)
    viewer = await find_viewer(sql, account_id(persona), at.astimezone(CHINA).date(), "zh")
    assert viewer is not None, f"no account for {persona}"
    return Actor(viewer, at, request_id="test")
