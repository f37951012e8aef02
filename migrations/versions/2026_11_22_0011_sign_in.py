"""Sign-in: credentials, devices, clients of partners, and the few questions that may be asked about them.

Revision: 0011_sign_in; follows: 0010_clues

ruhu_app has no right to any of these tables: whatever it may know or do is a function here that answers for one name,
one token or one account. Those that act on somebody else ask `ruhu_manages` themselves, whatever the program has asked.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011_sign_in"
down_revision = "0010_clues"
branch_labels = None
depends_on = None

TABLES = ("credential", "sign_in_attempt", "sign_in_session", "oauth_client", "oauth_assertion")

INSTANT = sa.DateTime(timezone=True)

# Roles in force on that day, one's own and those one stands in for. As in ruhu_viewer_of.
HELD = """SELECT g.role, g.region_code FROM access_grant g
      WHERE g.starts_on <= day AND (g.ends_on IS NULL OR day < g.ends_on)
        AND (g.account_id = ruhu_viewer_uuid('viewer_id')
             OR (g.deputy_id = ruhu_viewer_uuid('viewer_id') AND g.deputy_from <= day
                 AND (g.deputy_to IS NULL OR day < g.deputy_to)))"""

# Whose devices one may see and lock: one's own; an administrator everybody's; an officer those of helpers of the
# region, and of officers below, so that a lost phone is locked by whoever is told first.
MANAGES = f"""
CREATE FUNCTION ruhu_manages(who uuid, day date) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT who = ruhu_viewer_uuid('viewer_id') OR EXISTS (
    SELECT FROM ({HELD}) AS held(role, region_code)
    LEFT JOIN account a ON a.id = who
    LEFT JOIN helper h ON h.id = a.helper_id
    WHERE held.role = 'ADMINISTRATOR' AND a.id IS NOT NULL
       OR held.role IN ('VILLAGE_OFFICER', 'RESIDENT_TEAM', 'TOWNSHIP_OFFICER', 'COUNTY_OFFICER',
                        'PREFECTURE_OFFICER', 'PROVINCE_OFFICER')
          AND h.region_code ^@ held.region_code AND (a.kind = 'HELPER' OR h.region_code <> held.region_code))
