"""One person is erased; officers read what changed of a family; what is forgotten goes by the database's own clock.

Revision: 0030_erase_person; follows: 0029_webhooks
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030_erase_person"
down_revision = "0029_webhooks"
branch_labels = None
depends_on = None

OF_A_FAMILY = "EXISTS (SELECT FROM household h WHERE h.id = trace_key.id)"
OF_SOMEBODY = f"{OF_A_FAMILY} OR EXISTS (SELECT FROM person p WHERE p.id = trace_key.id)"

# What tells who somebody was. The row stays, with its spells, of nobody. What a phone sent stands sealed as a whole
# document of the family, and so goes as a whole, once it was judged. A report is theirs by its name, among those that
# became a clue of a family of theirs. Reports and submissions that wait are somebody's work, and go with their period.
EMPTY_PERSON = """
CREATE FUNCTION ruhu_empty_person(one uuid, emptied timestamptz) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  families uuid[] := array(SELECT DISTINCT household_id FROM membership WHERE person_id = one
                           UNION SELECT left_household_id FROM person WHERE id = one AND left_household_id IS NOT NULL);
  called text := (SELECT name FROM person WHERE id = one);
BEGIN
  UPDATE person SET name = '***', born_on = date_trunc('year', born_on), id_number_sealed = NULL, id_number_masked = NULL,
    id_number_index = NULL, disability_certificate_sealed = NULL, disability_certificate_masked = NULL,
    phone_sealed = NULL, phone_masked = NULL, health = '{}', erased_at = emptied
  WHERE id = one;
  UPDATE income_statement SET note = NULL WHERE person_id = one;
  UPDATE household_move SET head_name = '***'
  WHERE household_id = ANY (families) AND head_name = left(called, 1) || '**' AND state <> 'ASKED';
  UPDATE hardship_report SET name = '***', id_number_sealed = NULL, id_number_masked = NULL, phone_sealed = NULL,
    phone_masked = NULL, phone_index = NULL, text = ''
  WHERE name = called AND settled_at IS NOT NULL AND id::text IN (
    SELECT reference FROM clue_witness w JOIN clue c ON c.id = w.clue_id WHERE c.household_id = ANY (families));
  UPDATE submission SET content = '{}', content_sealed = NULL, problems = '[]'
  WHERE (belongs_to = ANY (families)
         OR id IN (SELECT id FROM operation WHERE answer ->> 'household_id' = ANY (families::text[])))
    AND judged_at IS NOT NULL AND outcome <> 'DEFERRED' AND review_since IS NULL;
  INSERT INTO trace_key (id, made_at, destroyed_at) VALUES (one, emptied, emptied)
  ON CONFLICT (id) DO UPDATE SET wrapped = NULL, destroyed_at = emptied;
  UPDATE household SET revision = revision + 1, updated_at = emptied WHERE id = ANY (families) AND ended_on IS NULL;
END
$$
"""

# By hand: for a viewer with a grant of the county or above where the person was, and only once they are in no family.
ERASE_PERSON = """
CREATE FUNCTION ruhu_erase_person(one uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM person p JOIN ruhu_viewer_grants() g ON p.region_code ^@ g.region_code
                 WHERE p.id = one AND p.household_id IS NULL AND p.erased_at IS NULL
                   AND g.role IN ('COUNTY_OFFICER', 'PREFECTURE_OFFICER', 'PROVINCE_OFFICER')) THEN
    RETURN false;
  END IF;
  PERFORM ruhu_empty_person(one, ruhu_clock());
  RETURN true;
