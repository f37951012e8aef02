"""The types of the toy: together with schema.py every word of the engine is said at least once."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, NewType, TypeVar

import strawberry
from sqlalchemy import (
    ColumnElement,
    DateTime,
    SQLColumnExpression,
    Text,
    case,
    func,
    literal,
    select,
)
from sqlalchemy.orm import aliased
from strawberry.scalars import JSON

from schema.engine import (
    Connection,
    CountedConnection,
    Order,
    by,
    composed,
    computed,
    contains,
    described,
    either,
    entity,
    equals,
    everyone,
    is_in,
    listed,
    many,
    matches,
    of_viewer,
    opened,
    page,
    pages,
    planned,
    related,
    shows,
    some,
    text_codec,
    through,
)

from . import models as m

AreaCode = NewType("AreaCode", str)
SCALARS = {"AreaCode": text_codec()}
T = TypeVar("T")
strawberry.enum(m.Genre)
strawberry.enum(m.Condition)


@dataclass(frozen=True)
class Viewer:
    role: str
    area_from: str
    area_to: str


class viewer:
    """The viewer inside SQL."""

    role = of_viewer("role", Text())
    area_from = of_viewer("area_from", Text())
    area_to = of_viewer("area_to", Text())


SETTINGS = {"toy.area_from": viewer.area_from, "toy.area_to": viewer.area_to}


def within(code: SQLColumnExpression[str]) -> ColumnElement[bool]:
    return code.between(viewer.area_from, viewer.area_to)


def only_librarians(column: SQLColumnExpression[T]) -> SQLColumnExpression[T | None]:
    return case((viewer.role == "librarian", column))


@strawberry.enum
class Datum(enum.Enum):
    WGS84 = "wgs84"
    SHIFTED = "shifted"


@strawberry.interface(description="Anything with an id.")
class Node:
    id: strawberry.ID = described("Unique everywhere.")


@strawberry.type
class Point:
    longitude: float
    latitude: float
    datum: str


@strawberry.type
class Topic:
    code: str
    label: str


@entity(m.Area, scope=everyone())
class Area:
    """An area."""

    code: AreaCode = described("Its code.")
    name: str
    parent: Area | None
    children: list[Area] = related(m.Area.children, order_by=(m.Area.name.desc(),))
    sibling_count: int = shows(
        select(func.count()).where((sibling := aliased(m.Area)).parent_code == m.Area.parent_code).scalar_subquery()
    )

    @planned
    def libraries(self, named: str | None = None) -> list[Library]:
        """Rows found by conditions over this row and the other."""
        conditions = [m.Library.area_code == m.Area.code]
        if named is not None:
            conditions.append(m.Library.name == named)
        return many(Library, *conditions, order_by=(m.Library.name,))


@entity(m.Library, scope=within(m.Library.area_code))
class Library(Node):
    """A library."""

    name: str
    area: Area
    book_count: int = shows(select(func.count()).where(m.Book.library_id == m.Library.id).scalar_subquery())
    books: CountedConnection[Book] = pages(m.Library.books, order=by(m.Book.code), first=10)

    @planned
    def books_of(self, genre: m.Genre, first: int = 3, after: str | None = None) -> CountedConnection[Book]:
        """A page with an argument of its own."""
        return page(m.Library.books, m.Book.genre == genre, order=by(m.Book.updated_at.desc()))  # type: ignore[return-value]


@entity(m.Author, scope=everyone())
class Author(Node):
    """An author."""

    name: str
    phone: str | None = shows(only_librarians(m.Author.phone))
    phone_or_its_beginning: str | None = opened(only_librarians(m.Author.phone), otherwise=func.left(m.Author.phone, 1))
    books: list[Book] = related(m.Author.books, order_by=(m.Book.code,))


@strawberry.enum
class BookOrder(Order):
    CODE = by(m.Book.code, description="By code.")
    NEWEST = by(m.Book.acquired_on.desc(), m.Book.code)
    PRICE = by(m.Book.price)
    UPDATED = by(m.Book.updated_at.desc())
    RATING = by(m.Book.rating.desc())


@strawberry.enum
class LoanOrder(Order):
    LATEST = by(m.Loan.lent_at.desc())
    RETURNED = by(m.Loan.returned_on, m.Loan.lent_at.desc())


@strawberry.input
class LoanFilter:
    lent_from: datetime | None = matches(lambda at: m.Loan.lent_at >= at, DateTime(timezone=True))


@strawberry.input
class BookFilter:
    """Which books."""

    genre: list[m.Genre] | None = is_in(m.Book.genre)
    condition: m.Condition | None = equals(m.Book.condition)  # type: ignore[assignment]
    code: str | None = equals(m.Book.code)
    codes: list[str] | None = is_in(m.Book.code)
    title: str | None = contains(m.Book.title)
    price_from: Decimal | None = matches(lambda price: m.Book.price >= price, m.Book.price.type)
    not_lent_since: datetime | None = matches(
        lambda at: ~m.Book.loans.any(m.Loan.lent_at >= at), DateTime(timezone=True)
    )
    loan: LoanFilter | None = some(m.Book.loans)


@strawberry.input(one_of=True)
class BookKey:
    """Exactly one of these."""

    id: strawberry.Maybe[strawberry.ID]
    code: strawberry.Maybe[str]


@entity(m.Book, scope=within(m.Book.area_code))
class Book(Node):
    """A book."""

    code: str
    title: str | None
    genre: m.Genre
    condition: m.Condition = shows(m.Book.condition)  # type: ignore[assignment]
    price: Decimal | None = shows(only_librarians(m.Book.price))
    price_per_copy: Decimal | None = shows(func.round(m.Book.price_per_copy, 2))
    copies: int
    rating: float | None
    is_reference: bool | None
    acquired_on: date | None
    updated_at: datetime
    topic_codes: list[str] = shows(m.Book.topics)
    topics: list[Topic] = listed(
        select(m.Topic.code, m.Topic.label)
        .select_from(
            (
                at := func.unnest(m.Book.topics).table_valued("code", with_ordinality="n", name="at").render_derived()
            ).join(m.Topic, m.Topic.code == at.c.code)
        )
        .order_by(at.c.n)
    )
    first_topic: Topic | None = composed(
        code=m.Book.topics[1],
        label=select(m.Topic.label).where(m.Topic.code == m.Book.topics[1]).scalar_subquery(),
    )
    notes: JSON | None
    library: Library
    authors: list[Author] = related(m.Book.authors, order_by=(m.Author.name,))
    last_loan: Loan | None = related(m.Book.loans, order_by=(m.Loan.lent_at.desc(),))
    loans: Connection[Loan] = pages(m.Book.loans, order=LoanOrder, filter=LoanFilter, first=20, cap=50)

    @planned
    def place(self, datum: Datum = Datum.WGS84) -> Point | None:
        """Where it stands; an enum argument is a value here, so the body may branch on it."""
        shift = 1.0 if datum is Datum.SHIFTED else 0.0
        return composed(  # type: ignore[no-any-return]
            longitude=func.ST_X(m.Book.place) + shift, latitude=func.ST_Y(m.Book.place), datum=literal(datum.name)
        )

    @planned
    def open_loans(self, on: date | None = None) -> list[Loan]:
        """Loans not returned by a day."""
        open_ = () if on is None else (func.coalesce(m.Loan.returned_on > on, True),)
        return through(m.Book.loans, *open_, order_by=(m.Loan.lent_at,))  # type: ignore[no-any-return]

    @planned
    def is_dearer_than(self, price: Decimal) -> bool | None:
        """An expression over an argument."""
        return m.Book.price > price  # type: ignore[return-value]


@entity(m.Reader, scope=within(m.Reader.area_code))
class Reader(Node):
    """A reader."""

    name: str = shows(case((viewer.role == "librarian", m.Reader.name), else_=func.left(m.Reader.name, 1) + "**"))
    born_on: date | None
    loans: list[Loan] = related(m.Reader.loans, order_by=(m.Loan.lent_at, m.Loan.id))


Borrower = Annotated[Reader | Library, strawberry.union("Borrower", description="Who has the book.")]


def receipt_url(key: str) -> str:
    return f"/receipts/{key}?signed"


@entity(m.Loan, scope=within(m.Loan.area_code))
class Loan(Node):
    """A loan."""

    book: Book
    borrower: Borrower | None = either(m.Loan.reader, m.Loan.to_library)
    lent_at: datetime
    returned_on: date | None
    receipt_url: str = computed(receipt_url, m.Loan.receipt_key)
