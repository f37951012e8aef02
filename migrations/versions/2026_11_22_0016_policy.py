"""Policy as data: what provinces, prefectures and counties set for themselves.

Revision: 0016_policy; follows: 0018_worker
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016_policy"
down_revision = "0018_worker"
branch_labels = None
depends_on = None

# As in 0010_clues.
IN_REGION = """(region_code >= current_setting('ruhu.region_from', true)
    AND region_code < current_setting('ruhu.region_to', true)
    AND (coalesce(current_setting('ruhu.region_spans', true), '') NOT LIKE '_%'
         OR region_code ^@ ANY (string_to_array(current_setting('ruhu.region_spans', true), ','))))"""


def upgrade() -> None:
    op.create_table(
        "policy_value",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=True),
        sa.Column("parameter", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=True),
        sa.Column("basis", sa.String(length=10), nullable=False),
        sa.Column("adopted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("adopted_by_id", sa.Uuid(), nullable=True),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("until_on IS NULL OR until_on > from_on", name=op.f("ck_policy_value_ends_after_it_starts")),
        sa.CheckConstraint(
            "basis <> 'SOURCE' OR sentence IS NOT NULL", name=op.f("ck_policy_value_a_source_has_its_sentence")
        ),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_policy_value_region_code")),
        sa.ForeignKeyConstraint(["adopted_by_id"], ["account.id"], name=op.f("fk_policy_value_adopted_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_value")),
        postgresql.ExcludeConstraint(
            (sa.text("coalesce(region_code, '')"), "="),
            (sa.column("parameter"), "="),
            (sa.text("daterange(from_on, until_on)"), "&&"),
            where=sa.text("superseded_at IS NULL"),
            using="gist",
            name="policy_values_do_not_overlap",
        ),
    )
    op.create_index("ix_policy_value_region_code", "policy_value", ["region_code", "parameter", "from_on"])
    op.create_index(
        "ix_policy_value_adopted_by_id",
        "policy_value",
        ["adopted_by_id"],
        postgresql_where=sa.text("adopted_by_id IS NOT NULL"),
    )
    op.execute("ALTER TABLE policy_value ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE policy_value FORCE ROW LEVEL SECURITY")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON policy_value TO ruhu_machine")
    op.execute("CREATE POLICY owner ON policy_value TO ruhu_owner USING (true) WITH CHECK (true)")
    # A rule that nobody may read is no rule: whoever is judged by a number may know it. The country's numbers come with
    # the program, so no viewer's scope holds them.
    op.execute("GRANT SELECT, INSERT ON policy_value TO ruhu_app")
    op.execute("GRANT UPDATE (until_on, superseded_at) ON policy_value TO ruhu_app")
    op.execute("CREATE POLICY seen ON policy_value FOR SELECT TO ruhu_app USING (true)")
    op.execute(f"CREATE POLICY born ON policy_value FOR INSERT TO ruhu_app WITH CHECK ({IN_REGION})")
    op.execute(
        f"CREATE POLICY changed ON policy_value FOR UPDATE TO ruhu_app USING ({IN_REGION}) WITH CHECK ({IN_REGION})"
    )


def downgrade() -> None:
    op.drop_table("policy_value")
