"""The bytes that are sealed, and what is wrong with a block (留痕校验). Pure.

Every field is written as one byte 0 (null) or as one byte 1, its length in four bytes (big endian) and its UTF-8 text, so
that no two entries make the same bytes. An entry's digest is the SHA-256 of its fields, a block's hash that of its own
fields, of the digests of its entries and of the hash before. `ruhu_entry_digest` and `ruhu_seal_trace` (migration
0014_trace) say the same in SQL, where blocks are made; this says it again where they are verified.
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

FORM: Final = "ruhu trace 1"  # the first field of every block; another order of fields would be another form
DIGEST_BYTES: Final = 32
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Fault(enum.StrEnum):
    """What verification can find."""

    ENTRY_REMOVED = "ENTRY_REMOVED"  # a block names it, and it is gone
    ENTRY_ALTERED = "ENTRY_ALTERED"  # it says something else than when it was sealed
    ENTRY_INSERTED = "ENTRY_INSERTED"  # it claims a time that has been sealed, and no block knows it
    ENTRIES_REORDERED = "ENTRIES_REORDERED"  # a block names entries twice or out of order
    BLOCK_ALTERED = "BLOCK_ALTERED"  # its hash is not that of its content
    BLOCK_MISSING = "BLOCK_MISSING"  # a number is left out
    CHAIN_BROKEN = "CHAIN_BROKEN"  # it does not follow the block before
    SIGNATURE_WRONG = "SIGNATURE_WRONG"  # not by the key it names, or by one that is not ours
    SIGNATURE_MISSING = "SIGNATURE_MISSING"
    PRUNED_TOO_SOON = "PRUNED_TOO_SOON"  # its entries were taken away before their time was over, or out of turn
    HEAD_DIFFERS = "HEAD_DIFFERS"  # the block that was written down elsewhere is another, or is not there


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, in which block (None: outside of all), and which entry it is about."""

    fault: Fault
    block: int | None
    entry: int | None = None

    def __str__(self) -> str:
        where = "outside of all blocks" if self.block is None else f"block {self.block}"
        return f"{self.fault} {where}" + ("" if self.entry is None else f", entry {self.entry}")


def field(value: str | None) -> bytes:
    """One text with its length before it; null is another thing than the empty text."""
    if value is None:
        return b"\x00"
    encoded = value.encode()
    return b"\x01" + len(encoded).to_bytes(4, "big") + encoded


def _microseconds(at: datetime) -> str:
    return str((at - _EPOCH) // timedelta(microseconds=1))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def entry_digest(entry: Mapping[str, Any]) -> bytes:
    """SHA-256 of an entry's fields. `detail` is the text that PostgreSQL shows of it, not what it parses to."""
    seen, changes = entry["seen"], entry["changes"]
    fields = (
        str(entry["id"]),
        str(entry["transaction_id"]),
        _microseconds(entry["at"]),
        _text(entry["actor_id"]),
        json.dumps(list(entry["actor_roles"]), separators=(",", ":"), ensure_ascii=False),
        entry["action"],
        entry["subject_kind"],
        _text(entry["subject_id"]),
        entry["region_code"],
        _text(entry["operation_id"]),
        entry["request_id"],
        entry["device_id"],
        entry["purpose"],
        entry["detail"],
        None if seen is None else ",".join(str(one) for one in seen),
        None if changes is None else changes.hex(),
    )
    return hashlib.sha256(b"".join(map(field, fields))).digest()


def block_hash(block: Mapping[str, Any]) -> bytes:
    """SHA-256 of a block's fields: number, time, range, entries, their digests, and the hash before."""
    previous = block["previous_hash"]
    fields = (
        FORM,
        str(block["number"]),
        _microseconds(block["sealed_at"]),
        str(block["floor_id"]),
        str(block["until_xid"]),
        ",".join(map(str, block["entry_ids"])),
        block["digests"].hex(),
        None if previous is None else previous.hex(),
    )
    return hashlib.sha256(b"".join(map(field, fields))).digest()


def faults_of_block(
    block: Mapping[str, Any], entries: Iterable[Mapping[str, Any]] | None, previous: tuple[int, bytes | None]
) -> list[Finding]:
    """What is wrong with one block and its entries; `previous` is the number and the hash of the one before it.
    `entries` None: they were forgotten, and the block alone is left.

    Each digest is compared with its entry, and the hash with them all: so an entry is named that was altered alone, and
    a block whose digests were altered along with it.
    """
    number, ids, digests = block["number"], block["entry_ids"], block["digests"]
    found = {entry["id"]: entry for entry in entries or ()}
    faults = []
    if number != previous[0] + 1:
        faults.append(Finding(Fault.BLOCK_MISSING, previous[0] + 1))
    elif block["previous_hash"] != previous[1]:
        faults.append(Finding(Fault.CHAIN_BROKEN, number))
    if block_hash(block) != block["hash"] or len(digests) != len(ids) * DIGEST_BYTES:
        faults.append(Finding(Fault.BLOCK_ALTERED, number))
    if any(later <= earlier for earlier, later in pairwise(ids)):
        faults.append(Finding(Fault.ENTRIES_REORDERED, number))
    for position, entry_id in enumerate(() if entries is None else ids):
        entry = found.get(entry_id)
        sealed = digests[position * DIGEST_BYTES : (position + 1) * DIGEST_BYTES]
        if entry is None:
            faults.append(Finding(Fault.ENTRY_REMOVED, number, entry_id))
        elif entry_digest(entry) != sealed:
            faults.append(Finding(Fault.ENTRY_ALTERED, number, entry_id))
    return faults


def in_words(findings: Sequence[Finding], most: int = 20) -> list[str]:
    """Lines for people; of many faults the first ones, and how many more there are."""
    lines = [str(finding) for finding in findings[:most]]
    return lines if len(findings) <= most else [*lines, f"and {len(findings) - most} more"]
