"""What waits is found without what is done: most cases are under monitoring or over, and they were due before it.

Revision: 0067_cases_at_hand; follows: 0051_statistics_of_cases
"""

from __future__ import annotations

from alembic import op

revision = "0067_cases_at_hand"
down_revision = "0051_statistics_of_cases"
branch_labels = None
depends_on = None

DECIDED = ("RESULT_ANNOUNCED", "MONITORED", "ELIMINATED", "REJECTED", "REGISTERED_POOR", "CLOSED")
# One by one: so the planner sees that a step which is asked for is none of them.
UNDECIDED = " AND ".join(f"step <> '{step}'" for step in DECIDED)


def upgrade() -> None:
    # Whoever asks for steps need not ask whether the case is open as well.
    op.execute("DROP INDEX ix_monitoring_case_step")
    op.execute("CREATE INDEX ix_monitoring_case_step ON monitoring_case (step, region_code)")
    op.execute(f"CREATE INDEX ix_monitoring_case_undecided ON monitoring_case (due_on, id) WHERE {UNDECIDED}")


def downgrade() -> None:
    op.execute("DROP INDEX ix_monitoring_case_undecided")
    op.execute("DROP INDEX ix_monitoring_case_step")
    op.execute("CREATE INDEX ix_monitoring_case_step ON monitoring_case (step, region_code) WHERE closed_on IS NULL")
