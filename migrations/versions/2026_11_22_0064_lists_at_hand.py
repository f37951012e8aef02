"""The families of a viewer's list are looked up by a function that keeps its plan.

Revision: 0064_lists_at_hand; follows: 0062_lists_on

PostgreSQL parses and plans a function of SQL anew in every statement that calls it, and a read of one family calls this one
once for each table that it touches: 0.13 ms each time, which was most of what wall 2 cost a helper (`./ruhu bench walls`).
A function of PL/pgSQL is planned once for a connection: 0.03 ms.
"""

from __future__ import annotations

from alembic import context, op

revision = "0064_lists_at_hand"
down_revision = "0062_lists_on"
branch_labels = None
depends_on = None


def in_plpgsql(statement: str) -> str:
    """A function of SQL that answers one value, as one of PL/pgSQL."""
    head, body, tail = statement.replace("LANGUAGE sql", "LANGUAGE plpgsql").split("$$")
    return f"{head}$$\nBEGIN\n  RETURN ({body.strip()});\nEND\n$${tail}"


def upgrade() -> None:
    before = context.script.get_revision("0061_stand_ins").module
    for statement in (before.LISTED_HOUSEHOLDS, before.MET_HOUSEHOLDS):
        op.execute(in_plpgsql(statement))


def downgrade() -> None:
    before = context.script.get_revision("0061_stand_ins").module
    for statement in (before.LISTED_HOUSEHOLDS, before.MET_HOUSEHOLDS):
        op.execute(statement)
