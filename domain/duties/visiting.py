"""Visits that are due (domain.md §11.1), and the helpers without whom nobody makes them."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    Select,
    Text,
    and_,
    any_,
    case,
    cast,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased

from domain.duties.rules import (
    ANY,
    DAYS_MISSED_IS_LISTED,
    DAYS_TO_PAIR,
    KEY_HELP,
    WEALTH_LEADER,
    DutyRule,
)
from domain.duties.shape import Asked, concerns, holds, level_of, row
from domain.duties.standing import is_on_record, monitored_since, standing
from domain.duties.windows import all_windows, in_time_for
from domain.grades.models import RiskGrade
from domain.grades.queries import held_on
from domain.households.models import Household
from domain.pairings.models import Pairing
from domain.policy.queries import as_text, as_texts, nearest, settings_map
from domain.sweeps.queries import china_day, midnight
from domain.visits.models import Visit, VisitCompanion, VisitContact

_TRUE = literal_column("'true'::jsonb", JSONB())
_NOUGHT = literal_column("'0'::jsonb", JSONB())


# --- which visits count ------------------------------------------------------------------------------------------------


def counts(visit: Any, is_key: Any) -> ColumnElement[bool]:
    """Whether a visit is one that was due: "a complete form and an adult member met. Nobody home, or a call, is an attempt
    …; where the whole family is away, a phone or video contact counts" (domain.md §11.1). Of a household under key help
    "by a helper whose key-help role was active then", so what was done before a hand-over still counts; one of several who
    came together is enough. A missing location is not asked about."""
    return and_(
        _is_good(visit), or_(_is_at_the_door(visit), is_call_to_absent(visit)), or_(~is_key, by_key_helper(visit))
    )


def is_call_to_absent(visit: Any) -> ColumnElement[bool]:
    """A call by telephone or video to a family that is away altogether."""
    return and_(visit.contact == VisitContact.REMOTE, visit.answers["isWholeFamilyAway"] == _TRUE)


def _is_good(visit: Any) -> ColumnElement[bool]:
    return and_(visit.superseded_by_id.is_(None), visit.is_complete, visit.answers["adultsMet"] > _NOUGHT)


def _is_at_the_door(visit: Any) -> ColumnElement[bool]:
    return visit.contact == VisitContact.IN_PERSON  # type: ignore[no-any-return]


def by_key_helper(visit: Any) -> ColumnElement[bool]:
    """Whether somebody who came held a key-help pairing with the family on that day."""
    pairing, companion = aliased(Pairing), aliased(VisitCompanion)
    came = exists().where(companion.visit_id == visit.id, companion.helper_id == pairing.helper_id)
    paired = exists().where(
        pairing.household_id == visit.household_id,
        pairing.role == KEY_HELP,
        holds(pairing, china_day(visit.occurred_at)),
        or_(pairing.helper_id == visit.helper_id, came.correlate_except(companion)),
    )
    return paired.correlate_except(pairing, companion)


def _visited(home: Any, span: Any, day: Any, *conditions: Any, visit: Any) -> ColumnElement[bool]:
    """Whether there is such a visit in the window, by the end of the day asked about."""
    found = exists().where(
        visit.household_id == home.id,
        visit.occurred_at >= midnight(span.c.first_on),
        visit.occurred_at < midnight(type_coerce(func.least(span.c.last_on, day), Date()) + literal_column("1")),
        *conditions,
    )
    return found.correlate_except(visit, Pairing, VisitCompanion)


# --- the duties --------------------------------------------------------------------------------------------------------


_PARAMETERS: Final = (
    *("KEY_VISIT_INTERVAL", "TRACKING_INTERVAL", "ABSENT_DOOR_VISIT_INTERVAL", "MONTHLY_VISIT_CUTOFF"),
    *("VISIT_INTERVAL_BY_CATEGORY", "VISIT_INTERVAL_BY_GRADE", "GRADING_SCHEMES"),
)


def _number(settings: Any, parameter: str, region_code: Any) -> Any:
    return cast(as_text(nearest(settings, parameter, region_code)), Integer())


def visits(asked: Asked) -> Select[Any]:
    """A visit in each window: "每月至少入户走访一次" for a household under monitoring (Fuzhou 2020, Fujian 2020;
    domain.md §6, §11.1), "tracked quarterly" once its risk is gone (§11.13), else by its category or by the level of its
    grade (§7: "visit frequency by grade/category"), as the policy has it."""
    home, visit, day = aliased(Household), aliased(Visit), asked.day
    settings, span, was = settings_map(_PARAMETERS, day), all_windows(day), standing(home, day)
    is_key = was.c.monitored_since.is_not(None)
    pace = _pace(home, settings, was)
    since = func.coalesce(was.c.monitored_since, was.c.tracked_since, home.registered_on)
    helped_by = case((is_key, literal(KEY_HELP, Text())), else_=literal(ANY, Text()))
    return (
        select(
            *row(
                DutyRule.VISIT_DUE,
                asked,
                subject_id=home.id,
                household_id=home.id,
                region_code=home.region_code,
                level=level_of(home.id, helped_by, day),
                helped_by=helped_by,
                period=span.c.name,
                began_on=func.greatest(span.c.first_on, since),
                due_on=span.c.last_on,
                because=pace.c.because,
                months=span.c.months,
            )
        )
        .select_from(home)
        .join(settings, literal(True))
        .join(was, literal(True))
        .join(pace, literal(True))
        # Not by `=`: households put into a hash would lose their order, and a page would have to read them all.
        .join(span, span.c.months.between(pace.c.months, pace.c.months))
        .where(
            concerns(asked, DutyRule.VISIT_DUE, home.region_code, home.id),
            is_on_record(home, day),
            in_time_for(since, span.c.last_on, _number(settings, "MONTHLY_VISIT_CUTOFF", home.region_code)),
            span.c.last_on >= day - literal_column(str(DAYS_MISSED_IS_LISTED)),
            ~_visited(home, span, day, visit.household_id == was.c.household_id, counts(visit, is_key), visit=visit),
        )
    )


def _pace(home: Any, settings: Any, was: Any) -> Any:
    """How many months a window of the household has and why, in FROM; null where nobody asks for a visit. Beside key help
    the shortest that policy asks for counts: a red household is called on every month, whatever its category (ASSUMPTION:
    no source ranks the two)."""
    grade = aliased(RiskGrade)
    by_category = nearest(settings, "VISIT_INTERVAL_BY_CATEGORY", home.region_code).op("->>")(home.category)
    by_level = nearest(settings, "VISIT_INTERVAL_BY_GRADE", home.region_code).op("->>")(grade.level)
    by_grade = func.min(cast(by_level, Integer()))
    is_key, is_tracked = was.c.monitored_since.is_not(None), was.c.tracked_since.is_not(None)
    tracking = _number(settings, "TRACKING_INTERVAL", home.region_code)
    usual = case((is_tracked, tracking), else_=cast(by_category, Integer()))
    is_by_grade = by_grade < func.coalesce(usual, by_grade + literal_column("1"))
    key_months = _number(settings, "KEY_VISIT_INTERVAL", home.region_code)
    return (
        select(
            case((is_key, key_months), else_=func.least(by_grade, usual)).label("months"),
            case((is_key, "MONITORED"), (is_by_grade, "GRADE"), (is_tracked, "TRACKED"), else_="CATEGORY").label(
                "because"
            ),
        )
        .where(
            grade.household_id == home.id,
            grade.household_id == was.c.household_id,
            held_on(settings.c.day, grade),
            grade.scheme == any_(as_texts(nearest(settings, "GRADING_SCHEMES", home.region_code))),
        )
        .correlate(home, settings, was)
        .lateral("pace")
    )


def door_visits(asked: Asked) -> Select[Any]:
    """Where a call counted because the whole family is away, "plus one door visit per half-year" (domain.md §11.1).

    ASSUMPTION: whoever goes to the door of an absent family meets nobody, so this once a call at an empty house counts.
    """
    home, called, visit, day = aliased(Household), aliased(Visit), aliased(Visit), asked.day
    settings, span = settings_map(_PARAMETERS, day), all_windows(day)
    since = monitored_since(home, day)
    at_the_door = and_(
        visit.superseded_by_id.is_(None),
        visit.contact != VisitContact.REMOTE,
        visit.is_complete,
        by_key_helper(visit),
    )
    is_call = and_(_is_good(called), is_call_to_absent(called), by_key_helper(called))
    return (
        select(
            *row(
                DutyRule.DOOR_VISIT_DUE,
                asked,
                subject_id=home.id,
                household_id=home.id,
                region_code=home.region_code,
                level=level_of(home.id, literal(KEY_HELP, Text()), day),
                period=span.c.name,
                began_on=func.greatest(span.c.first_on, since),
                due_on=span.c.last_on,
                months=span.c.months,
            )
        )
        .select_from(home)
        .join(settings, literal(True))
        .join(span, span.c.months == _number(settings, "ABSENT_DOOR_VISIT_INTERVAL", home.region_code))
        .where(
            concerns(asked, DutyRule.DOOR_VISIT_DUE, home.region_code, home.id),
            is_on_record(home, day),
            since.is_not(None),
            span.c.last_on >= day - literal_column(str(DAYS_MISSED_IS_LISTED)),
            _visited(home, span, day, is_call, visit=called),
            ~_visited(home, span, day, at_the_door, visit=visit),
        )
    )


def key_helpers(asked: Asked) -> Select[Any]:
    """A household under monitoring has a chosen cadre: "选准配强帮扶干部" (Fuzhou 2020, Fujian 2020; domain.md §6)."""
    return _gap(asked, DutyRule.KEY_HELPER_MISSING, KEY_HELP)


def leaders(asked: Asked) -> Select[Any]:
    """… and "一名本村党员创业致富带头人" (Fuzhou 2020, Fujian 2020; domain.md §6)."""
    return _gap(asked, DutyRule.LEADER_MISSING, WEALTH_LEADER)


def _gap(asked: Asked, rule: DutyRule, role: str) -> Select[Any]:
    home, pairing, ended, day = aliased(Household), aliased(Pairing), aliased(Pairing), asked.day
    held = exists().where(pairing.household_id == home.id, pairing.role == role, holds(pairing, day))
    last_end = select(func.max(ended.ended_on)).where(
        ended.household_id == home.id, ended.role == role, ended.ended_on <= day
    )
    monitored = monitored_since(home, day)
    since = func.greatest(monitored, last_end.correlate_except(ended).scalar_subquery())
    return select(
        *row(
            rule,
            asked,
            subject_id=home.id,
            household_id=home.id,
            region_code=home.region_code,
            period=None,
            began_on=since,
            due_on=type_coerce(since + literal_column(str(DAYS_TO_PAIR)), Date()),
            role=literal(role, Text()),
        )
    ).where(
        concerns(asked, rule, home.region_code, home.id),
        is_on_record(home, day),
        monitored.is_not(None),
        ~held.correlate_except(pairing),
    )
