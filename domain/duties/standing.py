"""Since when a household is what its duties hang on: on record, under monitoring, or tracked after its risk was gone."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, literal_column, or_, select
from sqlalchemy.orm import aliased

from domain.cases.models import MonitoringCase
from domain.households.models import MonitoringStatus


def is_on_record(home: Any, day: Any) -> ColumnElement[bool]:
    """Whether it was a household on that day."""
    return and_(home.registered_on <= day, or_(home.ended_on.is_(None), home.ended_on > day))


def standing(home: Any, day: Any) -> Any:
    """In FROM, one row: household_id, monitored_since and tracked_since, null where it is not.

    OFFSET keeps it one step of the plan."""
    return (
        select(
            home.id.label("household_id"),
            monitored_since(home, day).label("monitored_since"),
            tracked_since(home, day).label("tracked_since"),
        )
        .correlate(home)
        .offset(literal_column("0"))
        .lateral("standing")
    )


def monitored_since(home: Any, day: Any) -> ColumnElement[Any]:
    """The day on which it came under monitoring, by the case that was open that day; of one that was registered as
    monitored, and has never had a case that came so far, that of its registration."""
    one, ever = aliased(MonitoringCase), aliased(MonitoringCase)
    by_case = select(func.max(one.monitored_on)).where(
        one.household_id == home.id, one.monitored_on <= day, or_(one.closed_on.is_(None), one.closed_on > day)
    )
    had_one = exists().where(ever.household_id == home.id, ever.monitored_on.is_not(None)).correlate_except(ever)
    registered = case((and_(home.monitoring_status == MonitoringStatus.MONITORED, ~had_one), home.registered_on))
    return func.coalesce(by_case.correlate_except(one).scalar_subquery(), registered)


def tracked_since(home: Any, day: Any) -> ColumnElement[Any]:
    """The day on which its risk was gone; of one that was registered as such, that of its registration."""
    registered = case((home.monitoring_status == MonitoringStatus.ELIMINATED_TRACKED, home.registered_on))
    return case((home.exited_on <= day, home.exited_on), (home.exited_on.is_(None), registered))
