"""Measures as they are read: for whom, against what, by whom, where they stand, and every step they took."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Final

import strawberry
from sqlalchemy import Boolean, Date, Text, case

from domain.access.matrix import FieldClass
from domain.assistance import models as m
from domain.assistance.queries import lacks_witness, of_a_measure_met, sees_help, sees_step
from domain.assistance.rules import Entitlement, MeasureAct, MeasureState
from domain.households.queries import by_class, meets_of
from domain.monitoring.queries import yuan
from schema.engine import (
    CountedConnection,
    by,
    described,
    entity,
    equals,
    is_in,
    matches,
    one,
    pages,
    planned,
    related,
    shows,
)
from schema.enums import described_enum
from schema.helpers import Helper, Organisation, below
from schema.node import Node
from schema.plans import AssistancePlan
from schema.regions import Region
from schema.scalars import RegionCode
from schema.terms import Term, term
from schema.viewer import Actor

if TYPE_CHECKING:
    from schema.households import Household
    from schema.people import Person
    from schema.visits import Visit

described_enum(
    MeasureState,
    "Where a measure stands. 措施状态",
    PLANNED="It is meant to be. 已计划",
    APPROVED="The township answers for it, and somebody provides it. 已批准",
    DELIVERING="It is under way. 落实中",
    DELIVERED="It has reached the family, as who provides it says. 已落实",
    CONFIRMED="The family said so, at a visit. 农户已确认",
    CANCELLED="It will not come; the last step says why. 已取消",
)
described_enum(
    MeasureAct,
    "A step of a measure. 办理环节",
    ADD="It was planned. 计划",
    APPROVE="It was approved. 批准",
    START="It got under way. 开始落实",
    DELIVER="It reached the family. 落实",
    CONFIRM="The family confirmed it. 确认",
    CANCEL="It was cancelled. 取消",
)
described_enum(
    Entitlement,
    "How far the family may claim it, by its category when it was planned. 享受政策类别",
    FULL="In full: never refused for lack of means. 应享尽享",
    AS_MEANS_ALLOW="As far as means allow. 尽力而为",
    NONE="No claim by category. 无",
)


@entity(m.MeasureEvent, scope=sees_step())
class MeasureEvent:
    """A step that a measure took; written once, never changed. 措施办理记录"""

    act: MeasureAct = described("Which step. 环节")
    from_state: MeasureState | None = described("Where it stood before; null before it was planned. 原状态")
    to_state: MeasureState = described("Where it stood then. 新状态")
    happened_on: date = described("On which day it was done. 发生日期")
    recorded_at: datetime = described("When it was written down. 记录时刻")
    recorded_by: Actor = described("Who wrote it down. 记录人")
    reason: Term | None = term(
        "measure_cancel_reason", m.MeasureEvent.reason, description="Why it was cancelled. 取消原因"
    )
    note: str | None = shows(
        case((of_a_measure_met(), m.MeasureEvent.note)),
        description="In the words of whoever did it; null for who does not meet the family. 说明",
    )


@entity(m.Measure, scope=sees_help(m.Measure))
class Measure(Node):
    """One thing that is done for a family, or for one of its people. 帮扶措施"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    household: Annotated[Household, strawberry.lazy("schema.households")] = described("For which family. 农户")
    person: Annotated[Person, strawberry.lazy("schema.people")] | None = described(
        "For which of its people; null for the family as a whole. 对象(个人)"
    )
    plan: AssistancePlan | None = described("The plan that it belongs to. 所属计划")
    region: Region = described("The village the family lives in. 所在行政村")
    kind: Term = term("measure_kind", m.Measure.kind, description="Of which kind. 措施类型")
    cause: Term | None = term("cause", m.Measure.cause, description="Which cause of hardship it answers. 针对的原因")
    content: str | None = shows(
        by_class(FieldClass.NOTE, m.Measure.content),
        description="What exactly, in words; null for who does not meet the family. 措施内容",
    )
    entitlement: Entitlement = described("How far the family may claim it. 享受政策类别")
    state: MeasureState = described("Where it stands. 状态")
    planned_on: date = described("The day on which it was planned. 计划日期")
    due_on: date | None = described("The day by which it is to be delivered. 应落实日期")
    approved_on: date | None = described("The day on which it was approved. 批准日期")
    started_on: date | None = described("The day on which it got under way. 开始落实日期")
    delivered_on: date | None = described("The day on which it reached the family. 落实日期")
    confirmed_on: date | None = described("The day of the visit at which the family confirmed it. 确认日期")
    cancelled_on: date | None = described("The day on which it was cancelled. 取消日期")
    cancel_reason: Term | None = term(
        "measure_cancel_reason", m.Measure.cancel_reason, description="Why it was cancelled. 取消原因"
    )
    amount: Decimal | None = shows(
        by_class(FieldClass.INCOME, yuan(m.Measure.amount_fen), is_met=meets_of(m.Measure)),
        description="What it is worth in yuan, once delivered what it came to; null for who does not meet the family. "
        "金额(元)",
    )
    provider_organisation: Organisation | None = described("Which organisation provides it. 帮扶单位")
    provider_helper: Helper | None = described("Who provides it. 帮扶责任人")
    witness_visit: Annotated[Visit, strawberry.lazy("schema.visits")] | None = described(
        "The visit at which the family confirmed it, as it stands after corrections; null outside the scope. 见证走访"
    )
    lacks_witness: bool = shows(
        lacks_witness(), description="Delivered, and no visit that stands has seen it at the family's. 是否缺少见证"
    )
    recorded_at: datetime = described("When it was written down. 记录时刻")
    recorded_by: Actor = described("Who wrote it down. 记录人")
    events: list[MeasureEvent] = related(
        m.Measure.events, order_by=("recorded_at", "id"), description="The steps it took, the first first. 办理记录"
    )


