"""How fast plain reads are, beside hand-written SQL and two other ways of serving GraphQL from the same tables.

    ./ruhu bench read [--households N] [--seconds S] [--rounds R] [--database URL] [--peers strawberry,postgraphile]

Everybody serves from one process each, over HTTP on loopback, from the same PostgreSQL. The rounds are interleaved, so
that whatever else the machine does meets all alike; only ratios to the floor of the same round are kept.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import asyncpg
import uvloop

from api.database import connected
from bench.ground import Asking, Ground, address, ground, header
from bench.load import Figures, graphql_request, load, once
from bench.servers import Server, cpu_seconds, serving, serving_postgraphile
from bench.workloads import WORKLOADS, Workload

FLOOR, DRESSED, OURS, STRAWBERRY = "floor", "floor in our middleware", "ours", "strawberry + ORM"
POSTGRAPHILE, POSTGRAPHILE_WALLS = "PostGraphile, no walls", "PostGraphile, walls"
CONCURRENCY = 16
WARM_SECONDS = 1.0
MOST_SECONDS, MOST_ROUNDS = 30.0, 20


@dataclass
class Contender:
    """A server, how it is asked, and its figures by workload as they come."""

    name: str
    server: Server
    rounds: dict[str, list[Round]] = field(default_factory=dict)
    senders: list[Iterator[bytes]] = field(default_factory=list)  # of bench.visits: the phones

    def requests(self, workload: Workload, asking: Sequence[Asking]) -> list[bytes]:
        return [self._request(workload, one) for one in asking]

    def _request(self, workload: Workload, asking: Asking) -> bytes:
        token = {"Authorization": f"Bearer {asking.token}"}
        if self.name in (FLOOR, DRESSED):
            return graphql_request(workload.name, asking.variables, token)
        if not self.name.startswith("PostGraphile"):
            return graphql_request(workload.document, asking.variables, token)
        variables = dict(asking.variables)
        if region := variables.pop("region", None):
            variables |= {"from": region, "to": f"{region}:"}
        walls = {"X-Viewer": header(asking.settings)} if self.name == POSTGRAPHILE_WALLS else {}
        return graphql_request(workload.postgraphile, variables, walls)


@dataclass(frozen=True)
class Round:
    """One contender, one workload, a few seconds; milliseconds of processor time per request."""

    figures: Figures
    server_ms: float
    postgres_ms: float


async def check_answers(contenders: Sequence[Contender], on: Ground) -> None:
    """Every answer equal, key order included; PostGraphile's after renaming. AssertionError otherwise."""
    for workload in WORKLOADS:
        asked, size = on.asking[workload.name], 0
        for asking in asked:
            answers = {}
            for contender in contenders:
                (request,) = contender.requests(workload, [asking])
                body = await once(contender.server.port, request)
                size += len(body) if contender.name == FLOOR else 0
                answer = json.loads(body)
                assert not answer.get("errors"), (contender.name, workload.name, answer["errors"][:2])
                is_renamed = contender.name.startswith("PostGraphile")
                answers[contender.name] = workload.renamed(answer["data"]) if is_renamed else answer["data"]
            first, expected = next(iter(answers.items()))
            for name, found in answers.items():
                is_same = found == expected and (
                    name.startswith("PostGraphile") or json.dumps(found) == json.dumps(expected)
                )
                assert is_same, f"{workload.name}: {name} differs from {first} {where(expected, found)}"
        print(f"{workload.name}: answers equal, {len(asked)} requests of {size // len(asked) / 1024:.0f} KB on average")


def where(expected: object, found: object, path: str = "data") -> str:
    """The first place where two answers differ."""
    if isinstance(expected, dict) and isinstance(found, dict) and list(expected) == list(found):
        return next((where(expected[k], found[k], f"{path}.{k}") for k in expected if expected[k] != found[k]), path)
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        return next((where(a, b, f"{path}[{i}]") for i, (a, b) in pairs if a != b), path)
    return f"at {path}: {str(found)[:200]} instead of {str(expected)[:200]}"


