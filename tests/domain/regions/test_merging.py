"""Divisions merge (撤并): what lay in the old one is found in the new one, and those who were responsible still are."""

from __future__ import annotations

from datetime import date

import asyncpg
import pytest

from domain.base.errors import Refused
from domain.regions.actions import merge_regions
from tests import databases

OLD, INTO = "350125201", "350125200"  # 富泉乡 into 白云乡
ON = date(2024, 1, 1)
MOVE_INTO = """
INSERT INTO household_move (id, household_id, region_code, to_region_code, household_code, head_name, member_count,
                            moves_on, asked_at, asked_by_id, state)
SELECT gen_random_uuid(), h.id, h.region_code, r.code, h.code, '陈**', 1, '2023-12-01', '2023-12-01T00:00Z', a.id, 'ASKED'
FROM household h, region r, (SELECT id FROM account LIMIT 1) a
WHERE h.region_code ^@ $1 AND r.parent_code = $2 AND r.code <> h.region_code
  AND NOT EXISTS (SELECT FROM household_move m WHERE m.household_id = h.id)
LIMIT 1
"""


@pytest.fixture(scope="module")
async def merged(template: str) -> asyncpg.Connection:
    """A clone in which one township became part of another."""
    url = await databases.fresh_database("ruhu_merged", template)
    connection = await asyncpg.connect(url)
    before = await connection.fetchval("SELECT count(*) FROM household WHERE region_code LIKE $1 || '%'", OLD)
    assert before > 0, "the demo has families there"
    # Moves that wait while the division changes: one within the old township, one from it into the new one.
    for village in (OLD, INTO):
        await connection.execute(MOVE_INTO, OLD, village)
    await merge_regions(connection, OLD, INTO, ON, say=lambda _: None)
    yield connection
    await connection.close()
    await databases.drop_database("ruhu_merged")


async def test_the_old_division_ends_and_names_its_successor(merged: asyncpg.Connection) -> None:
    row = await merged.fetchrow("SELECT valid_to, successor_code FROM region WHERE code = $1", OLD)
    assert tuple(row) == (ON, INTO)


async def test_its_villages_get_codes_below_the_new_one_and_keep_their_ids(merged: asyncpg.Connection) -> None:
    moved = await merged.fetch(
        "SELECT o.code, n.code AS new, n.name = o.name AS same_name, v.id = ruhu_id('village ' || o.code) AS same_id"
        " FROM region o JOIN region n ON n.code = o.successor_code JOIN village v ON v.region_code = n.code"
        " WHERE o.parent_code = $1",
        OLD,
    )
    assert len(moved) == 9
    assert all(row["new"].startswith(INTO) and row["same_name"] and row["same_id"] for row in moved)
    assert len({row["new"] for row in moved}) == 9


async def test_no_family_is_left_behind(merged: asyncpg.Connection) -> None:
    for table in ("household", "person", "membership", "pairing", "visit", "household_access"):
        left = await merged.fetchval(f"SELECT count(*) FROM {table} WHERE region_code LIKE '{OLD}%'")
        assert left == 0, table


async def test_moves_that_wait_lead_to_where_the_villages_are_now(merged: asyncpg.Connection) -> None:
    waiting = await merged.fetch(
        "SELECT f.parent_code AS was_of, t.parent_code AS goes_to FROM household_move m"
        " JOIN region f ON f.code = m.region_code JOIN region t ON t.code = m.to_region_code"
    )
    assert [tuple(row) for row in waiting] == [(INTO, INTO)] * 2


async def test_phones_hear_that_the_family_left_one_area_and_came_to_another(merged: asyncpg.Connection) -> None:
    household = await merged.fetchval("SELECT id FROM household WHERE region_code LIKE $1 || '%' LIMIT 1", INTO)
    heard = await merged.fetch("SELECT area, op FROM change WHERE kind = 'household' AND id = $1", household)
    assert {(row["area"], row["op"]) for row in heard} >= {(int(OLD), "D"), (int(INTO), "U")}


async def test_a_grant_on_the_old_code_holds_for_the_new_one(merged: asyncpg.Connection) -> None:
    account = await merged.fetchval("SELECT id FROM account WHERE persona = 'township_officer'")
    grants = await merged.fetchval("SELECT grants FROM ruhu_viewer_of($1, $2)", account, date(2024, 6, 1))
    assert f'"{OLD}"' in grants
    assert f'"{INTO}"' in grants


async def test_a_division_may_be_merged_again_on_the_day_it_was_made(merged: asyncpg.Connection) -> None:
    made = await merged.fetchval("SELECT successor_code FROM region WHERE code = '350125201205'")
    sibling = await merged.fetchval("SELECT successor_code FROM region WHERE code = '350125201206'")
    said: list[str] = []
    await merge_regions(merged, made, sibling, ON, say=said.append)
    row = await merged.fetchrow("SELECT valid_from, valid_to, successor_code FROM region WHERE code = $1", made)
    assert tuple(row) == (ON, ON, sibling)
    assert len(said) == 1


@pytest.mark.parametrize(
    ("old", "into", "code"),
    [
        ("990000000", INTO, "REGION_UNKNOWN"),
        ("350125", INTO, "REGION_LEVELS_DIFFER"),
        (INTO, INTO, "REGION_LEVELS_DIFFER"),
        (OLD, INTO, "REGION_ENDED"),
    ],
)
async def test_what_cannot_be_merged_is_refused(merged: asyncpg.Connection, old: str, into: str, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        await merge_regions(merged, old, into, ON, say=lambda _: None)
    assert [problem.code for problem in refusal.value.problems] == [code]
