"""What a parameter may be, and what becomes of an earlier value."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.access.rules import GrantRole
from domain.monitoring.rules import CLUE_PARAMETERS, CluePolicy
from domain.policy.catalogue import DEFAULTS, PARAMETERS, read_catalogue
from domain.policy.rules import (
    Bound,
    Fate,
    Parameter,
    PolicyBasis,
    PolicyValueKind,
    Setting,
    fate,
    lineage,
    may_adopt,
    read_value,
)
from domain.regions.rules import RegionLevel
from domain.visits.rules import VISIT_PARAMETERS, VisitPolicy

ALL = list(PARAMETERS.values())


def parameter(kind: PolicyValueKind, **more: Any) -> Parameter:
    return Parameter("TRIED", kind, "试", "Tried", None, PolicyBasis.ASSUMPTION, "", **more)


NUMBER = parameter(PolicyValueKind.NUMBER, at_least=1, at_most=7)
MONEY = parameter(PolicyValueKind.MONEY, at_least=1)
FLAG = parameter(PolicyValueKind.FLAG)
CODE = parameter(PolicyValueKind.CODE, choices=("ROLLING_DAYS", "CALENDAR_WEEK"))
FREE = parameter(PolicyValueKind.CODE)
CODES = parameter(PolicyValueKind.CODES, choices=("A", "B"))
NUMBERS = parameter(PolicyValueKind.NUMBERS, at_least=1, at_most=12)
BY_CODE = parameter(PolicyValueKind.NUMBER_BY_CODE, at_least=1, at_most=12)
TEXT = parameter(PolicyValueKind.TEXT)


@pytest.mark.parametrize(
    ("tried", "given", "stored"),
    [
        (NUMBER, 1, 1),
        (NUMBER, 7, 7),
        (MONEY, "8400", "8400.00"),
        (MONEY, "8400.5", "8400.50"),
        (MONEY, "1.00", "1.00"),
        (FLAG, True, True),
        (FLAG, False, False),
        (CODE, "CALENDAR_WEEK", "CALENDAR_WEEK"),
        (FREE, "OUR_OWN_3", "OUR_OWN_3"),
        (CODES, ["B", "A"], ["B", "A"]),
        (CODES, [], []),
        (NUMBERS, [4, 10], [4, 10]),
        (BY_CODE, {"RED": 1, "BLUE": 6}, {"BLUE": 6, "RED": 1}),
        (TEXT, "0591-24832155", "0591-24832155"),
        (TEXT, "榕", "榕"),
        (TEXT, "", ""),
    ],
)
def test_a_value_that_fits_is_stored_in_one_form(tried: Parameter, given: Any, stored: Any) -> None:
    assert read_value(tried, given) == (stored, None)


@pytest.mark.parametrize(
    ("tried", "given", "code"),
    [
        (NUMBER, 0, "POLICY_BELOW_MINIMUM"),
        (NUMBER, 8, "POLICY_ABOVE_MAXIMUM"),
        (NUMBER, "7", "POLICY_VALUE_INVALID"),
        (NUMBER, 7.0, "POLICY_VALUE_INVALID"),
        (NUMBER, True, "POLICY_VALUE_INVALID"),
        (NUMBER, None, "POLICY_VALUE_INVALID"),
        (parameter(PolicyValueKind.NUMBER), 10**9, "POLICY_VALUE_INVALID"),
        (MONEY, 8400, "POLICY_VALUE_INVALID"),
        (MONEY, "8400.555", "POLICY_VALUE_INVALID"),
        (MONEY, "-1", "POLICY_VALUE_INVALID"),
        (MONEY, "0.99", "POLICY_BELOW_MINIMUM"),
        (MONEY, "1e3", "POLICY_VALUE_INVALID"),
        (FLAG, 1, "POLICY_VALUE_INVALID"),
        (CODE, "FORTNIGHT", "UNKNOWN_CODE"),
        (CODE, 3, "POLICY_VALUE_INVALID"),
        (FREE, "not a code", "POLICY_VALUE_INVALID"),
        (CODES, "A", "POLICY_VALUE_INVALID"),
        (CODES, ["A", "A"], "POLICY_VALUE_INVALID"),
        (CODES, ["A", "C"], "UNKNOWN_CODE"),
        (NUMBERS, [10, 4], "POLICY_VALUE_INVALID"),
        (NUMBERS, [4, 4], "POLICY_VALUE_INVALID"),
        (NUMBERS, [4, 13], "POLICY_ABOVE_MAXIMUM"),
        (NUMBERS, list(range(50)), "POLICY_VALUE_INVALID"),
        (BY_CODE, ["RED"], "POLICY_VALUE_INVALID"),
        (TEXT, 12345, "POLICY_VALUE_INVALID"),
        (TEXT, "榕" * 41, "POLICY_VALUE_INVALID"),
        (TEXT, "call us", "POLICY_VALUE_INVALID"),
        (BY_CODE, {"RED": 0}, "POLICY_BELOW_MINIMUM"),
        (BY_CODE, {"red": 1}, "POLICY_VALUE_INVALID"),
        (BY_CODE, {f"C{number}": 1 for number in range(50)}, "POLICY_VALUE_INVALID"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_reason(tried: Parameter, given: Any, code: str) -> None:
    value, problem = read_value(tried, given)
    assert value is None
    assert problem is not None
    assert (problem.code, problem.detail["parameter"]) == (code, "TRIED")


@pytest.mark.parametrize(
    ("bound", "given", "code"),
    [
        (Bound.NOT_BELOW_NATIONAL, "5999.99", "POLICY_BELOW_MINIMUM"),
        (Bound.NOT_BELOW_NATIONAL, "6000", None),
        (Bound.NOT_BELOW_NATIONAL, "8400", None),
        (Bound.NOT_ABOVE_NATIONAL, "6000.01", "POLICY_ABOVE_MAXIMUM"),
        (Bound.NOT_ABOVE_NATIONAL, "6000", None),
        (None, "1", None),
    ],
)
def test_a_region_may_do_more_than_the_country_asks_and_not_less(
    bound: Bound | None, given: str, code: str | None
) -> None:
    """各地可高于国家标准, 不可低于: a line below the country's would leave families out that it counts."""
    _, problem = read_value(parameter(PolicyValueKind.MONEY, bound=bound), given, national="6000.00")
    assert (problem and problem.code) == code


