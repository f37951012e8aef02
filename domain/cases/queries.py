"""Cases under both walls, held for those who act; and the facts that steps ask for."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.models import Account
from domain.access.queries import ORGANISATION_ID, in_region, sees_household, viewer_parameters
from domain.access.recusal import CaseLevel, StepTaken
from domain.access.rules import Actor
from domain.base.errors import not_visible
from domain.calendar.models import CalendarDay
from domain.cases.models import (
    CaseAuthorisation,
    CaseEvent,
    ComparisonQuestion,
    Kinship,
    MonitoringCase,
    Notice,
    NoticeKind,
    Objection,
)
from domain.cases.rules import CASE_PARAMETERS, CasePolicy
from domain.cases.transitions import CLOCK_STOPPED
from domain.helpers.models import Organisation
from domain.households.models import Household, Person
from domain.households.queries import lock_households, meets_of
from domain.monitoring.models import Clue
from domain.policy.queries import policy_of
from domain.visits.models import Visit, VisitCompanion

# --- who sees what -----------------------------------------------------------------------------------------------------


def sees_case(of: Any = MonitoringCase) -> ColumnElement[bool]:
    """The scope of a case, and of what happened to it: that of its household."""
    return sees_household(of.region_code, of.household_id)


def sees_authorisation() -> ColumnElement[bool]:
    """What people signed is for those who meet the family."""
    return and_(meets_of(CaseAuthorisation), sees_case(CaseAuthorisation))


def sees_kinship() -> ColumnElement[bool]:
    """Who is whose relative is for those who meet the family."""
    return and_(meets_of(Kinship), sees_case(Kinship))


def sees_question() -> ColumnElement[bool]:
    """A question is for the department that is asked, and for those who meet the family."""
    mine = ComparisonQuestion.organisation_id == ORGANISATION_ID
    return or_(mine, and_(meets_of(ComparisonQuestion), sees_case(ComparisonQuestion)))


def sees_objection() -> ColumnElement[bool]:
    """ "The objector is never public" (domain.md §11.4): officers of the division know, and nobody else."""
    return and_(meets_of(Objection), in_region(Objection.region_code))


# --- held --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Held:
    """A case that this transaction holds, with its household and the numbers in force where that lives today."""

    case: MonitoringCase
    household: Household
    policy: CasePolicy


async def hold_case(db: AsyncSession, actor: Actor, case_id: uuid.UUID, *path: str) -> Held:
    """The case, if it is visible: its household first, everywhere, then the case. Raises NotVisible."""
    seen = select(MonitoringCase.household_id).where(MonitoringCase.id == case_id, sees_case())
    household_id = await db.scalar(seen, viewer_parameters(actor.viewer))
    household = (await lock_households(db, actor, [household_id])).get(household_id) if household_id else None
    case = await db.scalar(
        select(MonitoringCase)
        .where(MonitoringCase.id == case_id, MonitoringCase.household_id == household_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if household is None or case is None:
        raise not_visible(*(path or ("caseId",)))
    return Held(case, household, await case_policy(db, household.region_code, actor.today))


async def hold_open_case(db: AsyncSession, household_id: uuid.UUID) -> MonitoringCase | None:
    """The open case of a household that is held already."""
    return await db.scalar(
        select(MonitoringCase)
        .where(MonitoringCase.household_id == household_id, MonitoringCase.closed_on.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def latest_case(db: AsyncSession, household_id: uuid.UUID) -> MonitoringCase | None:
    """The case that was opened last: what a new one names as the one before."""
    return await db.scalar(
        select(MonitoringCase)
        .where(MonitoringCase.household_id == household_id)
        .order_by(MonitoringCase.opened_at.desc(), MonitoringCase.id)
        .limit(1)
    )


async def case_policy(db: AsyncSession, region_code: str, on: date) -> CasePolicy:
    """The numbers in force where a family lives."""
    return CasePolicy.of(await policy_of(db, region_code, on, CASE_PARAMETERS))


async def differing_days(db: AsyncSession, since: date) -> Mapping[date, bool]:
    """Holidays and worked weekends from that day on."""
    rows = await db.execute(select(CalendarDay.day, CalendarDay.is_working).where(CalendarDay.day >= since))
    return {row.day: row.is_working for row in rows}


# --- recusal -----------------------------------------------------------------------------------------------------------


async def relatives_of(db: AsyncSession, household_id: uuid.UUID) -> frozenset[uuid.UUID]:
    """The accounts of those who were declared relatives of the family."""
    return frozenset(await db.scalars(select(Kinship.account_id).where(Kinship.household_id == household_id)))


async def steps_taken(db: AsyncSession, case: MonitoringCase, level: CaseLevel) -> list[StepTaken]:
    """Who did what in all rounds of a case, and who verified its clue.

    level: at which the one who asks would act: whoever verified did so in that capacity, and may go on at that level.
    """
    done = await db.execute(
        select(CaseEvent.level, CaseEvent.recorded_by_id).where(
            CaseEvent.case_id == case.id, CaseEvent.level.is_not(None), CaseEvent.recorded_by_id.is_not(None)
        )
    )
    taken = [StepTaken(CaseLevel(row.level), row.recorded_by_id) for row in done]
    if case.clue_id is not None:
        taken += [StepTaken(level, one, is_verification=True) for one in await verifiers_of(db, case.clue_id)]
    return taken


async def verifiers_of(db: AsyncSession, clue_id: uuid.UUID) -> frozenset[uuid.UUID]:
    """The accounts of those who were at the door, and of who said what was found."""
    found = await db.execute(select(Clue.settled_by_id, Clue.visit_id).where(Clue.id == clue_id))
    clue = found.one()
    at_the_door = select(Visit.recorded_by_id).where(Visit.id == clue.visit_id)
    came_along = (
        select(Account.id)
        .join(VisitCompanion, VisitCompanion.helper_id == Account.helper_id)
        .where(VisitCompanion.visit_id == clue.visit_id)
    )
    people = {clue.settled_by_id, *await db.scalars(at_the_door), *await db.scalars(came_along)}
    return frozenset(one for one in people if one is not None)


# --- what is attached --------------------------------------------------------------------------------------------------


def _of_the_round(of: Any, case: MonitoringCase) -> ColumnElement[bool]:
    """What is attached to the round that a case is in."""
    return and_(of.case_id == case.id, of.round_number == case.round_number)


async def standing_notice(
    db: AsyncSession, case: MonitoringCase, kind: NoticeKind = NoticeKind.VILLAGE_NOTICE
) -> Notice | None:
    """The notice of this round that was not withdrawn, locked."""
    return await db.scalar(
        select(Notice)
        .where(_of_the_round(Notice, case), Notice.kind == kind, Notice.withdrawn_at.is_(None))
        .with_for_update()
    )


async def who_lives_there(db: AsyncSession, household_id: uuid.UUID) -> tuple[str, int]:
    """The head's name, and how many belong to the family."""
    people = await db.execute(select(Person.name, Person.is_head).where(Person.household_id == household_id))
    members = people.all()
    return next(row.name for row in members if row.is_head), len(members)


