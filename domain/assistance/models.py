"""Plans, measures with every step they took, quarterly analyses, and relief. Nothing is deleted: it ends, with a reason."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.access.models import Account
from domain.assistance.rules import Entitlement, MeasureAct, MeasureState, PlanKind, ReliefState
from domain.base.models import Base, RegionCode
from domain.helpers.models import Helper, Organisation
from domain.households.models import Household, Person
from domain.monitoring.models import Clue
from domain.regions.models import Region
from domain.visits.models import Visit

_FEN = "amount_fen BETWEEN {} AND 10000000000"


def _named(of: type, length: int) -> Enum:
    return Enum(of, native_enum=False, create_constraint=False, length=length)


class AssistancePlan(Base):
    """What is to become of a family, and by which goals one will know (帮扶计划、生产发展计划): one of each kind at a time.

    ended_on: the first day on which it no longer holds. result: in words, what came of it.
    """

    __tablename__ = "assistance_plan"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"))
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))
    kind: Mapped[PlanKind] = mapped_column(_named(PlanKind, 12))
    goals: Mapped[list[str]]
    started_on: Mapped[date]
    ended_on: Mapped[date | None]
    end_reason: Mapped[str | None]
    result: Mapped[str | None]
    made_at: Mapped[datetime]
    made_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)

    household: Mapped[Household] = relationship(lazy="raise", viewonly=True)
    region: Mapped[Region] = relationship(lazy="raise", viewonly=True)
    made_by: Mapped[Account] = relationship(lazy="raise", viewonly=True)
    measures: Mapped[list[Measure]] = relationship(lazy="raise", viewonly=True, back_populates="plan")

    __table_args__ = (
        Index("ix_assistance_plan_household_id", "household_id", "started_on"),
        Index("ix_assistance_plan_region_code", "region_code", "id"),
        Index(
            "one_plan_per_household_and_kind",
            *("household_id", "kind"),
            unique=True,
            postgresql_where=text("ended_on IS NULL"),
        ),
        CheckConstraint("kind IN ('HOUSEHOLD', 'PRODUCTION')", "of_a_known_kind"),
        CheckConstraint("ended_on IS NULL OR ended_on >= started_on", "ends_after_it_starts"),
        CheckConstraint("num_nonnulls(ended_on, end_reason) IN (0, 2)", "ends_with_a_reason"),
        CheckConstraint("result IS NULL OR ended_on IS NOT NULL", "result_of_what_ended"),
        CheckConstraint("cardinality(goals) BETWEEN 1 AND 20", "has_goals"),
    )


class Measure(Base):
    """One thing that is done for a family or for one of its people (帮扶措施), and where it stands.

    person_id: whom it is for; null for the family as a whole. cause: what it answers (term cause). entitlement: what the
    region's policy gave to a family of its category when it was planned. amount_fen: what it is worth, once delivered
    what it came to. witness_visit_id: the call at which the family confirmed it, as it stands after corrections.
    """

    __tablename__ = "measure"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    plan_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("assistance_plan.id"))
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"))
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))
    kind: Mapped[str]
    cause: Mapped[str | None]
    content: Mapped[str | None]
    entitlement: Mapped[Entitlement] = mapped_column(_named(Entitlement, 16))
    state: Mapped[MeasureState] = mapped_column(_named(MeasureState, 12))
    planned_on: Mapped[date]
    due_on: Mapped[date | None]
    approved_on: Mapped[date | None]
    started_on: Mapped[date | None]
    delivered_on: Mapped[date | None]
    confirmed_on: Mapped[date | None]
    cancelled_on: Mapped[date | None]
    cancel_reason: Mapped[str | None]
    witness_visit_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("visit.id"))
    amount_fen: Mapped[int | None]
    provider_organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"))
    provider_helper_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("helper.id"))
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)

    plan: Mapped[AssistancePlan | None] = relationship(lazy="raise", viewonly=True, back_populates="measures")
    household: Mapped[Household] = relationship(lazy="raise", viewonly=True)
    person: Mapped[Person | None] = relationship(lazy="raise", viewonly=True)
    region: Mapped[Region] = relationship(lazy="raise", viewonly=True)
    witness_visit: Mapped[Visit | None] = relationship(lazy="raise", viewonly=True)
    provider_organisation: Mapped[Organisation | None] = relationship(lazy="raise", viewonly=True)
    provider_helper: Mapped[Helper | None] = relationship(lazy="raise", viewonly=True)
    recorded_by: Mapped[Account] = relationship(lazy="raise", viewonly=True)
    events: Mapped[list[MeasureEvent]] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        Index("ix_measure_household_id", "household_id", text("planned_on DESC"), text("id DESC")),
        Index("ix_measure_region_code", "region_code", text("planned_on DESC"), text("id DESC")),
        Index("ix_measure_planned_on", text("planned_on DESC"), text("id DESC")),
        # What waits for a witness: a list of its own, and a duty of whoever visits the family.
        Index("ix_measure_delivered", "region_code", "delivered_on", postgresql_where=text("state = 'DELIVERED'")),
        *(
            Index(f"ix_measure_{column}", column, postgresql_where=text(f"{column} IS NOT NULL"))
            for column in (
                *("plan_id", "person_id", "witness_visit_id", "provider_organisation_id", "provider_helper_id"),
            )
        ),
        CheckConstraint(
            "state IN ('PLANNED', 'APPROVED', 'DELIVERING', 'DELIVERED', 'CONFIRMED', 'CANCELLED')",
            "in_a_known_state",
        ),
        CheckConstraint("entitlement IN ('FULL', 'AS_MEANS_ALLOW', 'NONE')", "of_a_known_entitlement"),
        CheckConstraint(_FEN.format(0), "amount_in_range"),
        CheckConstraint("due_on IS NULL OR due_on >= planned_on", "due_after_it_was_planned"),
        CheckConstraint(
            "CASE WHEN state = 'PLANNED' THEN approved_on IS NULL WHEN state = 'CANCELLED' THEN true"
            " ELSE approved_on >= planned_on END IS TRUE",
            "approved_before_it_goes_on",
        ),
        CheckConstraint(
            "started_on IS NULL OR started_on >= approved_on",
            "starts_after_it_was_approved",
        ),
        CheckConstraint(
            "(state IN ('DELIVERED', 'CONFIRMED')) = (delivered_on IS NOT NULL)"
            " AND (delivered_on IS NULL OR delivered_on >= coalesce(started_on, approved_on))",
            "delivered_on_a_day",
        ),
        CheckConstraint(
            "num_nonnulls(confirmed_on, witness_visit_id) = CASE WHEN state = 'CONFIRMED' THEN 2 ELSE 0 END",
            "confirmed_before_a_witness",
        ),
        CheckConstraint(
            "num_nonnulls(cancelled_on, cancel_reason) = CASE WHEN state = 'CANCELLED' THEN 2 ELSE 0 END",
            "cancelled_for_a_reason",
        ),
        CheckConstraint(
            "state IN ('PLANNED', 'CANCELLED') OR num_nonnulls(provider_organisation_id, provider_helper_id) > 0",
            "has_a_provider_once_approved",
        ),
    )


class MeasureEvent(Base):
    """A step of a measure (措施办理记录): what was done, when, by whom. Written once, never changed.

    reason: why it was cancelled (term measure_cancel_reason). note: in words. visit_id: the call that witnessed it.
    """

    __tablename__ = "measure_event"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    measure_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("measure.id"))
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"), index=True)
    act: Mapped[MeasureAct] = mapped_column(_named(MeasureAct, 8))
    from_state: Mapped[MeasureState | None] = mapped_column(_named(MeasureState, 12))
    to_state: Mapped[MeasureState] = mapped_column(_named(MeasureState, 12))
    happened_on: Mapped[date]
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    reason: Mapped[str | None]
    note: Mapped[str | None]
    visit_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("visit.id"))

    recorded_by: Mapped[Account] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        Index("ix_measure_event_measure_id", "measure_id", "recorded_at"),
        Index("ix_measure_event_visit_id", "visit_id", postgresql_where=text("visit_id IS NOT NULL")),
    )


class EffectAnalysis(Base):
    """What a quarter's help brought about (帮扶成效分析): written by whoever helps, confirmed by the township.

    before_…, after_…: how it was the day before the quarter and how on the quarter's last day, or on the day it was
    written if that was earlier; reckoned when it was written, and frozen with it. Income: per head in the twelve months
    before; null while one of them is unknown. planned, delivered, confirmed: measures that had come so far by then.
    """

    __tablename__ = "effect_analysis"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"))
    case_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("monitoring_case.id"))
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))
    quarter: Mapped[str]  # 2026Q3
    due_on: Mapped[date]
    content: Mapped[str | None]
    before_on: Mapped[date]
    before_income_fen: Mapped[int | None]
    before_causes: Mapped[list[str]]
    before_planned: Mapped[int]
    before_delivered: Mapped[int]
    before_confirmed: Mapped[int]
    after_on: Mapped[date]
    after_income_fen: Mapped[int | None]
    after_causes: Mapped[list[str]]
    after_planned: Mapped[int]
    after_delivered: Mapped[int]
    after_confirmed: Mapped[int]
    written_at: Mapped[datetime]
    written_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    confirmed_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))

    household: Mapped[Household] = relationship(lazy="raise", viewonly=True)
    region: Mapped[Region] = relationship(lazy="raise", viewonly=True)
    written_by: Mapped[Account] = relationship(lazy="raise", viewonly=True, foreign_keys=[written_by_id])
    confirmed_by: Mapped[Account | None] = relationship(lazy="raise", viewonly=True, foreign_keys=[confirmed_by_id])

    __table_args__ = (
        UniqueConstraint("household_id", "quarter", name="one_analysis_per_household_and_quarter"),
        Index("ix_effect_analysis_region_code", "region_code", text("quarter DESC"), text("id DESC")),
        Index("ix_effect_analysis_quarter", text("quarter DESC"), text("id DESC")),
        Index("ix_effect_analysis_case_id", "case_id", postgresql_where=text("case_id IS NOT NULL")),
        Index(
            "ix_effect_analysis_confirmed_by_id",
            "confirmed_by_id",
            postgresql_where=text("confirmed_by_id IS NOT NULL"),
        ),
        CheckConstraint("quarter ~ '^[0-9]{4}Q[1-4]$'", "of_a_quarter"),
        CheckConstraint("num_nonnulls(confirmed_at, confirmed_by_id) IN (0, 2)", "confirmed_by_somebody"),
        CheckConstraint("confirmed_by_id IS NULL OR confirmed_by_id <> written_by_id", "confirmed_by_another"),
        CheckConstraint("after_on >= before_on", "after_is_later"),
    )


class Relief(Base):
    """Money or goods given at once (即时救助), with a case of monitoring or without, reviewed by another person.

    person_id: whom it was for; null for the family as a whole. term: what it is for, 2026, 2026-07 or 2026Q3: nobody
    gets the same kind twice for it. source: who pays (term relief_source). organisation_id: the department or donor.
    """

    __tablename__ = "relief"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"))
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))
    kind: Mapped[str]
    cause: Mapped[str]
    term: Mapped[str]
    source: Mapped[str]
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"))
    amount_fen: Mapped[int]
    given_on: Mapped[date]
    given_at: Mapped[datetime]
    given_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    clue_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("clue.id"))
    note: Mapped[str | None]
    state: Mapped[ReliefState] = mapped_column(_named(ReliefState, 8), server_default="GIVEN")
    reviewed_at: Mapped[datetime | None]
    reviewed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    review_note: Mapped[str | None]

    household: Mapped[Household | None] = relationship(lazy="raise", viewonly=True)
    person: Mapped[Person | None] = relationship(lazy="raise", viewonly=True)
    region: Mapped[Region] = relationship(lazy="raise", viewonly=True)
    organisation: Mapped[Organisation | None] = relationship(lazy="raise", viewonly=True)
    clue: Mapped[Clue | None] = relationship(lazy="raise", viewonly=True)
    given_by: Mapped[Account] = relationship(lazy="raise", viewonly=True, foreign_keys=[given_by_id])
    reviewed_by: Mapped[Account | None] = relationship(lazy="raise", viewonly=True, foreign_keys=[reviewed_by_id])

    __table_args__ = (
        Index("ix_relief_household_id", "household_id", text("given_on DESC"), text("id DESC")),
        Index("ix_relief_region_code", "region_code", text("given_on DESC"), text("id DESC")),
        Index("ix_relief_given_on", text("given_on DESC"), text("id DESC")),
        # A person keeps what they got when they go to another family; what was found wrong was never theirs.
        Index(
            "one_relief_per_person_kind_and_term",
            *("person_id", "kind", "term"),
            unique=True,
            postgresql_where=text("person_id IS NOT NULL AND state <> 'REVOKED'"),
        ),
        Index(
            "one_relief_per_household_kind_and_term",
            *("household_id", "kind", "term"),
            unique=True,
            postgresql_where=text("person_id IS NULL AND state <> 'REVOKED'"),
        ),
        *(
            Index(f"ix_relief_{column}", column, postgresql_where=text(f"{column} IS NOT NULL"))
            for column in ("person_id", "organisation_id", "clue_id", "reviewed_by_id")
        ),
        CheckConstraint("state IN ('GIVEN', 'REVIEWED', 'REVOKED')", "in_a_known_state"),
        CheckConstraint(_FEN.format(1), "amount_in_range"),
        CheckConstraint("term ~ '^[0-9]{4}(-(0[1-9]|1[0-2])|Q[1-4])?$'", "for_a_term"),
        CheckConstraint(
            "num_nonnulls(reviewed_at, reviewed_by_id) = CASE WHEN state = 'GIVEN' THEN 0 ELSE 2 END",
            "reviewed_by_somebody",
        ),
        CheckConstraint("reviewed_by_id IS NULL OR reviewed_by_id <> given_by_id", "reviewed_by_another"),
    )
