"""Moves of families between villages: asked for by the old side, accepted by the new one, seen by both."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import strawberry
from sqlalchemy import Text, or_
from strawberry import UNSET

from domain.access.matrix import FieldClass
from domain.access.queries import meets
from domain.cases import actions
from domain.families.actions import withdraw_move
from domain.households import models as m
from domain.households.queries import by_class, sees_move
from schema.context import Info
from schema.engine import CountedConnection, by, described, entity, equals, keyed, matches, pages, shows
from schema.enums import described_enum
from schema.errors import WHAT_TO_DO, UserError
from schema.families import carried_out
from schema.family_inputs import ActionInput, Ids, plain, point
from schema.helpers import below
from schema.households import Household
from schema.node import Node
from schema.places import GeoPointInput
from schema.regions import Village
from schema.scalars import RegionCode

described_enum(
    m.MoveState,
    "Where a move to another village stands. 迁移申请状态",
    ASKED="The receiving township has not answered yet. 待受理",
    ACCEPTED="Carried out: the family belongs to the new village. 已迁入",
    DECLINED="The receiving township has said no, and why. 已退回",
    WITHDRAWN="The side that asked no longer asks. 已撤回",
)


def _noted(words: Any) -> Any:
    """Free text, for the officers of either side."""
    return by_class(
        FieldClass.NOTE, words, is_met=or_(meets(m.HouseholdMove.region_code), meets(m.HouseholdMove.to_region_code))
    )


@entity(m.HouseholdMove, scope=sees_move())
class HouseholdMove(Node):
    """A family's move from one village to another, for the officers of both. 迁移申请"""

    id: strawberry.ID = described("Globally unique id: that of the operation that asked. 唯一标识")
    state: m.MoveState = described("Where it stands. 状态")
    household: Household | None = described(
        "The family; null outside the viewer's scope: for the new side before it accepts, for the old one after. 农户"
    )
    household_code: str = described("The family's code. 农户编号")
    head_name: str = described("The head's name, masked for both sides, when it was asked. 户主姓名(脱敏)")
    member_count: int = described("How many they were when it was asked. 家庭人口数")
    from_village: Village = described("Where the family lived. 迁出行政村")
    to_village: Village = described("Where it is to live. 迁入行政村")
    moves_on: date = described("The first day there. 迁移日期")
    reason: str | None = shows(_noted(m.HouseholdMove.reason), description="Why, as the old side says. 迁移原因")
    asked_at: datetime = described("When it was asked. 申请时刻")
    decided_at: datetime | None = described("When it was accepted, declined or withdrawn. 办结时刻")
    decision_reason: str | None = shows(
        _noted(m.HouseholdMove.decision_reason), description="What the new side said to that. 受理意见"
    )


def _on_either_side(code: Any) -> Any:
    return or_(below(m.HouseholdMove.region_code)(code), below(m.HouseholdMove.to_region_code)(code))


@strawberry.input(description="Which moves; all conditions together. 迁移申请筛选条件")
class HouseholdMoveFilter:
    state: m.MoveState | None = equals(m.HouseholdMove.state, description="Those that stand so. 状态")
    region: RegionCode | None = matches(
        _on_either_side, Text(), description="From or to this division or one below it. 迁出或迁入区划"
    )


@strawberry.type
class HouseholdMoveQueries:
    """Root fields about moves."""

    household_moves: CountedConnection[HouseholdMove] = pages(
        filter=HouseholdMoveFilter,
        order=by(m.HouseholdMove.asked_at.desc()),
        description="Moves from or to the viewer's region, the latest first. 迁移申请列表",
    )


# --- what can be done ------------------------------------------------------------------------------------------------

OPERATION_ID = "Made by the client; repeats are answered alike. 操作标识"


@strawberry.input(description="A family moves to another village. 迁移")
class MoveHouseholdInput:
    operation_id: strawberry.ID = strawberry.field(description=OPERATION_ID)
    household_id: strawberry.ID = strawberry.field(description="Which family. 农户标识")
    village_code: str = strawberry.field(description="The 12 digits of the new village. 迁入行政村代码")
    on: str = strawberry.field(description="The first day there, today or earlier. 迁移日期")
    address: str | None = strawberry.field(default=UNSET, description="The new address; absent: none. 新住址")
    location: GeoPointInput | None = strawberry.field(
        default=UNSET, description="The new dwelling; absent: none, for the old one would be wrong. 新住所位置"
    )
    reason: str | None = strawberry.field(
        default=UNSET, description="Why, for the new side to read; up to 500 characters. 迁移原因"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "household_id": ids.read(self.household_id, "householdId"),
            "village_code": self.village_code,
            "on": self.on,
            "address": plain(self.address),
            "location": point(plain(self.location)),
            "reason": plain(self.reason),
        }


@strawberry.input(description="The new side's answer to a move. 迁移受理")
class DecideHouseholdMoveInput:
    operation_id: strawberry.ID = strawberry.field(description=OPERATION_ID)
    move_id: strawberry.ID = strawberry.field(description="Which move. 迁移申请标识")
    accepts: bool = strawberry.field(description="Whether the family is taken in. 是否同意迁入")
    reason: str | None = strawberry.field(
        default=UNSET, description="Why; a must when declining, up to 500 characters. 受理意见"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "move_id": ids.read(self.move_id, "moveId"),
            "accepts": self.accepts,
            "reason": plain(self.reason),
        }


@strawberry.input(description="The old side no longer asks for a move. 撤回迁移申请")
class WithdrawHouseholdMoveInput:
    operation_id: strawberry.ID = strawberry.field(description=OPERATION_ID)
    move_id: strawberry.ID = strawberry.field(description="Which move. 迁移申请标识")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "move_id": ids.read(self.move_id, "moveId"),
        }


@strawberry.type(description="What became of a move. 迁移操作结果")
class HouseholdMovePayload:
    household: Household | None = strawberry.field(
        description="The household as it is now; null when refused, and outside the viewer's scope. 农户"
    )
    move: HouseholdMove | None = strawberry.field(description="The move as it stands; null when refused. 迁移申请")
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type
class HouseholdMoveMutations:
    """Families move."""

    @strawberry.mutation(
        description="Moves a family, with all that hangs on it: at once for who is above both villages; otherwise the "
        "receiving township is asked. 迁移"
    )
    async def move_household(
        self, info: Info, input: Annotated[MoveHouseholdInput, WHAT_TO_DO]
    ) -> HouseholdMovePayload | None:
        return await _moved(info, actions.move_household, input)

    @strawberry.mutation(
        description="Accepts or declines a move, for the receiving township or those above it; accepting carries it out. "
        "迁移受理"
    )
    async def decide_household_move(
        self, info: Info, input: Annotated[DecideHouseholdMoveInput, WHAT_TO_DO]
    ) -> HouseholdMovePayload | None:
        return await _moved(info, actions.decide_move, input)

    @strawberry.mutation(description="Takes back a move that was asked for and not decided. 撤回迁移申请")
    async def withdraw_household_move(
        self, info: Info, input: Annotated[WithdrawHouseholdMoveInput, WHAT_TO_DO]
    ) -> HouseholdMovePayload | None:
        return await _moved(info, withdraw_move, input)


async def _moved(info: Info, action: Any, input: ActionInput) -> HouseholdMovePayload:
    done, errors = await carried_out(info, action, input)
    return HouseholdMovePayload(
        household=done and keyed(Household, done["household_id"]),
        move=done and keyed(HouseholdMove, done["move_id"]),
        errors=errors,
    )
