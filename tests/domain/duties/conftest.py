"""A family of its own in the demo's village, its facts set by hand on any day, and what is due for it on any other."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Date, Uuid, bindparam, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB

from domain.access.queries import find_viewer
from domain.access.rules import Viewer
from domain.demo.personas import account_id
from domain.duties.queries import duties
from domain.duties.rules import DutyRule
from domain.duties.shape import Asked
from schema.engine.compile import Statement, statement_of
from schema.walls import FLAGS

CHINA = timezone(timedelta(hours=8))
VILLAGE = "350125201205"


def noon(day: date | str, hour: int = 12) -> datetime:
    """An instant on a day in China."""
    on = date.fromisoformat(day) if isinstance(day, str) else day
    return datetime(on.year, on.month, on.day, hour, tzinfo=CHINA)


def day_of(given: date | str) -> date:
    return date.fromisoformat(given) if isinstance(given, str) else given


@dataclass
class Family:
    """One household, and the hands that change its facts. Nothing of it is committed."""

    sql: asyncpg.Connection
    viewer: Viewer
    statement: Statement
    id: uuid.UUID
    account: uuid.UUID
    form: tuple[uuid.UUID, int]

    async def due(self, on: date | str, *rules: DutyRule) -> list[dict[str, Any]]:
        """What stands open for it at the end of a day, those due first; of these rules, if any are named."""
        given = {"day": day_of(on), "household_id": self.id}
        body = await self.sql.fetchval(f"SELECT ({self.statement.sql})", *self.statement.values(given, self.viewer))
        found = json.loads(body)
        return [one for one in found if not rules or one["rule"] in rules]

    async def periods(self, on: date | str, rule: DutyRule = DutyRule.VISIT_DUE) -> list[str]:
        return [one["period"] for one in await self.due(on, rule)]

    async def change(self, **columns: Any) -> None:
        names = ", ".join(f"{name} = ${n}" for n, name in enumerate(columns, 2))
        await self.sql.execute(f"UPDATE household SET {names} WHERE id = $1", self.id, *columns.values())

    async def helper(self, name: str = "林国强") -> uuid.UUID:
        """Somebody new who helps."""
        id = uuid.uuid4()
        await self.sql.execute(
            "INSERT INTO helper (id, region_code, name, kind, is_party_member, started_on)"
            " VALUES ($1, $2, $3, 'CADRE', true, '2015-01-01')",
            *(id, VILLAGE, name),
        )
        return id

    async def pair(
        self, helper: uuid.UUID, started_on: date | str, ended_on: date | str | None = None, role: str = "KEY_HELP"
    ) -> None:
        await self.sql.execute(
            "INSERT INTO pairing (id, role, region_code, helper_id, household_id, started_on, ended_on, end_reason, created_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, CASE WHEN $7::date IS NOT NULL THEN 'HANDED_OVER' END, now())",
            *(uuid.uuid4(), role, VILLAGE, helper, self.id, day_of(started_on)),
            None if ended_on is None else day_of(ended_on),
        )

    async def visit(
        self,
        helper: uuid.UUID | None,
        occurred_at: datetime | str,
        *along: uuid.UUID,
        contact: str = "IN_PERSON",
        adults: int = 1,
        is_complete: bool = True,
        is_away: bool | None = None,
        received_at: datetime | None = None,
        purpose: str = "MONTHLY",
    ) -> uuid.UUID:
        at = noon(occurred_at) if isinstance(occurred_at, str) else occurred_at
        id = uuid.uuid4()
        answers: dict[str, Any] = {} if contact == "NOBODY_HOME" else {"adultsMet": adults}
        if is_away is not None:
            answers["isWholeFamilyAway"] = is_away
        await self.sql.execute(
            "INSERT INTO visit (id, household_id, region_code, recorded_by_id, helper_id, purpose, contact, occurred_at,"
            " captured_at, received_at, late_by_seconds, credibility, form_id, form_version, answers, is_complete)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, 0, '[]', $10, $11, $12, $13)",
            *(id, self.id, VILLAGE, self.account, helper, purpose, contact, at, received_at or at),
            *(*self.form, json.dumps(answers), is_complete),
        )
        for one in along:
            await self.sql.execute(
                "INSERT INTO visit_companion (visit_id, helper_id, region_code) VALUES ($1, $2, $3)", id, one, VILLAGE
            )
        return id

    async def tell(self, month: str, recorded_at: datetime | None = None, kind: str = "WAGE") -> None:
        """A figure of a month, told at an instant."""
        await self.sql.execute(
            "INSERT INTO income_statement (id, household_id, region_code, month, kind, amount_fen, origin, recorded_at,"
            " recorded_by_id) VALUES ($1, $2, $3, $4, $5, 100000, 'DOOR_SURVEY', $6, $7)",
            *(uuid.uuid4(), self.id, VILLAGE, date.fromisoformat(f"{month}-01"), kind),
            *(recorded_at or noon(f"{month}-28"), self.account),
        )

    async def set_policy(self, parameter: str, value: Any) -> None:
        await self.sql.execute(
            "DELETE FROM policy_value WHERE parameter = $1 AND region_code IN ($2, left($2, 9))", parameter, VILLAGE
        )
        await self.sql.execute(
            "INSERT INTO policy_value (id, region_code, parameter, value, from_on, document, basis, adopted_at)"
            " VALUES ($1, left($2, 9), $3, $4, '2015-01-01', 'test', 'ASSUMPTION', now())",
            *(uuid.uuid4(), VILLAGE, parameter, json.dumps(value)),
        )


def statement(viewer: Viewer) -> Statement:
    asked = Asked(
        bindparam("day", type_=Date(), required=True),
        household_id=bindparam("household_id", type_=Uuid(), required=True),
    )
    rows = duties(asked).subquery("found")
    told = select(rows).order_by(rows.c.due_on, rows.c.rule, rows.c.period).subquery("told")
    whole = select(
        func.coalesce(func.jsonb_agg(literal_column("to_jsonb(told)", JSONB())), literal_column("'[]'::jsonb"))
    )
    flags = frozenset((name, getattr(viewer, name)) for name in FLAGS)
    return statement_of(whole.select_from(told), {}, flags)


@pytest.fixture
async def family(database: asyncpg.Connection) -> Family:
    """Monitored, registered on the first day of 2020; nobody helps it and nobody has been there."""
    viewer = await find_viewer(database, account_id("county_officer"), date(2026, 11, 20), "zh")
    assert viewer is not None
    form = await database.fetchrow("SELECT id, version FROM survey_form LIMIT 1")
    one = Family(
        database, viewer, statement(viewer), uuid.uuid4(), account_id("county_officer"), (form["id"], form["version"])
    )
    await database.execute(
        "INSERT INTO household (id, code, region_code, category, registered_on, monitoring_status, created_at, updated_at)"
        " VALUES ($1, $2, $3, 'ORDINARY', '2020-01-01', 'MONITORED', now(), now())",
        *(one.id, f"{VILLAGE}-T{str(one.id)[:6]}", VILLAGE),
    )
    return one


def rules_of(found: Sequence[dict[str, Any]]) -> list[str]:
    return [one["rule"] for one in found]
