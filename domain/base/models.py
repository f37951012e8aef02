"""The base of every mapped class: one naming convention, one place for the types that columns share."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    DateTime,
    Index,
    MetaData,
    Numeric,
    SmallInteger,
    Text,
    cast,
    func,
    literal,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from domain.base.sealed_fields import SEALED
from domain.base.sealing import SEAL_BYTES, VERSION

# Every constraint has a name that can be foretold, because its name maps to an error code (base/errors.py).
NAMING = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}

# A region code's prefix is its parent, so ranges of codes are subtrees. That holds byte by byte only: collation "C".
RegionCode = Annotated[str, mapped_column(Text(collation="C"))]


class Base(DeclarativeBase):
    """All tables of the domain."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        str: Text(),
        int: BigInteger(),
        datetime: DateTime(timezone=True),
        Decimal: Numeric(14, 2),
        dict[str, Any]: JSONB(),
        list[str]: ARRAY(Text()),
        list[Any]: JSONB(),
    }


class Term(Base):
    """One word of a vocabulary that a region or a ministry may extend (术语). Columns elsewhere hold its code."""

    __tablename__ = "term"

    list: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    label_zh: Mapped[str]
    label_en: Mapped[str]
    position: Mapped[int]
    source: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SealingKey(Base):
    """A key that values are sealed or looked up with (数据密钥), itself sealed under the master key (主密钥).

    purpose: FIELDS for envelopes, INDEX for blind indexes and other keyed hashes. master: which master key it is, by
    fingerprint. starts_at: from when on values are sealed with it; known to all servers before, it opens at once.
    """

    __tablename__ = "sealing_key"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    purpose: Mapped[str]
    wrapped: Mapped[bytes]
    master: Mapped[str]
    made_at: Mapped[datetime]
    starts_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("purpose IN ('FIELDS', 'INDEX')", "for_one_purpose"),
        Index("one_index_key", "purpose", unique=True, postgresql_where=text("purpose = 'INDEX'")),
    )


def sealed_columns(table: str) -> list[CheckConstraint]:
    """What the database can say of sealed fields without any key: one is there whole or not at all, and is an envelope."""
    found = []
    for name, field in SEALED[table].items():
        columns = [f"{name}_sealed", f"{name}_masked"] + [f"{name}_index"] * field.is_indexed
        shape = f"num_nonnulls({', '.join(columns)}) IN (0, {len(columns)}) AND (" + is_envelope(columns[0]) + ")"
        found.append(CheckConstraint(shape, f"{name}_is_sealed"))
    return found


def sealed_text(place: str, row: Any, envelope: Any) -> ColumnElement[str]:
    """A sealed value as the read engine hands it to `Ring.told`: place, row and envelope. Null where there is none."""
    letters = func.encode(envelope, "base64", type_=Text())
    return literal(f"{place} ", Text()) + cast(row, Text) + literal(" ", Text()) + letters


def is_envelope(column: str) -> str:
    """The condition that a column holds an envelope of this version, or nothing."""
    return f"{column} IS NULL OR (octet_length({column}) > {SEAL_BYTES} AND get_byte({column}, 0) = {VERSION})"


def namespace_id(name: str) -> uuid.UUID:
    """A deterministic id for what has no id of its own: villages by code, demo rows by name.

    UUIDv8 (RFC 9562 leaves its bits to us): the MD5 of the name, because PostgreSQL makes the same one (`ruhu_id`).
    """
    digest = hashlib.md5(f"ruhu {name}".encode(), usedforsecurity=False).hexdigest()
    return uuid.UUID(f"{digest[:12]}8{digest[13:16]}8{digest[17:]}")
