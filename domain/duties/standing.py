"""Since when a household is what its duties hang on: on record, under monitoring, or tracked after its risk was gone."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, case, literal_column, or_, select

from domain.households.models import Household, MonitoringStatus


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


def monitored_since(home: type[Household], day: Any) -> ColumnElement[Any]:
    """The day on which it came under monitoring; of one that was registered as monitored, that of its registration."""
    return case((home.monitoring_status == MonitoringStatus.MONITORED, home.registered_on))


def tracked_since(home: type[Household], day: Any) -> ColumnElement[Any]:
    """The day on which its risk was gone; of one that was registered as such, that of its registration."""
    return case((home.monitoring_status == MonitoringStatus.ELIMINATED_TRACKED, home.registered_on))
