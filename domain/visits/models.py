"""Visits are immutable: an amendment is a new visit that supersedes the old one. Submissions keep what was typed."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import CheckConstraint, Enum, Float, ForeignKey, ForeignKeyConstraint, Index, SmallInteger, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.access.models import Account
from domain.base.models import Base, RegionCode, is_envelope
from domain.helpers.models import Helper
from domain.households.models import Household, Person
from domain.regions.models import Region
from domain.visits.rules import VisitContact as VisitContact


class SubmissionOutcome(enum.StrEnum):
    """What became of an item that a phone sent (提交结果)."""

    APPLIED = "APPLIED"
    REPLAYED = "REPLAYED"
    DEFERRED = "DEFERRED"
    CONFLICT = "CONFLICT"
    REJECTED = "REJECTED"


class SurveyForm(Base):
    """One version of a form (调查表). Published versions never change; visits name the version they answered."""

    __tablename__ = "survey_form"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    title_zh: Mapped[str]
    title_en: Mapped[str]
    questions: Mapped[list[Any]]
    published_on: Mapped[date]
    retired_on: Mapped[date | None]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())  # published here, or retired


class Visit(Base):
    """One call at a household (入户走访), with three clocks: when it happened, was captured, and was received."""

    __tablename__ = "visit"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"))
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))
    recorded_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    helper_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("helper.id"))
    purpose: Mapped[str]
    contact: Mapped[VisitContact] = mapped_column(
        Enum(VisitContact, native_enum=False, create_constraint=False, length=12)
    )
    occurred_at: Mapped[datetime]
    captured_at: Mapped[datetime]
    received_at: Mapped[datetime]
    late_by_seconds: Mapped[int]
    location: Mapped[WKBElement | None] = mapped_column(Geometry("POINT", 4326, spatial_index=False))
    sent_longitude: Mapped[float | None] = mapped_column(Float(53))
    sent_latitude: Mapped[float | None] = mapped_column(Float(53))
    sent_datum: Mapped[str | None]
    accuracy_metres: Mapped[float | None] = mapped_column(Float(53))
    is_mocked: Mapped[bool | None]
    located_at: Mapped[datetime | None]
    distance_to_dwelling_metres: Mapped[float | None] = mapped_column(Float(53))
    is_within_fence: Mapped[bool | None]
    credibility: Mapped[list[Any]]
    form_id: Mapped[uuid.UUID]
    form_version: Mapped[int]
    answers: Mapped[dict[str, Any]]
    is_complete: Mapped[bool]
    note: Mapped[str | None]
    supersedes_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("visit.id"), unique=True)
    superseded_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("visit.id"))
    amend_reason: Mapped[str | None]

    household: Mapped[Household | None] = relationship(lazy="raise", viewonly=True)
    region: Mapped[Region] = relationship(lazy="raise", viewonly=True)
    recorded_by: Mapped[Account] = relationship(lazy="raise", viewonly=True)
    helper: Mapped[Helper | None] = relationship(lazy="raise", viewonly=True)
    form: Mapped[SurveyForm] = relationship(lazy="raise", viewonly=True)
    supersedes: Mapped[Visit | None] = relationship(
        lazy="raise", viewonly=True, remote_side=[id], foreign_keys=[supersedes_id]
    )
    superseded_by: Mapped[Visit | None] = relationship(
        lazy="raise", viewonly=True, remote_side=[id], foreign_keys=[superseded_by_id]
    )
    companions: Mapped[list[Helper]] = relationship(lazy="raise", viewonly=True, secondary="visit_companion")
    findings: Mapped[list[Finding]] = relationship(lazy="raise", viewonly=True)
    photos: Mapped[list[Photo]] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        ForeignKeyConstraint(["form_id", "form_version"], ["survey_form.id", "survey_form.version"]),
        Index("ix_visit_household_id", "household_id", text("occurred_at DESC"), text("id DESC")),
        Index("ix_visit_region_code", "region_code", text("occurred_at DESC"), text("id DESC")),
        Index("ix_visit_recorded_by_id", "recorded_by_id", text("occurred_at DESC"), text("id DESC")),
        Index("ix_visit_helper_id", "helper_id", text("occurred_at DESC"), text("id DESC")),
        Index("ix_visit_form_id", "form_id", "form_version"),
        Index("ix_visit_superseded_by_id", "superseded_by_id", postgresql_where=text("superseded_by_id IS NOT NULL")),
        Index("ix_visit_occurred_at", text("occurred_at DESC"), text("id DESC")),
        CheckConstraint(
            "location IS NULL OR (ST_X(location) BETWEEN -180 AND 180 AND ST_Y(location) BETWEEN -90 AND 90)",
            "location_in_range",
        ),
        CheckConstraint(
            "num_nonnulls(location, sent_longitude, sent_latitude, sent_datum) IN (0, 4)", "location_says_its_datum"
        ),
    )


class VisitCompanion(Base):
    """A helper who came along (随访人员)."""

    __tablename__ = "visit_companion"

    visit_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("visit.id"), primary_key=True)
    helper_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("helper.id"), primary_key=True, index=True)
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"), index=True)


class Finding(Base):
    """Something the visit found that somebody should act on (发现问题)."""

    __tablename__ = "visit_finding"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    visit_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("visit.id"), index=True)
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"), index=True)
    position: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str]
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    note: Mapped[str | None]

    person: Mapped[Person | None] = relationship(lazy="raise", viewonly=True)


class Photo(Base):
    """A photo that belongs to a visit (照片): announced with the visit, uploaded when the network allows."""

    __tablename__ = "visit_photo"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    visit_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("visit.id"), index=True)
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"), index=True)
    sha256: Mapped[str] = mapped_column(index=True)
    byte_size: Mapped[int]
    media_type: Mapped[str]
    taken_at: Mapped[datetime | None]
    location: Mapped[WKBElement | None] = mapped_column(Geometry("POINT", 4326, spatial_index=False))
    sent_longitude: Mapped[float | None] = mapped_column(Float(53))
    sent_latitude: Mapped[float | None] = mapped_column(Float(53))
    sent_datum: Mapped[str | None]


class Submission(Base):
    """What a phone sent, word for word, and what became of it (提交记录). Refused and deferred ones are kept."""

    __tablename__ = "submission"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    submitter_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    region_code: Mapped[RegionCode | None]  # of the household, once it is known; in review else where its sender helps
    outcome: Mapped[SubmissionOutcome] = mapped_column(
        Enum(SubmissionOutcome, native_enum=False, create_constraint=False, length=10)
    )
    content: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    content_sealed: Mapped[bytes | None]  # a family's document, which has its numbers; of a visit `content` is enough
    content_hash: Mapped[str]
    hash_version: Mapped[int] = mapped_column(SmallInteger)
    problems: Mapped[list[Any]]
    sent_at: Mapped[datetime | None]  # by the phone's clock, when this content first came
    received_at: Mapped[datetime]  # when this content first came
    judged_at: Mapped[datetime]
    waits_for: Mapped[uuid.UUID | None]  # the household without which it cannot be judged; perhaps nobody knows it
    review_since: Mapped[datetime | None]
    belongs_to: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("household.id"))  # as an officer said in review

    submitter: Mapped[Account] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        Index("ix_submission_submitter_id", "submitter_id", text("received_at DESC"), text("id DESC")),
        Index("ix_submission_waits_for", "waits_for", postgresql_where=text("outcome = 'DEFERRED'")),
        Index("ix_submission_deferred", "submitter_id", "received_at", postgresql_where=text("outcome = 'DEFERRED'")),
        Index("ix_submission_belongs_to", "belongs_to", postgresql_where=text("belongs_to IS NOT NULL")),
        Index("ix_submission_review", "region_code", "review_since", postgresql_where=text("review_since IS NOT NULL")),
        CheckConstraint(
            f"num_nonnulls(content, content_sealed) = 1 AND ({is_envelope('content_sealed')})", "content_is_kept_once"
        ),
    )
