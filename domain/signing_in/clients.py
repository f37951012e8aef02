"""Programs of partners and integrators: what they are known by, and the trace of each token."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.audit.actions import record
from domain.signing_in.rules import Scope


@dataclass(frozen=True, slots=True)
class Client:
    """A client that is in force."""

    account_id: uuid.UUID
    scopes: Sequence[str]
    secret_hash: bytes | None
    old_secret_hash: bytes | None
    jwks: Mapping[str, Any] | None
    persona: str | None


async def client(db: AsyncSession, actor: Actor, client_id: str) -> Client | None:
    """The client, unless it is unknown, expired, revoked, or its account disabled."""
    statement = text(
        "SELECT account_id, scopes, secret_hash, old_secret_hash, jwks, persona FROM ruhu_client(:id, :at)"
    )
    row = (await db.execute(statement, {"id": client_id, "at": actor.at})).one_or_none()
    return None if row is None else Client(*row)


async def use_assertion(db: AsyncSession, actor: Actor, client_id: str, jti: str, until: datetime) -> bool:
    """Spend a signed assertion (RFC 7523); False when it was spent before."""
    statement = text("SELECT ruhu_use_assertion(:client, :jti, :until)")
    return bool(await db.scalar(statement, {"client": client_id, "jti": jti, "until": until}))


async def note_token(
    db: AsyncSession, actor: Actor, account_id: uuid.UUID, client_id: str, scopes: Sequence[Scope]
) -> None:
    """Leave a trace of a token that is given out: to whom, for what area and purpose."""
    detail = {"client": client_id, "scopes": [str(scope) for scope in scopes]}
    await record(db, actor, "client_token_issued", "account", account_id, None, detail, purpose=scopes[0].purpose)


async def note_refusal(db: AsyncSession, actor: Actor, account_id: uuid.UUID | None, reason: str) -> None:
    """Leave a trace of a client that could not prove itself, or asked for what it does not hold."""
    await record(db, actor, "client_token_refused", "account", account_id, None, {"reason": reason})
