"""Secrets of this installation, under `data_dir/keys`, readable by their owner only: who holds the folder is the server."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from joserfc.jwk import OKPKey

CURRENT: Final = "signing.json"
RETIRED: Final = "retired-*.json"
# No token outlives this; a retired key verifies that long and is then thrown away.
RETIRED_SECONDS: Final = 24 * 3600
LOOK_EVERY_SECONDS: Final = 5.0


class SigningKeys:
    """The key that signs tokens and those that signed lately. Made on first use; seen by all processes of the folder."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = folder_of(data_dir)
        once(self.folder / CURRENT, _new_key)
        self._read()

    def _read(self) -> None:
        self._read_at = time.monotonic()
        self._seen = self.folder.stat().st_mtime_ns
        files = [self.folder / CURRENT, *sorted(self.folder.glob(RETIRED))]
        self.key = OKPKey.import_key(json.loads(files[0].read_text()))
        self.kid = self.key.thumbprint()
        self._by_kid = {self.kid: self.key}
        for file in files[1:]:
            with suppress(FileNotFoundError):  # thrown away by another process just now
                key = OKPKey.import_key(json.loads(file.read_text()))
                self._by_kid.setdefault(key.thumbprint(), key)

    def _look_again(self) -> None:
        """Another process may have rotated: the folder tells by its time of change."""
        if self.folder.stat().st_mtime_ns != self._seen:
            self._read()
        self._read_at = time.monotonic()

    def current(self) -> tuple[str, OKPKey]:
        """The id and the key to sign with."""
        if time.monotonic() - self._read_at > LOOK_EVERY_SECONDS:
            self._look_again()
        return self.kid, self.key

    def named(self, kid: object) -> OKPKey | None:
        """The key of that id; None for one that is not ours, or no longer."""
        if time.monotonic() - self._read_at > LOOK_EVERY_SECONDS or kid not in self._by_kid:
            self._look_again()
        return self._by_kid.get(kid) if isinstance(kid, str) else None

    def public(self) -> dict[str, Any]:
        """The public halves, as a JWK set (RFC 7517): the one that signs first."""
        self.current()
        facts = {"use": "sig", "alg": "Ed25519"}
        return {"keys": [{**key.as_dict(private=False), "kid": kid, **facts} for kid, key in self._by_kid.items()]}

    def rotate(self, now: float) -> str:
        """Sign with a new key from now on; the old one verifies for another day. Answers the new key's id."""
        for file in self.folder.glob(RETIRED):
            if now - file.stat().st_mtime > RETIRED_SECONDS:
                file.unlink(missing_ok=True)
        # The old key first under its second name: whoever reads in between finds both. Only its public half is kept.
        put_in_place(self.folder / f"retired-{self.kid}.json", json.dumps(self.key.as_dict(private=False)))
        put_in_place(self.folder / CURRENT, _new_key())
        self._read()
        return self.kid


def folder_of(data_dir: Path) -> Path:
    """Where the secrets lie."""
    folder = data_dir / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _new_key() -> str:
    return json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True))


def once(file: Path, make: Callable[[], str]) -> None:
    """Make the file if it is missing. Written whole under another name first: of two processes that start at once the
    first to link wins, and a crash in between leaves no half of a key."""
    if not file.exists():
        with tempfile.NamedTemporaryFile("w", dir=file.parent) as draft:
            draft.write(make())
            draft.flush()
            with suppress(FileExistsError):
                os.link(draft.name, file)


def put_in_place(file: Path, text: str) -> None:
    """Put the file in place of what is there, in one step."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as draft:
        draft.write(text)
        draft.flush()
        os.fsync(draft.fileno())
    Path(draft.name).replace(file)
