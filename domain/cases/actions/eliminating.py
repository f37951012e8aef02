"""The risk is gone, or the category is another: what happens to a family under monitoring (风险消除、类别调整)."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.base.errors import InvalidInput, Party, Requirement, missing
from domain.cases.actions.steps import REASON_LIMIT, happen, must_be_able
from domain.cases.categories import change_problems
from domain.cases.judging import as_evidence, judged_category, judged_conditions
from domain.cases.queries import differing_days, hold_case
from domain.cases.rules import REGISTERED_POOR, decision_due, reason_problems
from domain.cases.transitions import Event
from domain.changes.actions import Answer, once
from domain.households.queries import vocabulary
from domain.households.rules import Reading


async def propose_elimination(
    db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, case_id: uuid.UUID, reason: str
) -> Answer:
    """Begin the second round of a case: the same steps again, and at their end the county asks the conditions anew.

    Each condition is judged by itself; whatever is not known to be met stands against it. Day 0 of the round is today.
    Answers {"case_id"}. Raises as `must_be_able`; InvalidInput (ELIMINATION_NOT_YET with each condition that is unmet or
    unknown, REASON_NEEDED, TOO_LONG).
    """

    async def propose() -> Answer:
        held = await hold_case(db, actor, case_id)
        level = await must_be_able(db, actor, held, Event.ELIMINATION_PROPOSED)
        reading = Reading(actor.today, {})
        why = reading.text(reason, ("input", "reason"), at_most=REASON_LIMIT)
        reading.problems += reason_problems(Event.ELIMINATION_PROPOSED, held.case.round, held.case.step, why)
        found, problems = await judged_conditions(db, actor, held)
        reading.problems += problems
        if reading.problems:
            raise InvalidInput(*reading.problems)
        due_on = decision_due(actor.today, held.policy, await differing_days(db, actor.today))
        told = {"round_began_on": actor.today, "due_on": due_on, "round_number": held.case.round_number + 1}
        about: dict[str, Any] = {"reason": why, "detail": as_evidence(found), "told": told}
        await happen(db, actor, held, Event.ELIMINATION_PROPOSED, level=level, operation_id=operation_id, **about)
        return {"case_id": str(case_id)}

    content = {"case_id": case_id, "reason": reason}
    return await once(db, actor, operation_id, "propose_elimination", content, propose)


async def approve_category_change(
    db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, case_id: uuid.UUID, category: str, reason: str
) -> Answer:
    """The township finds another category, or that the family has fallen into poverty; the county decides: "a change of
    category is an event approved by township and county" (domain.md §11.7).

    category: a code of monitoring_category, or REGISTERED_POOR. Answers {"case_id"}. Raises as `must_be_able`; InvalidInput
    (UNKNOWN_CODE, SAME_CATEGORY, CATEGORY_NOT_IN_FORCE, REASON_NEEDED, TOO_LONG).
    """

    async def approve() -> Answer:
        held = await hold_case(db, actor, case_id)
        level = await must_be_able(db, actor, held, Event.CATEGORY_CHANGE_APPROVED)
        reading = Reading(actor.today, await vocabulary(db, ("monitoring_category",)))
        why = reading.text(reason, ("input", "reason"), at_most=REASON_LIMIT)
        reading.problems += reason_problems(Event.CATEGORY_CHANGE_APPROVED, held.case.round, held.case.step, why)
        if category != REGISTERED_POOR:
            reading.code(category, "monitoring_category", ("input", "category"))
        reading.problems += change_problems(category, held.case.category, held.policy.categories)
        if reading.problems:
            raise InvalidInput(*reading.problems)
        told = {"proposed_category": category}
        about: dict[str, Any] = {"reason": why, "detail": {"category": category}, "told": told}
        await happen(db, actor, held, Event.CATEGORY_CHANGE_APPROVED, level=level, operation_id=operation_id, **about)
        return {"case_id": str(case_id)}

    content = {"case_id": case_id, "category": category, "reason": reason}
    return await once(db, actor, operation_id, "approve_category_change", content, approve)


async def decide_category_change(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    case_id: uuid.UUID,
    is_agreed: bool,
    reason: str | None = None,
) -> Answer:
    """The county agrees to what the township approved, or says why not. A family that has fallen is registered as poor, and
    its case ends: "符合贫困户识别标准的…及时纳入建档立卡" (domain.md §4).

    Answers {"case_id"}. Raises as `must_be_able`; InvalidInput (CATEGORY_CHANGE_NOT_APPROVED with what is missing,
    CATEGORY_NOT_BY_RULE, NOT_IN_RANGE, REASON_NEEDED, TOO_LONG).
    """

    async def decide() -> Answer:
        held = await hold_case(db, actor, case_id)
        proposed = held.case.proposed_category
        event = Event.CATEGORY_CHANGED if proposed != REGISTERED_POOR else Event.FELL_INTO_POVERTY
        event = event if is_agreed else Event.CATEGORY_CHANGE_REFUSED
        level = await must_be_able(db, actor, held, event)
        reading = Reading(actor.today, {})
        why = reading.text(reason, ("input", "reason"), at_most=REASON_LIMIT)
        reading.problems += reason_problems(event, held.case.round, held.case.step, why)
        if proposed is None:
            needed = Requirement("TOWNSHIPS_APPROVAL", Party.TOWNSHIP)
            reading.problems.append(missing("CATEGORY_CHANGE_NOT_APPROVED", ("input", "caseId"), needed))
        elif event is Event.CATEGORY_CHANGED:
            reading.problems += (await judged_category(db, actor, held, proposed))[1]
        if reading.problems:
            raise InvalidInput(*reading.problems)
        told: dict[str, Any] = {"proposed_category": None}
        of_family: dict[str, Any] = {}
        if event is Event.CATEGORY_CHANGED:
            told["category"] = proposed
        elif event is Event.FELL_INTO_POVERTY:
            of_family["category"] = REGISTERED_POOR
        detail = {"from": held.case.category, "to": proposed}
        about: dict[str, Any] = {"reason": why, "detail": detail, "told": told, "of_family": of_family}
        await happen(db, actor, held, event, level=level, operation_id=operation_id, **about)
        return {"case_id": str(case_id)}

    content = {"case_id": case_id, "is_agreed": is_agreed, "reason": reason}
    return await once(db, actor, operation_id, "decide_category_change", content, decide)
