"""Whether help meets need, and whether the five are clear (五个清楚): each with what is missing."""

from __future__ import annotations

from typing import Any

import strawberry
from sqlalchemy import Boolean, literal

from domain.assistance import coverage
from domain.assistance.clarity import ClarityGap
from domain.assistance.models import Measure as MeasureRow
from domain.households.models import Person as PersonRow
from schema.engine import composed, many
from schema.enums import described_enum
from schema.measures import Measure
from schema.people import Person
from schema.terms import Term, terms

described_enum(
    ClarityGap,
    "What is missing. 不清楚之处",
    HEAD_MISSING="Nobody is the head. 缺户主",
    ID_NUMBER_MISSING="A member has no identity number on record. 成员缺身份证号",
    CAUSE_MISSING="No cause is on record. 缺致贫返贫原因",
    MEASURE_MISSING="There is a cause and no measure. 缺帮扶措施",
    CAUSE_UNANSWERED="A cause is answered by no measure. 有原因无措施",
    MEASURE_WITHOUT_CAUSE="A measure answers no cause of the family. 措施未针对原因",
    MEMBER_WITHOUT_MEASURE="Nothing is done for a member, nor for the family as a whole. 有成员无措施",
    PLAN_MISSING="No plan holds. 缺帮扶计划",
    NOTHING_DELIVERED="Nothing has reached the family yet. 尚无措施落实",
    WITNESS_MISSING="Something was delivered, and nobody saw it at the family's. 落实缺见证",
    ANALYSIS_MISSING="The last quarter's effect was not analysed, or the analysis not confirmed. 缺季度成效分析",
)


@strawberry.type(description="One of the five, and what is missing of it. 清楚与否")
class ClearPoint:
    is_clear: bool = strawberry.field(description="Whether nothing is missing. 是否清楚")
    missing: list[ClarityGap] = strawberry.field(description="What is. 缺项")


@strawberry.type(
    description="The five that are to be clear of every family: number, cause, measures, path, result. 五个清楚"
)
class FiveClear:
    is_complete: bool = strawberry.field(description="Whether all five are. 是否全部清楚")
    number: ClearPoint = strawberry.field(description="Who the family is. 贫困人口")
    cause: ClearPoint = strawberry.field(description="Why it is poor or at risk. 致贫原因")
    measures: ClearPoint = strawberry.field(description="What is done about it. 帮扶措施")
    path: ClearPoint = strawberry.field(description="By what way it gets out. 脱贫路径")
    result: ClearPoint = strawberry.field(description="What has come of it. 脱贫成效")


@strawberry.type(
    description="Whether every cause is answered, every measure answers one, and nobody is left out. 措施覆盖情况"
)
class MeasureCoverage:
    has_gap: bool = strawberry.field(
        description="Whether anything is missing: what the filter `hasMeasureGap` asks. 是否有缺口"
    )
    unanswered_causes: list[Term] = strawberry.field(description="Causes that no measure answers. 无措施的原因")
    measures_without_cause: list[Measure] = strawberry.field(
        description="Measures that answer none of the family's causes. 未针对原因的措施"
    )
    members_without_measure: list[Person] = strawberry.field(
        description="Members for whom nothing is done, nor for the family as a whole. 无措施的成员"
    )


def five_clear() -> Any:
    """The five, of the household that the statement is about."""

    def point(gaps: Any) -> Any:
        return composed(is_clear=coverage.is_none(gaps()), missing=gaps(), present=literal(True, Boolean()))

    points = {name: point(gaps) for name, gaps in coverage.POINTS.items()}
    return composed(is_complete=coverage.is_five_clear(), **points, present=literal(True, Boolean()))


def measure_coverage() -> Any:
    """The coverage, of the household that the statement is about."""
    return composed(
        has_gap=coverage.has_measure_gap(),
        unanswered_causes=terms("cause", coverage.unanswered_causes()),
        measures_without_cause=many(
            Measure, coverage.answers_no_cause(MeasureRow), order_by=(MeasureRow.planned_on, MeasureRow.id)
        ),
        members_without_measure=many(
            Person, coverage.is_without_measure(PersonRow), order_by=(PersonRow.is_head.desc(), PersonRow.born_on)
        ),
        present=literal(True, Boolean()),
    )
