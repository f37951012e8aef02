"""Figures from signed deltas: what is written down of families, as standings; what changes them, as deltas of villages.

Revision: 0050_statistics; follows: 0031_names

As in the change feed, triggers note whom a transaction touches, and at commit the first deferred firing reckons their
timelines anew, all at once, and appends what differs. They belong to the machine role: figures must not depend on what
the writer may see. An action need not know of them, and cannot forget them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0050_statistics"
down_revision = "0046_grades"
branch_labels = None
depends_on = None

VECTOR = "category, cause, monitoring_status, step, grades, rosters"

# How these households stood and stand, day for day, as one expression over dated facts: a row from each day on which
# something changes. What has no dates (category, causes, monitoring status) counts from the day on which it was written,
# and before it was ever different, always. A village is the one that the family's moves tell; the codes of divisions that
# were merged are those of today, in the past, too.
TIMELINES = """
CREATE FUNCTION ruhu_timelines(asked uuid[], today date)
RETURNS TABLE (household_id uuid, from_on date, until_on date, region_code text, category text, cause text,
               monitoring_status text, step text, grades text[], rosters text[], persons int)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
WITH family AS MATERIALIZED (
  SELECT h.id, h.region_code, h.category, coalesce(h.causes[1], '') AS cause, h.monitoring_status::text AS status,
         h.registered_on, h.ended_on
  FROM household h WHERE h.id = ANY (asked)),
held AS MATERIALIZED (SELECT * FROM household_standing s WHERE s.household_id = ANY (asked)),
moved AS MATERIALIZED (
  SELECT e.household_id, e.happened_on, e.recorded_at,
         coalesce(was.successor_code, e.detail->>'from') AS left_code, coalesce(new.successor_code, e.detail->>'to') AS code
  FROM household_event e
  LEFT JOIN region was ON was.code = e.detail->>'from' LEFT JOIN region new ON new.code = e.detail->>'to'
  WHERE e.household_id = ANY (asked) AND e.kind = 'MOVED'),
marked AS (
  SELECT f.id AS household_id, f.registered_on AS day FROM family f
  UNION SELECT f.id, today FROM family f
  UNION SELECT s.household_id, s.from_on FROM held s
  UNION SELECT m.household_id, m.happened_on FROM moved m
  UNION SELECT m.household_id, m.started_on FROM membership m WHERE m.household_id = ANY (asked)
  UNION SELECT m.household_id, m.ended_on FROM membership m WHERE m.household_id = ANY (asked)
  UNION SELECT e.household_id, e.started_on FROM roster_entry e WHERE e.household_id = ANY (asked)
  UNION SELECT e.household_id, e.ended_on FROM roster_entry e WHERE e.household_id = ANY (asked)),
stood AS (
  SELECT f.id AS household_id, d.day, f.ended_on,
         CASE WHEN d.day >= today THEN f.region_code ELSE coalesce(
           (SELECT m.code FROM moved m WHERE m.household_id = f.id AND m.happened_on <= d.day
            ORDER BY m.recorded_at DESC LIMIT 1),
           (SELECT m.left_code FROM moved m WHERE m.household_id = f.id ORDER BY m.recorded_at LIMIT 1),
           f.region_code) END AS region_code,
         CASE WHEN d.day >= today OR was IS NULL THEN f.category ELSE was.category END AS category,
         CASE WHEN d.day >= today OR was IS NULL THEN f.cause ELSE was.cause END AS cause,
         CASE WHEN d.day >= today OR was IS NULL THEN f.status ELSE was.monitoring_status END AS monitoring_status,
         '' AS step, '{}'::text[] AS grades,
         ARRAY(SELECT r.code FROM roster_entry e JOIN roster r ON r.id = e.roster_id
               WHERE e.household_id = f.id AND e.started_on <= d.day AND (e.ended_on IS NULL OR d.day < e.ended_on)
               ORDER BY r.code COLLATE "C") AS rosters,
         (SELECT count(*)::int FROM membership m WHERE m.household_id = f.id AND m.started_on <= d.day
          AND (m.ended_on IS NULL OR d.day < m.ended_on)) AS persons
  FROM family f JOIN marked d ON d.household_id = f.id AND d.day >= f.registered_on
    AND (f.ended_on IS NULL OR d.day < f.ended_on)
  LEFT JOIN LATERAL (  -- as it stood on that day; before the first standing, as it stood at first
    SELECT s.* FROM held s WHERE s.household_id = f.id
    ORDER BY s.from_on <= d.day DESC, CASE WHEN s.from_on <= d.day THEN s.from_on END DESC, s.from_on LIMIT 1) was ON true),
