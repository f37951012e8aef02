"""OAuth 2.0 client credentials (RFC 6749 §4.4) for partners' programs: by a secret, or by a signed assertion (RFC 7523)."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus

import orjson
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.auth.asking import AWAY, Asked, read_body, refusal
from api.settings import Settings
from api.tokens import LEEWAY_SECONDS
from domain.access.rules import ANONYMOUS, Actor
from domain.base.errors import DomainError, Problem
from domain.signing_in import clients
from domain.signing_in.clients import Client
from domain.signing_in.passwords import secret_hash
from domain.signing_in.rules import ACCESS_SECONDS, granted

ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# Signatures only: with a symmetric algorithm in the list, a public key could be taken for a shared secret.
ALGORITHMS: Final = ["Ed25519", "ES256", "PS256"]
# What joserfc and the JSON beneath it may say of what a stranger sends; the last for brackets in brackets.
UNREADABLE: Final = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
LONGEST_ASSERTION: Final = timedelta(minutes=10)


class OAuthError(Exception):
    """A refusal in the words of RFC 6749 §5.2, and for the trace what it was."""

    def __init__(self, error: str, why: str, client: Client | None = None) -> None:
        super().__init__(error)
        self.error, self.why, self.client = error, why, client


@dataclass(frozen=True, slots=True)
class Proof:
    """Who a request says it is, and by what it shows it: a secret or an assertion."""

    client_id: str
    secret: str | None = None
    assertion: str | None = None


async def token(request: Request) -> Response:
    """The token endpoint."""
    actor = Actor(ANONYMOUS, datetime.now(UTC), request.state.request_id)
    asked = Asked(request, {}, actor, None)
    try:
        try:
            return JSONResponse(await _given(asked, await _form(request)), headers={"Pragma": "no-cache"})
        except OAuthError as error:
            return await _refused(asked, error)
    except DomainError as error:
        return refusal(request, error.problems[0])
    except AWAY:
        return refusal(request, Problem("BUSY"))


async def _form(request: Request) -> dict[str, str]:
    """The parameters; each at most once (RFC 6749 §3.2)."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise OAuthError("invalid_request", "media type")
    try:
        pairs = parse_qsl((await read_body(request)).decode(), max_num_fields=20, errors="strict")
    except ValueError:
        raise OAuthError("invalid_request", "not a form") from None
    form = dict(pairs)
    if len(form) != len(pairs) or any("\x00" in value for value in form.values()):
        raise OAuthError("invalid_request", "a parameter twice")
    return form


async def _given(asked: Asked, form: dict[str, str]) -> dict[str, Any]:
    proof = proof_of(asked.request.headers.get("authorization"), form)
    client = await asked.carry_out(lambda db: clients.client(db, asked.actor, proof.client_id))
    if client is None or (client.persona is not None and not asked.is_demo):
        raise OAuthError("invalid_client", "no such client")
    if proof.secret is not None:
        if not _is_secret(client, proof.secret):
            raise OAuthError("invalid_client", "secret", client)
    else:
        await _spend(asked, client, proof)
    # Only now, so that nobody learns from it which clients there are.
    if form.get("grant_type") != "client_credentials":
        raise OAuthError("unsupported_grant_type" if form.get("grant_type") else "invalid_request", "grant", client)
    scopes = granted(form.get("scope", "").split(), client.scopes)
    if scopes is None:
        raise OAuthError("invalid_scope", "scope", client)
    scope = " ".join(str(one) for one in scopes)
    issue = asked.state.identities.keys.issue
    claims = {"client_id": proof.client_id, "scope": scope}
    access = issue(client.account_id, ACCESS_SECONDS, asked.actor.at.timestamp(), **claims)
    await asked.carry_out(lambda db: clients.note_token(db, asked.actor, client.account_id, proof.client_id, scopes))
    return {"access_token": access, "token_type": "Bearer", "expires_in": ACCESS_SECONDS, "scope": scope}


