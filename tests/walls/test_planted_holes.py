"""A hole in one wall shows nothing, because the other stands; and the proof of each wall finds the hole by itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from sqlalchemy import true

from api.app import as_app
from api.settings import Settings
from domain.households import models as m
from schema.engine import Engine, lists, paging
from schema.engine.sources import Shown
from schema.root import catalogue
from schema.walls import FLAGS, SETTINGS
from tests.walls.conftest import Stage, settings_of
from tests.walls.test_raw import seen
from tests.walls.walking import Walk, rows_of

ROOTS = {"households": "household", "visits": "visit", "pairings": "pairing", "clues": "clue"}
ASKED = "{ " + " ".join(f"{root}(first: 500) {{ totalCount nodes {{ __typename id }} }}" for root in ROOTS) + " }"
LOOKING = ("cadre", "partner", "other_county_officer", "officer_and_partner", "administrator", "anonymous")


@pytest.fixture(scope="module")
async def walled(stage: Stage) -> AsyncIterator[asyncpg.Connection]:
    """As the application connects: behind wall 2."""
    connection = await asyncpg.connect(stage.url, server_settings=as_app(Settings(database_url=stage.url)))
    yield connection
    await connection.close()


async def asked(stage: Stage, connection: asyncpg.Connection, who: str, query: str) -> Any:
    """An answer of an engine of its own, so that no plan is remembered from before."""
    engine = Engine(catalogue(), connection, settings=SETTINGS, flags=FLAGS)
    return json.loads((await engine.execute(query, viewer=stage.viewers[who])).body)["data"]


async def too_many(stage: Stage, connection: asyncpg.Connection, who: str) -> list[str]:
    """The lists that hold, or count, what the matrix does not give."""
    found = await asked(stage, connection, who, ASKED)
    wrong = []
    for root, table in ROOTS.items():
        shown = (await stage.expected(who, table)).seen
        if not {one["id"] for one in found[root]["nodes"]} <= shown or found[root]["totalCount"] > len(shown):
            wrong.append(root)
    return wrong


@pytest.mark.parametrize("who", LOOKING)
async def test_each_wall_stands_without_the_other(
    stage: Stage, walled: asyncpg.Connection, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = stage.world.sql  # a superuser, whom row-level security does not concern
    assert await too_many(stage, bare, who) == [], "wall 1 alone"
    for module in (lists, paging):
        monkeypatch.setattr(module, "scope", lambda builder, target: true())
    assert await too_many(stage, walled, who) == [], "wall 2 alone"
    assert await too_many(stage, bare, who) == list(ROOTS), "without either, the proof must find what is shown"


@pytest.mark.parametrize(
    ("hole", "table"),
    [
        ("ALTER POLICY seen ON household USING (true)", "household"),
        ("ALTER TABLE visit DISABLE ROW LEVEL SECURITY", "visit"),
        ("ALTER POLICY seen ON access_grant USING (true)", "access_grant"),
        ("DROP POLICY seen_met ON income_statement", "income_statement"),
        ("DROP POLICY seen_met ON hardship_report", "hardship_report"),
    ],
)
async def test_a_hole_in_the_second_wall_is_found_by_raw_sql(stage: Stage, hole: str, table: str) -> None:
    sql = stage.world.sql
    transaction = sql.transaction()
    await transaction.start()
    try:
        found = {}
        for planted in (False, True):
            if planted:
                await sql.execute(hole)
            await sql.execute("SET LOCAL ROLE ruhu_app")
            for who in ("partner", "integrator"):
                found[planted, who] = (await seen(sql, stage, who, table)) or frozenset()
            await sql.execute("RESET ROLE")
    finally:
        await transaction.rollback()
    wanted = {who: (await stage.expected(who, table)).seen for who in ("partner", "integrator")}
    assert {who: found[False, who] for who in wanted} == wanted
    assert any(found[True, who] > wanted[who] for who in wanted)


async def test_a_mask_that_leaks_is_found(
    stage: Stage, walled: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: names, and points, as they stand."""
    query = "{ households(first: 50) { nodes { __typename id members { __typename id name phone bornOn } } } }"
    rows = await rows_of(stage, ("household", "person"))
    for leaks in (False, True):
        if leaks:
            fields = catalogue().types["Person"].fields
            monkeypatch.setitem(fields, "name", replace(fields["name"], source=Shown(m.Person.name)))
        walk = Walk(stage, "partner", rows)
        await walk.compare((await asked(stage, walled, "partner", query))["households"])
        assert bool(walk.wrong) is leaks
        assert all(one.startswith("Person.name") for one in walk.wrong)


async def test_a_mask_for_everybody_alike_is_found(
    stage: Stage, walled: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: an officer who is a partner elsewhere is taken for an officer everywhere."""
    viewer = replace(stage.viewers["officer_and_partner"], met_spans=None)
    monkeypatch.setitem(stage.viewers, "officer_and_partner", viewer)
    assert viewer.meets_families
    query = "{ households(first: 500) { nodes { __typename id phone address head { __typename id name } } } }"
    walk = Walk(stage, "officer_and_partner", await rows_of(stage, ("household", "person")))
    await walk.compare((await asked(stage, walled, "officer_and_partner", query))["households"])
    assert {one.partition(" ")[0] for one in walk.wrong} >= {"Household.address", "Person.name"}


def test_the_settings_are_those_that_the_program_makes(stage: Stage) -> None:
    """The raw walk tells wall 2 what the engine tells it."""
    for viewer in stage.viewers.values():
        assert {name for name, _ in settings_of(viewer)} == set(SETTINGS)
