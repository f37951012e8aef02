"""What one client may ask of the server, what the server does about work that nobody waits for, and how it says no."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
from graphql import GraphQLError

from api import app, reading
from api.app import create_app
from api.budgets import EVERY_OPERATION, Budgets, neighbourhood
from api.database import connected
from api.documents import document_id
from api.settings import Settings
from domain.access.rules import ANONYMOUS
from mobile_contract.client.operations import operation
from tests.sockets import phone, serving
from tests.world import World

REGION = '{ region(code: "350125201") { name } }'
MIXED = '{ clientConfig { contractLevel } region(code: "350125201") { name } }'  # in the ordinary executor
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


@pytest.fixture
async def url(world: World) -> str:
    assert world.settings.database_url is not None
    return world.settings.database_url


@asynccontextmanager
async def locked(url: str, table: str = "region") -> AsyncIterator[asyncpg.Connection]:
    """Whoever reads this table waits until the end. Answers another connection: a transaction sees activity but once."""
    async with connected(url) as connection, connected(url) as looker, connection.transaction():
        await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield looker


async def until(connection: asyncpg.Connection, waiting: int) -> None:
    """Comes back when so many statements wait for a lock in this database."""
    async with asyncio.timeout(20):
        while await connection.fetchval(WAITING) != waiting:
            pass


# ---- What an operation costs


async def test_whoever_writes_a_document_is_told_what_it_cost_and_what_is_left(world: World, url: str) -> None:
    async with World.on(url, cost_per_minute=50_000) as small:
        query = '{ regions(within: "35", first: %d) { nodes { code } } }'
        costs = []
        for first in (10, 100):
            answer = (await small.client.post("/graphql", json={"query": query % first})).json()
            costs.append(answer["extensions"]["cost"])
    assert costs[1]["operation"] - costs[0]["operation"] == 2 * 90, "each row, and its code"
    assert costs[0]["perMinute"] == 50_000
    assert costs[0]["left"] <= 50_000 - EVERY_OPERATION
    assert costs[1]["left"] < costs[0]["left"]


async def test_a_stored_document_is_answered_with_nothing_beside_its_data(reading_world: World) -> None:
    sent = {"documentId": document_id(operation("ClientConfig"))}
    answer = (await reading_world.client.post("/graphql", json=sent)).json()
    assert list(answer) == ["data"]


async def test_a_budget_that_is_spent_is_429_with_the_seconds_to_wait_and_one_clients_own(
    world: World, url: str
) -> None:
    async with World.on(url, cost_per_minute=1000) as small:

        async def ask(persona: str, accept: str = "application/json") -> Any:
            headers = small.headers(persona) | {"Accept": accept}
            return await small.client.post("/graphql", json={"query": REGION}, headers=headers)

        while (answer := await ask("cadre")).status_code == 200:
            pass
        error = answer.json()["errors"][0]
        assert answer.status_code == 429
        assert error["extensions"]["code"] == "BUDGET_SPENT"
        assert 1 <= error["extensions"]["retryAfterSeconds"] <= 6
        assert answer.headers["retry-after"] == str(error["extensions"]["retryAfterSeconds"])
        assert "data" not in answer.json()
        assert (await ask("cadre", "application/graphql-response+json")).status_code == 429
        for other in ("other_cadre", "anonymous"):
            assert (await ask(other)).status_code == 200


def test_a_bucket_fills_again_and_one_operation_costs_something_whatever_it_asks() -> None:
    now = [0.0]
    budgets = Budgets(600, clock=lambda: now[0])
    for _ in range(6):
        budgets.bill(ANONYMOUS, "192.0.2.1")(1)
    with pytest.raises(GraphQLError) as refusal:
        budgets.bill(ANONYMOUS, "192.0.2.1")(1)
    assert refusal.value.extensions == {"code": "BUDGET_SPENT", "retryAfterSeconds": 10}
    budgets.bill(ANONYMOUS, "192.0.2.2")(1)
    now[0] += 10
    budgets.bill(ANONYMOUS, "192.0.2.1")(1)
    now[0] += 60
    budgets.bill(ANONYMOUS, "192.0.2.1")(10**9)  # more than any bucket holds: it takes a full one, and empties it
    assert budgets.take("192.0.2.1", 1)[1] > 0


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        (None, "unknown"),
        ("testclient", "unknown"),
    ],
)
def test_a_client_without_an_account_is_known_by_its_address(address: str | None, client: str) -> None:
    assert neighbourhood(address) == client


async def test_an_operation_on_a_socket_is_charged_as_well(world: World, url: str) -> None:
    settings = Settings(database_url=url, env="demo", pool_size=2, cost_per_minute=1000)
    async with serving(create_app(settings), settings) as address, phone(address) as client:
        await client.greet()
        codes = []
        for n in range(12):
            await client.ask(str(n), REGION)
            frame = await client.hear()
            if frame["type"] == "error":
                codes.append(frame["payload"][0]["extensions"]["code"])
            else:
                assert (await client.hear())["type"] == "complete"
        assert set(codes) == {"BUDGET_SPENT"}


# ---- Statements that take too long


@pytest.mark.parametrize("query", [REGION, MIXED])
async def test_a_read_that_takes_too_long_is_stopped_and_says_so(world: World, url: str, query: str) -> None:
    async with World.on(url, statement_timeout_seconds=0.2) as impatient, locked(url) as looker:
        body = await impatient.post("anonymous", query, language="en")
        assert [error["extensions"]["code"] for error in body["errors"]] == ["TOO_SLOW"]
        assert "took too long" in body["errors"][0]["message"]
        await until(looker, 0)


END = "mutation($input: EndPairingInput!) { endPairing(input: $input) { errors { code isRetryable } } }"


async def ending(world: World) -> dict[str, Any]:
    """The input that ends one of the pairings of the cadre's township."""
    pairing = await world.sql.fetchval("SELECT id FROM pairing WHERE ended_on IS NULL AND region_code ^@ '350125201'")
    return {"operationId": str(uuid.uuid4()), "pairingId": str(pairing), "endedOn": "2026-01-01", "reason": "OTHER"}


