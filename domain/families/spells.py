"""Writing who belongs where since when, and what goes along. Steps of actions: locks are held, all has been judged."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from sqlalchemy import case, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.models import HouseholdAccess
from domain.households.models import Household, Membership, Person
from domain.households.rules import HEAD
from domain.pairings.models import Pairing


async def begin_spells(
    db: AsyncSession, household_id: uuid.UUID, region_code: str, starts: Iterable[tuple[uuid.UUID, date, str]]
) -> None:
    """(person, day, reason) each: a spell in the household from that day on. The people's own rows are the caller's."""
    rows = [
        {
            "id": uuid.uuid4(),
            "person_id": person_id,
            "household_id": household_id,
            "region_code": region_code,
            "started_on": day,
            "start_reason": reason,
        }
        for person_id, day, reason in starts
    ]
    if rows:
        await db.execute(insert(Membership), rows)


async def end_spells(db: AsyncSession, ends: Sequence[tuple[uuid.UUID, date, str]]) -> None:
    """(person, day, reason) each: that day is the first on which the person no longer counts."""
    if not ends:
        return
    await db.execute(
        update(Membership)
        .where(Membership.person_id.in_([person_id for person_id, _, _ in ends]), Membership.ended_on.is_(None))
        .values(
            ended_on=case({one: day for one, day, _ in ends}, value=Membership.person_id),
            end_reason=case({one: reason for one, _, reason in ends}, value=Membership.person_id),
        )
    )


async def write_relations(db: AsyncSession, relations: Mapping[uuid.UUID, str]) -> None:
    """New relations to the head. The old head first becomes a member like others: there is one head at every moment."""
    if not relations:
        return
    mine = Person.id.in_(list(relations))
    await db.execute(update(Person).where(mine, Person.is_head).values(is_head=False))
    await db.execute(update(Person).where(mine).values(relation_to_head=case(dict(relations), value=Person.id)))
    heads = [one for one, relation in relations.items() if relation == HEAD]
    await db.execute(update(Person).where(Person.id.in_(heads)).values(is_head=True))


async def end_household(
    db: AsyncSession, household: Household, day: date, reason: str, pairings_end_because: str
) -> None:
    """It counts no more from that day on; whoever was paired with it no longer is, and it leaves their lists."""
    open_pairings = Pairing.household_id == household.id, Pairing.ended_on.is_(None)
    ended = await db.scalars(
        update(Pairing)
        .where(*open_pairings)
        .values(ended_on=func.greatest(Pairing.started_on, day), end_reason=pairings_end_because)
        .returning(Pairing.id)
    )
    await db.execute(delete(HouseholdAccess).where(HouseholdAccess.pairing_id.in_(ended.all())))
    household.ended_on, household.end_reason = day, reason


async def follow(db: AsyncSession, person_ids: Sequence[uuid.UUID], household_id: uuid.UUID, region_code: str) -> None:
    """What belongs to people goes where they go: their pairings, and the place on their helpers' lists."""
    theirs = Pairing.person_id.in_(person_ids)
    await db.execute(update(Pairing).where(theirs).values(region_code=region_code))
    await db.execute(
        update(HouseholdAccess)
        .where(HouseholdAccess.pairing_id.in_(select(Pairing.id).where(theirs)))
        .values(household_id=household_id, region_code=region_code)
    )


async def move_people(
    db: AsyncSession, people: Sequence[uuid.UUID], household_id: uuid.UUID, region_code: str, day: date, reason: str
) -> None:
    """From one household into another on one day: one spell ends, the next begins, and their pairings come along."""
    await end_spells(db, [(person_id, day, reason) for person_id in people])
    await db.execute(
        update(Person)
        .where(Person.id.in_(people))
        .values(household_id=household_id, region_code=region_code, joined_on=day, is_head=False)
    )
    await begin_spells(db, household_id, region_code, [(person_id, day, reason) for person_id in people])
    await follow(db, people, household_id, region_code)
