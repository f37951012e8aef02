"""Signing in on a device, staying signed in, and being signed out."""

from __future__ import annotations

import base64
import hmac
import os
import uuid
from datetime import datetime
from typing import Any, Final

from api.auth.asking import Asked
from domain.base.errors import Refused, invalid, not_visible, refused
from domain.base.sealed_fields import SECOND_FACTOR
from domain.base.sealing import CannotOpen
from domain.signing_in import devices, people
from domain.signing_in.passwords import is_right
from domain.signing_in.people import Known, NewSession
from domain.signing_in.rules import ACCESS_SECONDS, LONGEST, Refresh, login_name_of, matching_step

TOKEN_BYTES: Final = 16 + 8 + 32
PREFIX: Final = "rt."  # so that a leaked one is recognised by whoever finds it


async def sign_in(asked: Asked) -> dict[str, Any]:
    """loginName, password, totp if it is on, deviceId, deviceName → tokens."""
    typed, password = asked.text("loginName"), asked.text("password", 1000)
    device_id, device_name = asked.text("deviceId"), asked.text("deviceName")
    code = asked.optional("totp")
    name = login_name_of(typed) or typed.strip().casefold()
    known = (await asked.attempt(name)).known
    if known is not None and known.persona is not None and not asked.is_demo:
        known = None  # a copy of the demo's database is no way in
    if not await asked.hashing(is_right, password, known.password_hash if known else None) or known is None:
        await _failed(asked, known, "password")
        raise refused("SIGN_IN_FAILED")
    step = None
    if known.totp_sealed is not None:
        if not code:
            await _failed(asked, known, "no second factor")
            raise refused("SECOND_FACTOR_REQUIRED", "totp")
        step = step_of(asked, known, code)
        if step is None:
            await _failed(asked, known, "second factor")
            raise refused("SIGN_IN_FAILED")
    new = NewSession(uuid.uuid4(), device_id, device_name, os.urandom(32), asked.actor.at + LONGEST)
    try:
        await asked.carry_out(
            lambda db: people.open_session(
                db, asked.actor, known, new, totp_step=step, name=asked.subject(name), address=asked.address
            )
        )
    except Refused:
        await _failed(asked, known, "second factor used twice")
        raise
    return _tokens(asked, known.account_id, new.id, device_id, new.salt, 0, new.expires_at)


async def _failed(asked: Asked, known: Known | None, reason: str) -> None:
    who = known.account_id if known else None
    await asked.carry_out(lambda db: people.note_failure(db, asked.actor, who, reason))


def step_of(asked: Asked, known: Known, code: str) -> int | None:
    """The step of a second factor's code; None when it fits none."""
    assert known.totp_sealed is not None
    try:
        letters = asked.state.seal.unseal(SECOND_FACTOR, known.account_id, known.totp_sealed)
    except CannotOpen:
        return None
    return matching_step(base64.b32decode(letters), code, asked.actor.at)


async def refresh(asked: Asked) -> dict[str, Any]:
    """refreshToken, deviceId → tokens. The old refresh token is good for another minute, in case the answer was lost."""
    token, device_id = _parsed(asked.text("refreshToken")), asked.text("deviceId")
    if token is None:
        raise refused("NOT_SIGNED_IN")
    session_id, generation, mac = token

    def is_genuine(salt: bytes) -> bool:
        return hmac.compare_digest(_mac(asked, session_id, generation, salt), mac)

    refreshed = await asked.carry_out(
        lambda db: devices.refresh(
            db, asked.actor, session_id, generation, device_id, is_genuine, is_demo=asked.is_demo
        )
    )
    if refreshed is None or refreshed.verdict is Refresh.EXPIRED:
        raise refused("NOT_SIGNED_IN")
    if refreshed.verdict not in (Refresh.ROTATE, Refresh.REPEAT):
        raise refused("SESSION_REVOKED")
    return _tokens(
        asked,
        refreshed.account_id,
        session_id,
        refreshed.device_id,
        refreshed.salt,
        refreshed.generation,
        refreshed.expires_at,
    )


async def sign_out(asked: Asked) -> dict[str, Any]:
    """Ends the session of the token."""
    if asked.bearer is None or asked.bearer.session_id is None:
        raise not_visible()
    session_id = asked.bearer.session_id
    ended = await asked.carry_out(lambda db: devices.revoke(db, asked.actor, asked.actor.id, session_id, "SIGNED_OUT"))
    return {"revoked": [str(one) for one in ended]}


async def listed(asked: Asked) -> dict[str, Any]:
    """accountId (else one's own) → where it is signed in."""
    who = asked.id("accountId") or asked.actor.id
    found = await asked.carry_out(lambda db: devices.devices(db, asked.actor, who))
    here = asked.bearer.session_id if asked.bearer else None
    return {
        "sessions": [
            {
                "id": str(one.id),
                "deviceId": one.device_id,
                "deviceName": one.device_name,
                "openedAt": one.opened_at,
                "usedAt": one.used_at,
                "expiresAt": one.expires_at,
                "isThisOne": one.id == here,
            }
            for one in found
        ]
    }


async def revoke(asked: Asked) -> dict[str, Any]:
    """sessionId, or all: true; accountId for somebody else's → which were ended. Felt within five seconds."""
    who, one = asked.id("accountId") or asked.actor.id, asked.id("sessionId")
    if (one is None) == (asked.body.get("all") is not True):
        raise invalid("REQUIRED", "sessionId")
    ended = await asked.carry_out(lambda db: devices.revoke(db, asked.actor, who, one, "REVOKED"))
    return {"revoked": [str(one) for one in ended]}


def _mac(asked: Asked, session_id: uuid.UUID, generation: int, salt: bytes) -> bytes:
    return bytes(asked.state.seal.mac("refresh", session_id.bytes, generation.to_bytes(8), salt))


def _parsed(token: str) -> tuple[uuid.UUID, int, bytes] | None:
    """Session, generation and what proves them; None for what cannot be one of ours."""
    try:
        sent = token.removeprefix(PREFIX)
        raw = base64.b64decode(sent + "=" * (-len(sent) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    if len(raw) != TOKEN_BYTES or not token.startswith(PREFIX) or raw[16] & 0x80:  # a bigint has a sign
        return None
    return uuid.UUID(bytes=raw[:16]), int.from_bytes(raw[16:24]), raw[24:]


def _tokens(
    asked: Asked,
    account_id: uuid.UUID,
    session_id: uuid.UUID,
    device_id: str,
    salt: bytes,
    generation: int,
    expires_at: datetime,
) -> dict[str, Any]:
    proof = _mac(asked, session_id, generation, salt)
    raw = session_id.bytes + generation.to_bytes(8) + proof
    claims = {"sid": str(session_id), "dev": device_id}
    return {
        "accessToken": asked.state.identities.keys.issue(
            account_id, ACCESS_SECONDS, asked.actor.at.timestamp(), **claims
        ),
        "tokenType": "Bearer",
        "expiresIn": ACCESS_SECONDS,
        "refreshToken": PREFIX + base64.urlsafe_b64encode(raw).decode().rstrip("="),
        "refreshExpiresAt": expires_at,
        "sessionId": str(session_id),
        "accountId": str(account_id),
    }
