"""Signing in with a name and a password, and what goes with a credential: new password, one-time code, second factor."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ARRAY, BigInteger, DateTime, LargeBinary, Text, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.audit.actions import record
from domain.base.errors import not_visible, refused
from domain.signing_in.rules import ADDRESS_LIMITS, Attempts, Limits, counted, seconds_locked

RESET_GOOD_FOR: Final = timedelta(hours=24)

INSTANTS: Final = ARRAY(DateTime(timezone=True))


@dataclass(frozen=True, slots=True)
class Known:
    """A credential as a sign-in needs it."""

    account_id: uuid.UUID
    login_name: str
    password_hash: str | None
    totp_sealed: bytes | None
    persona: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that has been counted: how long it has to wait (0: it may go on), and whom it is about, if anybody."""

    seconds_to_wait: int
    known: Known | None


_ATTEMPTS = text("SELECT * FROM ruhu_attempts(:subjects, :at)").bindparams(
    bindparam("subjects", type_=ARRAY(Text())), bindparam("at", type_=DateTime(timezone=True))
)
_COUNT = text("SELECT ruhu_count_attempts(:subjects, :counts, :since, :locks)").bindparams(
    bindparam("subjects", type_=ARRAY(Text())),
    bindparam("counts", type_=ARRAY(BigInteger())),
    bindparam("since", type_=INSTANTS),
    bindparam("locks", type_=INSTANTS),
)
_FORGIVE = text("SELECT ruhu_forgive_attempts(:cleared, :uncounted, :free)").bindparams(
    bindparam("cleared", type_=Text()), bindparam("uncounted", type_=ARRAY(Text()))
)
_KNOWN = text("SELECT * FROM ruhu_credential(:login, :who)").bindparams(
    bindparam("login", type_=Text()), bindparam("who", type_=Uuid())
)


async def count_attempt(
    db: AsyncSession, actor: Actor, login_name: str, subjects: Sequence[tuple[str, Limits]]
) -> Attempt:
    """Count an attempt against its name and its address, before the password is looked at.

    A locked one is not counted: it would stay locked for as long as somebody knocks. Names that nobody has go the same
    way, so neither the answer nor the statements tell which names exist.
    """
    limits = dict(subjects)
    rows = (await db.execute(_ATTEMPTS, {"subjects": list(limits), "at": actor.at})).all()
    known = await credential(db, actor, login_name=login_name)
    before = {row.subject: Attempts(row.failures, row.counted_from, row.locked_until) for row in rows}
    wait = max(seconds_locked(attempts, actor.at) for attempts in before.values())
    after = before if wait else {one: counted(attempts, limits[one], actor.at) for one, attempts in before.items()}
    await _keep(db, after)
    if not wait and any(attempts.locked_until for attempts in after.values()):
        # The attempt itself may still be right, and makes up for this; if not, the next one waits.
        who = known.account_id if known else None
        await record(
            db, actor, "sign_in_locked", "account", who, None, {"failures": max(a.failures for a in after.values())}
        )
    return Attempt(wait, known)


async def _keep(db: AsyncSession, attempts: dict[str, Attempts]) -> None:
    ordered = sorted(attempts.items())
    await db.execute(
        _COUNT,
        {
            "subjects": [subject for subject, _ in ordered],
            "counts": [one.failures for _, one in ordered],
            "since": [one.counted_from for _, one in ordered],
            "locks": [one.locked_until for _, one in ordered],
        },
    )


async def credential(
    db: AsyncSession, actor: Actor, *, login_name: str | None = None, account_id: uuid.UUID | None = None
) -> Known | None:
    """The credential of a name or an account that is enabled."""
    row = (await db.execute(_KNOWN, {"login": login_name, "who": account_id})).one_or_none()
    return None if row is None else Known(*row)


async def note_failure(db: AsyncSession, actor: Actor, account_id: uuid.UUID | None, reason: str) -> None:
    """Leave a trace of an attempt that failed. What was typed as a name stays out: people type passwords there."""
    await record(db, actor, "sign_in_failed", "account", account_id, None, {"reason": reason})


@dataclass(frozen=True, slots=True)
class NewSession:
    """What a session is opened with."""

    id: uuid.UUID
    device_id: str
    device_name: str
    salt: bytes
    expires_at: datetime


