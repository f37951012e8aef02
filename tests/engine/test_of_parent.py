"""A planned field that reads attributes of the object around it: an ordinary resolver says which rows, the field what of them."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import strawberry
from sqlalchemy import ARRAY, Uuid, func, select

from schema.engine import Catalogue, Engine, check, entity, everyone, many, of_parent, planned, shows
from tests.engine import models as m

IDS = of_parent("ids", ARRAY(Uuid()))


def _wanted() -> Any:
    """One row for each id, found or not: all other columns are null where nothing was."""
    wanted = func.unnest(IDS).table_valued("id", name="wanted").render_derived()
    others = [column for column in m.Book.__table__.c if column.name != "id"]
    return select(wanted.c.id, *others).select_from(wanted.outerjoin(m.Book, m.Book.id == wanted.c.id))


@entity(m.Book, scope=everyone())
class Copy:
    """A book, or a gap where one stood."""

    id: strawberry.ID
    code: str | None = shows(m.Book.code)  # the column is never null, the outer join's row is


@strawberry.type
class Pile:
    """What a resolver found."""

    ids: strawberry.Private[list[uuid.UUID]]
    height: int

    @planned
    def books(self) -> list[Copy]:
        """Its books."""
        return many(Copy, source=_wanted(), order_by=(m.Book.id,))


@strawberry.type
class Query:
    @strawberry.field
    def pile(self, ids: list[strawberry.ID]) -> Pile:
        return Pile(ids=[uuid.UUID(id) for id in ids], height=len(ids))

    @strawberry.field
    def piles(self, ids: list[strawberry.ID]) -> list[Pile]:
        return [Pile(ids=[uuid.UUID(id)], height=1) for id in ids]


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def pile_changes(self, ids: list[strawberry.ID]) -> AsyncIterator[Pile]:
        for id in ids:
            yield Pile(ids=[uuid.UUID(id)], height=1)


CATALOGUE = check(Catalogue(strawberry.Schema(Query, subscription=Subscription)))


class Counted:
    """A pool that counts what it is asked, and is out of reach from some statement on."""

    def __init__(self, pool: Any, *, reachable: int = 100) -> None:
        self.pool, self.statements, self.reachable = pool, list[str](), reachable

    async def fetchval(self, query: str, *values: Any) -> Any:
        self.statements.append(query)
        if len(self.statements) > self.reachable:
            raise ConnectionResetError
        return await self.pool.fetchval(query, *values)


async def asked(pool: Counted, query: str, **variables: Any) -> Any:
    body = json.loads((await Engine(CATALOGUE, pool).execute(query, variables, viewer=None)).body)
    assert "errors" not in body, body
    return body["data"]


async def some_books(pool: Any) -> list[tuple[str, str]]:
    rows = await pool.fetch("SELECT id, code FROM book ORDER BY id LIMIT 3")
    return [(str(row["id"]), row["code"]) for row in rows]


async def test_the_rows_are_those_of_the_object_around_in_one_statement(pool: Any) -> None:
    books, counted = await some_books(pool), Counted(pool)

    data = await asked(
        counted, "query($ids: [ID!]!) { pile(ids: $ids) { height books { id code } } }", ids=[id for id, _ in books]
    )

    assert data["pile"] == {"height": 3, "books": [{"id": id, "code": code} for id, code in books]}
    assert len(counted.statements) == 1


async def test_a_row_that_an_outer_join_did_not_find_has_nulls_even_in_columns_that_have_none(pool: Any) -> None:
    gap = str(uuid.UUID(int=0))

    data = await asked(Counted(pool), "query($ids: [ID!]!) { pile(ids: $ids) { books { id code } } }", ids=[gap])

    assert data["pile"]["books"] == [{"id": gap, "code": None}]


async def test_two_objects_around_are_each_answered_with_their_own(pool: Any) -> None:
    books = await some_books(pool)
    (first, _), (second, _), _ = books
    query = "query($a: [ID!]!, $b: [ID!]!) { a: pile(ids: $a) { books { id } } b: pile(ids: $b) { books { id } } }"

    data = await asked(Counted(pool), query, a=[first], b=[second])

    assert data == {"a": {"books": [{"id": first}]}, "b": {"books": [{"id": second}]}}


async def test_a_list_of_objects_around_as_well(pool: Any) -> None:
    books = await some_books(pool)

    data = await asked(
        Counted(pool), "query($ids: [ID!]!) { piles(ids: $ids) { books { code } } }", ids=[id for id, _ in books]
    )

    assert data["piles"] == [{"books": [{"code": code}]} for _, code in books]


async def test_an_event_that_cannot_be_answered_is_the_end_so_that_nobody_takes_the_next_for_all(pool: Any) -> None:
    books = [id for id, _ in await some_books(pool)]
    engine = Engine(CATALOGUE, Counted(pool, reachable=1), on_surprise=lambda error, plan: None)
    query = "subscription($ids: [ID!]!) { pileChanges(ids: $ids) { books { id } } }"

    answers = [answer async for answer in engine.subscribe(query, {"ids": books}, viewer=None)]

    first, last = answers
    assert json.loads(first.body)["data"] == {"pileChanges": {"books": [{"id": books[0]}]}}
    assert last.is_request_error
    assert json.loads(last.body)["errors"][0]["extensions"]["code"] == "INTERNAL"
