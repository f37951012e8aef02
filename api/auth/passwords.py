"""One's own password, and the one-time code of an administrator for whoever has none or lost theirs."""

from __future__ import annotations

from typing import Any

from api.auth.asking import Asked
from domain.access.rules import GrantRole
from domain.base.errors import invalid, refused
from domain.signing_in import people
from domain.signing_in.passwords import code_hash, hashed, is_right, new_code
from domain.signing_in.people import Known
from domain.signing_in.rules import PASSWORD_AT_LEAST, is_weak, login_name_of


async def change(asked: Asked) -> dict[str, Any]:
    """currentPassword, newPassword. All other sessions end."""
    known = await proved(asked, asked.text("currentPassword", 1000))
    phc = await asked.hashing(hashed, _new_password(asked, known.login_name))
    session = asked.bearer.session_id if asked.bearer else None
    await asked.carry_out(lambda db: people.change_password(db, asked.actor, phc, session))
    return {"changed": True}


async def reset(asked: Asked) -> dict[str, Any]:
    """loginName, code, newPassword. The code is used up, and all sessions end."""
    name = login_name_of(asked.text("loginName")) or ""
    code, password = asked.text("code"), _new_password(asked, name)
    await asked.attempt(name)
    # Hashed whether or not the code fits: the answer takes the same time.
    phc = await asked.hashing(hashed, password)
    if not await asked.carry_out(lambda db: people.use_reset(db, asked.actor, name, code_hash(code), phc)):
        raise refused("SIGN_IN_FAILED")
    await asked.carry_out(lambda db: people.forgive(db, asked.actor, asked.address, clears=asked.subject(name)))
    return {"changed": True}


async def issue_code(asked: Asked) -> dict[str, Any]:
    """accountId; loginName for an account that has none yet; dropsSecondFactor. Administrators only."""
    if GrantRole.ADMINISTRATOR not in asked.actor.viewer.roles:
        raise refused("FORBIDDEN_ROLE")
    who, typed = asked.id("accountId"), asked.optional("loginName")
    if who is None:
        raise invalid("REQUIRED", "accountId")
    name = None if typed is None else login_name_of(typed)
    if typed is not None and name is None:
        raise invalid("LOGIN_NAME_INVALID", "loginName")
    code, drops = new_code(), asked.body.get("dropsSecondFactor") is True
    kept, until = await asked.carry_out(
        lambda db: people.issue_reset(db, asked.actor, who, name, code_hash(code), drops_second_factor=drops)
    )
    # Whoever was locked out by somebody else's guesses need not wait as well.
    await asked.carry_out(lambda db: people.forgive(db, asked.actor, clears=asked.subject(kept)))
    return {"loginName": kept, "code": code, "expiresAt": until}


async def proved(asked: Asked, password: str, *, is_all: bool = True) -> Known:
    """Whoever holds the token also knows the password: for what a phone left lying about must not be enough for.

    The attempt is taken back, unless there is more to prove; whoever asks for more calls `uncount` when it was right.
    Earlier failures stay, or somebody with the password could guess at codes for ever, and come here in between.
    """
    mine = await asked.carry_out(lambda db: people.credential(db, asked.actor, account_id=asked.actor.id))
    if mine is None:
        raise refused("SIGN_IN_FAILED")
    await asked.attempt(mine.login_name)
    if not await asked.hashing(is_right, password, mine.password_hash):
        await asked.carry_out(lambda db: people.note_failure(db, asked.actor, mine.account_id, "password"))
        raise refused("SIGN_IN_FAILED")
    if is_all:
        await uncount(asked, mine)
    return mine


async def uncount(asked: Asked, known: Known) -> None:
    """Take the attempt back that was counted."""
    subjects = (asked.subject(known.login_name), asked.address)
    await asked.carry_out(lambda db: people.forgive(db, asked.actor, *subjects))


def _new_password(asked: Asked, login_name: str) -> str:
    password = asked.text("newPassword", 1000)
    if is_weak(password, login_name or "\x00"):
        raise invalid("PASSWORD_WEAK", "newPassword", at_least=PASSWORD_AT_LEAST)
    return password
