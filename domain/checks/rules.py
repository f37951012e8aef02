"""The checks before upload (上报前核查), each by name: how grave, whom it may be shown to, what it says, what to do. Pure.

What a check looks for is one SQL expression of queries.py, for a village's list and for one family alike.
"""

from __future__ import annotations

import csv
import enum
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from domain.access.matrix import FieldClass

FILE: Final = Path(__file__).parent / "data" / "checks.csv"


class Severity(enum.StrEnum):
    """How grave a finding is (严重程度). ERROR: not to be uploaded so; WARNING: somebody should look."""

    ERROR = "ERROR"
    WARNING = "WARNING"


class CheckCode(enum.StrEnum):
    """The checks by name (核查项); checks.csv has a line for each."""

    ILLNESS_WITHOUT_MEDICAL_COST = "ILLNESS_WITHOUT_MEDICAL_COST"
    JOB_RISK_WITHOUT_LABOUR = "JOB_RISK_WITHOUT_LABOUR"
    HEALTHY_WITHOUT_LABOUR = "HEALTHY_WITHOUT_LABOUR"
    ELIMINATED_BELOW_LINE = "ELIMINATED_BELOW_LINE"
    ELIMINATED_WITH_DROPOUT = "ELIMINATED_WITH_DROPOUT"
    ELIMINATED_TOO_EARLY = "ELIMINATED_TOO_EARLY"
    NO_MEASURE_AFTER_ENTRY = "NO_MEASURE_AFTER_ENTRY"
    MONITORED_WITH_BLUE = "MONITORED_WITH_BLUE"
    FIGURES_IN_CONFLICT = "FIGURES_IN_CONFLICT"


@dataclass(frozen=True, slots=True)
class Check:
    """One check. of: the class of the matrix whose facts a finding gives away: who may not see these is not told.

    basis: where it comes from.
    """

    code: CheckCode
    severity: Severity
    of: FieldClass
    zh: str
    en: str
    advice_zh: str
    advice_en: str
    basis: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found: codes, counts, days and ids that show why."""

    code: str
    facts: dict[str, Any]


@cache
def checks() -> dict[str, Check]:
    """All checks by code, in the order of the file."""
    with FILE.open(encoding="utf-8", newline="") as lines:
        return {
            row["code"]: Check(
                CheckCode(row["code"]),
                Severity(row["severity"]),
                FieldClass(row["class"]),
                row["zh"],
                row["en"],
                row["advice_zh"],
                row["advice_en"],
                row["basis"],
            )
            for row in csv.DictReader(lines)
        }


def kinds_told(codes: Collection[str]) -> list[str]:
    """Which kinds of sensitive facts these findings give away, as the trace names them."""
    told = {checks()[code].of for code in codes} - {FieldClass.FAMILY}
    return sorted(one.value for one in told)
