"""Loading and merging divisions: commands of an administrator, run as the tables' owner, not requests of a viewer."""

from __future__ import annotations

import csv
import gzip
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import date
from itertools import islice
from pathlib import Path

import asyncpg

from domain.base.bulk import bare
from domain.base.errors import refused
from domain.regions.rules import level_of, parent_code

DIVISIONS = Path(__file__).parent / "data" / "divisions-2023.csv.gz"
KNOWN_SINCE = date(2023, 6, 30)  # the day the published codes describe
BATCH = 100_000
COLUMNS = ("code", "name", "level", "parent_code", "valid_from")

FEW, PROGRESS = 40, 500  # a township's villages are told one by one, a province's in steps
# What happened stays where it happened; a grant holds for the old code and its successor (ruhu_viewer_of); and a division
# that is merged away takes its numbers with it: its villages come under those of the one that they joined.
KEEPS_ITS_CODE = (
    *("audit_entry", "access_grant", "policy_value", "daily_summary", "nightly_evaluation"),
    *("household_standing", "statistics_delta", "statistics_balance"),  # recoded households make deltas of their own
)

Say = Callable[[str], None]


async def divisions_are_loaded(connection: asyncpg.Connection) -> bool:
    """Whether any division is there: the load is one transaction, so it is all of them or none."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM region)"))


async def load_divisions(connection: asyncpg.Connection, *, say: Say, file: Path = DIVISIONS) -> int:
    """Load `code,name` lines (gzipped CSV with a head line) into an empty table; every village gets its stub row.

    Answers the number of divisions. All or nothing.
    """
    divisions = _read(file)
    loaded = 0
    async with connection.transaction(), bare(connection, ("region", "village")):
        while batch := list(islice(divisions, BATCH)):
            await connection.copy_records_to_table("region", records=batch, columns=COLUMNS)
            loaded += len(batch)
            say(f"  divisions: {loaded:,}")
        say("  villages, keys and the search by name")
        await connection.execute(
            "INSERT INTO village (id, region_code) SELECT ruhu_id('village ' || code), code"
            " FROM region WHERE level = 'VILLAGE'"
        )
    return loaded


def _read(file: Path) -> Iterator[tuple[str, str, str, str | None, date]]:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines)
        next(reader)
        for code, name in reader:
            yield code, name, level_of(code), parent_code(code), KNOWN_SINCE


async def merge_regions(connection: asyncpg.Connection, old: str, into: str, on: date, *, say: Say) -> int:
    """From `on`, the division `old` is part of `into` (撤并): its validity ends and names its successor.

    What lies below `old` moves below `into` and gets codes there; villages keep their ids. Rows that carry a code are
    recoded, a village at a time, so that no lock is held for long; an interrupted merge is finished by running it again.
    What history keeps (audit entries, changes) keeps the code it was written with, and grants on either code hold.

    Answers the number of rows recoded. Raises Refused: REGION_UNKNOWN, REGION_LEVELS_DIFFER, REGION_ENDED.
    """
    await _check_merger(connection, old, into)
    async with _as_machine(connection):
        moves = await _new_codes(connection, old, into, on)
    recoded = 0
    for done, (was, becomes) in enumerate(moves, start=1):
        async with _as_machine(connection):
            recoded += await _recode(connection, was, becomes, renumbered=was != old)
        if len(moves) <= FEW or done % PROGRESS == 0 or done == len(moves):
            say(f"  {was} is now {becomes} ({done:,} of {len(moves):,}), rows recoded: {recoded:,}")
    async with _as_machine(connection):
        await connection.executemany(
            "UPDATE region SET valid_to = $3, successor_code = $2 WHERE code = $1",
            [(was, new, on) for was, new in moves],
        )
    return recoded


async def _check_merger(connection: asyncpg.Connection, old: str, into: str) -> None:
    found = {
        row["code"]: row for row in await connection.fetch("SELECT * FROM region WHERE code = ANY ($1)", [old, into])
    }
    for code in (old, into):
        if code not in found:
            raise refused("REGION_UNKNOWN", region=code)
    if old == into or found[old]["level"] != found[into]["level"]:
        raise refused("REGION_LEVELS_DIFFER", old=old, into=into)
    for code in (old, into):
        if found[code]["valid_to"] is not None:
            raise refused("REGION_ENDED", region=code)


@asynccontextmanager
async def _as_machine(connection: asyncpg.Connection) -> AsyncIterator[None]:
    async with connection.transaction():
        await connection.execute("SET LOCAL ROLE ruhu_machine")
        await connection.execute("SET LOCAL lock_timeout = '5s'")
        yield


async def _new_codes(connection: asyncpg.Connection, old: str, into: str, on: date) -> list[tuple[str, str]]:
    """(old code, new code) of the division and of all that lies below it, from the top down; the new rows are made.

    A part keeps its last digits where they are free below the new parent; else it gets the next number after the last.
    """
    moves = {old: into}
    below = await connection.fetch(
        "SELECT code, name, level, parent_code FROM region WHERE code > $1 AND code < $1 || ':' AND valid_to IS NULL"
        " ORDER BY length(code), code",
        old,
    )
    for row in below:
        parent = moves[row["parent_code"]]
        earlier = await connection.fetchval("SELECT successor_code FROM region WHERE code = $1", row["code"])
        moves[row["code"]] = earlier or await _free_code(connection, parent, row["code"])
        await connection.execute(
            "INSERT INTO region (code, name, level, parent_code, valid_from) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT DO NOTHING",
            moves[row["code"]],
            row["name"],
            row["level"],
            parent,
            on,
        )
        # Noted at once, so that a second run after an interruption gives the same numbers.
        await connection.execute(
            "UPDATE region SET successor_code = $2 WHERE code = $1", row["code"], moves[row["code"]]
        )
    return list(moves.items())


async def _free_code(connection: asyncpg.Connection, parent: str, code: str) -> str:
    digits = len(code) - len(parent)
    taken = {r[0] for r in await connection.fetch("SELECT code FROM region WHERE parent_code = $1", parent)}
    kept = parent + code[-digits:]
    if kept not in taken:
        return kept
    return parent + str(max(int(c[-digits:]) for c in taken) + 1).zfill(digits)


async def _recode(connection: asyncpg.Connection, was: str, becomes: str, *, renumbered: bool) -> int:
    """Give every row with the old code the new one; the number of rows. Each kind of table is its own statement."""
    columns = await connection.fetch(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND column_name IN ('region_code', 'to_region_code') AND table_name <> ALL ($1) ORDER BY table_name, column_name",
        KEEPS_ITS_CODE if renumbered else (*KEEPS_ITS_CODE, "village"),
    )
    count = 0
    for table, column in columns:
        status = await connection.execute(
            f"UPDATE {table} SET {column} = $2 WHERE {column} = $1",  # noqa: S608 - names from the catalogue
            was,
            becomes,
        )
        count += int(status.rpartition(" ")[2])
    return count
