"""What PostgreSQL would do with a query: EXPLAIN of the very statement the engine sends, as the app role sends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import asyncpg

from domain.access.rules import ANONYMOUS, Viewer
from schema.engine import Engine
from schema.root import catalogue
from schema.walls import SETTINGS


async def explain(url: str, query: str, variables: Mapping[str, Any] | None = None, viewer: Viewer = ANONYMOUS) -> str:
    """The generic plan, which is what a busy server runs: the planner does not see the parameters' values."""
    connection = await asyncpg.connect(
        url, server_settings={"role": "ruhu_app", "plan_cache_mode": "force_generic_plan"}
    )
    try:
        engine = Engine(catalogue(), connection, settings=SETTINGS)
        prepared = engine.prepare(query, None, viewer)
        given = engine.coerce(prepared, variables)
        plan = engine.plan(prepared, given, viewer)
        rows = await connection.fetch("EXPLAIN (ANALYZE, COSTS OFF) " + plan.sql, *plan.values(given, viewer))
    finally:
        await connection.close()
    return "\n".join(row[0] for row in rows)
