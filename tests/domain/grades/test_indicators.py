"""What figures bear out, in the document's words, and to the fen what would change a light."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from domain.grades.indicators import (
    FAILING,
    Change,
    Facts,
    LightFacts,
    indicators_of,
    light,
    light_changes,
    light_indicators,
    told,
    yuan,
)
from tests.domain.grades.test_grade_rules import LIGHTS, LUAN

IN_ORDER: dict[str, Any] = {
    **dict.fromkeys(("hasEnoughFood", "hasEnoughClothing", "hasBasicMedicalCare", "isHousingSafe"), True),
    "compulsoryEducation": "NO_CHILD_OF_AGE",
    "drinkingWater": "SAFE",
}
THREE = Facts(
    members=3,
    skilled=1,
    able=2,
    weak=0,
    line=600_000,
    net=3_000_000,
    months_known=12,
    months_with_wage=12,
    business=200_000,
    rigid=300_000,
    rigid_before=250_000,
    rigid_threshold=2_000_000,
    answers=(IN_ORDER, IN_ORDER),
)


def borne_out(facts: Facts) -> dict[str, str | None]:
    return {one.code: one.bears_out for one in indicators_of(facts)}


def test_a_family_that_does_well() -> None:
    assert borne_out(THREE) == {
        "LABOUR": "HAS_SKILLS",
        "INCOME": None,
        "WORK": "STABLE_JOB_OR_GOOD_TRADE",
        "RIGID_EXPENSE": None,
        "GUARANTEES": "NO_DIFFICULTY",
        "NEW_DIFFICULTIES": None,
    }


@pytest.mark.parametrize(
    ("changed", "indicator", "expected"),
    [
        ({"skilled": 0}, "LABOUR", None),
        ({"skilled": 0, "able": 0}, "LABOUR", "NO_LABOUR"),
        ({"skilled": 0, "able": 0, "weak": 1}, "LABOUR", None),
        ({"net": 1_799_999}, "INCOME", "NO_STABLE_INCOME"),
        ({"net": 1_800_000}, "INCOME", None),
        ({"net": None, "months_known": 11}, "INCOME", None),
        ({"members": 0}, "INCOME", None),
        ({"months_with_wage": 5}, "WORK", "UNSTABLE_JOB"),
        ({"months_with_wage": 11, "months_known": 11}, "WORK", None),
        ({"months_with_wage": 0}, "WORK", None),
        ({"months_with_wage": 0, "business": 0}, "WORK", "NO_STABLE_INCOME"),
        ({"months_with_wage": 0, "business": -1, "months_known": 3}, "WORK", "NO_STABLE_INCOME"),
        ({"months_with_wage": 0, "business": 0, "months_known": 0}, "WORK", None),
        ({"rigid": 2_000_000}, "RIGID_EXPENSE", None),
        ({"rigid": 2_000_001}, "RIGID_EXPENSE", "RIGID_EXPENSE_RISING"),
        ({"rigid": 2_000_001, "rigid_before": 2_000_001}, "RIGID_EXPENSE", None),
        ({"answers": ()}, "GUARANTEES", None),
        ({"answers": ({"hasEnoughFood": True}, IN_ORDER)}, "GUARANTEES", None),
        ({"answers": (IN_ORDER,)}, "GUARANTEES", "NO_DIFFICULTY"),
        ({"answers": (IN_ORDER | {"isHousingSafe": False}, IN_ORDER)}, "GUARANTEES", "NEW_DIFFICULTY"),
        ({"answers": (IN_ORDER | {"isHousingSafe": False},)}, "GUARANTEES", "LATENT_DIFFICULTY"),
        ({"answers": (IN_ORDER | {"drinkingWater": "SHORT"},) * 2}, "GUARANTEES", "LATENT_DIFFICULTY"),
        ({"signs": frozenset({"MEDICAL_EXPENSE"})}, "NEW_DIFFICULTIES", "NEW_DIFFICULTY"),
        ({"signs": frozenset({"HARDSHIP"})}, "NEW_DIFFICULTIES", None),
    ],
)
def test_what_is_on_record_bears_out_words_of_the_document_or_none(
    changed: dict[str, Any], indicator: str, expected: str | None
) -> None:
    assert borne_out(replace(THREE, **changed))[indicator] == expected


@pytest.mark.parametrize("question", FAILING)
def test_each_of_food_clothing_and_the_guarantees_can_fail(question: str) -> None:
    (bad, *_) = sorted(FAILING[question], key=str)
    facts = replace(THREE, answers=(IN_ORDER | {question: bad}, IN_ORDER))
    (value,) = (one.value for one in indicators_of(facts) if one.code == "GUARANTEES")
    assert value == {"failing": [question], "new": [question]}


def test_what_contradicts_a_judgement_is_marked_and_what_bears_it_out_is_not() -> None:
    facts = replace(THREE, answers=(IN_ORDER | {"isHousingSafe": False}, IN_ORDER))
    marked = {row["code"]: (row["speaksFor"], row["contradicts"]) for row in told(LUAN, "BLUE", indicators_of(facts))}
    assert marked["GUARANTEES"] == ("RED", True)
    assert marked["LABOUR"] == ("BLUE", False)
    assert marked["INCOME"] == (None, False)
    assert not any(row["contradicts"] for row in told(LUAN, None, indicators_of(facts))), "nobody has judged yet"


def test_money_is_written_with_two_decimals() -> None:
    assert [yuan(fen) for fen in (0, 5, 150, -1, -250)] == ["0.00", "0.05", "1.50", "-0.01", "-2.50"]


# --- lights: line 6,000 yuan, bands 100, 125 and 150 percent, of three people -------------------------------------------

LINE, BANDS = 600_000, (100, 125, 150)
# (net in fen, members, bands, light): reckoning.py is held to the same table in test_reckoning.py.
TABLE = [
    (None, 3, BANDS, "UNKNOWN"),
    (1_000_000, 0, BANDS, "UNKNOWN"),
    (-1, 3, BANDS, "RED"),
    (0, 3, BANDS, "RED"),
    (1_799_999, 3, BANDS, "RED"),
    (1_800_000, 3, BANDS, "ORANGE"),
    (2_249_999, 3, BANDS, "ORANGE"),
    (2_250_000, 3, BANDS, "YELLOW"),
    (2_699_999, 3, BANDS, "YELLOW"),
    (2_700_000, 3, BANDS, "GREEN"),
    (2_700_000, 3, (100, 125, 151), "YELLOW"),
    (2_700_000, 4, BANDS, "ORANGE"),
    (1_800_000, 3, (100, 125), "ORANGE"),
    (2_250_000, 3, (100, 125), "GREEN"),
]


@pytest.mark.parametrize(("net", "members", "bands", "expected"), TABLE)
def test_a_light_follows_from_income_per_head_and_below_is_strict(
    net: int | None, members: int, bands: tuple[int, ...], expected: str
) -> None:
    assert light(net, members, LINE, bands) == expected


def test_what_would_change_a_light_is_said_to_the_fen_and_to_the_head() -> None:
    assert light_changes(2_000_000, 3, LINE, BANDS) == (
        Change("RED", "INCOME", "17999.99", "-2000.01"),
        Change("RED", "MEMBERS", "4", "1"),
        Change("YELLOW", "INCOME", "22500.00", "2500.00"),
        Change("GREEN", "MEMBERS", "2", "-1"),
    )
    assert [change.level for change in light_changes(10_000_000, 3, LINE, BANDS)] == ["YELLOW", "YELLOW"]
    assert Change("RED", "MEMBERS", "2", "1") in light_changes(1_000_000, 1, LINE, BANDS), "from green past two lights"
    assert light_changes(-500, 1, LINE, BANDS) == (Change("ORANGE", "INCOME", "6000.00", "6005.00"),)
    assert light_changes(None, 3, LINE, BANDS) == ()
    assert light_changes(5, 0, LINE, BANDS) == ()


@pytest.mark.parametrize(
    "net", [1, 599_999, 1_234_567, 1_799_999, 1_800_000, 2_345_678, 2_699_999, 2_700_000, 9_999_999]
)
@pytest.mark.parametrize("members", [1, 3, 7])
@pytest.mark.parametrize("line", [LINE, 612_345])
def test_at_the_value_that_is_named_the_light_changes_and_just_before_it_does_not(
    net: int, members: int, line: int
) -> None:
    now = light(net, members, line, BANDS)
    for change in light_changes(net, members, line, BANDS):
        step = -1 if change.difference.startswith("-") else 1
        if change.input == "INCOME":
            there = round(float(change.value) * 100)
            assert light(there, members, line, BANDS) == change.level
            assert light(there - step, members, line, BANDS) == now
        else:
            there = int(change.value)
            assert light(net, there - step, line, BANDS) == now
            assert light(net, there, line, BANDS) == change.level != now


def test_a_light_keeps_what_it_was_reckoned_from() -> None:
    known = LightFacts(2_000_000, 3, LINE, BANDS, 0, date(2026, 10, 1))
    (row,) = told(LIGHTS, "ORANGE", light_indicators(known))
    assert row["value"] == {
        "perCapitaNet": "6666.66",
        "line": "6000.00",
        "bands": [100, 125, 150],
        "members": 3,
        "unknownMonths": 0,
        "untilMonth": "2026-10",
    }
    assert (row["speaksFor"], row["contradicts"], len(row["changes"])) == ("ORANGE", False, 4)
    (unknown,) = light_indicators(replace(known, net=None, unknown_months=2))
    assert (unknown.bears_out, unknown.value["perCapitaNet"], unknown.changes) == ("INCOME_UNKNOWN", None, ())
