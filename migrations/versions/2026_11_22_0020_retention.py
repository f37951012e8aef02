"""Who may read the trace, what a family is told of it, keys that erasure destroys, and what is forgotten when.

Revision: 0020_retention; follows: 0014_trace
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020_retention"
down_revision = "0014_trace"
branch_labels = None
depends_on = None

# The viewer's grants in force today, their own and those that they stand in for. Nothing that the program sets says what
# they are: this reads the grants themselves.
GRANTS = """
CREATE FUNCTION ruhu_viewer_grants() RETURNS SETOF access_grant LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT g.* FROM access_grant g, (SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date AS today) AS china
  WHERE g.starts_on <= today AND (g.ends_on IS NULL OR today < g.ends_on)
    AND (g.account_id = ruhu_viewer_uuid('viewer_id')
         OR (g.deputy_id = ruhu_viewer_uuid('viewer_id') AND g.deputy_from <= today
             AND (g.deputy_to IS NULL OR today < g.deputy_to)))
    AND EXISTS (SELECT FROM account a WHERE a.id = ruhu_viewer_uuid('viewer_id') AND a.disabled_at IS NULL)
$$
"""
AUDITED = """
CREATE FUNCTION ruhu_audited_regions() RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT array(SELECT region_code FROM ruhu_viewer_grants() WHERE role = 'AUDITOR' AND region_code IS NOT NULL)
$$
"""

# What has no region (a sign-in, a read over several provinces) is for the auditors of a province.
IS_AUDITED = """CASE WHEN region_code IS NULL
    THEN EXISTS (SELECT FROM unnest((SELECT ruhu_audited_regions())::text[]) AS audited WHERE length(audited) = 2)
    ELSE region_code ^@ ANY ((SELECT ruhu_audited_regions())::text[]) END"""

# Who looked at a family, for the officers that answer for it: its village's and those above, by their grants.
ACCESS_LOG = """
CREATE FUNCTION ruhu_access_log(family uuid, since timestamptz, until timestamptz)
RETURNS TABLE (entry_id bigint, at timestamptz, actor_id uuid, actor_name text, organisation_name text,
               actor_roles text[], action text, kinds text[], purpose text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT e.id, e.at, e.actor_id, a.name, o.name, e.actor_roles, e.action,
    array(SELECT jsonb_array_elements_text(CASE WHEN jsonb_typeof(e.detail -> 'kinds') = 'array'
                                                THEN e.detail -> 'kinds' ELSE '[]' END)), e.purpose
  FROM audit_entry e LEFT JOIN account a ON a.id = e.actor_id LEFT JOIN organisation o ON o.id = a.organisation_id
  WHERE (e.seen @> ARRAY[family] OR e.subject_id = family) AND e.at >= since AND e.at < until
    AND EXISTS (
      SELECT FROM household h JOIN ruhu_viewer_grants() g ON h.region_code ^@ g.region_code
      WHERE h.id = family AND g.role IN ('VILLAGE_OFFICER', 'RESIDENT_TEAM', 'TOWNSHIP_OFFICER', 'COUNTY_OFFICER',
                                         'PREFECTURE_OFFICER', 'PROVINCE_OFFICER'))
$$
"""

# Not under row-level security's own eye: the family's policy decides.
OF_A_FAMILY = "EXISTS (SELECT FROM household h WHERE h.id = trace_key.id)"

# How often the viewer has revealed somebody's numbers since then.
REVEALS_SINCE = """
CREATE FUNCTION ruhu_reveals_since(since timestamptz) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT count(*) FROM audit_entry
  WHERE actor_id = ruhu_viewer_uuid('viewer_id') AND action = 'reveal_identity' AND at >= since
$$
"""

FUNCTIONS = (
    "ruhu_viewer_grants()",
    "ruhu_audited_regions()",
    "ruhu_access_log(uuid, timestamptz, timestamptz)",
    "ruhu_reveals_since(timestamptz)",
)


def upgrade() -> None:
    op.create_table(
        "trace_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("destroyed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("num_nonnulls(wrapped, destroyed_at) = 1", name=op.f("ck_trace_key_there_or_destroyed")),
        sa.CheckConstraint(
            "wrapped IS NULL OR (octet_length(wrapped) > 31 AND get_byte(wrapped, 0) = 1)",
            name=op.f("ck_trace_key_wrapped_is_sealed"),
        ),
        sa.ForeignKeyConstraint(["id"], ["household.id"], name=op.f("fk_trace_key_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trace_key")),
    )
    op.execute("ALTER TABLE trace_key ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE trace_key FORCE ROW LEVEL SECURITY")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON trace_key TO ruhu_machine")
    op.execute("GRANT SELECT, INSERT ON trace_key TO ruhu_app")
    op.execute("CREATE POLICY owner ON trace_key TO ruhu_owner USING (true) WITH CHECK (true)")
    op.execute(f"CREATE POLICY seen ON trace_key FOR SELECT TO ruhu_app USING ({OF_A_FAMILY})")
    op.execute(f"CREATE POLICY born ON trace_key FOR INSERT TO ruhu_app WITH CHECK ({OF_A_FAMILY})")
    for statement in (GRANTS, AUDITED, ACCESS_LOG, REVEALS_SINCE):
        op.execute(statement)
    for function in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM public")
        op.execute(f"ALTER FUNCTION {function} OWNER TO ruhu_machine")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO ruhu_app, ruhu_owner")
    op.execute("GRANT SELECT ON audit_entry TO ruhu_app")
    op.execute(f"CREATE POLICY seen ON audit_entry FOR SELECT TO ruhu_app USING ({IS_AUDITED})")


def downgrade() -> None:
    op.drop_table("trace_key")
    op.execute("DROP POLICY seen ON audit_entry")
    op.execute("REVOKE SELECT ON audit_entry FROM ruhu_app")
    for function in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")
