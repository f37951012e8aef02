"""Benefit links and deliveries. A link is agreed under a pairing, which gives the enterprise sight of the household."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.access.models import Account
from domain.base.models import Base, RegionCode
from domain.helpers.models import Organisation
from domain.households.models import Household
from domain.pairings.models import Pairing


class BenefitLink(Base):
    """What one enterprise promised one household, in one way (利益联结). N:M; several ways between the same two.

    promised_fen: in each period of `period_months`, in fen; null where what is promised is no money. It ends, with a
    reason, and is never deleted.
    """

    __tablename__ = "benefit_link"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    pairing_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pairing.id"), index=True)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"), index=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))
    kind: Mapped[str]  # of pairing_mode
    terms: Mapped[dict[str, Any] | None]
    promised_fen: Mapped[int | None] = mapped_column(BigInteger)
    period_months: Mapped[int] = mapped_column(BigInteger)
    started_on: Mapped[date]
    ended_on: Mapped[date | None]  # the first day on which it no longer holds
    end_reason: Mapped[str | None]
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))

    pairing: Mapped[Pairing] = relationship(lazy="raise", viewonly=True)
    household: Mapped[Household] = relationship(lazy="raise", viewonly=True)
    organisation: Mapped[Organisation] = relationship(lazy="raise", viewonly=True)
    deliveries: Mapped[list[BenefitDelivery]] = relationship(lazy="raise", viewonly=True, back_populates="link")

    __table_args__ = (
        Index("ix_benefit_link_region_code", "region_code", "id"),
        Index("ix_benefit_link_organisation_id", "organisation_id", "region_code", "id"),
        Index("ix_benefit_link_recorded_by_id", "recorded_by_id", postgresql_where=text("recorded_by_id IS NOT NULL")),
        CheckConstraint("ended_on IS NULL OR ended_on >= started_on", "ends_after_it_starts"),
        CheckConstraint("num_nonnulls(ended_on, end_reason) IN (0, 2)", "ends_with_a_reason"),
        CheckConstraint("period_months BETWEEN 1 AND 12", "period_of_a_year_at_most"),
        CheckConstraint("promised_fen BETWEEN 0 AND 10000000000", "promised_in_range"),
    )


class BenefitDelivery(Base):
    """What was delivered of a link, once (兑现记录). Never changed: another one corrects it by the difference.

    period: 2026-03, 2026-Q1 or 2026. evidence: what shows it, in words (a receipt's number, a list signed by hand).
    """

    __tablename__ = "benefit_delivery"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    link_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("benefit_link.id"))
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"), index=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"), index=True)
    period: Mapped[str]
    delivered_on: Mapped[date]
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    evidence: Mapped[str | None]
    corrects_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("benefit_delivery.id"))
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))

    link: Mapped[BenefitLink] = relationship(lazy="raise", viewonly=True, back_populates="deliveries")
    recorded_by: Mapped[Account | None] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        Index("ix_benefit_delivery_link_id", "link_id", "delivered_on"),
        Index("ix_benefit_delivery_corrects_id", "corrects_id", postgresql_where=text("corrects_id IS NOT NULL")),
        Index(
            "ix_benefit_delivery_recorded_by_id", "recorded_by_id", postgresql_where=text("recorded_by_id IS NOT NULL")
        ),
        CheckConstraint("amount_fen >= 0 OR corrects_id IS NOT NULL", "only_a_correction_takes_away"),
        CheckConstraint("abs(amount_fen) <= 10000000000", "amount_in_range"),
    )
