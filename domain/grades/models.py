"""Schemes and their levels, which are data; rounds; and grades, which are superseded and never edited."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Computed, Enum, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.access.models import Account
from domain.base.models import Base, RegionCode
from domain.grades.rules import GradeState as GradeState
from domain.households.models import Household
from domain.regions.models import Region
from domain.visits.models import Visit


class GradingScheme(Base):
    """A way to grade households (风险分级方案); which of them a region uses, its policy says (GRADING_SCHEMES).

    is_computed: reckoned from figures; else judged by people. categories: of household_category, whom it is for.
    """

    __tablename__ = "grading_scheme"

    code: Mapped[str] = mapped_column(primary_key=True)
    label_zh: Mapped[str]
    label_en: Mapped[str]
    is_computed: Mapped[bool]
    categories: Mapped[list[str]]
    source: Mapped[str]

    levels: Mapped[list[GradeLevel]] = relationship(lazy="raise", viewonly=True)


class GradeLevel(Base):
    """A level of a scheme (风险等级): its colour, and the reasons (of grade_reason) that the source names for it.

    rank: 1 is the greatest risk; 0 says that the risk is not known. raises_clue: whoever comes to it is looked at anew.
    """

    __tablename__ = "grade_level"

    scheme_code: Mapped[str] = mapped_column(ForeignKey("grading_scheme.code"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    label_zh: Mapped[str]
    label_en: Mapped[str]
    colour: Mapped[str]
    rank: Mapped[int]
    raises_clue: Mapped[bool]
    reasons: Mapped[list[str]]


class GradingRound(Base):
    """A county goes through its households under a scheme (集中评定): opened by the worker. month: by its first day."""

    __tablename__ = "grading_round"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))
    scheme: Mapped[str] = mapped_column(ForeignKey("grading_scheme.code"), index=True)
    month: Mapped[date]
    opened_on: Mapped[date]
    due_on: Mapped[date]
    opened_at: Mapped[datetime]

    region: Mapped[Region] = relationship(lazy="raise", viewonly=True)
    grading_scheme: Mapped[GradingScheme] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        UniqueConstraint("region_code", "scheme", "month", name="one_round_per_scheme_and_month"),
        Index("ix_grading_round_opened_on", text("opened_on DESC"), text("id DESC")),
        CheckConstraint("due_on >= opened_on", "due_after_it_opened"),
        CheckConstraint("extract(day FROM month) = 1", "month_by_its_first_day"),
    )


def _day_of(instant: str) -> Computed:
    """The day in China."""
    return Computed(f"({instant} AT TIME ZONE 'Asia/Shanghai')::date", persisted=True)


class RiskGrade(Base):
    """A level that a household was given, or is to be given, under a scheme (风险等级评定). Never edited.

    reasons: of grade_reason. cause: of grade_cause, why at this time, outside a round. indicators: what the figures were
    when it was proposed. visit_id: the call before it. effective_from, superseded_on: the days on which it holds, half
    open. returned_at: when somebody above asked for another one; a filed one holds until that is filed.
    """

    __tablename__ = "risk_grade"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("household.id"))
    region_code: Mapped[RegionCode] = mapped_column(ForeignKey("region.code"))
    scheme: Mapped[str]
    level: Mapped[str]
    state: Mapped[GradeState] = mapped_column(Enum(GradeState, native_enum=False, create_constraint=False, length=10))
    reasons: Mapped[list[str]]
    cause: Mapped[str | None]
    note: Mapped[str | None]
    indicators: Mapped[list[Any]]
    visit_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("visit.id"))
    round_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("grading_round.id"))
    proposed_at: Mapped[datetime]
    proposed_on: Mapped[date] = mapped_column(_day_of("proposed_at"))
    proposed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))  # null: reckoned
    reviewed_at: Mapped[datetime | None]
    reviewed_on: Mapped[date | None] = mapped_column(_day_of("reviewed_at"))
    reviewed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    filed_at: Mapped[datetime | None]
    filed_on: Mapped[date | None] = mapped_column(_day_of("filed_at"))
    filed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    effective_from: Mapped[date | None]
    supersedes_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("risk_grade.id"))
    superseded_at: Mapped[datetime | None]
    superseded_on: Mapped[date | None]
    returned_at: Mapped[datetime | None]
    returned_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    return_reason: Mapped[str | None]

    household: Mapped[Household] = relationship(lazy="raise", viewonly=True)
    region: Mapped[Region] = relationship(lazy="raise", viewonly=True)
    grading_scheme: Mapped[GradingScheme] = relationship(
        lazy="raise",
        viewonly=True,
        primaryjoin=lambda: RiskGrade.scheme == GradingScheme.code,
        foreign_keys=lambda: [RiskGrade.scheme],
    )
    grade_level: Mapped[GradeLevel] = relationship(lazy="raise", viewonly=True)
    visit: Mapped[Visit | None] = relationship(lazy="raise", viewonly=True)
    round: Mapped[GradingRound | None] = relationship(lazy="raise", viewonly=True)
    proposed_by: Mapped[Account | None] = relationship(lazy="raise", viewonly=True, foreign_keys=proposed_by_id)
    reviewed_by: Mapped[Account | None] = relationship(lazy="raise", viewonly=True, foreign_keys=reviewed_by_id)
    filed_by: Mapped[Account | None] = relationship(lazy="raise", viewonly=True, foreign_keys=filed_by_id)
    returned_by: Mapped[Account | None] = relationship(lazy="raise", viewonly=True, foreign_keys=returned_by_id)
    supersedes: Mapped[RiskGrade | None] = relationship(
        lazy="raise", viewonly=True, remote_side=[id], foreign_keys=[supersedes_id]
    )

    __table_args__ = (
        ForeignKeyConstraint(["scheme", "level"], ["grade_level.scheme_code", "grade_level.code"]),
        Index("ix_risk_grade_household_id", "household_id", text("proposed_at DESC"), text("id DESC")),
        Index("ix_risk_grade_region_code", "region_code", text("proposed_at DESC"), text("id DESC")),
        Index("ix_risk_grade_proposed_at", text("proposed_at DESC"), text("id DESC")),
        Index("ix_risk_grade_scheme", "scheme", "level", "region_code"),
        Index("ix_risk_grade_round_id", "round_id", "household_id", postgresql_where=text("round_id IS NOT NULL")),
        Index(
            "one_current_grade_per_scheme",
            *("household_id", "scheme"),
            unique=True,
            postgresql_where=text("state = 'FILED'"),
        ),
        Index(
            "one_open_grade_per_scheme",
            *("household_id", "scheme"),
            unique=True,
            postgresql_where=text("state IN ('PROPOSED', 'REVIEWED')"),
        ),
        *(
            Index(f"ix_risk_grade_{column}", column, postgresql_where=text(f"{column} IS NOT NULL"))
            for column in ("visit_id", "proposed_by_id", "reviewed_by_id", "filed_by_id", "returned_by_id")
        ),
        Index(
            "ix_risk_grade_supersedes_id",
            "supersedes_id",
            unique=True,
            postgresql_where=text("supersedes_id IS NOT NULL"),
        ),
        CheckConstraint(
            "num_nonnulls(filed_at, effective_from) = CASE WHEN state IN ('FILED', 'SUPERSEDED') THEN 2 ELSE 0 END",
            "in_force_once_filed",
        ),
        CheckConstraint(
            "num_nonnulls(superseded_at, superseded_on) = CASE WHEN state = 'SUPERSEDED' THEN 2 ELSE 0 END",
            "superseded_on_a_day",
        ),
        CheckConstraint("superseded_on >= effective_from", "superseded_after_it_held"),
        CheckConstraint("state <> 'PROPOSED' OR num_nonnulls(reviewed_at, returned_at) = 0", "proposed_and_no_more"),
        CheckConstraint("state <> 'RETURNED' OR returned_at IS NOT NULL", "returned_at_some_time"),
        CheckConstraint("num_nonnulls(reviewed_at, reviewed_by_id) IN (0, 2)", "reviewed_by_somebody"),
        CheckConstraint("num_nonnulls(returned_at, returned_by_id) IN (0, 2)", "returned_by_somebody"),
        CheckConstraint(
            "proposed_by_id IS NULL OR state NOT IN ('REVIEWED', 'FILED', 'SUPERSEDED') OR reviewed_at IS NOT NULL",
            "reviewed_before_it_is_filed",
        ),
        CheckConstraint("cardinality(reasons) > 0", "has_a_reason"),
    )
