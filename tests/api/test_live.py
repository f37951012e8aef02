"""Waiting for the feed's heads: who is woken by what, and what it costs."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import asyncpg
import pytest
import structlog

from api import live
from api.app import as_app
from api.live import Feed
from api.settings import Settings
from schema.context import Place
from tests import databases

YONGTAI, SONGKOU = 350125100, 350125101
Commit: TypeAlias = Callable[..., Awaitable[Any]]
HELPER = uuid.UUID("01920000-0000-7000-8000-000000000001")

CHANGE = """INSERT INTO change (area, seq, kind, id, op, party_id, at, region_code, household_id)
  SELECT $1, $2, 'household', gen_random_uuid(), 'U', $3, now(), '350125100001', gen_random_uuid()"""


class Counting:
    """A pool that counts its statements and can be away."""

    def __init__(self, pool: Any) -> None:
        self.pool, self.asked, self.failure = pool, list[tuple[set[int], set[uuid.UUID]]](), None
        self.looks = asyncio.Queue[None]()

    async def fetch(self, query: str, areas: list[int], parties: list[uuid.UUID]) -> Any:
        self.asked.append((set(areas), set(parties)))
        self.looks.put_nowait(None)
        if self.failure is not None:
            raise self.failure
        return await self.pool.fetch(query, areas, parties)

    async def next_look(self) -> None:
        """One that begins from now on, and the answer to it."""
        while not self.looks.empty():
            self.looks.get_nowait()
        for _ in range(2):  # when the second begins the first is over
            await self.looks.get()


@pytest.fixture(scope="module")
async def database_url(template: str) -> AsyncIterator[str]:
    yield await databases.fresh_database("ruhu_live", template)
    await databases.drop_database("ruhu_live")


@pytest.fixture(scope="module")
async def writer(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def pool(
    database_url: str, writer: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Counting]:
    monkeypatch.setattr(live, "TICK_SECONDS", 0.005)
    monkeypatch.setattr(live, "RETRY_SECONDS", 0.005)
    await writer.execute("TRUNCATE change")
    settings = as_app(Settings())
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2, server_settings=settings) as reading:
        yield Counting(reading)


@pytest.fixture
async def feed(pool: Counting) -> AsyncIterator[Feed]:
    feed = Feed(pool)  # type: ignore[arg-type]
    yield feed
    await feed.close()


@pytest.fixture
def commit(writer: asyncpg.Connection) -> Commit:
    """A change is committed: its township, its number, and the party whose list it is about."""
    return lambda area, seq, party=None: writer.execute(CHANGE, area, seq, party)


def waiting(feed: Feed, seen: Mapping[Place, int | None]) -> asyncio.Task[Mapping[Place, int]]:
    return asyncio.create_task(feed.changed(seen))  # type: ignore[arg-type]


async def test_places_that_were_not_seen_yet_are_answered_at_the_next_look(
    feed: Feed, pool: Counting, commit: Commit
) -> None:
    await commit(YONGTAI, 7)
    assert await feed.changed({YONGTAI: None, HELPER: None}) == {YONGTAI: 7, HELPER: 0}


async def test_a_change_wakes_who_waits_for_its_township_and_nobody_else(
    feed: Feed, pool: Counting, commit: Commit
) -> None:
    here, there = waiting(feed, {YONGTAI: 0, HELPER: 0}), waiting(feed, {SONGKOU: 0})
    await pool.next_look()
    assert not here.done()
    await commit(YONGTAI, 1)
    assert await here == {YONGTAI: 1, HELPER: 0}
    await pool.next_look()
    assert not there.done()
    await commit(SONGKOU, 2)
    assert await there == {SONGKOU: 2}


async def test_a_list_that_changed_wakes_its_party(feed: Feed, pool: Counting, commit: Commit) -> None:
    helper = waiting(feed, {SONGKOU: 0, HELPER: 0})
    await pool.next_look()
    await commit(YONGTAI, 3, HELPER)
    assert await helper == {SONGKOU: 0, HELPER: 3}


async def test_a_change_between_the_answer_and_the_next_wait_is_not_missed(
    feed: Feed, pool: Counting, commit: Commit
) -> None:
    heads = await feed.changed({YONGTAI: None})
    await commit(YONGTAI, 1)  # while the waiter pulls
    assert await feed.changed(heads) == {YONGTAI: 1}


async def test_heads_that_went_back_wake_as_well(feed: Feed, pool: Counting, commit: Commit) -> None:
    """A restored database: the pull finds out the rest."""
    await commit(YONGTAI, 2)
    assert await feed.changed({YONGTAI: 9}) == {YONGTAI: 2}


async def test_all_who_wait_cost_one_statement_a_look(feed: Feed, pool: Counting, commit: Commit) -> None:
    many = [waiting(feed, {area: 0, HELPER: 0}) for area in range(1, 201)]
    await pool.next_look()
    assert pool.asked[-1] == (set(range(1, 201)), {HELPER})
    looks = len(pool.asked)
    await pool.next_look()
    assert len(pool.asked) - looks <= 3
    await commit(5, 1, HELPER)
    assert [heads[HELPER] for heads in await asyncio.gather(*many)] == [1] * 200


async def test_nothing_is_asked_while_nobody_waits(feed: Feed, pool: Counting) -> None:
    assert pool.asked == []
    waiter = waiting(feed, {YONGTAI: 0})
    await pool.next_look()
    waiter.cancel()
    await asyncio.wait([waiter])
    assert feed._looking is not None
    await feed._looking  # ends by itself
    asked = len(pool.asked)
    assert await feed.changed({YONGTAI: None}) == {YONGTAI: 0}  # and begins again
    assert len(pool.asked) == asked + 1


async def test_who_comes_while_it_looks_waits_for_the_next_look(feed: Feed, pool: Counting) -> None:
    first = waiting(feed, {YONGTAI: 0})
    await pool.next_look()
    second = waiting(feed, {SONGKOU: None})
    assert await second == {SONGKOU: 0}
    assert not first.done()
    first.cancel()


@pytest.mark.parametrize(
    "failure",
    [
        ConnectionRefusedError(),
        TimeoutError(),
        asyncpg.CannotConnectNowError(),
        asyncpg.InterfaceError("closed"),
        KeyError(),
    ],
    ids=lambda failure: type(failure).__name__,
)
async def test_a_database_that_is_away_loses_nobody(
    feed: Feed, pool: Counting, commit: Commit, failure: Exception
) -> None:
    waiter = waiting(feed, {YONGTAI: 0})
    await pool.next_look()
    with structlog.testing.capture_logs() as logged:
        pool.failure = failure
        for _ in range(3):
            await pool.next_look()
        await commit(YONGTAI, 1)
        assert not waiter.done()
        pool.failure = None
        assert await waiter == {YONGTAI: 1}
    assert [line["event"] for line in logged] == ["cannot look at the feed", "the feed is back"]


async def test_a_look_without_end_is_given_up(
    feed: Feed, pool: Counting, writer: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.01)
    async with writer.transaction():
        await writer.execute("LOCK TABLE change IN ACCESS EXCLUSIVE MODE")
        waiter = waiting(feed, {YONGTAI: None})
        await pool.next_look()
        assert not waiter.done()
    assert await waiter == {YONGTAI: 0}


async def test_a_feed_that_is_closed_looks_no_more(pool: Counting) -> None:
    feed = Feed(pool)  # type: ignore[arg-type]
    waiter = waiting(feed, {YONGTAI: 0})
    await pool.next_look()
    await feed.close()
    assert feed._looking is not None
    assert feed._looking.done()
    waiter.cancel()
    await asyncio.wait([waiter])
    await Feed(pool).close()  # type: ignore[arg-type]  # one that nobody ever asked