async def test_a_write_that_takes_too_long_is_stopped_and_may_be_sent_again(world: World, url: str) -> None:
    given = {"input": await ending(world)}
    async with World.on(url, statement_timeout_seconds=0.3) as impatient, locked(url, "pairing") as looker:
        body = await impatient.post("township_officer", END, given)
        assert body["data"]["endPairing"]["errors"] == [{"code": "TOO_SLOW", "isRetryable": True}]
        await until(looker, 0)


async def test_a_write_without_a_connection_to_spare_may_be_sent_again(
    world: World, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "WAIT_SECONDS", 0.1)
    first, second = {"input": await ending(world)}, {"input": await ending(world)}
    async with World.on(url, pool_size=1) as small, asyncio.TaskGroup() as tasks, locked(url, "pairing") as looker:
        tasks.create_task(small.post("township_officer", END, first))
        await until(looker, 1)
        body = await small.post("township_officer", END, second)
        assert body["data"]["endPairing"]["errors"] == [{"code": "BUSY", "isRetryable": True}]


# ---- Clients that go


@asynccontextmanager
async def asking(address: str, query: str) -> AsyncIterator[None]:
    """A plain connection on which this query was sent, and which is cut at the end."""
    host = urlsplit(address)
    reader, writer = await asyncio.open_connection(host.hostname, host.port)
    body = json.dumps({"query": query}).encode()
    head = f"POST /graphql HTTP/1.1\r\nHost: {host.netloc}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    try:
        yield
    finally:
        writer.transport.abort()
        del reader


@pytest.mark.parametrize("query", [REGION, MIXED])
async def test_a_statement_stops_in_postgresql_when_nobody_waits_for_it(world: World, url: str, query: str) -> None:
    settings = Settings(database_url=url, env="demo", pool_size=2)
    async with serving(create_app(settings), settings) as address, locked(url) as looker:
        async with asking(address, query):
            await until(looker, 1)
        await until(looker, 0)  # the table is still locked: nothing but a cancelled statement ends the wait
        async with asking(address, query), asking(address, query):
            await until(looker, 2)  # and its connection is good for the next


# ---- No connection to spare, no database


async def test_without_a_connection_to_spare_it_is_503_and_health_still_answers(
    world: World, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "WAIT_SECONDS", 0.05)
    async with World.on(url, pool_size=1) as small:
        async with asyncio.TaskGroup() as tasks, locked(url) as looker:
            first = tasks.create_task(small.post("anonymous", REGION))
            await until(looker, 1)
            for query in (REGION, MIXED):
                answer = await small.client.post("/graphql", json={"query": query}, headers={"accept-language": "en"})
                assert answer.status_code == 503
                assert int(answer.headers["retry-after"]) > 0
                assert answer.json()["errors"][0]["extensions"]["code"] == "BUSY"
            signed_in = await small.client.post("/graphql", json={"query": REGION}, headers=small.headers("cadre"))
            assert signed_in.status_code == 503
            assert (await small.client.get("/livez")).status_code == 200
            assert (await small.client.get("/readyz")).json()["ready"] is True
        assert first.result()["data"] == {"region": {"name": "富泉乡"}}
        assert await small.ask("cadre", REGION) == {"region": {"name": "富泉乡"}}


async def test_on_a_socket_an_operation_without_a_connection_is_told_that_it_is_busy(
    world: World, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "WAIT_SECONDS", 0.05)
    settings = Settings(database_url=url, env="demo", pool_size=1)
    async with serving(create_app(settings), settings) as address, phone(address) as client:
        await client.greet()
        async with locked(url) as looker:
            await client.ask("a", REGION)
            await until(looker, 1)
            await client.ask("b", REGION)
            frame = await client.hear()
            assert (frame["id"], frame["type"]) == ("b", "error")
            assert frame["payload"][0]["extensions"]["code"] == "BUSY"
