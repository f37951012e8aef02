"""Rows of departments' lists forget whom they named, when the family or the person whom they matched is erased.

Revision: 0065_rows_of_erased; follows: 0064_lists_at_hand
"""

from __future__ import annotations

from alembic import op

revision = "0065_rows_of_erased"
down_revision = "0064_lists_at_hand"
branch_labels = None
depends_on = None

# By the witness, which says which row it was and of whom (domain/lists/raising.py). It is there still: this runs at the end
# of the statement that erases, and witnesses are emptied by a later one (0020_retention).
FORGET = """
CREATE FUNCTION ruhu_list_rows_are_emptied() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
BEGIN
  UPDATE department_list_row r SET name = NULL, id_number_sealed = NULL, id_number_masked = NULL, id_number_index = NULL,
    phone_sealed = NULL, phone_masked = NULL
  FROM clue_witness w JOIN clue c ON c.id = w.clue_id
  WHERE w.source = 'DEPARTMENT' AND r.list_id::text = w.detail ->> 'list' AND r.number::text = w.detail ->> 'row'
    AND CASE TG_TABLE_NAME WHEN 'household' THEN c.household_id = NEW.id
        ELSE w.reference = r.organisation_id || ' ' || NEW.id END;
  RETURN NULL;
END
$function$
"""
TABLES = ("household", "person")


def upgrade() -> None:
    op.execute(FORGET)
    op.execute("ALTER FUNCTION ruhu_list_rows_are_emptied() OWNER TO ruhu_machine")
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER list_rows_are_emptied AFTER UPDATE OF erased_at ON {table} FOR EACH ROW"
            " WHEN (OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL) EXECUTE FUNCTION ruhu_list_rows_are_emptied()"
        )


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TRIGGER list_rows_are_emptied ON {table}")
    op.execute("DROP FUNCTION ruhu_list_rows_are_emptied()")
