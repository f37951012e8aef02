"""The twelve conditions under which a risk counts as gone, each met, unmet and unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from domain.base.errors import Party
from domain.cases.conditions import (
    GUARANTEES,
    ConditionState,
    DoorFacts,
    EliminationFacts,
    conditions,
    unmet,
)

MET, UNMET, UNKNOWN = ConditionState
TODAY = date(2026, 11, 22)
GOOD = {
    "hasEnoughFood": True,
    "hasEnoughClothing": True,
    "compulsoryEducation": "NO_CHILD_OF_AGE",
    "hasBasicMedicalCare": True,
    "isHousingSafe": True,
    "drinkingWater": "SAFE",
}
DOOR = DoorFacts(date(2026, 11, 1), GOOD, frozenset())
FACTS = EliminationFacts(
    today=TODAY,
    per_capita_fen=900_000,
    line_fen=840_000,
    unknown_months=(),
    door=DOOR,
    causes=("ILLNESS",),
    waiting=0,
    verified=0,
    monitored_on=date(2026, 5, 22),
    stability_months=6,
    delivered=1,
    measures=1,
    labour=frozenset({"WEAK_OR_HALF", "NONE"}),
)


def state(code: str, **changed: Any) -> ConditionState:
    (found,) = [one for one in conditions(replace(FACTS, **changed)) if one.code == code]
    return found.state


def test_all_are_asked_and_all_can_be_met() -> None:
    found = conditions(FACTS)
    assert [one.state for one in found] == [MET] * 12
    assert unmet(found) == []
    assert len({one.code for one in found}) == 12


@pytest.mark.parametrize(
    ("code", "changed", "expected"),
    [
        ("INCOME_ABOVE_LINE", {"per_capita_fen": 839_999}, UNMET),
        ("INCOME_ABOVE_LINE", {"per_capita_fen": 840_000}, UNMET),
        ("INCOME_ABOVE_LINE", {"per_capita_fen": None, "unknown_months": (date(2026, 3, 1),)}, UNKNOWN),
        ("ORIGINAL_RISK_GONE", {"door": None}, UNKNOWN),
        ("ORIGINAL_RISK_GONE", {"door": replace(DOOR, findings=frozenset({"SERIOUS_ILLNESS"}))}, UNMET),
        ("ORIGINAL_RISK_GONE", {"door": replace(DOOR, findings=frozenset({"UNTIDY_HOME"}))}, MET),
        ("ORIGINAL_RISK_GONE", {"causes": ("LACK_OF_DRIVE",)}, MET),
        ("NO_NEW_RISK", {"waiting": 1}, UNKNOWN),
        ("NO_NEW_RISK", {"waiting": 1, "verified": 1}, UNMET),
        ("STABLE_LONG_ENOUGH", {"monitored_on": date(2026, 5, 23)}, UNMET),
        ("STABLE_LONG_ENOUGH", {"monitored_on": None}, UNKNOWN),
        ("MEASURE_DELIVERED", {"delivered": 0}, UNMET),
        ("MEASURE_DELIVERED", {"delivered": None}, UNKNOWN),
        ("MEASURE_DELIVERED", {"delivered": None, "measures": 0}, MET),
        ("HAS_LABOUR", {"labour": frozenset({"NONE", "LOST"})}, UNMET),
        ("HAS_LABOUR", {"labour": frozenset({"ORDINARY"})}, MET),
    ],
)
def test_a_condition_is_judged_by_itself(code: str, changed: dict[str, Any], expected: ConditionState) -> None:
    assert state(code, **changed) is expected


@pytest.mark.parametrize("code", GUARANTEES)
def test_a_guarantee_is_what_the_newest_visit_found(code: str) -> None:
    key, _, finding = GUARANTEES[code]
    assert state(code, door=None) is UNKNOWN
    assert state(code, door=replace(DOOR, answers={})) is UNKNOWN, "what was not asked is not known"
    assert state(code, door=replace(DOOR, answers={**GOOD, key: "no"})) is UNMET
    assert state(code, door=replace(DOOR, findings=frozenset({finding}))) is UNMET, "a finding outweighs an answer"


def test_a_refusal_names_each_with_its_state_and_from_whom() -> None:
    found = unmet(conditions(replace(FACTS, per_capita_fen=None, labour=frozenset())))
    assert [(one.code, one.of, one.detail["state"]) for one in found] == [
        ("INCOME_ABOVE_LINE", Party.VILLAGE, "UNKNOWN"),
        ("HAS_LABOUR", Party.COUNTY, "UNMET"),
    ]
