"""What can be done to families: register, edit, change members, split, merge. Moving is in moves.py."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

import strawberry

from domain.base.errors import InvalidInput
from domain.cases import actions
from domain.families import actions as families
from domain.sync.deferred import judge_waiting
from schema.context import Info
from schema.engine import keyed
from schema.errors import WHAT_TO_DO, UserError, answered
from schema.family_change_inputs import (
    ChangeMembersInput,
    MergeHouseholdsInput,
    SplitHouseholdInput,
)
from schema.family_inputs import ActionInput, EditHouseholdInput, Ids, RegisterHouseholdInput
from schema.households import Household


@strawberry.type(description="What became of a family. 农户操作结果")
class HouseholdPayload:
    household: Household | None = strawberry.field(description="The household as it is now; null when refused. 农户")
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type(description="What became of a family that was split. 分户结果")
class SplitHouseholdPayload:
    household: Household | None = strawberry.field(description="Those who stayed, under the old id. 原户")
    new_household: Household | None = strawberry.field(description="Those who left, under the new id. 新户")
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type
class HouseholdMutations:
    """Families change."""

    @strawberry.mutation(description="Puts a family on record with all its people, one of them the head. 农户建档")
    async def register_household(
        self, info: Info, input: Annotated[RegisterHouseholdInput, WHAT_TO_DO]
    ) -> HouseholdPayload | None:
        done, errors = await carried_out(info, families.register_household, input)
        if done:
            # Somebody may have been there before it was on record.
            await judge_waiting(info.context.sessions, info.context.actor.at, [uuid.UUID(done["household_id"])])
        return HouseholdPayload(household=done and keyed(Household, done["household_id"]), errors=errors)

    @strawberry.mutation(
        description="Changes fields, each from the value it was read with; one conflict refuses the edit. 农户信息变更"
    )
    async def edit_household(
        self, info: Info, input: Annotated[EditHouseholdInput, WHAT_TO_DO]
    ) -> HouseholdPayload | None:
        return await _changed(info, families.edit_household, input)

    @strawberry.mutation(
        description="Writes down who came and who went; a head who goes leaves a new one. 家庭成员变动"
    )
    async def change_members(
        self, info: Info, input: Annotated[ChangeMembersInput, WHAT_TO_DO]
    ) -> HouseholdPayload | None:
        return await _changed(info, actions.change_members, input)

    @strawberry.mutation(description="Makes a household of its own of some of the members. 分户")
    async def split_household(
        self, info: Info, input: Annotated[SplitHouseholdInput, WHAT_TO_DO]
    ) -> SplitHouseholdPayload | None:
        done, errors = await carried_out(info, actions.split_household, input)
        return SplitHouseholdPayload(
            household=done and keyed(Household, done["household_id"]),
            new_household=done and keyed(Household, done["new_household_id"]),
            errors=errors,
        )

    @strawberry.mutation(description="Brings the people of one household into another, which goes on. 并户")
    async def merge_households(
        self, info: Info, input: Annotated[MergeHouseholdsInput, WHAT_TO_DO]
    ) -> HouseholdPayload | None:
        return await _changed(info, actions.merge_households, input)


async def _changed(info: Info, action: Any, input: ActionInput) -> HouseholdPayload:
    done, errors = await carried_out(info, action, input)
    return HouseholdPayload(household=done and keyed(Household, done["household_id"]), errors=errors)


async def carried_out(info: Info, action: Any, input: ActionInput) -> tuple[Any, list[UserError]]:
    """What the action answered to an input that reads its own ids, or what is wrong."""

    async def act(db: Any) -> Any:
        ids = Ids()
        arguments = input.arguments(ids)
        if ids.problems:
            raise InvalidInput(*ids.problems)
        return await action(db, info.context.actor, **arguments)

    return await answered(info, act)
