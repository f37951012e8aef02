"""Rounds in which a county goes through its households, and how far they are."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Final

import strawberry
from sqlalchemy import BigInteger, Date, Text, func, or_

from domain.grades import models as m
from domain.grades.queries import FILED, UNDER_WAY, has_grade_of_round, is_of_round, round_coverage
from domain.households.models import Household as HouseholdRow
from domain.regions.models import Region as RegionRow
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
    related,
    rows_of,
    the,
)
from schema.grading_schemes import GradingScheme
from schema.helpers import After, First, below
from schema.node import Node
from schema.regions import Region
from schema.scalars import RegionCode

if TYPE_CHECKING:
    from schema.households import Household

_COVERED = rows_of("round_total", **dict.fromkeys(("households", "filed", "under_way", "waiting"), BigInteger()))
_VILLAGE = rows_of(
    "round_village",
    region_code=Text(),
    **dict.fromkeys(("households", "filed", "under_way", "waiting"), BigInteger()),
)


@entity(_COVERED, scope=everyone(), key=("households",))  # the statement counts what the viewer sees
class RoundCoverage:
    """How far a round is, of the households that the viewer sees. 集中评定进度"""

    households: int = described("To be graded: on record, and of a category of the scheme. 应评定户数")
    filed: int = described("Of these, graded in this round. 已备案户数")
    under_way: int = described("Of these, proposed or reviewed. 办理中户数")
    waiting: int = described("Of these, not proposed yet, or sent back. 待评定户数")


@entity(_VILLAGE, scope=everyone(), key=("region_code",))
class VillageRoundCoverage:
    """How far a round is in one village. 行政村集中评定进度"""

    households: int = described("To be graded: on record, and of a category of the scheme. 应评定户数")
    filed: int = described("Of these, graded in this round. 已备案户数")
    under_way: int = described("Of these, proposed or reviewed. 办理中户数")
    waiting: int = described("Of these, not proposed yet, or sent back. 待评定户数")

    @planned
    def region(self) -> Region:
        """The village. 行政村"""
        return the(Region, RegionRow.code == _VILLAGE.c.region_code)


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

    @planned
    def coverage(self) -> RoundCoverage:
        """How far it is, over all villages. 进度"""
        return the(RoundCoverage, source=round_coverage(by_village=False))

    @planned
    def villages(self) -> list[VillageRoundCoverage]:
        """The same village by village, in the order of codes. 各村进度"""
        source = round_coverage(by_village=True)
        return many(VillageRoundCoverage, source=source, order_by=(_VILLAGE.c.region_code,), cap=2000)

    @planned
    def waiting(
        self,
        region: Annotated[RegionCode | None, strawberry.argument(description="Only in this division. 所在区划")] = None,
        first: First = 50,
        after: After = None,
    ) -> CountedConnection[Annotated[Household, strawberry.lazy("schema.households")]]:
        """Who is still to be graded: nobody has proposed anything, or what was proposed was sent back. 待评定农户"""
        asked = [is_of_round(), ~has_grade_of_round(HouseholdRow, *FILED, *UNDER_WAY)]
        if region is not None:
            asked.append(below(HouseholdRow.region_code)(region))
        # The types refer to each other; bodies run once the whole language is there.
        from schema.households import Household

        return page(Household, *asked, order=by(HouseholdRow.code))


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


LATEST_FIRST: Final = by(m.GradingRound.opened_on.desc())


@strawberry.type
class GradingRoundQueries:
    """Root fields about rounds."""

    grading_rounds: Connection[GradingRound] = pages(
        filter=GradingRoundFilter, order=LATEST_FIRST, description="Rounds, the latest first. 集中评定列表"
    )

    @planned
    def grading_round(
        self, id: Annotated[strawberry.ID, strawberry.argument(description="The id. 唯一标识")]
    ) -> GradingRound | None:
        """One round by its id. 按标识查集中评定"""
        return one(GradingRound, m.GradingRound.id == id)
