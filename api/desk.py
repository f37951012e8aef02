"""The desk that looks for the families of reports (报贫受理台): a loop beside the server.

It comes round by the clock and not when a report comes: what it has to do shows in nobody's answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

import structlog

from domain.base.transactions import Sessions
from domain.hardship.matching import look_for_families

LOG = structlog.get_logger("ruhu")

EVERY_SECONDS: Final = 2.0


async def attend(sessions: Sessions) -> None:
    """Round after round, whatever happens to one."""
    while True:
        try:
            if found := await look_for_families(sessions, datetime.now(UTC)):
                LOG.info("reports matched", found=found)
        except Exception:
            LOG.exception("the desk could not look")
        await asyncio.sleep(EVERY_SECONDS)


@asynccontextmanager
async def attended(sessions: Sessions) -> AsyncIterator[None]:
    """The loop, as long as the block lasts."""
    loop = asyncio.create_task(attend(sessions))
    try:
        yield
    finally:
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
