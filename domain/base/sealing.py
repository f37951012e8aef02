"""Sealing what must not stand in the clear (字段加密): AES-256-GCM for values, HMAC-SHA-256 to find them by. Pure.

An envelope is one byte of version (1), two of the key's id, twelve of a random nonce, then ciphertext and tag. What the
value belongs to (its table, column and row) is authenticated with it: an envelope that was moved to another row, or into
another column, does not open. Many keys can open, one seals; so keys are exchanged while the service runs.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import uuid
from binascii import a2b_base64
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION: Final = 1
KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_HEAD_BYTES: Final = 3
SEAL_BYTES: Final = _HEAD_BYTES + _NONCE_BYTES + 16  # what an envelope has over its value
INDEX_BYTES: Final = 32


class CannotOpen(Exception):
    """An envelope that is not what it should be. The message names place, row and key, and never a value."""


class UnknownKey(CannotOpen):
    """Sealed with a key that is not in the ring."""


class Ring:
    """The keys of an installation.

    keys: id (1 to 65535) -> 32 bytes, any of which opens. sealing_with: the id of the one that seals. index_key: for
    the keyed hashes by which values are found and told apart; it is never exchanged, or nothing would be found again.
    """

    def __init__(self, keys: Mapping[int, bytes], sealing_with: int, index_key: bytes) -> None:
        self._index_key = index_key
        self.learn(keys, sealing_with)

    def learn(self, keys: Mapping[int, bytes], sealing_with: int) -> None:
        """Take these keys in place of those before: somebody has made a new one, or thrown an old one away."""
        self._ciphers = {number: AESGCM(key) for number, key in keys.items()}
        self.sealing_with = sealing_with

    def seal(self, place: str, row: uuid.UUID, value: str) -> bytes:
        """The envelope of a value in `place` (table.column) of this row."""
        about = _about(place, row)
        return _sealed(self._ciphers[self.sealing_with], self.sealing_with, about, value.encode())

    def unseal(self, place: str, row: uuid.UUID, envelope: bytes) -> str:
        """The value. Raises UnknownKey, and CannotOpen for whatever was not sealed for this place and row."""
        return self._open(_about(place, row), envelope)

    def told(self, text: bytes) -> str:
        """The value of a place, row and envelope (in base64) that stand in one text: what a read brings."""
        about, _, envelope = text.rpartition(b" ")
        return self._open(about, a2b_base64(envelope))

    def _open(self, about: bytes, envelope: bytes) -> str:
        cipher = self._ciphers.get(key_id(envelope))
        if cipher is None:
            raise UnknownKey(
                f"{about.decode()} is sealed with key {key_id(envelope)}, which this process does not have"
            )
        try:
            return _opened(cipher, about, envelope).decode()
        except (InvalidTag, ValueError):
            raise CannotOpen(f"{about.decode()} does not open with key {key_id(envelope)}") from None

    def index(self, place: str, value: str) -> bytes:
        """A blind index: equal for equal values of one place, and nothing else can be read off it."""
        return self.mac(f"index {place}", value.encode())

    def keyed(self, digest: str) -> str:
        """A content's hash as it is kept: of a hash without a key, whoever has the other fields could try the numbers."""
        return self.mac("content", digest.encode()).hex()

    def mac(self, use: str, *parts: bytes) -> bytes:
        """32 bytes that only this installation can make of these parts. Parts cannot run into each other."""
        framed = b"".join(len(part).to_bytes(4) + part for part in (use.encode(), *parts))
        return hmac.digest(self._index_key, framed, "sha256")


def key_id(envelope: bytes) -> int:
    """Which key an envelope was sealed with; 0, which no key has, for what is no envelope."""
    if len(envelope) < SEAL_BYTES or envelope[0] != VERSION:
        return 0
    return int.from_bytes(envelope[1:_HEAD_BYTES])


def wrapped(master: bytes, id: int, purpose: str, key: bytes) -> bytes:
    """A key as it may be kept: sealed under the master key, for this id and purpose."""
    return _sealed(AESGCM(master), id, f"sealing_key {id} {purpose}".encode(), key)


def unwrapped(master: bytes, id: int, purpose: str, kept: bytes) -> bytes:
    """The key again; CannotOpen where it was wrapped under another master key, or for another use."""
    try:
        return _opened(AESGCM(master), f"sealing_key {id} {purpose}".encode(), kept)
    except (InvalidTag, ValueError):
        raise CannotOpen(f"key {id} was not wrapped under the master key {fingerprint(master)}") from None


def fingerprint(master: bytes) -> str:
    """Eight letters by which people tell two master keys apart."""
    return hashlib.sha256(b"ruhu master key" + master).hexdigest()[:8]


def _about(place: str, row: uuid.UUID) -> bytes:
    return f"{place} {row}".encode()


def _sealed(cipher: AESGCM, id: int, about: bytes, value: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return bytes((VERSION,)) + id.to_bytes(2) + nonce + cipher.encrypt(nonce, value, about)


def _opened(cipher: AESGCM, about: bytes, envelope: bytes) -> bytes:
    end = _HEAD_BYTES + _NONCE_BYTES
    return cipher.decrypt(envelope[_HEAD_BYTES:end], envelope[end:], about)