async def open_session(
    db: AsyncSession, actor: Actor, known: Known, new: NewSession, *, totp_step: int | None, name: str, address: str
) -> None:
    """The right password, and the right code if one is due: open the session. Refuses a code that was used before."""
    if totp_step is not None and not await _use_step(db, known.account_id, totp_step):
        raise refused("SIGN_IN_FAILED")
    await db.execute(
        text("SELECT ruhu_open_session(:id, :who, :device, :called, :salt, :at, :until)").bindparams(
            bindparam("salt", type_=LargeBinary())
        ),
        {
            "id": new.id,
            "who": known.account_id,
            "device": new.device_id,
            "called": new.device_name,
            "salt": new.salt,
            "at": actor.at,
            "until": new.expires_at,
        },
    )
    await forgive(db, actor, address, clears=name)
    second = "none" if totp_step is None else "totp"
    await record(
        db, actor, "signed_in", "account", known.account_id, None, {"secondFactor": second, "session": str(new.id)}
    )


async def forgive(db: AsyncSession, actor: Actor, *uncounted: str, clears: str | None = None) -> None:
    """What was counted turned out right: take one failure back from each of `uncounted`, and all from `clears`."""
    values = {"cleared": clears, "uncounted": list(uncounted), "free": ADDRESS_LIMITS.free}
    await db.execute(_FORGIVE, values)


async def _use_step(db: AsyncSession, account_id: uuid.UUID, step: int) -> bool:
    statement = text("SELECT ruhu_use_totp_step(:who, :step)")
    return bool(await db.scalar(statement, {"who": account_id, "step": step}))


async def change_password(db: AsyncSession, actor: Actor, password_hash: str, session_id: uuid.UUID | None) -> None:
    """A new password of one's own; all other sessions end."""
    statement = text("SELECT ruhu_set_password(:hash, :keeping, :at)")
    statement = statement.bindparams(bindparam("keeping", type_=Uuid()))
    if not await db.scalar(statement, {"hash": password_hash, "keeping": session_id, "at": actor.at}):
        raise not_visible()
    await record(db, actor, "password_changed", "account", actor.id, None)


async def issue_reset(
    db: AsyncSession,
    actor: Actor,
    account_id: uuid.UUID,
    login_name: str | None,
    code_hash: bytes,
    *,
    drops_second_factor: bool,
) -> tuple[str, datetime]:
    """A one-time code for an account, by an administrator; for one without a credential, `login_name` gives it one.

    Answers the login name and until when the code is good. NOT_FOUND for no such account, or for none with a name.
    """
    until = actor.at + RESET_GOOD_FOR
    statement = text("SELECT ruhu_issue_reset(:who, :login, :hash, :until, :drops, :day)").bindparams(
        bindparam("hash", type_=LargeBinary())
    )
    values: dict[str, Any] = {"who": account_id, "login": login_name, "hash": code_hash, "until": until}
    kept = await db.scalar(statement, values | {"drops": drops_second_factor, "day": actor.today})
    if kept is None:
        raise not_visible("accountId")
    detail = {"dropsSecondFactor": drops_second_factor}
    await record(db, actor, "password_reset_issued", "account", account_id, None, detail)
    return str(kept), until


async def use_reset(db: AsyncSession, actor: Actor, login_name: str, code_hash: bytes, password_hash: str) -> bool:
    """Set a new password by the one-time code, once; all sessions end. False: it is not the code, or no longer."""
    statement = text("SELECT ruhu_use_reset(:login, :code, :hash, :at)").bindparams(
        bindparam("code", type_=LargeBinary())
    )
    values = {"login": login_name, "code": code_hash, "hash": password_hash, "at": actor.at}
    account_id = await db.scalar(statement, values)
    action = "password_reset" if account_id else "password_reset_failed"
    await record(db, actor, action, "account", account_id, None)
    return account_id is not None


async def set_second_factor(db: AsyncSession, actor: Actor, sealed: bytes | None, step: int | None) -> None:
    """Turn the second factor on with this sealed secret, whose code of `step` has just been used; or off, with None."""
    statement = text("SELECT ruhu_set_totp(:sealed, :step)").bindparams(
        bindparam("sealed", type_=LargeBinary()), bindparam("step", type_=BigInteger())
    )
    if not await db.scalar(statement, {"sealed": sealed, "step": step}):
        raise not_visible()
    action = "second_factor_off" if sealed is None else "second_factor_on"
    await record(db, actor, action, "account", actor.id, None)


async def use_second_factor(db: AsyncSession, actor: Actor, step: int) -> None:
    """Spend one's own code of that step; refuses one that was used before."""
    if not await _use_step(db, actor.id, step):
        raise refused("SIGN_IN_FAILED", "totp")
