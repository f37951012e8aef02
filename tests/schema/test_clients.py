"""An administrator makes clients for programs, over HTTP; each secret is told once."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from api import identity
from domain.demo.personas import account_id
from tests.world import World

LIST = "query($a: ID) { oauthClients(accountId: $a) { id accountId name scopes signs expiresAt revokedAt } }"


@pytest.fixture(autouse=True)
def closely_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "REMEMBERED_SECONDS", 0.0)


async def do(world: World, mutation: str, given: dict[str, Any], persona: str = "administrator") -> dict[str, Any]:
    kind = mutation[0].upper() + mutation[1:]
    query = (
        f"mutation($input: {kind}Input!) {{ {mutation}(input: $input) {{ clientId secret errors {{ code path }} }} }}"
    )
    payload: dict[str, Any] = (await world.ask(persona, query, {"input": given}))[mutation]
    return payload


def new(persona: str = "integrator", scope: str = "350125:families:insurance-screening") -> dict[str, Any]:
    id = str(uuid.uuid4())
    return {"id": id, "accountId": str(account_id(persona)), "name": "共享平台", "scopes": [scope], "days": 30}


async def token(world: World, client: str, secret: str) -> Any:
    sent = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
    return await world.client.post("/oauth/token", data=sent)


async def test_a_client_is_made_used_given_another_secret_and_ended(world: World) -> None:
    made = await do(world, "createClient", new())
    client, first = made["clientId"], made["secret"]
    access = (await token(world, client, first)).json()["access_token"]
    second = (await do(world, "rotateClientSecret", {"operationId": str(uuid.uuid4()), "clientId": client}))["secret"]
    assert {(await token(world, client, secret)).status_code for secret in (first, second)} == {200}
    at_once = {"operationId": str(uuid.uuid4()), "clientId": client, "atOnce": True}
    third = (await do(world, "rotateClientSecret", at_once))["secret"]
    assert [(await token(world, client, s)).status_code for s in (first, second, third)] == [401, 401, 200]
    ending = {"operationId": str(uuid.uuid4()), "clientId": client}
    assert (await do(world, "disableClient", ending))["errors"] == []
    assert (await do(world, "disableClient", ending))["errors"] == []
    assert (await token(world, client, third)).status_code == 401
    headers = {"Authorization": f"Bearer {access}"}
    assert (await world.client.post("/graphql", json={"query": "{ __typename }"}, headers=headers)).status_code == 401
    listed = (await world.ask("administrator", LIST, {"a": str(account_id("integrator"))}))["oauthClients"]
    (one,) = [row for row in listed if row["id"] == client]
    assert one["revokedAt"]
    assert (one["signs"], one["scopes"]) == (False, ["350125:families:insurance-screening"])


async def test_a_secret_is_told_once_and_kept_nowhere(world: World) -> None:
    given = new()
    first, second = await do(world, "createClient", given), await do(world, "createClient", given)
    assert first["clientId"] == second["clientId"]
    assert first["secret"].startswith("cs.")
    assert second["secret"] is None
    answers = await world.sql.fetchval("SELECT string_agg(answer::text, '') FROM operation")
    entries = await world.sql.fetchval("SELECT string_agg(detail::text, '') FROM audit_entry")
    assert first["secret"] not in answers + entries


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"scopes": []}, "REQUIRED", "scopes"),
        ({"scopes": ["everything"]}, "SCOPE_INVALID", "scopes"),
        ({"accountId": str(account_id("partner"))}, "SCOPE_BY_PAIRING", "scopes"),
        ({"accountId": str(account_id("cadre")), "scopes": ["*:families:aid"]}, "ROLE_NOT_FOR_ACCOUNT", "accountId"),
        ({"accountId": str(uuid.uuid4())}, "NOT_FOUND", "accountId"),
        ({"days": 0}, "OUT_OF_RANGE", "days"),
        ({"days": 100_000}, "OUT_OF_RANGE", "days"),
        ({"name": ""}, "REQUIRED", "name"),
    ],
)
async def test_what_cannot_be_is_refused(world: World, change: dict[str, Any], code: str, field: str) -> None:
    payload = await do(world, "createClient", new() | change)
    assert [(error["code"], error["path"][1]) for error in payload["errors"]] == [(code, field)]
    assert payload["secret"] is None


@pytest.mark.parametrize("persona", ["county_officer", "integrator", "auditor", "anonymous"])
async def test_nobody_else_has_to_do_with_clients(world: World, persona: str) -> None:
    await do(world, "createClient", new())
    operation = {"operationId": str(uuid.uuid4()), "clientId": "c-x"}
    for mutation, given in (("createClient", new()), ("rotateClientSecret", operation), ("disableClient", operation)):
        (error,) = (await do(world, mutation, given, persona))["errors"]
        assert error["code"] == ("SIGN_IN_REQUIRED" if persona == "anonymous" else "FORBIDDEN_ROLE")
    body = await world.post(persona, LIST)
    assert body["data"]["oauthClients"] == (None if persona == "anonymous" else [])


async def test_a_client_that_is_not_there_is_not_found(world: World) -> None:
    for mutation in ("rotateClientSecret", "disableClient"):
        (error,) = (await do(world, mutation, {"operationId": str(uuid.uuid4()), "clientId": "c-x"}))["errors"]
        assert error == {"code": "NOT_FOUND", "path": ["input", "clientId"]}
