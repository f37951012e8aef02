"""A family's plans: what is to become of it, and what it wants to produce."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.access.matrix import FieldClass
from domain.assistance import models as m
from domain.assistance.queries import sees_help
from domain.assistance.rules import PlanKind
from domain.households.queries import by_class
from schema.engine import described, entity, related, shows
from schema.enums import described_enum
from schema.node import Node
from schema.terms import Term, term
from schema.viewer import Actor

if TYPE_CHECKING:
    from schema.households import Household
    from schema.measures import Measure

described_enum(
    PlanKind,
    "What a plan is for. 计划类型",
    HOUSEHOLD="The family as a whole: 一户一计划. 帮扶计划",
    PRODUCTION="What it wants to produce. 生产发展计划",
)


@entity(m.AssistancePlan, scope=sees_help(m.AssistancePlan))
class AssistancePlan(Node):
    """What is to become of a family: one plan of each kind at a time. 帮扶计划"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    household: Annotated[Household, strawberry.lazy("schema.households")] = described("Whose. 农户")
    kind: PlanKind = described("What it is for. 计划类型")
    goals: list[str] | None = shows(
        by_class(FieldClass.NOTE, m.AssistancePlan.goals),
        description="What is to be reached, in words; null for who does not meet the family. 目标",
    )
    started_on: date = described("The first day on which it holds. 起始日期")
    ended_on: date | None = described("The first day on which it no longer holds; null while it is open. 终止日期")
    end_reason: Term | None = term(
        "plan_end_reason", m.AssistancePlan.end_reason, description="Why it ended: completed, for one. 终止原因"
    )
    result: str | None = shows(
        by_class(FieldClass.NOTE, m.AssistancePlan.result),
        description="What came of it, in words; null for who does not meet the family. 完成情况",
    )
    made_at: datetime = described("When it was written down. 制定时刻")
    made_by: Actor = described("Who wrote it down. 制定人")
    measures: list[Annotated[Measure, strawberry.lazy("schema.measures")]] = related(
        m.AssistancePlan.measures,
        order_by=(m.Measure.planned_on, m.Measure.id),
        description="What it consists of. 措施",
    )
