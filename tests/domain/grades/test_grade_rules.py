"""Who grades whom, when and on what grounds: tables of examples."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

import pytest

from domain.access.recusal import CaseLevel
from domain.access.rules import CHINA
from domain.grades.loading import read_levels, read_schemes, shipped
from domain.grades.rules import (
    ASKED_FOR,
    CurrentRound,
    DueRound,
    GradeState,
    Occasion,
    Scheme,
    Taken,
    applicability_problem,
    due_round,
    judgement_problems,
    occasion,
    raises_clue,
    recusal_problem,
    state_problem,
    visit_problems,
)
from domain.monitoring.rules import DoorVisit
from domain.policy.catalogue import PARAMETERS
from domain.visits.rules import VisitContact

LUAN, LIGHTS = shipped("THREE_LEVELS"), shipped("FOUR_LIGHTS")
TODAY = date(2019, 10, 9)
ME, OTHER, ROUND = uuid.UUID(int=1), uuid.UUID(int=2), uuid.UUID(int=3)


def test_the_schemes_that_ship_are_those_that_a_policy_can_name() -> None:
    assert {row[0] for row in read_schemes()} == set(PARAMETERS["GRADING_SCHEMES"].choices)
    assert {level[1] for level in read_levels() if level[0] == "THREE_LEVELS"} == {"RED", "YELLOW", "BLUE"}


@pytest.mark.parametrize(
    ("scheme", "used", "category", "why"),
    [
        (LUAN, ["THREE_LEVELS"], "LIFTED", None),
        (LUAN, ["FOUR_LIGHTS", "THREE_LEVELS"], "LIFTED", None),
        (LUAN, [], "LIFTED", "NOT_USED_HERE"),
        (LUAN, ["FOUR_LIGHTS"], "LIFTED", "NOT_USED_HERE"),
        (LIGHTS, ["FOUR_LIGHTS"], "LIFTED", "RECKONED"),
        (LUAN, ["THREE_LEVELS"], "EDGE", "OTHER_CATEGORY"),
        (LUAN, ["THREE_LEVELS"], "ORDINARY", "OTHER_CATEGORY"),
        (LUAN, ["THREE_LEVELS"], "REGISTERED_POOR", "OTHER_CATEGORY"),
    ],
)
def test_a_scheme_applies_where_policy_names_it_to_the_categories_it_covers(
    scheme: Scheme, used: list[str], category: str, why: str | None
) -> None:
    problem = applicability_problem(scheme, used, category)
    assert (problem and (problem.code, problem.detail["why"])) == (why and ("SCHEME_NOT_APPLICABLE", why))


@pytest.mark.parametrize(
    ("level", "reasons", "code"),
    [
        ("RED", ["NO_LABOUR"], None),
        ("RED", ["WEAK_SKILLS", "NEW_DIFFICULTY"], None),
        ("BLUE", ["NO_DIFFICULTY", "HAS_SKILLS"], None),
        ("YELLOW", ["WORDS_OF_THE_COUNTY"], None),
        ("GREEN", ["NO_DIFFICULTY"], "LEVEL_UNKNOWN"),
        ("ORANGE", [], "LEVEL_UNKNOWN"),
        ("YELLOW", [], "REASON_MISSING"),
        ("YELLOW", ["NO_LABOUR", "HAS_SKILLS"], "REASONS_OF_ANOTHER_LEVEL"),
    ],
)
def test_a_level_is_the_schemes_and_has_a_reason_of_its_own(level: str, reasons: list[str], code: str | None) -> None:
    assert [problem.code for problem in judgement_problems(LUAN, level, reasons)] == ([code] if code else [])


def call(**changed: Any) -> DoorVisit:
    usual: dict[str, Any] = {
        "contact": VisitContact.IN_PERSON,
        "is_superseded": False,
        "is_of_the_household": True,
        "occurred_at": datetime(2019, 10, 8, 15, tzinfo=CHINA),
        "visitors": frozenset(),
        "paired": frozenset(),
    }
    return DoorVisit(**(usual | changed))


@pytest.mark.parametrize(
    ("visit", "codes"),
    [
        (call(), []),
        (call(occurred_at=datetime(2019, 9, 8, 0, tzinfo=CHINA)), []),
        (call(occurred_at=datetime(2019, 9, 7, 23, 59, tzinfo=CHINA)), ["VISIT_TOO_OLD"]),
        (None, ["ONSITE_VISIT_NEEDED"]),
        (call(contact=VisitContact.REMOTE), ["ONSITE_VISIT_NEEDED"]),
        (call(contact=VisitContact.NOBODY_HOME, is_superseded=True), ["ALREADY_SUPERSEDED", "ONSITE_VISIT_NEEDED"]),
        (call(is_of_the_household=False, is_superseded=True), ["VISIT_OF_ANOTHER_HOUSEHOLD"]),
    ],
)
def test_a_grade_stands_on_a_call_at_the_door_of_the_last_31_days(visit: DoorVisit | None, codes: list[str]) -> None:
    assert [problem.code for problem in visit_problems(visit, TODAY, 31)] == codes


@pytest.mark.parametrize(
    ("current", "cause", "is_asked_for", "expected"),
    [
        (CurrentRound(ROUND, is_graded=False), None, False, Occasion(ROUND, None)),
        (CurrentRound(ROUND, is_graded=False), "DISASTER", False, Occasion(ROUND, "DISASTER")),
        (CurrentRound(ROUND, is_graded=True), "DISASTER", False, Occasion(None, "DISASTER")),
        (CurrentRound(ROUND, is_graded=True), None, True, Occasion(None, ASKED_FOR)),
        (CurrentRound(ROUND, is_graded=True), None, False, "CAUSE_MISSING"),
        (None, "IMPROVED", True, Occasion(None, "IMPROVED")),
        (None, None, True, Occasion(None, ASKED_FOR)),
        (None, None, False, "CAUSE_MISSING"),
    ],
)
def test_a_household_is_graded_for_a_round_or_because_of_a_change(
    current: CurrentRound | None, cause: str | None, is_asked_for: bool, expected: Occasion | str
) -> None:
    found = occasion(current, cause, is_asked_for=is_asked_for)
    assert (found if isinstance(found, Occasion) else found.code) == expected


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("today", "latest", "expected"),
    [
        # 5月底之前要完成, said on 20 May; 以后每年4月、10月.
        ("2019-05-20", None, DueRound(day("2019-05-01"), day("2019-05-20"), day("2019-05-31"))),
        ("2019-05-21", "2019-05-01", None),
        ("2019-09-30", "2019-05-01", None),
        ("2019-10-01", "2019-05-01", DueRound(day("2019-10-01"), day("2019-10-01"), day("2019-10-31"))),
        ("2019-10-17", "2019-05-01", DueRound(day("2019-10-01"), day("2019-10-17"), day("2019-10-31"))),
        ("2019-10-31", "2019-10-01", None),
        ("2020-04-01", "2019-10-01", DueRound(day("2020-04-01"), day("2020-04-01"), day("2020-04-30"))),
        # For the first time in a month of grading: until its end, or for as long as it takes.
        ("2020-04-02", None, DueRound(day("2020-04-01"), day("2020-04-02"), day("2020-04-30"))),
        ("2020-04-25", None, DueRound(day("2020-04-01"), day("2020-04-25"), day("2020-05-06"))),
    ],
)
def test_rounds_are_opened_in_april_and_october_and_at_once_by_a_county_that_has_never_graded(
    today: str, latest: str | None, expected: DueRound | None
) -> None:
    assert due_round(day(today), [4, 10], (latest and day(latest)) or None, 11) == expected


@pytest.mark.parametrize(
    ("level", "taken", "relatives", "code"),
    [
        (CaseLevel.VILLAGE, Taken(None), [OTHER], None),
        (CaseLevel.VILLAGE, Taken(None), [ME], "RECUSED_AS_RELATIVE"),
        (CaseLevel.TOWNSHIP, Taken(OTHER), [], None),
        (CaseLevel.TOWNSHIP, Taken(OTHER), [ME], "RECUSED_AS_RELATIVE"),
        (CaseLevel.TOWNSHIP, Taken(ME), [], "RECUSED_ACTED_ELSEWHERE"),
        (CaseLevel.COUNTY, Taken(OTHER, OTHER), [], None),
        (CaseLevel.COUNTY, Taken(OTHER, ME), [], "RECUSED_ACTED_ELSEWHERE"),
        (CaseLevel.COUNTY, Taken(ME, OTHER), [], "RECUSED_ACTED_ELSEWHERE"),
    ],
)
def test_nobody_acts_at_two_levels_of_one_grade_and_relatives_recuse(
    level: CaseLevel, taken: Taken, relatives: list[uuid.UUID], code: str | None
) -> None:
    problem = recusal_problem(ME, level, taken, relatives)
    assert (problem and problem.code) == code


def test_a_step_waits_for_the_one_before() -> None:
    assert state_problem(GradeState.PROPOSED, GradeState.PROPOSED) is None
    assert state_problem(GradeState.FILED, GradeState.REVIEWED, GradeState.FILED) is None
    problem = state_problem(GradeState.SUPERSEDED, GradeState.REVIEWED)
    assert problem is not None
    assert (problem.code, problem.detail) == ("GRADE_NOT_WAITING", {"state": "SUPERSEDED"})


@pytest.mark.parametrize(
    ("new", "before", "expected"),
    [
        ("RED", None, True),
        ("RED", "BLUE", True),
        ("RED", "RED", False),
        ("BLUE", "RED", False),
        ("YELLOW", None, False),
    ],
)
def test_whoever_comes_to_red_gives_a_sign_and_nobody_else(new: str, before: str | None, expected: bool) -> None:
    assert raises_clue(LUAN.levels[new], LUAN.levels[before] if before else None) is expected


def test_a_word_that_two_levels_share_speaks_for_the_one_given() -> None:
    assert LIGHTS.speaks_for("INCOME_BAND", "GREEN") == "GREEN"
    assert LIGHTS.speaks_for("INCOME_BAND") == "RED"
    assert LUAN.speaks_for("WORDS_OF_THE_COUNTY") is None
    assert LUAN.speaks_for(None) is None
