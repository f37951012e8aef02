"""What every deed in a case does: ask the table, ask who may, take the step, and leave its trace."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.recusal import CaseLevel, recusal
from domain.access.rules import Actor
from domain.audit.actions import record
from domain.audit.before_and_after import HOUSEHOLD, differences, sealed_changes
from domain.base.errors import Conflict, Problem, Refused
from domain.cases.models import CaseEvent, MonitoringCase
from domain.cases.queries import Held, relatives_of, steps_taken
from domain.cases.rules import REASON_LIMIT as REASON_LIMIT
from domain.cases.rules import RECUSED, level_of, role_problem, status_after, step_problem
from domain.cases.transitions import ENDS, Event, next_step, transition
from domain.households.models import Household


async def must_be_able(
    db: AsyncSession, actor: Actor, held: Held, *events: Event, answers_objection: bool = False
) -> CaseLevel:
    """The level at which the actor does one of these in this case now; all of them are of the same step.

    Raises Refused (FORBIDDEN_ROLE; RECUSED_AS_RELATIVE, RECUSED_ACTED_ELSEWHERE, RECUSED_AS_VERIFIER), Conflict
    (WRONG_STEP: somebody was faster, or it is not its turn).
    """
    case = held.case
    level = must_have_role(actor, events[0], case.region_code)
    if all(transition(event, case.round, case.step) is None for event in events):
        raise Conflict(step_problem(events[0], case.step))
    taken = await steps_taken(db, case, level)
    relatives = await relatives_of(db, case.household_id)
    why = recusal(actor.id, level, taken, relatives, answers_objection=answers_objection)
    if why is not None:
        raise Refused(Problem(RECUSED[why], ("input", "caseId")))
    return level


def must_have_role(actor: Actor, event: Event, region_code: str) -> CaseLevel:
    """The level at which the actor's roles do this in that village. Raises Refused (FORBIDDEN_ROLE)."""
    level = level_of(event, actor.viewer.roles) if actor.viewer.sees_region(region_code) else None
    if level is None:
        raise Refused(role_problem(event))
    return level


async def happen(
    db: AsyncSession,
    actor: Actor,
    held: Held,
    event: Event,
    *,
    level: CaseLevel | None = None,
    happened_at: datetime | None = None,
    reason: str | None = None,
    detail: Mapping[str, Any] | None = None,
    told: Mapping[str, Any] | None = None,
    of_family: Mapping[str, Any] | None = None,
    operation_id: uuid.UUID | None = None,
) -> None:
    """Take the step that the table gives, and write down who did what when, with before and after sealed.

    level: None where it follows by itself. told, of_family: other fields of the case, and of its household, to
    set with it. `detail`: codes, days and ids.
    """
    case, household = held.case, held.household
    row = transition(event, case.round, case.step)
    if row is None:
        raise Conflict(step_problem(event, case.step))
    before, from_step = _as_told(case, household), case.step
    case.round, case.step = next_step(row, case.round, case.step, held.policy.first_step)
    if case.step is not from_step:
        case.step_since, case.step_due_on = actor.at, None
    for name, value in (told or {}).items():
        setattr(case, name, value)
    for name, value in (of_family or {}).items():
        setattr(household, name, value)
    if case.step in ENDS and case.closed_on is None:
        case.closed_on = actor.today
    case.revision += 1
    case.updated_at = actor.at
    status = status_after(case.round, case.step, has_exited=household.exited_on is not None)
    if household.ended_on is None:
        household.monitoring_status = status
    after = _as_told(case, household)
    if any(before[name] != after[name] for name in _OF_FAMILY):
        touch(actor, household)
    await db.flush()
    await write_event(
        db, actor, case, event, from_step, level=level, happened_at=happened_at, reason=reason, detail=detail
    )
    changes = differences(before, after)
    if reason:
        changes["caseReason"] = [None, reason]
    about = ("household", case.household_id, case.region_code, {"case": str(case.id), "step": case.step.value})
    sealed = await sealed_changes(db, actor, case.household_id, {HOUSEHOLD: changes})
    await record(db, actor, f"case_{event.value.lower()}", *about, operation_id=operation_id, changes=sealed)


def touch(actor: Actor, household: Household) -> None:
    """The family's next revision: phones fetch it anew."""
    household.revision += 1
    household.updated_at = actor.at


async def write_event(
    db: AsyncSession,
    actor: Actor,
    case: MonitoringCase,
    event: Event,
    from_step: Any,
    *,
    level: CaseLevel | None,
    happened_at: datetime | None = None,
    reason: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """One line of the case's story; nobody behind it where it followed by itself."""
    await db.execute(
        insert(CaseEvent),
        {
            "id": uuid.uuid4(),
            "case_id": case.id,
            "household_id": case.household_id,
            "region_code": case.region_code,
            "revision": case.revision,
            "round": case.round,
            "event": event,
            "level": level and level.value,
            "from_step": from_step,
            "to_step": case.step,
            "happened_at": happened_at or actor.at,
            "recorded_at": actor.at,
            "recorded_by_id": None if level is None else actor.viewer.id,
            "reason": reason,
            "detail": dict(detail or {}),
        },
    )


_OF_FAMILY = ("monitoringStatus", "category", "exitedOn")


def _as_told(case: MonitoringCase, household: Household) -> dict[str, Any]:
    """What of a case is compared before and after, for the trace."""
    return {
        "caseRound": case.round.value,
        "caseStep": case.step.value,
        "caseCategory": case.category,
        "proposedCategory": case.proposed_category,
        "caseCauses": list(case.causes),
        "uploadStatus": case.upload_status and case.upload_status.value,
        "monitoringStatus": household.monitoring_status.value,
        "category": household.category,
        "exitedOn": household.exited_on and str(household.exited_on),
    }


def day_as_instant(actor: Actor, day: date) -> datetime:
    """When something of that day happened: now if it is today, else its noon in China."""
    if day == actor.today:
        return actor.at
    return actor.at.replace(year=day.year, month=day.month, day=day.day, hour=4, minute=0, second=0, microsecond=0)
