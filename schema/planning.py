"""What can be done about a plan: made for a family, and ended."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from domain.assistance import actions
from domain.assistance.rules import PlanKind
from schema.context import Info
from schema.engine import keyed
from schema.errors import WHAT_TO_DO, UserError
from schema.families import carried_out
from schema.family_inputs import Ids, plain
from schema.plans import AssistancePlan


@strawberry.input(description="A plan for a family. 制定计划")
class MakePlanInput:
    id: strawberry.ID = strawberry.field(description="Its id, made by the client: a UUID. 计划标识")
    household_id: strawberry.ID = strawberry.field(description="For which family. 农户标识")
    kind: PlanKind = strawberry.field(description="What it is for. 计划类型")
    started_on: str = strawberry.field(description="The first day, today or earlier, like 2026-03-01. 起始日期")
    goals: list[str] = strawberry.field(description="What is to be reached: 1 to 20 goals of 500 characters. 目标")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "id": ids.read(self.id, "id"),
            "household_id": ids.read(self.household_id, "householdId"),
            "kind": self.kind,
            "started_on": self.started_on,
            "goals": self.goals,
        }


@strawberry.input(description="A plan that ends. 结束计划")
class EndPlanInput:
    operation_id: strawberry.ID = strawberry.field(
        description="Made by the client; repeats are answered alike. 操作标识"
    )
    plan_id: strawberry.ID = strawberry.field(description="Which plan. 计划标识")
    ended_on: str = strawberry.field(description="The first day without it, today or earlier. 终止日期")
    reason: str = strawberry.field(description="Code of plan_end_reason; COMPLETED needs a result. 终止原因代码")
    result: str | None = strawberry.field(
        default=UNSET, description="What came of it; at most 500 characters. 完成情况"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "plan_id": ids.read(self.plan_id, "planId"),
            "ended_on": self.ended_on,
            "reason": self.reason,
            "result": plain(self.result),
        }


@strawberry.type(description="What became of a plan. 计划操作结果")
class PlanPayload:
    plan: AssistancePlan | None = strawberry.field(description="The plan as it is now; null when refused. 计划")
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type
class PlanMutations:
    """Making plans."""

    @strawberry.mutation(description="Makes a family's plan, or its plan for production. 制定计划")
    async def make_plan(self, info: Info, input: Annotated[MakePlanInput, WHAT_TO_DO]) -> PlanPayload | None:
        done, errors = await carried_out(info, actions.make_plan, input)
        return PlanPayload(plan=done and keyed(AssistancePlan, done["plan_id"]), errors=errors)

    @strawberry.mutation(description="Ends a plan, completed or for another reason; it stays. 结束计划")
    async def end_plan(self, info: Info, input: Annotated[EndPlanInput, WHAT_TO_DO]) -> PlanPayload | None:
        done, errors = await carried_out(info, actions.end_plan, input)
        return PlanPayload(plan=done and keyed(AssistancePlan, done["plan_id"]), errors=errors)
