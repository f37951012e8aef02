"""Where help is wanted: exact for officers, without small numbers for partners, nothing for others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.world import World

ASKED = "query($r: RegionCode!) { unmetNeeds(region: $r) { isExact needs { regionCode cause families } } }"
COUNTED = """
SELECT left(region_code, $1) AS code, causes[1] AS cause, count(*) AS families FROM household h
WHERE region_code LIKE '350125%' AND ended_on IS NULL AND cardinality(causes) > 0
  AND NOT EXISTS (SELECT FROM pairing p WHERE p.household_id = h.id AND p.ended_on IS NULL) GROUP BY 1, 2
"""


@pytest.fixture(scope="module")
async def wanting(world: World) -> World:
    """Half of the county's families have lost their helpers."""
    await world.sql.execute(
        "UPDATE pairing SET ended_on = current_date, end_reason = 'TERM_COMPLETED' WHERE ended_on IS NULL"
        " AND household_id IN (SELECT id FROM household WHERE region_code LIKE '350125%' ORDER BY code LIMIT 90)"
    )
    return world


async def needs(world: World, persona: str, region: str = "350125") -> Any:
    return (await world.ask(persona, ASKED, {"r": region}))["unmetNeeds"]


async def counted(world: World) -> dict[tuple[str, str], int]:
    rows = [row for length in (6, 9, 12) for row in await world.sql.fetch(COUNTED, length)]
    return {(row["code"], row["cause"]): row["families"] for row in rows}


def as_counts(found: Any) -> dict[tuple[str, str], int]:
    return {(one["regionCode"], one["cause"]): one["families"] for one in found["needs"]}


async def test_the_countys_officer_is_told_every_number(wanting: World) -> None:
    found = await needs(wanting, "county_officer")
    assert found["isExact"]
    assert as_counts(found) == await counted(wanting)


@pytest.mark.parametrize("persona", ["partner", "other_partner", "cadre", "other_county_officer"])
async def test_others_are_told_no_small_number_and_none_that_gives_one_away(wanting: World, persona: str) -> None:
    found = await needs(wanting, persona)
    exact, told = await counted(wanting), as_counts(found)
    assert not found["isExact"]
    assert told
    assert told.items() < exact.items()
    assert min(told.values()) >= 5
    for (code, cause), families in told.items():
        below = [n for (part, why), n in told.items() if why == cause and part[:-3] == code]
        assert families - sum(below) not in range(1, 5) or len(code) == 12


async def test_a_township_asked_about_by_itself_is_told_the_same(wanting: World) -> None:
    whole, part = await needs(wanting, "partner"), await needs(wanting, "partner", "350125201")
    expected = {key: n for key, n in as_counts(whole).items() if key[0].startswith("350125201")}
    assert as_counts(part) == expected
    assert (await needs(wanting, "township_officer", "350125201"))["isExact"]


@pytest.mark.parametrize("persona", ["administrator", "auditor", "hotline_operator", "anonymous"])
async def test_who_neither_helps_nor_sees_families_is_told_nothing(wanting: World, persona: str) -> None:
    assert await needs(wanting, persona) is None


async def test_a_province_is_too_wide(wanting: World) -> None:
    body = await wanting.post("partner", ASKED, {"r": "35"})
    assert [error["extensions"]["code"] for error in body["errors"]] == ["REGION_TOO_WIDE"]


async def test_the_least_number_is_the_countys_policy(wanting: World) -> None:
    before = as_counts(await needs(wanting, "partner"))
    assert min(before.values()) < 8
    await wanting.sql.execute(
        "INSERT INTO policy_value (id, region_code, parameter, value, from_on, document, basis, adopted_at)"
        " VALUES (gen_random_uuid(), '350125', 'SMALLEST_GROUP', '8', '2020-01-01', '县', 'CONVENTION', now())"
    )
    after = as_counts(await needs(wanting, "partner"))
    assert after.items() < before.items()
    assert min(after.values()) >= 8
    assert (await needs(wanting, "county_officer"))["isExact"]
    await wanting.sql.execute("DELETE FROM policy_value WHERE region_code = '350125' AND parameter = 'SMALLEST_GROUP'")


async def test_raw_sql_of_the_app_role_is_told_no_more(wanting: World) -> None:
    """Whoever comes past the program with a partner's settings asks the function itself, and learns what a partner does."""
    asked = "SELECT ruhu_unmet_needs('350125', current_date)"
    settings = "SELECT set_config('ruhu.viewer_id', $1, true), set_config('ruhu.met_spans', $2, true)"
    partner = await wanting.sql.fetchval("SELECT id::text FROM account WHERE persona = 'partner'")
    found = {}
    for met in ("", "350125", "350124", "350125201"):
        async with wanting.sql.transaction():
            await wanting.sql.execute("SET LOCAL ROLE ruhu_app")
            await wanting.sql.execute(settings, partner, met)
            answer = json.loads(await wanting.sql.fetchval(asked))
            found[met] = (answer["is_exact"], {(code, cause): n for code, cause, n in answer["needs"]})
    told = as_counts(await needs(wanting, "partner"))
    assert found[""] == found["350124"] == found["350125201"] == (False, told)
    assert found["350125"] == (True, await counted(wanting))
    async with wanting.sql.transaction():
        await wanting.sql.execute("SET LOCAL ROLE ruhu_app")
        assert await wanting.sql.fetchval(asked) is None, "nobody is told nothing"
