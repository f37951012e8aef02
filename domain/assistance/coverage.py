"""Whether help meets need (一户一计划、一人一措施): every cause answered, every measure against a cause, nobody left out.

One expression for one household and for a village's list: whoever explains a line of the list runs what made it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Date,
    Text,
    all_,
    and_,
    bindparam,
    case,
    column,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import aliased

from domain.assistance.analyses import lacks_last_analysis
from domain.assistance.models import AssistancePlan, Measure
from domain.assistance.queries import lacks_witness_of
from domain.assistance.rules import MeasureState, PlanKind
from domain.households.models import Household, Person

# The viewer's day, as the read engine binds it (schema/viewer.py).
TODAY: BindParameter[Any] = bindparam("viewer_today", type_=Date(), required=True)


def of_the_household(measure: Any) -> ColumnElement[bool]:
    """A measure of the household that is meant, or more than meant: what was cancelled answers nothing."""
    return and_(measure.household_id == Household.id, measure.state != MeasureState.CANCELLED)


def unanswered_causes() -> ColumnElement[Any]:
    """The causes of a household that no measure answers, in their order: "要根据致贫返贫原因 … 因户施策" (Lu'an 2019)."""
    cause = func.unnest(Household.causes).table_valued(column("code", Text()), with_ordinality="place", name="cause")
    cause = cause.render_derived()
    measure = aliased(Measure)
    answered = select(literal(1)).where(of_the_household(measure), measure.cause == cause.c.code)
    found = select(cause.c.code).where(~answered.correlate(Household, cause).exists()).order_by(cause.c.place)
    return func.array(found.correlate(Household).scalar_subquery(), type_=ARRAY(Text()))


def answers_no_cause(measure: Any) -> ColumnElement[bool]:
    """A measure that is against none of the household's causes: nobody can say later whether it helped."""
    return and_(of_the_household(measure), or_(measure.cause.is_(None), measure.cause != all_(Household.causes)))


def is_without_measure(person: Any) -> ColumnElement[bool]:
    """A member of the household for whom nothing is done, neither for them nor for the family as a whole."""
    measure = aliased(Measure)
    theirs = or_(measure.person_id.is_(None), measure.person_id == person.id)
    done = select(literal(1)).where(of_the_household(measure), theirs).correlate(Household, person).exists()
    return and_(person.household_id == Household.id, ~done)


def _some(of: Any, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(literal(1)).select_from(of).where(condition).correlate(Household).exists()


def needs_help() -> ColumnElement[bool]:
    """A household with a cause of hardship on record; of others nobody asks for measures."""
    return func.cardinality(Household.causes) > 0


def measure_gaps() -> ColumnElement[Any]:
    """What is missing between need and help, as codes of `ClarityGap`; nothing where there is no need and no help."""
    measure, person = aliased(Measure), aliased(Person)
    return _gaps(
        MEASURE_MISSING=and_(needs_help(), ~_some(measure, of_the_household(measure))),
        CAUSE_UNANSWERED=func.cardinality(unanswered_causes()) > 0,
        MEASURE_WITHOUT_CAUSE=_some(measure, answers_no_cause(measure)),
        MEMBER_WITHOUT_MEASURE=and_(needs_help(), _some(person, is_without_measure(person))),
    )


def has_measure_gap() -> ColumnElement[bool]:
    """Whether anything is missing between need and help."""
    return func.cardinality(measure_gaps()) > 0


# --- 五个清楚 ----------------------------------------------------------------------------------------------------------


def number_gaps() -> ColumnElement[Any]:
    """贫困人口清楚: "做到贫困人口、致贫原因、帮扶措施、脱贫路径、脱贫成效“五个清楚”" (Dezhou 2019). Everybody is on
    record by an identity number, and one of them is the head."""
    person = aliased(Person)
    theirs = person.household_id == Household.id
    return _gaps(
        HEAD_MISSING=~_some(person, and_(theirs, person.is_head)),
        ID_NUMBER_MISSING=_some(person, and_(theirs, person.id_number_masked.is_(None))),
    )


def cause_gaps() -> ColumnElement[Any]:
    """致贫原因清楚: there is one."""
    return _gaps(CAUSE_MISSING=~needs_help())


def path_gaps() -> ColumnElement[Any]:
    """脱贫路径清楚: a plan with goals holds (an open one has them by constraint)."""
    plan = aliased(AssistancePlan)
    theirs = and_(plan.household_id == Household.id, plan.kind == PlanKind.HOUSEHOLD, plan.ended_on.is_(None))
    return _gaps(PLAN_MISSING=~_some(plan, theirs))


def result_gaps() -> ColumnElement[Any]:
    """脱贫成效清楚: something was delivered, what was delivered was seen at the family's, and the last quarter that is over
    was analysed, if it was to be."""
    measure = aliased(Measure)
    reached = or_(measure.state == MeasureState.DELIVERED, measure.state == MeasureState.CONFIRMED)
    unseen = and_(of_the_household(measure), lacks_witness_of(measure))
    return _gaps(
        NOTHING_DELIVERED=~_some(measure, and_(of_the_household(measure), reached)),
        WITNESS_MISSING=_some(measure, unseen),
        ANALYSIS_MISSING=lacks_last_analysis(Household, TODAY),
    )


POINTS = {
    "number": number_gaps,
    "cause": cause_gaps,
    "measures": measure_gaps,
    "path": path_gaps,
    "result": result_gaps,
}


def is_none(gaps: Any) -> ColumnElement[bool]:
    """Nothing is missing."""
    nothing: ColumnElement[bool] = func.cardinality(gaps) == 0
    return nothing


def is_five_clear() -> ColumnElement[bool]:
    """Whether all five are clear."""
    return and_(*(is_none(gaps()) for gaps in POINTS.values()))


def _gaps(**conditions: ColumnElement[bool]) -> ColumnElement[Any]:
    found: tuple[Any, ...] = tuple(case((condition, literal(name, Text()))) for name, condition in conditions.items())
    every: ColumnElement[Any] = array(found, type_=Text())
    return func.array_remove(every, None, type_=ARRAY(Text()))
