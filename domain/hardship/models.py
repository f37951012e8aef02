"""Reports of hardship and calls, in front of the clues: a clue belongs to a household, and a report may fit none yet."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.access.models import Account
from domain.base.models import Base, RegionCode, sealed_columns
from domain.hardship.rules import HardshipReportDismissal, ReportMatching
from domain.monitoring.rules import ClueSource
from domain.regions.models import Region


class HardshipReport(Base):
    """What somebody reported without an account (一键报贫) or told the hotline: of whom, where, and what the matter is.

    source: SELF_REPORT or HOTLINE. looked_at: when the family was looked for, which is after whoever reports has gone.
    receipt_mac: the keyed hash of the receipt; the receipt itself is nowhere.
    sender_mac: the keyed hash of the network it came from, to count by. content_hash: to know a repeat by.
    Which clue it led to says the clue's witness, whose reference is this id: it goes along when families are merged.
    """

    __tablename__ = "hardship_report"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))
    source: Mapped[ClueSource] = mapped_column(
        Enum(ClueSource, native_enum=False, create_constraint=False, length=20), server_default="SELF_REPORT"
    )
    entered_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))  # who took the call
    received_at: Mapped[datetime]
    began_on: Mapped[date]
    due_on: Mapped[date]
    receipt_mac: Mapped[bytes] = mapped_column(unique=True)
    sender_mac: Mapped[bytes]
    content_hash: Mapped[str]
    name: Mapped[str]
    id_number_sealed: Mapped[bytes | None]
    id_number_masked: Mapped[str | None]
    phone_sealed: Mapped[bytes | None]
    phone_masked: Mapped[str | None]
    phone_index: Mapped[bytes | None]
    is_for_somebody_else: Mapped[bool]
    sign: Mapped[str]
    text: Mapped[str]
    matching: Mapped[ReportMatching] = mapped_column(
        Enum(ReportMatching, native_enum=False, create_constraint=False, length=10), server_default="WAITING"
    )
    looked_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))  # null: it fitted by itself
    reason: Mapped[HardshipReportDismissal | None] = mapped_column(
        Enum(HardshipReportDismissal, native_enum=False, create_constraint=False, length=20)
    )

    region: Mapped[Region] = relationship(lazy="raise", viewonly=True)
    entered_by: Mapped[Account | None] = relationship(lazy="raise", viewonly=True, foreign_keys=[entered_by_id])
    settled_by: Mapped[Account | None] = relationship(lazy="raise", viewonly=True, foreign_keys=[settled_by_id])

    __table_args__ = (
        Index("ix_hardship_report_region_code", "region_code", "due_on", "id"),
        Index("ix_hardship_report_received_at", "region_code", "received_at"),
        Index("ix_hardship_report_sender_mac", "sender_mac", "received_at"),
        Index(
            "ix_hardship_report_phone", "phone_index", "received_at", postgresql_where=sql("phone_index IS NOT NULL")
        ),
        Index("ix_hardship_report_settled_by_id", "settled_by_id", postgresql_where=sql("settled_by_id IS NOT NULL")),
        Index(
            "ix_hardship_report_entered_by_id",
            "entered_by_id",
            "received_at",
            postgresql_where=sql("entered_by_id IS NOT NULL"),
        ),
        CheckConstraint("(source = 'HOTLINE') = (entered_by_id IS NOT NULL)", "entered_by_an_operator"),
        CheckConstraint("(matching = 'WAITING') = (settled_at IS NULL)", "settled_unless_waiting"),
        CheckConstraint("(matching = 'DISMISSED') = (reason IS NOT NULL)", "dismissed_for_a_reason"),
        *sealed_columns("hardship_report"),
    )
