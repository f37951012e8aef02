"""Families change, and their case with them, in one transaction: above what that means for clues (decision 0010).

"A head's death or leaving needs the new head in the same action. The last member gone: household ENDED, case closed as
natural, not eliminated" (domain.md §11.11); split, merge and move as §11.12 says.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.cases.actions.steps import happen
from domain.cases.hanging import keep_or_withdraw
from domain.cases.models import MonitoringCase
from domain.cases.queries import Held, case_policy, hold_open_case
from domain.cases.rules import goes_on
from domain.cases.transitions import Event, Step
from domain.changes.actions import Answer, was_carried_out
from domain.families import actions as families
from domain.families.actions import Joining, Leaving, Moving
from domain.households.models import Household, HouseholdMove, MoveState
from domain.households.rules import GivenPoint
from domain.monitoring import actions as monitoring

NATURAL, MERGED = "NATURAL", "MERGED"  # of case_close_reason


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
    """As `monitoring.change_members`; the case of a family of nobody is closed as natural, any other goes on, and a notice
    that names another head or another number of people hangs anew."""
    is_repeated = await was_carried_out(db, actor, operation_id)
    done = await monitoring.change_members(
        db,
        actor,
        operation_id=operation_id,
        household_id=household_id,
        joining=joining,
        leaving=leaving,
        head_id=head_id,
        relations=relations,
    )
    if is_repeated or (held := await _held(db, actor, household_id)) is None:
        return done
    if held.household.ended_on is not None:
        await happen(db, actor, held, Event.CLOSED, told={"close_reason": NATURAL}, operation_id=operation_id)
        return done
    detail = {
        "joined": len(joining),
        "left": sorted({one.reason for one in leaving}),
        "hasNewHead": head_id is not None,
    }
    await _goes_on(db, actor, held, Event.FAMILY_CHANGED, detail, operation_id)
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
    """As `monitoring.split_household`; "the original id keeps the case" (domain.md §11.12), and the new household has its
    own clue to be verified."""
    is_repeated = await was_carried_out(db, actor, id)
    done = await monitoring.split_household(
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
    if not is_repeated and (held := await _held(db, actor, household_id)):
        detail = {"newHousehold": str(id), "people": len(members)}
        await _goes_on(db, actor, held, Event.FAMILY_SPLIT, detail, id)
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
    """As `monitoring.merge_households`; of two open cases one goes on with the survivor: "MONITORED wins, then the earliest
    decision; nothing counts twice" (domain.md §11.12)."""
    is_repeated = await was_carried_out(db, actor, operation_id)
    done = await monitoring.merge_households(
        db, actor, operation_id=operation_id, survivor_id=survivor_id, merged_id=merged_id, on=on, members=members
    )
    if is_repeated:
        return done
    theirs, other = await _held(db, actor, survivor_id), await _held(db, actor, merged_id)
    survivor = await db.get_one(Household, survivor_id)
    ended = await db.get_one(Household, merged_id)
    if ended.exited_on is not None:
        survivor.exited_on = max(filter(None, (survivor.exited_on, ended.exited_on)))
    open_cases = [one for one in (theirs, other) if one is not None]
    if not open_cases:
        return done
    kept = min(open_cases, key=lambda one: goes_on(one.case.step, one.case.decided_at, one.case.opened_at))
    for one in open_cases:
        if one is not kept:
            told = {"close_reason": MERGED}
            detail = {"goesOn": str(kept.case.id)}
            await happen(db, actor, one, Event.CLOSED, told=told, detail=detail, operation_id=operation_id)
    # Only now: there is one open case per household at every moment. What hangs on the case goes with it by a trigger.
    kept.case.household_id, kept.case.region_code = survivor_id, survivor.region_code
    await db.flush()
    detail = {"survivor": str(survivor_id), "merged": str(merged_id)}
    now = Held(kept.case, survivor, kept.policy)
    await _goes_on(db, actor, now, Event.FAMILY_MERGED, detail, operation_id)
    return done


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
    reason: str | None = None,
) -> Answer:
    """As `families.move_household`; "same id, clocks run on" (domain.md §11.12): the case goes along as it stands."""
    is_repeated = await was_carried_out(db, actor, operation_id)
    done = await families.move_household(
        db,
        actor,
        operation_id=operation_id,
        household_id=household_id,
        village_code=village_code,
        on=on,
        address=address,
        location=location,
        reason=reason,
    )
    if not is_repeated:
        await _moves_along(db, actor, uuid.UUID(done["move_id"]), operation_id)
    return done


async def decide_move(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    move_id: uuid.UUID,
    accepts: bool,
    reason: str | None = None,
) -> Answer:
    """As `families.decide_move`; the receiving side has the case from then on."""
    is_repeated = await was_carried_out(db, actor, operation_id)
    done = await families.decide_move(
        db, actor, operation_id=operation_id, move_id=move_id, accepts=accepts, reason=reason
    )
    if not is_repeated:
        await _moves_along(db, actor, move_id, operation_id)
    return done


async def _held(db: AsyncSession, actor: Actor, household_id: uuid.UUID) -> Held | None:
    """The open case of a household that this transaction holds already."""
    case: MonitoringCase | None = await hold_open_case(db, household_id)
    if case is None:
        return None
    household = await db.get_one(Household, household_id)
    return Held(case, household, await case_policy(db, household.region_code, actor.today))


async def _goes_on(
    db: AsyncSession, actor: Actor, held: Held, event: Event, detail: Mapping[str, Any], operation_id: uuid.UUID
) -> None:
    """The case stays where it is; what hangs is looked at again."""
    restarts = False
    if held.case.step is Step.VILLAGE_NOTICE:
        restarts = await keep_or_withdraw(db, actor, held)
    told = {**detail, "noticeRestarts": restarts}
    await happen(db, actor, held, event, detail=told, operation_id=operation_id)


async def _moves_along(db: AsyncSession, actor: Actor, move_id: uuid.UUID, operation_id: uuid.UUID) -> None:
    """A line in the story of the case; where it stands was changed with the family, by the machine."""
    there = HouseholdMove.household_id, HouseholdMove.region_code, HouseholdMove.to_region_code
    move = (
        await db.execute(select(*there).where(HouseholdMove.id == move_id, HouseholdMove.state == MoveState.ACCEPTED))
    ).one_or_none()
    held = None if move is None else await _held(db, actor, move.household_id)
    if move is not None and held is not None:
        detail = {"from": move.region_code, "to": move.to_region_code}
        await happen(db, actor, held, Event.FAMILY_MOVED, detail=detail, operation_id=operation_id)
