"""One table of examples, and two owners of the same decision: the pure rule, and the expression over sets of rows."""

from __future__ import annotations

import json
import uuid
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Date, Text, literal, select

from domain.policy.catalogue import DEFAULTS
from domain.policy.queries import policies_of, policy_of, settings_in_force, value_of
from domain.policy.rules import Setting, in_force
from tests.domain.actors import app_sessions
from tests.world import World

LIXING = "350125201205"
DAY = date(2010, 6, 15)  # long before anything that ships with the program


def setting(region: str | None, value: int, from_on: str = "2010-01-01", until_on: str | None = None) -> Setting:
    until = None if until_on is None else date.fromisoformat(until_on)
    return Setting(region, "FENCE", value, date.fromisoformat(from_on), until)


TABLE: list[tuple[str, list[Setting], int | None]] = [
    ("nobody has set it", [], None),
    ("the country has", [setting(None, 1)], 1),
    ("a province counts before the country", [setting(None, 1), setting("35", 2)], 2),
    ("a prefecture before the province", [setting("35", 2), setting("3501", 3)], 3),
    ("the county before all above", [setting(None, 1), setting("35", 2), setting("3501", 3), setting("350125", 4)], 4),
    ("a township, should there be one", [setting("350125", 4), setting("350125201", 5)], 5),
    ("the village itself", [setting("350125201", 5), setting(LIXING, 6)], 6),
    (
        "not the neighbour's",
        [setting("350124", 7), setting("3502", 8), setting("34", 9), setting("350125202", 1)],
        None,
    ),
    ("not yet", [setting("35", 2), setting("3501", 3, "2010-06-16")], 2),
    ("from its first day on", [setting("35", 2), setting("3501", 3, "2010-06-15")], 3),
    ("no more on the day it ends", [setting("35", 2), setting("3501", 3, "2009-01-01", "2010-06-15")], 2),
    ("still on the day before", [setting("35", 2), setting("3501", 3, "2009-01-01", "2010-06-16")], 3),
    ("however new the one above is", [setting("35", 2, "2010-06-15"), setting("3501", 3, "1999-01-01")], 3),
    ("of two of its own the one that holds", [setting("35", 2, "2009-01-01", "2010-01-01"), setting("35", 3)], 3),
]


@pytest.mark.parametrize(("said", "settings", "value"), TABLE, ids=[row[0] for row in TABLE])
def test_the_rule_finds_the_nearest_that_sets_it(said: str, settings: list[Setting], value: int | None) -> None:
    found = in_force(settings, "FENCE", LIXING, DAY)
    assert (found and found.value) == value
    assert in_force(settings, "ACCURACY_LIMIT", LIXING, DAY) is None


@pytest.mark.parametrize(("said", "settings", "value"), TABLE, ids=[row[0] for row in TABLE])
async def test_the_expression_says_the_same(
    world: World, said: str, settings: list[Setting], value: int | None
) -> None:
    await world.sql.execute("DELETE FROM policy_value")
    for one in settings:
        await store(world, one)
    # What is superseded counts for no day.
    await store(world, setting(LIXING, 99), superseded=True)
    async with app_sessions(world.settings.database_url) as sessions, sessions() as db:
        region, on = literal(LIXING, Text()), literal(DAY, Date())
        rows = (await db.scalars(settings_in_force(region, on))).all()
        assert [(row.parameter, row.value) for row in rows] == ([] if value is None else [("FENCE", value)])
        expected = DEFAULTS["FENCE"] if value is None else value
        assert await db.scalar(select(value_of("FENCE", region, on))) == expected
        assert await policy_of(db, LIXING, DAY, ["FENCE", "LATE_AFTER"]) == {"FENCE": expected, "LATE_AFTER": 72}


async def test_many_divisions_and_days_are_asked_at_once(world: World) -> None:
    await world.sql.execute("DELETE FROM policy_value")
    for one in (setting("35", 2), setting("350125", 4, "2010-06-01", "2010-07-01")):
        await store(world, one)
    asked = [(LIXING, DAY), (LIXING, date(2010, 7, 1)), ("350124201201", DAY), ("341503104208", DAY)]
    async with app_sessions(world.settings.database_url) as sessions, sessions() as db:
        found = await policies_of(db, asked, ["FENCE"])
        assert [found[key]["FENCE"] for key in asked] == [4, 2, 2, DEFAULTS["FENCE"]]
        assert await policies_of(db, [], ["FENCE"]) == {}


async def store(world: World, one: Setting, *, superseded: bool = False) -> None:
    row: tuple[Any, ...] = (
        uuid.uuid4(),
        one.region_code,
        one.parameter,
        json.dumps(one.value),
        one.from_on,
        one.until_on,
    )
    await world.sql.execute(
        "INSERT INTO policy_value (id, region_code, parameter, value, from_on, until_on, document, basis, adopted_at,"
        " superseded_at) VALUES ($1, $2, $3, $4, $5, $6, 'a paper', 'ASSUMPTION', now(),"
        " CASE WHEN $7 THEN now() END)",
        *row,
        superseded,
    )
