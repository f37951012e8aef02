"""Regions and villages. A region's code is its place in the tree: its prefix is its parent."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.base.models import Base, RegionCode
from domain.regions.rules import RegionLevel


class Region(Base):
    """One administrative division (行政区划), keyed by its 2, 4, 6, 9 or 12 digit statistical code."""

    __tablename__ = "region"

    code: Mapped[RegionCode] = mapped_column(primary_key=True)
    name: Mapped[str]
    level: Mapped[RegionLevel] = mapped_column(Enum(RegionLevel, native_enum=False, create_constraint=False, length=10))
    parent_code: Mapped[RegionCode | None] = mapped_column(ForeignKey("region.code"))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    successor_code: Mapped[RegionCode | None] = mapped_column(ForeignKey("region.code"))

    parent: Mapped[Region | None] = relationship(
        lazy="raise", viewonly=True, remote_side=[code], foreign_keys=[parent_code]
    )
    successor: Mapped[Region | None] = relationship(
        lazy="raise", viewonly=True, remote_side=[code], foreign_keys=[successor_code]
    )
    children: Mapped[list[Region]] = relationship(lazy="raise", viewonly=True, foreign_keys=[parent_code])
    village: Mapped[Village | None] = relationship(lazy="raise", viewonly=True, back_populates="region")

    __table_args__ = (
        CheckConstraint("code ~ '^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})$'", "code_is_2_4_6_9_or_12_digits"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", "ends_after_it_starts"),
        Index("ix_region_parent_code", "parent_code", "code"),
        Index("ix_region_successor_code", "successor_code", postgresql_where=text("successor_code IS NOT NULL")),
        # Names are searched by their parts. Two characters have no trigram of their own inside a word, so shorter
        # searches are prefixes (queries.py): their padded trigrams are in the same index.
        Index("ix_region_name_trigram", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
    )


class Village(Base):
    """An administrative village (行政村), with its archive (一村一档). Every division of the fifth level has a row."""

    __tablename__ = "village"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"), unique=True)

    region: Mapped[Region] = relationship(lazy="raise", viewonly=True, back_populates="village")
