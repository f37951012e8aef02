"""When sweeps are due and what their periods are: tables of examples."""

from __future__ import annotations

from datetime import date

import pytest

from domain.base.terms import read_terms
from domain.sweeps.rules import (
    COUNTS_FOR,
    EDGE_GROUPS,
    SIGN_OF_FINDING,
    SweepKind,
    due_sweeps,
    groups_of,
    span_of,
    span_problem,
)

MONTHLY, QUARTERLY, HALF_YEARLY = SweepKind.MONTHLY, SweepKind.QUARTERLY, SweepKind.HALF_YEARLY
TERMS = {(row[0], row[1]) for row in read_terms()}


@pytest.mark.parametrize(
    ("kind", "period", "from_on", "until_on"),
    [
        (MONTHLY, "2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        (MONTHLY, "2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        (QUARTERLY, "2020-Q1", date(2020, 1, 1), date(2020, 3, 31)),
        (QUARTERLY, "2020-Q4", date(2020, 10, 1), date(2020, 12, 31)),
        (HALF_YEARLY, "2026-H1", date(2026, 1, 1), date(2026, 6, 30)),
        (HALF_YEARLY, "2026-H2", date(2026, 7, 1), date(2026, 12, 31)),
    ],
)
def test_the_days_of_a_period(kind: SweepKind, period: str, from_on: date, until_on: date) -> None:
    span = span_of(kind, period)
    assert span is not None
    assert (span.from_on, span.until_on, span.kind, span.period) == (from_on, until_on, kind, period)


@pytest.mark.parametrize(
    ("kind", "period"),
    [
        *[(MONTHLY, given) for given in ("2026-13", "2026-Q1", "2026", "2026-1", " 2026-01", "1026-01", "２０２６-01")],
        *[(QUARTERLY, given) for given in ("2026-Q5", "2026-Q0", "2026-01", "2026-H1")],
        *[(HALF_YEARLY, given) for given in ("2026-H3", "2026-Q1", "2026-01", "")],
        *[(SweepKind.DISASTER, given) for given in ("2026-01", "2026-Q1", "2026-H1", "flood")],
    ],
)
def test_what_is_no_period_of_a_kind(kind: SweepKind, period: str) -> None:
    assert span_of(kind, period) is None


@pytest.mark.parametrize(
    ("today", "interval", "expected"),
    [
        (date(2026, 4, 1), 6, {"2026-H1"}),
        (date(2026, 4, 30), 6, {"2026-H1"}),
        (date(2026, 5, 1), 6, set()),
        (date(2026, 10, 9), 6, {"2026-H2"}),
        (date(2026, 11, 22), 3, {"2026-Q4"}),
        (date(2026, 11, 22), 4, set()),
        (date(2026, 3, 31), 2, {"2026-Q1"}),
        (date(2026, 12, 31), 1, {"2026-12", "2026-Q4"}),
        (date(2026, 10, 1), 1, {"2026-10", "2026-Q4", "2026-H2"}),
    ],
)
def test_which_sweeps_are_due(today: date, interval: int, expected: set[str]) -> None:
    due = due_sweeps(today, interval, [4, 10])
    assert {span.period for span in due} == expected
    assert all(span.from_on <= today <= span.until_on for span in due)


def test_a_half_yearly_sweep_lasts_its_month() -> None:
    (span,) = due_sweeps(date(2026, 12, 3), 6, [12])
    assert (span.from_on, span.until_on) == (date(2026, 12, 1), date(2026, 12, 31))


def test_the_edge_groups_are_for_the_half_year_and_everybody_else_is_for_the_rest() -> None:
    assert groups_of(HALF_YEARLY) == list(EDGE_GROUPS)
    assert len(EDGE_GROUPS) == 8, "八类重点群体 (Lu'an 2019)"
    assert groups_of(MONTHLY) == groups_of(QUARTERLY) == []


@pytest.mark.parametrize(
    ("from_on", "until_on", "code"),
    [
        (date(2026, 1, 1), date(2026, 1, 1), None),
        (date(2026, 1, 1), date(2025, 12, 31), "END_BEFORE_START"),
        (date(2026, 1, 1), date(2027, 1, 1), None),
        (date(2026, 1, 1), date(2027, 1, 2), "SWEEP_TOO_LONG"),
    ],
)
def test_how_long_a_sweep_lasts(from_on: date, until_on: date, code: str | None) -> None:
    problem = span_problem(from_on, until_on)
    assert (problem and problem[0]) == code


def test_every_word_that_a_rule_names_is_a_term() -> None:
    named = {("visit_purpose", one) for purposes in COUNTS_FOR.values() for one in purposes}
    named |= {("finding", one) for one in SIGN_OF_FINDING} | {("clue_sign", one) for one in SIGN_OF_FINDING.values()}
    assert named | {("edge_group", one) for one in EDGE_GROUPS} <= TERMS
    assert set(COUNTS_FOR) == set(SweepKind)
