"""The rules of pairings as tables: each row is a case and the reason for its answer."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest

from domain.access.rules import GrantRole
from domain.base.errors import Problem
from domain.base.terms import read_terms
from domain.pairings.rules import (
    HANDED_OVER,
    MAX_AGREEMENT_BYTES,
    WEALTH_CREATION_LEADER,
    Helped,
    HelpedFacts,
    HelpingFacts,
    Side,
    agreement_problems,
    day_read,
    end_problems,
    may_decide,
    named,
    party_problems,
    side_problems,
)

TODAY, YESTERDAY, TOMORROW = date(2026, 3, 14), date(2026, 3, 13), date(2026, 3, 15)
VILLAGE, NEIGHBOUR = "350125201200", "350125201201"
A, B = uuid.uuid4(), uuid.uuid4()


def helping(region_code: str = VILLAGE, ended_on: date | None = None, is_party_member: bool = True) -> HelpingFacts:
    return HelpingFacts(Side("helperId", A), "CADRE", region_code, ended_on, is_party_member)


def helped(ended_on: date | None = None) -> HelpedFacts:
    return HelpedFacts(Side("householdId", B), Helped.HOUSEHOLD, VILLAGE, ended_on, B)


def test_the_terms_that_rules_hang_on_are_in_the_vocabularies() -> None:
    shipped = {(list_, code) for list_, code, *_ in read_terms()}
    assert {("pairing_role", WEALTH_CREATION_LEADER), ("pairing_end_reason", HANDED_OVER)} <= shipped


@pytest.mark.parametrize(
    ("reason", "role", "side", "may"),
    [
        ("a township chooses its cadres", GrantRole.TOWNSHIP_OFFICER, Helped.HOUSEHOLD, True),
        ("and agrees with partners of a village", GrantRole.TOWNSHIP_OFFICER, Helped.VILLAGE, True),
        ("so do the levels above", GrantRole.COUNTY_OFFICER, Helped.VILLAGE, True),
        ("so do the levels above", GrantRole.PREFECTURE_OFFICER, Helped.PERSON, True),
        ("so do the levels above", GrantRole.PROVINCE_OFFICER, Helped.HOUSEHOLD, True),
        ("a village settles who helps its families", GrantRole.VILLAGE_OFFICER, Helped.HOUSEHOLD, True),
        ("and its students", GrantRole.VILLAGE_OFFICER, Helped.PERSON, True),
        ("but does not pair itself", GrantRole.VILLAGE_OFFICER, Helped.VILLAGE, False),
        ("a resident team is a side itself", GrantRole.RESIDENT_TEAM, Helped.HOUSEHOLD, False),
        ("a cadre does not pick families", GrantRole.HELPER, Helped.HOUSEHOLD, False),
        ("nor does a partner", GrantRole.PARTNER, Helped.VILLAGE, False),
        ("a department screens, it does not pair", GrantRole.DEPARTMENT, Helped.PERSON, False),
        ("a service decides nothing", GrantRole.INTEGRATOR, Helped.HOUSEHOLD, False),
        ("an administrator runs the system", GrantRole.ADMINISTRATOR, Helped.HOUSEHOLD, False),
    ],
)
def test_who_decides_on_pairings(reason: str, role: GrantRole, side: Helped, may: bool) -> None:
    assert may_decide({role}, side) is may, reason


def test_several_roles_add_up_and_none_decides_nothing() -> None:
    assert may_decide({GrantRole.HELPER, GrantRole.TOWNSHIP_OFFICER}, Helped.VILLAGE)
    assert may_decide({GrantRole.VILLAGE_OFFICER})
    assert not may_decide({GrantRole.HELPER, GrantRole.PARTNER})
    assert not may_decide(())


@pytest.mark.parametrize(
    ("reason", "sides", "codes"),
    [
        ("one of each", {"helperId": A, "householdId": B}, []),
        ("a partner and a village", {"organisationId": A, "villageId": B}, []),
        ("nobody helps", {"personId": B}, ["ONE_SIDE_HELPS"]),
        ("two help", {"helperId": A, "organisationId": B, "personId": B}, ["ONE_SIDE_HELPS"]),
        ("nobody is helped", {"helperId": A}, ["ONE_SIDE_IS_HELPED"]),
        ("a person and the household", {"helperId": A, "householdId": B, "personId": B}, ["ONE_SIDE_IS_HELPED"]),
        ("neither side", {}, ["ONE_SIDE_HELPS", "ONE_SIDE_IS_HELPED"]),
    ],
)
def test_exactly_one_side_helps_and_one_is_helped(reason: str, sides: dict[str, uuid.UUID], codes: list[str]) -> None:
    fields = dict.fromkeys(("helperId", "organisationId", "householdId", "personId", "villageId")) | sides
    given = named(**fields)
    by = [side for side in given if side.field in ("helperId", "organisationId")]
    whom = [side for side in given if side not in by]
    assert [problem.code for problem in side_problems(by, whom)] == codes, reason


@pytest.mark.parametrize(
    ("reason", "given", "day", "codes"),
    [
        ("today", "2026-03-14", TODAY, []),
        ("years ago: pairings are older than this system", "2018-07-01", date(2018, 7, 1), []),
        ("tomorrow", "2026-03-15", None, ["DATE_IN_FUTURE"]),
        ("no such day", "2026-02-30", None, ["DATE_INVALID"]),
        ("another way to write it", "20260314", None, ["DATE_INVALID"]),
        ("a way that Python would take", "2026-W11-6", None, ["DATE_INVALID"]),
        ("digits of another script", "２０２６-03-14", None, ["DATE_INVALID"]),
        ("nothing", "", None, ["DATE_INVALID"]),
    ],
)
def test_a_day_is_an_iso_date_that_is_not_to_come(reason: str, given: str, day: date | None, codes: list[str]) -> None:
    problems: list[Problem] = []
    assert day_read("startedOn", given, TODAY, problems) == day, reason
    assert [(problem.code, problem.path) for problem in problems] == [(code, ("input", "startedOn")) for code in codes]


@pytest.mark.parametrize(
    ("reason", "day", "codes"),
    [
        ("later", TODAY, []),
        ("on its first day: it never held", YESTERDAY, []),
        ("the day before its first", date(2026, 3, 12), ["END_BEFORE_START"]),
        ("a day that could not be read is told elsewhere", None, []),
    ],
)
def test_a_pairing_does_not_end_before_it_started(reason: str, day: date | None, codes: list[str]) -> None:
    assert [problem.code for problem in end_problems("endedOn", day, YESTERDAY)] == codes, reason


@pytest.mark.parametrize(
    ("reason", "terms", "codes"),
    [
        ("nothing was agreed in writing", None, []),
        ("figures of an agreement", {"guaranteedPriceYuan": "3.20", "crop": "李"}, []),
        ("a list is no agreement", ["3.20"], ["NOT_AN_OBJECT"]),
        ("nor is a text", "保底收购", ["NOT_AN_OBJECT"]),
        ("a scanned page", {"page": "a" * MAX_AGREEMENT_BYTES}, ["TOO_LARGE"]),
        ("bytes are counted, not characters", {"page": "约" * (MAX_AGREEMENT_BYTES // 2)}, ["TOO_LARGE"]),
    ],
)
def test_what_was_agreed_is_a_small_object(reason: str, terms: Any, codes: list[str]) -> None:
    assert [problem.code for problem in agreement_problems(terms)] == codes, reason


@pytest.mark.parametrize(
    ("reason", "role", "by", "whom", "problems"),
    [
        ("both are there", "KEY_HELP", helping(NEIGHBOUR, is_party_member=False), helped(), []),
        ("both are there until tomorrow", "KEY_HELP", helping(ended_on=TOMORROW), helped(TOMORROW), []),
        ("the helper retired today", "KEY_HELP", helping(ended_on=TODAY), helped(), [("HAS_ENDED", "helperId")]),
        ("the household was merged", "KEY_HELP", helping(), helped(YESTERDAY), [("HAS_ENDED", "householdId")]),
        (
            "neither is left",
            "KEY_HELP",
            helping(ended_on=YESTERDAY),
            helped(YESTERDAY),
            [("HAS_ENDED", "helperId"), ("HAS_ENDED", "householdId")],
        ),
        ("a leader of the village", WEALTH_CREATION_LEADER, helping(), helped(), []),
        (
            "of the next village",
            WEALTH_CREATION_LEADER,
            helping(NEIGHBOUR),
            helped(),
            [("LEADER_NOT_SAME_VILLAGE", "helperId")],
        ),
        (
            "of the township is not of the village",
            WEALTH_CREATION_LEADER,
            helping(VILLAGE[:9]),
            helped(),
            [("LEADER_NOT_SAME_VILLAGE", "helperId")],
        ),
        (
            "outside the party",
            WEALTH_CREATION_LEADER,
            helping(is_party_member=False),
            helped(),
            [("LEADER_NOT_PARTY_MEMBER", "helperId")],
        ),
        (
            "neither the one nor the other",
            WEALTH_CREATION_LEADER,
            helping(NEIGHBOUR, is_party_member=False),
            helped(),
            [("LEADER_NOT_SAME_VILLAGE", "helperId"), ("LEADER_NOT_PARTY_MEMBER", "helperId")],
        ),
        ("a side that was not found is told elsewhere", WEALTH_CREATION_LEADER, None, helped(), []),
        ("a side that was not found is told elsewhere", WEALTH_CREATION_LEADER, helping(NEIGHBOUR), None, []),
    ],
)
def test_what_stands_against_the_two_sides(
    reason: str, role: str, by: HelpingFacts | None, whom: HelpedFacts | None, problems: list[tuple[str, str]]
) -> None:
    found = party_problems(role, by, whom, TODAY)
    assert [(problem.code, problem.path[1]) for problem in found] == problems, reason
