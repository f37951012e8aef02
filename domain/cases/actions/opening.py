"""A case is born of a verified clue (立案)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import viewer_parameters
from domain.access.recusal import recusal
from domain.access.rules import Actor
from domain.audit.actions import record
from domain.audit.before_and_after import HOUSEHOLD, sealed_changes
from domain.base.errors import InvalidInput, Problem, Refused, not_visible, refused
from domain.cases.actions.steps import REASON_LIMIT, must_have_role, touch, write_event
from domain.cases.models import MonitoringCase, UploadStatus
from domain.cases.queries import case_policy, differing_days, hold_open_case, latest_case, relatives_of
from domain.cases.rules import RECUSED, decision_due, opening_problems, status_after
from domain.cases.transitions import Event, Round
from domain.changes.actions import Answer, once
from domain.households.queries import lock_households, vocabulary
from domain.households.rules import Reading
from domain.monitoring.models import Clue
from domain.monitoring.queries import sees_clue
from domain.monitoring.rules import ClueState


async def open_monitoring_case(
    db: AsyncSession,
    actor: Actor,
    *,
    id: uuid.UUID,
    clue_id: uuid.UUID,
    causes: Sequence[str] | None = None,
    reason: str | None = None,
) -> Answer:
    """Open a case on what was verified at the door; day 0 is the clue's. A family that was rejected or whose risk was gone
    comes back with a case that names the one before. Numbers are never capped: nothing here counts (应纳尽纳).

    causes: the main one first, at most three; those of the family if none are said. Answers {"case_id"}. Raises
    NotVisible, Refused (FORBIDDEN_ROLE, HAS_ENDED, RECUSED_AS_RELATIVE), InvalidInput with all that is wrong
    (CLUE_NOT_VERIFIED, CLUE_HAS_A_CASE, CASE_ALREADY_OPEN, REQUIRED, UNKNOWN_CODE, TOO_MANY_CAUSES, TOO_LONG), Conflict as
    `once` does.
    """

    async def open_it() -> Answer:
        scope = select(Clue).where(Clue.id == clue_id, sees_clue())
        clue = await db.scalar(scope, viewer_parameters(actor.viewer))
        household = clue and (await lock_households(db, actor, [clue.household_id])).get(clue.household_id)
        if clue is None or not household:
            raise not_visible("clueId")
        level = must_have_role(actor, Event.OPENED, household.region_code)
        if household.ended_on is not None:
            raise refused("HAS_ENDED", "clueId", endedOn=str(household.ended_on))
        if why := recusal(actor.id, level, (), await relatives_of(db, household.id)):
            raise Refused(Problem(RECUSED[why], ("input", "clueId")))
        reading = Reading(actor.today, await vocabulary(db, ("cause",)))
        said = reading.causes(causes, ("input", "causes")) or list(household.causes)
        why_so = reading.text(reason, ("input", "reason"), at_most=REASON_LIMIT)
        reading.problems += opening_problems(
            is_verified=clue.state is ClueState.VERIFIED,
            has_case=await db.scalar(select(MonitoringCase.id).where(MonitoringCase.clue_id == clue_id)) is not None,
            has_open_case=await hold_open_case(db, household.id) is not None,
            causes=said,
        )
        if reading.problems:
            raise InvalidInput(*reading.problems)

        policy = await case_policy(db, household.region_code, clue.began_on)
        previous = await latest_case(db, household.id)
        case = MonitoringCase(
            id=id,
            household_id=household.id,
            region_code=household.region_code,
            causes=said,
            round=Round.ADMISSION,
            round_number=1,
            step=policy.first_step,
            step_since=actor.at,
            clue_id=clue_id,
            previous_case_id=previous and previous.id,
            began_on=clue.began_on,
            round_began_on=clue.began_on,
            due_on=decision_due(clue.began_on, policy, await differing_days(db, clue.began_on)),
            opened_at=actor.at,
            upload_status=UploadStatus.NONE,
            revision=1,
            created_at=actor.at,
            updated_at=actor.at,
        )
        db.add(case)
        was = household.monitoring_status
        household.monitoring_status = status_after(case.round, case.step, has_exited=household.exited_on is not None)
        touch(actor, household)
        await db.flush()
        detail = {"clue": str(clue_id), "previousCase": case.previous_case_id and str(case.previous_case_id)}
        await write_event(db, actor, case, Event.OPENED, None, level=level, reason=why_so, detail=detail)
        told = {
            "caseStep": [None, case.step.value],
            "caseCauses": [None, said],
            "monitoringStatus": [was.value, household.monitoring_status.value],
        }
        changes = await sealed_changes(db, actor, household.id, {HOUSEHOLD: told})
        about = ("household", household.id, household.region_code, {"case": str(id), "step": case.step.value})
        await record(db, actor, "case_opened", *about, operation_id=id, changes=changes)
        return {"case_id": str(id)}

    content = {"clue_id": clue_id, "causes": list(causes or ()), "reason": reason}
    return await once(db, actor, id, "open_monitoring_case", content, open_it)
