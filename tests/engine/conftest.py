"""A database with the toy in it, an engine over it, and its rows in memory for the oracle."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from schema.engine import Engine
from tests import databases

from .asking import CATALOGUE, Asking
from .oracle import Oracle
from .seed import seed


@asynccontextmanager
async def toy(name: str) -> AsyncIterator[str]:
    """A database with the toy's tables and rows, for as long as it is needed."""
    name = f"engine_{name}_{os.getpid()}"
    url = await databases.fresh_database(name)
    await seed(url)
    yield url
    await databases.drop_database(name)


def connected(url: str) -> Any:
    # One connection, and statements of any length kept prepared: asyncpg's own bound of 15 KiB is below our plans.
    return asyncpg.create_pool(url, min_size=1, max_size=1, max_cacheable_statement_size=0)


@pytest.fixture(scope="session")
async def engine_database(server: str) -> AsyncIterator[str]:
    """The address of a database that nobody writes to: the oracle has its rows in memory."""
    async with toy("reading") as url:
        yield url


@pytest.fixture(scope="session")
async def pool(engine_database: str) -> AsyncIterator[Any]:
    async with connected(engine_database) as made:
        yield made


@pytest.fixture(scope="module")
async def writable(server: str) -> AsyncIterator[Any]:
    """A pool over a database of the test file's own, to be written to with real commits."""
    async with toy("writing") as url, connected(url) as made:
        yield made


@pytest.fixture(scope="session")
async def oracle(engine_database: str) -> Oracle:
    return await Oracle.load(engine_database)


@pytest.fixture
def ask(pool: Any) -> Asking:
    """A fresh engine to ask, with everything it does on record."""
    return Asking(pool)


@pytest.fixture(scope="session")
def engine(pool: Any) -> Engine:
    return Engine(CATALOGUE, pool, most_cost=10**9)
