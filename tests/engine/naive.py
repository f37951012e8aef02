"""What the oracle knows of PostgreSQL: how it orders, writes and compares values. Python only."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import cmp_to_key
from typing import Any


def plain(value: Any) -> Any:
    """A Python value as JSON would have it."""
    if isinstance(value, datetime):
        return re.sub(r"(\.\d*?)0+\+", r"\1+", value.astimezone(UTC).isoformat())
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, uuid.UUID):
        return str(value)
    return value.name if isinstance(value, Enum) else value


def compare(a: Any, b: Any, is_descending: bool) -> int:
    """PostgreSQL's order: nulls are larger than all else, and NaN larger than all numbers."""

    def rank(v: Any) -> tuple[int, Any]:
        return (2, 0) if v is None else (1, 0) if v != v else (0, v.encode() if isinstance(v, str) else v)

    x, y = rank(a), rank(b)
    found = 0 if x == y else 1 if x > y else -1
    return -found if is_descending else found


def in_order(rows: list[Any], keys: list[tuple[str, bool]]) -> list[Any]:
    def order(a: Any, b: Any) -> int:
        return next((c for k, d in keys if (c := compare(getattr(a, k), getattr(b, k), d))), 0)

    return sorted(rows, key=cmp_to_key(order))


def text_of(value: Any) -> str | None:
    """As PostgreSQL writes it."""
    if isinstance(value, datetime):
        return re.sub(r"(\.\d*?)0+\+", r"\1+", value.astimezone(UTC).isoformat(" "))[:-3]
    if isinstance(value, float):
        return "NaN" if value != value else repr(value).removesuffix(".0")
    return None if value is None else str(plain(value))


def like(text: str, pattern: str) -> bool:
    """SQL's LIKE, with % and _ and the backslash."""
    out, i = "", 0
    while i < len(pattern):
        c = pattern[i]
        if c == "\\" and i + 1 < len(pattern):
            i += 1
            out += re.escape(pattern[i])
        else:
            out += ".*" if c == "%" else "." if c == "_" else re.escape(c)
        i += 1
    return re.fullmatch(out, text, re.DOTALL) is not None
