"""What is on record about a family is put right (信息变更), field by field."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.base.errors import Conflict
from domain.base.sealed_fields import sealed, unsealed
from domain.base.sealing import Ring
from domain.base.transactions import ring_of
from domain.changes.actions import Answer, once
from domain.families.actions.family import Kept, as_told, reader, stop_if_wrong, take_hold, tell
from domain.families.rules import EventKind, Verb
from domain.households.models import Household, Person
from domain.households.queries import sent_point
from domain.households.rules import (
    FIELDS,
    HEAD,
    Edit,
    Path,
    Reading,
    columns_of,
    merged,
    public,
    schooling_problems,
)


@dataclass(frozen=True, slots=True)
class MemberEdit:
    """Edits of one member's own fields: column -> edit."""

    person_id: uuid.UUID
    edits: Mapping[str, Edit]


async def edit_household(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    household_id: uuid.UUID,
    edits: Mapping[str, Edit],
    members: Sequence[MemberEdit] = (),
) -> Answer:
    """Change fields of a family and its members, each from the value it was read with to a new one.

    Fields that others changed meanwhile stay as they are unless they are edited here too. One conflicting field refuses
    the whole edit, and nothing is written: docs/decisions/0009-edits-merge-by-field.md says why. Answers {"household_id",
    "revision", "has_changed"}: the revision after it, and whether there was anything left to change.
    Raises NotVisible, Refused (FORBIDDEN_ROLE, HAS_ENDED), Conflict when all that is wrong are FIELD_CONFLICTs, else
    InvalidInput with everything that is wrong.
    """

    async def edit() -> Answer:
        (kept,) = await take_hold(db, actor, Verb.EDIT, {"householdId": household_id})
        reading = await reader(db, actor)
        household = kept.household
        ring = ring_of(db)
        standing = _standing(ring, "household", household)
        standing["location"] = Reading(actor.today, {}).point(sent_point(household), ())
        changes = merged(reading, "household", edits, standing, ("input",))
        people = _merged_people(ring, reading, kept, members)
        if reading.problems and all(problem.is_conflict for problem in reading.problems):
            raise Conflict(*reading.problems)
        stop_if_wrong(reading)

        told = _before_and_after(changes, standing, people, kept.people, ring)
        changed = {"fields": sorted(public(name) for name in changes)}
        if "location" in changes:
            changes |= columns_of(changes.pop("location"))
        if changes:
            columns = sealed(ring, "household", household_id, changes)
            await db.execute(update(Household).where(Household.id == household_id).values(columns))
        for person_id, values in people.items():
            columns = sealed(ring, "person", person_id, values)
            await db.execute(update(Person).where(Person.id == person_id).values(columns))
            changed[str(person_id)] = sorted(public(name) for name in values)
        if changes or people:
            about = (EventKind.EDITED, actor.today, changed, operation_id, "edit_household")
            await tell(db, actor, household, *about, told)
        # The document that this edit was made from had the revision before.
        has_changed = bool(changes or people)
        return {"household_id": str(household_id), "revision": household.revision, "has_changed": has_changed}

    content = {
        "household_id": household_id,
        "edits": _plain(edits),
        "members": [{"person_id": member.person_id, "edits": _plain(member.edits)} for member in members],
    }
    return await once(db, actor, operation_id, "edit_household", content, edit)


def _standing(ring: Ring, table: str, row: Household | Person) -> dict[str, Any]:
    """What stands in the fields that can be edited, opened where it is sealed."""
    opened = unsealed(ring, table, row)
    return {name: opened[name] if name in opened else getattr(row, name, None) for name in FIELDS[table]}


def _before_and_after(
    changes: Mapping[str, Any],
    standing: Mapping[str, Any],
    people: Mapping[uuid.UUID, Mapping[str, Any]],
    known: Mapping[uuid.UUID, Person],
    ring: Ring,
) -> dict[str, dict[str, Any]]:
    """For the trace: whose field held what, and holds what now."""
    told = {"household": {public(name): [as_told(standing[name]), as_told(value)] for name, value in changes.items()}}
    for person_id, values in people.items():
        before = _standing(ring, "person", known[person_id])
        told[str(person_id)] = {public(name): [before[name], value] for name, value in values.items()}
    return told


def _merged_people(
    ring: Ring, reading: Reading, kept: Kept, members: Sequence[MemberEdit]
) -> dict[uuid.UUID, dict[str, Any]]:
    """What changes of whom. Who is not a member (any more) is NOT_FOUND; the head changes by `change_members` only."""
    found: dict[uuid.UUID, dict[str, Any]] = {}
    for position, member in enumerate(members):
        path: Path = ("input", "members", str(position))
        person = kept.people.get(member.person_id)
        if person is None:
            reading.wrong("NOT_FOUND", (*path, "personId"))
            continue
        if member.person_id in found:
            reading.wrong("PERSON_REPEATED", (*path, "personId"))
            continue
        standing = _standing(ring, "person", person)
        standing["health"] = sorted(person.health)
        values = merged(reading, "person", member.edits, standing, path)
        schooling_problems(reading, standing | values, path)
        relation = values.get("relation_to_head", person.relation_to_head)
        if (relation == HEAD) != person.is_head:
            code = "HEAD_MISSING" if person.is_head else "SECOND_HEAD"
            reading.wrong(code, (*path, "relationToHead"))
        if values:
            found[member.person_id] = values
    return found


def _plain(edits: Mapping[str, Edit]) -> dict[str, Any]:
    """Edits as the content hash takes them."""

    return {name: {"base": as_told(edit.base), "value": as_told(edit.value)} for name, edit in edits.items()}
