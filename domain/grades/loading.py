"""The schemes that ship with the program: data/*.csv is what their two tables hold after every start."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import asyncpg

from domain.grades.rules import Level, Scheme

DATA: Final = Path(__file__).parent / "data"

# What a county has added stays; what ships is as the files say.
_SCHEME = """
INSERT INTO grading_scheme (code, label_zh, label_en, is_computed, categories, source) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (code) DO UPDATE SET (label_zh, label_en, is_computed, categories, source)
    = (excluded.label_zh, excluded.label_en, excluded.is_computed, excluded.categories, excluded.source)
"""
_LEVEL = """
INSERT INTO grade_level (scheme_code, code, label_zh, label_en, colour, rank, raises_clue, reasons)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (scheme_code, code) DO UPDATE SET (label_zh, label_en, colour, rank, raises_clue, reasons)
    = (excluded.label_zh, excluded.label_en, excluded.colour, excluded.rank, excluded.raises_clue, excluded.reasons)
"""


def read_schemes() -> Iterator[tuple[Any, ...]]:
    """(code, label_zh, label_en, is_computed, categories, source) of each scheme."""
    for row in _rows("schemes.csv"):
        is_computed = row["is_computed"] == "true"
        yield row["code"], row["label_zh"], row["label_en"], is_computed, row["categories"].split(), row["source"]


def read_levels() -> Iterator[tuple[Any, ...]]:
    """(scheme, code, label_zh, label_en, colour, rank, raises_clue, reasons) of each level."""
    for row in _rows("levels.csv"):
        words = row["scheme"], row["code"], row["label_zh"], row["label_en"], row["colour"]
        yield *words, int(row["rank"]), row["raises_clue"] == "true", row["reasons"].split()


def shipped(code: str) -> Scheme:
    """A scheme as the files have it."""
    (row,) = (row for row in read_schemes() if row[0] == code)
    levels = {
        name: Level(name, rank, raises_clue, frozenset(reasons))
        for scheme, name, _, _, _, rank, raises_clue, reasons in read_levels()
        if scheme == code
    }
    return Scheme(code, row[3], frozenset(row[4]), levels)


async def load_schemes(connection: asyncpg.Connection) -> None:
    """Bring the tables up to the files. The connection belongs to a superuser, ruhu_machine or ruhu_owner."""
    await connection.executemany(_SCHEME, list(read_schemes()))
    await connection.executemany(_LEVEL, list(read_levels()))


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
