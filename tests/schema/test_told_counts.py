"""What may be told of small numbers, and that no subtraction gets behind it: the rule where it stands, in PostgreSQL."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping

import asyncpg
import pytest

from domain.policy.catalogue import DEFAULTS

A, B, C, D = "350125201201", "350125201202", "350125201203", "350125202201"


async def told(database: asyncpg.Connection, villages: Mapping[str, int], least: int = 5) -> dict[str, int]:
    rows = await database.fetch("SELECT * FROM ruhu_told($1, $2)", json.dumps(villages), least)
    return {row["code"]: row["families"] for row in rows}


@pytest.mark.parametrize(
    ("villages", "expected"),
    [
        pytest.param({}, {}, id="nobody"),
        pytest.param({A: 4}, {}, id="few"),
        pytest.param({A: 5}, {"350125": 5, "350125201": 5, A: 5}, id="enough"),
        pytest.param({A: 3, B: 3}, {"350125": 6, "350125201": 6}, id="two small ones, told together above"),
        pytest.param({A: 1, B: 9, C: 8}, {"350125": 18, "350125201": 18, B: 9}, id="a neighbour is left out as well"),
        pytest.param({A: 0, B: 9}, {"350125": 9, "350125201": 9, B: 9}, id="nought hides nobody"),
        pytest.param({A: 9, D: 2}, {"350125": 11}, id="a small township takes its neighbour along"),
        pytest.param({A: 9, D: 7}, {"350125": 16, "350125201": 9, A: 9, "350125202": 7, D: 7}, id="all told"),
    ],
)
async def test_what_is_told(
    database: asyncpg.Connection, villages: Mapping[str, int], expected: Mapping[str, int]
) -> None:
    assert await told(database, villages) == expected


async def test_no_difference_between_what_is_told_is_of_few(database: asyncpg.Connection) -> None:
    """Of every region that is told: what is not told of its parts is, together, nothing or many. 400 counties."""
    chance = random.Random(5)
    for _ in range(400):
        codes = [f"350125{chance.randint(201, 204)}{chance.randint(201, 206)}" for _ in range(chance.randint(0, 20))]
        villages = {code: chance.randint(0, 12) for code in codes}
        least = chance.randint(2, 9)
        found = await told(database, villages, least)
        assert all(count >= least for count in found.values())
        for code, count in found.items():
            parts = [other for other in found if len(other) == len(code) + 3 and other.startswith(code)]
            if len(code) < 12:
                rest = count - sum(found[part] for part in parts)
                assert rest == 0 or rest >= least, (code, villages)
            assert count == sum(n for village, n in villages.items() if village.startswith(code))
            assert len(code) == 6 or code[:-3] in found, "nothing is told under what is not"


async def test_least_of_one_tells_everything(database: asyncpg.Connection) -> None:
    assert await told(database, {A: 1, D: 3}, 1) == {
        "350125": 4,
        "350125201": 1,
        A: 1,
        "350125202": 3,
        D: 3,
    }


async def test_where_nobody_sets_a_number_the_catalogues_counts(database: asyncpg.Connection) -> None:
    """The function's own number, for a database without the country's preset, is the catalogue's."""
    (source,) = await database.fetchrow("SELECT prosrc FROM pg_proc WHERE proname = 'ruhu_unmet_needs'")
    assert f"LIMIT 1), {DEFAULTS['SMALLEST_GROUP']}) AS smallest" in source
