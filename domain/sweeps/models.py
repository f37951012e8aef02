"""Sweeps and whom they are for. What a sweep found is nowhere but in visits and clues."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.access.models import Account
from domain.base.models import Base, RegionCode
from domain.households.models import Household
from domain.regions.models import Region
from domain.sweeps.rules import SweepKind as SweepKind
from domain.sweeps.rules import SweepOutcome as SweepOutcome


class Sweep(Base):
    """A campaign from door to door (走访排查), or the check after a disaster, which then has the same id.

    period: 2026-10, 2026-Q4, 2026-H2; of a disaster its id. groups: codes of edge_group and of rosters, empty for
    everybody. purposes: the purposes of visits that count, as they were when it was opened. gathered_at: when its
    households had been written down.
    """

    __tablename__ = "sweep"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[SweepKind] = mapped_column(Enum(SweepKind, native_enum=False, create_constraint=False, length=12))
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))
    period: Mapped[str]
    from_on: Mapped[date]
    until_on: Mapped[date]
    groups: Mapped[list[str]]
    purposes: Mapped[list[str]]
    opened_at: Mapped[datetime]
    opened_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))  # null: by the worker
    gathered_at: Mapped[datetime | None]

    region: Mapped[Region] = relationship(lazy="raise", viewonly=True)
    opened_by: Mapped[Account | None] = relationship(lazy="raise", viewonly=True)
    disaster: Mapped[Disaster | None] = relationship(
        lazy="raise",
        viewonly=True,
        uselist=False,
        primaryjoin=lambda: Sweep.id == Disaster.id,
        foreign_keys=lambda: [Disaster.id],
    )

    __table_args__ = (
        UniqueConstraint("region_code", "kind", "period", name="one_sweep_per_region_and_period"),
        Index("ix_sweep_from_on", text("from_on DESC"), text("id DESC")),
        Index("ix_sweep_opened_by_id", "opened_by_id", postgresql_where=text("opened_by_id IS NOT NULL")),
        CheckConstraint("until_on >= from_on", "ends_after_it_begins"),
    )


class Disaster(Base):
    """Something that struck an area on a day (灾害): where and when. Its sweep has the same id.

    area: in WGS-84; sent_area: GeoJSON as it was sent, in sent_datum.
    """

    __tablename__ = "disaster"

    id: Mapped[uuid.UUID] = mapped_column(ForeignKey("sweep.id"), primary_key=True)
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"), index=True)
    kind: Mapped[str]
    name: Mapped[str]
    happened_on: Mapped[date]
    area: Mapped[WKBElement] = mapped_column(Geometry("MULTIPOLYGON", 4326, spatial_index=False))
    sent_area: Mapped[dict[str, Any]]
    sent_datum: Mapped[str]


class SweepEntry(Base):
    """A household that a sweep is for (排查对象). It goes along when the family moves.

    groups: through which groups it came in. is_unlocated: a candidate of a disaster because its village was hit and
    nobody knows where the house stands.
    """

    __tablename__ = "sweep_entry"

    sweep_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("sweep.id"), primary_key=True)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"), primary_key=True, index=True)
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"), index=True)
    groups: Mapped[list[str]]
    is_unlocated: Mapped[bool]
    added_at: Mapped[datetime]
    excluded_at: Mapped[datetime | None]
    excluded_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    exclusion_reason: Mapped[str | None]
    exclusion_note: Mapped[str | None]

    household: Mapped[Household] = relationship(lazy="raise", viewonly=True)
    region: Mapped[Region] = relationship(lazy="raise", viewonly=True)
    sweep: Mapped[Sweep] = relationship(lazy="raise", viewonly=True)
    excluded_by: Mapped[Account | None] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        Index("ix_sweep_entry_sweep_id", "sweep_id", "region_code", "household_id"),
        Index("ix_sweep_entry_excluded_by_id", "excluded_by_id", postgresql_where=text("excluded_by_id IS NOT NULL")),
        CheckConstraint(
            "num_nonnulls(excluded_at, excluded_by_id, exclusion_reason) IN (0, 3)", "excluded_for_a_reason"
        ),
    )
