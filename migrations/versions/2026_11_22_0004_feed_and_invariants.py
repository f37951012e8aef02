"""The change feed's triggers, and the invariants that no single row can hold.

Revision: 0004_feed_and_invariants; follows: 0003_walls

The feed: statement triggers note what a transaction changed in change_pending; at commit, the first deferred firing
locks all areas of the transaction in ascending order, takes the numbers last, and moves everything to `change`. Numbers
taken under the area's lock become visible in their own order, so a reader's position never skips a row that commits
late. The triggers never raise for a row's fault, and belong to the machine role: a feed must not depend on what the
writer may see.
"""

from __future__ import annotations

from alembic import op

revision = "0004_feed_and_invariants"
down_revision = "0003_walls"
branch_labels = None
depends_on = None

NOBODY = "00000000-0000-0000-0000-000000000000"

# Arguments: kind of document, column with its id, column with the party concerned ('' for everybody).
NOTE_CHANGE = f"""
CREATE FUNCTION ruhu_note_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
DECLARE
  party text := CASE WHEN TG_ARGV[2] = '' THEN quote_literal('{NOBODY}') || '::uuid' ELSE quote_ident(TG_ARGV[2]) END;
  picked text := format($pick$
    SELECT DISTINCT pg_current_xact_id()::text, left(region_code, 9)::int, %L, %I, %%L, %s
    FROM %%s WHERE %I IS NOT NULL AND length(region_code) >= 9 $pick$,
    TG_ARGV[0], TG_ARGV[1], party, TG_ARGV[1]);
BEGIN
  PERFORM set_config('ruhu.published', '', true);  -- there is something to publish (again)
  IF TG_OP <> 'DELETE' THEN
    EXECUTE 'INSERT INTO change_pending (xid, area, kind, id, op, party_id)' || format(picked, 'U', 'new_rows')
         || ' ON CONFLICT DO NOTHING';
  END IF;
  IF TG_OP = 'DELETE' THEN
    EXECUTE 'INSERT INTO change_pending (xid, area, kind, id, op, party_id)' || format(picked, 'D', 'old_rows')
         || ' ON CONFLICT DO NOTHING';
  ELSIF TG_OP = 'UPDATE' THEN
    -- Moved: gone from the area it left.
    EXECUTE 'INSERT INTO change_pending (xid, area, kind, id, op, party_id)' || format(picked, 'D', 'old_rows')
         || ' EXCEPT ' || format(picked, 'D', 'new_rows') || ' ON CONFLICT DO NOTHING';
  END IF;
  RETURN NULL;
END
$function$
"""

PUBLISH_CHANGES = f"""
CREATE FUNCTION ruhu_publish_changes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
DECLARE
  mine text := pg_current_xact_id()::text;
  locked int;
BEGIN
  -- It fires once per row noted, and the first firing publishes them all. The others must not even look: the rows just
  -- deleted lie where they would look, and a commit of n changes would cost n squared.
  IF current_setting('ruhu.published', true) = mine THEN
    RETURN NULL;
  END IF;
  PERFORM set_config('ruhu.published', mine, true);
  FOR locked IN SELECT DISTINCT area FROM change_pending WHERE xid = mine ORDER BY area LOOP
    PERFORM pg_advisory_xact_lock({0x7275}, locked);
  END LOOP;
  WITH noted AS (DELETE FROM change_pending WHERE xid = mine RETURNING area, kind, id, op, party_id),
  -- Gone and there at once means: moved within the area, or made anew. There wins.
  settled AS (SELECT DISTINCT ON (area, kind, id, party_id) * FROM noted ORDER BY area, kind, id, party_id, op DESC)
  INSERT INTO change (area, seq, kind, id, op, party_id, at)
  SELECT area, nextval('change_seq'), kind, id, op, nullif(party_id, '{NOBODY}'), clock_timestamp() FROM settled;
  RETURN NULL;
END
$function$
"""

# table: (kind of document, column with its id, column with the party)
FEED = {
    "household": ("household", "id", ""),
    "person": ("household", "household_id", ""),
    "membership": ("household", "household_id", ""),
    "pairing": ("household", "household_id", ""),
    "household_access": ("access", "household_id", "party_id"),
    "visit": ("visit", "id", ""),
}
EVENTS = {
    "insert": "INSERT ON {} REFERENCING NEW TABLE AS new_rows",
    "update": "UPDATE ON {} REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "DELETE ON {} REFERENCING OLD TABLE AS old_rows",
}

# Checked at commit, when a new family's people are all in.
HAS_A_HEAD = """
CREATE FUNCTION ruhu_household_has_a_head() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
DECLARE
  asked uuid;
BEGIN
  -- Two statements, not one CASE: a field of the other table's row must not even be looked up.
  IF TG_TABLE_NAME = 'household' THEN
    asked := NEW.id;
  ELSE
    asked := OLD.household_id;
  END IF;
  IF EXISTS (SELECT FROM household WHERE id = asked AND ended_on IS NULL)
     AND NOT EXISTS (SELECT FROM person WHERE household_id = asked AND is_head) THEN
    RAISE EXCEPTION 'household % has no head', asked
      USING ERRCODE = 'check_violation', CONSTRAINT = 'household_has_a_head';
  END IF;
  RETURN NULL;
END
$function$
"""

FUNCTIONS = ("ruhu_note_change()", "ruhu_publish_changes()", "ruhu_household_has_a_head()")


def upgrade() -> None:
    op.execute("CREATE SEQUENCE change_seq AS bigint")
    op.execute("GRANT USAGE ON SEQUENCE change_seq TO ruhu_machine")
    for statement in (NOTE_CHANGE, PUBLISH_CHANGES, HAS_A_HEAD):
        op.execute(statement)
    for function in FUNCTIONS:
        op.execute(f"ALTER FUNCTION {function} OWNER TO ruhu_machine")
    for table, arguments in FEED.items():
        given = ", ".join(f"'{a}'" for a in arguments)
        for event, clause in EVENTS.items():
            op.execute(
                f"CREATE TRIGGER change_{event} AFTER {clause.format(table)}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION ruhu_note_change({given})"
            )
    op.execute(
        "CREATE CONSTRAINT TRIGGER publish AFTER INSERT ON change_pending DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION ruhu_publish_changes()"
    )
    op.execute(
        "CREATE CONSTRAINT TRIGGER has_a_head AFTER INSERT ON household DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION ruhu_household_has_a_head()"
    )
    op.execute(
        "CREATE CONSTRAINT TRIGGER has_a_head AFTER UPDATE OF is_head, household_id OR DELETE ON person"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.is_head) EXECUTE FUNCTION ruhu_household_has_a_head()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER has_a_head ON person")
    op.execute("DROP TRIGGER has_a_head ON household")
    op.execute("DROP TRIGGER publish ON change_pending")
    for table in FEED:
        for event in EVENTS:
            op.execute(f"DROP TRIGGER change_{event} ON {table}")
    for function in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP SEQUENCE change_seq")
