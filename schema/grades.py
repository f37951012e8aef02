"""Grades as they are read: which level, under which scheme, why, who said so, and since when it holds."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final

import strawberry
from sqlalchemy import (
    Boolean,
    Date,
    Numeric,
    Text,
    any_,
    cast,
    column,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased
from strawberry.scalars import JSON

from domain.access.matrix import FieldClass
from domain.base.models import Term as TermRow
from domain.grades import models as m
from domain.grades.queries import (
    held_on,
    sees_grade,
)
from domain.households.queries import by_class, meets_of
from schema.engine import (
    CountedConnection,
    by,
    described,
    entity,
    equals,
    is_in,
    listed,
    matches,
    one,
    pages,
    planned,
    related,
    shows,
)
from schema.enums import described_enum
from schema.grading_rounds import GradingRound
from schema.grading_schemes import GradeLevel, GradingScheme, labelled
from schema.helpers import below
from schema.node import Node
from schema.regions import Region
from schema.scalars import RegionCode
from schema.terms import Term, term
from schema.viewer import Actor

if TYPE_CHECKING:
    from schema.households import Household
    from schema.visits import Visit

described_enum(
    m.GradeState,
    "Where a grade stands. 评定状态",
    PROPOSED="The village has proposed it, to be reviewed by the township. 已提出建议,待乡镇审核",
    REVIEWED="The township has no objection; to be filed by the county. 乡镇审核无异议,待县级备案",
    FILED="Filed by the county, or reckoned: it holds. 已备案",
    RETURNED="Sent back: another one is to be proposed. 已退回",
    SUPERSEDED="A later one has taken its place. 已被取代",
)


@strawberry.type(description="Why a household was given a level. 评定理由")
class GradeReason:
    code: str = strawberry.field(description="Code of grade_reason. 理由代码")
    label: str = strawberry.field(description="The words of the scheme's document, or the region's own. 理由")
    level: str | None = strawberry.field(
        description="The level of the scheme for which its document names it; null for a region's own words. 对应等级"
    )


@strawberry.type(description="Something on record that bears on a judgement; never a level by itself. 评定指标")
class GradeIndicator:
    code: str = strawberry.field(description="Code of grade_indicator. 指标代码")
    label: str = strawberry.field(description="What people read. 名称")
    value: JSON = strawberry.field(description="The figures, by name; null in it is not known. 指标值")
    bears_out: str | None = strawberry.field(
        description="Code of grade_reason whose words they fit; null: none, or not known. 对应理由代码"
    )
    speaks_for: str | None = strawberry.field(
        description="The level for which the scheme's document has these words. 对应等级"
    )
    contradicts: bool = strawberry.field(
        description="Whether that is another level than the one given: a judgement is looked at again here. 是否与等级不符"
    )


@strawberry.type(description="Exactly what would bring another level, where it is reckoned. 等级变化条件")
class GradeChange:
    level: str = strawberry.field(description="The level that it would be. 等级代码")
    input: str = strawberry.field(
        description="Code of grade_indicator: INCOME, of the family in the twelve months, in yuan; MEMBERS. 变化的指标"
    )
    value: Decimal = strawberry.field(description="What it would have to be. 所需值")
    difference: Decimal = strawberry.field(description="How far that is from what it was. 差额")


def _indicators() -> Any:
    word = aliased(TermRow)
    told = (
        func.jsonb_array_elements(m.RiskGrade.indicators)
        .table_valued(column("one", JSONB()), with_ordinality="place", name="told")
        .render_derived()
    )
    one = told.c.one
    code = one["code"].astext
    return (
        select(
            code.label("code"),
            func.coalesce(labelled(word), code).label("label"),
            one["value"].label("value"),
            one["bearsOut"].astext.label("bears_out"),
            one["speaksFor"].astext.label("speaks_for"),
            cast(one["contradicts"].astext, Boolean()).label("contradicts"),
        )
        .select_from(told.outerjoin(word, (word.list == "grade_indicator") & (word.code == code)))
        .where(meets_of(m.RiskGrade))
        .order_by(told.c.place)
    )


def _changes() -> Any:
    told = (
        func.jsonb_path_query(m.RiskGrade.indicators, literal_column("'$[*].changes[*]'"))
        .table_valued(column("one", JSONB()), with_ordinality="place", name="told")
        .render_derived()
    )
    one = told.c.one
    return (
        select(
            one["level"].astext.label("level"),
            one["input"].astext.label("input"),
            cast(one["value"].astext, Numeric()).label("value"),
            cast(one["difference"].astext, Numeric()).label("difference"),
        )
        .where(meets_of(m.RiskGrade))
        .order_by(told.c.place)
    )


def _reasons() -> Any:
    word, level = aliased(TermRow), aliased(m.GradeLevel)
    given = (
        func.unnest(m.RiskGrade.reasons)
        .table_valued(column("code", Text()), with_ordinality="place", name="given")
        .render_derived()
    )
    speaks_for = (
        select(level.code)
        .where(level.scheme_code == m.RiskGrade.scheme, given.c.code == any_(level.reasons))
        .order_by((level.code == m.RiskGrade.level).desc(), level.rank)
        .limit(1)
        .correlate_except(level)
        .scalar_subquery()
    )
    return (
        select(given.c.code, func.coalesce(labelled(word), given.c.code).label("label"), speaks_for.label("level"))
        .select_from(given.outerjoin(word, (word.list == "grade_reason") & (word.code == given.c.code)))
        .order_by(given.c.place)
    )


@entity(m.RiskGrade, scope=sees_grade())
class RiskGrade(Node):
    """A level that a household was given under a scheme, or is to be given. Never edited, only superseded. 风险等级评定"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    household: Annotated[Household, strawberry.lazy("schema.households")] = described("Which household. 农户")
    region: Region = described("The village it lives in. 所在行政村")
    scheme: GradingScheme = related(m.RiskGrade.grading_scheme, description="Under which scheme. 分级方案")
    level: GradeLevel = related(m.RiskGrade.grade_level, description="Which level. 风险等级")
    reasons: list[GradeReason] = listed(_reasons(), cap=40, description="Why. 评定理由")
    indicators: list[GradeIndicator] = listed(
        _indicators(),
        cap=20,
        description="What was on record when it was proposed or reckoned; none for who does not meet the family. 评定指标",
    )
    changes: list[GradeChange] = listed(
        _changes(),
        cap=20,
        description="What would have changed it, where it is reckoned; of a judgement the indicators say what contradicts "
        "it. "
        "等级变化条件",
    )
    state: m.GradeState = described("Where it stands. 状态")
    cause: Term | None = term(
        "grade_cause", m.RiskGrade.cause, description="The major change because of which, outside a round. 随时调整原因"
    )
    round: GradingRound | None = described("The round it belongs to. 所属集中评定")
    visit: Annotated[Visit, strawberry.lazy("schema.visits")] | None = described(
        "The call at its door before it; null outside the viewer's scope, and for what is reckoned. 实地走访"
    )
    note: str | None = shows(
        by_class(FieldClass.NOTE, m.RiskGrade.note),
        description="In the words of whoever proposed it; null for who does not meet the family. 说明",
    )
    proposed_at: datetime = described("When it was proposed, or reckoned. 提出时刻")
    proposed_on: date = described("The same as a day in China. 提出日期")
    proposed_by: Actor | None = described("Who proposed it; null where it was reckoned. 提出人")
    reviewed_at: datetime | None = described("When the township had no objection. 审核时刻")
    reviewed_on: date | None = described("The same as a day. 审核日期")
    reviewed_by: Actor | None = described("Who said so. 审核人")
    filed_at: datetime | None = described("When the county filed it, or when it was reckoned. 备案时刻")
    filed_on: date | None = described("The same as a day. 备案日期")
    filed_by: Actor | None = described("Who filed it. 备案人")
    effective_from: date | None = described("The first day on which it holds. 生效日期")
    supersedes: RiskGrade | None = described("The one whose place it took. 所取代的评定")
    superseded_on: date | None = described("The first day on which it holds no more; null while it does. 失效日期")
    returned_at: datetime | None = described(
        "When somebody above asked for another one; a filed one holds until that is filed. 退回或要求重评时刻"
    )
    returned_by: Actor | None = described("Who asked. 退回人")
    return_reason: str | None = shows(
        by_class(FieldClass.NOTE, m.RiskGrade.return_reason),
        description="Why; null for who does not meet the family. 退回原因",
    )


