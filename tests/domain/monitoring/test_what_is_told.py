"""Figures and clues: what was said before, and what is said now, stands in the trace under the family's key."""

from __future__ import annotations

import uuid
from typing import Any

from domain.audit.before_and_after import opened_changes
from domain.monitoring.rules import ClueOutcome
from tests import databases
from tests.domain.families.conftest import Town, person
from tests.domain.monitoring.conftest import a_sign, figure, write_down
from tests.domain.monitoring.test_clues import two_at_the_door, verify

ENTRY = "SELECT changes FROM audit_entry WHERE action = $1 AND subject_id = $2 ORDER BY id DESC LIMIT 1"


async def changes(town: Town, action: str, subject: uuid.UUID) -> dict[str, Any]:
    rows = await town.sql.fetch("SELECT id, wrapped FROM trace_key WHERE wrapped IS NOT NULL")
    keys = {row["id"]: row["wrapped"] for row in rows}
    return opened_changes(await databases.ring(town.sql), await town.sql.fetchval(ENTRY, action, subject), keys)


async def test_a_figure_that_is_superseded_is_told_with_the_one_in_its_place(town: Town) -> None:
    head = person("甲")
    family = await town.family(head)
    await write_down(town, town.village_officer, figure(family, "2026-01", "WAGE", "1000", person_id=head.id))
    await write_down(
        town,
        town.village_officer,
        figure(family, "2026-01", "WAGE", "1200", person_id=head.id),
        figure(family, "2026-01", "MEDICAL", "80"),
    )
    told = await changes(town, "record_income_statement", family)
    (wage,) = told[str(head.id)].values()
    (medical,) = told["household"].values()
    assert (wage, medical) == ([100000, 120000], [None, 8000]), "in fen"


async def test_what_was_found_of_a_clue_and_why_is_told(town: Town) -> None:
    family = await town.family()
    clue = await a_sign(town, family)
    assert clue is not None
    visit = await two_at_the_door(town, family)
    await verify(town, town.village_officer, clue, visit, ClueOutcome.NOT_CONFIRMED, "儿子已寄钱回家")
    assert await changes(town, "verify_clue", clue) == {
        "household": {"clueState": ["NEW", "DISMISSED"], "clueReason": [None, "儿子已寄钱回家"]}
    }
