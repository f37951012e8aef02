"""The roots of the toy's schema: queries, mutations, subscriptions."""

from __future__ import annotations

import enum
import uuid
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Any

import strawberry
from sqlalchemy import (
    Integer,
    func,
    literal,
    select,
)
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig

from schema.engine import (
    Connection,
    CountedConnection,
    by,
    by_id,
    by_ids,
    composed,
    entity,
    everyone,
    keyed,
    many,
    one,
    page,
    pages,
    planned,
    rows_of,
    the,
)

from . import models as m
from .language import (
    Area,
    AreaCode,
    Author,
    Book,
    BookFilter,
    BookKey,
    BookOrder,
    Library,
    Loan,
    LoanFilter,
    LoanOrder,
    Node,
    Reader,
    within,
)


@strawberry.enum
class Dimension(enum.Enum):
    GENRE = "genre"
    LIBRARY = "library"


tally = rows_of(
    "tally", genre=m.Book.genre.type, library_id=m.Book.library_id.type, books=Integer(), worth=m.Book.price.type
)


@entity(tally, scope=everyone())
class Tally:
    """Books counted by some of their properties; the statement that counts has the scope itself."""

    genre: m.Genre | None
    books: int
    worth: Decimal | None

    @planned
    def library(self) -> Library | None:
        """A row found through a row of a statement."""
        return one(Library, m.Library.id == tally.c.library_id)


year = rows_of("year", number=Integer())


@entity(year, scope=everyone(), key=("number",))
class Year:
    """A row of a set-returning function."""

    number: int


@strawberry.type
class Shelf:
    """An object at the root made of other sources."""

    total: int
    cheapest: list[Book]


@strawberry.type
class Me:
    role: str
    library: Library | None
    page: Connection[Book] = pages(order=by(m.Book.code), first=2)


@strawberry.type
class Query:
    books: CountedConnection[Book] = pages(filter=BookFilter, order=BookOrder)
    loans: Connection[Loan] = pages(filter=LoanFilter, order=LoanOrder, cap=100)

    @planned
    def node(self, id: strawberry.ID) -> Node | None:
        """Any object."""
        return by_id(Node, id)  # type: ignore[type-abstract]

    @planned
    def nodes(self, ids: list[strawberry.ID]) -> list[Node | None]:
        """Any objects."""
        return by_ids(Node, ids, cap=100)  # type: ignore[type-abstract]

    @planned
    def book(self, key: BookKey) -> Book | None:
        """A book by one of its keys."""
        if key.id is not None:
            return one(Book, m.Book.id == key.id.value)
        return one(Book, m.Book.code == key.code.value, order_by=(m.Book.id,))  # type: ignore[union-attr]

    @planned
    def area(self, code: AreaCode) -> Area | None:
        """An area."""
        return one(Area, m.Area.code == code)

    @planned
    def areas(
        self, within: AreaCode | None = None, search: str | None = None, first: int = 50, after: str | None = None
    ) -> Connection[Area]:
        """A connection with arguments of its own."""
        found = []
        if within is not None:
            found.append(m.Area.code.startswith(within, autoescape=False))
        if search is not None:
            found.append(m.Area.name.contains(search, autoescape=False))
        return page(Area, *found, order=by(m.Area.code))

    @planned
    def library(self, area: AreaCode) -> Library:
        """A library that must be there."""
        return the(Library, m.Library.area_code == area)

    @planned
    def authors(self) -> list[Author]:
        """All authors."""
        return many(Author, order_by=(m.Author.name,))

    @planned
    def tallies(self, by: list[Dimension], on: date | None = None) -> list[Tally]:
        """A grouped statement as the source, whose shape depends on the argument."""
        names: dict[Dimension, Any] = {Dimension.GENRE: m.Book.genre, Dimension.LIBRARY: m.Book.library_id}
        columns = [(c if d in by else literal(None, c.type)).label(c.key) for d, c in names.items()]
        groups = [names[d] for d in dict.fromkeys(by)]
        counted = select(*columns, func.count().label("books"), func.sum(m.Book.price).label("worth")).where(
            within(m.Book.area_code)
        )
        if on is not None:
            counted = counted.where(m.Book.acquired_on <= on)
        return many(Tally, source=counted.group_by(*groups), order_by=("genre", "library_id"))

    @planned
    def years(self, start: int, end: int) -> list[Year]:
        """A set-returning function with bound arguments."""
        series = func.generate_series(start, end).table_valued("number", name="series")
        return many(Year, source=series, order_by=("number",), cap=50)

    @planned
    def shelf(self, genre: m.Genre) -> Shelf:
        """Composed of a count and a list."""
        seen = (m.Book.genre == genre, within(m.Book.area_code))
        return composed(  # type: ignore[no-any-return]
            total=select(func.count()).select_from(m.Book).where(*seen).scalar_subquery(),
            cheapest=many(Book, m.Book.genre == genre, m.Book.price < 100, order_by=(m.Book.price, m.Book.code)),
        )

    @strawberry.field
    async def server_time(self) -> str:
        return "noon"

    @strawberry.field
    def me(self, info: strawberry.Info[Any]) -> Me:
        return Me(role=info.context.role, library=keyed(Library, info.context.library_id))  # type: ignore[call-arg]

    @strawberry.field
    def broken(self) -> str:
        raise RuntimeError("secret detail")


@strawberry.type
class ReturnResult:
    id: strawberry.ID
    outcome: str
    loan: Loan | None


@strawberry.type
class ReturnPayload:
    results: list[ReturnResult]
    library: Library | None


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def return_books(
        self, info: strawberry.Info[Any], loan_ids: list[strawberry.ID], on: date, note: JSON | None = None
    ) -> ReturnPayload:
        """The action commits and returns keys; the engine answers the selection afterwards."""
        await info.context.pool.execute(
            "update loan set returned_on = $2 where id = any($1::uuid[])", [uuid.UUID(i) for i in loan_ids], on
        )
        results = [ReturnResult(id=i, outcome="APPLIED", loan=keyed(Loan, i)) for i in loan_ids]
        return ReturnPayload(results=results, library=keyed(Library, info.context.library_id))

    @strawberry.mutation
    async def must_return(self, info: strawberry.Info[Any], loan_id: strawberry.ID) -> Loan:
        return keyed(Loan, loan_id)

    @strawberry.mutation
    async def refuse(self) -> str | None:
        raise PermissionError("not today")


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def loan_changes(self, info: strawberry.Info[Any]) -> AsyncIterator[Loan | None]:
        try:
            for id in info.context.changed:
                yield keyed(Loan, id)
        finally:
            info.context.is_over = True


schema = strawberry.Schema(
    Query,
    Mutation,
    Subscription,
    types=[Book, Reader, Library, Author, Loan],
    config=StrawberryConfig(scalar_map={AreaCode: strawberry.scalar(name="AreaCode", description="An area's code.")}),
)