@strawberry.input(description="Which grades; all conditions together. 风险等级筛选条件")
class RiskGradeFilter:
    region: RegionCode | None = matches(
        below(m.RiskGrade.region_code), Text(), description="In this division or below it. 所在区划"
    )
    household_id: strawberry.ID | None = equals(m.RiskGrade.household_id, description="Of this household. 农户标识")  # type: ignore[assignment]
    schemes: list[str] | None = is_in(m.RiskGrade.scheme, description="Under one of these schemes. 分级方案代码")
    levels: list[str] | None = is_in(m.RiskGrade.level, description="Of one of these levels. 等级代码")
    states: list[m.GradeState] | None = is_in(m.RiskGrade.state, description="In one of these states. 状态")
    round_id: strawberry.ID | None = equals(m.RiskGrade.round_id, description="Of this round. 集中评定标识")  # type: ignore[assignment]
    held_on: date | None = matches(
        held_on, Date(), description="In force on this day, as it is known now: also of a day long gone. 有效日期"
    )


LATEST_FIRST: Final = by(m.RiskGrade.proposed_at.desc())


@strawberry.type
class GradeQueries:
    """Root fields about grades."""

    risk_grades: CountedConnection[RiskGrade] = pages(
        filter=RiskGradeFilter,
        order=LATEST_FIRST,
        description="Grades that the viewer may see, those that no longer hold too; the latest first. 风险等级列表",
    )

    @planned
    def risk_grade(
        self, id: Annotated[strawberry.ID, strawberry.argument(description="The id. 唯一标识")]
    ) -> RiskGrade | None:
        """One grade by its id. 按标识查风险等级"""
        return one(RiskGrade, m.RiskGrade.id == id)
