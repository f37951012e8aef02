"""Who sees grades, and which of them hold."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, any_, or_

from domain.access.queries import sees_household
from domain.grades.models import GradeState, RiskGrade
from domain.policy.queries import as_texts, value_of


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
