"""Who was shown what: the statement notes it itself, wherever the field stands, and changes nothing in the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from sqlalchemy import Boolean, Text, and_, column, false, insert, or_, select, table, true

from schema.engine import Watch, Watched, of_context, of_viewer
from schema.engine.compile import never_holds

from . import models as m
from .asking import EVERYONE, NEIGHBOUR, VISITOR, Asking
from .language import SETTINGS

NOTE = table("note", *[column(name, Text()) for name in ("seen", "kinds", "who")])
IS_LIBRARIAN = of_viewer("role", Text()) == "librarian"


def entry(answer: Any, kinds: list[str], name: str) -> Any:
    who = of_context("role", Text())
    values = select(answer.c.seen, column("'" + " ".join(kinds) + "'", is_literal=True), who)
    return insert(NOTE).from_select(["seen", "kinds", "who"], values.where(answer.c.seen.is_not(None)))


WATCH = Watch(
    {
        "Book.code": Watched("CODE", m.Book.code),
        "Book.place": Watched("PLACE", m.Book.code),
        "Author.phone": Watched("PHONE", m.Author.name, IS_LIBRARIAN),
        "Tally.books": Watched("COUNT", None),
        "Library.name": Watched("NAME", m.Library.name, of_viewer("sees_names", Boolean())),
    },
    entry,
)


@pytest.fixture
async def noting(pool: Any) -> AsyncIterator[Asking]:
    await pool.execute("create table if not exists note (seen text, kinds text, who text); truncate note")
    yield Asking(pool, watch=Watch({n: w for n, w in WATCH.fields.items() if n != "Library.name"}, entry))
    await pool.execute("drop table note")


async def noted(pool: Any) -> list[tuple[set[str], str, str]]:
    """What was noted, in order, and forgotten."""
    rows = await pool.fetch("delete from note returning *")
    return [(set(row["seen"].split(",")), row["kinds"], row["who"]) for row in rows]


def codes(data: Any) -> Iterator[str]:
    """Every book's code in an answer."""
    if isinstance(data, list):
        for item in data:
            yield from codes(item)
    elif isinstance(data, dict):
        for key, value in data.items():
            if key == "code" and isinstance(value, str):
                yield value
            else:
                yield from codes(value)


EVERYWHERE = {
    "a page": "{ books(first: 3) { nodes { code } } }",
    "a page that goes on": "{ books(first: 3) { edges { node { code } } nodes { code } pageInfo { hasNextPage endCursor } } }",
    "a page with a count": "{ books(first: 2, orderBy: PRICE) { totalCount nodes { code title } } }",
    "several roots": "{ a: books(first: 1) { nodes { code } } b: books(first: 2, orderBy: PRICE) { nodes { code } } areas { nodes { name } } }",
    "lists in lists": "{ authors { name books { code authors { books { code } } } } }",
    "up and down again": "{ loans(first: 5) { nodes { book { code library { books(first: 2) { nodes { code } } } } } } }",
    "a union": "{ loans(first: 9) { nodes { borrower { ... on Library { books(first: 1) { nodes { code } } } ... on Reader { loans { book { code } } } } } } }",
    "an object at the root": "{ shelf(genre: NOVEL) { total cheapest { code } } }",
    "no row at all": '{ books(filter: {code: "nothing"}) { nodes { code } } }',
    "one row": "query($id: ID!) { book(key: {id: $id}) { code } }",
    "a node": "query($id: ID!) { node(id: $id) { id ... on Book { code } } }",
    "nodes": "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Book { code library { books(first: 1) { nodes { code } } } } } }",
    "beside a Python field": "{ serverTime books(first: 4) { nodes { code } } }",
    "beside introspection": "{ __schema { queryType { name } } books(first: 4) { nodes { code } } }",
    "an empty page": "{ books(first: 0) { nodes { code } pageInfo { hasNextPage } } }",
}


@pytest.mark.parametrize("name", EVERYWHERE)
async def test_what_is_shown_is_noted_and_the_answer_is_the_same(
    ask: Asking, noting: Asking, pool: Any, name: str
) -> None:
    query = EVERYWHERE[name]
    ids = [str(row["id"]) for row in await pool.fetch("select id from book order by code limit 4")]
    given = {n: v for n, v in (("ids", ids), ("id", ids[0])) if f"${n}:" in query}
    for viewer in (EVERYONE, NEIGHBOUR):
        plain = await ask(query, given, viewer=viewer)
        watched = await noting(query, given, viewer=viewer)
        assert watched.answer.body == plain.answer.body
        shown = set(codes(plain.data))
        told = await noted(pool)
        assert {code for seen, _, _ in told for code in seen} == shown
        assert [(kinds, who) for _, kinds, who in told] == ([("CODE", "librarian")] if shown else [])
    assert len(noting.statements) == 2, "one statement a request, the note in it"


