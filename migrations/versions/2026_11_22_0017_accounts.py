"""Accounts, grants and clients by an administrator; duties that one person never has at once.

Revision: 0017_accounts; follows: 0025_look

An administrator writes accounts and grants under policies that ask ruhu_administers, and no more columns than these; what
proves a client stays behind functions, as everything else of sign-in.
"""

from __future__ import annotations

from alembic import op

revision = "0017_accounts"
down_revision = "0025_look"
branch_labels = None
depends_on = None

# Once per statement and not per row. The day is China's, as for every grant.
ADMINISTERS = "(SELECT ruhu_administers((now() AT TIME ZONE 'Asia/Shanghai')::date))"

POLICIES = (
    ("account", "born", "INSERT", f"WITH CHECK ({ADMINISTERS} AND persona IS NULL)"),
    ("account", "changed", "UPDATE", f"USING ({ADMINISTERS}) WITH CHECK ({ADMINISTERS})"),
    ("access_grant", "administered", "SELECT", f"USING ({ADMINISTERS})"),
    ("access_grant", "born", "INSERT", f"WITH CHECK ({ADMINISTERS})"),
    ("access_grant", "changed", "UPDATE", f"USING ({ADMINISTERS}) WITH CHECK ({ADMINISTERS})"),
)
RIGHTS = (
    "INSERT (id, name, kind, helper_id, organisation_id, created_at), UPDATE (disabled_at) ON account",
    "INSERT (id, account_id, role, region_code, organisation_id, purpose, starts_on, ends_on) ON access_grant",
    "UPDATE (ends_on, deputy_id, deputy_from, deputy_to) ON access_grant",
)

# Whoever is shut out is out at once, on every device.
END_SESSIONS = """
CREATE FUNCTION ruhu_end_sessions_of(who uuid, day date, at timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH ended AS (
    UPDATE sign_in_session SET revoked_at = at, revoke_reason = 'ACCOUNT_DISABLED',
           revoked_by_id = ruhu_viewer_uuid('viewer_id')
    WHERE account_id = who AND revoked_at IS NULL AND ruhu_administers(day) RETURNING 1
  ), closed AS (
    UPDATE oauth_client SET revoked_at = at WHERE account_id = who AND revoked_at IS NULL AND ruhu_administers(day)
  )
  SELECT count(*) FROM ended
$$
"""

MAKE_CLIENT = """
CREATE FUNCTION ruhu_make_client(new_id text, who uuid, called text, held text[], hash bytea, keys jsonb,
                                 until timestamptz, day date, at timestamptz) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH made AS (
    INSERT INTO oauth_client (id, account_id, name, scopes, secret_hash, jwks, created_at, expires_at)
    SELECT new_id, who, called, held, hash, keys, at, until WHERE ruhu_administers(day)
    ON CONFLICT DO NOTHING RETURNING 1
  )
  SELECT EXISTS (SELECT FROM made)
$$
"""

ROTATE_CLIENT = """
CREATE FUNCTION ruhu_rotate_client(one text, hash bytea, old_until timestamptz, day date, at timestamptz) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE oauth_client SET
    old_secret_hash = CASE WHEN old_until > at THEN secret_hash END,
    old_secret_until = CASE WHEN old_until > at AND secret_hash IS NOT NULL THEN old_until END,
    secret_hash = hash
  WHERE id = one AND revoked_at IS NULL AND expires_at > at AND ruhu_administers(day) RETURNING account_id
$$
"""

REVOKE_CLIENT = """
CREATE FUNCTION ruhu_revoke_client(one text, day date, at timestamptz) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE oauth_client SET revoked_at = at WHERE id = one AND revoked_at IS NULL AND ruhu_administers(day)
  RETURNING account_id
$$
"""

CLIENTS = """
CREATE FUNCTION ruhu_clients(who uuid, day date)
RETURNS TABLE (id text, account_id uuid, name text, scopes text[], signs boolean, created_at timestamptz,
               expires_at timestamptz, revoked_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.id, c.account_id, c.name, c.scopes, c.jwks IS NOT NULL, c.created_at, c.expires_at, c.revoked_at
  FROM oauth_client c WHERE (who IS NULL OR c.account_id = who) AND ruhu_administers(day)
  ORDER BY c.created_at, c.id LIMIT 500
$$
"""

FUNCTIONS = {
    "ruhu_end_sessions_of(uuid, date, timestamptz)": END_SESSIONS,
    "ruhu_make_client(text, uuid, text, text[], bytea, jsonb, timestamptz, date, timestamptz)": MAKE_CLIENT,
    "ruhu_rotate_client(text, bytea, timestamptz, date, timestamptz)": ROTATE_CLIENT,
    "ruhu_revoke_client(text, date, timestamptz)": REVOKE_CLIENT,
    "ruhu_clients(uuid, date)": CLIENTS,
}


def upgrade() -> None:
    # Grants from before the rule: they go on for a year, and somebody says what for.
    op.execute(
        "UPDATE access_grant SET purpose = coalesce(purpose, 'given before a purpose was asked for'),"
        " ends_on = coalesce(ends_on, greatest(starts_on, current_date) + 365)"
        " WHERE role IN ('DEPARTMENT', 'PARTNER', 'INTEGRATOR')"
    )
    op.create_check_constraint(
        op.f("ck_access_grant_outsiders_have_purpose_and_end"),
        "access_grant",
        "role NOT IN ('DEPARTMENT', 'PARTNER', 'INTEGRATOR') OR num_nonnulls(purpose, ends_on) = 2",
    )
    op.execute(
        "ALTER TABLE access_grant ADD CONSTRAINT duties_are_separate EXCLUDE USING gist"
        " (account_id WITH =, role WITH <>, daterange(starts_on, ends_on) WITH &&)"
        " WHERE (role IN ('ADMINISTRATOR', 'HOTLINE_OPERATOR', 'AUDITOR'))"
    )
    for function, statement in FUNCTIONS.items():
        op.execute(statement)
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM public")
        op.execute(f"ALTER FUNCTION {function} OWNER TO ruhu_machine")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO ruhu_app, ruhu_owner")
    for table, policy, right, condition in POLICIES:
        op.execute(f"CREATE POLICY {policy} ON {table} FOR {right} TO ruhu_app {condition}")
    for right in RIGHTS:
        op.execute(f"GRANT {right} TO ruhu_app")


def downgrade() -> None:
    for right in RIGHTS:
        op.execute(f"REVOKE {right} FROM ruhu_app")
    for table, policy, _, _ in POLICIES:
        op.execute(f"DROP POLICY {policy} ON {table}")
    for function in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")
    op.drop_constraint("duties_are_separate", "access_grant")
    op.drop_constraint(op.f("ck_access_grant_outsiders_have_purpose_and_end"), "access_grant", type_="check")
