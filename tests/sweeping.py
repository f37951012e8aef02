"""Sweeps over HTTP: opening them, the worker's part of it, and how far they are."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from api import worker
from api.jobs import JOBS
from domain.sweeps.gathering import GATHER
from tests.visiting import a_visit, submit
from tests.world import World

COUNTS = "day households visited excluded found verified percent"
TOLD = """sweep { id kind period fromOn untilOn groups gatheredAt openedBy { name } } task { state total }
  errors { code path message }"""
OPEN = f"mutation ($input: OpenSweepInput!) {{ openSweep(input: $input) {{ {TOLD} }} }}"
REPORT = f"mutation ($input: ReportDisasterInput!) {{ reportDisaster(input: $input) {{ {TOLD} }} }}"
EXCLUDE = "mutation ($input: ExcludeFromSweepInput!) { excludeFromSweep(input: $input) { errors { code path } } }"
TELL = """mutation ($input: RaiseSweepClueInput!) { raiseSweepClue(input: $input) {
  clue { id sign { code } state period witnesses { source detail } } errors { code path } } }"""
SWEEP = f"""query ($id: ID!, $asOf: Date) {{ sweep(id: $id) {{ id gatheredAt
  disaster {{ kind {{ code }} name area }} coverage(asOf: $asOf) {{ {COUNTS} }}
  villages(asOf: $asOf) {{ {COUNTS} region {{ code }} }} }} }}"""
DAILY = f"""query ($id: ID!, $since: Date!, $until: Date!) {{ sweep(id: $id) {{
  dailyCoverage(since: $since, until: $until) {{ {COUNTS} region {{ code }} }} }} }}"""
LEDGER = """query ($id: ID!, $region: RegionCode, $outcomes: [SweepOutcome!], $after: String) { sweep(id: $id) {
  ledger(region: $region, outcomes: $outcomes, first: 500, after: $after) { totalCount pageInfo { hasNextPage endCursor }
    nodes { household { id memberCount } region { code } groups isUnlocated outcome visit { id }
      clues { id sign { code } state beganOn witnesses { source } } exclusionReason { code } } } } }"""
WHOLE: dict[str, Any] = {  # answers to every question of the form
    "adultsMet": 2,
    **dict.fromkeys(("hasTelevision", "hasFan", "hasWeatherproofDoorsAndWindows"), True),
    **dict.fromkeys(("isYardClean", "areRoomsClean", "isPersonClean", "hasEnoughFood", "hasEnoughClothing"), True),
    "compulsoryEducation": "NO_CHILD_OF_AGE",
    "hasBasicMedicalCare": True,
    "isHousingSafe": True,
    "drinkingWater": "SAFE",
    "needs": [],
}
COUNTY, TOWNSHIP = "350125", "350125201"


def new_id() -> str:
    return str(uuid.uuid4())


async def opened(world: World, persona: str = "county_officer", **given: Any) -> Any:
    """The payload of opening a sweep, as it is before the worker came."""
    usual = {"operationId": new_id(), "kind": "QUARTERLY", "region": COUNTY, "period": "2026-Q4"}
    return (await world.ask(persona, OPEN, {"input": usual | given}))["openSweep"]


async def reported(world: World, area: Any, persona: str = "province_officer", **given: Any) -> Any:
    usual = {"operationId": new_id(), "kind": "FLOOD", "name": "七月洪水", "happenedOn": str(datetime.now(UTC).date())}
    usual |= {"region": "3501", "datum": "WGS84"}
    return (await world.ask(persona, REPORT, {"input": usual | {"area": area} | given}))["reportDisaster"]


async def call(world: World, home: str, *findings: str, persona: str = "village_officer", **changed: Any) -> str:
    """The id of a call at the family's door, with a complete form and what it found; for the half-yearly survey."""
    found = [{"id": new_id(), "kind": kind} for kind in findings]
    usual = {"purpose": "HALF_YEAR_SURVEY", "answers": WHOLE, "findings": found}
    visit = await a_visit(world, home, **(usual | changed))
    (result,) = (await submit(world, persona, [visit]))["results"]
    assert result["outcome"] == "APPLIED", result
    visit_id: str = visit["id"]
    return visit_id


async def work_off(world: World, at: datetime | None = None) -> None:
    """What the worker does about sweeps that were opened, and then about what their calls have found."""
    async with worker.working(world.settings, lambda: at or datetime.now(UTC)) as work:
        waiting = await world.sql.fetch("SELECT id FROM task WHERE kind = $1 AND finished_at IS NULL", GATHER)
        for row in waiting:
            await JOBS[GATHER](work, {"task_id": str(row["id"]), "sweep_id": str(row["id"])})
        await JOBS["look_into_sweeps"](work, {})


async def gathered(world: World, payload: Any) -> str:
    """The id of a sweep that was opened, with its households written down."""
    assert payload["errors"] == []
    await work_off(world)
    sweep_id: str = payload["sweep"]["id"]
    return sweep_id


async def coverage(world: World, sweep_id: str, persona: str = "county_officer", as_of: str | None = None) -> Any:
    return (await world.ask(persona, SWEEP, {"id": sweep_id, "asOf": as_of}))["sweep"]


async def ledger(world: World, sweep_id: str, persona: str = "county_officer", **asked: Any) -> dict[str, Any]:
    """The lines of the ledger that a persona sees, by household."""
    lines: dict[str, Any] = {}
    after: str | None = None
    while True:
        page = (await world.ask(persona, LEDGER, {"id": sweep_id, "after": after, **asked}))["sweep"]["ledger"]
        lines |= {line["household"]["id"]: line for line in page["nodes"]}
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            assert len(lines) == page["totalCount"]
            return lines


def square(longitude: float, latitude: float, half: float = 0.01) -> dict[str, Any]:
    """A square around a point, in degrees, as GeoJSON."""
    west, east, south, north = longitude - half, longitude + half, latitude - half, latitude + half
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }
