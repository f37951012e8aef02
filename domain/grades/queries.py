"""Who sees grades, which of them hold, and how far a round is."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Text,
    and_,
    any_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.access.queries import sees_household, viewer_parameters
from domain.access.rules import AFTER_EVERY_DIGIT, Actor
from domain.grades.models import GradeState, GradingRound, GradingScheme, RiskGrade
from domain.grades.rules import CurrentRound
from domain.households.models import Household
from domain.households.queries import lock_households
from domain.policy.queries import as_texts, value_of

COUNTY_DIGITS: Final = 6
FILED: Final = (GradeState.FILED, GradeState.SUPERSEDED)
UNDER_WAY: Final = (GradeState.PROPOSED, GradeState.REVIEWED)


def sees_grade(grade: Any = RiskGrade) -> ColumnElement[bool]:
    """The scope of a grade: that of its household."""
    return sees_household(grade.region_code, grade.household_id)


def held_on(day: Any, grade: Any = RiskGrade) -> ColumnElement[bool]:
    """Grades that were in force on a day, as it is known now."""
    return and_(grade.effective_from <= day, or_(grade.superseded_on.is_(None), grade.superseded_on > day))


def is_current(grade: Any = RiskGrade) -> ColumnElement[bool]:
    """The one grade of its household and scheme that holds: what is superseded has another state."""
    condition: ColumnElement[bool] = grade.state == GradeState.FILED
    return condition


def is_in_use(scheme: Any, region_code: Any, on: Any) -> ColumnElement[bool]:
    """Whether a division uses a scheme on a day, by its policy."""
    condition: ColumnElement[bool] = scheme == any_(as_texts(value_of("GRADING_SCHEMES", region_code, on)))
    return condition


# --- one household -----------------------------------------------------------------------------------------------------


async def current_grade(db: AsyncSession, household_id: uuid.UUID, scheme: str) -> RiskGrade | None:
    """The grade that holds, locked; the household is held before, so that no other takes its place meanwhile."""
    theirs = RiskGrade.household_id == household_id, RiskGrade.scheme == scheme, is_current()
    found: RiskGrade | None = await db.scalar(
        select(RiskGrade).where(*theirs).with_for_update().execution_options(populate_existing=True)
    )
    return found


async def open_grade(db: AsyncSession, household_id: uuid.UUID, scheme: str) -> uuid.UUID | None:
    """The grade that is on its way, if there is one."""
    is_open = RiskGrade.state.in_((GradeState.PROPOSED, GradeState.REVIEWED))
    theirs = RiskGrade.household_id == household_id, RiskGrade.scheme == scheme
    found: uuid.UUID | None = await db.scalar(select(RiskGrade.id).where(*theirs, is_open))
    return found


async def current_round(
    db: AsyncSession, household_id: uuid.UUID, region_code: str, scheme: str, on: date
) -> CurrentRound | None:
    """The latest round of the household's county that had begun on a day."""
    graded = exists().where(
        RiskGrade.round_id == GradingRound.id,
        RiskGrade.household_id == household_id,
        RiskGrade.state != GradeState.RETURNED,
    )
    row = (
        await db.execute(
            select(GradingRound.id, graded.label("is_graded"))
            .where(GradingRound.region_code == region_code[:COUNTY_DIGITS], GradingRound.scheme == scheme)
            .where(GradingRound.opened_on <= on)
            .order_by(GradingRound.month.desc())
            .limit(1)
        )
    ).one_or_none()
    return row and CurrentRound(row.id, row.is_graded)


async def lock_grade(db: AsyncSession, actor: Actor, grade_id: uuid.UUID) -> tuple[Household, RiskGrade] | None:
    """The grade and its household, if visible; both locked, the household first as everywhere."""
    viewer = viewer_parameters(actor.viewer)
    home = await db.scalar(select(RiskGrade.household_id).where(RiskGrade.id == grade_id, sees_grade()), viewer)
    household = None if home is None else (await lock_households(db, actor, [home])).get(home)
    if household is None:
        return None
    statement = select(RiskGrade).where(RiskGrade.id == grade_id, RiskGrade.household_id == household.id)
    grade = await db.scalar(statement.with_for_update().execution_options(populate_existing=True))
    return None if grade is None else (household, grade)


# --- rounds ------------------------------------------------------------------------------------------------------------


def is_of_round(household: Any = Household) -> ColumnElement[bool]:
    """Households that the round around it goes through: of its county and of a category of its scheme, or graded in it
    while they were; on record while it was due. Whoever ended before it began is not asked for."""
    scheme = aliased(GradingScheme)
    covered = (
        select(literal(1))
        .where(scheme.code == GradingRound.scheme, household.category == any_(scheme.categories))
        .correlate_except(scheme)
        .exists()
    )
    return and_(
        household.region_code >= GradingRound.region_code,
        household.region_code < GradingRound.region_code.concat(AFTER_EVERY_DIGIT),
        household.registered_on <= GradingRound.due_on,
        or_(household.ended_on.is_(None), household.ended_on > GradingRound.opened_on),
        or_(covered, has_grade_of_round(household, *FILED, *UNDER_WAY)),
    )


def has_grade_of_round(household: Any, *states: GradeState) -> ColumnElement[bool]:
    """Whether the household has a grade of the round around it in one of these states."""
    grade = aliased(RiskGrade)
    # As an array: a list in brackets grows with its length, and the read engine's statements do not.
    wanted = literal([state.value for state in states], ARRAY(Text()))
    mine = select(literal(1)).where(
        grade.round_id == GradingRound.id,
        grade.household_id == household.id,
        type_coerce(grade.state, Text()) == any_(wanted),
    )
    return mine.correlate_except(grade).exists()


def round_coverage(*, by_village: bool) -> Select[Any]:
    """How far the round around it is, of the households that the viewer sees: (region_code, households, filed, under_way,
    waiting), one row per village, or one. filed: of these, graded in it, also where another grade has followed.
    waiting: nobody has proposed anything, or what was proposed was sent back."""
    household = aliased(Household)
    progress = case(
        (has_grade_of_round(household, *FILED), literal("filed")),
        (has_grade_of_round(household, *UNDER_WAY), literal("under_way")),
        else_=literal("waiting"),
    )
    facts = (
        select(household.region_code, progress.label("progress"))
        .where(is_of_round(household), sees_household(household.region_code, household.id))
        .correlate(GradingRound)
        .subquery("round_facts")
    )
    counts: list[Any] = [
        func.count().label("households"),
        *(func.count().filter(facts.c.progress == name).label(name) for name in ("filed", "under_way", "waiting")),
    ]
    if by_village:
        return select(facts.c.region_code, *counts).group_by(facts.c.region_code)
    return select(*counts)
