"""What a family may ask for: everything that stands of it, and to be erased once it is no more."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry
from strawberry.scalars import JSON

from domain.rights.actions import erase_household, erase_person, export_household, printed
from schema.context import Info
from schema.errors import WHAT_TO_DO, UserError
from schema.families import carried_out
from schema.family_inputs import Ids


@strawberry.input(description="Whose data, and why it is handed out. 导出农户信息的请求")
class ExportHouseholdInput:
    household_id: strawberry.ID = strawberry.field(description="The household, ended or not. 农户标识")
    reason: str = strawberry.field(description="Who asked and how they showed who they are, without any number. 事由")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {"household_id": ids.read(self.household_id, "householdId"), "reason": self.reason}


@strawberry.input(description="Who is to be erased, and why. 删除农户信息的请求")
class EraseHouseholdInput:
    operation_id: strawberry.ID = strawberry.field(description="Made by the client: a UUID. 操作标识")
    household_id: strawberry.ID = strawberry.field(description="A household that has ended. 农户标识")
    reason: str = strawberry.field(description="Who asked, or what decision it follows, without any number. 事由")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "household_id": ids.read(self.household_id, "householdId"),
            "reason": self.reason,
        }


@strawberry.input(description="Who is to be erased, and why. 删除个人信息的请求")
class ErasePersonInput:
    operation_id: strawberry.ID = strawberry.field(description="Made by the client: a UUID. 操作标识")
    person_id: strawberry.ID = strawberry.field(description="Somebody who is in no family any more. 人员标识")
    reason: str = strawberry.field(description="Who asked, or what decision it follows, without any number. 事由")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "person_id": ids.read(self.person_id, "personId"),
            "reason": self.reason,
        }


@strawberry.type(description="Everything that stands of a family. 农户信息副本")
class ExportHouseholdPayload:
    document: JSON | None = strawberry.field(
        description="Sections of rows as they stand, numbers in the clear, who looked at them included. 数据"
    )
    printable: str | None = strawberry.field(description="The same as text in Chinese, for paper. 可打印文本")
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type(description="Whether it was erased. 删除结果")
class EraseHouseholdPayload:
    is_erased: bool = strawberry.field(description="Whether nothing tells any more who the family was. 是否已删除")
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type(description="Whether the person was erased. 个人信息删除结果")
class ErasePersonPayload:
    is_erased: bool = strawberry.field(description="Whether nothing tells any more who it was. 是否已删除")
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type
class RightsMutations:
    """All leave their trace."""

    @strawberry.mutation(
        description="Everything that stands of a family, handed out at its wish by the township or above. 导出农户信息"
    )
    async def export_household(
        self, info: Info, input: Annotated[ExportHouseholdInput, WHAT_TO_DO]
    ) -> ExportHouseholdPayload | None:
        found, errors = await carried_out(info, export_household, input)
        text = None if found is None else printed(found)
        return ExportHouseholdPayload(document=found, printable=text, errors=errors)

    @strawberry.mutation(
        description="Takes away for good what tells who a family was that has ended; by the county or above. 删除农户信息"
    )
    async def erase_household(
        self, info: Info, input: Annotated[EraseHouseholdInput, WHAT_TO_DO]
    ) -> EraseHouseholdPayload | None:
        done, errors = await carried_out(info, erase_household, input)
        return EraseHouseholdPayload(is_erased=done is not None, errors=errors)

    @strawberry.mutation(
        description=(
            "Takes away for good what tells who somebody was that has left their family; by the county or above."
            " 删除个人信息"
        )
    )
    async def erase_person(
        self, info: Info, input: Annotated[ErasePersonInput, WHAT_TO_DO]
    ) -> ErasePersonPayload | None:
        done, errors = await carried_out(info, erase_person, input)
        return ErasePersonPayload(is_erased=done is not None, errors=errors)
