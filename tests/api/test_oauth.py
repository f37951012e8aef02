"""Programs of partners and integrators: OAuth 2.0 client credentials, by secret and by signed assertion."""

from __future__ import annotations

import asyncio
import base64
import json
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from api import identity
from api.auth import asking
from api.cli import CommandError
from api.cli.clients import ROTATE, make, new_secret, public_keys
from domain.demo.personas import account_id
from domain.signing_in.passwords import secret_hash
from tests.api.signing import call, proof, refused_with, trace, who
from tests.world import World

BASE = "http://127.0.0.1:8000"
KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FAMILIES = "{ households(first: 500) { totalCount nodes { village { code } } } }"
FU_ZHOU, YONG_TAI = "3501:families:insurance-screening", "350125:families:insurance-screening"


@pytest.fixture(autouse=True)
def closely_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "REMEMBERED_SECONDS", 0.0)


@pytest.fixture(autouse=True)
async def no_failures(world: World) -> None:
    await world.sql.execute("DELETE FROM sign_in_attempt")


async def client(world: World, *scopes: str, persona: str = "integrator", jwks: str | None = None) -> tuple[str, str]:
    """A client's id and secret."""
    at = datetime.now(UTC)
    return await make(world.sql, account_id(persona), "a test", list(scopes or (FU_ZHOU,)), jwks, at, 30)


async def ask(world: World, form: dict[str, str], basic: tuple[str, str] | None = None) -> httpx2.Response:
    headers = {}
    if basic:
        headers["Authorization"] = "Basic " + base64.b64encode(":".join(basic).encode()).decode()
    return await world.client.post("/oauth/token", data={"grant_type": "client_credentials"} | form, headers=headers)


async def token(world: World, made: tuple[str, str], scope: str = "") -> str:
    answer = await ask(world, {"scope": scope} if scope else {}, made)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def counties(world: World, bearer: str) -> set[str]:
    """The counties whose families this token sees."""
    answer = (await call(world, "/graphql", {"query": FAMILIES}, bearer)).json()
    assert "errors" not in answer, answer
    return {node["village"]["code"][:6] for node in answer["data"]["households"]["nodes"]}


async def test_a_secret_brings_a_token_by_header_or_by_form(world: World) -> None:
    made = await client(world)
    by_header = await ask(world, {}, made)
    by_form = await ask(world, {"client_id": made[0], "client_secret": made[1]})
    for answer in (by_header, by_form):
        body = answer.json()
        assert (answer.status_code, body["token_type"], body["expires_in"], body["scope"]) == (
            200,
            "Bearer",
            900,
            FU_ZHOU,
        )
        assert answer.headers["cache-control"] == "no-store"
        assert await who(world, body["access_token"]) == "福州市数据共享平台"
    entry = await world.sql.fetchrow(
        "SELECT purpose, detail FROM audit_entry WHERE action = 'client_token_issued' ORDER BY id DESC LIMIT 1"
    )
    assert entry["purpose"] == "insurance-screening"
    assert json.loads(entry["detail"]) == {"client": made[0], "scopes": [FU_ZHOU]}


async def test_a_token_sees_what_its_scope_names_and_no_more(world: World) -> None:
    made = await client(world, FU_ZHOU, "3501:regions:insurance-screening")
    whole = await counties(world, await token(world, made, FU_ZHOU))
    assert "350125" in whole
    assert await counties(world, await token(world, made, YONG_TAI)) == {"350125"}
    assert await counties(world, await token(world, made, "3501:regions:insurance-screening")) == set()


async def test_a_client_never_sees_more_than_its_account(world: World) -> None:
    made = await client(world, "35:families:care", "34:families:care")
    assert all(code.startswith("3501") for code in await counties(world, await token(world, made)))
    assert await counties(world, await token(world, made, "34:families:care")) == set()


async def test_a_partner_sees_its_pairings_through_the_whole_scope(world: World) -> None:
    made = await client(world, "*:families:care", "*:regions:care", persona="partner")
    persona = world.headers("partner")["Authorization"].removeprefix("Bearer ")
    assert await counties(world, await token(world, made, "*:families:care")) == await counties(world, persona)
    assert await counties(world, persona)
    assert await counties(world, await token(world, made, "*:regions:care")) == set()


