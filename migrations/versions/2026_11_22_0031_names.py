"""Families are found by the names of their members, with an index under row-level security.

Revision: 0031_names; follows: 0015_matrix
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031_names"
down_revision = "0015_matrix"
branch_labels = None
depends_on = None

# LIKE is not leakproof, so under row-level security no index answers it: a search would compare every name in sight, and
# in a province that is all of them. This function asks as the machine role, which may use the indexes, and answers only
# families of the regions whose families the viewer meets, and of the viewer's list. A part of two characters has no
# trigram: it is looked for where names begin and where they end, which for names of two or three leaves nothing out.
FAMILIES_NAMED = r"""
CREATE FUNCTION ruhu_families_named(part text) RETURNS uuid[] LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  past constant text := chr(1114111);  -- after every character that a name can have
  found uuid[];
BEGIN
  IF coalesce(part, '') = '' THEN
    RETURN '{}';
  END IF;
  WITH named AS (
    SELECT p.household_id AS id, p.region_code FROM person p
    WHERE char_length(part) > 2 AND p.household_id IS NOT NULL
      AND p.name LIKE '%' || regexp_replace(part, '([\%_])', '\\1', 'g') || '%'
    UNION
    SELECT p.household_id, p.region_code FROM person p
    WHERE char_length(part) <= 2 AND p.household_id IS NOT NULL
      AND p.name >= part AND p.name < part || past
    UNION
    SELECT p.household_id, p.region_code FROM person p
    WHERE char_length(part) <= 2 AND p.household_id IS NOT NULL
      AND reverse(p.name) >= reverse(part) AND reverse(p.name) < reverse(part) || past)
  SELECT array_agg(DISTINCT id) INTO found FROM named
  WHERE (region_code >= current_setting('ruhu.region_from', true)
         AND region_code < current_setting('ruhu.region_to', true)
         AND region_code ^@ ANY (string_to_array(current_setting('ruhu.met_spans', true), ',')))
     OR id = ANY (ruhu_listed_households());
  RETURN coalesce(found, '{}');
END
$$
"""


def upgrade() -> None:
    # Byte by byte, a beginning is a range, in whatever collation the server was set up with.
    op.alter_column("person", "name", type_=sa.Text(collation="C"))
    op.alter_column("household", "code", type_=sa.Text(collation="C"))
    op.create_index(
        "ix_person_name_trigram", "person", ["name"], postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}
    )
    op.create_index("ix_person_name", "person", ["name"])
    op.create_index("ix_person_name_reversed", "person", [sa.text("reverse(name)")])
    op.execute(FAMILIES_NAMED)
    op.execute("REVOKE ALL ON FUNCTION ruhu_families_named(text) FROM public")
    op.execute("ALTER FUNCTION ruhu_families_named(text) OWNER TO ruhu_machine")
    op.execute("GRANT EXECUTE ON FUNCTION ruhu_families_named(text) TO ruhu_app, ruhu_owner")


def downgrade() -> None:
    op.execute("DROP FUNCTION ruhu_families_named(text)")
    for index, table in (
        ("ix_person_name_reversed", "person"),
        ("ix_person_name", "person"),
        ("ix_person_name_trigram", "person"),
    ):
        op.drop_index(index, table)
    op.alter_column("household", "code", type_=sa.Text())
    op.alter_column("person", "name", type_=sa.Text())
