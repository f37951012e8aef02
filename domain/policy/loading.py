"""The presets that ship with the program (data/presets/*.json): the numbers of seven places, each with its sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

import asyncpg

from domain.base.models import namespace_id
from domain.policy.catalogue import PARAMETERS
from domain.policy.rules import PolicyBasis, Value, read_value

PRESETS: Final = Path(__file__).parent / "data" / "presets"
DOCUMENTS: Final = Path(__file__).parent / "data" / "documents"
NATIONAL: Final = "national-2021"

_INSERT = """
INSERT INTO policy_value (id, region_code, parameter, value, from_on, until_on, document, sentence, basis, adopted_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[], $5::date[], $6::date[], $7::text[], $8::text[],
                     $9::text[], $10::timestamptz[])
ON CONFLICT (id) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Preset:
    """One value of a preset. region_code None: the country; text: the file that has the document's own words."""

    code: str
    region_code: str | None
    parameter: str
    value: Value
    from_on: date
    until_on: date | None
    document: str
    text: str | None
    sentence: str
    basis: PolicyBasis


def read_presets(folder: Path = PRESETS) -> Iterator[Preset]:
    """Every value of every preset, each a value that its parameter may have; ValueError where one may not."""
    for file in sorted(folder.glob("*.json")):
        preset = json.loads(file.read_text(encoding="utf-8"))
        for name, given in preset["values"].items():
            value, problem = read_value(PARAMETERS[name], given["value"])
            if problem is not None:
                raise ValueError(f"{file.stem}: {name} {problem.code} {dict(problem.detail)}")
            yield Preset(
                code=file.stem,
                region_code=preset["regionCode"],
                parameter=name,
                value=value,
                from_on=date.fromisoformat(preset["fromOn"]),
                until_on=date.fromisoformat(given["untilOn"]) if "untilOn" in given else None,
                document=preset["document"],
                text=preset["text"],
                sentence=given["sentence"],
                basis=PolicyBasis(given["basis"]),
            )


async def load_presets(connection: asyncpg.Connection, at: datetime, *, only: str | None = None) -> None:
    """Set what is not set yet: every preset, or the one named. What a region has adopted since is left alone.

    The connection belongs to a superuser, ruhu_machine or ruhu_owner. Safe to repeat.
    """
    rows = [
        (
            namespace_id(f"policy preset {one.code} {one.parameter}"),
            one.region_code,
            one.parameter,
            json.dumps(one.value, ensure_ascii=False),
            one.from_on,
            one.until_on,
            one.document,
            one.sentence,
            one.basis.value,
            at,
        )
        for one in read_presets()
        if only in (None, one.code)
    ]
    await connection.execute(_INSERT, *zip(*rows, strict=True))
