"""Lists of departments go on: their staff settle a clue, rows are matched again, and what they say is forgotten.

Revision: 0062_lists_on; follows: 0048_windows
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

revision = "0062_lists_on"
down_revision = "0048_windows"
branch_labels = None
depends_on = None

# The department whose row a witness is, as long as somebody of it asks with a grant over the family's village.
OURS = """w.source = 'DEPARTMENT' AND w.detail ->> 'list' = r.list_id::text AND w.detail ->> 'row' = r.number::text
    AND r.organisation_id = ruhu_viewer_uuid('organisation_id')
    AND EXISTS (SELECT FROM ruhu_viewer_grants() g WHERE g.role = 'DEPARTMENT' AND c.region_code ^@ g.region_code
                AND g.organisation_id = r.organisation_id)"""

# The clue that waits because of a row, for the department whose row it is: where to go and until when, and never which
# family. `visit_ids`: calls at that door since then with somebody of the department among the visitors.
LISTED_CLUE = f"""
CREATE FUNCTION ruhu_listed_clue(list_row uuid)
RETURNS TABLE (clue_id uuid, village_code text, began_on date, due_on date, visit_ids uuid[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.id, c.region_code, c.began_on, c.due_on, array(
    SELECT v.id FROM visit v LEFT JOIN account a ON a.id = v.recorded_by_id
    WHERE v.household_id = c.household_id AND v.superseded_by_id IS NULL
      AND (v.occurred_at AT TIME ZONE 'Asia/Shanghai')::date >= c.began_on
      AND (a.organisation_id = r.organisation_id OR EXISTS (
        SELECT FROM helper h WHERE h.organisation_id = r.organisation_id AND (
          h.id = v.helper_id OR EXISTS (SELECT FROM visit_companion x WHERE x.visit_id = v.id AND x.helper_id = h.id))))
    ORDER BY v.occurred_at, v.id)
  FROM department_list_row r
  JOIN clue_witness w ON w.detail ->> 'list' = r.list_id::text
  JOIN clue c ON c.id = w.clue_id
  WHERE r.id = list_row AND c.state = 'NEW' AND {OURS}
$$
"""

# In which village a clue waits that a row of the viewer's department gave; null for any other clue.
VILLAGE_OF_LISTED_CLUE = f"""
CREATE FUNCTION ruhu_village_of_listed_clue(asked uuid) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT c.region_code FROM clue c JOIN clue_witness w ON w.clue_id = c.id
  JOIN department_list_row r ON r.list_id::text = w.detail ->> 'list'
  WHERE c.id = asked AND c.state = 'NEW' AND {OURS} LIMIT 1
$$
"""

# Two more kinds. Of a report that nobody settled, the time begins when its receipt has expired (180 days).
NAMELESS_REPORT = "settled_at < before AND name <> '***'"
NAMELESS_REPORT_NOW = "coalesce(settled_at, received_at + interval '180 days') < before AND name <> '***'"
NO_MORE_KINDS = "  END CASE;"
LIST_ROWS = """    WHEN 'DEPARTMENT_LIST_ROW' THEN
      UPDATE department_list_row SET name = NULL, id_number_sealed = NULL, id_number_masked = NULL, id_number_index = NULL,
        phone_sealed = NULL, phone_masked = NULL WHERE id IN (
        SELECT r.id FROM department_list l JOIN department_list_row r ON r.list_id = l.id
        WHERE l.received_at < before AND r.outcome IS NOT NULL
          AND num_nonnulls(r.name, r.id_number_sealed, r.id_number_index, r.phone_sealed) > 0 LIMIT most);
      GET DIAGNOSTICS done = ROW_COUNT;
  END CASE;"""

FUNCTIONS = ("ruhu_listed_clue(uuid)", "ruhu_village_of_listed_clue(uuid)")


def upgrade() -> None:
    op.add_column(
        "department_list_row",
        sa.Column("earlier", postgresql.JSONB(), nullable=False, server_default=sa.text("'[]'")),
    )
    op.execute("CREATE INDEX ix_clue_witness_list ON clue_witness ((detail ->> 'list')) WHERE source = 'DEPARTMENT'")
    for statement in (LISTED_CLUE, VILLAGE_OF_LISTED_CLUE):
        op.execute(statement)
    for function in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM public")
        op.execute(f"ALTER FUNCTION {function} OWNER TO ruhu_machine")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO ruhu_app, ruhu_owner")
    _forget({NAMELESS_REPORT: NAMELESS_REPORT_NOW, NO_MORE_KINDS: LIST_ROWS})


def downgrade() -> None:
    _forget({})
    for function in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")
    op.drop_index("ix_clue_witness_list", "clue_witness")
    op.drop_column("department_list_row", "earlier")


def _forget(changed: dict[str, str]) -> None:
    """The function of 0030_erase_person, with these of its parts changed."""
    statement: str = context.script.get_revision("0030_erase_person").module.FORGET
    for before, after in changed.items():
        assert before in statement, before
        statement = statement.replace(before, after)
    op.execute(statement.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