differing AS (
  SELECT s.*, ROW(s.region_code, s.category, s.cause, s.monitoring_status, s.step, s.grades, s.rosters, s.persons)
              IS DISTINCT FROM lag(ROW(s.region_code, s.category, s.cause, s.monitoring_status, s.step, s.grades, s.rosters,
                                       s.persons)) OVER (PARTITION BY s.household_id ORDER BY s.day) AS is_new
  FROM stood s)
SELECT d.household_id, d.day, coalesce(lead(d.day) OVER (PARTITION BY d.household_id ORDER BY d.day), d.ended_on),
       d.region_code, d.category, d.cause, d.monitoring_status, d.step, d.grades, d.rosters, d.persons
FROM differing d WHERE d.is_new
$$
"""


# Brings the standings of these households up to what is written down of them, and appends what that changes in figures.
# Answers how many deltas. Who writes a family holds its row, so two at once are a rarity: the later one begins anew.
def restand_by(vector: str) -> str:
    """The function that brings standings up to date, for households told apart by these columns."""
    standing = f"household_id, from_on, until_on, region_code, {vector}, persons"
    return f"""
CREATE FUNCTION ruhu_restand(asked uuid[], at timestamptz) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
DECLARE
  appended bigint;
  missed bigint;
BEGIN
  WITH fresh AS MATERIALIZED (SELECT * FROM ruhu_timelines(asked, (at AT TIME ZONE 'Asia/Shanghai')::date)),
  held AS MATERIALIZED (SELECT {standing} FROM household_standing WHERE household_id = ANY (asked)),
  stale AS MATERIALIZED (SELECT * FROM held EXCEPT SELECT * FROM fresh),
  born AS MATERIALIZED (SELECT * FROM fresh EXCEPT SELECT * FROM held),
  gone AS (DELETE FROM household_standing s USING stale WHERE s.household_id = stale.household_id
           AND s.from_on = stale.from_on RETURNING 1),
  written AS (INSERT INTO household_standing ({standing}) SELECT {standing} FROM born),
  signed AS (
    SELECT born.*, 1 AS sign FROM born UNION ALL SELECT stale.*, -1 FROM stale),
  steps AS (
    SELECT region_code, from_on AS day, {vector}, sign AS households, sign * persons AS persons FROM signed
    UNION ALL
    SELECT region_code, until_on, {vector}, -sign, -sign * persons FROM signed WHERE until_on IS NOT NULL),
  told AS (
    INSERT INTO statistics_delta (region_code, effective_on, recorded_at, {vector}, households, persons)
    SELECT region_code, day, at, {vector}, sum(households), sum(persons) FROM steps GROUP BY region_code, day, {vector}
    HAVING sum(households) <> 0 OR sum(persons) <> 0 ORDER BY region_code, day RETURNING 1)
  SELECT (SELECT count(*) FROM told), (SELECT count(*) FROM stale) - (SELECT count(*) FROM gone) INTO appended, missed;
  IF missed <> 0 THEN
    RAISE unique_violation;
  END IF;
  RETURN appended;
EXCEPTION WHEN unique_violation THEN
  RAISE EXCEPTION 'a household was written by two at once' USING ERRCODE = 'serialization_failure';
END
$function$
"""


RESTAND = restand_by(VECTOR)
# Families that stand already, some thousands at a time.
RESTAND_ALL = """
SELECT sum(ruhu_restand(ids, now())) FROM (
  SELECT array_agg(id) AS ids FROM (
    SELECT id, row_number() OVER (ORDER BY region_code, id) / 2000 AS part FROM household) AS numbered
  GROUP BY part) AS parts
