"""The floods of 2020, as the national survey tells of them: an area and a day, every household inside a candidate.

富泉乡 of Yongtai and 上莲乡 of Minqing are real townships of Fuzhou; the flood and the families are made up. Days go as in
the survey, only that they end today: the world's clock is the real one.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from domain.access.rules import CHINA
from domain.demo.places import VILLAGE_BY_CODE
from tests.schema.families_asked import act, new_family, person
from tests.schema.test_clues import VERIFY
from tests.sweeping import DAILY, EXCLUDE, call, coverage, gathered, ledger, reported, square, work_off
from tests.visiting import ago
from tests.world import World

LIXING, SHANGLIAN = "350125201205", "350124201201"
INSIDE = """SELECT h.id, h.region_code FROM household h, (SELECT ST_SetSRID(ST_GeomFromGeoJSON($1), 4326) AS area) a
  WHERE h.ended_on IS NULL AND ST_Covers(a.area, h.location)"""


async def test_a_flood_over_two_townships_from_the_map_to_the_last_door(world: World) -> None:
    today = datetime.now(CHINA).date()
    for role, region in (("TOWNSHIP_OFFICER", "350124201"), ("VILLAGE_OFFICER", SHANGLIAN)):
        await world.sql.execute(
            "INSERT INTO access_grant (id, account_id, role, region_code, starts_on)"
            " SELECT $1, id, $2, $3, '2020-01-01' FROM account WHERE persona = $4",
            *(uuid.uuid4(), role, region, role.lower()),
        )
    # The river took the middle of two villages; two more families have nothing but an address on record.
    parts = [
        square(VILLAGE_BY_CODE[code].longitude, VILLAGE_BY_CODE[code].latitude, 0.004) for code in (LIXING, SHANGLIAN)
    ]
    area = {"type": "MultiPolygon", "coordinates": [part["coordinates"] for part in parts]}
    unlocated = [await new_family(world, person("陈无址"), villageCode=code) for code in (LIXING, SHANGLIAN)]
    happened_on = today - timedelta(days=3)
    report = await reported(world, area, "province_officer", name="七月暴雨洪涝", happenedOn=str(happened_on))
    sweep_id = await gathered(world, report)

    lines = await ledger(world, sweep_id, "province_officer")
    townships = {line["region"]["code"][:9] for line in lines.values()}
    assert townships == {"350125201", "350124201"}
    wet = {str(row["id"]) for part in parts for row in await world.sql.fetch(INSIDE, str(part).replace("'", '"'))}
    assert len(wet) > 10
    assert {home for home, line in lines.items() if not line["isUnlocated"]} == wet, "every household inside"
    assert {home for home, line in lines.items() if line["isUnlocated"]} >= set(unlocated)
    mine = await ledger(world, sweep_id, "county_officer")
    assert {line["region"]["code"][:6] for line in mine.values()} == {"350125"}, "each county sees its own"

    # Two days of calls: yesterday one house of Lixing, today two more; one was nobody's.
    lixing = sorted(home for home in wet if lines[home]["region"]["code"] == LIXING)
    shanglian = sorted(home for home in wet if lines[home]["region"]["code"] == SHANGLIAN)
    hit, dry, empty = lixing[0], lixing[1], lixing[2]
    yesterday = ago(days=1)
    await call(world, hit, "DISASTER", purpose="DISASTER_CHECK", occurredAt=yesterday, capturedAt=yesterday)
    await call(world, dry, purpose="DISASTER_CHECK")
    await call(world, shanglian[0], "DISASTER", "DANGEROUS_HOUSING", purpose="DISASTER_CHECK")
    left_out = {"sweepId": sweep_id, "householdIds": [empty], "reason": "EMPTY_HOUSE"}
    assert (await act(world, "village_officer", EXCLUDE, **left_out))["errors"] == []

    asked = {"id": sweep_id, "since": str(happened_on), "until": str(today)}
    days = (await world.ask("province_officer", DAILY, asked))["sweep"]["dailyCoverage"]
    told = {(row["day"], row["region"]["code"]): (row["visited"], row["excluded"], row["found"]) for row in days}
    assert [told[str(today - timedelta(days=back)), LIXING] for back in (3, 2, 1, 0)] == [
        *((0, 0, 0), (0, 0, 0), (1, 0, 1), (2, 1, 1)),
    ]
    assert told[str(today), SHANGLIAN] == (1, 0, 1)
    assert sum(row["households"] for row in days if row["day"] == str(today)) == len(lines) - 1

    # What was found is a clue of this disaster by itself, and is verified at the door within the week.
    await work_off(world)
    lines = await ledger(world, sweep_id, "province_officer")
    (clue,) = lines[hit]["clues"]
    assert (clue["sign"]["code"], clue["witnesses"]) == ("DISASTER", [{"source": "DISASTER_SWEEP"}])
    assert {one["sign"]["code"] for one in lines[shanglian[0]]["clues"]} == {"DISASTER", "DANGEROUS_HOUSING"}
    colleague = await world.sql.fetchval("SELECT id FROM helper WHERE name = '林国强'")
    now = ago()
    door = await call(world, hit, purpose="VERIFICATION", companionIds=[str(colleague)], occurredAt=now, capturedAt=now)
    done = await act(world, "township_officer", VERIFY, clueId=clue["id"], visitId=door, outcome="CONFIRMED")
    assert done["errors"] == []
    end = (await coverage(world, sweep_id, "province_officer"))["coverage"]
    assert (end["visited"], end["excluded"], end["found"], end["verified"]) == (3, 1, 2, 1)
