"""Lists over a province: policies that the planner estimates rightly, finer statistics, and indexes in the lists' orders.

Revision: 0009_wide_lists; follows: 0008_deferred

"No prefixes are set" was `= ''`, and PostgreSQL takes an equality without a column for true one time in two hundred. So it
thought that a policy leaves next to nothing, and sorted a province's visits for one page in place of walking them in
their order. `NOT LIKE '_%'` says the same of a text that is not null, and is taken for true nearly always. The figures
are in docs/decisions/0013-wide-lists.md.
"""

from __future__ import annotations

from alembic import op

revision = "0009_wide_lists"
down_revision = "0008_deferred"
branch_labels = None
depends_on = None

LISTED = "ANY ((SELECT ruhu_listed_households())::uuid[])"
OWN_PAIRING = "(helper_id = ruhu_viewer_uuid('helper_id') OR organisation_id = ruhu_viewer_uuid('organisation_id'))"
# Whose rows are listed by region, or hang on what is listed: what stands beside the region, as in 0003_walls.
ALSO_SEEN = {
    "household": f"id = {LISTED}",
    "person": f"household_id = {LISTED} OR left_household_id = {LISTED}",
    "pairing": f"household_id = {LISTED} OR {OWN_PAIRING}",
    "visit": f"household_id = {LISTED} OR recorded_by_id = ruhu_viewer_uuid('viewer_id')",
}
ORDERS = {"updated_at": "updated_at DESC, id DESC", "registered_on": "registered_on DESC, id DESC"}
WELL_ESTIMATED, BADLY_ESTIMATED = "NOT LIKE '_%'", "= ''"


def in_region(no_prefixes: str) -> str:
    """As in 0003_walls, with another way to say that no prefixes are set."""
    return f"""(region_code >= current_setting('ruhu.region_from', true)
    AND region_code < current_setting('ruhu.region_to', true)
    AND (coalesce(current_setting('ruhu.region_spans', true), '') {no_prefixes}
         OR region_code ^@ ANY (string_to_array(current_setting('ruhu.region_spans', true), ','))))"""


def upgrade() -> None:
    for table, also in ALSO_SEEN.items():
        op.execute(f"ALTER POLICY seen ON {table} USING ({in_region(WELL_ESTIMATED)} OR {also})")
        # A county is one row in a hundred: too fine for the usual hundred buckets.
        op.execute(f"ALTER TABLE {table} ALTER region_code SET STATISTICS 1000")
    for column, order in ORDERS.items():
        op.execute(f"CREATE INDEX ix_household_{column} ON household ({order})")


def downgrade() -> None:
    for column in ORDERS:
        op.execute(f"DROP INDEX ix_household_{column}")
    for table, also in ALSO_SEEN.items():
        op.execute(f"ALTER TABLE {table} ALTER region_code SET STATISTICS -1")
        op.execute(f"ALTER POLICY seen ON {table} USING ({in_region(BADLY_ESTIMATED)} OR {also})")
