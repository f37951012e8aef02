"""Families change, and a clue may follow, in one transaction: the package on top owns the use case (decision 0010).

Income is judged per head, and what somebody spent goes where they go: so whoever changed is judged anew at once.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.changes.actions import Answer, was_carried_out
from domain.families import actions as families
from domain.families.actions import Joining, Leaving, Moving
from domain.households.models import Household
from domain.households.rules import GivenPoint
from domain.monitoring.actions.clues import close_clues, pass_clues_on, raise_clue
from domain.monitoring.actions.signs import evaluate_households
from domain.monitoring.queries import clue_policy, earned_by
from domain.monitoring.rules import (
    FAMILY_UPHEAVAL,
    NEW_HOUSEHOLD,
    ClueSource,
    is_major_loss,
    lost_percent,
    period_of,
    window,
)

# Who was never of the family is no loss.
NO_LOSS = frozenset({"ENTERED_IN_ERROR"})


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
    """As `families.change_members`; who went and earned over 30 % leaves a clue, and a household that ends no open one."""
    is_repeated = await was_carried_out(db, actor, operation_id)
    done = await families.change_members(
        db,
        actor,
        operation_id=operation_id,
        household_id=household_id,
        joining=joining,
        leaving=leaving,
        head_id=head_id,
        relations=relations,
    )
    if is_repeated:
        return done
    if await _where_it_lives(db, household_id) is None:
        await close_clues(db, actor, household_id)
    else:
        lost = {one.person_id: date.fromisoformat(one.on) for one in leaving if one.reason not in NO_LOSS}
        await _weigh_the_loss(db, actor, household_id, lost, operation_id)
        await evaluate_households(db, actor, household_ids=[household_id])
    return done


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
    """As `families.split_household`; "the new household inherits the category and gets a clue" (domain.md §11.12).

    Figures of earlier months stay with the old household, so the new one's are UNKNOWN. For the old one those who went are
    a loss like any other.
    """
    is_repeated = await was_carried_out(db, actor, id)
    done = await families.split_household(
        db,
        actor,
        id=id,
        household_id=household_id,
        on=on,
        members=members,
        head_id=head_id,
        relations=relations,
        code=code,
        address=address,
        phone=phone,
        bank_account=bank_account,
        location=location,
    )
    if is_repeated:
        return done
    day = date.fromisoformat(on)
    await raise_clue(
        db,
        actor,
        household_id=id,
        sign=NEW_HOUSEHOLD,
        period=period_of(day),
        source=ClueSource.FAMILY_EVENT,
        reference=str(id),
        detail={"splitFrom": str(household_id), "people": [str(one.person_id) for one in members]},
    )
    await _weigh_the_loss(db, actor, household_id, {one.person_id: day for one in members}, id)
    await evaluate_households(db, actor, household_ids=[household_id, id])
    return done


async def merge_households(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    survivor_id: uuid.UUID,
    merged_id: uuid.UUID,
    on: str,
    members: Sequence[Moving],
) -> Answer:
    """As `families.merge_households`; the clues of the household that ends go on with the survivor."""
    is_repeated = await was_carried_out(db, actor, operation_id)
    done = await families.merge_households(
        db, actor, operation_id=operation_id, survivor_id=survivor_id, merged_id=merged_id, on=on, members=members
    )
    if not is_repeated:
        await pass_clues_on(db, actor, merged_id, survivor_id)
        await evaluate_households(db, actor, household_ids=[survivor_id])
    return done


async def _where_it_lives(db: AsyncSession, household_id: uuid.UUID) -> str | None:
    """The household's village; None for one that has ended."""
    there = select(Household.region_code).where(Household.id == household_id, Household.ended_on.is_(None))
    return await db.scalar(there)


async def _weigh_the_loss(
    db: AsyncSession, actor: Actor, household_id: uuid.UUID, gone: Mapping[uuid.UUID, date], operation_id: uuid.UUID
) -> None:
    """A clue where those who went earned too much of what is known; reckoned for the last day on which somebody went."""
    region_code = await _where_it_lives(db, household_id)
    if not gone or region_code is None:
        return
    day = max(gone.values())
    policy = await clue_policy(db, region_code, day)
    earned = await earned_by(db, household_id, region_code, window(day, policy.window_months))
    if not is_major_loss(earned, gone, policy):
        return
    await raise_clue(
        db,
        actor,
        household_id=household_id,
        sign=FAMILY_UPHEAVAL,
        period=period_of(day),
        source=ClueSource.FAMILY_EVENT,
        reference=str(operation_id),
        # Who, and how much of the whole; no amounts: whoever may read those reads them where they stand.
        detail={"people": sorted(str(one) for one in gone), "percentOfEarnings": lost_percent(earned, gone)},
    )
