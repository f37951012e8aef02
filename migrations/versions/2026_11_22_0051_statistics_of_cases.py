"""Figures by step, grade and the category of monitoring: what cases and grades say of a household is part of its standing.

Revision: 0051_statistics_of_cases; follows: 0041_case_walls
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

revision = "0051_statistics_of_cases"
down_revision = "0058_analysis_case"
branch_labels = None
depends_on = None

VECTOR = "category, cause, monitoring_status, monitoring_category, step, grades, rosters"

# As in 0050_statistics, and: how a household stands with monitoring is what the latest event of its cases by then left it
# at, by the day on which it happened (domain/cases/rules.py, status_after); without cases, what was written of it. The
# category of monitoring has no dates of its own. A grade holds from the day it is in force until it is superseded. In
# plpgsql, which keeps the plan: making it takes three times as long as a family takes.
TIMELINES = """
CREATE FUNCTION ruhu_timelines(asked uuid[], today date)
RETURNS TABLE (household_id uuid, from_on date, until_on date, region_code text, category text, cause text,
               monitoring_status text, monitoring_category text, step text, grades text[], rosters text[], persons int)
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
RETURN QUERY WITH family AS MATERIALIZED (
  SELECT h.id, h.region_code, h.category, coalesce(h.causes[1], '') AS cause, h.monitoring_status::text AS status,
         h.registered_on, h.ended_on
  FROM household h WHERE h.id = ANY (asked)),
marked AS (
  SELECT f.id AS household_id, f.registered_on AS day FROM family f
  UNION SELECT f.id, today FROM family f
  UNION SELECT s.household_id, s.from_on FROM household_standing s WHERE s.household_id = ANY (asked)
  UNION SELECT e.household_id, e.happened_on FROM household_event e
    WHERE e.household_id = ANY (asked) AND e.kind = 'MOVED'
  UNION SELECT e.household_id, ruhu_china_day(e.happened_at) FROM case_event e WHERE e.household_id = ANY (asked)
  UNION SELECT g.household_id, g.effective_from FROM risk_grade g WHERE g.household_id = ANY (asked)
  UNION SELECT g.household_id, g.superseded_on FROM risk_grade g WHERE g.household_id = ANY (asked)
  UNION SELECT m.household_id, m.started_on FROM membership m WHERE m.household_id = ANY (asked)
  UNION SELECT m.household_id, m.ended_on FROM membership m WHERE m.household_id = ANY (asked)
  UNION SELECT e.household_id, e.started_on FROM roster_entry e WHERE e.household_id = ANY (asked)
  UNION SELECT e.household_id, e.ended_on FROM roster_entry e WHERE e.household_id = ANY (asked)),
