"""Where help is wanted: exact for officers, without small numbers for partners, nothing for others."""

from __future__ import annotations

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
