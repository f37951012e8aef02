"""Credentials for personas, and the endpoints under /auth as an app calls them."""

from __future__ import annotations

import json
from typing import Any

import httpx2

from domain.demo.personas import account_id
from domain.signing_in.passwords import hashed
from tests.world import World

PASSWORD = "correct horse battery"
_PHC = hashed(PASSWORD)


async def give_password(world: World, persona: str) -> str:
    """A credential with PASSWORD, fresh: no second factor, no failures, no sessions. Answers the login name."""
    await world.sql.execute("DELETE FROM sign_in_session WHERE account_id = $1", account_id(persona))
    await world.sql.execute("DELETE FROM sign_in_attempt")
    await world.sql.execute(
        "INSERT INTO credential (account_id, login_name, password_hash) VALUES ($1, $2, $3)"
        " ON CONFLICT (account_id) DO UPDATE SET password_hash = $3, login_name = $2, totp_sealed = NULL,"
        " totp_step = NULL, code_hash = NULL, code_until = NULL",
        account_id(persona),
        persona,
        _PHC,
    )
    return persona


async def call(world: World, path: str, sent: dict[str, Any], token: str | None = None) -> httpx2.Response:
    headers = {"Accept-Language": "en"} | ({"Authorization": f"Bearer {token}"} if token else {})
    return await world.client.post(path, json=sent, headers=headers)


def proof(name: str, password: str = PASSWORD, device: str = "phone-1", **more: str) -> dict[str, str]:
    return {"loginName": name, "password": password, "deviceId": device, "deviceName": "红米 13", **more}


async def sign_in(world: World, name: str, device: str = "phone-1", **more: str) -> dict[str, Any]:
    """Tokens; the sign-in must succeed."""
    answer = await call(world, "/auth/sign-in", proof(name, device=device, **more))
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


def refused_with(answer: httpx2.Response) -> tuple[int, str]:
    """Status and code."""
    return answer.status_code, answer.json()["errors"][0]["extensions"]["code"]


async def who(world: World, token: str) -> str | None:
    """The name of the viewer of this token; None: it is refused."""
    answer = await call(world, "/graphql", {"query": "{ viewer { name } }"}, token)
    return None if answer.status_code == 401 else answer.json()["data"]["viewer"]["name"]


async def trace(world: World, action: str, persona: str | None = None) -> list[dict[str, Any]]:
    """The details of audit entries of that action, newest last."""
    rows = await world.sql.fetch(
        "SELECT detail FROM audit_entry WHERE action = $1 AND ($2::uuid IS NULL OR subject_id = $2) ORDER BY id",
        action,
        account_id(persona) if persona else None,
    )
    return [json.loads(row["detail"]) for row in rows]
