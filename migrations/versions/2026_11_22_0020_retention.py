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

# What tells who a family was. Codes, dates and amounts stay, of nobody: for statistics. Whoever went on to another family
# belongs there. The photos' bytes lie elsewhere; without their rows nothing leads to them.
EMPTY_HOUSEHOLD = """
CREATE FUNCTION ruhu_empty_household(family uuid, emptied timestamptz) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE household SET address = NULL, phone_sealed = NULL, phone_masked = NULL, bank_account_sealed = NULL,
    bank_account_masked = NULL, location = NULL, sent_longitude = NULL, sent_latitude = NULL, sent_datum = NULL,
    accuracy_metres = NULL, erased_at = emptied, revision = revision + 1, updated_at = emptied
  WHERE id = family;
  UPDATE person SET name = '***', born_on = date_trunc('year', born_on), id_number_sealed = NULL, id_number_masked = NULL,
    id_number_index = NULL, disability_certificate_sealed = NULL, disability_certificate_masked = NULL,
    phone_sealed = NULL, phone_masked = NULL, health = '{}'
  WHERE household_id IS NULL AND left_household_id = family;
  UPDATE household_event SET detail = '{}' WHERE household_id = family;
  UPDATE household_move SET head_name = '***', reason = NULL, address = NULL, location = NULL, decision_reason = NULL
  WHERE household_id = family;
  UPDATE visit SET location = NULL, sent_longitude = NULL, sent_latitude = NULL, sent_datum = NULL,
    accuracy_metres = NULL, located_at = NULL, answers = '{}', note = NULL, amend_reason = NULL
  WHERE household_id = family;
  UPDATE visit_finding SET note = NULL WHERE visit_id IN (SELECT id FROM visit WHERE household_id = family);
  DELETE FROM visit_photo WHERE visit_id IN (SELECT id FROM visit WHERE household_id = family);
  UPDATE income_statement SET note = NULL WHERE household_id = family;
  UPDATE clue SET reason = NULL WHERE household_id = family;
  UPDATE hardship_report SET name = '***', id_number_sealed = NULL, id_number_masked = NULL, phone_sealed = NULL,
    phone_masked = NULL, phone_index = NULL, text = ''
  WHERE id::text IN (SELECT reference FROM clue_witness w JOIN clue c ON c.id = w.clue_id WHERE c.household_id = family);
  UPDATE clue_witness SET detail = '{}' WHERE clue_id IN (SELECT id FROM clue WHERE household_id = family);
  UPDATE submission SET content = '{}', content_sealed = NULL, problems = '[]'
  WHERE belongs_to = family OR id IN (SELECT id FROM visit WHERE household_id = family)
    OR id IN (SELECT id FROM operation WHERE answer ->> 'household_id' = family::text);
  INSERT INTO trace_key (id, made_at, destroyed_at) VALUES (family, emptied, emptied)
  ON CONFLICT (id) DO UPDATE SET wrapped = NULL, destroyed_at = emptied;
END
$$
"""

# By hand: for a viewer with a grant of the county or above over the family, and only once it has ended.
ERASE_HOUSEHOLD = """
CREATE FUNCTION ruhu_erase_household(family uuid, erased timestamptz) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM household h JOIN ruhu_viewer_grants() g ON h.region_code ^@ g.region_code
                 WHERE h.id = family AND h.ended_on IS NOT NULL
                   AND g.role IN ('COUNTY_OFFICER', 'PREFECTURE_OFFICER', 'PROVINCE_OFFICER')) THEN
    RETURN false;
  END IF;
  PERFORM ruhu_empty_household(family, erased);
  RETURN true;
END
$$
"""