END
$$
"""

# What changed of a family, with the keys that open it, for the officers that answer for it: as `ruhu_access_log`.
CHANGE_LOG = """
CREATE FUNCTION ruhu_change_log(family uuid, since timestamptz, until timestamptz)
RETURNS TABLE (entry_id bigint, at timestamptz, actor_id uuid, actor_name text, organisation_name text,
               actor_roles text[], action text, sealed text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT e.id, e.at, e.actor_id, a.name, o.name, e.actor_roles, e.action,
    'changes ' || jsonb_build_object('sealed', c.said, 'keys', coalesce((
      SELECT jsonb_object_agg(k.id, encode(k.wrapped, 'base64')) FROM trace_key k
      WHERE k.wrapped IS NOT NULL AND k.id IN (
        SELECT jsonb_object_keys(c.said -> 'parts')::uuid UNION SELECT (c.said ->> 'of')::uuid)), '{}'))::text
  FROM audit_entry e CROSS JOIN LATERAL (SELECT convert_from(e.changes, 'UTF8')::jsonb AS said) c
  LEFT JOIN account a ON a.id = e.actor_id LEFT JOIN organisation o ON o.id = a.organisation_id
  WHERE e.changes IS NOT NULL AND e.at >= since AND e.at < until AND c.said ->> 'of' = family::text
    AND e.subject_id = ANY (array(
      SELECT family UNION ALL SELECT id FROM clue
      WHERE household_id IN (family, (SELECT merged_into_id FROM household WHERE id = family))
      UNION ALL SELECT id FROM pairing WHERE household_id = family
      UNION ALL SELECT p.id FROM pairing p JOIN membership m ON m.person_id = p.person_id WHERE m.household_id = family))
    AND EXISTS (
      SELECT FROM household h JOIN ruhu_viewer_grants() g ON h.region_code ^@ g.region_code
      WHERE h.id = family AND g.role IN ('VILLAGE_OFFICER', 'RESIDENT_TEAM', 'TOWNSHIP_OFFICER', 'COUNTY_OFFICER',
                                         'PREFECTURE_OFFICER', 'PROVINCE_OFFICER'))
$$
"""

# What time it is where something is forgotten for good. Nobody says it: no argument, no setting that a session can make.
# Tests that need another time replace the function, which the app role cannot.
CLOCK = """
CREATE FUNCTION ruhu_clock() RETURNS timestamptz LANGUAGE sql VOLATILE SET search_path = public, pg_temp AS $$
  SELECT clock_timestamp()
$$
"""

# As in 0020_retention, but by that clock.
FORGET = """
CREATE FUNCTION ruhu_forget(kind text, kept interval, most int) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  now_is timestamptz := ruhu_clock();
  before timestamptz := now_is - kept;
  done bigint := 0;
  family uuid;
BEGIN
  IF kept IS NULL OR before > now_is - interval '179 days' THEN
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
    "ruhu_clock()",
    "ruhu_empty_person(uuid, timestamptz)",
    "ruhu_erase_person(uuid)",
    "ruhu_change_log(uuid, timestamptz, timestamptz)",
    "ruhu_forget(text, interval, int)",
)
CLOCK_OF_THE_CALLER = "ruhu_forget(text, timestamptz, timestamptz, int)"


def upgrade() -> None:
    op.add_column("person", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_constraint("fk_trace_key_id", "trace_key", type_="foreignkey")
    _keys_of(OF_SOMEBODY)
    op.execute(f"DROP FUNCTION {CLOCK_OF_THE_CALLER}")
    for statement in (CLOCK, EMPTY_PERSON, ERASE_PERSON, CHANGE_LOG, FORGET):
        op.execute(statement)
    for function in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM public")
        op.execute(f"ALTER FUNCTION {function} OWNER TO ruhu_machine")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO ruhu_app, ruhu_owner")
    # It asks nobody who they are: only the one that does may call it.
    op.execute("REVOKE EXECUTE ON FUNCTION ruhu_empty_person(uuid, timestamptz) FROM ruhu_app")


def downgrade() -> None:
    for function in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")
    by_the_caller = FORGET.replace("kept interval, most int", "before timestamptz, now_is timestamptz, most int")
    by_the_caller = by_the_caller.replace("  now_is timestamptz := ruhu_clock();\n", "")
    by_the_caller = by_the_caller.replace("  before timestamptz := now_is - kept;\n", "").replace(
        "kept IS NULL OR ", ""
    )
    op.execute(by_the_caller)
    op.execute(f"REVOKE ALL ON FUNCTION {CLOCK_OF_THE_CALLER} FROM public")
    op.execute(f"ALTER FUNCTION {CLOCK_OF_THE_CALLER} OWNER TO ruhu_machine")
    op.execute(f"GRANT EXECUTE ON FUNCTION {CLOCK_OF_THE_CALLER} TO ruhu_app, ruhu_owner")
    _keys_of(OF_A_FAMILY)
    op.execute("DELETE FROM trace_key WHERE NOT EXISTS (SELECT FROM household h WHERE h.id = trace_key.id)")
    op.create_foreign_key("fk_trace_key_id", "trace_key", "household", ["id"], ["id"])
    op.drop_column("person", "erased_at")


def _keys_of(somebody: str) -> None:
    """Who sees the family, or the person, sees and makes their key."""
    op.execute("DROP POLICY seen ON trace_key")
    op.execute("DROP POLICY born ON trace_key")
    op.execute(f"CREATE POLICY seen ON trace_key FOR SELECT TO ruhu_app USING ({somebody})")
    op.execute(f"CREATE POLICY born ON trace_key FOR INSERT TO ruhu_app WITH CHECK ({somebody})")
