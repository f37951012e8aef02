"""Submissions are written down: each under its key, by one submitter, whatever becomes of it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.base.models import Base
from domain.visits.models import Submission, SubmissionOutcome

Earlier = tuple[SubmissionOutcome, str]  # what became of a submission, and its content hash

_JUDGED = ("region_code", "outcome", "content", "content_hash", "hash_version", "problems", "judged_at")


async def earlier_ones(db: AsyncSession, actor: Actor, keys: Collection[uuid.UUID]) -> dict[uuid.UUID, Earlier]:
    """What this submitter sent under these keys before. Others' submissions are as good as not there."""
    found = await db.execute(
        select(Submission.id, Submission.outcome, Submission.content_hash).where(
            Submission.id.in_(keys), Submission.submitter_id == actor.id
        )
    )
    return {key: (outcome, digest) for key, outcome, digest in found}


async def claim(db: AsyncSession, actor: Actor, rows: Sequence[Mapping[str, Any]]) -> dict[uuid.UUID, Earlier | None]:
    """Write these submissions down, in the order of their keys. Answers those that stood already, now locked.

    None: the key is somebody else's. Waits for whoever is just inserting the same key.
    """
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
    """What became of submissions that are written down already. When they first came stays as it was."""
    if not rows:
        return
    table = Base.metadata.tables[Submission.__tablename__]
    anew = update(table).where(table.c.id == bindparam("key"))
    anew = anew.values({name: bindparam(f"new_{name}") for name in _JUDGED})
    await db.execute(anew, [{"key": row["id"], **{f"new_{name}": row[name] for name in _JUDGED}} for row in rows])
