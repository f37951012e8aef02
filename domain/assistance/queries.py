"""Who sees help, and what its actions must know of a family, a measure, a visit before they act."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, and_, case, cast, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.access.queries import MEETS, MEETS_SOME, ORGANISATION_ID, meets, sees_household, viewer_parameters
from domain.access.rules import Actor, GrantRole
from domain.assistance.models import AssistancePlan, EffectAnalysis, Measure, MeasureEvent, Relief
from domain.assistance.rules import HELP_PARAMETERS, HelpPolicy, MeasureState, Witness, may, role_problem
from domain.base.errors import InvalidInput, Problem, Refused, not_visible
from domain.households.models import Household
from domain.households.rules import Reading
from domain.pairings.queries import helping_facts
from domain.pairings.rules import Side
from domain.policy.queries import policy_of
from domain.visits.models import Visit
from domain.visits.queries import sees_visit
from domain.visits.rules import VisitContact


def sees_help(row: type[AssistancePlan] | type[Measure] | type[EffectAnalysis]) -> ColumnElement[bool]:
    """The scope of a plan, a measure, an analysis: that of its household."""
    return sees_household(row.region_code, row.household_id)


def sees_step() -> ColumnElement[bool]:
    """The scope of a step: that of its measure."""
    measure = aliased(Measure)
    seen = select(literal(1)).where(
        measure.id == MeasureEvent.measure_id, sees_household(measure.region_code, measure.household_id)
    )
    return seen.correlate_except(measure).exists()


def of_a_measure_met() -> ColumnElement[bool]:
    """Whether a step is of a measure of a family that the viewer meets."""
    measure = aliased(Measure)
    met = select(literal(1)).where(
        measure.id == MeasureEvent.measure_id, meets(measure.region_code, measure.household_id)
    )
    return or_(MEETS, and_(MEETS_SOME, met.correlate_except(measure).exists()))


def sees_relief() -> ColumnElement[bool]:
    """The scope of relief: that of the household; and what a department or donor gave is theirs to look at."""
    theirs = Relief.organisation_id == ORGANISATION_ID
    return or_(sees_household(Relief.region_code, Relief.household_id), theirs)


def day_of(instant: Any) -> ColumnElement[date]:
    """The day in China."""
    return cast(func.timezone("Asia/Shanghai", instant), Date())


def lacks_witness_of(measure: Any) -> ColumnElement[bool]:
    """Delivered, and nobody has seen it at the family's: not confirmed yet, or confirmed by a call that after a correction
    was none in person, or was before the delivery. "A visit can witness delivery; missing witnesses are a duty" (issue 09).
    """
    visit = aliased(Visit)
    stands = select(literal(1)).where(
        visit.id == measure.witness_visit_id,
        visit.contact == VisitContact.IN_PERSON,
        day_of(visit.occurred_at) >= measure.delivered_on,
    )
    return case(
        (measure.state == MeasureState.DELIVERED, literal(True)),
        (measure.state == MeasureState.CONFIRMED, ~stands.correlate_except(visit).exists()),
        else_=literal(False),
    )


def lacks_witness() -> ColumnElement[bool]:
    """The same of the row itself."""
    return lacks_witness_of(Measure)


# --- for actions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FamilyFacts:
    """A family that help is for."""

    id: uuid.UUID
    region_code: str
    category: str
    ended_on: date | None


async def family_facts(
    db: AsyncSession, actor: Actor, household_id: uuid.UUID, who: Collection[GrantRole], *path: str
) -> FamilyFacts:
    """The family, held off from ending or merging until the transaction ends: nobody else waits.

    Raises NotVisible; Refused (FORBIDDEN_ROLE).
    """
    asked = (
        select(Household.id, Household.region_code, Household.category, Household.ended_on)
        .where(Household.id == household_id, sees_household(Household.region_code, Household.id))
        .with_for_update(read=True, key_share=True)
    )
    found = (await db.execute(asked, viewer_parameters(actor.viewer))).one_or_none()
    if found is None:
        raise not_visible(*path)
    if not may(who, actor.viewer.roles, is_in_region=actor.viewer.sees_region(found.region_code)):
        raise Refused(role_problem(who))
    return FamilyFacts(*found)


def check_lives(home: FamilyFacts, *path: str) -> None:
    """Nothing new is begun for a family that is no more."""
    if home.ended_on is not None:
        raise InvalidInput(Problem("HAS_ENDED", ("input", *path), {"endedOn": str(home.ended_on)}))


async def locked_measure(db: AsyncSession, actor: Actor, measure_id: uuid.UUID, who: Collection[GrantRole]) -> Measure:
    """The measure, locked, so that of two who act on it the second sees the first. Families are locked before.

    Raises NotVisible; Refused (FORBIDDEN_ROLE).
    """
    viewer = viewer_parameters(actor.viewer)
    measure = await db.scalar(select(Measure).where(Measure.id == measure_id, sees_help(Measure)), viewer)
    if measure is None:
        raise not_visible("measureId")
    await family_facts(db, actor, measure.household_id, who, "measureId")
    await db.refresh(measure, with_for_update={"key_share": True})
    return measure


async def locked_plan(db: AsyncSession, actor: Actor, plan_id: uuid.UUID, who: Collection[GrantRole]) -> AssistancePlan:
    """The plan, locked likewise. Raises NotVisible; Refused (FORBIDDEN_ROLE)."""
    viewer = viewer_parameters(actor.viewer)
    asked = select(AssistancePlan).where(AssistancePlan.id == plan_id, sees_help(AssistancePlan))
    plan = await db.scalar(asked, viewer)
    if plan is None:
        raise not_visible("planId")
    await family_facts(db, actor, plan.household_id, who, "planId")
    await db.refresh(plan, with_for_update={"key_share": True})
    return plan


async def witness_of(db: AsyncSession, actor: Actor, visit_id: uuid.UUID) -> Witness | None:
    """The visit, if it is visible, as far as it can witness a delivery."""
    asked = select(
        Visit.contact, Visit.superseded_by_id.is_not(None), Visit.household_id, day_of(Visit.occurred_at)
    ).where(Visit.id == visit_id, sees_visit())
    found = (await db.execute(asked, viewer_parameters(actor.viewer))).one_or_none()
    return None if found is None else Witness(*found)


async def help_policy(db: AsyncSession, region_code: str, on: date) -> HelpPolicy:
    """The numbers in force where a family lives."""
    values = await policy_of(db, region_code, on, HELP_PARAMETERS)
    return HelpPolicy(
        full_categories=frozenset(values["FULL_ENTITLEMENT_CATEGORIES"]),
        full_kinds=frozenset(values["FULL_ENTITLEMENT_KINDS"]),
        means_categories=frozenset(values["AS_MEANS_ALLOW_CATEGORIES"]),
        transition_months=values["EXIT_TRANSITION_MONTHS"],
    )


async def check_provider(
    db: AsyncSession,
    reading: Reading,
    helper_id: uuid.UUID | None,
    organisation_id: uuid.UUID | None,
    of: str = "provider",
) -> None:
    """Whoever provides is on record, and still there. `of`: what their fields of the input begin with."""
    for field, given in (("helper", helper_id), ("organisation", organisation_id)):
        if given is None:
            continue
        facts = await helping_facts(db, Side(f"{field}Id", given))
        path = ("input", f"{of}{field.title()}Id" if of else f"{field}Id")
        if facts is None:
            reading.wrong("NOT_FOUND", path)
        elif facts.ended_on is not None and facts.ended_on <= reading.today:
            reading.wrong("HAS_ENDED", path, endedOn=str(facts.ended_on))
