"""Access tokens: signed by a key of this installation, short-lived, and checked claim by claim."""

from __future__ import annotations

import json
import os
import tempfile
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from api.settings import Settings
from domain.demo.personas import PERSONAS, account_id

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

__all__ = ["PERSONAS", "Keys", "demo_token", "persona_tokens"]


class Keys:
    """The signing key under `data_dir/keys`, made on first use and readable by its owner only."""

    def __init__(self, data_dir: Path) -> None:
        file = data_dir / "keys" / "signing.json"
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            # Written whole under another name first: of two processes that start at once the first to link wins, and
            # a crash in between leaves no half of a key.
            with tempfile.NamedTemporaryFile("w", dir=file.parent) as draft:
                json.dump(OKPKey.generate_key("Ed25519").as_dict(private=True), draft)
                draft.flush()
                with suppress(FileExistsError):
                    os.link(draft.name, file)
        self.key = OKPKey.import_key(json.loads(file.read_text()))

    def issue(self, account: uuid.UUID, seconds: int, now: float) -> str:
        """A token for this account, good for that long."""
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": str(account), "iat": int(now), "exp": int(now) + seconds}
        return jwt.encode({"alg": ALGORITHM}, claims, self.key, algorithms=[ALGORITHM])

    def account_of(self, token: str) -> uuid.UUID | None:
        """Whose token this is; None for one that is not ours, has expired or was tampered with."""
        try:
            decoded = jwt.decode(token, self.key, algorithms=[ALGORITHM])
            CLAIMS.validate(decoded.claims)
            return uuid.UUID(decoded.claims["sub"])
        except (JoseError, ValueError):
            return None


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
