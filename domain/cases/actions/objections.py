"""Somebody says that a notice is wrong (公示异议): heard by the village or township, answered by nobody who verified.

"Objections may be anonymous, the objector is never public; answered within 3 days by someone other than the verifiers; not
upheld: go on; upheld: corrected or rejected; the notice restarts only if what was published changes. Later objections are a
complaint clue" (domain.md §11.4).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import viewer_parameters
from domain.access.rules import Actor
from domain.base.errors import Conflict, InvalidInput, Party, Problem, Requirement, missing, not_visible
from domain.cases.actions.steps import REASON_LIMIT, happen, must_be_able
from domain.cases.hanging import keep_or_withdraw
from domain.cases.models import Objection, ObjectionOutcome
from domain.cases.queries import hold_case, sees_objection, standing_notice
from domain.cases.rules import notice_is_over
from domain.cases.transitions import Event, Step
from domain.changes.actions import Answer, once
from domain.households.queries import vocabulary
from domain.households.rules import Reading
from domain.monitoring.actions import raise_clue
from domain.monitoring.rules import ClueSource, period_of

OBJECTOR_LIMIT = 100  # characters
COMPLAINT = "COMPLAINT"
RESOLVED = {
    ObjectionOutcome.NOT_UPHELD: Event.OBJECTION_NOT_UPHELD,
    ObjectionOutcome.CORRECTED: Event.OBJECTION_CORRECTED,
    ObjectionOutcome.REJECTED: Event.OBJECTION_REJECTS,
}


async def record_objection(
    db: AsyncSession,
    actor: Actor,
    *,
    id: uuid.UUID,
    case_id: uuid.UUID,
    says: str,
    objector: str | None = None,
) -> Answer:
    """Write an objection down, with or without who it was. While the notice hangs it is to be answered; after its last day
    it is a clue like any other sign, and the case goes on.

    Answers {"case_id", "objection_id" or None, "clue_id" or None}. Raises as `must_be_able`; InvalidInput (NO_NOTICE with
    what is missing, REQUIRED, TOO_LONG).
    """

    async def take() -> Answer:
        held = await hold_case(db, actor, case_id)
        level = await must_be_able(db, actor, held, Event.OBJECTION_RECORDED, Event.LATE_OBJECTION)
        reading = Reading(actor.today, {})
        words = reading.text(says, ("input", "says"), at_most=REASON_LIMIT, is_required=True)
        who = reading.text(objector, ("input", "objector"), at_most=OBJECTOR_LIMIT)
        notice = await standing_notice(db, held.case)
        if notice is None or notice.ends_on is None:
            needed = Requirement("PUBLISHED_NOTICE", Party.VILLAGE)
            reading.problems.append(missing("NO_NOTICE", ("input", "caseId"), needed))
        if reading.problems or notice is None or notice.ends_on is None:
            raise InvalidInput(*reading.problems)
        if held.case.step is not Step.VILLAGE_NOTICE or notice_is_over(notice.ends_on, actor.today):
            clue_id = await raise_clue(
                db,
                actor,
                household_id=held.case.household_id,
                sign=COMPLAINT,
                period=period_of(actor.today),
                source=ClueSource.COMPLAINT,
                reference=str(id),
                detail={"case": str(case_id), "notice": notice.number},
            )
            told = {"clue": str(clue_id), "notice": str(notice.id)}
            await happen(db, actor, held, Event.LATE_OBJECTION, level=level, detail=told, operation_id=id)
            return {"case_id": str(case_id), "objection_id": None, "clue_id": str(clue_id)}
        due_on = actor.today + timedelta(days=held.policy.objection_days)
        db.add(
            Objection(
                id=id,
                case_id=case_id,
                notice_id=notice.id,
                household_id=held.case.household_id,
                region_code=held.case.region_code,
                round=held.case.round,
                round_number=held.case.round_number,
                received_at=actor.at,
                due_on=due_on,
                objector=who,
                says=words,
                recorded_by_id=actor.id,
            )
        )
        await db.flush()
        # Of who it was, nothing goes into what others read.
        detail = {"objection": str(id), "dueOn": str(due_on), "isAnonymous": who is None}
        await happen(db, actor, held, Event.OBJECTION_RECORDED, level=level, detail=detail, operation_id=id)
        return {"case_id": str(case_id), "objection_id": str(id), "clue_id": None}

    content = {"case_id": case_id, "says": says, "objector": objector}
    return await once(db, actor, id, "record_objection", content, take)


async def resolve_objection(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    objection_id: uuid.UUID,
    outcome: ObjectionOutcome,
    answer: str,
    causes: Sequence[str] | None = None,
) -> Answer:
    """Answer an objection. CORRECTED: what was wrong of the family was put right before, by its own mutations; causes of
    the case with this. The notice is compared with what is so now, and hangs anew only if it differs.

    Answers {"case_id", "notice_restarts"}. Raises as `must_be_able` (RECUSED_AS_VERIFIER among it); InvalidInput (REQUIRED,
    TOO_LONG, UNKNOWN_CODE, TOO_MANY_CAUSES); Conflict (OBJECTION_ANSWERED, and as `once` does).
    """

    async def resolve() -> Answer:
        seen = select(Objection.case_id).where(Objection.id == objection_id, sees_objection())
        case_id = await db.scalar(seen, viewer_parameters(actor.viewer))
        if case_id is None:
            raise not_visible("objectionId")
        held = await hold_case(db, actor, case_id, "objectionId")
        event = RESOLVED[outcome]
        level = await must_be_able(db, actor, held, event, answers_objection=True)
        objection = await db.get_one(Objection, objection_id, with_for_update=True, populate_existing=True)
        if objection.outcome is not None:
            answered = {"outcome": objection.outcome.value}
            raise Conflict(Problem("OBJECTION_ANSWERED", ("input", "objectionId"), answered))
        reading = Reading(actor.today, await vocabulary(db, ("cause",)))
        words = reading.text(answer, ("input", "answer"), at_most=REASON_LIMIT, is_required=True)
        put_right = reading.causes(causes, ("input", "causes"))
        if reading.problems:
            raise InvalidInput(*reading.problems)
        objection.outcome, objection.answer = outcome, words
        objection.answered_at, objection.answered_by_id = actor.at, actor.id
        told = {"causes": put_right} if put_right and outcome is ObjectionOutcome.CORRECTED else {}
        await db.flush()
        restarts = outcome is ObjectionOutcome.CORRECTED and await keep_or_withdraw(db, actor, held)
        detail = {
            "objection": str(objection_id),
            "noticeRestarts": restarts,
            "isLate": actor.today > objection.due_on,
        }
        about: dict[str, Any] = {"reason": words, "detail": detail, "told": told}
        await happen(db, actor, held, event, level=level, operation_id=operation_id, **about)
        return {"case_id": str(case_id), "notice_restarts": restarts}

    content = {
        "objection_id": objection_id,
        "outcome": outcome,
        "answer": answer,
        "causes": list(causes or ()),
    }
    return await once(db, actor, operation_id, "resolve_objection", content, resolve)
