"""All duties as one statement: each kind's own expression, put together. Who asks for one kind gets a statement of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Text, case, func, literal, literal_column, or_, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from domain.access.queries import OFFICES, SEES_BY_LIST
from domain.duties.deciding import STEPS, notice_ends, objections, step_of, to_publish
from domain.duties.grading import grade_filings, grade_reviews, regrades
from domain.duties.helping import analyses, confirmations, witnesses
from domain.duties.looking import clues, look_backs, unknown_months
from domain.duties.rules import DEMANDS, DutyRule
from domain.duties.sending import to_mend, to_review
from domain.duties.shape import Asked, is_for, is_mine
from domain.duties.visiting import door_visits, key_helpers, leaders, visits

KINDS: Final[Mapping[DutyRule, Callable[[Asked], Select[Any]]]] = {
    DutyRule.VISIT_DUE: visits,
    DutyRule.DOOR_VISIT_DUE: door_visits,
    DutyRule.KEY_HELPER_MISSING: key_helpers,
    DutyRule.LEADER_MISSING: leaders,
    DutyRule.QUARTERLY_ANALYSIS: analyses,
    DutyRule.CONFIRM_ANALYSIS: confirmations,
    DutyRule.MISSING_WITNESS: witnesses,
    DutyRule.REGRADE: regrades,
    DutyRule.REVIEW_GRADE: grade_reviews,
    DutyRule.FILE_GRADE: grade_filings,
    DutyRule.VERIFY_CLUE: clues,
    **{rule: step_of(rule) for rule in STEPS},
    DutyRule.PUBLISH_NOTICE: to_publish,
    DutyRule.NOTICE_ENDS: notice_ends,
    DutyRule.ANSWER_OBJECTION: objections,
    DutyRule.LOOK_BACK: look_backs,
    DutyRule.UNKNOWN_INCOME_MONTH: unknown_months,
    DutyRule.MEND_SUBMISSION: to_mend,
    DutyRule.DEFERRED_CONFLICT: to_review,
}
MOST_OF_ONES_OWN: Final = 1000


def duties(asked: Asked) -> Select[Any]:
    """The duties that stand open at the end of a day, with the columns of `shape.SHAPE`: those that the viewer sees."""
    kinds = [rule for rule in KINDS if asked.rules is None or rule in asked.rules]
    arms = [_arm(rule, asked) for rule in kinds]
    if not arms:
        arms = [_arm(DutyRule.MEND_SUBMISSION, asked).where(literal(value=False))]
    first, *others = arms
    rows: Any = first.union_all(*others).subquery("found") if others else first.subquery("found")
    found = select(*rows.c)
    if asked.helper_id is not None:
        found = found.where(is_for(asked.helper_id, rows.c))
    if asked.is_mine:
        found = found.where(is_mine(rows.c))
    return found


def _arm(rule: DutyRule, asked: Asked) -> Select[Any]:
    arm = KINDS[rule](asked)
    if asked.is_mine:
        # Decided once for the statement: no county's duties are derived for somebody who has none of that level.
        arm = arm.where(
            or_(SEES_BY_LIST, literal(rule is DutyRule.MEND_SUBMISSION), *map(_holds_office, DEMANDS[rule].levels))
        )
    if asked.by_village:
        # Each kind walks its own index village by village, and a page stops them all: they are merged, not sorted.
        inner = arm.order_by(*(arm.selected_columns[name] for name in ("region_code", "household_id", "id")))
        arm = select(*inner.subquery(f"by_village_{rule.value.lower()}").c)
    return arm


def _holds_office(level: str) -> ColumnElement[bool]:
    held: ColumnElement[bool] = func.array_to_string(OFFICES, ",").contains(f"{level} ", autoescape=True)
    return held


def pulled(day: Any, version: Any) -> Select[Any]:
    """The viewer's own, as a phone takes them: (version, is_modified, told). told: a JSON array of rows, empty where the
    phone has this version; of more than it takes, those due first. Derived once, whatever is asked of it."""
    rows = duties(Asked(day, is_mine=True)).subquery("own")
    told = select(*rows.c).order_by(rows.c.due_on, rows.c.id).limit(MOST_OF_ONES_OWN).subquery("told")
    whole = select(
        version_of(told).label("version"),
        func.coalesce(func.jsonb_agg(literal_column("to_jsonb(told)", JSONB())), literal([], JSONB())).label("rows"),
    ).subquery("whole")
    is_modified = whole.c.version.is_distinct_from(version)
    kept = case((is_modified, whole.c.rows), else_=literal([], JSONB()))
    return select(whole.c.version, is_modified.label("is_modified"), kept.label("told"))


def version_of(rows: Any) -> ColumnElement[str]:
    """A short name for exactly these duties."""
    told = func.concat_ws(" ", rows.c.id, rows.c.due_on)
    return func.md5(func.coalesce(func.string_agg(told, aggregate_order_by(literal("\n", Text()), rows.c.id)), ""))
