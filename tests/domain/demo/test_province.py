"""A made-up province is as orderly as the demo beside it, however many households it has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

import asyncpg
import pytest

from domain.base.chinese_ids import id_number_problem, is_made_up_id_number
from domain.base.sealed_fields import SEALED
from domain.demo.personas import account_id
from domain.demo.province import load_province, province_is_loaded
from tests import databases
from tests.sealed import opened

HOUSEHOLDS = 900
A_DAY = date(2026, 3, 15)
IN_THE_PROVINCE = "region_code >= '52' AND region_code < '53'"


def silent(_: str) -> None:
    """Nobody listens to a test's progress."""


async def loaded(template: str, name: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(await databases.fresh_database(name, template))
    assert not await province_is_loaded(connection)
    await load_province(connection, await databases.ring(connection), households=HOUSEHOLDS, say=silent, today=A_DAY)
    yield connection
    await connection.close()
    await databases.drop_database(name)


@pytest.fixture(scope="module")
async def province(template: str) -> AsyncIterator[asyncpg.Connection]:
    """A province of 900 households beside the demo."""
    async for connection in loaded(template, "ruhu_province_one"):
        yield connection


@pytest.fixture(scope="module")
async def twin(template: str) -> AsyncIterator[asyncpg.Connection]:
    """The same in another database."""
    async for connection in loaded(template, "ruhu_province_two"):
        yield connection


async def test_it_has_exactly_as_many_households_as_asked_for_each_with_one_head(province):
    assert await province_is_loaded(province)
    assert await province.fetchval(f"SELECT count(*) FROM household WHERE {IN_THE_PROVINCE}") == HOUSEHOLDS
    assert not await province.fetch(
        "SELECT h.id FROM household h WHERE h.ended_on IS NULL"
        " AND (SELECT count(*) FROM person p WHERE p.household_id = h.id AND p.is_head) <> 1"
    )


async def test_there_are_about_four_people_and_four_visits_to_a_household(province):
    people = await province.fetchval(f"SELECT count(*) FROM person WHERE {IN_THE_PROVINCE}")
    visits = await province.fetchval(f"SELECT count(*) FROM visit WHERE {IN_THE_PROVINCE}")
    assert 3.5 < people / HOUSEHOLDS < 4.5
    assert 3.5 < visits / HOUSEHOLDS < 5.0


async def test_families_live_all_over_guizhou(province):
    rows = await province.fetch(f"SELECT left(region_code, 4) FROM household WHERE {IN_THE_PROVINCE} GROUP BY 1")
    assert {row[0] for row in rows} == {"5201", "5202", "5203", "5204", "5205", "5206", "5223", "5226", "5227"}
    assert not await province.fetch(
        f"SELECT id FROM household WHERE {IN_THE_PROVINCE}"
        " AND NOT (ST_X(location) BETWEEN 103.5 AND 109.7 AND ST_Y(location) BETWEEN 24.5 AND 29.3)"
    )


async def test_every_identity_number_is_valid_unlike_the_others_and_nobodys(province):
    numbers = [one["id_number"] for one in await opened(province, "person")]
    assert len(set(numbers)) == len(numbers)
    assert all(is_made_up_id_number(number) and id_number_problem(number) is None for number in numbers)


async def test_a_cadre_has_no_more_families_than_days_in_the_month_allow(province):
    rows = await province.fetch(
        f"SELECT helper_id, count(*) FROM pairing WHERE role = 'KEY_HELP' AND {IN_THE_PROVINCE} GROUP BY 1"
    )
    assert max(row[1] for row in rows) <= 24


async def test_lists_hold_exactly_the_households_of_open_pairings(province):
    assert await province.fetchval(
        f"SELECT count(*) FROM pairing WHERE household_id IS NOT NULL AND ended_on IS NULL AND {IN_THE_PROVINCE}"
    ) == await province.fetchval(f"SELECT count(*) FROM household_access WHERE {IN_THE_PROVINCE}")


async def test_every_level_has_an_officer_who_can_sign_in(province):
    for code, role in (("52", "PROVINCE_OFFICER"), ("5201", "PREFECTURE_OFFICER"), ("520102", "COUNTY_OFFICER")):
        grant = await province.fetchrow(
            "SELECT role, region_code FROM access_grant WHERE account_id = $1", account_id(f"officer {code}")
        )
        assert tuple(grant) == (role, code)


@pytest.mark.parametrize(
    "table", ["household", "person", "membership", "helper", "pairing", "household_access", "visit"]
)
async def test_two_loads_are_equal_in_every_row(province, twin, table):
    # Of sealed fields the masks count: every envelope is unlike all others.
    told = f"(to_jsonb(t) - '{{{','.join(f'{name}_sealed' for name in SEALED.get(table, ()))}}}'::text[])::text"
    content = f"SELECT md5(string_agg({told}, '|' ORDER BY {told})) FROM {table} t WHERE {IN_THE_PROVINCE}"
    assert await province.fetchval(content) == await twin.fetchval(content)


async def test_the_demo_beside_it_stays_as_it_is_and_keys_and_indexes_are_back(province, template):
    plain = await asyncpg.connect(databases.named(template))
    try:
        for question in (
            "SELECT array_agg(indexname ORDER BY indexname) FROM pg_indexes WHERE schemaname = 'public'",
            "SELECT array_agg(conname ORDER BY conname) FROM pg_constraint WHERE contype = 'f'",
            "SELECT array_agg(tgname ORDER BY tgname) FROM pg_trigger WHERE tgenabled = 'O' AND NOT tgisinternal",
            "SELECT count(*) FROM household WHERE NOT (region_code >= '52' AND region_code < '53')",
        ):
            assert await province.fetchval(question) == await plain.fetchval(question)
    finally:
        await plain.close()


@pytest.mark.parametrize("households", [0, 2_000_001])
async def test_none_or_far_too_many_are_refused(province, households):
    with pytest.raises(ValueError, match="households"):
        await load_province(province, await databases.ring(province), households=households, say=silent, today=A_DAY)


async def test_a_second_province_on_top_is_refused(province):
    with pytest.raises(ValueError, match="once"):
        await load_province(province, await databases.ring(province), households=10, say=silent, today=A_DAY)
