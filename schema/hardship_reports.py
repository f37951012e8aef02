"""Reports of hardship as officers read and settle them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import strawberry
from sqlalchemy import Text

from domain.base.models import sealed_text
from domain.hardship import models as m
from domain.hardship.actions import dismiss_hardship_report, match_hardship_report
from domain.hardship.queries import sees_report
from domain.hardship.rules import HardshipReportDismissal, ReportMatching
from domain.monitoring.rules import ClueSource
from schema.clues import Clue
from schema.context import Info
from schema.engine import CountedConnection, by, described, entity, is_in, keyed, matches, opened, pages, shows
from schema.enums import described_enum
from schema.errors import WHAT_TO_DO, UserError
from schema.families import carried_out
from schema.family_inputs import Ids
from schema.helpers import below
from schema.regions import Region
from schema.scalars import RegionCode
from schema.terms import Term, term
from schema.viewer import Actor

described_enum(
    ReportMatching,
    "Whether it is known which family a report is about. 匹配状态",
    WAITING="Not yet: an officer says which. 待匹配",
    MATCHED="Yes, and the family has a clue. 已匹配",
    DISMISSED="It was laid aside. 不予受理",
)
described_enum(
    HardshipReportDismissal,
    "Why a report is laid aside. That there is no hardship is said at the door, of a clue. 不予受理原因",
    DUPLICATE="The same was reported before. 重复报告",
    WITHDRAWN="Whoever reported it took it back. 已撤回",
    UNKNOWN_HERE="Nobody like that lives there. 查无此户",
)


@entity(m.HardshipReport, scope=sees_report())
class HardshipReport:
    """What somebody reported without an account or told the hotline, for officers of the village and above. 报贫记录"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    region: Region = described("The village that was named. 所在行政村")
    source: ClueSource = described("SELF_REPORT or HOTLINE. 来源")
    entered_by: Actor | None = described("Who took the call; null for a report. 录入人")
    received_at: datetime = described("When it came. 接收时刻")
    began_on: date = described("Day 0: the day in China on which that was. 起算日期")
    due_on: date = described("The last day on which somebody looks into it in time. 核实期限")
    name: str = described("Who is in hardship. 姓名")
    id_number: str | None = shows(
        # Nobody has checked it, and whoever sent it is not known: half of it is enough to compare.
        m.HardshipReport.id_number_masked,
        description="Their identity number, as it was given. 公民身份号码",
    )
    phone: str | None = opened(
        sealed_text("hardship_report.phone", m.HardshipReport.id, m.HardshipReport.phone_sealed),
        description="Where whoever reported can be called back. 联系电话",
    )
    is_for_somebody_else: bool = described("Whether somebody else reported it. 是否代报")
    kind: Term = term("clue_sign", m.HardshipReport.sign, description="What the matter is. 困难类型")
    text: str = described("In their own words; those who help the family do not see it. 情况说明")
    matching: ReportMatching = described("Whether it is known which family it is about. 匹配状态")
    settled_at: datetime | None = described("Since when that is known, or it was laid aside. 办结时刻")
    settled_by: Actor | None = described("Who said so; null where it fitted by itself. 办结人")
    reason: HardshipReportDismissal | None = described("Why it was laid aside. 不予受理原因")


@strawberry.input(description="Which reports; all conditions together. 报贫记录筛选条件")
class HardshipReportFilter:
    region: RegionCode | None = matches(
        below(m.HardshipReport.region_code), Text(), description="In this division or below it. 所在区划"
    )
    matching: list[ReportMatching] | None = is_in(
        m.HardshipReport.matching, description="In one of these states; WAITING is what is to be done. 匹配状态"
    )


@strawberry.type
class HardshipReportQueries:
    """The root field about what was reported."""

    hardship_reports: CountedConnection[HardshipReport] = pages(
        filter=HardshipReportFilter,
        order=by(m.HardshipReport.due_on),
        description="Reports that the viewer may see, those due first first. 报贫记录列表",
    )


@strawberry.input(description="Which family a report is about. 匹配报贫记录")
class MatchHardshipReportInput:
    operation_id: strawberry.ID = strawberry.field(
        description="Made by the client; repeats are answered alike. 操作标识"
    )
    report_id: strawberry.ID = strawberry.field(description="Which report, a waiting one. 报贫记录标识")
    household_id: strawberry.ID = strawberry.field(description="The family, one of the officer's region. 农户标识")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "report_id": ids.read(self.report_id, "reportId"),
            "household_id": ids.read(self.household_id, "householdId"),
        }


@strawberry.input(description="A report that leads nowhere. 不予受理报贫记录")
class DismissHardshipReportInput:
    operation_id: strawberry.ID = strawberry.field(
        description="Made by the client; repeats are answered alike. 操作标识"
    )
    report_id: strawberry.ID = strawberry.field(description="Which report, a waiting one. 报贫记录标识")
    reason: HardshipReportDismissal = strawberry.field(description="Why; its receipt tells it. 原因")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "report_id": ids.read(self.report_id, "reportId"),
            "reason": self.reason,
        }


@strawberry.type(description="What became of a report. 报贫记录操作结果")
class HardshipReportPayload:
    report: HardshipReport | None = strawberry.field(description="The report as it is now; null when refused. 报贫记录")
    clue: Clue | None = strawberry.field(description="The family's clue that it is a witness of. 线索")
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type
class HardshipReportMutations:
    """Officers settle what fits no family by itself."""

    @strawberry.mutation(
        description="Says which family a waiting report is about; the clock of its clue began with the report. 匹配报贫记录"
    )
    async def match_hardship_report(
        self, info: Info, input: Annotated[MatchHardshipReportInput, WHAT_TO_DO]
    ) -> HardshipReportPayload | None:
        return await _settled(info, match_hardship_report, input)

    @strawberry.mutation(description="Lays a waiting report aside. 不予受理报贫记录")
    async def dismiss_hardship_report(
        self, info: Info, input: Annotated[DismissHardshipReportInput, WHAT_TO_DO]
    ) -> HardshipReportPayload | None:
        return await _settled(info, dismiss_hardship_report, input)


async def _settled(info: Info, action: Any, input: Any) -> HardshipReportPayload:
    done, errors = await carried_out(info, action, input)
    return HardshipReportPayload(
        report=done and keyed(HardshipReport, done["report_id"]),
        clue=keyed(Clue, done["clue_id"]) if done and "clue_id" in done else None,
        errors=errors,
    )
