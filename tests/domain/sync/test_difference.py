"""What somebody changed in a document: found field by field, and nothing else taken for a change."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from domain.base.errors import Problem
from domain.households.rules import Edit, GivenPoint
from domain.sync.difference import (
    Row,
    difference,
    in_document,
    point_of,
    registration,
)

HOUSEHOLD, HEAD, CHILD = (str(uuid.UUID(int=n)) for n in (1, 2, 3))
NUMBER = "350125198005010011"


def member(id: str = HEAD, **facts: Any) -> dict[str, Any]:
    usual = {
        "name": "陈大山",
        "relationToHead": "HEAD",
        "isHead": True,
        "health": ["HEALTHY"],
        "joinedOn": "2020-06-01",
    }
    return {"id": id, **usual, **facts}


def document(**facts: Any) -> dict[str, Any]:
    usual = {
        "revision": "4",
        "code": "350125201205-0001",
        "category": "LIFTED",
        "address": "1 组",
        "causes": ["ILLNESS"],
    }
    return {"id": HOUSEHOLD, "isDeleted": False, **usual, "members": [member()], **facts}


def codes(problems: Any) -> list[tuple[str, str]]:
    return [(problem.code, ".".join(problem.path[1:])) for problem in problems]


def test_two_equal_documents_differ_in_nothing() -> None:
    found = difference(document(), document())
    assert found.is_empty
    assert codes(found.problems) == []


@pytest.mark.parametrize("nothing", [None, "", [], False])
def test_nothing_is_said_in_many_ways(nothing: Any) -> None:
    base = document(phone=None, causes=None, isBlurred=None, members=[member(health=None)])
    new = document(phone=nothing, causes=nothing, isBlurred=nothing, members=[member(health=nothing)])
    found = difference(base, new)
    assert found.is_empty
    assert codes(found.problems) == []


def test_an_edited_field_carries_both_values() -> None:
    found = difference(document(), document(address="2 组", causes=["ILLNESS", "DISABILITY"]))
    assert found.edits == {
        "address": Edit("1 组", "2 组"),
        "causes": Edit(["ILLNESS"], ["ILLNESS", "DISABILITY"]),
    }


def test_a_field_that_was_emptied_is_an_edit() -> None:
    emptied = document()
    del emptied["address"]
    assert difference(document(), emptied).edits == {"address": Edit("1 组", None)}


def test_a_zero_is_a_value() -> None:
    found = difference(document(longitude=1.0, latitude=0.0), document(longitude=0.0, latitude=0.0))
    assert found.edits == {"location": Edit(GivenPoint(1.0, 0.0, "WGS84"), GivenPoint(0.0, 0.0, "WGS84"))}


def test_the_three_fields_of_a_place_are_one_edit() -> None:
    base = document(longitude=118.85, latitude=25.8)
    found = difference(base, document(longitude=118.85, latitude=25.8, accuracyMetres=5.0))
    assert found.edits == {
        "location": Edit(GivenPoint(118.85, 25.8, "WGS84"), GivenPoint(118.85, 25.8, "WGS84", 5.0)),
    }


@pytest.mark.parametrize(
    ("half", "point"),
    [
        ({}, None),
        ({"longitude": 118.0}, GivenPoint(118.0, float("inf"), "WGS84")),
        ({"latitude": 25.0}, GivenPoint(float("inf"), 25.0, "WGS84")),
    ],
)
def test_half_a_place_is_no_place_on_earth(half: dict[str, Any], point: GivenPoint | None) -> None:
    assert point_of(half) == point


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("revision", "5"),
        ("villageCode", "350125201206"),
        ("monitoringStatus", "MONITORED"),
        ("registeredOn", "2020-01-01"),
        ("endedOn", "2020-01-01"),
        ("pairings", [{"id": CHILD}]),
        ("updatedAt", "2026-01-01T00:00:00Z"),
        ("isBlurred", True),
        ("id", CHILD),
    ],
)
def test_what_the_server_writes_is_no_edit(name: str, value: Any) -> None:
    assert codes(difference(document(), document(**{name: value})).problems) == [("FIELD_NOT_EDITABLE", name)]


def test_what_the_server_writes_goes_back_as_it_came() -> None:
    same = document(pairings=[{"id": CHILD, "role": "KEY_HELP"}], monitoringStatus="NEVER")
    assert codes(difference(same, document(**{**same, "address": "3 组"})).problems) == []


def test_members_are_found_by_id_wherever_they_stand() -> None:
    child = member(CHILD, relationToHead="SON", isHead=False)
    base = document(members=[member(), child])
    found = difference(base, document(members=[{**child, "name": "陈小山"}, member()]))
    assert [(str(one.person_id), dict(one.edits)) for one in found.members] == [
        (CHILD, {"name": Edit("陈大山", "陈小山")})
    ]
    assert found.positions == [0]


@pytest.mark.parametrize(
    ("members", "problems"),
    [
        ([], [("USE_CHANGE_MEMBERS", "members")]),
        (None, [("USE_CHANGE_MEMBERS", "members")]),
        ([member(), member(CHILD)], [("USE_CHANGE_MEMBERS", "members.1")]),
        ([member(), member("nobody")], [("USE_CHANGE_MEMBERS", "members.1")]),
        ([member(), member()], [("PERSON_REPEATED", "members.1.id")]),
        ([member(isHead=False)], [("FIELD_NOT_EDITABLE", "members.0.isHead")]),
        ([member(joinedOn="2021-01-01")], [("FIELD_NOT_EDITABLE", "members.0.joinedOn")]),
    ],
)
def test_who_came_or_went_is_told_by_another_mutation(members: Any, problems: list[tuple[str, str]]) -> None:
    assert codes(difference(document(), document(members=members)).problems) == problems


def test_a_phone_that_knows_of_no_members_changes_none() -> None:
    assert difference(document(members=None), document(members=None, address="9 组")).problems == []


def test_a_row_knows_what_it_is() -> None:
    assert Row(document(), None).is_new_family
    assert Row(document(), {"id": HOUSEHOLD, "isDeleted": True}).is_new_family
    assert not Row(document(), document()).is_new_family
    assert Row(document(isDeleted=True), document()).is_deleted
    assert Row({"id": "somebody"}, None).household_id is None
    assert Row({}, None).household_id is None


def test_a_new_family_is_read_without_what_the_server_decides() -> None:
    given, problems = registration(
        document(
            villageCode="350125201205",
            code="",
            members=[member(idNumber=NUMBER, health=None)],
            pairings=[{"id": CHILD}],
        )
    )
    assert problems == []
    (head,) = given["members"]
    assert (str(head.id), head.name, head.relation_to_head, head.health) == (HEAD, "陈大山", "HEAD", ("HEALTHY",))
    assert given["code"] is None
    assert given.keys() == {
        "id",
        "bank_account",
        "village_code",
        "members",
        "causes",
        "location",
        "code",
        "address",
        "phone",
        "category",
    }


def test_a_new_family_without_village_or_with_a_nameless_member_is_found() -> None:
    _, problems = registration(document(members=[member("nobody")]))
    assert codes(problems) == [("REQUIRED", "villageCode"), ("ID_INVALID", "members.0.id")]
    assert registration({"id": HOUSEHOLD, "villageCode": "350125201205"})[0]["members"] == []


@pytest.mark.parametrize(
    ("path", "positions", "shown"),
    [
        (("phone", "value"), [], "phone"),
        (("phone",), [], "phone"),
        (("location",), [], "longitude"),
        (("location", "value", "latitude"), [], "latitude"),
        (("householdId",), [], "id"),
        (("members", "0", "idNumber", "value"), [3], "members.3.idNumber"),
        (("members", "1", "personId"), [3, 5], "members.5.id"),
        (("members",), [], "members"),
        (("members", "1", "name"), None, "members.1.name"),
        ((), [], ""),
    ],
)
def test_a_problem_is_shown_where_it_stands_in_the_document(
    path: tuple[str, ...], positions: list[int] | None, shown: str
) -> None:
    problem = in_document(Problem("FIELD_CONFLICT", ("input", *path), base=1, current=2, yours=3), positions)
    assert ".".join(problem.path[1:]) == shown
    assert (problem.base, problem.current, problem.yours) == (1, 2, 3)
