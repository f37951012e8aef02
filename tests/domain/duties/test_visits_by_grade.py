"""How often a household is visited by the level of its grade: "visit frequency by grade/category" (domain.md §7)."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest

from domain.duties.rules import DutyRule
from tests.domain.duties.conftest import VILLAGE, Family, noon

VISIT = DutyRule.VISIT_DUE


async def graded(
    family: Family, level: str, from_on: str, until_on: str | None = None, scheme: str = "THREE_LEVELS"
) -> None:
    """A grade that was filed, and perhaps superseded."""
    await family.sql.execute(
        "INSERT INTO risk_grade (id, household_id, region_code, scheme, level, state, reasons, indicators, proposed_at,"
        " filed_at, effective_from, superseded_at, superseded_on) VALUES ($1, $2, $3, $4, $5, $6, '{X}', '[]', $7, $7, $8,"
        " $9, $10)",
        *(uuid.uuid4(), family.id, VILLAGE, scheme, level, "SUPERSEDED" if until_on else "FILED"),
        *(noon(from_on), date.fromisoformat(from_on), noon(until_on) if until_on else None),
        date.fromisoformat(until_on) if until_on else None,
    )


@pytest.fixture
async def lifted(family: Family) -> Family:
    """A household that nobody monitors, which is to be visited twice a year by its category."""
    await family.change(monitoring_status="NEVER", category="LIFTED", registered_on=date(2019, 1, 1))
    await family.set_policy("GRADING_SCHEMES", ["THREE_LEVELS"])
    await family.set_policy("VISIT_INTERVAL_BY_CATEGORY", {"LIFTED": 6})
    await family.set_policy("VISIT_INTERVAL_BY_GRADE", {"RED": 1, "YELLOW": 3, "BLUE": 6})
    return family


async def months(family: Family, on: str = "2026-11-30") -> tuple[int, str]:
    """How often, and because of what."""
    (duty,) = [one for one in await family.due(on, VISIT) if one["due_on"] >= on]
    facts: dict[str, Any] = duty["facts"]
    return facts["months"], facts["because"]


@pytest.mark.parametrize(
    ("level", "expected"),
    [("RED", (1, "GRADE")), ("YELLOW", (3, "GRADE")), ("BLUE", (6, "CATEGORY")), (None, (6, "CATEGORY"))],
)
async def test_the_shortest_interval_that_policy_asks_for_counts(
    lifted: Family, level: str | None, expected: tuple[int, str]
) -> None:
    if level is not None:
        await graded(lifted, level, "2026-05-22")
    assert await months(lifted) == expected


async def test_only_the_grade_that_holds_on_the_day_and_only_under_a_scheme_in_use(lifted: Family) -> None:
    await graded(lifted, "RED", "2026-05-22", "2026-10-15")
    await graded(lifted, "BLUE", "2026-10-15")
    assert await months(lifted, "2026-09-30") == (1, "GRADE")
    assert await months(lifted) == (6, "CATEGORY")
    await graded(lifted, "RED", "2026-10-15", scheme="FOUR_LIGHTS")
    assert await months(lifted) == (6, "CATEGORY"), "the county uses no lights"
    await lifted.set_policy("GRADING_SCHEMES", ["THREE_LEVELS", "FOUR_LIGHTS"])
    assert await months(lifted) == (1, "GRADE")


async def test_key_help_has_its_own_and_tracking_is_shortened_too(lifted: Family) -> None:
    await graded(lifted, "BLUE", "2026-05-22")
    await lifted.change(monitoring_status="MONITORED")
    assert await months(lifted) == (1, "MONITORED"), "blue ends nobody's key help"
    await lifted.change(monitoring_status="ELIMINATED_TRACKED")
    await lifted.set_policy("TRACKING_INTERVAL", 3)
    assert await months(lifted, "2026-11-30") == (3, "TRACKED")
    await lifted.sql.execute("DELETE FROM risk_grade WHERE household_id = $1", lifted.id)
    await graded(lifted, "RED", "2026-05-22")
    assert await months(lifted) == (1, "GRADE")


async def test_a_category_that_policy_does_not_name_is_visited_because_of_its_grade_alone(lifted: Family) -> None:
    await lifted.set_policy("VISIT_INTERVAL_BY_CATEGORY", {"EDGE": 3})
    assert await lifted.due("2026-11-30", VISIT) == []
    await graded(lifted, "YELLOW", "2026-05-22")
    assert await months(lifted) == (3, "GRADE")
