"""`./ruhu client …`: programs of partners and integrators, as OAuth clients."""

import json
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from api.cli import CommandError
from api.cli.target import run, say, settings, target
from api.database import build, connected
from domain.accounts.actions.clients import client_id_of, new_secret
from domain.accounts.rules import scope_problems
from domain.signing_in.passwords import secret_hash
from schema.messages import message

OLD_SECRET_HOURS = 24

ACCOUNT = """
SELECT a.kind, EXISTS (SELECT FROM access_grant g WHERE g.account_id = a.id AND g.region_code IS NOT NULL) AS has_region
FROM account a WHERE a.id = $1 AND a.disabled_at IS NULL
"""
MAKE = """
INSERT INTO oauth_client (id, account_id, name, scopes, secret_hash, jwks, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
ROTATE = """
UPDATE oauth_client SET
  old_secret_hash = CASE WHEN $3::timestamptz > $4::timestamptz THEN secret_hash END,
  old_secret_until = CASE WHEN $3::timestamptz > $4::timestamptz AND secret_hash IS NOT NULL THEN $3::timestamptz END,
  secret_hash = $2
WHERE id = $1 AND revoked_at IS NULL RETURNING account_id
"""
REVOKE = "UPDATE oauth_client SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING account_id"
LIST = """
SELECT c.id, c.name, a.name AS account, c.scopes, c.expires_at, c.revoked_at FROM oauth_client c
JOIN account a ON a.id = c.account_id ORDER BY c.created_at, c.id
"""
TRACE = """
INSERT INTO audit_entry (at, actor_roles, action, subject_kind, subject_id, detail)
VALUES ($1, '{}', $2, 'account', $3, jsonb_build_object('by', 'command line', 'client', $4::text))
"""


def _within(work: Callable[[asyncpg.Connection, datetime], Awaitable[Any]]) -> Any:
    async def connect(url: str) -> Any:
        await build(url)
        async with connected(url, "ruhu_owner") as connection, connection.transaction():
            return await work(connection, datetime.now(UTC))

    with target(settings()) as url:
        return run(connect(url))


def add(account: str, name: str, scopes: list[str], keys: Path | None, days: int) -> None:
    """Prints the new client's id, and its secret unless it signs with keys of its own. The secret is shown once."""
    jwks = None if keys is None else public_keys(keys)
    try:
        who = uuid.UUID(account)
    except ValueError:
        raise CommandError(f"{account} is no account's id") from None
    made = _within(lambda connection, at: make(connection, who, name, scopes, jwks, at, days))
    print("\n".join(line for line in made if line))


async def make(
    connection: asyncpg.Connection,
    account: uuid.UUID,
    name: str,
    scopes: list[str],
    jwks: str | None,
    at: datetime,
    days: int,
) -> tuple[str, str]:
    """Make a client; answers its id and its secret ('' with keys). CommandError says what is wrong."""
    held = await connection.fetchrow(ACCOUNT, account)
    if held is None or held["kind"] not in ("PARTNER", "INTEGRATOR", "DEPARTMENT"):
        raise CommandError("clients belong to accounts of partners, departments and integrators: name one of these")
    if problems := scope_problems(scopes, has_region=held["has_region"]):
        raise CommandError(message(problems[0].code, "en", problems[0].detail))
    client_id = client_id_of(uuid.uuid4())
    secret = "" if jwks else new_secret()
    kept = secret_hash(secret) if secret else None
    expires_at = at + timedelta(days=days)
    await connection.execute(MAKE, client_id, account, name, scopes, kept, jwks, at, expires_at)
    await connection.execute(TRACE, at, "client_made", account, client_id)
    return client_id, secret


def rotate(client_id: str, *, at_once: bool) -> None:
    """Prints a new secret; the old one is good for another day, or not at all."""
    secret = new_secret()

    async def work(connection: asyncpg.Connection, at: datetime) -> None:
        until = at if at_once else at + timedelta(hours=OLD_SECRET_HOURS)
        account = await connection.fetchval(ROTATE, client_id, secret_hash(secret), until, at)
        await _traced(connection, at, "client_rotated", account, client_id)

    _within(work)
    print(secret)


def revoke(client_id: str) -> None:
    """Ends a client; its tokens are refused within five seconds."""

    async def work(connection: asyncpg.Connection, at: datetime) -> None:
        await _traced(connection, at, "client_revoked", await connection.fetchval(REVOKE, client_id, at), client_id)

    _within(work)
    say(f"{client_id} is revoked.")


def show() -> None:
    """Prints all clients, one per line: id, account, name, scopes, until when."""
    rows = _within(lambda connection, _: connection.fetch(LIST))
    for row in rows:
        ends = f"revoked {row['revoked_at']:%Y-%m-%d}" if row["revoked_at"] else f"until {row['expires_at']:%Y-%m-%d}"
        print(f"{row['id']}  {row['account']}  {row['name']}  {' '.join(row['scopes'])}  {ends}")


def public_keys(file: Path) -> str:
    """The JWK set in a file, if it is one of public keys for signatures; CommandError otherwise."""
    try:
        sent = json.loads(file.read_text(encoding="utf-8"))
        keys = KeySet.import_key_set(sent).keys
    except (OSError, ValueError, TypeError, KeyError, JoseError) as error:
        raise CommandError(f"{file} is no JWK set ({type(error).__name__}): write {{'keys': […]}}") from None
    if not keys or any(key.key_type not in ("OKP", "EC", "RSA") or key.is_private for key in keys):
        raise CommandError(f"{file} must hold public keys only (OKP, EC or RSA): a private key never leaves its owner")
    return json.dumps(sent)


async def _traced(connection: asyncpg.Connection, at: datetime, action: str, account: Any, client_id: str) -> None:
    if account is None:
        raise CommandError(f"there is no client {client_id} in force: `./ruhu client list` shows them")
    await connection.execute(TRACE, at, action, account, client_id)
