"""The steps of cases: who has to take the next one, and by when (domain.md §4, §11.3 to §11.6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import aliased

from domain.cases.models import CaseEvent, MonitoringCase, Notice, NoticeKind, Objection
from domain.cases.transitions import Step
from domain.duties.rules import DutyRule
from domain.duties.shape import Asked, concerns, plus, row
from domain.sweeps.queries import china_day, midnight

# The duty that is the next step where a case stands; at the notice it is one before it hangs, and another while it does.
STEPS: Final = {
    DutyRule.COMPARISON: Step.COMPARISON,
    DutyRule.APPRAISAL: Step.DEMOCRATIC_APPRAISAL,
    DutyRule.TOWNSHIP_REVIEW: Step.TOWNSHIP_REVIEW,
    DutyRule.COUNTY_DECISION: Step.COUNTY_DECISION,
    DutyRule.ANNOUNCE_RESULT: Step.RESULT_ANNOUNCED,
}


def step_of(rule: DutyRule) -> Callable[[Asked], Select[Any]]:
    """The duty of whoever takes the next step: "every step has an actor level, a due date" (domain.md §4)."""

    def steps(asked: Asked) -> Select[Any]:
        return _at(STEPS[rule], rule, asked, aliased(MonitoringCase))

    return steps


def to_publish(asked: Asked) -> Select[Any]:
    """The village hangs out the notice: "at least 5 days, once, objections taken" (domain.md §4)."""
    one, notice = aliased(MonitoringCase), aliased(Notice)
    hung = exists().where(notice.case_id == one.id, *_hangs(notice, one, asked.day))
    return _at(Step.VILLAGE_NOTICE, DutyRule.PUBLISH_NOTICE, asked, one).where(~hung.correlate_except(notice))


def notice_ends(asked: Asked) -> Select[Any]:
    """While it hangs it stays there: "publication is day 0, then five full days" (domain.md §11.4)."""
    one, notice = aliased(MonitoringCase), aliased(Notice)
    ends_on = select(func.max(notice.ends_on)).where(notice.case_id == one.id, *_hangs(notice, one, asked.day))
    day = ends_on.correlate_except(notice).scalar_subquery()
    return _at(Step.VILLAGE_NOTICE, DutyRule.NOTICE_ENDS, asked, one, due_on=day).where(day.is_not(None))


def objections(asked: Asked) -> Select[Any]:
    """An objection is "answered within 3 days by someone other than the verifiers" (domain.md §11.4)."""
    objection, tomorrow = aliased(Objection), midnight(plus(asked.day, 1))
    return select(
        *row(
            DutyRule.ANSWER_OBJECTION,
            asked,
            subject_id=objection.id,
            household_id=objection.household_id,
            region_code=objection.region_code,
            began_on=china_day(objection.received_at),
            due_on=objection.due_on,
            caseId=objection.case_id,
        )
    ).where(
        concerns(asked, DutyRule.ANSWER_OBJECTION, objection.region_code, objection.household_id),
        objection.received_at < tomorrow,
        or_(objection.answered_at.is_(None), objection.answered_at >= tomorrow),
    )


def _hangs(notice: Any, one: Any, day: Any) -> tuple[ColumnElement[bool], ...]:
    still = or_(notice.withdrawn_at.is_(None), notice.withdrawn_at >= midnight(plus(day, 1)))
    is_of_the_round = and_(notice.round == one.round, notice.round_number == one.round_number)
    return notice.kind == NoticeKind.VILLAGE_NOTICE, is_of_the_round, notice.published_on <= day, still


def _at(step: Step, rule: DutyRule, asked: Asked, one: Any, due_on: Any = None) -> Select[Any]:
    """Cases that stood at this step at the end of the day, by the last event that had moved them."""
    last, tomorrow = aliased(CaseEvent), midnight(plus(asked.day, 1))
    moved = (
        select(last.to_step, last.round, last.happened_at)
        .where(
            last.case_id == one.id,
            last.recorded_at < tomorrow,
            or_(last.from_step.is_(None), last.from_step != last.to_step),
        )
        .order_by(last.revision.desc())
        .limit(literal_column("1"))
        .correlate(one)
        .lateral("moved")
    )
    is_still = and_(one.step == moved.c.to_step, one.round == moved.c.round)
    due = case((is_still, func.coalesce(one.step_due_on, one.due_on)), else_=one.due_on) if due_on is None else due_on
    began_on = china_day(moved.c.happened_at)
    return (
        select(
            *row(
                rule,
                asked,
                subject_id=one.id,
                household_id=one.household_id,
                region_code=one.region_code,
                period=cast(moved.c.round, Text()),
                began_on=began_on,
                due_on=type_coerce(func.greatest(began_on, due), Date()),
                caseDueOn=one.due_on,
            )
        )
        .select_from(one)
        .join(moved, moved.c.to_step == step)
        .where(
            concerns(asked, rule, one.region_code, one.household_id),
            one.opened_at < tomorrow,
            or_(one.closed_on.is_(None), one.closed_on > asked.day),
        )
    )
