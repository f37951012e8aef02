"""What the walls cost: the same reads with both, without the second, and without either, taking turns.

    ./ruhu bench walls [--households N]

Without wall 2 the statements run as a role that row-level security does not hold. Without wall 1 as well they come from
an engine whose scopes are all open: the viewer sees everything, so it is asked for nothing outside what the officer sees.
Prints medians in milliseconds, and their ratios to the bare statement.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
from typing import Any

import asyncpg

from api.app import PLANNED_ANEW, PLANNED_ONCE
from api.cli.cluster import running
from api.database import connected, prepare
from bench.servers import ROOT, master
from domain.access.queries import find_viewer
from domain.access.rules import CHINA, Viewer
from domain.base.key_ring import read_ring
from domain.demo.personas import account_id
from domain.demo.province import load_province
from schema.engine import Engine
from schema.root import catalogue
from schema.walls import FLAGS, SETTINGS

COUNTY = "350125"
HOME = "code category { code } memberCount members { name relationToHead { code } }"
READS: Mapping[str, str] = {
    "a village": f"query($v: RegionCode!) {{ households(filter: {{region: $v}}) {{ totalCount nodes {{ {HOME} }} }} }}",
    "a page of the county": f'{{ households(filter: {{region: "{COUNTY}"}}, first: 50) {{ nodes {{ {HOME} }} }} }}',
    "one family": f"query($h: ID!) {{ household(id: $h) {{ {HOME} visits(first: 5) {{ nodes {{ occurredAt }} }} }} }}",
    "visits of the county": f'{{ visits(filter: {{region: "{COUNTY}"}}, first: 50) {{ nodes {{ id occurredAt }} }} }}',
    "a name": 'query($v: RegionCode!) { households(filter: {search: "桂芳", region: $v}, first: 20) { nodes { code } } }',
}
WARM_UP = 20


async def _milliseconds(engine: Engine, query: str, given: Mapping[str, Any], viewer: Viewer) -> tuple[float, Any]:
    began = time.perf_counter()
    answer = await engine.execute(query, given, viewer=viewer)
    spent = (time.perf_counter() - began) * 1000
    body = json.loads(answer.body)
    assert "errors" not in body, body
    return spent, body["data"]


async def measure(url: str, households: int, rounds: int) -> None:
    key = master()
    await prepare(url, key, demo=True, say=print)
    today = datetime.now(CHINA).date()
    async with connected(url) as sql, AsyncExitStack() as stack:
        ring = await read_ring(sql, key, datetime.now(CHINA))
        if await sql.fetchval("SELECT count(*) FROM household") < households:
            await load_province(sql, ring, households=households, say=print, today=today)
        await sql.execute("ANALYZE")
        officer = await find_viewer(sql, account_id("county_officer"), today, "zh")
        assert officer is not None
        # Sees by region, and all of it: the scope's condition stands in the statement and decides nothing.
        everybody = replace(officer, region_from="0", region_to=":", region_spans=None)
        village = await sql.fetchval(
            "SELECT region_code FROM household WHERE region_code ^@ $1 GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
            COUNTY,
        )
        family = await sql.fetchval("SELECT id FROM household WHERE region_code = $1 ORDER BY id LIMIT 1", village)
        runs: list[tuple[Engine, Viewer]] = []
        for role, settings, viewer in (
            ("ruhu_app", SETTINGS, officer),
            ("ruhu_machine", SETTINGS, officer),
            ("ruhu_machine", {}, everybody),
        ):
            pools = [
                await stack.enter_async_context(
                    asyncpg.create_pool(
                        url,
                        min_size=1,
                        max_size=1,
                        server_settings={"role": role, "jit": "off", **planned},
                        max_cacheable_statement_size=0,
                    )
                )
                for planned in (PLANNED_ONCE, PLANNED_ANEW)
            ]
            anew = (pools[1], lambda viewer: viewer.sees_by_region)
            runs.append(
                (Engine(catalogue(), pools[0], settings=settings, flags=FLAGS, anew=anew, opens=ring.told), viewer)
            )
        print(f"{'':<22}{'bare':>9}{'wall 1':>9}{'both':>9}   ratio of both")
        for name, query in READS.items():
            given = {"v": village} if "$v" in query else {"h": str(family)} if "$h" in query else {}
            took: list[list[float]] = [[] for _ in runs]
            for turn in range(rounds + WARM_UP):
                answers = []
                for (engine, viewer), times in zip(runs, took, strict=True):
                    spent, answer = await _milliseconds(engine, query, given, viewer)
                    answers.append(answer)
                    if turn >= WARM_UP:
                        times.append(spent)
                assert answers[0] == answers[1] == answers[2], name
            both, first, bare = (statistics.median(times) for times in took)
            print(f"{name:<22}{bare:9.2f}{first:9.2f}{both:9.2f}   {both / bare:.2f}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="./ruhu bench walls", description="What the walls cost.")
    parser.add_argument("--households", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=200)
    asked = parser.parse_args(arguments)
    with running(ROOT / ".data" / "bench", say=print) as cluster:
        asyncio.run(measure(cluster.url(f"ruhu_walls_{asked.households}"), asked.households, asked.rounds))


if __name__ == "__main__":
    main()
