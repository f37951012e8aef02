"""From the sign to the decision to the help, and how many hours lie between."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

import strawberry

from domain.base.errors import InvalidInput
from domain.regions.rules import RegionLevel
from domain.statistics.funnel import FUNNEL
from domain.statistics.rules import DIGITS, StatisticsDimension, funnel_problems
from schema.context import Info
from schema.errors import asked
from schema.scalars import RegionCode


@strawberry.type(description="How long something took. 用时")
class Hours:
    median: float = strawberry.field(description="Half of them took no longer, in hours. 中位数(小时)")
    nine_tenths: float = strawberry.field(description="Nine of ten took no longer, in hours. 九成用时(小时)")


@strawberry.type(
    description="Of the clues of a division and a period, how many came how far. 即时出现、即时纳入、即时帮扶"
)
class Funnel:
    region_code: RegionCode = strawberry.field(description="The division, with all that lies below it. 区划代码")
    region_name: str = strawberry.field(description="Its name. 区划名称")
    clues: int = strawberry.field(description="Clues that were received in the period. 线索数")
    verified: int = strawberry.field(description="Of these, verified at the door as true. 核实属实数")
    admitted: int = strawberry.field(description="Of these, decided by the county: under monitoring. 纳入数")
    helped: int = strawberry.field(description="Of those decided, with a measure that has begun. 已帮扶数")
    hours_to_decision: Hours | None = strawberry.field(
        description="From when the clue was received to the decision; null where there is none. 从发现到纳入用时"
    )
    hours_to_help: Hours | None = strawberry.field(
        description="From the decision to the day of the first measure, 0 where help came first. 从纳入到帮扶用时"
    )


@strawberry.type
class FunnelQueries:
    """The root field about the way from the sign to the help."""

    @strawberry.field(
        description="The way of the clues of a period, for officers of the division; null for others. A division without "
        "clues is not there. 线索到帮扶的过程"
    )
    async def funnel(
        self,
        info: Info,
        region: Annotated[RegionCode, strawberry.argument(description="The division. 区划代码")],
        since: Annotated[date, strawberry.argument(description="Clues of this day in China or later. 起始日期")],
        until: Annotated[date, strawberry.argument(description="Of this day or earlier; 366 days at most. 截止日期")],
        level: Annotated[
            RegionLevel | None,
            strawberry.argument(description="Its parts of this level; absent: the division as a whole. 区划级别"),
        ] = None,
    ) -> list[Funnel] | None:
        viewer = info.context.actor.viewer

        async def found() -> list[Funnel] | None:
            if not viewer.met_prefixes or not region.startswith(tuple(viewer.met_prefixes)):
                return None
            finest = 0 if level in (None, RegionLevel.PROVINCE) else DIGITS[StatisticsDimension(level)]
            digits = max(len(region), finest)
            if problems := list(funnel_problems(region, since, until, digits)):
                raise InvalidInput(*problems)
            given = {"region": region, "digits": digits, "since": since, "until": until}
            return [_funnel(one) for one in json.loads(await info.context.value(FUNNEL, given))]

        return await asked(info, found)


def _funnel(one: Mapping[str, Any]) -> Funnel:
    return Funnel(
        region_code=RegionCode(one["regionCode"]),
        region_name=one["regionName"],
        **{name: one[name] for name in ("clues", "verified", "admitted", "helped")},
        hours_to_decision=_hours(one["decision"]),
        hours_to_help=_hours(one["help"]),
    )


def _hours(quantiles: Sequence[float] | None) -> Hours | None:
    return None if quantiles is None else Hours(median=round(quantiles[0], 1), nine_tenths=round(quantiles[1], 1))
