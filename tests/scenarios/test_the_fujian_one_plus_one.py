"""阳光“1+1” in Fujian (S1): 1,000 social organisations were to join hands with 1,000 old-area villages; 1,036 and 1,110 did.

The first of them are there in bulk, the last are paired over HTTP; the province counts, a county looks village by village,
an organisation tells what it did.
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.counting import sent as sent
from tests.plans import explain
from tests.schema.pairings_asked import TODAY, VILLAGE
from tests.world import World

ORGANISATIONS, VILLAGES = 1036, 1110
BY_HAND = 6  # of the villages, by officers over HTTP

# One of each is in the demo. The others: villages of the province in the order of their codes, organisations in turn.
JOINED = """
WITH organisations AS (
  INSERT INTO organisation (id, name, kind, region_code, started_on)
  SELECT gen_random_uuid(), '福建演示社会组织' || n, 'SOCIAL_ORGANISATION', '35', '2018-01-01'
  FROM generate_series(1, $1::int) AS n RETURNING id
), numbered AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM organisations),
places AS (
  SELECT v.id, v.region_code, row_number() OVER (ORDER BY md5(v.region_code)) - 1 AS n FROM village v
  JOIN region r ON r.code = v.region_code
  WHERE v.region_code LIKE '35%' AND v.region_code NOT LIKE '350125%' AND r.valid_to IS NULL LIMIT $2::int
)
INSERT INTO pairing (id, role, region_code, organisation_id, village_id, started_on, mode, created_at)
SELECT gen_random_uuid(), 'SUNSHINE_HAND', places.region_code, numbered.id, places.id, date '2019-03-01' + (places.n % 300)::int,
       (ARRAY['LINKED_STRENGTHS', 'SHARED_PROJECTS', 'LONG_TERM'])[places.n % 3 + 1], now()
