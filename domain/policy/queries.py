"""Which value is in force, in SQL: the one owner of "the nearest ancestor that sets it on that date" for sets of rows.

`rules.in_force` is the same decision for one case; one table of examples tests both. Nothing is cached: a county's new
number holds for the very next statement, and finding it is one walk of an index.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    Select,
    Text,
    and_,
    any_,
    cast,
    column,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.policy.catalogue import DEFAULTS
from domain.policy.models import PolicyValue
from domain.policy.rules import Values

DIGITS_ABOVE = (2, 4, 6, 9)


def sets_it(setting: Any, region_code: Any, on: Any) -> ColumnElement[bool]:
    """Whether a setting is of this division or one above it, the country among them, and holds on that day."""
    return and_(
        or_(
            setting.region_code.is_(None),
            setting.region_code.in_([*(func.left(region_code, digits) for digits in DIGITS_ABOVE), region_code]),
        ),
        setting.from_on <= on,
        or_(setting.until_on.is_(None), setting.until_on > on),
        setting.superseded_at.is_(None),
    )


def nearest_first(setting: Any) -> ColumnElement[Any]:
    """A code's length says how near it is; the country has none."""
    return func.length(setting.region_code).desc().nulls_last()


def value_of(
    parameter: str, region_code: Any, on: Any, *, below: str | None = None, otherwise: Any = None
) -> ColumnElement[Any]:
    """The value in force as JSON, for each row of a statement: best over villages, of which there are few.

    below, otherwise: as if the division `below` had set `otherwise`; only what lies further down is heard before it.
    """
    setting = aliased(PolicyValue)
    heard = literal(True) if below is None else func.length(setting.region_code) > len(below)
    found = (
        select(setting.value)
        .where(setting.parameter == parameter, sets_it(setting, region_code, on), heard)
        .order_by(nearest_first(setting))
        .limit(1)
        .correlate_except(setting)
        .scalar_subquery()
    )
    return func.coalesce(found, literal(DEFAULTS[parameter] if below is None else otherwise, JSONB()))


def settings_map(parameters: Collection[str], on: Any) -> Any:
    """In FROM, one row: all that any division has set of these parameters for that day, by parameter and code
    (said), and the day.

    For a statement over many households of many villages: the table is read once, and `nearest` looks into the map.
    """
    setting = aliased(PolicyValue)
    name = setting.parameter + " " + func.coalesce(setting.region_code, "")
    held = and_(setting.from_on <= on, or_(setting.until_on.is_(None), setting.until_on > on))
    return (
        select(
            func.coalesce(func.jsonb_object_agg(name, setting.value), literal({}, JSONB())).label("said"),
            cast(on, Date()).label("day"),
        )
        .where(
            setting.parameter == any_(literal(list(parameters), ARRAY(Text()))), held, setting.superseded_at.is_(None)
        )
        .subquery("settings")
    )


def nearest(settings: Any, parameter: str, region_code: Any) -> ColumnElement[Any]:
    """The value in force as JSON, from a `settings_map`: what `value_of` finds."""
    codes = (region_code, *(func.left(region_code, digits) for digits in reversed(DIGITS_ABOVE)), literal("", Text()))
    said = (
        settings.c.said.op("->", return_type=JSONB())(func.concat(literal(f"{parameter} ", Text()), code))
        for code in codes
    )
    return func.coalesce(*said, literal(DEFAULTS[parameter], JSONB()))


def as_text(value: Any) -> ColumnElement[str]:
    """A JSON value as plain text: a code, or a number to be cast."""
    text: ColumnElement[str] = value.op("#>>", return_type=Text())(literal_column("'{}'::text[]", ARRAY(Text())))
    return text


def as_texts(value: Any) -> ColumnElement[Any]:
    """A list of codes as a text array. Codes are letters, digits and underscores, so what JSON puts around them goes; a
    function over its elements would be a subquery, which the read engine cannot place inside an author's expression."""
    return func.string_to_array(func.translate(as_text(value), '[]" ', ""), ",", type_=ARRAY(Text()))


def settings_in_force(region_code: Any, on: Any) -> Select[Any]:
    """The rows of PolicyValue in force in a division on a day: one per parameter that anybody set."""
    found = aliased(PolicyValue)
    chosen = (
        select(found.id)
        .where(sets_it(found, region_code, on))
        .ext(distinct_on(found.parameter))
        .order_by(found.parameter, nearest_first(found))
    )
    return select(PolicyValue).where(PolicyValue.id.in_(chosen))


async def policies_of(
    db: AsyncSession, asked: Collection[tuple[str, date]], parameters: Iterable[str]
) -> Mapping[tuple[str, date], Values]:
    """The values in force for many (region_code, day) at once, by parameter; one statement.

    >>> (await policies_of(db, {("350125201205", day)}, ("FENCE",)))["350125201205", day]
    {'FENCE': 200}
    """
    names = list(parameters)
    defaults = {name: DEFAULTS[name] for name in names}
    values: dict[tuple[str, date], dict[str, Any]] = {key: dict(defaults) for key in asked}
    if not values:
        return values
    wanted = (
        func.unnest(
            literal([region for region, _ in values], ARRAY(Text(collation="C"))),
            literal([day for _, day in values], ARRAY(Date())),
        )
        .table_valued(column("region_code", Text(collation="C")), column("day", Date()), name="wanted")
        .render_derived()
    )
    key = (wanted.c.region_code, wanted.c.day, PolicyValue.parameter)
    rows = await db.execute(
        select(*key, PolicyValue.value)
        .join(wanted, sets_it(PolicyValue, wanted.c.region_code, wanted.c.day))
        .where(PolicyValue.parameter.in_(names))
        .ext(distinct_on(*key))
        .order_by(*key, nearest_first(PolicyValue))
    )
    for region_code, day, name, value in rows:
        values[region_code, day][name] = value
    return values


async def policy_of(db: AsyncSession, region_code: str, on: date, parameters: Iterable[str]) -> Values:
    """The values in force in one division on one day."""
    return (await policies_of(db, [(region_code, on)], parameters))[region_code, on]


async def national_values(db: AsyncSession, on: date, parameters: Iterable[str]) -> dict[str, Any]:
    """What the country has set for that day; a parameter that it has not set is not there."""
    rows = await db.execute(
        select(PolicyValue.parameter, PolicyValue.value).where(
            PolicyValue.region_code.is_(None),
            PolicyValue.parameter.in_(list(parameters)),
            PolicyValue.from_on <= on,
            or_(PolicyValue.until_on.is_(None), PolicyValue.until_on > on),
            PolicyValue.superseded_at.is_(None),
        )
    )
    return {name: value for name, value in rows}  # noqa: C416 - rows, not pairs


async def lock_settings(db: AsyncSession, region_code: str, parameters: Iterable[str]) -> list[PolicyValue]:
    """What this division itself has set for these parameters at any time, locked, in the order of ids."""
    statement = (
        select(PolicyValue)
        .where(
            PolicyValue.region_code == region_code,
            PolicyValue.parameter.in_(list(parameters)),
            PolicyValue.superseded_at.is_(None),
        )
        .order_by(PolicyValue.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(await db.scalars(statement))
