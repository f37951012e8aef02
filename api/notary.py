"""The key that signs the trace, and the last block written down beside it: both outside the database (留痕签名)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from api.keys import folder_of, once, put_in_place
from domain.audit.blocks import Head

KEY: Final = "trace.json"
HEAD: Final = "trace-head.json"


class TraceKey:
    """Signs blocks of the trace. Unlike the keys of tokens it stays: old blocks are verified by it for ever.

    The file holds the private key; what verifies is known from it. A key that was lost leaves its blocks verifiable as a
    chain, and their signatures as unknown: the file belongs into the backup.
    """

    def __init__(self, data_dir: Path) -> None:
        file, self._head = folder_of(data_dir) / KEY, data_dir / HEAD
        once(file, lambda: json.dumps({"key": Ed25519PrivateKey.generate().private_bytes_raw().hex()}))
        self._key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(json.loads(file.read_text())["key"]))
        self.public = self._key.public_key().public_bytes_raw()
        self.id = self.public.hex()

    def sign(self, content: bytes) -> tuple[str, bytes]:
        """The key's id, which is its public half in hex, and its signature."""
        return self.id, self._key.sign(content)

    def is_signed(self, content: bytes, key_id: str, signature: bytes) -> bool:
        """Whether this key made the signature; another key's is worth nothing, though it names itself."""
        if key_id != self.id:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, content)
        except InvalidSignature:
            return False
        return True

    def keep(self, head: Head) -> None:
        """Write down the last block, unless a later one stands there: another process may have been faster."""
        kept = self.kept()
        if kept is None or kept.number < head.number:
            put_in_place(self._head, head_as_text(head))

    def kept(self) -> Head | None:
        """The last block that was written down here."""
        try:
            return head_of_text(self._head.read_text())
        except FileNotFoundError:
            return None

    def forget(self) -> None:
        """The trace was thrown away on purpose, with the demo that it was of."""
        self._head.unlink(missing_ok=True)


def head_as_text(head: Head) -> str:
    """A head as a line of JSON, to be kept wherever nobody can reach who can reach the database."""
    return json.dumps({"block": head.number, "hash": head.hash.hex()})


def head_of_text(written: str) -> Head:
    """The head of such a line; ValueError, TypeError or KeyError for anything else."""
    parsed = json.loads(written)
    return Head(int(parsed["block"]), bytes.fromhex(parsed["hash"]))
