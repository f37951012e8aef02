"""Two walls: the scope in every statement, and row-level security behind it, told the viewer by the statement itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import true

from schema.engine import Engine, lists, paging

from .asking import CATALOGUE, EVERYONE, NEIGHBOUR, Asking
from .language import SETTINGS, Viewer
from .seed import APP_ROLE

POLICY = """
alter table book enable row level security;
alter table book force row level security;
create policy seen on book using (
  area_code between current_setting('toy.area_from', true) and current_setting('toy.area_to', true)
);
"""
BOOKS = "{ books(first: 500) { totalCount nodes { code library { area { code } } } } }"


@pytest.fixture
async def walled(engine_database: str) -> AsyncIterator[Any]:
    """A pool of the application's role over the policy; connections keep whatever was set on them."""
    admin = await asyncpg.connect(engine_database)
    await admin.execute(POLICY)

    async def keep(_: Any) -> None:
        """No reset: what a statement leaves behind would be seen."""

    pool = await asyncpg.create_pool(engine_database, user=APP_ROLE, min_size=1, max_size=1, reset=keep)
    yield pool
    await pool.close()
    await admin.execute(
        "drop policy seen on book; alter table book disable row level security; alter table book no force row level security"
    )
    await admin.close()


@pytest.fixture
def without_first_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (lists, paging):
        monkeypatch.setattr(module, "scope", lambda builder, target: true())


async def books(engine: Engine, viewer: Viewer) -> Any:
    return json.loads((await engine.execute(BOOKS, viewer=viewer)).body)["data"]["books"]


async def test_the_viewer_is_set_by_the_statement_and_gone_after_it(walled: Any, without_first_wall: None) -> None:
    engine = Engine(CATALOGUE, walled, settings=SETTINGS, most_cost=10**7)
    seen = await books(engine, NEIGHBOUR)
    assert {n["library"]["area"]["code"] for n in seen["nodes"]} == {"5201", "5202", "5203", "5204"}
    assert seen["totalCount"] == len(seen["nodes"])
    assert (await books(engine, EVERYONE))["totalCount"] == 260
    assert await walled.fetchval("select current_setting('toy.area_from', true)") in (None, "")
    assert await walled.fetchval("select count(*) from book") == 0


async def test_without_the_settings_the_second_wall_shows_nothing(walled: Any, without_first_wall: None) -> None:
    assert await books(Engine(CATALOGUE, walled), EVERYONE) == {"totalCount": 0, "nodes": []}


async def test_a_viewer_without_a_value_sees_nothing(walled: Any, without_first_wall: None) -> None:
    nobody = Viewer("librarian", None, None)  # type: ignore[arg-type]
    assert await books(Engine(CATALOGUE, walled, settings=SETTINGS, most_cost=10**7), nobody) == {
        "totalCount": 0,
        "nodes": [],
    }


async def test_the_settings_come_before_every_row_in_lateral_and_mixed_places(
    walled: Any, without_first_wall: None
) -> None:
    engine = Engine(CATALOGUE, walled, settings=SETTINGS, most_cost=10**7)
    nested = "{ areas { nodes { libraries { bookCount books(first: 500) { totalCount nodes { code } } } } } shelf(genre: NOVEL) { total } tallies(by: []) { books } }"
    data = json.loads((await engine.execute(nested, viewer=NEIGHBOUR)).body)["data"]
    libraries = [x for a in data["areas"]["nodes"] for x in a["libraries"]]
    for library in libraries:
        assert library["bookCount"] == library["books"]["totalCount"] == len(library["books"]["nodes"])
    own = sum(x["bookCount"] for x in libraries)
    assert 0 < own < 260
    mixed = json.loads((await engine.execute("{ serverTime " + BOOKS[1:], viewer=NEIGHBOUR)).body)["data"]
    assert mixed["books"]["totalCount"] == own


async def test_a_connection_used_by_two_viewers_shows_each_their_own(walled: Any) -> None:
    engine = Engine(CATALOGUE, walled, settings=SETTINGS, most_cost=10**7)
    for _ in range(3):
        assert (await books(engine, EVERYONE))["totalCount"] == 260
        assert (await books(engine, NEIGHBOUR))["totalCount"] < 260


@pytest.mark.parametrize(
    "query",
    [
        "{ books(first: 500) { nodes { id } } }",
        "{ authors { books { id } } }",
        "query($ids: [ID!]!) { nodes(ids: $ids) { id } }",
        "query($id: ID!) { node(id: $id) { id } }",
        "query($id: ID!) { book(key: {id: $id}) { id } }",
        "{ loans(first: 100) { nodes { book { id } } } }",
    ],
)
async def test_a_row_out_of_scope_is_nowhere(ask: Asking, pool: Any, query: str) -> None:
    foreign = await pool.fetch("select id from book where area_code > '5204' limit 50")
    ids = [str(r["id"]) for r in foreign]
    given = {n: v for n, v in (("ids", ids), ("id", ids[0])) if f"${n}:" in query}
    body = (await ask(query, given, viewer=NEIGHBOUR)).answer.body.decode()
    assert not any(id in body for id in ids)


async def test_a_filter_about_related_rows_asks_only_about_those_in_scope(ask: Asking, pool: Any) -> None:
    """Or the answer would tell of rows that the viewer cannot see."""
    await ask("{ books(filter: {loan: {}}) { totalCount } }")
    (sql, values) = ask.statements[0]
    exists = sql[sql.index("EXISTS") :]
    assert "loan.area_code BETWEEN" in exists
    assert EVERYONE.area_from in values
