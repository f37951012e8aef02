"""What judging a visit must know beyond what its author may see, and the only change a visit ever undergoes.

Revision: 0005_visits; follows: 0004_feed_and_invariants

The functions belong to the machine role and look past row-level security, so each answers as little as will do: to the
viewer about their own past pairings, yes or no about a membership, a count of repeated photos.
"""

from __future__ import annotations

from alembic import op

revision = "0005_visits"
down_revision = "0004_feed_and_invariants"
branch_labels = None
depends_on = None

# Households that the viewer was paired with on the day of a visit, whoever is now. Their location is not told, only how
# far from it the visit was. The day of a hand-over still belongs to both: a morning's visit is not disowned by an
# afternoon's decision. A student's household counts through the student's membership of that day.
HOUSEHOLDS_WHEN_PAIRED = """
CREATE FUNCTION ruhu_households_when_paired(
  positions int[], household_ids uuid[], days date[], longitudes float8[], latitudes float8[]
) RETURNS TABLE ("position" int, household_id uuid, region_code text, ended_on date, has_dwelling boolean,
                 distance_metres float8)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT asked.n, h.id, h.region_code, h.ended_on, h.location IS NOT NULL,
         ST_Distance(h.location::geography, ST_SetSRID(ST_MakePoint(asked.longitude, asked.latitude), 4326)::geography)
  FROM unnest(positions, household_ids, days, longitudes, latitudes) AS asked(n, id, day, longitude, latitude)
  JOIN household h ON h.id = asked.id
  WHERE EXISTS (
    SELECT FROM pairing p
    WHERE (p.helper_id = ruhu_viewer_uuid('helper_id') OR p.organisation_id = ruhu_viewer_uuid('organisation_id'))
      AND p.started_on <= asked.day AND (p.ended_on IS NULL OR asked.day <= p.ended_on)
      AND (p.household_id = h.id
           OR EXISTS (SELECT FROM membership m
                      WHERE m.person_id = p.person_id AND m.household_id = h.id
                        AND m.started_on <= asked.day AND (m.ended_on IS NULL OR asked.day <= m.ended_on))))
$$
"""

# Of the given pairs, those where the person is or once was a member of the household.
WERE_MEMBERS = """
CREATE FUNCTION ruhu_were_members(person_ids uuid[], household_ids uuid[])
RETURNS TABLE (person_id uuid, household_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT asked.person, asked.household
  FROM unnest(person_ids, household_ids) AS asked(person, household)
  WHERE EXISTS (SELECT FROM person p WHERE p.id = asked.person AND p.household_id = asked.household)
     OR EXISTS (SELECT FROM membership m WHERE m.person_id = asked.person AND m.household_id = asked.household)
$$
"""

# In how many visits in force each photo is already: a copied photo is most telling between households whose visitors
# know nothing of each other. Only the count leaves. `but`: the visit that is being amended repeats its own photos.
PHOTO_REPEATS = """
CREATE FUNCTION ruhu_photo_repeats(hashes text[], but uuid) RETURNS TABLE (sha256 text, visits int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT p.sha256, count(DISTINCT p.visit_id)::int
  FROM visit_photo p JOIN visit v ON v.id = p.visit_id
  WHERE p.sha256 = ANY (hashes) AND v.superseded_by_id IS NULL AND v.id IS DISTINCT FROM but
  GROUP BY p.sha256
$$
"""

