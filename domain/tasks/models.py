"""Long work that somebody asked for: a list of 100,000 rows, a county reckoned anew."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.access.models import Account
from domain.base.models import Base, RegionCode
from domain.regions.models import Region


class TaskState(enum.StrEnum):
    """How far a task is (任务状态)."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


class Task(Base):
    """Work that takes longer than a request (后台任务). Its id is that of the operation which asked for it.

    total, done: its parts, such as rows; total is null until it is known. failure: the code of what stopped it.
    """

    __tablename__ = "task"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))
    asked_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime]
    state: Mapped[TaskState] = mapped_column(
        Enum(TaskState, native_enum=False, create_constraint=False, length=10), server_default="WAITING"
    )
    total: Mapped[int | None]
    done: Mapped[int] = mapped_column(server_default="0")
    failure: Mapped[str | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    region: Mapped[Region] = relationship(lazy="raise", viewonly=True)
    asked_by: Mapped[Account] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        Index("ix_task_region_code", "region_code", "asked_at"),
        Index("ix_task_asked_by_id", "asked_by_id", "asked_at"),
        CheckConstraint("(state IN ('DONE', 'FAILED')) = (finished_at IS NOT NULL)", "finished_with_its_state"),
        CheckConstraint("(state = 'FAILED') = (failure IS NOT NULL)", "fails_with_a_code"),
    )
