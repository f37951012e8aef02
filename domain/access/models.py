"""Accounts, their grants, and the households that are seen by pairing rather than by region."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.access.rules import GrantRole, ViewerKind
from domain.base.models import Base, RegionCode
from domain.regions.models import Region

if TYPE_CHECKING:
    from domain.helpers.models import Helper, Organisation


class Account(Base):
    """Somebody who signs in (账号): a person, or a partner's or an integrator's machine."""

    __tablename__ = "account"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[ViewerKind] = mapped_column(Enum(ViewerKind, native_enum=False, create_constraint=False, length=20))
    persona: Mapped[str | None] = mapped_column(unique=True)  # demo only; production refuses accounts that have one
    helper_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("helper.id"), unique=True)
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]

    grants: Mapped[list[Grant]] = relationship(lazy="raise", viewonly=True, foreign_keys="Grant.account_id")
    # Classes of a package above: named, not imported. Whoever maps one table maps them all (domain/tables.py).
    helper: Mapped[Helper | None] = relationship("Helper", lazy="raise", viewonly=True)
    organisation: Mapped[Organisation | None] = relationship("Organisation", lazy="raise", viewonly=True)


class Grant(Base):
    """A role over a region or for an organisation, for a time, perhaps with a stand-in (授权, AB角)."""

    __tablename__ = "access_grant"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    role: Mapped[GrantRole] = mapped_column(Enum(GrantRole, native_enum=False, create_constraint=False, length=20))
    region_code: Mapped[RegionCode | None] = mapped_column(ForeignKey("region.code"), index=True)
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    purpose: Mapped[str | None]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]  # the first day on which it no longer holds
    deputy_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    deputy_from: Mapped[date | None]
    deputy_to: Mapped[date | None]

    region: Mapped[Region | None] = relationship(lazy="raise", viewonly=True)
    deputy: Mapped[Account | None] = relationship(lazy="raise", viewonly=True, foreign_keys=deputy_id)

    __table_args__ = (
        Index("ix_access_grant_account_id", "account_id"),
        Index("ix_access_grant_deputy_id", "deputy_id", postgresql_where=text("deputy_id IS NOT NULL")),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", "ends_after_it_starts"),
        CheckConstraint("num_nonnulls(deputy_id, deputy_from) IN (0, 2)", "deputy_has_a_beginning"),
        CheckConstraint(
            "role NOT IN ('DEPARTMENT', 'PARTNER', 'INTEGRATOR') OR num_nonnulls(purpose, ends_on) = 2",
            "outsiders_have_purpose_and_end",
        ),
        ExcludeConstraint(
            ("account_id", "="),
            ("role", "<>"),
            (text("daterange(starts_on, ends_on)"), "&&"),
            where=text("role IN ('ADMINISTRATOR', 'HOTLINE_OPERATOR', 'AUDITOR')"),
            name="duties_are_separate",
            using="gist",
        ),
    )


class HouseholdAccess(Base):
    """A household on the list of a helper or an organisation, because of an open pairing.

    Written by the pairing actions in their own transaction; both walls read it. A party is a helper or an organisation.
    """

    __tablename__ = "household_access"

    pairing_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pairing.id"), primary_key=True)
    party_id: Mapped[uuid.UUID]
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"), index=True)
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"), index=True)

    __table_args__ = (Index("ix_household_access_party_id", "party_id", "household_id"),)
