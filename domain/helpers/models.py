"""Helpers and organisations. Names are readable to all who are signed in; phones lie behind a mask."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.base.models import Base, RegionCode, sealed_columns
from domain.regions.models import Region


class Organisation(Base):
    """A department, social organisation, enterprise, resident team, school or insurer (帮扶单位)."""

    __tablename__ = "organisation"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"), index=True)
    phone_sealed: Mapped[bytes | None]
    phone_masked: Mapped[str | None]
    started_on: Mapped[date]
    ended_on: Mapped[date | None]

    region: Mapped[Region] = relationship(lazy="raise", viewonly=True)
    helpers: Mapped[list[Helper]] = relationship(lazy="raise", viewonly=True, back_populates="organisation")

    __table_args__ = (
        Index("ix_organisation_name_trigram", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
        *sealed_columns("organisation"),
    )


class Helper(Base):
    """A person who helps (帮扶责任人). What they do for whom stands in pairings."""

    __tablename__ = "helper"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"), index=True)
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    phone_sealed: Mapped[bytes | None]
    phone_masked: Mapped[str | None]
    is_party_member: Mapped[bool]
    started_on: Mapped[date]
    ended_on: Mapped[date | None]

    region: Mapped[Region] = relationship(lazy="raise", viewonly=True)
    organisation: Mapped[Organisation | None] = relationship(lazy="raise", viewonly=True, back_populates="helpers")

    __table_args__ = (
        Index("ix_helper_name_trigram", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
        *sealed_columns("helper"),
    )
