"""Phones: short access tokens, refresh tokens that rotate, and a lost phone that is locked."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from api import graphql_ws, identity
from api.app import create_app
from api.keys import RETIRED_SECONDS, SigningKeys
from api.tokens import AUDIENCE, ISSUER, Keys
from domain.base.sealing import Ring
from domain.demo.personas import account_id
from tests import databases
from tests.api.signing import PASSWORD, call, give_password, refused_with, sign_in, trace, who
from tests.sockets import phone, serving
from tests.world import World


@pytest.fixture(autouse=True)
def closely_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is revoked is felt at once and not within five seconds."""
    monkeypatch.setattr(identity, "REMEMBERED_SECONDS", 0.0)


async def refresh(world: World, tokens: dict[str, Any], device: str = "phone-1") -> httpx2.Response:
    return await call(world, "/auth/refresh", {"refreshToken": tokens["refreshToken"], "deviceId": device})


async def signed_in(world: World, persona: str = "cadre", device: str = "phone-1") -> dict[str, Any]:
    return await sign_in(world, await give_password(world, persona), device)


async def a_while_passes(world: World, tokens: dict[str, Any], interval: str) -> None:
    """As if the session had last been refreshed so long ago."""
    statement = f"UPDATE sign_in_session SET rotated_at = rotated_at - interval '{interval}' WHERE id = $1"
    await world.sql.execute(statement, tokens["sessionId"])


async def test_a_refresh_token_brings_new_tokens(world: World) -> None:
    first = await signed_in(world)
    second = (await refresh(world, first)).json()
    third = (await refresh(world, second)).json()
    assert len({tokens["refreshToken"] for tokens in (first, second, third)}) == 3
    assert {tokens["sessionId"] for tokens in (first, second, third)} == {first["sessionId"]}
    assert await who(world, third["accessToken"]) == "李桂芳"


async def test_what_is_done_on_a_phone_says_on_which(world: World) -> None:
    look = '{ householdByIdNumber(idNumber: "none") { id } }'
    tokens = await signed_in(world, device="phone-of-li")
    await call(world, "/graphql", {"query": look}, tokens["accessToken"])
    async with (
        serving(create_app(world.settings), world.settings) as address,
        phone(address, tokens["accessToken"]) as socket,
    ):
        await socket.ask("1", look)
        assert "errors" not in (await socket.hear())["payload"]
    await world.ask("cadre", look)
    looks = "SELECT device_id FROM audit_entry WHERE action = 'look_up_by_id_number' ORDER BY id DESC LIMIT 3"
    assert [row["device_id"] for row in await world.sql.fetch(looks)] == [None, "phone-of-li", "phone-of-li"]


async def test_an_answer_that_was_lost_is_given_again(world: World) -> None:
    first = await signed_in(world)
    second, again = (await refresh(world, first)).json(), (await refresh(world, first)).json()
    assert second["refreshToken"] == again["refreshToken"]
    assert (await refresh(world, again)).status_code == 200


