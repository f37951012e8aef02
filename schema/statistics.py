"""Figures: households and people by how they stand, in a region, on a day, as known then or now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

import strawberry

from domain.base.errors import InvalidInput
from domain.households.models import MonitoringStatus
from domain.statistics.queries import FIGURES, TOLD
from domain.statistics.rules import DIGITS, StatisticsDimension, anonymous_problems, asking_problems, digits_of
from schema.context import Info
from schema.enums import described_enum
from schema.errors import asked
from schema.scalars import RegionCode
from schema.terms import Term

described_enum(
    StatisticsDimension,
    "By what figures are told apart. 统计维度",
    PREFECTURE="By prefecture. 按地市",
    COUNTY="By county. 按县区",
    TOWNSHIP="By township; of a prefecture or below. 按乡镇",
    VILLAGE="By village; of a county or below. 按行政村",
    CATEGORY="By category of household. 按农户类别",
    CAUSE="By main cause of hardship. 按主要致贫返贫原因",
    MONITORING_STATUS="By where they stand with monitoring. 按监测状态",
    MONITORING_CATEGORY="By the category under which they are monitored, or were until the risk was gone. 按监测对象类别",
    STEP="By the step of the open monitoring case. 按监测程序环节",
    GRADE="By grade of each scheme: a household is counted under each that it has. 按风险等级",
    ROSTER="By roster: a household is counted on each that it is on. 按名册",
)


@strawberry.type(description="Households and people who stand alike. What is not grouped by is null. 统计分组")
class StatisticsGroup:
    region_code: RegionCode = strawberry.field(description="The division, with all that lies below it. 区划代码")
    region_name: str = strawberry.field(description="Its name. 区划名称")
    category: Term | None = strawberry.field(description="Their category. 农户类别")
    cause: Term | None = strawberry.field(description="Their main cause; null also for none. 主要致贫返贫原因")
    monitoring_status: MonitoringStatus | None = strawberry.field(description="Where they stand. 监测状态")
    monitoring_category: Term | None = strawberry.field(
        description="The category under which they are monitored, or were; null also for none. 监测对象类别"
    )
    step: str | None = strawberry.field(description="Step of the open case; null also for none. 监测程序环节")
    grade_scheme: str | None = strawberry.field(description="A grading scheme; null also for no grade. 等级方案")
    grade_level: str | None = strawberry.field(description="Level of that scheme. 风险等级")
    roster: str | None = strawberry.field(description="Code of a roster; null also for none. 名册代码")
    households: int = strawberry.field(description="How many, each counted once. 户数")
    persons: int = strawberry.field(description="How many people belonged to them. 人数")


@strawberry.type(description="Figures of a division at the end of a day. 统计数据")
class Statistics:
    region_code: RegionCode = strawberry.field(description="The division. 区划代码")
    on: date = strawberry.field(description="The day in China. 统计日期")
    known_at: datetime | None = strawberry.field(description="As it was known then; null: as it is known now. 知悉时点")
    is_exact: bool = strawberry.field(
        description="Whether everything is told, as to those who meet all families of the division; else numbers under the "
        "least that the county's policy sets (SMALLEST_GROUP) are left out, and others by which they could be reckoned. "
        "是否精确"
    )
    households: int | None = strawberry.field(
        description="All of them, each counted once, on however many lists it is; null where they are too few. 户数"
    )
    persons: int | None = strawberry.field(description="All people who belonged to them. 人数")
    groups: list[StatisticsGroup] = strawberry.field(
        description="By region and what was asked, in the order of codes; a group without households is not there. 分组"
    )


@strawberry.type
class StatisticsQueries:
    """The root field for figures."""

    @strawberry.field(
        description="Figures of a division on any day, since families are on record. Exact for those who meet all its "
        "families; for those who help or serve some of a county's without small numbers, on the last day of a month. Null "
        "for all others. 统计"
    )
    async def statistics(
        self,
        info: Info,
        region: Annotated[RegionCode, strawberry.argument(description="The division. 区划代码")],
        group_by: Annotated[
            list[StatisticsDimension],
            strawberry.argument(description="What to tell apart; none: the sums alone. 分组维度"),
        ],
        on: Annotated[
            date | None, strawberry.argument(description="At the end of this day in China; absent: today. 统计日期")
        ] = None,
        known_at: Annotated[
            datetime | None,
            strawberry.argument(description="As it was known at this instant; absent: as it is known now. 知悉时点"),
        ] = None,
        rosters: Annotated[
            list[str] | None,
            strawberry.argument(description="Only households on one or more of these rosters, by code. 名册代码"),
        ] = None,
    ) -> Statistics | None:
        actor = info.context.actor
        day = on or actor.today
        is_exact = region.startswith(tuple(actor.viewer.met_prefixes)) if actor.viewer.met_prefixes else False

        async def found() -> Statistics | None:
            problems = list(asking_problems(region, day, group_by, actor.today))
            if not is_exact and not problems:
                has_more = {"is_as_known_then": known_at is not None, "has_rosters": rosters is not None}
                problems = list(anonymous_problems(region, day, group_by, **has_more))
            if problems:
                raise InvalidInput(*problems)
            given: dict[str, Any] = {"region": region, "digits": digits_of(region, group_by), "on": day}
            if is_exact:
                by = [one.value for one in group_by]
                given |= {"known_at": known_at, "by": by, "rosters": rosters, "language": actor.viewer.language}
                counted = json.loads(await info.context.value(FIGURES, given))
                groups = [_group(one) for one in counted["groups"]] if group_by else []
            else:
                dimension = next((one for one in group_by if one not in DIGITS), None)
                given |= {"dimension": dimension or "", "today": actor.today}
                counted = json.loads(await info.context.value(TOLD, given) or "null")
                if counted is None:
                    return None
                told = [_told(one, dimension, actor.viewer.language) for one in counted["groups"]]
                groups = [_group(one) for one in told] if group_by else []
            sums = {name: None if counted[name] is None else int(counted[name]) for name in ("households", "persons")}
            return Statistics(region_code=region, on=day, known_at=known_at, is_exact=is_exact, **sums, groups=groups)

        return await asked(info, found)


def _told(one: Mapping[str, Any], dimension: StatisticsDimension | None, language: str) -> dict[str, Any]:
    """A line of what may be told, as the exact statement would have written it."""
    names = dict.fromkeys(("category", "cause", "monitoringStatus", "monitoringCategory", "step", "grade", "roster"))
    if dimension is not None:
        first, *others = dimension.lower().split("_")
        name = first + "".join(word.capitalize() for word in others)
        label = (one["label"] or {}).get(language, one["value"])
        names |= {name: one["value"], f"{name}Label": label}
    return {**one, **names}


def _group(one: Mapping[str, Any]) -> StatisticsGroup:
    scheme, _, level = (one["grade"] or "").partition(":")
    return StatisticsGroup(
        region_code=RegionCode(one["regionCode"]),
        region_name=one["regionName"],
        category=_term("household_category", one["category"], one.get("categoryLabel")),
        cause=_term("cause", one["cause"], one.get("causeLabel")),
        monitoring_status=MonitoringStatus(one["monitoringStatus"]) if one["monitoringStatus"] else None,
        monitoring_category=_term("monitoring_category", one["monitoringCategory"], one.get("monitoringCategoryLabel")),
        step=one["step"] or None,
        grade_scheme=scheme or None,
        grade_level=level or None,
        roster=one["roster"] or None,
        households=int(one["households"]),
        persons=int(one["persons"]),
    )


def _term(vocabulary: str, code: str | None, label: str | None) -> Term | None:
    return Term(list=vocabulary, code=code, label=label or code) if code else None