@pytest.mark.parametrize(
    "scope", ["*:families:insurance-screening", "3501:families:marketing", "nonsense", f"{FU_ZHOU} x"]
)
async def test_what_is_not_held_is_not_given(world: World, scope: str) -> None:
    answer = await ask(world, {"scope": scope}, await client(world))
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_scope"})


@pytest.mark.parametrize(
    "case", ["wrong", "unknown", "other's", "nul", "empty", "basic broken", "bearer", "two ways", "none"]
)
async def test_who_cannot_prove_itself_gets_nothing(world: World, case: str) -> None:
    made, other = await client(world), await client(world)
    match case:
        case "wrong":
            answer = await ask(world, {}, (made[0], made[1] + "x"))
        case "unknown":
            answer = await ask(world, {}, ("c-unknown", made[1]))
        case "other's":
            answer = await ask(world, {}, (made[0], other[1]))
        case "nul":
            answer = await ask(world, {"client_id": "c\x00", "client_secret": "x"})
        case "empty":
            answer = await ask(world, {"client_id": made[0], "client_secret": ""})
        case "basic broken":
            answer = await world.client.post(
                "/oauth/token", data={"grant_type": "client_credentials"}, headers={"Authorization": "Basic !"}
            )
        case "bearer":
            answer = await world.client.post(
                "/oauth/token",
                data={"grant_type": "client_credentials"},
                headers={"Authorization": f"Bearer {made[1]}"},
            )
        case "two ways":
            answer = await ask(world, {"client_secret": made[1]}, made)
        case _:
            answer = await ask(world, {"client_id": made[0]})
    assert answer.status_code in (400, 401)
    assert answer.json()["error"] in ("invalid_client", "invalid_request")
    assert (answer.status_code == 401) == (answer.json()["error"] == "invalid_client")
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"].startswith("Basic")
    assert await trace(world, "client_token_refused")


async def test_a_database_out_of_reach_is_said_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    made = await client(world)
    monkeypatch.setattr(asking, "carry_out", away)
    for answer in (await ask(world, {}, made), await call(world, "/auth/sign-in", proof("cadre"))):
        assert refused_with(answer) == (503, "BUSY")
        assert answer.headers["retry-after"] == "1"


async def test_an_unknown_client_and_a_wrong_secret_are_answered_alike(world: World) -> None:
    made = await client(world)
    wrong, unknown = await ask(world, {}, (made[0], "x")), await ask(world, {}, ("c-unknown", "x"))
    assert (wrong.status_code, wrong.json()) == (unknown.status_code, unknown.json())


