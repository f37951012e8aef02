"""Functions that tables, policies and reads stand on.

Revision: 0001_functions; the first.
"""

from __future__ import annotations

from alembic import op

from domain.base.datum_sql import CREATE_FROM_WGS84

revision = "0001_functions"
down_revision = None
branch_labels = None
depends_on = None

# The same id as domain.base.models.namespace_id, so that a bulk load makes in SQL what Python finds again by name. One
# expression without FROM: the planner puts it in place of the call, which makes 620,000 villages in a second, not eight.
RUHU_ID = """
CREATE FUNCTION ruhu_id(name text) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT overlay(overlay(md5('ruhu ' || name) PLACING '8' FROM 13) PLACING '8' FROM 17)::uuid
$$
"""

# GB 11643: the 18th character is the mod 11-2 check of the 17 before it.
IS_ID_NUMBER = """
CREATE FUNCTION ruhu_is_id_number(number text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN number ~ '^[0-9]{17}[0-9X]$' THEN
    substr('10X98765432', 1 + (SELECT sum(substr(number, i::int, 1)::int * w)
      FROM unnest(ARRAY[7,9,10,5,8,4,2,1,6,3,7,9,10,5,8,4,2]) WITH ORDINALITY AS weight(w, i))::int % 11, 1)
    = substr(number, 18, 1) ELSE false END
$$
"""

# Settings of the viewer. A setting that was never made reads NULL, one whose transaction ended reads '': both are nobody.
VIEWER = """
CREATE FUNCTION ruhu_viewer_uuid(name text) RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT nullif(current_setting('ruhu.' || name, true), '')::uuid
$$
"""


def upgrade() -> None:
    for statement in (RUHU_ID, IS_ID_NUMBER, VIEWER, CREATE_FROM_WGS84):
        op.execute(statement)
    # For /readyz, which compares it with the code's head.
    op.execute("GRANT SELECT ON alembic_version TO ruhu_app")


def downgrade() -> None:
    op.execute("REVOKE SELECT ON alembic_version FROM ruhu_app")
    op.execute("DROP FUNCTION ruhu_from_wgs84(geometry, text)")
    op.execute("DROP FUNCTION ruhu_viewer_uuid(text)")
    op.execute("DROP FUNCTION ruhu_is_id_number(text)")
    op.execute("DROP FUNCTION ruhu_id(text)")
