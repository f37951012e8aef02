"""How fast phones are brought up to date: snapshots beside hand-written SQL, a day of pushing and pulling, live delay.

    ./ruhu bench sync [--households N] [--phones P] [--seconds S] [--rounds R] [--database URL]

Every phone is a cadre with their own families. The floor answers a snapshot's very documents from one statement written
by hand, with the same viewer, walls and token. What is written stays in the bench's database.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import asyncpg
import uvloop
from websockets.asyncio.client import connect

from api.database import connected
from bench.ground import Asking, Ground, address, ground
from bench.load import HOST, Figures, answer, graphql_request, load, once
from bench.read import FLOOR, OURS, Contender, Round, postgres_seconds, ratios, spread, where
from bench.servers import cpu_seconds, serving
from bench.visits import BATCH, batches
from bench.visits import DOCUMENT as SUBMIT

CONCURRENCY = 16
MOST_PHONES, MOST_SECONDS, MOST_ROUNDS = 64, 30.0, 20
EVENTS = 40
HOUSEHOLDS = """documents { id isDeleted revision code villageCode address longitude latitude category causes
  monitoringStatus members { id name isHead relationToHead bornOn health } pairings { id role helperName } }"""
VISITS = "documents { id isDeleted householdId contact occurredAt answers }"
SNAPSHOT = f"{{ pullHouseholds(limit: 1000) {{ {HOUSEHOLDS} }} pullVisits(limit: 1000) {{ {VISITS} }} }}"
CURSORS = "{ pullHouseholds(limit: 1000) { checkpoint { cursor } } pullVisits(limit: 1000) { checkpoint { cursor } } }"
SINCE = f"""query($households: CheckpointInput, $visits: CheckpointInput) {{
  pullHouseholds(checkpoint: $households) {{ {HOUSEHOLDS} checkpoint {{ cursor }} hasMore }}
  pullVisits(checkpoint: $visits) {{ {VISITS} checkpoint {{ cursor }} hasMore }} }}"""
LIVE = "subscription { visitChanges { documents { id } } }"


def request(query: str, phone: Asking, **variables: Any) -> bytes:
    return graphql_request(query, variables, {"Authorization": f"Bearer {phone.token}"})


async def check_snapshots(floor: Contender, ours: Contender, phones: Sequence[Asking]) -> None:
    """Both give the same documents; AssertionError otherwise."""
    size = 0
    for phone in phones:
        expected = await once(floor.server.port, request("snapshot", phone))
        found = json.loads(await once(ours.server.port, request(SNAPSHOT, phone)))
        size += len(expected)
        differs = where(json.loads(expected)["data"], found.get("data"))
        assert found.get("data") == json.loads(expected)["data"], f"a snapshot differs {differs}: {str(found)[:300]}"
    print(f"snapshots: answers equal, {len(phones)} of {size // len(phones) / 1024:.0f} KB on average")


async def caught_up(port: int, phones: Sequence[Asking]) -> list[dict[str, Any]]:
    """The cursors of phones that lack nothing."""
    data = [json.loads(await once(port, request(CURSORS, phone)))["data"] for phone in phones]
    return [
        {"households": one["pullHouseholds"]["checkpoint"], "visits": one["pullVisits"]["checkpoint"]} for one in data
    ]


async def measured(
    contender: Contender, name: str, requests: Sequence[bytes], connection: asyncpg.Connection, seconds: float
) -> None:
    server, postgres = cpu_seconds(contender.server.pid), await postgres_seconds(connection)
    figures = await load(contender.server.port, requests, concurrency=CONCURRENCY, seconds=seconds)
    used = await postgres_seconds(connection)
    each = 1000 / figures.requests
    in_postgres = sum(seconds - postgres.get(pid, 0.0) for pid, seconds in used.items())
    server = cpu_seconds(contender.server.pid) - server
    contender.rounds.setdefault(name, []).append(Round(figures, server * each, in_postgres * each))


async def a_day(port: int, phones: Sequence[Asking], form: tuple[str, int], seconds: float) -> tuple[Figures, int]:
    """Every phone sends a batch of visits, then pulls what it lacks, over and over; the pulls, and documents pulled."""
    cursors = await caught_up(port, phones)
    took: list[float] = []
    documents = 0
    began = time.perf_counter()

    async def one(phone: Asking, since: dict[str, Any]) -> None:
        nonlocal documents
        sending = batches(phone, form, SUBMIT, random.Random(time.time_ns()))
        reader, writer = await asyncio.open_connection(HOST, port)
        while time.perf_counter() < began + seconds:
            writer.write(next(sending))
            body = await answer(reader)
            assert body.count(b'"APPLIED"') == BATCH, body[:1000].decode()
            sent = time.perf_counter()
            writer.write(request(SINCE, phone, **since))
            data = json.loads(await answer(reader))["data"]
            took.append((time.perf_counter() - sent) * 1000)
            documents += len(data["pullVisits"]["documents"])
            since = {"households": data["pullHouseholds"]["checkpoint"], "visits": data["pullVisits"]["checkpoint"]}
        writer.close()

    await asyncio.gather(*(one(phone, since) for phone, since in zip(phones, cursors, strict=True)))
    return Figures(len(took), time.perf_counter() - began, took), documents


async def live_delays(port: int, phone: Asking, form: tuple[str, int]) -> list[float]:
    """Milliseconds from the answer to a submission until a listening phone has its visits."""
    sending = batches(phone, form, SUBMIT, random.Random(time.time_ns()))
    delays: list[float] = []
    async with connect(f"ws://{HOST}:{port}/graphql", subprotocols=["graphql-transport-ws"], proxy=None) as socket:  # type: ignore[list-item]
        await socket.send(
            json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {phone.token}"}})
        )
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": LIVE}}))
        await asyncio.sleep(1)  # it begins at "now", and says nothing until something happens
        for _ in range(EVENTS):
            await once(port, next(sending))
            committed = time.perf_counter()
            heard = 0
            while heard < BATCH:
                frame = json.loads(await socket.recv())
                heard += len(frame["payload"]["data"]["visitChanges"]["documents"]) if frame["type"] == "next" else 0
            delays.append((time.perf_counter() - committed) * 1000)
    return delays


async def bench(url: str, households: int, phones: int, seconds: float, rounds: int) -> None:
    """Everything, from the database to the figures."""
    async with ground(url, households) as on, connected(url) as connection:
        row = await connection.fetchrow(
            "SELECT id::text, version FROM survey_form WHERE code = 'RU_HU' ORDER BY 2 DESC"
        )
        form = (row["id"], row["version"])
        with ExitStack() as stack:
            floor = Contender(FLOOR, stack.enter_context(serving("bench.floor:create_app", on.environment)))
            ours = Contender(OURS, stack.enter_context(serving("bench.ours:create_app", on.environment)))
            await run(floor, ours, on, connection, form, phones, seconds, rounds)


async def run(
    floor: Contender,
    ours: Contender,
    on: Ground,
    connection: asyncpg.Connection,
    form: tuple[str, int],
    phones: int,
    seconds: float,
    rounds: int,
) -> None:
    """The rounds, and what they showed."""
    asking, port = on.asking["visits"][:phones], ours.server.port
    await check_snapshots(floor, ours, asking)
    cursors = await caught_up(port, asking)
    plans = [
        (floor, "snapshot", [request("snapshot", phone) for phone in asking]),
        (ours, "snapshot", [request(SNAPSHOT, phone) for phone in asking]),
        (ours, "nothing new", [request(SINCE, one, **since) for one, since in zip(asking, cursors, strict=True)]),
    ]
    for contender, _, requests in plans:
        await load(contender.server.port, requests, concurrency=CONCURRENCY, seconds=1.0)
    for number in range(rounds):
        for contender, name, requests in plans if number % 2 else reversed(plans):
            await measured(contender, name, requests, connection, seconds)
        print(f"round {number + 1} of {rounds} is done")
    print(f"\n{CONCURRENCY} requests at once; median [least-greatest]")
    for contender, name, _ in plans:
        each = contender.rounds[name]
        print(
            f"  {contender.name:6s}{name:12s} {spread([r.figures.per_second for r in each], 0)} a second,"
            f" p50 {spread([r.figures.p50 for r in each], 1)} ms, CPU: server"
            f" {statistics.median(r.server_ms for r in each):.2f} ms,"
            f" PostgreSQL {statistics.median(r.postgres_ms for r in each):.2f} ms"
        )
    print(f"  ours to the floor, snapshots a second: {spread(ratios(ours, floor, 'snapshot', 'per_second'))}")
    day, documents = await a_day(port, asking, form, seconds * 2)
    print(
        f"\n{len(asking)} phones, each sending {BATCH} visits and pulling, over and over:"
        f" {day.per_second * BATCH:.0f} visits in and {documents / day.seconds:.0f} documents out a second,"
        f" pull p50 {day.p50:.0f} ms, p95 {day.p95:.0f} ms"
    )
    delays = await live_delays(port, asking[0], form)
    print(
        f"live: from the answer to the event {statistics.median(delays):.0f} ms at the median,"
        f" {max(delays):.0f} ms at most ({EVENTS} events)"
    )


def main(argv: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="./ruhu bench sync", description=__doc__.partition("\n")[0])
    parser.add_argument("--households", type=int, default=50_000, help="of the synthetic province (default 50,000)")
    parser.add_argument("--phones", type=int, default=16, help=f"at once (at most {MOST_PHONES})")
    parser.add_argument("--seconds", type=float, default=3.0, help="per contender and round (at most 30)")
    parser.add_argument("--rounds", type=int, default=5, help="at least 5 for a figure worth keeping (at most 20)")
    parser.add_argument("--database", help="address of a database to use; else a private server under .data/bench")
    given = parser.parse_args(argv)
    seconds, rounds = min(given.seconds, MOST_SECONDS), min(given.rounds, MOST_ROUNDS)
    with (
        address(given.database, given.households) as url,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(bench(url, given.households, min(given.phones, MOST_PHONES), seconds, rounds))


if __name__ == "__main__":
    main()
