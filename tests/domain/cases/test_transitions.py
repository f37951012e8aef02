"""The table of transitions: whatever it says can be reached, ends, and belongs to somebody."""

from __future__ import annotations

import pytest

from domain.access.recusal import CaseLevel
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
