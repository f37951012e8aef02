"""Who may change a family, and what a change of its members leads to. Pure: facts and the day come in as arguments."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from domain.access.rules import OFFICER_ROLES, GrantRole
from domain.base.errors import Problem
from domain.households.models import MonitoringStatus
from domain.households.rules import HEAD, Path


class Verb(enum.StrEnum):
    """What somebody wants to do to a family."""

    REGISTER = "REGISTER"
    EDIT = "EDIT"
    CHANGE_MEMBERS = "CHANGE_MEMBERS"
    END = "END"
    SPLIT = "SPLIT"
    MERGE = "MERGE"
    MOVE = "MOVE"
    DECIDE_MOVE = "DECIDE_MOVE"


class EventKind(enum.StrEnum):
    """What happened to a family (大事类型)."""

    REGISTERED = "REGISTERED"
    EDITED = "EDITED"
    MEMBERS_CHANGED = "MEMBERS_CHANGED"
    SPLIT = "SPLIT"
    MERGED = "MERGED"
    MOVED = "MOVED"
    ENDED = "ENDED"


class RevealPurpose(enum.StrEnum):
    """What somebody needs a family's numbers for (查看用途)."""

    IDENTITY_CHECK = "IDENTITY_CHECK"
    PAYMENT = "PAYMENT"
    APPLICATION = "APPLICATION"
    CONTACT = "CONTACT"
    CORRECTION = "CORRECTION"
    REQUEST_OF_THE_FAMILY = "REQUEST_OF_THE_FAMILY"
    OTHER = "OTHER"


class Revealed(enum.StrEnum):
    """What can be revealed: of a person the first three, of a household a phone or the account (明文字段)."""

    ID_NUMBER = "ID_NUMBER"
    DISABILITY_CERTIFICATE = "DISABILITY_CERTIFICATE"
    PHONE = "PHONE"
    BANK_ACCOUNT = "BANK_ACCOUNT"


# Whose field is kept where.
REVEALED: Mapping[str, Mapping[Revealed, str]] = {
    "person": {
        Revealed.ID_NUMBER: "id_number",
        Revealed.DISABILITY_CERTIFICATE: "disability_certificate",
        Revealed.PHONE: "phone",
    },
    "household": {Revealed.PHONE: "phone", Revealed.BANK_ACCOUNT: "bank_account"},
}
MOST_OF_A_REASON = 200

_OFFICERS = OFFICER_ROLES - {GrantRole.RESIDENT_TEAM}
_WHO_KNOWS_THE_FAMILY = OFFICER_ROLES | {GrantRole.HELPER}

# Whoever goes to a family's door writes down what is so there. Which families there are is for the village and those
# above it to say: that decides what is counted, and where.
WHO_MAY: Mapping[Verb, Collection[GrantRole]] = {
    Verb.REGISTER: _OFFICERS,
    Verb.EDIT: _WHO_KNOWS_THE_FAMILY,
    Verb.CHANGE_MEMBERS: _WHO_KNOWS_THE_FAMILY,
    Verb.END: _OFFICERS,
    Verb.SPLIT: _OFFICERS,
    Verb.MERGE: _OFFICERS,
    Verb.MOVE: _OFFICERS,
    Verb.DECIDE_MOVE: _OFFICERS - {GrantRole.VILLAGE_OFFICER},
}

# Reasons that an action gives by itself; nobody may give them by hand. Not in the sets: the ones a region adds.
STARTS_OF_ACTIONS = frozenset({"REGISTERED", "SPLIT", "MERGED"})
ENDS_OF_ACTIONS = frozenset({"SPLIT", "MERGED"})
BIRTH, DEATH = "BIRTH", "DEATH"

# One case goes on in the survivor of a merge: MONITORED wins, then whoever is on the way there (domain.md §11.12).
_PRECEDENCE = (
    MonitoringStatus.MONITORED,
    MonitoringStatus.IN_PROCEDURE,
    MonitoringStatus.ELIMINATED_TRACKED,
    MonitoringStatus.NEVER,
)


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who belongs to the family now."""

    id: uuid.UUID
    is_head: bool
    joined_on: date


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who joins. `relation` is to whoever is the head afterwards; `path` is where a client said so."""

    id: uuid.UUID
    relation: str | None
    path: Path


@dataclass(frozen=True, slots=True)
class Family:
    """How a family stands after a change: everybody in it, its head, and the relations that are new."""

    members: tuple[uuid.UUID, ...]
    head_id: uuid.UUID | None
    relations: Mapping[uuid.UUID, str]

    @property
    def is_empty(self) -> bool:
        return not self.members


def may(verb: Verb, roles: Collection[GrantRole], *, is_in_region: bool) -> bool:
    """Whether one of these roles may do it to a family that is visible: in the granted region, or else by pairing."""
    allowed = {role for role in WHO_MAY[verb] if role in roles}
    return bool(allowed) if is_in_region else GrantRole.HELPER in allowed


