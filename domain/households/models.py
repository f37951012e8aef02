"""Households and people. Nothing is deleted: spells end, households end, and both keep why."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import CheckConstraint, Enum, Float, ForeignKey, Index, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.base.models import Base, RegionCode, sealed_columns
from domain.regions.models import Region, Village


class MonitoringStatus(enum.StrEnum):
    """Where a household stands with monitoring (监测状态), domain.md §11.13."""

    NEVER = "NEVER"
    IN_PROCEDURE = "IN_PROCEDURE"
    MONITORED = "MONITORED"
    ELIMINATED_TRACKED = "ELIMINATED_TRACKED"


class MoveState(enum.StrEnum):
    """Where a move to another village stands (迁移申请状态)."""

    ASKED = "ASKED"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"


class Household(Base):
    """A farming household (农户): the unit of monitoring, with a dwelling and exactly one head."""

    __tablename__ = "household"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(collation="C"))  # byte by byte, so that its beginning is a range
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))
    address: Mapped[str | None]
    phone_sealed: Mapped[bytes | None]
    phone_masked: Mapped[str | None]
    bank_account_sealed: Mapped[bytes | None]  # of the card on which subsidies arrive (惠农一卡通)
    bank_account_masked: Mapped[str | None]
    category: Mapped[str]
    causes: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))  # main cause first, at most two more
    monitoring_status: Mapped[MonitoringStatus] = mapped_column(
        Enum(MonitoringStatus, native_enum=False, create_constraint=False, length=20), server_default="NEVER"
    )
    exited_on: Mapped[
        date | None
    ]  # when it last left monitoring, its risk gone: what help is owed from then on goes by it
    # The dwelling: what was sent, in its datum, and the WGS-84 point that everything is measured from.
    location: Mapped[WKBElement | None] = mapped_column(Geometry("POINT", 4326, spatial_index=False))
    sent_longitude: Mapped[float | None] = mapped_column(Float(53))
    sent_latitude: Mapped[float | None] = mapped_column(Float(53))
    sent_datum: Mapped[str | None]
    accuracy_metres: Mapped[float | None] = mapped_column(Float(53))
    registered_on: Mapped[date]
    ended_on: Mapped[date | None]
    end_reason: Mapped[str | None]
    erased_at: Mapped[datetime | None]  # what told who they were was taken away: domain/rights
    split_from_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("household.id"))
    merged_into_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("household.id"))
    revision: Mapped[int] = mapped_column(server_default="1")  # counts every change of the family, members included
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    region: Mapped[Region] = relationship(lazy="raise", viewonly=True)
    village: Mapped[Village] = relationship(
        lazy="raise",
        viewonly=True,
        primaryjoin=lambda: Household.region_code == Village.region_code,
        foreign_keys=lambda: [Household.region_code],
    )
    members: Mapped[list[Person]] = relationship(
        lazy="raise", viewonly=True, back_populates="household", foreign_keys="Person.household_id"
    )
    memberships: Mapped[list[Membership]] = relationship(lazy="raise", viewonly=True, back_populates="household")
    events: Mapped[list[HouseholdEvent]] = relationship(lazy="raise", viewonly=True)
    roster_entries: Mapped[list[RosterEntry]] = relationship(lazy="raise", viewonly=True)
    split_from: Mapped[Household | None] = relationship(
        lazy="raise", viewonly=True, remote_side=[id], foreign_keys=[split_from_id]
    )
    merged_into: Mapped[Household | None] = relationship(
        lazy="raise", viewonly=True, remote_side=[id], foreign_keys=[merged_into_id]
    )
    head: Mapped[Person | None] = relationship(
        lazy="raise",
        viewonly=True,
        uselist=False,
        primaryjoin=lambda: (Household.id == Person.household_id) & Person.is_head,
    )

    __table_args__ = (
        Index("uq_household_code", "code", unique=True),
        # With the id, though the code is unique: pages sort by it too, and an index that stops short is sorted anew.
        Index("ix_household_region_code", "region_code", "code", "id"),
        Index("ix_household_updated_at", text("updated_at DESC"), text("id DESC")),
        Index("ix_household_registered_on", text("registered_on DESC"), text("id DESC")),
        Index("ix_household_ended_on", "ended_on", postgresql_where=text("ended_on IS NOT NULL")),
        Index("ix_household_location", "location", postgresql_using="gist"),
        Index("ix_household_split_from_id", "split_from_id", postgresql_where=text("split_from_id IS NOT NULL")),
        Index("ix_household_merged_into_id", "merged_into_id", postgresql_where=text("merged_into_id IS NOT NULL")),
        CheckConstraint("cardinality(causes) <= 3", "at_most_three_causes"),
        CheckConstraint("length(region_code) = 12", "stands_in_a_village"),
        CheckConstraint("num_nonnulls(ended_on, end_reason) IN (0, 2)", "ends_with_a_reason"),
        CheckConstraint(
            "location IS NULL OR (ST_X(location) BETWEEN -180 AND 180 AND ST_Y(location) BETWEEN -90 AND 90)",
            "location_in_range",
        ),
        CheckConstraint(
            "num_nonnulls(location, sent_longitude, sent_latitude, sent_datum) IN (0, 4)", "location_says_its_datum"
        ),
        *sealed_columns("household"),
    )


class Person(Base):
    """A member of a household (家庭成员), or somebody who was one. The present spell is here, past ones in Membership."""

    __tablename__ = "person"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    household_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("household.id"), index=True)
    # Somebody who has gone belongs to no household; the family they left still remembers them, and so do its helpers.
    left_household_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("household.id"))
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"), index=True)
    name: Mapped[str] = mapped_column(Text(collation="C"))
    is_head: Mapped[bool] = mapped_column(server_default=text("false"))
    relation_to_head: Mapped[str]  # GB/T 4761
    sex: Mapped[str]  # GB/T 2261.1
    ethnicity: Mapped[str]  # GB/T 3304
    born_on: Mapped[date]
    died_on: Mapped[date | None]
    id_number_sealed: Mapped[bytes | None]
    id_number_masked: Mapped[str | None]
    id_number_index: Mapped[bytes | None]
    disability_certificate_sealed: Mapped[bytes | None]
    disability_certificate_masked: Mapped[str | None]
    phone_sealed: Mapped[bytes | None]
    phone_masked: Mapped[str | None]
    education: Mapped[str | None]
    school_status: Mapped[str | None]
    health: Mapped[list[str]] = mapped_column(server_default=text("'{HEALTHY}'"))
    labour: Mapped[str]
    joined_on: Mapped[date]
    erased_at: Mapped[datetime | None]  # what told who they were was taken away: domain/rights

    household: Mapped[Household | None] = relationship(
        lazy="raise", viewonly=True, back_populates="members", foreign_keys=[household_id]
    )
    memberships: Mapped[list[Membership]] = relationship(lazy="raise", viewonly=True, back_populates="person")

    __table_args__ = (
        Index(
            "ix_person_left_household_id", "left_household_id", postgresql_where=text("left_household_id IS NOT NULL")
        ),
        # By these, ruhu_families_named finds a family by a part of a member's name.
        Index("ix_person_name_trigram", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
        Index("ix_person_name", "name"),
        Index("ix_person_name_reversed", text("reverse(name)")),
        Index("one_head_per_household", "household_id", unique=True, postgresql_where=text("is_head")),
        Index(
            "uq_person_id_number", "id_number_index", unique=True, postgresql_where=text("id_number_index IS NOT NULL")
        ),
        CheckConstraint("num_nonnulls(education, school_status) = 1", "education_or_school_status"),
        *sealed_columns("person"),
        CheckConstraint("NOT is_head OR household_id IS NOT NULL", "head_of_a_household"),
        CheckConstraint("num_nonnulls(household_id, left_household_id) <= 1", "gone_or_there"),
        CheckConstraint("died_on IS NULL OR died_on >= born_on", "dies_after_birth"),
    )


class Membership(Base):
    """One spell of one person in one household (成员变动): from, why; until, why. Spells of a person never overlap."""

    __tablename__ = "membership"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"), index=True)
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"), index=True)
    started_on: Mapped[date]
    start_reason: Mapped[str]
    ended_on: Mapped[date | None]
    end_reason: Mapped[str | None]

    person: Mapped[Person] = relationship(lazy="raise", viewonly=True, back_populates="memberships")
    household: Mapped[Household] = relationship(lazy="raise", viewonly=True, back_populates="memberships")

    __table_args__ = (
        Index("ix_membership_person_id", "person_id"),
        CheckConstraint("ended_on IS NULL OR ended_on >= started_on", "ends_after_it_starts"),
        CheckConstraint("num_nonnulls(ended_on, end_reason) IN (0, 2)", "ends_with_a_reason"),
        ExcludeConstraint(
            ("person_id", "="),
            (func.daterange(text("started_on"), text("ended_on")), "&&"),
            name="membership_spells_do_not_overlap",
            using="gist",
        ),
    )


class HouseholdEvent(Base):
    """What happened to a family (家庭大事记): registered, edited, members changed, split, merged, moved, ended."""

    __tablename__ = "household_event"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"))
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"), index=True)
    kind: Mapped[str]
    happened_on: Mapped[date]
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    detail: Mapped[dict[str, Any]]

    __table_args__ = (Index("ix_household_event_household_id", "household_id", "happened_on"),)


class HouseholdMove(Base):
    """A family's move from one village to another (迁移申请): asked for by the old side, accepted by the new one.

    What the new side may know of the family beforehand is written here when it is asked, the head's name masked: so
    nothing has to look past the walls to show it. Address and place are what the family will have after the move.
    """

    __tablename__ = "household_move"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)  # that of the operation which asked
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"), index=True)
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))
    to_region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))
    household_code: Mapped[str]
    head_name: Mapped[str]
    member_count: Mapped[int]
    moves_on: Mapped[date]
    reason: Mapped[str | None]
    address: Mapped[str | None]
    location: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  # a GivenPoint, as it was sent
    asked_at: Mapped[datetime]
    asked_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    state: Mapped[MoveState] = mapped_column(Enum(MoveState, native_enum=False, create_constraint=False, length=20))
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    decision_reason: Mapped[str | None]

    household: Mapped[Household] = relationship(lazy="raise", viewonly=True)
    from_village: Mapped[Village] = relationship(
        lazy="raise",
        viewonly=True,
        primaryjoin=lambda: HouseholdMove.region_code == Village.region_code,
        foreign_keys=lambda: [HouseholdMove.region_code],
    )
    to_village: Mapped[Village] = relationship(
        lazy="raise",
        viewonly=True,
        primaryjoin=lambda: HouseholdMove.to_region_code == Village.region_code,
        foreign_keys=lambda: [HouseholdMove.to_region_code],
    )

    __table_args__ = (
        Index("one_open_move_per_household", "household_id", unique=True, postgresql_where=text("state = 'ASKED'")),
        Index("ix_household_move_region_code", "region_code", "asked_at"),
        Index("ix_household_move_to_region_code", "to_region_code", "asked_at"),
        Index("ix_household_move_decided_by_id", "decided_by_id", postgresql_where=text("decided_by_id IS NOT NULL")),
        CheckConstraint(
            "num_nonnulls(decided_at, decided_by_id) = CASE WHEN state = 'ASKED' THEN 0 ELSE 2 END",
            "decided_by_somebody",
        ),
    )


class Roster(Base):
    """A list of households that somebody keeps for a purpose (名册), such as a prefecture's list for key help."""

    __tablename__ = "roster"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"), index=True)
    started_on: Mapped[date]
    ended_on: Mapped[date | None]
    source: Mapped[str | None]

    region: Mapped[Region] = relationship(lazy="raise", viewonly=True)


class RosterEntry(Base):
    """A household on a roster, for a time. A household can be on many: totals count distinct households."""

    __tablename__ = "roster_entry"

    roster_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("roster.id"), primary_key=True)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"), primary_key=True, index=True)
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"), index=True)
    started_on: Mapped[date]
    ended_on: Mapped[date | None]

    roster: Mapped[Roster] = relationship(lazy="raise", viewonly=True)
