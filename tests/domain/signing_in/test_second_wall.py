"""What ruhu_app can do about sign-in without the program in front of it: nothing that its viewer may not."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from domain.demo.personas import account_id

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
TODAY = date(2026, 11, 22)
PHONE = uuid.UUID("00000000-0000-8000-8000-000000000001")


@pytest.fixture
async def app(database: asyncpg.Connection) -> asyncpg.Connection:
    """As ruhu_app, with a credential and a session of the cadre's in the tables."""
    cadre = account_id("cadre")
    await database.execute(
        "INSERT INTO credential (account_id, login_name, password_hash) VALUES ($1, 'li', 'x')", cadre
    )
    await database.execute(
        "INSERT INTO sign_in_session (id, account_id, device_id, device_name, salt, generation, opened_at, rotated_at,"
        " expires_at) VALUES ($1, $2, 'd', 'd', '', 0, $3, $3, $4)",
        PHONE,
        cadre,
        NOW,
        NOW + timedelta(days=1),
    )
    await database.execute("SET LOCAL ROLE ruhu_app")
    return database


async def be(app: asyncpg.Connection, persona: str | None) -> None:
    await app.execute("SELECT set_config('ruhu.viewer_id', $1, true)", str(account_id(persona)) if persona else "")


@pytest.mark.parametrize("persona", [None, "other_cadre", "other_county_officer", "village_officer", "auditor"])
async def test_who_does_not_manage_an_account_finds_and_ends_nothing(
    app: asyncpg.Connection, persona: str | None
) -> None:
    await be(app, persona)
    cadre = account_id("cadre")
    assert await app.fetch("SELECT * FROM ruhu_sessions($1, $2, $3)", cadre, TODAY, NOW) == []
    assert await app.fetch("SELECT ruhu_revoke_sessions($1, NULL, 'X', $2, $3)", cadre, TODAY, NOW) == []
    assert await app.fetchval("SELECT ruhu_session_is_open($1, $2, 'd', $3)", PHONE, cadre, NOW)


@pytest.mark.parametrize(
    "persona", ["cadre", "township_officer", "county_officer", "province_officer", "administrator"]
)
async def test_who_manages_an_account_ends_its_sessions(app: asyncpg.Connection, persona: str) -> None:
    await be(app, persona)
    cadre = account_id("cadre")
    ended = await app.fetch("SELECT ruhu_revoke_sessions($1, NULL, 'X', $2, $3)", cadre, TODAY, NOW)
    assert [row[0] for row in ended] == [PHONE]
    assert not await app.fetchval("SELECT ruhu_session_is_open($1, $2, 'd', $3)", PHONE, cadre, NOW)


async def test_a_grant_that_has_ended_manages_nobody(app: asyncpg.Connection) -> None:
    await app.execute("RESET ROLE")
    await app.execute("UPDATE access_grant SET ends_on = $2 WHERE account_id = $1", account_id("administrator"), TODAY)
    await app.execute("SET LOCAL ROLE ruhu_app")
    await be(app, "administrator")
    assert not await app.fetchval("SELECT ruhu_manages($1, $2)", account_id("cadre"), TODAY)
    assert not await app.fetchval("SELECT ruhu_administers($1)", TODAY)
    assert await app.fetchval("SELECT ruhu_administers($1)", TODAY - timedelta(days=1))


@pytest.mark.parametrize("persona", [None, "cadre", "county_officer", "auditor"])
async def test_only_administrators_issue_codes(app: asyncpg.Connection, persona: str | None) -> None:
    await be(app, persona)
    issue = "SELECT ruhu_issue_reset($1, NULL, $2, $3, false, $4)"
    until = NOW + timedelta(days=1)
    assert await app.fetchval(issue, account_id("cadre"), b"x", until, TODAY) is None
    await be(app, "administrator")
    assert await app.fetchval(issue, account_id("cadre"), b"x", until, TODAY) == "li"
    assert await app.fetchval(issue, uuid.uuid4(), b"x", until, TODAY) is None


@pytest.mark.parametrize("persona", [None, "other_cadre", "administrator"])
async def test_a_credential_is_changed_by_its_owner_only(app: asyncpg.Connection, persona: str | None) -> None:
    await be(app, persona)
    assert await app.fetchval("SELECT ruhu_set_password('stolen', NULL, $1)", NOW) == 0
    assert await app.fetchval("SELECT ruhu_set_totp($1, 1)", b"stolen") == 0
    await app.execute("RESET ROLE")
    row = await app.fetchrow("SELECT password_hash, totp_sealed FROM credential WHERE login_name = 'li'")
    assert tuple(row) == ("x", None)


async def test_what_is_over_is_forgotten(app: asyncpg.Connection) -> None:
    old = NOW - timedelta(days=400)
    await app.execute("RESET ROLE")
    await app.execute("INSERT INTO sign_in_attempt VALUES ('old', 1, $1), ('new', 1, $2)", old, NOW)
    await app.execute("UPDATE sign_in_session SET revoked_at = $1, revoke_reason = 'X' WHERE id = $2", old, PHONE)
    await app.execute(
        "INSERT INTO oauth_client (id, account_id, name, scopes, secret_hash, created_at, expires_at)"
        " VALUES ('c', $1, 'c', '{}', '', $2, $2)",
        account_id("integrator"),
        NOW,
    )
    await app.execute("INSERT INTO oauth_assertion VALUES ('c', 'old', $1), ('c', 'new', $2)", old, NOW)
    await app.execute("SET LOCAL ROLE ruhu_app")
    assert await app.fetchval("SELECT ruhu_prune_sign_ins($1)", NOW) == 3
    await app.execute("RESET ROLE")
    assert await app.fetchval("SELECT array_agg(jti) FROM oauth_assertion") == ["new"]
    assert await app.fetchval("SELECT array_agg(subject) FROM sign_in_attempt") == ["new"]
