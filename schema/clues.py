"""Clues as they are read: which sign, since when, due when, who witnessed it, and what was found."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Final

import strawberry
from sqlalchemy import Date, Text, case, literal
from sqlalchemy.dialects.postgresql import JSONB
from strawberry.scalars import JSON

from domain.access.matrix import FieldClass
from domain.households.queries import by_class
from domain.monitoring import models as m
from domain.monitoring.queries import of_a_clue_met, sees_clue, sees_witness, was_waiting
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
from schema.helpers import below
from schema.node import Node
from schema.regions import Region
from schema.scalars import RegionCode
from schema.terms import Term, term
from schema.viewer import TODAY, Actor

if TYPE_CHECKING:
    from schema.households import Household
    from schema.visits import Visit

described_enum(
    m.ClueState,
    "Where a clue stands. 线索状态",
    NEW="To be verified at the door. 待核实",
    VERIFIED="Verified: the sign is true. 属实",
    DISMISSED="Verified: the sign is not true. 不属实",
    CLOSED="Nothing is left to verify: the household ended, or the clue went on with another. 已关闭",
)
described_enum(
    m.ClueSource,
    "Who or what gave a sign. 线索来源",
    SELF_REPORT="The family's own report. 一键报贫",
    HOTLINE="A call. 热线",
    SWEEP="A sweep of the village. 走访排查",
    DEPARTMENT="A department's list. 部门筛查",
    INCOME_RULE="Income that stayed below the standard. 收入监测",
    EXPENSE_RULE="Expenses beyond the standard. 支出监测",
    DISASTER_SWEEP="A check after a disaster. 灾害排查",
    FAMILY_EVENT="A change of the family. 家庭变动",
    GRADE="A grade at the greatest risk. 风险等级",
    COMPLAINT="An objection that came after the notice. 群众反映",
)


@entity(m.ClueWitness, scope=sees_witness())
class ClueWitness:
    """Somebody or something that gave the sign. 线索佐证"""

    source: m.ClueSource = described("Who or what. 来源")
    received_at: datetime = described("When the server heard of it. 接收时刻")
    recorded_by: Actor | None = described("Who entered it; null for the public and for rules. 记录人")
    detail: JSON = shows(
        case((of_a_clue_met(), m.ClueWitness.detail), else_=literal({}, JSONB())),
        description="What it says, by source; empty for who does not meet the family. 明细",
    )


@entity(m.Clue, scope=sees_clue())
class Clue(Node):
    """A sign that a household may be slipping: one per sign, household and period, however many witnesses. 线索"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    household: Annotated[Household, strawberry.lazy("schema.households")] = described("Which household. 农户")
    region: Region = described("The village it lives in. 所在行政村")
    sign: Term = term("clue_sign", m.Clue.sign, description="What the sign is. 预警类型")
    period: str = described("What it is about: a month like 2026-03, a quarter, a campaign, a disaster. 所属期间")
    state: m.ClueState = described("Where it stands. 状态")
    received_at: datetime = described("When the server first heard of it. 首次接收时刻")
    began_on: date = described("Day 0: the day in China on which that was. 起算日期")
    due_on: date = described("The last day on which it is verified in time, until 24:00. 核实期限")
    stopped_at: datetime | None = described(
        "When the clock stopped: when the verifying visit happened, however late it was heard of. 止算时刻"
    )
    is_overdue: bool = shows(was_waiting(TODAY), description="Past its day today, and not verified. 是否超期")
    witnesses: list[ClueWitness] = related(
        m.Clue.witnesses, order_by=("received_at", "id"), description="All who gave it, the first first. 佐证"
    )
    visit: Annotated[Visit, strawberry.lazy("schema.visits")] | None = described(
        "The visit that verified it; null outside the viewer's scope. 核实走访"
    )
    settled_at: datetime | None = described("When it was said what became of it. 办结时刻")
    settled_by: Actor | None = described("Who said so. 办结人")
    reason: str | None = shows(
        by_class(FieldClass.NOTE, m.Clue.reason), description="Why; null for who does not meet the family. 原因"
    )


@strawberry.input(description="Which clues; all conditions together. 线索筛选条件")
class ClueFilter:
    region: RegionCode | None = matches(
        below(m.Clue.region_code), Text(), description="In this division or below it. 所在区划"
    )
    household_id: strawberry.ID | None = equals(m.Clue.household_id, description="Of this household. 农户标识")  # type: ignore[assignment]
    states: list[m.ClueState] | None = is_in(m.Clue.state, description="In one of these states. 状态")
    signs: list[str] | None = is_in(m.Clue.sign, description="Of one of these signs (codes of clue_sign). 预警类型代码")
    overdue_on: date | None = matches(
        was_waiting,
        Date(),
        description="Past their day when this one began, and nobody had been at the door: also of a day long gone. "
        "该日超期未核实",
    )
    began_since: date | None = matches(
        lambda day: m.Clue.began_on >= day, Date(), description="Begun on this day or later. 起算日期不早于"
    )
    due_before: date | None = matches(
        lambda day: m.Clue.due_on < day, Date(), description="Due before this day. 期限早于"
    )


FIRST_DUE: Final = by(m.Clue.due_on)


@strawberry.type
class ClueQueries:
    """Root fields about clues."""

    clues: CountedConnection[Clue] = pages(
        filter=ClueFilter, order=FIRST_DUE, description="Clues that the viewer may see, those due first first. 线索列表"
    )

    @planned
    def clue(self, id: Annotated[strawberry.ID, strawberry.argument(description="The id. 唯一标识")]) -> Clue | None:
        """One clue by its id. 按标识查线索"""
        return one(Clue, m.Clue.id == id)