async def test_other_grants_and_other_forms_are_refused(world: World) -> None:
    made = await client(world)
    assert (await ask(world, {"grant_type": "password"}, made)).json() == {"error": "unsupported_grant_type"}
    assert (await ask(world, {"grant_type": ""}, made)).json() == {"error": "invalid_request"}
    twice = f"grant_type=client_credentials&client_id={made[0]}&client_id={made[0]}&client_secret={made[1]}"
    form = "application/x-www-form-urlencoded"
    for content, kind in ((twice, form), ("{}", "application/json"), ("a=%ff&b=\xff", form), ("a=1&" * 50, form)):
        answer = await world.client.post("/oauth/token", content=content, headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"}), content
    long = await world.client.post("/oauth/token", content="a=" + "b" * 20_000, headers={"Content-Type": form})
    assert refused_with(long) == (413, "BODY_TOO_LARGE")


async def test_whoever_knocks_too_often_waits(world: World) -> None:
    made = await client(world)
    await ask(world, {}, (made[0], "x"))
    await world.sql.execute("UPDATE sign_in_attempt SET failures = 60")
    await ask(world, {}, (made[0], "x"))
    answer = await ask(world, {}, (made[0], "x"))
    assert refused_with(answer) == (429, "TOO_MANY_ATTEMPTS")
    assert int(answer.headers["retry-after"]) > 0
    assert (await ask(world, {}, made)).status_code == 200, "who has the secret does not wait for who guesses beside it"


async def test_a_client_that_has_ended_gets_nothing_and_its_tokens_end_too(world: World) -> None:
    for ending in ("revoked_at = now()", "expires_at = now()"):
        made = await client(world)
        bearer = await token(world, made)
        await world.sql.execute(f"UPDATE oauth_client SET {ending} WHERE id = $1", made[0])
        assert (await ask(world, {}, made)).json() == {"error": "invalid_client"}
        assert await who(world, bearer) is None


async def test_after_a_rotation_both_secrets_are_good_for_a_while(world: World) -> None:
    made, new, at = await client(world), new_secret(), datetime.now(UTC)
    later = at.replace(year=at.year + 1)
    assert await world.sql.fetchval(ROTATE, made[0], secret_hash(new), later, at) == account_id("integrator")
    assert (await ask(world, {}, made)).status_code == (await ask(world, {}, (made[0], new))).status_code == 200
    await world.sql.execute("UPDATE oauth_client SET old_secret_until = now() WHERE id = $1", made[0])
    assert (await ask(world, {}, made)).status_code == 401
    assert (await ask(world, {}, (made[0], new))).status_code == 200
    newest = new_secret()
    await world.sql.execute(ROTATE, made[0], secret_hash(newest), at, at)
    assert (await ask(world, {}, (made[0], new))).status_code == 401
    assert (await ask(world, {}, (made[0], newest))).status_code == 200


async def test_a_program_has_no_devices_and_manages_nobody(world: World) -> None:
    bearer = await token(world, await client(world))
    for path in ("sessions", "sessions/revoke", "reset-codes", "password"):
        assert refused_with(await call(world, f"/auth/{path}", {"all": True}, bearer)) == (403, "FORBIDDEN_ROLE")


# --- signed assertions -------------------------------------------------------------------------------------------------

KEYS: dict[str, Any] = {
    "Ed25519": OKPKey.generate_key("Ed25519", {"kid": "a"}),
    "ES256": ECKey.generate_key("P-256", {"kid": "b"}),
    "PS256": RSAKey.generate_key(2048, {"kid": "c"}),
}
JWKS = json.dumps({"keys": [key.as_dict(private=False) for key in KEYS.values()]})


def assertion(client_id: str, algorithm: str = "Ed25519", key: Any = None, **other: object) -> str:
    now = int(time.time())
    claims: dict[str, object] = {"iss": client_id, "sub": client_id, "aud": f"{BASE}/oauth/token", "exp": now + 60}
    claims |= {"iat": now, "jti": uuid.uuid4().hex} | other
    key = key or KEYS[algorithm]
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": algorithm, "kid": key.kid}, kept, key, algorithms=[algorithm])


async def prove(world: World, signed: str, **form: str) -> httpx2.Response:
    return await ask(world, {"client_assertion_type": KIND, "client_assertion": signed} | form)


@pytest.mark.parametrize("algorithm", list(KEYS))
async def test_a_signed_assertion_brings_a_token(world: World, algorithm: str) -> None:
    client_id, secret = await client(world, jwks=JWKS)
    assert secret == ""
    answer = await prove(world, assertion(client_id, algorithm), client_id=client_id)
    assert answer.status_code == 200, answer.text
    assert await who(world, answer.json()["access_token"]) == "福州市数据共享平台"


async def test_an_assertion_is_good_once(world: World) -> None:
    client_id, _ = await client(world, jwks=JWKS)
    signed = assertion(client_id)
    answers = await asyncio.gather(*(prove(world, signed) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
    assert (await trace(world, "client_token_refused"))[-1] == {"reason": "assertion used twice"}


@pytest.mark.parametrize(
    "other",
    [
        {"aud": "https://elsewhere.example/oauth/token"},
        {"aud": None},
        {"aud": "http://ruhu.test/oauth/token"},
        {"iss": "c-other"},
        {"sub": "c-other"},
        {"exp": None},
        {"exp": 1_700_000_000},
        {"exp": 9_999_999_999},
        {"exp": "soon"},
        {"nbf": 9_999_999_999},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "j" * 201},
        {"jti": "j\x00"},
    ],
)
async def test_an_assertion_with_a_wrong_claim_is_refused(world: World, other: dict[str, object]) -> None:
    client_id, _ = await client(world, jwks=JWKS)
    answer = await prove(world, assertion(client_id, **other))
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


async def test_an_assertion_signed_otherwise_is_refused(world: World) -> None:
    client_id, _ = await client(world, jwks=JWKS)
    stranger = OKPKey.generate_key("Ed25519", {"kid": "a"})
    shared = OctKey.import_key(json.dumps(KEYS["Ed25519"].as_dict(private=False)), {"kid": "a"})
    confused = assertion(client_id, "HS256", shared)
    head, body, _ = assertion(client_id).split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","kid":"a"}').decode().rstrip("=")
    nested = base64.urlsafe_b64encode(b"[" * 9_000).decode() + ".e30.AA"
    for signed in (
        nested,
        assertion(client_id, key=stranger),
        confused,
        f"{none}.{body}.",
        f"{head}.{body}.AAAA",
        "",
        "a.b.c",
        "é",
    ):
        answer = await prove(world, signed)
        assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"}), signed


async def test_an_assertion_must_be_of_its_kind_and_of_its_client(world: World) -> None:
    client_id, _ = await client(world, jwks=JWKS)
    other, _ = await client(world)
    assert (await prove(world, assertion(client_id), client_assertion_type="saml")).status_code == 401
    assert (await prove(world, assertion(client_id), client_id=other)).status_code == 401
    assert (await prove(world, assertion(other))).status_code == 401, "a client without keys signs nothing"


# --- what is published, and how clients are made -----------------------------------------------------------------------


async def test_the_discovery_document_names_what_is_there(world: World) -> None:
    told = (await world.client.get("/.well-known/oauth-authorization-server", headers={"Host": "evil.example"})).json()
    assert told["issuer"] == BASE
    assert told["token_endpoint"] == f"{BASE}/oauth/token"
    assert (await world.client.get(told["jwks_uri"].removeprefix(BASE))).json()["keys"]
    assert "private_key_jwt" in told["token_endpoint_auth_methods_supported"]
    assert not any(
        name.startswith("HS") or name == "none" for name in told["token_endpoint_auth_signing_alg_values_supported"]
    )


async def test_behind_a_public_address_that_is_the_audience(world: World) -> None:
    settings = world.settings.model_copy(update={"public_url": "https://ruhu.example.org/"})
    client_id, _ = await client(world, jwks=JWKS)
    async with World.of(settings, str(world.settings.database_url)) as public:
        assert (await prove(public, assertion(client_id))).status_code == 401
        signed = assertion(client_id, aud=["https://ruhu.example.org/oauth/token"])
        assert (await prove(public, signed)).status_code == 200


@pytest.mark.parametrize(
    ("persona", "scope", "why"),
    [
        ("cadre", "*:families:care", "partners"),
        ("nobody", "*:families:care", "partners"),
        ("integrator", "everything", "no scope"),
        ("partner", "350125:families:care", "by pairing"),
    ],
)
async def test_a_client_that_could_do_nothing_is_not_made(world: World, persona: str, scope: str, why: str) -> None:
    with pytest.raises(CommandError, match=why):
        await make(world.sql, account_id(persona), "x", [scope], None, datetime.now(UTC), 30)


async def test_secrets_are_kept_as_hashes(world: World) -> None:
    made = await client(world)
    row = dict(await world.sql.fetchrow("SELECT * FROM oauth_client WHERE id = $1", made[0]))
    assert made[1] not in str(row)
    assert row["secret_hash"] == secret_hash(made[1])


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"keys": []}',
        '{"keys": [{"kty": "oct", "k": "YSBzaGFyZWQgc2VjcmV0IGlzIG5vIHB1YmxpYyBrZXk"}]}',
        json.dumps({"keys": [KEYS["ES256"].as_dict(private=True)]}),
    ],
)
def test_a_file_that_holds_no_public_keys_is_refused(tmp_path: Any, content: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(content)
    with pytest.raises(CommandError):
        public_keys(file)
    file.write_text(JWKS)
    assert json.loads(public_keys(file)) == json.loads(JWKS)
