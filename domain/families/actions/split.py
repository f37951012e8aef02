"""One family becomes two (分户). The old id keeps its case; what belongs to a person goes with the person."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.audit.actions import record
from domain.audit.before_and_after import HOUSEHOLD, Differences, differences, sealed_changes
from domain.base.errors import Problem
from domain.base.sealed_fields import sealed
from domain.base.transactions import ring_of
from domain.changes.actions import Answer, once
from domain.families.actions.family import (
    Kept,
    as_told,
    chronicle,
    reader,
    relations_told,
    stop_if_wrong,
    take_hold,
    tell,
)
from domain.families.rules import Arrival, EventKind, Verb, after, leaving_problems
from domain.families.spells import move_people, write_relations
from domain.households.models import Household
from domain.households.rules import HOUSEHOLD_FIELDS, GivenPoint, Path, Reading, columns_of, public


@dataclass(frozen=True, slots=True)
class Moving:
    """Somebody who goes over to another household, and what they are to its head."""

    person_id: uuid.UUID
    relation_to_head: str


async def split_household(
    db: AsyncSession,
    actor: Actor,
    *,
    id: uuid.UUID,
    household_id: uuid.UUID,
    on: str,
    members: Sequence[Moving],
    head_id: uuid.UUID | None = None,
    relations: Mapping[uuid.UUID, str] | None = None,
    code: str | None = None,
    address: str | None = None,
    phone: str | None = None,
    bank_account: str | None = None,
    location: GivenPoint | None = None,
) -> Answer:
    """Make a new household `id` in the same village of some of the members, one of whom has the relation HEAD.

    Those who stay keep the old id, its monitoring, its causes, and the pairings with the household; `head_id` and
    `relations` are theirs, when their head goes. The new one inherits the category; pairings with people go with them.
    Answers {"household_id", "new_household_id"}. Raises NotVisible, Refused (FORBIDDEN_ROLE, HAS_ENDED),
    InvalidInput with everything that is wrong (NOBODY_MOVES, NOBODY_STAYS, …), Conflict as `once` does.
    """
    given = {"address": address, "phone": phone, "bank_account": bank_account, "location": location}
    named = given if code is None else {**given, "code": code}
    new_relations = dict(relations or {})

    async def split() -> Answer:
        (kept,) = await take_hold(db, actor, Verb.SPLIT, {"householdId": household_id})
        old = kept.household
        reading = await reader(db, actor)
        values = {name: HOUSEHOLD_FIELDS[name](reading, raw, ("input", public(name))) for name, raw in named.items()}
        day = reading.day(on, ("input", "on"))
        arriving = read_movers(reading, kept, members, day)
        goers = [arrival.id for arrival in arriving]
        said = {"head": ("input", "headId"), "relations": ("input", "relations")}
        for relation in new_relations.values():
            reading.code(relation, "relation_to_head", said["relations"])
        stay, problems = after(kept.members, goers, (), head_id, new_relations, said)
        there = {"head": ("input", "members"), "relations": ("input", "members")}
        go, more = after([], (), arriving, None, {}, there)
        problems += more
        if not members:
            problems.append(Problem("NOBODY_MOVES", ("input", "members")))
        if stay.is_empty:
            problems.append(Problem("NOBODY_STAYS", ("input", "members")))
        stop_if_wrong(reading, *problems)
        assert day is not None  # or it would have been a problem

        went: Differences = {"householdId": [old.id, id], "joinedOn": [None, day]}
        told = relations_told(kept, {**stay.relations, **go.relations})
        told |= {str(one): {**told.get(str(one), {}), **went} for one in goers}
        new_told = {HOUSEHOLD: differences({}, {public(name): as_told(value) for name, value in values.items()})}
        new_told |= {str(one): told[str(one)] for one in goers}
        place = columns_of(values.pop("location"))
        if code is None:
            values["code"] = await db.scalar(select(func.ruhu_next_household_code(old.region_code)))
        inherited = {"region_code": old.region_code, "category": old.category, "split_from_id": old.id}
        row = {"id": id, "registered_on": day, **inherited, **values, **place}
        row = sealed(ring_of(db), "household", id, row)
        await db.execute(insert(Household), {**row, "created_at": actor.at, "updated_at": actor.at})
        await move_people(db, goers, id, old.region_code, day, "SPLIT")
        await write_relations(db, {**stay.relations, **go.relations})
        detail = {"people": [str(person_id) for person_id in goers]}
        new_detail = {**detail, "from": str(old.id)}
        await chronicle(db, actor, id, old.region_code, EventKind.REGISTERED, day, new_detail)
        action, about = "split_household", ("household", id, old.region_code, {"people": len(goers)})
        sealed_told = await sealed_changes(db, actor, id, new_told)
        await record(db, actor, action, *about, operation_id=id, changes=sealed_told)
        await tell(db, actor, old, EventKind.SPLIT, day, {**detail, "new": str(id)}, id, action, told)
        return {"household_id": str(old.id), "new_household_id": str(id)}

    content = {
        **named,
        "household_id": household_id,
        "on": on,
        "members": [asdict(member) for member in members],
        "head_id": head_id,
        "relations": {str(person_id): relation for person_id, relation in new_relations.items()},
        "location": location and asdict(location),
    }
    return await once(db, actor, id, "split_household", content, split)


def read_movers(reading: Reading, kept: Kept, members: Sequence[Moving], day: date | None) -> list[Arrival]:
    """Everybody named who is a member; each once, with a relation that is a word, and not before they joined."""
    arriving: list[Arrival] = []
    for position, member in enumerate(members):
        path: Path = ("input", "members", str(position))
        reading.code(member.relation_to_head, "relation_to_head", (*path, "relationToHead"))
        person = kept.people.get(member.person_id)
        if person is None:
            reading.wrong("NOT_FOUND", (*path, "personId"))
        elif any(member.person_id == arrival.id for arrival in arriving):
            reading.wrong("PERSON_REPEATED", (*path, "personId"))
        else:
            reading.problems += leaving_problems(person.joined_on, day, ("input", "on"))
            arriving.append(Arrival(member.person_id, member.relation_to_head, path))
    return arriving
