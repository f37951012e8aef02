"""The county decides, and announces the result (县级审定、结果公告); the national system hears of it beside the steps."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.recusal import CaseLevel
from domain.access.rules import Actor
from domain.base.errors import Conflict, InvalidInput, Problem
from domain.cases.actions.steps import REASON_LIMIT, happen, must_be_able
from domain.cases.hanging import drawn_up
from domain.cases.judging import as_evidence, judged_category, judged_conditions
from domain.cases.models import NoticeKind, UploadStatus
from domain.cases.queries import hold_case
from domain.cases.rules import (
    DECIDED,
    REGISTERED_POOR,
    CaseDecisionOutcome,
    household_category,
    is_late,
    reason_problems,
)
from domain.cases.transitions import Event, Round
from domain.changes.actions import Answer, once
from domain.households.rules import Reading


async def decide_at_county(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    case_id: uuid.UUID,
    outcome: CaseDecisionOutcome,
    category: str | None = None,
    reason: str | None = None,
) -> Answer:
    """Admit the family, find its risk gone in a second round, return the case to the township, refuse it, or find the
    family poor. Lateness is flagged and blocks nothing; how many are monitored already is not asked (不搞规模控制).

    category: for an admission: the rule names it (domain.md §11.7), and it is needed only where months of the income are
    not known. Answers {"case_id"}. Raises as `must_be_able`; InvalidInput (CATEGORY_UNKNOWN with what is missing,
    NOT_IN_RANGE, CATEGORY_NOT_BY_RULE, CATEGORY_NOT_IN_FORCE, REASON_NEEDED, TOO_LONG).
    """

    async def decide() -> Answer:
        held = await hold_case(db, actor, case_id)
        event = DECIDED[outcome]
        level = await must_be_able(db, actor, held, event)
        reading = Reading(actor.today, {})
        why = reading.text(reason, ("input", "reason"), at_most=REASON_LIMIT)
        reading.problems += reason_problems(event, held.case.round, held.case.step, why)
        told: dict[str, Any] = {}
        of_family: dict[str, Any] = {}
        evidence: dict[str, Any] = {}
        if event is Event.COUNTY_APPROVED and held.case.round is Round.ADMISSION:
            chosen, problems = await judged_category(db, actor, held, category)
            reading.problems += problems
            told = {"category": chosen, "decided_at": actor.at, "upload_status": UploadStatus.PENDING}
        elif event is Event.COUNTY_APPROVED:
            found, problems = await judged_conditions(db, actor, held)
            reading.problems += problems
            told, evidence = {"upload_status": UploadStatus.PENDING}, as_evidence(found)
        if reading.problems:
            raise InvalidInput(*reading.problems)
        if event is Event.COUNTY_FOUND_POOR:
            told, of_family = {"decided_at": actor.at}, {"category": REGISTERED_POOR}
        detail = {"isLate": is_late(held.case.due_on, actor.today), "dueOn": str(held.case.due_on), **evidence}
        about: dict[str, Any] = {"reason": why, "detail": detail, "told": told, "of_family": of_family}
        await happen(db, actor, held, event, level=level, operation_id=operation_id, **about)
        return {"case_id": str(case_id)}

    content = {"case_id": case_id, "outcome": outcome, "category": category, "reason": reason}
    return await once(db, actor, operation_id, "decide_at_county", content, decide)


async def announce_result(db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, case_id: uuid.UUID) -> Answer:
    """Announce what was decided: from this day the family is under monitoring, or its risk is gone and it is tracked.

    Exit ends nothing by itself (四个不摘): the day is kept, and what helps goes by it. Answers {"case_id", "notice_id"}.
    Raises as `must_be_able`.
    """

    async def announce() -> Answer:
        held = await hold_case(db, actor, case_id)
        level = await must_be_able(db, actor, held, Event.RESULT_ANNOUNCED)
        case, household = held.case, held.household
        notice = await drawn_up(db, actor, held, NoticeKind.RESULT_ANNOUNCEMENT, operation_id)
        db.add(notice)
        if case.round is Round.ADMISSION:
            told: dict[str, Any] = {"monitored_on": actor.today}
            of_family: dict[str, Any] = {"category": household_category(case.category, household.category)}
        else:
            told, of_family = {"eliminated_on": actor.today}, {"exited_on": actor.today}
        detail = {"notice": str(notice.id), "number": notice.number}
        about: dict[str, Any] = {"detail": detail, "told": told, "of_family": of_family}
        await happen(db, actor, held, Event.RESULT_ANNOUNCED, level=level, operation_id=operation_id, **about)
        return {"case_id": str(case_id), "notice_id": str(notice.id)}

    return await once(db, actor, operation_id, "announce_result", {"case_id": case_id}, announce)


async def confirm_national_entry(
    db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, case_id: uuid.UUID
) -> Answer:
    """The national system has it now. "A parallel upload status, never a step that help waits for" (domain.md §4).

    Answers {"case_id"}. Raises as `must_be_able`; Conflict (NOTHING_TO_UPLOAD).
    """

    async def confirm() -> Answer:
        held = await hold_case(db, actor, case_id)
        level: CaseLevel = await must_be_able(db, actor, held, Event.NATIONAL_ENTRY_CONFIRMED)
        if held.case.upload_status is not UploadStatus.PENDING:
            status = {"uploadStatus": held.case.upload_status.value}
            raise Conflict(Problem("NOTHING_TO_UPLOAD", ("input", "caseId"), status))
        told = {"upload_status": UploadStatus.UPLOADED}
        await happen(db, actor, held, Event.NATIONAL_ENTRY_CONFIRMED, level=level, told=told, operation_id=operation_id)
        return {"case_id": str(case_id)}

    return await once(db, actor, operation_id, "confirm_national_entry", {"case_id": case_id}, confirm)
