"""Receipts (回执码): what somebody holds in their hand who has no account. Pure, but for the key that comes in.

A receipt is made of the report's id with a key that never enters the database: so a repeated report gets the same one
again though nothing keeps it, and a copy of the database tells none. What is kept is its keyed hash.
"""

from __future__ import annotations

import uuid
from typing import Final, Protocol

# No 0 and O, no 1, I and L. That these are 31, a prime, is what makes the check character sure.
ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
LENGTH: Final = 15  # characters before the check character: 74 bits
GROUP: Final = 4


class Mac(Protocol):
    """A keyed hash of an installation: 32 bytes that only it can make of these parts."""

    def __call__(self, use: str, *parts: bytes) -> bytes: ...


def receipt_of(report_id: uuid.UUID, mac: Mac) -> str:
    """The receipt of a report, like K7QM-2XFA-9RTB-WD4H.

    It is for one use in one place: who knows the id of a report knows nothing of its receipt.
    """
    number = int.from_bytes(mac("hardship receipt", report_id.bytes))
    values = []
    for _ in range(LENGTH):
        number, value = divmod(number, len(ALPHABET))
        values.append(value)
    code = "".join(ALPHABET[value] for value in [*values, _check(values)])
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def receipt_read(typed: str) -> str | None:
    """A receipt as people type it, in the form it was given; None for what is none."""
    code = typed.upper().replace("-", "").replace(" ", "")
    if len(code) != LENGTH + 1 or not set(code) <= set(ALPHABET):
        return None
    *values, check = (ALPHABET.index(character) for character in code)
    if check != _check(values):
        return None
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def kept_of(receipt: str, mac: Mac) -> bytes:
    """What the table keeps of a receipt, and finds it by."""
    return mac("hardship receipt kept", receipt.encode())


def _check(values: list[int]) -> int:
    """Finds every wrong character and every two that changed places: weights and differences are below a prime."""
    return sum(place * value for place, value in enumerate(values, start=1)) % len(ALPHABET)
