"""An analysis names the case by which the family was monitored.

Revision: 0058_analysis_case; follows: 0042_rounds
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0058_analysis_case"
down_revision = "0045_notices"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_effect_analysis_case_id", "effect_analysis", ["case_id"], postgresql_where=sa.text("case_id IS NOT NULL")
    )
    op.create_foreign_key("fk_effect_analysis_case_id", "effect_analysis", "monitoring_case", ["case_id"], ["id"])


def downgrade() -> None:
    op.drop_constraint("fk_effect_analysis_case_id", "effect_analysis", type_="foreignkey")
    op.drop_index("ix_effect_analysis_case_id", "effect_analysis")
