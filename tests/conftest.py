"""What every test may ask for. Anything through the API runs on a clone with real commits; rules and queries roll back."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from tests import databases
from tests.distribution import pytest_collection_modifyitems, pytest_xdist_make_scheduler
from tests.world import World

__all__ = ["pytest_collection_modifyitems", "pytest_xdist_make_scheduler"]  # pytest finds its hooks here

_numbers = itertools.count()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The test server: the address of its `postgres` database."""
    with databases.server() as url:
        yield url


@pytest.fixture(scope="session")
async def template(server: str) -> str:
    """The name of the migrated database with all divisions and the demo, to be cloned."""
    return await databases.template()


@pytest.fixture(scope="session")
async def shared_database(template: str) -> AsyncIterator[str]:
    """A clone that nobody writes to for good: `database` rolls back, reads through the API leave nothing."""
    yield await databases.fresh_database("ruhu_shared", template)
    await databases.drop_database("ruhu_shared")


@pytest.fixture
async def database(shared_database: str) -> AsyncIterator[asyncpg.Connection]:
    """A superuser's connection inside a transaction that is rolled back: for rules in SQL and queries."""
    connection = await asyncpg.connect(shared_database)
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


@pytest.fixture(scope="module")
async def world(template: str) -> AsyncIterator[World]:
    """The whole application on a clone of its own, with real commits; shared by the tests of one file."""
    name = f"ruhu_world_{next(_numbers)}"
    url = await databases.fresh_database(name, template)
    async with World.on(url) as world:
        yield world
    await databases.drop_database(name)


@pytest.fixture(scope="session")
async def reading_world(shared_database: str) -> AsyncIterator[World]:
    """The whole application on the shared clone: for tests that only read."""
    async with World.on(shared_database) as world:
        yield world
