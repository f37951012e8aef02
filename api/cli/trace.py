"""`./ruhu audit verify`, `head`, `export`: whether the trace is whole, what to keep elsewhere, and all that it says."""

import csv
import json
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
            kept_for, now = periods()[Kept.AUDIT].kept, datetime.now(UTC)
            return await verify(connection, notary, against=heads, progress=_progress, kept_for=kept_for, now=now)

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


EXPORT = """
SELECT id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, actor_id::text, actor_roles, action,
  subject_kind, subject_id::text, region_code, operation_id::text, request_id, device_id, purpose, detail::text AS detail,
  cardinality(seen) AS households
FROM audit_entry WHERE at >= $1 AND at < $2 AND ($3 = '' OR region_code ^@ $3) ORDER BY at, id
"""
EXPORTED = """
INSERT INTO audit_entry (at, actor_roles, action, subject_kind, region_code, detail)
VALUES ($1, '{}', 'export_trace', 'trace', nullif($2, ''), '{"by": "command line"}')
"""


def export_trace(since: datetime | None, before: datetime | None, region: str, form: str) -> None:
    """Prints the entries of a time and region, a line each, as they come: a trace of any length fits."""
    if form not in ("jsonl", "csv"):
        raise CommandError("--form is jsonl or csv")
    start = (since or datetime(1970, 1, 1)).replace(tzinfo=UTC)  # noqa: DTZ001  # the next word says the zone
    end = (before or datetime(9999, 1, 1)).replace(tzinfo=UTC)  # noqa: DTZ001

    async def write(url: str) -> None:
        async with connected(url, "ruhu_machine") as connection:
            await connection.execute(EXPORTED, datetime.now(UTC), region)
            sheet = csv.writer(sys.stdout)
            is_first = True
            async with connection.transaction(readonly=True):
                async for row in connection.cursor(EXPORT, start, end, region, prefetch=500):
                    if form == "jsonl":
                        detail = {"detail": json.loads(row["detail"])}
                        print(json.dumps({**row, **detail}, ensure_ascii=False))
                        continue
                    if is_first:
                        sheet.writerow(row.keys())
                    sheet.writerow([" ".join(value) if isinstance(value, list) else value for value in row.values()])
                    is_first = False

    with target(settings()) as url:
        run(write(url))


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
