"""Who may hand out or erase a family's data, and how long what is kept. Pure."""

from __future__ import annotations

import csv
import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from domain.access.rules import OFFICER_ROLES, GrantRole
from domain.base.errors import Problem

FILE: Final = Path(__file__).parent / "data" / "retention.csv"
MOST_OF_A_REASON: Final = 200

# The family asks at the township's desk; that nothing of it is left to ask for is decided by the county.
WHO_EXPORTS: Final = OFFICER_ROLES - {GrantRole.VILLAGE_OFFICER, GrantRole.RESIDENT_TEAM}
WHO_ERASES: Final = WHO_EXPORTS - {GrantRole.TOWNSHIP_OFFICER}


class Kept(enum.StrEnum):
    """What has a period after which it is forgotten (保存期限类别)."""

    SUBMISSION = "SUBMISSION"
    OPERATION = "OPERATION"
    HARDSHIP_REPORT = "HARDSHIP_REPORT"
    DEPARTMENT_LIST_ROW = "DEPARTMENT_LIST_ROW"
    HOUSEHOLD = "HOUSEHOLD"
    AUDIT = "AUDIT"


@dataclass(frozen=True, slots=True)
class Period:
    """How long something is kept, and on what basis: SOURCE, CONVENTION or ASSUMPTION."""

    kept: timedelta
    basis: str
    zh: str
    what: str


@cache
def periods() -> Mapping[Kept, Period]:
    """All of them, as the file has them."""
    with FILE.open(encoding="utf-8", newline="") as lines:
        return {
            Kept(row["kind"]): Period(timedelta(days=int(row["days"])), row["basis"], row["zh"], row["what"])
            for row in csv.DictReader(lines)
        }


def export_problems(roles: Collection[GrantRole], reason: str) -> list[Problem]:
    """What stands against handing out a family's data."""
    return _problems(WHO_EXPORTS, roles, reason)


def erase_problems(roles: Collection[GrantRole], reason: str, ended_on: date | None) -> list[Problem]:
    """What stands against erasing it. A family that is helped is on record because the law asks for it: PIPL article 13."""
    problems = _problems(WHO_ERASES, roles, reason)
    if not problems and ended_on is None:
        problems.append(Problem("STILL_ON_RECORD", ("input", "householdId")))
    return problems


def erase_person_problems(roles: Collection[GrantRole], reason: str, *, is_member: bool) -> list[Problem]:
    """What stands against erasing one person. Whoever is of a family on record is on record with it, for the same reason;
    who should never have been leaves it first (ENTERED_IN_ERROR)."""
    problems = _problems(WHO_ERASES, roles, reason)
    if not problems and is_member:
        problems.append(Problem("STILL_IN_A_FAMILY", ("input", "personId")))
    return problems


def _problems(allowed: Collection[GrantRole], roles: Collection[GrantRole], reason: str) -> list[Problem]:
    if not set(allowed) & set(roles):
        return [Problem("FORBIDDEN_ROLE", ("input",))]
    if not 0 < len(reason.strip()) <= MOST_OF_A_REASON:
        return [Problem("REASON_NEEDED", ("input", "reason"), {"limit": MOST_OF_A_REASON})]
    return []
