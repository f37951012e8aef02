"""Sealing the trace in blocks, and reading it again to see whether it is what was sealed (留痕封存与校验)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

import asyncpg
from sqlalchemy import func, select, text

from domain.audit.rules import Fault, Finding, faults_of_block
from domain.base.transactions import Sessions

MOST_IN_A_BLOCK: Final = 5000  # entries, and more only where one transaction wrote more
MOST_AT_ONCE: Final = 20  # blocks in one round: what a sealer that was away for long catches up with
WINDOW: Final = 20_000  # entry numbers that are looked at together
MOST_FAULTS: Final = 1000  # a trace with so many is not read further


END_OF_TIME: Final = datetime.max.replace(tzinfo=UTC)


class Notary(Protocol):
    """The server's key, which stands outside the database."""

    def sign(self, content: bytes) -> tuple[str, bytes]:
        """The id of the key, and its signature of these bytes."""
        ...

    def is_signed(self, content: bytes, key_id: str, signature: bytes) -> bool:
        """Whether that key, one of ours, made this signature of these bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Head:
    """The last block, as it is written down outside the database: whoever rewrites all blocks cannot rewrite that."""

    number: int
    hash: bytes


async def seal(sessions: Sessions, at: datetime, notary: Notary, *, most: int = MOST_IN_A_BLOCK) -> Head | None:
    """Seal what has ended since the last block, sign what is unsigned. Answers the newest block signed now, if any.

    Each block is a transaction of its own, and so is each round of signatures: killed anywhere in between, the next round
    goes on. One sealer at a time: another one finds nothing to do.
    """
    for _ in range(MOST_AT_ONCE):
        async with sessions() as db, db.begin():
            if await db.scalar(select(func.ruhu_seal_trace(at, most))) is None:
                break
    async with sessions() as db, db.begin():
        unsigned = (await db.execute(text("SELECT number, hash FROM ruhu_unsigned_blocks(100)"))).all()
        for number, sealed in unsigned:
            await db.execute(select(func.ruhu_sign_block(number, *notary.sign(sealed))))
    return Head(unsigned[-1].number, unsigned[-1].hash) if unsigned else None


@dataclass
class Report:
    """What verification read, and everything that is wrong."""

    blocks: int = 0
    entries: int = 0
    head: Head | None = None
    unsigned: int = 0
    unsealed: int = 0
    oldest_unsealed_at: datetime | None = None
    findings: list[Finding] = field(default_factory=list)


Progress = Callable[[int, int], None]  # blocks read, blocks in all

# Blocks and entries of one moment: a sealer at work beside it changes nothing in what is read.
_BLOCKS = "SELECT * FROM audit_block ORDER BY number"
_ENTRIES = """
SELECT id, transaction_id, at, actor_id, actor_roles, action, subject_kind, subject_id, region_code, operation_id,
  request_id, device_id, purpose, detail::text AS detail, seen, changes
FROM audit_entry WHERE id = ANY ($1)
"""
# Entries below the floor are those of a cluster that this one was restored from: none of them is sealed any more.
_STRAYS = """
WITH known AS (SELECT unnest(entry_ids) AS id FROM audit_block WHERE first_id <= $2 AND last_id >= $1)
SELECT e.id FROM audit_entry e WHERE e.id BETWEEN $1 AND $2 AND (e.transaction_id < $3 OR e.id <= $4)
  AND NOT EXISTS (SELECT FROM known WHERE known.id = e.id) ORDER BY e.id
"""
_BOUNDS = "SELECT min(id), max(id) FROM audit_entry"
_UNSEALED = """
SELECT count(*), min(at) FROM audit_entry WHERE transaction_id >= $1 AND id > $2
"""


async def verify(
    connection: asyncpg.Connection,
    notary: Notary,
    *,
    against: Sequence[Head] = (),
    progress: Progress = lambda done, total: None,
    kept_for: timedelta = timedelta(0),
    now: datetime = END_OF_TIME,
) -> Report:
    """Read the whole trace, a block at a time, and say what is wrong. `connection` must see all entries.

    `against` are heads that were written down elsewhere. Unsigned blocks are the sealer's next work if they are the last;
    anywhere else a signature was taken away. `kept_for`: entries of blocks that were sealed so long ago may be
    forgotten, from the beginning of the trace without a gap. How long ago is judged by `now`, the reader's own clock, and
    not by what is written there alone: whoever prunes too soon can write a later day, or seal with an earlier one.
    """
    report, sealed_at = Report(), datetime.min.replace(tzinfo=UTC)
    heads = {head.number: head for head in against}
    async with _one_moment(connection):
        total = await connection.fetchval("SELECT count(*) FROM audit_block")
        last: Mapping[str, Any] | None = None
        unsigned: list[int] = []
        async for block in connection.cursor(_BLOCKS, prefetch=5):
            previous = (0, None) if last is None else (last["number"], last["hash"])
            is_pruned = block["pruned_at"] is not None
            entries = [] if is_pruned else await connection.fetch(_ENTRIES, block["entry_ids"])
            report.findings += faults_of_block(block, None if is_pruned else entries, previous)
            sealed_at = max(sealed_at, block["sealed_at"])  # no block was sealed before the one ahead of it
            is_too_soon = is_pruned and min(block["pruned_at"], now) - sealed_at < kept_for
            if is_too_soon or (is_pruned and last is not None and last["pruned_at"] is None):
                report.findings.append(Finding(Fault.PRUNED_TOO_SOON, block["number"]))
            if block["signature"] is None:
                unsigned.append(block["number"])
            else:
                report.findings += [Finding(Fault.SIGNATURE_MISSING, number) for number in unsigned]
                unsigned = []
                if not notary.is_signed(block["hash"], block["key_id"], block["signature"]):
                    report.findings.append(Finding(Fault.SIGNATURE_WRONG, block["number"]))
            head = heads.pop(block["number"], None)
            if head is not None and head.hash != block["hash"]:
                report.findings.append(Finding(Fault.HEAD_DIFFERS, block["number"]))
            report.blocks, report.entries, last = report.blocks + 1, report.entries + len(entries), block
            progress(report.blocks, total)
            if len(report.findings) >= MOST_FAULTS:
                return report
        report.findings += [Finding(Fault.HEAD_DIFFERS, number) for number in sorted(heads)]
        report.unsigned = len(unsigned)
        if last is not None:
            report.head = Head(last["number"], last["hash"])
        until, floor = (0, 0) if last is None else (last["until_xid"], last["floor_id"])
        report.findings += await _strays(connection, until, floor)
        row = await connection.fetchrow(_UNSEALED, until, floor)
        report.unsealed, report.oldest_unsealed_at = row[0], row[1]
    return report


async def _strays(connection: asyncpg.Connection, until: int, floor: int) -> list[Finding]:
    """Entries that claim to be older than the last block, and that no block knows."""
    first, last = await connection.fetchrow(_BOUNDS)
    found: list[Finding] = []
    for start in range(first or 0, (last or -1) + 1, WINDOW):
        rows = await connection.fetch(_STRAYS, start, start + WINDOW - 1, until, floor)
        found += [Finding(Fault.ENTRY_INSERTED, None, row["id"]) for row in rows]
    return found[:MOST_FAULTS]


@asynccontextmanager
async def _one_moment(connection: asyncpg.Connection) -> AsyncIterator[None]:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        yield
