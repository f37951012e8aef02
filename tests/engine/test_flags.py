"""What of a viewer is a constant in plans, and who has lists planned with their values."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
import strawberry
from sqlalchemy import Boolean, Text, and_, case, or_

from schema.engine import Connection, Engine, Order, by, entity, everyone, of_viewer, pages, shows

from . import models as m

SEES_AREA, SEES_ONE = of_viewer("sees_area", Boolean()), of_viewer("sees_one", Boolean())
FLAGS = ("sees_area", "sees_one")


@dataclass(frozen=True)
class Viewer:
    sees_area: bool
    sees_one: bool
    area: str = "52"
    is_patient: bool = False


IN_AREA = and_(SEES_AREA, m.Book.area_code >= of_viewer("area", Text()))


@entity(m.Book, scope=or_(IN_AREA, and_(SEES_ONE, m.Book.copies == 1)))
class Book:
    """A book."""

    code: str
    title: str | None = shows(case((SEES_AREA, m.Book.title)))


@entity(m.Area, scope=everyone())
class Area:
    """An area."""

    code: str


@strawberry.enum
class BookOrder(Order):
    AREA = by(m.Book.area_code)
    LATEST = by(m.Book.updated_at.desc())


@strawberry.type
class Query:
    books: Connection[Book] = pages(order=BookOrder)
    areas: Connection[Area] = pages(order=by(m.Area.code))


SCHEMA = strawberry.Schema(Query)
OFFICER, OWNER = Viewer(True, False), Viewer(False, True)


class Recording:
    """A pool that remembers what it was asked."""

    def __init__(self, pool: Any) -> None:
        self.pool, self.statements = pool, list[str]()

    async def fetchval(self, query: str, *values: Any) -> Any:
        self.statements.append(query)
        return await self.pool.fetchval(query, *values)


async def codes(engine: Engine, viewer: Viewer, query: str = "{ books(first: 500) { nodes { code title } } }") -> Any:
    return json.loads((await engine.execute(query, viewer=viewer)).body)["data"]


async def test_a_flag_is_a_constant_and_no_parameter(pool: Any) -> None:
    asked = Recording(pool)
    engine = Engine(SCHEMA, asked, flags=FLAGS)
    await codes(engine, OFFICER)
    (statement,) = asked.statements
    assert re.search(r"true AND t\d+\.area_code >= \S+ OR false AND t\d+\.copies = ", statement), statement
    assert "CASE WHEN true THEN" in statement


async def test_each_combination_has_a_plan_of_its_own_and_all_who_share_it_share_the_plan(pool: Any) -> None:
    asked = Recording(pool)
    engine = Engine(SCHEMA, asked, flags=FLAGS)
    for viewer in (OFFICER, OWNER, Viewer(True, False, area="5203"), OWNER):
        await codes(engine, viewer)
    assert len(set(asked.statements)) == 2
    (prepared,) = engine.documents.items.values()
    assert len(prepared.plans.items) == 2  # type: ignore[union-attr]


async def test_with_flags_and_without_the_answers_are_the_same(pool: Any) -> None:
    folded, plain = Engine(SCHEMA, pool, flags=FLAGS), Engine(SCHEMA, pool)
    seen = []
    for viewer in (OFFICER, OWNER, Viewer(True, True, area="5203"), Viewer(False, False)):
        seen.append(await codes(folded, viewer))
        assert seen[-1] == await codes(plain, viewer)
    assert [len(one["books"]["nodes"]) > 0 for one in seen] == [True, True, True, False]


@pytest.mark.parametrize(
    ("query", "is_anew"),
    [
        ("{ books(orderBy: LATEST) { nodes { code } } }", True),
        ("{ books(orderBy: AREA) { nodes { code } } }", False),  # one index serves the scope and the order
        ("{ areas { nodes { code } } }", False),  # a scope without columns leaves no choice
    ],
)
async def test_a_page_whose_order_and_scope_have_different_indexes_is_planned_anew(
    pool: Any, query: str, is_anew: bool
) -> None:
    usual, anew = Recording(pool), Recording(pool)
    engine = Engine(SCHEMA, usual, flags=FLAGS, anew=(anew, lambda viewer: not viewer.is_patient))
    await codes(engine, OFFICER, query)
    assert (len(usual.statements), len(anew.statements)) == ((0, 1) if is_anew else (1, 0))
    await codes(engine, Viewer(True, False, is_patient=True), query)
    assert len(anew.statements) == int(is_anew)
