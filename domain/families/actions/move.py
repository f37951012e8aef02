"""A family moves to another village (迁移): the old side asks, the new side accepts, and only then does anything change.

It keeps its id and its clocks; the old area sees it go, the new one sees it come.
"""

from __future__ import annotations

import uuid
from dataclasses import asdict
from datetime import date

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.models import HouseholdAccess
from domain.access.queries import viewer_parameters
from domain.access.rules import Actor
from domain.audit.actions import record
from domain.audit.before_and_after import HOUSEHOLD, differences
from domain.base.errors import Conflict, Problem, Refused, invalid, not_visible, refused
from domain.changes.actions import Answer, once
from domain.families.actions.family import Kept, as_told, reader, stop_if_wrong, take_hold, tell
from domain.families.rules import EventKind, Verb, may, role_problem
from domain.households.models import HouseholdMove, MoveState
from domain.households.queries import lock_households, sees_move, sent_point, village_problems
from domain.households.rules import HOUSEHOLD_FIELDS, GivenPoint, Reading, columns_of, public
from domain.pairings.models import Pairing
from domain.pairings.rules import WEALTH_CREATION_LEADER

REASON_LIMIT = 500  # characters
TOWNSHIP_DIGITS = 9


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
    """From that day on the family lives in another village; unless the actor is above both, its township accepts first.

    An actor whose regions hold both villages moves the family at once: that is the acceptance. Any other asks, and
    nothing but the request is written. Address and place are those given; the old ones would be wrong, so without new
    ones there are none. Answers {"household_id", "move_id"}. Raises NotVisible, Refused (FORBIDDEN_ROLE,
    HAS_ENDED), InvalidInput (REGION_UNKNOWN, REGION_ENDED, NOT_A_VILLAGE, SAME_VILLAGE, MOVE_ALREADY_ASKED, …),
    Conflict as `once` does.
    """
    given = {"address": address, "location": location}

    async def move() -> Answer:
        (kept,) = await take_hold(db, actor, Verb.MOVE, {"householdId": household_id})
        reading = await reader(db, actor)
        await village_problems(db, actor, reading, village_code, ("input", "villageCode"), is_anywhere=True)
        if village_code == kept.household.region_code:
            reading.wrong("SAME_VILLAGE", ("input", "villageCode"))
        # As they will be written when the move is carried out, which may be long after this.
        values = {name: HOUSEHOLD_FIELDS[name](reading, raw, ("input", public(name))) for name, raw in given.items()}
        why = reading.text(reason, ("input", "reason"), at_most=REASON_LIMIT)
        day = reading.day(on, ("input", "on"))
        if day is not None and day < kept.household.registered_on:
            started_on = {"startedOn": str(kept.household.registered_on)}
            reading.problems.append(Problem("END_BEFORE_START", ("input", "on"), started_on))
        stop_if_wrong(reading)
        assert day is not None  # or it would have been a problem
        # Asked before the constraint would speak: waiting at it for whoever decides, with the family held, is a deadlock.
        open_move = HouseholdMove.household_id == household_id, HouseholdMove.state == MoveState.ASKED
        if await db.scalar(select(HouseholdMove.id).where(*open_move)):
            raise invalid("MOVE_ALREADY_ASKED", "householdId")

        asked = _request(actor, kept, village_code, day, values["address"], location, why, operation_id)
        db.add(asked)
        await db.flush()
        if actor.viewer.sees_region(village_code):
            await _carry_over(db, actor, asked, None, operation_id, "move_household")
        else:
            await _record(db, actor, "move_household", asked, operation_id)
        return _answer(asked)

    content = {
        "household_id": household_id,
        "village_code": village_code,
        "on": on,
        "address": address,
        "location": location and asdict(location),
        "reason": reason,
    }
    return await once(db, actor, operation_id, "move_household", content, move)


async def decide_move(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    move_id: uuid.UUID,
    accepts: bool,
    reason: str | None = None,
) -> Answer:
    """The receiving township, or somebody above it, takes the family in or says why not.

    Answers {"household_id", "move_id"}. Raises NotVisible, Refused (FORBIDDEN_ROLE; MOVE_OVERTAKEN when the family has
    ended meanwhile), InvalidInput (REASON_NEEDED, TOO_LONG, REGION_ENDED), Conflict (MOVE_ALREADY_DECIDED, and as `once`
    does).
    """

    async def decide() -> Answer:
        asked = await _visible_move(db, actor, move_id)
        # Whose region holds the whole township is not of one of its villages, whatever other grants there are.
        is_theirs = actor.viewer.sees_region(asked.to_region_code[:TOWNSHIP_DIGITS])
        if not may(Verb.DECIDE_MOVE, actor.viewer.roles, is_in_region=is_theirs):
            raise Refused(role_problem(Verb.DECIDE_MOVE))
        _must_be_open(asked)
        reading = await reader(db, actor)
        why = reading.text(reason, ("input", "reason"), at_most=REASON_LIMIT)
        if accepts:
            await village_problems(db, actor, reading, asked.to_region_code, ("input", "moveId"))
        elif why is None:
            reading.wrong("REASON_NEEDED", ("input", "reason"), limit=REASON_LIMIT)
        stop_if_wrong(reading)
        if accepts:
            await _carry_over(db, actor, asked, why, operation_id, "decide_move")
        else:
            await _close(db, actor, asked, MoveState.DECLINED, why, operation_id, "decide_move")
        return _answer(asked)

    content = {"move_id": move_id, "accepts": accepts, "reason": reason}
    return await once(db, actor, operation_id, "decide_move", content, decide)


