"""How many visits come in per second: phones of as many cadres, each sending batches of geotagged visits one after another.

    ./ruhu bench visits [--households N] [--phones P] [--seconds S] [--rounds R] [--database URL]

Beside it the floor: the same rows by one hand-written statement in one transaction, under the same constraints, triggers
and policies, with nothing judged. Rounds are interleaved. What is written stays in the bench's database.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import uvloop

from api.database import connected
from bench.ground import Asking, address, ground
from bench.load import HOST, LONGEST_SECONDS, Figures, answer, graphql_request
from bench.read import FLOOR, OURS, Contender, Round, postgres_seconds, ratios, spread
from bench.servers import cpu_seconds, serving

BATCH = 20
MOST_PHONES, MOST_ROUNDS = 64, 20
DOCUMENT = """
mutation Submit($input: SubmitVisitsInput!) {
  submitVisits(input: $input) { results { id outcome errors { code message path } } errors { code } }
}"""
ANSWERS = {
    "adultsMet": 2,
    "hasTelevision": True,
    "hasFan": True,
    "hasWeatherproofDoorsAndWindows": True,
    "isYardClean": True,
    "areRoomsClean": True,
    "isPersonClean": True,
    "hasEnoughFood": True,
    "hasEnoughClothing": True,
    "compulsoryEducation": "NO_CHILD_OF_AGE",
    "hasBasicMedicalCare": True,
    "isHousingSafe": True,
    "drinkingWater": "SAFE",
    "needs": ["EMPLOYMENT"],
}


def batches(phone: Asking, form: tuple[str, int], query: str, chance: random.Random) -> Iterator[bytes]:
    """Requests of one phone without end: its own families in turn, ten minutes apart, a few metres from the dwelling."""
    token = {"Authorization": f"Bearer {phone.token}"}
    households = phone.variables["households"]
    number = 0
    while True:
        now = datetime.now(UTC)
        visits: list[dict[str, Any]] = []
        for _ in range(BATCH):
            household, longitude, latitude = households[number % len(households)]
            number += 1
            at = (now - timedelta(minutes=10 * (BATCH - len(visits)))).isoformat(timespec="milliseconds")
            place = {
                "longitude": longitude + chance.uniform(-0.0005, 0.0005),
                "latitude": latitude + chance.uniform(-0.0005, 0.0005),
                "datum": "WGS84",
                "accuracyMetres": 12.5,
                "isMocked": False,
                "capturedAt": at,
            }
            visits.append(
                {
                    "id": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
                    "householdId": household,
                    "purpose": "MONTHLY",
                    "contact": "IN_PERSON",
                    "occurredAt": at,
                    "capturedAt": at,
                    "location": place,
                    "formId": form[0],
                    "formVersion": form[1],
                    "answers": ANSWERS,
                    "note": "家庭情况稳定",
                }
            )
        yield graphql_request(query, {"input": {"visits": visits, "sentAt": now.isoformat()}}, token)


async def send(port: int, phones: Sequence[Iterator[bytes]], seconds: float) -> Figures:
    """All phones at once for so long; AssertionError for a visit that is not APPLIED."""
    assert 0 < seconds <= LONGEST_SECONDS
    took: list[float] = []
    began = time.perf_counter()
    until = began + seconds

    async def one(requests: Iterator[bytes]) -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        while time.perf_counter() < until:
            request = next(requests)
            sent = time.perf_counter()
            writer.write(request)
            body = await answer(reader)
            took.append((time.perf_counter() - sent) * 1000)
            assert body.count(b'"APPLIED"') == BATCH, body[:2000].decode()
        writer.close()

    await asyncio.gather(*(one(requests) for requests in phones))
    return Figures(len(took), time.perf_counter() - began, took)


async def bench(url: str, households: int, phones: int, seconds: float, rounds: int) -> None:
    """Everything, from the database to the figures."""
    async with ground(url, households) as on, connected(url) as connection:
        form = await connection.fetchrow(
            "SELECT id::text, version FROM survey_form WHERE code = 'RU_HU' ORDER BY 2 DESC"
        )
        with ExitStack() as stack:
            floor = Contender(FLOOR, stack.enter_context(serving("bench.floor:create_app", on.environment)))
            ours = Contender(OURS, stack.enter_context(serving("bench.ours:create_app", on.environment)))
            asking = on.asking["visits"][:phones]
            for contender, query in ((floor, "submit_visits"), (ours, DOCUMENT)):
                chance = random.Random(time.time_ns())
                contender.senders = [batches(one, (form[0], form[1]), query, chance) for one in asking]
                await send(contender.server.port, contender.senders, 1.0)
            for number in range(rounds):
                for contender in (floor, ours) if number % 2 else (ours, floor):
                    await measure(contender, connection, seconds)
                print(f"round {number + 1} of {rounds} is done")
        report(floor, ours, len(asking))


async def measure(contender: Contender, connection: asyncpg.Connection, seconds: float) -> None:
    """One round of one contender."""
    server, postgres = cpu_seconds(contender.server.pid), await postgres_seconds(connection)
    figures = await send(contender.server.port, contender.senders, seconds)
    used = await postgres_seconds(connection)
    in_postgres = sum(seconds - postgres.get(pid, 0.0) for pid, seconds in used.items())
    each = 1000 / figures.requests
    server = cpu_seconds(contender.server.pid) - server
    contender.rounds.setdefault("visits", []).append(Round(figures, server * each, in_postgres * each))


def report(floor: Contender, ours: Contender, phones: int) -> None:
    """Visits per second, milliseconds per batch, ratios to the floor."""
    print(f"\n{phones} phones, batches of {BATCH} visits; median [least-greatest]")
    for one in (floor, ours):
        rounds = one.rounds["visits"]
        print(
            f"  {one.name:6s}{spread([r.figures.per_second * BATCH for r in rounds], 0):>18s} visits/s"
            f"   p50 {spread([r.figures.p50 for r in rounds], 0)} ms   p95 {spread([r.figures.p95 for r in rounds], 0)} ms"
            f"   CPU per batch: server {statistics.median(r.server_ms for r in rounds):.1f} ms,"
            f" PostgreSQL {statistics.median(r.postgres_ms for r in rounds):.1f} ms"
        )
    for figure, title in (("per_second", "visits per second"), ("p50", "p50"), ("p95", "p95")):
        print(f"  ours to the floor, {title}: {spread(ratios(ours, floor, 'visits', figure))}")


def main(argv: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="./ruhu bench visits", description=__doc__.partition("\n")[0])
    parser.add_argument("--households", type=int, default=50_000, help="of the synthetic province (default 50,000)")
    parser.add_argument("--phones", type=int, default=16, help=f"at once (at most {MOST_PHONES})")
    parser.add_argument("--seconds", type=float, default=5.0, help="per round (at most 30)")
    parser.add_argument("--rounds", type=int, default=5, help="at least 5 for a figure worth keeping (at most 20)")
    parser.add_argument("--database", help="address of a database to use; else a private server under .data/bench")
    given = parser.parse_args(argv)
    seconds, rounds = min(given.seconds, 30.0), min(given.rounds, MOST_ROUNDS)
    with (
        address(given.database, given.households) as url,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(bench(url, given.households, min(given.phones, MOST_PHONES), seconds, rounds))


if __name__ == "__main__":
    main()
