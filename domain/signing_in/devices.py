"""Signed-in devices: the next refresh token, who is signed in where, and locking a phone that was lost."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.audit.actions import record
from domain.base.errors import not_visible
from domain.signing_in.rules import Refresh, SessionFacts, judge_refresh

# Whether a token is genuine, given the session's salt: the key is the transport's.
IsGenuine = Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh token is answered with: the verdict, and for a new one, whose it is and what it is made of."""

    verdict: Refresh
    account_id: uuid.UUID
    device_id: str
    salt: bytes
    generation: int
    expires_at: datetime


async def refresh(
    db: AsyncSession,
    actor: Actor,
    session_id: uuid.UUID,
    generation: int,
    device_id: str,
    is_genuine: IsGenuine,
    *,
    is_demo: bool,
) -> Refreshed | None:
    """Judge a refresh token; rotate, answer again, or end its session. None: it is no token of ours.

    The session's row is locked, so that of two at once one rotates and the other is answered the same. Nothing here
    raises for a token that is refused: the end of a session must be committed.
    """
    row = (await db.execute(text("SELECT * FROM ruhu_session(:id)"), {"id": session_id})).one_or_none()
    if row is None or not is_genuine(row.salt) or (row.persona is not None and not is_demo):
        return None
    facts = SessionFacts(row.device_id, row.generation, row.rotated_at, row.expires_at, row.revoked_at)
    verdict = judge_refresh(facts, generation, device_id, actor.at)
    if verdict is Refresh.ROTATE:
        statement = text("SELECT ruhu_rotate_session(:id, :generation, :at)")
        await db.execute(statement, {"id": session_id, "generation": generation, "at": actor.at})
    elif verdict in (Refresh.REUSED, Refresh.OTHER_DEVICE):
        # Somebody has copied it. Which of the two is asking cannot be known: both sign in anew.
        reason = verdict.name
        statement = text("SELECT ruhu_end_session(:id, :reason, :at)")
        await db.execute(statement, {"id": session_id, "reason": reason, "at": actor.at})
        detail = {"reason": reason, "session": str(session_id)}
        await record(db, actor, "session_revoked", "account", row.account_id, None, detail)
    return Refreshed(verdict, row.account_id, row.device_id, row.salt, generation + 1, row.expires_at)


@dataclass(frozen=True, slots=True)
class Device:
    """A device that is signed in."""

    id: uuid.UUID
    device_id: str
    device_name: str
    opened_at: datetime
    used_at: datetime
    expires_at: datetime


async def devices(db: AsyncSession, actor: Actor, account_id: uuid.UUID) -> Sequence[Device]:
    """Where the account is signed in, last used first; empty too for an account that the viewer does not manage."""
    statement = text("SELECT * FROM ruhu_sessions(:who, :day, :at)")
    rows = await db.execute(statement, {"who": account_id, "day": actor.today, "at": actor.at})
    return [Device(*row) for row in rows]


async def revoke(
    db: AsyncSession, actor: Actor, account_id: uuid.UUID, session_id: uuid.UUID | None, reason: str
) -> Sequence[uuid.UUID]:
    """End one session of an account or, without `session_id`, all; answers which.

    By its owner, an officer above its helper, or an administrator. NOT_FOUND for a session that is not open or not theirs.
    """
    statement = text("SELECT ruhu_revoke_sessions(:who, :one, :reason, :day, :at)").bindparams(
        bindparam("one", type_=Uuid())
    )
    values = {"who": account_id, "one": session_id, "reason": reason, "day": actor.today, "at": actor.at}
    ended = list(await db.scalars(statement, values))
    if session_id is not None and not ended:
        raise not_visible("sessionId")
    for one in ended:
        await record(db, actor, "session_revoked", "account", account_id, None, {"reason": reason, "session": str(one)})
    return ended
