"""`./ruhu keys rotate-fields` and `./ruhu keys rewrap`: another key for what stands sealed, another master key over all."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import asyncpg

from api.cli.target import key_for, run, say, settings, target
from api.database import connected
from domain.base.key_ring import (
    KNOWN_BEFORE_USED,
    READ_EVERY_SECONDS,
    add_key,
    is_exchanging,
    read_ring,
    rewrap,
    throw_away_older,
)
from domain.base.resealing import reseal

ROUND: Final = timedelta(seconds=2 * READ_EVERY_SECONDS)  # in which every server has read the table again


def rotate_fields() -> None:
    """Makes a new key, or goes on with one that is not at its end, and seals everything with it."""
    chosen = settings()
    master = key_for(chosen)

    async def rotate(url: str) -> None:
        async with connected(url, "ruhu_machine") as connection:
            await exchange(connection, master, KNOWN_BEFORE_USED, ROUND)

    with target(chosen) as url:
        run(rotate(url))


async def exchange(connection: asyncpg.Connection, master: bytes, known_before: timedelta, heard: timedelta) -> None:
    """Seal everything with a new key, once all servers know it and seal with it; then the older ones go."""
    if await is_exchanging(connection):
        say("Going on with the newest key.")
    else:
        number = await add_key(connection, master, datetime.now(UTC), known_before)
        say(f"Key {number} is made; it is used in {known_before.seconds} seconds, when all servers know it.")
    begun = await connection.fetchval("SELECT max(starts_at) FROM sealing_key")
    await asyncio.sleep(max(0.0, (begun + heard - datetime.now(UTC)).total_seconds()))
    ring = await read_ring(connection, master, datetime.now(UTC))
    count = await reseal(connection, ring, say=say)
    await throw_away_older(connection, ring.sealing_with)
    say(f"Values sealed anew with key {ring.sealing_with}: {count:,}. Older keys are gone.")


def rewrap_keys(file: Path) -> None:
    """Wraps all keys under the master key of another file, which the servers are then to be started with."""
    chosen = settings()
    old = key_for(chosen)
    new = key_for(chosen.model_copy(update={"master_key": None, "master_key_file": file, "master_key_command": None}))

    async def wrap(url: str) -> int:
        async with connected(url, "ruhu_machine") as connection, connection.transaction():
            return await rewrap(connection, old, new)

    with target(chosen) as url:
        count = run(wrap(url))
    say(f"{count} keys are wrapped under the master key of {file}: start the servers with it from now on.")
