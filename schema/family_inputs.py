"""What clients say about families, and how actions hear it. Only ids are judged here; all other values by the domain."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import strawberry
from strawberry import UNSET

from domain.base.errors import Problem
from domain.families.actions import MemberEdit, Moving
from domain.households.rules import HOUSEHOLD_FIELDS, PERSON_FIELDS, Edit, GivenPerson, GivenPoint, Path
from schema.places import GeoPointInput


@dataclass
class Ids:
    """Reads ids, and keeps what is wrong with them."""

    problems: list[Problem] = field(default_factory=list)

    def read(self, given: str | None, *path: str) -> Any:
        """A UUID; None for none, and for one that is none (which is then a problem)."""
        if given is None or given is UNSET:
            return None
        try:
            return uuid.UUID(given)
        except ValueError:
            self.problems.append(Problem("ID_INVALID", ("input", *path)))
            return None


class ActionInput(Protocol):
    """An input that knows the arguments of its action."""

    def arguments(self, ids: Ids) -> dict[str, Any]: ...


def plain(given: Any) -> Any:
    """Absent is none."""
    return None if given is UNSET else given


def point(given: GeoPointInput | None) -> GivenPoint | None:
    """The dwelling's place, as the domain takes it; when and how it was measured is for visits."""
    if not given:
        return None
    return GivenPoint(given.longitude, given.latitude, given.datum, plain(given.accuracy_metres))


# --- people ----------------------------------------------------------------------------------------------------------


@strawberry.input(description="A person who is new to the records. 新增人员")
class PersonInput:
    id: strawberry.ID = strawberry.field(description="Their id, made by the client: a UUID. 人员标识")
    name: str = strawberry.field(description="The name. 姓名")
    relation_to_head: str = strawberry.field(description="Code of relation_to_head; HEAD for the head. 与户主关系代码")
    sex: str = strawberry.field(description="Code of sex. 性别代码")
    ethnicity: str = strawberry.field(description="Code of ethnicity. 民族代码")
    labour: str = strawberry.field(description="Code of labour. 劳动技能代码")
    born_on: str | None = strawberry.field(
        default=UNSET, description="Like 1980-05-01; absent: the identity number's. 出生日期"
    )
    id_number: str | None = strawberry.field(default=UNSET, description="18 places, GB 11643. 公民身份号码")
    disability_certificate: str | None = strawberry.field(default=UNSET, description="20 places. 残疾人证号")
    phone: str | None = strawberry.field(default=UNSET, description="Telephone. 联系电话")
    education: str | None = strawberry.field(
        default=UNSET, description="Code of education; this or school status. 文化程度代码"
    )
    school_status: str | None = strawberry.field(
        default=UNSET, description="Code of school_status; this or education. 在校状况代码"
    )
    health: list[str] | None = strawberry.field(
        default=UNSET, description="Codes of health; absent: HEALTHY. 健康状况代码"
    )

    def read(self, ids: Ids, path: Path) -> GivenPerson:
        health = plain(self.health)
        facts = {name: plain(getattr(self, name)) for name in PERSON_FIELDS if name != "health"}
        return GivenPerson(
            ids.read(self.id, *path, "id"), health=("HEALTHY",) if health is None else tuple(health), **facts
        )


@strawberry.input(description="Who somebody is to the head. 与户主关系")
class RelationInput:
    person_id: strawberry.ID = strawberry.field(description="Of whom. 人员标识")
    relation_to_head: str = strawberry.field(description="Code of relation_to_head. 与户主关系代码")


def relations(ids: Ids, given: list[RelationInput] | None) -> dict[uuid.UUID, str]:
    found: dict[uuid.UUID, str] = {}
    for position, one in enumerate(given or ()):
        path = ("relations", str(position), "personId")
        person_id = ids.read(one.person_id, *path)
        if person_id in found:
            ids.problems.append(Problem("PERSON_REPEATED", ("input", *path)))
        found[person_id] = one.relation_to_head
    return found


def movers(ids: Ids, given: Iterable[RelationInput]) -> list[Moving]:
    return [
        Moving(ids.read(one.person_id, "members", str(position), "personId"), one.relation_to_head)
        for position, one in enumerate(given)
    ]


# --- registering -----------------------------------------------------------------------------------------------------


@strawberry.input(description="A family that comes onto record. 农户建档")
class RegisterHouseholdInput:
    id: strawberry.ID = strawberry.field(description="Its id, made by the client: a UUID. 农户标识")
    village_code: str = strawberry.field(description="The 12 digits of its village. 行政村代码")
    category: str = strawberry.field(description="Code of household_category. 农户类型代码")
    members: list[PersonInput] = strawberry.field(description="Everybody in it, exactly one the head. 家庭成员")
    code: str | None = strawberry.field(default=UNSET, description="Absent: the village's next number. 户编号")
    address: str | None = strawberry.field(default=UNSET, description="The address within the village. 住址")
    phone: str | None = strawberry.field(default=UNSET, description="Telephone. 联系电话")
    bank_account: str | None = strawberry.field(
        default=UNSET, description="Of the card on which subsidies arrive. 惠农一卡通账号"
    )
    causes: list[str] | None = strawberry.field(
        default=UNSET, description="Codes of cause, the main one first, at most three. 致贫返贫原因代码"
    )
    location: GeoPointInput | None = strawberry.field(default=UNSET, description="The dwelling. 住所位置")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "id": ids.read(self.id, "id"),
            "village_code": self.village_code,
            "category": self.category,
            "members": [one.read(ids, ("members", str(position))) for position, one in enumerate(self.members)],
            "code": plain(self.code),
            "address": plain(self.address),
            "phone": plain(self.phone),
            "bank_account": plain(self.bank_account),
            "causes": plain(self.causes) or (),
            "location": point(plain(self.location)),
        }


