"""What a pairing must be before anybody writes it down. Pure: facts and the day come in as arguments.

A pairing holds from `started_on` until the day before `ended_on` (half open), so that a hand-over on one day leaves
neither a gap nor a day with two. Paths name the fields of the mutations' inputs.
"""

from __future__ import annotations

import enum
import json
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from domain.access.rules import GrantRole
from domain.base.errors import Problem

# The two terms that rules hang on. 本村党员创业致富带头人 (S0, S1): a party member of the same village.
WEALTH_CREATION_LEADER = "WEALTH_LEADER"
HANDED_OVER = "HANDED_OVER"  # the end reason of a hand-over that names no other

MAX_AGREEMENT_BYTES = 8_192  # its figures, not its scanned pages
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class Helped(enum.StrEnum):
    """The three sides that can be helped."""

    HOUSEHOLD = "HOUSEHOLD"
    PERSON = "PERSON"
    VILLAGE = "VILLAGE"


class PairingOp(enum.StrEnum):
    """What became of a pairing (结对变更类型)."""

    BEGAN = "BEGAN"
    CHANGED = "CHANGED"
    ENDED = "ENDED"


_FAMILIES = frozenset({Helped.HOUSEHOLD, Helped.PERSON})
_ANYBODY = frozenset(Helped)

# Who decides on pairings, for which side that is helped. A village settles who helps its families; the agreement with
# a whole village (阳光“1+1”) is made a level higher. Resident teams, helpers and partners are a side of pairings
# themselves, and nobody pairs themselves; services, auditors and administrators decide nothing of the field.
DECIDES: Mapping[GrantRole, frozenset[Helped]] = {
    GrantRole.VILLAGE_OFFICER: _FAMILIES,
    GrantRole.TOWNSHIP_OFFICER: _ANYBODY,
    GrantRole.COUNTY_OFFICER: _ANYBODY,
    GrantRole.PREFECTURE_OFFICER: _ANYBODY,
    GrantRole.PROVINCE_OFFICER: _ANYBODY,
}


@dataclass(frozen=True, slots=True)
class Side:
    """Somebody named in an input: by which field, with which id."""

    field: str
    id: uuid.UUID


@dataclass(frozen=True, slots=True)
class HelpingFacts:
    """The side that helps, as far as the rules ask. kind: a code of helper_kind or organisation_kind.

    An organisation is no party member.
    """

    side: Side
    kind: str
    region_code: str
    ended_on: date | None
    is_party_member: bool = False


@dataclass(frozen=True, slots=True)
class HelpedFacts:
    """The side that is helped.

    ended_on: since when there is nobody left to help: the household or village ended, the person died or left.
    household_id: the family that comes onto the helping side's list; none for a village.
    school_status: of a person, a code of school_status; none for who is no pupil or student.
    """

    side: Side
    kind: Helped
    region_code: str
    ended_on: date | None
    household_id: uuid.UUID | None = None
    school_status: str | None = None


def may_decide(roles: Iterable[GrantRole], helped: Helped | None = None) -> bool:
    """Whether one of these roles decides on pairings with this side; on any at all, when none is named."""
    asked = _ANYBODY if helped is None else {helped}
    return any(not asked.isdisjoint(DECIDES.get(role, ())) for role in roles)


def named(**sides: uuid.UUID | None) -> list[Side]:
    """The sides that an input names, by their fields."""
    return [Side(field, given) for field, given in sides.items() if given is not None]


def side_problems(helping: Sequence[Side], helped: Sequence[Side]) -> list[Problem]:
    """Exactly one side helps, exactly one is helped."""
    sides = {"ONE_SIDE_HELPS": helping, "ONE_SIDE_IS_HELPED": helped}
    return [Problem(code) for code, given in sides.items() if len(given) != 1]


def day_read(field: str, given: str, today: date, problems: list[Problem]) -> date | None:
    """The day that a client wrote; None, and a problem more, for what is no ISO date or is still to come.

    A pairing is written down once it stands, and its end once it is over: today or any earlier day, however long ago.
    """
    path = ("input", field)
    try:
        day = date.fromisoformat(given) if _ISO_DATE.fullmatch(given) else None
    except ValueError:
        day = None
    if day is None:
        problems.append(Problem("DATE_INVALID", path))
    elif day > today:
        problems.append(Problem("DATE_IN_FUTURE", path, {"on": day, "today": today}))
        day = None
    return day


def end_problems(field: str, day: date | None, started_on: date) -> list[Problem]:
    """It cannot end before it started; ended on its first day, it never held. None: no day could be read."""
    if day is None or day >= started_on:
        return []
    return [Problem("END_BEFORE_START", ("input", field), {"startedOn": started_on})]


def agreement_problems(terms: Any) -> list[Problem]:
    """What was agreed (协议内容) is a JSON object of moderate size, or nothing."""
    path = ("input", "terms")
    if terms is not None and not isinstance(terms, Mapping):
        return [Problem("NOT_AN_OBJECT", path)]
    size = len(json.dumps(terms, ensure_ascii=False).encode(errors="surrogatepass"))
    return (
        [Problem("TOO_LARGE", path, {"bytes": size, "limit": MAX_AGREEMENT_BYTES})]
        if size > MAX_AGREEMENT_BYTES
        else []
    )


def party_problems(role: str, helping: HelpingFacts | None, helped: HelpedFacts | None, today: date) -> list[Problem]:
    """What the two sides stand against by what they are. None: a side that was not found, which is told elsewhere."""
    problems = [
        Problem("HAS_ENDED", ("input", facts.side.field), {"endedOn": facts.ended_on})
        for facts in (helping, helped)
        if facts is not None and facts.ended_on is not None and facts.ended_on <= today
    ]
    if role == WEALTH_CREATION_LEADER and helping is not None and helped is not None:
        path = ("input", helping.side.field)
        if helping.region_code != helped.region_code:
            problems.append(Problem("LEADER_NOT_SAME_VILLAGE", path, {"village": helped.region_code}))
        if not helping.is_party_member:
            problems.append(Problem("LEADER_NOT_PARTY_MEMBER", path))
    return problems
