"""Passwords and one-time codes: how they are kept. Argon2id as OWASP and RFC 9106 advise for a server."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import Final

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

# 19 MiB, two passes: some 60 ms on a small server. The figures stand in each hash, so they can be raised at any time.
MEMORY_KIB: Final = 19 * 1024
PASSES: Final = 2


def hashed(password: str) -> str:
    """The PHC string of a password, with a salt of its own. Takes tens of milliseconds of a processor, off the GIL."""
    made = Argon2id(salt=os.urandom(16), length=32, iterations=PASSES, lanes=1, memory_cost=MEMORY_KIB)
    return made.derive_phc_encoded(password.encode())


# What a name that nobody has is compared with: the same work, and nothing fits.
NOBODYS: Final = hashed(base64.b64encode(os.urandom(32)).decode())


def is_right(password: str, phc: str | None) -> bool:
    """Whether this is the password; without a hash, the same work and no."""
    try:
        Argon2id.verify_phc_encoded(password.encode(), phc or NOBODYS)
    except InvalidKey:
        return False
    return phc is not None


def new_code() -> str:
    """A one-time code of 80 bits, to be read out on the telephone: no letter that is taken for another."""
    letters = base64.b32encode(os.urandom(10)).decode()
    return "-".join(letters[at : at + 4] for at in range(0, 16, 4))


def code_hash(code: str) -> bytes:
    """What is kept of a one-time code: 80 random bits need no slow hash. Case, spaces and dashes are nothing."""
    return hashlib.sha256(code.replace("-", "").replace(" ", "").upper().encode()).digest()


def secret_hash(secret: str) -> bytes:
    """What is kept of a client's secret, which is random and long."""
    return hashlib.sha256(secret.encode()).digest()
