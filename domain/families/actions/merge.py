"""Two families become one (并户), under the id of a named survivor."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.audit.before_and_after import HOUSEHOLD, differences
from domain.base.errors import Problem
from domain.changes.actions import Answer, once
from domain.families.actions.family import reader, relations_told, stop_if_wrong, take_hold, tell
from domain.families.actions.split import Moving, read_movers
from domain.families.rules import EventKind, Verb, wins
from domain.families.spells import end_household, move_people, write_relations
from domain.households.models import Household, RosterEntry
from domain.households.rules import HEAD


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
    """Everybody of `merged_id` becomes a member of `survivor_id`, whose head stays; `members` says what they are to it.

    The merged household ends (MERGED), and so do the pairings with it; pairings with people go with them. Nothing counts
    twice: its places on rosters pass to the survivor. The survivor is MONITORED if either was. Answers {"household_id"}.
    Raises NotVisible, Refused (FORBIDDEN_ROLE, HAS_ENDED), InvalidInput with everything that is wrong
    (SAME_HOUSEHOLD, RELATION_MISSING, SECOND_HEAD, …), Conflict as `once` does.
    """

    async def merge() -> Answer:
        reading = await reader(db, actor)
        if survivor_id == merged_id:
            reading.wrong("SAME_HOUSEHOLD", ("input", "mergedId"))
            stop_if_wrong(reading)
        survivor, ending = await take_hold(db, actor, Verb.MERGE, {"survivorId": survivor_id, "mergedId": merged_id})
        day = reading.day(on, ("input", "on"))
        arriving = read_movers(reading, ending, members, day)
        path = ("input", "members")
        forgotten = set(ending.people) - {arrival.id for arrival in arriving}
        problems = [Problem("RELATION_MISSING", path, {"person": str(one)}) for one in sorted(forgotten)]
        problems += [Problem("SECOND_HEAD", (*a.path, "relationToHead")) for a in arriving if a.relation == HEAD]
        stop_if_wrong(reading, *problems)
        assert day is not None  # or it would have been a problem

        stays, goes = survivor.household, ending.household
        movers = [arrival.id for arrival in arriving]
        told = relations_told(ending, {arrival.id: arrival.relation or "" for arrival in arriving})
        told = {one: {**told[one], "householdId": [goes.id, stays.id], "joinedOn": [None, day]} for one in told}
        status = wins(stays.monitoring_status, goes.monitoring_status)
        watched = differences({"monitoringStatus": stays.monitoring_status}, {"monitoringStatus": status})
        ended = differences({}, {"endedOn": day, "endReason": "MERGED", "mergedIntoId": stays.id})
        await move_people(db, movers, stays.id, stays.region_code, day, "MERGED")
        await write_relations(db, {arrival.id: arrival.relation or "" for arrival in arriving})
        await end_household(db, goes, day, "MERGED", "HOUSEHOLD_MERGED")
        goes.merged_into_id = stays.id
        stays.monitoring_status = status
        await _pass_rosters_on(db, goes, stays)
        detail = {"people": [str(person_id) for person_id in movers]}
        action = "merge_households"
        gone = {**detail, "into": str(stays.id)}
        await tell(db, actor, goes, EventKind.ENDED, day, gone, operation_id, action, {HOUSEHOLD: ended, **told})
        come = {**detail, "from": str(goes.id)}
        await tell(db, actor, stays, EventKind.MERGED, day, come, operation_id, action, {HOUSEHOLD: watched, **told})
        return {"household_id": str(stays.id)}

    content = {
        "survivor_id": survivor_id,
        "merged_id": merged_id,
        "on": on,
        "members": [asdict(member) for member in members],
    }
    return await once(db, actor, operation_id, "merge_households", content, merge)


async def _pass_rosters_on(db: AsyncSession, goes: Household, stays: Household) -> None:
    """Lists that the ended household is on go on with the survivor, unless it is on them anyway."""
    is_open = RosterEntry.household_id == goes.id, RosterEntry.ended_on.is_(None)
    theirs = select(RosterEntry.roster_id, literal(stays.id), literal(stays.region_code), literal(goes.ended_on)).where(
        *is_open
    )
    names = ["roster_id", "household_id", "region_code", "started_on"]
    await db.execute(insert(RosterEntry).from_select(names, theirs).on_conflict_do_nothing())
    await db.execute(update(RosterEntry).where(*is_open).values(ended_on=goes.ended_on))
