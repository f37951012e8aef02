"""Monitoring cases: what stands of them and what is attached.

Revision: 0040_cases; follows: 0065_rows_of_erased

The walls around them are 0041_case_walls.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0040_cases"
down_revision = "0052_partners"
branch_labels = None
depends_on = None

TABLES = (
    "monitoring_case",
    "case_event",
    "kinship",
    "case_authorisation",
    "comparison_question",
    "notice",
    "objection",
)


def upgrade() -> None:
    op.add_column("household", sa.Column("exited_on", sa.Date(), nullable=True))
    for make in (
        _monitoring_case,
        _case_event,
        _kinship,
        _case_authorisation,
        _comparison_question,
        _notice,
        _objection,
    ):
        make()
    op.execute("ALTER TABLE monitoring_case ALTER region_code SET STATISTICS 1000")  # as 0009_wide_lists says


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_column("household", "exited_on")


def _monitoring_case() -> None:
    op.create_table(
        "monitoring_case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("proposed_category", sa.Text(), nullable=True),
        sa.Column("causes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("round", sa.String(length=12), nullable=False),
        sa.Column("step", sa.String(length=24), nullable=False),
        sa.Column("step_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("step_due_on", sa.Date(), nullable=True),
        sa.Column("clue_id", sa.Uuid(), nullable=True),
        sa.Column("previous_case_id", sa.Uuid(), nullable=True),
        sa.Column("began_on", sa.Date(), nullable=False),
        sa.Column("round_began_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("monitored_on", sa.Date(), nullable=True),
        sa.Column("eliminated_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("close_reason", sa.Text(), nullable=True),
        sa.Column("upload_status", sa.String(length=8), server_default="NONE", nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(step = 'CLOSED') = (close_reason IS NOT NULL)", name=op.f("ck_monitoring_case_closes_for_a_reason")
        ),
        sa.CheckConstraint(
            "(step = 'ELIMINATED') = (eliminated_on IS NOT NULL)",
            name=op.f("ck_monitoring_case_eliminated_with_its_step"),
        ),
        sa.CheckConstraint(
            "(step IN ('ELIMINATED', 'REJECTED', 'REGISTERED_POOR', 'CLOSED')) = (closed_on IS NOT NULL)",
            name=op.f("ck_monitoring_case_closed_with_its_step"),
        ),
        sa.CheckConstraint("cardinality(causes) <= 3", name=op.f("ck_monitoring_case_at_most_three_causes")),
        sa.CheckConstraint("due_on >= round_began_on", name=op.f("ck_monitoring_case_due_after_it_began")),
        sa.ForeignKeyConstraint(["clue_id"], ["clue.id"], name=op.f("fk_monitoring_case_clue_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_monitoring_case_household_id")),
        sa.ForeignKeyConstraint(
            ["previous_case_id"], ["monitoring_case.id"], name=op.f("fk_monitoring_case_previous_case_id")
        ),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_monitoring_case_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitoring_case")),
    )
    op.create_index("ix_monitoring_case_due_on", "monitoring_case", ["due_on", "id"])
    op.create_index("ix_monitoring_case_household_id", "monitoring_case", ["household_id"])
    op.create_index(
        "ix_monitoring_case_previous_case_id",
        "monitoring_case",
        ["previous_case_id"],
        postgresql_where=sa.text("previous_case_id IS NOT NULL"),
    )
    op.create_index("ix_monitoring_case_region_code", "monitoring_case", ["region_code", "due_on", "id"])
    op.create_index(
        "ix_monitoring_case_step",
        "monitoring_case",
        ["step", "region_code"],
        postgresql_where=sa.text("closed_on IS NULL"),
    )
    op.create_index(
        "one_case_per_clue",
        "monitoring_case",
        ["clue_id"],
        unique=True,
        postgresql_where=sa.text("clue_id IS NOT NULL"),
    )
    op.create_index(
        "one_open_case_per_household",
        "monitoring_case",
        ["household_id"],
        unique=True,
        postgresql_where=sa.text("closed_on IS NULL"),
    )


def _case_event() -> None:
    op.create_table(
        "case_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.String(length=12), nullable=False),
        sa.Column("event", sa.String(length=32), nullable=False),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("from_step", sa.String(length=24), nullable=True),
        sa.Column("to_step", sa.String(length=24), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["monitoring_case.id"], name=op.f("fk_case_event_case_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_case_event_household_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["account.id"], name=op.f("fk_case_event_recorded_by_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_case_event_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_event")),
        sa.UniqueConstraint("case_id", "revision", name="one_event_per_revision"),
    )
    op.create_index(op.f("ix_case_event_household_id"), "case_event", ["household_id"])
    op.create_index(
        "ix_case_event_recorded_by_id",
        "case_event",
        ["recorded_by_id"],
        postgresql_where=sa.text("recorded_by_id IS NOT NULL"),
    )
    op.create_index("ix_case_event_region_code", "case_event", ["region_code", "recorded_at"])


def _kinship() -> None:
    op.create_table(
        "kinship",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("declared_by_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_kinship_account_id")),
        sa.ForeignKeyConstraint(["declared_by_id"], ["account.id"], name=op.f("fk_kinship_declared_by_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_kinship_household_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_kinship_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kinship")),
        sa.UniqueConstraint("household_id", "account_id", name="one_kinship_per_account"),
    )
    op.create_index(op.f("ix_kinship_account_id"), "kinship", ["account_id"])
    op.create_index(op.f("ix_kinship_declared_by_id"), "kinship", ["declared_by_id"])
    op.create_index(op.f("ix_kinship_region_code"), "kinship", ["region_code"])


def _case_authorisation() -> None:
    op.create_table(
        "case_authorisation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("round", sa.String(length=12), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["monitoring_case.id"], name=op.f("fk_case_authorisation_case_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_case_authorisation_household_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_case_authorisation_person_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["account.id"], name=op.f("fk_case_authorisation_recorded_by_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_case_authorisation_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_authorisation")),
        sa.UniqueConstraint("case_id", "round", "person_id", name="one_authorisation_per_round"),
    )
    op.create_index(op.f("ix_case_authorisation_household_id"), "case_authorisation", ["household_id"])
    op.create_index(op.f("ix_case_authorisation_person_id"), "case_authorisation", ["person_id"])
    op.create_index(op.f("ix_case_authorisation_recorded_by_id"), "case_authorisation", ["recorded_by_id"])
    op.create_index(op.f("ix_case_authorisation_region_code"), "case_authorisation", ["region_code"])


def _comparison_question() -> None:
    op.create_table(
        "comparison_question",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.String(length=12), nullable=False),
        sa.Column("people", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        sa.Column("finding", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by_id", sa.Uuid(), nullable=True),
        sa.Column("explanation", sa.Text(), nullable=True),
        sa.Column("explained_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(explanation IS NULL) = (explained_at IS NULL)",
            name=op.f("ck_comparison_question_explained_with_its_instant"),
        ),
        sa.CheckConstraint(
            "(outcome IS NULL) = (settled_at IS NULL)", name=op.f("ck_comparison_question_settled_with_an_outcome")
        ),
        sa.ForeignKeyConstraint(["answered_by_id"], ["account.id"], name=op.f("fk_comparison_question_answered_by_id")),
        sa.ForeignKeyConstraint(["case_id"], ["monitoring_case.id"], name=op.f("fk_comparison_question_case_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_comparison_question_household_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_comparison_question_organisation_id")
        ),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_comparison_question_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comparison_question")),
        sa.UniqueConstraint("case_id", "round", "organisation_id", name="one_question_per_department"),
    )
    op.create_index(
        "ix_comparison_question_answered_by_id",
        "comparison_question",
        ["answered_by_id"],
        postgresql_where=sa.text("answered_by_id IS NOT NULL"),
    )
    op.create_index(op.f("ix_comparison_question_case_id"), "comparison_question", ["case_id"])
    op.create_index(op.f("ix_comparison_question_household_id"), "comparison_question", ["household_id"])
    op.create_index(
        "ix_comparison_question_organisation_id", "comparison_question", ["organisation_id", "due_on", "id"]
    )
    op.create_index("ix_comparison_question_region_code", "comparison_question", ["region_code", "due_on", "id"])


def _notice() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("round", sa.String(length=12), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by_id", sa.Uuid(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("ends_on > published_on", name=op.f("ck_notice_ends_after_it_hung")),
        sa.ForeignKeyConstraint(["case_id"], ["monitoring_case.id"], name=op.f("fk_notice_case_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_notice_household_id")),
        sa.ForeignKeyConstraint(["published_by_id"], ["account.id"], name=op.f("fk_notice_published_by_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_notice_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("number", name="uq_notice_number"),
    )
    op.create_index("ix_notice_case_id", "notice", ["case_id", "published_at"])
    op.create_index(op.f("ix_notice_household_id"), "notice", ["household_id"])
    op.create_index(op.f("ix_notice_published_by_id"), "notice", ["published_by_id"])
    op.create_index("ix_notice_region_code", "notice", ["region_code", "published_on", "id"])
    op.create_index(
        "one_standing_notice",
        "notice",
        ["case_id", "round", "kind"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )


def _objection() -> None:
    op.create_table(
        "objection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("round", sa.String(length=12), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("objector", sa.Text(), nullable=True),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(outcome, answer, answered_at, answered_by_id) IN (0, 4)",
            name=op.f("ck_objection_answered_whole"),
        ),
        sa.ForeignKeyConstraint(["answered_by_id"], ["account.id"], name=op.f("fk_objection_answered_by_id")),
        sa.ForeignKeyConstraint(["case_id"], ["monitoring_case.id"], name=op.f("fk_objection_case_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_objection_household_id")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_objection_notice_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["account.id"], name=op.f("fk_objection_recorded_by_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_objection_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objection")),
    )
    op.create_index(
        "ix_objection_answered_by_id",
        "objection",
        ["answered_by_id"],
        postgresql_where=sa.text("answered_by_id IS NOT NULL"),
    )
    op.create_index(op.f("ix_objection_case_id"), "objection", ["case_id"])
    op.create_index(op.f("ix_objection_household_id"), "objection", ["household_id"])
    op.create_index(op.f("ix_objection_notice_id"), "objection", ["notice_id"])
    op.create_index(op.f("ix_objection_recorded_by_id"), "objection", ["recorded_by_id"])
    op.create_index("ix_objection_region_code", "objection", ["region_code", "due_on", "id"])
