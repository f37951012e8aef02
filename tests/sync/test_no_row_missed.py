"""A probe: many write at once, one of them for long, and readers pull all the while. Which rows does nobody hear of?

The same probe is put to two cursors that look right and are not: it must catch them, or it would prove nothing.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from tests.sync.phones import HOUSEHOLDS, VISITS, pulled
from tests.visiting import a_visit, homes_of, submit
from tests.world import World

WRITERS, TRANSACTIONS, BATCHES = 8, 30, 12
READER = "county_officer"
PAGE = 7  # small, so that most reads end in the middle of what changed

WRITE = "UPDATE household SET revision = revision + 1, updated_at = now() WHERE id = $1"
# What a beginner would pull by: a number that every change is given when it is made.
NUMBERED = """
CREATE TABLE naive_change (seq bigserial PRIMARY KEY, id uuid NOT NULL);
CREATE FUNCTION naive_number() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO naive_change (id) VALUES (NEW.id); RETURN NULL; END $$;
CREATE TRIGGER naive_number AFTER UPDATE ON household FOR EACH ROW EXECUTE FUNCTION naive_number()
"""
BY_NUMBER = """SELECT c.seq AS position, h.id, h.revision FROM naive_change c JOIN household h ON h.id = c.id
WHERE c.seq > $1 ORDER BY c.seq LIMIT $2"""
BY_TIME = """SELECT updated_at AS position, id, revision FROM household
WHERE updated_at > $1 ORDER BY updated_at LIMIT $2"""


@dataclass
class Race:
    """What readers ended with, by the name of their cursor: the revision of each household, the ids of visits."""

    written: dict[str, str] = field(default_factory=dict)
    seen: dict[str, dict[str, str]] = field(default_factory=dict)
    late: str = ""  # the household of the transaction that stayed open
    submitted: set[str] = field(default_factory=set)
    pulled_visits: set[str] = field(default_factory=set)
    has_read: dict[str, asyncio.Event] = field(default_factory=dict)

    def missed(self, cursor: str) -> set[str]:
        """Households whose last revision this cursor never showed."""
        seen = self.seen[cursor]
        return {id for id, revision in self.written.items() if seen.get(id) != revision}


@pytest.fixture(scope="module")
async def race(world: World) -> Race:
    """All writers and readers at once, until the last has written and every reader has read to its end."""
    await world.sql.execute(NUMBERED)
    homes = [str(row["id"]) for row in await world.sql.fetch("SELECT id FROM household WHERE region_code ^@ '350125'")]
    race, done, dice = Race(), asyncio.Event(), random.Random(20261122)
    race.late = homes.pop()
    began = datetime.now(UTC)
    first = {query: (await to_the_end(world, query))[0] for query in (HOUSEHOLDS, VISITS)}
    readers = [
        asyncio.create_task(read_pulls(world, race, first, done)),
        asyncio.create_task(read_naively(world, race, "number", BY_NUMBER, 0, done)),
        asyncio.create_task(read_naively(world, race, "time", BY_TIME, began, done)),
    ]
    late = await asyncpg.connect(world.settings.database_url)
    async with late.transaction():
        await late.execute(WRITE, uuid.UUID(race.late))
        await asyncio.gather(
            *(write(world, homes, random.Random(dice.random())) for _ in range(WRITERS)), send(world, race)
        )
        for _ in range(2):  # whoever is in the middle of a round has begun it too early: the round after it counts
            for has_read in race.has_read.values():
                has_read.clear()
            await asyncio.gather(*(has_read.wait() for has_read in race.has_read.values()))
    await late.close()
    done.set()
    await asyncio.gather(*readers)
    rows = await world.sql.fetch("SELECT id::text, revision::text FROM household WHERE updated_at >= $1", began)
    race.written = {row["id"]: row["revision"] for row in rows}
    return race


async def write(world: World, homes: list[str], dice: random.Random) -> None:
    """Short transactions over one to four families anywhere in the county; some are rolled back."""
    connection = await asyncpg.connect(world.settings.database_url)
    for _ in range(TRANSACTIONS):
        transaction = connection.transaction()
        await transaction.start()
        for home in sorted(dice.sample(homes, dice.randint(1, 4))):  # in one order, or they would deadlock
            await connection.execute(WRITE, uuid.UUID(home))
            for _ in range(dice.randint(0, 20)):
                await asyncio.sleep(0)
        await (transaction.rollback() if dice.random() < 0.1 else transaction.commit())
    await connection.close()


async def send(world: World, race: Race) -> None:
    """A cadre's batches, through the API."""
    homes = await homes_of(world, "cadre")
    for number in range(BATCHES):
        visits = [await a_visit(world, homes[(number + n) % len(homes)]) for n in range(5)]
        results = (await submit(world, "cadre", visits))["results"]
        race.submitted |= {result["id"] for result in results if result["outcome"] == "APPLIED"}


async def to_the_end(world: World, query: str, since: str | None = None) -> tuple[str, list[Any]]:
    """Pull until nothing remains: the last cursor and all documents."""
    documents: list[Any] = []
    while True:
        page = await pulled(world, READER, query, since, PAGE if since else 1000)
        documents += page["documents"]
        since = str(page["checkpoint"]["cursor"])
        if not page["hasMore"]:
            return since, documents


async def read_pulls(world: World, race: Race, cursors: dict[str, str], done: asyncio.Event) -> None:
    seen = race.seen["pull"] = {}

    async def once() -> None:
        cursors[HOUSEHOLDS], documents = await to_the_end(world, HOUSEHOLDS, cursors[HOUSEHOLDS])
        seen.update({document["id"]: document["revision"] for document in documents})
        cursors[VISITS], documents = await to_the_end(world, VISITS, cursors[VISITS])
        race.pulled_visits |= {document["id"] for document in documents}

    await until(race, "pull", done, once)


async def read_naively(world: World, race: Race, name: str, query: str, position: Any, done: asyncio.Event) -> None:
    connection = await asyncpg.connect(world.settings.database_url)
    seen = race.seen[name] = {}

    async def once() -> None:
        nonlocal position
        while rows := await connection.fetch(query, position, PAGE):
            seen.update({str(row["id"]): str(row["revision"]) for row in rows})
            position = rows[-1]["position"]

    await until(race, name, done, once)
    await connection.close()


async def until(race: Race, name: str, done: asyncio.Event, once: Callable[[], Awaitable[None]]) -> None:
    """Again and again, and once more after everything is written."""
    race.has_read[name] = asyncio.Event()
    while not done.is_set():
        await once()
        race.has_read[name].set()
        await asyncio.sleep(0)
    await once()


async def test_pulling_misses_no_family_and_no_visit(race: Race) -> None:
    assert len(race.written) > 20
    assert race.late in race.written
    assert race.missed("pull") == set()
    assert len(race.submitted) == BATCHES * 5
    assert race.submitted - race.pulled_visits == set()


async def test_a_cursor_of_the_time_of_change_misses_what_commits_late(race: Race) -> None:
    assert race.late in race.missed("time")


async def test_a_number_taken_when_the_row_is_written_misses_what_commits_late(race: Race) -> None:
    assert race.late in race.missed("number")
