"""A programme case begins where the pilot is, and goes from step to step by the table of rules.py."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import sees_household, viewer_parameters
from domain.access.recusal import CaseLevel, StepTaken, recusal
from domain.access.rules import Actor
from domain.audit.actions import record
from domain.audit.before_and_after import HOUSEHOLD, differences, sealed_changes
from domain.base.errors import Conflict, InvalidInput, Problem, Refused, not_visible, refused
from domain.changes.actions import Answer, once
from domain.households.models import Household
from domain.households.queries import lock_households, vocabulary
from domain.households.rules import Reading
from domain.policy.queries import policy_of
from domain.programmes.models import ProgrammeCase, ProgrammeCaseEvent, ProgrammeEvent
from domain.programmes.rules import (
    CLASSES,
    SERVICES,
    Transition,
    class_problems,
    level_of,
    needs_problems,
    pilot_problem,
    pilots,
    role_problem,
    service_problems,
    transition,
)

MOST_SERVICES = 8  # 八项帮扶服务


async def open_programme_case(
    db: AsyncSession,
    actor: Actor,
    *,
    id: uuid.UUID,
    household_id: uuid.UUID,
    recipient_class: str,
    groups: Sequence[str],
    began_on: str,
) -> Answer:
    """Write down that a survey found a family whom the programme is for (摸底), on an ISO day of the pilot.

    Answers {"programme_case_id"}. Raises NotVisible; Refused (FORBIDDEN_ROLE, PILOT_NOT_HERE, PILOT_NOT_NOW, HAS_ENDED);
    InvalidInput with all that is wrong (DATE_INVALID, DATE_IN_FUTURE, UNKNOWN_CODE, REQUIRED); Conflict
    (PROGRAMME_CASE_OPEN, and as `once`).
    """

    async def opened() -> Answer:
        line = transition(ProgrammeEvent.OPENED, None)
        assert line is not None
        household = await _household(db, actor, household_id, "householdId")
        level = _level(actor, line, household)
        if household.ended_on is not None:
            raise refused("HAS_ENDED", "householdId", endedOn=str(household.ended_on))
        reading = Reading(actor.today, await vocabulary(db, ("programme_group",)))
        day = reading.day(began_on, ("input", "beganOn"))
        in_force = await policy_of(db, household.region_code, day or actor.today, (CLASSES,))
        known = in_force[CLASSES], reading.vocabulary["programme_group"]
        reading.problems += class_problems(recipient_class, groups, *known)
        if reading.problems or day is None:
            raise InvalidInput(*reading.problems)
        if wrong := pilot_problem(household.region_code, day, pilots()):
            raise Refused(wrong)
        is_open = ProgrammeCase.household_id == household_id, ProgrammeCase.ended_on.is_(None)
        if await db.scalar(select(ProgrammeCase.id).where(*is_open)) is not None:
            raise Conflict(Problem("PROGRAMME_CASE_OPEN", ("input", "householdId")))
        await db.execute(
            insert(ProgrammeCase)
            .inline()
            .values(
                id=id,
                household_id=household_id,
                region_code=household.region_code,
                recipient_class=recipient_class,
                groups=sorted(set(groups)),
                services=[],
                step=line.to,
                step_since=actor.at,
                began_on=day,
                opened_at=actor.at,
            )
        )
        case = await _lock(db, actor, id)
        assert case is not None
        await _happened(db, actor, case, line, level, before={}, operation_id=id)
        return {"programme_case_id": str(id)}

    content = {"household_id": household_id, "class": recipient_class, "groups": sorted(set(groups)), "on": began_on}
    return await once(db, actor, id, "open_programme_case", content, opened)


async def advance_programme_case(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    programme_case_id: uuid.UUID,
    event: ProgrammeEvent,
    services: Sequence[str] = (),
    reason: str | None = None,
) -> Answer:
    """Take a case one step on, back, or to its end, as the table says.

    services: for APPROVED, what the family is to get. Answers {"programme_case_id"}. Raises NotVisible; Refused
    (FORBIDDEN_ROLE, STEP_NOT_HERE, RECUSED_ACTED_ELSEWHERE, HAS_ENDED); InvalidInput with all that is wrong (REQUIRED,
    SERVICES_NOT_HERE, TOO_MANY, UNKNOWN_CODE); Conflict as `once` does.
    """

    async def advanced() -> Answer:
        whose = await db.scalar(
            select(ProgrammeCase.household_id).where(ProgrammeCase.id == programme_case_id, _sees()),
            viewer_parameters(actor.viewer),
        )
        if whose is None:
            raise not_visible("programmeCaseId")
        # Families are locked before what hangs on them: the order that every action keeps.
        household = await _household(db, actor, whose, "programmeCaseId")
        case = await _lock(db, actor, programme_case_id)
        if case is None:
            raise not_visible("programmeCaseId")
        if case.ended_on is not None:
            raise refused("HAS_ENDED", "programmeCaseId", endedOn=str(case.ended_on))
        line = transition(event, case.step)
        if line is None:
            raise refused("STEP_NOT_HERE", "event", step=case.step.value, event=event.value)
        level = _level(actor, line, household)
        if recusal(actor.id, level, await _taken(db, case.id), ()):
            raise refused("RECUSED_ACTED_ELSEWHERE")
        problems = needs_problems(line, services, reason)
        if len(services) > MOST_SERVICES:
            problems.append(Problem("TOO_MANY", ("input", "services"), {"limit": MOST_SERVICES}))
        else:
            known = await policy_of(db, case.region_code, actor.today, (SERVICES,))
            problems += service_problems(services, known[SERVICES])
        reading = Reading(actor.today, await vocabulary(db, ("programme_reason",)), problems)
        reading.code(reason, "programme_reason", ("input", "reason"), is_required=False)
        if problems:
            raise InvalidInput(*problems)
        before = _facts(case)
        changed: dict[str, Any] = {"step": line.to, "step_since": actor.at} if line.to else {}
        if line.to is None:
            changed |= {"ended_on": actor.today, "end_reason": reason}
        if services:
            changed |= {"services": list(dict.fromkeys(services))}
        await db.execute(update(ProgrammeCase).where(ProgrammeCase.id == case.id).values(**changed))
        await db.refresh(case)
        await _happened(db, actor, case, line, level, before=before, reason=reason, operation_id=operation_id)
        return {"programme_case_id": str(case.id)}

    content = {"case": programme_case_id, "event": event, "services": list(services), "reason": reason}
    return await once(db, actor, operation_id, "advance_programme_case", content, advanced)


def _sees() -> Any:
    return sees_household(ProgrammeCase.region_code, ProgrammeCase.household_id)


async def _household(db: AsyncSession, actor: Actor, household_id: uuid.UUID, path: str) -> Household:
    household = (await lock_households(db, actor, [household_id])).get(household_id)
    if household is None:
        raise not_visible(path)
    return household


def _level(actor: Actor, line: Transition, household: Household) -> CaseLevel:
    """At which level they act: a role that covers the family's division, and not only their own list."""
    level = level_of(line, actor.viewer.roles)
    if level is None or not actor.viewer.sees_region(household.region_code):
        raise Refused(role_problem(line))
    return level


