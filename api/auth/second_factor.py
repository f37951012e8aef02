"""The second factor (TOTP): turned on by its owner, with a code as proof that the authenticator has it."""

from __future__ import annotations

import base64
import os
from typing import Any, Final
from urllib.parse import quote

import orjson

from api.auth.asking import Asked
from api.auth.passwords import proved, uncount
from api.auth.sessions import step_of
from domain.base.errors import refused
from domain.base.sealed_fields import SECOND_FACTOR
from domain.base.sealing import CannotOpen
from domain.signing_in import people
from domain.signing_in.rules import matching_step

SECRET_BYTES: Final = 20  # what RFC 4226 asks of SHA-1
ENROLMENT_SECONDS: Final = 900


async def begin(asked: Asked) -> dict[str, Any]:
    """password → secret, the URI of its QR code, and an enrolment to send back with a code. Nothing is kept yet."""
    known = await proved(asked, asked.text("password", 1000))
    if known.totp_sealed is not None:
        raise refused("SECOND_FACTOR_IS_ON")
    secret = os.urandom(SECRET_BYTES)
    letters = base64.b32encode(secret).decode()
    pending = orjson.dumps({"secret": letters, "until": asked.actor.at.timestamp() + ENROLMENT_SECONDS}).decode()
    enrolment = base64.b64encode(asked.state.seal.seal("enrolment", known.account_id, pending)).decode()
    uri = f"otpauth://totp/ruhu:{quote(known.login_name)}?secret={letters}&issuer=ruhu"
    return {"secret": letters, "uri": uri, "enrolment": enrolment}


async def confirm(asked: Asked) -> dict[str, Any]:
    """enrolment, code → on from now on."""
    try:
        sealed = base64.b64decode(asked.text("enrolment", 1000), validate=True)
        facts: dict[str, Any] = orjson.loads(asked.state.seal.unseal("enrolment", asked.actor.id, sealed))
    except (ValueError, CannotOpen):
        raise refused("SIGN_IN_FAILED", "enrolment") from None
    if facts["until"] < asked.actor.at.timestamp():
        raise refused("SIGN_IN_FAILED", "enrolment")
    step = matching_step(base64.b32decode(facts["secret"]), asked.text("code"), asked.actor.at)
    if step is None:
        raise refused("SIGN_IN_FAILED", "code")
    kept = asked.state.seal.seal(SECOND_FACTOR, asked.actor.id, facts["secret"])
    await asked.carry_out(lambda db: people.set_second_factor(db, asked.actor, kept, step))
    return {"isOn": True}


async def turn_off(asked: Asked) -> dict[str, Any]:
    """password, code → off. Whoever has lost the authenticator asks an administrator."""
    known = await proved(asked, asked.text("password", 1000), is_all=False)
    if known.totp_sealed is not None:
        step = step_of(asked, known, asked.text("code"))
        if step is None:
            await asked.carry_out(lambda db: people.note_failure(db, asked.actor, known.account_id, "second factor"))
            raise refused("SIGN_IN_FAILED", "code")
        await asked.carry_out(lambda db: people.use_second_factor(db, asked.actor, step))
        await asked.carry_out(lambda db: people.set_second_factor(db, asked.actor, None, None))
    await uncount(asked, known)
    return {"isOn": False}
