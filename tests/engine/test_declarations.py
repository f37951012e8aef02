"""Every mistake in a declaration is found at load, all of them at once, each with its mend."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import strawberry
from sqlalchemy import DateTime, Text, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from strawberry.schema.config import StrawberryConfig

from schema.engine import (
    Catalogue,
    Connection,
    DeclarationError,
    Engine,
    Order,
    by,
    composed,
    computed,
    contains,
    described,
    either,
    entity,
    everyone,
    listed,
    many,
    page,
    pages,
    planned,
    related,
    rows_of,
    shows,
)
from schema.engine.checks import check

from . import models as m
from .asking import CATALOGUE


def field(annotation: Any, value: Any = None, *, over: Any = m.Book, scope: Any = everyone, **more: Any) -> type:
    """A type `Thing` with one field `it`."""
    body = {"__annotations__": {"it": annotation}, "__doc__": "A thing.", **more}
    if value is not None:
        body["it"] = value
    return entity(over, scope=scope())(type("Thing", (), body))


def root(cls: type, value: Any = None, annotation: Any = None) -> strawberry.Schema:
    value = value or planned(_the(cls))
    query = type("Query", (), {"__annotations__": {"things": annotation or list[cls]}, "things": value})  # type: ignore[valid-type]
    return strawberry.Schema(strawberry.type(query))


def _the(cls: type) -> Callable[..., Any]:
    def things(self: Any) -> Any:
        return many(cls)

    things.__annotations__ = {"return": list[cls]}  # type: ignore[valid-type]
    return things


def mistakes(schema: strawberry.Schema) -> str:
    with pytest.raises(DeclarationError) as found:
        check(Catalogue(schema))
    return str(found.value)


@strawberry.type
class Pair:
    a: str
    b: str


@entity(m.Loan, scope=everyone())
class Other:
    """A loan."""

    id: strawberry.ID


@entity(m.Library, scope=everyone())
class Shelf:
    """A library."""

    id: strawberry.ID


class Local(DeclarativeBase):
    pass


class Clock(Local):
    __tablename__ = "clock"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime())


def twice_named() -> Any:
    given = func.unnest(m.Book.topics).table_valued("code", name="given")
    joined = given.render_derived().join(m.Topic, m.Topic.code == given.c.code)
    return listed(select(given.c.code.label("a"), m.Topic.label.label("b")).select_from(joined))


CASES: dict[str, tuple[Callable[[], type], str]] = {
    "no scope": (
        lambda: field(str, shows(m.Book.code), scope=lambda: None),
        "Thing: no scope. Say which rows",
    ),
    "no such column": (lambda: field(str), "Thing.it: Book has no 'it'. Name one that it has"),
    "a nullable column": (lambda: field(str, shows(m.Book.title)), "non-null over the nullable column"),
    "a column of another type": (lambda: field(int, shows(m.Book.code)), "Int over a column of type Text()"),
    "an instant without a zone": (lambda: field(datetime, shows(Clock.at), over=Clock), "Use DateTime(timezone=True)"),
    "a list over no list": (lambda: field(list[str], shows(m.Book.code)), "is no list"),
    "a column as an object": (lambda: field(Pair, shows(m.Book.code)), "a column cannot be a Pair"),
    "a relationship as a leaf": (lambda: field(str, related(m.Book.library)), "is a relationship, and String a leaf"),
    "a relationship to another type": (
        lambda: field(Other | None, related(m.Book.library)),
        "leads to Library, and Other does not",
    ),
    "a relationship that is none": (lambda: field(list[Other], related(m.Book.code)), "is no relationship"),
    "a list over one row": (lambda: field(list[Shelf], related(m.Book.library)), "leads to one row, not to a list"),
    "one of many without an order": (
        lambda: field(Other | None, related(m.Book.loans)),
        "say by order_by= which is the first",
    ),
    "a union of another type": (
        lambda: field(Other | None, either(m.Book.library)),
        "leads to Library, and Other does not",
    ),
    "a part too few": (lambda: field(Pair, composed(a=m.Book.code)), "Pair needs b as well"),
    "a part too many": (lambda: field(Pair, composed(a=m.Book.code, b=m.Book.code, c=m.Book.code)), "Pair has no c"),
    "parts of a type with rows": (lambda: field(Other, composed(id=m.Book.id)), "no plain object type"),
    "a computed list": (
        lambda: field(list[str], computed(lambda key: [key], m.Book.code)),
        "only leaves can be computed",
    ),
    "a listed single": (
        lambda: field(Pair, listed(select(m.Topic.code.label("a"), m.Topic.label.label("b")))),
        "listed() gives a list",
    ),
    "listed columns by other names": (
        lambda: field(list[Pair], listed(select(m.Topic.code, m.Topic.label))),
        "Pair needs a, b as well",
    ),
    "a resolver": (
        lambda: field(str, strawberry.field(resolver=lambda: "x", graphql_type=str)),
        "a type over rows has no resolvers",
    ),
    "a page that is none": (
        lambda: field(list[Other], pages(m.Book.loans, order=by(m.Loan.lent_at))),
        "a page is a Connection",
    ),
    "a page of others": (
        lambda: field(Connection[Other], pages(m.Book.authors, order=by(m.Author.name))),
        "leads to Author, and Other",
    ),
    "a set-returning function named twice": (
        lambda: field(list[Pair], twice_named()),
        "name a set-returning function once",
    ),
    "its own table in a subquery's FROM": (
        lambda: field(int, shows(select(func.count(m.Book.id)).select_from(m.Book).scalar_subquery())),
        "use aliased()",
    ),
    "its own table in a subquery": (
        lambda: field(int, shows(select(func.count(m.Book.id)).scalar_subquery())),
        "use aliased() in it",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_is_told_with_its_mend(name: str) -> None:
    make, said = CASES[name]
    assert said in mistakes(root(make()))


def test_all_mistakes_are_told_at_once() -> None:
    cls = entity(m.Book)(type("Thing", (), {"__annotations__": {"a": str, "b": str}, "__doc__": "A thing."}))
    bad = entity(m.Book, scope=everyone())(
        type("Bad", (), {"__annotations__": {"c": str, "title": str}, "__doc__": "Bad."})
    )
    query = type(
        "Query",
        (),
        {"__annotations__": {"x": list[cls], "y": list[bad]}, "x": planned(_the(cls)), "y": planned(_the(bad))},
    )  # type: ignore[valid-type]
    with pytest.raises(DeclarationError) as found:
        check(Catalogue(strawberry.Schema(strawberry.type(query))))
    assert [line.split(":")[0] for line in found.value.mistakes] == ["Bad.c", "Bad.title", "Thing"]


def test_a_scalar_of_one_s_own_needs_a_codec() -> None:
    from typing import NewType

    Shelfmark = NewType("Shelfmark", str)
    cls = field(Shelfmark, shows(m.Book.code))
    query = type("Query", (), {"__annotations__": {"x": list[cls]}, "x": planned(_the(cls))})  # type: ignore[valid-type]
    config = StrawberryConfig(scalar_map={Shelfmark: strawberry.scalar(name="Shelfmark")})
    assert "no codec for the scalar Shelfmark. Give one: Engine(scalars={'Shelfmark': text_codec()})" in mistakes(
        strawberry.Schema(strawberry.type(query), config=config)
    )


def test_permissions_do_not_run_on_planned_fields() -> None:
    class Never(strawberry.BasePermission):
        message = "never"

        def has_permission(self, source: Any, info: Any, **_: Any) -> bool:
            return False

    cls = field(str, shows(m.Book.code))
    made = planned(_the(cls))
    made.permission_classes = [Never]
    assert "permissions and extensions do not run on planned fields" in mistakes(root(cls, made))


def test_a_filter_without_a_condition() -> None:
    @strawberry.input
    class Filter:
        code: str | None = contains(m.Book.code)
        other: str | None = None

    globals()["Filter"] = Filter
    cls = field(str, shows(m.Book.code))
    made = pages(order=by(m.Book.code), filter=Filter)
    assert "Filter.other: no condition" in mistakes(root(cls, made, Connection[cls]))  # type: ignore[valid-type]


def test_an_order_that_is_not_made_with_by() -> None:
    @strawberry.enum
    class ThingOrder(Order):
        CODE = "code"

    cls = field(str, shows(m.Book.code))
    assert "ThingOrder.CODE is not made with by" in mistakes(root(cls, pages(order=ThingOrder), Connection[cls]))  # type: ignore[valid-type]


def test_a_page_of_rows_without_a_key() -> None:
    counted = rows_of("counted", name=Text())
    cls = field(str, shows(counted.c.name), over=counted)
    assert "Thing has no key to make its order total" in mistakes(root(cls, pages(order=by("name")), Connection[cls]))  # type: ignore[valid-type]


def test_a_planned_method_is_rehearsed_at_load() -> None:
    cls = field(str, shows(m.Book.code))

    def things(self: Any, n: int) -> Any:
        return many(cls, m.Book.copies > n.bit_length())

    things.__annotations__ = {"n": int, "return": list[cls]}  # type: ignore[valid-type]
    assert "Query.things: cannot be compiled" in mistakes(root(cls, planned(things)))


def test_a_method_that_returns_a_page_takes_first_and_after() -> None:
    cls = field(str, shows(m.Book.code))

    def things(self: Any) -> Any:
        return page(cls, order=by(m.Book.code))

    things.__annotations__ = {"return": Connection[cls]}  # type: ignore[valid-type]
    assert "takes `first: int = 50, after: str | None = None`" in mistakes(root(cls, planned(things), Connection[cls]))  # type: ignore[valid-type]


def test_an_engine_does_not_start_over_mistakes() -> None:
    with pytest.raises(DeclarationError):
        Engine(root(field(str)), None)  # type: ignore[arg-type]


def test_the_machinery_s_own_elements_are_described() -> None:
    types = CATALOGUE.graphql.type_map
    for name in ("PageInfo", "BookConnection", "BookEdge", "LoanConnection"):
        assert types[name].description
        for inner in types[name].fields.values():  # type: ignore[union-attr]
            assert inner.description, (name, inner)
    books: Any = CATALOGUE.graphql.query_type.fields["books"]  # type: ignore[union-attr]
    assert {n: bool(a.description) for n, a in books.args.items()} == dict.fromkeys(
        ("filter", "orderBy", "first", "after"), True
    )
    assert str(books.args["first"].type) == "Int!"
    assert books.args["first"].default_value == 50


def test_a_word_and_a_docstring_describe() -> None:
    area: Any = CATALOGUE.graphql.type_map["Area"]
    assert area.description == "An area."
    assert area.fields["code"].description == "Its code."
    assert area.fields["libraries"].description == "Rows found by conditions over this row and the other."
    order: Any = CATALOGUE.graphql.type_map["BookOrder"]
    assert order.values["CODE"].description == "By code."
    assert described("x").description == "x"
