"""Campaigns are opened by officers; organisations report what they did."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import viewer_parameters
from domain.access.rules import Actor
from domain.audit.actions import record
from domain.base.errors import InvalidInput, Problem, not_visible, refused
from domain.campaigns.models import Campaign, CampaignActivity
from domain.campaigns.rules import (
    DOCUMENT_LIMIT,
    MOST_PEOPLE,
    NAME_LIMIT,
    OPENS_CAMPAIGNS,
    REPORTS,
    TEXT_LIMIT,
    activity_problems,
    days_problems,
    photo_problems,
    target_problems,
)
from domain.changes.actions import Answer, once
from domain.households.queries import vocabulary
from domain.households.rules import Reading
from domain.monitoring.rules import fen
from domain.pairings.models import Pairing
from domain.pairings.queries import sees_pairing
from domain.regions.models import Region


async def open_campaign(
    db: AsyncSession,
    actor: Actor,
    *,
    id: uuid.UUID,
    name: str,
    role: str,
    region_code: str,
    from_on: str,
    target_organisations: int,
    target_villages: int,
    modes: Sequence[str],
    areas: Sequence[str],
    document: str,
    until_on: str | None = None,
) -> Answer:
    """Open a campaign of organisations and villages in a region. until_on: the first day after it, null while it is open.

    Answers {"campaign_id"}. Raises Refused (FORBIDDEN_ROLE), NotVisible, InvalidInput with all that is wrong
    (UNKNOWN_CODE, REQUIRED, TOO_LONG, DATE_INVALID, DATE_IN_FUTURE, END_BEFORE_START, OUT_OF_RANGE), or CAMPAIGN_OVERLAP
    from the constraint; Conflict as `once`.
    """

    async def open_it() -> Answer:
        roles = actor.viewer.roles
        if roles.isdisjoint(OPENS_CAMPAIGNS):
            raise refused("FORBIDDEN_ROLE", roles=", ".join(sorted(OPENS_CAMPAIGNS)))
        region = await db.scalar(select(Region.code).where(Region.code == region_code, Region.valid_to.is_(None)))
        if region is None or not actor.viewer.sees_region(region_code):
            raise not_visible("region")
        words = await vocabulary(db, ("pairing_role", "pairing_mode", "campaign_area"))
        reading = Reading(actor.today, words)
        called = reading.text(name, ("input", "name"), at_most=NAME_LIMIT, is_required=True)
        by = reading.text(document, ("input", "document"), at_most=DOCUMENT_LIMIT, is_required=True)
        reading.code(role, "pairing_role", ("input", "role"))
        begins = reading.day(from_on, ("input", "fromOn"))
        ends = None if until_on is None else _day(until_on, reading)
        row = {
            "id": id,
            "name": called,
            "role": role,
            "region_code": region_code,
            "from_on": begins,
            "until_on": ends,
            "target_organisations": target_organisations,
            "target_villages": target_villages,
            "modes": reading.codes(modes, "pairing_mode", ("input", "modes")),
            "areas": reading.codes(areas, "campaign_area", ("input", "areas")),
            "document": by,
            "opened_at": actor.at,
            "opened_by_id": actor.id,
        }
        problems = reading.problems + target_problems(target_organisations, target_villages)
        problems += days_problems(begins, ends)
        if problems:
            raise InvalidInput(*problems)
        await db.execute(insert(Campaign).inline(), row)
        targets = {"role": role, "organisations": target_organisations, "villages": target_villages}
        await record(db, actor, "open_campaign", "campaign", id, region_code, targets, operation_id=id)
        return {"campaign_id": str(id)}

    content: dict[str, Any] = {"name": name, "role": role, "region": region_code, "from": from_on, "until": until_on}
    content |= {"organisations": target_organisations, "villages": target_villages}
    content |= {"modes": list(modes), "areas": list(areas), "document": document}
    return await once(db, actor, id, "open_campaign", content, open_it)


async def report_activity(
    db: AsyncSession,
    actor: Actor,
    *,
    id: uuid.UUID,
    campaign_id: uuid.UUID,
    pairing_id: uuid.UUID,
    area: str,
    happened_on: str,
    text: str,
    amount: str | None = None,
    people_reached: int | None = None,
    photos: Sequence[Mapping[str, Any]] = (),
) -> Answer:
    """Tell of something an organisation did for its village: by itself, or by an officer of the village's region.

    amount: yuan. photos: {sha256, byteSize, mediaType} each. Answers {"activity_id"}. Raises Refused (FORBIDDEN_ROLE),
    NotVisible, InvalidInput with all that is wrong (UNKNOWN_CODE, REQUIRED, TOO_LONG, DATE_INVALID, DATE_IN_FUTURE,
    NOT_IN_CAMPAIGN, AMOUNT_INVALID, OUT_OF_RANGE, TOO_MANY, SHA256_INVALID, MEDIA_TYPE_UNKNOWN); Conflict as `once`.
    """

    async def report() -> Answer:
        if actor.viewer.roles.isdisjoint(REPORTS):
            raise refused("FORBIDDEN_ROLE", roles=", ".join(sorted(REPORTS)))
        campaign = await db.scalar(select(Campaign).where(Campaign.id == campaign_id))
        if campaign is None:
            raise not_visible("campaignId")
        pairing = await _pairing(db, actor, pairing_id)
        reading = Reading(actor.today, await vocabulary(db, ("campaign_area",)))
        reading.code(area, "campaign_area", ("input", "area"))
        told = reading.text(text, ("input", "text"), at_most=TEXT_LIMIT, is_required=True)
        day = reading.day(happened_on, ("input", "happenedOn"))
        spent = None if amount is None else fen(amount)
        if amount is not None and spent is None:
            reading.wrong("AMOUNT_INVALID", ("input", "amount"))
        if people_reached is not None and not 0 <= people_reached <= MOST_PEOPLE:
            reading.wrong("OUT_OF_RANGE", ("input", "peopleReached"), at_least=0, at_most=MOST_PEOPLE)
        if not pairing.region_code.startswith(campaign.region_code):
            reading.wrong("NOT_IN_CAMPAIGN", ("input", "pairingId"))
        spans = (pairing.started_on, pairing.ended_on), (campaign.role, campaign.from_on, campaign.until_on)
        problems = reading.problems + activity_problems(pairing.role, day, *spans) + photo_problems(photos)
        if problems:
            raise InvalidInput(*problems)
        row = {
            "id": id,
            "campaign_id": campaign_id,
            "pairing_id": pairing_id,
            "organisation_id": pairing.organisation_id,
            "village_id": pairing.village_id,
            "region_code": pairing.region_code,
            "area": area,
            "happened_on": day,
            "text": told,
            "amount_fen": spent,
            "people_reached": people_reached,
            "photos": [dict(photo) for photo in photos],
            "reported_at": actor.at,
            "reported_by_id": actor.id,
        }
        await db.execute(insert(CampaignActivity).inline(), row)
        about = ("campaign_activity", id, pairing.region_code, {"area": area})
        await record(db, actor, "report_activity", *about, operation_id=id)
        return {"activity_id": str(id)}

    content: dict[str, Any] = {
        "campaign_id": campaign_id,
        "pairing_id": pairing_id,
        "area": area,
        "happened_on": happened_on,
    }
    content |= {"text": text, "amount": amount, "people": people_reached, "photos": [dict(one) for one in photos]}
    return await once(db, actor, id, "report_activity", content, report)


async def _pairing(db: AsyncSession, actor: Actor, pairing_id: uuid.UUID) -> Pairing:
    """A pairing of an organisation with a village: one's own organisation's, or of the region of an officer."""
    visible = select(Pairing).where(
        Pairing.id == pairing_id,
        Pairing.village_id.is_not(None),
        Pairing.organisation_id.is_not(None),
        sees_pairing(),
    )
    pairing = await db.scalar(visible, viewer_parameters(actor.viewer))
    if pairing is None:
        raise not_visible("pairingId")
    is_own = pairing.organisation_id == actor.viewer.organisation_id
    if not is_own and not actor.viewer.sees_region(pairing.region_code):
        raise not_visible("pairingId")
    return pairing


def _day(given: str, reading: Reading) -> Any:
    """A last day may be still to come."""
    later = Reading(reading.today.replace(year=reading.today.year + 50), reading.vocabulary)
    day = later.day(given, ("input", "untilOn"))
    reading.problems += [Problem(one.code, one.path, one.detail) for one in later.problems]
    return day
