"""Which months of key help had their visit (每月入户走访情况): the record that stays when a duty has left the lists."""

from __future__ import annotations

import enum
from typing import Any, Final

from sqlalchemy import (
    Date,
    DateTime,
    Integer,
    Select,
    Text,
    and_,
    case,
    cast,
    column,
    exists,
    func,
    literal,
    select,
    type_coerce,
)
from sqlalchemy.orm import aliased

from domain.access.queries import meets, sees_household
from domain.duties.shape import plus
from domain.duties.standing import is_on_record, monitored_since
from domain.duties.visiting import counts
from domain.duties.windows import in_time_for, windows
from domain.households.models import Household
from domain.policy.queries import as_text, value_of
from domain.sweeps.queries import china_day, midnight
from domain.visits.models import Visit

MOST_MONTHS: Final = 36


class VisitStanding(enum.StrEnum):
    """How a period stands (完成情况). LATE_COUNTED: the visit was made in it, and heard of when it was over."""

    DONE = "DONE"
    LATE_COUNTED = "LATE_COUNTED"
    OPEN = "OPEN"
    MISSED = "MISSED"


def periods(household_id: Any, since: Any, until: Any, today: Any) -> Select[Any]:
    """(name, first_on, last_on, standing, visited_on): the periods in which a visit was due, of 36 months at most.

    "Closed months are not rewritten: late visits appear as 'late-counted'" (domain.md §11.1): whether a period had its
    visit when it closed is asked of when the server heard of it, and that never changes.
    """
    home, first, latest = aliased(Household), _month(since), _month(func.least(until, today))
    series = (
        func.generate_series(
            first, func.least(latest, first + func.make_interval(0, MOST_MONTHS - 1)), func.make_interval(0, 1)
        )
        .table_valued(column("month", DateTime()), name="series")
        .render_derived()
    )
    month = cast(series.c.month, Date())
    on = type_coerce(func.least(_last_day(series.c.month), today), Date())  # whose numbers count for the month
    interval = cast(as_text(value_of("KEY_VISIT_INTERVAL", home.region_code, on)), Integer())
    cutoff = cast(as_text(value_of("MONTHLY_VISIT_CUTOFF", home.region_code, on)), Integer())
    span = windows(on, interval)
    asked_on = type_coerce(func.least(span.c.last_on, today), Date())
    began_on = monitored_since(home, asked_on)
    closes = midnight(plus(span.c.last_on, 1))
    visit, late = aliased(Visit), aliased(Visit)
    was_known = exists().where(*_made(visit, home, span, closes), visit.received_at < closes).correlate_except(visit)
    visited_on = (
        select(func.min(china_day(late.occurred_at)))
        .where(*_made(late, home, span, closes))
        .correlate_except(late)
        .scalar_subquery()
    )
    standing = case(
        (was_known, _said(VisitStanding.DONE)),
        (visited_on.is_not(None), _said(VisitStanding.LATE_COUNTED)),
        (span.c.last_on >= today, _said(VisitStanding.OPEN)),
        else_=_said(VisitStanding.MISSED),
    )
    return (
        select(
            span.c.name,
            span.c.first_on,
            span.c.last_on,
            standing.label("standing"),
            visited_on.label("visited_on"),
        )
        .select_from(home)
        .join(series, literal(True))
        .join(span, span.c.last_on >= month)
        .where(
            home.id == household_id,
            sees_household(home.region_code, home.id),
            meets(home.region_code, home.id),
            func.greatest(span.c.first_on, cast(first, Date()))
            == month,  # once, however many of its months are asked for
            is_on_record(home, asked_on),
            began_on.is_not(None),
            in_time_for(began_on, span.c.last_on, cutoff),
        )
    )


def _made(visit: Any, home: Any, span: Any, closes: Any) -> tuple[Any, ...]:
    return (
        visit.household_id == home.id,
        and_(visit.occurred_at >= midnight(span.c.first_on), visit.occurred_at < closes),
        counts(visit, literal(True)),
    )


def _month(day: Any) -> Any:
    return func.date_trunc("month", cast(day, DateTime()), type_=DateTime())


def _last_day(month: Any) -> Any:
    return cast(month + func.make_interval(0, 1) - func.make_interval(0, 0, 0, 1), Date())


def _said(standing: VisitStanding) -> Any:
    return literal(standing.value, Text())
