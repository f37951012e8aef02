"""What an administrator's actions have to know, locked where they decide by it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Uuid, bindparam, exists, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.models import Account, Grant
from domain.access.rules import Actor
from domain.accounts.rules import Spell
from domain.base.errors import Problem, not_visible, refused


def refuse_others(actor: Actor) -> None:
    """Raises Refused (FORBIDDEN_ROLE) for whoever is no administrator: wall 1; migration 0017_accounts is wall 2."""
    if not actor.viewer.administers:
        raise refused("FORBIDDEN_ROLE")


async def locked_account(db: AsyncSession, account_id: uuid.UUID, *path: str) -> Account:
    """The account, locked, so that of two who decide about it one knows what the other did. NOT_FOUND."""
    account = await db.scalar(select(Account).where(Account.id == account_id).with_for_update())
    if account is None:
        raise not_visible(*path)
    return account


async def enabled_account(db: AsyncSession, account_id: uuid.UUID, *path: str) -> Account:
    """The same; NOT_FOUND for one that is disabled, too."""
    account = await locked_account(db, account_id, *path)
    if account.disabled_at is not None:
        raise not_visible(*path)
    return account


async def grant_of(db: AsyncSession, grant_id: uuid.UUID) -> Grant:
    """The grant, locked. NOT_FOUND."""
    grant = await db.scalar(select(Grant).where(Grant.id == grant_id).with_for_update())
    if grant is None:
        raise not_visible("grantId")
    return grant


async def spells_of(db: AsyncSession, account_id: uuid.UUID, *, but: uuid.UUID | None = None) -> Sequence[Spell]:
    """The roles that somebody holds or will hold, as their own or standing in, `but` for one grant."""
    theirs = or_(Grant.account_id == account_id, Grant.deputy_id == account_id)
    grants = await db.scalars(select(Grant).where(theirs, Grant.id.is_distinct_from(but)))
    return [
        Spell(grant.role, grant.starts_on, grant.ends_on)
        if grant.account_id == account_id
        else Spell(grant.role, grant.deputy_from or grant.starts_on, grant.deputy_to)
        for grant in grants
    ]


async def has_region(db: AsyncSession, account_id: uuid.UUID) -> bool:
    """Whether the account sees families by region and not only by pairing."""
    over = exists().where(Grant.account_id == account_id, Grant.region_code.is_not(None))
    return bool(await db.scalar(select(over)))


async def missing(db: AsyncSession, table: str, key: str, value: object, *path: str) -> list[Problem]:
    """NOT_FOUND unless this row exists; no problem where nothing is named."""
    if value is None:
        return []
    found = await db.scalar(text(f"SELECT EXISTS (SELECT FROM {table} WHERE {key} = :value)"), {"value": value})  # noqa: S608  # names of ours
    return [] if found else [Problem("NOT_FOUND", ("input", *path))]


@dataclass(frozen=True, slots=True)
class ClientRow:
    """A client as an administrator sees it: nothing that proves it."""

    id: str
    account_id: uuid.UUID
    name: str
    scopes: Sequence[str]
    signs: bool  # by keys of its own, so there is no secret
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


async def clients_of(db: AsyncSession, account_id: uuid.UUID | None, today: date) -> Sequence[ClientRow]:
    """The clients of an account or of all, the first first, 500 at most; none for whoever is no administrator."""
    statement = text("SELECT * FROM ruhu_clients(:who, :day)").bindparams(bindparam("who", type_=Uuid()))
    return [ClientRow(*row) for row in await db.execute(statement, {"who": account_id, "day": today})]
