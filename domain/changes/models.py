"""The change feed and remembered operations. Business rows are written once; these narrow tables follow them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CHAR, BigInteger, Index, Integer, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.base.models import Base, RegionCode


class Change(Base):
    """One changed document in one township (变更). `seq` is taken last, under the area's lock: no gap is ever skipped.

    area: the township's 9-digit code as a number; it fits an int4, so it is the advisory lock's key too.
    kind: household or visit: which document is to be sent again; clue: which one was raised or settled.
    region_code: the village in which the row stood; after a move there is a change in the old one, too.
    household_id: whose document it is, or whose visit.
    party_id: set where a list changed (a pairing began or ended), and then only that party is concerned.
    """

    __tablename__ = "change"

    area: Mapped[int] = mapped_column(Integer, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str]
    id: Mapped[uuid.UUID]
    op: Mapped[str] = mapped_column(CHAR(1))  # U: there or changed; D: gone from this area
    party_id: Mapped[uuid.UUID | None]
    at: Mapped[datetime]
    region_code: Mapped[RegionCode]
    household_id: Mapped[uuid.UUID]

    __table_args__ = (
        Index("ix_change_party_id", "party_id", "seq", postgresql_where=text("party_id IS NOT NULL")),
        Index("ix_change_at", "at"),  # what is too old is taken away
    )


class PendingChange(Base):
    """Changes of transactions that are still open; empty between transactions. Triggers write and read it."""

    __tablename__ = "change_pending"

    xid: Mapped[str] = mapped_column(primary_key=True)
    area: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    op: Mapped[str] = mapped_column(CHAR(1), primary_key=True)
    party_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    region_code: Mapped[RegionCode] = mapped_column(primary_key=True)
    household_id: Mapped[uuid.UUID]

    __table_args__ = ({"prefixes": ["UNLOGGED"]},)


class Operation(Base):
    """A mutation that was carried out, and what it answered (操作记录). Kept for 180 days."""

    __tablename__ = "operation"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    actor_id: Mapped[uuid.UUID] = mapped_column(index=True)
    name: Mapped[str]
    content_hash: Mapped[str]
    hash_version: Mapped[int] = mapped_column(SmallInteger)
    answer: Mapped[dict[str, Any]]
    at: Mapped[datetime] = mapped_column(index=True)
