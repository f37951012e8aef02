"""Sealing anew with the newest key (密钥轮换), while the service runs: in small steps that can be broken off and go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import asyncpg

from domain.base.sealed_fields import envelopes
from domain.base.sealing import Ring

Say = Callable[[str], None]
ROWS_AT_ONCE: Final = 1000

# Bytes two and three of an envelope are its key's id (sealing.py).
_OLDER = """
SELECT {key} AS id, {column} AS envelope FROM {table}
WHERE {key} > $1 AND {column} IS NOT NULL AND get_byte({column}, 1) * 256 + get_byte({column}, 2) <> $2
ORDER BY {key} LIMIT {rows}
"""
# Only what is still as it was read: whoever has written meanwhile has sealed with the newest key.
_PUT = """
UPDATE {table} t SET {column} = n.new FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS n(id, old, new)
WHERE t.{key} = n.id AND t.{column} = n.old
"""
_BEFORE_ALL = "00000000-0000-0000-0000-000000000000"


async def reseal(connection: asyncpg.Connection, ring: Ring, *, say: Say) -> int:
    """Seal with the ring's newest key what is sealed with another; answers how many values. Safe to repeat.

    Each step is a transaction of a thousand rows, and no phone hears of it: nothing has changed that it could see.
    `connection` belongs to a superuser or to ruhu_machine. Raises CannotOpen for what no key of the ring opens.
    """
    count = 0
    for table, key, column, place in envelopes():
        last, done = _BEFORE_ALL, 0
        older = _OLDER.format(table=table, key=key, column=column, rows=ROWS_AT_ONCE)
        while rows := await connection.fetch(older, last, ring.sealing_with):
            old = [row["envelope"] for row in rows]
            new = [ring.seal(place, row["id"], ring.unseal(place, row["id"], row["envelope"])) for row in rows]
            async with connection.transaction():
                await connection.execute("SELECT set_config('ruhu.reseals', 'yes', true)")
                put = _PUT.format(table=table, key=key, column=column)
                await connection.execute(put, [row["id"] for row in rows], old, new)
            last, done = rows[-1]["id"], done + len(rows)
        if done:
            say(f"  {table}.{column}: {done:,}")
        count += done
    return count
