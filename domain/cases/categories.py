"""Under which category a family is monitored (监测对象类别). Pure: what it earns and what struck it come in."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Final

from domain.base.errors import Party, Problem, Requirement, missing
from domain.cases.rules import EDGE, REGISTERED_POOR, SUDDEN_HARDSHIP, UNSTABLE_LIFTED
from domain.households.rules import Path

# What strikes a family whatever it earns (因病因灾因意外事故等): the sign of the clue, or a cause of the case.
SHOCK_SIGNS: Final = frozenset(
    {"MEDICAL_EXPENSE", "STUDY_EXPENSE", "DISASTER", "FAMILY_UPHEAVAL", "RIGID_EXPENSE", "DANGEROUS_HOUSING"}
)
SHOCK_CAUSES: Final = frozenset({"ILLNESS", "DISABILITY", "DISASTER", "STUDY"})


def category_by_rule(*, is_lifted: bool, is_in_range: bool, has_shock: bool) -> str | None:
    """ "In range and LIFTED → UNSTABLE_LIFTED; in range, other → EDGE; above the range with a shock → SUDDEN_HARDSHIP"
    (domain.md §11.7). None: above the range, and nothing struck it."""
    if is_in_range:
        return UNSTABLE_LIFTED if is_lifted else EDGE
    return SUDDEN_HARDSHIP if has_shock else None


def decided_category(
    given: str | None,
    *,
    is_lifted: bool,
    is_in_range: bool | None,
    unknown_months: Collection[date],
    has_shock: bool,
    in_force: Collection[str],
) -> tuple[str | None, list[Problem]]:
    """The category of a family that the county admits, and what stands against it.

    is_in_range None: months of its income are not known; then the county says which category it finds, and nobody is shut
    out for a missing figure (应纳尽纳). "Categories are policy-dated (the 2020 rule knows two)" (§11.7).
    """
    path: Path = ("input", "category")
    if is_in_range is None and given is None:
        months = ", ".join(f"{month:%Y-%m}" for month in sorted(unknown_months))
        needed = Requirement("CATEGORY_OR_INCOME", Party.VILLAGE, {"months": months})
        return None, [missing("CATEGORY_UNKNOWN", path, needed)]
    # What may be, where the range is not known: either of what the rule says above and below it.
    ranges = (True, False) if is_in_range is None else (is_in_range,)
    found = [category_by_rule(is_lifted=is_lifted, is_in_range=one, has_shock=has_shock) for one in ranges]
    possible = [one for one in found if one is not None]
    if not possible:
        return None, [Problem("NOT_IN_RANGE", path)]
    chosen = possible[0] if given is None else given
    if chosen not in possible:
        return None, [Problem("CATEGORY_NOT_BY_RULE", path, {"category": ", ".join(possible)})]
    if chosen not in in_force:
        return None, [Problem("CATEGORY_NOT_IN_FORCE", path, {"category": chosen})]
    return chosen, []


def has_shock(sign: str | None, causes: Collection[str]) -> bool:
    """Whether something struck the family: the sign that its case stands on, or a cause (§11.7, ASSUMPTION which)."""
    return sign in SHOCK_SIGNS or not SHOCK_CAUSES.isdisjoint(causes)


def change_problems(to: str, now: str | None, in_force: Collection[str]) -> list[Problem]:
    """What stands against another category before the county asks the rule: it is another one, and the region knows it.
    Falling into poverty needs no category of monitoring."""
    path: Path = ("input", "category")
    if to == now:
        return [Problem("SAME_CATEGORY", path)]
    if to != REGISTERED_POOR and to not in in_force:
        return [Problem("CATEGORY_NOT_IN_FORCE", path, {"category": to})]
    return []
