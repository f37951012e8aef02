"""A family that moves takes its past along: the visits made before are seen where it is looked after now."""

from __future__ import annotations

import asyncpg
import pytest

NEW = "350125200201"  # a village of 白云乡; the family comes from 富泉乡


@pytest.fixture
async def moved(database: asyncpg.Connection) -> asyncpg.Record:
    """A family with visits, companions, findings and photos, after its move."""
    row = await database.fetchrow(
        "SELECT h.id, h.region_code, count(DISTINCT v.id) AS visits FROM household h JOIN visit v ON v.household_id = h.id"
        " JOIN visit_photo p ON p.visit_id = v.id WHERE h.region_code LIKE '350125201%' GROUP BY h.id ORDER BY h.id LIMIT 1"
    )
    await database.execute("UPDATE household SET region_code = $2 WHERE id = $1", row["id"], NEW)
    await database.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return row


async def test_visits_and_what_hangs_on_them_follow(database: asyncpg.Connection, moved: asyncpg.Record) -> None:
    regions = await database.fetch("SELECT DISTINCT region_code FROM visit WHERE household_id = $1", moved["id"])
    assert [row[0] for row in regions] == [NEW]
    for table in ("visit_companion", "visit_finding", "visit_photo"):
        left = await database.fetchval(
            f"SELECT count(*) FROM {table} x JOIN visit v ON v.id = x.visit_id"
            " WHERE v.household_id = $1 AND x.region_code <> $2",
            moved["id"],
            NEW,
        )
        assert left == 0, table


async def test_the_feed_tells_both_areas(database: asyncpg.Connection, moved: asyncpg.Record) -> None:
    told = await database.fetch(
        "SELECT c.area, c.op, count(*) FROM change c JOIN visit v ON v.id = c.id WHERE c.kind = 'visit'"
        " AND v.household_id = $1 GROUP BY c.area, c.op",
        moved["id"],
    )
    areas = {(row["area"], row["op"]) for row in told}
    assert areas == {(int(moved["region_code"][:9]), "D"), (int(NEW[:9]), "U")}


async def test_a_visit_itself_stays_as_it_was_made(database: asyncpg.Connection, moved: asyncpg.Record) -> None:
    assert await database.fetchval("SELECT count(*) FROM visit WHERE household_id = $1", moved["id"]) >= moved["visits"]