# How far each visit is from its author's nearest others in time, before and after. The viewer's own visits only, which
# they may see anyway: outside row-level security, because inside it the index on author and time is not used, and every
# visit of all the author's families is read and sorted for each item (4 ms became 100).
NEIGHBOURING_VISITS = """
CREATE FUNCTION ruhu_neighbouring_visits(
  positions int[], instants timestamptz[], longitudes float8[], latitudes float8[], but uuid
) RETURNS TABLE ("position" int, occurred_at timestamptz, metres float8)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT sent.n, near.occurred_at,
         ST_Distance(ST_SetSRID(ST_MakePoint(sent.longitude, sent.latitude), 4326)::geography, near.location::geography)
  FROM unnest(positions, instants, longitudes, latitudes) AS sent(n, at, longitude, latitude)
  CROSS JOIN LATERAL (
    (SELECT v.occurred_at, v.location FROM visit v
     WHERE v.recorded_by_id = ruhu_viewer_uuid('viewer_id') AND v.occurred_at <= sent.at
       AND v.location IS NOT NULL AND v.superseded_by_id IS NULL AND v.id IS DISTINCT FROM but
     ORDER BY v.occurred_at DESC, v.id DESC LIMIT 1)
    UNION ALL
    (SELECT v.occurred_at, v.location FROM visit v
     WHERE v.recorded_by_id = ruhu_viewer_uuid('viewer_id') AND v.occurred_at > sent.at
       AND v.location IS NOT NULL AND v.superseded_by_id IS NULL AND v.id IS DISTINCT FROM but
     ORDER BY v.occurred_at, v.id LIMIT 1)
  ) AS near
$$
"""

# A visit is immutable: the app role has no UPDATE on the table. The one mark it receives is left by its successor, who
# may be an officer and not the author. Two successors are impossible: supersedes_id is unique.
SUPERSEDE = """
CREATE FUNCTION ruhu_supersede_visit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
BEGIN
  UPDATE visit SET superseded_by_id = NEW.id WHERE id = NEW.supersedes_id;
  RETURN NULL;
END
$function$
"""

# A family that moves takes its past along: whoever is responsible for it now sees the visits made before. Household and
# visits change in one transaction, so the feed tells the old area that they are gone and the new one that they are there.
VISITS_FOLLOW = """
CREATE FUNCTION ruhu_visits_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
BEGIN
  UPDATE visit_companion c SET region_code = NEW.region_code FROM visit v
    WHERE v.id = c.visit_id AND v.household_id = NEW.id;
  UPDATE visit_finding f SET region_code = NEW.region_code FROM visit v
    WHERE v.id = f.visit_id AND v.household_id = NEW.id;
  UPDATE visit_photo p SET region_code = NEW.region_code FROM visit v
    WHERE v.id = p.visit_id AND v.household_id = NEW.id;
  UPDATE visit SET region_code = NEW.region_code WHERE household_id = NEW.id;
  RETURN NULL;
END
$function$
"""

ASKED = (
    "ruhu_households_when_paired(int[], uuid[], date[], float8[], float8[])",
    "ruhu_were_members(uuid[], uuid[])",
    "ruhu_photo_repeats(text[], uuid)",
    "ruhu_neighbouring_visits(int[], timestamptz[], float8[], float8[], uuid)",
)


def upgrade() -> None:
    for statement in (
        HOUSEHOLDS_WHEN_PAIRED,
        WERE_MEMBERS,
        PHOTO_REPEATS,
        NEIGHBOURING_VISITS,
        SUPERSEDE,
        VISITS_FOLLOW,
    ):
        op.execute(statement)
    for function in ASKED:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM public")
        op.execute(f"ALTER FUNCTION {function} OWNER TO ruhu_machine")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO ruhu_app, ruhu_owner")
    op.execute("ALTER FUNCTION ruhu_supersede_visit() OWNER TO ruhu_machine")
    op.execute("ALTER FUNCTION ruhu_visits_follow() OWNER TO ruhu_machine")
    op.execute(
        "CREATE TRIGGER visits_follow AFTER UPDATE OF region_code ON household FOR EACH ROW"
        " WHEN (OLD.region_code <> NEW.region_code) EXECUTE FUNCTION ruhu_visits_follow()"
    )
    op.execute(
        "CREATE TRIGGER supersede AFTER INSERT ON visit FOR EACH ROW WHEN (NEW.supersedes_id IS NOT NULL)"
        " EXECUTE FUNCTION ruhu_supersede_visit()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER visits_follow ON household")
    op.execute("DROP FUNCTION ruhu_visits_follow()")
    op.execute("DROP TRIGGER supersede ON visit")
    op.execute("DROP FUNCTION ruhu_supersede_visit()")
    for function in ASKED:
        op.execute(f"DROP FUNCTION {function}")
