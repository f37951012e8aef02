"""What has to be done though nobody asks (定时维护): a loop beside the server, for what cannot wait for a worker's turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import func, select

from api.notary import TraceKey
from domain.audit.blocks import seal
from domain.base.transactions import Sessions
from domain.rights.retention import forget
from domain.sync.deferred import hand_to_review, judge_waiting

LOG = structlog.get_logger("ruhu")

EVERY_SECONDS: Final = 60.0
SEAL_EVERY_SECONDS: Final = 2.0  # how long an entry stands in no block, beyond the transactions that are still open
PRUNE_EVERY: Final = timedelta(days=1)
LOCK: Final = 0x72757570  # any number that nothing else locks


async def sweep(sessions: Sessions, at: datetime, *, prunes: bool) -> bool:
    """One round: judge what waits, hand over what has waited too long, forget the oldest changes and sign-ins.

    One process at a time: False when another is at it. The lock ends with its transaction, and so with its process.
    """
    async with sessions() as db, db.begin():
        if not await db.scalar(select(func.pg_try_advisory_xact_lock(LOCK))):
            return False
        judged = await judge_waiting(sessions, at)
        handed = await hand_to_review(sessions, at)
        pruned = await db.scalar(select(func.ruhu_prune_feed())) if prunes else 0
        if prunes:
            await db.execute(select(func.ruhu_prune_sign_ins(at)))
            forgotten = {kind: count for kind, count in (await forget(sessions)).items() if count}
            if forgotten:
                LOG.info("forgotten", **forgotten)
    if judged or handed or pruned:
        LOG.info("upkeep", judged=len(judged), handed_to_review=handed, pruned_changes=pruned)
    return True


async def keep_up(sessions: Sessions) -> None:
    """Round after round, whatever happens to one."""
    pruned_at: datetime | None = None
    while True:
        at = datetime.now(UTC)
        prunes = pruned_at is None or at - pruned_at >= PRUNE_EVERY
        try:
            if await sweep(sessions, at, prunes=prunes) and prunes:
                pruned_at = at
        except Exception:
            LOG.exception("upkeep failed")
        await asyncio.sleep(EVERY_SECONDS)


async def keep_sealed(sessions: Sessions, notary: TraceKey) -> None:
    """Seal the trace every few seconds, and write down outside the database which block is the last."""
    while True:
        try:
            head = await seal(sessions, datetime.now(UTC), notary)
            if head is not None:
                notary.keep(head)
        except Exception:
            LOG.exception("sealing the trace failed")
        await asyncio.sleep(SEAL_EVERY_SECONDS)


@asynccontextmanager
async def kept_up(sessions: Sessions, notary: TraceKey) -> AsyncIterator[None]:
    """The loops, as long as the block lasts."""
    loops = [asyncio.create_task(loop) for loop in (keep_up(sessions), keep_sealed(sessions, notary))]
    try:
        yield
    finally:
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