"""

# For tables with a household_id: whose facts these are.
NOTE = """
CREATE FUNCTION ruhu_note_standing() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
BEGIN
  PERFORM set_config('ruhu.restood', '', true);  -- there is something to reckon (again)
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO standing_pending (xid, household_id)
    SELECT DISTINCT pg_current_xact_id()::text, household_id FROM new_rows ON CONFLICT DO NOTHING;
  END IF;
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO standing_pending (xid, household_id)
    SELECT DISTINCT pg_current_xact_id()::text, household_id FROM old_rows ON CONFLICT DO NOTHING;
  END IF;
  RETURN NULL;
END
$function$
"""

# Most changes of a household change nothing that is counted.
NOTE_HOUSEHOLD = """
CREATE FUNCTION ruhu_note_standing_of_household() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
BEGIN
  PERFORM set_config('ruhu.restood', '', true);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO standing_pending (xid, household_id) SELECT pg_current_xact_id()::text, id FROM new_rows
    ON CONFLICT DO NOTHING;
  ELSE
    INSERT INTO standing_pending (xid, household_id)
    SELECT pg_current_xact_id()::text, n.id FROM new_rows n JOIN old_rows o ON o.id = n.id
    WHERE (n.region_code, n.category, n.causes[1], n.monitoring_status, n.registered_on, n.ended_on)
          IS DISTINCT FROM (o.region_code, o.category, o.causes[1], o.monitoring_status, o.registered_on, o.ended_on)
    ON CONFLICT DO NOTHING;
  END IF;
  RETURN NULL;
END
$function$
"""

# `ruhu.at`: what a load or a test takes for now.
SETTLE = """
CREATE FUNCTION ruhu_settle_standings() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
DECLARE
  mine text := pg_current_xact_id()::text;
  touched uuid[];
BEGIN
  -- Fires once per household noted; the first firing reckons them all, and the others must not even look (0004).
  IF current_setting('ruhu.restood', true) = mine THEN
    RETURN NULL;
  END IF;
  PERFORM set_config('ruhu.restood', mine, true);
  WITH noted AS (DELETE FROM standing_pending WHERE xid = mine RETURNING household_id)
  SELECT array_agg(household_id) INTO touched FROM noted;
  PERFORM ruhu_restand(touched, coalesce(nullif(current_setting('ruhu.at', true), '')::timestamptz, now()));
  RETURN NULL;
