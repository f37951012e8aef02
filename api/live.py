"""Waiting for changes: one look at the feed a tick, for everybody in this process who waits.

No LISTEN/NOTIFY: docs/decisions/0012-polling-not-notify.md says why.
"""

from __future__ import annotations

import asyncio
import contextvars
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import asyncpg
import structlog

from schema.context import Place

LOG = structlog.get_logger("ruhu.live")

TICK_SECONDS: Final = 0.25  # how much later than its commit a change is heard of, at most; half of it on average
RETRY_SECONDS: Final = 1.0  # between looks while the database is away
LOOK_SECONDS: Final = 5.0  # a look that takes longer is given up and made again

HEADS: Final = "SELECT area, party_id, head FROM ruhu_feed_heads($1::int[], $2::uuid[])"


class Feed:
    """The heads of the change feed, watched while somebody waits for them.

    A place is a township (the number that the feed calls its area) or a party (a helper, an organisation). Its head is a
    number that is another after every change there; nothing else may be read from it.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self._waiting: dict[asyncio.Future[Mapping[Place, int]], Mapping[Place, int | None]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def changed(self, seen: Mapping[Place, int | None]) -> Mapping[Place, int]:
        """Waits until one of these places has another head than the one seen; answers the heads of them all.

        None stands for a place that was not seen yet: it is answered at the next look. Whoever pulls after each answer
        and then waits with that answer misses nothing, as the heads are older than what is pulled:

            heads = dict.fromkeys(places)
            while True:
                heads = await feed.changed(heads)
                ...  # pull
        """
        woken: asyncio.Future[Mapping[Place, int]] = asyncio.get_running_loop().create_future()
        self._waiting[woken] = seen
        try:
            if self._looking is None or self._looking.done():
                # In a context of its own: the log is not to name whoever happened to wait first.
                self._looking = asyncio.create_task(self._look_on(), context=contextvars.Context())
            return await woken
        finally:
            del self._waiting[woken]

    async def close(self) -> None:
        """Looks no more. Whoever still waits, waits until they are cancelled."""
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking

    async def _look_on(self) -> None:
        is_away = False
        while self._waiting:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    heads = await self._heads(set[Place]().union(*self._waiting.values()))
            # Whatever it is, it is not the fault of those who wait, and the next look may go well.
            except Exception:
                if not is_away:
                    LOG.exception("cannot look at the feed")
                is_away = True
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if is_away:
                LOG.info("the feed is back")
            is_away = False
            self._wake(heads)
            await asyncio.sleep(TICK_SECONDS)

    async def _heads(self, places: set[Place]) -> Mapping[Place, int]:
        areas = [place for place in places if isinstance(place, int)]
        parties = [place for place in places if isinstance(place, uuid.UUID)]
        rows: list[Any] = await self.pool.fetch(HEADS, areas, parties)
        return {party if area is None else area: head for area, party, head in rows}

    def _wake(self, heads: Mapping[Place, int]) -> None:
        """Only who was there when the question was put is judged: the answer holds no other places."""
        for woken, seen in self._waiting.items():
            if not woken.done() and heads.keys() >= seen.keys() and any(heads[p] != head for p, head in seen.items()):
                woken.set_result({place: heads[place] for place in seen})
