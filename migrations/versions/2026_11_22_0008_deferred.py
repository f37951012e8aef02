"""What waits is judged anew by itself, and handed to people when it waits too long.

Revision: 0008_deferred; follows: 0007_feed_reach

A deferred submission names the family that it waits for, the phone's clock when it was sent (its skew is judged against
when it first came, however late it is applied), since when it is in review, and the family that an officer said it
belongs to. Officers see what is in review in their region, and nothing else of what others sent.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_deferred"
down_revision = "0007_feed_reach"
branch_labels = None
depends_on = None

MINE = "submitter_id = ruhu_viewer_uuid('viewer_id')"
# As in 0003_walls. What was decided stays in sight: whoever decides has to see what they have written.
IN_REVIEW = """(review_since IS NOT NULL AND region_code >= current_setting('ruhu.region_from', true)
    AND region_code < current_setting('ruhu.region_to', true)
    AND (coalesce(current_setting('ruhu.region_spans', true), '') = ''
         OR region_code ^@ ANY (string_to_array(current_setting('ruhu.region_spans', true), ','))))"""
IS_OPEN = "outcome = 'DEFERRED'"

WAITING_SINCE_BEFORE = """
UPDATE submission SET waits_for = (content ->> 'householdId')::uuid
WHERE kind = 'VISIT' AND outcome = 'DEFERRED'
  AND content ->> 'householdId' ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
"""

# Who sent something that may be good by now: the family is here, or an officer has said which it is, or the stumble was
# ours. Accounts only. With ids: of these families only, which have just come or have just been given to somebody.
WAITING_SUBMITTERS = """
CREATE FUNCTION ruhu_waiting_submitters(came uuid[]) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT DISTINCT s.submitter_id FROM submission s
  WHERE s.kind = 'VISIT' AND s.outcome = 'DEFERRED'
    AND CASE WHEN came IS NULL
             THEN s.waits_for IS NULL OR s.belongs_to IS NOT NULL
                  OR EXISTS (SELECT FROM household h WHERE h.id = s.waits_for)
             ELSE s.waits_for = ANY (came) OR s.belongs_to = ANY (came) END
$$
"""

# Of the viewer's own submissions, the families that an officer has said they belong to: the officer saw the family, the
# viewer need not. No place is told, only how far from it the visit was.
HOUSEHOLDS_VOUCHED_FOR = """
CREATE FUNCTION ruhu_households_vouched_for(
  positions int[], submission_ids uuid[], longitudes float8[], latitudes float8[]
) RETURNS TABLE ("position" int, household_id uuid, region_code text, ended_on date, has_dwelling boolean,
                 distance_metres float8)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT asked.n, h.id, h.region_code, h.ended_on, h.location IS NOT NULL,
         ST_Distance(h.location::geography, ST_SetSRID(ST_MakePoint(asked.longitude, asked.latitude), 4326)::geography)
  FROM unnest(positions, submission_ids, longitudes, latitudes) AS asked(n, id, longitude, latitude)
  JOIN submission s ON s.id = asked.id AND s.submitter_id = ruhu_viewer_uuid('viewer_id')
  JOIN household h ON h.id = s.belongs_to
$$
"""

# Nobody else sees what waits. Its region is the family's, if that is here; else the helper's who sent it, else their
# grant's. Answers how many were handed over.
HAND_TO_REVIEW = """
CREATE FUNCTION ruhu_hand_to_review(received_before timestamptz, since timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH handed AS (
    UPDATE submission s
    SET review_since = since,
        region_code = coalesce(
          (SELECT h.region_code FROM household h WHERE h.id = s.waits_for),
          (SELECT h.region_code FROM account a JOIN helper h ON h.id = a.helper_id WHERE a.id = s.submitter_id),
          (SELECT min(g.region_code) FROM access_grant g WHERE g.account_id = s.submitter_id))
    WHERE s.kind = 'VISIT' AND s.outcome = 'DEFERRED' AND s.review_since IS NULL AND s.received_at < received_before
    RETURNING 1)
  SELECT count(*) FROM handed
$$
"""

FUNCTIONS = {
    "ruhu_waiting_submitters(uuid[])": WAITING_SUBMITTERS,
    "ruhu_households_vouched_for(int[], uuid[], float8[], float8[])": HOUSEHOLDS_VOUCHED_FOR,
    "ruhu_hand_to_review(timestamptz, timestamptz)": HAND_TO_REVIEW,
}


def upgrade() -> None:
    op.add_column("submission", sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("submission", sa.Column("waits_for", sa.Uuid(), nullable=True))
    op.add_column("submission", sa.Column("review_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("submission", sa.Column("belongs_to", sa.Uuid(), nullable=True))
    op.execute(WAITING_SINCE_BEFORE)
    op.create_foreign_key("fk_submission_belongs_to", "submission", "household", ["belongs_to"], ["id"])
    for name, columns, where in (
        ("ix_submission_waits_for", ["waits_for"], IS_OPEN),
        ("ix_submission_deferred", ["submitter_id", "received_at"], IS_OPEN),
        ("ix_submission_belongs_to", ["belongs_to"], "belongs_to IS NOT NULL"),
        ("ix_submission_review", ["region_code", "review_since"], "review_since IS NOT NULL"),
    ):
        op.create_index(name, "submission", columns, postgresql_where=sa.text(where))
    for function, statement in FUNCTIONS.items():
        op.execute(statement)
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM public")
        op.execute(f"ALTER FUNCTION {function} OWNER TO ruhu_machine")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO ruhu_app, ruhu_owner")
    op.execute(f"ALTER POLICY seen ON submission USING ({MINE} OR {IN_REVIEW})")
    op.execute(
        f"ALTER POLICY changed ON submission USING ({MINE} OR ({IS_OPEN} AND {IN_REVIEW}))"
        f" WITH CHECK ({MINE} OR {IN_REVIEW})"
    )


def downgrade() -> None:
    op.execute(f"ALTER POLICY changed ON submission USING ({MINE}) WITH CHECK ({MINE})")
    op.execute(f"ALTER POLICY seen ON submission USING ({MINE})")
    for function in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")
    for name in (
        "ix_submission_review",
        "ix_submission_belongs_to",
        "ix_submission_deferred",
        "ix_submission_waits_for",
    ):
        op.drop_index(name, "submission")
    for column in ("belongs_to", "review_since", "waits_for", "sent_at"):
        op.drop_column("submission", column)
