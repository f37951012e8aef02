"""What regions have set, and when. A value is never edited: it ends, or another takes its place and it stays to be read."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.access.models import Account
from domain.base.models import Base, RegionCode
from domain.policy.rules import PolicyBasis as PolicyBasis
from domain.regions.models import Region


class PolicyValue(Base):
    """One number or rule of a region for a time (政策参数), and what it stands on.

    region_code: null for the country, whose numbers hold where no division sets its own. until_on: the first day without
    it. superseded_at: when another value took the whole of its time, so that it no longer counts for any day.
    adopted_by_id: null for what ships with the program.
    """

    __tablename__ = "policy_value"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    region_code: Mapped[RegionCode | None] = mapped_column(ForeignKey("region.code"))
    parameter: Mapped[str]
    value: Mapped[Any] = mapped_column(JSONB)
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    document: Mapped[str]
    sentence: Mapped[str | None]
    basis: Mapped[PolicyBasis] = mapped_column(Enum(PolicyBasis, native_enum=False, create_constraint=False, length=10))
    adopted_at: Mapped[datetime]
    adopted_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    superseded_at: Mapped[datetime | None]

    region: Mapped[Region | None] = relationship(lazy="raise", viewonly=True)
    adopted_by: Mapped[Account | None] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        ExcludeConstraint(
            (func.coalesce(text("region_code"), text("''")), "="),
            ("parameter", "="),
            (func.daterange(text("from_on"), text("until_on")), "&&"),
            name="policy_values_do_not_overlap",
            where=text("superseded_at IS NULL"),
            using="gist",
        ),
        Index("ix_policy_value_region_code", "region_code", "parameter", "from_on"),
        Index("ix_policy_value_adopted_by_id", "adopted_by_id", postgresql_where=text("adopted_by_id IS NOT NULL")),
        CheckConstraint("until_on IS NULL OR until_on > from_on", "ends_after_it_starts"),
        CheckConstraint("basis <> 'SOURCE' OR sentence IS NOT NULL", "a_source_has_its_sentence"),
    )
