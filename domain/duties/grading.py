"""Grades that are due: proposed in an open round by the village, reviewed by the township, filed by the county."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Date, Select, Text, and_, any_, cast, exists, func, or_, select, type_coerce
from sqlalchemy.orm import aliased

from domain.duties.rules import DAYS_MISSED_IS_LISTED, DAYS_TO_REVIEW_A_GRADE, DutyRule
from domain.duties.shape import Asked, concerns, plus, row
from domain.grades.models import GradeState, GradingRound, GradingScheme, RiskGrade
from domain.households.models import Household
from domain.sweeps.queries import midnight


def regrades(asked: Asked) -> Select[Any]:
    """In a round every household that the scheme is for gets a grade: "以后每年4月、10月进行动态调整" (Lu'an 2019).
    "Village committee and resident team propose after an on-site visit" (domain.md §5); what is reckoned asks nobody."""
    round_, scheme, home, grade = aliased(GradingRound), aliased(GradingScheme), aliased(Household), aliased(RiskGrade)
    day = asked.day
    proposed = exists().where(
        grade.household_id == home.id, grade.round_id == round_.id, grade.proposed_on <= day, _stands(grade, day)
    )
    return (
        select(
            *row(
                DutyRule.REGRADE,
                asked,
                subject_id=home.id,
                household_id=home.id,
                region_code=home.region_code,
                period=cast(round_.id, Text()),
                began_on=func.greatest(round_.opened_on, home.registered_on),
                due_on=round_.due_on,
                scheme=round_.scheme,
                month=func.to_char(round_.month, "YYYY-MM"),
            )
        )
        .select_from(round_)
        .join(scheme, scheme.code == round_.scheme)
        .join(home, and_(home.region_code >= round_.region_code, home.region_code < round_.region_code + ":"))
        .where(
            concerns(asked, DutyRule.REGRADE, home.region_code, home.id),
            ~scheme.is_computed,
            round_.opened_on <= day,
            round_.due_on >= plus(day, -DAYS_MISSED_IS_LISTED),
            home.category == any_(scheme.categories),
            home.registered_on <= day,
            or_(home.ended_on.is_(None), home.ended_on > day),
            ~proposed.correlate_except(grade),
        )
    )


def grade_reviews(asked: Asked) -> Select[Any]:
    """What the village proposed, "township reviews" (domain.md §5): the village proposed."""
    grade, day = aliased(RiskGrade), asked.day
    waits = or_(grade.reviewed_on.is_(None), grade.reviewed_on > day)
    return _step(DutyRule.REVIEW_GRADE, asked, grade, grade.proposed_on, and_(grade.proposed_on <= day, waits))


def grade_filings(asked: Asked) -> Select[Any]:
    """The "county files (备案)" (domain.md §5) what the township reviewed: "并报县区扶贫开发领导小组备案" (Lu'an 2019)."""
    grade, day = aliased(RiskGrade), asked.day
    waits = or_(grade.filed_on.is_(None), grade.filed_on > day)
    return _step(DutyRule.FILE_GRADE, asked, grade, grade.reviewed_on, and_(grade.reviewed_on <= day, waits))


def _step(rule: DutyRule, asked: Asked, grade: Any, since: Any, waits: ColumnElement[bool]) -> Select[Any]:
    """In a round, by the round's last day; else within days of our own."""
    round_ = aliased(GradingRound)
    by_round = select(round_.due_on).where(round_.id == grade.round_id).correlate_except(round_).scalar_subquery()
    own = plus(since, DAYS_TO_REVIEW_A_GRADE)
    return select(
        *row(
            rule,
            asked,
            subject_id=grade.id,
            household_id=grade.household_id,
            region_code=grade.region_code,
            began_on=since,
            due_on=type_coerce(func.greatest(since, func.coalesce(by_round, own)), Date()),
            scheme=grade.scheme,
            proposed=grade.level,
        )
    ).where(
        concerns(asked, rule, grade.region_code, grade.household_id),
        grade.proposed_by_id.is_not(None),  # what was reckoned is in force at once
        waits,
        _stands(grade, asked.day),
    )


def _stands(grade: Any, day: Any) -> ColumnElement[bool]:
    """Not sent back by the end of that day, or only after it had been filed."""
    condition: ColumnElement[bool] = or_(
        grade.returned_at.is_(None), grade.returned_at >= midnight(plus(day, 1)), grade.state != GradeState.RETURNED
    )
    return condition
