"""What a quarter's help brought about, as it was reckoned and written down."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final

import strawberry
from sqlalchemy import Boolean, Text, literal

from domain.access.matrix import FieldClass
from domain.assistance import models as m
from domain.assistance.queries import sees_help
from domain.households.queries import by_class, meets_of
from domain.monitoring.queries import yuan
from schema.engine import (
    CountedConnection,
    by,
    composed,
    described,
    entity,
    equals,
    matches,
    pages,
    shows,
)
from schema.helpers import below
from schema.node import Node
from schema.regions import Region
from schema.scalars import RegionCode
from schema.terms import Term, terms
from schema.viewer import Actor

if TYPE_CHECKING:
    from schema.households import Household


@strawberry.type(
    description="How a family stood at the end of a day, as it was reckoned when that was written. 成效数据"
)
class EffectFigures:
    on_day: date = strawberry.field(description="The day. 日期")
    per_capita_net: Decimal | None = strawberry.field(
        description="Income per head of the twelve months before, in yuan; null while one of them was unknown. "
        "人均纯收入(元)"
    )
    causes: list[Term] = strawberry.field(description="Causes of hardship, the main one first. 致贫返贫原因")
    planned: int = strawberry.field(description="Measures planned by then, and not cancelled. 已计划措施数")
    delivered: int = strawberry.field(description="Measures that had reached it. 已落实措施数")
    confirmed: int = strawberry.field(description="Measures that it had confirmed. 已确认措施数")


def _figures(side: str, description: str) -> Any:
    def column(name: str) -> Any:
        return getattr(m.EffectAnalysis, f"{side}_{name}")

    return composed(
        on_day=column("on"),
        per_capita_net=yuan(column("income_fen")),
        causes=terms("cause", column("causes")),
        **{name: column(name) for name in ("planned", "delivered", "confirmed")},
        present=by_class(FieldClass.INCOME, literal(True), is_met=meets_of(m.EffectAnalysis)).is_not(None),
        description=description,
    )


@entity(m.EffectAnalysis, scope=sees_help(m.EffectAnalysis))
class EffectAnalysis(Node):
    """What a quarter's help brought about: written by whoever helps, confirmed by the township. 帮扶成效分析"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    household: Annotated[Household, strawberry.lazy("schema.households")] = described("Of which family. 农户")
    region: Region = described("The village it lives in. 所在行政村")
    quarter: str = described("Which quarter, like 2026Q3. 季度")
    due_on: date = described("Its last day, by which the analysis was due. 应完成日期")
    content: str | None = shows(
        by_class(FieldClass.NOTE, m.EffectAnalysis.content),
        description="In words; null for who does not meet the family. 分析内容",
    )
    before: EffectFigures | None = _figures(
        "before", "How it was the day before the quarter; null for who does not meet the family. 季度前"
    )
    after: EffectFigures | None = _figures(
        "after",
        "How it was on the quarter's last day, or on the day it was written if that came first; null for who does not meet "
        "the family. 季度末",
    )
    written_at: datetime = described("When it was written. 填写时刻")
    written_by: Actor = described("Who wrote it. 填写人")
    confirmed_at: datetime | None = described("When the township confirmed it; null until then. 确认时刻")
    confirmed_by: Actor | None = described("Who did. 确认人")


@strawberry.input(description="Which analyses; all conditions together. 成效分析筛选条件")
class EffectAnalysisFilter:
    region: RegionCode | None = matches(
        below(m.EffectAnalysis.region_code), Text(), description="In this division or below it. 所在区划"
    )
    household_id: strawberry.ID | None = equals(m.EffectAnalysis.household_id, description="Of this family. 农户标识")  # type: ignore[assignment]
    quarter: str | None = equals(m.EffectAnalysis.quarter, description="Of this quarter, like 2026Q3. 季度")
    is_confirmed: bool | None = matches(
        lambda asked: m.EffectAnalysis.confirmed_at.is_not(None) == asked,
        Boolean(),
        description="Confirmed by the township, or waiting for it. 是否已确认",
    )


LATEST_FIRST: Final = by(m.EffectAnalysis.quarter.desc())


@strawberry.type
class EffectAnalysisQueries:
    """The root field about analyses."""

    effect_analyses: CountedConnection[EffectAnalysis] = pages(
        filter=EffectAnalysisFilter,
        order=LATEST_FIRST,
        description="Analyses of families that the viewer may see, the latest quarter first. 成效分析列表",
    )
