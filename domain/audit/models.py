"""Audit entries. The app role may insert them and nothing else; a sealer chains them later in blocks."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from domain.base.models import Base, RegionCode


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

    __table_args__ = (
        Index("ix_audit_entry_subject_id", "subject_id", "id"),
        Index("ix_audit_entry_actor_id", "actor_id", "id"),
    )
