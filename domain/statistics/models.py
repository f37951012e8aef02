"""Figures, written down as what changes them: standings of households, signed deltas of villages, balances of regions."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from domain.base.models import Base, RegionCode


class Vector:
    """By what households are counted. '' and {} stand for none, so that equal is equal.

    category, cause (the main one), monitoring_status, monitoring_category (of who is monitored, or was until its risk was
    gone), step (of the open case): codes. grades: `SCHEME:LEVEL` of each
    scheme, rosters: codes; both sorted, so that a household on two lists is one household that stands on two lists.
    """

    category: Mapped[str]
    cause: Mapped[str]
    monitoring_status: Mapped[str]
    monitoring_category: Mapped[str]
    step: Mapped[str]
    grades: Mapped[list[str]]
    rosters: Mapped[list[str]]


VECTOR = ("category", "cause", "monitoring_status", "monitoring_category", "step", "grades", "rosters")


class HouseholdStanding(Vector, Base):
    """How a household stands from a day until the day before another (农户状态时段), as it is known now.

    Derived: `ruhu_timelines` reckons it from what is written down of the family, whenever that changes. It is kept so that
    the difference can be told, and because category and causes have no history of their own.
    """

    __tablename__ = "household_standing"

    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"))
    from_on: Mapped[date]
    until_on: Mapped[date | None]  # the first day on which it no longer holds
    region_code: Mapped[RegionCode]
    persons: Mapped[int] = mapped_column(Integer)

    # Deferrable: one statement takes the old standing away and writes the new one.
    __table_args__ = (
        PrimaryKeyConstraint("household_id", "from_on", deferrable=True),
        CheckConstraint("until_on IS NULL OR until_on > from_on", "ends_after_it_begins"),
    )


class PendingStanding(Base):
    """Households that an open transaction has touched; empty between transactions. Triggers write and read it."""

    __tablename__ = "standing_pending"

    xid: Mapped[str] = mapped_column(primary_key=True)
    household_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)

    __table_args__ = ({"prefixes": ["UNLOGGED"]},)


class StatisticsDelta(Vector, Base):
    """By how much a village's figures changed on a day (统计增减): never changed, only folded upward.

    effective_on: the first day that counts otherwise. recorded_at: since when that is known. folded_at: since when the
    balances of the regions above hold it.
    """

    __tablename__ = "statistics_delta"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    region_code: Mapped[RegionCode]
    effective_on: Mapped[date]
    recorded_at: Mapped[datetime]
    households: Mapped[int] = mapped_column(Integer)
    persons: Mapped[int] = mapped_column(Integer)
    folded_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_statistics_delta_region_code", "region_code", "effective_on"),
        Index("ix_statistics_delta_unfolded", "region_code", postgresql_where=text("folded_at IS NULL")),
        Index("ix_statistics_delta_recorded_at", "recorded_at"),
        CheckConstraint("length(region_code) = 12", "of_a_village"),
    )


class StatisticsBalance(Vector, Base):
    """The deltas of a region above the villages, summed up by day, month and year (统计汇总): only the worker writes it.

    digits: the length of its code. span: how long, from starts_on: D a day, M a month, Y a year. The figures of a day are
    the years before its year, the months before its month, and the days up to it.
    """

    __tablename__ = "statistics_balance"

    digits: Mapped[int] = mapped_column(SmallInteger)
    region_code: Mapped[RegionCode]
    span: Mapped[str] = mapped_column(Text(collation="C"))
    starts_on: Mapped[date] = mapped_column(Date)
    households: Mapped[int]
    persons: Mapped[int]

    __table_args__ = (
        PrimaryKeyConstraint("digits", "region_code", "span", "starts_on", *VECTOR),
        CheckConstraint("span IN ('D', 'M', 'Y')", "of_a_day_month_or_year"),
        CheckConstraint("digits = length(region_code)", "digits_of_its_code"),
    )
