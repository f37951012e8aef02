"""Whom a change concerns, and where a reader stands: the feed as phones pull from it.

Revision: 0007_feed_reach; follows: 0006_moves

A change now names the village in which the row stood (a village's officer is not told of the next village, and the one
whose village a family left is) and the household that it is about (whoever has the family on a list is told of its
visits). A pairing that begins or ends also re-sends the family's visits to that party. Changes noted before this
migration do not say these things and are dropped: no phone has pulled yet.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

revision = "0007_feed_reach"
down_revision = "0006_moves"
branch_labels = None
depends_on = None

NOBODY = "00000000-0000-0000-0000-000000000000"

# Arguments: kind of document, column with its id, column with the household it is about.
NOTE_CHANGE = f"""
CREATE OR REPLACE FUNCTION ruhu_note_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
DECLARE
  picked text := format($pick$
    SELECT DISTINCT pg_current_xact_id()::text, left(region_code, 9)::int, %L, %I, %%L, '{NOBODY}'::uuid, region_code, %I
    FROM %%s WHERE %I IS NOT NULL AND length(region_code) >= 9 $pick$,
    TG_ARGV[0], TG_ARGV[1], TG_ARGV[2], TG_ARGV[1]);
  into_pending text := 'INSERT INTO change_pending (xid, area, kind, id, op, party_id, region_code, household_id)';
BEGIN
  PERFORM set_config('ruhu.published', '', true);  -- there is something to publish (again)
  IF TG_OP <> 'DELETE' THEN
    EXECUTE into_pending || format(picked, 'U', 'new_rows') || ' ON CONFLICT DO NOTHING';
  END IF;
  IF TG_OP = 'DELETE' THEN
    EXECUTE into_pending || format(picked, 'D', 'old_rows') || ' ON CONFLICT DO NOTHING';
  ELSIF TG_OP = 'UPDATE' THEN
    -- Moved: gone from the village it left.
    EXECUTE into_pending || format(picked, 'D', 'old_rows') || ' EXCEPT ' || format(picked, 'D', 'new_rows')
         || ' ON CONFLICT DO NOTHING';
  END IF;
  RETURN NULL;
END
$function$
"""

# A list changed: its party is to hear of the family and of every visit to it, and nobody else is.
NOTE_LIST = """
CREATE FUNCTION ruhu_note_list() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
DECLARE
  listed text := $list$
    INSERT INTO change_pending (xid, area, kind, id, op, party_id, region_code, household_id)
    SELECT pg_current_xact_id()::text, left(l.region_code, 9)::int, document.kind, document.id, %L,
           l.party_id, l.region_code, l.household_id
    FROM (SELECT DISTINCT party_id, household_id, region_code FROM %s) AS l
    CROSS JOIN LATERAL (
      SELECT 'household', l.household_id UNION ALL SELECT 'visit', v.id FROM visit v WHERE v.household_id = l.household_id
    ) AS document(kind, id)
    ON CONFLICT DO NOTHING $list$;
BEGIN
  PERFORM set_config('ruhu.published', '', true);
  IF TG_OP <> 'INSERT' THEN
    EXECUTE format(listed, 'D', 'old_rows');
  END IF;
  IF TG_OP <> 'DELETE' THEN
    EXECUTE format(listed, 'U', 'new_rows');
  END IF;
  RETURN NULL;
END
$function$
"""

# A family's record shows the names of its helpers. An organisation's new name is not followed: thousands of families of
# many townships would be locked and sent again for it, and the name comes with their next change.
NOTE_HELPER = f"""
CREATE FUNCTION ruhu_note_helper() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
BEGIN
  PERFORM set_config('ruhu.published', '', true);
  INSERT INTO change_pending (xid, area, kind, id, op, party_id, region_code, household_id)
  SELECT DISTINCT pg_current_xact_id()::text, left(p.region_code, 9)::int, 'household', p.household_id, 'U',
         '{NOBODY}'::uuid, p.region_code, p.household_id
  FROM new_rows n JOIN old_rows o ON o.id = n.id AND o.name <> n.name JOIN pairing p ON p.helper_id = n.id
  WHERE p.household_id IS NOT NULL AND p.ended_on IS NULL
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$function$
"""

PUBLISH_CHANGES = f"""
CREATE OR REPLACE FUNCTION ruhu_publish_changes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
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
  WITH noted AS (DELETE FROM change_pending WHERE xid = mine RETURNING *),
  -- Gone and there at once means: made anew, or changed twice. There wins.
  settled AS (
    SELECT DISTINCT ON (area, kind, id, party_id, region_code) * FROM noted
    ORDER BY area, kind, id, party_id, region_code, op DESC)
  INSERT INTO change (area, seq, kind, id, op, party_id, region_code, household_id, at)
  SELECT area, nextval('change_seq'), kind, id, op, nullif(party_id, '{NOBODY}'), region_code, household_id,
         clock_timestamp()
  FROM settled;
  RETURN NULL;
