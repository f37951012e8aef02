"""Figures of families that were loaded past the triggers: reckoned at once, some thousands at a time."""

from __future__ import annotations

from datetime import datetime

import asyncpg

# Planning costs more than a township of the demo, and memory grows with the families of one call.
_RESTAND = """
SELECT coalesce(sum(ruhu_restand(ids, $1)), 0)::bigint FROM (
  SELECT array_agg(id) AS ids FROM (
    SELECT id, row_number() OVER (ORDER BY region_code, id) / 2000 AS part
    FROM household WHERE region_code ^@ $2) AS numbered
  GROUP BY part) AS parts
"""


async def restand(connection: asyncpg.Connection, at: datetime, *, below: str = "") -> int:
    """Bring the standings of all families below a division up to date, known since `at`; how many deltas that made.

    `connection` may act as ruhu_owner. Families that stand already as they should make none.
    """
    return int(await connection.fetchval(_RESTAND, at, below))