@strawberry.input(description="Which measures; all conditions together. 措施筛选条件")
class MeasureFilter:
    region: RegionCode | None = matches(
        below(m.Measure.region_code), Text(), description="In this division or below it. 所在区划"
    )
    household_id: strawberry.ID | None = equals(m.Measure.household_id, description="For this family. 农户标识")  # type: ignore[assignment]
    person_id: strawberry.ID | None = equals(m.Measure.person_id, description="For this person. 个人标识")  # type: ignore[assignment]
    provider_organisation_id: strawberry.ID | None = equals(
        m.Measure.provider_organisation_id, description="Provided by this organisation. 帮扶单位标识"
    )  # type: ignore[assignment]
    provider_helper_id: strawberry.ID | None = equals(
        m.Measure.provider_helper_id, description="Provided by this helper. 帮扶责任人标识"
    )  # type: ignore[assignment]
    states: list[MeasureState] | None = is_in(m.Measure.state, description="In one of these states. 状态")
    kinds: list[str] | None = is_in(m.Measure.kind, description="Of one of these kinds (codes). 措施类型代码")
    causes: list[str] | None = is_in(m.Measure.cause, description="Against one of these causes (codes). 原因代码")  # type: ignore[arg-type]
    lacks_witness: bool | None = matches(
        lambda asked: lacks_witness() == asked,
        Boolean(),
        description="Delivered, and not seen at the family's by a visit that stands; or not so. 是否缺少见证",
    )
    planned_since: date | None = matches(
        lambda day: m.Measure.planned_on >= day, Date(), description="Planned on this day or later. 计划日期不早于"
    )
    due_before: date | None = matches(
        lambda day: m.Measure.due_on < day, Date(), description="Due before this day. 应落实日期早于"
    )
    delivered_since: date | None = matches(
        lambda day: m.Measure.delivered_on >= day, Date(), description="Delivered on this day or later. 落实日期不早于"
    )


NEWEST_FIRST: Final = by(m.Measure.planned_on.desc())


@strawberry.type
class MeasureQueries:
    """Root fields about measures."""

    measures: CountedConnection[Measure] = pages(
        filter=MeasureFilter,
        order=NEWEST_FIRST,
        description="Measures for families that the viewer may see, the latest planned first. 措施列表",
    )

    @planned
    def measure(
        self, id: Annotated[strawberry.ID, strawberry.argument(description="The id. 唯一标识")]
    ) -> Measure | None:
        """One measure by its id. 按标识查措施"""
        return one(Measure, m.Measure.id == id)
