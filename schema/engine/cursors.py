"""Keyset pages: what an order, a cursor and `after` mean in SQL.

A cursor is the base64 of a JSON array: the order's name, then the row's sort keys as PostgreSQL writes them. It survives
inserts and deletes, says nothing a client may not see, and is refused under another order.
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from graphql import GraphQLError
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Float,
    Integer,
    Numeric,
    Text,
    Uuid,
    and_,
    cast,
    false,
    or_,
    tuple_,
)

from .arguments import Binds, Given, Variables
from .codecs import to_text
from .errors import BAD_CURSOR, BAD_USER_INPUT, PAGE_TOO_LARGE, refused
from .orders import SortKey
from .sql import Raw, escaped

Column = ColumnElement[Any]


def order_name(keys: list[SortKey], name: str = "") -> str:
    """What a cursor says about its order: the order's name, or its columns with their directions."""
    return name or ",".join(("-" if k.is_descending else "") + (k.column.key or "?") for k in keys)


def cursor(name: str, keys: list[SortKey], columns: list[Column]) -> Column:
    pieces: list[str | Column] = [f"CAST({escaped(name)} AS TEXT)"]
    for column in columns:
        pieces += [", CAST(", column, " AS TEXT)"]
    written = Raw("convert_to(CAST(json_build_array(", *pieces, ") AS TEXT), 'UTF8')")
    return Raw("translate(encode(", written, ", 'base64'), E'\\n', '')")


# --- reading -------------------------------------------------------------------------------------


def _whole(bits: int) -> Callable[[str], None]:
    def check(text: str) -> None:
        if not -(2 ** (bits - 1)) <= int(text) < 2 ** (bits - 1):
            raise ValueError(text)

    return check


def _truth(text: str) -> None:
    if text not in ("true", "false"):
        raise ValueError(text)


# What each SQL type would accept; anything else must not reach PostgreSQL, whose error would be ours and not the client's.
_CHECKS: tuple[tuple[Any, Callable[[str], Any]], ...] = (
    (Uuid, uuid.UUID),
    (BigInteger, _whole(64)),
    (Integer, _whole(32)),
    (Float, float),
    (Numeric, Decimal),
    (Boolean, _truth),
    (DateTime, datetime.fromisoformat),
    (Date, date.fromisoformat),
)


def _fits(key: SortKey, value: Any) -> bool:
    if value is None:
        return key.is_nullable
    if not isinstance(value, str):
        return False
    try:
        to_text(value)
        for sql_type, check in _CHECKS:
            if isinstance(key.column.type, sql_type):
                check(value)
                break
    except (ValueError, ArithmeticError, GraphQLError):
        return False
    return True


def read_cursor(text: Any, name: str, keys: list[SortKey]) -> list[str | None]:
    """The sort keys of the row that a cursor names."""
    try:
        written, *values = json.loads(base64.b64decode(str(text), validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise refused("This cursor was not made by this server.", BAD_CURSOR) from None
    if written != name or len(values) != len(keys):
        raise refused("This cursor belongs to another order.", BAD_CURSOR)
    if not all(_fits(k, v) for k, v in zip(keys, values, strict=True)):
        raise refused("This cursor was not made by this server.", BAD_CURSOR)
    return list(values)


def read_size(value: Any, cap: int) -> int:
    """`first`, which is never clamped."""
    if not isinstance(value, int) or value < 0:
        raise refused("'first' must not be negative.", BAD_USER_INPUT)
    if value > cap:
        raise refused(f"'first' is {value}; at most {cap} rows can be asked for at once.", PAGE_TOO_LARGE)
    return value


# --- conditions ----------------------------------------------------------------------------------


def beyond(name: str, keys: list[SortKey], columns: list[Column], at: Given, binds: Binds) -> Column:
    """Rows after the cursor: one comparison of rows where an index can serve it, else (a > x) or (a = x and (…))."""
    marks = [_mark(name, keys, i, at, binds) for i in range(len(keys))]
    if len({k.is_descending for k in keys}) == 1 and not any(k.is_nullable for k in keys):
        row, mark_row = tuple_(*columns), tuple_(*marks)
        return row < mark_row if keys[0].is_descending else row > mark_row
    condition: Column = false()
    for key, column, mark in reversed(list(zip(keys, columns, marks, strict=True))):
        condition = or_(_greater(key, column, mark), and_(_equal(key, column, mark), condition))
    if not keys[0].is_nullable:
        # Says nothing new, but an index can begin there: no index serves the OR.
        begins = columns[0] <= marks[0] if keys[0].is_descending else columns[0] >= marks[0]
        condition = and_(begins, condition)
    return condition


def _mark(name: str, keys: list[SortKey], i: int, at: Given, binds: Binds) -> Column:
    def value(variables: Variables) -> str | None:
        return read_cursor(at.read(variables), name, keys)[i]

    return cast(binds.bind(Given(value, None, at.is_constant), Text(), lambda text: text), keys[i].column.type)


def _greater(key: SortKey, column: Column, mark: Column) -> Column:
    if not key.is_nullable:
        return column < mark if key.is_descending else column > mark
    if key.is_descending:  # nulls first
        return or_(column < mark, and_(column.is_not(None), mark.is_(None)))
    return or_(column > mark, and_(column.is_(None), mark.is_not(None)))


def _equal(key: SortKey, column: Column, mark: Column) -> Column:
    return column.is_not_distinct_from(mark) if key.is_nullable else column == mark
