"""Every parameter that a region may set, read from data/parameters.csv: what domain.md §7 and §11 name.

A default holds where nobody set anything. It is never a SOURCE: the documents speak of one place each, so theirs stand in
data/presets, with the sentence.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Final

from domain.policy.rules import Bound, Parameter, PolicyBasis, PolicyUnit, PolicyValueKind, Value

FILE: Final = Path(__file__).parent / "data" / "parameters.csv"


def read_catalogue(file: Path = FILE) -> dict[str, Parameter]:
    """The parameters of the file by name, in its order. Raises ValueError or KeyError for a row that makes no sense."""
    with file.open(encoding="utf-8", newline="") as lines:
        return {row["name"]: _parameter(row) for row in csv.DictReader(lines)}


def _parameter(row: dict[str, str]) -> Parameter:
    return Parameter(
        name=row["name"],
        kind=PolicyValueKind(row["kind"]),
        zh=row["zh"],
        en=row["en"],
        default=json.loads(row["default"]),
        basis=PolicyBasis(row["basis"]),
        reason=row["reason"],
        unit=PolicyUnit(row["unit"]) if row["unit"] else None,
        at_least=int(row["at_least"]) if row["at_least"] else None,
        at_most=int(row["at_most"]) if row["at_most"] else None,
        bound=Bound(row["bound"]) if row["bound"] else None,
        choices=tuple(row["choices"].split()),
    )


PARAMETERS: Final = read_catalogue()
DEFAULTS: Final[dict[str, Value]] = {one.name: one.default for one in PARAMETERS.values()}