async def _lock(db: AsyncSession, actor: Actor, case_id: uuid.UUID) -> ProgrammeCase | None:
    statement = select(ProgrammeCase).where(ProgrammeCase.id == case_id, _sees()).with_for_update()
    return await db.scalar(statement.execution_options(populate_existing=True), viewer_parameters(actor.viewer))


async def _taken(db: AsyncSession, case_id: uuid.UUID) -> list[StepTaken]:
    happened = select(ProgrammeCaseEvent.level, ProgrammeCaseEvent.recorded_by_id)
    rows = await db.execute(happened.where(ProgrammeCaseEvent.programme_case_id == case_id))
    return [StepTaken(CaseLevel(level), account_id) for level, account_id in rows]


def _facts(case: ProgrammeCase) -> dict[str, Any]:
    return {"programmeStep": case.step.value, "services": case.services, "programmeEndedOn": case.ended_on}


async def _happened(
    db: AsyncSession,
    actor: Actor,
    case: ProgrammeCase,
    line: Transition,
    level: CaseLevel,
    *,
    before: dict[str, Any],
    operation_id: uuid.UUID,
    reason: str | None = None,
) -> None:
    """Write the event and the trace."""
    event = line.event
    await db.execute(
        insert(ProgrammeCaseEvent)
        .inline()
        .values(
            id=operation_id,
            programme_case_id=case.id,
            household_id=case.household_id,
            region_code=case.region_code,
            event=event,
            level=level.value,
            from_step=before.get("programmeStep"),
            to_step=case.step,
            reason=reason,
            services=case.services if line.needs_services else [],
            recorded_at=actor.at,
            recorded_by_id=actor.id,
        )
    )
    told = await sealed_changes(db, actor, case.household_id, {HOUSEHOLD: differences(before, _facts(case))})
    verb = "open_programme_case" if event is ProgrammeEvent.OPENED else "advance_programme_case"
    about = ("programme_case", case.id, case.region_code, {"event": event.value, "reason": reason})
    await record(db, actor, verb, *about, operation_id=operation_id, changes=told)
