"""The table of transitions: whatever it says can be reached, ends, and belongs to somebody."""

from __future__ import annotations

import pytest

from domain.access.recusal import CaseLevel
from domain.access.rules import GrantRole
from domain.cases.rules import level_of, reason_problems, role_problem, step_problem
from domain.cases.transitions import (
    ENDS,
    OPEN,
    ROLES_OF,
    TRANSITIONS,
    Due,
    Event,
    Follows,
    Need,
    Round,
    Step,
    Transition,
    next_step,
    reachable,
    steps_for,
    transition,
)

FIRST = Step.COMPARISON
EVERYWHERE = [(round_, step) for round_ in Round for step in (None, *Step)]


def test_every_event_need_and_clock_has_its_row() -> None:
    assert {row.event for row in TRANSITIONS} == set(Event)
    assert {need for row in TRANSITIONS for need in row.needs} == set(Need)
    assert {row.due for row in TRANSITIONS} == {None, *Due}


def test_every_step_can_be_come_to_and_every_open_one_be_left() -> None:
    assert {step for _, step in reachable()} == set(Step)
    for round_, step in reachable():
        leaves = any(
            next_step(row, round_, step, FIRST)[1] is not step and row.event is not Event.CLOSED
            for row in TRANSITIONS
            if step in row.at and round_ in row.rounds
        )
        assert leaves is (step in OPEN), (round_, step)


@pytest.mark.parametrize(("round_", "step"), EVERYWHERE)
def test_an_event_leads_to_one_step_from_each_place(round_: Round, step: Step | None) -> None:
    for event in Event:
        rows = [row for row in TRANSITIONS if row.event is event and step in row.at and round_ in row.rounds]
        assert len(rows) <= 1
        assert transition(event, round_, step) is (rows[0] if rows else None)
        if step is not None and rows:
            assert step in steps_for(event)


def test_nothing_happens_after_the_end_but_the_national_system_hears_of_it() -> None:
    after = {row.event for row in TRANSITIONS if row.at & ENDS}
    assert after == {Event.NATIONAL_ENTRY_CONFIRMED}


def test_a_refused_elimination_leaves_the_family_monitored() -> None:
    for row in TRANSITIONS:
        if row.to is Follows.REFUSED:
            assert next_step(row, Round.ELIMINATION, Step.TOWNSHIP_REVIEW, FIRST) == (Round.ADMISSION, Step.MONITORED)
            assert next_step(row, Round.ADMISSION, Step.TOWNSHIP_REVIEW, FIRST) == (Round.ADMISSION, Step.REJECTED)


def test_an_agreed_round_ends_as_it_was_meant_to() -> None:
    (row,) = [row for row in TRANSITIONS if row.to is Follows.DONE]
    assert next_step(row, Round.ADMISSION, Step.RESULT_ANNOUNCED, FIRST)[1] is Step.MONITORED
    assert next_step(row, Round.ELIMINATION, Step.RESULT_ANNOUNCED, FIRST)[1] is Step.ELIMINATED


def test_a_round_begins_where_policy_says() -> None:
    opened = transition(Event.OPENED, Round.ADMISSION, None)
    proposed = transition(Event.ELIMINATION_PROPOSED, Round.ADMISSION, Step.MONITORED)
    assert opened is not None
    assert proposed is not None
    for first in (Step.COMPARISON, Step.DEMOCRATIC_APPRAISAL):
        assert next_step(opened, Round.ADMISSION, None, first) == (Round.ADMISSION, first)
        assert next_step(proposed, Round.ADMISSION, Step.MONITORED, first) == (Round.ELIMINATION, first)


def test_every_level_decides_something_that_no_other_does() -> None:
    """ "The village records appraisal and notice; the township approves, returns or rejects; the county decides"."""
    alone = {level: {row.event for row in TRANSITIONS if row.by == (level,)} for level in CaseLevel}
    assert {Event.APPRAISAL_AGREED, Event.NOTICE_PUBLISHED} <= alone[CaseLevel.VILLAGE]
    assert {Event.TOWNSHIP_APPROVED, Event.TOWNSHIP_RETURNED, Event.TOWNSHIP_REJECTED} <= alone[CaseLevel.TOWNSHIP]
    assert {Event.COUNTY_APPROVED, Event.COUNTY_REJECTED, Event.CATEGORY_CHANGED} <= alone[CaseLevel.COUNTY]
    assert not set.intersection(*(set(roles) for roles in ROLES_OF.values()))


def test_what_refuses_or_returns_says_why() -> None:
    for row in TRANSITIONS:
        if row.event.value.endswith(("_RETURNED", "_REJECTED", "_DECLINED", "_REFUSED", "_REJECTS")):
            assert Need.REASON in row.needs, row.event


# --- made of the table: every transition and every refusal --------------------------------------------------------------


@pytest.mark.parametrize("event", list(Event))
@pytest.mark.parametrize("role", list(GrantRole))
def test_an_event_is_for_the_roles_of_its_levels_and_refused_to_all_others(event: Event, role: GrantRole) -> None:
    levels = {level for row in TRANSITIONS if row.event is event for level in row.by}
    allowed = {one for level in levels for one in ROLES_OF[level]}
    found = level_of(event, {role})
    assert (found is not None) is (role in allowed)
    if found is None:
        assert role_problem(event).detail["roles"] == ", ".join(sorted(allowed))
    else:
        assert role in ROLES_OF[found]


@pytest.mark.parametrize("event", list(Event))
@pytest.mark.parametrize(("round_", "step"), sorted(reachable()))
def test_wherever_a_case_can_stand_an_event_leads_on_or_is_refused_with_where_it_could(
    event: Event, round_: Round, step: Step
) -> None:
    row = transition(event, round_, step)
    if row is None:
        problem = step_problem(event, step)
        assert (problem.code, problem.detail["step"]) == ("WRONG_STEP", step)
        assert problem.detail["steps"] == ", ".join(steps_for(event))
    else:
        assert next_step(row, round_, step, FIRST) in reachable()


@pytest.mark.parametrize("row", [row for row in TRANSITIONS if Need.REASON in row.needs])
def test_what_asks_for_a_reason_is_refused_without_one(row: Transition) -> None:
    for round_ in row.rounds:
        for step in row.at:
            assert step is not None
            assert [one.code for one in reason_problems(row.event, round_, step, None)] == ["REASON_NEEDED"]
            assert reason_problems(row.event, round_, step, "原因") == []
