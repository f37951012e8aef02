"""Figures of a day, as one statement: what the worker has folded, and the deltas that it has not folded yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from domain.access.rules import AFTER_EVERY_DIGIT
from domain.base.models import Term
from domain.regions.models import Region
from domain.statistics.models import VECTOR, StatisticsBalance, StatisticsDelta
from domain.statistics.rules import OF_ONE_VALUE, StatisticsDimension

VILLAGE: Final = 12  # digits

REGION: Final = bindparam("region", type_=Text(), required=True)
DIGITS: Final = bindparam("digits", type_=Integer(), required=True)  # of the regions that the groups tell
ON: Final = bindparam("on", type_=Date(), required=True)
KNOWN_AT: Final = bindparam("known_at", type_=DateTime(timezone=True), required=True)  # null: now
BY: Final = bindparam("by", type_=ARRAY(Text()), required=True)
ROSTERS: Final = bindparam("rosters", type_=ARRAY(Text()), required=True)  # null: whether on a list or not
LANGUAGE: BindParameter[str] = bindparam("language", type_=Text(), required=True)

# Vocabularies of the columns that are terms.
_LISTS: Final = {
    "category": "household_category",
    "cause": "cause",
    "monitoring_category": "monitoring_category",
}


def below(code: Any) -> ColumnElement[bool]:
    return and_(code >= REGION, code < REGION.concat(AFTER_EVERY_DIGIT))


def _of(table: Any, sign: int = 1) -> list[ColumnElement[Any]]:
    """A row's region at the level asked for, its vector, and its figures."""
    region = func.left(table.region_code, DIGITS, type_=Text()).label("region_code")
    figures = [(sign * table.households).label("households"), (sign * table.persons).label("persons")]
    return [region, *(getattr(table, name) for name in VECTOR), *figures]


def cells() -> Select[Any]:
    """(region_code, vector, households, persons) of the rows that add up to the figures of a day, as known at a time.

    From the balances: the years before its year, the months before its month, the days up to it; some forty rows for each
    vector at most, however long ago figures began. Of a village, whose deltas are few, they are read themselves. As known
    at a time: less what was learnt since.
    """
    balance, delta = StatisticsBalance, StatisticsDelta
    year, month = (cast(func.date_trunc(unit, ON), Date()) for unit in ("year", "month"))
    spans = or_(
        and_(balance.span == "Y", balance.starts_on < year),
        and_(balance.span == "M", balance.starts_on >= year, balance.starts_on < month),
        and_(balance.span == "D", balance.starts_on >= month, balance.starts_on <= ON),
    )
    is_village = DIGITS == VILLAGE
    in_time = below(delta.region_code), delta.effective_on <= ON
    was_known = or_(KNOWN_AT.is_(None), delta.recorded_at <= KNOWN_AT)
    parts = union_all(
        select(*_of(balance)).where(~is_village, balance.digits == DIGITS, below(balance.region_code), spans),
        select(*_of(delta)).where(~is_village, *in_time, was_known, delta.folded_at.is_(None)),
        select(*_of(delta, -1)).where(
            ~is_village, *in_time, delta.folded_at.is_not(None), delta.recorded_at > KNOWN_AT, KNOWN_AT.is_not(None)
        ),
        select(*_of(delta)).where(is_village, *in_time, was_known),
    ).subquery("part")
    on_list = or_(ROSTERS.is_(None), parts.c.rosters.op("&&")(ROSTERS))
    sums = func.sum(parts.c.households).label("households"), func.sum(parts.c.persons).label("persons")
    vector = [parts.c.region_code, *(parts.c[name] for name in VECTOR)]
    return select(*vector, *sums).where(on_list).group_by(*vector)


def _is_asked(dimension: StatisticsDimension) -> ColumnElement[bool]:
    return literal(dimension.value, Text()) == any_(BY)


def _each(dimension: StatisticsDimension, values: Any, name: str) -> Any:
    """One row for each value of a list, where it is asked for; for who is on none, one without a value."""
    some = func.coalesce(func.nullif(values, cast([], ARRAY(Text()))), cast([""], ARRAY(Text())))
    asked = case((_is_asked(dimension), some), else_=cast([""], ARRAY(Text())))
    return func.unnest(asked).table_valued(column(name, Text()), name=f"{name}_of").render_derived()


def _label(name: str, code: Any) -> ColumnElement[Any]:
    label = case((LANGUAGE == "en", Term.label_en), else_=Term.label_zh)
    found = select(label).where(Term.list == _LISTS[name], Term.code == code).correlate_except(Term)
    return func.coalesce(found.scalar_subquery(), code)


def figures() -> Select[Any]:
    """One JSON text: {households, persons, groups: [{regionCode, regionName, category, …, households, persons}]}.

    A household counts once in the sum, and once in each group; it is in a group for each list and grade that it has. Null
    stands for what is not asked for, '' for what there is none of. Reads what the viewer's walls show, and nothing else.
    """
    cell = cells().cte("cell")
    roster = _each(StatisticsDimension.ROSTER, cell.c.rosters, "roster")
    grade = _each(StatisticsDimension.GRADE, cell.c.grades, "grade")
    values = [case((_is_asked(dimension), cell.c[name])).label(name) for dimension, name in OF_ONE_VALUE.items()]
    keys = [
        cell.c.region_code,
        *values,
        case((_is_asked(StatisticsDimension.ROSTER), roster.c.roster)).label("roster"),
        case((_is_asked(StatisticsDimension.GRADE), grade.c.grade)).label("grade"),
    ]
    grouped = (
        select(*keys, func.sum(cell.c.households).label("households"), func.sum(cell.c.persons).label("persons"))
        .select_from(cell.join(roster, true()).join(grade, true()))
        .group_by(*keys)
        .having(func.sum(cell.c.households) != 0)
        .cte("grouped")
    )
    name = select(Region.name).where(Region.code == grouped.c.region_code).correlate_except(Region).scalar_subquery()
    told: Sequence[Any] = [
        *("regionCode", grouped.c.region_code, "regionName", name),
        *("category", grouped.c.category, "categoryLabel", _label("category", grouped.c.category)),
        *("cause", grouped.c.cause, "causeLabel", _label("cause", grouped.c.cause)),
        *("monitoringCategory", grouped.c.monitoring_category),
        *("monitoringCategoryLabel", _label("monitoring_category", grouped.c.monitoring_category)),
        *("monitoringStatus", grouped.c.monitoring_status, "step", grouped.c.step),
        *("grade", grouped.c.grade, "roster", grouped.c.roster),
        *("households", grouped.c.households, "persons", grouped.c.persons),
    ]
    order = [grouped.c[key.name] for key in keys]
    listed = func.jsonb_agg(aggregate_order_by(func.jsonb_build_object(*told), *order))
    groups = select(func.coalesce(listed, cast([], JSONB()))).select_from(grouped)
    total = select(
        func.jsonb_build_object(
            *("households", func.coalesce(func.sum(cell.c.households), 0)),
            *("persons", func.coalesce(func.sum(cell.c.persons), 0)),
            *("groups", groups.scalar_subquery()),
        )
    ).select_from(cell)
    return select(cast(total.scalar_subquery(), Text()))


FIGURES: Final = figures()
# Of migration 0050_statistics: what may be told is decided where it is counted.
TOLD: Final = select(
    cast(
        func.ruhu_told_statistics(
            REGION,
            bindparam("dimension", type_=Text(), required=True),
            DIGITS,
            ON,
            bindparam("today", type_=Date(), required=True),
        ),
        Text(),
    )
)
