"""Each report asks the worker to look for its family: nothing goes through those that wait any more.

Revision: 0025_look; follows: 0013_sealed
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025_look"
down_revision = "0013_sealed"
branch_labels = None
depends_on = None

# As in 0019_hotline.
WAITING = """
CREATE FUNCTION ruhu_reports_without_a_look(most integer)
RETURNS TABLE (id uuid, region_code text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT r.id, r.region_code FROM hardship_report r
  WHERE r.looked_at IS NULL AND r.matching = 'WAITING' ORDER BY r.received_at, r.id LIMIT most
$$
"""
FUNCTION = "ruhu_reports_without_a_look(integer)"

# Those that came before, and that nobody had looked at.
ASK = """
SELECT ruhu_enqueue('look_for_family', jsonb_build_object('reportId', id), NULL, NULL) FROM hardship_report
WHERE looked_at IS NULL AND matching = 'WAITING'
"""


def upgrade() -> None:
    op.execute(ASK)
    op.execute(f"DROP FUNCTION {FUNCTION}")
    op.drop_index("ix_hardship_report_looked_at", "hardship_report")


def downgrade() -> None:
    op.create_index(
        "ix_hardship_report_looked_at",
        "hardship_report",
        ["received_at", "id"],
        postgresql_where=sa.text("looked_at IS NULL AND matching = 'WAITING'"),
    )
    op.execute(WAITING)
    op.execute(f"REVOKE ALL ON FUNCTION {FUNCTION} FROM public")
    op.execute(f"ALTER FUNCTION {FUNCTION} OWNER TO ruhu_machine")
    op.execute(f"GRANT EXECUTE ON FUNCTION {FUNCTION} TO ruhu_app, ruhu_owner")
