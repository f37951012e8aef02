"""Who may change a family, and what a change of its members leads to."""

from __future__ import annotations

import uuid
from datetime import date

import pytest

from domain.access.rules import GrantRole
from domain.families.rules import (
    Arrival,
    Member,
    Verb,
    after,
    joining_problems,
    leaving_problems,
    may,
    role_problem,
    wins,
)
from domain.households.models import MonitoringStatus

OLD, WIFE, SON, NEW = (uuid.UUID(int=number) for number in (1, 2, 3, 4))
SINCE = date(2020, 6, 1)
FAMILY = [Member(OLD, True, SINCE), Member(WIFE, False, SINCE), Member(SON, False, SINCE)]
SAID = {"head": ("input", "headId"), "relations": ("input", "relations")}
PATH = ("input", "joining", "0")


@pytest.mark.parametrize("verb", list(Verb))
@pytest.mark.parametrize(
    ("role", "is_in_region", "verbs"),
    [
        (GrantRole.VILLAGE_OFFICER, True, set(Verb) - {Verb.DECIDE_MOVE}),
        (GrantRole.TOWNSHIP_OFFICER, True, set(Verb)),
        (GrantRole.COUNTY_OFFICER, True, set(Verb)),
        (GrantRole.PREFECTURE_OFFICER, True, set(Verb)),
        (GrantRole.PROVINCE_OFFICER, True, set(Verb)),
        (GrantRole.RESIDENT_TEAM, True, {Verb.EDIT, Verb.CHANGE_MEMBERS}),
        (GrantRole.HELPER, False, {Verb.EDIT, Verb.CHANGE_MEMBERS}),
        (GrantRole.VILLAGE_OFFICER, False, set()),  # sees the family by an own pairing only
        (GrantRole.PARTNER, False, set()),
        (GrantRole.DEPARTMENT, False, set()),
        (GrantRole.INTEGRATOR, True, set()),
        (GrantRole.HOTLINE_OPERATOR, True, set()),
        (GrantRole.AUDITOR, True, set()),
        (GrantRole.ADMINISTRATOR, True, set()),
    ],
)
def test_who_may_do_what(verb: Verb, role: GrantRole, is_in_region: bool, verbs: set[Verb]) -> None:
    assert may(verb, {role}, is_in_region=is_in_region) == (verb in verbs)


def test_a_refusal_names_the_roles_that_may() -> None:
    assert "VILLAGE_OFFICER" in role_problem(Verb.MOVE).detail["roles"]
    assert "HELPER" not in role_problem(Verb.MOVE).detail["roles"]


def codes(problems: list[object]) -> list[str]:
    return [problem.code for problem in problems]  # type: ignore[attr-defined]


def test_a_family_without_anybody_is_empty() -> None:
    family, problems = after(FAMILY, {OLD, WIFE, SON}, [], None, {}, SAID)

    assert family.is_empty
    assert problems == []


def test_with_the_same_head_only_arrivals_have_new_relations() -> None:
    family, problems = after(FAMILY, {SON}, [Arrival(NEW, "SON", PATH)], None, {}, SAID)

    assert (family.head_id, family.relations, problems) == (OLD, {NEW: "SON"}, [])
    assert set(family.members) == {OLD, WIFE, NEW}


def test_with_a_new_head_everybody_has_a_new_relation() -> None:
    family, problems = after(FAMILY, {OLD}, [], WIFE, {SON: "SON"}, SAID)

    assert (family.head_id, family.relations, problems) == (WIFE, {WIFE: "HEAD", SON: "SON"}, [])


def test_an_arrival_is_the_new_head_by_relation_or_by_name() -> None:
    for relation, head_id in (("HEAD", None), ("SON", NEW), (None, NEW)):
        family, problems = after(FAMILY[:1], (), [Arrival(NEW, relation, PATH)], head_id, {OLD: "FATHER"}, SAID)

        assert (family.relations, problems) == ({NEW: "HEAD", OLD: "FATHER"}, [])


@pytest.mark.parametrize(
    ("leaving", "arriving", "head_id", "relations", "problems"),
    [
        ({OLD}, [], None, {}, ["HEAD_MISSING"]),
        ((), [], NEW, {}, ["HEAD_NOT_A_MEMBER"]),
        ({WIFE}, [], WIFE, {}, ["HEAD_NOT_A_MEMBER"]),
        ((), [Arrival(NEW, "HEAD", PATH)], WIFE, {}, ["SECOND_HEAD"]),
        ((), [Arrival(NEW, None, PATH)], None, {}, ["REQUIRED"]),
        ((), [], None, {WIFE: "SPOUSE"}, ["HEAD_UNCHANGED"]),
        ((), [], OLD, {WIFE: "SPOUSE"}, ["HEAD_UNCHANGED"]),
        ({OLD}, [], WIFE, {}, ["RELATION_MISSING"]),
        ({OLD}, [], WIFE, {SON: "HEAD"}, ["SECOND_HEAD"]),
        ({OLD}, [], WIFE, {SON: "SON", NEW: "SON"}, ["NOT_FOUND"]),
    ],
)
def test_what_cannot_become_of_a_family(
    leaving: set[uuid.UUID],
    arriving: list[Arrival],
    head_id: uuid.UUID | None,
    relations: dict[uuid.UUID, str],
    problems: list[str],
) -> None:
    assert codes(after(FAMILY, leaving, arriving, head_id, relations, SAID)[1]) == problems


def test_monitored_wins() -> None:
    never, in_procedure = MonitoringStatus.NEVER, MonitoringStatus.IN_PROCEDURE
    monitored, tracked = MonitoringStatus.MONITORED, MonitoringStatus.ELIMINATED_TRACKED

    assert wins(never, monitored) == wins(monitored, in_procedure) == monitored
    assert wins(tracked, in_procedure) == in_procedure
    assert wins(never, tracked) == tracked


@pytest.mark.parametrize(
    ("left_on", "is_wrong"), [(None, False), (SINCE, False), (date(2020, 5, 31), True), (date(2026, 1, 1), False)]
)
def test_nobody_leaves_before_they_came(left_on: date | None, is_wrong: bool) -> None:
    assert bool(leaving_problems(SINCE, left_on, PATH)) == is_wrong


@pytest.mark.parametrize(
    ("joined_on", "born_on", "died_on", "last_left_on", "problems"),
    [
        (None, None, None, None, []),
        (SINCE, SINCE, None, SINCE, []),
        (SINCE, None, None, None, []),
        (SINCE, date(2020, 6, 2), None, None, ["JOINED_BEFORE_BIRTH"]),
        (SINCE, date(1990, 1, 1), date(2020, 1, 1), None, ["PERSON_DIED"]),
        (SINCE, date(1990, 1, 1), None, date(2020, 6, 2), ["MEMBERSHIP_OVERLAP"]),
    ],
)
def test_nobody_joins_before_birth_after_death_or_twice(
    joined_on: date | None, born_on: date | None, died_on: date | None, last_left_on: date | None, problems: list[str]
) -> None:
    assert codes(joining_problems(joined_on, born_on, died_on, last_left_on, PATH)) == problems
