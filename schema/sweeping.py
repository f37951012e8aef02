"""What can be done about sweeps: opening them, reporting disasters, leaving households out, telling of a sign."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import strawberry
from strawberry import UNSET
from strawberry.scalars import JSON

from domain.sweeps import actions
from domain.sweeps.rules import SweepKind
from schema.clues import Clue
from schema.context import Info
from schema.engine import keyed
from schema.errors import WHAT_TO_DO, UserError
from schema.families import carried_out
from schema.family_inputs import Ids, plain
from schema.scalars import RegionCode
from schema.sweeps import Sweep
from schema.tasks import Task

OPERATION = "Made by the client; repeats are answered alike. 操作标识"


@strawberry.input(description="A campaign. 发起排查")
class OpenSweepInput:
    operation_id: strawberry.ID = strawberry.field(description=OPERATION)
    kind: SweepKind = strawberry.field(description="MONTHLY, QUARTERLY or HALF_YEARLY. 排查类型")
    region: RegionCode = strawberry.field(description="Where. 所在区划")
    period: str = strawberry.field(description="2026-10, 2026-Q4 or 2026-H2, as the kind has it. 所属期间")
    groups: list[str] = strawberry.field(
        default_factory=list,
        description="Codes of edge_group or of rosters, 50 at most; empty: every household. 重点群体代码",
    )
    from_on: date | None = strawberry.field(
        default=UNSET, description="The first day on which a call counts; absent: the period's. 开始日期"
    )
    until_on: date | None = strawberry.field(default=UNSET, description="The last; absent: the period's. 结束日期")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "kind": self.kind,
            "region_code": self.region,
            "period": self.period,
            "groups": self.groups,
            "from_on": plain(self.from_on),
            "until_on": plain(self.until_on),
        }


@strawberry.input(description="Something struck an area. 上报灾害")
class ReportDisasterInput:
    operation_id: strawberry.ID = strawberry.field(description=OPERATION)
    kind: str = strawberry.field(description="Code of disaster_kind. 灾害类型代码")
    name: str = strawberry.field(description="What people call it; at most 100 characters. 灾害名称")
    happened_on: date = strawberry.field(description="The day it struck. 发生日期")
    region: RegionCode = strawberry.field(description="Whose households are looked for inside. 所在区划")
    area: JSON = strawberry.field(
        description="GeoJSON Polygon or MultiPolygon, longitude first, 20,000 positions at most. 灾害范围"
    )
    datum: str = strawberry.field(description="What it was drawn in: WGS84, CGCS2000, GCJ02 or BD09. 坐标系")
    until_on: date | None = strawberry.field(
        default=UNSET, description="The last day on which a check counts; absent: 90 days later. 结束日期"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "kind": self.kind,
            "name": self.name,
            "happened_on": self.happened_on,
            "region_code": self.region,
            "area": self.area,
            "datum": self.datum,
            "until_on": plain(self.until_on),
        }


@strawberry.type(description="What became of a campaign that was opened. 排查操作结果")
class SweepPayload:
    sweep: Sweep | None = strawberry.field(description="The sweep; null when refused. 排查")
    task: Task | None = strawberry.field(description="The work of writing its households down. 后台任务")
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.input(description="Households that are not called on. 排除农户")
class ExcludeFromSweepInput:
    operation_id: strawberry.ID = strawberry.field(description=OPERATION)
    sweep_id: strawberry.ID = strawberry.field(description="Of which sweep. 排查标识")
    household_ids: list[strawberry.ID] = strawberry.field(description="1 to 500: all are left out, or none. 农户标识")
    reason: str = strawberry.field(description="Code of sweep_exclusion. 排除原因代码")
    note: str | None = strawberry.field(
        default=UNSET, description="A must for OTHER; at most 200 characters, no names. 说明"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "sweep_id": ids.read(self.sweep_id, "sweepId"),
            "household_ids": [ids.read(one, "householdIds", str(at)) for at, one in enumerate(self.household_ids)],
            "reason": self.reason,
            "note": plain(self.note),
        }


@strawberry.type(description="What became of households that were left out. 排除结果")
class ExcludeFromSweepPayload:
    sweep: Sweep | None = strawberry.field(description="The sweep; null when refused. 排查")
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.input(description="A sign that a sweep brought up. 排查发现线索")
class RaiseSweepClueInput:
    operation_id: strawberry.ID = strawberry.field(description=OPERATION)
    sweep_id: strawberry.ID = strawberry.field(description="Which sweep. 排查标识")
    household_id: strawberry.ID = strawberry.field(description="Which of its households. 农户标识")
    sign: str = strawberry.field(description="Code of clue_sign. 预警类型代码")
    note: str | None = strawberry.field(default=UNSET, description="At most 200 characters. 说明")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "sweep_id": ids.read(self.sweep_id, "sweepId"),
            "household_id": ids.read(self.household_id, "householdId"),
            "sign": self.sign,
            "note": plain(self.note),
        }


@strawberry.type(description="What became of a sign that was told. 排查线索结果")
class RaiseSweepCluePayload:
    clue: Clue | None = strawberry.field(description="The clue; null when refused. 线索")
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type
class SweepMutations:
    """Opening sweeps, and saying what became of their households."""

    @strawberry.mutation(
        description="Opens a campaign, for officers of counties and townships; its households are written down by the "
        "worker. 发起排查"
    )
    async def open_sweep(self, info: Info, input: Annotated[OpenSweepInput, WHAT_TO_DO]) -> SweepPayload | None:
        return await _opened(info, actions.open_sweep, input)

    @strawberry.mutation(
        description="Reports a disaster, for officers of counties, prefectures and provinces: every household inside "
        "becomes a candidate to check. 上报灾害"
    )
    async def report_disaster(
        self, info: Info, input: Annotated[ReportDisasterInput, WHAT_TO_DO]
    ) -> SweepPayload | None:
        return await _opened(info, actions.report_disaster, input)

    @strawberry.mutation(description="Leaves households out of a sweep, with a reason. 排除农户")
    async def exclude_from_sweep(
        self, info: Info, input: Annotated[ExcludeFromSweepInput, WHAT_TO_DO]
    ) -> ExcludeFromSweepPayload | None:
        done, errors = await carried_out(info, actions.exclude_from_sweep, input)
        return ExcludeFromSweepPayload(sweep=done and keyed(Sweep, done["sweep_id"]), errors=errors)

    @strawberry.mutation(
        description="Tells of a sign that came up otherwise than as a finding of a call; findings become clues by "
        "themselves. 登记排查线索"
    )
    async def raise_sweep_clue(
        self, info: Info, input: Annotated[RaiseSweepClueInput, WHAT_TO_DO]
    ) -> RaiseSweepCluePayload | None:
        done, errors = await carried_out(info, actions.raise_sweep_clue, input)
        return RaiseSweepCluePayload(clue=done and keyed(Clue, done["clue_id"]), errors=errors)


async def _opened(info: Info, action: Any, input: OpenSweepInput | ReportDisasterInput) -> SweepPayload:
    done, errors = await carried_out(info, action, input)
    sweep, task = (done and keyed(Sweep, done["sweep_id"])), (done and keyed(Task, done["task_id"]))
    return SweepPayload(sweep=sweep, task=task, errors=errors)