async def postgres_seconds(connection: asyncpg.Connection) -> dict[int, float]:
    """Processor time of this database's backends; 0 where they run on another machine."""
    rows = await connection.fetch("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
    return {row["pid"]: cpu_seconds(row["pid"]) for row in rows}


async def measure(
    contenders: Sequence[Contender], on: Ground, connection: asyncpg.Connection, seconds: float, rounds: int
) -> None:
    """The rounds. Whoever begins one ends the next, so that nobody always follows the same neighbour."""
    requests = {(c.name, w.name): c.requests(w, on.asking[w.name]) for c in contenders for w in WORKLOADS}
    for contender in contenders:
        for workload in WORKLOADS:
            asked = requests[contender.name, workload.name]
            await load(contender.server.port, asked, concurrency=CONCURRENCY, seconds=WARM_SECONDS)
    for number in range(rounds):
        start = number % len(contenders)
        for workload in WORKLOADS:
            for contender in [*contenders[start:], *contenders[:start]]:
                asked = requests[contender.name, workload.name]
                server, postgres = cpu_seconds(contender.server.pid), await postgres_seconds(connection)
                figures = await load(contender.server.port, asked, concurrency=CONCURRENCY, seconds=seconds)
                used = await postgres_seconds(connection)
                in_postgres = sum(seconds - postgres.get(pid, 0.0) for pid, seconds in used.items())
                server = cpu_seconds(contender.server.pid) - server
                each = 1000 / figures.requests
                contender.rounds.setdefault(workload.name, []).append(Round(figures, server * each, in_postgres * each))
        print(f"round {number + 1} of {rounds} is done")


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median, and from the least to the greatest."""
    return f"{statistics.median(values):.{digits}f} [{min(values):.{digits}f}-{max(values):.{digits}f}]"


def ratios(of: Contender, to: Contender, workload: str, figure: str) -> list[float]:
    """A figure over another contender's of the same round."""
    pairs = zip(of.rounds[workload], to.rounds[workload], strict=True)
    return [getattr(a.figures, figure) / getattr(b.figures, figure) for a, b in pairs]


def report(contenders: Sequence[Contender]) -> None:
    """The table; ratios are to the first contender."""
    floor = contenders[0]
    for workload in WORKLOADS:
        print(f"\n{workload.title} (16 at once; ratios to the {floor.name}: median [least-greatest])")
        print(f"  {'':24s}{'throughput':>18s}{'p50':>20s}{'p95':>20s}{'server CPU':>14s}{'PostgreSQL CPU':>16s}")
        for one in contenders:
            cells = [spread(ratios(one, floor, workload.name, f)) for f in ("per_second", "p50", "p95")]
            server = statistics.median([r.server_ms for r in one.rounds[workload.name]])
            postgres = statistics.median([r.postgres_ms for r in one.rounds[workload.name]])
            row = f"  {one.name:24s}{cells[0]:>18s}{cells[1]:>20s}{cells[2]:>20s}"
            print(f"{row}{server:>11.2f} ms{postgres:>13.2f} ms")
    dressed, ours, *others = contenders[1:]
    print()
    for workload in WORKLOADS:
        pairs = zip(ours.rounds[workload.name], dressed.rounds[workload.name], strict=True)
        own = spread([a.server_ms - b.server_ms for a, b in pairs])
        speeds = [f"{spread(ratios(ours, other, workload.name, 'per_second'), 1)} x {other.name}" for other in others]
        print(
            f"{workload.name}: {'; '.join([f'GraphQL costs {own} ms of server CPU', *(f'ours is {s}' for s in speeds)])}"
        )


async def bench(url: str, households: int, seconds: float, rounds: int, only: Sequence[str]) -> None:
    """Everything, from the database to the table."""
    async with ground(url, households) as on, connected(url) as connection:
        with ExitStack() as stack:
            contenders = [
                Contender(FLOOR, stack.enter_context(serving("bench.floor:create_app", on.environment))),
                Contender(DRESSED, stack.enter_context(serving("bench.floor:create_dressed_app", on.environment))),
                Contender(OURS, stack.enter_context(serving("bench.ours:create_app", on.environment))),
            ]
            if "strawberry" in only:
                peer = serving("bench.peers.strawberry_orm.app:create_app", on.environment)
                contenders.append(Contender(STRAWBERRY, stack.enter_context(peer)))
            if "postgraphile" in only:
                peer = stack.enter_context(serving_postgraphile(url))
                contenders += [Contender(POSTGRAPHILE, peer), Contender(POSTGRAPHILE_WALLS, peer)]
            count = await connection.fetchval("SELECT count(*) FROM household")
            print(f"{count:,} households; {', '.join(c.name for c in contenders)}")
            await check_answers(contenders, on)
            await measure(contenders, on, connection, seconds, rounds)
            report(contenders)


def main(argv: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="./ruhu bench read", description=__doc__.partition("\n")[0])
    parser.add_argument("--households", type=int, default=50_000, help="of the synthetic province (default 50,000)")
    parser.add_argument("--seconds", type=float, default=3.0, help="per contender, workload and round (at most 30)")
    parser.add_argument("--rounds", type=int, default=5, help="at least 5 for a figure worth keeping (at most 20)")
    parser.add_argument("--database", help="address of a database to use; else a private server under .data/bench")
    parser.add_argument("--peers", default="strawberry,postgraphile", help="who else; empty: only floor and ours")
    given = parser.parse_args(argv)
    seconds, rounds = min(given.seconds, MOST_SECONDS), min(given.rounds, MOST_ROUNDS)
    with (
        address(given.database, given.households) as url,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(bench(url, given.households, seconds, rounds, given.peers.split(",")))


if __name__ == "__main__":
    main()
