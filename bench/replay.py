"""How long figures take to be judged: a county of 50,000 households, replayed and evaluated. On a private server.

    python -m bench.replay [--households 50000] [--months 12]

The county is 永泰县 with made-up families: four people each, a wage and a transfer a month, a harvest in October, a bill
here and there. Everything runs as ruhu_app for the county's officer, under both walls.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from api.app import as_app
from api.cli.cluster import running
from api.database import connected, prepare, sqlalchemy_url
from api.settings import Settings
from bench.servers import ROOT, master
from domain.access.queries import SET_VIEWER, find_viewer, viewer_parameters, viewer_settings
from domain.access.rules import CHINA, Actor
from domain.base.transactions import carry_out
from domain.demo.personas import account_id
from domain.households.models import Household
from domain.monitoring.actions import evaluate_households
from domain.monitoring.months import back, population_of
from domain.monitoring.replaying import replay_policy
from domain.monitoring.signs import signs_on

COUNTY = "350125"
SUMS = ("households", "now", "then", "entering", "leaving")
MONTHS = 26  # a year that is replayed, and the year before it over which business income is spread

FAMILIES = """
INSERT INTO household (id, code, region_code, category, registered_on, created_at, updated_at)
SELECT ruhu_id('bench household ' || n), 'bench-' || n, village.codes[1 + n % cardinality(village.codes)], 'LIFTED',
       '2020-06-01', now(), now()
FROM generate_series(1, $1) AS n,
     (SELECT array_agg(code ORDER BY code) AS codes FROM region WHERE code ^@ '350125' AND level = 'VILLAGE') AS village
"""
PEOPLE = """
INSERT INTO membership (id, household_id, person_id, region_code, started_on, start_reason)
SELECT gen_random_uuid(), id, gen_random_uuid(), region_code, '2020-06-01', 'REGISTERED'
FROM household, generate_series(1, 4) WHERE code LIKE 'bench-%'
"""
FIGURES = """
INSERT INTO income_statement (id, household_id, region_code, month, kind, amount_fen, origin, recorded_at, recorded_by_id)
SELECT gen_random_uuid(), h.id, h.region_code, month, told.kind, told.fen, 'DOOR_SURVEY', now(), $2
FROM (SELECT *, hashtext(code)::bigint & 1023 AS luck FROM household WHERE code LIKE 'bench-%') AS h,
     generate_series($1::date, current_date, interval '1 month') AS month,
     LATERAL (VALUES
       ('WAGE', 180000 + h.luck * 700, true), ('TRANSFER', 12000, true),
       ('BUSINESS', 900000, extract(month FROM month) = 10), ('PRODUCTION_COST', 300000, extract(month FROM month) = 10),
       ('MEDICAL', 400000, (h.luck + extract(month FROM month)) % 37 = 0)) AS told(kind, fen, is_told)
WHERE told.is_told
"""


def processor_seconds(pid: int) -> float:
    """What a process has used so far: beside other programs it says more than the clock on the wall."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def county(connection: asyncpg.Connection, households: int) -> None:
    """So many families of 永泰县 with their figures, unless they are there."""
    if await connection.fetchval("SELECT count(*) FROM household WHERE code LIKE 'bench-%'") == households:
        return
    first = back(datetime.now(CHINA).date().replace(day=1), MONTHS)
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")  # no feed, no keys: it is thrown away
        await connection.execute(FAMILIES, households)
        await connection.execute(PEOPLE)
        await connection.execute(FIGURES, first, account_id("county_officer"))
    await connection.execute("VACUUM (ANALYZE)")
    figures = await connection.fetchval("SELECT count(*) FROM income_statement")
    print(f"  {households:,} families, {figures:,} figures")


async def main(households: int, months: int) -> None:
    with running(ROOT / ".data" / "bench", say=print) as cluster:
        url = cluster.url(f"ruhu_bench_replay_{households}")
        await prepare(url, master(), demo=True, say=print)
        async with connected(url) as connection:
            await county(connection, households)
            now = datetime.now(UTC)
            viewer = await find_viewer(connection, account_id("county_officer"), now.astimezone(CHINA).date(), "zh")
        assert viewer is not None
        server = as_app(Settings(database_url=url)) | {"statement_timeout": "120s"}
        engine = create_async_engine(sqlalchemy_url(url), connect_args={"server_settings": server})
        sessions, actor = async_sessionmaker(engine), Actor(viewer, now)

        async def timed(name: str, action: Any) -> Any:
            spent = 0.0

            async def weighed(db: Any) -> Any:
                nonlocal spent
                backend = await db.scalar(text("SELECT pg_backend_pid()"))
                before = processor_seconds(backend)
                done = await action(db)
                spent = processor_seconds(backend) - before
                return done

            started = time.perf_counter()
            done = await carry_out(sessions, weighed, set_viewer=SET_VIEWER, viewer=viewer_settings(viewer))
            print(f"{name}: {time.perf_counter() - started:.2f} s, of PostgreSQL's processor {spent:.2f} s")
            return done

        last = back(actor.today.replace(day=1), 1)
        span: dict[str, date] = {"from_on": back(last, months - 1), "until_on": last}
        for proposal in ([("INCOME_LINE", "10000.00")], [("MONTHS_BELOW", 2), ("MEDICAL_THRESHOLD", "8000.00")]):
            rows = await timed(
                f"replay of {proposal} over {months} months",
                lambda db, proposal=proposal: replay_policy(db, actor, region_code=COUNTY, proposal=proposal, **span),
            )
            counts = [
                sum(getattr(row, name) for row in rows) for name in ("households", "now", "then", "entering", "leaving")
            ]
            print(f"  {len(rows)} villages: households, found now, found then, entering, leaving: {counts}")
        by_region = Household.region_code.startswith(COUNTY)
        signs = await timed("every sign of the county today", lambda db: _signs(db, actor, by_region))
        print(f"  {len(signs):,} signs")
        some = [row.household_id for row in signs][:1]
        for name in ("one family, evaluated and its clue raised", "the same family again"):
            await timed(name, lambda db: evaluate_households(db, actor, household_ids=some))
        await engine.dispose()


async def _signs(db: Any, actor: Actor, where: Any) -> Any:
    await db.execute(text("SELECT set_config('work_mem', '128MB', true)"))
    statement = signs_on(population_of(where, actor.today), actor.today)
    return (await db.execute(statement, viewer_parameters(actor.viewer))).all()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=50_000)
    parser.add_argument("--months", type=int, default=12)
    chosen = parser.parse_args()
    asyncio.run(main(chosen.households, chosen.months))
