"""Lights reckoned at night by one statement, on households that were made for it."""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from api import worker
from api.jobs import JOBS
from domain.access.rules import CHINA
from domain.grades.reckoning import reckon_lights, townships_with_lights
from domain.monitoring.months import back
from tests.domain.grades.test_indicators import BANDS, TABLE
from tests.world import World

AWATI, LANGAN = "653125104", "653125104202"
NIGHT = datetime(2026, 11, 20, 1, 10, tzinfo=CHINA)
LIGHTS = """SELECT level, state, reasons, effective_from, superseded_on, indicators, supersedes_id, proposed_by_id
  FROM risk_grade WHERE household_id = $1 ORDER BY effective_from, superseded_on NULLS LAST"""


async def a_family(world: World, net: int | None, members: int = 3, category: str = "EDGE") -> uuid.UUID:
    """A household with a year of figures until last month that come to `net` fen; None: a month is missing."""
    home, sql = uuid.uuid4(), world.sql
    async with sql.transaction():
        await sql.execute("SET LOCAL session_replication_role = replica")
        await sql.execute(
            "INSERT INTO household (id, code, region_code, category, causes, monitoring_status, registered_on, revision,"
            " created_at, updated_at) VALUES ($1, gen_random_uuid()::text, $2, $3, '{}', 'NEVER', '2020-01-01', 1, now(), now())",
            *(home, LANGAN, category),
        )
        for _ in range(members):
            await sql.execute(
                "INSERT INTO membership (id, person_id, household_id, region_code, started_on, start_reason)"
                " VALUES (gen_random_uuid(), gen_random_uuid(), $1, $2, '2020-01-01', 'REGISTERED')",
                *(home, LANGAN),
            )
        amount = net or 0
        for ago in range(1, 13):
            if ago == 5 and net is None:
                continue
            kind = "PRODUCTION_COST" if amount < 0 and ago == 1 else "WAGE"
            await figure(world, home, back(NIGHT.date().replace(day=1), ago), kind, abs(amount) if ago == 1 else 0)
        if amount < 0:
            await figure(world, home, back(NIGHT.date().replace(day=1), 1), "WAGE", 0)
    return home


async def figure(world: World, home: uuid.UUID, month: date, kind: str, fen: int) -> None:
    await world.sql.execute(
        "INSERT INTO income_statement (id, household_id, region_code, month, kind, amount_fen, origin, recorded_at,"
        " recorded_by_id) SELECT gen_random_uuid(), $1, $2, $3, $4, $5, 'DOOR_SURVEY', now(), min(id::text)::uuid"
        " FROM account",
        *(home, LANGAN, month, kind, fen),
    )


async def reckoned(world: World, at: datetime = NIGHT) -> int:
    async with worker.working(world.settings) as work:
        return await reckon_lights(work.sessions, AWATI, at)


async def lights(world: World, home: uuid.UUID) -> list[dict[str, Any]]:
    return [dict(row) for row in await world.sql.fetch(LIGHTS, home)]


async def clues(world: World, home: uuid.UUID) -> list[tuple[str, str]]:
    rows = await world.sql.fetch(
        "SELECT sign, source FROM clue c JOIN clue_witness w ON w.clue_id = c.id WHERE c.household_id = $1", home
    )
    return [tuple(row) for row in rows]


async def test_the_statement_decides_as_the_table_of_the_rule_says(world: World) -> None:
    made = [(await a_family(world, net, members), level) for net, members, bands, level in TABLE if bands == BANDS]
    await reckoned(world)
    for home, level in made:
        (light,) = await lights(world, home)
        assert (light["level"], light["state"], light["proposed_by_id"]) == (level, "FILED", None)
        assert light["effective_from"] == NIGHT.date()
        assert light["reasons"] == ["INCOME_UNKNOWN" if level == "UNKNOWN" else "INCOME_BAND"]
    assert await reckoned(world) == 0, "nothing is another"


async def test_other_bands_bring_other_lights_from_the_day_they_hold(world: World) -> None:
    home = await a_family(world, 2_250_000)
    await reckoned(world)
    await world.sql.execute(
        "INSERT INTO policy_value (id, region_code, parameter, value, from_on, document, basis, adopted_at)"
        " VALUES (gen_random_uuid(), '653125', 'LIGHT_BANDS', '[100, 125]', '2026-11-21', '县委办', 'ASSUMPTION', now())"
    )
    await reckoned(world, NIGHT + timedelta(days=1))
    before, after = await lights(world, home)
    assert (before["level"], before["state"], after["level"]) == ("YELLOW", "SUPERSEDED", "GREEN")
    assert before["superseded_on"] == after["effective_from"] == date(2026, 11, 21)
    await world.sql.execute("DELETE FROM policy_value WHERE document = '县委办'")