def proof_of(authorization: str | None, form: dict[str, str]) -> Proof:
    """What the request shows of its client, in exactly one of the three ways; raises OAuthError."""
    ways = [authorization is not None, "client_secret" in form, "client_assertion" in form]
    if sum(ways) != 1:
        raise OAuthError("invalid_request" if sum(ways) > 1 else "invalid_client", "ways to prove itself")
    if authorization is not None:
        scheme, _, value = authorization.partition(" ")
        try:
            name, colon, secret = base64.b64decode(value, validate=True).decode().partition(":")
        except ValueError:
            name, colon, secret = "", "", ""
        proof = Proof(unquote_plus(name), secret=unquote_plus(secret))
        if scheme.lower() != "basic" or not colon or form.get("client_id", proof.client_id) != proof.client_id:
            raise OAuthError("invalid_client", "basic")
    elif "client_secret" in form:
        proof = Proof(form.get("client_id", ""), secret=form["client_secret"])
    else:
        if form.get("client_assertion_type") != ASSERTION:
            raise OAuthError("invalid_client", "kind of assertion")
        subject = _unverified_subject(form["client_assertion"])
        if form.get("client_id", subject) != subject:
            raise OAuthError("invalid_client", "assertion of another client")
        proof = Proof(subject, assertion=form["client_assertion"])
    if not 1 <= len(proof.client_id) <= 100 or "\x00" in proof.client_id:
        raise OAuthError("invalid_client", "client id")
    return proof


def _unverified_subject(assertion: str) -> str:
    """Whose keys to look up; nothing is believed yet."""
    try:
        subject = orjson.loads(jws.extract_compact(assertion.encode()).payload)["sub"]
    except UNREADABLE:
        raise OAuthError("invalid_client", "assertion") from None
    return subject if isinstance(subject, str) else ""


def _is_secret(client: Client, secret: str) -> bool:
    sent = secret_hash(secret)
    kept = [one for one in (client.secret_hash, client.old_secret_hash) if one is not None]
    return any(hmac.compare_digest(sent, one) for one in kept)


async def _spend(asked: Asked, client: Client, proof: Proof) -> None:
    """Verify the assertion, whole, then spend it; raises OAuthError."""
    assert proof.assertion is not None
    audiences = [token_endpoint(asked.state.settings), issuer(asked.state.settings)]
    try:
        if client.jwks is None:
            raise OAuthError("invalid_client", "a client with no keys", client)
        keys = KeySet.import_key_set(dict(client.jwks))  # type: ignore[arg-type]
        claims = jwt.decode(proof.assertion, keys, algorithms=ALGORITHMS).claims
        jwt.JWTClaimsRegistry(
            now=int(asked.actor.at.timestamp()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": proof.client_id},
            sub={"essential": True, "value": proof.client_id},
            aud={"essential": True, "values": audiences},
            exp={"essential": True},
            jti={"essential": True},
        ).validate(claims)
    except UNREADABLE:
        raise OAuthError("invalid_client", "assertion", client) from None
    until = asked.actor.at + LONGEST_ASSERTION + timedelta(seconds=LEEWAY_SECONDS)
    # The upper bound is what bounds the memory of spent ones.
    if claims["exp"] > until.timestamp() or not 1 <= len(claims["jti"]) <= 200 or "\x00" in claims["jti"]:
        raise OAuthError("invalid_client", "assertion for too long", client)
    kept_until = until + timedelta(seconds=LEEWAY_SECONDS)
    if not await asked.carry_out(
        lambda db: clients.use_assertion(db, asked.actor, proof.client_id, claims["jti"], kept_until)
    ):
        raise OAuthError("invalid_client", "assertion used twice", client)


async def _refused(asked: Asked, error: OAuthError) -> Response:
    # Secrets are too long to be guessed: counted by address only so that nobody fills the trace.
    await asked.attempt_of_address()
    who = error.client.account_id if error.client else None
    await asked.carry_out(lambda db: clients.note_refusal(db, asked.actor, who, error.why))
    status = 401 if error.error == "invalid_client" else 400
    headers = {"Pragma": "no-cache"}
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="ruhu"'
    return JSONResponse({"error": error.error}, status, headers)


def issuer(settings: Settings) -> str:
    """The address that clients know; from the settings and never from a request's Host, which its sender writes."""
    return (settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")


def token_endpoint(settings: Settings) -> str:
    """Where tokens are asked for."""
    return f"{issuer(settings)}/oauth/token"


async def discovery(request: Request) -> Response:
    """The authorization server's metadata (RFC 8414)."""
    settings: Settings = request.state.settings
    return JSONResponse(
        {
            "issuer": issuer(settings),
            "token_endpoint": token_endpoint(settings),
            "jwks_uri": f"{issuer(settings)}/.well-known/jwks.json",
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        },
        headers={"Cache-Control": "public, max-age=3600"},
    )


async def jwks(request: Request) -> Response:
    """The public keys that verify access tokens: the one that signs now, and those that signed lately."""
    keys = request.state.identities.keys.public()
    return JSONResponse(keys, headers={"Cache-Control": "public, max-age=300"})
