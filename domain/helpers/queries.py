"""Reads about helpers and organisations that are not plain columns: what of them is private, and the search by name."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import ColumnElement, SQLColumnExpression, Text, case, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from domain.access.queries import HELPER_ID, ORGANISATION_ID, in_region
from domain.helpers.models import Helper, Organisation

T = TypeVar("T")


def knows_helper() -> ColumnElement[bool]:
    """Whether the viewer reads a helper's private columns: officers of the helper's region, and the helper themself."""
    return or_(in_region(Helper.region_code), Helper.id == HELPER_ID)


def knows_organisation() -> ColumnElement[bool]:
    """The same for an organisation."""
    return or_(in_region(Organisation.region_code), Organisation.id == ORGANISATION_ID)


def only_if(knows: ColumnElement[bool], column: SQLColumnExpression[T]) -> SQLColumnExpression[T | None]:
    """A private column; null for everybody else."""
    return case((knows, column))


def masked_phone(knows: ColumnElement[bool], phone: SQLColumnExpression[str | None]) -> SQLColumnExpression[str | None]:
    """The number for who knows its owner; for others what tells two numbers apart: 138****5678, and less of short ones."""
    start, end = func.left(phone, 3), func.right(phone, func.least(4, func.greatest(0, func.length(phone) - 7)))
    return case((knows, phone), (phone.is_not(None), func.concat(start, "****", end)))


def is_named_like(name: InstrumentedAttribute[str], search: Any) -> ColumnElement[bool]:
    """The name contains `search`; its % and _ mean themselves.

    Unlike divisions, people have names of two and three characters, and are looked for by any one of them. Row-level
    security keeps LIKE away from any index (it is not leakproof), so every name is compared: the pattern is made once,
    in a subquery, and not once per row.
    """
    literally = func.regexp_replace(search, r"([\\%_])", r"\\\1", "g", type_=Text())
    pattern = func.concat("%", literally, "%", type_=Text()).table_valued("pattern").render_derived()
    return name.like(select(pattern.c.pattern).scalar_subquery())
