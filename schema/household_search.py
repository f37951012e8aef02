"""Finding households: lists, the map, and the identity number in one's hand."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import strawberry
from sqlalchemy import ARRAY, Boolean, Date, DateTime, Text, and_, cast, exists, false, func, or_, select
from sqlalchemy.orm import aliased

from domain.access.queries import sees_household
from domain.assistance.coverage import has_measure_gap, is_five_clear
from domain.base.datum import Datum
from domain.base.errors import Refused
from domain.households import models as m
from domain.households.actions import look_up_by_id_number
from domain.households.queries import found_by, is_in_box
from domain.pairings.models import Pairing
from domain.visits.models import Visit, VisitContact
from schema.context import Info
from schema.engine import (
    CountedConnection,
    Order,
    by,
    composed,
    is_in,
    keyed,
    many,
    matches,
    one,
    pages,
    planned,
    refused,
)
from schema.helpers import below
from schema.households import Household, Roster
from schema.messages import message
from schema.scalars import RegionCode


def _is_paired(*with_: Any) -> Any:
    """An open pairing with the household itself."""
    return (
        exists()
        .where(Pairing.household_id == m.Household.id, Pairing.ended_on.is_(None), *with_)
        .correlate(m.Household)
    )


def _is_visited_since(day: Any) -> Any:
    """The family was met, at home or from afar, on that day in China or later; nobody home is no visit."""
    midnight = func.timezone("Asia/Shanghai", cast(day, DateTime()))
    met = and_(Visit.contact != VisitContact.NOBODY_HOME, Visit.superseded_by_id.is_(None))
    return (
        exists().where(Visit.household_id == m.Household.id, Visit.occurred_at >= midnight, met).correlate(m.Household)
    )


def _is_on_roster(code: Any) -> Any:
    entry, roster = aliased(m.RosterEntry), aliased(m.Roster)
    return (
        exists()
        .where(
            entry.household_id == m.Household.id,
            entry.ended_on.is_(None),
            entry.roster_id == roster.id,
            roster.code == code,
        )
        .correlate(m.Household)
    )


@strawberry.input(description="Which households; all conditions together. 农户筛选条件")
class HouseholdFilter:
    region: RegionCode | None = matches(
        below(m.Household.region_code), Text(), description="In this division or below it. 所在区划"
    )
    search: str | None = matches(
        found_by, Text(), description="Beginning of the code; for who meets families, part of a member's name. 关键字"
    )
    categories: list[str] | None = is_in(
        m.Household.category, description="Of one of these categories (codes of household_category). 农户类型代码"
    )
    causes: list[str] | None = matches(
        lambda codes: m.Household.causes.op("&&")(codes),
        ARRAY(Text()),
        description="With one of these causes (codes of cause). 致贫返贫原因代码",
    )
    monitoring_statuses: list[m.MonitoringStatus] | None = is_in(
        m.Household.monitoring_status, description="In one of these states. 监测状态"
    )
    roster: str | None = matches(_is_on_roster, Text(), description="On this roster now, by its code. 名册编码")
    helper_id: strawberry.ID | None = matches(
        lambda helper: _is_paired(Pairing.helper_id == helper),
        Pairing.helper_id.type,
        description="Paired with this helper now. 帮扶责任人标识",
    )
    organisation_id: strawberry.ID | None = matches(
        lambda organisation: _is_paired(Pairing.organisation_id == organisation),
        Pairing.organisation_id.type,
        description="Paired with this organisation now. 帮扶单位标识",
    )
    has_pairing: bool | None = matches(
        lambda asked: _is_paired() == asked,
        Boolean(),
        description="With a helper of its own, or without one. 是否已结对",
    )
    visited_since: date | None = matches(
        _is_visited_since, Date(), description="Met on this day or later. 该日以来已走访"
    )
    has_measure_gap: bool | None = matches(
        lambda asked: has_measure_gap() == asked,
        Boolean(),
        description="With a cause that no measure answers, a measure that answers none, or a member left out; or without. "
        "措施是否有缺口",
    )
    is_five_clear: bool | None = matches(
        lambda asked: is_five_clear() == asked,
        Boolean(),
        description="Number, cause, measures, path and result all clear, or not. 五个清楚是否齐全",
    )
    not_visited_since: date | None = matches(
        lambda day: ~_is_visited_since(day), Date(), description="Not met on this day or later. 该日以来未走访"
    )


@strawberry.enum(description="What households are sorted by. 农户排序方式")
class HouseholdOrder(Order):
    VILLAGE = by(m.Household.region_code, m.Household.code, description="By village, then code. 按行政村和户编号")
    REGISTERED_LATEST = by(m.Household.registered_on.desc(), description="The newest first. 按建档日期,新的在前")
    UPDATED_LATEST = by(m.Household.updated_at.desc(), description="The last changed first. 按更新时刻,新的在前")


@strawberry.input(description="A rectangle on the map, in the datum of that map. 地图范围")
class BoxInput:
    west: float = strawberry.field(description="Its least longitude in degrees. 西界经度")
    south: float = strawberry.field(description="Its least latitude in degrees. 南界纬度")
    east: float = strawberry.field(description="Its greatest longitude in degrees. 东界经度")
    north: float = strawberry.field(description="Its greatest latitude in degrees. 北界纬度")
    datum: Datum = strawberry.field(description="What the four are measured against. 坐标系")


@strawberry.type(description="The households of a rectangle. 范围内农户")
class HouseholdBox:
    nodes: list[Household] = strawberry.field(description="Those found, in the order of their ids. 农户")
    is_complete: bool = strawberry.field(description="Whether these are all; else look at a smaller one. 是否完整")


MOST_IN_BOX = 500


@strawberry.type
class HouseholdQueries:
    """Root fields about households."""

    households: CountedConnection[Household] = pages(
        None,
        m.Household.ended_on.is_(None),
        filter=HouseholdFilter,
        order=HouseholdOrder,
        description="The households that the viewer may see; those that have ended are found by id only. 农户列表",
    )

    @planned
    def household(
        self, id: Annotated[strawberry.ID, strawberry.argument(description="The id. 唯一标识")]
    ) -> Household | None:
        """One household by id, ended or not. 按标识查农户"""
        return one(Household, m.Household.id == id)

    @planned
    def households_in_box(
        self,
        box: Annotated[BoxInput, strawberry.argument(description="Where, on which map. 地图范围")],
        filter: Annotated[
            HouseholdFilter | None, strawberry.argument(description="Which of them; all conditions together. 筛选条件")
        ] = None,
        first: Annotated[
            int, strawberry.argument(description="How many to bring at most; more than 500 is an error. 最多返回户数")
        ] = MOST_IN_BOX,
    ) -> HouseholdBox:
        """Households with a dwelling in a rectangle, as they are shown to the viewer. 地图范围内的农户"""
        asked = [
            m.Household.ended_on.is_(None),
            is_in_box(box.west, box.south, box.east, box.north, box.datum.value),
            *conditions_of(filter),
        ]
        scope = sees_household(m.Household.region_code, m.Household.id)
        found = select(m.Household).where(scope, *asked).order_by(m.Household.id).limit(func.greatest(first, 0))
        counted = select(m.Household.id).where(scope, *asked).limit(func.greatest(first, 0) + 1).subquery()
        return composed(
            nodes=many(Household, source=found, order_by=(m.Household.id,), cap=MOST_IN_BOX),
            is_complete=select(func.count() <= first).select_from(counted).scalar_subquery(),
        )

    @planned
    def rosters(self) -> list[Roster]:
        """All rosters, by code. 名册"""
        return many(Roster, order_by=(m.Roster.code,))

    @strawberry.field(
        description="The household of exactly this identity number; every look is recorded. 按身份证号查农户"
    )
    async def household_by_id_number(
        self,
        info: Info,
        id_number: Annotated[str, strawberry.argument(description="All 18 places. 公民身份号码")],
    ) -> Household | None:
        actor = info.context.actor
        if not actor.viewer.is_signed_in:
            return None
        try:
            found = await info.context.carry_out(lambda db: look_up_by_id_number(db, actor, id_number=id_number))
        except Refused as error:
            (problem,) = error.problems
            raise refused(message(problem.code, actor.viewer.language, problem.detail), problem.code) from None
        return None if found is None else keyed(Household, found)


def conditions_of(filter: HouseholdFilter | None) -> list[Any]:
    """What a filter asks, for a method that is no list of its own."""
    if filter is None:
        return []
    asked = []
    for definition in HouseholdFilter.__strawberry_definition__.fields:  # type: ignore[attr-defined]
        value = getattr(filter, definition.python_name)
        if value is None or value is strawberry.UNSET:
            continue
        rule = definition.metadata["rule"]
        # A list of an enum is the values themselves: the plan is made for them.
        enums = isinstance(value, list)
        asked.append(or_(false(), *(rule.column == one for one in value)) if enums else rule.condition(value))
    return asked
