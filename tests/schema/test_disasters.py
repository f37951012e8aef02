"""Disasters over HTTP: who lies inside, whatever the shape, and what becomes of them."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.access.rules import CHINA
from domain.base.datum import Datum, from_wgs84
from domain.sweeps.gathering import candidates as statement
from domain.sweeps.models import Sweep, SweepKind
from tests.schema.families_asked import VILLAGE, act, codes, new_family, person
from tests.sweeping import EXCLUDE, call, coverage, gathered, ledger, new_id, reported, square, work_off
from tests.world import World

# Out in the sea, where no family of the demo lives: (longitude, latitude) of what each test builds there.
SEA = (121.5, 25.0)


def today() -> str:
    return str(datetime.now(CHINA).date())


def at(longitude: float, latitude: float) -> dict[str, Any]:
    return {"longitude": longitude, "latitude": latitude, "datum": "WGS84"}


async def house(world: World, longitude: float, latitude: float, **facts: Any) -> str:
    return await new_family(world, person("鄢水"), location=at(longitude, latitude), **facts)


async def candidates(world: World, area: Any, **given: Any) -> dict[str, Any]:
    return await ledger(world, await gathered(world, await reported(world, area, **given)), "province_officer")


async def test_inside_on_the_border_in_a_hole_and_in_another_part(world: World) -> None:
    x, y = SEA
    inside, border, corner = (
        await house(world, x, y),
        await house(world, x + 0.01, y),
        await house(world, x - 0.01, y - 0.01),
    )
    hole, rim = await house(world, x + 0.006, y + 0.006), await house(world, x + 0.004, y + 0.006)
    outside, island = await house(world, x + 0.0101, y), await house(world, x + 1, y)
    outer = square(x, y)["coordinates"][0]
    pit = square(x + 0.006, y + 0.006, 0.002)["coordinates"][0]
    area = {"type": "MultiPolygon", "coordinates": [[outer, pit[::-1]], square(x + 1, y)["coordinates"]]}
    lines = await candidates(world, area)
    assert {inside, border, corner, rim, island} <= set(lines)
    assert not {hole, outside} & set(lines), "a hole is dry"
    assert all(not lines[home]["isUnlocated"] for home in (inside, border))
    assert {line["outcome"] for line in lines.values()} == {"WAITING"}


async def test_who_has_no_place_on_record_in_a_touched_village_is_asked_too(world: World) -> None:
    x, y = SEA[0], SEA[1] + 1
    there = await house(world, x, y)
    nowhere = await new_family(world, person("鄢无"))
    elsewhere = await new_family(world, person("鄢远"), villageCode="350125201201", persona="township_officer")
    lines = await candidates(world, square(x, y))
    assert (lines[there]["isUnlocated"], lines[nowhere]["isUnlocated"]) == (False, True)
    assert elsewhere not in lines
    assert {line["region"]["code"] for line in lines.values()} == {VILLAGE}


async def test_an_area_of_a_map_is_where_the_map_means(world: World) -> None:
    """GCJ-02 lies some 500 m off: a square of 200 m drawn on Amap holds the house only when its datum is honoured."""
    x, y = SEA[0] - 2.5, SEA[1] + 0.7
    home = await house(world, x, y)
    drawn = square(*from_wgs84(x, y, Datum.GCJ02), half=0.001)
    assert home in await candidates(world, drawn, datum="GCJ02")
    taken_for_wgs84 = await candidates(world, drawn, datum="WGS84")
    assert home not in taken_for_wgs84


async def test_only_the_region_that_was_named_and_nobody_who_has_ended(world: World) -> None:
    x, y = SEA[0], SEA[1] + 2
    here, gone = await house(world, x, y), await house(world, x, y)
    await world.sql.execute(
        "UPDATE household SET ended_on = $2, end_reason = 'NO_MEMBERS' WHERE id = $1",
        uuid.UUID(gone),
        datetime.now(CHINA).date(),
    )
    assert here in (lines := await candidates(world, square(x, y)))
    assert gone not in lines
    assert await candidates(world, square(x, y), region="3503") == {}


async def test_a_candidate_stays_one_when_the_family_moves_and_its_new_place_calls_on_it(world: World) -> None:
    x, y = SEA[0], SEA[1] + 3
    home = await house(world, x, y)
    sweep_id = await gathered(world, await reported(world, square(x, y)))
    await world.sql.execute(
        "UPDATE household SET region_code = '350125201201', location = ST_SetSRID(ST_MakePoint($2, $3), 4326),"
        " sent_longitude = $2, sent_latitude = $3 WHERE id = $1",
        *(uuid.UUID(home), x - 1, y),
    )
    line = (await ledger(world, sweep_id, "township_officer"))[home]
    assert (line["region"]["code"], line["outcome"]) == ("350125201201", "WAITING")
    assert home not in await ledger(world, sweep_id, "village_officer")


async def test_a_house_that_was_hit_is_a_clue_of_the_disaster(world: World) -> None:
    x, y = SEA[0], SEA[1] + 4
    hit, spared, wrong = [await house(world, x, y) for _ in range(3)]
    sweep_id = await gathered(world, await reported(world, square(x, y)))
    await call(world, hit, "DISASTER", purpose="DISASTER_CHECK")
    await call(world, spared, purpose="DISASTER_CHECK")
    left_out = {"sweepId": sweep_id, "householdIds": [wrong], "reason": "WRONG_LOCATION"}
    assert (await act(world, "village_officer", EXCLUDE, **left_out))["errors"] == []
    await work_off(world)
    lines = await ledger(world, sweep_id, "province_officer")
    assert [(one["sign"]["code"], one["witnesses"]) for one in lines[hit]["clues"]] == [
        ("DISASTER", [{"source": "DISASTER_SWEEP"}])
    ]
    outcomes = {home: lines[home]["outcome"] for home in (hit, spared, wrong)}
    assert outcomes == {hit: "FOUND", spared: "NOTHING_FOUND", wrong: "EXCLUDED"}
    told = await coverage(world, sweep_id, "province_officer")
    assert (told["disaster"]["kind"]["code"], told["disaster"]["name"]) == ("FLOOD", "七月洪水")
    assert told["disaster"]["area"] == {"type": "MultiPolygon", "coordinates": [square(x, y)["coordinates"]]}
    counted = told["coverage"]
    assert (counted["visited"], counted["excluded"], counted["found"], counted["verified"]) == (2, 1, 1, 0)


async def test_who_may_report_a_disaster_and_what_is_wrong_with_one(world: World) -> None:
    area = square(*SEA)
    for persona in ("township_officer", "integrator"):
        region = "350125201" if persona == "township_officer" else "3501"
        assert codes(await reported(world, area, persona, region=region)) == {("FORBIDDEN_ROLE", "input")}, persona
    for persona in ("county_officer", "other_county_officer", "cadre", "partner", "hotline_operator", "auditor"):
        assert codes(await reported(world, area, persona)) == {("NOT_FOUND", "input.region")}, persona
    assert codes(await reported(world, area, "anonymous")) == {("SIGN_IN_REQUIRED", "input")}
    tomorrow = str(datetime.now(CHINA).date() + timedelta(days=1))
    wrong = {"kind": "WAR", "name": " ", "happenedOn": tomorrow, "datum": "MARS", "untilOn": today()}
    assert codes(await reported(world, area, **wrong)) == {
        ("UNKNOWN_CODE", "input.kind"),
        ("REQUIRED", "input.name"),
        ("DATE_IN_FUTURE", "input.happenedOn"),
        ("END_BEFORE_START", "input.untilOn"),
        ("UNKNOWN_CODE", "input.datum"),
    }


@pytest.mark.parametrize(
    "ring",
    [
        [[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]],  # a bow tie
        [[0, 0], [0, 0], [0, 0], [0, 0]],  # nothing
        [[0, 0], [1, 0], [1, 1]],  # open
    ],
)
async def test_an_area_that_crosses_itself_is_refused(world: World, ring: Any) -> None:
    refused = await reported(world, {"type": "Polygon", "coordinates": [ring]})
    assert codes(refused) == {("AREA_INVALID", "input.area")}


async def test_sent_twice_it_is_one_disaster(world: World) -> None:
    given = {"operationId": new_id(), "region": "3501"}
    first, again = [await reported(world, square(*SEA), **given) for _ in range(2)]
    assert first["sweep"]["id"] == again["sweep"]["id"] == given["operationId"]
    other = await reported(world, square(*SEA, half=0.02), **given)
    assert codes(other) == {("OPERATION_REUSED", "input")}
    assert await world.sql.fetchval("SELECT count(*) FROM disaster WHERE id = $1", uuid.UUID(given["operationId"])) == 1


async def test_thirteen_thousand_houses_are_found_by_their_index(world: World) -> None:
    """The floods of 2020 put nearly 13,000 households under monitoring: as many again stand outside."""
    x, y = SEA[0], SEA[1] + 6
    sweep_id = uuid.UUID((await reported(world, square(x, y)))["sweep"]["id"])
    asked = str(statement(Sweep(kind=SweepKind.DISASTER, groups=[])))
    asked = asked.replace(":sweep", f"'{sweep_id}'::uuid").replace(":at", "now()")
    transaction = world.sql.transaction()
    await transaction.start()
    try:
        await world.sql.execute(
            "INSERT INTO household (id, code, region_code, category, location, sent_longitude, sent_latitude, sent_datum,"
            " registered_on, created_at, updated_at)"
            " SELECT gen_random_uuid(), 'sea' || n, $1, 'ORDINARY', ST_SetSRID(ST_MakePoint(x, $3), 4326), x, $3, 'WGS84',"
            " '2020-01-01', now(), now() FROM (SELECT n, $2::float8 + CASE WHEN n % 2 = 0 THEN 0 ELSE 1 END AS x"
            " FROM generate_series(1, 26000) AS n) AS made",
            *(VILLAGE, x, y),
        )
        await world.sql.execute("ANALYZE household")
        plan = "\n".join(row[0] for row in await world.sql.fetch(f"EXPLAIN (COSTS OFF) {asked}"))
        assert "ix_household_location" in plan, plan
        written = await world.sql.execute(asked)
        located = "SELECT count(*) FROM sweep_entry WHERE sweep_id = $1 AND NOT is_unlocated"
        assert await world.sql.fetchval(located, sweep_id) == 13_000, written
    finally:
        await transaction.rollback()
