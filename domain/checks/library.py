"""The library of checks (核查项), in SQL: what each looks for, over one family.

A family is a row named `checked`; a check is a SELECT of one row or none over it. Its columns are written out: so nothing
is correlated by SQLAlchemy, and every check stands in a lateral join, whatever it is made of.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    Integer,
    Numeric,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased

from domain.access.queries import meets
from domain.assistance.models import Measure
from domain.cases.models import MonitoringCase
from domain.checks.rules import checks
from domain.grades.models import RiskGrade
from domain.grades.queries import is_current
from domain.households.models import Household, Membership, MonitoringStatus, Person
from domain.households.queries import by_class
from domain.monitoring.models import IncomeStatement
from domain.monitoring.queries import income_of
from domain.monitoring.rules import Window
from domain.policy.queries import as_text, value_of

CHECKED: Final = Household.__table__.alias("checked")
ID: Final[ColumnElement[uuid.UUID]] = literal_column("checked.id", Uuid())
REGION: Final[ColumnElement[str]] = literal_column("checked.region_code", Text())
CAUSES: Final[ColumnElement[Any]] = literal_column("checked.causes", ARRAY(Text()))
STATUS: Final[ColumnElement[str]] = literal_column("checked.monitoring_status", Text())

MEDICAL: Final = "MEDICAL"  # term of statement_kind
# "Weak or half labour counts as labour" (domain.md §11.13).
LABOUR: Final = ("ORDINARY", "SKILLED", "WEAK_OR_HALF")
WITHOUT_LABOUR: Final = ("LOST", "NONE")
NOT_STUDYING: Final = ("BEFORE_PRESCHOOL", "DROPPED_OUT")
# Causes of the national list that a job or a training answers; and what a grade says of the same.
OF_WORK: Final = ("LACK_OF_SKILLS", "LACK_OF_DRIVE")
GRADED_FOR_WORK: Final = ("WEAK_SKILLS", "UNSTABLE_JOB")
WORKING_AGE: Final = (16, 60)  # ASSUMPTION: full years, from the first and below the second
SCHOOL_AGE: Final = (6, 16)  # 义务教育, nine years from six
BLUE: Final = "BLUE"

IN_CARE: Final = (MonitoringStatus.IN_PROCEDURE.value, MonitoringStatus.MONITORED.value)
GONE: Final = MonitoringStatus.ELIMINATED_TRACKED.value


def _found(code: str, facts: ColumnElement[Any], *where: ColumnElement[bool]) -> Select[Any]:
    """One row where the conditions hold, for viewers to whom the matrix shows what it gives away."""
    is_shown = by_class(checks()[code].of, true(), is_met=meets(REGION, ID))
    return select(literal(code, Text()).label("code"), facts.label("facts")).where(is_shown, *where)


def _is(*statuses: str) -> ColumnElement[bool]:
    return STATUS.in_(statuses)


def _facts(**named: Any) -> ColumnElement[Any]:
    return func.jsonb_build_object(*(part for name, value in named.items() for part in (name, value)), type_=JSONB())


def _aged(person: Any, on: date, ages: tuple[int, int]) -> ColumnElement[bool]:
    """Of so many full years, and not yet of so many."""
    youngest = cast(literal(on, Date()) - func.make_interval(ages[0]), Date())
    oldest = cast(literal(on, Date()) - func.make_interval(ages[1]), Date())
    return and_(person.born_on <= youngest, person.born_on > oldest)


def _illness_without_medical_cost(on: date, year: Window) -> Select[Any]:
    """ "ill-health risk with no medical cost" (issue 9): nobody has recorded any in the months that make a year."""
    said = aliased(IncomeStatement)
    paid = select(literal(1)).where(
        said.household_id == ID,
        said.kind == MEDICAL,
        said.superseded_at.is_(None),
        said.amount_fen > 0,
        said.month >= year.first,
        said.month < year.until,
    )
    facts = _facts(fromMonth=literal(f"{year.first:%Y-%m}", Text()), toMonth=literal(f"{_last(year):%Y-%m}", Text()))
    return _found(
        "ILLNESS_WITHOUT_MEDICAL_COST", facts, _is(*IN_CARE), literal("ILLNESS") == any_(CAUSES), ~paid.exists()
    )


def _job_risk_without_labour(on: date, year: Window) -> Select[Any]:
    """ "job risk without labour" (issue 9): a cause that work would answer, or a grade that says so."""
    person, grade = aliased(Person), aliased(RiskGrade)
    works = select(literal(1)).where(person.household_id == ID, person.labour.in_(LABOUR))
    graded = select(literal(1)).where(
        grade.household_id == ID,
        is_current(grade),
        grade.reasons.op("&&")(cast(list(GRADED_FOR_WORK), ARRAY(Text()))),
    )
    of_work = or_(CAUSES.op("&&")(cast(list(OF_WORK), ARRAY(Text()))), graded.exists())
    return _found(
        "JOB_RISK_WITHOUT_LABOUR",
        _facts(causes=func.to_jsonb(CAUSES)),
        _is(*IN_CARE),
        of_work,
        ~works.exists(),
    )


def _healthy_without_labour(on: date, year: Window) -> Select[Any]:
    """ "of working age and healthy and not studying yet “no labour”" (issue 9)."""
    person = aliased(Person)
    return _about_people(
        "HEALTHY_WITHOUT_LABOUR",
        person,
        _is(*IN_CARE, GONE),
        _aged(person, on, WORKING_AGE),
        person.health == cast(["HEALTHY"], ARRAY(Text())),
        person.labour.in_(WITHOUT_LABOUR),
        or_(person.school_status.is_(None), person.school_status.in_(NOT_STUDYING)),
    )


def _eliminated_with_dropout(on: date, year: Window) -> Select[Any]:
    """ "eliminated … with a dropout" (issue 9): compulsory education is one of the guarantees (domain.md §4)."""
    person = aliased(Person)
    return _about_people(
        "ELIMINATED_WITH_DROPOUT",
        person,
        _is(GONE),
        person.school_status == "DROPPED_OUT",
        _aged(person, on, SCHOOL_AGE),
    )


def _about_people(code: str, person: Any, *where: ColumnElement[bool]) -> Select[Any]:
    facts = _facts(people=func.jsonb_agg(person.id))
    return _found(code, facts, person.household_id == ID, *where).having(func.count(person.id) > 0)


def _eliminated_below_line(on: date, year: Window) -> Select[Any]:
    """ "eliminated below the line" (issue 9): what is not known is not below. The line is that of the village today."""
    spell = aliased(Membership)
    members = select(func.count()).where(
        spell.household_id == ID, spell.started_on <= on, or_(spell.ended_on.is_(None), spell.ended_on > on)
    )
    income = income_of(
        ID, REGION, members.scalar_subquery(), literal(on, Date()), literal(12, Integer()), None, true()
    ).lateral("income")
    line = cast(as_text(value_of("INCOME_LINE", REGION, literal(on, Date()))), Numeric())
    facts = _facts(perCapitaNet=cast(income.c.per_capita_net, Text()), line=cast(line, Text()))
    found = _found("ELIMINATED_BELOW_LINE", facts, _is(GONE), income.c.per_capita_net < line)
    return found.select_from(income)


def _monitored_with_blue(on: date, year: Window) -> Select[Any]:
    """ "MONITORED with BLUE is an audit finding" (domain.md §11.8)."""
    grade = aliased(RiskGrade)
    return _found(
        "MONITORED_WITH_BLUE",
        _facts(scheme=grade.scheme, filedOn=cast(grade.effective_from, Text())),
        _is(MonitoringStatus.MONITORED.value),
        grade.household_id == ID,
        is_current(grade),
        grade.level == BLUE,
    )


def _figures_in_conflict(on: date, year: Window) -> Select[Any]:
    """ "Conflicting facts (two departments …) are both kept with their origin" (domain.md §11.16)."""
    said = aliased(IncomeStatement)
    differing = (
        select(said.month, said.kind)
        .where(
            said.household_id == ID,
            said.superseded_at.is_(None),
            said.month >= year.first,
            said.month <= on,
        )
        .group_by(said.person_id, said.month, said.kind)
        .having(func.min(said.amount_fen) < func.max(said.amount_fen))
        .lateral("differing")
    )
    months = func.jsonb_agg(func.to_char(differing.c.month, "YYYY-MM").distinct())
    facts = _facts(figures=func.count(), months=months)
    found = _found("FIGURES_IN_CONFLICT", facts, _is(*IN_CARE, GONE)).select_from(differing)
    return found.having(func.count() > 0)


def _eliminated_too_early(on: date, year: Window) -> Select[Any]:
    """ "eliminated … too early" (issue 9): "at least the stability months … before" (domain.md §11.13), by the policy of
    the day on which it was announced. Of a household's cases the one that was eliminated last."""
    case = aliased(MonitoringCase)
    last = (
        select(case.monitored_on, case.eliminated_on)
        .where(case.household_id == ID, case.eliminated_on.is_not(None))
        .order_by(case.eliminated_on.desc(), case.id.desc())
        .limit(1)
        .lateral("last")
    )
    months = cast(as_text(value_of("STABILITY_MONTHS", REGION, last.c.eliminated_on)), Integer())
    earliest = cast(last.c.monitored_on + func.make_interval(0, months), Date())
    facts = _facts(
        monitoredOn=cast(last.c.monitored_on, Text()), eliminatedOn=cast(last.c.eliminated_on, Text()), months=months
    )
    found = _found("ELIMINATED_TOO_EARLY", facts, _is(GONE), last.c.eliminated_on < earliest)
    return found.select_from(last)


