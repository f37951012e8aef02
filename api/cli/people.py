"""`./ruhu administrator` and `./ruhu keys rotate`: what nobody can be signed in for yet, or must do at the machine."""

import time
import uuid
from datetime import UTC, datetime

import asyncpg

from api.cli import CommandError
from api.cli.target import run, say, settings, target
from api.database import build, connected
from api.keys import SigningKeys
from domain.access.rules import CHINA
from domain.signing_in.passwords import code_hash, new_code
from domain.signing_in.people import RESET_GOOD_FOR
from domain.signing_in.rules import login_name_of

NEW = """
WITH made AS (INSERT INTO account (id, name, kind, created_at) VALUES ($1, $2, 'ADMINISTRATOR', $3) RETURNING id)
INSERT INTO access_grant (id, account_id, role, starts_on) SELECT $4, id, 'ADMINISTRATOR', $5 FROM made
"""
CODE = """
INSERT INTO credential (account_id, login_name, code_hash, code_until) VALUES ($1, $2, $3, $4)
ON CONFLICT (account_id) DO UPDATE SET code_hash = excluded.code_hash, code_until = excluded.code_until,
  totp_sealed = NULL, totp_step = NULL
"""
HOLDER = """
SELECT c.account_id, EXISTS (SELECT FROM access_grant g WHERE g.account_id = c.account_id AND g.role = 'ADMINISTRATOR'
                             AND g.starts_on <= $2 AND (g.ends_on IS NULL OR $2 < g.ends_on)) AS is_administrator
FROM credential c JOIN account a ON a.id = c.account_id WHERE c.login_name = $1 AND a.disabled_at IS NULL
"""
TRACE = """
INSERT INTO audit_entry (at, actor_roles, action, subject_kind, subject_id, detail)
VALUES ($1, '{}', $2, 'account', $3, '{"by": "command line"}')
"""


def make_administrator(typed: str, name: str) -> None:
    """Prints a one-time code for an administrator of that login name: a new one, or one who has lost theirs."""
    login = login_name_of(typed)
    if login is None:
        raise CommandError("a login name has 3 to 64 letters or digits, and of signs . _ @ + - only")

    async def make(url: str) -> str:
        await build(url)
        async with connected(url, "ruhu_owner") as connection, connection.transaction():
            return await administrator_code(connection, login, name, datetime.now(UTC))

    with target(settings()) as url:
        code = run(make(url))
    say(f"A one-time code for {login}, good for 24 hours. Choose a password by it: docs/signing-in.md shows how.")
    print(code)


async def administrator_code(connection: asyncpg.Connection, login: str, name: str, at: datetime) -> str:
    """A code for the administrator of that login name, who is made if nobody has it. The second factor is off until
    they turn it on again: whoever is at this machine could read everything anyway."""
    today = at.astimezone(CHINA).date()
    holder = await connection.fetchrow(HOLDER, login, today)
    if holder is not None and not holder["is_administrator"]:
        raise CommandError(f"{login} is somebody else's login name: choose another")
    who = holder["account_id"] if holder else uuid.uuid4()
    if holder is None:
        await connection.execute(NEW, who, name or login, at, uuid.uuid4(), today)
    code = new_code()
    await connection.execute(CODE, who, login, code_hash(code), at + RESET_GOOD_FOR)
    await connection.execute(TRACE, at, "administrator_by_command", who)
    return code


def rotate_keys() -> None:
    """Signs with a new key from now on; running servers take it up by themselves within seconds."""
    new = SigningKeys(settings().data_dir).rotate(time.time())
    say(f"Tokens are signed by {new} now. The old key verifies what it signed for another day.")
