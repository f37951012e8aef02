"""Notices that hang may be read by everybody who has their address; and the numbers of papers.

Revision: 0045_notices; follows: 0042_rounds

What is withdrawn or over is not told, by the database's own clock. An announcement hangs for 30 days (ASSUMPTION). What a
notice holds was redacted before it was kept: these functions show nothing that did not hang on a wall.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0045_notices"
down_revision = "0042_rounds"
branch_labels = None
depends_on = None

HANGS = """withdrawn_at IS NULL AND content <> '{}' AND (now() AT TIME ZONE 'Asia/Shanghai')::date
           BETWEEN published_on AND coalesce(ends_on, published_on + 30)"""

FUNCTIONS = {
    "ruhu_public_notice(uuid)": f"""
CREATE FUNCTION ruhu_public_notice(wanted uuid) RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT jsonb_build_object('region_code', region_code, 'content', content) FROM notice WHERE id = wanted AND {HANGS}
$$
""",
    "ruhu_public_board(text)": f"""
CREATE FUNCTION ruhu_public_board(village text) RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT jsonb_agg(jsonb_build_object('region_code', region_code, 'content', content) ORDER BY published_on, id)
  FROM notice WHERE region_code = village AND length(village) = 12 AND {HANGS}
$$
""",
    # Papers of one word, kind and year are counted from one. Whoever comes second waits for the first one's commit.
    "ruhu_next_notice(text, text, int)": """
CREATE FUNCTION ruhu_next_notice(word_ text, kind_ text, year_ int) RETURNS int LANGUAGE sql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  INSERT INTO notice_serial (word, kind, year, last) VALUES (word_, kind_, year_, 1)
  ON CONFLICT (word, kind, year) DO UPDATE SET last = notice_serial.last + 1 RETURNING last
$$
""",
}


def upgrade() -> None:
    op.create_table(
        "notice_serial",
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("word", "kind", "year", name=op.f("pk_notice_serial")),
    )
    op.execute("ALTER TABLE notice_serial ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE notice_serial FORCE ROW LEVEL SECURITY")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON notice_serial TO ruhu_machine")
    op.execute("CREATE POLICY owner ON notice_serial TO ruhu_owner USING (true) WITH CHECK (true)")
    for name, made in FUNCTIONS.items():
        op.execute(made)
        op.execute(f"ALTER FUNCTION {name} OWNER TO ruhu_machine")
        op.execute(f"REVOKE EXECUTE ON FUNCTION {name} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {name} TO ruhu_app")


def downgrade() -> None:
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}")
    op.drop_table("notice_serial")
