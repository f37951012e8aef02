"""A refused elimination can be proposed again: what is attached belongs to one round of the case, by its number.

Revision: 0042_rounds; follows: 0041_case_walls
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0042_rounds"
down_revision = "0041_case_walls"
branch_labels = None
depends_on = None

TABLES = ("monitoring_case", "case_authorisation", "comparison_question", "notice", "objection")
# table: (constraint, what there is one of)
ONE_PER_ROUND = {
    "case_authorisation": ("one_authorisation_per_round", "person_id"),
    "comparison_question": ("one_question_per_department", "organisation_id"),
}


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("round_number", sa.SmallInteger(), server_default="1", nullable=False))
    _once_per("round_number")
    op.execute("GRANT UPDATE (round_number) ON monitoring_case TO ruhu_app")


def _once_per(round_: str) -> None:
    for table, (name, of) in ONE_PER_ROUND.items():
        op.drop_constraint(name, table)
        op.create_unique_constraint(name, table, ["case_id", round_, of])
    op.drop_index("one_standing_notice", "notice")
    op.create_index(
        "one_standing_notice",
        "notice",
        ["case_id", round_, "kind"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )


def downgrade() -> None:
    _once_per("round")
    for table in TABLES:
        op.drop_column(table, "round_number")
