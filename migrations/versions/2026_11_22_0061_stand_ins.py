"""Who stands in for a helper sees that helper's families, for the days that the grant names.

Revision: 0061_stand_ins; follows: 0060_unmet_needs

`ruhu.stands_in_for` are the helpers in whose place the viewer stands today, comma-separated; unset or '' is nobody, as
everywhere. Nothing is written when a time begins or ends: whoever asks is looked up with every request.
"""

from __future__ import annotations

from alembic import context, op

revision = "0061_stand_ins"
down_revision = "0060_unmet_needs"
branch_labels = None
depends_on = None

STANDS_IN_FOR = "string_to_array(nullif(current_setting('ruhu.stands_in_for', true), ''), ',')::uuid[]"

# Under whose names families are listed for the viewer.
PARTIES = f"""
CREATE FUNCTION ruhu_viewer_parties() RETURNS uuid[] LANGUAGE sql STABLE AS $$
  SELECT ARRAY[ruhu_viewer_uuid('helper_id'), ruhu_viewer_uuid('organisation_id')] || {STANDS_IN_FOR}
$$
"""
LISTED_HOUSEHOLDS = """
CREATE OR REPLACE FUNCTION ruhu_listed_households() RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT array(SELECT household_id FROM household_access WHERE party_id = ANY (ruhu_viewer_parties()))
$$
"""
MET_HOUSEHOLDS = f"""
CREATE OR REPLACE FUNCTION ruhu_met_households() RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT array(SELECT household_id FROM household_access
               WHERE party_id = ruhu_viewer_uuid('helper_id') OR party_id = ANY ({STANDS_IN_FOR})
                  OR party_id = (SELECT id FROM organisation
                                 WHERE id = ruhu_viewer_uuid('organisation_id') AND kind = 'RESIDENT_TEAM'))
$$
"""

# As in 0005_visits. A visit made while standing in is sent when there is a signal again, perhaps after the last day.
WAS_PAIRED = "(p.helper_id = ruhu_viewer_uuid('helper_id') OR p.organisation_id = ruhu_viewer_uuid('organisation_id'))"
STOOD_IN = """(p.helper_id = ruhu_viewer_uuid('helper_id') OR p.organisation_id = ruhu_viewer_uuid('organisation_id')
           OR EXISTS (SELECT FROM access_grant g JOIN account holder ON holder.id = g.account_id
                      WHERE g.deputy_id = ruhu_viewer_uuid('viewer_id') AND g.role = 'HELPER'
                        AND holder.helper_id = p.helper_id AND g.deputy_from <= asked.day
                        AND (g.deputy_to IS NULL OR asked.day < g.deputy_to)))"""

# As in 0003_walls. Who has no helper is nobody's stand-in, and never somebody with a list of their own again.
WITHOUT = "'organisation_id', g.organisation_id)"
WITH = """'organisation_id', g.organisation_id,
                                          'stands_in_for', CASE WHEN g.role = 'HELPER' AND g.account_id <> a.id THEN (
                                            SELECT coalesce(holder.helper_id, holder.id)
                                            FROM account holder WHERE holder.id = g.account_id) END)"""

OWN_PARTY = "party_id IN (ruhu_viewer_uuid('helper_id'), ruhu_viewer_uuid('organisation_id'))"
OUR_PARTY = "party_id = ANY ((SELECT ruhu_viewer_parties())::uuid[])"
OWN_PAIRING = "(helper_id = ruhu_viewer_uuid('helper_id') OR organisation_id = ruhu_viewer_uuid('organisation_id'))"
OUR_PAIRING = OWN_PAIRING.replace(
    "helper_id = ruhu_viewer_uuid('helper_id')", "helper_id = ANY ((SELECT ruhu_viewer_parties())::uuid[])"
)
HAVE_FAMILIES = "concat(current_setting('ruhu.met_spans', true), current_setting('ruhu.helper_id', true)) <> ''"
HAVE_FAMILIES_NOW = HAVE_FAMILIES.replace(") <>", ", current_setting('ruhu.stands_in_for', true)) <>")


def _policies(party: str, pairing: str, families: str) -> None:
    walls = context.script.get_revision("0003_walls").module
    reach = context.script.get_revision("0007_feed_reach").module
    wide = context.script.get_revision("0009_wide_lists").module
    matrix = context.script.get_revision("0015_matrix").module
    region = wide.in_region(wide.WELL_ESTIMATED)
    op.execute(f"ALTER POLICY seen ON household_access USING ({walls.IN_REGION} OR {party})")
    op.execute(f"ALTER POLICY seen ON pairing USING ({region} OR household_id = {wide.LISTED} OR {pairing})")
    op.execute(f"ALTER POLICY seen ON visit USING ({matrix.SEES_VISIT} AND {families})")
    op.execute(
        f"ALTER POLICY seen ON change USING ({reach.IN_REGION} OR {reach.LISTED} OR {party} OR {reach.MY_VISIT})"
    )


def _functions(listed: str, met: str, was_paired: str, grants: str) -> None:
    walls = context.script.get_revision("0003_walls").module
    visits = context.script.get_revision("0005_visits").module
    replaced = (
        listed,
        met,
        visits.HOUSEHOLDS_WHEN_PAIRED.replace(WAS_PAIRED, was_paired),
        walls.VIEWER_OF.replace(WITHOUT, grants),
    )
    for statement in replaced:
        op.execute(statement.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))


def upgrade() -> None:
    op.execute(PARTIES)
    _functions(LISTED_HOUSEHOLDS, MET_HOUSEHOLDS, STOOD_IN, WITH)
    _policies(OUR_PARTY, OUR_PAIRING, HAVE_FAMILIES_NOW)


def downgrade() -> None:
    walls = context.script.get_revision("0003_walls").module
    matrix = context.script.get_revision("0015_matrix").module
    _policies(OWN_PARTY, OWN_PAIRING, HAVE_FAMILIES)
    _functions(walls.LISTED_HOUSEHOLDS, matrix.MET_HOUSEHOLDS, WAS_PAIRED, WITHOUT)
    op.execute("DROP FUNCTION ruhu_viewer_parties()")