async def test_one_subject_of_several_fields_is_told_once_and_kinds_are_named(noting: Asking, pool: Any) -> None:
    data = (await noting("{ books(first: 2) { nodes { code place { longitude } authors { phone } } } }")).data
    ((seen, kinds, _),) = await noted(pool)
    assert kinds == "CODE PHONE PLACE"
    assert {node["code"] for node in data["books"]["nodes"]} < seen, "and the authors, whose phones were shown"


async def test_who_is_shown_a_mask_is_not_noted(noting: Asking, pool: Any) -> None:
    query = "{ authors { phone } }"
    await noting(query, viewer=VISITOR)
    assert await noted(pool) == []
    await noting(query)
    assert [kinds for _, kinds, _ in await noted(pool)] == ["PHONE"]


async def test_a_plan_that_shows_these_viewers_nothing_watched_is_the_plan_without(ask: Asking, pool: Any) -> None:
    """A flag is a constant of the plan: where it says no, there is nothing to note."""
    query = "{ areas { nodes { libraries { name } } } }"

    class Seeing:
        role, area_from, area_to = "librarian", "52", "53"

        def __init__(self, sees_names: bool) -> None:
            self.sees_names = sees_names

    watching = Asking(pool, watch=WATCH, flags=("sees_names",))
    await ask(query)
    for sees_names in (False, True):
        viewer: Any = Seeing(sees_names)
        if sees_names:
            await pool.execute("create table note (seen text, kinds text, who text)")
        (await watching(query, viewer=viewer)).data  # noqa: B018
    (without,), (with_,) = ask.statements, watching.statements[1:]
    assert watching.statements[0][0] == without[0]
    assert "INSERT INTO note" in with_[0]
    await pool.execute("drop table note")


A, B = of_viewer("a", Boolean()), of_viewer("b", Boolean())


@pytest.mark.parametrize(
    ("condition", "never"),
    [
        (A, True),
        (B, False),
        (false(), True),
        (true(), False),
        (or_(A, B), False),
        (or_(A, and_(A, m.Book.code == "x")), True),
        (and_(B, or_(A, false())), True),
        (and_(B, m.Book.code == "x"), False),
        (~A, False),
        (of_viewer("unknown", Boolean()), False),
    ],
)
def test_what_flags_decide_alone_is_known_before_anything_is_asked(condition: Any, never: bool) -> None:
    assert never_holds(condition, {"a": False, "b": True}) is never


async def test_a_kind_without_subject_is_handed_over_whatever_is_shown(pool: Any) -> None:
    asked: list[tuple[list[str], str]] = []

    def every(answer: Any, kinds: list[str], name: str) -> Any:
        asked.append((kinds, name))
        values = select(answer.c.seen, column("'all'", is_literal=True), of_context("role", Text()))
        return insert(NOTE).from_select(["seen", "kinds", "who"], values)

    await pool.execute("create table note (seen text, kinds text, who text)")
    watching = Asking(pool, watch=Watch(WATCH.fields, every))
    (await watching("query Counted { tallies(by: []) { books } }")).data  # noqa: B018
    assert asked == [(["COUNT"], "query Counted")]
    assert [tuple(row) for row in await pool.fetch("select seen, kinds from note")] == [(None, "all")]
    await pool.execute("drop table note")


async def test_what_cannot_be_noted_is_not_shown(pool: Any) -> None:
    """There is no table to note it in: the read fails as a whole."""
    watching = Asking(pool, watch=WATCH)
    answer = await watching("{ books(first: 1) { nodes { code } } }")
    assert answer.body["data"] is None
    assert answer.code == "INTERNAL"


async def test_the_settings_come_first_where_something_is_noted_too(noting: Asking, pool: Any) -> None:
    told = Asking(pool, watch=noting.engine.watch, settings=SETTINGS)
    await told("{ books(first: 1) { nodes { code } } authors { books { code } } }")
    sql = told.statements[0][0]
    assert sql.index("set_config") < sql.index("LEFT OUTER JOIN LATERAL")
    assert "FROM viewer LEFT OUTER JOIN LATERAL" in sql


async def test_events_and_payloads_are_noted_as_they_come(writable: Any) -> None:
    await writable.execute("create table note (seen text, kinds text, who text)")
    watching = Asking(writable, watch=Watch({"Book.code": WATCH.fields["Book.code"]}, entry))
    loans = [str(row["id"]) for row in await writable.fetch("select id from loan where area_code < '53' limit 2")]
    mutation = (
        'mutation($ids: [ID!]!) { returnBooks(loanIds: $ids, on: "2026-01-02") { results { loan { book { code } } } } }'
    )
    data = (await watching(mutation, {"ids": loans}, library_id="x")).data
    assert [(seen, kinds) for seen, kinds, _ in await noted(writable)] == [(set(codes(data)), "CODE")]

    class Changed:
        role, changed = "librarian", loans

    events = watching.engine.subscribe(
        "subscription { loanChanges { book { code } } }", viewer=EVERYONE, context=Changed()
    )
    assert len([event async for event in events]) == 2
    assert len(await noted(writable)) == 2
