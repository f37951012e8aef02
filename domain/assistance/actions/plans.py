"""A plan is made for a family, and ends (一户一计划; 生产发展计划)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.assistance.models import AssistancePlan
from domain.assistance.queries import check_lives, family_facts, help_policy, locked_plan
from domain.assistance.rules import KNOWS_THE_FAMILY, PlanKind, exit_problems, order_problem
from domain.audit.actions import record
from domain.audit.before_and_after import HOUSEHOLD, differences, sealed_changes
from domain.base.errors import Conflict, InvalidInput, Problem
from domain.changes.actions import Answer, once
from domain.households.queries import exited_on, vocabulary
from domain.households.rules import Reading

MOST_GOALS = 20
TEXT_LIMIT = 500  # characters


async def make_plan(
    db: AsyncSession,
    actor: Actor,
    *,
    id: uuid.UUID,
    household_id: uuid.UUID,
    kind: PlanKind,
    started_on: str,
    goals: Sequence[str],
) -> Answer:
    """Make a family's plan, or its plan for production: 1 to 20 goals in words, from `started_on`, today or earlier.

    Answers {"plan_id"}. Raises NotVisible; Refused (FORBIDDEN_ROLE); InvalidInput with all that is wrong (HAS_ENDED,
    REQUIRED, TOO_MANY, TOO_LONG, DATE_INVALID, DATE_IN_FUTURE); Conflict (PLAN_ALREADY_OPEN, and as `once` does).
    """

    async def make() -> Answer:
        home = await family_facts(db, actor, household_id, KNOWS_THE_FAMILY, "householdId")
        check_lives(home, "householdId")
        reading = Reading(actor.today, {})
        first = reading.day(started_on, ("input", "startedOn"))
        if len(goals) > MOST_GOALS:
            reading.wrong("TOO_MANY", ("input", "goals"), limit=MOST_GOALS)
        if not goals:
            reading.wrong("REQUIRED", ("input", "goals"))
        read = [
            reading.text(goal, ("input", "goals", str(place)), at_most=TEXT_LIMIT, is_required=True)
            for place, goal in enumerate(goals[:MOST_GOALS])
        ]
        if reading.problems:
            raise InvalidInput(*reading.problems)
        same = AssistancePlan.household_id == home.id, AssistancePlan.kind == kind, AssistancePlan.ended_on.is_(None)
        if await db.scalar(select(AssistancePlan.id).where(*same)) is not None:
            raise Conflict(Problem("PLAN_ALREADY_OPEN", ("input", "kind")))
        row: dict[str, Any] = {
            "household_id": home.id,
            "region_code": home.region_code,
            "kind": kind,
            "goals": read,
            "started_on": first,
            "made_at": actor.at,
            "made_by_id": actor.id,
        }
        await db.execute(insert(AssistancePlan).inline(), {"id": id, **row})
        told = differences({}, {"planGoals": read, "planStartedOn": first})
        changes = await sealed_changes(db, actor, home.id, {HOUSEHOLD: told})
        about = ("household", home.id, home.region_code, {"plan": str(id), "kind": kind.value})
        await record(db, actor, "make_plan", *about, operation_id=id, changes=changes)
        return {"plan_id": str(id)}

    content = {"household_id": household_id, "kind": kind, "started_on": started_on, "goals": list(goals)}
    return await once(db, actor, id, "make_plan", content, make)


async def end_plan(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    plan_id: uuid.UUID,
    ended_on: str,
    reason: str,
    result: str | None = None,
) -> Answer:
    """End a plan: completed, with its result in words, or for another reason of plan_end_reason.

    Answers {"plan_id"}. Raises NotVisible; Refused (FORBIDDEN_ROLE); InvalidInput with all that is wrong (UNKNOWN_CODE,
    DATE_INVALID, DATE_IN_FUTURE, STEP_BEFORE_THE_LAST, TOO_LONG, REQUIRED for the result of what was completed,
    EXIT_NOT_ON_RECORD, EXIT_ENDS_NO_HELP); Conflict (PLAN_ALREADY_ENDED, and as `once` does).
    """

    async def end() -> Answer:
        plan = await locked_plan(db, actor, plan_id, KNOWS_THE_FAMILY)
        if plan.ended_on is not None:
            raise Conflict(Problem("PLAN_ALREADY_ENDED", ("input", "planId"), {"endedOn": str(plan.ended_on)}))
        reading = Reading(actor.today, await vocabulary(db, ("plan_end_reason",)))
        reading.code(reason, "plan_end_reason", ("input", "reason"))
        day = reading.day(ended_on, ("input", "endedOn"))
        told = reading.text(result, ("input", "result"), at_most=TEXT_LIMIT, is_required=reason == "COMPLETED")
        reading.problems += order_problem("endedOn", day, plan.started_on)
        policy = await help_policy(db, plan.region_code, actor.today)
        left_on = await exited_on(db, plan.household_id)
        reading.problems += exit_problems(reason, left_on, policy.transition_months, actor.today)
        if reading.problems:
            raise InvalidInput(*reading.problems)
        values = {"ended_on": day, "end_reason": reason, "result": told}
        await db.execute(update(AssistancePlan).where(AssistancePlan.id == plan.id).values(**values))
        facts = differences({}, {"planEndedOn": day, "planEndReason": reason, "planResult": told})
        changes = await sealed_changes(db, actor, plan.household_id, {HOUSEHOLD: facts})
        about = ("household", plan.household_id, plan.region_code, {"plan": str(plan.id), "reason": reason})
        await record(db, actor, "end_plan", *about, operation_id=operation_id, changes=changes)
        return {"plan_id": str(plan.id)}

    content = {"plan_id": plan_id, "ended_on": ended_on, "reason": reason, "result": result}
    return await once(db, actor, operation_id, "end_plan", content, end)