END
$function$
"""

# Figures of a county for who has a grant over it or a family there, but does not meet all of them (K-匿名): the regions
# that `ruhu_told` tells (0060_unmet_needs), or the values of one dimension of the county as a whole, by the same rule: one
# that is too small is left out, and where it would be the difference to the sum, the next with it. Others hear nothing.
TOLD = """
CREATE FUNCTION ruhu_told_statistics(division text, dimension text, digits int, day date, today date) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH asked AS (
    SELECT left(division, 6) AS county WHERE length(division) >= 6 AND ruhu_viewer_uuid('viewer_id') IS NOT NULL
      AND (dimension = '' OR length(division) = 6 AND digits = 6)
      AND day + 1 = date_trunc('month', day + 1) AND day <= today
      AND ((left(division, 6) >= current_setting('ruhu.region_from', true)
            AND left(division, 6) < current_setting('ruhu.region_to', true)
            AND (coalesce(current_setting('ruhu.region_spans', true), '') NOT LIKE '_%'
                 OR left(division, 6) ^@ ANY (string_to_array(current_setting('ruhu.region_spans', true), ','))))
           OR EXISTS (SELECT FROM household_access a
                      WHERE a.party_id IN (ruhu_viewer_uuid('helper_id'), ruhu_viewer_uuid('organisation_id'))
                        AND a.region_code >= left(division, 6) AND a.region_code < left(division, 6) || ':')
           OR EXISTS (SELECT FROM access_grant g WHERE g.account_id = ruhu_viewer_uuid('viewer_id')
                      AND g.role IN ('DEPARTMENT', 'PARTNER') AND left(division, 6) ^@ g.region_code
                      AND g.starts_on <= today AND (g.ends_on IS NULL OR today < g.ends_on)))
  ), policy AS (
    SELECT coalesce((
      SELECT (value #>> '{}')::int FROM policy_value, asked
      WHERE parameter = 'SMALLEST_GROUP' AND (policy_value.region_code IS NULL OR county ^@ policy_value.region_code)
        AND from_on <= today AND (until_on IS NULL OR until_on > today) AND superseded_at IS NULL
      ORDER BY length(policy_value.region_code) DESC NULLS LAST LIMIT 1), 5) AS smallest
  ), counted AS (
    SELECT d.region_code, CASE dimension WHEN 'CATEGORY' THEN category WHEN 'CAUSE' THEN cause
             WHEN 'MONITORING_STATUS' THEN monitoring_status WHEN 'STEP' THEN step ELSE '' END AS value,
           sum(households) AS households, sum(persons) AS persons
    FROM statistics_delta d, asked
    WHERE d.region_code >= county AND d.region_code < county || ':' AND effective_on <= day
    GROUP BY 1, 2 HAVING sum(households) <> 0
  ), told AS (
    SELECT t.code, t.families FROM policy, ruhu_told((SELECT coalesce(jsonb_object_agg(region_code, households), '{}')
      FROM (SELECT region_code, sum(households) AS households FROM counted GROUP BY 1) AS village), smallest) AS t
    WHERE t.code ^@ division
  ), of_value AS (
    SELECT value, sum(households) AS households, sum(persons) AS persons FROM counted GROUP BY 1
  ), beside AS (
    SELECT *, coalesce(sum(households) OVER (ORDER BY households, value
                                             ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS smaller
    FROM of_value
  ), line AS (
    SELECT t.code, '' AS value, t.families AS households,
           (SELECT sum(c.persons) FROM counted c WHERE c.region_code ^@ t.code) AS persons
    FROM told t WHERE dimension = '' AND length(t.code) = digits
    UNION ALL
    SELECT t.code, b.value, b.households, b.persons FROM told t, beside b, policy
    WHERE dimension <> '' AND length(t.code) = 6 AND b.households >= smallest AND (b.smaller = 0 OR b.smaller >= smallest))
  SELECT jsonb_build_object(
    'households', (SELECT t.families FROM told t WHERE t.code = division),
    'persons', (SELECT sum(c.persons) FROM counted c, told t WHERE t.code = division AND c.region_code ^@ division),
    'groups', (SELECT coalesce(jsonb_agg(jsonb_build_object(
       'regionCode', l.code, 'regionName', (SELECT r.name FROM region r WHERE r.code = l.code),
       'value', l.value, 'label', (SELECT jsonb_build_object('zh', w.label_zh, 'en', w.label_en) FROM term w
         WHERE w.list = CASE dimension WHEN 'CATEGORY' THEN 'household_category' WHEN 'CAUSE' THEN 'cause' END
           AND w.code = l.value),
       'households', l.households, 'persons', l.persons) ORDER BY l.code, l.value), '[]') FROM line l))
  FROM asked
$$
"""

FUNCTIONS = {
    "ruhu_timelines(uuid[], date)": TIMELINES,
    "ruhu_restand(uuid[], timestamptz)": RESTAND,
    "ruhu_note_standing()": NOTE,
    "ruhu_note_standing_of_household()": NOTE_HOUSEHOLD,
    "ruhu_settle_standings()": SETTLE,
    "ruhu_told_statistics(text, text, int, date, date)": TOLD,
}
NOTED = {"household": "ruhu_note_standing_of_household()"} | dict.fromkeys(
    ("membership", "roster_entry"), "ruhu_note_standing()"
)
EVENTS = {
    "insert": "INSERT ON {} REFERENCING NEW TABLE AS new_rows",
    "update": "UPDATE ON {} REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "DELETE ON {} REFERENCING OLD TABLE AS old_rows",
}

# As in 0028_sweeps.
IN_REGION = """(region_code >= current_setting('ruhu.region_from', true)
    AND region_code < current_setting('ruhu.region_to', true)
    AND (coalesce(current_setting('ruhu.region_spans', true), '') NOT LIKE '_%'
         OR region_code ^@ ANY (string_to_array(current_setting('ruhu.region_spans', true), ','))))"""
SEES = f"{IN_REGION} OR household_id = ANY ((SELECT ruhu_listed_households())::uuid[])"
# Figures of few families are for who meets them by their region; others are told what anonymity allows.
MET_REGION = "region_code ^@ ANY (string_to_array(current_setting('ruhu.met_spans', true), ','))"
SEEN = {
    "household_standing": SEES,
    "standing_pending": None,
    "statistics_delta": MET_REGION,
    "statistics_balance": MET_REGION,
}


def _vector() -> list[sa.Column[str]]:
    return [
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("category", "cause", "monitoring_status", "step")),
        *(sa.Column(name, postgresql.ARRAY(sa.Text()), nullable=False) for name in ("grades", "rosters")),
    ]


def upgrade() -> None:
    op.create_table(
        "household_standing",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=False),
        *_vector(),
        sa.CheckConstraint(
            "until_on IS NULL OR until_on > from_on", name=op.f("ck_household_standing_ends_after_it_begins")
        ),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_household_standing_household_id")),
        sa.PrimaryKeyConstraint("household_id", "from_on", name=op.f("pk_household_standing"), deferrable=True),
    )
    op.create_table(
        "standing_pending",
        sa.Column("xid", sa.Text(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("xid", "household_id", name=op.f("pk_standing_pending")),
        prefixes=["UNLOGGED"],
    )
    op.create_table(
        "statistics_delta",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.Column("folded_at", sa.DateTime(timezone=True), nullable=True),
        *_vector(),
        sa.CheckConstraint("length(region_code) = 12", name=op.f("ck_statistics_delta_of_a_village")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statistics_delta")),
    )
    op.create_index("ix_statistics_delta_region_code", "statistics_delta", ["region_code", "effective_on"])
    op.create_index(
        "ix_statistics_delta_unfolded",
        "statistics_delta",
        ["region_code"],
        postgresql_where=sa.text("folded_at IS NULL"),
    )
    op.create_index("ix_statistics_delta_recorded_at", "statistics_delta", ["recorded_at"])
    op.create_table(
        "statistics_balance",
        sa.Column("digits", sa.SmallInteger(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("span", sa.Text(collation="C"), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("households", sa.BigInteger(), nullable=False),
        sa.Column("persons", sa.BigInteger(), nullable=False),
        *_vector(),
        sa.CheckConstraint("span IN ('D', 'M', 'Y')", name=op.f("ck_statistics_balance_of_a_day_month_or_year")),
        sa.CheckConstraint("digits = length(region_code)", name=op.f("ck_statistics_balance_digits_of_its_code")),
        sa.PrimaryKeyConstraint(
            *("digits", "region_code", "span", "starts_on", *VECTOR.split(", ")), name=op.f("pk_statistics_balance")
        ),
    )
    for table, seen in SEEN.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO ruhu_machine")
        op.execute(f"CREATE POLICY owner ON {table} TO ruhu_owner USING (true) WITH CHECK (true)")
        if seen is not None:
            op.execute(f"GRANT SELECT ON {table} TO ruhu_app")
            op.execute(f"CREATE POLICY seen ON {table} FOR SELECT TO ruhu_app USING ({seen})")
    for function, made in FUNCTIONS.items():
        op.execute(made)
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM public")
        op.execute(f"ALTER FUNCTION {function} OWNER TO ruhu_machine")
    op.execute("GRANT EXECUTE ON FUNCTION ruhu_restand(uuid[], timestamptz) TO ruhu_owner")
    op.execute("GRANT EXECUTE ON FUNCTION ruhu_told_statistics(text, text, int, date, date) TO ruhu_app, ruhu_owner")
    for table, function in NOTED.items():
        for event, clause in EVENTS.items():
            if (table, event) != ("household", "delete"):  # nobody deletes a household
                op.execute(
                    f"CREATE TRIGGER standing_{event} AFTER {clause.format(table)} FOR EACH STATEMENT"
                    f" EXECUTE FUNCTION {function}"
                )
    op.execute(
        "CREATE CONSTRAINT TRIGGER settle AFTER INSERT ON standing_pending DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION ruhu_settle_standings()"
    )
    op.execute(RESTAND_ALL)


def downgrade() -> None:
    for table in NOTED:
        for event in EVENTS:
            op.execute(f"DROP TRIGGER IF EXISTS standing_{event} ON {table}")
    for table in SEEN:
        op.drop_table(table)
    for function in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")
