"""The base of every mapped class: one naming convention, one place for the types that columns share."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from sqlalchemy import BigInteger, DateTime, MetaData, Numeric, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

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


def namespace_id(name: str) -> uuid.UUID:
    """A deterministic id for what has no id of its own: villages by code, demo rows by name.

    UUIDv8 (RFC 9562 leaves its bits to us): the MD5 of the name, because PostgreSQL makes the same one (`ruhu_id`).
    """
    digest = hashlib.md5(f"ruhu {name}".encode(), usedforsecurity=False).hexdigest()
    return uuid.UUID(f"{digest[:12]}8{digest[13:16]}8{digest[17:]}")
