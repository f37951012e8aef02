"""Submissions are written down: each under its key, by one submitter, whatever becomes of it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Text, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.base.models import Base
from domain.visits.models import Submission, SubmissionOutcome

_JUDGED = (
    "outcome",
    "content",
    "content_sealed",
    "content_hash",
    "hash_version",
    "problems",
    "sent_at",
    "received_at",
    "judged_at",
    "waits_for",
)


@dataclass(frozen=True, slots=True)
class Earlier:
    """What became of a submission, what it held, and when that first came."""

    outcome: SubmissionOutcome
    content_hash: str
    sent_at: datetime | None
    received_at: datetime


async def earlier_ones(db: AsyncSession, actor: Actor, keys: Collection[uuid.UUID]) -> dict[uuid.UUID, Earlier]:
    """What this submitter sent under these keys before. Others' submissions are as good as not there."""
    found = await db.execute(
        select(
            Submission.id, Submission.outcome, Submission.content_hash, Submission.sent_at, Submission.received_at
        ).where(Submission.id.in_(keys), Submission.submitter_id == actor.id)
    )
    return {row.id: Earlier(row.outcome, row.content_hash, row.sent_at, row.received_at) for row in found}


async def claim(db: AsyncSession, actor: Actor, rows: Sequence[Mapping[str, Any]]) -> dict[uuid.UUID, Earlier | None]:
    """Write these submissions down, in the order of their keys. Answers those that stood already, now locked.

    None: the key is somebody else's. Waits for whoever is just inserting the same key.
    """
    if not rows:
        return {}  # an INSERT of no rows would be one of defaults
    ordered = sorted(rows, key=lambda row: row["id"])
    born = insert(Submission).on_conflict_do_nothing().returning(Submission.id)
    # A row that only others may see conflicts and is never returned.
    claimed = set(await db.scalars(born, ordered))
    again = [row["id"] for row in ordered if row["id"] not in claimed]
    if not again:
        return {}
    # Locked first, so that the reading after it is the last word. What was applied is never judged anew.
    mine = (Submission.id.in_(again), Submission.submitter_id == actor.id)
    is_open = Submission.outcome != SubmissionOutcome.APPLIED
    await db.execute(select(Submission.id).where(*mine, is_open).order_by(Submission.id).with_for_update())
    earlier = await earlier_ones(db, actor, again)
    return {key: earlier.get(key) for key in again}


async def judged_anew(db: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """What became of submissions that are written down already. A region that was known stays known."""
    if not rows:
        return
    table = Base.metadata.tables[Submission.__tablename__]
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _JUDGED}
    values["region_code"] = func.coalesce(bindparam("new_region_code", type_=Text()), table.c.region_code)
    anew = update(table).where(table.c.id == bindparam("key")).values(values)
    names = ("region_code", *_JUDGED)
    await db.execute(anew, [{"key": row["id"], **{f"new_{name}": row[name] for name in names}} for row in rows])
