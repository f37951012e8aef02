"""Tokens and who stands behind them."""

from __future__ import annotations

import json
import logging
import stat
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from api.logging import as_json
from api.settings import Settings
from api.tokens import AUDIENCE, ISSUER, Keys, demo_token
from domain.demo.personas import PERSONAS, account_id
from tests.world import World

VIEWER = "{ viewer { name kind grants { role region { name } } } }"


async def test_a_persona_is_who_it_says(reading_world: World) -> None:
    data = await reading_world.ask("county_officer", VIEWER)
    assert data["viewer"] == {
        "name": "黄秀兰",
        "kind": "OFFICER",
        "grants": [{"role": "COUNTY_OFFICER", "region": {"name": "永泰县"}}],
    }


async def test_without_a_token_there_is_no_viewer(reading_world: World) -> None:
    assert await reading_world.ask("anonymous", VIEWER) == {"viewer": None}


@pytest.mark.parametrize("persona", [name for name in PERSONAS if name != "anonymous"])
async def test_every_persona_can_sign_in(reading_world: World, persona: str) -> None:
    data = await reading_world.ask(persona, "{ viewer { id name } }")
    assert data["viewer"]["id"] == str(account_id(persona))


def _forged(world: World, **claims: object) -> str:
    keys = Keys(world.settings.data_dir)
    now = int(time.time())
    given = {"iss": ISSUER, "aud": AUDIENCE, "sub": str(account_id("cadre")), "iat": now, "exp": now + 60} | claims
    return jwt.encode(
        {"alg": "Ed25519", "kid": keys.kid},
        {k: v for k, v in given.items() if v is not None},
        keys.key,
        algorithms=["Ed25519"],
    )


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"exp": int(time.time()) - 3600}, "expired an hour ago"),
        ({"exp": None}, "never expires"),
        ({"iss": "somebody"}, "of another issuer"),
        ({"aud": "other"}, "for another service"),
        ({"sub": None}, "for nobody"),
        ({"sub": "cadre"}, "for what is no account id"),
        ({"sub": str(uuid.uuid4())}, "for an account that is not there"),
        ({"nbf": int(time.time()) + 3600}, "not yet valid"),
    ],
)
async def test_a_token_with_a_wrong_claim_is_refused(reading_world: World, claims: dict[str, object], why: str) -> None:
    answer = await reading_world.client.post(
        "/graphql", json={"query": VIEWER}, headers={"Authorization": f"Bearer {_forged(reading_world, **claims)}"}
    )
    assert answer.status_code == 401, why
    assert answer.json()["errors"][0]["extensions"]["code"] == "NOT_SIGNED_IN"
    assert "Bearer" in answer.headers["www-authenticate"]


@pytest.mark.parametrize("authorization", ["Bearer", "Bearer ", "Bearer x.y.z", "Basic YTpi", "Bearer " + "a" * 10_000])
async def test_what_is_no_token_is_refused(reading_world: World, authorization: str) -> None:
    answer = await reading_world.client.post(
        "/graphql", json={"query": VIEWER}, headers={"Authorization": authorization}
    )
    assert answer.status_code == 401


async def test_a_token_signed_by_somebody_else_is_refused(reading_world: World, tmp_path: Path) -> None:
    stranger = Keys(tmp_path).issue(account_id("cadre"), 60, time.time())
    shared = OctKey.import_key("a secret that is long enough for it")
    symmetric = jwt.encode({"alg": "HS256"}, {"iss": ISSUER, "aud": AUDIENCE, "sub": str(account_id("cadre"))}, shared)
    for token in (stranger, symmetric):
        answer = await reading_world.client.post(
            "/graphql", json={"query": VIEWER}, headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 401


async def test_a_disabled_account_is_locked_out(world: World) -> None:
    await world.sql.execute("UPDATE account SET disabled_at = $1 WHERE persona = 'other_cadre'", datetime.now(UTC))
    answer = await world.client.post("/graphql", json={"query": VIEWER}, headers=world.headers("other_cadre"))
    assert answer.status_code == 401


def test_the_signing_key_is_made_once_and_is_its_owners_only(tmp_path: Path) -> None:
    first, second = Keys(tmp_path), Keys(tmp_path)
    assert first.key.thumbprint() == second.key.thumbprint()
    assert stat.S_IMODE((tmp_path / "keys" / "signing.json").stat().st_mode) == 0o600


def test_personas_exist_in_the_demo_only(tmp_path: Path) -> None:
    with pytest.raises(PermissionError):
        demo_token(Settings(env="production", data_dir=tmp_path), "cadre")
    with pytest.raises(KeyError):
        demo_token(Settings(env="demo", data_dir=tmp_path), "mayor")


async def test_a_persona_that_came_along_is_nobody_in_production(shared_database: str, reading_world: World) -> None:
    settings = reading_world.settings.model_copy(update={"env": "production"})
    async with World.of(settings, shared_database) as production:
        answer = await production.client.post(
            "/graphql", json={"query": VIEWER}, headers=reading_world.headers("province_officer")
        )
    assert answer.status_code == 401


def test_two_processes_that_start_at_once_share_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: Keys(tmp_path).key.thumbprint(), range(16)))
    assert len(set(made)) == 1
    assert [file.name for file in (tmp_path / "keys").iterdir()] == ["signing.json"]


async def test_the_picker_gets_every_persona_with_its_token(reading_world: World) -> None:
    listed = (await reading_world.client.get("/graphql/personas")).json()
    assert [persona["name"] for persona in listed] == list(PERSONAS)
    assert all(persona["title"]["zh"] and persona["title"]["en"] for persona in listed)
    assert [persona["name"] for persona in listed if not persona["token"]] == ["anonymous"]


async def test_logs_carry_no_token_and_no_query(reading_world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await reading_world.ask("cadre", '{ regions(search: "秘密的名字") { totalCount } }')
    written = [as_json.format(record) for record in caplog.records]
    assert any(json.loads(line).get("route") == "/graphql" for line in written)
    assert not any("秘密的名字" in line or "eyJ" in line for line in written)