def _no_measure_after_entry(on: date, year: Window) -> Select[Any]:
    """ "no measure long after entry" (issue 9): "first measure soon after the decision" (domain.md §6). What was delivered
    before the entry does not answer it; relief is none (§11.15)."""
    case, measure = aliased(MonitoringCase), aliased(Measure)
    delivered = select(literal(1)).where(
        measure.household_id == ID, measure.delivered_on >= literal_column("entered.monitored_on", Date())
    )
    entered = (
        select(case.monitored_on)
        .where(case.household_id == ID, case.closed_on.is_(None), case.monitored_on.is_not(None))
        .lateral("entered")
    )
    days = cast(as_text(value_of("FIRST_MEASURE_DAYS", REGION, literal(on, Date()))), Integer())
    facts = _facts(monitoredOn=cast(entered.c.monitored_on, Text()), days=days)
    found = _found(
        "NO_MEASURE_AFTER_ENTRY",
        facts,
        _is(*IN_CARE),
        entered.c.monitored_on + days < literal(on, Date()),
        ~delivered.exists(),
    )
    return found.select_from(entered)


def _last(year: Window) -> date:
    month = year.until.year * 12 + year.until.month - 2
    return date(month // 12, month % 12 + 1, 1)


# The library: every check of checks.csv, by its code.
LIBRARY: Final[dict[str, Callable[[date, Window], Select[Any]]]] = {
    "ILLNESS_WITHOUT_MEDICAL_COST": _illness_without_medical_cost,
    "JOB_RISK_WITHOUT_LABOUR": _job_risk_without_labour,
    "HEALTHY_WITHOUT_LABOUR": _healthy_without_labour,
    "ELIMINATED_BELOW_LINE": _eliminated_below_line,
    "ELIMINATED_WITH_DROPOUT": _eliminated_with_dropout,
    "ELIMINATED_TOO_EARLY": _eliminated_too_early,
    "NO_MEASURE_AFTER_ENTRY": _no_measure_after_entry,
    "MONITORED_WITH_BLUE": _monitored_with_blue,
    "FIGURES_IN_CONFLICT": _figures_in_conflict,
}