@pytest.mark.parametrize("bound", list(Bound))
def test_where_the_country_has_set_nothing_there_is_nothing_to_keep_to(bound: Bound) -> None:
    assert read_value(parameter(PolicyValueKind.MONEY, bound=bound), "1") == ("1.00", None)


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_every_default_is_a_value_that_its_parameter_may_have(one: Parameter) -> None:
    assert read_value(one, one.default) == (one.default, None)


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_no_default_claims_a_document(one: Parameter) -> None:
    assert one.basis is not PolicyBasis.SOURCE
    assert one.reason
    assert one.zh
    assert one.en.isascii()


def test_a_parameter_stands_in_the_catalogue_once() -> None:
    assert read_catalogue() == PARAMETERS
    assert list(DEFAULTS) == list(PARAMETERS)


# --- over time -------------------------------------------------------------------------------------------------------


def day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


@pytest.mark.parametrize(
    ("earlier", "new", "becomes"),
    [
        (("2020-01-01", None), ("2021-01-01", None), Fate.ENDS),
        (("2020-01-01", "2021-01-01"), ("2021-01-01", None), Fate.STAYS),
        (("2020-01-01", "2021-01-02"), ("2021-01-01", None), Fate.ENDS),
        (("2021-01-01", None), ("2021-01-01", None), Fate.SUPERSEDED),
        (("2021-01-01", None), ("2020-01-01", None), Fate.SUPERSEDED),
        (("2021-01-01", None), ("2020-01-01", "2021-01-01"), Fate.STAYS),
        (("2021-01-01", None), ("2020-01-01", "2021-01-02"), Fate.SUPERSEDED),
        (("2020-01-01", None), ("2021-01-01", "2022-01-01"), Fate.ENDS),
    ],
)
def test_a_new_value_takes_the_whole_of_its_time(
    earlier: tuple[str, str | None], new: tuple[str, str | None], becomes: Fate
) -> None:
    setting = Setting("35", "FENCE", 200, date.fromisoformat(earlier[0]), day(earlier[1]))
    assert fate(setting, date.fromisoformat(new[0]), day(new[1])) is becomes


def test_a_division_stands_under_four_others_and_the_country() -> None:
    assert lineage("350125201205") == ["350125201205", "350125201", "350125", "3501", "35", None]
    assert lineage("35") == ["35", None]


@pytest.mark.parametrize(
    ("level", "role", "may"),
    [
        (RegionLevel.COUNTY, GrantRole.COUNTY_OFFICER, True),
        (RegionLevel.PREFECTURE, GrantRole.PREFECTURE_OFFICER, True),
        (RegionLevel.PROVINCE, GrantRole.PROVINCE_OFFICER, True),
        (RegionLevel.COUNTY, GrantRole.PROVINCE_OFFICER, False),
        (RegionLevel.PROVINCE, GrantRole.COUNTY_OFFICER, False),
        (RegionLevel.TOWNSHIP, GrantRole.TOWNSHIP_OFFICER, False),
        (RegionLevel.COUNTY, GrantRole.ADMINISTRATOR, False),
    ],
)
def test_each_level_decides_for_itself(level: RegionLevel, role: GrantRole, may: bool) -> None:
    assert may_adopt(level, [role]) is may


def test_what_the_rules_assume_is_what_the_catalogue_says() -> None:
    """Two places for one default would drift apart."""
    assert CluePolicy.of(DEFAULTS) == CluePolicy()
    assert VisitPolicy.of(DEFAULTS) == VisitPolicy()
    assert {*CLUE_PARAMETERS, *VISIT_PARAMETERS} <= set(PARAMETERS)
