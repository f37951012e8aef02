"""Windows of the calendar in which something is due once, so that a village has the same months and quarters for all."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Text,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
    type_coerce,
)


def windows(day: Any, months: Any) -> Any:
    """The window of so many months in which a day lies and the one before it, in FROM: (first_on, last_on, name)."""
    return (
        func.ruhu_windows(day, months)
        .table_valued(column("first_on", Date()), column("last_on", Date()), column("name", Text()), name="span")
        .render_derived()
    )


def all_windows(day: Any) -> Any:
    """The same for each number of months from 1 to 12, in FROM: (months, first_on, last_on, name). Made once for a
    statement, whatever the number is that a household has; OFFSET keeps it so."""
    asked = func.generate_series(1, 12).table_valued(column("months", Integer()), name="asked").render_derived()
    span = windows(day, asked.c.months)
    return (
        select(asked.c.months, span.c.first_on, span.c.last_on, span.c.name)
        .select_from(asked.join(span, literal(True)))
        .offset(literal_column("0"))
        .subquery("span")
    )


def in_time_for(since: Any, last_on: Any, cutoff: Any) -> ColumnElement[bool]:
    """Whether what began on a day is due in the window that ends on `last_on`: "Decided by the 20th: due that month, else
    the next" (domain.md §11.1), said of the window's last month."""
    month = cast(func.date_trunc("month", cast(last_on, DateTime())), Date())
    result: ColumnElement[bool] = since <= type_coerce(month + (cutoff - literal_column("1")), Date())
    return result
