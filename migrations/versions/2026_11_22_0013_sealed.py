"""Identity numbers, telephones, certificates and bank accounts stand sealed; what phones pushed does, too.

Revision: 0013_sealed; follows: 0016_policy

Nothing is released yet, so this takes one step where a running service would take three: rows with clear numbers are
sealed here, with the master key that `./ruhu migrate` hands over, and their clear columns go in the same transaction.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

from domain.base.models import is_envelope
from domain.base.sealed_fields import sealed
from domain.base.sealing import KEY_BYTES, Ring, fingerprint, wrapped

revision = "0013_sealed"
down_revision = "0016_policy"
branch_labels = None
depends_on = None

# table -> its sealed fields, and whether each stood there in the clear before, and is looked up.
FIELDS = {
    "person": {"id_number": (True, True), "disability_certificate": (True, False), "phone": (True, False)},
    "household": {"phone": (True, False), "bank_account": (False, False)},
    "helper": {"phone": (True, False)},
    "organisation": {"phone": (True, False)},
    "hardship_report": {"id_number": (True, False), "phone": (True, True)},
}
ROWS_AT_ONCE = 2000

# As in 0007_feed_reach, but silent where somebody seals anew what stands there: no phone has anything to learn from it.
RESEALS = "  IF current_setting('ruhu.reseals', true) = 'yes' THEN\n    RETURN NULL;\n  END IF;\n"


def _note_change() -> str:
    before: str = context.script.get_revision("0007_feed_reach").module.NOTE_CHANGE
    first = "  PERFORM set_config('ruhu.published'"
    return before.replace(first, RESEALS + first, 1)


def _count_reports() -> str:
    """As in 0019_hotline, but by the telephone's blind index."""
    before = _count_reports_before()
    before = before.replace("'phone ' || mine.phone", "'phone ' || encode(mine.phone_index, 'hex')")
    return before.replace("r.phone = mine.phone", "r.phone_index = mine.phone_index")


def _count_reports_before() -> str:
    statements = context.script.get_revision("0019_hotline").module.CHANGED
    (statement,) = (made for name, (made, _) in statements.items() if name.startswith("ruhu_count_hardship_reports"))
    return str(statement).replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


def _columns(name: str, is_indexed: bool) -> list[sa.Column[Any]]:
    columns: list[sa.Column[Any]] = [
        sa.Column(f"{name}_sealed", sa.LargeBinary(), nullable=True),
        sa.Column(f"{name}_masked", sa.Text(), nullable=True),
    ]
    return [*columns, sa.Column(f"{name}_index", sa.LargeBinary(), nullable=True)] if is_indexed else columns


def upgrade() -> None:
    op.create_table(
        "sealing_key",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("master", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("purpose IN ('FIELDS', 'INDEX')", name=op.f("ck_sealing_key_for_one_purpose")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealing_key")),
    )
    op.create_index(
        "one_index_key", "sealing_key", ["purpose"], unique=True, postgresql_where=sa.text("purpose = 'INDEX'")
    )
    op.execute("ALTER TABLE sealing_key ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE sealing_key FORCE ROW LEVEL SECURITY")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON sealing_key TO ruhu_machine")
    op.execute("CREATE POLICY owner ON sealing_key TO ruhu_owner USING (true) WITH CHECK (true)")
    # The program reads them to serve. Without the master key, which is not here, they open nothing.
    op.execute("GRANT SELECT ON sealing_key TO ruhu_app")
    op.execute("CREATE POLICY seen ON sealing_key FOR SELECT TO ruhu_app USING (true)")

    op.execute(_note_change())
    for table, fields in FIELDS.items():
        for name, (_, is_indexed) in fields.items():
            for column in _columns(name, is_indexed):
                op.add_column(table, column)
    op.alter_column("submission", "content", nullable=True)
    op.add_column("submission", sa.Column("content_sealed", sa.LargeBinary(), nullable=True))

    _seal_what_stands()

    op.drop_constraint("ck_person_id_number_valid", "person")
    op.drop_constraint("ck_person_disability_certificate_valid", "person")
    op.drop_index("uq_person_id_number", "person")
    op.drop_index("ix_hardship_report_phone", "hardship_report")
    op.execute(_count_reports())
    for table, fields in FIELDS.items():
        for name, (was_clear, is_indexed) in fields.items():
            if was_clear:
                op.drop_column(table, name)
            columns = [column.name for column in _columns(name, is_indexed)]
            shape = f"num_nonnulls({', '.join(columns)}) IN (0, {len(columns)}) AND ({is_envelope(columns[0])})"
            op.create_check_constraint(op.f(f"ck_{table}_{name}_is_sealed"), table, shape)
    op.create_index(
        "uq_person_id_number",
        "person",
        ["id_number_index"],
        unique=True,
        postgresql_where=sa.text("id_number_index IS NOT NULL"),
    )
    op.create_index(
        "ix_hardship_report_phone",
        "hardship_report",
        ["phone_index", "received_at"],
        postgresql_where=sa.text("phone_index IS NOT NULL"),
    )
    op.create_check_constraint(
        op.f("ck_submission_content_is_kept_once"),
        "submission",
        f"num_nonnulls(content, content_sealed) = 1 AND ({is_envelope('content_sealed')})",
    )
    op.execute("DROP FUNCTION ruhu_is_id_number(text)")


def _seal_what_stands() -> None:
    bind = op.get_bind()
    held = [
        f"EXISTS (SELECT FROM {table} WHERE {name} IS NOT NULL)"
        for table, fields in FIELDS.items()
        for name, (was_clear, _) in fields.items()
        if was_clear
    ]
    kept = ("EXISTS (SELECT FROM submission)", "EXISTS (SELECT FROM operation)")
    if not bind.scalar(sa.text(f"SELECT {' OR '.join((*held, *kept))}")):
        return
    ring = _first_ring(bind)
    bind.execute(sa.text("SELECT set_config('ruhu.reseals', 'yes', true)"))
    for table, fields in FIELDS.items():
        names = [name for name, (was_clear, _) in fields.items() if was_clear]
        for rows in _all(bind, f"SELECT id, {', '.join(names)} FROM {table}"):
            sealed_rows = [{"id": row["id"], **sealed(ring, table, row["id"], row)} for row in rows]
            changed = [name for name in sealed_rows[0] if name != "id" and name not in names]
            assignments = ", ".join(f"{name} = :{name}" for name in changed)
            bind.execute(sa.text(f"UPDATE {table} AS t SET {assignments} WHERE t.id = :id"), sealed_rows)
    for rows in _all(bind, "SELECT id, content_hash, content::text FROM submission WHERE kind = 'HOUSEHOLD'"):
        values = [
            {
                "id": row["id"],
                "sealed": ring.seal("submission.content", row["id"], row["content"]),
                "hash": ring.keyed(row["content_hash"]),
            }
            for row in rows
        ]
        change = "UPDATE submission SET content = NULL, content_sealed = :sealed, content_hash = :hash WHERE id = :id"
        bind.execute(sa.text(change), values)
    for table in ("operation", "hardship_report"):
        for rows in _all(bind, f"SELECT id, content_hash FROM {table}"):
            hashes = [{"id": row["id"], "hash": ring.keyed(row["content_hash"])} for row in rows]
            bind.execute(sa.text(f"UPDATE {table} AS t SET content_hash = :hash WHERE t.id = :id"), hashes)
    bind.execute(sa.text("SELECT set_config('ruhu.reseals', '', true)"))
    bind.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))  # or tables with pending checks could not be altered


