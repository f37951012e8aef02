"""The second wall learns who meets a family: amounts are seen, and families written about, through such a grant only.

Revision: 0015_matrix; follows: 0020_retention

Whoever has a family on an organisation's list, or a service that was given a region, sees its rows; the matrix
(domain/access/data/) gives them no amounts, and nothing to write. So far only wall 1 said so. These policies are
restrictive: they take away from what the others give. `ruhu.met_spans` are the subtrees of grants that meet families,
comma-separated; unset or '' is nobody, as everywhere.
"""

from __future__ import annotations

from alembic import op

revision = "0015_matrix"
down_revision = "0020_retention"
branch_labels = None
depends_on = None

# The families of the viewer's own list. An organisation's list is met only by the resident team that the village has.
MET_HOUSEHOLDS = """
CREATE FUNCTION ruhu_met_households() RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT array(SELECT household_id FROM household_access
               WHERE party_id = ruhu_viewer_uuid('helper_id')
                  OR party_id = (SELECT id FROM organisation
                                 WHERE id = ruhu_viewer_uuid('organisation_id') AND kind = 'RESIDENT_TEAM'))
$$
"""

# Families of one county that nobody helps, counted by village and main cause: no family, and no list of any. The program
# leaves the small ones out (and 0060_unmet_needs leaves them out here). Nobody is nobody's business to the public.
UNMET_NEEDS = """
CREATE FUNCTION ruhu_unmet_needs(county text) RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_array(region_code, cause, families)), '[]') FROM (
    SELECT h.region_code, h.causes[1] AS cause, count(*) AS families FROM household h
    WHERE h.region_code >= county AND h.region_code < county || ':' AND length(county) = 6 AND h.ended_on IS NULL
      AND cardinality(h.causes) > 0 AND ruhu_viewer_uuid('viewer_id') IS NOT NULL
      AND NOT EXISTS (SELECT FROM pairing p WHERE p.household_id = h.id AND p.ended_on IS NULL)
    GROUP BY 1, 2 ORDER BY 1, 2) AS counted
$$
"""
FUNCTIONS = {"ruhu_met_households()": MET_HOUSEHOLDS, "ruhu_unmet_needs(text)": UNMET_NEEDS}

MET_REGION = "region_code ^@ ANY (string_to_array(current_setting('ruhu.met_spans', true), ','))"
MET_LIST = "ANY ((SELECT ruhu_met_households())::uuid[])"
OF_A_HOUSEHOLD = f"{MET_REGION} OR household_id = {MET_LIST}"
MINE = "submitter_id = ruhu_viewer_uuid('viewer_id')"

# One's own visits are seen as long as one visits families: a helper, or an officer of some region.
IN_REGION = """(region_code >= current_setting('ruhu.region_from', true)
    AND region_code < current_setting('ruhu.region_to', true)
    AND (coalesce(current_setting('ruhu.region_spans', true), '') NOT LIKE '_%'
         OR region_code ^@ ANY (string_to_array(current_setting('ruhu.region_spans', true), ','))))"""
LISTED = "ANY ((SELECT ruhu_listed_households())::uuid[])"
OWN = "recorded_by_id = ruhu_viewer_uuid('viewer_id')"
VISITS = "concat(current_setting('ruhu.met_spans', true), current_setting('ruhu.helper_id', true)) <> ''"
SEES_VISIT = f"{IN_REGION} OR household_id = {LISTED} OR {OWN}"

# table: whom it takes for met
WRITTEN = {
    "household": f"{MET_REGION} OR id = {MET_LIST}",
    "person": f"{OF_A_HOUSEHOLD} OR left_household_id = {MET_LIST}",
    "membership": OF_A_HOUSEHOLD,
    "household_event": OF_A_HOUSEHOLD,
    "income_statement": OF_A_HOUSEHOLD,
    "clue": OF_A_HOUSEHOLD,
    "roster_entry": MET_REGION,
    "pairing": MET_REGION,
    "household_access": MET_REGION,
    "helper": MET_REGION,
    "organisation": MET_REGION,
    "submission": f"{MINE} OR {MET_REGION}",
    "hardship_report": MET_REGION,
    "policy_value": MET_REGION,
}
SEEN = {table: WRITTEN[table] for table in ("income_statement", "submission", "hardship_report")}
DELETED = ("household_access",)


def upgrade() -> None:
    for function, statement in FUNCTIONS.items():
        op.execute(statement)
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM public")
        op.execute(f"ALTER FUNCTION {function} OWNER TO ruhu_machine")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO ruhu_app, ruhu_owner")
    op.execute(f"ALTER POLICY seen ON visit USING ({SEES_VISIT} AND {VISITS})")
    for table, met in WRITTEN.items():
        op.execute(f"CREATE POLICY born_met ON {table} AS RESTRICTIVE FOR INSERT TO ruhu_app WITH CHECK ({met})")
        # What is locked is not yet written: whoever sees a family masked is told that the role may not, as wall 1 says.
        op.execute(
            f"CREATE POLICY changed_met ON {table} AS RESTRICTIVE FOR UPDATE TO ruhu_app USING (true) WITH CHECK ({met})"
        )
    for table in DELETED:
        op.execute(f"CREATE POLICY ended_met ON {table} AS RESTRICTIVE FOR DELETE TO ruhu_app USING ({WRITTEN[table]})")
    for table, met in SEEN.items():
        op.execute(f"CREATE POLICY seen_met ON {table} AS RESTRICTIVE FOR SELECT TO ruhu_app USING ({met})")


def downgrade() -> None:
    op.execute(f"ALTER POLICY seen ON visit USING ({SEES_VISIT})")
    for table in SEEN:
        op.execute(f"DROP POLICY seen_met ON {table}")
    for table in DELETED:
        op.execute(f"DROP POLICY ended_met ON {table}")
    for table in WRITTEN:
        op.execute(f"DROP POLICY changed_met ON {table}")
        op.execute(f"DROP POLICY born_met ON {table}")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
