"""What a family is entitled to, what an exit may not end, and what stands against steps, witnesses and relief: tables."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest

from domain.access.rules import GrantRole
from domain.assistance.rules import (
    EXIT,
    GIVES_RELIEF,
    KNOWS_THE_FAMILY,
    NO_MEANS,
    TOWNSHIP_AND_ABOVE,
    Entitlement,
    HelpPolicy,
    ReliefState,
    Witness,
    cancel_problems,
    entitlement_of,
    exit_problems,
    is_term,
    may,
    order_problem,
    review_problems,
    role_problem,
    witness_problems,
)
from domain.visits.rules import VisitContact

LUAN = HelpPolicy(frozenset({"LIFTED"}), frozenset({"MEDICAL", "EDUCATION", "HOUSING"}), frozenset({"EDGE"}), 60)
DAY = date(2026, 3, 10)


@pytest.mark.parametrize(
    ("category", "kind", "expected"),
    [
        pytest.param("LIFTED", "MEDICAL", Entitlement.FULL, id="应享尽享"),
        pytest.param("LIFTED", "INDUSTRY", Entitlement.AS_MEANS_ALLOW, id="no policy that everybody is entitled to"),
        pytest.param("EDGE", "MEDICAL", Entitlement.AS_MEANS_ALLOW, id="尽力而为"),
        pytest.param("ORDINARY", "MEDICAL", Entitlement.NONE, id="no claim by category"),
    ],
)
def test_entitlement_by_category(category: str, kind: str, expected: Entitlement) -> None:
    assert entitlement_of(category, kind, LUAN) is expected


@pytest.mark.parametrize(
    ("reason", "entitlement", "exited_on", "today", "expected"),
    [
        (NO_MEANS, Entitlement.FULL, None, DAY, ["ENTITLED_IN_FULL"]),
        (NO_MEANS, Entitlement.AS_MEANS_ALLOW, None, DAY, []),
        ("DECLINED", Entitlement.FULL, None, DAY, []),
        (EXIT, Entitlement.NONE, None, DAY, ["EXIT_NOT_ON_RECORD"]),
        (EXIT, Entitlement.FULL, date(2021, 3, 11), DAY, ["EXIT_ENDS_NO_HELP"]),
        (EXIT, Entitlement.FULL, date(2021, 3, 10), DAY, []),
    ],
)
def test_reasons_for_which_nothing_is_cancelled(
    reason: str, entitlement: Entitlement, exited_on: date | None, today: date, expected: list[str]
) -> None:
    assert [one.code for one in cancel_problems(reason, entitlement, exited_on, LUAN, today)] == expected


def test_the_transition_ends_on_the_same_day_so_many_months_on() -> None:
    (problem,) = exit_problems(EXIT, date(2026, 1, 31), 1, date(2026, 2, 27))
    assert problem.detail == {"until": "2026-02-28"}
    assert exit_problems(EXIT, date(2026, 1, 31), 1, date(2026, 2, 28)) == []
    assert exit_problems("OTHER", None, 60, DAY) == []


@pytest.mark.parametrize(
    ("who", "roles", "is_in_region", "expected"),
    [
        (KNOWS_THE_FAMILY, {GrantRole.HELPER}, False, True),
        (KNOWS_THE_FAMILY, {GrantRole.VILLAGE_OFFICER}, True, True),
        (KNOWS_THE_FAMILY, {GrantRole.VILLAGE_OFFICER}, False, False),
        (TOWNSHIP_AND_ABOVE, {GrantRole.HELPER, GrantRole.VILLAGE_OFFICER}, True, False),
        (GIVES_RELIEF, {GrantRole.DEPARTMENT}, False, True),
        (GIVES_RELIEF, {GrantRole.HELPER}, False, False),
        (GIVES_RELIEF, {GrantRole.PARTNER}, True, False),
        (GIVES_RELIEF, {GrantRole.COUNTY_OFFICER}, True, True),
    ],
)
def test_who_may(who: Any, roles: set[GrantRole], is_in_region: bool, expected: bool) -> None:
    assert may(who, roles, is_in_region=is_in_region) is expected


def test_the_refusal_names_the_roles() -> None:
    assert role_problem({GrantRole.COUNTY_OFFICER, GrantRole.DEPARTMENT}).detail == {
        "roles": "COUNTY_OFFICER, DEPARTMENT"
    }


@pytest.mark.parametrize(
    ("day", "earliest", "expected"),
    [(DAY, DAY, 0), (DAY, date(2026, 3, 11), 1), (None, DAY, 0), (DAY, None, 0)],
)
def test_no_step_before_the_last(day: date | None, earliest: date | None, expected: int) -> None:
    assert len(order_problem("on", day, earliest)) == expected


HOME, OTHER = uuid.uuid4(), uuid.uuid4()


@pytest.mark.parametrize(
    ("visit", "expected"),
    [
        (Witness(VisitContact.IN_PERSON, False, HOME, DAY), []),
        (Witness(VisitContact.IN_PERSON, False, OTHER, DAY), ["VISIT_OF_ANOTHER_HOUSEHOLD"]),
        (Witness(VisitContact.IN_PERSON, True, HOME, DAY), ["ALREADY_SUPERSEDED"]),
        (Witness(VisitContact.REMOTE, False, HOME, DAY), ["WITNESS_NOT_IN_PERSON"]),
        (
            Witness(VisitContact.NOBODY_HOME, False, HOME, date(2026, 3, 9)),
            ["WITNESS_NOT_IN_PERSON", "VISIT_BEFORE_DELIVERY"],
        ),
    ],
)
def test_what_a_visit_witnesses(visit: Witness, expected: list[str]) -> None:
    assert [one.code for one in witness_problems(visit, HOME, DAY)] == expected


@pytest.mark.parametrize("term", ["2026", "2026-01", "2026-12", "2026Q1", "2026Q4"])
def test_terms_of_relief(term: str) -> None:
    assert is_term(term)


@pytest.mark.parametrize(
    "term", ["", "26", "2026-13", "2026-00", "2026-1", "2026Q5", "2026-Q1", "２０２６", "2026-01 "]
)
def test_what_is_no_term(term: str) -> None:
    assert not is_term(term)


def test_who_gives_does_not_review_and_nothing_is_reviewed_twice() -> None:
    one, two = uuid.uuid4(), uuid.uuid4()
    assert review_problems(one, two, ReliefState.GIVEN) == []
    assert [p.code for p in review_problems(one, one, ReliefState.GIVEN)] == ["REVIEWER_IS_GIVER"]
    for state in (ReliefState.REVIEWED, ReliefState.REVOKED):
        assert [p.code for p in review_problems(one, two, state)] == ["RELIEF_ALREADY_REVIEWED"]
