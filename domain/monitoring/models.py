"""Statements of income and expense, and clues. Figures are superseded, never edited; witnesses only add up."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, Enum, ForeignKey, Index, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.access.models import Account
from domain.base.models import Base, RegionCode
from domain.households.models import Household, Person
from domain.monitoring.rules import ClueSource as ClueSource
from domain.monitoring.rules import ClueState as ClueState
from domain.regions.models import Region
from domain.visits.models import Visit


class IncomeStatement(Base):
    """One figure of one month (收支记录): what somebody earned, what the family got or had to spend, and who says so.

    person_id: whose it is; null for what belongs to nobody in particular, and then it adds to what the members have.
    origin: who says so. Two origins that differ stand side by side; which one counts is decided when it is reckoned.
    superseded_at: until when this was what that origin said: so a figure can be reckoned as it was known then.
    """

    __tablename__ = "income_statement"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"))
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"), index=True)
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    month: Mapped[date]  # its first day
    kind: Mapped[str]
    amount_fen: Mapped[int]
    origin: Mapped[str]
    visit_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("visit.id"))
    note: Mapped[str | None]
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    superseded_at: Mapped[datetime | None]
    supersedes_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("income_statement.id"), unique=True)

    household: Mapped[Household] = relationship(lazy="raise", viewonly=True)
    person: Mapped[Person | None] = relationship(lazy="raise", viewonly=True)
    recorded_by: Mapped[Account] = relationship(lazy="raise", viewonly=True)
    visit: Mapped[Visit | None] = relationship(lazy="raise", viewonly=True)
    supersedes: Mapped[IncomeStatement | None] = relationship(
        lazy="raise", viewonly=True, remote_side=[id], foreign_keys=[supersedes_id]
    )

    __table_args__ = (
        Index("ix_income_statement_household_id", "household_id", "month"),
        Index("ix_income_statement_person_id", "person_id", postgresql_where=text("person_id IS NOT NULL")),
        Index("ix_income_statement_visit_id", "visit_id", postgresql_where=text("visit_id IS NOT NULL")),
        Index(
            "one_figure_per_origin",
            *("household_id", "month", "kind", "origin", "person_id"),
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("superseded_at IS NULL"),
        ),
        CheckConstraint("amount_fen BETWEEN 0 AND 10000000000", "amount_in_range"),
        CheckConstraint("extract(day FROM month) = 1", "month_by_its_first_day"),
    )


class Clue(Base):
    """A sign that a household may be slipping (线索): one per sign, household and period, however many witnesses it has.

    period: what the sign is about, such as the month 2026-03, a quarter, or the id of a campaign or a disaster.
    began_on, due_on: day 0 and the last day in time, in China. stopped_at: when the clock stopped, which for a verified
    clue is when the verifying visit happened, however late the server heard of it.
    """

    __tablename__ = "clue"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"))
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))
    sign: Mapped[str]
    period: Mapped[str]
    received_at: Mapped[datetime]
    began_on: Mapped[date]
    due_on: Mapped[date]
    state: Mapped[ClueState] = mapped_column(
        Enum(ClueState, native_enum=False, create_constraint=False, length=10), server_default="NEW"
    )
    stopped_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    visit_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("visit.id"))
    reason: Mapped[str | None]

    household: Mapped[Household] = relationship(lazy="raise", viewonly=True)
    region: Mapped[Region] = relationship(lazy="raise", viewonly=True)
    settled_by: Mapped[Account | None] = relationship(lazy="raise", viewonly=True)
    visit: Mapped[Visit | None] = relationship(lazy="raise", viewonly=True)
    witnesses: Mapped[list[ClueWitness]] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        UniqueConstraint("household_id", "sign", "period", name="one_clue_per_sign_and_period"),
        Index("ix_clue_region_code", "region_code", "due_on", "id"),
        Index("ix_clue_due_on", "due_on", "id"),
        Index("ix_clue_settled_by_id", "settled_by_id", postgresql_where=text("settled_by_id IS NOT NULL")),
        Index("ix_clue_visit_id", "visit_id", postgresql_where=text("visit_id IS NOT NULL")),
        CheckConstraint("due_on >= began_on", "due_after_it_began"),
        CheckConstraint(
            "num_nonnulls(stopped_at, settled_at) = CASE WHEN state = 'NEW' THEN 0 ELSE 2 END", "settled_unless_new"
        ),
        CheckConstraint("(state IN ('VERIFIED', 'DISMISSED')) = (visit_id IS NOT NULL)", "verified_at_the_door"),
    )


class ClueWitness(Base):
    """Somebody or something that gave the sign (线索佐证): a report, a call, a list's row, a rule, a change of the family.

    reference: what it refers to, such as an operation or the row of a list: heard twice, it is still one witness.
    """

    __tablename__ = "clue_witness"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    clue_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clue.id"))
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"), index=True)
    source: Mapped[ClueSource] = mapped_column(Enum(ClueSource, native_enum=False, create_constraint=False, length=20))
    reference: Mapped[str]
    received_at: Mapped[datetime]
    recorded_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))  # null: the public, or a rule
    detail: Mapped[dict[str, Any]]

    recorded_by: Mapped[Account | None] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        UniqueConstraint("clue_id", "source", "reference", name="one_witness_per_reference"),
        # A receipt finds its report's clue by it.
        Index("ix_clue_witness_reference", "reference", postgresql_where=text("source IN ('SELF_REPORT', 'HOTLINE')")),
        Index("ix_clue_witness_recorded_by_id", "recorded_by_id", postgresql_where=text("recorded_by_id IS NOT NULL")),
        # A row of a department's list finds its clue by it.
        Index("ix_clue_witness_list", text("(detail ->> 'list')"), postgresql_where=text("source = 'DEPARTMENT'")),
    )


class DailySummary(Base):
    """What a township had to look after at the end of a day (日汇总). Made once, never changed.

    raised: clues of that day, which `clue_ids` names, by source (of the first witness) and by sign. verified, dismissed:
    settled on that day, whenever raised. waiting: not settled at 24:00; overdue: of those, past their day and not visited.
    """

    __tablename__ = "daily_summary"

    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    made_at: Mapped[datetime]
    raised: Mapped[int]
    verified: Mapped[int]
    dismissed: Mapped[int]
    waiting: Mapped[int]
    overdue: Mapped[int]
    by_source: Mapped[dict[str, Any]]
    by_sign: Mapped[dict[str, Any]]
    clue_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid()))

    region: Mapped[Region] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        Index("ix_daily_summary_day", text("day DESC"), "region_code"),
        CheckConstraint("length(region_code) = 9", "of_a_township"),
        CheckConstraint("cardinality(clue_ids) = raised", "names_what_it_counts"),
    )


class NightlyEvaluation(Base):
    """When a township's figures were last judged by themselves (夜间研判), and how many clues came of it. One row each."""

    __tablename__ = "nightly_evaluation"

    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"), primary_key=True)
    day: Mapped[date]  # in China
    judged_at: Mapped[datetime]
    raised: Mapped[int]
