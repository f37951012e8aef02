"""People come into a family and go (家庭成员变动): births and deaths, marriages, returns, leavings."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import case, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.audit.before_and_after import Differences, differences
from domain.base.errors import Refused
from domain.changes.actions import Answer, once
from domain.families.actions.family import Kept, reader, relations_told, stop_if_wrong, take_hold, tell
from domain.families.newcomers import read_newcomers, write_newcomers
from domain.families.rules import (
    DEATH,
    ENDS_OF_ACTIONS,
    STARTS_OF_ACTIONS,
    Arrival,
    EventKind,
    Family,
    Verb,
    after,
    joining_problems,
    leaving_problems,
    may,
    role_problem,
)
from domain.families.spells import begin_spells, end_household, end_spells, write_relations
from domain.households.models import Household, Person
from domain.households.queries import last_left_on, lock_people
from domain.households.rules import GivenPerson, Path, Reading, public


@dataclass(frozen=True, slots=True)
class Joining:
    """Somebody comes in: a new `person`, or one on record who belongs to no household (`person_id`)."""

    reason: str
    on: str
    person: GivenPerson | None = None
    person_id: uuid.UUID | None = None
    relation_to_head: str | None = None  # of somebody on record; a new person brings theirs

    @property
    def id(self) -> uuid.UUID | None:
        return self.person_id if self.person is None else self.person.id

    @property
    def relation(self) -> str | None:
        return self.relation_to_head if self.person is None else self.person.relation_to_head


@dataclass(frozen=True, slots=True)
class Leaving:
    """Somebody goes; `on` is the first day on which they no longer count."""

    person_id: uuid.UUID
    reason: str
    on: str


@dataclass(frozen=True, slots=True)
class _Change:
    """All that was read and judged: what is left is to write it."""

    family: Family
    newcomers: Sequence[Mapping[str, Any]]
    starts: Sequence[tuple[uuid.UUID, date, str]]
    ends: Sequence[tuple[uuid.UUID, date, str]]


async def change_members(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    household_id: uuid.UUID,
    joining: Sequence[Joining] = (),
    leaving: Sequence[Leaving] = (),
    head_id: uuid.UUID | None = None,
    relations: Mapping[uuid.UUID, str] | None = None,
) -> Answer:
    """Write down who came and who went, and who is the head now; with a new head, everybody's relation to that head.

    The number of members changes from the days given. Pairings with people who go end that day (PERSON_LEFT). When
    nobody is left the household ends (NO_MEMBERS), which is for officers to record. Answers {"household_id"}. Raises
    NotVisible, Refused (FORBIDDEN_ROLE, HAS_ENDED), InvalidInput with everything that is wrong, Conflict as
    `once` does.
    """
    new_relations = dict(relations or {})

    async def change() -> Answer:
        (kept,) = await take_hold(db, actor, Verb.CHANGE_MEMBERS, {"householdId": household_id})
        household = kept.household
        planned = await _judge(db, actor, kept, joining, leaving, head_id, new_relations)
        is_in_region = actor.viewer.sees_region(household.region_code)
        if planned.family.is_empty and not may(Verb.END, actor.viewer.roles, is_in_region=is_in_region):
            raise Refused(role_problem(Verb.END))

        told = _before_and_after(kept, planned)
        await _let_go(db, household, planned.ends)
        await _take_in(db, household, planned)
        await write_relations(db, planned.family.relations)
        days = [day for _, day, _ in (*planned.starts, *planned.ends)]
        latest = max(days, default=actor.today)
        detail = {
            "joined": [f"{reason} {person_id}" for person_id, _, reason in planned.starts],
            "left": [f"{reason} {person_id}" for person_id, _, reason in planned.ends],
        }
        kind = EventKind.MEMBERS_CHANGED
        if planned.family.is_empty:
            kind = EventKind.ENDED
            await end_household(db, household, latest, "NO_MEMBERS", "HOUSEHOLD_ENDED")
        await tell(db, actor, household, kind, latest, detail, operation_id, "change_members", told)
        return {"household_id": str(household_id)}

    content = {
        "household_id": household_id,
        "joining": [asdict(one) for one in joining],
        "leaving": [asdict(one) for one in leaving],
        "head_id": head_id,
        "relations": {str(person_id): relation for person_id, relation in new_relations.items()},
    }
    return await once(db, actor, operation_id, "change_members", content, change)


async def _judge(
    db: AsyncSession,
    actor: Actor,
    kept: Kept,
    joining: Sequence[Joining],
    leaving: Sequence[Leaving],
    head_id: uuid.UUID | None,
    relations: Mapping[uuid.UUID, str],
) -> _Change:
    reading = await reader(db, actor)
    if not joining and not leaving and head_id is None:
        reading.wrong("REQUIRED", ("input", "joining"))
    ends = _read_leavings(reading, kept, leaving)
    newcomers, starts = await _read_joinings(db, actor, reading, kept, joining)
    for relation in relations.values():
        reading.code(relation, "relation_to_head", ("input", "relations"))
    arriving = [
        Arrival(one.id, one.relation, _joining_path(position, one))
        for position, one in enumerate(joining)
        if one.id is not None
    ]
    said = {"head": ("input", "headId"), "relations": ("input", "relations")}
    gone = {one.person_id for one in leaving}
    family, problems = after(kept.members, gone, arriving, head_id, relations, said)
    stop_if_wrong(reading, *problems)
    return _Change(family, newcomers, starts, ends)


def _joining_path(position: int, joining: Joining) -> Path:
    path = ("input", "joining", str(position))
    return path if joining.person is None else (*path, "person")


def _read_leavings(reading: Reading, kept: Kept, leaving: Sequence[Leaving]) -> list[tuple[uuid.UUID, date, str]]:
    ends: list[tuple[uuid.UUID, date, str]] = []
    for position, one in enumerate(leaving):
        path: Path = ("input", "leaving", str(position))
        person = kept.people.get(one.person_id)
        day = reading.day(one.on, (*path, "on"))
        reading.code(one.reason, "membership_end_reason", (*path, "reason"))
        if one.reason in ENDS_OF_ACTIONS:
            reading.wrong("REASON_OF_ANOTHER_ACTION", (*path, "reason"), code=one.reason)
        if person is None:
            reading.wrong("NOT_FOUND", (*path, "personId"))
        elif any(one.person_id == person_id for person_id, _, _ in ends):
            reading.wrong("PERSON_REPEATED", (*path, "personId"))
        elif day is not None:
            reading.problems += leaving_problems(person.joined_on, day, (*path, "on"))
            ends.append((one.person_id, day, one.reason))
    return ends


async def _read_joinings(
    db: AsyncSession, actor: Actor, reading: Reading, kept: Kept, joining: Sequence[Joining]
) -> tuple[list[dict[str, Any]], list[tuple[uuid.UUID, date, str]]]:
    paths: list[Path] = [("input", "joining", str(position)) for position in range(len(joining))]
    new = [(one.person, (*path, "person")) for one, path in zip(joining, paths, strict=True) if one.person is not None]
    newcomers = await read_newcomers(db, reading, [person for person, _ in new], [path for _, path in new])
    born_on = {person["id"]: person["born_on"] for person in newcomers}
    known = [one.person_id for one in joining if one.person_id is not None]
    people = await lock_people(db, actor, known)
    left_on = await last_left_on(db, known)
    starts: list[tuple[uuid.UUID, date, str]] = []
    for one, path in zip(joining, paths, strict=True):
        day = reading.day(one.on, (*path, "on"))
        reading.code(one.reason, "membership_start_reason", (*path, "reason"))
        if one.reason in STARTS_OF_ACTIONS:
            reading.wrong("REASON_OF_ANOTHER_ACTION", (*path, "reason"), code=one.reason)
        if one.id is None or (one.person is not None and one.person_id is not None):
            reading.wrong("PERSON_OR_ID", path)
        elif any(one.id == person_id for person_id, _, _ in starts):
            reading.wrong("PERSON_REPEATED", path)
        elif one.person is not None:
            reading.problems += joining_problems(day, born_on[one.id], None, None, (*path, "on"))
        else:
            reading.code(one.relation, "relation_to_head", (*path, "relationToHead"), is_required=False)
            _judge_known(reading, kept, people.get(one.id), day, left_on.get(one.id), path)
        if one.id is not None and day is not None:
            starts.append((one.id, day, one.reason))
    return newcomers, starts


def _judge_known(
    reading: Reading, kept: Kept, person: Person | None, day: date | None, left_on: date | None, path: Path
) -> None:
    if person is None:
        reading.wrong("NOT_FOUND", (*path, "personId"))
    elif person.household_id is not None:
        # A member of another family leaves it first, so that its divisor changes as well.
        reading.wrong("STILL_A_MEMBER", (*path, "personId"))
    else:
        problems = joining_problems(day, person.born_on, person.died_on, left_on, (*path, "on"))
        reading.problems += problems


def _before_and_after(kept: Kept, planned: _Change) -> dict[str, Differences]:
    """For the trace: with which facts somebody came, when and why they went, who is what to the head now."""
    told: dict[str, Differences] = defaultdict(dict)
    for one in planned.newcomers:
        facts = {public(name): value for name, value in one.items() if name != "id"}
        told[str(one["id"])] |= differences({}, facts)
    for person_id, day, reason in planned.starts:
        told[str(person_id)] |= differences({}, {"joinedOn": day, "startReason": reason})
    for person_id, day, reason in planned.ends:
        told[str(person_id)] |= differences({}, {"leftOn": day, "endReason": reason})
    for whose, relation in relations_told(kept, planned.family.relations).items():
        told[whose] |= relation
    return dict(told)


async def _let_go(db: AsyncSession, household: Household, ends: Sequence[tuple[uuid.UUID, date, str]]) -> None:
    """Out of the family, and out of every pairing that was with them alone."""
    if not ends:
        return
    await end_spells(db, ends)
    dead = {person_id: day for person_id, day, reason in ends if reason == DEATH}
    gone = [person_id for person_id, _, _ in ends]
    values: dict[Any, Any] = {"household_id": None, "left_household_id": household.id, "is_head": False}
    if dead:
        values["died_on"] = case(dead, value=Person.id, else_=Person.died_on)
    await db.execute(update(Person).where(Person.id.in_(gone)).values(values))
    for person_id, day, _ in ends:
        await db.execute(select(func.ruhu_end_pairings_of_gone([person_id], day, "PERSON_LEFT")))


async def _take_in(db: AsyncSession, household: Household, planned: _Change) -> None:
    """New rows for who is new, the old row for who comes back; a spell for each."""
    joined_on = {person_id: day for person_id, day, _ in planned.starts}
    relations = planned.family.relations
    await write_newcomers(db, household.id, household.region_code, planned.newcomers, relations, joined_on)
    new = {person["id"] for person in planned.newcomers}
    back = {person_id: day for person_id, day in joined_on.items() if person_id not in new}
    if back:
        await db.execute(
            update(Person)
            .where(Person.id.in_(list(back)))
            .values(
                household_id=household.id,
                left_household_id=None,
                region_code=household.region_code,
                joined_on=case(back, value=Person.id),
            )
        )
    await begin_spells(db, household.id, household.region_code, planned.starts)
