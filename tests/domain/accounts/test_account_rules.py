"""Decisions about accounts and grants, case by case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from domain.access.rules import GrantRole as R
from domain.access.rules import ViewerKind as K
from domain.accounts.rules import (
    MOST_CHARACTERS,
    AccountFacts,
    Spell,
    account_problems,
    deputy_problems,
    grant_problems,
    is_separate,
    kinds_of,
    scope_problems,
    text_problems,
)
from domain.base.errors import Problem

TODAY, NEXT, LATER = date(2026, 11, 22), date(2026, 12, 1), date(2027, 11, 22)
OFFICER, HELPER = AccountFacts(K.OFFICER), AccountFacts(K.HELPER, is_helper=True)
PARTNER, INTEGRATOR = AccountFacts(K.PARTNER, is_of_organisation=True), AccountFacts(K.INTEGRATOR)


def told(problems: Sequence[Problem]) -> list[str]:
    return [f"{problem.code} {'.'.join(problem.path[1:])}" for problem in problems]


@pytest.mark.parametrize(
    ("kind", "is_helper", "is_of_organisation", "wrong"),
    [
        (K.OFFICER, False, False, []),
        (K.HELPER, True, False, []),
        (K.HELPER, False, True, ["REQUIRED helperId"]),
        (K.PARTNER, False, True, []),
        (K.PARTNER, False, False, ["REQUIRED organisationId"]),
        (K.DEPARTMENT, False, False, ["REQUIRED organisationId"]),
        (K.INTEGRATOR, False, False, []),
    ],
)
def test_an_account_says_whose_it_is(kind: K, is_helper: bool, is_of_organisation: bool, wrong: list[str]) -> None:
    assert told(account_problems("李", kind, is_helper=is_helper, is_of_organisation=is_of_organisation)) == wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (None, ["REQUIRED name"]),
        ("  ", ["REQUIRED name"]),
        ("李", []),
        ("李" * MOST_CHARACTERS, []),
        ("李" * (MOST_CHARACTERS + 1), ["TOO_LONG name"]),
    ],
)
def test_a_text_is_there_and_not_endless(text: str | None, wrong: list[str]) -> None:
    assert told(text_problems("name", text)) == wrong


@pytest.mark.parametrize(
    ("account", "role", "region", "purpose", "ends_on", "wrong"),
    [
        (OFFICER, R.COUNTY_OFFICER, "350125", None, None, []),
        (OFFICER, R.COUNTY_OFFICER, None, None, None, ["REQUIRED region"]),
        (OFFICER, R.COUNTY_OFFICER, "3501", None, None, ["REGION_OF_ANOTHER_LEVEL region"]),
        (OFFICER, R.TOWNSHIP_OFFICER, "350125201", None, None, []),
        (OFFICER, R.HELPER, None, None, None, ["ROLE_NOT_FOR_ACCOUNT role"]),
        (OFFICER, R.AUDITOR, "35", None, None, ["ROLE_NOT_FOR_ACCOUNT role"]),
        (HELPER, R.HELPER, None, None, None, []),
        (HELPER, R.RESIDENT_TEAM, "350125201205", None, None, []),
        (HELPER, R.VILLAGE_OFFICER, "350125201205", None, None, ["ROLE_NOT_FOR_ACCOUNT role"]),
        (PARTNER, R.PARTNER, None, "education aid", LATER, []),
        (PARTNER, R.PARTNER, None, None, None, ["REQUIRED purpose", "REQUIRED endsOn"]),
        (PARTNER, R.PARTNER, None, " ", LATER, ["REQUIRED purpose"]),
        (AccountFacts(K.PARTNER), R.PARTNER, None, "x", LATER, ["ROLE_NOT_FOR_ACCOUNT role"]),
        (INTEGRATOR, R.INTEGRATOR, "3501", "exchange", LATER, []),
        (INTEGRATOR, R.INTEGRATOR, None, "exchange", LATER, ["REQUIRED region"]),
        (AccountFacts(K.AUDITOR), R.AUDITOR, "35", None, None, []),
        (AccountFacts(K.ADMINISTRATOR), R.ADMINISTRATOR, None, None, None, []),
        (OFFICER, R.COUNTY_OFFICER, "350125", "x" * 201, None, ["TOO_LONG purpose"]),
        (OFFICER, R.COUNTY_OFFICER, "350125", None, TODAY, ["END_BEFORE_START endsOn"]),
    ],
)
def test_a_grant_fits_the_account_and_outsiders_have_a_purpose_and_an_end(
    account: AccountFacts, role: R, region: str | None, purpose: str | None, ends_on: date | None, wrong: list[str]
) -> None:
    assert told(grant_problems(account, role, region, purpose, TODAY, ends_on, TODAY)) == wrong


def test_nobody_is_given_a_right_for_days_gone_by() -> None:
    assert told(grant_problems(OFFICER, R.COUNTY_OFFICER, "35", None, TODAY, None, NEXT)) == [
        "REGION_OF_ANOTHER_LEVEL region",
        "BEGINS_IN_THE_PAST startsOn",
    ]


@pytest.mark.parametrize(
    ("held", "new", "may"),
    [
        ([], Spell(R.AUDITOR, TODAY), True),
        ([Spell(R.ADMINISTRATOR, TODAY)], Spell(R.AUDITOR, TODAY), False),
        ([Spell(R.ADMINISTRATOR, TODAY)], Spell(R.HOTLINE_OPERATOR, NEXT, LATER), False),
        ([Spell(R.AUDITOR, NEXT, LATER)], Spell(R.HOTLINE_OPERATOR, TODAY), False),
        ([Spell(R.ADMINISTRATOR, TODAY, NEXT)], Spell(R.AUDITOR, NEXT), True),
        ([Spell(R.AUDITOR, NEXT)], Spell(R.ADMINISTRATOR, TODAY, NEXT), True),
        ([Spell(R.ADMINISTRATOR, TODAY)], Spell(R.ADMINISTRATOR, TODAY), True),
        ([Spell(R.ADMINISTRATOR, TODAY)], Spell(R.COUNTY_OFFICER, TODAY), True),
        ([Spell(R.COUNTY_OFFICER, TODAY)], Spell(R.AUDITOR, TODAY), True),
    ],
)
def test_administrator_operator_and_auditor_are_three_people_on_every_day(
    held: list[Spell], new: Spell, may: bool
) -> None:
    assert is_separate(held, new) is may


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "wrong"),
    [
        (NEXT, LATER, []),
        (date(2026, 11, 1), LATER, ["BEGINS_IN_THE_PAST startsOn", "DEPUTY_OUTLASTS_GRANT endsOn"]),
        (NEXT, NEXT, ["END_BEFORE_START endsOn"]),
        (NEXT, date(2028, 1, 1), ["DEPUTY_OUTLASTS_GRANT endsOn"]),
    ],
)
def test_nobody_stands_in_longer_than_the_grant_holds(starts_on: date, ends_on: date, wrong: list[str]) -> None:
    assert told(deputy_problems(Spell(R.COUNTY_OFFICER, TODAY, LATER), starts_on, ends_on, TODAY)) == wrong


def test_an_open_grant_may_be_stood_in_for_at_any_time() -> None:
    assert deputy_problems(Spell(R.COUNTY_OFFICER, TODAY), NEXT, date(2099, 1, 1), TODAY) == []


@pytest.mark.parametrize(
    ("scopes", "has_region", "wrong"),
    [
        ([], True, ["REQUIRED scopes"]),
        (["350125:families:insurance-screening"], True, []),
        (["350125:families:insurance-screening"], False, ["SCOPE_BY_PAIRING scopes.0"]),
        (["*:families:aid"], False, []),
        (["350125:regions:statistics", "everything"], False, ["SCOPE_INVALID scopes.1"]),
    ],
)
def test_a_clients_scopes_are_what_its_account_can_see(scopes: list[str], has_region: bool, wrong: list[str]) -> None:
    assert told(scope_problems(scopes, has_region=has_region)) == wrong


def test_every_role_can_be_held_by_somebody() -> None:
    assert all(kinds_of(role) for role in R)
