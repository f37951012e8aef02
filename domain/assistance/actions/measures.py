"""A measure is planned for a family or for one of its people (一人一措施)."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.assistance.models import AssistancePlan, Measure, MeasureEvent
from domain.assistance.queries import check_lives, check_provider, family_facts, help_policy
from domain.assistance.rules import STEPS, MeasureAct, entitlement_of
from domain.audit.actions import record
from domain.audit.before_and_after import HOUSEHOLD, differences, sealed_changes
from domain.base.errors import InvalidInput
from domain.base.models import namespace_id
from domain.changes.actions import Answer, once
from domain.households.queries import vocabulary
from domain.households.rules import Path, Reading
from domain.monitoring.queries import were_members
from domain.monitoring.rules import fen

CONTENT_LIMIT = 200  # characters


async def add_measure(
    db: AsyncSession,
    actor: Actor,
    *,
    id: uuid.UUID,
    household_id: uuid.UUID,
    kind: str,
    content: str,
    planned_on: str,
    person_id: uuid.UUID | None = None,
    plan_id: uuid.UUID | None = None,
    cause: str | None = None,
    due_on: date | None = None,
    amount: str | None = None,
    provider_helper_id: uuid.UUID | None = None,
    provider_organisation_id: uuid.UUID | None = None,
) -> Answer:
    """Plan a measure: kind of measure_kind, the cause it answers, who provides it, what it is worth in yuan.

    How far the family may claim it is settled now, by its category and the region's policy (`entitlement_of`). Answers
    {"measure_id"}. Raises NotVisible; Refused (FORBIDDEN_ROLE); InvalidInput with all that is wrong (HAS_ENDED,
    UNKNOWN_CODE, REQUIRED, TOO_LONG, DATE_INVALID, DATE_IN_FUTURE, END_BEFORE_START, AMOUNT_INVALID,
    PERSON_NOT_OF_HOUSEHOLD, NOT_FOUND for plan or provider); Conflict as `once` does.
    """

    async def add() -> Answer:
        step = STEPS[MeasureAct.ADD]
        home = await family_facts(db, actor, household_id, step.who, "householdId")
        check_lives(home, "householdId")
        reading = Reading(actor.today, await vocabulary(db, ("measure_kind", "cause")))
        reading.code(kind, "measure_kind", ("input", "kind"))
        reading.code(cause, "cause", ("input", "cause"), is_required=False)
        what = reading.text(content, ("input", "content"), at_most=CONTENT_LIMIT, is_required=True)
        first = reading.day(planned_on, ("input", "plannedOn"))
        if first is not None and due_on is not None and due_on < first:
            reading.wrong("END_BEFORE_START", ("input", "dueOn"))
        worth = amount_read(reading, amount, ("input", "amount"))
        if person_id is not None and (person_id, home.id) not in await were_members(db, [home.id]):
            reading.wrong("PERSON_NOT_OF_HOUSEHOLD", ("input", "personId"))
        if plan_id is not None:
            open_plan = AssistancePlan.id == plan_id, AssistancePlan.household_id == home.id
            plan = select(AssistancePlan.id).where(*open_plan, AssistancePlan.ended_on.is_(None))
            if await db.scalar(plan) is None:
                reading.wrong("NOT_FOUND", ("input", "planId"))
        await check_provider(db, reading, provider_helper_id, provider_organisation_id)
        if reading.problems:
            raise InvalidInput(*reading.problems)
        entitlement = entitlement_of(home.category, kind, await help_policy(db, home.region_code, actor.today))
        row = {
            "id": id,
            "plan_id": plan_id,
            "household_id": home.id,
            "person_id": person_id,
            "region_code": home.region_code,
            "kind": kind,
            "cause": cause,
            "content": what,
            "entitlement": entitlement,
            "state": step.to,
            "planned_on": first,
            "due_on": due_on,
            "amount_fen": worth,
            "provider_helper_id": provider_helper_id,
            "provider_organisation_id": provider_organisation_id,
            "recorded_at": actor.at,
            "recorded_by_id": actor.id,
        }
        await db.execute(insert(Measure).inline(), row)
        event = {"id": namespace_id(f"measure event {id}"), "measure_id": id, "region_code": home.region_code}
        event |= {"act": step.act, "from_state": None, "to_state": step.to, "happened_on": first}
        await db.execute(insert(MeasureEvent).inline(), {**event, "recorded_at": actor.at, "recorded_by_id": actor.id})
        told = differences({}, {"measureContent": what, "measureAmountFen": worth, "measurePlannedOn": first})
        whose = HOUSEHOLD if person_id is None else str(person_id)
        changes = await sealed_changes(db, actor, home.id, {whose: told})
        about = ("household", home.id, home.region_code, {"measure": str(id), "kind": kind})
        await record(db, actor, "add_measure", *about, operation_id=id, changes=changes)
        return {"measure_id": str(id)}

    given = {"household_id": household_id, "kind": kind, "content": content, "planned_on": planned_on}
    given |= {"person_id": person_id, "plan_id": plan_id, "cause": cause, "due_on": due_on and str(due_on)}
    given |= {"amount": amount, "helper": provider_helper_id, "organisation": provider_organisation_id}
    return await once(db, actor, id, "add_measure", given, add)


def amount_read(reading: Reading, given: str | None, path: Path) -> int | None:
    """Yuan as people write them, in fen; nothing for nothing."""
    if given is None:
        return None
    worth = fen(given)
    if worth is None:
        reading.wrong("AMOUNT_INVALID", path)
    return worth
