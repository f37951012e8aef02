"""Benefit links are agreed and ended by officers; what was delivered is told by both sides."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import viewer_parameters
from domain.access.rules import Actor
from domain.audit.actions import record
from domain.audit.before_and_after import HOUSEHOLD, differences, sealed_changes
from domain.base.errors import InvalidInput, Problem, not_visible, refused
from domain.changes.actions import Answer, once
from domain.households.rules import Reading
from domain.links.models import BenefitDelivery, BenefitLink
from domain.links.queries import sees_link
from domain.links.rules import (
    AGREES,
    DELIVERS,
    TEXT_LIMIT,
    kind_problems,
    may,
    pairing_problems,
    period_problems,
)
from domain.monitoring.rules import fen
from domain.pairings.models import Pairing
from domain.pairings.queries import sees_pairing, unknown_terms
from domain.pairings.rules import agreement_problems, day_read, end_problems


async def agree_benefit_link(
    db: AsyncSession,
    actor: Actor,
    *,
    id: uuid.UUID,
    pairing_id: uuid.UUID,
    kind: str,
    started_on: str,
    promised: str | None = None,
    period_months: int = 12,
    terms: Mapping[str, Any] | None = None,
) -> Answer:
    """Write down what an enterprise promised a household, under their open pairing.

    promised: yuan in each period of `period_months` (1 to 12), like 1200.00; none where no money is promised. Answers
    {"link_id"}. Raises Refused (FORBIDDEN_ROLE), NotVisible, InvalidInput with all that is wrong (LINK_NEEDS_PAIRING,
    UNKNOWN_CODE, DATE_INVALID, DATE_IN_FUTURE, AMOUNT_INVALID, OUT_OF_RANGE, NOT_AN_OBJECT, TOO_LARGE); Conflict as `once`.
    """

    async def agree() -> Answer:
        if not may(actor.viewer.roles, AGREES):
            raise refused("FORBIDDEN_ROLE", roles=", ".join(sorted(AGREES)))
        pairing = await _pairing(db, actor, pairing_id)
        if not actor.viewer.sees_region(pairing.region_code):
            raise refused("FORBIDDEN_ROLE", roles=", ".join(sorted(AGREES)))
        has_both = pairing.organisation_id is not None and pairing.household_id is not None
        problems = pairing_problems(pairing.role, pairing.ended_on, has_both) + kind_problems(kind)
        first_day = day_read("startedOn", started_on, actor.today, problems)
        problems += agreement_problems(terms)
        amount = None if promised is None else fen(promised)
        if promised is not None and amount is None:
            problems.append(Problem("AMOUNT_INVALID", ("input", "promised")))
        if not 1 <= period_months <= 12:
            problems.append(Problem("OUT_OF_RANGE", ("input", "periodMonths"), {"at_least": 1, "at_most": 12}))
        if problems:
            raise InvalidInput(*problems)
        promise = {"kind": kind, "promised_fen": amount, "period_months": period_months, "started_on": first_day}
        sides = {"household_id": pairing.household_id, "organisation_id": pairing.organisation_id}
        noted = {"recorded_at": actor.at, "recorded_by_id": actor.id, "terms": None if terms is None else dict(terms)}
        row = {"id": id, "pairing_id": pairing_id, **sides, "region_code": pairing.region_code, **promise, **noted}
        await db.execute(insert(BenefitLink).inline(), row)
        assert pairing.household_id is not None  # or it would have been a problem
        told = await _told(db, actor, pairing.household_id, {"benefitLink": promise})
        about = ("benefit_link", id, pairing.region_code, {"kind": kind})
        await record(db, actor, "agree_benefit_link", *about, operation_id=id, changes=told)
        return {"link_id": str(id)}

    content = {"pairing_id": pairing_id, "kind": kind, "started_on": started_on, "promised": promised}
    return await once(
        db, actor, id, "agree_benefit_link", {**content, "period_months": period_months, "terms": terms}, agree
    )


async def end_benefit_link(
    db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, link_id: uuid.UUID, ended_on: str, reason: str
) -> Answer:
    """End a link: `ended_on`, today or earlier, is the first day on which it no longer holds. Answers {"link_id"}.

    Raises Refused (FORBIDDEN_ROLE, ALREADY_ENDED), NotVisible, InvalidInput (UNKNOWN_CODE, END_BEFORE_START, DATE_INVALID,
    DATE_IN_FUTURE).
    """

    async def end() -> Answer:
        if not may(actor.viewer.roles, AGREES):
            raise refused("FORBIDDEN_ROLE", roles=", ".join(sorted(AGREES)))
        link = await _link(db, actor, link_id, is_locked=True)
        if not actor.viewer.sees_region(link.region_code):
            raise refused("FORBIDDEN_ROLE", roles=", ".join(sorted(AGREES)))
        if link.ended_on is not None:
            raise refused("ALREADY_ENDED", "linkId", endedOn=link.ended_on)
        problems: list[Problem] = []
        day = day_read("endedOn", ended_on, actor.today, problems)
        problems += end_problems("endedOn", day, link.started_on)
        problems += await unknown_terms(db, {"reason": ("pairing_end_reason", reason)})
        if problems:
            raise InvalidInput(*problems)
        link.ended_on, link.end_reason = day, reason
        await db.flush()
        told = await _told(db, actor, link.household_id, {"benefitLinkEndedOn": day})
        about = ("benefit_link", link_id, link.region_code, {"kind": link.kind, "reason": reason})
        await record(db, actor, "end_benefit_link", *about, operation_id=operation_id, changes=told)
        return {"link_id": str(link_id)}

    content = {"link_id": link_id, "ended_on": ended_on, "reason": reason}
    return await once(db, actor, operation_id, "end_benefit_link", content, end)


async def record_benefit_delivery(
    db: AsyncSession,
    actor: Actor,
    *,
    id: uuid.UUID,
    link_id: uuid.UUID,
    period: str,
    delivered_on: str,
    amount: str,
    evidence: str,
    corrects_id: uuid.UUID | None = None,
) -> Answer:
    """Write down what was delivered of a link for a period (2026-03, 2026-Q1, 2026), with what shows it.

    amount: yuan; with `corrects_id` the difference to that delivery, which may be below nought (-120.00). Answers
    {"delivery_id"}. Raises Refused (FORBIDDEN_ROLE), NotVisible, InvalidInput (PERIOD_INVALID, DATE_INVALID,
    DATE_IN_FUTURE, AMOUNT_INVALID, REQUIRED, TOO_LONG, NOT_FOUND for a delivery of another link); Conflict as `once`.
    """

    async def deliver() -> Answer:
        if not may(actor.viewer.roles, DELIVERS):
            raise refused("FORBIDDEN_ROLE", roles=", ".join(sorted(DELIVERS)))
        link = await _link(db, actor, link_id)
        reading = Reading(actor.today, {})
        day = reading.day(delivered_on, ("input", "deliveredOn"))
        shown = reading.text(evidence, ("input", "evidence"), at_most=TEXT_LIMIT, is_required=True)
        problems = reading.problems + period_problems(period, link.started_on, link.ended_on, actor.today)
        is_less = corrects_id is not None and amount.startswith("-")
        paid = fen(amount.removeprefix("-") if is_less else amount)
        if paid is None:
            problems.append(Problem("AMOUNT_INVALID", ("input", "amount")))
        if corrects_id is not None:
            corrected = select(BenefitDelivery.id).where(
                BenefitDelivery.id == corrects_id, BenefitDelivery.link_id == link_id
            )
            if await db.scalar(corrected) is None:
                problems.append(Problem("NOT_FOUND", ("input", "correctsId")))
        if problems or paid is None:
            raise InvalidInput(*problems)
        row = {
            "id": id,
            "link_id": link_id,
            "household_id": link.household_id,
            "organisation_id": link.organisation_id,
            "region_code": link.region_code,
            "period": period,
            "delivered_on": day,
            "amount_fen": -paid if is_less else paid,
            "evidence": shown,
            "corrects_id": corrects_id,
            "recorded_at": actor.at,
            "recorded_by_id": actor.id,
        }
        await db.execute(insert(BenefitDelivery).inline(), row)
        about = ("benefit_delivery", id, link.region_code, {"kind": link.kind, "period": period})
        await record(db, actor, "record_benefit_delivery", *about, operation_id=id)
        return {"delivery_id": str(id), "link_id": str(link_id)}

    content = {"link_id": link_id, "period": period, "delivered_on": delivered_on, "amount": amount}
    content |= {"evidence": evidence, "corrects_id": corrects_id}
    return await once(db, actor, id, "record_benefit_delivery", content, deliver)


async def _pairing(db: AsyncSession, actor: Actor, pairing_id: uuid.UUID) -> Pairing:
    """The pairing, if it is visible; locked, so that it does not end meanwhile."""
    visible = select(Pairing).where(Pairing.id == pairing_id, sees_pairing()).with_for_update(key_share=True)
    pairing = await db.scalar(visible, viewer_parameters(actor.viewer))
    if pairing is None:
        raise not_visible("pairingId")
    return pairing


async def _link(db: AsyncSession, actor: Actor, link_id: uuid.UUID, *, is_locked: bool = False) -> BenefitLink:
    visible = select(BenefitLink).where(BenefitLink.id == link_id, sees_link())
    if is_locked:
        visible = visible.with_for_update()
    link = await db.scalar(visible, viewer_parameters(actor.viewer))
    if link is None:
        raise not_visible("linkId")
    return link


async def _told(db: AsyncSession, actor: Actor, household_id: uuid.UUID, facts: Mapping[str, Any]) -> bytes | None:
    """For the trace: what was agreed or ended about a family, sealed under its key."""
    return await sealed_changes(db, actor, household_id, {HOUSEHOLD: differences({}, facts)})
