"""Scalars: our own, and the standard ones with descriptions that say what the field means by them."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NewType

import strawberry
from strawberry.scalars import JSON
from strawberry.schema.types.scalar import DEFAULT_SCALAR_REGISTRY
from strawberry.types.scalar import ScalarDefinition

from domain.regions.rules import region_code
from schema.engine import Codec, text_codec
from schema.engine.codecs import python_decimal, python_instant

RegionCode = NewType("RegionCode", str)


def _parse_region_code(value: Any) -> str:
    code = region_code(value) if isinstance(value, str) else None
    if code is None:
        raise ValueError("A region code has 2, 4, 6, 9 or 12 digits.")
    return code


def _described(scalar: Any, description: str, **writes: Any) -> ScalarDefinition:
    # Their links point at sites that a village's network may not reach; the words here say it all.
    return dataclasses.replace(
        DEFAULT_SCALAR_REGISTRY[scalar], description=description, specified_by_url=None, **writes
    )


SCALAR_MAP: Final[dict[object, ScalarDefinition]] = {
    RegionCode: strawberry.scalar(
        name="RegionCode",
        description="A division's statistical code: 2, 4, 6, 9 or 12 digits. On input the form padded with zeros to 12 "
        "digits is accepted too. 统计用区划代码",
        serialize=str,
        parse_value=_parse_region_code,
    ),
    date: _described(date, "A day in China Standard Time, like 2020-07-01. 日期(北京时间)"),
    # Ordinary resolvers write instants and decimals exactly as the engine's SQL does.
    datetime: _described(
        datetime, "An instant with its offset, like 2020-07-01T08:00:00+08:00. 时刻(含时区)", serialize=python_instant
    ),
    Decimal: _described(
        Decimal, "An exact decimal number as text; money in yuan. 十进制数(金额以元计)", serialize=python_decimal
    ),
    JSON: _described(JSON, "Any JSON value. JSON 值"),
}

CODECS: Final[dict[str, Codec]] = {"RegionCode": text_codec()}
