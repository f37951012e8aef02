"""What it costs that reads note themselves: the same statements with the note and without, taking turns.

    ./ruhu bench looks

The demo, on a server of its own that writes to disk as in service; no HTTP. Prints medians in milliseconds and their
ratio, then what a million looks take on disk: as arrays with an index over them, and as a table of (entry, family).
"""

from __future__ import annotations

import asyncio
import statistics
import time
import uuid
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import asyncpg

from api.app import PLANNED_ONCE
from api.cli.cluster import running
from api.database import prepare
from bench.servers import ROOT, master
from domain.access.queries import find_viewer
from domain.access.rules import CHINA
from domain.base.key_ring import read_ring
from domain.demo.personas import account_id
from schema.engine import Engine
from schema.root import catalogue
from schema.walls import FLAGS, SETTINGS
from schema.watched import WATCH

ROUNDS = 300
QUERIES = {
    "one family": "query($id: ID!) { household(id: $id) { phone address members { name phone health { code } } } }",
    "a page of fifty": "{ households(first: 50) { nodes { code phone address members { name phone health { code } } } } }",
}
ARRAYS = """
CREATE TABLE looks (id bigint PRIMARY KEY, seen uuid[]);
CREATE INDEX ON looks USING gin (seen);
INSERT INTO looks SELECT n, array(SELECT md5((n * 7919 + k * 104729) % 500000 || '')::uuid FROM generate_series(1, 50) k)
FROM generate_series(1, 20000) n;
"""
NARROW = """
CREATE TABLE narrow (entry_id bigint, household_id uuid);
INSERT INTO narrow SELECT id, unnest(seen) FROM looks;
CREATE INDEX ON narrow (household_id, entry_id);
"""


async def measure(url: str) -> None:
    key = master()
    await prepare(url, key, demo=True, say=print)
    sql = await asyncpg.connect(url)
    today = datetime.now(CHINA).date()
    viewer = await find_viewer(sql, account_id("county_officer"), today, "zh")
    ring = await read_ring(sql, key, datetime.now(UTC))
    family = await sql.fetchval("SELECT id FROM household WHERE region_code ^@ '350125' ORDER BY id LIMIT 1")
    settings = {"role": "ruhu_app", "jit": "off", **PLANNED_ONCE}
    context = SimpleNamespace(at=datetime.now(UTC), request_id=str(uuid.uuid4()), device_id=None)
    async with asyncpg.create_pool(
        url, min_size=1, max_size=1, server_settings=settings, max_cacheable_statement_size=0
    ) as pool:
        options: dict[str, Any] = {"settings": SETTINGS, "flags": FLAGS, "opens": ring.told}
        engines = [Engine(catalogue(), pool, watch=watch, **options) for watch in (None, WATCH)]
        for name, query in QUERIES.items():
            given = {"id": str(family)} if "$id" in query else {}
            took: tuple[list[float], list[float]] = ([], [])
            for turn in range(ROUNDS + 20):
                for engine, times in zip(engines, took, strict=True):
                    start = time.perf_counter()
                    answer = await engine.execute(query, given, viewer=viewer, context=context)
                    if turn >= 20:
                        times.append((time.perf_counter() - start) * 1000)
                    assert b'"errors"' not in answer.body, answer.body[:300]
            plain, noted = (statistics.median(times) for times in took)
            print(f"{name:<16} {plain:6.2f} ms without, {noted:6.2f} ms with the note: {noted / plain:.2f}")
    await sql.execute("DROP TABLE IF EXISTS looks, narrow")
    for name, made in (("looks", ARRAYS), ("narrow", NARROW)):
        await sql.execute(made)
        size = await sql.fetchval("SELECT pg_total_relation_size($1::regclass) / 1000000.0", name)
        print(f"a million looks in {name}: {size:.0f} MB")
    await sql.execute("DROP TABLE looks, narrow")
    await sql.close()


def main() -> None:
    with running(ROOT / ".data" / "bench", say=print) as cluster:
        asyncio.run(measure(cluster.url("ruhu_looks")))


if __name__ == "__main__":
    main()
