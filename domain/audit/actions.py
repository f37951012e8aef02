"""Leaving a trace. Entries are inserted unchained: a chain written inline would make every action wait for every other."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.audit.models import AuditEntry


async def record(
    db: AsyncSession,
    actor: Actor,
    action: str,
    subject_kind: str,
    subject_id: uuid.UUID | None,
    region_code: str | None,
    detail: Mapping[str, Any] | None = None,
    *,
    operation_id: uuid.UUID | None = None,
    purpose: str | None = None,
    changes: bytes | None = None,
    seen: Sequence[uuid.UUID] | None = None,
) -> None:
    """One entry per action and subject, in the action's own transaction. `detail` holds codes and counts, no identities;
    what stood there and stands there now goes into `changes`, sealed (before_and_after.py).
    `seen`: the households whose facts were shown in clear by it."""
    # inline: no RETURNING, because whoever writes entries may not read them.
    await db.execute(
        insert(AuditEntry).inline(),
        {
            "at": actor.at,
            "actor_id": actor.viewer.id,
            "actor_roles": sorted(actor.viewer.roles),
            "action": action,
            "subject_kind": subject_kind,
            "subject_id": subject_id,
            "region_code": region_code,
            "operation_id": operation_id,
            "request_id": actor.request_id,
            "device_id": actor.device_id,
            "purpose": purpose,
            "detail": dict(detail or {}),
            "changes": changes,
            "seen": seen,
        },
    )
