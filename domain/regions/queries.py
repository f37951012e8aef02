"""Reads about regions that are not plain columns: the written address, the search by name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, all_, case, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, array
from sqlalchemy.orm import aliased

from domain.regions.models import Region

# Rungs of the ladder that exist only in statistics; nobody writes them in an address.
NEVER_WRITTEN = ("市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划")


def full_name() -> ColumnElement[str]:
    """Names from the province down, as people write an address: 福建省福州市永泰县富泉乡."""
    above = aliased(Region)
    codes = [func.left(Region.code, digits) for digits in (2, 4, 6, 9)]
    return (
        select(func.string_agg(above.name, aggregate_order_by(literal(""), above.code)))
        .where(above.code.in_([*codes, Region.code]), above.name != all_(array(NEVER_WRITTEN)))
        .correlate_except(above)
        .scalar_subquery()
    )


def named_like(search: Any) -> Select[str]:
    """Codes of the regions whose name contains `search`; under three characters: begins with it.

    A trigram index knows no two-character word inside a longer one, but it knows every beginning (padded trigrams).
    The select stands behind a fence (OFFSET 0): with a parameter the planner cannot know how rare a name is, and
    would walk the whole table in the order of the page instead of asking the index.
    """
    literally = func.regexp_replace(search, r"([\\%_])", r"\\\1", "g")
    start = case((func.char_length(search) < 3, ""), else_="%")
    pattern = start + literally + "%"
    named = aliased(Region)
    return select(named.code).where(named.name.like(pattern)).offset(0)
