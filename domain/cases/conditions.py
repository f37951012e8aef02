"""Whether a family's risk is gone, condition by condition, each with who can say so (风险消除条件). Pure: facts come in.

"Elimination needs: income above the line of the year, the guarantees of 两不愁三保障 (food, clothing; compulsory
education, basic medical care, safe housing; and drinking water) in order, the original risk gone, none new, stable for
the time that policy sets … A household wholly without labour is kept under the safety net and not marked eliminated"
(domain.md §4); "at least the stability months *and* one delivered measure before; weak or half labour counts as labour"
(§11.13).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from domain.base.errors import Party, Requirement
from domain.calendar.rules import months_after


class ConditionState(enum.StrEnum):
    """Whether it is so (是否满足). UNKNOWN is neither."""

    MET = "MET"
    UNMET = "UNMET"
    UNKNOWN = "UNKNOWN"


MET, UNMET, UNKNOWN = ConditionState.MET, ConditionState.UNMET, ConditionState.UNKNOWN
# The conditions: codes of the catalogue, whose messages say what has to be so.
INCOME_ABOVE_LINE: Final = "INCOME_ABOVE_LINE"
ENOUGH_FOOD: Final = "ENOUGH_FOOD"
ENOUGH_CLOTHING: Final = "ENOUGH_CLOTHING"
COMPULSORY_EDUCATION: Final = "COMPULSORY_EDUCATION"
BASIC_MEDICAL_CARE: Final = "BASIC_MEDICAL_CARE"
SAFE_HOUSING: Final = "SAFE_HOUSING"
SAFE_WATER: Final = "SAFE_WATER"
ORIGINAL_RISK_GONE: Final = "ORIGINAL_RISK_GONE"
NO_NEW_RISK: Final = "NO_NEW_RISK"
STABLE_LONG_ENOUGH: Final = "STABLE_LONG_ENOUGH"
MEASURE_DELIVERED: Final = "MEASURE_DELIVERED"
HAS_LABOUR: Final = "HAS_LABOUR"

WITH_LABOUR: Final = frozenset({"ORDINARY", "SKILLED", "WEAK_OR_HALF"})

# Condition: (key of the form for home visits, answers that are good, finding that says otherwise).
GUARANTEES: Final[Mapping[str, tuple[str, tuple[Any, ...], str]]] = {
    ENOUGH_FOOD: ("hasEnoughFood", (True,), "FOOD_OR_CLOTHING"),
    ENOUGH_CLOTHING: ("hasEnoughClothing", (True,), "FOOD_OR_CLOTHING"),
    COMPULSORY_EDUCATION: ("compulsoryEducation", ("ALL_IN_SCHOOL", "NO_CHILD_OF_AGE"), "DROPOUT_RISK"),
    BASIC_MEDICAL_CARE: ("hasBasicMedicalCare", (True,), "UNINSURED"),
    SAFE_HOUSING: ("isHousingSafe", (True,), "DANGEROUS_HOUSING"),
    SAFE_WATER: ("drinkingWater", ("SAFE",), "UNSAFE_WATER"),
}

# Findings that say that a cause works on (ASSUMPTION which). A cause that is not here shows in none.
RISKS_OF_CAUSE: Final[Mapping[str, frozenset[str]]] = {
    "ILLNESS": frozenset({"SERIOUS_ILLNESS", "HEAVY_EXPENSE", "UNINSURED"}),
    "DISABILITY": frozenset({"HEAVY_EXPENSE", "CARE_NEEDED"}),
    "STUDY": frozenset({"STUDY_COST", "DROPOUT_RISK"}),
    "DISASTER": frozenset({"DISASTER", "DANGEROUS_HOUSING"}),
    "LACK_OF_LABOUR": frozenset({"UNEMPLOYED"}),
    "LACK_OF_SKILLS": frozenset({"UNEMPLOYED", "INCOME_DROP"}),
    "LACK_OF_FUNDS": frozenset({"PRODUCTION_TROUBLE", "UNSOLD_PRODUCE"}),
    "LACK_OF_LAND": frozenset({"PRODUCTION_TROUBLE"}),
    "LACK_OF_WATER": frozenset({"UNSAFE_WATER"}),
    "OTHER": frozenset({"INCOME_DROP", "ACCIDENT", "FAMILY_UPHEAVAL"}),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: whether it is met, who can bring what is missing, and what it was judged by."""

    code: str
    state: ConditionState
    of: Party
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def as_requirement(self) -> Requirement:
        """As a refusal names it."""
        return Requirement(self.code, self.of, {**self.detail, "state": self.state.value})


@dataclass(frozen=True, slots=True)
class DoorFacts:
    """The newest call at the door, met by somebody, since the family is monitored: its answers, and findings by kind."""

    on: date
    answers: Mapping[str, Any]
    findings: frozenset[str]


