"""The daily summaries of the townships: what there was to look after at the end of each day, as it was."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

import strawberry
from sqlalchemy import BigInteger, Date, Select, Text, column, func, select, type_coerce

from domain.access.queries import in_region
from domain.monitoring import models as m
from domain.monitoring.rules import ClueSource
from schema.engine import Connection, by, described, entity, everyone, many, matches, pages, planned, rows_of
from schema.helpers import below
from schema.regions import Region
from schema.scalars import RegionCode
from schema.terms import Term, term

_BY_SOURCE = rows_of("summary_source", source=Text(), count=BigInteger())
_BY_SIGN = rows_of("summary_sign", sign=Text(), count=BigInteger())


@entity(_BY_SOURCE, scope=everyone(), key=("source",))
class CluesBySource:
    """How many clues of a day came from one source. 按来源统计"""

    source: ClueSource = described("Whom the first witness was. 来源")
    count: int = described("How many. 数量")


@entity(_BY_SIGN, scope=everyone(), key=("sign",))
class CluesBySign:
    """How many clues of a day gave one sign. 按预警类型统计"""

    sign: Term = term("clue_sign", _BY_SIGN.c.sign, description="Which sign. 预警类型")
    count: int = described("How many. 数量")


def _counts(counted: object, name: str) -> Select[tuple[str, int]]:
    pair = func.jsonb_each_text(counted).table_valued(
        column("key", Text()), column("value", Text()), name=f"{name}_pair"
    )
    return select(pair.c.key.label(name), type_coerce(pair.c.value.cast(BigInteger()), BigInteger()).label("count"))


@entity(m.DailySummary, scope=in_region(m.DailySummary.region_code), key=("region_code", "day"))
class DailySummary:
    """What a township had to look after at the end of a day. Made once after midnight, never changed. 日汇总"""

    region: Region = described("The township. 乡镇")
    day: date = described("The day in China. 日期")
    made_at: datetime = described("When it was made. 生成时刻")
    raised: int = described("Clues of that day. 当日新增")
    verified: int = described("Settled on that day as true, whenever raised. 当日核实属实")
    dismissed: int = described("Settled on that day as not true. 当日核实不属实")
    waiting: int = described("Not settled at 24:00. 待核实")
    overdue: int = described("Of those: past their day, and nobody had been at the door. 超期未核实")
    clue_ids: list[strawberry.ID] = described("The clues of that day. 当日线索标识")

    @planned
    def by_source(self) -> list[CluesBySource]:
        """The clues of that day by source. 按来源"""
        return many(CluesBySource, source=_counts(m.DailySummary.by_source, "source"), order_by=(_BY_SOURCE.c.source,))

    @planned
    def by_sign(self) -> list[CluesBySign]:
        """The clues of that day by sign. 按预警类型"""
        return many(CluesBySign, source=_counts(m.DailySummary.by_sign, "sign"), order_by=(_BY_SIGN.c.sign,))


@strawberry.input(description="Which summaries; all conditions together. 日汇总筛选条件")
class DailySummaryFilter:
    region: RegionCode | None = matches(
        below(m.DailySummary.region_code), Text(), description="Of townships in this division. 所在区划"
    )
    since: date | None = matches(
        lambda day: m.DailySummary.day >= day, Date(), description="Of this day or later. 起始日期"
    )
    until: date | None = matches(
        lambda day: m.DailySummary.day <= day, Date(), description="Of this day or earlier. 截止日期"
    )


LATEST_FIRST: Final = by(m.DailySummary.day.desc())


@strawberry.type
class SummaryQueries:
    """The root field about daily summaries."""

    daily_summaries: Connection[DailySummary] = pages(
        filter=DailySummaryFilter,
        order=LATEST_FIRST,
        description="The daily summaries of the viewer's townships, the latest day first. 日汇总列表",
    )
