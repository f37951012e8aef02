"""The trace in sealed blocks: what was removed, altered, reordered or slipped in afterwards is found.

Revision: 0014_trace; follows: 0017_accounts

Entries carry the number of the transaction that wrote them, by the database's own default: a range of such numbers whose
transactions have all ended is a set to which nothing can be added any more, and that set is a block. The functions are
the machine's, and tell the app role nothing of what an entry says; docs/decisions/0019-a-trace-in-blocks.md says why.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014_trace"
down_revision = "0017_accounts"
branch_labels = None
depends_on = None

# What the app role writes into an entry. Its number and its transaction are the database's to say.
WRITTEN = (
    "at, actor_id, actor_roles, action, subject_kind, subject_id, region_code, operation_id, request_id, device_id,"
    " purpose, detail, seen, changes"
)

# A text with its length before it, so that no two lists of texts run together to the same bytes.
FIELD = """
CREATE FUNCTION ruhu_field(value text) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN value IS NULL THEN '\\x00'::bytea
              ELSE '\\x01'::bytea || int4send(octet_length(value)) || convert_to(value, 'UTF8') END
$$
"""

# The same bytes as domain/audit/rules.py makes of an entry: the sealer writes with this, verification reads with that.
DIGEST = """
CREATE FUNCTION ruhu_entry_digest(e audit_entry) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT sha256(
    ruhu_field(e.id::text) || ruhu_field(e.transaction_id::text)
    || ruhu_field((extract(epoch FROM e.at) * 1000000)::bigint::text)
    || ruhu_field(e.actor_id::text) || ruhu_field(array_to_json(e.actor_roles)::text)
    || ruhu_field(e.action) || ruhu_field(e.subject_kind) || ruhu_field(e.subject_id::text)
    || ruhu_field(e.region_code) || ruhu_field(e.operation_id::text) || ruhu_field(e.request_id)
    || ruhu_field(e.device_id) || ruhu_field(e.purpose) || ruhu_field(e.detail::text)
    || ruhu_field(array_to_string(e.seen, ',')) || ruhu_field(encode(e.changes, 'hex')))
$$
"""

# One block of what has ended since the last one; NULL: nothing has, or another process is at it.
# A cluster restored from a dump counts its transactions anew. Then the entries that the old one left unsealed become a
# block of their own, and from there on only entries of greater numbers (`floor_id`) are looked at.
SEAL = """
CREATE FUNCTION ruhu_seal_trace(sealed_at timestamptz, most int) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  last audit_block;
  ended bigint;
  next_one bigint;
  until bigint;
  floor bigint;
  ids bigint[];
  all_digests bytea;
  first bigint;
  block_hash bytea;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('ruhu seal trace')) THEN
    RETURN NULL;
  END IF;
  SELECT * INTO last FROM audit_block ORDER BY number DESC LIMIT 1;
  last.number := coalesce(last.number, 0);
  last.until_xid := coalesce(last.until_xid, 0);
  floor := coalesce(last.floor_id, 0);
  -- In one statement: what this snapshot takes for ended is what it sees of their entries.
  SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint
  INTO ended, next_one;
  IF next_one < last.until_xid THEN
    SELECT greatest(max(id), (SELECT max(last_id) FROM audit_block)) INTO floor
    FROM audit_entry WHERE transaction_id >= last.until_xid;
    SELECT array_agg(id ORDER BY id), string_agg(ruhu_entry_digest(e), '' ORDER BY id)
    INTO ids, all_digests FROM audit_entry e
    WHERE transaction_id >= last.until_xid AND id > coalesce(last.floor_id, 0);
    until := 0;
  ELSE
    SELECT min(transaction_id) INTO first FROM audit_entry
    WHERE transaction_id >= last.until_xid AND transaction_id < ended AND id > floor;
    IF first IS NULL THEN
      RETURN NULL;
    END IF;
    -- As many as a block may hold, but whole transactions, and one at least.
    SELECT greatest(first + 1, coalesce((
        SELECT transaction_id FROM audit_entry
        WHERE transaction_id >= last.until_xid AND transaction_id < ended AND id > floor
        ORDER BY transaction_id OFFSET most LIMIT 1), ended)) INTO until;
    SELECT array_agg(id ORDER BY id), string_agg(ruhu_entry_digest(e), '' ORDER BY id)
    INTO ids, all_digests FROM audit_entry e
    WHERE transaction_id >= last.until_xid AND transaction_id < until AND id > floor;
  END IF;
  ids := coalesce(ids, '{}');
  all_digests := coalesce(all_digests, '');
  block_hash := sha256(
    ruhu_field('ruhu trace 1') || ruhu_field((last.number + 1)::text)
    || ruhu_field((extract(epoch FROM sealed_at) * 1000000)::bigint::text)
    || ruhu_field(floor::text) || ruhu_field(until::text) || ruhu_field(array_to_string(ids, ','))
    || ruhu_field(encode(all_digests, 'hex')) || ruhu_field(encode(last.hash, 'hex')));
  INSERT INTO audit_block (number, sealed_at, floor_id, until_xid, first_id, last_id, entry_ids, digests, previous_hash,
                           hash)
  VALUES (last.number + 1, sealed_at, floor, until, ids[1], ids[cardinality(ids)], ids, all_digests, last.hash,
          block_hash);
  RETURN last.number + 1;
