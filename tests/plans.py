"""What PostgreSQL would do with a query: EXPLAIN of the very statement the engine sends, as the app role sends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from sqlalchemy import Select

from api.app import PLANNED_ANEW, PLANNED_ONCE, as_app
from api.settings import Settings
from domain.access.rules import ANONYMOUS, Viewer
from schema.engine import Engine
from schema.engine.compile import statement_of
from schema.root import catalogue
from schema.walls import FLAGS, SETTINGS


async def explain(url: str, query: str, variables: Mapping[str, Any] | None = None, viewer: Viewer = ANONYMOUS) -> str:
    """The plan that the application's own connections would run: made without values, or anew where the engine says so.

    By PREPARE, because EXPLAIN of a statement with parameters always looks at their values.
    """
    connection = await asyncpg.connect(url, server_settings=as_app(Settings(database_url=url)))
    try:
        engine = Engine(catalogue(), connection, settings=SETTINGS, flags=FLAGS)
        prepared = engine.prepare(query, None, viewer)
        given = engine.coerce(prepared, variables)
        plan = engine.plan(prepared, given, viewer)
        planned = PLANNED_ANEW if plan.has_choice and viewer.sees_by_region else PLANNED_ONCE
        return await _explained(connection, planned, plan.sql, plan.values(given, viewer))
    finally:
        await connection.close()


async def explain_statement(url: str, statement: Select[Any], given: Mapping[str, Any], viewer: Viewer) -> str:
    """The same of a resolver's own statement."""
    connection = await asyncpg.connect(url, server_settings=as_app(Settings(database_url=url)))
    try:
        made = statement_of(statement, SETTINGS, frozenset((name, getattr(viewer, name)) for name in FLAGS))
        return await _explained(connection, PLANNED_ONCE, made.sql, made.values(given, viewer))
    finally:
        await connection.close()


async def _explained(connection: Any, planned: Mapping[str, str], sql: str, values: Sequence[Any]) -> str:
    await connection.execute(f"SET plan_cache_mode = {planned['plan_cache_mode']}")
    await connection.execute(f"PREPARE asked AS {sql}")
    written = ", ".join(map(_written, values))
    rows = await connection.fetch(f"EXPLAIN (ANALYZE, COSTS OFF) EXECUTE asked({written})")
    return "\n".join(row[0] for row in rows)


def _written(value: Any) -> str:
    """A parameter as SQL; PREPARE knows its type."""
    match value:
        case None:
            return "NULL"
        case bool() | int() | float():
            return str(value)
        case bytes():
            return f"'\\x{value.hex()}'"
        case list():  # of texts or ids, none of which needs quoting
            return "'{" + ",".join(map(str, value)) + "}'"
        case _:
            return "'" + str(value).replace("'", "''") + "'"
