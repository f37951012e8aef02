"""The second wall: row-level security on every table, and what each role may do at all.

Revision: 0003_walls; follows: 0002_tables

The policies say in SQL what domain/access/queries.py says to the read engine; they share no code on purpose, so that a
hole in one is not a hole in the other. Settings are transaction-local. A setting that nobody made reads NULL, one whose
transaction has ended reads '': both make every comparison below false or unknown, so a forgotten viewer sees nothing.
The program's connections start with a range that is wide and a prefix that no code has (api/app.py says why).
"""

from __future__ import annotations

from alembic import op

revision = "0003_walls"
down_revision = "0002_tables"
branch_labels = None
depends_on = None

SIGNED_IN = "nullif(current_setting('ruhu.viewer_id', true), '') IS NOT NULL"

# The hull of the granted subtrees is a range, which an index can walk; the exact prefixes cut it down where a person
# has several grants. current_setting() stays bare: wrapped in a sub-select it misleads the planner's estimates.
IN_REGION = """(region_code >= current_setting('ruhu.region_from', true)
    AND region_code < current_setting('ruhu.region_to', true)
    AND (coalesce(current_setting('ruhu.region_spans', true), '') = ''
         OR region_code ^@ ANY (string_to_array(current_setting('ruhu.region_spans', true), ','))))"""

# Wrapped on purpose: one array per statement, evaluated once, and `= ANY (array)` can use the index on the id.
LISTED = "ANY ((SELECT ruhu_listed_households())::uuid[])"

LISTED_HOUSEHOLDS = """
CREATE FUNCTION ruhu_listed_households() RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT array(SELECT household_id FROM household_access
               WHERE party_id IN (ruhu_viewer_uuid('helper_id'), ruhu_viewer_uuid('organisation_id')))
$$
"""

# Whether a household-less row (a pairing with a village, a person who left) is one of the viewer's own pairings.
OWN_PAIRING = "(helper_id = ruhu_viewer_uuid('helper_id') OR organisation_id = ruhu_viewer_uuid('organisation_id'))"
RECORDED_BY_ME = "recorded_by_id = ruhu_viewer_uuid('viewer_id')"

OWN_PARTY = "party_id IN (ruhu_viewer_uuid('helper_id'), ruhu_viewer_uuid('organisation_id'))"

# A sign-in must find its account before anybody is the viewer. The function answers for one account and nothing else.
VIEWER_OF = """
CREATE FUNCTION ruhu_viewer_of(account_id uuid, today date)
RETURNS TABLE (name text, kind text, persona text, helper_id uuid, organisation_id uuid, grants jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT a.name, a.kind, a.persona, a.helper_id, a.organisation_id, coalesce((
      SELECT jsonb_agg(jsonb_build_object('role', g.role, 'region_code', held.code,
                                          'organisation_id', g.organisation_id) ORDER BY g.role, held.code)
      FROM access_grant g
      -- A division that was merged away: the grant holds for it and for what it became part of.
      LEFT JOIN LATERAL (
        WITH RECURSIVE later(code, successor_code) AS (
          SELECT code, successor_code FROM region WHERE code = g.region_code
          UNION SELECT r.code, r.successor_code FROM later JOIN region r ON r.code = later.successor_code)
        SELECT code FROM later) AS held ON true
      WHERE g.starts_on <= today AND (g.ends_on IS NULL OR today < g.ends_on)
        AND (g.account_id = a.id
             OR (g.deputy_id = a.id AND g.deputy_from <= today AND (g.deputy_to IS NULL OR today < g.deputy_to)))
    ), '[]')
  FROM account a WHERE a.id = $1 AND a.disabled_at IS NULL
$$
"""

# Whoever may write down that somebody died or left may not see everyone that helped them: the teacher of a student is
# another's pairing. So the machine role ends those pairings, and only of people who belong to no household any more.
END_PAIRINGS_OF_GONE = """
CREATE FUNCTION ruhu_end_pairings_of_gone(gone uuid[], day date, reason text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH ended AS (
    UPDATE pairing SET ended_on = greatest(started_on, day), end_reason = reason
    WHERE person_id = ANY (gone) AND ended_on IS NULL
      AND EXISTS (SELECT FROM person p WHERE p.id = person_id AND p.household_id IS NULL)
    RETURNING id
  ), unlisted AS (DELETE FROM household_access WHERE pairing_id IN (SELECT id FROM ended))
  SELECT count(*) FROM ended
$$
"""

# The next free code of a village. It must know of families that have moved away and kept theirs, which a village's
# officer does not see. The lock makes two registrations at once take two numbers; its key is the village's code.
NEXT_HOUSEHOLD_CODE = """
CREATE FUNCTION ruhu_next_household_code(village text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  number int;
  free text;
BEGIN
  PERFORM pg_advisory_xact_lock(village::bigint);
  SELECT coalesce(max(substr(code, 14)::int), 0) + 1 INTO number FROM household
  WHERE region_code = village AND code ~ ('^' || village || '-[0-9]{1,8}$');
  LOOP
    free := village || '-' || lpad(number::text, greatest(4, length(number::text)), '0');
    EXIT WHEN NOT EXISTS (SELECT FROM household WHERE code = free);
    number := number + 1;
  END LOOP;
  RETURN free;
END
$$
"""

