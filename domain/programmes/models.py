"""Programme cases, and what happened to them. Events are written once and never changed."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.access.models import Account
from domain.base.models import Base, RegionCode
from domain.households.models import Household
from domain.programmes.rules import ProgrammeEvent as ProgrammeEvent
from domain.programmes.rules import ProgrammeStep as ProgrammeStep
from domain.regions.models import Region


class ProgrammeCase(Base):
    """A family in civil affairs' programme (特殊困难群体帮扶服务): one open one each, monitored or not.

    recipient_class: a word of policy (PROGRAMME_CLASSES); groups: terms of programme_group. services: what was approved,
    words of policy (PROGRAMME_SERVICES). began_on: the day of the survey. ended_on: since when it is open no more.
    """

    __tablename__ = "programme_case"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"), index=True)
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))
    recipient_class: Mapped[str]
    groups: Mapped[list[str]]
    services: Mapped[list[str]]
    step: Mapped[ProgrammeStep] = mapped_column(
        Enum(ProgrammeStep, native_enum=False, create_constraint=False, length=10)
    )
    step_since: Mapped[datetime]
    began_on: Mapped[date]
    opened_at: Mapped[datetime]
    ended_on: Mapped[date | None]
    end_reason: Mapped[str | None]

    household: Mapped[Household] = relationship(lazy="raise", viewonly=True)
    region: Mapped[Region] = relationship(lazy="raise", viewonly=True)
    events: Mapped[list[ProgrammeCaseEvent]] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        Index("one_open_programme_case", "household_id", unique=True, postgresql_where=text("ended_on IS NULL")),
        Index("ix_programme_case_region_code", "region_code", "began_on", "id"),
        Index("ix_programme_case_began_on", text("began_on DESC"), text("id DESC")),
        CheckConstraint("num_nonnulls(ended_on, end_reason) IN (0, 2)", "ends_with_a_reason"),
    )


class ProgrammeCaseEvent(Base):
    """Something that happened to a programme case (办理记录). reason: a term of programme_reason; services: if approved."""

    __tablename__ = "programme_case_event"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    programme_case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("programme_case.id"))
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"), index=True)
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"), index=True)
    event: Mapped[ProgrammeEvent] = mapped_column(
        Enum(ProgrammeEvent, native_enum=False, create_constraint=False, length=10)
    )
    level: Mapped[str]
    from_step: Mapped[ProgrammeStep | None] = mapped_column(
        Enum(ProgrammeStep, native_enum=False, create_constraint=False, length=10)
    )
    to_step: Mapped[ProgrammeStep] = mapped_column(
        Enum(ProgrammeStep, native_enum=False, create_constraint=False, length=10)
    )
    reason: Mapped[str | None]
    services: Mapped[list[str]]
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)

    recorded_by: Mapped[Account] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (Index("ix_programme_case_event_programme_case_id", "programme_case_id", "recorded_at", "id"),)
