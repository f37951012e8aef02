"""The town of the families' tests, with figures and clues: real commits, clocks that are set."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import asyncpg

from domain.access.rules import Actor
from domain.monitoring.actions import StatementRow, raise_clue, record_income_statement
from domain.monitoring.rules import ClueSource
from tests.domain.families.conftest import Town, town

__all__ = ["town"]

MONTHS = [f"2025-{month:02}" for month in range(3, 13)] + ["2026-01", "2026-02"]  # the year before March 2026


def figure(
    household: uuid.UUID, month: str = "2026-02", kind: str = "WAGE", amount: str = "1000", **more: Any
) -> StatementRow:
    """A figure that is in order: the family said it."""
    return StatementRow(household, month, kind, amount, **{"origin": "SELF_DECLARED", **more})


async def write_down(
    town: Town, actor: Actor, *rows: StatementRow, operation_id: uuid.UUID | None = None
) -> Sequence[str]:
    """The ids of the figures that hold."""
    done = await town.do(actor, record_income_statement, operation_id=operation_id or uuid.uuid4(), rows=rows)
    ids: Sequence[str] = done["statement_ids"]
    return ids


async def a_sign(town: Town, household: uuid.UUID, actor: Actor | None = None, **changed: Any) -> uuid.UUID | None:
    """A neighbour's word about a family, heard in the sweep of March."""
    told: Mapping[str, Any] = {
        "sign": "HARDSHIP",
        "period": "2026-03",
        "source": ClueSource.SWEEP,
        "reference": str(uuid.uuid4()),
        "detail": {},
        **changed,
    }
    return await town.do(actor or town.village_officer, raise_clue, household_id=household, **told)


def at(actor: Actor, text: str) -> Actor:
    """The same somebody at another time."""
    return replace(actor, at=datetime.fromisoformat(text))


async def clues(town: Town, household: uuid.UUID) -> list[asyncpg.Record]:
    return await town.sql.fetch("SELECT * FROM clue WHERE household_id = $1 ORDER BY sign, period", household)


async def witnesses(town: Town, clue_id: uuid.UUID) -> list[asyncpg.Record]:
    return await town.sql.fetch(
        "SELECT * FROM clue_witness WHERE clue_id = $1 ORDER BY received_at, reference", clue_id
    )


async def a_visit(
    town: Town, household: uuid.UUID, actor: Actor, occurred_at: str, *along: uuid.UUID, **changed: Any
) -> uuid.UUID:
    """A call of this actor's at the family's, with whoever came along."""
    form = await town.sql.fetchrow("SELECT id, version FROM survey_form LIMIT 1")
    row = {
        "id": uuid.uuid4(),
        "household_id": household,
        "region_code": (await town.household(household))["region_code"],
        "recorded_by_id": actor.id,
        "helper_id": actor.viewer.helper_id,
        "purpose": "VERIFICATION",
        "contact": "IN_PERSON",
        **dict.fromkeys(("occurred_at", "captured_at", "received_at"), datetime.fromisoformat(occurred_at)),
        "late_by_seconds": 0,
        "credibility": "[]",
        "form_id": form["id"],
        "form_version": form["version"],
        "answers": "{}",
        "is_complete": True,
        **changed,
    }
    places = ", ".join(f"${n}" for n in range(1, len(row) + 1))
    await town.sql.execute(f"INSERT INTO visit ({', '.join(row)}) VALUES ({places})", *row.values())
    for helper in along:
        await town.sql.execute(
            "INSERT INTO visit_companion (visit_id, helper_id, region_code) VALUES ($1, $2, $3)",
            row["id"],
            helper,
            row["region_code"],
        )
    visit: uuid.UUID = row["id"]
    return visit
