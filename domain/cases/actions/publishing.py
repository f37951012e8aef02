"""The village appraises, and hangs the notice (民主评议、公示); when its days are over the township may act."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.base.errors import Conflict, InvalidInput, Problem
from domain.cases.actions.steps import REASON_LIMIT, day_as_instant, happen, must_be_able
from domain.cases.hanging import drawn_up, keep_or_withdraw
from domain.cases.models import NoticeKind
from domain.cases.publishing import Appraisal, appraisal_problems, notice_over_problem
from domain.cases.queries import Held, hold_case, standing_notice, unanswered_objections
from domain.cases.transitions import Event, Step
from domain.changes.actions import Answer, once
from domain.households.rules import Reading

MINUTES_LIMIT = 200  # characters


async def record_appraisal(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    case_id: uuid.UUID,
    held_on: str,
    appraisal: Appraisal,
    minutes: str | None = None,
    reason: str | None = None,
) -> Answer:
    """Write down how the village appraised: it goes on to the notice, or the round is refused.

    A case that was returned and comes back unchanged keeps the notice that hung (公示一次): then only what is left of its
    days is waited for. Answers {"case_id"}. Raises as `must_be_able`; InvalidInput with all that is wrong (COUNTS_DISAGREE,
    MINUTES_MISSING, REASON_NEEDED, HELD_BEFORE_CASE, DATE_INVALID, DATE_IN_FUTURE, TOO_LONG).
    """

    async def write_down() -> Answer:
        held = await hold_case(db, actor, case_id)
        event = Event.APPRAISAL_AGREED if appraisal.is_agreed else Event.APPRAISAL_DECLINED
        level = await must_be_able(db, actor, held, event)
        reading = Reading(actor.today, {})
        day = reading.day(held_on, ("input", "heldOn"))
        if day is not None and day < held.case.round_began_on:
            reading.wrong("HELD_BEFORE_CASE", ("input", "heldOn"), beganOn=str(held.case.round_began_on))
        sheet = reading.text(minutes, ("input", "minutes"), at_most=MINUTES_LIMIT)
        why = reading.text(reason, ("input", "reason"), at_most=REASON_LIMIT)
        reading.problems += appraisal_problems(appraisal, sheet, why)
        if reading.problems or day is None:
            raise InvalidInput(*reading.problems)
        detail = {**asdict(appraisal), "minutes": sheet, "heldOn": str(day)}
        about: dict[str, Any] = {"reason": why, "detail": detail, "happened_at": day_as_instant(actor, day)}
        await happen(db, actor, held, event, level=level, operation_id=operation_id, **about)
        if held.case.step is Step.VILLAGE_NOTICE:
            await keep_or_withdraw(db, actor, held)
        return {"case_id": str(case_id)}

    content = {
        "case_id": case_id,
        "held_on": held_on,
        "appraisal": asdict(appraisal),
        "minutes": minutes,
        "reason": reason,
    }
    return await once(db, actor, operation_id, "record_appraisal", content, write_down)


async def publish_notice(db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, case_id: uuid.UUID) -> Answer:
    """Hang the notice today: day 0, and full days after it. What hung is kept as it hung.

    Answers {"case_id", "notice_id"}. Raises as `must_be_able`; Conflict (NOTICE_STANDS).
    """

    async def publish() -> Answer:
        held = await hold_case(db, actor, case_id)
        level = await must_be_able(db, actor, held, Event.NOTICE_PUBLISHED)
        standing = await standing_notice(db, held.case)
        if standing is not None:
            about = {"number": standing.number, "endsOn": str(standing.ends_on)}
            raise Conflict(Problem("NOTICE_STANDS", ("input", "caseId"), about))
        notice = await drawn_up(db, actor, held, NoticeKind.VILLAGE_NOTICE, operation_id)
        db.add(notice)
        detail = {"notice": str(notice.id), "number": notice.number, "endsOn": str(notice.ends_on)}
        more: dict[str, Any] = {"detail": detail, "told": {"step_due_on": notice.ends_on}}
        await happen(db, actor, held, Event.NOTICE_PUBLISHED, level=level, operation_id=operation_id, **more)
        return {"case_id": str(case_id), "notice_id": str(notice.id)}

    return await once(db, actor, operation_id, "publish_notice", {"case_id": case_id}, publish)


async def end_notice(db: AsyncSession, actor: Actor, held: Held) -> Problem | None:
    """Take a case whose notice has hung its days to the township; else what is missing, and nothing is done.

    Nobody does this: the day does. The worker looks every night (nights.py), and a township that acts looks for itself.
    """
    standing = await standing_notice(db, held.case)
    waiting = await unanswered_objections(db, held.case)
    ends_on = None if standing is None else standing.ends_on
    problem = notice_over_problem(ends_on, waiting, actor.today)
    if problem is None and standing is not None:
        await happen(db, actor, held, Event.NOTICE_ENDED, detail={"notice": str(standing.id)})
    return problem
