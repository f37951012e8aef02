"""From the sign to the decision to the help (即时出现、即时纳入、即时帮扶): how many come how far, after how many hours."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Date,
    DateTime,
    Double,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by, array

from domain.assistance.models import Measure
from domain.cases.models import MonitoringCase
from domain.monitoring.models import Clue
from domain.monitoring.rules import ClueState
from domain.regions.models import Region
from domain.statistics.queries import DIGITS, below

SINCE: Final = bindparam("since", type_=Date(), required=True)
UNTIL: Final = bindparam("until", type_=Date(), required=True)
QUANTILES: Final = (0.5, 0.9)


def _day(instant: Any) -> ColumnElement[Any]:
    return cast(func.timezone("Asia/Shanghai", instant), Date())


def _midnight(day: Any) -> ColumnElement[Any]:
    return func.timezone("Asia/Shanghai", cast(day, DateTime()), type_=DateTime(timezone=True))


def _hours(earlier: Any, later: Any) -> ColumnElement[Any]:
    seconds = func.extract("epoch", later) - func.extract("epoch", earlier)
    return func.greatest(0, cast(seconds, Double()) / 3600)


def _quantiles(hours: Any, which: Any) -> ColumnElement[Any]:
    of: ColumnElement[Any] = cast(array(QUANTILES), ARRAY(Double()))
    return func.to_jsonb(func.percentile_cont(of).within_group(hours).filter(which))


def passage() -> Select[Any]:
    """A row for each clue that was received on one of these days: (region_code, is_verified, is_admitted, is_helped,
    hours_to_decision, hours_to_help).

    Decision: the county's, of the case that was born of the clue. Help: the first measure for the family since the clue's
    day 0 that began, or was delivered; it has a day and no hour, so that what began on the day of the decision or before
    came at once. domain.md §4: "measure the hours between the three".
    """
    begun = func.coalesce(Measure.started_on, Measure.delivered_on)
    first = (
        select(func.min(begun))
        .where(Measure.household_id == Clue.household_id, begun >= Clue.began_on)
        .correlate(Clue)
        .scalar_subquery()
    )
    decided = MonitoringCase.decided_at
    return (
        select(
            func.left(Clue.region_code, DIGITS, type_=Text()).label("region_code"),
            (Clue.state == ClueState.VERIFIED).label("is_verified"),
            decided.is_not(None).label("is_admitted"),
            and_(decided.is_not(None), first.is_not(None)).label("is_helped"),
            _hours(Clue.received_at, decided).label("hours_to_decision"),
            case((decided.is_not(None), _hours(decided, _midnight(first)))).label("hours_to_help"),
        )
        .select_from(Clue)
        .outerjoin(MonitoringCase, MonitoringCase.clue_id == Clue.id)
        .where(below(Clue.region_code), Clue.received_at >= _midnight(SINCE), Clue.received_at < _midnight(UNTIL + 1))
    )


def funnel() -> Select[Any]:
    """One JSON text: [{regionCode, regionName, clues, verified, admitted, helped, decision, help}], the last two [median,
    nine tenths] in hours, null where there are none. Reads what the viewer's walls show, and nothing else."""
    row = passage().subquery("passage")
    grouped = (
        select(
            row.c.region_code,
            func.count(type_=BigInteger()).label("clues"),
            *(func.count().filter(row.c[f"is_{name}"]).label(name) for name in ("verified", "admitted", "helped")),
            _quantiles(row.c.hours_to_decision, row.c.is_admitted).label("decision"),
            _quantiles(row.c.hours_to_help, row.c.is_helped).label("help"),
        )
        .group_by(row.c.region_code)
        .subquery("grouped")
    )
    name = select(Region.name).where(Region.code == grouped.c.region_code).correlate_except(Region).scalar_subquery()
    told = func.jsonb_build_object(
        *("regionCode", grouped.c.region_code, "regionName", name),
        *(
            part
            for key in ("clues", "verified", "admitted", "helped", "decision", "help")
            for part in (key, grouped.c[key])
        ),
    )
    listed = func.jsonb_agg(aggregate_order_by(told, grouped.c.region_code))
    return select(cast(func.coalesce(listed, cast([], JSONB())), Text())).select_from(grouped)


FUNNEL: Final = funnel()
