"""Carrying out a mutation once, however often the network makes a client send it."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.base.errors import Conflict, Problem
from domain.base.transactions import ring_of
from domain.changes.models import Operation
from domain.changes.rules import HASH_VERSION, content_hash

Answer = dict[str, Any]


async def once(
    db: AsyncSession,
    actor: Actor,
    operation_id: uuid.UUID,
    name: str,
    content: Mapping[str, Any],
    do: Callable[[], Awaitable[Answer]],
) -> Answer:
    """Run `do` unless this operation was carried out before; then answer what it answered (JSON: ids of what it made).

    The row is written first, so a second request of the same id waits for the first one's commit. Raises Conflict:
    OPERATION_REUSED for other content under the same id, ID_TAKEN when somebody else has used it (nothing of theirs is
    told). A failed action leaves no row: it is judged anew when it comes again.
    """
    digest = ring_of(db).keyed(content_hash(content))
    born = await db.scalar(
        insert(Operation)
        .values(
            id=operation_id,
            actor_id=actor.id,
            name=name,
            content_hash=digest,
            hash_version=HASH_VERSION,
            answer={},
            at=actor.at,
        )
        .on_conflict_do_nothing()
        .returning(Operation.id)
    )
    if born is not None:
        answer = await do()
        await db.execute(update(Operation).where(Operation.id == operation_id).values(answer=answer))
        return answer
    earlier = (
        await db.execute(
            select(Operation.name, Operation.content_hash, Operation.answer).where(
                Operation.id == operation_id, Operation.actor_id == actor.id
            )
        )
    ).one_or_none()
    if earlier is None:
        raise Conflict(Problem("ID_TAKEN"))
    if (earlier.name, earlier.content_hash) != (name, digest):
        raise Conflict(Problem("OPERATION_REUSED"))
    return dict(earlier.answer)


async def was_carried_out(db: AsyncSession, actor: Actor, operation_id: uuid.UUID) -> bool:
    """Whether this operation stands already, so that `once` will repeat its answer: asked by whoever adds to an action
    that goes through `once`. Of two requests at once both may hear no: what they add must bear being done twice."""
    mine = select(Operation.id).where(Operation.id == operation_id, Operation.actor_id == actor.id)
    return await db.scalar(mine) is not None
