"""On a synthetic province, with plans that do not see values (as a busy server runs them): indexes, not scans."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date

import asyncpg
import pytest

from api.app import as_app
from api.settings import Settings
from domain.access.queries import find_viewer
from domain.access.rules import Viewer
from domain.demo.personas import account_id
from domain.demo.province import load_province
from tests import databases
from tests.plans import explain

HOUSEHOLDS = 20_000
TODAY = date(2026, 11, 20)


@dataclass(frozen=True)
class Province:
    """The database, an officer of a prefecture, a cadre with families, and ids to ask about."""

    url: str
    officer: Viewer
    cadre: Viewer
    county: str
    village: str
    household: str
    organisation: str


@pytest.fixture(scope="module")
async def province(template: str) -> AsyncIterator[Province]:
    url = await databases.fresh_database("ruhu_province", template)
    sql = await asyncpg.connect(url)
    await load_province(sql, households=HOUSEHOLDS, say=lambda _: None, today=TODAY)
    await sql.execute("ANALYZE")
    officer = await find_viewer(sql, account_id("officer 5201"), TODAY, "zh")
    row = await sql.fetchrow(
        "SELECT a.id, h.id AS household, h.region_code FROM account a JOIN household_access x ON x.party_id = a.helper_id"
        " JOIN household h ON h.id = x.household_id WHERE h.region_code LIKE '5201%' ORDER BY a.id LIMIT 1"
    )
    assert officer is not None
    cadre = await find_viewer(sql, row["id"], TODAY, "zh")
    assert cadre is not None
    organisation = await sql.fetchval(
        "SELECT organisation_id FROM pairing WHERE organisation_id IS NOT NULL AND region_code LIKE '52%' LIMIT 1"
    )
    code = row["region_code"]
    yield Province(url, officer, cadre, code[:6], code, str(row["household"]), str(organisation))
    await sql.close()
    await databases.drop_database("ruhu_province")


LISTED_FAMILIES = (
    "{ households(first: 200) { nodes { id code head { name } members { name } lastVisit { occurredAt } } } }"
)


async def test_an_officers_list_walks_the_index_in_its_order(province: Province) -> None:
    plan = await explain(province.url, LISTED_FAMILIES, viewer=province.officer)
    assert "ix_household_region_code" in plan
    assert "Seq Scan on household" not in plan
    assert "ix_visit_household_id" in plan
    assert "ix_person_household_id" in plan


async def test_a_cadres_list_reads_her_families_and_not_the_province(province: Province) -> None:
    plan = await explain(province.url, LISTED_FAMILIES, viewer=province.cadre)
    assert "ix_household_access_party_id" in plan
    assert "Seq Scan" not in plan.replace("Seq Scan on roster", "")
    assert rows_removed(plan) < 1000, plan


async def test_nobody_sees_through_what_the_planner_reads_before_a_viewer_is_set(province: Province) -> None:
    """The connection's own settings look wide, so that policies are estimated rightly; they must not *be* wide."""
    settings = as_app(Settings(database_url=province.url))
    connection = await asyncpg.connect(province.url, server_settings=settings)
    try:
        for table in ("household", "person", "pairing", "visit", "household_access", "change"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0, table
        async with connection.transaction():
            await connection.execute("SELECT set_config('ruhu.region_spans', '', true)")
            assert await connection.fetchval("SELECT count(*) FROM household") > HOUSEHOLDS
        assert await connection.fetchval("SELECT count(*) FROM household") == 0
    finally:
        await connection.close()


async def test_a_village_is_a_range(province: Province) -> None:
    query = "query($v: RegionCode!) { households(filter: {region: $v}) { totalCount nodes { code } } }"
    plan = await explain(province.url, query, {"v": province.village}, province.officer)
    assert "ix_household_region_code" in plan
    assert "Seq Scan on household" not in plan


async def test_the_visits_of_a_family_come_by_its_index(province: Province) -> None:
    query = "query($h: ID!) { household(id: $h) { visits(first: 20) { nodes { occurredAt helper { name } } } } }"
    plan = await explain(province.url, query, {"h": province.household}, province.cadre)
    assert "ix_visit_household_id" in plan
    assert "Seq Scan on visit" not in plan


async def test_the_visits_of_a_county_come_by_an_index(province: Province) -> None:
    query = "query($c: RegionCode!) { visits(filter: {region: $c}, first: 20) { nodes { id occurredAt } } }"
    plan = await explain(province.url, query, {"c": province.county}, province.officer)
    assert "Seq Scan on visit" not in plan


async def test_an_organisations_pairings_come_by_its_index(province: Province) -> None:
    query = (
        "query($o: ID!) { organisation(id: $o) { pairings(first: 50) { nodes { role { code } village { code } } } } }"
    )
    plan = await explain(province.url, query, {"o": province.organisation}, province.officer)
    assert "ix_pairing_organisation_id" in plan
    assert "Seq Scan on pairing" not in plan


def rows_removed(plan: str) -> int:
    """The most rows that one step of the plan read in vain."""
    found = [int(line.rpartition(":")[2]) for line in plan.splitlines() if "Rows Removed by Filter" in line]
    return max(found, default=0)
