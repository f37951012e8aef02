"""Campaigns and what organisations do in them. Which pairings are of one is said by role, region and time."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, func
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.access.models import Account
from domain.base.models import Base, RegionCode
from domain.helpers.models import Organisation
from domain.pairings.models import Pairing
from domain.regions.models import Region, Village


class Campaign(Base):
    """Organisations join hands with villages of a region (牵手行动), in one pairing role, for a time.

    modes: codes of pairing_mode; areas: codes of campaign_area. Targets are what was planned; what is reached is counted.
    """

    __tablename__ = "campaign"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))
    from_on: Mapped[date]
    until_on: Mapped[date | None]  # the first day after it
    target_organisations: Mapped[int] = mapped_column(BigInteger)
    target_villages: Mapped[int] = mapped_column(BigInteger)
    modes: Mapped[list[str]]
    areas: Mapped[list[str]]
    document: Mapped[str]
    opened_at: Mapped[datetime]
    opened_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))

    region: Mapped[Region] = relationship(lazy="raise", viewonly=True)
    activities: Mapped[list[CampaignActivity]] = relationship(lazy="raise", viewonly=True, back_populates="campaign")

    __table_args__ = (
        Index("ix_campaign_region_code", "region_code", "id"),
        Index("ix_campaign_opened_by_id", "opened_by_id", postgresql_where=sql("opened_by_id IS NOT NULL")),
        CheckConstraint("until_on IS NULL OR until_on > from_on", "ends_after_it_begins"),
        CheckConstraint("target_organisations > 0 AND target_villages > 0", "has_targets"),
        ExcludeConstraint(
            ("region_code", "="),
            ("role", "="),
            (func.daterange(sql("from_on"), sql("until_on")), "&&"),
            name="campaigns_do_not_overlap",
            using="gist",
        ),
    )


class CampaignActivity(Base):
    """Something that an organisation did for its village, as it reports it itself (帮扶活动). Never changed.

    photos: what was taken, by hash: [{"sha256", "byteSize", "mediaType"}]. people_reached: no names, a number.
    """

    __tablename__ = "campaign_activity"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaign.id"))
    pairing_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pairing.id"), index=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("village.id"), index=True)
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"), index=True)
    area: Mapped[str]
    happened_on: Mapped[date]
    text: Mapped[str]
    amount_fen: Mapped[int | None] = mapped_column(BigInteger)
    people_reached: Mapped[int | None] = mapped_column(BigInteger)
    photos: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=sql("'[]'"))
    reported_at: Mapped[datetime]
    reported_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))

    campaign: Mapped[Campaign] = relationship(lazy="raise", viewonly=True, back_populates="activities")
    organisation: Mapped[Organisation] = relationship(lazy="raise", viewonly=True)
    village: Mapped[Village] = relationship(lazy="raise", viewonly=True)
    pairing: Mapped[Pairing] = relationship(lazy="raise", viewonly=True)
    reported_by: Mapped[Account | None] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        Index("ix_campaign_activity_campaign_id", "campaign_id", "happened_on", "id"),
        Index("ix_campaign_activity_organisation_id", "organisation_id", "happened_on", "id"),
        Index(
            "ix_campaign_activity_reported_by_id", "reported_by_id", postgresql_where=sql("reported_by_id IS NOT NULL")
        ),
        CheckConstraint("amount_fen BETWEEN 0 AND 100000000000", "amount_in_range"),
        CheckConstraint("people_reached BETWEEN 0 AND 10000000", "people_in_range"),
    )
