"""What the read engine itself costs: Python per cached request, and a cold plan. Needs no database.

    python -m bench.engine_cost

Prints medians. A request against a database that answers at once leaves the engine's own Python: reading the caches,
coercing variables, pricing, binding. A cold plan is selection, SQL and its compilation; parsing and validating the
document are graphql-core's and given apart.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop

from schema.engine import Engine
from tests.engine.language import SCALARS, SETTINGS, Viewer
from tests.engine.schema import schema

PLAIN = '{ library(area: "5201") { name } }'
LARGE = """
query Q($area: AreaCode!, $first: Int!, $genres: [Genre!]) {
  library(area: $area) { name books(first: $first) {
    edges { cursor node {
      id code title genre acquiredOn updatedAt authors { id name phone }
      loans(first: 3) { edges { node { id lentAt returnedOn book { code } } } }
    } }
    pageInfo { hasNextPage endCursor }
  } }
  books(first: 1, filter: {genre: $genres}) { totalCount }
}
"""
VARIABLES = {"area": "5201", "first": 30, "genres": ["NOVEL", "POEMS"]}
VIEWER = Viewer("librarian", "52", "53")


class Instant:
    """A database that answers at once."""

    async def fetchval(self, query: str, *values: Any) -> bytes:
        return b'{"data":{}}'


async def microseconds(run: Callable[[], Awaitable[Any]], count: int) -> float:
    for _ in range(200):
        await run()
    times = []
    for _ in range(count):
        start = time.perf_counter()
        await run()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6


async def main() -> None:
    engine = Engine(schema, Instant(), scalars=SCALARS, settings=SETTINGS)
    cached = {
        "cached, no variables": lambda: engine.execute(PLAIN, viewer=VIEWER),
        "cached, three variables": lambda: engine.execute(LARGE, VARIABLES, viewer=VIEWER),
    }
    for name, run in cached.items():
        print(f"{name:32s} {await microseconds(run, 5000):8.1f} us")
    prepared = engine.prepare(LARGE, None, VIEWER)
    parts = {
        "  of which coercing": lambda: engine.coerce(prepared, VARIABLES),
        "  of which finding the plan": lambda: engine.plan(prepared, given, VIEWER),
        "  of which pricing": lambda: plan.price(given),
        "  of which binding": lambda: plan.values(given, VIEWER),
    }
    given = engine.coerce(prepared, VARIABLES)
    plan = engine.plan(prepared, given, VIEWER)
    for name, part in parts.items():
        times = []
        for _ in range(5000):
            start = time.perf_counter()
            part()
            times.append(time.perf_counter() - start)
        print(f"{name:32s} {statistics.median(times) * 1e6:8.1f} us")
    for name, query, variables in (("plain", PLAIN, {}), ("large", LARGE, VARIABLES)):
        reading, planning = [], []
        for k in range(60):
            start = time.perf_counter()
            fresh = engine.prepare(query.replace("name", f"n{k}: name", 1), None, VIEWER)
            middle = time.perf_counter()
            made = engine.plan(fresh, engine.coerce(fresh, variables), VIEWER)
            reading.append(middle - start)
            planning.append(time.perf_counter() - middle)
        document, plan_time = statistics.median(reading) * 1e3, statistics.median(planning) * 1e3
        size = f"{len(made.sql)} characters of SQL, {len(made.readers)} parameters"
        print(f"cold {name}: document {document:.1f} ms, plan {plan_time:.1f} ms ({size})")


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
