"""Loading many rows at once: without foreign keys, secondary indexes and triggers while the rows stream in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

_FOREIGN_KEYS = """
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
       format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY ($1::text[]::regclass[]) ORDER BY conname
"""
# Indexes that no constraint owns; exclusion constraints keep theirs.
_INDEXES = """
SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
FROM pg_index WHERE indrelid = ANY ($1::text[]::regclass[])
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
ORDER BY indexrelid::regclass::text
"""


@asynccontextmanager
async def bare(connection: asyncpg.Connection, tables: Sequence[str]) -> AsyncIterator[None]:
    """Inside, `tables` have no foreign keys, secondary indexes or triggers; afterwards all of them, checked in bulk.

    Must be inside a transaction of a member of ruhu_owner and ruhu_machine. The tables are locked until it ends. Row by
    row, keys and indexes cost four times as much as one check of everything. The change feed hears nothing of it.
    """
    await connection.execute("SET LOCAL ROLE ruhu_owner")
    await connection.execute("SET LOCAL maintenance_work_mem = '512MB'")
    put_back: list[str] = []
    for query in (_FOREIGN_KEYS, _INDEXES):
        for drop, create in await connection.fetch(query, tables):
            await connection.execute(drop)
            put_back.append(create)
    for table in tables:
        await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    # COPY is refused under row-level security, for the owner too; the machine role stands outside it.
    await connection.execute("SET LOCAL ROLE ruhu_machine")
    yield
    await connection.execute("SET LOCAL ROLE ruhu_owner")
    for table in tables:
        await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    for create in reversed(put_back):
        await connection.execute(create)
    for table in tables:
        await connection.execute(f"ANALYZE {table}")
