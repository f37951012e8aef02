"""Orders: what a list is sorted by, made total by the primary key."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

import strawberry
from sqlalchemy import ColumnElement, UnaryExpression
from sqlalchemy.sql import operators

from .sql import clause


@dataclass(frozen=True, eq=False)
class By:
    """Columns, each ascending or .desc(). Nulls stand last ascending and first descending, as in an index."""

    columns: tuple[Any, ...]


def by(*columns: Any, description: str | None = None) -> Any:
    """An order; as the member of an Order enum, with the member's description."""
    return strawberry.enum_value(By(columns), description=description) if description else By(columns)


class Order(enum.Enum):
    """Base of the orders that a type offers: `CODE = by(Household.code, description=…)`."""


@dataclass(frozen=True)
class SortKey:
    column: ColumnElement[Any]
    is_descending: bool
    is_nullable: bool


def plain_order(order: Any) -> By:
    """`by(...)` as it was meant, whatever strawberry wrapped round it."""
    order = getattr(order, "value", order)
    if isinstance(order, By):
        return order
    return By(tuple(order) if isinstance(order, list | tuple) else (order,))


def sort_keys(order: By, key: tuple[ColumnElement[Any], ...]) -> list[SortKey]:
    """The order's columns, then the key's in the direction of the last: so one index (occurred_at desc, id desc) serves."""
    keys: list[SortKey] = []
    for item in order.columns:
        item = clause(item)
        is_descending = isinstance(item, UnaryExpression) and item.modifier is operators.desc_op
        column = item.element if isinstance(item, UnaryExpression) and item.modifier is not None else item
        keys.append(SortKey(column, is_descending, getattr(column, "nullable", True) is not False))
    named = {k.column.key for k in keys}
    direction = keys[-1].is_descending if keys else False
    return keys + [SortKey(column, direction, False) for column in key if column.key not in named]


def ordering(keys: list[SortKey], columns: list[ColumnElement[Any]]) -> list[Any]:
    return [c.desc() if k.is_descending else c.asc() for k, c in zip(keys, columns, strict=True)]
