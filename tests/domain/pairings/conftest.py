"""One small township per file of tests, on a clone of its own."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from api.database import sqlalchemy_url
from domain.access.rules import GrantRole
from domain.base.transactions import sessions_on
from tests import databases
from tests.domain.pairings.town import ELSEWHERE, TOWNSHIP, Town, officer

_numbers = itertools.count()


@pytest.fixture(scope="module")
async def town(template: str) -> AsyncIterator[Town]:
    name = f"ruhu_pairings_{next(_numbers)}"
    url = await databases.fresh_database(name, template)
    engine = create_async_engine(
        sqlalchemy_url(url), pool_size=4, connect_args={"server_settings": {"role": "ruhu_app"}}
    )
    sql = await asyncpg.connect(url)
    villages = "SELECT code FROM region WHERE code LIKE $1 AND level = 'VILLAGE' ORDER BY code"
    village, neighbour = [row["code"] for row in await sql.fetch(villages + " LIMIT 2", f"{TOWNSHIP}%")]
    far_village = await sql.fetchval(villages, f"{ELSEWHERE}%")
    yield Town(
        engine,
        sessions_on(engine, await databases.ring(sql)),
        sql,
        village,
        neighbour,
        far_village,
        officer(GrantRole.TOWNSHIP_OFFICER, TOWNSHIP),
    )
    await sql.close()
    await engine.dispose()
    await databases.drop_database(name)
