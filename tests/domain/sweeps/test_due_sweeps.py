"""Sweeps that the worker opens by itself, by the policy of each county."""

from __future__ import annotations

import asyncio
import uuid
from datetime import datetime
from typing import Any

from api import worker
from domain.access.rules import CHINA
from domain.sweeps.looking import open_due_sweeps
from domain.sweeps.rules import EDGE_GROUPS
from tests.world import World

LUAN = "341503"  # Fuzhou 2020 says every quarter, Lu'an 2019 the half-year only
SWEEPS = """SELECT region_code, kind, period, from_on::text, until_on::text, groups, opened_by_id, gathered_at,
  (SELECT count(*) FROM sweep_entry e WHERE e.sweep_id = s.id) AS entries FROM sweep s
  WHERE region_code = $1 AND gathered_at = $2 ORDER BY kind"""


async def on(world: World, day: str, county: str = "350125") -> list[dict[str, Any]]:
    """What is opened on a day of which two workers take themselves to be the one, and one more the day after."""
    at = datetime.fromisoformat(f"{day}T00:20").replace(tzinfo=CHINA)
    async with worker.working(world.settings) as work:
        await asyncio.gather(*(open_due_sweeps(work.sessions, at) for _ in range(2)))
        assert await open_due_sweeps(work.sessions, at) == 0, "there already"
    return [dict(row) for row in await world.sql.fetch(SWEEPS, county, at)]


async def test_april_and_october_are_for_the_edge_groups_and_other_months_for_nobody(world: World) -> None:
    (autumn,) = await on(world, "2025-10-01", LUAN)
    assert (autumn["kind"], autumn["period"], autumn["from_on"], autumn["until_on"]) == (
        *("HALF_YEARLY", "2025-H2", "2025-10-01", "2025-10-31"),
    )
    assert (autumn["groups"], autumn["opened_by_id"]) == (list(EDGE_GROUPS), None)
    assert autumn["entries"] > 0
    assert await on(world, "2025-11-01", LUAN) == []
    assert [sweep["period"] for sweep in await on(world, "2025-04-30", LUAN)] == ["2025-H1"]
    trace = (
        "SELECT count(*) FROM audit_entry WHERE action = 'open_sweep' AND region_code = '341503' AND actor_id IS NULL"
    )
    assert await world.sql.fetchval(trace) == 2


async def test_a_county_whose_policy_says_so_is_swept_every_month_and_quarter(world: World) -> None:
    await world.sql.execute(
        "INSERT INTO policy_value (id, region_code, parameter, value, from_on, document, basis, adopted_at)"
        " VALUES ($1, '350125', 'SWEEP_INTERVAL', '1', '2024-01-01', '县委办', 'ASSUMPTION', now())",
        uuid.uuid4(),
    )
    monthly, quarterly = await on(world, "2024-08-17")
    assert (monthly["period"], monthly["groups"]) == ("2024-08", [])
    assert (quarterly["period"], quarterly["until_on"]) == ("2024-Q3", "2024-09-30")
    everybody = "SELECT count(*) FROM household WHERE region_code LIKE '350125%' AND ended_on IS NULL"
    assert monthly["entries"] == quarterly["entries"] == await world.sql.fetchval(everybody)
    assert [sweep["kind"] for sweep in await on(world, "2024-09-01")] == ["MONTHLY"], "the quarter's is open"
    assert await on(world, "2024-08-18", LUAN) == []