# How often the viewer has looked for an identity number since then. Entries are not theirs to read, but this count is.
LOOKS_SINCE = """
CREATE FUNCTION ruhu_looks_since(since timestamptz) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT count(*) FROM audit_entry
  WHERE actor_id = ruhu_viewer_uuid('viewer_id') AND action = 'look_up_by_id_number' AND at >= since
$$
"""

# table: (who sees a row, who may write a row). None: the app role may not.
POLICIES: dict[str, tuple[str | None, str | None]] = {
    "region": ("true", None),
    "village": ("true", None),
    "term": ("true", None),
    "survey_form": ("true", None),
    "organisation": (SIGNED_IN, IN_REGION),
    "helper": (SIGNED_IN, IN_REGION),
    "account": (SIGNED_IN, None),
    "access_grant": (
        "account_id = ruhu_viewer_uuid('viewer_id') OR deputy_id = ruhu_viewer_uuid('viewer_id')",
        None,
    ),
    "household_access": (
        f"{IN_REGION} OR {OWN_PARTY}",
        IN_REGION,
    ),
    "household": (f"{IN_REGION} OR id = {LISTED}", f"{IN_REGION} OR id = {LISTED}"),
    # Who has left a listed family is still known to it: somebody writes down that they went, or came back.
    "person": (f"{IN_REGION} OR household_id = {LISTED} OR left_household_id = {LISTED}",) * 2,
    "membership": (f"{IN_REGION} OR household_id = {LISTED}", f"{IN_REGION} OR household_id = {LISTED}"),
    "household_event": (f"{IN_REGION} OR household_id = {LISTED}", f"{IN_REGION} OR household_id = {LISTED}"),
    "roster": (SIGNED_IN, None),
    "roster_entry": (f"{IN_REGION} OR household_id = {LISTED}", IN_REGION),
    "pairing": (f"{IN_REGION} OR household_id = {LISTED} OR {OWN_PAIRING}", IN_REGION),
    # Visits made before a hand-over still count: their author may send and see them when the family is no longer listed.
    "visit": (
        f"{IN_REGION} OR household_id = {LISTED} OR {RECORDED_BY_ME}",
        RECORDED_BY_ME,
    ),
    "visit_companion": ("EXISTS (SELECT FROM visit v WHERE v.id = visit_id)",) * 2,
    "visit_finding": ("EXISTS (SELECT FROM visit v WHERE v.id = visit_id)",) * 2,
    "visit_photo": ("EXISTS (SELECT FROM visit v WHERE v.id = visit_id)",) * 2,
    "submission": ("submitter_id = ruhu_viewer_uuid('viewer_id')",) * 2,
    "operation": ("actor_id = ruhu_viewer_uuid('viewer_id')",) * 2,
    "audit_entry": (None, "true"),
    "change": (
        f"{IN_REGION.replace('region_code', 'area::text')} OR id = {LISTED} OR {OWN_PARTY}",
        None,
    ),
    "change_pending": (None, None),
}

# What is born is born once; only these change afterwards. Nothing but a list entry is ever deleted.
UPDATED = (
    "organisation",
    "helper",
    "household",
    "person",
    "membership",
    "household_event",
    "roster_entry",
    "pairing",
    "household_access",
    "submission",
    "operation",
)
DELETED = ("household_access",)

FUNCTIONS = (
    "ruhu_listed_households()",
    "ruhu_viewer_of(uuid, date)",
    "ruhu_end_pairings_of_gone(uuid[], date, text)",
    "ruhu_next_household_code(text)",
    "ruhu_looks_since(timestamptz)",
)


def upgrade() -> None:
    for statement in (LISTED_HOUSEHOLDS, VIEWER_OF, END_PAIRINGS_OF_GONE, NEXT_HOUSEHOLD_CODE, LOOKS_SINCE):
        op.execute(statement)
    for function in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM public")
        op.execute(f"ALTER FUNCTION {function} OWNER TO ruhu_machine")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO ruhu_app, ruhu_owner")
    for table, (seen, written) in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO ruhu_machine")
        # The owner loads and recodes; forced security would let it touch nothing, without a word.
        op.execute(f"CREATE POLICY owner ON {table} TO ruhu_owner USING (true) WITH CHECK (true)")
        if seen is not None:
            op.execute(f"GRANT SELECT ON {table} TO ruhu_app")
            op.execute(f"CREATE POLICY seen ON {table} FOR SELECT TO ruhu_app USING ({seen})")
        if written is not None:
            op.execute(f"GRANT INSERT ON {table} TO ruhu_app")
            op.execute(f"CREATE POLICY born ON {table} FOR INSERT TO ruhu_app WITH CHECK ({written})")
        if table in UPDATED:
            op.execute(f"GRANT UPDATE ON {table} TO ruhu_app")
            op.execute(
                f"CREATE POLICY changed ON {table} FOR UPDATE TO ruhu_app USING ({written}) WITH CHECK ({written})"
            )
        if table in DELETED:
            op.execute(f"GRANT DELETE ON {table} TO ruhu_app")
            op.execute(f"CREATE POLICY ended ON {table} FOR DELETE TO ruhu_app USING ({written})")


def downgrade() -> None:
    for table in POLICIES:
        for policy in ("owner", "seen", "born", "changed", "ended"):
            op.execute(f"DROP POLICY IF EXISTS {policy} ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        op.execute(f"REVOKE ALL ON {table} FROM ruhu_app, ruhu_machine")
    for function in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")
