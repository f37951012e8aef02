"""`ruhu_from_wgs84` on a real PostgreSQL says what Python says."""

from __future__ import annotations

import itertools
import math
import random

import asyncpg
import pytest

from domain.base.datum import EAST, NORTH, SOUTH, WEST, Datum, from_wgs84

SRID_OF_NO_DATUM = 0
SRID_WGS84 = 4326

# A grid over the rectangle and beyond it, its edges, the kink at longitude 105, and a thousand points from a fixed
# seed.
GRID = list(itertools.product(range(60, 151, 3), range(-6, 64, 2)))
EDGES = list(itertools.product((WEST, EAST, 105.0, 105.000000000001), (SOUTH, NORTH, 35.0)))
SEEDED = random.Random(20)
SCATTERED = [(SEEDED.uniform(73.4, 135.2), SEEDED.uniform(3.8, 53.6)) for _ in range(1_000)]
POINTS = [(float(longitude), float(latitude)) for longitude, latitude in GRID + EDGES + SCATTERED]

CONVERTED = """
SELECT ST_X(shifted) AS longitude, ST_Y(shifted) AS latitude, ST_SRID(shifted) AS srid
FROM unnest($1::float8[], $2::float8[]) WITH ORDINALITY AS sent (longitude, latitude, position),
     ruhu_from_wgs84(ST_SetSRID(ST_MakePoint(sent.longitude, sent.latitude), 4326), $3) AS shifted
ORDER BY position
"""
TIANANMEN = "ST_SetSRID(ST_MakePoint(116.391305, 39.905530), 4326)"


@pytest.mark.parametrize("datum", Datum)
async def test_sql_and_python_agree_to_a_billionth_of_a_degree(database: asyncpg.Connection, datum: Datum) -> None:
    longitudes, latitudes = zip(*POINTS, strict=True)
    rows = await database.fetch(CONVERTED, longitudes, latitudes, datum)

    assert len(rows) == len(POINTS)
    for point, row in zip(POINTS, rows, strict=True):
        expected = from_wgs84(*point, datum)
        assert math.dist(expected, (row["longitude"], row["latitude"])) <= 1e-9, point


@pytest.mark.parametrize(
    ("datum", "srid"),
    [("WGS84", SRID_WGS84), ("CGCS2000", SRID_WGS84), ("GCJ02", SRID_OF_NO_DATUM), ("BD09", SRID_OF_NO_DATUM)],
)
async def test_only_unshifted_coordinates_keep_the_srid(database: asyncpg.Connection, datum: str, srid: int) -> None:
    in_china, abroad = await database.fetch(CONVERTED, [116.4, 2.3], [39.9, 48.9], datum)

    assert in_china["srid"] == srid
    assert abroad["srid"] == srid


async def test_postgis_refuses_to_measure_a_shifted_point_against_a_true_one(database: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.PostgresError, match="mixed SRID"):
        await database.fetchval(f"SELECT ST_Distance({TIANANMEN}, ruhu_from_wgs84({TIANANMEN}, 'GCJ02'))")


async def test_an_unknown_datum_is_refused(database: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.InvalidParameterValueError, match="unknown datum: GCJ-02"):
        await database.fetchval(f"SELECT ruhu_from_wgs84({TIANANMEN}, 'GCJ-02')")


@pytest.mark.parametrize("arguments", ["NULL, 'GCJ02'", f"{TIANANMEN}, NULL"])
async def test_nothing_comes_of_nothing(database: asyncpg.Connection, arguments: str) -> None:
    assert await database.fetchval(f"SELECT ruhu_from_wgs84({arguments})") is None


async def test_an_empty_point_stays_empty(database: asyncpg.Connection) -> None:
    assert await database.fetchval("SELECT ST_IsEmpty(ruhu_from_wgs84('SRID=4326;POINT EMPTY', 'BD09'))")


async def test_the_planner_may_fold_it_and_run_it_in_parallel(database: asyncpg.Connection) -> None:
    row = await database.fetchrow(
        "SELECT provolatile, proisstrict, proparallel FROM pg_proc"
        " WHERE oid = 'ruhu_from_wgs84(geometry, text)'::regprocedure"
    )

    assert (row["provolatile"], row["proisstrict"], row["proparallel"]) == (b"i", True, b"s")
