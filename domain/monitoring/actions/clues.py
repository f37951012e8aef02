"""Clues are raised, verified at the door, and closed when there is no family left to visit."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.access.queries import sees_household, viewer_parameters
from domain.access.rules import Actor
from domain.audit.actions import record
from domain.audit.before_and_after import HOUSEHOLD, sealed_changes
from domain.households.models import Household
from domain.monitoring.models import Clue, ClueWitness
from domain.monitoring.queries import clue_policy, lock_clues
from domain.monitoring.rules import (
    ClueSource,
    ClueState,
    begun_on,
    due_on,
)


async def raise_clue(
    db: AsyncSession,
    actor: Actor,
    *,
    household_id: uuid.UUID,
    sign: str,
    period: str,
    source: ClueSource,
    reference: str,
    detail: Mapping[str, Any],
    received_at: datetime | None = None,
) -> uuid.UUID | None:
    """Write a sign down as a clue, or as one more witness where the household has this sign for this period already.

    received_at: when the server first heard of it, where that was before now: a report whose family had to be found.

    Safe to repeat, and to run twenty times at once: there is one clue, whose day 0 is that of whoever came first, and one
    witness per source and reference. A clue that is settled stays so. Answers its id; None for a household that has ended
    or is not visible: nobody is left to look after. Not a mutation's action by itself: who may is decided by the caller.
    """
    # Holds off whoever is about to end or merge the household, and nobody else: twenty can stand here at once.
    there = (
        select(Household.region_code)
        .where(Household.id == household_id, Household.ended_on.is_(None))
        .where(sees_household(Household.region_code, Household.id))
        .with_for_update(read=True, key_share=True)
    )
    region_code = await db.scalar(there, viewer_parameters(actor.viewer))
    if region_code is None:
        return None
    heard_at = received_at or actor.at
    began_on = begun_on(heard_at)
    due = due_on(began_on, await clue_policy(db, region_code, began_on))
    born = await db.scalar(
        insert(Clue)
        .values(
            id=uuid.uuid4(),
            household_id=household_id,
            region_code=region_code,
            sign=sign,
            period=period,
            received_at=heard_at,
            began_on=began_on,
            due_on=due,
            state=ClueState.NEW,
        )
        .on_conflict_do_nothing(constraint="one_clue_per_sign_and_period")
        .returning(Clue.id)
    )
    same = Clue.household_id == household_id, Clue.sign == sign, Clue.period == period
    clue_id = born or (await db.scalars(select(Clue.id).where(*same))).one()
    if born is None and received_at is not None:
        # Heard of before the clue that is there already, and told to us after it: day 0 is that of whoever came first.
        await db.execute(
            update(Clue)
            .where(Clue.id == clue_id, Clue.state == ClueState.NEW, Clue.received_at > received_at)
            .values(received_at=received_at, began_on=began_on, due_on=due)
            .execution_options(synchronize_session=False)
        )
    heard = await db.scalar(
        insert(ClueWitness)
        .values(
            id=uuid.uuid4(),
            clue_id=clue_id,
            region_code=region_code,
            source=source,
            reference=reference,
            received_at=heard_at,
            recorded_by_id=actor.viewer.id,
            detail=dict(detail),
        )
        .on_conflict_do_nothing(constraint="one_witness_per_reference")
        .returning(ClueWitness.id)
    )
    if heard is not None:
        told = {"sign": sign, "period": period, "source": source.value, "isNew": born is not None}
        await record(db, actor, "raise_clue", "clue", clue_id, region_code, told)
    return clue_id


async def close_clues(db: AsyncSession, actor: Actor, household_id: uuid.UUID) -> None:
    """The household has ended: "the last member gone … closed as natural" (domain.md §11.11). Nobody was found well."""
    for clue in await lock_clues(db, household_id, ClueState.NEW):
        await _close(db, actor, clue)


async def pass_clues_on(db: AsyncSession, actor: Actor, merged_id: uuid.UUID, survivor_id: uuid.UUID) -> None:
    """Clues of a household that was merged go on with the survivor: those to be verified, and those a case may follow.

    Where the survivor has the same clue, the two are one: all its witnesses, and the earlier day 0.
    """
    survivor = await db.get_one(Household, survivor_id)
    for clue in await lock_clues(db, merged_id, ClueState.NEW, ClueState.VERIFIED):
        same = Clue.household_id == survivor_id, Clue.sign == clue.sign, Clue.period == clue.period
        twin = await db.scalar(select(Clue).where(*same).with_for_update())
        if twin is not None and clue.state is ClueState.VERIFIED:
            continue  # what was found stays with whom it was found at; the survivor is looked at by itself
        kept = clue if twin is None else twin
        await _hand_witnesses(db, clue.id, kept.id, survivor.region_code)
        if twin is None:
            clue.household_id, clue.region_code = survivor_id, survivor.region_code
        else:
            if twin.state is ClueState.NEW and clue.received_at < twin.received_at:
                twin.received_at, twin.began_on, twin.due_on = clue.received_at, clue.began_on, clue.due_on
            await _close(db, actor, clue)
        await db.flush()
        told = {"from": str(merged_id), "to": str(survivor_id)}
        await record(db, actor, "pass_clue_on", "clue", kept.id, survivor.region_code, told)


async def _close(db: AsyncSession, actor: Actor, clue: Clue) -> None:
    told = {"clueState": [clue.state, ClueState.CLOSED]}
    clue.state = ClueState.CLOSED
    clue.stopped_at, clue.settled_at, clue.settled_by_id = actor.at, actor.at, actor.id
    await db.flush()
    changes = await sealed_changes(db, actor, clue.household_id, {HOUSEHOLD: told})
    await record(db, actor, "close_clue", "clue", clue.id, clue.region_code, {"sign": clue.sign}, changes=changes)


async def _hand_witnesses(db: AsyncSession, old: uuid.UUID, new: uuid.UUID, region_code: str) -> None:
    """To the clue that goes on; who is a witness of both already stays where they are."""
    other = aliased(ClueWitness)
    is_there = exists().where(
        other.clue_id == new,
        other.clue_id != ClueWitness.clue_id,
        other.source == ClueWitness.source,
        other.reference == ClueWitness.reference,
    )
    await db.execute(
        update(ClueWitness)
        .where(ClueWitness.clue_id == old, ~is_there.correlate(ClueWitness))
        .values(clue_id=new, region_code=region_code)
        .execution_options(synchronize_session=False)
    )