stood AS (
  SELECT f.id AS household_id, d.day, f.ended_on,
         CASE WHEN d.day >= today OR lived.code IS NULL THEN f.region_code
              ELSE coalesce((SELECT r.successor_code FROM region r WHERE r.code = lived.code), lived.code)
         END AS region_code,
         CASE WHEN d.day >= today OR was IS NULL THEN f.category ELSE was.category END AS category,
         CASE WHEN d.day >= today OR was IS NULL THEN f.cause ELSE was.cause END AS cause,
         CASE WHEN latest.to_step IS NOT NULL THEN
                CASE WHEN latest.to_step IN ('ELIMINATED', 'REJECTED', 'REGISTERED_POOR', 'CLOSED')
                       THEN CASE WHEN latest.has_exited THEN 'ELIMINATED_TRACKED' ELSE 'NEVER' END
                     WHEN latest.to_step = 'MONITORED' OR latest.round = 'ELIMINATION' THEN 'MONITORED'
                     ELSE 'IN_PROCEDURE' END
              WHEN (was IS NULL OR d.day >= today) AND EXISTS (SELECT FROM case_event e WHERE e.household_id = f.id)
                THEN 'NEVER'
              WHEN d.day >= today OR was IS NULL THEN f.status
              ELSE was.monitoring_status END AS monitoring_status,
         CASE WHEN latest.to_step IN ('REJECTED', 'REGISTERED_POOR', 'CLOSED') AND NOT latest.has_exited THEN ''
              WHEN latest.to_step IN ('MONITORED', 'ELIMINATED') OR latest.round = 'ELIMINATION' OR latest.has_exited
                THEN coalesce(CASE WHEN d.day < today THEN nullif(was.monitoring_category, '') END, latest.category, '')
              ELSE '' END AS monitoring_category,
         CASE WHEN latest.to_step IN ('ELIMINATED', 'REJECTED', 'REGISTERED_POOR', 'CLOSED') THEN ''
              ELSE coalesce(latest.to_step::text, '') END AS step,
         ARRAY(SELECT g.scheme || ':' || g.level FROM risk_grade g
               WHERE g.household_id = f.id AND g.state IN ('FILED', 'SUPERSEDED') AND g.effective_from <= d.day
                 AND (g.superseded_on IS NULL OR d.day < g.superseded_on) ORDER BY g.scheme COLLATE "C") AS grades,
         ARRAY(SELECT r.code FROM roster_entry e JOIN roster r ON r.id = e.roster_id
               WHERE e.household_id = f.id AND e.started_on <= d.day AND (e.ended_on IS NULL OR d.day < e.ended_on)
               ORDER BY r.code COLLATE "C") AS rosters,
         (SELECT count(*)::int FROM membership m WHERE m.household_id = f.id AND m.started_on <= d.day
          AND (m.ended_on IS NULL OR d.day < m.ended_on)) AS persons
  FROM family f JOIN marked d ON d.household_id = f.id AND d.day >= f.registered_on
    AND (f.ended_on IS NULL OR d.day < f.ended_on)
  LEFT JOIN LATERAL (  -- as it stood on that day; before the first standing, as it stood at first
    SELECT s.* FROM household_standing s WHERE s.household_id = f.id
    ORDER BY s.from_on <= d.day DESC, CASE WHEN s.from_on <= d.day THEN s.from_on END DESC, s.from_on LIMIT 1) was ON true
  LEFT JOIN LATERAL (  -- the move that was written down last of those by then; before all moves, what the first one left
    SELECT CASE WHEN e.happened_on <= d.day THEN e.detail->>'to' ELSE e.detail->>'from' END AS code
    FROM household_event e WHERE e.household_id = f.id AND e.kind = 'MOVED'
    ORDER BY e.happened_on <= d.day DESC, CASE WHEN e.happened_on <= d.day THEN e.recorded_at END DESC, e.recorded_at
    LIMIT 1) lived ON true
  LEFT JOIN LATERAL (  -- what happened to its cases last, of all by then
    SELECT e.round, e.to_step, c.category,
           EXISTS (SELECT FROM case_event x WHERE x.household_id = f.id AND x.to_step = 'ELIMINATED'
                   AND ruhu_china_day(x.happened_at) <= d.day) AS has_exited
    FROM case_event e JOIN monitoring_case c ON c.id = e.case_id
    WHERE e.household_id = f.id AND ruhu_china_day(e.happened_at) <= d.day
    ORDER BY e.recorded_at DESC, e.revision DESC LIMIT 1) latest ON true),
differing AS (
  SELECT s.*, ROW(s.region_code, s.category, s.cause, s.monitoring_status, s.monitoring_category, s.step, s.grades,
                  s.rosters, s.persons)
              IS DISTINCT FROM lag(ROW(s.region_code, s.category, s.cause, s.monitoring_status, s.monitoring_category,
                                       s.step, s.grades, s.rosters, s.persons))
                OVER (PARTITION BY s.household_id ORDER BY s.day) AS is_new
  FROM stood s)
SELECT d.household_id, d.day, coalesce(lead(d.day) OVER (PARTITION BY d.household_id ORDER BY d.day), d.ended_on),
       d.region_code, d.category, d.cause, d.monitoring_status, d.monitoring_category, d.step, d.grades, d.rosters,
       d.persons
