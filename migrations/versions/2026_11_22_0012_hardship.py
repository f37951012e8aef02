"""Reports of hardship from people without an account.

Revision: 0012_hardship; follows: 0011_sign_in

A report is taken in under the settings of its township's desk (domain/hardship/rules.py, desk_of): the transaction sees
that township and nothing else. Whoever reports sees nothing of it. Two things go beyond a township and are functions: how
many came from one address, and what a receipt tells.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012_hardship"
down_revision = "0011_sign_in"
branch_labels = None
depends_on = None

# As in 0010_clues.
IN_REGION = """(region_code >= current_setting('ruhu.region_from', true)
    AND region_code < current_setting('ruhu.region_to', true)
    AND (coalesce(current_setting('ruhu.region_spans', true), '') NOT LIKE '_%'
         OR region_code ^@ ANY (string_to_array(current_setting('ruhu.region_spans', true), ','))))"""

# Three rows, in this order: of the address, of the number and of the village of a report, how many came since then and
# when the first. The locks make reports that count together wait for each other; always in the same order.
COUNT = """
CREATE FUNCTION ruhu_count_hardship_reports(
  report uuid, sender_since timestamptz, phone_since timestamptz, village_since timestamptz
) RETURNS TABLE (number bigint, earliest timestamptz) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  mine hardship_report;
BEGIN
  SELECT * INTO mine FROM hardship_report WHERE id = report;
  PERFORM pg_advisory_xact_lock(key) FROM (
    SELECT DISTINCT hashtextextended(counted, 7) AS key
    FROM unnest(ARRAY[encode(mine.sender_mac, 'hex'), 'phone ' || mine.phone, mine.region_code]) AS counted
    WHERE counted IS NOT NULL ORDER BY 1) AS keys;
  RETURN QUERY SELECT count(*), min(r.received_at) FROM hardship_report r
    WHERE r.sender_mac = mine.sender_mac AND r.received_at > sender_since;
  RETURN QUERY SELECT count(*), min(r.received_at) FROM hardship_report r
    WHERE r.phone = mine.phone AND r.received_at > phone_since;
  RETURN QUERY SELECT count(*), min(r.received_at) FROM hardship_report r
    WHERE r.region_code = mine.region_code AND r.received_at > village_since;
END
$$
"""

# Codes and days only: no name, no place, no id. The clue is found by its witness, which goes along with a merger.
TELL = """
CREATE FUNCTION ruhu_hardship_report_of(receipt bytea, since timestamptz)
RETURNS TABLE (received_at timestamptz, began_on date, due_on date, matching text, reason text,
               clue_state text, clue_settled_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT r.received_at, r.began_on, r.due_on, r.matching, r.reason, c.state, c.settled_at
  FROM hardship_report r
  LEFT JOIN LATERAL (
    SELECT clue.state, clue.settled_at FROM clue_witness w JOIN clue ON clue.id = w.clue_id
    WHERE w.source = 'SELF_REPORT' AND w.reference = r.id::text ORDER BY clue.settled_at NULLS FIRST LIMIT 1) AS c ON true
  WHERE r.receipt_mac = receipt AND r.received_at > since
$$
"""

FUNCTIONS = {
    "ruhu_count_hardship_reports(uuid, timestamptz, timestamptz, timestamptz)": COUNT,
    "ruhu_hardship_report_of(bytea, timestamptz)": TELL,
}


def upgrade() -> None:
    op.create_table(
        "hardship_report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("began_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("receipt_mac", sa.LargeBinary(), nullable=False),
        sa.Column("sender_mac", sa.LargeBinary(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("id_number", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("is_for_somebody_else", sa.Boolean(), nullable=False),
        sa.Column("sign", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("matching", sa.String(length=10), server_default="WAITING", nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.CheckConstraint(
            "(matching = 'WAITING') = (settled_at IS NULL)", name=op.f("ck_hardship_report_settled_unless_waiting")
        ),
        sa.CheckConstraint(
            "(matching = 'DISMISSED') = (reason IS NOT NULL)", name=op.f("ck_hardship_report_dismissed_for_a_reason")
        ),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_hardship_report_region_code")),
        sa.ForeignKeyConstraint(["settled_by_id"], ["account.id"], name=op.f("fk_hardship_report_settled_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hardship_report")),
        sa.UniqueConstraint("receipt_mac", name=op.f("uq_hardship_report_receipt_mac")),
    )
    op.create_index("ix_hardship_report_region_code", "hardship_report", ["region_code", "due_on", "id"])
    op.create_index("ix_hardship_report_received_at", "hardship_report", ["region_code", "received_at"])
    op.create_index("ix_hardship_report_sender_mac", "hardship_report", ["sender_mac", "received_at"])
    for column, columns in (("phone", ["phone", "received_at"]), ("settled_by_id", ["settled_by_id"])):
        op.create_index(
            f"ix_hardship_report_{column}",
            "hardship_report",
            columns,
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    op.create_index(
        "ix_clue_witness_reference",
        "clue_witness",
        ["reference"],
        postgresql_where=sa.text("source = 'SELF_REPORT'"),
    )
    op.execute("ALTER TABLE hardship_report ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE hardship_report FORCE ROW LEVEL SECURITY")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON hardship_report TO ruhu_machine")
    op.execute("CREATE POLICY owner ON hardship_report TO ruhu_owner USING (true) WITH CHECK (true)")
    op.execute("GRANT SELECT, INSERT ON hardship_report TO ruhu_app")
    op.execute("GRANT UPDATE (matching, settled_at, settled_by_id, reason) ON hardship_report TO ruhu_app")
    op.execute(f"CREATE POLICY seen ON hardship_report FOR SELECT TO ruhu_app USING ({IN_REGION})")
    op.execute(f"CREATE POLICY born ON hardship_report FOR INSERT TO ruhu_app WITH CHECK ({IN_REGION})")
    op.execute(
        f"CREATE POLICY changed ON hardship_report FOR UPDATE TO ruhu_app USING ({IN_REGION}) WITH CHECK ({IN_REGION})"
    )
    for function, statement in FUNCTIONS.items():
        op.execute(statement)
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM public")
        op.execute(f"ALTER FUNCTION {function} OWNER TO ruhu_machine")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO ruhu_app, ruhu_owner")


def downgrade() -> None:
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    op.drop_index("ix_clue_witness_reference", "clue_witness")
    op.drop_table("hardship_report")
