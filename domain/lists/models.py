"""Lists of departments, their rows, and files that have been sent and not yet read."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.access.models import Account
from domain.base.models import Base, RegionCode, is_envelope, sealed_columns
from domain.helpers.models import Organisation
from domain.lists.rules import ListRowOutcome
from domain.regions.models import Region
from domain.tasks.models import Task


class DepartmentList(Base):
    """A list that a department delivered (部门筛查名单). Its id is that of its task, and of the operation that brought it.

    period: the month that the sign is about, like 2026-03. received_at: when it came; day 0 of its clues.
    row_count: null until a file has been read.
    """

    __tablename__ = "department_list"

    id: Mapped[uuid.UUID] = mapped_column(ForeignKey("task.id"), primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))
    sign: Mapped[str]
    period: Mapped[str]
    received_at: Mapped[datetime]
    submitted_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    row_count: Mapped[int | None]

    task: Mapped[Task] = relationship(lazy="raise", viewonly=True)
    organisation: Mapped[Organisation] = relationship(lazy="raise", viewonly=True)
    region: Mapped[Region] = relationship(lazy="raise", viewonly=True)
    submitted_by: Mapped[Account] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        Index("ix_department_list_organisation_id", "organisation_id", "received_at"),
        Index("ix_department_list_region_code", "region_code", "received_at"),
    )


class DepartmentListRow(Base):
    """One row of such a list (名单明细). outcome: null while nobody has looked. earlier: what it was before it was matched
    again, each with when; the oldest first.

    region_code: the list's division; of a matched row, the family's village, by which officers see it. Which family it was
    stands nowhere here: a department reads its rows, and the clue's witness says the rest to who may know.
    id_number_index: the key by which people are found, so the blind index of person.id_number and not one of its own.
    """

    __tablename__ = "department_list_row"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    list_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("department_list.id"))
    number: Mapped[int]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))
    name: Mapped[str | None]
    id_number_sealed: Mapped[bytes | None]
    id_number_masked: Mapped[str | None]
    id_number_index: Mapped[bytes | None]
    phone_sealed: Mapped[bytes | None]
    phone_masked: Mapped[str | None]
    village_code: Mapped[str | None]
    amount_fen: Mapped[int | None]
    outcome: Mapped[ListRowOutcome | None] = mapped_column(
        Enum(ListRowOutcome, native_enum=False, create_constraint=False, length=30)
    )
    reason: Mapped[str | None]
    settled_at: Mapped[datetime | None]
    earlier: Mapped[list[dict[str, str]]] = mapped_column(JSONB, server_default=text("'[]'"))

    list: Mapped[DepartmentList] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        UniqueConstraint("list_id", "number", name="one_row_per_number"),
        Index("ix_department_list_row_region_code", "region_code", "settled_at"),
        Index("ix_department_list_row_waiting", "list_id", "number", postgresql_where=text("outcome IS NULL")),
        CheckConstraint("(outcome IS NULL) = (settled_at IS NULL)", "settled_with_an_outcome"),
        *sealed_columns("department_list_row"),
    )


class DepartmentUpload(Base):
    """A file that a department has sent (待读取文件), sealed as a whole, and deleted in the transaction that has read it.

    list_id: the list that it holds; null until it is submitted. kind: XLSX or CSV, as its bytes say.
    """

    __tablename__ = "department_upload"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    uploaded_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    uploaded_at: Mapped[datetime]
    kind: Mapped[str]
    content_sealed: Mapped[bytes]
    list_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("department_list.id"), unique=True)

    __table_args__ = (
        CheckConstraint("kind IN ('XLSX', 'CSV')", "of_a_known_kind"),
        CheckConstraint(is_envelope("content_sealed"), "content_is_sealed"),
    )
