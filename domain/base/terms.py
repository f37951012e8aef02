"""The vocabularies that ship with the program: data/terms.csv is what the table `term` holds after every start."""

from __future__ import annotations

import csv
from pathlib import Path

import asyncpg

TERMS = Path(__file__).parent / "data" / "terms.csv"

# A region may have added words of its own: only what the file has is touched, and only where it differs.
_UPSERT = """
INSERT INTO term (list, code, label_zh, label_en, position, source)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[])
ON CONFLICT (list, code) DO UPDATE SET (label_zh, label_en, position, source, changed_at)
    = (excluded.label_zh, excluded.label_en, excluded.position, excluded.source, now())
WHERE (term.label_zh, term.label_en, term.position, term.source)
    IS DISTINCT FROM (excluded.label_zh, excluded.label_en, excluded.position, excluded.source)
"""


def read_terms(file: Path = TERMS) -> list[tuple[str, str, str, str, int, str]]:
    """The rows (list, code, label_zh, label_en, position, source) of the file, in its order."""
    with file.open(encoding="utf-8", newline="") as lines:
        return [
            (row["list"], row["code"], row["label_zh"], row["label_en"], int(row["position"]), row["source"])
            for row in csv.DictReader(lines)
        ]


async def load_terms(connection: asyncpg.Connection) -> None:
    """Bring the table up to the file: new words in, changed labels changed. Words are never taken away.

    The connection belongs to a superuser, ruhu_machine or ruhu_owner. Safe to repeat.
    """
    await connection.execute(_UPSERT, *zip(*read_terms(), strict=True))
