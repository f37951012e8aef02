"""A pull walks the feed of its townships and nothing else, on a province with plans that do not see values."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date

import asyncpg
import pytest

from domain.access.queries import find_viewer
from domain.access.rules import Viewer
from domain.demo.personas import account_id
from domain.demo.province import load_province
from domain.sync.queries import STATEMENTS
from domain.sync.rules import BEFORE_ALL, Kind, granted
from tests import databases
from tests.plans import explain_statement

TODAY = date(2026, 11, 20)


@dataclass(frozen=True)
class Fed:
    """A province in whose feed every family and visit of a prefecture stands, and who pulls from it."""

    url: str
    viewers: dict[str, Viewer]


@pytest.fixture(scope="module")
async def fed(template: str) -> AsyncIterator[Fed]:
    url = await databases.fresh_database("ruhu_fed", template)
    sql = await asyncpg.connect(url)
    await load_province(sql, await databases.ring(sql), households=8_000, say=lambda _: None, today=TODAY)
    for table in ("household", "visit"):
        await sql.execute(f"UPDATE {table} SET region_code = region_code WHERE region_code ^@ '5201'")
    await sql.execute("ANALYZE")
    cadre = await sql.fetchval(
        "SELECT a.id FROM account a JOIN household_access x ON x.party_id = a.helper_id"
        " WHERE x.region_code ^@ '5201' ORDER BY a.id LIMIT 1"
    )
    accounts = {"officer": account_id("officer 5201"), "cadre": cadre}
    found = {name: await find_viewer(sql, account, TODAY, "zh") for name, account in accounts.items()}
    yield Fed(url, {name: viewer for name, viewer in found.items() if viewer is not None})
    await sql.close()
    await databases.drop_database("ruhu_fed")


async def explained(fed: Fed, viewer: Viewer, kind: Kind, *, is_snapshot: bool) -> str:
    given = {"areas": [], "seqs": [], "spans": granted(viewer), "limit": 201, "after": BEFORE_ALL}
    return await explain_statement(fed.url, STATEMENTS[kind, is_snapshot], given, viewer)


@pytest.mark.parametrize("who", ["officer", "cadre"])
@pytest.mark.parametrize("kind", list(Kind))
async def test_changes_are_found_by_township_and_number(fed: Fed, who: str, kind: Kind) -> None:
    plan = await explained(fed, fed.viewers[who], kind, is_snapshot=False)

    assert "pk_change" in plan, plan
    assert "Seq Scan on change" not in plan, plan


@pytest.mark.parametrize("kind", list(Kind))
async def test_a_cadres_snapshot_reads_her_families_and_not_the_province(fed: Fed, kind: Kind) -> None:
    plan = await explained(fed, fed.viewers["cadre"], kind, is_snapshot=True)

    assert f"Seq Scan on {kind}" not in plan, plan
    assert "Seq Scan on change" not in plan, plan
