"""Plans, measures and their steps, quarterly analyses, and relief: the tables. Their walls are 0057's.

Revision: 0056_help; follows: 0030_erase_person
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0056_help"
down_revision = "0050_statistics"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _plans_and_measures()
    _analyses()
    _relief()


def _plans_and_measures() -> None:
    op.create_table(
        "assistance_plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("goals", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "ended_on IS NULL OR ended_on >= started_on", name=op.f("ck_assistance_plan_ends_after_it_starts")
        ),
        sa.CheckConstraint(
            "num_nonnulls(ended_on, end_reason) IN (0, 2)", name=op.f("ck_assistance_plan_ends_with_a_reason")
        ),
        sa.CheckConstraint("cardinality(goals) BETWEEN 1 AND 20", name=op.f("ck_assistance_plan_has_goals")),
        sa.CheckConstraint("kind IN ('HOUSEHOLD', 'PRODUCTION')", name=op.f("ck_assistance_plan_of_a_known_kind")),
        sa.CheckConstraint(
            "result IS NULL OR ended_on IS NOT NULL", name=op.f("ck_assistance_plan_result_of_what_ended")
        ),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_assistance_plan_household_id")),
        sa.ForeignKeyConstraint(["made_by_id"], ["account.id"], name=op.f("fk_assistance_plan_made_by_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_assistance_plan_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assistance_plan")),
    )
    op.create_index("ix_assistance_plan_household_id", "assistance_plan", ["household_id", "started_on"])
    op.create_index("ix_assistance_plan_made_by_id", "assistance_plan", ["made_by_id"])
    op.create_index("ix_assistance_plan_region_code", "assistance_plan", ["region_code", "id"])
    op.create_index(
        "one_plan_per_household_and_kind",
        "assistance_plan",
        ["household_id", "kind"],
        unique=True,
        postgresql_where=sa.text("ended_on IS NULL"),
    )
    op.create_table(
        "measure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=True),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("entitlement", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("approved_on", sa.Date(), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=True),
        sa.Column("delivered_on", sa.Date(), nullable=True),
        sa.Column("confirmed_on", sa.Date(), nullable=True),
        sa.Column("cancelled_on", sa.Date(), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("witness_visit_id", sa.Uuid(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("provider_organisation_id", sa.Uuid(), nullable=True),
        sa.Column("provider_helper_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("amount_fen BETWEEN 0 AND 10000000000", name=op.f("ck_measure_amount_in_range")),
        sa.CheckConstraint(
            "CASE WHEN state = 'PLANNED' THEN approved_on IS NULL WHEN state = 'CANCELLED' THEN true ELSE"
            " approved_on >= planned_on END IS TRUE",
            name=op.f("ck_measure_approved_before_it_goes_on"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(cancelled_on, cancel_reason) = CASE WHEN state = 'CANCELLED' THEN 2 ELSE 0 END",
            name=op.f("ck_measure_cancelled_for_a_reason"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(confirmed_on, witness_visit_id) = CASE WHEN state = 'CONFIRMED' THEN 2 ELSE 0 END",
            name=op.f("ck_measure_confirmed_before_a_witness"),
        ),
        sa.CheckConstraint(
            "(state IN ('DELIVERED', 'CONFIRMED')) = (delivered_on IS NOT NULL) AND (delivered_on IS NULL OR"
            " delivered_on >= coalesce(started_on, approved_on))",
            name=op.f("ck_measure_delivered_on_a_day"),
        ),
        sa.CheckConstraint("due_on IS NULL OR due_on >= planned_on", name=op.f("ck_measure_due_after_it_was_planned")),
        sa.CheckConstraint(
            "state IN ('PLANNED', 'CANCELLED') OR num_nonnulls(provider_organisation_id, provider_helper_id) > 0",
            name=op.f("ck_measure_has_a_provider_once_approved"),
        ),
        sa.CheckConstraint(
            "state IN ('PLANNED', 'APPROVED', 'DELIVERING', 'DELIVERED', 'CONFIRMED', 'CANCELLED')",
            name=op.f("ck_measure_in_a_known_state"),
        ),
        sa.CheckConstraint(
            "entitlement IN ('FULL', 'AS_MEANS_ALLOW', 'NONE')", name=op.f("ck_measure_of_a_known_entitlement")
        ),
        sa.CheckConstraint(
            "started_on IS NULL OR started_on >= approved_on", name=op.f("ck_measure_starts_after_it_was_approved")
        ),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_measure_household_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_measure_person_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["assistance_plan.id"], name=op.f("fk_measure_plan_id")),
        sa.ForeignKeyConstraint(["provider_helper_id"], ["helper.id"], name=op.f("fk_measure_provider_helper_id")),
        sa.ForeignKeyConstraint(
            ["provider_organisation_id"], ["organisation.id"], name=op.f("fk_measure_provider_organisation_id")
        ),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["account.id"], name=op.f("fk_measure_recorded_by_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_measure_region_code")),
        sa.ForeignKeyConstraint(["witness_visit_id"], ["visit.id"], name=op.f("fk_measure_witness_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measure")),
    )
    op.create_index(
        "ix_measure_delivered",
        "measure",
        ["region_code", "delivered_on"],
        postgresql_where=sa.text("state = 'DELIVERED'"),
    )
    op.create_index(
        "ix_measure_household_id", "measure", ["household_id", sa.text("planned_on DESC"), sa.text("id DESC")]
    )
    op.create_index("ix_measure_person_id", "measure", ["person_id"], postgresql_where=sa.text("person_id IS NOT NULL"))
    op.create_index("ix_measure_plan_id", "measure", ["plan_id"], postgresql_where=sa.text("plan_id IS NOT NULL"))
    op.create_index("ix_measure_planned_on", "measure", [sa.text("planned_on DESC"), sa.text("id DESC")])
    op.create_index(
        "ix_measure_provider_helper_id",
        "measure",
        ["provider_helper_id"],
        postgresql_where=sa.text("provider_helper_id IS NOT NULL"),
    )
    op.create_index(
        "ix_measure_provider_organisation_id",
        "measure",
        ["provider_organisation_id"],
        postgresql_where=sa.text("provider_organisation_id IS NOT NULL"),
    )
    op.create_index("ix_measure_recorded_by_id", "measure", ["recorded_by_id"])
    op.create_index(
        "ix_measure_region_code", "measure", ["region_code", sa.text("planned_on DESC"), sa.text("id DESC")]
    )
    op.create_index(
        "ix_measure_witness_visit_id",
        "measure",
        ["witness_visit_id"],
        postgresql_where=sa.text("witness_visit_id IS NOT NULL"),
    )
    op.create_table(
        "measure_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("measure_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("act", sa.String(length=8), nullable=False),
        sa.Column("from_state", sa.String(length=12), nullable=True),
        sa.Column("to_state", sa.String(length=12), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["measure_id"], ["measure.id"], name=op.f("fk_measure_event_measure_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["account.id"], name=op.f("fk_measure_event_recorded_by_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_measure_event_region_code")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_measure_event_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measure_event")),
    )
    op.create_index("ix_measure_event_measure_id", "measure_event", ["measure_id", "recorded_at"])
    op.create_index("ix_measure_event_recorded_by_id", "measure_event", ["recorded_by_id"])
    op.create_index("ix_measure_event_region_code", "measure_event", ["region_code"])
    op.create_index(
        "ix_measure_event_visit_id", "measure_event", ["visit_id"], postgresql_where=sa.text("visit_id IS NOT NULL")
    )


def _analyses() -> None:
    op.create_table(
        "effect_analysis",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("quarter", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("before_on", sa.Date(), nullable=False),
        sa.Column("before_income_fen", sa.BigInteger(), nullable=True),
        sa.Column("before_causes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("before_planned", sa.BigInteger(), nullable=False),
        sa.Column("before_delivered", sa.BigInteger(), nullable=False),
        sa.Column("before_confirmed", sa.BigInteger(), nullable=False),
        sa.Column("after_on", sa.Date(), nullable=False),
        sa.Column("after_income_fen", sa.BigInteger(), nullable=True),
        sa.Column("after_causes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("after_planned", sa.BigInteger(), nullable=False),
        sa.Column("after_delivered", sa.BigInteger(), nullable=False),
        sa.Column("after_confirmed", sa.BigInteger(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by_id", sa.Uuid(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("after_on >= before_on", name=op.f("ck_effect_analysis_after_is_later")),
        sa.CheckConstraint(
            "confirmed_by_id IS NULL OR confirmed_by_id <> written_by_id",
            name=op.f("ck_effect_analysis_confirmed_by_another"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(confirmed_at, confirmed_by_id) IN (0, 2)",
            name=op.f("ck_effect_analysis_confirmed_by_somebody"),
        ),
        sa.CheckConstraint("quarter ~ '^[0-9]{4}Q[1-4]$'", name=op.f("ck_effect_analysis_of_a_quarter")),
        sa.ForeignKeyConstraint(["confirmed_by_id"], ["account.id"], name=op.f("fk_effect_analysis_confirmed_by_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_effect_analysis_household_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_effect_analysis_region_code")),
        sa.ForeignKeyConstraint(["written_by_id"], ["account.id"], name=op.f("fk_effect_analysis_written_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_effect_analysis")),
        sa.UniqueConstraint("household_id", "quarter", name="one_analysis_per_household_and_quarter"),
    )
    op.create_index(
        "ix_effect_analysis_confirmed_by_id",
        "effect_analysis",
        ["confirmed_by_id"],
        postgresql_where=sa.text("confirmed_by_id IS NOT NULL"),
    )
    op.create_index("ix_effect_analysis_quarter", "effect_analysis", [sa.text("quarter DESC"), sa.text("id DESC")])
    op.create_index(
        "ix_effect_analysis_region_code",
        "effect_analysis",
        ["region_code", sa.text("quarter DESC"), sa.text("id DESC")],
    )
    op.create_index("ix_effect_analysis_written_by_id", "effect_analysis", ["written_by_id"])


def _relief() -> None:
    op.create_table(
        "relief",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("term", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_by_id", sa.Uuid(), nullable=False),
        sa.Column("clue_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=8), server_default="GIVEN", nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_by_id", sa.Uuid(), nullable=True),
        sa.Column("review_note", sa.Text(), nullable=True),
        sa.CheckConstraint("amount_fen BETWEEN 1 AND 10000000000", name=op.f("ck_relief_amount_in_range")),
        sa.CheckConstraint("term ~ '^[0-9]{4}(-(0[1-9]|1[0-2])|Q[1-4])?$'", name=op.f("ck_relief_for_a_term")),
        sa.CheckConstraint("state IN ('GIVEN', 'REVIEWED', 'REVOKED')", name=op.f("ck_relief_in_a_known_state")),
        sa.CheckConstraint(
            "reviewed_by_id IS NULL OR reviewed_by_id <> given_by_id", name=op.f("ck_relief_reviewed_by_another")
        ),
        sa.CheckConstraint(
            "num_nonnulls(reviewed_at, reviewed_by_id) = CASE WHEN state = 'GIVEN' THEN 0 ELSE 2 END",
            name=op.f("ck_relief_reviewed_by_somebody"),
        ),
        sa.ForeignKeyConstraint(["clue_id"], ["clue.id"], name=op.f("fk_relief_clue_id")),
        sa.ForeignKeyConstraint(["given_by_id"], ["account.id"], name=op.f("fk_relief_given_by_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_relief_household_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_relief_organisation_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_relief_person_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_relief_region_code")),
        sa.ForeignKeyConstraint(["reviewed_by_id"], ["account.id"], name=op.f("fk_relief_reviewed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relief")),
    )
    op.create_index("ix_relief_clue_id", "relief", ["clue_id"], postgresql_where=sa.text("clue_id IS NOT NULL"))
    op.create_index("ix_relief_given_by_id", "relief", ["given_by_id"])
    op.create_index("ix_relief_given_on", "relief", [sa.text("given_on DESC"), sa.text("id DESC")])
    op.create_index("ix_relief_household_id", "relief", ["household_id", sa.text("given_on DESC"), sa.text("id DESC")])
    op.create_index(
        "ix_relief_organisation_id",
        "relief",
        ["organisation_id"],
        postgresql_where=sa.text("organisation_id IS NOT NULL"),
    )
    op.create_index("ix_relief_person_id", "relief", ["person_id"], postgresql_where=sa.text("person_id IS NOT NULL"))
    op.create_index("ix_relief_region_code", "relief", ["region_code", sa.text("given_on DESC"), sa.text("id DESC")])
    op.create_index(
        "ix_relief_reviewed_by_id", "relief", ["reviewed_by_id"], postgresql_where=sa.text("reviewed_by_id IS NOT NULL")
    )
    op.create_index(
        "one_relief_per_household_kind_and_term",
        "relief",
        ["household_id", "kind", "term"],
        unique=True,
        postgresql_where=sa.text("person_id IS NULL AND state <> 'REVOKED'"),
    )
    op.create_index(
        "one_relief_per_person_kind_and_term",
        "relief",
        ["person_id", "kind", "term"],
        unique=True,
        postgresql_where=sa.text("person_id IS NOT NULL AND state <> 'REVOKED'"),
    )


def downgrade() -> None:
    for table in ("relief", "effect_analysis", "measure_event", "measure", "assistance_plan"):
        op.drop_table(table)