@dataclass(frozen=True, slots=True)
class EliminationFacts:
    """Everything that the conditions ask. `delivered`: measures since it is monitored; None where nobody keeps them.
    `waiting`, `verified`: clues since then that wait to be verified, and that were found true."""

    today: date
    per_capita_fen: int | None
    line_fen: int
    unknown_months: tuple[date, ...]
    door: DoorFacts | None
    causes: tuple[str, ...]
    waiting: int
    verified: int
    monitored_on: date | None
    stability_months: int
    delivered: int | None
    measures: int
    labour: frozenset[str]


def conditions(facts: EliminationFacts) -> tuple[Condition, ...]:
    """All of them, in the order in which they are read out; nothing is left out because another is unmet."""
    guarantees = (_guarantee(code, facts.door) for code in GUARANTEES)
    return (_income(facts), *guarantees, *(judge(facts) for judge in _REST))


def unmet(found: Collection[Condition]) -> list[Requirement]:
    """What keeps a family under monitoring: whatever is not known to be met."""
    return [one.as_requirement for one in found if one.state is not MET]


def _income(facts: EliminationFacts) -> Condition:
    """Above the line of the year; "below" is strict (§11.9), so who is on it is not below, and not above either."""
    code, line = INCOME_ABOVE_LINE, {"line": f"{facts.line_fen / 100:.2f}"}
    if facts.per_capita_fen is None:
        months = [f"{month:%Y-%m}" for month in facts.unknown_months]
        return Condition(code, UNKNOWN, Party.VILLAGE, {**line, "unknownMonths": months})
    return Condition(code, MET if facts.per_capita_fen > facts.line_fen else UNMET, Party.FAMILY, line)


def _guarantee(code: str, door: DoorFacts | None) -> Condition:
    """As the newest visit found it: a finding outweighs an answer, and what was not asked is not known."""
    key, good, finding = GUARANTEES[code]
    if door is None:
        return Condition(code, UNKNOWN, Party.HELPER)
    seen = {"visitedOn": str(door.on)}
    if finding in door.findings:
        return Condition(code, UNMET, Party.TOWNSHIP, {**seen, "finding": finding})
    if key not in door.answers:
        return Condition(code, UNKNOWN, Party.HELPER, seen)
    return Condition(code, MET if door.answers[key] in good else UNMET, Party.TOWNSHIP, seen)


def _original_risk(facts: EliminationFacts) -> Condition:
    """The risk that the case stands on shows no more at the door."""
    code = ORIGINAL_RISK_GONE
    if facts.door is None:
        return Condition(code, UNKNOWN, Party.HELPER)
    shows = frozenset().union(*(RISKS_OF_CAUSE.get(cause, frozenset()) for cause in facts.causes))
    still = sorted(shows & facts.door.findings)
    return Condition(code, UNMET if still else MET, Party.VILLAGE, {"visitedOn": str(facts.door.on), "findings": still})


def _new_risk(facts: EliminationFacts) -> Condition:
    """None new: no sign was found true since, and none waits to be looked into."""
    told = {"waiting": facts.waiting, "verified": facts.verified}
    if facts.verified:
        return Condition(NO_NEW_RISK, UNMET, Party.VILLAGE, told)
    return Condition(NO_NEW_RISK, UNKNOWN if facts.waiting else MET, Party.HELPER, told)


def _stable(facts: EliminationFacts) -> Condition:
    """So many months since the family is monitored: half a year, if policy says nothing else (§4, §11.13)."""
    code = STABLE_LONG_ENOUGH
    if facts.monitored_on is None:
        return Condition(code, UNKNOWN, Party.COUNTY, {"from": "?"})
    until = months_after(facts.monitored_on, facts.stability_months)
    return Condition(code, MET if facts.today >= until else UNMET, Party.TIME, {"from": str(until)})


def _measure(facts: EliminationFacts) -> Condition:
    """At least one measure delivered before: "one delivered measure before" (§11.13)."""
    code, told = MEASURE_DELIVERED, {"delivered": facts.delivered, "needed": facts.measures}
    if not facts.measures:
        return Condition(code, MET, Party.TOWNSHIP, told)
    if facts.delivered is None:
        return Condition(code, UNKNOWN, Party.TOWNSHIP, told)
    return Condition(code, MET if facts.delivered >= facts.measures else UNMET, Party.TOWNSHIP, told)


def _labour(facts: EliminationFacts) -> Condition:
    """Wholly without labour it stays under the safety net, whatever it has."""
    has_some = not WITH_LABOUR.isdisjoint(facts.labour)
    return Condition(HAS_LABOUR, MET if has_some else UNMET, Party.COUNTY)


_REST: Final[tuple[Callable[[EliminationFacts], Condition], ...]] = (
    _original_risk,
    _new_risk,
    _stable,
    _measure,
    _labour,
)