END
$$
"""

# The hashes that wait for the server's signature, which the database cannot make.
UNSIGNED = """
CREATE FUNCTION ruhu_unsigned_blocks(most int) RETURNS TABLE (number bigint, hash bytea) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT b.number, b.hash FROM audit_block b WHERE b.signature IS NULL ORDER BY b.number LIMIT most
$$
"""
SIGN = """
CREATE FUNCTION ruhu_sign_block(signed bigint, by_key text, written bytea) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  UPDATE audit_block SET key_id = by_key, signature = written WHERE number = signed AND signature IS NULL
$$
"""

# The smallest division that holds everything between two codes; NULL where that is the country.
COMMON_REGION = """
CREATE FUNCTION ruhu_common_region(least_code text, greatest_code text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT CASE WHEN least_code = greatest_code THEN least_code
    WHEN left(least_code, 9) = left(greatest_code, 9) THEN left(least_code, 9)
    WHEN left(least_code, 6) = left(greatest_code, 6) THEN left(least_code, 6)
    WHEN left(least_code, 4) = left(greatest_code, 4) THEN left(least_code, 4)
    WHEN left(least_code, 2) = left(greatest_code, 2) THEN left(least_code, 2) END COLLATE "C"
$$
"""

FUNCTIONS = ("ruhu_seal_trace(timestamptz, int)", "ruhu_unsigned_blocks(int)", "ruhu_sign_block(bigint, text, bytea)")


def upgrade() -> None:
    # A default that is another in each transaction: all entries that stand get the number of this one.
    op.execute(
        "ALTER TABLE audit_entry ADD transaction_id bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),"
        " ADD seen uuid[], ADD changes bytea"
    )
    op.create_index("ix_audit_entry_transaction_id", "audit_entry", ["transaction_id"])
    op.create_index("ix_audit_entry_at", "audit_entry", ["at", "id"])
    op.create_index("ix_audit_entry_seen", "audit_entry", ["seen"], postgresql_using="gin")
    op.create_table(
        "audit_block",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("floor_id", sa.BigInteger(), nullable=False),
        sa.Column("until_xid", sa.BigInteger(), nullable=False),
        sa.Column("first_id", sa.BigInteger(), nullable=True),
        sa.Column("last_id", sa.BigInteger(), nullable=True),
        sa.Column("entry_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("digests", sa.LargeBinary(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=True),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=True),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("num_nonnulls(key_id, signature) IN (0, 2)", name=op.f("ck_audit_block_signed_with_a_key")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_block")),
    )
    op.create_index("ix_audit_block_unsigned", "audit_block", ["number"], postgresql_where=sa.text("signature IS NULL"))
    op.execute("ALTER TABLE audit_block ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE audit_block FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY owner ON audit_block TO ruhu_owner USING (true) WITH CHECK (true)")
    op.execute("GRANT SELECT, INSERT ON audit_block TO ruhu_machine")
    op.execute("GRANT UPDATE (key_id, signature) ON audit_block TO ruhu_machine")
    op.execute("REVOKE INSERT ON audit_entry FROM ruhu_app")
    op.execute(f"GRANT INSERT ({WRITTEN}) ON audit_entry TO ruhu_app")
    op.execute("REVOKE UPDATE, DELETE ON audit_entry FROM ruhu_machine")
    for statement in (FIELD, DIGEST, COMMON_REGION, SEAL, UNSIGNED, SIGN):
        op.execute(statement)
    for function in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM public")
        op.execute(f"ALTER FUNCTION {function} OWNER TO ruhu_machine")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO ruhu_app, ruhu_owner")


def downgrade() -> None:
    for function in (
        *FUNCTIONS,
        "ruhu_entry_digest(audit_entry)",
        "ruhu_field(text)",
        "ruhu_common_region(text, text)",
    ):
        op.execute(f"DROP FUNCTION {function}")
    op.drop_table("audit_block")
    op.execute("DROP INDEX ix_audit_entry_at")
    for column in ("transaction_id", "seen", "changes"):
        op.execute(f"ALTER TABLE audit_entry DROP {column}")
    op.execute("GRANT UPDATE, DELETE ON audit_entry TO ruhu_machine")
    op.execute("GRANT INSERT ON audit_entry TO ruhu_app")
