"""Which months of key help had their visit: the record behind the duty."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry
from sqlalchemy import Date, Text

from domain.duties.periods import VisitStanding, periods
from schema.engine import described, entity, everyone, many, planned, rows_of
from schema.enums import described_enum
from schema.viewer import TODAY

described_enum(
    VisitStanding,
    "How a period stands. 走访完成情况",
    DONE="A visit was made in it, and heard of before it was over. 按期完成",
    LATE_COUNTED="A visit was made in it, and heard of when it was over. 逾期补报",
    OPEN="It is not over yet. 进行中",
    MISSED="It is over, and nobody has told of a visit. 未走访",
)

_PERIOD = rows_of("visit_period", name=Text(), first_on=Date(), last_on=Date(), standing=Text(), visited_on=Date())


@entity(_PERIOD, scope=everyone(), key=("name",))  # the statement asks whether the viewer meets the family
class VisitPeriod:
    """A month, or as many as the region's policy has, in which a household under monitoring is visited. 走访周期"""

    name: str = described("Which, like 2026-07, 2026-Q3 or 2026-H2. 周期")
    first_on: date = described("Its first day. 起始日期")
    last_on: date = described("Its last day. 截止日期")
    standing: VisitStanding = described("How it stands today. 完成情况")
    visited_on: date | None = described("The day of the first visit that counts. 走访日期")


@strawberry.type
class VisitPeriodQueries:
    """The root field about visits month by month."""

    @planned
    def visit_periods(
        self,
        household_id: Annotated[strawberry.ID, strawberry.argument(description="Of which household. 农户标识")],
        since: Annotated[date, strawberry.argument(description="From the month of this day. 起始日期")],
        until: Annotated[date, strawberry.argument(description="To the month of this day; 36 at most. 截止日期")],
    ) -> list[VisitPeriod]:
        """The periods in which a visit was due under key help, and how each stands. 重点帮扶走访情况"""
        return many(VisitPeriod, source=periods(household_id, since, until, TODAY), order_by=(_PERIOD.c.first_on,))