END
$function$
"""

# What a cursor remembers of the change it stands on. After the database was restored from an older copy, the same number
# is given to another change at another instant: then the mark differs, and the cursor is of a history that never was.
MARK = """
CREATE FUNCTION ruhu_mark(at timestamptz) RETURNS int LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT ((extract(epoch FROM at) * 1000000)::bigint & 2147483647)::int
$$
"""

# Where the feed of these areas stands, and what stands where a cursor says that it stood. Numbers only: a helper has to
# know how far to have read, though the last change of the township may be none of theirs.
FEED_POSITIONS = """
CREATE FUNCTION ruhu_feed_positions(areas int[], seqs bigint[])
RETURNS TABLE (area int, held bigint, held_mark int, head bigint, head_mark int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT asked.area, asked.seq,
         (SELECT ruhu_mark(c.at) FROM change c WHERE c.area = asked.area AND c.seq = asked.seq),
         coalesce(newest.seq, 0), coalesce(ruhu_mark(newest.at), 0)
  FROM unnest(areas, seqs) AS asked(area, seq)
  LEFT JOIN LATERAL (
    SELECT c.seq, c.at FROM change c WHERE c.area = asked.area ORDER BY c.seq DESC LIMIT 1) AS newest ON true
$$
"""

# For all who wait for something to happen, in one statement: a number for each area and each party's list that is another
# after every change there. A party's changes lie in many areas, which have no order among each other: the greatest number
# would not move for one that was taken earlier and committed later. A sum does; ten thousand numbers back nothing is open.
FEED_HEADS = """
CREATE FUNCTION ruhu_feed_heads(areas int[], parties uuid[]) RETURNS TABLE (area int, party_id uuid, head bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT a, NULL::uuid, coalesce((SELECT max(c.seq) FROM change c WHERE c.area = a), 0) FROM unnest(areas) AS a
  UNION ALL
  SELECT NULL::int, p, coalesce((
    SELECT sum(c.seq)::bigint FROM change c
    WHERE c.party_id = p AND c.seq > (SELECT last_value - 10000 FROM change_seq)), 0)
  FROM unnest(parties) AS p
$$
"""

# Phones that stayed away longer than this begin anew. The newest change of an area stays, however old: on it stand the
# cursors of all who have read that area to its end. Answers how many went.
PRUNE_FEED = """
CREATE FUNCTION ruhu_prune_feed() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH gone AS (
    DELETE FROM change c WHERE c.at < now() - interval '180 days'
      AND c.seq < (SELECT max(newest.seq) FROM change newest WHERE newest.area = c.area)
    RETURNING 1)
  SELECT count(*) FROM gone
$$
"""

IN_REGION = """(region_code >= current_setting('ruhu.region_from', true)
    AND region_code < current_setting('ruhu.region_to', true)
    AND (coalesce(current_setting('ruhu.region_spans', true), '') = ''
         OR region_code ^@ ANY (string_to_array(current_setting('ruhu.region_spans', true), ','))))"""
LISTED = "household_id = ANY ((SELECT ruhu_listed_households())::uuid[])"
OWN_PARTY = "party_id IN (ruhu_viewer_uuid('helper_id'), ruhu_viewer_uuid('organisation_id'))"
MY_VISIT = (
    "(kind = 'visit' AND EXISTS (SELECT FROM visit v WHERE v.id = change.id"
    " AND v.recorded_by_id = ruhu_viewer_uuid('viewer_id')))"
)

TABLES = ("household", "person", "membership", "pairing", "visit")
ARGUMENTS = {
    "household": "'household', 'id', 'id'",
    "person": "'household', 'household_id', 'household_id'",
    "membership": "'household', 'household_id', 'household_id'",
    "pairing": "'household', 'household_id', 'household_id'",
    "visit": "'visit', 'id', 'household_id'",
}
EVENTS = {
    "insert": "INSERT ON {} REFERENCING NEW TABLE AS new_rows",
    "update": "UPDATE ON {} REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "DELETE ON {} REFERENCING OLD TABLE AS old_rows",
}
ASKED = ("ruhu_feed_positions(int[], bigint[])", "ruhu_feed_heads(int[], uuid[])", "ruhu_prune_feed()")


PUBLISH = (
    "CREATE CONSTRAINT TRIGGER publish AFTER INSERT ON change_pending DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION ruhu_publish_changes()"
)


def _triggers(table: str, function: str) -> None:
    for event, clause in EVENTS.items():
        op.execute(f"DROP TRIGGER IF EXISTS change_{event} ON {table}")
        op.execute(
            f"CREATE TRIGGER change_{event} AFTER {clause.format(table)} FOR EACH STATEMENT EXECUTE FUNCTION {function}"
        )


def upgrade() -> None:
    op.execute("TRUNCATE change, change_pending")
    for table in ("change", "change_pending"):
        op.add_column(table, sa.Column("region_code", sa.Text(collation="C"), nullable=False))
        op.add_column(table, sa.Column("household_id", sa.Uuid(), nullable=False))
    op.drop_constraint("pk_change_pending", "change_pending", type_="primary")
    op.create_primary_key(
        "pk_change_pending", "change_pending", ["xid", "area", "kind", "id", "op", "party_id", "region_code"]
    )
    op.drop_index("ix_change_id", "change")
    op.create_index(
        "ix_change_party_id", "change", ["party_id", "seq"], postgresql_where=sa.text("party_id IS NOT NULL")
    )
    op.create_index("ix_change_at", "change", ["at"])
    for statement in (NOTE_CHANGE, NOTE_LIST, NOTE_HELPER, PUBLISH_CHANGES):
        op.execute(statement)
    for function in ("ruhu_note_list()", "ruhu_note_helper()"):
        op.execute(f"ALTER FUNCTION {function} OWNER TO ruhu_machine")
    for table in TABLES:
        _triggers(table, f"ruhu_note_change({ARGUMENTS[table]})")
    _triggers("household_access", "ruhu_note_list()")
    op.execute(
        "CREATE TRIGGER change_update AFTER UPDATE ON helper REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"
        " FOR EACH STATEMENT EXECUTE FUNCTION ruhu_note_helper()"
    )
    op.execute("GRANT SELECT ON SEQUENCE change_seq TO ruhu_machine")
    for statement in (MARK, FEED_POSITIONS, FEED_HEADS, PRUNE_FEED):
        op.execute(statement)
    for function in ASKED:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM public")
        op.execute(f"ALTER FUNCTION {function} OWNER TO ruhu_machine")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO ruhu_app, ruhu_owner")
    op.execute("DROP POLICY seen ON change")
    op.execute(
        f"CREATE POLICY seen ON change FOR SELECT TO ruhu_app USING ({IN_REGION} OR {LISTED} OR {OWN_PARTY} OR {MY_VISIT})"
    )


def downgrade() -> None:
    before = context.script.get_revision("0004_feed_and_invariants").module
    walls = context.script.get_revision("0003_walls").module
    op.execute("TRUNCATE change, change_pending")
    op.execute("DROP POLICY seen ON change")
    op.execute("DROP TRIGGER publish ON change_pending")
    op.execute("DROP TRIGGER change_update ON helper")
    for table in (*TABLES, "household_access"):
        for event in EVENTS:
            op.execute(f"DROP TRIGGER change_{event} ON {table}")
    own = ("ruhu_note_change()", "ruhu_note_list()", "ruhu_note_helper()", "ruhu_publish_changes()")
    for function in (*reversed(ASKED), "ruhu_mark(timestamptz)", *own):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("REVOKE SELECT ON SEQUENCE change_seq FROM ruhu_machine")
    op.drop_index("ix_change_at", "change")
    op.drop_index("ix_change_party_id", "change")
    op.create_index("ix_change_id", "change", ["id", "seq"])
    op.drop_constraint("pk_change_pending", "change_pending", type_="primary")
    op.create_primary_key("pk_change_pending", "change_pending", ["xid", "area", "kind", "id", "op", "party_id"])
    for table in ("change", "change_pending"):
        op.drop_column(table, "household_id")
        op.drop_column(table, "region_code")
    for statement in (before.NOTE_CHANGE, before.PUBLISH_CHANGES):
        op.execute(statement)
    for function in ("ruhu_note_change()", "ruhu_publish_changes()"):
        op.execute(f"ALTER FUNCTION {function} OWNER TO ruhu_machine")
    for table, arguments in before.FEED.items():
        given = ", ".join(f"'{a}'" for a in arguments)
        for event, clause in EVENTS.items():
            op.execute(
                f"CREATE TRIGGER change_{event} AFTER {clause.format(table)}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION ruhu_note_change({given})"
            )
    op.execute(PUBLISH)
    op.execute(f"CREATE POLICY seen ON change FOR SELECT TO ruhu_app USING ({walls.POLICIES['change'][0]})")
