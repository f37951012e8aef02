"""Agreements are filed, and who is to be called is named."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import viewer_parameters
from domain.access.rules import Actor
from domain.audit.actions import record
from domain.base.errors import InvalidInput, Problem, not_visible, refused
from domain.changes.actions import Answer, once
from domain.helpers.models import Helper
from domain.pairings.models import Agreement, Pairing
from domain.pairings.partnership import (
    FILES_AGREEMENTS,
    TITLE_LIMIT,
    contact_problems,
    file_problems,
    term_problems,
)
from domain.pairings.queries import sees_pairing
from domain.pairings.rules import DECIDES, day_read, may_decide


async def file_agreement(
    db: AsyncSession,
    actor: Actor,
    *,
    id: uuid.UUID,
    pairing_id: uuid.UUID,
    title: str,
    signed_on: str,
    ends_on: str | None = None,
    sha256: str | None = None,
    byte_size: int | None = None,
    media_type: str | None = None,
) -> Answer:
    """File the document that a pairing stands on: by who decides in its region, or by the organisation itself.

    ends_on: the first day on which it no longer holds, perhaps still to come. Answers {"agreement_id"}. Raises Refused
    (FORBIDDEN_ROLE), NotVisible, InvalidInput with all that is wrong (REQUIRED, TOO_LONG, DATE_INVALID, DATE_IN_FUTURE,
    END_BEFORE_START, SHA256_INVALID, MEDIA_TYPE_UNKNOWN, OUT_OF_RANGE); Conflict as `once`.
    """

    async def file() -> Answer:
        if actor.viewer.roles.isdisjoint(FILES_AGREEMENTS):
            raise refused("FORBIDDEN_ROLE", roles=", ".join(sorted(FILES_AGREEMENTS)))
        pairing = await _pairing(db, actor, pairing_id)
        if pairing.helping_id != actor.viewer.organisation_id:
            _decides(actor, pairing)
        problems: list[Problem] = []
        called = title.strip()
        if not called:
            problems.append(Problem("REQUIRED", ("input", "title")))
        if len(called) > TITLE_LIMIT:
            problems.append(Problem("TOO_LONG", ("input", "title"), {"characters": len(called), "limit": TITLE_LIMIT}))
        first = day_read("signedOn", signed_on, actor.today, problems)
        last = None if ends_on is None else day_read("endsOn", ends_on, date.max, problems)
        problems += term_problems(first, last) + file_problems(sha256, byte_size, media_type)
        if problems:
            raise InvalidInput(*problems)
        row: dict[str, Any] = {
            "id": id,
            "pairing_id": pairing_id,
            "party_id": pairing.helping_id,
            "region_code": pairing.region_code,
            "title": called,
            "signed_on": first,
            "ends_on": last,
            "sha256": sha256,
            "byte_size": byte_size,
            "media_type": media_type,
            "recorded_at": actor.at,
            "recorded_by_id": actor.id,
        }
        await db.execute(insert(Agreement).inline(), row)
        about = ("agreement", id, pairing.region_code, {"role": pairing.role})
        await record(db, actor, "file_agreement", *about, operation_id=id)
        return {"agreement_id": str(id), "pairing_id": str(pairing_id)}

    content = {"pairing_id": pairing_id, "title": title, "signed_on": signed_on, "ends_on": ends_on}
    content |= {"sha256": sha256, "byte_size": byte_size, "media_type": media_type}
    return await once(db, actor, id, "file_agreement", content, file)


async def name_contacts(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    pairing_id: uuid.UUID,
    contact_id: uuid.UUID | None = None,
    responsible_id: uuid.UUID | None = None,
) -> Answer:
    """Name whom to call about a pairing: somebody of the organisation, and the officer who answers for it; none takes away.

    Answers {"pairing_id"}. Raises Refused (FORBIDDEN_ROLE, ALREADY_ENDED), NotVisible, InvalidInput (NOT_FOUND, HAS_ENDED,
    CONTACT_NOT_THEIRS); Conflict as `once`.
    """

    async def name() -> Answer:
        if not may_decide(actor.viewer.roles):
            raise refused("FORBIDDEN_ROLE", roles=", ".join(sorted(DECIDES)))
        pairing = await _pairing(db, actor, pairing_id)
        _decides(actor, pairing)
        await db.refresh(pairing, with_for_update=True)
        if pairing.ended_on is not None:
            raise refused("ALREADY_ENDED", "pairingId", endedOn=pairing.ended_on)
        problems: list[Problem] = []
        if contact_id is not None:
            found = await _helper(db, contact_id)
            problems += contact_problems("contactId", found, actor.today, of_organisation=pairing.organisation_id)
        if responsible_id is not None:
            problems += contact_problems("responsibleId", await _helper(db, responsible_id), actor.today)
        if problems:
            raise InvalidInput(*problems)
        named = {"contact_id": contact_id, "responsible_id": responsible_id}
        await db.execute(update(Pairing).where(Pairing.id == pairing_id).values(**named))
        about = ("pairing", pairing_id, pairing.region_code, {"role": pairing.role})
        await record(db, actor, "name_contacts", *about, operation_id=operation_id)
        return {"pairing_id": str(pairing_id)}

    content = {"pairing_id": pairing_id, "contact_id": contact_id, "responsible_id": responsible_id}
    return await once(db, actor, operation_id, "name_contacts", content, name)


async def _pairing(db: AsyncSession, actor: Actor, pairing_id: uuid.UUID) -> Pairing:
    visible = select(Pairing).where(Pairing.id == pairing_id, sees_pairing())
    pairing = (await db.execute(visible, viewer_parameters(actor.viewer))).scalar_one_or_none()
    if pairing is None:
        raise not_visible("pairingId")
    return pairing


def _decides(actor: Actor, pairing: Pairing) -> None:
    if not (may_decide(actor.viewer.roles) and actor.viewer.sees_region(pairing.region_code)):
        raise refused("FORBIDDEN_ROLE", roles=", ".join(sorted(DECIDES)))


async def _helper(db: AsyncSession, helper_id: uuid.UUID) -> Any:
    """(organisation_id, ended_on). Whoever is signed in may know helpers, so there is no scope."""
    asked = select(Helper.organisation_id, Helper.ended_on).where(Helper.id == helper_id)
    return (await db.execute(asked)).one_or_none()
