"""Moves that the receiving township accepts: the request, its wall, and the one step across both areas.

Revision: 0006_moves; follows: 0005_visits
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006_moves"
down_revision = "0005_visits"
branch_labels = None
depends_on = None


def in_region(column: str) -> str:
    """As in 0003_walls, for a column of any name."""
    return f"""({column} >= current_setting('ruhu.region_from', true)
    AND {column} < current_setting('ruhu.region_to', true)
    AND (coalesce(current_setting('ruhu.region_spans', true), '') = ''
         OR {column} ^@ ANY (string_to_array(current_setting('ruhu.region_spans', true), ','))))"""


OLD_SIDE, NEW_SIDE = in_region("region_code"), in_region("to_region_code")

# Whoever receives a family does not see it, nor may they write to the area it leaves. The alternative, settings that hold
# both areas until the transaction ends, would open all families of both to every statement that follows. This opens one
# family, and takes nothing from the caller but which request: who moves and where to stands in the row, which only the old
# side can have written (policy `born`; the app role cannot change it). The request must still be open, the caller's region
# must hold the new village, and the family must still live in the old one, whose officers asked.
#
# Both villages are the same where one was merged into the other since then. The household's region is written before the
# rest: what is written under the old village's code would look present to its feed.
ACCEPT_MOVE = f"""
CREATE FUNCTION ruhu_accept_move(move_id uuid, accepted_at timestamptz, why text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $function$
DECLARE
  asked household_move;
  family uuid;
  village text;
BEGIN
  SELECT * INTO asked FROM household_move WHERE id = move_id AND state = 'ASKED' AND {NEW_SIDE} FOR UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  family := asked.household_id;
  village := asked.to_region_code;
  UPDATE household SET region_code = village
  WHERE id = family AND region_code = asked.region_code AND region_code <> village AND ended_on IS NULL;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE person SET region_code = village WHERE household_id = family OR left_household_id = family;
  UPDATE membership SET region_code = village WHERE household_id = family;
  UPDATE household_event SET region_code = village WHERE household_id = family;
  UPDATE roster_entry SET region_code = village WHERE household_id = family;
  UPDATE pairing SET region_code = village
  WHERE household_id = family OR person_id IN (SELECT id FROM person WHERE household_id = family);
  UPDATE household_access SET region_code = village WHERE household_id = family;
  UPDATE household_move SET state = 'ACCEPTED', decided_at = accepted_at, decision_reason = why,
                            decided_by_id = ruhu_viewer_uuid('viewer_id')
  WHERE id = move_id;
  RETURN true;
END
$function$
"""


def upgrade() -> None:
    op.create_table(
        "household_move",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("to_region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("household_code", sa.Text(), nullable=False),
        sa.Column("head_name", sa.Text(), nullable=False),
        sa.Column("member_count", sa.BigInteger(), nullable=False),
        sa.Column("moves_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("location", postgresql.JSONB(astext_type=sa.Text(), none_as_null=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(decided_at, decided_by_id) = CASE WHEN state = 'ASKED' THEN 0 ELSE 2 END",
            name=op.f("ck_household_move_decided_by_somebody"),
        ),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_household_move_household_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_household_move_region_code")),
        sa.ForeignKeyConstraint(["to_region_code"], ["region.code"], name=op.f("fk_household_move_to_region_code")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["account.id"], name=op.f("fk_household_move_asked_by_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_household_move_decided_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_move")),
    )
    op.create_index("ix_household_move_household_id", "household_move", ["household_id"])
    op.create_index("ix_household_move_asked_by_id", "household_move", ["asked_by_id"])
    op.create_index("ix_household_move_region_code", "household_move", ["region_code", "asked_at"])
    op.create_index("ix_household_move_to_region_code", "household_move", ["to_region_code", "asked_at"])
    op.create_index(
        "ix_household_move_decided_by_id",
        "household_move",
        ["decided_by_id"],
        postgresql_where=sa.text("decided_by_id IS NOT NULL"),
    )
    op.create_index(
        "one_open_move_per_household",
        "household_move",
        ["household_id"],
        unique=True,
        postgresql_where=sa.text("state = 'ASKED'"),
    )
    op.execute("ALTER TABLE household_move ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE household_move FORCE ROW LEVEL SECURITY")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON household_move TO ruhu_machine")
    op.execute("CREATE POLICY owner ON household_move TO ruhu_owner USING (true) WITH CHECK (true)")
    op.execute("GRANT SELECT, INSERT ON household_move TO ruhu_app")
    # The app role closes a request and never accepts one by itself, nor changes what was asked.
    op.execute("GRANT UPDATE (state, decided_at, decided_by_id, decision_reason) ON household_move TO ruhu_app")
    op.execute(f"CREATE POLICY seen ON household_move FOR SELECT TO ruhu_app USING ({OLD_SIDE} OR {NEW_SIDE})")
    op.execute(
        "CREATE POLICY born ON household_move FOR INSERT TO ruhu_app"
        f" WITH CHECK ({OLD_SIDE} AND state = 'ASKED' AND asked_by_id = ruhu_viewer_uuid('viewer_id'))"
    )
    op.execute(
        f"CREATE POLICY changed ON household_move FOR UPDATE TO ruhu_app USING ({OLD_SIDE} OR {NEW_SIDE})"
        " WITH CHECK (state IN ('DECLINED', 'WITHDRAWN') AND decided_by_id = ruhu_viewer_uuid('viewer_id'))"
    )
    op.execute(ACCEPT_MOVE)
    op.execute("REVOKE ALL ON FUNCTION ruhu_accept_move(uuid, timestamptz, text) FROM public")
    op.execute("ALTER FUNCTION ruhu_accept_move(uuid, timestamptz, text) OWNER TO ruhu_machine")
    op.execute("GRANT EXECUTE ON FUNCTION ruhu_accept_move(uuid, timestamptz, text) TO ruhu_app, ruhu_owner")


def downgrade() -> None:
    op.execute("DROP FUNCTION ruhu_accept_move(uuid, timestamptz, text)")
    op.drop_table("household_move")
