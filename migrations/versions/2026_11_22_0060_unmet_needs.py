"""Small numbers are left out where they are counted: whoever comes past the program is told no more than the program tells.

Revision: 0060_unmet_needs; follows: 0030_erase_person

So far the function answered every count and the program left the small ones out, five being a constant of its own. Now
the least number is the policy's (SMALLEST_GROUP), and what is answered may be told to whoever asks.
"""

from __future__ import annotations

from alembic import context, op

revision = "0060_unmet_needs"
down_revision = "0030_erase_person"
branch_labels = None
depends_on = None

# The owner of the rule (K-匿名), for counts of villages of one county: what may be told of them, of their townships and of
# the county to those who do not see the families.
#
# A count under `smallest` tells of few, and whoever knows the place knows whom. It is not enough to leave it out where
# its neighbours and their sum are told: then it is the difference. So a region is told if its count is `smallest` or
# more and the region above it is told; and where those of its neighbours that are too small would be the difference to
# the sum, the smallest of the others are left out as well, until all that is left out is `smallest` or more. Nobody is
# left out to hide nought. What is told of one region does not depend on which region was asked about, so that two
# answers cannot be subtracted either.
TOLD = """
CREATE FUNCTION ruhu_told(villages jsonb, smallest int) RETURNS TABLE (code text, families bigint)
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  WITH counted AS (
    SELECT left(village, digits) AS code, digits, sum(count::bigint)::bigint AS families
    FROM jsonb_each_text(villages) AS given(village, count), unnest(ARRAY[6, 9, 12]) AS digits
    GROUP BY 1, 2 HAVING sum(count::bigint) > 0
  ), beside AS (
    SELECT code, digits, families,
           coalesce(sum(families) OVER (PARTITION BY digits, left(code, digits - 3) ORDER BY families, code
                                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS smaller
    FROM counted
  ), enough AS (
    SELECT code, families FROM beside WHERE families >= smallest AND (smaller = 0 OR smaller >= smallest)
  )
  SELECT e.code, e.families FROM enough e
  WHERE (SELECT count(*) FROM enough above WHERE e.code ^@ above.code) = (length(e.code) - 3) / 3
$$
"""

# Families of a county, or of a division below it, that nobody helps, counted by division and main cause: every number for
# those who meet all families of it, what may be told for the others. Nobody is nobody's business to the public.
UNMET_NEEDS = """
CREATE FUNCTION ruhu_unmet_needs(division text, day date) RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  WITH asked AS (
    SELECT left(division, 6) AS county,
           division ^@ ANY (string_to_array(nullif(current_setting('ruhu.met_spans', true), ''), ',')) IS TRUE AS is_exact
    WHERE length(division) >= 6 AND ruhu_viewer_uuid('viewer_id') IS NOT NULL
  ), policy AS (
    SELECT coalesce((
      SELECT (value #>> '{}')::int FROM policy_value, asked
      WHERE parameter = 'SMALLEST_GROUP' AND (region_code IS NULL OR county ^@ region_code)
        AND from_on <= day AND (until_on IS NULL OR until_on > day) AND superseded_at IS NULL
      ORDER BY length(region_code) DESC NULLS LAST LIMIT 1), 5) AS smallest
  ), counted AS (
    SELECT cause, jsonb_object_agg(region_code, families) AS villages FROM (
      SELECT h.region_code, h.causes[1] AS cause, count(*) AS families FROM household h, asked
      WHERE h.region_code >= county AND h.region_code < county || ':' AND h.ended_on IS NULL AND cardinality(h.causes) > 0
        AND NOT EXISTS (SELECT FROM pairing p WHERE p.household_id = h.id AND p.ended_on IS NULL)
      GROUP BY 1, 2) AS of_villages
    GROUP BY 1)
  SELECT jsonb_build_object('is_exact', is_exact, 'needs', (
    SELECT coalesce(jsonb_agg(jsonb_build_array(told.code, cause, told.families) ORDER BY told.code, cause), '[]')
    FROM counted, policy, ruhu_told(villages, CASE WHEN is_exact THEN 1 ELSE smallest END) AS told
    WHERE told.code ^@ division))
  FROM asked
$$
"""
FUNCTION = "ruhu_unmet_needs(text, date)"


def upgrade() -> None:
    op.execute("DROP FUNCTION ruhu_unmet_needs(text)")
    op.execute(TOLD)
    op.execute(UNMET_NEEDS)
    op.execute(f"REVOKE ALL ON FUNCTION {FUNCTION} FROM public")
    op.execute(f"ALTER FUNCTION {FUNCTION} OWNER TO ruhu_machine")
    op.execute(f"GRANT EXECUTE ON FUNCTION {FUNCTION} TO ruhu_app, ruhu_owner")


def downgrade() -> None:
    before = context.script.get_revision("0015_matrix").module
    op.execute(f"DROP FUNCTION {FUNCTION}")
    op.execute("DROP FUNCTION ruhu_told(jsonb, int)")
    op.execute(before.UNMET_NEEDS)
    op.execute("REVOKE ALL ON FUNCTION ruhu_unmet_needs(text) FROM public")
    op.execute("ALTER FUNCTION ruhu_unmet_needs(text) OWNER TO ruhu_machine")
    op.execute("GRANT EXECUTE ON FUNCTION ruhu_unmet_needs(text) TO ruhu_app, ruhu_owner")
