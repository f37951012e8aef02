"""Grades as they are read: which level, under which scheme, why, who said so, and since when it holds."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import strawberry
from sqlalchemy import Date, Text, any_, case, column, func, or_, select
from sqlalchemy.orm import aliased

from domain.access.matrix import FieldClass
from domain.base.models import Term as TermRow
from domain.grades import models as m
from domain.grades.queries import held_on, sees_grade
from domain.households.queries import by_class
from schema.engine import (
    Connection,
    CountedConnection,
    by,
    described,
    entity,
    equals,
    everyone,
    is_in,
    listed,
    many,
    matches,
    one,
    pages,
    planned,
    related,
    shows,
)
from schema.enums import described_enum
from schema.helpers import below
from schema.node import Node
from schema.regions import Region
from schema.scalars import RegionCode
from schema.terms import Term, term, terms
from schema.viewer import Actor
from schema.walls import LANGUAGE

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


def _label(row: Any) -> Any:
    return case((LANGUAGE == "en", row.label_en), else_=row.label_zh)


@entity(m.GradeLevel, scope=everyone(), key=("scheme_code", "code"))
class GradeLevel:
    """A level of a scheme. 风险等级"""

    code: str = described("Its code, unique in its scheme: what inputs take. 等级代码")
    label: str = shows(_label(m.GradeLevel), description="What people read. 名称")
    colour: str = described("The colour that marks it: RED, ORANGE, YELLOW, GREEN, BLUE, GREY. 颜色")
    rank: int = described("1 is the greatest risk; 0: not known. 序位")
    reasons: list[Term] = terms(
        "grade_reason",
        m.GradeLevel.reasons,
        description="The reasons that the scheme's document names for it. 评定理由",
    )


@entity(m.GradingScheme, scope=everyone(), key=("code",))
class GradingScheme:
    """A way to grade households; a region's policy says which it uses (GRADING_SCHEMES). 风险分级方案"""

    code: str = described("Its code, as policy names it. 方案代码")
    label: str = shows(_label(m.GradingScheme), description="What people read. 名称")
    is_computed: bool = described("Reckoned from figures every night; else judged by people. 是否自动计算")
    categories: list[Term] = terms(
        "household_category", m.GradingScheme.categories, description="Whom it is for. 适用农户类型"
    )
    levels: list[GradeLevel] = related(
        m.GradingScheme.levels, order_by=("rank",), description="Its levels, by rank. 等级"
    )
    source: str = described("Where it comes from, and in which words. 依据")


@entity(m.GradingRound, scope=everyone())
class GradingRound(Node):
    """A county goes through its households under a scheme. 集中评定"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    region: Region = described("The county. 县")
    scheme: GradingScheme = related(m.GradingRound.grading_scheme, description="Under which scheme. 分级方案")
    month: date = described("The month it belongs to, by its first day. 所属月份")
    opened_on: date = described("Since when. 开始日期")
    due_on: date = described("The last day in time; what comes later counts, and is late. 完成期限")
    opened_at: datetime = described("When the worker opened it. 发起时刻")


@strawberry.type(description="Why a household was given a level. 评定理由")
class GradeReason:
    code: str = strawberry.field(description="Code of grade_reason. 理由代码")
    label: str = strawberry.field(description="The words of the scheme's document, or the region's own. 理由")
    level: str | None = strawberry.field(
        description="The level of the scheme for which its document names it; null for a region's own words. 对应等级"
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
        select(given.c.code, func.coalesce(_label(word), given.c.code).label("label"), speaks_for.label("level"))
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


@strawberry.input(description="Which rounds; all conditions together. 集中评定筛选条件")
class GradingRoundFilter:
    region: RegionCode | None = matches(
        lambda code: or_(below(m.GradingRound.region_code)(code), m.GradingRound.region_code == func.left(code, 6)),
        Text(),
        description="Of counties in this division; of a township or village, those of its county. 所在区划",
    )
    schemes: list[str] | None = is_in(m.GradingRound.scheme, description="Under one of these schemes. 分级方案代码")
    open_on: date | None = matches(
        lambda day: (m.GradingRound.opened_on <= day) & (m.GradingRound.due_on >= day),
        Date(),
        description="In whose days this day is. 进行日期",
    )


LATEST_FIRST: Final = by(m.RiskGrade.proposed_at.desc())
ROUNDS_LATEST_FIRST: Final = by(m.GradingRound.opened_on.desc())


@strawberry.type
class GradeQueries:
    """Root fields about grades."""

    risk_grades: CountedConnection[RiskGrade] = pages(
        filter=RiskGradeFilter,
        order=LATEST_FIRST,
        description="Grades that the viewer may see, those that no longer hold too; the latest first. 风险等级列表",
    )
    grading_rounds: Connection[GradingRound] = pages(
        filter=GradingRoundFilter, order=ROUNDS_LATEST_FIRST, description="Rounds, the latest first. 集中评定列表"
    )

    @planned
    def risk_grade(
        self, id: Annotated[strawberry.ID, strawberry.argument(description="The id. 唯一标识")]
    ) -> RiskGrade | None:
        """One grade by its id. 按标识查风险等级"""
        return one(RiskGrade, m.RiskGrade.id == id)

    @planned
    def grading_round(
        self, id: Annotated[strawberry.ID, strawberry.argument(description="The id. 唯一标识")]
    ) -> GradingRound | None:
        """One round by its id. 按标识查集中评定"""
        return one(GradingRound, m.GradingRound.id == id)

    @planned
    def grading_schemes(self) -> list[GradingScheme]:
        """All schemes that there are. 风险分级方案"""
        return many(GradingScheme, order_by=(m.GradingScheme.code,))
