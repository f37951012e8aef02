"""Access tokens: signed by a key of this installation, short-lived, and checked claim by claim."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jws, jwt
from joserfc.errors import JoseError

from api.keys import SigningKeys
from api.settings import Settings
from domain.demo.personas import PERSONAS, account_id
from domain.signing_in.rules import Scope, scope_of

ISSUER: Final = "ruhu"
AUDIENCE: Final = "ruhu"
ALGORITHM: Final = "Ed25519"
DEMO_SECONDS: Final = 12 * 3600
LEEWAY_SECONDS: Final = 30

# joserfc's decode() verifies the signature and nothing more: an expired token would pass without this registry.
CLAIMS: Final = jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": ISSUER},
    aud={"essential": True, "value": AUDIENCE},
    sub={"essential": True},
    exp={"essential": True},
    iat={"essential": True},
    leeway=LEEWAY_SECONDS,
)

__all__ = ["PERSONAS", "Bearer", "Keys", "demo_token", "persona_tokens"]


@dataclass(frozen=True, slots=True)
class Bearer:
    """What a token says: whose it is, and through which session of which device, or which client with what scopes.

    A token of the demo's personas has neither.
    """

    account_id: uuid.UUID
    session_id: uuid.UUID | None = None
    device_id: str | None = None
    client_id: str | None = None
    scopes: tuple[Scope, ...] = ()


class Keys(SigningKeys):
    """Signs and reads tokens."""

    def issue(self, account: uuid.UUID, seconds: int, now: float, **more: str) -> str:
        """A token for this account, good for that long. `more`: sid and dev of a session, or client_id and scope."""
        kid, key = self.current()
        at = int(now)
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(account),
            "iat": at,
            "nbf": at,
            "exp": at + seconds,
            **more,
        }
        return jwt.encode({"alg": ALGORITHM, "kid": kid}, claims, key, algorithms=[ALGORITHM])

    def read(self, token: str) -> Bearer | None:
        """What the token says; None for one that is not ours, has expired or was tampered with."""
        try:
            # The header is the sender's word: it chooses among our keys, never the algorithm.
            key = self.named(jws.extract_compact(token.encode()).headers().get("kid"))
            if key is None:
                return None
            claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
            CLAIMS.validate(claims)
            return _bearer(claims)
        except (JoseError, ValueError, TypeError, AttributeError):
            return None


def _bearer(claims: dict[str, Any]) -> Bearer:
    """The claims as what they mean; ValueError or TypeError for half of a session or of a client."""
    session, device, client, scope = (claims.get(name) for name in ("sid", "dev", "client_id", "scope"))
    if (session is None) != (device is None) or (client is None) != (scope is None) or (session and client):
        raise ValueError("half a session or half a client")
    scopes = tuple(scope_of(text) for text in (scope or "").split())
    if not all(isinstance(value, str) for value in (device or "", client or "")) or None in scopes:
        raise TypeError("no texts, or no scopes")
    return Bearer(
        uuid.UUID(claims["sub"]),
        uuid.UUID(session) if session else None,
        device,
        client,
        tuple(scope for scope in scopes if scope is not None),
    )


def demo_token(settings: Settings, persona: str) -> str:
    """A token for one of the demo's personas. KeyError for another name, PermissionError outside the demo."""
    if settings.env != "demo":
        raise PermissionError("personas exist in the demo only")
    if persona not in PERSONAS or persona == "anonymous":
        raise KeyError(persona)
    return Keys(settings.data_dir).issue(account_id(persona), DEMO_SECONDS, time.time())


def persona_tokens(settings: Settings) -> list[dict[str, Any]]:
    """All personas with their tokens, as GraphiQL's picker wants them: name, title and about in two languages, token."""
    keys, now = Keys(settings.data_dir), time.time()
    return [
        {
            "name": name,
            "title": dict(persona.title),
            "about": dict(persona.about),
            "token": "" if name == "anonymous" else keys.issue(account_id(name), DEMO_SECONDS, now),
        }
        for name, persona in PERSONAS.items()
    ]
