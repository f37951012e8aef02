"""Clocks, categories, comparison, appraisal, notice: each rule of a case by examples."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain.access.recusal import CaseLevel
from domain.access.rules import GrantRole
from domain.cases.categories import category_by_rule, change_problems, decided_category, has_shock
from domain.cases.comparing import adults, authorisation_problems, conclusion_problems
from domain.cases.models import ComparisonOutcome
from domain.cases.publishing import Appraisal, appraisal_problems, notice_over_problem
from domain.cases.rules import (
    CASE_PARAMETERS,
    CasePolicy,
    decision_due,
    goes_on,
    household_category,
    is_late,
    level_of,
    notice_ends,
    notice_is_over,
    opening_problems,
    reason_problems,
    role_problem,
    status_after,
    step_problem,
    who_may,
)
from domain.cases.transitions import Event, Round, Step
from domain.households.models import MonitoringStatus
from domain.policy.catalogue import DEFAULTS

DAY = date(2026, 11, 20)  # a Friday
POLICY = CasePolicy()


def codes(problems: Any) -> list[str]:
    return [one.code for one in problems]


def test_the_numbers_are_those_of_the_catalogue() -> None:
    assert CasePolicy.of({name: DEFAULTS[name] for name in CASE_PARAMETERS}) == POLICY


def test_fifteen_days_are_calendar_days_unless_policy_counts_working_days() -> None:
    assert decision_due(DAY, POLICY, {}) == DAY + timedelta(days=15)
    working = CasePolicy(decision_days=1, counts_working_days=True)
    assert decision_due(DAY, working, {}) == date(2026, 11, 23)
    assert decision_due(DAY, working, {date(2026, 11, 21): True}) == date(2026, 11, 21)


def test_a_round_begins_with_the_comparison_unless_policy_says_otherwise() -> None:
    assert POLICY.first_step is Step.COMPARISON
    assert CasePolicy(has_comparison=False).first_step is Step.DEMOCRATIC_APPRAISAL


def test_publication_is_day_nought_and_the_township_acts_on_day_six() -> None:
    ends = notice_ends(DAY, POLICY)
    assert ends == DAY + timedelta(days=5)
    assert [notice_is_over(ends, DAY + timedelta(days=n)) for n in (0, 5, 6)] == [False, False, True]


def test_on_the_last_day_nothing_is_late() -> None:
    assert [is_late(DAY, DAY + timedelta(days=n)) for n in (-1, 0, 1)] == [False, False, True]


@pytest.mark.parametrize(
    ("round_", "step", "has_exited", "status"),
    [
        (Round.ADMISSION, Step.COMPARISON, False, MonitoringStatus.IN_PROCEDURE),
        (Round.ADMISSION, Step.RESULT_ANNOUNCED, True, MonitoringStatus.IN_PROCEDURE),
        (Round.ADMISSION, Step.MONITORED, False, MonitoringStatus.MONITORED),
        (Round.ELIMINATION, Step.TOWNSHIP_REVIEW, False, MonitoringStatus.MONITORED),
        (Round.ELIMINATION, Step.ELIMINATED, True, MonitoringStatus.ELIMINATED_TRACKED),
        (Round.ADMISSION, Step.REJECTED, False, MonitoringStatus.NEVER),
        (Round.ADMISSION, Step.REJECTED, True, MonitoringStatus.ELIMINATED_TRACKED),
        (Round.ADMISSION, Step.REGISTERED_POOR, False, MonitoringStatus.NEVER),
        (Round.ADMISSION, Step.CLOSED, False, MonitoringStatus.NEVER),
    ],
)
def test_where_a_household_stands(round_: Round, step: Step, has_exited: bool, status: MonitoringStatus) -> None:
    assert status_after(round_, step, has_exited=has_exited) is status


def test_an_ordinary_family_at_the_edge_becomes_an_edge_household_and_no_other_changes() -> None:
    assert household_category("EDGE", "ORDINARY") == "EDGE"
    assert household_category("EDGE", "LIFTED") == "LIFTED"
    assert household_category("SUDDEN_HARDSHIP", "ORDINARY") == "ORDINARY"
    assert household_category(None, "ORDINARY") == "ORDINARY"


def test_a_level_acts_by_its_roles() -> None:
    assert level_of(Event.OPENED, {GrantRole.RESIDENT_TEAM}) is CaseLevel.VILLAGE
    assert level_of(Event.OPENED, {GrantRole.COUNTY_OFFICER}) is None
    assert level_of(Event.OBJECTION_RECORDED, {GrantRole.TOWNSHIP_OFFICER}) is CaseLevel.TOWNSHIP
    assert level_of(Event.CLOSED, set(GrantRole)) is None, "nobody closes a case by hand"
    assert who_may(Event.COUNTY_APPROVED) == {GrantRole.COUNTY_OFFICER}
    assert role_problem(Event.COUNTY_APPROVED).detail == {"roles": "COUNTY_OFFICER"}
    assert step_problem(Event.TOWNSHIP_APPROVED, Step.COMPARISON).detail["steps"] == "TOWNSHIP_REVIEW"


def test_what_returns_or_refuses_needs_a_reason() -> None:
    at = (Round.ADMISSION, Step.TOWNSHIP_REVIEW)
    assert codes(reason_problems(Event.TOWNSHIP_RETURNED, *at, None)) == ["REASON_NEEDED"]
    assert reason_problems(Event.TOWNSHIP_RETURNED, *at, "缺签字") == []
    assert reason_problems(Event.TOWNSHIP_APPROVED, *at, None) == []
    assert reason_problems(Event.TOWNSHIP_APPROVED, Round.ADMISSION, Step.COMPARISON, None) == [], (
        "that is another problem"
    )


def test_a_case_is_born_of_a_verified_clue_that_founded_none() -> None:
    good = {"is_verified": True, "has_case": False, "has_open_case": False, "causes": ["ILLNESS"]}
    assert opening_problems(**good) == []  # type: ignore[arg-type]
    for changed, code in (
        ({"is_verified": False}, "CLUE_NOT_VERIFIED"),
        ({"has_case": True}, "CLUE_HAS_A_CASE"),
        ({"has_open_case": True}, "CASE_ALREADY_OPEN"),
        ({"causes": []}, "REQUIRED"),
    ):
        assert codes(opening_problems(**{**good, **changed})) == [code]  # type: ignore[arg-type]


def test_of_two_cases_the_monitored_one_goes_on_then_the_earliest_decision() -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
    monitored_late = goes_on(Step.MONITORED, late, late)
    monitored_early = goes_on(Step.MONITORED, early, late)
    decided = goes_on(Step.RESULT_ANNOUNCED, early, early)
    first, second = goes_on(Step.COMPARISON, None, early), goes_on(Step.COUNTY_DECISION, None, late)
    assert sorted([second, first, decided, monitored_late, monitored_early]) == [
        monitored_early, monitored_late, decided, first, second,
    ]  # fmt: skip


# --- category ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("is_lifted", "is_in_range", "shock", "found"),
    [
        (True, True, False, "UNSTABLE_LIFTED"),
        (True, True, True, "UNSTABLE_LIFTED"),
        (False, True, True, "EDGE"),
        (True, False, True, "SUDDEN_HARDSHIP"),
        (False, False, True, "SUDDEN_HARDSHIP"),
        (False, False, False, None),
    ],
)
def test_the_category_by_the_rule(is_lifted: bool, is_in_range: bool, shock: bool, found: str | None) -> None:
    assert category_by_rule(is_lifted=is_lifted, is_in_range=is_in_range, has_shock=shock) == found


ALL = ("UNSTABLE_LIFTED", "EDGE", "SUDDEN_HARDSHIP")


def decide(given: str | None, in_range: bool | None, **more: Any) -> tuple[str | None, list[str]]:
    facts = {"is_lifted": True, "has_shock": False, "in_force": ALL, "unknown_months": [DAY], **more}
    chosen, problems = decided_category(given, is_in_range=in_range, **facts)
    return chosen, codes(problems)


def test_the_county_names_a_category_only_where_months_are_unknown() -> None:
    assert decide(None, True) == ("UNSTABLE_LIFTED", [])
    assert decide("UNSTABLE_LIFTED", True) == ("UNSTABLE_LIFTED", [])
    assert decide("EDGE", True) == (None, ["CATEGORY_NOT_BY_RULE"])
    assert decide(None, False) == (None, ["NOT_IN_RANGE"])
    assert decide(None, None) == (None, ["CATEGORY_UNKNOWN"])
    assert decide("UNSTABLE_LIFTED", None) == ("UNSTABLE_LIFTED", [])
    assert decide("SUDDEN_HARDSHIP", None) == (None, ["CATEGORY_NOT_BY_RULE"]), "nothing struck it"
    assert decide("SUDDEN_HARDSHIP", None, has_shock=True) == ("SUDDEN_HARDSHIP", [])


def test_the_rule_of_2020_knows_two_categories() -> None:
    two = ("UNSTABLE_LIFTED", "EDGE")
    assert decide(None, False, has_shock=True, in_force=two) == (None, ["CATEGORY_NOT_IN_FORCE"])
    assert decide(None, True, is_lifted=False, in_force=two) == ("EDGE", [])


def test_what_strikes_a_family_is_its_sign_or_a_cause() -> None:
    assert has_shock("MEDICAL_EXPENSE", ())
    assert has_shock(None, ("LACK_OF_SKILLS", "DISASTER"))
    assert not has_shock("INCOME_BELOW_STANDARD", ("LACK_OF_SKILLS",))


def test_another_category_is_another_one_and_in_force() -> None:
    assert codes(change_problems("EDGE", "EDGE", ALL)) == ["SAME_CATEGORY"]
    assert codes(change_problems("SUDDEN_HARDSHIP", "EDGE", ("EDGE",))) == ["CATEGORY_NOT_IN_FORCE"]
    assert change_problems("REGISTERED_POOR", "EDGE", ("EDGE",)) == []
    assert change_problems("UNSTABLE_LIFTED", "EDGE", ALL) == []


# --- comparison, appraisal, notice -------------------------------------------------------------------------------------


def test_adults_sign_from_the_day_they_are_of_age() -> None:
    at_18, minor, leap = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    born = {at_18: date(2008, 11, 20), minor: date(2008, 11, 21), leap: date(2008, 2, 29)}
    assert adults(born, DAY) == {at_18, leap}
    assert leap not in adults(born, date(2026, 2, 28))
    assert leap in adults(born, date(2026, 3, 1))
    (problem,) = authorisation_problems({at_18, leap}, {leap})
    assert [one.detail for one in problem.requires] == [{"person": str(at_18)}]
    assert authorisation_problems({leap}, {leap}) == []


@dataclass
class Asked:
    outcome: ComparisonOutcome | None = None
    explanation: str | None = None
    due_on: date = DAY
    organisation_id: str = "部门"


@pytest.mark.parametrize(
    ("questions", "today", "missing"),
    [
        ([], DAY, ["COMPARISON_REQUEST"]),
        ([Asked()], DAY, ["DEPARTMENTS_ANSWER"]),
        ([Asked()], DAY + timedelta(days=1), []),
        ([Asked(ComparisonOutcome.CLEAR)], DAY, []),
        ([Asked(ComparisonOutcome.HIT)], DAY, ["HIT_EXPLANATION"]),
        ([Asked(ComparisonOutcome.HIT, "已报废")], DAY, []),
        ([Asked(ComparisonOutcome.NO_ANSWER), Asked()], DAY, ["DEPARTMENTS_ANSWER"]),
    ],
)
def test_when_a_comparison_is_over(questions: list[Asked], today: date, missing: list[str]) -> None:
    problem = conclusion_problems(questions, today)
    assert [one.code for one in (problem.requires if problem else ())] == missing


@pytest.mark.parametrize(
    ("appraisal", "minutes", "reason", "found"),
    [
        (Appraisal(10, 8, 1, 1, True), "3号", None, []),
        (Appraisal(0, 0, 0, 0, True), "3号", None, ["COUNTS_DISAGREE"]),
        (Appraisal(5, 4, 1, 1, True), "3号", None, ["COUNTS_DISAGREE"]),
        (Appraisal(5, 4, -1, 1, True), "3号", None, ["COUNTS_DISAGREE"]),
        (Appraisal(5, 4, 0, 1, True), None, None, ["MINUTES_MISSING"]),
        (Appraisal(5, 1, 4, 0, False), "3号", None, ["REASON_NEEDED"]),
        (Appraisal(5, 1, 4, 0, False), "3号", "有退休金", []),
    ],
)
def test_what_an_appraisal_takes(
    appraisal: Appraisal, minutes: str | None, reason: str | None, found: list[str]
) -> None:
    assert codes(appraisal_problems(appraisal, minutes, reason)) == found


@pytest.mark.parametrize(
    ("ends_on", "waiting", "missing"),
    [
        (None, [], ["PUBLISHED_NOTICE"]),
        (DAY, [], ["FULL_NOTICE_DAYS"]),
        (DAY - timedelta(days=1), [], []),
        (DAY - timedelta(days=1), [uuid.uuid4()], ["OBJECTION_ANSWER"]),
    ],
)
def test_when_a_notice_is_over(ends_on: date | None, waiting: list[uuid.UUID], missing: list[str]) -> None:
    problem = notice_over_problem(ends_on, waiting, DAY)
    assert [one.code for one in (problem.requires if problem else ())] == missing
