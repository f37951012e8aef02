"""What an error code says to a person, in their language. docs/errors.md shows the whole catalogue."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

CATALOGUE: Final = Path(__file__).parent / "data" / "messages.csv"


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """code -> language ("zh", "en") -> text with {placeholders} of the problem's detail."""
    with CATALOGUE.open(encoding="utf-8", newline="") as lines:
        return {row["code"]: {"zh": row["zh"], "en": row["en"]} for row in csv.DictReader(lines)}


class _Given(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "…"


def message(code: str, language: str, detail: Mapping[str, Any]) -> str:
    """The text for this code. KeyError for a code that is not in the catalogue: a test keeps that from happening."""
    return catalogue()[code][language].format_map(_Given(detail))
