"""What stood there before and what stands now, in the trace and yet erasable (前后值).

What changed about a person is sealed under a key made of the family's and the person's: to destroy either is enough. The
rest is sealed under the family's. The chain of blocks runs over what is sealed, so whoever erases a family or a person
destroys a key: then nobody can read these values any more, and the trace is still whole.

As it is kept: {"of": the household, "parts": {whose: nonce and ciphertext in base64}}. Whose: a person, or the household.
"""

from __future__ import annotations

import hmac
import json
import os
import uuid
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.audit.models import TraceKey
from domain.base.chinese_ids import masked_id_number
from domain.base.sealed_fields import TRACE_KEY, masked_account
from domain.base.sealing import CannotOpen, Ring
from domain.base.transactions import ring_of

NONCE_BYTES: Final = 12
HOUSEHOLD: Final = "household"
Differences = dict[str, list[Any]]  # field -> [before, after]
Changes = Mapping[str, Mapping[str, Any]]  # whose (a person's id, or HOUSEHOLD) -> differences
SEALED_CHANGES: Final = b"changes "  # how a read says that what follows is for `told`, and no envelope

# Nobody reads these in the clear: `revealIdentity` alone shows one, and has an entry of its own.
_MASKED: Final[Mapping[str, Callable[[str], str]]] = {
    "idNumber": masked_id_number,
    "disabilityCertificate": masked_id_number,
    "bankAccount": masked_account,
}


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Differences:
    """What differs, each with both values; what one side does not name is null there."""
    names = sorted({*before, *after})
    return {name: [before.get(name), after.get(name)] for name in names if before.get(name) != after.get(name)}


async def sealed_changes(db: AsyncSession, actor: Actor, household_id: uuid.UUID, changes: Changes) -> bytes | None:
    """The changes sealed, with keys made at the first change of each; None where nothing differs.

    Raises CannotOpen once the household's key is destroyed. Of a person whose key is, nothing is kept.
    """
    parts = {household_id if whose == HOUSEHOLD else uuid.UUID(whose): told for whose, told in changes.items() if told}
    if not parts:
        return None
    ring = ring_of(db)
    keys = await _keys(db, ring, actor, {household_id, *parts})
    if household_id not in keys:
        raise CannotOpen(f"the trace key of household {household_id} was destroyed")
    sealed = {}
    for whose, told in parts.items():
        if whose in keys:
            nonce, plain = os.urandom(NONCE_BYTES), json.dumps(told, ensure_ascii=False, default=str).encode()
            cipher = _cipher(ring, household_id, whose, keys)
            sealed[str(whose)] = b2a_base64(nonce + cipher.encrypt(nonce, plain, whose.bytes), newline=False).decode()
    return json.dumps({"of": str(household_id), "parts": sealed}).encode() if sealed else None


async def _keys(db: AsyncSession, ring: Ring, actor: Actor, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, bytes]:
    """The wrapped key of each, made where there was none yet; not of those whose key was destroyed."""
    kept = select(TraceKey.id, TraceKey.wrapped).where(TraceKey.id.in_(sorted(ids)))
    found = {row.id: row.wrapped for row in await db.execute(kept)}
    if missing := sorted(set(ids) - set(found)):
        fresh = [
            {"id": one, "wrapped": ring.seal(TRACE_KEY, one, os.urandom(32).hex()), "made_at": actor.at}
            for one in missing
        ]
        await db.execute(insert(TraceKey).values(fresh).on_conflict_do_nothing())
        found = {row.id: row.wrapped for row in await db.execute(kept)}  # perhaps another's, who was faster
    return {one: wrapped for one, wrapped in found.items() if wrapped is not None}


def opened_changes(ring: Ring, sealed: bytes, keys: Mapping[uuid.UUID, bytes]) -> dict[str, dict[str, Any] | None]:
    """Whose -> differences; None of those whose key was destroyed, or the household's. `keys`: wrapped, by id.

    Raises CannotOpen for what was touched, or was not sealed with these keys.
    """
    kept = json.loads(sealed)
    household_id = uuid.UUID(kept["of"])
    found: dict[str, dict[str, Any] | None] = {}
    for text, part in kept["parts"].items():
        whose, raw = uuid.UUID(text), a2b_base64(part)
        name = HOUSEHOLD if whose == household_id else text
        if household_id not in keys or whose not in keys:
            found[name] = None
            continue
        cipher = _cipher(ring, household_id, whose, keys)
        try:
            found[name] = json.loads(cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], whose.bytes))
        except (InvalidTag, ValueError):
            raise CannotOpen(f"changes of {whose} in household {household_id} do not open") from None
    return found


def told(ring: Ring, text: bytes) -> str:
    """What a read brings, opened: an envelope's value, or of changes a JSON list for people who answer for the family.

    Each is {"personId", "isErased", "fields": [{"field", "before", "after"}]}; personId is null for the family's own.
    """
    if not text.startswith(SEALED_CHANGES):
        return ring.told(text)
    kept = json.loads(text.removeprefix(SEALED_CHANGES))
    keys = {uuid.UUID(one): a2b_base64(wrapped) for one, wrapped in kept["keys"].items()}
    opened = opened_changes(ring, json.dumps(kept["sealed"]).encode(), keys)
    return json.dumps(
        [
            {
                "personId": None if whose == HOUSEHOLD else whose,
                "isErased": fields is None,
                "fields": [
                    {"field": name, "before": _shown(name, before), "after": _shown(name, after)}
                    for name, (before, after) in (fields or {}).items()
                ],
            }
            for whose, fields in opened.items()
        ],
        ensure_ascii=False,
    )


def _shown(name: str, value: Any) -> Any:
    mask = _MASKED.get(name)
    return value if mask is None or value is None else mask(str(value))


def _cipher(ring: Ring, household_id: uuid.UUID, whose: uuid.UUID, keys: Mapping[uuid.UUID, bytes]) -> AESGCM:
    key = _key(ring, household_id, keys)
    return AESGCM(key if whose == household_id else hmac.digest(key, _key(ring, whose, keys), "sha256"))


def _key(ring: Ring, whose: uuid.UUID, keys: Mapping[uuid.UUID, bytes]) -> bytes:
    return bytes.fromhex(ring.unseal(TRACE_KEY, whose, keys[whose]))
