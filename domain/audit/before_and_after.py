"""What stood there before and what stands now, in the trace and yet erasable (前后值): under the family's own key.

The chain of blocks runs over what is sealed. Whoever erases a family destroys its key: then nobody can read these values
any more, and the trace is still whole.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.audit.models import TraceKey
from domain.base.sealed_fields import TRACE_KEY
from domain.base.sealing import CannotOpen, Ring
from domain.base.transactions import ring_of

NONCE_BYTES: Final = 12
Changes = Mapping[str, Mapping[str, Any]]  # whose (a person's id, or "household") -> field -> [before, after]


async def sealed_changes(db: AsyncSession, actor: Actor, household_id: uuid.UUID, changes: Changes) -> bytes:
    """The changes under the household's key, made with its first change. Raises CannotOpen once it is destroyed."""
    ring = ring_of(db)
    mine = select(TraceKey.wrapped).where(TraceKey.id == household_id)
    wrapped = await db.scalar(mine)
    if wrapped is None:
        fresh = ring.seal(TRACE_KEY, household_id, os.urandom(32).hex())
        values = {"id": household_id, "wrapped": fresh, "made_at": actor.at}
        await db.execute(insert(TraceKey).values(values).on_conflict_do_nothing())
        wrapped = await db.scalar(mine)  # perhaps another's, who was faster
    if wrapped is None:
        raise CannotOpen(f"the trace key of household {household_id} was destroyed")
    nonce = os.urandom(NONCE_BYTES)
    plain = json.dumps(changes, ensure_ascii=False, default=str).encode()
    return nonce + _cipher(ring, household_id, wrapped).encrypt(nonce, plain, household_id.bytes)


def opened_changes(ring: Ring, household_id: uuid.UUID, wrapped: bytes, sealed: bytes) -> dict[str, dict[str, Any]]:
    """The changes again. Raises CannotOpen for another household's, and for what was touched."""
    try:
        plain = _cipher(ring, household_id, wrapped).decrypt(
            sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], household_id.bytes
        )
    except (InvalidTag, ValueError):
        raise CannotOpen(f"these changes were not sealed for household {household_id}") from None
    found: dict[str, dict[str, Any]] = json.loads(plain)
    return found


def _cipher(ring: Ring, household_id: uuid.UUID, wrapped: bytes) -> AESGCM:
    return AESGCM(bytes.fromhex(ring.unseal(TRACE_KEY, household_id, wrapped)))