FROM places JOIN numbered ON numbered.n = places.n % $1::int
"""
REACHED = """query($on: Date) { campaigns { nodes { id targetOrganisations targetVillages
  reached(on: $on) { organisations villages pairings } byMode(on: $on) { mode { code } organisations villages }
  divisions(on: $on) { region { code name } organisations villages } byArea { area { code } activities amount people } } } }"""
PLACES = """query($c: ID!, $after: String) { campaignVillages(campaignId: $c, first: 200, after: $after) { totalCount
  nodes { village { code } organisations activities amount people lastOn } pageInfo { hasNextPage endCursor } } }"""
ASSIGN = "mutation($input: AssignPairingInput!) { assignPairing(input: $input) { pairing { id } errors { code } } }"


@pytest.fixture(scope="module")
async def joined(world: World) -> World:
    await world.sql.execute(JOINED, ORGANISATIONS - 1, VILLAGES - 1 - BY_HAND)
    organisation = await world.sql.fetchval("SELECT id FROM organisation WHERE name = '福建演示社会组织1'")
    villages = await world.sql.fetch(
        "SELECT id FROM village WHERE region_code LIKE '350125%' AND region_code <> $1 ORDER BY region_code LIMIT $2",
        VILLAGE,
        BY_HAND,
    )
    for village in villages:
        asked = {
            "id": str(uuid.uuid4()),
            "role": "SUNSHINE_HAND",
            "startedOn": "2020-05-01",
            "organisationId": str(organisation),
            "villageId": str(village["id"]),
            "mode": "LONG_TERM",
        }
        payload = (await world.ask("county_officer", ASSIGN, {"input": asked}))["assignPairing"]
        assert payload["errors"] == []
    await world.sql.execute("ANALYZE pairing, organisation, village")
    return world


async def test_the_province_has_reached_more_than_it_planned(joined: World, sent: list[str]) -> None:
    (found,) = (await joined.ask("province_officer", REACHED, {"on": None}))["campaigns"]["nodes"]
    assert len(sent) == 1
    assert (found["targetOrganisations"], found["targetVillages"]) == (1000, 1000)
    assert found["reached"] == {"organisations": ORGANISATIONS, "villages": VILLAGES, "pairings": VILLAGES}
    assert {one["mode"]["code"] for one in found["byMode"]} == {"LINKED_STRENGTHS", "SHARED_PROJECTS", "LONG_TERM"}
    assert sum(one["villages"] for one in found["byMode"]) == VILLAGES
    assert sum(one["villages"] for one in found["divisions"]) == VILLAGES, "a village lies in one prefecture"
    assert sum(one["organisations"] for one in found["divisions"]) >= ORGANISATIONS, "an organisation may be in two"
    (before,) = (await joined.ask("province_officer", REACHED, {"on": "2019-02-28"}))["campaigns"]["nodes"]
    assert before["reached"]["villages"] == 0


async def test_it_is_looked_at_village_by_village(joined: World, sent: list[str]) -> None:
    campaign = str(await joined.sql.fetchval("SELECT id FROM campaign"))
    found: list[Any] = []
    after, pages = None, 0
    while True:
        page = (await joined.ask("province_officer", PLACES, {"c": campaign, "after": after}))["campaignVillages"]
        found, pages = found + page["nodes"], pages + 1
        assert page["totalCount"] == VILLAGES
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert len(sent) == pages == 6
    assert len({one["village"]["code"] for one in found}) == VILLAGES
    assert [one["village"]["code"] for one in found] == sorted(one["village"]["code"] for one in found)
    (lixing,) = [one for one in found if one["village"]["code"] == VILLAGE]
    assert (lixing["organisations"], lixing["activities"], lixing["amount"]) == (1, 4, "85550.00")


async def test_each_sees_its_own_part_of_it(joined: World) -> None:
    county = (await joined.ask("county_officer", REACHED, {"on": None}))["campaigns"]["nodes"][0]["reached"]
    assert county == {"organisations": 2, "villages": BY_HAND + 1, "pairings": BY_HAND + 1}
    partner = (await joined.ask("partner", REACHED, {"on": None}))["campaigns"]["nodes"][0]["reached"]
    assert partner == {"organisations": 1, "villages": 1, "pairings": 1}


async def test_what_an_organisation_reports_is_counted_at_once(joined: World) -> None:
    campaign = str(await joined.sql.fetchval("SELECT id FROM campaign"))
    pairing = await joined.sql.fetchval(
        "SELECT p.id FROM pairing p JOIN account a USING (organisation_id) WHERE a.persona = 'partner' AND p.role = 'SUNSHINE_HAND'"
    )
    report = "mutation($input: ReportActivityInput!) { reportActivity(input: $input) { errors { code } } }"
    told = {
        "id": str(uuid.uuid4()),
        "campaignId": campaign,
        "pairingId": str(pairing),
        "area": "MARKETING",
        "happenedOn": str(TODAY),
        "text": "县长带你买好货直播专场",
        "amount": "86400.50",
        "peopleReached": 120,
    }
    assert (await joined.ask("partner", report, {"input": told}))["reportActivity"]["errors"] == []
    areas = (await joined.ask("province_officer", REACHED, {"on": None}))["campaigns"]["nodes"][0]["byArea"]
    (marketing,) = [one for one in areas if one["area"]["code"] == "MARKETING"]
    assert marketing == {"area": {"code": "MARKETING"}, "activities": 2, "amount": "121150.50", "people": 158}


async def test_its_figures_are_counted_once_over_and_not_village_by_village(joined: World) -> None:
    from tests.scenarios.viewers import viewer_of  # the very viewer that the program makes of the persona

    officer = await viewer_of(joined, "province_officer")
    plan = await explain(joined.settings.database_url, REACHED, {"on": str(TODAY)}, officer)
    assert "Seq Scan on campaign_activity" not in plan or plan.count("loops=1)") > 0
    assert max((int(part.split(")")[0]) for part in plan.split("loops=")[1:]), default=0) <= 2000, plan
