"""Pairings. N:M by nature: exactly one side helps, exactly one is helped, and nothing else is exclusive."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Index, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.base.models import Base, RegionCode
from domain.helpers.models import Helper, Organisation
from domain.households.models import Household, Person
from domain.regions.models import Region, Village


class Pairing(Base):
    """Who helps whom (结对帮扶). It is never deleted; it ends, with a reason."""

    __tablename__ = "pairing"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    role: Mapped[str]
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))  # of the side that is helped
    helper_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("helper.id"))
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"))
    household_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("household.id"))
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    village_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("village.id"))
    # Null only in a row that a named constraint refuses: NOT NULL would speak before it, without a name.
    helping_id: Mapped[uuid.UUID | None] = mapped_column(
        Computed("coalesce(helper_id, organisation_id)", persisted=True)
    )
    helped_id: Mapped[uuid.UUID | None] = mapped_column(
        Computed("coalesce(household_id, person_id, village_id)", persisted=True)
    )
    started_on: Mapped[date]
    ended_on: Mapped[date | None]  # the first day on which it no longer holds
    end_reason: Mapped[str | None]
    mode: Mapped[str | None]
    terms: Mapped[dict[str, Any] | None]
    succeeds_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("pairing.id"))  # handed over from
    # Whom to call: somebody of the side that helps, and the officer who answers for it.
    contact_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("helper.id"))
    responsible_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("helper.id"))
    created_at: Mapped[datetime]

    region: Mapped[Region] = relationship(lazy="raise", viewonly=True)
    helper: Mapped[Helper | None] = relationship(lazy="raise", viewonly=True, foreign_keys=[helper_id])
    contact: Mapped[Helper | None] = relationship(lazy="raise", viewonly=True, foreign_keys=[contact_id])
    responsible: Mapped[Helper | None] = relationship(lazy="raise", viewonly=True, foreign_keys=[responsible_id])
    agreements: Mapped[list[Agreement]] = relationship(lazy="raise", viewonly=True, back_populates="pairing")
    organisation: Mapped[Organisation | None] = relationship(lazy="raise", viewonly=True)
    household: Mapped[Household | None] = relationship(lazy="raise", viewonly=True)
    person: Mapped[Person | None] = relationship(lazy="raise", viewonly=True)
    village: Mapped[Village | None] = relationship(lazy="raise", viewonly=True)
    succeeds: Mapped[Pairing | None] = relationship(
        lazy="raise", viewonly=True, remote_side=[id], foreign_keys=[succeeds_id]
    )

    __table_args__ = (
        Index("ix_pairing_region_code", "region_code", "id"),
        Index("ix_pairing_helper_id", "helper_id", "started_on"),
        Index("ix_pairing_organisation_id", "organisation_id", "started_on"),
        Index("ix_pairing_household_id", "household_id", "started_on"),
        Index("ix_pairing_person_id", "person_id", "started_on"),
        Index("ix_pairing_village_id", "village_id", "started_on"),
        Index("ix_pairing_contact_id", "contact_id", postgresql_where=text("contact_id IS NOT NULL")),
        Index("ix_pairing_responsible_id", "responsible_id", postgresql_where=text("responsible_id IS NOT NULL")),
        Index("ix_pairing_succeeds_id", "succeeds_id", postgresql_where=text("succeeds_id IS NOT NULL")),
        CheckConstraint("num_nonnulls(helper_id, organisation_id) = 1", "one_side_helps"),
        CheckConstraint("num_nonnulls(household_id, person_id, village_id) = 1", "one_side_is_helped"),
        CheckConstraint("ended_on IS NULL OR ended_on >= started_on", "ends_after_it_starts"),
        CheckConstraint("num_nonnulls(ended_on, end_reason) IN (0, 2)", "ends_with_a_reason"),
        ExcludeConstraint(
            ("helped_id", "="),
            ("helping_id", "="),
            ("role", "="),
            (func.daterange(text("started_on"), text("ended_on")), "&&"),
            name="pairings_do_not_overlap",
            using="gist",
        ),
    )


class Agreement(Base):
    """A document that a pairing stands on (帮扶协议): what it is, until when it holds, and by which hash its file is known.

    party_id: who helps, as in Pairing.helping_id.
    """

    __tablename__ = "agreement"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    pairing_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pairing.id"), index=True)
    party_id: Mapped[uuid.UUID]
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))
    title: Mapped[str]
    signed_on: Mapped[date]
    ends_on: Mapped[date | None]  # the first day on which it no longer holds
    sha256: Mapped[str | None]
    byte_size: Mapped[int | None]
    media_type: Mapped[str | None]
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))

    pairing: Mapped[Pairing] = relationship(lazy="raise", viewonly=True, back_populates="agreements")

    __table_args__ = (
        Index("ix_agreement_region_code", "region_code", "id"),
        Index("ix_agreement_party_id", "party_id", "ends_on"),
        Index("ix_agreement_ends_on", "ends_on", "id", postgresql_where=text("ends_on IS NOT NULL")),
        Index("ix_agreement_recorded_by_id", "recorded_by_id", postgresql_where=text("recorded_by_id IS NOT NULL")),
        CheckConstraint("ends_on IS NULL OR ends_on > signed_on", "ends_after_it_is_signed"),
        CheckConstraint("num_nonnulls(sha256, byte_size, media_type) IN (0, 3)", "a_file_is_known_whole"),
    )


class PairingChange(Base):
    """That a pairing began, changed or ended (结对变更): what a partner's system reads on from where it stood.

    Written by a trigger. xid: the transaction that wrote it; a reader takes only what is below every transaction that is
    still open, in the order of (xid, seq), so that nothing is committed behind its cursor.
    """

    __tablename__ = "pairing_change"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    xid: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]
    op: Mapped[str]  # BEGAN, CHANGED or ENDED
    pairing_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pairing.id"), index=True)
    party_id: Mapped[uuid.UUID]
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"), index=True)

    pairing: Mapped[Pairing] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        Index("ix_pairing_change_party_id", "party_id", "xid", "seq"),
        Index("ix_pairing_change_xid", "xid", "seq"),
        CheckConstraint("op IN ('BEGAN', 'CHANGED', 'ENDED')", "of_a_known_sort"),
    )
