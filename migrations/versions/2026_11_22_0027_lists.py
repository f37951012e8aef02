"""Lists of departments, their rows, and the files that bring them.

Revision: 0027_lists; follows: 0031_names

A department sees what it delivered, by its organisation; officers see lists of their divisions, and rows that matched a
family of theirs. Which family it was stands in the clue's witness alone, so a row tells a department nothing of it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027_lists"
down_revision = "0031_names"
branch_labels = None
depends_on = None

# As in 0010_clues.
IN_REGION = """(region_code >= current_setting('ruhu.region_from', true)
    AND region_code < current_setting('ruhu.region_to', true)
    AND (coalesce(current_setting('ruhu.region_spans', true), '') NOT LIKE '_%'
         OR region_code ^@ ANY (string_to_array(current_setting('ruhu.region_spans', true), ','))))"""
# As in 0015_matrix.
MET_REGION = "region_code ^@ ANY (string_to_array(current_setting('ruhu.met_spans', true), ','))"
OFFICERS = f"({IN_REGION} AND {MET_REGION})"
OURS = "organisation_id = ruhu_viewer_uuid('organisation_id')"
MINE = "ruhu_viewer_uuid('viewer_id')"
MATCHED = "outcome IN ('MATCHED_NEW_CLUE', 'MATCHED_WITNESS')"
# What the viewer's grants say, and nothing that the program has set.
IS_DELIVERED = f"""{OURS} AND submitted_by_id = {MINE} AND EXISTS (
    SELECT FROM ruhu_viewer_grants() AS held
    WHERE held.role = 'DEPARTMENT' AND department_list.region_code ^@ held.region_code)"""
IS_OF_OURS = f"""{OURS} AND EXISTS (
    SELECT FROM department_list AS l WHERE l.id = list_id AND l.organisation_id = department_list_row.organisation_id)"""

# Envelopes: null together with their masks, and of the version that is written (domain/base/models.py, sealed_columns).
SEAL = "octet_length({0}) > 31 AND get_byte({0}, 0) = 1"


def upgrade() -> None:
    op.create_table(
        "department_list",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("sign", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_by_id", sa.Uuid(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["id"], ["task.id"], name=op.f("fk_department_list_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_department_list_organisation_id")
        ),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_department_list_region_code")),
        sa.ForeignKeyConstraint(["submitted_by_id"], ["account.id"], name=op.f("fk_department_list_submitted_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department_list")),
    )
    op.create_index("ix_department_list_organisation_id", "department_list", ["organisation_id", "received_at"])
    op.create_index("ix_department_list_region_code", "department_list", ["region_code", "received_at"])
    op.create_index("ix_department_list_submitted_by_id", "department_list", ["submitted_by_id"])
    _rows()
    _uploads()
    _wall("department_list", seen=f"{OURS} OR {OFFICERS}", born=IS_DELIVERED)
    _wall("department_list_row", seen=f"{OURS} OR ({MATCHED} AND {OFFICERS})", born=IS_OF_OURS)
    _wall("department_upload", seen=f"uploaded_by_id = {MINE}", born=f"uploaded_by_id = {MINE}")
    op.execute("GRANT UPDATE (list_id), DELETE ON department_upload TO ruhu_app")
    for right in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE POLICY {right.lower()}d ON department_upload FOR {right} TO ruhu_app USING (uploaded_by_id = {MINE})"
        )


def _rows() -> None:
    op.create_table(
        "department_list_row",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("id_number_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("id_number_masked", sa.Text(), nullable=True),
        sa.Column("id_number_index", sa.LargeBinary(), nullable=True),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("phone_masked", sa.Text(), nullable=True),
        sa.Column("village_code", sa.Text(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=30), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(outcome IS NULL) = (settled_at IS NULL)", name=op.f("ck_department_list_row_settled_with_an_outcome")
        ),
        *(
            sa.CheckConstraint(
                f"num_nonnulls({name}_sealed, {name}_masked) IN (0, 2) AND"
                f" ({name}_sealed IS NULL OR ({SEAL.format(name + '_sealed')}))",
                name=op.f(f"ck_department_list_row_{name}_is_sealed"),
            )
            for name in ("id_number", "phone")
        ),
        sa.ForeignKeyConstraint(["list_id"], ["department_list.id"], name=op.f("fk_department_list_row_list_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_department_list_row_organisation_id")
        ),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_department_list_row_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department_list_row")),
        sa.UniqueConstraint("list_id", "number", name="one_row_per_number"),
    )
    op.create_index("ix_department_list_row_organisation_id", "department_list_row", ["organisation_id"])
    op.create_index("ix_department_list_row_region_code", "department_list_row", ["region_code", "settled_at"])
    op.create_index(
        "ix_department_list_row_waiting",
        "department_list_row",
        ["list_id", "number"],
        postgresql_where=sa.text("outcome IS NULL"),
    )


def _uploads() -> None:
    op.create_table(
        "department_upload",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("uploaded_by_id", sa.Uuid(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("list_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind IN ('XLSX', 'CSV')", name=op.f("ck_department_upload_of_a_known_kind")),
        sa.CheckConstraint(
            f"content_sealed IS NULL OR ({SEAL.format('content_sealed')})",
            name=op.f("ck_department_upload_content_is_sealed"),
        ),
        sa.ForeignKeyConstraint(["uploaded_by_id"], ["account.id"], name=op.f("fk_department_upload_uploaded_by_id")),
        sa.ForeignKeyConstraint(["list_id"], ["department_list.id"], name=op.f("fk_department_upload_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department_upload")),
        sa.UniqueConstraint("list_id", name=op.f("uq_department_upload_list_id")),
    )
    op.create_index("ix_department_upload_uploaded_by_id", "department_upload", ["uploaded_by_id"])
    # Sealed bytes do not compress; to try costs more than it saves.
    op.execute("ALTER TABLE department_upload ALTER COLUMN content_sealed SET STORAGE EXTERNAL")


def _wall(table: str, *, seen: str, born: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO ruhu_machine")
    op.execute(f"GRANT SELECT, INSERT ON {table} TO ruhu_app")
    op.execute(f"CREATE POLICY owner ON {table} TO ruhu_owner USING (true) WITH CHECK (true)")
    op.execute(f"CREATE POLICY seen ON {table} FOR SELECT TO ruhu_app USING ({seen})")
    op.execute(f"CREATE POLICY born ON {table} FOR INSERT TO ruhu_app WITH CHECK ({born})")


def downgrade() -> None:
    for table in ("department_upload", "department_list_row", "department_list"):
        op.drop_table(table)
