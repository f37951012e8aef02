"""Audit entries and the blocks that they are sealed in. The app role may insert entries and nothing else."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, LargeBinary, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.access.models import Account
from domain.base.models import Base, RegionCode, is_envelope


class AuditEntry(Base):
    """One action, or one request's look at something sensitive (审计记录)."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[uuid.UUID | None]
    actor_roles: Mapped[list[str]]
    action: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[uuid.UUID | None]
    region_code: Mapped[RegionCode | None]
    operation_id: Mapped[uuid.UUID | None]
    request_id: Mapped[str | None]
    device_id: Mapped[str | None]
    purpose: Mapped[str | None]
    detail: Mapped[dict[str, Any]]
    # The database's own word for when it was written: what the sealer goes by, and nobody can choose.
    transaction_id: Mapped[int] = mapped_column(server_default=text("(pg_current_xact_id()::text::bigint)"))
    seen: Mapped[list[uuid.UUID] | None] = mapped_column(ARRAY(Uuid()))  # households shown in clear to the actor
    changes: Mapped[bytes | None] = mapped_column(LargeBinary())  # before and after, sealed

    actor: Mapped[Account | None] = relationship(
        lazy="raise",
        viewonly=True,
        primaryjoin=lambda: AuditEntry.actor_id == Account.id,
        foreign_keys=lambda: [AuditEntry.actor_id],
    )

    __table_args__ = (
        Index("ix_audit_entry_subject_id", "subject_id", "id"),
        Index("ix_audit_entry_actor_id", "actor_id", "id"),
        Index("ix_audit_entry_transaction_id", "transaction_id"),
        Index("ix_audit_entry_at", "at", "id"),
        Index("ix_audit_entry_seen", "seen", postgresql_using="gin"),
    )


class TraceKey(Base):
    """The key of what changed about a household or a person, as the trace keeps it (留痕密钥); `id` is theirs.

    Sealed under the installation's keys. Erasing them takes it away for good: nobody reads those values any more.
    """

    __tablename__ = "trace_key"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary())
    made_at: Mapped[datetime]
    destroyed_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("num_nonnulls(wrapped, destroyed_at) = 1", "there_or_destroyed"),
        CheckConstraint(is_envelope("wrapped"), "wrapped_is_sealed"),
    )


class AuditBlock(Base):
    """Entries sealed together (留痕区块), each block over the hash of the one before. How: domain/audit/rules.py."""

    __tablename__ = "audit_block"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 1, 2, 3 … without a gap
    sealed_at: Mapped[datetime]
    floor_id: Mapped[int]  # entries up to this number belong to a cluster that this one was restored from
    until_xid: Mapped[int]  # all transactions before this one had ended, and theirs are in this block or an earlier one
    first_id: Mapped[int | None]
    last_id: Mapped[int | None]
    entry_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger()))
    digests: Mapped[bytes] = mapped_column(LargeBinary())  # SHA-256 of each entry, in the order of the ids
    previous_hash: Mapped[bytes | None] = mapped_column(LargeBinary())
    hash: Mapped[bytes] = mapped_column(LargeBinary())
    key_id: Mapped[str | None]
    pruned_at: Mapped[datetime | None]  # its entries were forgotten, when their time was over
    signature: Mapped[bytes | None] = mapped_column(
        LargeBinary()
    )  # Ed25519 over the hash, by a key outside the database

    __table_args__ = (
        CheckConstraint("num_nonnulls(key_id, signature) IN (0, 2)", "signed_with_a_key"),
        Index("ix_audit_block_unsigned", "number", postgresql_where=text("signature IS NULL")),
    )
