"""What clients say when families change shape: who comes and goes, who splits off, who merges."""

from __future__ import annotations

from typing import Any

import strawberry
from strawberry import UNSET

from domain.families.actions import Joining, Leaving
from schema.family_inputs import Ids, PersonInput, RelationInput, movers, plain, point, relations
from schema.places import GeoPointInput


@strawberry.input(
    description="Somebody who comes in: a new person, or one on record who belongs to no family. 成员增加"
)
class JoiningInput:
    reason: str = strawberry.field(description="Code of membership_start_reason. 增加原因代码")
    on: str = strawberry.field(description="The first day on which they count, today or earlier. 起始日期")
    person: PersonInput | None = strawberry.field(default=UNSET, description="Who is new to the records. 新增人员")
    person_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Who is on record. 人员标识")
    relation_to_head: str | None = strawberry.field(
        default=UNSET, description="Code of relation_to_head, of who is on record. 与户主关系代码"
    )

    def read(self, ids: Ids, *path: str) -> Joining:
        person = plain(self.person)
        return Joining(
            self.reason,
            self.on,
            person=person and person.read(ids, (*path, "person")),
            person_id=ids.read(self.person_id, *path, "personId"),
            relation_to_head=plain(self.relation_to_head),
        )


@strawberry.input(description="Somebody who goes. 成员减少")
class LeavingInput:
    person_id: strawberry.ID = strawberry.field(description="Who. 人员标识")
    reason: str = strawberry.field(description="Code of membership_end_reason. 减少原因代码")
    on: str = strawberry.field(description="The first day on which they no longer count; today or earlier. 终止日期")


@strawberry.input(description="Births and deaths, marriages, returns and leavings, in one action. 家庭成员变动")
class ChangeMembersInput:
    operation_id: strawberry.ID = strawberry.field(
        description="Made by the client; repeats are answered alike. 操作标识"
    )
    household_id: strawberry.ID = strawberry.field(description="In which family. 农户标识")
    joining: list[JoiningInput] | None = strawberry.field(default=UNSET, description="Who comes. 增加人员")
    leaving: list[LeavingInput] | None = strawberry.field(default=UNSET, description="Who goes. 减少人员")
    head_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="The new head; a must when the head goes and others stay. 新户主标识"
    )
    relations: list[RelationInput] | None = strawberry.field(
        default=UNSET, description="With a new head: what everybody who stays is to them. 与新户主关系"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        leaving = [
            Leaving(ids.read(one.person_id, "leaving", str(position), "personId"), one.reason, one.on)
            for position, one in enumerate(plain(self.leaving) or ())
        ]
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "household_id": ids.read(self.household_id, "householdId"),
            "joining": [
                one.read(ids, "joining", str(position)) for position, one in enumerate(plain(self.joining) or ())
            ],
            "leaving": leaving,
            "head_id": ids.read(self.head_id, "headId"),
            "relations": relations(ids, plain(self.relations)),
        }


@strawberry.input(description="Some members become a household of their own. 分户")
class SplitHouseholdInput:
    id: strawberry.ID = strawberry.field(description="The new household's id, made by the client: a UUID. 新户标识")
    household_id: strawberry.ID = strawberry.field(description="Which family splits; it keeps this id. 原户标识")
    on: str = strawberry.field(description="The new household's first day, today or earlier. 分户日期")
    members: list[RelationInput] = strawberry.field(
        description="Who goes, and what they are to the new head; exactly one is HEAD. 分出人员"
    )
    head_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="When the head goes: the head of those who stay. 原户新户主标识"
    )
    relations: list[RelationInput] | None = strawberry.field(
        default=UNSET, description="With that new head: what the others who stay are to them. 与新户主关系"
    )
    code: str | None = strawberry.field(default=UNSET, description="Absent: the village's next number. 新户编号")
    address: str | None = strawberry.field(default=UNSET, description="The new household's address. 新户住址")
    phone: str | None = strawberry.field(default=UNSET, description="Its telephone. 新户联系电话")
    bank_account: str | None = strawberry.field(default=UNSET, description="Its account. 新户惠农一卡通账号")
    location: GeoPointInput | None = strawberry.field(default=UNSET, description="Its dwelling. 新户住所位置")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "id": ids.read(self.id, "id"),
            "household_id": ids.read(self.household_id, "householdId"),
            "on": self.on,
            "members": movers(ids, self.members),
            "head_id": ids.read(self.head_id, "headId"),
            "relations": relations(ids, plain(self.relations)),
            "code": plain(self.code),
            "address": plain(self.address),
            "phone": plain(self.phone),
            "bank_account": plain(self.bank_account),
            "location": point(plain(self.location)),
        }


@strawberry.input(description="Two families become one. 并户")
class MergeHouseholdsInput:
    operation_id: strawberry.ID = strawberry.field(
        description="Made by the client; repeats are answered alike. 操作标识"
    )
    survivor_id: strawberry.ID = strawberry.field(description="Which one stays, with its head. 存续户标识")
    merged_id: strawberry.ID = strawberry.field(description="Which one ends. 并入户标识")
    on: str = strawberry.field(description="From which day, today or earlier. 并户日期")
    members: list[RelationInput] = strawberry.field(
        description="Everybody of the one that ends, and what they are to the head. 并入人员"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "survivor_id": ids.read(self.survivor_id, "survivorId"),
            "merged_id": ids.read(self.merged_id, "mergedId"),
            "on": self.on,
            "members": movers(ids, self.members),
        }