FROM differing d WHERE d.is_new;
END
$$
"""

# The day in China of an instant.
CHINA_DAY = """
CREATE FUNCTION ruhu_china_day(instant timestamptz) RETURNS date LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT (instant AT TIME ZONE 'Asia/Shanghai')::date
$$
"""

TABLES = ("household_standing", "statistics_delta", "statistics_balance")
# What is noted, and how the figures of a county are told.
EVENTS = ("insert", "update", "delete")
NOTED = {"risk_grade": EVENTS, "case_event": ("insert",), "monitoring_case": ("update",)}
OF_A_CATEGORY = (
    "WHEN 'STEP' THEN step",
    "WHEN 'MONITORING_CATEGORY' THEN monitoring_category WHEN 'STEP' THEN step",
)
LABELLED = (
    "WHEN 'CAUSE' THEN 'cause' END",
    "WHEN 'CAUSE' THEN 'cause' WHEN 'MONITORING_CATEGORY' THEN 'monitoring_category' END",
)


def _replace(name: str, made: str, *, drop: bool = True) -> None:
    if drop:
        op.execute(f"DROP FUNCTION {name}")
    op.execute(made)
    op.execute(f"REVOKE ALL ON FUNCTION {name} FROM public")
    op.execute(f"ALTER FUNCTION {name} OWNER TO ruhu_machine")


def _keyed(vector: str) -> None:
    """Balances are made anew from the deltas, by the worker."""
    op.execute("TRUNCATE statistics_balance")
    op.execute("UPDATE statistics_delta SET folded_at = NULL WHERE folded_at IS NOT NULL")
    op.execute(
        "ALTER TABLE statistics_balance ADD CONSTRAINT pk_statistics_balance"
        f" PRIMARY KEY (digits, region_code, span, starts_on, {vector})"
    )


def upgrade() -> None:
    before = context.script.get_revision("0050_statistics").module
    op.execute(CHINA_DAY)
    op.drop_constraint("pk_statistics_balance", "statistics_balance")
    for table in TABLES:
        op.add_column(table, sa.Column("monitoring_category", sa.Text(), server_default="", nullable=False))
        op.alter_column(table, "monitoring_category", server_default=None)
    _keyed(VECTOR)
    _replace("ruhu_timelines(uuid[], date)", TIMELINES)
    _replace("ruhu_restand(uuid[], timestamptz)", before.restand_by(VECTOR))
    op.execute("GRANT EXECUTE ON FUNCTION ruhu_restand(uuid[], timestamptz) TO ruhu_owner")
    told = before.TOLD.replace(*OF_A_CATEGORY).replace(*LABELLED)
    _replace("ruhu_told_statistics(text, text, int, date, date)", told)
    op.execute("GRANT EXECUTE ON FUNCTION ruhu_told_statistics(text, text, int, date, date) TO ruhu_app, ruhu_owner")
    for table, events in NOTED.items():
        for event in events:
            op.execute(
                f"CREATE TRIGGER standing_{event} AFTER {before.EVENTS[event].format(table)} FOR EACH STATEMENT"
                " EXECUTE FUNCTION ruhu_note_standing()"
            )
    op.execute(before.RESTAND_ALL)


def downgrade() -> None:
    before = context.script.get_revision("0050_statistics").module
    for table, events in NOTED.items():
        for event in events:
            op.execute(f"DROP TRIGGER standing_{event} ON {table}")
    op.execute("TRUNCATE household_standing, statistics_delta, statistics_balance")
    op.drop_constraint("pk_statistics_balance", "statistics_balance")
    for table in TABLES:
        op.drop_column(table, "monitoring_category")
    _keyed(before.VECTOR)
    for name, made in before.FUNCTIONS.items():
        if name in ("ruhu_timelines(uuid[], date)", "ruhu_restand(uuid[], timestamptz)"):
            _replace(name, made)
    op.execute("GRANT EXECUTE ON FUNCTION ruhu_restand(uuid[], timestamptz) TO ruhu_owner")
    _replace("ruhu_told_statistics(text, text, int, date, date)", before.TOLD)
    op.execute("GRANT EXECUTE ON FUNCTION ruhu_told_statistics(text, text, int, date, date) TO ruhu_app, ruhu_owner")
    op.execute(before.RESTAND_ALL)
    op.execute("DROP FUNCTION ruhu_china_day(timestamptz)")
