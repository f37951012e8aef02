"""Exchanging keys while a service stands on them: all is sealed anew, nobody hears of it, and it may be broken off."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from api.cli.sealing import exchange
from domain.base import resealing
from domain.base.key_ring import add_key, read_ring, rewrap
from domain.base.resealing import reseal
from domain.base.sealed_fields import envelopes
from domain.base.sealing import CannotOpen, fingerprint
from tests import databases
from tests.databases import MASTER
from tests.schema.families_asked import listed
from tests.sealed import opened
from tests.world import World

NOW = timedelta(0)
OTHER_MASTER = bytes(32)


@pytest.fixture
async def url(template: str) -> AsyncIterator[str]:
    yield await databases.fresh_database("ruhu_sealing", template)
    await databases.drop_database("ruhu_sealing")


@pytest.fixture
async def sql(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url, server_settings={"role": "ruhu_machine"})
    yield connection
    await connection.close()


async def used(sql: asyncpg.Connection) -> set[int]:
    """The keys that anything stands sealed with."""
    found = set()
    for table, _, column, _ in envelopes():
        key = f"get_byte({column}, 1) * 256 + get_byte({column}, 2)"
        found |= {row[0] for row in await sql.fetch(f"SELECT DISTINCT {key} FROM {table} WHERE {column} IS NOT NULL")}
    return found


async def keys(sql: asyncpg.Connection) -> list[tuple[int, str]]:
    return [tuple(row) for row in await sql.fetch("SELECT id, purpose FROM sealing_key ORDER BY id")]


async def test_everything_is_sealed_with_the_new_key_and_reads_as_before(url: str, sql: asyncpg.Connection) -> None:
    before = {table: await opened(sql, table, "true ORDER BY id") for table in ("person", "household", "helper")}
    changes = await sql.fetchval("SELECT count(*) FROM change")

    await exchange(sql, MASTER, NOW, NOW)

    assert await used(sql) == {3}
    assert await keys(sql) == [(2, "INDEX"), (3, "FIELDS")]
    for table, rows in before.items():
        sealed = [column for of, _, column, _ in envelopes() if of == table]
        for one, then in zip(await opened(sql, table, "true ORDER BY id"), rows, strict=True):
            assert {**one, **dict.fromkeys(sealed)} == {**then, **dict.fromkeys(sealed)}
    assert await sql.fetchval("SELECT count(*) FROM change") == changes, "no phone has anything to learn from it"
    async with World.on(url) as world:
        id = (await listed(world, "cadre"))[0]
        seen = await world.ask("cadre", "query ($id: ID!) { household(id: $id) { phone } }", {"id": id})
        (home,) = await opened(sql, "household", "id = $1", uuid.UUID(id))
        assert seen["household"]["phone"] == home["phone"]


async def test_what_was_broken_off_goes_on_with_the_same_key(
    sql: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "ROWS_AT_ONCE", 100)
    number = await add_key(sql, MASTER, datetime.now(UTC), NOW)
    ring = await read_ring(sql, MASTER, datetime.now(UTC))

    def killed(line: str) -> None:
        raise KeyboardInterrupt(line)

    with pytest.raises(KeyboardInterrupt, match=r"person\.id_number_sealed"):
        await reseal(sql, ring, say=killed)
    assert await used(sql) == {1, number}

    await exchange(sql, MASTER, NOW, NOW)

    assert await used(sql) == {number}
    assert await keys(sql) == [(2, "INDEX"), (number, "FIELDS")]
    assert await reseal(sql, ring, say=lambda line: None) == 0


async def test_what_is_written_meanwhile_stays_as_it_was_written(sql: asyncpg.Connection) -> None:
    await add_key(sql, MASTER, datetime.now(UTC), NOW)
    ring = await read_ring(sql, MASTER, datetime.now(UTC))
    row, old = await sql.fetchrow("SELECT id, phone_sealed FROM household ORDER BY id LIMIT 1")
    newer = ring.seal("household.phone", row, "13900000000")

    class Meanwhile:
        """Somebody else is quicker, between the reading and the writing."""

        def __getattr__(self, name: str) -> object:
            return getattr(sql, name)

        async def execute(self, query: str, *arguments: object) -> str:
            if "UPDATE household" in query and "phone_sealed" in query:
                await sql.execute("UPDATE household SET phone_sealed = $2 WHERE id = $1", row, newer)
            return str(await sql.execute(query, *arguments))

    await reseal(Meanwhile(), ring, say=lambda line: None)  # type: ignore[arg-type]
    assert await sql.fetchval("SELECT phone_sealed FROM household WHERE id = $1", row) == newer != old


async def test_an_envelope_that_was_moved_stops_the_exchange_and_is_named(sql: asyncpg.Connection) -> None:
    one, other = await sql.fetch("SELECT id, phone_sealed FROM household ORDER BY id LIMIT 2")
    await sql.execute("UPDATE household SET phone_sealed = $2 WHERE id = $1", one["id"], other["phone_sealed"])
    with pytest.raises(CannotOpen, match=f"household.phone {one['id']} does not open with key 1"):
        await exchange(sql, MASTER, NOW, NOW)
    assert (1, "FIELDS") in await keys(sql), "no key goes while anything stands on it"


async def test_a_moved_envelope_is_an_error_for_who_reads_it_and_tells_nothing(url: str) -> None:
    async with World.on(url) as world:
        one, other = (await listed(world, "cadre"))[:2]
        envelope = await world.sql.fetchval("SELECT phone_sealed FROM household WHERE id = $1", uuid.UUID(other))
        await world.sql.execute("UPDATE household SET phone_sealed = $2 WHERE id = $1", uuid.UUID(one), envelope)
        body = await world.post("cadre", "query ($id: ID!) { household(id: $id) { code phone } }", {"id": one})
        assert body["data"]["household"]["phone"] is None
        assert body["data"]["household"]["code"]
        (error,) = body["errors"]
        assert (error["path"], error["extensions"]["code"]) == (["household", "phone"], "INTERNAL")


async def test_another_master_key_opens_what_was_wrapped_anew_and_the_old_one_no_more(sql: asyncpg.Connection) -> None:
    before = await opened(sql, "household", "true ORDER BY id")
    assert await rewrap(sql, MASTER, OTHER_MASTER) == 2
    ring = await read_ring(sql, OTHER_MASTER, datetime.now(UTC))
    assert ring.unseal("household.phone", before[0]["id"], before[0]["phone_sealed"]) == before[0]["phone"]
    with pytest.raises(CannotOpen, match=fingerprint(OTHER_MASTER)):
        await read_ring(sql, MASTER, datetime.now(UTC))


async def test_every_column_of_envelopes_is_sealed_anew(sql: asyncpg.Connection) -> None:
    columns = await sql.fetch(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name LIKE '%\\_sealed'"
    )
    # What stands under a household's own key is that key's affair; the key itself is sealed as any value is.
    sealed = {tuple(row) for row in columns} | {("trace_key", "wrapped")}
    assert sealed == {(table, column) for table, _, column, _ in envelopes()}
