"""The keys of an installation in their table (密钥表): made once, wrapped under the master key, and read by every process.

They stand in the database so that a backup holds all it takes to be read again but one thing, the master key, which is
never in it; and so that several servers share them without sharing a folder.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from domain.base.sealing import KEY_BYTES, CannotOpen, Ring, fingerprint, unwrapped, wrapped

FIELDS, INDEX = "FIELDS", "INDEX"
# How long a new key is known before anything is sealed with it. Servers read the table three times as often.
KNOWN_BEFORE_USED: Final = timedelta(seconds=60)
READ_EVERY_SECONDS: Final = 20.0

_ADD = """
INSERT INTO sealing_key (id, purpose, wrapped, master, made_at, starts_at)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING
"""
_READ = "SELECT id, purpose, wrapped, master, starts_at FROM sealing_key ORDER BY id"


class Connection(Protocol):
    """What is asked of the database: an asyncpg pool or connection has it."""

    async def fetch(self, query: str, *args: Any) -> Any: ...


async def make_keys(connection: Any, master: bytes, at: datetime) -> None:
    """The first keys, where there are none. `connection` belongs to a superuser or a member of ruhu_machine."""
    for key_id, purpose in ((1, FIELDS), (2, INDEX)):
        key = wrapped(master, key_id, purpose, os.urandom(KEY_BYTES))
        await connection.execute(_ADD, key_id, purpose, key, fingerprint(master), at, at)


async def add_key(connection: Any, master: bytes, at: datetime, known_before: timedelta = KNOWN_BEFORE_USED) -> int:
    """One more key for fields, with which values are sealed from `known_before` on; answers its id."""
    key_id: int = await connection.fetchval("SELECT max(id) + 1 FROM sealing_key")
    key = wrapped(master, key_id, FIELDS, os.urandom(KEY_BYTES))
    await connection.execute(_ADD, key_id, FIELDS, key, fingerprint(master), at, at + known_before)
    return key_id


async def read_ring(connection: Connection, master: bytes, at: datetime) -> Ring:
    """The keys as they stand. Raises CannotOpen where they are wrapped under another master key, or there are none."""
    keys, sealing_with, index_key = await _read(connection, master, at)
    return Ring(keys, sealing_with, index_key)


async def read_again(ring: Ring, connection: Connection, master: bytes, at: datetime) -> None:
    """Bring a ring that is in use up to the table."""
    keys, sealing_with, _ = await _read(connection, master, at)
    ring.learn(keys, sealing_with)


async def is_exchanging(connection: Connection) -> bool:
    """Whether an older key is there still: what was begun is not at its end."""
    return [row["purpose"] for row in await connection.fetch(_READ)].count(FIELDS) > 1


async def throw_away_older(connection: Any, newest: int) -> None:
    """Forget the keys with which nothing is sealed any more. Older backups keep theirs."""
    await connection.execute("DELETE FROM sealing_key WHERE purpose = $1 AND id < $2", FIELDS, newest)


async def rewrap(connection: Any, old: bytes, new: bytes) -> int:
    """Wrap all keys under another master key; what they have sealed stays as it is. Answers how many there are."""
    rows = await connection.fetch(_READ)
    for row in rows:
        key = unwrapped(old, row["id"], row["purpose"], row["wrapped"])
        again = wrapped(new, row["id"], row["purpose"], key)
        await connection.execute(
            "UPDATE sealing_key SET wrapped = $2, master = $3 WHERE id = $1", row["id"], again, fingerprint(new)
        )
    return len(rows)


async def _read(connection: Connection, master: bytes, at: datetime) -> tuple[dict[int, bytes], int, bytes]:
    rows = await connection.fetch(_READ)
    if not rows:
        raise CannotOpen("there are no sealing keys yet: run `./ruhu migrate`")
    if other := {row["master"] for row in rows} - {fingerprint(master)}:
        raise CannotOpen(
            f"the database's keys are wrapped under the master key {', '.join(sorted(other))}, "
            f"and the one given is {fingerprint(master)}"
        )
    keys = {(row["id"], row["purpose"]): unwrapped(master, row["id"], row["purpose"], row["wrapped"]) for row in rows}
    of_fields = {key_id: key for (key_id, purpose), key in keys.items() if purpose == FIELDS}
    in_use = max(row["id"] for row in rows if row["purpose"] == FIELDS and row["starts_at"] <= at)
    (index_key,) = (key for (_, purpose), key in keys.items() if purpose == INDEX)
    return of_fields, in_use, index_key