async def test_two_refreshes_at_once_are_answered_with_the_same_token(world: World) -> None:
    first = await signed_in(world)
    answers = await asyncio.gather(*(refresh(world, first) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refreshToken"] for answer in answers}) == 1
    assert await world.sql.fetchval("SELECT generation FROM sign_in_session WHERE id = $1", first["sessionId"]) == 1


@pytest.mark.parametrize(("generations", "interval"), [(1, "61 seconds"), (2, "0 seconds"), (3, "10 days")])
async def test_an_old_token_that_comes_back_ends_the_session_for_both(
    world: World, generations: int, interval: str
) -> None:
    first = latest = await signed_in(world)
    for _ in range(generations):
        latest = (await refresh(world, latest)).json()
    await a_while_passes(world, first, interval)
    assert refused_with(await refresh(world, first)) == (401, "SESSION_REVOKED")
    assert refused_with(await refresh(world, latest)) == (401, "SESSION_REVOKED")
    assert await who(world, latest["accessToken"]) is None
    assert (await trace(world, "session_revoked", "cadre"))[-1] == {"reason": "REUSED", "session": first["sessionId"]}


async def test_a_token_that_another_device_sends_ends_the_session(world: World) -> None:
    tokens = await signed_in(world)
    assert refused_with(await refresh(world, tokens, "phone-2")) == (401, "SESSION_REVOKED")
    assert refused_with(await refresh(world, tokens)) == (401, "SESSION_REVOKED")


async def test_a_token_that_was_made_up_ends_nothing(world: World) -> None:
    """The session's id stands in every access token: it must not be enough to sign somebody out."""
    tokens = await signed_in(world)
    raw = bytearray(base64.urlsafe_b64decode(tokens["refreshToken"].removeprefix("rt.") + "="))
    for place in (0, 20, 23, 24, 55):
        changed = bytearray(raw)
        changed[place] ^= 1
        forged = {"refreshToken": "rt." + base64.urlsafe_b64encode(changed).decode().rstrip("=")}
        assert refused_with(await refresh(world, forged)) == (401, "NOT_SIGNED_IN")
    assert (await refresh(world, tokens)).status_code == 200


@pytest.mark.parametrize("token", ["", "x", "rt.", "rt.AAAA", "rt." + "A" * 75, "rt." + "_" * 75, "rt.\u00e9"])
async def test_what_is_no_refresh_token_is_refused(world: World, token: str) -> None:
    answer = await refresh(world, {"refreshToken": token})
    assert answer.status_code in (400, 401)


async def test_a_phone_that_was_away_for_too_long_signs_in_anew(world: World) -> None:
    tokens = await signed_in(world)
    await a_while_passes(world, tokens, "29 days")
    tokens = (await refresh(world, tokens)).json()
    await a_while_passes(world, tokens, "31 days")
    assert refused_with(await refresh(world, tokens)) == (401, "NOT_SIGNED_IN")


async def test_a_session_ends_after_half_a_year_however_busy(world: World) -> None:
    tokens = await signed_in(world)
    await world.sql.execute("UPDATE sign_in_session SET expires_at = now() WHERE id = $1", tokens["sessionId"])
    assert refused_with(await refresh(world, tokens)) == (401, "NOT_SIGNED_IN")
    assert await who(world, tokens["accessToken"]) is None


async def test_nothing_in_the_table_is_a_token(world: World) -> None:
    """Whoever copies the database cannot refresh: the key lies outside."""
    tokens = await signed_in(world)
    row = await world.sql.fetchrow("SELECT * FROM sign_in_session WHERE id = $1", tokens["sessionId"])
    raw = base64.urlsafe_b64decode(tokens["refreshToken"].removeprefix("rt.") + "=")
    another = Ring({1: bytes(32)}, 1, bytes(32))
    assert raw[24:] not in (row["salt"], another.mac("refresh", raw[:16], raw[16:24], row["salt"]))
    ring = await databases.ring(world.sql)
    assert raw[24:] == ring.mac("refresh", raw[:16], raw[16:24], row["salt"])


# --- who is signed in where, and locking a phone ------------------------------------------------------------------------


def token_of(world: World, persona: str) -> str:
    return world.headers(persona)["Authorization"].removeprefix("Bearer ")


async def test_one_sees_where_one_is_signed_in(world: World) -> None:
    name = await give_password(world, "cadre")
    first, second = await sign_in(world, name, "phone-1"), await sign_in(world, name, "tablet")
    listed = (await call(world, "/auth/sessions", {}, second["accessToken"])).json()["sessions"]
    assert [(one["deviceId"], one["deviceName"], one["isThisOne"]) for one in listed] == [
        ("tablet", "红米 13", True),
        ("phone-1", "红米 13", False),
    ]
    assert {one["id"] for one in listed} == {first["sessionId"], second["sessionId"]}
    assert "salt" not in str(listed)


async def test_signing_in_again_on_a_device_replaces_its_session(world: World) -> None:
    name = await give_password(world, "cadre")
    old, new = await sign_in(world, name), await sign_in(world, name)
    assert await who(world, old["accessToken"]) is None
    assert await who(world, new["accessToken"]) == "李桂芳"
    assert refused_with(await refresh(world, old)) == (401, "SESSION_REVOKED")


async def test_two_sign_ins_of_one_device_at_once_leave_one_session(world: World) -> None:
    name = await give_password(world, "cadre")
    both = await asyncio.gather(*(sign_in(world, name) for _ in range(4)))
    seen = [await who(world, tokens["accessToken"]) for tokens in both]
    assert sorted(map(str, seen)) == ["None", "None", "None", "李桂芳"]


async def test_signing_out_ends_this_session_and_no_other(world: World) -> None:
    name = await give_password(world, "cadre")
    here, elsewhere = await sign_in(world, name, "here"), await sign_in(world, name, "elsewhere")
    ended = await call(world, "/auth/sign-out", {}, here["accessToken"])
    assert ended.json() == {"revoked": [here["sessionId"]]}
    assert await who(world, here["accessToken"]) is None
    assert await who(world, elsewhere["accessToken"]) == "李桂芳"


async def test_a_persona_of_the_demo_has_no_session_to_sign_out_of(world: World) -> None:
    assert refused_with(await call(world, "/auth/sign-out", {}, token_of(world, "cadre"))) == (404, "NOT_FOUND")


@pytest.mark.parametrize("persona", ["administrator", "township_officer", "county_officer"])
async def test_a_lost_phone_is_locked_by_whoever_is_told_first(world: World, persona: str) -> None:
    tokens = await signed_in(world)
    sent = {"accountId": str(account_id("cadre")), "sessionId": tokens["sessionId"]}
    answer = await call(world, "/auth/sessions/revoke", sent, token_of(world, persona))
    assert answer.json() == {"revoked": [tokens["sessionId"]]}
    assert await who(world, tokens["accessToken"]) is None
    assert refused_with(await refresh(world, tokens)) == (401, "SESSION_REVOKED")
    row = await world.sql.fetchrow("SELECT * FROM sign_in_session WHERE id = $1", tokens["sessionId"])
    assert row["revoked_by_id"] == account_id(persona)


async def test_all_phones_are_locked_at_once(world: World) -> None:
    name = await give_password(world, "cadre")
    tokens = [await sign_in(world, name, device) for device in ("a", "b", "c")]
    sent = {"accountId": str(account_id("cadre")), "all": True}
    ended = (await call(world, "/auth/sessions/revoke", sent, token_of(world, "administrator"))).json()["revoked"]
    assert sorted(ended) == sorted(one["sessionId"] for one in tokens)
    assert [await who(world, one["accessToken"]) for one in tokens] == [None, None, None]


@pytest.mark.parametrize(
    "persona", ["other_county_officer", "village_officer", "other_cadre", "auditor", "department", "integrator"]
)
async def test_nobody_else_sees_or_locks_a_phone(world: World, persona: str) -> None:
    tokens = await signed_in(world)
    about = {"accountId": str(account_id("cadre"))}
    token = token_of(world, persona)
    assert (await call(world, "/auth/sessions", about, token)).json() == {"sessions": []}
    one = about | {"sessionId": tokens["sessionId"]}
    assert refused_with(await call(world, "/auth/sessions/revoke", one, token)) == (404, "NOT_FOUND")
    assert (await call(world, "/auth/sessions/revoke", about | {"all": True}, token)).json() == {"revoked": []}
    assert await who(world, tokens["accessToken"]) == "李桂芳"


async def test_an_officer_locks_nobody_above(world: World) -> None:
    tokens = await signed_in(world, "county_officer")
    sent = {"accountId": str(account_id("county_officer")), "all": True}
    for persona in ("township_officer", "village_officer", "cadre"):
        answer = await call(world, "/auth/sessions/revoke", sent, token_of(world, persona))
        assert answer.json() == {"revoked": []}
    assert await who(world, tokens["accessToken"]) == "黄秀兰"


@pytest.mark.parametrize(
    "sent", [{}, {"all": False}, {"all": "true"}, {"all": True, "sessionId": "01890000-0000-7000-8000-000000000000"}]
)
async def test_what_is_to_be_revoked_is_said_plainly(world: World, sent: dict[str, Any]) -> None:
    answer = await call(world, "/auth/sessions/revoke", sent, token_of(world, "administrator"))
    assert refused_with(answer) == (400, "REQUIRED")


@pytest.mark.parametrize(
    "path", ["sign-out", "sessions", "sessions/revoke", "password", "second-factor", "reset-codes"]
)
async def test_without_a_token_there_is_nothing_to_manage(world: World, path: str) -> None:
    assert refused_with(await call(world, f"/auth/{path}", {})) == (401, "NOT_SIGNED_IN")
    assert refused_with(await call(world, f"/auth/{path}", {}, "x.y.z")) == (401, "NOT_SIGNED_IN")


# --- what a token says -------------------------------------------------------------------------------------------------


def forged(world: World, tokens: dict[str, Any], **other: object) -> str:
    """Our own signature under other claims: what a fault of ours could give out."""
    keys = Keys(world.settings.data_dir)
    now = int(time.time())
    claims: dict[str, object] = {"iss": ISSUER, "aud": AUDIENCE, "sub": str(account_id("cadre")), "iat": now}
    claims |= {"exp": now + 60, "sid": tokens["sessionId"], "dev": "phone-1"} | other
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": "Ed25519", "kid": keys.kid}, kept, keys.key, algorithms=["Ed25519"])


async def test_a_token_goes_with_its_session_its_device_and_its_account(world: World) -> None:
    tokens = await signed_in(world)
    assert await who(world, forged(world, tokens)) == "李桂芳"
    for other in (
        {"dev": "phone-2"},
        {"dev": None},
        {"dev": 7},
        {"sid": None},
        {"sid": "x"},
        {"sid": str(account_id("cadre"))},
        {"sub": str(account_id("county_officer"))},
        {"client_id": "c"},
        {"client_id": "c", "scope": "*:families:care"},
        {"sid": None, "dev": None, "client_id": "c", "scope": "nonsense"},
        {"sid": None, "dev": None, "client_id": "c", "scope": "*:families:care"},
        {"aud": ["other"]},
        {"exp": "tomorrow"},
    ):
        assert await who(world, forged(world, tokens, **other)) is None, other


async def test_clocks_may_differ_by_half_a_minute(world: World) -> None:
    tokens, now = await signed_in(world), int(time.time())
    assert await who(world, forged(world, tokens, nbf=now + 20, iat=now + 20)) == "李桂芳"
    assert await who(world, forged(world, tokens, exp=now - 20)) == "李桂芳"
    assert await who(world, forged(world, tokens, nbf=now + 60)) is None
    assert await who(world, forged(world, tokens, exp=now - 60)) is None


async def test_the_algorithm_is_ours_to_choose(world: World) -> None:
    """`none`, and our public key as a shared secret: the two oldest tricks."""
    keys, now = Keys(world.settings.data_dir), int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": str(account_id("cadre")), "iat": now, "exp": now + 60}

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    unsigned = f"{part({'alg': 'none', 'kid': keys.kid})}.{part(claims)}."
    shared = OctKey.import_key(keys.key.as_pem(private=False).decode().replace("-----", ""))
    confused = jwt.encode({"alg": "HS256", "kid": keys.kid}, claims, shared)
    own = OKPKey.generate_key("Ed25519")
    brought = jwt.encode(
        {"alg": "Ed25519", "kid": keys.kid, "jwk": own.as_dict(private=False)}, claims, own, algorithms=["Ed25519"]
    )
    nameless = jwt.encode({"alg": "Ed25519"}, claims, keys.key, algorithms=["Ed25519"])
    nested = base64.urlsafe_b64encode(b"[" * 30_000).decode() + ".e30.AA"
    for token in (unsigned, confused, brought, nameless, nested, "..", "a.b", f"{part([])}.{part(claims)}.AA"):
        assert await who(world, token) is None


async def test_the_public_keys_verify_a_token(world: World) -> None:
    tokens = await signed_in(world)
    answer = await world.client.get("/.well-known/jwks.json")
    assert "max-age" in answer.headers["cache-control"]
    (key,) = [OKPKey.import_key(one) for one in answer.json()["keys"]][:1]
    assert jwt.decode(tokens["accessToken"], key, algorithms=["Ed25519"]).claims["dev"] == "phone-1"
    assert all("d" not in one for one in answer.json()["keys"])


def test_a_rotated_key_verifies_for_a_day_and_signs_no_more(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    serving, rotating = Keys(tmp_path), SigningKeys(tmp_path)
    before = serving.issue(account_id("cadre"), 60, time.time())
    new = rotating.rotate(time.time())
    other = Keys(tmp_path)
    after = other.issue(account_id("cadre"), 60, time.time())
    assert serving.read(after) is not None, "another process's new key is found when it is first met"
    assert serving.read(before) is not None
    assert serving.public()["keys"][0]["kid"] == new
    assert len(serving.public()["keys"]) == 2
    assert not any("d" in key for key in map(json.loads, (f.read_text() for f in (tmp_path / "keys").glob("retired*"))))
    rotating.rotate(time.time() + RETIRED_SECONDS + 60)
    assert Keys(tmp_path).read(before) is None
    assert Keys(tmp_path).read(after) is not None


async def test_a_password_is_asked_for_again_where_a_token_is_not_enough(world: World) -> None:
    """A demo persona's token stands for an account without any credential: it proves nothing."""
    await world.sql.execute("DELETE FROM credential WHERE account_id = $1", account_id("partner"))
    answer = await call(world, "/auth/second-factor", {"password": PASSWORD}, token_of(world, "partner"))
    assert refused_with(answer) == (401, "SIGN_IN_FAILED")


@pytest.mark.usefixtures("closely_watched")
async def test_a_locked_phone_loses_its_socket(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphql_ws, "RECHECK_SECONDS", 0.02)
    tokens = await signed_in(world)
    async with (
        serving(create_app(world.settings), world.settings) as address,
        phone(address, tokens["accessToken"]) as cadre,
    ):
        sent = {"accountId": str(account_id("cadre")), "all": True}
        assert (await call(world, "/auth/sessions/revoke", sent, token_of(world, "administrator"))).status_code == 200
        assert (await cadre.end())[0] == 4403