def _all(bind: sa.Connection, query: str) -> Iterator[list[dict[str, Any]]]:
    rows = bind.execute(sa.text(query)).mappings().all()
    for start in range(0, len(rows), ROWS_AT_ONCE):
        yield [dict(row) for row in rows[start : start + ROWS_AT_ONCE]]


def _first_ring(bind: sa.Connection) -> Ring:
    """The first keys, wrapped under the master key that the command handed over."""
    master: bytes | None = context.config.attributes.get("master")
    if master is None:
        raise RuntimeError("There are clear numbers to be sealed, and that takes the master key: run `./ruhu migrate`.")
    keys = {1: os.urandom(KEY_BYTES), 2: os.urandom(KEY_BYTES)}
    now = datetime.now(UTC)
    for key_id, purpose in ((1, "FIELDS"), (2, "INDEX")):
        bind.execute(
            sa.text("INSERT INTO sealing_key VALUES (:id, :purpose, :wrapped, :master, :now, :now)"),
            {
                "id": key_id,
                "purpose": purpose,
                "wrapped": wrapped(master, key_id, purpose, keys[key_id]),
                "master": fingerprint(master),
                "now": now,
            },
        )
    return Ring({1: keys[1]}, 1, keys[2])


def downgrade() -> None:
    bind = op.get_bind()
    held = [f"EXISTS (SELECT FROM {t} WHERE {n}_sealed IS NOT NULL)" for t, fields in FIELDS.items() for n in fields]
    held.append("EXISTS (SELECT FROM submission WHERE content_sealed IS NOT NULL)")
    if bind.scalar(sa.text(f"SELECT {' OR '.join(held)}")):
        raise RuntimeError("Sealed numbers stand in the database, and this would throw them away.")
    functions = context.script.get_revision("0001_functions").module
    op.execute(functions.IS_ID_NUMBER)
    op.drop_constraint("ck_submission_content_is_kept_once", "submission")
    op.drop_index("uq_person_id_number", "person")
    op.drop_index("ix_hardship_report_phone", "hardship_report")
    for table, fields in FIELDS.items():
        for name, (was_clear, is_indexed) in fields.items():
            op.drop_constraint(f"ck_{table}_{name}_is_sealed", table)
            if was_clear:
                op.add_column(table, sa.Column(name, sa.Text(), nullable=True))
            for column in _columns(name, is_indexed):
                op.drop_column(table, column.name)
    op.create_index(
        "uq_person_id_number", "person", ["id_number"], unique=True, postgresql_where=sa.text("id_number IS NOT NULL")
    )
    op.create_index(
        "ix_hardship_report_phone",
        "hardship_report",
        ["phone", "received_at"],
        postgresql_where=sa.text("phone IS NOT NULL"),
    )
    op.execute(_count_reports_before())
    op.create_check_constraint(
        op.f("ck_person_id_number_valid"), "person", "id_number IS NULL OR ruhu_is_id_number(id_number)"
    )
    op.create_check_constraint(
        op.f("ck_person_disability_certificate_valid"),
        "person",
        "disability_certificate IS NULL OR (ruhu_is_id_number(left(disability_certificate, 18))"
        " AND substr(disability_certificate, 19) ~ '^[1-7][1-4]$')",
    )
    op.drop_column("submission", "content_sealed")
    op.alter_column("submission", "content", existing_type=postgresql.JSONB(), nullable=False)
    op.execute(context.script.get_revision("0007_feed_reach").module.NOTE_CHANGE)
    op.drop_table("sealing_key")
