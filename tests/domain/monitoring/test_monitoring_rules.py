"""The rules of figures and clues as tables of examples."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.monitoring.rules import (
    CluePolicy,
    DoorVisit,
    VerificationWeek,
    Window,
    begun_on,
    due_on,
    fen,
    is_major_loss,
    lost_percent,
    month_problem,
    month_read,
    period_of,
    verification_problems,
    window,
)
from domain.visits.rules import VisitContact

A, B, C, NOBODY = uuid.UUID(int=1), uuid.UUID(int=2), uuid.UUID(int=3), None
POLICY = CluePolicy()


@pytest.mark.parametrize(
    ("on", "months", "first", "until"),
    [
        pytest.param("2026-03-14", 12, "2025-03-01", "2026-03-01", id="from the same month last year to last month"),
        pytest.param("2026-03-01", 12, "2025-03-01", "2026-03-01", id="the first day is of its month"),
        pytest.param("2026-03-31", 12, "2025-03-01", "2026-03-01", id="and so is the last"),
        pytest.param("2026-01-05", 12, "2025-01-01", "2026-01-01", id="in January a whole calendar year"),
        pytest.param("2026-12-05", 3, "2026-09-01", "2026-12-01", id="three months"),
        pytest.param("2024-02-29", 1, "2024-01-01", "2024-02-01", id="a leap day"),
        pytest.param("2026-01-31", 1, "2025-12-01", "2026-01-01", id="last month was last year's"),
    ],
)
def test_the_months_that_count(on: str, months: int, first: str, until: str) -> None:
    assert window(date.fromisoformat(on), months) == Window(date.fromisoformat(first), date.fromisoformat(until))


@pytest.mark.parametrize(
    ("yuan", "expected"),
    [
        ("0", 0),
        ("0.00", 0),
        ("1250", 125_000),
        ("1250.5", 125_050),
        ("1250.50", 125_050),
        ("0.07", 7),
        ("100000000", 10_000_000_000),
        ("100000000.01", None),
        ("1000000000", None),
        ("1250.505", None),
        ("-1", None),
        ("+1", None),
        ("1,250", None),
        ("1e3", None),
        ("NaN", None),
        (" 1", None),
        (".5", None),
        ("5.", None),
        ("１２", None),
        ("", None),
    ],
)
def test_yuan_are_read_exactly_or_not_at_all(yuan: str, expected: int | None) -> None:
    assert fen(yuan) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03", date(2026, 3, 1)),
        ("2026-12", date(2026, 12, 1)),
        ("2026-13", None),
        ("2026-00", None),
        ("2026-3", None),
        ("2026-03-01", None),
        ("March", None),
    ],
)
def test_months_are_written_with_their_year(text: str, expected: date | None) -> None:
    assert month_read(text) == expected


@pytest.mark.parametrize(
    ("month", "expected"),
    [
        ("1999-12-01", "MONTH_OUT_OF_RANGE"),
        ("2000-01-01", None),
        ("2026-03-01", None),
        ("2026-04-01", "MONTH_OUT_OF_RANGE"),
    ],
)
def test_a_month_has_begun_before_it_can_be_told_of(month: str, expected: str | None) -> None:
    assert month_problem(date.fromisoformat(month), date(2026, 3, 14)) == expected


@pytest.mark.parametrize(
    ("earned", "gone", "is_loss", "percent"),
    [
        pytest.param({A: 30, B: 70}, [A], False, 30, id="exactly thirty percent is not over"),
        pytest.param({A: 31, B: 69}, [A], True, 31, id="one more is"),
        pytest.param({A: 3001, B: 6999}, [A], True, 30, id="a hundredth of a percent is over too"),
        pytest.param({A: 100}, [A], True, 100, id="the only earner"),
        pytest.param({A: 20, B: 20, C: 60}, [A, B], True, 40, id="who goes together is judged together"),
        pytest.param({A: 20, NOBODY: 40}, [A], True, 33, id="what is nobody's counts in the whole"),
        pytest.param({A: 20, NOBODY: 80}, [A], False, 20, id="and can be the greater part"),
        pytest.param({B: 100}, [A], False, 0, id="of whom nothing is known, nothing was lost"),
        pytest.param({}, [A], False, None, id="nothing is known of anybody"),
        pytest.param({A: 0, B: 100}, [A], False, 0, id="nought is a figure, and no loss"),
        pytest.param({A: -50, B: 100}, [A], False, 0, id="production cost more than it brought"),
        pytest.param({A: 50, B: -80}, [A], True, None, id="who kept a losing household is a loss"),
        pytest.param({A: -10, B: -80}, [A], False, None, id="one who lost with the others is none"),
        pytest.param({A: 40, B: -10, C: 70}, [A, B], True, 40, id="a loss beside does not make a gain smaller"),
        pytest.param({A: 100}, [], False, 0, id="nobody went"),
    ],
)
def test_who_earned_over_thirty_percent_is_a_major_loss(
    earned: dict[uuid.UUID | None, int], gone: list[uuid.UUID], is_loss: bool, percent: int | None
) -> None:
    assert is_major_loss(earned, gone, POLICY) is is_loss
    assert lost_percent(earned, gone) == percent


def test_the_share_that_counts_is_policy() -> None:
    assert is_major_loss({A: 30, B: 70}, [A], CluePolicy(major_loss_percent=29))


def test_the_period_of_a_monthly_sign_is_its_month() -> None:
    assert period_of(date(2026, 3, 14)) == "2026-03"


@pytest.mark.parametrize(
    ("received_at", "day"),
    [
        (datetime(2026, 3, 14, 15, 59, 59, tzinfo=UTC), date(2026, 3, 14)),
        (datetime(2026, 3, 14, 16, 0, 0, tzinfo=UTC), date(2026, 3, 15)),
    ],
)
def test_day_nought_is_the_day_in_china_on_both_sides_of_midnight(received_at: datetime, day: date) -> None:
    assert begun_on(received_at) == day


@pytest.mark.parametrize(
    ("began_on", "week", "due"),
    [
        pytest.param("2026-03-14", VerificationWeek.ROLLING_DAYS, "2026-03-21", id="seven days on"),
        pytest.param("2026-02-25", VerificationWeek.ROLLING_DAYS, "2026-03-04", id="over the end of a month"),
        pytest.param(
            "2026-02-15", VerificationWeek.ROLLING_DAYS, "2026-02-22", id="the Spring Festival changes nothing"
        ),
        pytest.param("2026-03-09", VerificationWeek.CALENDAR_WEEK, "2026-03-15", id="Monday: that week's Sunday"),
        pytest.param("2026-03-15", VerificationWeek.CALENDAR_WEEK, "2026-03-15", id="Sunday: the day itself"),
    ],
)
def test_a_clue_is_due_within_the_week(began_on: str, week: VerificationWeek, due: str) -> None:
    assert due_on(date.fromisoformat(began_on), CluePolicy(week=week)) == date.fromisoformat(due)


NOON = datetime(2026, 3, 16, 4, tzinfo=UTC)


def door(**changed: object) -> DoorVisit:
    facts: dict[str, object] = {
        "contact": VisitContact.IN_PERSON,
        "is_superseded": False,
        "is_of_the_household": True,
        "occurred_at": NOON,
        "visitors": frozenset({A, B}),
        "paired": frozenset({A}),
    }
    return DoorVisit(**{**facts, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("visit", "codes"),
    [
        pytest.param(door(), [], id="two at the door, one of them not paired"),
        pytest.param(door(paired=frozenset()), [], id="nobody paired is fine"),
        pytest.param(door(is_of_the_household=False), ["VISIT_OF_ANOTHER_HOUSEHOLD"], id="next door"),
        pytest.param(door(is_superseded=True), ["ALREADY_SUPERSEDED"], id="corrected since"),
        pytest.param(door(contact=VisitContact.NOBODY_HOME), ["NOT_A_DOOR_VISIT"], id="an attempt"),
        pytest.param(door(contact=VisitContact.REMOTE), ["NOT_A_DOOR_VISIT"], id="a call"),
        pytest.param(
            door(occurred_at=NOON - timedelta(days=2, hours=12, seconds=1)), ["VISIT_BEFORE_CLUE"], id="before"
        ),
        pytest.param(door(occurred_at=NOON - timedelta(days=2, hours=12)), [], id="the first second of day nought"),
        pytest.param(door(visitors=frozenset({B})), ["SECOND_VERIFIER_MISSING"], id="alone"),
        pytest.param(door(paired=frozenset({A, B})), ["VERIFIER_NOT_PAIRED_MISSING"], id="both help the family"),
        pytest.param(
            door(visitors=frozenset({A}), contact=VisitContact.REMOTE, is_superseded=True),
            ["ALREADY_SUPERSEDED", "NOT_A_DOOR_VISIT", "SECOND_VERIFIER_MISSING"],
            id="everything at once",
        ),
    ],
)
def test_what_a_visit_verifies(visit: DoorVisit, codes: list[str]) -> None:
    assert [problem.code for problem in verification_problems(visit, date(2026, 3, 14))] == codes
