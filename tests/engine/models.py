"""The tables of a toy: town libraries. It has every awkward kind of column, and nothing of the project's own domain."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import CheckConstraint, DateTime, Enum, Float, ForeignKey, Numeric, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Genre(enum.Enum):
    NOVEL = "novel"
    POEMS = "poems"
    ALMANAC = "almanac"


class Condition(enum.Enum):
    NEW = "new"
    WORN = "worn"
    LOST = "lost!"


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy wants it so
        datetime: DateTime(timezone=True),
        str: Text(),
        Genre: Enum(Genre, native_enum=False, length=20),  # stored by name
        list[str]: ARRAY(Text()),
        dict[str, Any]: JSONB(),
    }


class Area(Base):
    __tablename__ = "area"
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("area.code"), index=True)
    parent: Mapped[Area | None] = relationship(lazy="raise", remote_side="Area.code", viewonly=True)
    children: Mapped[list[Area]] = relationship(lazy="raise", viewonly=True)


class Topic(Base):
    __tablename__ = "topic"
    code: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str]


class Library(Base):
    __tablename__ = "library"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    area_code: Mapped[str] = mapped_column(ForeignKey("area.code"), index=True)
    name: Mapped[str]
    area: Mapped[Area] = relationship(lazy="raise")
    books: Mapped[list[Book]] = relationship(lazy="raise", viewonly=True)


class Authorship(Base):
    """Who wrote what; the same author may stand twice, as writer and as editor."""

    __tablename__ = "authorship"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    book_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("book.id"), index=True)
    author_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("author.id"), index=True)


class Author(Base):
    __tablename__ = "author"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    phone: Mapped[str | None]
    books: Mapped[list[Book]] = relationship(secondary="authorship", lazy="raise", viewonly=True)


class Book(Base):
    __tablename__ = "book"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    library_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("library.id"), index=True)
    area_code: Mapped[str] = mapped_column(index=True)
    code: Mapped[str]
    title: Mapped[str | None]
    genre: Mapped[Genre]
    condition: Mapped[str]  # a Condition's value, as plain text
    price: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    copies: Mapped[int]
    rating: Mapped[float | None] = mapped_column(Float(53))
    is_reference: Mapped[bool | None]
    acquired_on: Mapped[date | None]
    updated_at: Mapped[datetime]
    topics: Mapped[list[str]]
    notes: Mapped[dict[str, Any] | None]
    place: Mapped[WKBElement | None] = mapped_column(Geometry("POINT", 4326))
    library: Mapped[Library] = relationship(lazy="raise")
    authors: Mapped[list[Author]] = relationship(secondary="authorship", lazy="raise", viewonly=True)
    loans: Mapped[list[Loan]] = relationship(lazy="raise", viewonly=True)

    @hybrid_property
    def price_per_copy(self) -> Decimal | None:
        return None if self.price is None else self.price / self.copies

    @price_per_copy.inplace.expression
    @classmethod
    def _price_per_copy(cls) -> Any:
        return cls.price / cls.copies


class Reader(Base):
    __tablename__ = "reader"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    area_code: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    born_on: Mapped[date | None]
    loans: Mapped[list[Loan]] = relationship(lazy="raise", viewonly=True)


class Loan(Base):
    """A book goes to a reader or to another library."""

    __tablename__ = "loan"
    __table_args__ = (CheckConstraint("num_nonnulls(reader_id, to_library_id) = 1"),)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    area_code: Mapped[str]
    book_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("book.id"), index=True)
    reader_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("reader.id"), index=True)
    to_library_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("library.id"), index=True)
    lent_at: Mapped[datetime]
    returned_on: Mapped[date | None]
    receipt_key: Mapped[str]
    book: Mapped[Book] = relationship(lazy="raise")
    reader: Mapped[Reader | None] = relationship(lazy="raise")
    to_library: Mapped[Library | None] = relationship(lazy="raise")
