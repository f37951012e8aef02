"""How Alembic reaches the database: over the connection it is handed, or over RUHU_DATABASE_URL.

Every migration runs as ruhu_owner, with timeouts: a migration that cannot get its lock in five seconds gives up and
can be run again; it never makes the whole service wait behind it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from domain.tables import metadata

# Made by extensions or by a migration's own SQL; no mapped class stands on them.
NOT_OURS = {"spatial_ref_sys"}


def is_ours(thing: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Whether autogenerate may compare this object."""
    if kind == "table" and name in NOT_OURS:
        return False
    return bool(alembic_helpers.include_object(thing, name, kind, reflected, compare_to))


def migrate(connection: Connection) -> None:
    """One transaction per migration, so that a long chain that breaks leaves what it has done."""
    connection.execute(text("SET ROLE ruhu_owner"))
    connection.execute(text("SET lock_timeout = '5s'"))
    connection.execute(text("SET statement_timeout = '15min'"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=metadata(),
        include_object=is_ours,
        process_revision_directives=alembic_helpers.writer,
        render_item=alembic_helpers.render_item,
        transaction_per_migration=True,
        compare_server_default=False,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.execute(text("RESET ROLE"))
    connection.commit()


async def connect_and_migrate() -> None:
    """For `alembic …` typed by hand: the address comes from the environment."""
    from api.settings import load_settings

    url = load_settings().database_url
    if url is None:
        raise SystemExit("Set RUHU_DATABASE_URL, or use ./ruhu migrate.")
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


handed_over = context.config.attributes.get("connection")
if handed_over is None:
    asyncio.run(connect_and_migrate())
else:
    migrate(handed_over)