async def withdraw_move(db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, move_id: uuid.UUID) -> Answer:
    """The side that asked no longer asks: whoever asked, or another officer of the old village.

    Answers {"household_id", "move_id"}. Raises NotVisible, Refused (FORBIDDEN_ROLE), Conflict (MOVE_ALREADY_DECIDED, and
    as `once` does).
    """

    async def withdraw() -> Answer:
        asked = await _visible_move(db, actor, move_id)
        if not may(Verb.MOVE, actor.viewer.roles, is_in_region=actor.viewer.sees_region(asked.region_code)):
            raise Refused(role_problem(Verb.MOVE))
        _must_be_open(asked)
        await _close(db, actor, asked, MoveState.WITHDRAWN, None, operation_id, "withdraw_move")
        return _answer(asked)

    return await once(db, actor, operation_id, "withdraw_move", {"move_id": move_id}, withdraw)


def _request(
    actor: Actor,
    kept: Kept,
    village_code: str,
    day: date,
    address: str | None,
    location: GivenPoint | None,
    why: str | None,
    operation_id: uuid.UUID,
) -> HouseholdMove:
    head = next(person for person in kept.people.values() if person.is_head)
    return HouseholdMove(
        id=operation_id,
        household_id=kept.household.id,
        region_code=kept.household.region_code,
        to_region_code=village_code,
        household_code=kept.household.code,
        head_name=f"{head.name[:1]}**",  # as `shown_name` masks it: the other side has not met the family yet
        member_count=len(kept.people),
        moves_on=day,
        reason=why,
        address=address,
        location=location and asdict(location),
        asked_at=actor.at,
        asked_by_id=actor.id,
        state=MoveState.ASKED,
    )


async def _visible_move(db: AsyncSession, actor: Actor, move_id: uuid.UUID) -> HouseholdMove:
    """Locked, so that of two decisions the second one sees the first."""
    statement = select(HouseholdMove).where(HouseholdMove.id == move_id, sees_move()).with_for_update()
    asked = await db.scalar(statement, viewer_parameters(actor.viewer))
    if asked is None:
        raise not_visible("moveId")
    return asked


def _must_be_open(asked: HouseholdMove) -> None:
    if asked.state != MoveState.ASKED:
        raise Conflict(Problem("MOVE_ALREADY_DECIDED", ("input", "moveId"), {"state": str(asked.state)}))


async def _carry_over(
    db: AsyncSession, actor: Actor, asked: HouseholdMove, why: str | None, operation_id: uuid.UUID, action: str
) -> None:
    """Everything that hangs on the family goes along; a wealth-creation leader of the old village stays behind."""
    # The receiver may not see the family before it is theirs. A function of the machine role makes it theirs, by the
    # request alone; from there on this is an ordinary change under both walls (docs/decisions/0010).
    if not await db.scalar(select(func.ruhu_accept_move(asked.id, actor.at, why))):
        raise refused("MOVE_OVERTAKEN", "moveId")
    household = (await lock_households(db, actor, [asked.household_id]))[asked.household_id]
    before = {"address": household.address, "location": as_told(sent_point(household)), "regionCode": asked.region_code}
    after = {"address": asked.address, "location": asked.location, "regionCode": asked.to_region_code}
    household.address = asked.address
    sent = asked.location and GivenPoint(**asked.location)
    for name, value in columns_of(Reading(actor.today, {}).point(sent or None, ())).items():
        setattr(household, name, value)
    leaders = Pairing.household_id == household.id, Pairing.role == WEALTH_CREATION_LEADER
    ended = await db.scalars(
        update(Pairing)
        .where(*leaders, Pairing.ended_on.is_(None))
        .values(ended_on=func.greatest(Pairing.started_on, asked.moves_on), end_reason="HOUSEHOLD_MOVED")
        .returning(Pairing.id)
    )
    await db.execute(delete(HouseholdAccess).where(HouseholdAccess.pairing_id.in_(ended.all())))
    detail = {"from": asked.region_code, "to": asked.to_region_code}
    told = {HOUSEHOLD: differences(before, after)}
    await tell(db, actor, household, EventKind.MOVED, asked.moves_on, detail, operation_id, action, told)


async def _close(
    db: AsyncSession,
    actor: Actor,
    asked: HouseholdMove,
    state: MoveState,
    why: str | None,
    operation_id: uuid.UUID,
    action: str,
) -> None:
    asked.state, asked.decision_reason, asked.decided_at, asked.decided_by_id = state, why, actor.at, actor.id
    await db.flush()
    await _record(db, actor, action, asked, operation_id)


async def _record(db: AsyncSession, actor: Actor, action: str, asked: HouseholdMove, operation_id: uuid.UUID) -> None:
    detail = {"from": asked.region_code, "to": asked.to_region_code, "state": str(asked.state)}
    subject = "household", asked.household_id, asked.region_code
    await record(db, actor, action, *subject, detail, operation_id=operation_id)


def _answer(asked: HouseholdMove) -> Answer:
    return {"household_id": str(asked.household_id), "move_id": str(asked.id)}
