"""Sweeps as they are read: how far they are as of any day, and the ledger of their households."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

import strawberry
from sqlalchemy import ARRAY, BigInteger, Date, Numeric, Text, any_, cast, func, literal, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from strawberry.scalars import JSON

from domain.access.matrix import FieldClass
from domain.households.queries import by_class
from domain.monitoring.models import Clue as ClueRow
from domain.regions.models import Region as RegionRow
from domain.sweeps import models as m
from domain.sweeps.queries import (
    clue_of_entry,
    coverage,
    outcome,
    sees_disaster,
    sees_entry,
    sees_sweep,
    visit_of_entry,
)
from domain.visits.models import Visit as VisitRow
from schema.clues import Clue
from schema.engine import (
    Connection,
    CountedConnection,
    by,
    described,
    entity,
    everyone,
    is_in,
    many,
    matches,
    one,
    page,
    pages,
    planned,
    rows_of,
    shows,
    the,
)
from schema.enums import described_enum
from schema.helpers import After, First, below
from schema.households import Household
from schema.node import Node
from schema.regions import Region
from schema.scalars import RegionCode
from schema.terms import Term, term
from schema.viewer import TODAY, Actor
from schema.visits import Visit

described_enum(
    m.SweepKind,
    "What sort of campaign. 排查类型",
    MONTHLY="Every month, by township and village. 每月排查",
    QUARTERLY="Every quarter, with the income and expense sheet. 季度摸排",
    HALF_YEARLY="In April and October, over the edge groups. 半年排查",
    DISASTER="After a disaster, over every house it touched. 灾后排查",
)
described_enum(
    m.SweepOutcome,
    "What became of a household of a sweep. 排查结果",
    WAITING="Nobody has called yet. 待排查",
    NOTHING_FOUND="Somebody called, and found no sign of hardship. 未发现问题",
    FOUND="A sign was found: it is a clue, or will be within minutes. 发现线索",
    EXCLUDED="It was left out, with a reason. 已排除",
)

_COUNTS = {name: BigInteger() for name in ("households", "visited", "excluded", "found", "verified")}
_TOTAL = rows_of("sweep_total", day=Date(), **_COUNTS)
_VILLAGE = rows_of("sweep_village", region_code=Text(), day=Date(), **_COUNTS)
_PERCENT = Numeric(5, 2)


def _percent(row: Any) -> Any:
    share = func.trunc(cast(row.c.visited, Numeric()) * 100 / func.nullif(row.c.households, 0), 2)
    return shows(
        type_coerce(share, _PERCENT),
        description="Visited of households, in percent, rounded down; null where there is none to visit. 覆盖率(%)",
    )


AsOf = Annotated[
    date | None, strawberry.argument(description="At the end of this day in China; absent: today. 截止日期")
]
Since = Annotated[date, strawberry.argument(description="The first day. 起始日期")]
Until = Annotated[date, strawberry.argument(description="The last day; 31 days are told at most. 截止日期")]


@entity(_TOTAL, scope=everyone(), key=("day",))  # the statement counts what the viewer sees
class SweepCoverage:
    """How far a sweep was at the end of a day, of the households that the viewer sees. 排查覆盖情况"""

    day: date = described("The day in China. 日期")
    households: int = described("To be called on: neither left out nor at an end by then. 应排查户数")
    visited: int = described("Of these, called on. 已排查户数")
    excluded: int = described("Left out by then. 已排除户数")
    found: int = described("Of these, with a sign of hardship. 发现线索户数")
    verified: int = described("Of these, verified at the door as true. 核实属实户数")
    percent: Decimal | None = _percent(_TOTAL)


@entity(_VILLAGE, scope=everyone(), key=("region_code", "day"))
class VillageCoverage:
    """How far a sweep was in one village at the end of a day. 行政村排查覆盖情况"""

    day: date = described("The day in China. 日期")
    households: int = described("To be called on: neither left out nor at an end by then. 应排查户数")
    visited: int = described("Of these, called on. 已排查户数")
    excluded: int = described("Left out by then. 已排除户数")
    found: int = described("Of these, with a sign of hardship. 发现线索户数")
    verified: int = described("Of these, verified at the door as true. 核实属实户数")
    percent: Decimal | None = _percent(_VILLAGE)

    @planned
    def region(self) -> Region:
        """The village. 行政村"""
        return the(Region, RegionRow.code == _VILLAGE.c.region_code)


@entity(m.Disaster, scope=sees_disaster())
class Disaster:
    """Something that struck an area on a day. 灾害"""

    kind: Term = term("disaster_kind", m.Disaster.kind, description="Which kind. 灾害类型")
    name: str = described("What people call it. 灾害名称")
    happened_on: date = described("The day it struck. 发生日期")
    area: JSON = shows(  # type: ignore[assignment]
        cast(func.ST_AsGeoJSON(m.Disaster.area), JSONB()),
        description="GeoJSON of the area in WGS-84, a MultiPolygon. 灾害范围",
    )


@entity(m.SweepEntry, scope=sees_entry(), key=("sweep_id", "household_id"))
class SweepEntry:
    """A household of a sweep: a line of its ledger. Its figures are `household { income }`. 排查台账条目"""

    household: Household = described("Which household. 农户")
    region: Region = described("The village it lives in. 所在行政村")
    groups: list[str] | None = shows(
        by_class(FieldClass.HEALTH, m.SweepEntry.groups),
        description="The groups it came in through: codes of edge_group, or of rosters. Some tell of its health: null for "
        "who does not meet the family. 所属群体代码",
    )
    is_unlocated: bool = described(
        "A candidate because its village was struck and nobody knows where its house stands. 位置不明"
    )
    added_at: datetime = described("When it was written down. 列入时刻")
    outcome: m.SweepOutcome = shows(outcome(), description="What became of it. 排查结果")  # type: ignore[assignment]
    excluded_at: datetime | None = described("When it was left out. 排除时刻")
    excluded_by: Actor | None = described("Who left it out. 排除人")
    exclusion_reason: Term | None = term(
        "sweep_exclusion", m.SweepEntry.exclusion_reason, description="Why it was left out. 排除原因"
    )
    exclusion_note: str | None = shows(
        by_class(FieldClass.NOTE, m.SweepEntry.exclusion_note),
        description="In the words of whoever left it out; null for who does not meet the family. 排除说明",
    )

    @planned
    def visit(self) -> Visit | None:
        """The first call that counts; null while there is none. 首次有效走访"""
        return one(Visit, *visit_of_entry(), order_by=(VisitRow.occurred_at, VisitRow.id))

    @planned
    def clues(self) -> list[Clue]:
        """The clues that the sweep led to. 产生的线索"""
        return many(Clue, *clue_of_entry(), order_by=(ClueRow.began_on,))


@entity(m.Sweep, scope=sees_sweep())
class Sweep(Node):
    """A campaign from door to door, or the check after a disaster. 走访排查"""

    id: strawberry.ID = described("Globally unique id: that of the operation which opened it. 唯一标识")
    kind: m.SweepKind = described("What sort. 排查类型")
    region: Region = described("Where. 所在区划")
    period: str = described("2026-10, 2026-Q4 or 2026-H2; of a disaster its id. 所属期间")
    from_on: date = described("The first day on which a call counts. 开始日期")
    until_on: date = described("The last one. 结束日期")
    groups: list[str] = described("Codes of edge_group or of rosters; empty: everybody. 重点群体代码")
    opened_at: datetime = described("When it was opened. 发起时刻")
    opened_by: Actor | None = described("Who opened it; null: the worker, by the region's policy. 发起人")
    gathered_at: datetime | None = described("When its households were written down; null until then. 名单生成时刻")
    disaster: Disaster | None = described("What struck, where it was opened after a disaster. 灾害")

    @planned
    def coverage(self, as_of: AsOf = None) -> SweepCoverage:
        """How far it was at the end of a day, over all villages. 覆盖情况"""
        day = TODAY if as_of is None else as_of
        return the(SweepCoverage, source=coverage(day, day, by_village=False))

    @planned
    def villages(self, as_of: AsOf = None) -> list[VillageCoverage]:
        """The same village by village, in the order of codes. 各村覆盖情况"""
        day = TODAY if as_of is None else as_of
        source = coverage(day, day, by_village=True)
        return many(VillageCoverage, source=source, order_by=(_VILLAGE.c.region_code,), cap=5000)

    @planned
    def daily_coverage(self, since: Since, until: Until) -> list[VillageCoverage]:
        """The same for each day and village. 每日覆盖情况"""
        source = coverage(since, until, by_village=True)
        order = (_VILLAGE.c.day, _VILLAGE.c.region_code)
        return many(VillageCoverage, source=source, order_by=order, cap=5000)

    @planned
    def ledger(
        self,
        region: Annotated[RegionCode | None, strawberry.argument(description="Only in this division. 所在区划")] = None,
        outcomes: Annotated[
            list[m.SweepOutcome] | None, strawberry.argument(description="Only with these outcomes. 排查结果")
        ] = None,
        first: First = 50,
        after: After = None,
    ) -> CountedConnection[SweepEntry]:
        """Its households that the viewer sees, by village. 排查台账"""
        asked = [m.SweepEntry.sweep_id == m.Sweep.id]
        if region is not None:
            asked.append(below(m.SweepEntry.region_code)(region))
        if outcomes is not None:
            asked.append(outcome() == any_(literal([one.value for one in outcomes], ARRAY(Text()))))
        return page(SweepEntry, *asked, order=BY_VILLAGE)


BY_VILLAGE: Final = by(m.SweepEntry.region_code)
NEWEST_FIRST: Final = by(m.Sweep.from_on.desc())


@strawberry.input(description="Which sweeps; all conditions together. 排查筛选条件")
class SweepFilter:
    region: RegionCode | None = matches(
        below(m.Sweep.region_code), Text(), description="Of this division or one below it. 所在区划"
    )
    kinds: list[m.SweepKind] | None = is_in(m.Sweep.kind, description="Of one of these kinds. 排查类型")
    open_on: date | None = matches(
        lambda day: (m.Sweep.from_on <= day) & (m.Sweep.until_on >= day),
        Date(),
        description="In whose days this day is. 进行日期",
    )


@strawberry.type
class SweepQueries:
    """Root fields about sweeps."""

    sweeps: Connection[Sweep] = pages(
        filter=SweepFilter,
        order=NEWEST_FIRST,
        description="Sweeps of the viewer's divisions, and those that one of their households is in; the newest first. "
        "走访排查列表",
    )

    @planned
    def sweep(self, id: Annotated[strawberry.ID, strawberry.argument(description="The id. 唯一标识")]) -> Sweep | None:
        """One sweep by its id. 按标识查排查"""
        return one(Sweep, m.Sweep.id == id)