async def test_a_month_that_becomes_known_turns_grey_into_red_and_red_is_a_clue_and_no_case(world: World) -> None:
    home = await a_family(world, None)
    await reckoned(world)
    (grey,) = await lights(world, home)
    assert grey["level"] == "UNKNOWN"
    assert await clues(world, home) == [], "what is not known is neither"
    await figure(world, home, back(NIGHT.date().replace(day=1), 5), "WAGE", 1_700_000)
    await reckoned(world, NIGHT + timedelta(days=1))
    _, red = await lights(world, home)
    assert red["level"] == "RED"
    (told,) = json.loads(red["indicators"])
    assert told["value"]["perCapitaNet"] == "5666.66"
    assert {"level": "ORANGE", "input": "INCOME", "value": "18000.00", "difference": "1000.00"} in told["changes"]
    assert await clues(world, home) == [("RISK_GRADE", "GRADE")]
    await reckoned(world, NIGHT + timedelta(days=2))
    assert len(await clues(world, home)) == 1
    assert await world.sql.fetchval("SELECT monitoring_status FROM household WHERE id = $1", home) == "NEVER"


async def test_whoever_the_scheme_is_not_for_has_no_light_and_loses_the_one_they_had(world: World) -> None:
    ordinary, edge = await a_family(world, 9_000_000, category="ORDINARY"), await a_family(world, 9_000_000)
    await reckoned(world)
    assert await lights(world, ordinary) == []
    await world.sql.execute("UPDATE household SET category = 'ORDINARY' WHERE id = $1", edge)
    await reckoned(world, NIGHT + timedelta(days=3))
    (light,) = await lights(world, edge)
    assert (light["state"], light["superseded_on"]) == ("SUPERSEDED", date(2026, 11, 23))


async def test_the_lights_of_the_demo_are_those_that_the_worker_reckons(world: World) -> None:
    loaded_on = await world.sql.fetchval("SELECT max(effective_from) FROM risk_grade WHERE scheme = 'FOUR_LIGHTS'")
    at = datetime.combine(loaded_on, NIGHT.timetz())
    async with worker.working(world.settings) as work:
        assert await reckon_lights(work.sessions, "653123202", at) == 0
    held = await world.sql.fetch(
        "SELECT level, count(*) FROM risk_grade WHERE scheme = 'FOUR_LIGHTS' AND region_code ^@ '653123202' GROUP BY 1"
    )
    assert {row["level"] for row in held} >= {"UNKNOWN", "GREEN"}


async def test_two_workers_at_once_light_one_light(world: World) -> None:
    home = await a_family(world, 2_000_000)
    async with worker.working(world.settings) as work:
        await asyncio.gather(*(reckon_lights(work.sessions, AWATI, NIGHT) for _ in range(3)))
    assert len(await lights(world, home)) == 1


async def test_the_job_goes_to_the_townships_whose_policy_has_lights(world: World) -> None:
    async with worker.working(world.settings, lambda: NIGHT) as work:
        assert await townships_with_lights(work.sessions, NIGHT) == ["653123202", "653125104"]
        await JOBS["reckon_lights"](work, {})
    found = "SELECT count(*) FROM risk_grade WHERE region_code ^@ $1 AND scheme = 'FOUR_LIGHTS' AND state = 'FILED'"
    assert await world.sql.fetchval(found, "653123202") > 20
    assert await world.sql.fetchval(found, "35") == 0


@pytest.mark.parametrize("persona", ["anonymous", "county_officer"])
async def test_what_everybody_may_know_of_a_light_is_how_it_is_reckoned(world: World, persona: str) -> None:
    query = '{ policy(region: "653125") { values { parameter value basis } } }'
    values = {one["parameter"]: one for one in (await world.ask(persona, query))["policy"]["values"]}
    assert (values["LIGHT_BANDS"]["value"], values["LIGHT_BANDS"]["basis"]) == ([100, 125, 150], "ASSUMPTION")
