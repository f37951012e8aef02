"""Who is told which figures: all of them, those that give nobody away, or none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.access.rules import CHINA
from tests.schema.test_statistics import TODAY, figures
from tests.world import World

MONTH_END = TODAY.replace(day=1) - timedelta(days=1)
LEAST = 5


async def refused(world: World, persona: str, region: str, *by: str, **given: Any) -> list[str]:
    query = """query($r: RegionCode!, $by: [StatisticsDimension!]!, $on: Date, $then: DateTime, $lists: [String!]) {
      statistics(region: $r, groupBy: $by, on: $on, knownAt: $then, rosters: $lists) { households } }"""
    body = await world.post(persona, query, {"r": region, "by": list(by), **given})
    assert body["data"]["statistics"] is None
    return [error["extensions"]["code"] for error in body["errors"]]


async def exact(world: World, *by: str) -> Any:
    return await figures(world, "county_officer", "350125", *by, on=str(MONTH_END))


@pytest.mark.parametrize("persona", ["cadre", "partner", "department", "integrator"])
@pytest.mark.parametrize("dimension", ["CATEGORY", "CAUSE", "MONITORING_STATUS"])
async def test_who_serves_families_of_a_county_is_told_no_value_that_gives_few_away(
    reading_world: World, persona: str, dimension: str
) -> None:
    found = await figures(reading_world, persona, "350125", dimension, on=str(MONTH_END))
    whole = await exact(reading_world, dimension)
    assert not found["isExact"]
    assert found["groups"]
    assert all(one in whole["groups"] for one in found["groups"])
    assert min(one["households"] for one in found["groups"]) >= LEAST
    assert (found["households"], found["persons"]) == (whole["households"], whole["persons"])
    left_out = found["households"] - sum(one["households"] for one in found["groups"])
    assert left_out == 0 or left_out >= LEAST


@pytest.mark.parametrize("level", ["TOWNSHIP", "VILLAGE"])
async def test_parts_of_a_county_are_told_where_the_rest_is_many(reading_world: World, level: str) -> None:
    found = await figures(reading_world, "partner", "350125", level, on=str(MONTH_END))
    whole = await exact(reading_world, level)
    assert found["groups"]
    assert all(one in whole["groups"] for one in found["groups"])
    left_out = found["households"] - sum(one["households"] for one in found["groups"])
    assert left_out == 0 or left_out >= LEAST


async def test_what_could_be_subtracted_is_not_answered(reading_world: World) -> None:
    on = {"on": str(MONTH_END)}
    assert await refused(reading_world, "partner", "350125", "CATEGORY", "CAUSE", **on) == ["STATISTICS_TOO_FINE"]
    assert await refused(reading_world, "partner", "350125", "VILLAGE", "CAUSE", **on) == ["STATISTICS_TOO_FINE"]
    assert await refused(reading_world, "partner", "350125201", "CAUSE", **on) == ["STATISTICS_TOO_FINE"]
    assert await refused(reading_world, "partner", "350125", "ROSTER", **on) == ["STATISTICS_TOO_FINE"]
    assert await refused(reading_world, "partner", "350125", lists=["X"], **on) == ["STATISTICS_TOO_FINE"]
    then = datetime.now(UTC).isoformat()
    assert await refused(reading_world, "partner", "350125", then=then, **on) == ["STATISTICS_TOO_FINE"]
    assert await refused(reading_world, "partner", "3501", "CATEGORY", **on) == ["REGION_TOO_WIDE"]
    day = str(MONTH_END - timedelta(days=1))
    assert await refused(reading_world, "partner", "350125", "CATEGORY", on=day) == ["STATISTICS_OF_MONTH_ENDS"]


@pytest.mark.parametrize(
    ("persona", "region"),
    [
        ("other_partner", "350125"),
        ("partner", "341503"),
        ("other_county_officer", "350125"),
        ("integrator", "341503"),
        ("township_officer", "350125"),
        ("hotline_operator", "350125"),
        ("auditor", "350125"),
        ("administrator", "350125"),
    ],
)
async def test_regions_outside_ones_scope_have_no_figures(reading_world: World, persona: str, region: str) -> None:
    assert await figures(reading_world, persona, region, on=str(MONTH_END)) is None


async def test_nobody_is_told_nothing(reading_world: World) -> None:
    assert await refused(reading_world, "anonymous", "350125") == ["SIGN_IN_REQUIRED"]


async def test_the_database_itself_tells_no_more(reading_world: World) -> None:
    """Whoever comes past the program, as the app role with a partner's settings, hears what the program would tell."""
    sql = reading_world.sql
    party = await sql.fetchval("SELECT organisation_id FROM account WHERE persona = 'partner'")
    day = MONTH_END
    async with sql.transaction():
        await sql.execute("SET LOCAL ROLE ruhu_app")
        await sql.execute("SELECT set_config('ruhu.viewer_id', gen_random_uuid()::text, true)")
        await sql.execute("SELECT set_config('ruhu.organisation_id', $1, true)", str(party))
        asked = "SELECT ruhu_told_statistics($1, $2, $3, $4, $5)"
        assert await sql.fetchval(asked, "350125", "CATEGORY", 6, day, TODAY) is not None
        assert await sql.fetchval(asked, "350125201", "CATEGORY", 9, day, TODAY) is None
        assert await sql.fetchval(asked, "350125", "CATEGORY", 6, day - timedelta(days=1), TODAY) is None
        assert await sql.fetchval(asked, "341503", "CATEGORY", 6, day, TODAY) is None
        assert await sql.fetchval("SELECT count(*) FROM statistics_delta") == 0


async def test_a_day_to_come_and_too_many_parts_are_refused(reading_world: World) -> None:
    tomorrow = str(datetime.now(UTC).astimezone(CHINA).date() + timedelta(days=1))
    assert await refused(reading_world, "county_officer", "350125", on=tomorrow) == ["DATE_IN_FUTURE"]
    assert await refused(reading_world, "province_officer", "35", "VILLAGE") == ["REGION_TOO_WIDE"]
    assert await refused(reading_world, "province_officer", "35", "TOWNSHIP") == ["REGION_TOO_WIDE"]
