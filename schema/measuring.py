"""What can be done about a measure: planned, approved, delivered, confirmed by the family, or cancelled."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from domain.assistance import actions
from schema.context import Info
from schema.engine import keyed
from schema.errors import WHAT_TO_DO, UserError
from schema.families import carried_out
from schema.family_inputs import ActionInput, Ids, plain
from schema.measures import Measure


def _providers(ids: Ids, given: Any) -> dict[str, Any]:
    return {
        "provider_helper_id": ids.read(given.provider_helper_id, "providerHelperId"),
        "provider_organisation_id": ids.read(given.provider_organisation_id, "providerOrganisationId"),
    }


def _which(ids: Ids, given: Any) -> dict[str, Any]:
    return {
        "operation_id": ids.read(given.operation_id, "operationId"),
        "measure_id": ids.read(given.measure_id, "measureId"),
    }


@strawberry.input(description="A measure that is planned. 新增措施")
class AddMeasureInput:
    id: strawberry.ID = strawberry.field(description="Its id, made by the client: a UUID. 措施标识")
    household_id: strawberry.ID = strawberry.field(description="For which family. 农户标识")
    kind: str = strawberry.field(description="Code of measure_kind. 措施类型代码")
    content: str = strawberry.field(description="What exactly; at most 200 characters. 措施内容")
    planned_on: str = strawberry.field(description="Today or earlier, like 2026-03-01. 计划日期")
    person_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="For which of its people; absent: for the family as a whole. 个人标识"
    )
    plan_id: strawberry.ID | None = strawberry.field(default=UNSET, description="An open plan of the family. 计划标识")
    cause: str | None = strawberry.field(
        default=UNSET, description="Code of cause: which one it answers. 针对的原因代码"
    )
    due_on: date | None = strawberry.field(default=UNSET, description="By when it is to be delivered. 应落实日期")
    amount: str | None = strawberry.field(
        default=UNSET, description="Yuan, with two decimals at most, like 1250.50. 金额(元)"
    )
    provider_helper_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="Who provides it, if that is known. 帮扶责任人标识"
    )
    provider_organisation_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="Or which organisation. 帮扶单位标识"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "id": ids.read(self.id, "id"),
            "household_id": ids.read(self.household_id, "householdId"),
            "kind": self.kind,
            "content": self.content,
            "planned_on": self.planned_on,
            "person_id": ids.read(self.person_id, "personId"),
            "plan_id": ids.read(self.plan_id, "planId"),
            "cause": plain(self.cause),
            "due_on": plain(self.due_on),
            "amount": plain(self.amount),
            **_providers(ids, self),
        }


@strawberry.input(description="A measure that the township answers for. 批准措施")
class ApproveMeasureInput:
    operation_id: strawberry.ID = strawberry.field(
        description="Made by the client; repeats are answered alike. 操作标识"
    )
    measure_id: strawberry.ID = strawberry.field(description="Which measure. 措施标识")
    on: str = strawberry.field(description="The day, today or earlier. 批准日期")
    provider_helper_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="Who provides it; absent: as planned. 帮扶责任人标识"
    )
    provider_organisation_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="Or which organisation; absent: as planned. 帮扶单位标识"
    )
    amount: str | None = strawberry.field(default=UNSET, description="Yuan; absent: as planned. 金额(元)")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {**_which(ids, self), "on": self.on, **_providers(ids, self), "amount": plain(self.amount)}


@strawberry.input(description="A measure that gets under way. 开始落实")
class StartDeliveryInput:
    operation_id: strawberry.ID = strawberry.field(
        description="Made by the client; repeats are answered alike. 操作标识"
    )
    measure_id: strawberry.ID = strawberry.field(description="Which measure. 措施标识")
    on: str = strawberry.field(description="The day, today or earlier. 开始日期")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {**_which(ids, self), "on": self.on}


@strawberry.input(description="A measure that has reached the family. 落实措施")
class DeliverMeasureInput:
    operation_id: strawberry.ID = strawberry.field(
        description="Made by the client; repeats are answered alike. 操作标识"
    )
    measure_id: strawberry.ID = strawberry.field(description="Which measure. 措施标识")
    on: str = strawberry.field(description="The day, today or earlier. 落实日期")
    amount: str | None = strawberry.field(
        default=UNSET, description="Yuan that it came to; absent: as promised. 实际金额(元)"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {**_which(ids, self), "on": self.on, "amount": plain(self.amount)}


@strawberry.input(description="A family's word that a measure arrived. 确认措施")
class ConfirmMeasureInput:
    operation_id: strawberry.ID = strawberry.field(
        description="Made by the client; repeats are answered alike. 操作标识"
    )
    measure_id: strawberry.ID = strawberry.field(description="Which measure. 措施标识")
    visit_id: strawberry.ID = strawberry.field(
        description="The call at which the family said so: in person, on the day of the delivery or later. 见证走访标识"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {**_which(ids, self), "visit_id": ids.read(self.visit_id, "visitId")}


@strawberry.input(description="A measure that will not come. 取消措施")
class CancelMeasureInput:
    operation_id: strawberry.ID = strawberry.field(
        description="Made by the client; repeats are answered alike. 操作标识"
    )
    measure_id: strawberry.ID = strawberry.field(description="Which measure. 措施标识")
    on: str = strawberry.field(description="The day, today or earlier. 取消日期")
    reason: str = strawberry.field(description="Code of measure_cancel_reason. 取消原因代码")
    note: str | None = strawberry.field(default=UNSET, description="A must for OTHER; at most 200 characters. 说明")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {**_which(ids, self), "on": self.on, "reason": self.reason, "note": plain(self.note)}


@strawberry.type(description="What became of a measure. 措施操作结果")
class MeasurePayload:
    measure: Measure | None = strawberry.field(description="The measure as it is now; null when refused. 措施")
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type
class MeasureMutations:
    """The life of a measure: docs/measures.md."""

    @strawberry.mutation(description="Plans a measure for a family or for one of its people. 新增措施")
    async def add_measure(self, info: Info, input: Annotated[AddMeasureInput, WHAT_TO_DO]) -> MeasurePayload | None:
        return await _done(info, actions.add_measure, input)

    @strawberry.mutation(description="Approves a measure; somebody provides it by now. 批准措施")
    async def approve_measure(
        self, info: Info, input: Annotated[ApproveMeasureInput, WHAT_TO_DO]
    ) -> MeasurePayload | None:
        return await _done(info, actions.approve_measure, input)

    @strawberry.mutation(description="Says that a measure is under way. 开始落实")
    async def start_delivery(
        self, info: Info, input: Annotated[StartDeliveryInput, WHAT_TO_DO]
    ) -> MeasurePayload | None:
        return await _done(info, actions.start_delivery, input)

    @strawberry.mutation(description="Says that a measure has reached the family. 落实措施")
    async def deliver_measure(
        self, info: Info, input: Annotated[DeliverMeasureInput, WHAT_TO_DO]
    ) -> MeasurePayload | None:
        return await _done(info, actions.deliver_measure, input)

    @strawberry.mutation(description="Writes down that the family confirmed a measure at a visit. 确认措施")
    async def confirm_measure(
        self, info: Info, input: Annotated[ConfirmMeasureInput, WHAT_TO_DO]
    ) -> MeasurePayload | None:
        return await _done(info, actions.confirm_measure, input)

    @strawberry.mutation(description="Cancels a measure that was not delivered yet, for a reason. 取消措施")
    async def cancel_measure(
        self, info: Info, input: Annotated[CancelMeasureInput, WHAT_TO_DO]
    ) -> MeasurePayload | None:
        return await _done(info, actions.cancel_measure, input)


async def _done(info: Info, action: Any, input: ActionInput) -> MeasurePayload:
    done, errors = await carried_out(info, action, input)
    return MeasurePayload(measure=done and keyed(Measure, done["measure_id"]), errors=errors)