$$
"""

ADMINISTERS = f"""
CREATE FUNCTION ruhu_administers(day date) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM ({HELD}) AS held(role, region_code) WHERE held.role = 'ADMINISTRATOR')
$$
"""

# Locked in one order, so that two attempts at once wait for each other and count as two.
ATTEMPTS = """
CREATE FUNCTION ruhu_attempts(subjects text[], at timestamptz)
RETURNS TABLE (subject text, failures bigint, counted_from timestamptz, locked_until timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO sign_in_attempt AS a (subject, failures, counted_from)
  SELECT s, 0, at FROM unnest(subjects) AS asked(s) ORDER BY s ON CONFLICT DO NOTHING;
  RETURN QUERY SELECT a.subject, a.failures, a.counted_from, a.locked_until FROM sign_in_attempt a
               WHERE a.subject = ANY (subjects) ORDER BY a.subject FOR UPDATE;
END
$$
"""

COUNT_ATTEMPTS = """
CREATE FUNCTION ruhu_count_attempts(subjects text[], counts bigint[], since timestamptz[], locks timestamptz[])
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE sign_in_attempt a SET failures = n.failures, counted_from = n.counted_from, locked_until = n.locked_until
  FROM unnest(subjects, counts, since, locks) AS n(subject, failures, counted_from, locked_until)
  WHERE a.subject = n.subject
$$
"""

# A sign-in makes up for all failures of its name, but of its address only for its own attempt: else whoever has one
# account could guess at all others for ever.
FORGIVE_ATTEMPTS = """
CREATE FUNCTION ruhu_forgive_attempts(cleared text, uncounted text[], free bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE sign_in_attempt
  SET failures = CASE subject WHEN cleared THEN 0 ELSE greatest(0, failures - 1) END,
      locked_until = CASE WHEN subject IS DISTINCT FROM cleared AND failures - 1 > free THEN locked_until END
  WHERE subject = cleared OR subject = ANY (uncounted)
$$
"""

CREDENTIAL = """
CREATE FUNCTION ruhu_credential(login text, who uuid)
RETURNS TABLE (account_id uuid, login_name text, password_hash text, totp_sealed bytea, persona text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.account_id, c.login_name, c.password_hash, c.totp_sealed, a.persona
  FROM credential c JOIN account a ON a.id = c.account_id
  WHERE a.disabled_at IS NULL AND (c.login_name = login OR c.account_id = who)
$$
"""

# A new password ends every other session: whoever knew the old one is out.
CHANGED_BY_OWNER = """
CREATE FUNCTION ruhu_set_password(hash text, keeping uuid, at timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH changed AS (
    UPDATE credential SET password_hash = hash, password_set_at = at, code_hash = NULL, code_until = NULL
    WHERE account_id = ruhu_viewer_uuid('viewer_id') RETURNING account_id
  ), ended AS (
    UPDATE sign_in_session s SET revoked_at = at, revoke_reason = 'PASSWORD_CHANGED', revoked_by_id = s.account_id
    FROM changed WHERE s.account_id = changed.account_id AND s.revoked_at IS NULL AND s.id IS DISTINCT FROM keeping
  )
  SELECT count(*) FROM changed
$$
"""

ISSUE_RESET = """
CREATE FUNCTION ruhu_issue_reset(who uuid, login text, hash bytea, until timestamptz, drops_totp boolean, day date)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  kept text;
BEGIN
  IF NOT ruhu_administers(day) OR NOT EXISTS (SELECT FROM account WHERE id = who AND disabled_at IS NULL) THEN
    RETURN NULL;
  END IF;
  UPDATE credential SET login_name = coalesce(login, login_name), code_hash = hash, code_until = until,
         totp_sealed = CASE WHEN NOT drops_totp THEN totp_sealed END,
         totp_step = CASE WHEN NOT drops_totp THEN totp_step END
  WHERE account_id = who RETURNING login_name INTO kept;
  IF kept IS NULL AND login IS NOT NULL THEN
    INSERT INTO credential (account_id, login_name, code_hash, code_until) VALUES (who, login, hash, until)
    RETURNING login_name INTO kept;
  END IF;
  RETURN kept;
END
$$
"""

# Once: the code goes with its use. All sessions end, because whoever has to be reset may have been broken into.
USE_RESET = """
CREATE FUNCTION ruhu_use_reset(login text, code bytea, hash text, at timestamptz) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH changed AS (
    UPDATE credential c SET password_hash = hash, password_set_at = at, code_hash = NULL, code_until = NULL
    FROM account a WHERE a.id = c.account_id AND a.disabled_at IS NULL
      AND c.login_name = login AND c.code_hash = code AND c.code_until > at
    RETURNING c.account_id
  ), ended AS (
    UPDATE sign_in_session s SET revoked_at = at, revoke_reason = 'PASSWORD_RESET', revoked_by_id = s.account_id
    FROM changed WHERE s.account_id = changed.account_id AND s.revoked_at IS NULL
  )
  SELECT account_id FROM changed
$$
"""

SET_TOTP = """
CREATE FUNCTION ruhu_set_totp(sealed bytea, step bigint) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH changed AS (UPDATE credential SET totp_sealed = sealed, totp_step = step
                   WHERE account_id = ruhu_viewer_uuid('viewer_id') RETURNING 1)
  SELECT count(*) FROM changed
$$
"""

USE_TOTP_STEP = """
CREATE FUNCTION ruhu_use_totp_step(who uuid, step bigint) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH used AS (UPDATE credential SET totp_step = step
                WHERE account_id = who AND totp_sealed IS NOT NULL AND coalesce(totp_step, -1) < step RETURNING 1)
  SELECT EXISTS (SELECT FROM used)
$$
"""

# The credential's row is the lock: of two sign-ins of one device at once, the second replaces the first.
OPEN_SESSION = """
CREATE FUNCTION ruhu_open_session(new_id uuid, who uuid, device text, device_called text, new_salt bytea,
                                  at timestamptz, until timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM FROM credential WHERE account_id = who FOR UPDATE;
  UPDATE sign_in_session SET revoked_at = at, revoke_reason = 'REPLACED'
  WHERE account_id = who AND device_id = device AND revoked_at IS NULL;
  INSERT INTO sign_in_session (id, account_id, device_id, device_name, salt, generation, opened_at, rotated_at, expires_at)
  VALUES (new_id, who, device, device_called, new_salt, 0, at, at, until);
END
$$
"""

SESSION = """
CREATE FUNCTION ruhu_session(one uuid)
RETURNS TABLE (account_id uuid, device_id text, salt bytea, generation bigint, rotated_at timestamptz,
               expires_at timestamptz, revoked_at timestamptz, persona text)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.account_id, s.device_id, s.salt, s.generation, s.rotated_at, s.expires_at,
         coalesce(s.revoked_at, a.disabled_at), a.persona
  FROM sign_in_session s JOIN account a ON a.id = s.account_id WHERE s.id = one FOR UPDATE OF s
$$
"""

ROTATE_SESSION = """
CREATE FUNCTION ruhu_rotate_session(one uuid, from_generation bigint, at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE sign_in_session SET generation = from_generation + 1, rotated_at = at
  WHERE id = one AND generation = from_generation AND revoked_at IS NULL
$$
"""

END_SESSION = """
CREATE FUNCTION ruhu_end_session(one uuid, reason text, at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE sign_in_session SET revoked_at = at, revoke_reason = reason WHERE id = one AND revoked_at IS NULL
$$
"""

SESSIONS = """
CREATE FUNCTION ruhu_sessions(who uuid, day date, at timestamptz)
RETURNS TABLE (id uuid, device_id text, device_name text, opened_at timestamptz, used_at timestamptz,
               expires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.id, s.device_id, s.device_name, s.opened_at, s.rotated_at, s.expires_at FROM sign_in_session s
  WHERE s.account_id = who AND s.revoked_at IS NULL AND s.expires_at > at AND ruhu_manages(who, day)
  ORDER BY s.rotated_at DESC, s.id
$$
"""

REVOKE_SESSIONS = """
CREATE FUNCTION ruhu_revoke_sessions(who uuid, one uuid, reason text, day date, at timestamptz) RETURNS SETOF uuid
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE sign_in_session SET revoked_at = at, revoke_reason = reason, revoked_by_id = ruhu_viewer_uuid('viewer_id')
  WHERE account_id = who AND revoked_at IS NULL AND (one IS NULL OR id = one) AND ruhu_manages(who, day)
  RETURNING id
$$
"""

SESSION_IS_OPEN = """
CREATE FUNCTION ruhu_session_is_open(one uuid, who uuid, device text, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM sign_in_session WHERE id = one AND account_id = who AND device_id = device
                 AND revoked_at IS NULL AND expires_at > at)
$$
"""

CLIENT = """
CREATE FUNCTION ruhu_client(asked text, at timestamptz)
RETURNS TABLE (account_id uuid, scopes text[], secret_hash bytea, old_secret_hash bytea, jwks jsonb, persona text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.account_id, c.scopes, c.secret_hash, CASE WHEN c.old_secret_until > at THEN c.old_secret_hash END, c.jwks,
         a.persona
  FROM oauth_client c JOIN account a ON a.id = c.account_id
  WHERE c.id = asked AND c.revoked_at IS NULL AND c.expires_at > at AND a.disabled_at IS NULL
$$
"""

USE_ASSERTION = """
CREATE FUNCTION ruhu_use_assertion(client text, assertion text, until timestamptz) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH used AS (INSERT INTO oauth_assertion (client_id, jti, expires_at) VALUES (client, assertion, until)
                ON CONFLICT DO NOTHING RETURNING 1)
  SELECT EXISTS (SELECT FROM used)
$$
"""

CLIENT_IS_OPEN = """
CREATE FUNCTION ruhu_client_is_open(client text, who uuid, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM oauth_client
                 WHERE id = client AND account_id = who AND revoked_at IS NULL AND expires_at > at)
$$
"""

# The trace of a sign-in is in the audit; these rows are for judging the next one only.
PRUNE = """
CREATE FUNCTION ruhu_prune_sign_ins(at timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH attempts AS (DELETE FROM sign_in_attempt WHERE counted_from < at - interval '2 days' RETURNING 1),
       assertions AS (DELETE FROM oauth_assertion WHERE expires_at < at - interval '1 hour' RETURNING 1),
       sessions AS (DELETE FROM sign_in_session
                    WHERE least(revoked_at, expires_at) < at - interval '180 days' RETURNING 1)
  SELECT (SELECT count(*) FROM attempts) + (SELECT count(*) FROM assertions) + (SELECT count(*) FROM sessions)
$$
"""

FUNCTIONS = {
    "ruhu_manages(uuid, date)": MANAGES,
    "ruhu_administers(date)": ADMINISTERS,
    "ruhu_attempts(text[], timestamptz)": ATTEMPTS,
    "ruhu_count_attempts(text[], bigint[], timestamptz[], timestamptz[])": COUNT_ATTEMPTS,
    "ruhu_forgive_attempts(text, text[], bigint)": FORGIVE_ATTEMPTS,
    "ruhu_credential(text, uuid)": CREDENTIAL,
    "ruhu_set_password(text, uuid, timestamptz)": CHANGED_BY_OWNER,
    "ruhu_issue_reset(uuid, text, bytea, timestamptz, boolean, date)": ISSUE_RESET,
    "ruhu_use_reset(text, bytea, text, timestamptz)": USE_RESET,
    "ruhu_set_totp(bytea, bigint)": SET_TOTP,
    "ruhu_use_totp_step(uuid, bigint)": USE_TOTP_STEP,
    "ruhu_open_session(uuid, uuid, text, text, bytea, timestamptz, timestamptz)": OPEN_SESSION,
    "ruhu_session(uuid)": SESSION,
    "ruhu_rotate_session(uuid, bigint, timestamptz)": ROTATE_SESSION,
    "ruhu_end_session(uuid, text, timestamptz)": END_SESSION,
    "ruhu_sessions(uuid, date, timestamptz)": SESSIONS,
    "ruhu_revoke_sessions(uuid, uuid, text, date, timestamptz)": REVOKE_SESSIONS,
    "ruhu_session_is_open(uuid, uuid, text, timestamptz)": SESSION_IS_OPEN,
    "ruhu_client(text, timestamptz)": CLIENT,
    "ruhu_use_assertion(text, text, timestamptz)": USE_ASSERTION,
    "ruhu_client_is_open(text, uuid, timestamptz)": CLIENT_IS_OPEN,
    "ruhu_prune_sign_ins(timestamptz)": PRUNE,
}


def upgrade() -> None:
    make_tables()
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO ruhu_machine")
        op.execute(f"CREATE POLICY owner ON {table} TO ruhu_owner USING (true) WITH CHECK (true)")
    for function, statement in FUNCTIONS.items():
        op.execute(statement)
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM public")
        op.execute(f"ALTER FUNCTION {function} OWNER TO ruhu_machine")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO ruhu_app, ruhu_owner")


def make_tables() -> None:
    op.create_table(
        "credential",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("login_name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("password_set_at", INSTANT, nullable=True),
        sa.Column("totp_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=True),
        sa.Column("code_hash", sa.LargeBinary(), nullable=True),
        sa.Column("code_until", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("account_id", name="pk_credential"),
        sa.UniqueConstraint("login_name", name="uq_credential_login_name"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_credential_account_id"),
        sa.CheckConstraint("num_nonnulls(code_hash, code_until) IN (0, 2)", name=op.f("ck_credential_code_expires")),
    )
    op.create_table(
        "sign_in_attempt",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("counted_from", INSTANT, nullable=False),
        sa.Column("locked_until", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("subject", name="pk_sign_in_attempt"),
    )
    op.create_table(
        "sign_in_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("device_name", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("rotated_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.Column("revoked_by_id", sa.Uuid(), nullable=True),
        sa.Column("revoke_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_session"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_sign_in_session_account_id"),
        sa.ForeignKeyConstraint(["revoked_by_id"], ["account.id"], name="fk_sign_in_session_revoked_by_id"),
        sa.CheckConstraint(
            "num_nonnulls(revoked_at, revoke_reason) IN (0, 2)", name=op.f("ck_sign_in_session_revoked_for_a_reason")
        ),
    )
    op.create_index("ix_sign_in_session_account_id", "sign_in_session", ["account_id"])
    op.create_index(
        "one_session_per_device",
        "sign_in_session",
        ["account_id", "device_id"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_index(
        "ix_sign_in_session_revoked_by_id",
        "sign_in_session",
        ["revoked_by_id"],
        postgresql_where=sa.text("revoked_by_id IS NOT NULL"),
    )
    op.create_table(
        "oauth_client",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=True),
        sa.Column("old_secret_hash", sa.LargeBinary(), nullable=True),
        sa.Column("old_secret_until", INSTANT, nullable=True),
        sa.Column("jwks", postgresql.JSONB(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_oauth_client"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_oauth_client_account_id"),
        sa.CheckConstraint("num_nonnulls(secret_hash, jwks) > 0", name=op.f("ck_oauth_client_can_prove_itself")),
        sa.CheckConstraint(
            "num_nonnulls(old_secret_hash, old_secret_until) IN (0, 2)", name=op.f("ck_oauth_client_old_secret_expires")
        ),
    )
    op.create_index("ix_oauth_client_account_id", "oauth_client", ["account_id"])
    op.create_table(
        "oauth_assertion",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("jti", sa.Text(), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("client_id", "jti", name="pk_oauth_assertion"),
        sa.ForeignKeyConstraint(["client_id"], ["oauth_client.id"], name="fk_oauth_assertion_client_id"),
    )


def downgrade() -> None:
    for function in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")
    for table in reversed(TABLES):
        op.drop_table(table)
