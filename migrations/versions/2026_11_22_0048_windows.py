"""Windows of the calendar in which something is due once: months, quarters, half-years, years.

Revision: 0048_windows; follows: 0046_grades

ruhu_windows(day, months): the window of so many months in which the day lies, and the one before it. A window begins with
the year: of two months there are six, of twelve there is one; where the number does not divide twelve, the last of the
year is shorter. Named as campaigns name their periods: 2026-07, 2026-Q3, 2026-H2, 2026, or else 2026-07..2026-08. No rows
where there is no number. A plain SQL function of one SELECT, which PostgreSQL writes into the statement that calls it.
"""

from __future__ import annotations

from alembic import op

revision = "0048_windows"
down_revision = "0044_programmes"
branch_labels = None
depends_on = None

WINDOWS = """
CREATE FUNCTION ruhu_windows(day date, months int) RETURNS TABLE (first_on date, last_on date, name text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT w.first_on, w.last_on,
         CASE length
           WHEN 1 THEN to_char(w.first_on, 'YYYY-MM')
           WHEN 3 THEN to_char(w.first_on, 'YYYY-"Q"Q')
           WHEN 6 THEN to_char(w.first_on, 'YYYY-"H"') || CASE WHEN date_part('month', w.first_on) = 1 THEN 1 ELSE 2 END
           WHEN 12 THEN to_char(w.first_on, 'YYYY')
           ELSE to_char(w.first_on, 'YYYY-MM') || '..' || to_char(w.last_on, 'YYYY-MM')
         END
  FROM (
    SELECT b.first_on, l.last_on,
           (date_part('month', l.last_on) - date_part('month', b.first_on) + 1)::int AS length
    FROM (VALUES (0), (1)) AS back(n),
    LATERAL (SELECT date_trunc('year', day)::date AS year, (date_part('month', day)::int - 1) / months AS number) AS now,
    LATERAL (SELECT CASE WHEN now.number < back.n THEN (now.year - interval '1 year')::date ELSE now.year END AS year,
                    CASE WHEN now.number < back.n THEN 11 / months ELSE now.number - back.n END AS number) AS asked,
    LATERAL (SELECT (asked.year + make_interval(months => asked.number * months))::date AS first_on) AS b,
    LATERAL (SELECT least((b.first_on + make_interval(months => months))::date,
                          (asked.year + interval '1 year')::date) - 1 AS last_on) AS l
    WHERE months IS NOT NULL
  ) AS w
$$
"""


def upgrade() -> None:
    op.execute(WINDOWS)
    op.execute("REVOKE ALL ON FUNCTION ruhu_windows(date, int) FROM public")
    op.execute("GRANT EXECUTE ON FUNCTION ruhu_windows(date, int) TO ruhu_app, ruhu_owner, ruhu_machine")


def downgrade() -> None:
    op.execute("DROP FUNCTION ruhu_windows(date, int)")
