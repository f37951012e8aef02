"""The rules of benefit links: each row is a case and the reason for its answer."""

from __future__ import annotations

from datetime import date

import pytest

from domain.access.rules import GrantRole
from domain.base.terms import read_terms
from domain.links.rules import (
    AGREES,
    BENEFIT_LINK,
    DELIVERS,
    LINK_KINDS,
    kind_problems,
    may,
    pairing_problems,
    period_problems,
    period_starts_on,
)

TODAY, BEGAN = date(2026, 5, 20), date(2026, 2, 10)


def test_every_kind_is_a_mode_of_the_vocabulary() -> None:
    shipped = {code for vocabulary, code, *_ in read_terms() if vocabulary == "pairing_mode"}
    assert shipped > LINK_KINDS
    assert shipped - LINK_KINDS == {"LINKED_STRENGTHS", "SHARED_PROJECTS", "LONG_TERM"}, "those of 阳光“1+1”"


@pytest.mark.parametrize(
    ("period", "first"),
    [
        ("2026-03", date(2026, 3, 1)),
        ("2026-Q1", date(2026, 1, 1)),
        ("2026-Q4", date(2026, 10, 1)),
        ("2026", date(2026, 1, 1)),
        ("2026-13", None),
        ("2026-Q5", None),
        ("2026-3", None),
        ("0000", None),
        ("", None),
    ],
)
def test_a_period_is_a_month_a_quarter_or_a_year(period: str, first: date | None) -> None:
    assert period_starts_on(period) == first


@pytest.mark.parametrize(
    ("reason", "period", "ended_on", "is_right"),
    [
        ("the month in which it began", "2026-02", None, True),
        ("the month before", "2026-01", None, False),
        ("the quarter in which it began", "2026-Q1", None, True),
        ("the quarter before", "2025-Q4", None, False),
        ("the year", "2026", None, True),
        ("the year before", "2025", None, False),
        ("a month to come", "2026-06", None, False),
        ("after its end", "2026-05", date(2026, 5, 1), False),
        ("up to its end", "2026-04", date(2026, 5, 1), True),
        ("no period", "spring", None, False),
    ],
)
def test_what_is_delivered_is_for_a_time_in_which_the_link_held(
    reason: str, period: str, ended_on: date | None, is_right: bool
) -> None:
    assert (period_problems(period, BEGAN, ended_on, TODAY) == []) is is_right, reason


@pytest.mark.parametrize(("kind", "codes"), [("ORDERS", []), ("LONG_TERM", ["UNKNOWN_CODE"]), ("X", ["UNKNOWN_CODE"])])
def test_a_link_is_of_a_kind_that_the_sources_name(kind: str, codes: list[str]) -> None:
    assert [one.code for one in kind_problems(kind)] == codes


@pytest.mark.parametrize(
    ("role", "ended_on", "has_both", "is_right"),
    [
        (BENEFIT_LINK, None, True, True),
        ("SPONSORSHIP", None, True, False),
        (BENEFIT_LINK, TODAY, True, False),
        (BENEFIT_LINK, None, False, False),
    ],
)
def test_a_link_stands_on_an_open_pairing_of_both(
    role: str, ended_on: date | None, has_both: bool, is_right: bool
) -> None:
    assert (pairing_problems(role, ended_on, has_both) == []) is is_right


def test_who_agrees_and_who_tells_of_deliveries() -> None:
    assert may({GrantRole.VILLAGE_OFFICER}, AGREES)
    assert not may({GrantRole.PARTNER, GrantRole.HELPER}, AGREES)
    assert may({GrantRole.PARTNER}, DELIVERS)
    assert not may({GrantRole.AUDITOR, GrantRole.INTEGRATOR}, DELIVERS)
