"""Loading and merging divisions: commands of an administrator, run as the tables' owner, not requests of a viewer."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterator
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

    What stands below `old` moves below `into`: current rows that carry a code are recoded, table by table; what history
    keeps (audit entries, changes) keeps the code it was written with, and grants on either code hold.
    Answers the number of rows recoded. Raises Refused (REGION_UNKNOWN, REGION_LEVELS_DIFFER, REGION_ENDED).
    """
    levels = dict(await connection.fetch("SELECT code, level FROM region WHERE code = ANY($1)", [old, into]))
    if len(levels) < 2:
        raise refused("REGION_UNKNOWN", region=old if old not in levels else into)
    if levels[old] != levels[into]:
        raise refused("REGION_LEVELS_DIFFER", old=old, into=into)
    raise refused("REGION_ENDED", region=old)
