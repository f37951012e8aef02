"""Immediate relief: what was given, totals to the cent, and the two things that are done about it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Final

import strawberry
from sqlalchemy import BigInteger, Date, Integer, Numeric, Text

from domain.access.matrix import FieldClass
from domain.assistance import models as m
from domain.assistance.queries import sees_relief
from domain.assistance.rules import ReliefState
from domain.assistance.totals import relief_totals
from domain.households.queries import by_class, meets_of
from domain.monitoring.queries import yuan
from domain.regions.models import Region as RegionRow
from schema.clues import Clue
from schema.engine import (
    CountedConnection,
    by,
    described,
    entity,
    equals,
    everyone,
    is_in,
    many,
    matches,
    one,
    pages,
    planned,
    rows_of,
    shows,
)
from schema.enums import described_enum
from schema.helpers import Organisation, below
from schema.node import Node
from schema.regions import Region
from schema.scalars import RegionCode
from schema.terms import Term, term
from schema.viewer import Actor

if TYPE_CHECKING:
    from schema.households import Household
    from schema.people import Person

described_enum(
    ReliefState,
    "Where relief stands. 救助状态",
    GIVEN="Given, and not reviewed yet. 已发放,待复核",
    REVIEWED="Another person found it right. 已复核",
    REVOKED="Another person found it wrong: it counts nowhere. 已撤销",
)


@entity(m.Relief, scope=sees_relief())
class Relief(Node):
    """Money or goods given at once, with a case of monitoring or without. 即时救助"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    household: Annotated[Household, strawberry.lazy("schema.households")] | None = described(
        "Which family; null outside the viewer's scope. 农户"
    )
    person: Annotated[Person, strawberry.lazy("schema.people")] | None = described(
        "Whom of the family; null for the family as a whole, and outside the viewer's scope. 对象(个人)"
    )
    region: Region = described("The village the family lives in. 所在行政村")
    kind: Term = term("relief_kind", m.Relief.kind, description="Of which kind. 救助类型")
    cause: Term = term("cause", m.Relief.cause, description="For which cause of hardship. 救助原因")
    source: Term = term("relief_source", m.Relief.source, description="Out of whose money. 资金来源")
    organisation: Organisation | None = described("The department or the donor. 救助单位或捐助方")
    amount: Decimal | None = shows(
        by_class(FieldClass.INCOME, yuan(m.Relief.amount_fen), is_met=meets_of(m.Relief)),
        description="In yuan; null for who does not meet the family. 金额(元)",
    )
    given_on: date = described("The day on which it was given. 发放日期")
    given_at: datetime = described("When it was written down. 记录时刻")
    given_by: Actor = described("Who wrote it down. 经办人")
    clue: Clue | None = described("The clue that it answers; null where there is none in the viewer's scope. 线索")
    note: str | None = shows(
        by_class(FieldClass.NOTE, m.Relief.note),
        description="In the words of whoever gave it; null for who does not meet the family. 说明",
    )
    state: ReliefState = described("Where it stands. 状态")
    reviewed_at: datetime | None = described("When it was reviewed. 复核时刻")
    reviewed_by: Actor | None = described("Who reviewed it: never who gave it. 复核人")
    review_note: str | None = shows(
        by_class(FieldClass.NOTE, m.Relief.review_note),
        description="What the reviewer says; null for who does not meet the family. 复核意见",
    )
    # Last: from here on the name means the field, and no vocabulary.
    term: str = described("What it is for: 2026, 2026-07 or 2026Q3; the same kind is given once for it. 救助期间")


@strawberry.input(description="Which relief; all conditions together. 救助筛选条件")
class ReliefFilter:
    region: RegionCode | None = matches(
        below(m.Relief.region_code), Text(), description="In this division or below it. 所在区划"
    )
    household_id: strawberry.ID | None = equals(m.Relief.household_id, description="For this family. 农户标识")  # type: ignore[assignment]
    person_id: strawberry.ID | None = equals(m.Relief.person_id, description="For this person. 个人标识")  # type: ignore[assignment]
    organisation_id: strawberry.ID | None = equals(
        m.Relief.organisation_id, description="Given by this organisation. 救助单位标识"
    )  # type: ignore[assignment]
    states: list[ReliefState] | None = is_in(m.Relief.state, description="In one of these states. 状态")
    kinds: list[str] | None = is_in(m.Relief.kind, description="Of one of these kinds (codes). 救助类型代码")
    sources: list[str] | None = is_in(m.Relief.source, description="From one of these sources (codes). 资金来源代码")
    given_since: date | None = matches(
        lambda day: m.Relief.given_on >= day, Date(), description="Given on this day or later. 发放日期不早于"
    )
    given_before: date | None = matches(
        lambda day: m.Relief.given_on < day, Date(), description="Given before this day. 发放日期早于"
    )


_TOTAL = rows_of(
    "relief_total",
    position=Integer(),
    source=Text(),
    region_code=Text(),
    times=BigInteger(),
    households=BigInteger(),
    people=BigInteger(),
    amount=Numeric(14, 2),
)


@entity(_TOTAL, scope=everyone(), key=("position",))  # the statement counts what the viewer sees
class ReliefTotal:
    """How much relief was given, in all, from one source, or in one division. Revoked relief is none. 救助汇总"""

    source: Term | None = term(
        "relief_source", _TOTAL.c.source, description="From this source; null: from all. 资金来源"
    )
    times: int = described("How often something was given. 救助人次")
    households: int = described("To how many families, each counted once. 救助户数")
    people: int = described("To how many people by name, each counted once. 救助人数")
    amount: Decimal | None = described(
        "Together, in yuan to the cent; null where a family that counts is not met. 金额合计(元)"
    )

    @planned
    def region(self) -> Region | None:
        """In this division; null: in all that was asked for. 区划"""
        return one(Region, RegionRow.code == _TOTAL.c.region_code)


NEWEST_FIRST: Final = by(m.Relief.given_on.desc())


@strawberry.type
class ReliefQueries:
    """Root fields about relief."""

    reliefs: CountedConnection[Relief] = pages(
        filter=ReliefFilter,
        order=NEWEST_FIRST,
        description="Relief that the viewer may see, the latest first. 救助列表",
    )

    @planned
    def relief(
        self, id: Annotated[strawberry.ID, strawberry.argument(description="The id. 唯一标识")]
    ) -> Relief | None:
        """One relief by its id. 按标识查救助"""
        return one(Relief, m.Relief.id == id)

    @planned
    def relief_totals(
        self,
        region: Annotated[RegionCode, strawberry.argument(description="In this division and below it. 区划代码")],
        since: Annotated[date | None, strawberry.argument(description="Given on this day or later. 起始日期")] = None,
        until: Annotated[date | None, strawberry.argument(description="Given on this day or earlier. 截止日期")] = None,
    ) -> list[ReliefTotal]:
        """Relief that the viewer sees in a division: all of it first, then by source, then by division below. 救助汇总"""
        return many(ReliefTotal, source=relief_totals(region, since, until), order_by=(_TOTAL.c.position,), cap=2000)