# --- editing ---------------------------------------------------------------------------------------------------------


@strawberry.input(description="A change of a text, code or date. 文本修改")
class TextEdit:
    base: str | None = strawberry.field(
        default=None, description="What it was when it was read, masked where it came masked. 读取时的值"
    )
    value: str | None = strawberry.field(default=None, description="What it shall be. 新值")


@strawberry.input(description="A change of a list of codes. 代码列表修改")
class CodesEdit:
    base: list[str] | None = strawberry.field(default=None, description="What it was when it was read. 读取时的值")
    value: list[str] | None = strawberry.field(default=None, description="What it shall be. 新值")


@strawberry.input(description="A change of a place; the base may be in any datum. 位置修改")
class GeoPointEdit:
    base: GeoPointInput | None = strawberry.field(default=None, description="What it was when it was read. 读取时的值")
    value: GeoPointInput | None = strawberry.field(default=None, description="What it shall be. 新值")


def _edits(given: Any, fields: Iterable[str]) -> dict[str, Edit]:
    """The fields that are edited: column -> edit."""
    found = {name: getattr(given, name) for name in fields if plain(getattr(given, name)) is not None}
    return {
        name: Edit(point(edit.base), point(edit.value)) if name == "location" else Edit(edit.base, edit.value)
        for name, edit in found.items()
    }


@strawberry.input(description="Changes of one member's own fields. 成员信息修改")
class MemberEditInput:
    person_id: strawberry.ID = strawberry.field(description="Of whom. 人员标识")
    name: TextEdit | None = strawberry.field(default=UNSET, description="The name. 姓名")
    relation_to_head: TextEdit | None = strawberry.field(
        default=UNSET, description="Neither to HEAD nor from it: that is changeMembers. 与户主关系"
    )
    sex: TextEdit | None = strawberry.field(default=UNSET, description="Code of sex. 性别")
    ethnicity: TextEdit | None = strawberry.field(default=UNSET, description="Code of ethnicity. 民族")
    born_on: TextEdit | None = strawberry.field(default=UNSET, description="Birth date. 出生日期")
    id_number: TextEdit | None = strawberry.field(default=UNSET, description="Identity number. 公民身份号码")
    disability_certificate: TextEdit | None = strawberry.field(default=UNSET, description="Its number. 残疾人证号")
    phone: TextEdit | None = strawberry.field(default=UNSET, description="Telephone. 联系电话")
    education: TextEdit | None = strawberry.field(default=UNSET, description="Code of education. 文化程度")
    school_status: TextEdit | None = strawberry.field(default=UNSET, description="Code of school_status. 在校状况")
    health: CodesEdit | None = strawberry.field(default=UNSET, description="Codes of health. 健康状况")
    labour: TextEdit | None = strawberry.field(default=UNSET, description="Code of labour. 劳动技能")


@strawberry.input(description="Changes of what is on record about a family. 信息变更")
class EditHouseholdInput:
    operation_id: strawberry.ID = strawberry.field(
        description="Made by the client; repeats are answered alike. 操作标识"
    )
    household_id: strawberry.ID = strawberry.field(description="Of which family. 农户标识")
    code: TextEdit | None = strawberry.field(default=UNSET, description="The number people know it by. 户编号")
    address: TextEdit | None = strawberry.field(default=UNSET, description="The address within the village. 住址")
    phone: TextEdit | None = strawberry.field(default=UNSET, description="Telephone. 联系电话")
    bank_account: TextEdit | None = strawberry.field(
        default=UNSET, description="Of the card on which subsidies arrive. 惠农一卡通账号"
    )
    category: TextEdit | None = strawberry.field(default=UNSET, description="Code of household_category. 农户类型")
    causes: CodesEdit | None = strawberry.field(default=UNSET, description="Codes of cause. 致贫返贫原因")
    location: GeoPointEdit | None = strawberry.field(default=UNSET, description="The dwelling. 住所位置")
    members: list[MemberEditInput] | None = strawberry.field(default=UNSET, description="Its people. 成员信息")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        members = [
            MemberEdit(ids.read(one.person_id, "members", str(position), "personId"), _edits(one, PERSON_FIELDS))
            for position, one in enumerate(plain(self.members) or ())
        ]
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "household_id": ids.read(self.household_id, "householdId"),
            "edits": _edits(self, HOUSEHOLD_FIELDS),
            "members": members,
        }