# What is older than its period. It can only be called too early by who could say what time it is; so no period is
# shorter than half a year here, whatever is asked.
FORGET = """
CREATE FUNCTION ruhu_forget(kind text, before timestamptz, now_is timestamptz, most int) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  done bigint := 0;
  family uuid;
BEGIN
  IF before > now_is - interval '179 days' THEN
    RAISE EXCEPTION 'nothing is forgotten before half a year is over';
  END IF;
  CASE kind
    WHEN 'SUBMISSION' THEN
      UPDATE submission SET content = '{}', content_sealed = NULL, problems = '[]' WHERE id IN (
        SELECT id FROM submission WHERE judged_at < before AND outcome <> 'DEFERRED' AND review_since IS NULL
          AND content IS DISTINCT FROM '{}' LIMIT most);
      GET DIAGNOSTICS done = ROW_COUNT;
    WHEN 'OPERATION' THEN
      DELETE FROM operation WHERE id IN (SELECT id FROM operation WHERE at < before LIMIT most);
      GET DIAGNOSTICS done = ROW_COUNT;
    WHEN 'HARDSHIP_REPORT' THEN
      UPDATE hardship_report SET name = '***', id_number_sealed = NULL, id_number_masked = NULL, phone_sealed = NULL,
        phone_masked = NULL, phone_index = NULL, text = '' WHERE id IN (
        SELECT id FROM hardship_report WHERE settled_at < before AND name <> '***' LIMIT most);
      GET DIAGNOSTICS done = ROW_COUNT;
    WHEN 'HOUSEHOLD' THEN
      FOR family IN SELECT id FROM household WHERE ended_on < before::date AND erased_at IS NULL LIMIT most LOOP
        PERFORM ruhu_empty_household(family, now_is);
        done := done + 1;
      END LOOP;
    WHEN 'AUDIT' THEN
      -- From the beginning, without a gap: so verification can tell what was forgotten from what was taken away.
      WITH old AS (SELECT number FROM audit_block WHERE sealed_at < before AND pruned_at IS NULL AND signature IS NOT NULL
                   ORDER BY number LIMIT most),
           emptied AS (DELETE FROM audit_entry WHERE id IN (
                         SELECT unnest(entry_ids) FROM audit_block WHERE number IN (SELECT number FROM old)))
      UPDATE audit_block SET pruned_at = now_is WHERE number IN (SELECT number FROM old);
      GET DIAGNOSTICS done = ROW_COUNT;
  END CASE;
  RETURN done;
END
$$
"""

FUNCTIONS = (
    "ruhu_viewer_grants()",
    "ruhu_audited_regions()",
    "ruhu_access_log(uuid, timestamptz, timestamptz)",
    "ruhu_reveals_since(timestamptz)",
    "ruhu_empty_household(uuid, timestamptz)",
    "ruhu_erase_household(uuid, timestamptz)",
    "ruhu_forget(text, timestamptz, timestamptz, int)",
)


def upgrade() -> None:
    op.add_column("household", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("audit_block", sa.Column("pruned_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_household_ended_on", "household", ["ended_on"], postgresql_where=sa.text("ended_on IS NOT NULL")
    )
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
    for statement in (GRANTS, AUDITED, ACCESS_LOG, REVEALS_SINCE, EMPTY_HOUSEHOLD, ERASE_HOUSEHOLD, FORGET):
        op.execute(statement)
    for function in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM public")
        op.execute(f"ALTER FUNCTION {function} OWNER TO ruhu_machine")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO ruhu_app, ruhu_owner")
    # It asks nobody who they are: only the two that do may call it.
    op.execute("REVOKE EXECUTE ON FUNCTION ruhu_empty_household(uuid, timestamptz) FROM ruhu_app")
    op.execute("GRANT DELETE ON audit_entry TO ruhu_machine")
    op.execute("GRANT UPDATE (pruned_at) ON audit_block TO ruhu_machine")
    op.execute("GRANT SELECT ON audit_entry TO ruhu_app")
    op.execute(f"CREATE POLICY seen ON audit_entry FOR SELECT TO ruhu_app USING ({IS_AUDITED})")


def downgrade() -> None:
    op.drop_index("ix_household_ended_on", "household")
    op.drop_column("household", "erased_at")
    op.drop_column("audit_block", "pruned_at")
    op.execute("REVOKE DELETE ON audit_entry FROM ruhu_machine")
    op.drop_table("trace_key")
    op.execute("DROP POLICY seen ON audit_entry")
    op.execute("REVOKE SELECT ON audit_entry FROM ruhu_app")
    for function in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")
