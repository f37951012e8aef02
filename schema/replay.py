"""What a proposed policy would have done: per village, whom it would have found and whom no more."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated, Any

import strawberry
from sqlalchemy import ARRAY, Text, Uuid, any_
from strawberry.scalars import JSON

from domain.households.models import Household as HouseholdRow
from domain.monitoring.replaying import replay_policy
from domain.regions.models import Region as RegionRow
from schema.context import Info
from schema.engine import many, of_parent, planned, the
from schema.errors import asked
from schema.households import Household
from schema.regions import Region
from schema.scalars import RegionCode


@strawberry.input(description="A value to be tried. 拟定的参数取值")
class ProposedValueInput:
    parameter: str = strawberry.field(description="Its name, like INCOME_LINE. 参数代码")
    value: JSON = strawberry.field(description="As the parameter's kind asks. 参数值")


@strawberry.input(description="Numbers that a division might set. 拟定政策")
class PolicyInput:
    values: list[ProposedValueInput] = strawberry.field(
        description="Those that differ from what is in force; only what raises clues by figures can be tried. 各项取值"
    )


@strawberry.type(description="What a proposal would have done in a village. 单村回放结果")
class VillageReplay:
    code: strawberry.Private[str]
    entering_ids: strawberry.Private[list[uuid.UUID]]
    leaving_ids: strawberry.Private[list[uuid.UUID]]
    household_count: int = strawberry.field(description="Households on record at the end. 农户数")
    found_now: int = strawberry.field(description="Found by the numbers that were in force. 现行政策下预警户数")
    found_then: int = strawberry.field(description="Found by the proposal. 拟定政策下预警户数")
    entering_count: int = strawberry.field(description="Found by the proposal alone. 新增户数")
    leaving_count: int = strawberry.field(description="Found by the numbers in force alone. 减少户数")

    @planned
    def region(self) -> Region:
        """The village. 行政村"""
        return the(Region, RegionRow.code == of_parent("code", Text()))

    @planned
    def entering(self) -> list[Household]:
        """Who would come under watch, the first 200. 新增农户"""
        return _named("entering_ids")

    @planned
    def leaving(self) -> list[Household]:
        """Who would no more, the first 200. 减少农户"""
        return _named("leaving_ids")


def _named(ids: str) -> Any:
    return many(
        Household, HouseholdRow.id == any_(of_parent(ids, ARRAY(Uuid()))), order_by=(HouseholdRow.code,), cap=200
    )


@strawberry.type(description="What a proposal would have done to past figures. 政策回放结果")
class PolicyReplay:
    household_count: int = strawberry.field(description="Households on record at the end. 农户数")
    found_now: int = strawberry.field(description="Found by the numbers that were in force. 现行政策下预警户数")
    found_then: int = strawberry.field(description="Found by the proposal. 拟定政策下预警户数")
    entering_count: int = strawberry.field(description="Found by the proposal alone. 新增户数")
    leaving_count: int = strawberry.field(description="Found by the numbers in force alone. 减少户数")
    villages: list[VillageReplay] = strawberry.field(description="By village, in the order of codes. 各村结果")


@strawberry.type
class ReplayQueries:
    """The root field that tries a policy."""

    @strawberry.field(
        description="Tries numbers on past figures: whom they would have found in these months and whom no more, "
        "for an officer of the division. Nothing is written. 政策回放"
    )
    async def replay_policy(
        self,
        info: Info,
        region: Annotated[
            RegionCode, strawberry.argument(description="The division that would set them, or part of it. 区划代码")
        ],
        proposal: Annotated[PolicyInput, strawberry.argument(description="The numbers. 拟定政策")],
        from_: Annotated[date, strawberry.argument(name="from", description="In the first month. 起始日期")],
        to: Annotated[date, strawberry.argument(description="In the last of 24 months at most. 截止日期")],
    ) -> PolicyReplay | None:
        tried = [(one.parameter, one.value) for one in proposal.values]
        context = info.context
        rows = await asked(
            info,
            lambda: context.carry_out(
                lambda db: replay_policy(
                    db, context.actor, region_code=region, proposal=tried, from_on=from_, until_on=to
                )
            ),
        )
        villages = [
            VillageReplay(
                code=row.region_code,
                entering_ids=row.entering_ids,
                leaving_ids=row.leaving_ids,
                household_count=row.households,
                found_now=row.now,
                found_then=row.then,
                entering_count=row.entering,
                leaving_count=row.leaving,
            )
            for row in rows
        ]
        sums = ("household_count", "found_now", "found_then", "entering_count", "leaving_count")
        return PolicyReplay(villages=villages, **{name: sum(getattr(one, name) for one in villages) for name in sums})
