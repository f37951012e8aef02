"""What the facts of a household and its people must be like, value by value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from domain.access.rules import GrantRole
from domain.base.chinese_ids import made_up_id_number
from domain.households.rules import (
    HOUSEHOLD_FIELDS,
    PERSON_FIELDS,
    Edit,
    GivenPerson,
    GivenPoint,
    Place,
    Reading,
    columns_of,
    may_look_up,
    merged,
    public,
    read_person,
    repeated,
    schooling_problems,
    shown,
)

TODAY = date(2026, 3, 14)
WORDS: Mapping[str, frozenset[str]] = {
    "household_category": frozenset({"LIFTED"}),
    "cause": frozenset({"ILLNESS", "STUDY", "DISASTER", "OTHER"}),
    "relation_to_head": frozenset({"HEAD", "SON"}),
    "sex": frozenset({"MALE"}),
    "ethnicity": frozenset({"HAN"}),
    "education": frozenset({"PRIMARY"}),
    "school_status": frozenset({"PRIMARY"}),
    "health": frozenset({"HEALTHY", "DISABLED", "CHRONIC_ILLNESS"}),
    "labour": frozenset({"NONE"}),
}
HERE = ("input", "x")
NUMBER = made_up_id_number(1, date(1985, 1, 2), 1)


def reading() -> Reading:
    return Reading(TODAY, WORDS)


@pytest.mark.parametrize(
    ("field", "raw", "value"),
    [
        ("code", " 永-1 ", "永-1"),
        ("address", None, None),
        ("address", "   ", None),
        ("phone", "+86 139-0000 0000", "+86 139-0000 0000"),
        ("category", "LIFTED", "LIFTED"),
        ("causes", ["ILLNESS", "STUDY", "ILLNESS"], ["ILLNESS", "STUDY"]),
        ("causes", None, []),
        ("location", None, None),
        ("born_on", "2026-03-14", TODAY),
        ("id_number", f" {NUMBER[:6]} {NUMBER[6:].lower()}", NUMBER),
        ("id_number", "", None),
        ("disability_certificate", f"{NUMBER}43", f"{NUMBER}43"),
        ("health", ["DISABLED", "CHRONIC_ILLNESS"], ["CHRONIC_ILLNESS", "DISABLED"]),
        ("education", None, None),
        ("labour", "NONE", "NONE"),
    ],
)
def test_a_value_in_order_is_read(field: str, raw: Any, value: Any) -> None:
    judge = reading()

    assert ({**HOUSEHOLD_FIELDS, **PERSON_FIELDS})[field](judge, raw, HERE) == value
    assert judge.problems == []


@pytest.mark.parametrize(
    ("field", "raw", "problem"),
    [
        ("code", " ", "REQUIRED"),
        ("address", "长" * 201, "TOO_LONG"),
        ("phone", "call me", "PHONE_INVALID"),
        ("category", None, "REQUIRED"),
        ("category", "RICH", "UNKNOWN_CODE"),
        ("causes", ["ILLNESS", "STUDY", "DISASTER", "OTHER"], "TOO_MANY_CAUSES"),
        ("born_on", None, "REQUIRED"),
        ("born_on", "14.3.2026", "DATE_INVALID"),
        ("born_on", "20260314", "DATE_INVALID"),
        ("born_on", "2026-02-30", "DATE_INVALID"),
        ("born_on", "2026-03-15", "DATE_IN_FUTURE"),
        ("id_number", NUMBER[:-1] + ("1" if NUMBER[-1] != "1" else "2"), "ID_NUMBER_CHECK_DIGIT"),
        ("disability_certificate", f"{NUMBER}93", "DISABILITY_TYPE"),
        ("health", [], "REQUIRED"),
        ("health", ["HEALTHY", "DISABLED"], "HEALTHY_AND_ILL"),
        ("location", GivenPoint(118.9, 25.9, "gcj02"), "DATUM_UNKNOWN"),
        ("location", GivenPoint(181.0, 25.9, "WGS84"), "COORDINATES_OUT_OF_RANGE"),
        ("location", GivenPoint(118.9, 91.0, "WGS84"), "COORDINATES_OUT_OF_RANGE"),
        ("location", GivenPoint(118.9, float("nan"), "WGS84"), "COORDINATES_OUT_OF_RANGE"),
        ("location", GivenPoint(118.9, 25.9, "WGS84", float("inf")), "ACCURACY_OUT_OF_RANGE"),
    ],
)
def test_a_value_out_of_order_is_told_and_nothing_is_raised(field: str, raw: Any, problem: str) -> None:
    judge = reading()
    ({**HOUSEHOLD_FIELDS, **PERSON_FIELDS})[field](judge, raw, HERE)

    assert [one.code for one in judge.problems] == [problem]
    assert judge.problems[0].path[:2] == HERE


def person(**facts: Any) -> GivenPerson:
    usual: dict[str, Any] = {
        "name": "甲",
        "relation_to_head": "SON",
        "sex": "MALE",
        "ethnicity": "HAN",
        "labour": "NONE",
        "born_on": "1990-01-01",
        "education": "PRIMARY",
    }
    return GivenPerson("an id", **{**usual, **facts})


def test_the_birth_date_comes_from_the_identity_number_where_nobody_says_it() -> None:
    judge = reading()

    assert read_person(judge, person(born_on=None, id_number=NUMBER), HERE)["born_on"] == date(1985, 1, 2)
    assert read_person(judge, person(born_on="1985-01-03", id_number=NUMBER), HERE)["born_on"] == date(1985, 1, 3)
    assert judge.problems == []


def test_a_wrong_identity_number_gives_no_birth_date() -> None:
    judge = reading()
    read_person(judge, person(born_on=None, id_number="1"), HERE)

    assert {(one.code, one.path[-1]) for one in judge.problems} == {
        ("REQUIRED", "bornOn"),
        ("ID_NUMBER_LENGTH", "idNumber"),
    }


@pytest.mark.parametrize(
    ("education", "school_status", "is_wrong"),
    [("PRIMARY", None, False), (None, "PRIMARY", False), ("PRIMARY", "PRIMARY", True), (None, None, True)],
)
def test_whoever_goes_to_school_has_a_status_and_everybody_else_an_education(
    education: str | None, school_status: str | None, is_wrong: bool
) -> None:
    judge = reading()
    schooling_problems(judge, {"education": education, "school_status": school_status}, HERE)

    assert bool(judge.problems) == is_wrong


def test_what_came_before_is_repeated_and_nothing_is_not() -> None:
    paths = [("input", str(i)) for i in range(4)]

    assert [one.path[-1] for one in repeated(["a", None, "a", None], paths, "ID_REPEATED")] == ["2"]


@pytest.mark.parametrize(
    ("base", "current", "yours", "changes", "conflicts"),
    [
        ("a", "a", "b", {"address": "b"}, False),
        ("a", "b", "b", {}, False),
        ("a", "a", "a", {}, False),
        ("a", "b", "a", {}, True),
        ("a", "b", "c", {}, True),
        (None, "b", "c", {}, True),
        ("  ", None, "c", {"address": "c"}, False),
    ],
)
def test_a_field_conflicts_when_base_current_and_yours_are_three(
    base: str | None, current: str | None, yours: str, changes: dict[str, Any], conflicts: bool
) -> None:
    judge = reading()
    edits = {"address": Edit(base, yours)}

    assert merged(judge, "household", edits, {"address": current}, ("input",)) == changes
    assert [one.is_conflict for one in judge.problems] == [True] * conflicts


@pytest.mark.parametrize(
    ("base", "yours", "changes", "conflict"),
    [
        ("138****", "13900000000", {"phone": "13900000000"}, None),  # they changed what they could not see
        ("13812345678", "13900000000", {"phone": "13900000000"}, None),
        ("138****", "138****", {}, None),
        ("", "138****", {}, None),
        ("137****", "13900000000", {}, ("137****", "138****", "139****")),
        ("13712345678", "13900000000", {}, ("137****", "138****", "139****")),
        (None, "13900000000", {}, (None, "138****", "139****")),
    ],
)
def test_a_mask_stands_for_what_is_behind_it_and_conflicts_tell_masks_only(
    base: str | None, yours: str, changes: dict[str, Any], conflict: tuple[str | None, ...] | None
) -> None:
    judge = reading()

    assert merged(judge, "household", {"phone": Edit(base, yours)}, {"phone": "13812345678"}, ("input",)) == changes
    assert [(one.base, one.current, one.yours) for one in judge.problems] == ([conflict] if conflict else [])


def test_where_nothing_stands_no_mask_fits() -> None:
    judge = reading()
    edits = {"phone": Edit(None, "13900000000"), "bank_account": Edit("****1234", "6217000012345678901")}

    changes = merged(judge, "household", edits, {"phone": None, "bank_account": None}, ("input",))
    assert changes == {"phone": "13900000000"}
    assert [(one.path[-1], one.base, one.current, one.yours) for one in judge.problems] == [
        ("bankAccount", "****", None, "****8901")
    ]


def test_a_base_from_before_todays_rules_needs_only_to_be_equal() -> None:
    judge = reading()
    edits = {"category": Edit("ABOLISHED", "LIFTED")}

    assert merged(judge, "household", edits, {"category": "ABOLISHED"}, ("input",)) == {"category": "LIFTED"}
    assert judge.problems == []


def test_causes_are_the_same_by_the_main_one_and_the_set_of_the_others() -> None:
    current = {"causes": ["ILLNESS", "STUDY", "OTHER"]}
    for base, is_same in ((["ILLNESS", "OTHER", "STUDY"], True), (["STUDY", "ILLNESS", "OTHER"], False)):
        judge = reading()
        merged(judge, "household", {"causes": Edit(base, [])}, current, ("input",))
        assert (judge.problems == []) == is_same


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (GrantRole.HELPER, True),
        (GrantRole.VILLAGE_OFFICER, True),
        (GrantRole.DEPARTMENT, True),
        (GrantRole.HOTLINE_OPERATOR, True),
        (GrantRole.PARTNER, False),
        (GrantRole.INTEGRATOR, False),
        (GrantRole.AUDITOR, False),
    ],
)
def test_who_may_look_for_an_identity_number(role: GrantRole, may: bool) -> None:
    assert may_look_up({role}) == may


def test_values_are_shown_as_json() -> None:
    place = Place(GivenPoint(118.9, 25.9, "BD09", 3.0), (118.88, 25.89))

    assert shown(place) == {"longitude": 118.9, "latitude": 25.9, "datum": "BD09"}
    assert shown(TODAY) == "2026-03-14"
    assert shown(["a"]) == ["a"]
    assert columns_of(place)["location"] == "SRID=4326;POINT(118.88 25.89)"
    assert set(columns_of(None).values()) == {None}
    assert public("relation_to_head") == "relationToHead"
