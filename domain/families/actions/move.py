"""A family moves to another village (迁移). It keeps its id and its clocks; the old area sees it go, the new one come."""

from __future__ import annotations

import uuid
from dataclasses import asdict

from sqlalchemy import ColumnElement, delete, func, or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.models import HouseholdAccess
from domain.access.rules import Actor
from domain.base.errors import Problem
from domain.changes.actions import Answer, once
from domain.families.actions.family import Kept, reader, stop_if_wrong, take_hold, tell
from domain.families.rules import EventKind, Verb
from domain.households.models import HouseholdEvent, Membership, Person, RosterEntry
from domain.households.queries import village_problems
from domain.households.rules import HOUSEHOLD_FIELDS, GivenPoint, columns_of, public
from domain.pairings.models import Pairing
from domain.pairings.rules import WEALTH_CREATION_LEADER


async def move_household(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    household_id: uuid.UUID,
    village_code: str,
    on: str,
    address: str | None = None,
    location: GivenPoint | None = None,
) -> Answer:
    """From that day on the family lives in another village, which must lie in the actor's regions as the old one does.

    All that hangs on the family goes along: people, spells, pairings, lists, rosters, its chronicle. Visits stay where
    they were made. The pairing with a wealth-creation leader of the old village ends (HOUSEHOLD_MOVED). Address and place
    are those given; the old ones would be wrong, so without new ones there are none. Answers {"household_id"}. Raises
    NotVisible, Refused (FORBIDDEN_ROLE, HOUSEHOLD_ENDED), InvalidInput (REGION_UNKNOWN, REGION_ENDED, REGION_OUT_OF_SCOPE,
    NOT_A_VILLAGE, SAME_VILLAGE, …), Conflict as `once` does.
    """
    given = {"address": address, "location": location}

    async def move() -> Answer:
        (kept,) = await take_hold(db, actor, Verb.MOVE, {"householdId": household_id})
        household, old_village = kept.household, kept.household.region_code
        reading = await reader(db, actor)
        await village_problems(db, actor, reading, village_code, ("input", "villageCode"))
        if village_code == old_village:
            reading.wrong("SAME_VILLAGE", ("input", "villageCode"))
        values = {name: HOUSEHOLD_FIELDS[name](reading, raw, ("input", public(name))) for name, raw in given.items()}
        day = reading.day(on, ("input", "on"))
        if day is not None and day < household.registered_on:
            started_on = {"startedOn": str(household.registered_on)}
            reading.problems.append(Problem("END_BEFORE_START", ("input", "on"), started_on))
        stop_if_wrong(reading)
        assert day is not None  # or it would have been a problem

        household.region_code = village_code
        household.address = values["address"]
        for name, value in columns_of(values["location"]).items():
            setattr(household, name, value)
        await db.flush()
        # Before anything else changes: what is written under the old village's code would look present to its feed.
        for table, theirs in _belongings(kept):
            await db.execute(update(table).where(theirs).values(region_code=village_code))
        leaders = Pairing.household_id == household_id, Pairing.role == WEALTH_CREATION_LEADER
        ended = await db.scalars(
            update(Pairing)
            .where(*leaders, Pairing.ended_on.is_(None))
            .values(ended_on=func.greatest(Pairing.started_on, day), end_reason="HOUSEHOLD_MOVED")
            .returning(Pairing.id)
        )
        await db.execute(delete(HouseholdAccess).where(HouseholdAccess.pairing_id.in_(ended.all())))
        detail = {"from": old_village, "to": village_code}
        await tell(db, actor, household, EventKind.MOVED, day, detail, operation_id, "move_household")
        return {"household_id": str(household_id)}

    content = {
        "household_id": household_id,
        "village_code": village_code,
        "on": on,
        "address": address,
        "location": location and asdict(location),
    }
    return await once(db, actor, operation_id, "move_household", content, move)


def _belongings(kept: Kept) -> list[tuple[type, ColumnElement[bool]]]:
    """Whose region is the family's: what was in it before counts where the family counts now, in every list alike."""
    household_id = kept.household.id
    with_people = Pairing.person_id.in_(list(kept.people))
    return [
        (Person, or_(Person.household_id == household_id, Person.left_household_id == household_id)),
        (Membership, Membership.household_id == household_id),
        (HouseholdEvent, HouseholdEvent.household_id == household_id),
        (RosterEntry, RosterEntry.household_id == household_id),
        (Pairing, or_(Pairing.household_id == household_id, with_people)),
        (HouseholdAccess, HouseholdAccess.household_id == household_id),
    ]
