"""Sweeps from door to door, disasters, and the households that they are for.

Revision: 0028_sweeps; follows: 0027_lists
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0028_sweeps"
down_revision = "0027_lists"
branch_labels = None
depends_on = None

# As in 0010_clues.
IN_REGION = """(region_code >= current_setting('ruhu.region_from', true)
    AND region_code < current_setting('ruhu.region_to', true)
    AND (coalesce(current_setting('ruhu.region_spans', true), '') NOT LIKE '_%'
         OR region_code ^@ ANY (string_to_array(current_setting('ruhu.region_spans', true), ','))))"""
SEES = f"{IN_REGION} OR household_id = ANY ((SELECT ruhu_listed_households())::uuid[])"
MET_REGION = "region_code ^@ ANY (string_to_array(current_setting('ruhu.met_spans', true), ','))"
# Whoever has a family in a campaign may know what the campaign is; the policy of entries says which families those are.
SWEEP_SEEN = f"{IN_REGION} OR EXISTS (SELECT FROM sweep_entry e WHERE e.sweep_id = sweep.id)"
DISASTER_SEEN = f"{IN_REGION} OR EXISTS (SELECT FROM sweep_entry e WHERE e.sweep_id = disaster.id)"

# As clues do (0010_clues): whoever is responsible for a family now calls on it.
ENTRIES_FOLLOW = """
CREATE FUNCTION ruhu_sweep_entries_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
BEGIN
  UPDATE sweep_entry SET region_code = NEW.region_code WHERE household_id = NEW.id;
  RETURN NULL;
END
$function$
"""

EVENTS = {
    "insert": "INSERT ON sweep_entry REFERENCING NEW TABLE AS new_rows",
    "update": "UPDATE ON sweep_entry REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
}


def upgrade() -> None:
    op.create_table(
        "sweep",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("groups", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("purposes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by_id", sa.Uuid(), nullable=True),
        sa.Column("gathered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("until_on >= from_on", name=op.f("ck_sweep_ends_after_it_begins")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_sweep_region_code")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["account.id"], name=op.f("fk_sweep_opened_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sweep")),
        sa.UniqueConstraint("region_code", "kind", "period", name="one_sweep_per_region_and_period"),
    )
    op.create_index("ix_sweep_from_on", "sweep", [sa.text("from_on DESC"), sa.text("id DESC")])
    op.create_index(
        "ix_sweep_opened_by_id", "sweep", ["opened_by_id"], postgresql_where=sa.text("opened_by_id IS NOT NULL")
    )
    op.create_table(
        "disaster",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("area", Geometry("MULTIPOLYGON", 4326, spatial_index=False), nullable=False),
        sa.Column("sent_area", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sent_datum", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["sweep.id"], name=op.f("fk_disaster_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_disaster_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disaster")),
    )
    op.create_index("ix_disaster_region_code", "disaster", ["region_code"])
    op.create_table(
        "sweep_entry",
        sa.Column("sweep_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("groups", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("is_unlocated", sa.Boolean(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("excluded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("excluded_by_id", sa.Uuid(), nullable=True),
        sa.Column("exclusion_reason", sa.Text(), nullable=True),
        sa.Column("exclusion_note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(excluded_at, excluded_by_id, exclusion_reason) IN (0, 3)",
            name=op.f("ck_sweep_entry_excluded_for_a_reason"),
        ),
        sa.ForeignKeyConstraint(["sweep_id"], ["sweep.id"], name=op.f("fk_sweep_entry_sweep_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_sweep_entry_household_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_sweep_entry_region_code")),
        sa.ForeignKeyConstraint(["excluded_by_id"], ["account.id"], name=op.f("fk_sweep_entry_excluded_by_id")),
        sa.PrimaryKeyConstraint("sweep_id", "household_id", name=op.f("pk_sweep_entry")),
    )
    op.create_index("ix_sweep_entry_sweep_id", "sweep_entry", ["sweep_id", "region_code", "household_id"])
    for column in ("household_id", "region_code"):
        op.create_index(f"ix_sweep_entry_{column}", "sweep_entry", [column])
    op.create_index(
        "ix_sweep_entry_excluded_by_id",
        "sweep_entry",
        ["excluded_by_id"],
        postgresql_where=sa.text("excluded_by_id IS NOT NULL"),
    )
    _walls()
    op.execute(ENTRIES_FOLLOW)
    op.execute("ALTER FUNCTION ruhu_sweep_entries_follow() OWNER TO ruhu_machine")
    op.execute(
        "CREATE TRIGGER sweep_entries_follow AFTER UPDATE OF region_code ON household FOR EACH ROW"
        " WHEN (OLD.region_code <> NEW.region_code) EXECUTE FUNCTION ruhu_sweep_entries_follow()"
    )
    # Told of as clues are (0010_clues): no phone pulls them yet.
    for event, clause in EVENTS.items():
        op.execute(
            f"CREATE TRIGGER change_{event} AFTER {clause} FOR EACH STATEMENT"
            " EXECUTE FUNCTION ruhu_note_change('sweep_entry', 'household_id', 'household_id')"
        )


def _walls() -> None:
    for table in ("sweep", "disaster", "sweep_entry"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO ruhu_machine")
        op.execute(f"CREATE POLICY owner ON {table} TO ruhu_owner USING (true) WITH CHECK (true)")
    for table, seen in (("sweep", SWEEP_SEEN), ("disaster", DISASTER_SEEN), ("sweep_entry", SEES)):
        op.execute(f"GRANT SELECT ON {table} TO ruhu_app")
        op.execute(f"CREATE POLICY seen ON {table} FOR SELECT TO ruhu_app USING ({seen})")
    for table in ("sweep", "disaster"):
        op.execute(f"GRANT INSERT ON {table} TO ruhu_app")
        op.execute(f"CREATE POLICY born ON {table} FOR INSERT TO ruhu_app WITH CHECK ({IN_REGION})")
    # Who a sweep is for is written by the worker; people say why one of them is left out.
    op.execute(
        "GRANT UPDATE (excluded_at, excluded_by_id, exclusion_reason, exclusion_note) ON sweep_entry TO ruhu_app"
    )
    op.execute(f"CREATE POLICY changed ON sweep_entry FOR UPDATE TO ruhu_app USING ({SEES}) WITH CHECK ({SEES})")
    # As in 0015_matrix: by those who meet the family.
    op.execute(
        "CREATE POLICY changed_met ON sweep_entry AS RESTRICTIVE FOR UPDATE TO ruhu_app"
        f" USING (true) WITH CHECK ({MET_REGION} OR household_id = ANY ((SELECT ruhu_met_households())::uuid[]))"
    )
    for table in ("sweep", "disaster"):
        op.execute(f"CREATE POLICY born_met ON {table} AS RESTRICTIVE FOR INSERT TO ruhu_app WITH CHECK ({MET_REGION})")


def downgrade() -> None:
    op.execute("DROP TRIGGER sweep_entries_follow ON household")
    op.execute("DROP FUNCTION ruhu_sweep_entries_follow()")
    for table in ("sweep", "disaster"):  # theirs name the table of entries
        op.execute(f"DROP POLICY seen ON {table}")
    for table in ("sweep_entry", "disaster", "sweep"):
        op.drop_table(table)
