"""What stands sealed in a test's database, opened with its keys."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import asyncpg

from domain.base.sealed_fields import CONTENT, unsealed
from tests import databases


async def opened(sql: asyncpg.Connection, table: str, where: str = "true", *arguments: Any) -> list[dict[str, Any]]:
    """The rows for which the condition holds, with their numbers in the clear beside the sealed columns."""
    ring = await databases.ring(sql)
    rows = await sql.fetch(f"SELECT * FROM {table} WHERE {where}", *arguments)
    return [{**row, **unsealed(ring, table, SimpleNamespace(**row))} for row in rows]


async def pushed(sql: asyncpg.Connection, where: str = "true", *arguments: Any) -> list[dict[str, Any]]:
    """The pushed families for which the condition holds: their submissions, with `content` as it was sent."""
    ring = await databases.ring(sql)
    rows = await sql.fetch(f"SELECT * FROM submission WHERE kind = 'HOUSEHOLD' AND ({where})", *arguments)
    return [{**row, "content": json.loads(ring.unseal(CONTENT, row["id"], row["content_sealed"]))} for row in rows]
