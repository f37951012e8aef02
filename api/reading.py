"""A raw pool for reads in which nobody waits for long: where no connection comes free, the client is told so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg

from schema.engine import Unavailable

WAIT_SECONDS: Final = 3.0  # for a connection; who waits longer gets an answer sooner by asking again

# The database is away, restarts, or has no connection to spare.
OUT_OF_REACH: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
)


class Reads:
    """An asyncpg pool's reads; each raises Unavailable when the database cannot be asked now.

    A task that is cancelled takes its statement along: asyncpg asks the server to stop it before the connection goes back.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    async def fetchval(self, query: str, *args: Any) -> Any:
        """The first value of the first row."""
        async with self._connection() as connection:
            return await connection.fetchval(query, *args)

    async def fetchrow(self, query: str, *args: Any) -> Any:
        """The first row."""
        async with self._connection() as connection:
            return await connection.fetchrow(query, *args)

    async def fetch(self, query: str, *args: Any) -> Any:
        """All rows."""
        async with self._connection() as connection:
            return await connection.fetch(query, *args)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        try:
            # asyncio.timeout and wait_for cost more than many a statement: only who has to wait pays for them.
            waits = None if self.pool.get_idle_size() else WAIT_SECONDS
            async with self.pool.acquire(timeout=waits) as connection:
                yield connection
        except OUT_OF_REACH as error:  # TimeoutError is an OSError
            raise Unavailable(type(error).__name__) from error
