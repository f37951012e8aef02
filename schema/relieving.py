"""What can be done about relief: given, and reviewed by another person."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from domain.assistance import actions
from schema.context import Info
from schema.engine import keyed
from schema.errors import WHAT_TO_DO, UserError
from schema.families import carried_out
from schema.family_inputs import Ids, plain
from schema.relief import Relief


@strawberry.input(description="Relief that was given. 发放救助")
class GiveReliefInput:
    id: strawberry.ID = strawberry.field(description="Its id, made by the client: a UUID. 救助标识")
    household_id: strawberry.ID = strawberry.field(description="To which family. 农户标识")
    kind: str = strawberry.field(description="Code of relief_kind. 救助类型代码")
    cause: str = strawberry.field(description="Code of cause. 救助原因代码")
    term: str = strawberry.field(description="What it is for: 2026, 2026-07 or 2026Q3. 救助期间")
    source: str = strawberry.field(description="Code of relief_source. 资金来源代码")
    amount: str = strawberry.field(description="Yuan, more than nought, like 1250.50; of goods their worth. 金额(元)")
    given_on: str = strawberry.field(description="Today or earlier. 发放日期")
    person_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="To whom of the family; absent: to the family as a whole. 个人标识"
    )
    organisation_id: strawberry.ID | None = strawberry.field(
        default=UNSET,
        description="The department or the donor; of who speaks for a department that department. 救助单位标识",
    )
    clue_id: strawberry.ID | None = strawberry.field(default=UNSET, description="The clue that it answers. 线索标识")
    note: str | None = strawberry.field(default=UNSET, description="At most 200 characters. 说明")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "id": ids.read(self.id, "id"),
            "household_id": ids.read(self.household_id, "householdId"),
            "kind": self.kind,
            "cause": self.cause,
            "term": self.term,
            "source": self.source,
            "amount": self.amount,
            "given_on": self.given_on,
            "person_id": ids.read(self.person_id, "personId"),
            "organisation_id": ids.read(self.organisation_id, "organisationId"),
            "clue_id": ids.read(self.clue_id, "clueId"),
            "note": plain(self.note),
        }


@strawberry.input(description="What another person says of relief that was given. 复核救助")
class ReviewReliefInput:
    operation_id: strawberry.ID = strawberry.field(
        description="Made by the client; repeats are answered alike. 操作标识"
    )
    relief_id: strawberry.ID = strawberry.field(description="Which relief. 救助标识")
    is_right: bool = strawberry.field(
        description="Whether it was right; else it is taken off the books, and may be given anew. 是否属实"
    )
    note: str | None = strawberry.field(
        default=UNSET, description="A must where it was not right; at most 200 characters. 复核意见"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "relief_id": ids.read(self.relief_id, "reliefId"),
            "is_right": self.is_right,
            "note": plain(self.note),
        }


@strawberry.type(description="What became of relief. 救助操作结果")
class ReliefPayload:
    relief: Relief | None = strawberry.field(description="The relief as it is now; null when refused. 救助")
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type
class ReliefMutations:
    """Giving relief."""

    @strawberry.mutation(description="Writes down relief that was given; no clue and no case is asked for. 发放救助")
    async def give_relief(self, info: Info, input: Annotated[GiveReliefInput, WHAT_TO_DO]) -> ReliefPayload | None:
        done, errors = await carried_out(info, actions.give_relief, input)
        return ReliefPayload(relief=done and keyed(Relief, done["relief_id"]), errors=errors)

    @strawberry.mutation(description="Says whether relief that another person gave was right. 复核救助")
    async def review_relief(self, info: Info, input: Annotated[ReviewReliefInput, WHAT_TO_DO]) -> ReliefPayload | None:
        done, errors = await carried_out(info, actions.review_relief, input)
        return ReliefPayload(relief=done and keyed(Relief, done["relief_id"]), errors=errors)
