"""Decisions about accounts and grants. Pure: facts and the day come in as arguments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from domain.access.rules import OFFICER_ROLES, GrantRole, ViewerKind
from domain.base.errors import Problem
from domain.regions.rules import DIGITS, RegionLevel
from domain.signing_in.rules import EVERYWHERE, DataClass, scope_of

ADMINISTERS: Final = frozenset({GrantRole.ADMINISTRATOR})

# Whoever runs the system, whoever enters calls and whoever reads the trace of both are never one person: each could hide
# what another of the three would find. The database says so once more (duties_are_separate).
SEPARATE: Final = frozenset({GrantRole.ADMINISTRATOR, GrantRole.HOTLINE_OPERATOR, GrantRole.AUDITOR})

# Who is not of the five levels is let in for a purpose and for a time (PIPL Art. 6: no more than the purpose needs).
OUTSIDE: Final = frozenset({GrantRole.DEPARTMENT, GrantRole.PARTNER, GrantRole.INTEGRATOR})
SPEAKS_FOR_AN_ORGANISATION: Final = frozenset({GrantRole.DEPARTMENT, GrantRole.PARTNER})
HAS_CLIENTS: Final = frozenset({ViewerKind.DEPARTMENT, ViewerKind.PARTNER, ViewerKind.INTEGRATOR})

# The level over which an officer's role holds. Other roles hold over any division, or over none.
LEVEL_OF: Final[Mapping[GrantRole, RegionLevel]] = {
    GrantRole.VILLAGE_OFFICER: RegionLevel.VILLAGE,
    GrantRole.RESIDENT_TEAM: RegionLevel.VILLAGE,
    GrantRole.TOWNSHIP_OFFICER: RegionLevel.TOWNSHIP,
    GrantRole.COUNTY_OFFICER: RegionLevel.COUNTY,
    GrantRole.PREFECTURE_OFFICER: RegionLevel.PREFECTURE,
    GrantRole.PROVINCE_OFFICER: RegionLevel.PROVINCE,
}
NEEDS_A_REGION: Final = OFFICER_ROLES | {GrantRole.INTEGRATOR, GrantRole.HOTLINE_OPERATOR, GrantRole.AUDITOR}

MOST_CHARACTERS: Final = 200  # of a name or a purpose
CLIENT_DAYS: Final = 1100  # three years: what nobody renews ends


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """An account as a grant meets it."""

    kind: ViewerKind
    is_helper: bool = False
    is_of_organisation: bool = False


@dataclass(frozen=True, slots=True)
class Spell:
    """A role that somebody holds, as their own or standing in, from a day until the first day without it."""

    role: GrantRole
    starts_on: date
    ends_on: date | None = None

    def meets(self, other: Spell) -> bool:
        """Whether there is a day on which both hold."""
        return (self.ends_on is None or other.starts_on < self.ends_on) and (
            other.ends_on is None or self.starts_on < other.ends_on
        )


def kinds_of(role: GrantRole) -> frozenset[ViewerKind]:
    """The kinds of account that may hold a role. An officer may help families, and a helper be of a resident team."""
    if role in (GrantRole.HELPER, GrantRole.RESIDENT_TEAM):
        return frozenset({ViewerKind.HELPER, ViewerKind.OFFICER})
    return frozenset({ViewerKind.OFFICER if role in OFFICER_ROLES else ViewerKind(role.value)})


def account_problems(name: str, kind: ViewerKind, *, is_helper: bool, is_of_organisation: bool) -> list[Problem]:
    """What is wrong with a new account: REQUIRED, TOO_LONG."""
    problems = text_problems("name", name)
    if kind is ViewerKind.HELPER and not is_helper:
        problems.append(Problem("REQUIRED", ("input", "helperId")))
    if kind in (ViewerKind.DEPARTMENT, ViewerKind.PARTNER) and not is_of_organisation:
        problems.append(Problem("REQUIRED", ("input", "organisationId")))
    return problems


def text_problems(field: str, text: str | None) -> list[Problem]:
    """REQUIRED or TOO_LONG."""
    characters = len((text or "").strip())
    if not characters:
        return [Problem("REQUIRED", ("input", field))]
    if characters > MOST_CHARACTERS:
        return [Problem("TOO_LONG", ("input", field), {"characters": characters, "limit": MOST_CHARACTERS})]
    return []


def grant_problems(
    account: AccountFacts,
    role: GrantRole,
    region_code: str | None,
    purpose: str | None,
    starts_on: date,
    ends_on: date | None,
    today: date,
) -> list[Problem]:
    """All that is wrong with a grant by itself: ROLE_NOT_FOR_ACCOUNT, REQUIRED, REGION_OF_ANOTHER_LEVEL, TOO_LONG,
    END_BEFORE_START, and BEGINS_IN_THE_PAST, because the trace of what was seen could not be told from before."""
    problems = []
    speaks = account.is_of_organisation or role not in SPEAKS_FOR_AN_ORGANISATION
    helps = account.is_helper or role is not GrantRole.HELPER
    if account.kind not in kinds_of(role) or not speaks or not helps:
        problems.append(Problem("ROLE_NOT_FOR_ACCOUNT", ("input", "role"), {"role": role.value}))
    if region_code is None and role in NEEDS_A_REGION:
        problems.append(Problem("REQUIRED", ("input", "region")))
    level = LEVEL_OF.get(role)
    if region_code is not None and level is not None and len(region_code) != DIGITS[level]:
        detail = {"role": role.value, "digits": DIGITS[level]}
        problems.append(Problem("REGION_OF_ANOTHER_LEVEL", ("input", "region"), detail))
    if role in OUTSIDE or purpose is not None:
        problems += text_problems("purpose", purpose)
    if role in OUTSIDE and ends_on is None:
        problems.append(Problem("REQUIRED", ("input", "endsOn")))
    if starts_on < today:
        problems.append(Problem("BEGINS_IN_THE_PAST", ("input", "startsOn")))
    if ends_on is not None and ends_on <= starts_on:
        problems.append(Problem("END_BEFORE_START", ("input", "endsOn")))
    return problems


def is_separate(held: Iterable[Spell], new: Spell) -> bool:
    """Whether somebody who holds these may hold this one as well, each as their own or standing in."""
    return new.role not in SEPARATE or not any(
        spell.role in SEPARATE and spell.role is not new.role and spell.meets(new) for spell in held
    )


def deputy_problems(grant: Spell, starts_on: date, ends_on: date, today: date) -> list[Problem]:
    """What is wrong with the days of a stand-in: within the grant, from today on."""
    problems = []
    if starts_on < today:
        problems.append(Problem("BEGINS_IN_THE_PAST", ("input", "startsOn")))
    if ends_on <= starts_on:
        problems.append(Problem("END_BEFORE_START", ("input", "endsOn")))
    if starts_on < grant.starts_on or (grant.ends_on is not None and ends_on > grant.ends_on):
        problems.append(Problem("DEPUTY_OUTLASTS_GRANT", ("input", "endsOn")))
    return problems


def scope_problems(scopes: Sequence[str], *, has_region: bool) -> list[Problem]:
    """What is wrong with the scopes of a client: REQUIRED, SCOPE_INVALID, SCOPE_BY_PAIRING (that account sees families by
    pairing, and a list of pairings knows no area)."""
    problems = [] if scopes else [Problem("REQUIRED", ("input", "scopes"))]
    for position, text in enumerate(scopes):
        scope = scope_of(text)
        path = ("input", "scopes", str(position))
        if scope is None:
            problems.append(Problem("SCOPE_INVALID", path, {"scope": text[:MOST_CHARACTERS]}))
        elif scope.data_class is DataClass.FAMILIES and scope.area != EVERYWHERE and not has_region:
            problems.append(Problem("SCOPE_BY_PAIRING", path, {"purpose": scope.purpose}))
    return problems
