"""Clients of programs. A secret is told once, to whoever asked for it, and stands nowhere: not even a repeat tells it."""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ARRAY, DateTime, LargeBinary, Text, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.accounts.queries import enabled_account, has_region, refuse_others
from domain.accounts.rules import CLIENT_DAYS, HAS_CLIENTS, scope_problems, text_problems
from domain.audit.actions import record
from domain.base.errors import Conflict, InvalidInput, Problem, not_visible
from domain.changes.actions import Answer, once
from domain.signing_in.passwords import secret_hash

OLD_SECRET_GOOD_FOR: Final = timedelta(hours=24)

_MAKE = text("SELECT ruhu_make_client(:id, :who, :name, :scopes, :hash, :keys, :until, :day, :at)").bindparams(
    bindparam("scopes", type_=ARRAY(Text())),
    bindparam("hash", type_=LargeBinary()),
    bindparam("keys", type_=JSONB(none_as_null=True)),
)
_ROTATE = text("SELECT ruhu_rotate_client(:id, :hash, :old_until, :day, :at)").bindparams(
    bindparam("hash", type_=LargeBinary()), bindparam("old_until", type_=DateTime(timezone=True))
)
_REVOKE = text("SELECT ruhu_revoke_client(:id, :day, :at)")


@dataclass(frozen=True, slots=True)
class Given:
    """A client, and its secret where one was made just now."""

    client_id: str
    secret: str | None


def new_secret() -> str:
    """256 random bits; the prefix tells whoever finds one what it is."""
    return f"cs.{secrets.token_urlsafe(32)}"


def client_id_of(id: uuid.UUID) -> str:
    """How the client calls itself: the id that was chosen for it, in letters that no address has to escape."""
    return "c-" + base64.b32encode(id.bytes).decode().rstrip("=").lower()


async def create_client(
    db: AsyncSession,
    actor: Actor,
    *,
    id: uuid.UUID,
    account_id: uuid.UUID,
    name: str,
    scopes: Sequence[str],
    days: int,
    jwks: dict[str, Any] | None = None,
) -> Given:
    """Make a client for the account of a partner, a department or an integrator: with a secret or, by `jwks`, without.

    Raises Refused (FORBIDDEN_ROLE), InvalidInput (REQUIRED, TOO_LONG, OUT_OF_RANGE, SCOPE_INVALID, SCOPE_BY_PAIRING,
    ROLE_NOT_FOR_ACCOUNT), NotVisible, Conflict as `once` does. The keys have been read by the transport.
    """
    made = Given(client_id_of(id), None if jwks else new_secret())
    is_new = False

    async def make() -> Answer:
        nonlocal is_new
        refuse_others(actor)
        account = await enabled_account(db, account_id, "accountId")
        problems = text_problems("name", name)
        problems += scope_problems(scopes, has_region=await has_region(db, account_id))
        if account.kind not in HAS_CLIENTS:
            problems.append(Problem("ROLE_NOT_FOR_ACCOUNT", ("input", "accountId"), {"role": "client"}))
        if not 1 <= days <= CLIENT_DAYS:
            problems.append(Problem("OUT_OF_RANGE", ("input", "days"), {"minimum": 1, "maximum": CLIENT_DAYS}))
        if problems:
            raise InvalidInput(*problems)
        row = {"id": made.client_id, "who": account_id, "name": name.strip(), "scopes": list(scopes), "keys": jwks}
        row |= {"hash": made.secret and secret_hash(made.secret), "until": actor.at + timedelta(days=days)}
        if not await db.scalar(_MAKE, row | {"day": actor.today, "at": actor.at}):
            raise Conflict(Problem("ID_TAKEN", ("input", "id")))
        detail = {"client": made.client_id, "scopes": list(scopes), "days": days}
        await record(db, actor, "client_made", "account", account_id, None, detail, operation_id=id)
        is_new = True
        return {"client_id": made.client_id}

    content = {"account_id": account_id, "name": name, "scopes": list(scopes), "days": days, "jwks": jwks}
    await once(db, actor, id, "create_client", content, make)
    return made if is_new else Given(made.client_id, None)


async def rotate_client_secret(
    db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, client_id: str, at_once: bool = False
) -> Given:
    """A new secret; the old one is good for another day, or not at all. Raises Refused (FORBIDDEN_ROLE), NotVisible."""
    given = Given(client_id, new_secret())
    is_new = False

    async def rotate() -> Answer:
        nonlocal is_new
        refuse_others(actor)
        old_until = actor.at if at_once else actor.at + OLD_SECRET_GOOD_FOR
        row = {"id": client_id, "hash": secret_hash(given.secret or ""), "old_until": old_until}
        account_id = await db.scalar(_ROTATE, row | {"day": actor.today, "at": actor.at})
        await _noted(db, actor, "client_rotated", account_id, client_id, operation_id)
        is_new = True
        return {"client_id": client_id}

    content = {"client_id": client_id, "at_once": at_once}
    await once(db, actor, operation_id, "rotate_client_secret", content, rotate)
    return given if is_new else Given(client_id, None)


async def disable_client(db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, client_id: str) -> Given:
    """End a client and its tokens, within seconds. Raises Refused (FORBIDDEN_ROLE), NotVisible."""

    async def disable() -> Answer:
        refuse_others(actor)
        account_id = await db.scalar(_REVOKE, {"id": client_id, "day": actor.today, "at": actor.at})
        await _noted(db, actor, "client_revoked", account_id, client_id, operation_id)
        return {"client_id": client_id}

    await once(db, actor, operation_id, "disable_client", {"client_id": client_id}, disable)
    return Given(client_id, None)


async def _noted(
    db: AsyncSession, actor: Actor, action: str, account_id: uuid.UUID | None, client_id: str, operation_id: uuid.UUID
) -> None:
    if account_id is None:
        raise not_visible("clientId")
    detail = {"client": client_id}
    await record(db, actor, action, "account", account_id, None, detail, operation_id=operation_id)