def role_problem(verb: Verb) -> Problem:
    """The refusal, with the roles that may."""
    return Problem("FORBIDDEN_ROLE", ("input",), {"roles": ", ".join(sorted(WHO_MAY[verb]))})


def after(
    members: Sequence[Member],
    leaving: Collection[uuid.UUID],
    arriving: Sequence[Arrival],
    head_id: uuid.UUID | None,
    relations: Mapping[uuid.UUID, str],
    paths: Mapping[str, Path],
) -> tuple[Family, list[Problem]]:
    """The family after some leave and some arrive, and what is wrong with that.

    head_id: the new head, if somebody says so; an arrival whose relation is HEAD says it too. A head who leaves without
    one is HEAD_MISSING. With a new head every other member needs the relation to that head: `relations` holds those of
    the people who stay, and is refused while the head stays the same (then a relation is an edit). `paths` says where
    the client gave "head" and "relations".
    """
    staying = [member for member in members if member.id not in leaving]
    present = (*(member.id for member in staying), *(arrival.id for arrival in arriving))
    if not present:
        return Family((), None, {}), []
    old_head = next((member.id for member in staying if member.is_head), None)
    named = {arrival.id for arrival in arriving if arrival.relation == HEAD} | ({head_id} if head_id else set())
    problems: list[Problem] = []
    if len(named) > 1:
        problems.append(Problem("SECOND_HEAD", paths["head"]))
    elif named - set(present):
        problems.append(Problem("HEAD_NOT_A_MEMBER", paths["head"]))
    head = next(iter(named), old_head)
    if head is None:
        problems.append(Problem("HEAD_MISSING", paths["head"]))
    if problems:
        return Family(present, None, {}), problems
    new: dict[uuid.UUID, str] = {}
    for arrival in arriving:
        if arrival.relation is None and arrival.id != head:
            problems.append(Problem("REQUIRED", (*arrival.path, "relationToHead")))
        new[arrival.id] = HEAD if arrival.id == head else arrival.relation or ""
    if head == old_head:
        if relations:
            problems.append(Problem("HEAD_UNCHANGED", paths["relations"]))
        return Family(present, head, new), problems
    for member in staying:
        relation = HEAD if member.id == head else relations.get(member.id)
        if relation is None:
            problems.append(Problem("RELATION_MISSING", paths["relations"], {"person": str(member.id)}))
        elif relation == HEAD and member.id != head:
            problems.append(Problem("SECOND_HEAD", paths["relations"], {"person": str(member.id)}))
        else:
            new[member.id] = relation
    strangers = set(relations) - {member.id for member in staying}
    problems += [Problem("NOT_FOUND", paths["relations"], {"person": str(one)}) for one in sorted(strangers)]
    return Family(present, head, new), problems


def wins(one: MonitoringStatus, other: MonitoringStatus) -> MonitoringStatus:
    """The monitoring status of a household that two became."""
    return min(one, other, key=_PRECEDENCE.index)


def leaving_problems(joined_on: date, left_on: date | None, path: Path) -> list[Problem]:
    """Nobody leaves before they came. On the day itself: they never counted."""
    if left_on is None or left_on >= joined_on:
        return []
    return [Problem("END_BEFORE_START", path, {"startedOn": str(joined_on)})]


def joining_problems(
    joined_on: date | None, born_on: date | None, died_on: date | None, last_left_on: date | None, path: Path
) -> list[Problem]:
    """Nobody joins before birth, after death, or while they still belong to another family."""
    if joined_on is None:
        return []
    if born_on is not None and joined_on < born_on:
        return [Problem("JOINED_BEFORE_BIRTH", path, {"bornOn": str(born_on)})]
    if died_on is not None:
        return [Problem("PERSON_DIED", path, {"diedOn": str(died_on)})]
    if last_left_on is not None and joined_on < last_left_on:
        return [Problem("MEMBERSHIP_OVERLAP", path, {"until": str(last_left_on)})]
    return []


def may_reveal(roles: Collection[GrantRole]) -> bool:
    """Whoever meets the family and fills in its papers; which family, the scope says."""
    return not _WHO_KNOWS_THE_FAMILY.isdisjoint(roles)


def reveal_problems(
    person_id: uuid.UUID | None, household_id: uuid.UUID | None, fields: Collection[Revealed], reason: str
) -> list[Problem]:
    """What is wrong with asking for these fields of a person, or of a household, for this reason."""
    problems = []
    if (person_id is None) == (household_id is None):
        problems.append(Problem("ONE_SUBJECT", ("input",)))
    else:
        known = REVEALED["person" if person_id is not None else "household"]
        problems += [Problem("FIELD_NOT_THEIRS", ("input", "fields"), {"field": f}) for f in fields if f not in known]
    if not fields:
        problems.append(Problem("REQUIRED", ("input", "fields")))
    if not 0 < len(reason.strip()) <= MOST_OF_A_REASON:
        problems.append(Problem("REASON_NEEDED", ("input", "reason"), {"limit": MOST_OF_A_REASON}))
    return problems
