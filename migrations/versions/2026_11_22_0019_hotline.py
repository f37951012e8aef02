"""Calls to the hotline beside farmers' reports; families are looked for after the answer.

Revision: 0019_hotline; follows: 0012_hardship

A call lies in the same table and is taken in by the same desk. Whoever entered it sees no row: what they may know of their
calls, ids, codes and days, comes from a function that asks who they are by itself.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019_hotline"
down_revision = "0012_hardship"
branch_labels = None
depends_on = None

# As in 0012_hardship, but for calls: they count for nobody, and are never too many.
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
    WHERE r.sender_mac = mine.sender_mac AND r.received_at > sender_since {of_farmers};
  RETURN QUERY SELECT count(*), min(r.received_at) FROM hardship_report r
    WHERE r.phone = mine.phone AND r.received_at > phone_since {of_farmers};
  RETURN QUERY SELECT count(*), min(r.received_at) FROM hardship_report r
    WHERE r.region_code = mine.region_code AND r.received_at > village_since {of_farmers};
END
$$
"""

FACTS = "r.received_at, r.began_on, r.due_on, r.matching, r.reason, c.state, c.settled_at"
TOLD = """received_at timestamptz, began_on date, due_on date, matching text, reason text,
               clue_state text, clue_settled_at timestamptz"""
CLUE = """LEFT JOIN LATERAL (
    SELECT clue.state, clue.settled_at FROM clue_witness w JOIN clue ON clue.id = w.clue_id
    WHERE w.source IN {sources} AND w.reference = r.id::text ORDER BY clue.settled_at NULLS FIRST LIMIT 1) AS c ON true"""

TELL = f"""
CREATE FUNCTION ruhu_hardship_report_of(receipt bytea, since timestamptz)
RETURNS TABLE ({TOLD})
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT {FACTS}
  FROM hardship_report r
  {CLUE}
  WHERE r.receipt_mac = receipt AND r.received_at > since
$$
"""

# The calls that the viewer has entered, and nobody else's: the newest first.
CALLS = f"""
CREATE FUNCTION ruhu_hotline_calls(since timestamptz, most integer)
RETURNS TABLE (id uuid, {TOLD})
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT r.id, {FACTS}
  FROM hardship_report r
  {CLUE}
  WHERE r.entered_by_id = ruhu_viewer_uuid('viewer_id') AND r.received_at > since
  ORDER BY r.received_at DESC, r.id LIMIT most
$$
"""

# Which reports nobody has looked for a family of yet, and where: no more than that.
WAITING = """
CREATE FUNCTION ruhu_reports_without_a_look(most integer)
RETURNS TABLE (id uuid, region_code text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT r.id, r.region_code FROM hardship_report r
  WHERE r.looked_at IS NULL AND r.matching = 'WAITING' ORDER BY r.received_at, r.id LIMIT most
$$
"""

CHANGED = {
    "ruhu_count_hardship_reports(uuid, timestamptz, timestamptz, timestamptz)": (
        COUNT.format(of_farmers="AND r.source = 'SELF_REPORT'"),
        COUNT.format(of_farmers=""),
    ),
    "ruhu_hardship_report_of(bytea, timestamptz)": (
        TELL.format(sources="('SELF_REPORT', 'HOTLINE')"),
        TELL.format(sources="('SELF_REPORT')"),
    ),
}
NEW = {
    "ruhu_hotline_calls(timestamptz, integer)": CALLS.format(sources="('SELF_REPORT', 'HOTLINE')"),
    "ruhu_reports_without_a_look(integer)": WAITING,
}


def _made(function: str, statement: str) -> None:
    op.execute(statement)
    op.execute(f"REVOKE ALL ON FUNCTION {function} FROM public")
    op.execute(f"ALTER FUNCTION {function} OWNER TO ruhu_machine")
    op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO ruhu_app, ruhu_owner")


def _witnesses_by_reference(sources: str) -> None:
    op.execute("DROP INDEX ix_clue_witness_reference")
    op.execute(f"CREATE INDEX ix_clue_witness_reference ON clue_witness (reference) WHERE source IN {sources}")


def upgrade() -> None:
    op.add_column(
        "hardship_report", sa.Column("source", sa.String(length=20), server_default="SELF_REPORT", nullable=False)
    )
    op.add_column("hardship_report", sa.Column("entered_by_id", sa.Uuid(), nullable=True))
    op.add_column("hardship_report", sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(
        op.f("fk_hardship_report_entered_by_id"), "hardship_report", "account", ["entered_by_id"], ["id"]
    )
    op.create_check_constraint(
        op.f("ck_hardship_report_entered_by_an_operator"),
        "hardship_report",
        "(source = 'HOTLINE') = (entered_by_id IS NOT NULL)",
    )
    op.create_index(
        "ix_hardship_report_entered_by_id",
        "hardship_report",
        ["entered_by_id", "received_at"],
        postgresql_where=sa.text("entered_by_id IS NOT NULL"),
    )
    op.create_index(
        "ix_hardship_report_looked_at",
        "hardship_report",
        ["received_at", "id"],
        postgresql_where=sa.text("looked_at IS NULL AND matching = 'WAITING'"),
    )
    op.execute("GRANT UPDATE (looked_at) ON hardship_report TO ruhu_app")
    _witnesses_by_reference("('SELF_REPORT', 'HOTLINE')")
    for function, (statement, _) in CHANGED.items():
        op.execute(f"DROP FUNCTION {function}")
        _made(function, statement)
    for function, statement in NEW.items():
        _made(function, statement)


def downgrade() -> None:
    for function in NEW:
        op.execute(f"DROP FUNCTION {function}")
    for function, (_, statement) in CHANGED.items():
        op.execute(f"DROP FUNCTION {function}")
        _made(function, statement)
    _witnesses_by_reference("('SELF_REPORT')")
    op.drop_index("ix_hardship_report_looked_at", "hardship_report")
    op.drop_index("ix_hardship_report_entered_by_id", "hardship_report")
    op.drop_constraint("ck_hardship_report_entered_by_an_operator", "hardship_report")
    op.drop_constraint("fk_hardship_report_entered_by_id", "hardship_report")
    for column in ("looked_at", "entered_by_id", "source"):
        op.drop_column("hardship_report", column)
