"""The role × field matrix (角色权限矩阵): who is shown what, read from data/.

classes.csv   class of fields × role → SHOWN, MASKED, BLURRED or ABSENT, where the role sees the row at all
fields.csv    type of the SDL and its fields → class
scopes.csv    table (or type, where it says something else than its table) × role → by which arms a row is seen

The masks of wall 1, docs/who-sees-what.md and what the tests in tests/walls/ expect are made of these files, and of
nothing else. Wall 2 says it again in migrations, on purpose.
"""

from __future__ import annotations

import csv
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from domain.access.roles import GrantRole

DATA: Final = Path(__file__).parent / "data"
ANONYMOUS: Final = "ANONYMOUS"  # the column of scopes.csv for who is not signed in


class Effect(enum.StrEnum):
    """What becomes of a field in a row that is seen."""

    SHOWN = "SHOWN"
    MASKED = "MASKED"
    BLURRED = "BLURRED"
    ABSENT = "ABSENT"


class FieldClass(enum.StrEnum):
    """Fields that are equally sensitive (数据分类)."""

    PUBLIC = "PUBLIC"
    FAMILY = "FAMILY"
    NAME = "NAME"
    BIRTH = "BIRTH"
    ID_NUMBER = "ID_NUMBER"
    CERTIFICATE = "CERTIFICATE"
    PHONE = "PHONE"
    BANK_ACCOUNT = "BANK_ACCOUNT"
    HEALTH = "HEALTH"
    ADDRESS = "ADDRESS"
    DWELLING = "DWELLING"
    INCOME = "INCOME"
    NOTE = "NOTE"
    HELPER_CONTACT = "HELPER_CONTACT"
    DELIVERED = "DELIVERED"


class Arm(enum.StrEnum):
    """By what a row is seen: where it lies, whose list it is on, whose it is; in review; or by everybody."""

    REGION = "REGION"
    LIST = "LIST"
    OWN = "OWN"
    REVIEW = "REVIEW"
    ALL = "ALL"


# Classes of what stands on record of families. The fields of a helper have a circle of their own: officers, and the helper.
OF_FAMILIES: Final = frozenset(FieldClass) - {FieldClass.PUBLIC, FieldClass.HELPER_CONTACT, FieldClass.DELIVERED}


@dataclass(frozen=True, slots=True)
class Matrix:
    """The three files. `inside` and `outside` are what a class shows to roles that meet families, and to others."""

    effects: Mapping[FieldClass, Mapping[GrantRole, Effect]]
    titles: Mapping[FieldClass, tuple[str, str]]  # Chinese name, what it is
    fields: Mapping[tuple[str, str], FieldClass]  # (type, field)
    scopes: Mapping[str, Mapping[str, frozenset[Arm]]]  # name → role or ANONYMOUS → arms
    meets: frozenset[GrantRole]
    inside: Mapping[FieldClass, Effect]
    outside: Mapping[FieldClass, Effect]

    def sees_by(self, name: str, arm: Arm) -> frozenset[GrantRole]:
        """The roles that see rows of this table or type by this arm."""
        return frozenset(role for role in GrantRole if arm in self.scopes[name][role])


@cache
def matrix() -> Matrix:
    """The matrix of the files, read once; ValueError where it asks for what wall 1 cannot say."""
    rows = {FieldClass(row["class"]): row for row in _rows("classes.csv")}
    effects = {one: {role: Effect(row[role]) for role in GrantRole} for one, row in rows.items()}
    scopes = {
        row.pop("name"): {
            role: frozenset(Arm(arm) for arm in arms.split("+") if arm != "NONE") for role, arms in row.items()
        }
        for row in _rows("scopes.csv")
    }
    fields = {
        (row["type"], field): FieldClass(row["class"]) for row in _rows("fields.csv") for field in row["fields"].split()
    }
    meets = frozenset(role for role, effect in effects[FieldClass.NAME].items() if effect is Effect.SHOWN)
    visitors = frozenset(role for role in GrantRole if scopes["household"][role])
    return Matrix(
        effects,
        {one: (row["zh"], row["what"]) for one, row in rows.items()},
        fields,
        scopes,
        meets,
        {one: _alike(one, effects[one], meets) for one in OF_FAMILIES},
        {one: _alike(one, effects[one], visitors - meets) for one in OF_FAMILIES},
    )


def _alike(one: FieldClass, effects: Mapping[GrantRole, Effect], roles: frozenset[GrantRole]) -> Effect:
    """Wall 1 knows one circle: those who meet families, and those who do not. Two plans serve everybody."""
    found = {effects[role] for role in roles}
    if len(found) != 1:
        raise ValueError(
            f"classes.csv: {one} differs among {', '.join(sorted(roles))}. Give the class the same effect for them all, or "
            "teach `meets` in domain/access/queries.py another circle."
        )
    return found.pop()


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
