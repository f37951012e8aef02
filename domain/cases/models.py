"""Cases, what happened to them, and what is attached: authorisations, answers of departments, notices, objections."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.access.models import Account
from domain.base.models import Base, RegionCode
from domain.cases.transitions import CLOCK_STOPPED, Event, Round, Step
from domain.helpers.models import Organisation
from domain.households.models import Household, Person
from domain.monitoring.models import Clue
from domain.notices.rules import NoticeKind as NoticeKind
from domain.regions.models import Region


class UploadStatus(enum.StrEnum):
    """Whether the national system has it: beside the steps, none that help waits for (录入状态)."""

    NONE = "NONE"
    PENDING = "PENDING"
    UPLOADED = "UPLOADED"


class ObjectionOutcome(enum.StrEnum):
    """What became of an objection (异议处理结果)."""

    NOT_UPHELD = "NOT_UPHELD"
    CORRECTED = "CORRECTED"
    REJECTED = "REJECTED"


class ComparisonOutcome(enum.StrEnum):
    """What a department found (比对结果). NO_ANSWER: its days were over when the comparison was concluded."""

    CLEAR = "CLEAR"
    HIT = "HIT"
    NO_ANSWER = "NO_ANSWER"


class MonitoringCase(Base):
    """A household in the procedure or under monitoring (监测对象): one open one per household, domain/cases/transitions.py.

    round_number: 1 is the admission, every proposal of an elimination one more. began_on: day 0, that of its clue;
    round_began_on: that of the present round. due_on: the last day on which the county
    decides this round in time. step_due_on: that of the present step, where it has one. decided_at: when the county
    admitted it. monitored_on, eliminated_on: when the result was announced. closed_on: since when it is open no more.
    proposed_category: what the township approved and the county has not decided yet.
    """

    __tablename__ = "monitoring_case"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"))
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))
    category: Mapped[str | None]  # term of monitoring_category; null until the county decides
    proposed_category: Mapped[str | None]
    causes: Mapped[list[str]]  # main cause first
    round: Mapped[Round] = mapped_column(Enum(Round, native_enum=False, create_constraint=False, length=12))
    round_number: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    step: Mapped[Step] = mapped_column(Enum(Step, native_enum=False, create_constraint=False, length=24))
    step_since: Mapped[datetime]
    step_due_on: Mapped[date | None]
    clue_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("clue.id"))
    previous_case_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("monitoring_case.id"))
    began_on: Mapped[date]
    round_began_on: Mapped[date]
    due_on: Mapped[date]
    opened_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    monitored_on: Mapped[date | None]
    eliminated_on: Mapped[date | None]
    closed_on: Mapped[date | None]
    close_reason: Mapped[str | None]  # term of case_close_reason, for CLOSED
    upload_status: Mapped[UploadStatus] = mapped_column(
        Enum(UploadStatus, native_enum=False, create_constraint=False, length=8), server_default="NONE"
    )
    revision: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    household: Mapped[Household] = relationship(lazy="raise", viewonly=True)
    region: Mapped[Region] = relationship(lazy="raise", viewonly=True)
    clue: Mapped[Clue | None] = relationship(lazy="raise", viewonly=True)
    previous_case: Mapped[MonitoringCase | None] = relationship(lazy="raise", viewonly=True, remote_side=[id])
    events: Mapped[list[CaseEvent]] = relationship(lazy="raise", viewonly=True)
    authorisations: Mapped[list[CaseAuthorisation]] = relationship(lazy="raise", viewonly=True)
    questions: Mapped[list[ComparisonQuestion]] = relationship(lazy="raise", viewonly=True)
    notices: Mapped[list[Notice]] = relationship(lazy="raise", viewonly=True)
    objections: Mapped[list[Objection]] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        Index("one_open_case_per_household", "household_id", unique=True, postgresql_where=text("closed_on IS NULL")),
        Index("one_case_per_clue", "clue_id", unique=True, postgresql_where=text("clue_id IS NOT NULL")),
        Index("ix_monitoring_case_household_id", "household_id"),
        Index("ix_monitoring_case_region_code", "region_code", "due_on", "id"),
        Index("ix_monitoring_case_step", "step", "region_code"),
        Index(
            "ix_monitoring_case_undecided",
            *("due_on", "id"),
            postgresql_where=text(" AND ".join(f"step <> '{step}'" for step in sorted(CLOCK_STOPPED))),
        ),
        Index("ix_monitoring_case_due_on", "due_on", "id"),
        Index(
            "ix_monitoring_case_previous_case_id",
            "previous_case_id",
            postgresql_where=text("previous_case_id IS NOT NULL"),
        ),
        CheckConstraint("cardinality(causes) <= 3", "at_most_three_causes"),
        CheckConstraint(
            "(step IN ('ELIMINATED', 'REJECTED', 'REGISTERED_POOR', 'CLOSED')) = (closed_on IS NOT NULL)",
            "closed_with_its_step",
        ),
        CheckConstraint("(step = 'CLOSED') = (close_reason IS NOT NULL)", "closes_for_a_reason"),
        CheckConstraint("(step = 'ELIMINATED') = (eliminated_on IS NOT NULL)", "eliminated_with_its_step"),
        CheckConstraint("due_on >= round_began_on", "due_after_it_began"),
    )


class CaseEvent(Base):
    """Something that happened to a case (办理记录): written once, never changed. The machine's have nobody behind them.

    revision: that of the case which it made. happened_at: when it happened, by whoever says so; recorded_at: when the
    server heard of it. `detail`: codes, days, ids.
    """

    __tablename__ = "case_event"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("monitoring_case.id"))
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"), index=True)
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))
    revision: Mapped[int]
    round: Mapped[Round] = mapped_column(Enum(Round, native_enum=False, create_constraint=False, length=12))
    event: Mapped[Event] = mapped_column(Enum(Event, native_enum=False, create_constraint=False, length=32))
    level: Mapped[str | None]  # of whoever acted; null where it followed by itself
    from_step: Mapped[Step | None] = mapped_column(Enum(Step, native_enum=False, create_constraint=False, length=24))
    to_step: Mapped[Step] = mapped_column(Enum(Step, native_enum=False, create_constraint=False, length=24))
    happened_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    reason: Mapped[str | None]
    detail: Mapped[dict[str, Any]]

    recorded_by: Mapped[Account | None] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        UniqueConstraint("case_id", "revision", name="one_event_per_revision"),
        Index("ix_case_event_region_code", "region_code", "recorded_at"),
        Index("ix_case_event_recorded_by_id", "recorded_by_id", postgresql_where=text("recorded_by_id IS NOT NULL")),
    )


class Kinship(Base):
    """Somebody with an account is a relative of a family (亲属关系申报): they take no step in its cases (回避)."""

    __tablename__ = "kinship"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"))
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"), index=True)
    relation: Mapped[str]  # in words, such as 堂兄
    declared_at: Mapped[datetime]
    declared_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)

    account: Mapped[Account] = relationship(lazy="raise", viewonly=True, foreign_keys=[account_id])

    __table_args__ = (UniqueConstraint("household_id", "account_id", name="one_kinship_per_account"),)


class CaseAuthorisation(Base):
    """A member of age has signed that departments may be asked about them (授权书), for one round of a case."""

    __tablename__ = "case_authorisation"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("monitoring_case.id"))
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"), index=True)
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"), index=True)
    round: Mapped[Round] = mapped_column(Enum(Round, native_enum=False, create_constraint=False, length=12))
    round_number: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    signed_on: Mapped[date]
    document: Mapped[str]  # which sheet it is: its number in the village's file, or the hash of the scan
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)

    person: Mapped[Person] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (UniqueConstraint("case_id", "round_number", "person_id", name="one_authorisation_per_round"),)


class ComparisonQuestion(Base):
    """What one department is asked about a family, and what it answers (信息比对). A hit is explained, and rejects nobody.

    people: whom it is asked about, [{personId, name, idNumber (masked)}]: the department sees this row and nothing else.
    """

    __tablename__ = "comparison_question"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("monitoring_case.id"), index=True)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"), index=True)
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    round: Mapped[Round] = mapped_column(Enum(Round, native_enum=False, create_constraint=False, length=12))
    round_number: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    people: Mapped[list[Any]]
    asked_at: Mapped[datetime]
    due_on: Mapped[date]
    outcome: Mapped[ComparisonOutcome | None] = mapped_column(
        Enum(ComparisonOutcome, native_enum=False, create_constraint=False, length=10)
    )
    finding: Mapped[str | None]  # what was found: a car, a shop, a payroll
    settled_at: Mapped[datetime | None]
    answered_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    explanation: Mapped[str | None]
    explained_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        Index("ix_comparison_question_organisation_id", "organisation_id", "due_on", "id"),
        Index("ix_comparison_question_region_code", "region_code", "due_on", "id"),
        Index(
            "ix_comparison_question_answered_by_id",
            "answered_by_id",
            postgresql_where=text("answered_by_id IS NOT NULL"),
        ),
        UniqueConstraint("case_id", "round_number", "organisation_id", name="one_question_per_department"),
        CheckConstraint("(outcome IS NULL) = (settled_at IS NULL)", "settled_with_an_outcome"),
        CheckConstraint("(explanation IS NULL) = (explained_at IS NULL)", "explained_with_its_instant"),
    )


class Notice(Base):
    """What was published of a case (公示、公告), as it hung there: redacted before it is kept."""

    __tablename__ = "notice"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("monitoring_case.id"))
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"), index=True)
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))
    round: Mapped[Round] = mapped_column(Enum(Round, native_enum=False, create_constraint=False, length=12))
    round_number: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    number: Mapped[str]
    kind: Mapped[NoticeKind] = mapped_column(Enum(NoticeKind, native_enum=False, create_constraint=False, length=20))
    published_on: Mapped[date]
    ends_on: Mapped[date | None]  # its last full day; null for an announcement, which stays
    content: Mapped[dict[str, Any]]
    published_at: Mapped[datetime]
    published_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    withdrawn_at: Mapped[datetime | None]

    region: Mapped[Region] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        Index("ix_notice_case_id", "case_id", "published_at"),
        Index("ix_notice_region_code", "region_code", "published_on", "id"),
        UniqueConstraint("number", name="uq_notice_number"),
        Index(
            "one_standing_notice",
            *("case_id", "round_number", "kind"),
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
        CheckConstraint("ends_on > published_on", "ends_after_it_hung"),
    )


class Objection(Base):
    """Somebody says that a notice is wrong (公示异议). Who it was is never public, and need not be said.

    objector: null for who stays unnamed.
    """

    __tablename__ = "objection"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("monitoring_case.id"), index=True)
    notice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("notice.id"), index=True)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"), index=True)
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))
    round: Mapped[Round] = mapped_column(Enum(Round, native_enum=False, create_constraint=False, length=12))
    round_number: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    received_at: Mapped[datetime]
    due_on: Mapped[date]
    objector: Mapped[str | None]
    says: Mapped[str]
    recorded_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    outcome: Mapped[ObjectionOutcome | None] = mapped_column(
        Enum(ObjectionOutcome, native_enum=False, create_constraint=False, length=10)
    )
    answer: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))

    answered_by: Mapped[Account | None] = relationship(lazy="raise", viewonly=True, foreign_keys=[answered_by_id])

    __table_args__ = (
        Index("ix_objection_region_code", "region_code", "due_on", "id"),
        Index("ix_objection_answered_by_id", "answered_by_id", postgresql_where=text("answered_by_id IS NOT NULL")),
        CheckConstraint("num_nonnulls(outcome, answer, answered_at, answered_by_id) IN (0, 4)", "answered_whole"),
    )
