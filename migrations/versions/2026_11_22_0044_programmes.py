"""Programme cases of civil affairs (the 3866 mechanism), and what happened to them.

Revision: 0044_programmes; follows: 0046_grades
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0044_programmes"
down_revision = "0057_help_walls"
branch_labels = None
depends_on = None

# As in 0010_clues and 0015_matrix.
IN_REGION = """(region_code >= current_setting('ruhu.region_from', true)
    AND region_code < current_setting('ruhu.region_to', true)
    AND (coalesce(current_setting('ruhu.region_spans', true), '') NOT LIKE '_%'
         OR region_code ^@ ANY (string_to_array(current_setting('ruhu.region_spans', true), ','))))"""
SEES = f"{IN_REGION} OR household_id = ANY ((SELECT ruhu_listed_households())::uuid[])"
MET_REGION = "region_code ^@ ANY (string_to_array(current_setting('ruhu.met_spans', true), ','))"
MET = f"{MET_REGION} OR household_id = ANY ((SELECT ruhu_met_households())::uuid[])"

TABLES = ("programme_case", "programme_case_event")

# As clues do (0010_clues): whoever is responsible for a family now goes on with it.
FOLLOW = """
CREATE FUNCTION ruhu_programme_cases_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
BEGIN
  UPDATE programme_case SET region_code = NEW.region_code WHERE household_id = NEW.id;
  UPDATE programme_case_event SET region_code = NEW.region_code WHERE household_id = NEW.id;
  RETURN NULL;
END
$function$
"""


def upgrade() -> None:
    op.create_table(
        "programme_case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("recipient_class", sa.Text(), nullable=False),
        sa.Column("groups", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("services", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("step", sa.String(length=10), nullable=False),
        sa.Column("step_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("began_on", sa.Date(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(ended_on, end_reason) IN (0, 2)", name=op.f("ck_programme_case_ends_with_a_reason")
        ),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_programme_case_household_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_programme_case_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programme_case")),
    )
    op.create_index("ix_programme_case_household_id", "programme_case", ["household_id"])
    op.create_index(
        "one_open_programme_case",
        "programme_case",
        ["household_id"],
        unique=True,
        postgresql_where=sa.text("ended_on IS NULL"),
    )
    op.create_index("ix_programme_case_region_code", "programme_case", ["region_code", "began_on", "id"])
    op.create_index("ix_programme_case_began_on", "programme_case", [sa.text("began_on DESC"), sa.text("id DESC")])
    op.create_table(
        "programme_case_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_case_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("event", sa.String(length=10), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("from_step", sa.String(length=10), nullable=True),
        sa.Column("to_step", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("services", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_case_id"], ["programme_case.id"], name=op.f("fk_programme_case_event_programme_case_id")
        ),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_programme_case_event_household_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_programme_case_event_region_code")),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["account.id"], name=op.f("fk_programme_case_event_recorded_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programme_case_event")),
    )
    op.create_index(
        "ix_programme_case_event_programme_case_id",
        "programme_case_event",
        ["programme_case_id", "recorded_at", "id"],
    )
    for column in ("household_id", "region_code", "recorded_by_id"):
        op.create_index(f"ix_programme_case_event_{column}", "programme_case_event", [column])
    _walls()
    op.execute(FOLLOW)
    op.execute("ALTER FUNCTION ruhu_programme_cases_follow() OWNER TO ruhu_machine")
    op.execute(
        "CREATE TRIGGER programme_cases_follow AFTER UPDATE OF region_code ON household FOR EACH ROW"
        " WHEN (OLD.region_code <> NEW.region_code) EXECUTE FUNCTION ruhu_programme_cases_follow()"
    )


def _walls() -> None:
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO ruhu_machine")
        op.execute(f"CREATE POLICY owner ON {table} TO ruhu_owner USING (true) WITH CHECK (true)")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO ruhu_app")
        op.execute(f"CREATE POLICY seen ON {table} FOR SELECT TO ruhu_app USING ({SEES})")
        op.execute(f"CREATE POLICY born ON {table} FOR INSERT TO ruhu_app WITH CHECK ({IN_REGION})")
        op.execute(f"CREATE POLICY born_met ON {table} AS RESTRICTIVE FOR INSERT TO ruhu_app WITH CHECK ({MET})")
    op.execute("GRANT UPDATE (step, step_since, services, ended_on, end_reason) ON programme_case TO ruhu_app")
    op.execute(
        f"CREATE POLICY changed ON programme_case FOR UPDATE TO ruhu_app USING ({IN_REGION}) WITH CHECK ({IN_REGION})"
    )
    op.execute(
        "CREATE POLICY changed_met ON programme_case AS RESTRICTIVE FOR UPDATE TO ruhu_app"
        f" USING (true) WITH CHECK ({MET})"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER programme_cases_follow ON household")
    op.execute("DROP FUNCTION ruhu_programme_cases_follow()")
    for table in reversed(TABLES):
        op.drop_table(table)
