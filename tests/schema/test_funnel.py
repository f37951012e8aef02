"""即时出现、即时纳入、即时帮扶: how many clues come to a decision and to help, and the hours between."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.world import World

ASKED = """query($r: RegionCode!, $s: Date!, $u: Date!, $l: RegionLevel) { funnel(region: $r, since: $s, until: $u, level: $l) {
  regionCode clues verified admitted helped
  hoursToDecision { median nineTenths } hoursToHelp { median nineTenths } } }"""
MARCH = {"s": "2019-03-01", "u": "2019-03-31"}
HERE, THERE = "350125201205", "350125201201"

# Village; received; how it was settled; decided; the day on which the first measure began.
STORIES = (
    (HERE, "2019-03-01T08:00+08", "VERIFIED", "2019-03-11T08:00+08", "2019-03-13"),  # 240 hours, then 40
    (
        THERE,
        "2019-03-02T00:00+08",
        "VERIFIED",
        "2019-03-04T00:00+08",
        "2019-03-03",
    ),  # 48 hours, and help was there before
    (HERE, "2019-03-05T09:00+08", "VERIFIED", None, None),
    (HERE, "2019-03-31T23:59+08", "DISMISSED", None, None),
    (HERE, "2019-04-01T00:00+08", "NEW", None, None),  # a minute too late for March
)


@pytest.fixture(scope="module")
async def told(world: World) -> World:
    """Clues of March 2019, and what became of them."""
    sql = world.sql
    await sql.execute("SET session_replication_role = replica")
    for village, received, state, decided, helped in STORIES:
        ids = {name: uuid.uuid4() for name in ("clue", "case", "measure")}
        home = await sql.fetchval(
            "SELECT id FROM household h WHERE region_code = $1 AND NOT EXISTS (SELECT FROM clue c WHERE"
            " c.household_id = h.id) AND NOT EXISTS (SELECT FROM monitoring_case c WHERE c.household_id = h.id)"
            " ORDER BY code LIMIT 1",
            village,
        )
        settled = "NULL, NULL, NULL" if state == "NEW" else "now(), now(), (SELECT id FROM visit LIMIT 1)"
        day = f"('{received}'::timestamptz AT TIME ZONE 'Asia/Shanghai')::date"
        await sql.execute(
            "INSERT INTO clue (id, household_id, region_code, sign, period, received_at, began_on, due_on, state, stopped_at,"
            f" settled_at, visit_id) VALUES ($1, $2, $3, 'HARDSHIP', 'X', '{received}', {day}, {day} + 7, $4, {settled})",
            *(ids["clue"], home, village, state),
        )
        if decided:
            await sql.execute(
                "INSERT INTO monitoring_case (id, household_id, region_code, category, causes, round, step, step_since,"
                " clue_id, began_on, round_began_on, due_on, opened_at, decided_at, created_at, updated_at) SELECT $1, $2, $3,"
                f" 'EDGE', '{{}}', 'ADMISSION', 'MONITORED', now(), $4, d, d, d, now(), '{decided}', now(), now()"
                f" FROM (SELECT {day} AS d) AS day",
                *(ids["case"], home, village, ids["clue"]),
            )
            await sql.execute(
                "INSERT INTO measure (id, household_id, region_code, kind, entitlement, state, planned_on, approved_on,"
                " started_on, provider_organisation_id, recorded_at, recorded_by_id) SELECT $1, $2, $3, 'EMPLOYMENT', 'FULL',"
                f" 'DELIVERING', '{helped}', '{helped}', '{helped}', o.id, now(), a.id FROM organisation o, account a LIMIT 1",
                *(ids["measure"], home, village),
            )
    await sql.execute("RESET session_replication_role")
    return world


async def funnel(world: World, persona: str, region: str = "350125", **given: Any) -> Any:
    return (await world.ask(persona, ASKED, {"r": region, **MARCH, **given}))["funnel"]


async def test_the_hours_from_the_sign_to_the_decision_to_the_help(told: World) -> None:
    (county,) = await funnel(told, "county_officer")
    assert county == {
        "regionCode": "350125",
        "clues": 4,
        "verified": 3,
        "admitted": 2,
        "helped": 2,
        "hoursToDecision": {"median": 144.0, "nineTenths": 220.8},
        "hoursToHelp": {"median": 20.0, "nineTenths": 36.0},
    }


async def test_each_village_has_its_own(told: World) -> None:
    there, here = await funnel(told, "county_officer", l="VILLAGE")
    assert (there["regionCode"], there["clues"], there["hoursToDecision"]["median"]) == (THERE, 1, 48.0)
    assert there["hoursToHelp"] == {"median": 0.0, "nineTenths": 0.0}
    assert (here["regionCode"], here["clues"], here["admitted"], here["hoursToHelp"]["median"]) == (HERE, 3, 1, 40.0)
    (mine,) = await funnel(told, "village_officer", HERE)
    assert mine == here


async def test_nobody_else_is_told(told: World) -> None:
    for persona in ("partner", "department", "integrator", "cadre", "other_county_officer", "auditor"):
        assert await funnel(told, persona) is None, persona
    assert await funnel(told, "township_officer") is None, "only of the own township"


async def test_a_month_without_clues_is_empty(told: World) -> None:
    assert await funnel(told, "county_officer", s="2018-01-01", u="2018-01-31") == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"u": "2019-02-28"}, "END_BEFORE_START"),
        ({"u": "2020-03-01"}, "FUNNEL_TOO_LONG"),
        ({"r": "35", "l": "VILLAGE"}, "REGION_TOO_WIDE"),
        ({"r": "35", "l": "TOWNSHIP"}, "REGION_TOO_WIDE"),
    ],
)
async def test_what_cannot_be_asked_is_refused(told: World, given: dict[str, str], code: str) -> None:
    body = await told.post("province_officer", ASKED, {"r": "35", **MARCH, **given})
    assert [error["extensions"]["code"] for error in body["errors"]] == [code]
