"""What families earn and spend, and the clues that one may be slipping.

Revision: 0010_clues; follows: 0009_wide_lists
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010_clues"
down_revision = "0009_wide_lists"
branch_labels = None
depends_on = None

# As in 0003_walls, with 0009_wide_lists' way to say that no prefixes are set.
IN_REGION = """(region_code >= current_setting('ruhu.region_from', true)
    AND region_code < current_setting('ruhu.region_to', true)
    AND (coalesce(current_setting('ruhu.region_spans', true), '') NOT LIKE '_%'
         OR region_code ^@ ANY (string_to_array(current_setting('ruhu.region_spans', true), ','))))"""
SEES = f"{IN_REGION} OR household_id = ANY ((SELECT ruhu_listed_households())::uuid[])"
OF_A_CLUE = "EXISTS (SELECT FROM clue c WHERE c.id = clue_id)"

SETTLED = "state, stopped_at, settled_at, settled_by_id, visit_id, reason"

# table: (who sees and writes a row, the columns that change after it was born). A figure is only ever marked as
# superseded. A clue is settled, or goes on with the household that its own was merged into.
TABLES = {
    "income_statement": (SEES, "superseded_at"),
    "clue": (
        SEES,
        SETTLED + ", household_id, region_code, received_at, began_on, due_on",
    ),
    "clue_witness": (OF_A_CLUE, "clue_id, region_code"),
}

# As visits do (0005_visits): whoever is responsible for a family now sees its figures and works on its clues.
CLUES_FOLLOW = """
CREATE FUNCTION ruhu_clues_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
BEGIN
  UPDATE clue_witness w SET region_code = NEW.region_code FROM clue c WHERE c.id = w.clue_id AND c.household_id = NEW.id;
  UPDATE clue SET region_code = NEW.region_code WHERE household_id = NEW.id;
  UPDATE income_statement SET region_code = NEW.region_code WHERE household_id = NEW.id;
  RETURN NULL;
END
$function$
"""

EVENTS = {
    "insert": "INSERT ON clue REFERENCING NEW TABLE AS new_rows",
    "update": "UPDATE ON clue REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
}


def upgrade() -> None:
    op.create_table(
        "income_statement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("supersedes_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("amount_fen BETWEEN 0 AND 10000000000", name=op.f("ck_income_statement_amount_in_range")),
        sa.CheckConstraint("extract(day FROM month) = 1", name=op.f("ck_income_statement_month_by_its_first_day")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_income_statement_household_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_income_statement_region_code")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_income_statement_person_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_income_statement_visit_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["account.id"], name=op.f("fk_income_statement_recorded_by_id")),
        sa.ForeignKeyConstraint(
            ["supersedes_id"], ["income_statement.id"], name=op.f("fk_income_statement_supersedes_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_income_statement")),
        sa.UniqueConstraint("supersedes_id", name=op.f("uq_income_statement_supersedes_id")),
    )
    op.create_index("ix_income_statement_household_id", "income_statement", ["household_id", "month"])
    op.create_index("ix_income_statement_region_code", "income_statement", ["region_code"])
    op.create_index("ix_income_statement_recorded_by_id", "income_statement", ["recorded_by_id"])
    for column in ("person_id", "visit_id"):
        op.create_index(
            f"ix_income_statement_{column}",
            "income_statement",
            [column],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    op.create_index(
        "one_figure_per_origin",
        "income_statement",
        ["household_id", "month", "kind", "origin", "person_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_table(
        "clue",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("sign", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("began_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), server_default="NEW", nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by_id", sa.Uuid(), nullable=True),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("due_on >= began_on", name=op.f("ck_clue_due_after_it_began")),
        sa.CheckConstraint(
            "num_nonnulls(stopped_at, settled_at) = CASE WHEN state = 'NEW' THEN 0 ELSE 2 END",
            name=op.f("ck_clue_settled_unless_new"),
        ),
        sa.CheckConstraint(
            "(state IN ('VERIFIED', 'DISMISSED')) = (visit_id IS NOT NULL)", name=op.f("ck_clue_verified_at_the_door")
        ),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_clue_household_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_clue_region_code")),
        sa.ForeignKeyConstraint(["settled_by_id"], ["account.id"], name=op.f("fk_clue_settled_by_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_clue_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clue")),
        sa.UniqueConstraint("household_id", "sign", "period", name="one_clue_per_sign_and_period"),
    )
    op.create_index("ix_clue_region_code", "clue", ["region_code", "due_on", "id"])
    op.create_index("ix_clue_due_on", "clue", ["due_on", "id"])
    for column in ("settled_by_id", "visit_id"):
        op.create_index(f"ix_clue_{column}", "clue", [column], postgresql_where=sa.text(f"{column} IS NOT NULL"))
    op.create_table(
        "clue_witness",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clue_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["clue_id"], ["clue.id"], name=op.f("fk_clue_witness_clue_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_clue_witness_region_code")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["account.id"], name=op.f("fk_clue_witness_recorded_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clue_witness")),
        sa.UniqueConstraint("clue_id", "source", "reference", name="one_witness_per_reference"),
    )
    op.create_index("ix_clue_witness_region_code", "clue_witness", ["region_code"])
    op.create_index(
        "ix_clue_witness_recorded_by_id",
        "clue_witness",
        ["recorded_by_id"],
        postgresql_where=sa.text("recorded_by_id IS NOT NULL"),
    )
    _walls()
    for table in ("clue", "income_statement"):
        op.execute(f"ALTER TABLE {table} ALTER region_code SET STATISTICS 1000")  # as 0009_wide_lists says
    op.execute(CLUES_FOLLOW)
    op.execute("ALTER FUNCTION ruhu_clues_follow() OWNER TO ruhu_machine")
    op.execute(
        "CREATE TRIGGER clues_follow AFTER UPDATE OF region_code ON household FOR EACH ROW"
        " WHEN (OLD.region_code <> NEW.region_code) EXECUTE FUNCTION ruhu_clues_follow()"
    )
    # No phone pulls clues yet, but the feed of their area tells of them: for whoever waits for one to be raised.
    for event, clause in EVENTS.items():
        op.execute(
            f"CREATE TRIGGER change_{event} AFTER {clause} FOR EACH STATEMENT"
            " EXECUTE FUNCTION ruhu_note_change('clue', 'id', 'household_id')"
        )


def _walls() -> None:
    for table, (seen, changing) in TABLES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO ruhu_machine")
        op.execute(f"CREATE POLICY owner ON {table} TO ruhu_owner USING (true) WITH CHECK (true)")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO ruhu_app")
        op.execute(f"GRANT UPDATE ({changing}) ON {table} TO ruhu_app")
        op.execute(f"CREATE POLICY seen ON {table} FOR SELECT TO ruhu_app USING ({seen})")
        op.execute(f"CREATE POLICY born ON {table} FOR INSERT TO ruhu_app WITH CHECK ({seen})")
        op.execute(f"CREATE POLICY changed ON {table} FOR UPDATE TO ruhu_app USING ({seen}) WITH CHECK ({seen})")


def downgrade() -> None:
    op.execute("DROP TRIGGER clues_follow ON household")
    op.execute("DROP FUNCTION ruhu_clues_follow()")
    for table in ("clue_witness", "clue", "income_statement"):
        op.drop_table(table)