async def unanswered_objections(db: AsyncSession, case: MonitoringCase) -> list[uuid.UUID]:
    """Objections of this round that nobody answered yet."""
    waiting = _of_the_round(Objection, case), Objection.outcome.is_(None)
    return list(await db.scalars(select(Objection.id).where(*waiting).order_by(Objection.received_at)))


def is_undecided() -> ColumnElement[bool]:
    """The county has not decided this round yet: its clock runs."""
    # Step by step, as the index of undecided cases says it.
    return and_(*(MonitoringCase.step != step for step in sorted(CLOCK_STOPPED)))


async def signed(db: AsyncSession, case: MonitoringCase) -> frozenset[uuid.UUID]:
    """Who has signed for this round."""
    theirs = _of_the_round(CaseAuthorisation, case)
    return frozenset(await db.scalars(select(CaseAuthorisation.person_id).where(theirs)))


async def departments_named(db: AsyncSession, ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, str]:
    """The kinds of those of these organisations that are there."""
    rows = await db.execute(select(Organisation.id, Organisation.kind).where(Organisation.id.in_(ids)))
    return {row.id: row.kind for row in rows}


async def questions_of(db: AsyncSession, case: MonitoringCase) -> dict[uuid.UUID, ComparisonQuestion]:
    """What departments are asked in this round, by id, locked."""
    asked = (
        select(ComparisonQuestion)
        .where(_of_the_round(ComparisonQuestion, case))
        .order_by(ComparisonQuestion.id)
        .with_for_update()
    )
    return {one.id: one for one in await db.scalars(asked)}
