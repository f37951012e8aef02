"""`./ruhu audit verify` and `head`: whether the trace is what was sealed, and what to write down elsewhere."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from api.cli import CommandError
from api.cli.target import run, say, settings, target
from api.database import connected
from api.notary import TraceKey, head_as_text, head_of_text
from domain.audit.blocks import Head, Report, verify
from domain.audit.rules import in_words
from domain.rights.rules import Kept, periods


def verify_trace(against: Path | None) -> int:
    """Reads the whole trace and says what is wrong with it. 0: nothing; 1: something."""
    configured = settings()
    notary = TraceKey(configured.data_dir)
    heads = [head for head in (_head_in(against), notary.kept()) if head is not None]

    async def read(url: str) -> Report:
        async with connected(url, "ruhu_machine") as connection:
            return await verify(
                connection, notary, against=heads, progress=_progress, kept_for=periods()[Kept.AUDIT].kept
            )

    with target(configured) as url:
        report: Report = run(read(url))
    say(f"{report.blocks} blocks with {report.entries} entries read.")
    if report.oldest_unsealed_at is not None:
        seconds = (datetime.now(UTC) - report.oldest_unsealed_at).total_seconds()
        say(f"{report.unsealed} entries are not sealed yet, the oldest for {seconds:.0f} s.")
    if report.unsigned:
        say(f"{report.unsigned} blocks at the end are not signed yet.")
    for line in in_words(report.findings):
        print(line)
    if report.findings:
        say("The trace is not what was sealed. docs/security.md says what each finding means.")
        return 1
    if report.head is None:
        say("There is nothing sealed yet. Sealing is the work of a running server.")
    else:
        say("The trace is whole.")
    return 0


def print_head() -> None:
    """Prints the last signed block as one line, for `verify --against` another day."""

    async def read(url: str) -> Head | None:
        async with connected(url, "ruhu_machine") as connection:
            row = await connection.fetchrow(
                "SELECT number, hash FROM audit_block WHERE signature IS NOT NULL ORDER BY number DESC LIMIT 1"
            )
            return None if row is None else Head(row["number"], row["hash"])

    with target(settings()) as url:
        head = run(read(url))
    if head is None:
        raise CommandError("there is nothing sealed yet: a running server seals every few seconds")
    print(head_as_text(head))


def _head_in(file: Path | None) -> Head | None:
    if file is None:
        return None
    try:
        return head_of_text(file.read_text())
    except (OSError, ValueError, TypeError, KeyError):
        raise CommandError(f"{file} is not what `./ruhu audit head` prints") from None


def _progress(done: int, total: int) -> None:
    if done % 1000 == 0 or (done == total and sys.stderr.isatty()):
        say(f"  {done} of {total} blocks")
