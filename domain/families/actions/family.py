"""What every change of a family does: take hold of it, ask who may, write spells, tell what happened."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.audit.actions import record
from domain.audit.before_and_after import Changes, Differences, differences, sealed_changes
from domain.base.errors import InvalidInput, Problem, Refused, not_visible, refused
from domain.families.rules import EventKind, Member, Verb, may, role_problem
from domain.households.models import Household, HouseholdEvent, Person
from domain.households.queries import lock_households, lock_members, vocabulary
from domain.households.rules import Reading


@dataclass(frozen=True, slots=True)
class Kept:
    """A household that this transaction holds, with everybody in it."""

    household: Household
    people: Mapping[uuid.UUID, Person]

    @property
    def members(self) -> list[Member]:
        return [Member(person.id, person.is_head, person.joined_on) for person in self.people.values()]


async def take_hold(db: AsyncSession, actor: Actor, verb: Verb, ids: Mapping[str, uuid.UUID]) -> list[Kept]:
    """The households named by these input fields, and their people, locked; in the order given.

    Not visible is not there. Visible, but not for this role: FORBIDDEN_ROLE. Ended: HAS_ENDED, it changes no more.
    """
    found = await lock_households(db, actor, ids.values())
    for field, household_id in ids.items():
        if household_id not in found:
            raise not_visible(field)
    for household in found.values():
        if not may(verb, actor.viewer.roles, is_in_region=actor.viewer.sees_region(household.region_code)):
            raise Refused(role_problem(verb))
    for field, household_id in ids.items():
        if (ended_on := found[household_id].ended_on) is not None:
            raise refused("HAS_ENDED", field, endedOn=str(ended_on))
    people = await lock_members(db, ids.values())
    return [Kept(found[one], {p.id: p for p in people if p.household_id == one}) for one in ids.values()]


def relations_told(kept: Kept, relations: Mapping[uuid.UUID, str]) -> dict[str, Differences]:
    """For the trace: whose relation to the head becomes another, of those who are written anew."""
    told = {}
    for person_id, relation in relations.items():
        person = kept.people.get(person_id)
        before = {} if person is None else {"relationToHead": person.relation_to_head}
        told[str(person_id)] = differences(before, {"relationToHead": relation})
    return told


async def reader(db: AsyncSession, actor: Actor) -> Reading:
    """A reading for today, against the vocabularies as they stand."""
    return Reading(actor.today, await vocabulary(db))


def stop_if_wrong(reading: Reading, *more: Problem) -> None:
    """Everything that is wrong, at once."""
    if problems := [*reading.problems, *more]:
        raise InvalidInput(*problems)


def as_told(value: Any) -> Any:
    """A value as it can be written down: of a point its parts."""
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


async def tell(
    db: AsyncSession,
    actor: Actor,
    household: Household,
    kind: EventKind,
    happened_on: date,
    detail: Mapping[str, Any],
    operation_id: uuid.UUID,
    action: str,
    changes: Changes | None = None,
) -> None:
    """The family's next revision, its chronicle, and the trace of who did it, with before and after where they are told."""
    household.revision += 1
    household.updated_at = actor.at
    await db.flush()
    await chronicle(db, actor, household.id, household.region_code, kind, happened_on, detail)
    counts = {name: len(value) if isinstance(value, list) else value for name, value in detail.items()}
    sealed = None if changes is None else await sealed_changes(db, actor, household.id, changes)
    about = ("household", household.id, household.region_code, counts)
    await record(db, actor, action, *about, operation_id=operation_id, changes=sealed)


async def chronicle(
    db: AsyncSession,
    actor: Actor,
    household_id: uuid.UUID,
    region_code: str,
    kind: EventKind,
    happened_on: date,
    detail: Mapping[str, Any],
) -> None:
    """One line of a family's story. `detail` holds ids, codes and field names; what a field held stays out of it."""
    await db.execute(
        insert(HouseholdEvent),
        {
            "id": uuid.uuid4(),
            "household_id": household_id,
            "region_code": region_code,
            "kind": kind,
            "happened_on": happened_on,
            "recorded_at": actor.at,
            "recorded_by_id": actor.id,
            "detail": dict(detail),
        },
    )
