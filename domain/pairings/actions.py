"""Pairings begin, are handed over, and end. None is ever deleted: an end has a day and a reason, and history stays.

Whoever helps sees the families on their list (`household_access`). The list is written here, in the transaction that
opens or ends the pairing, and the change feed tells both sides' phones. Visits are not touched by any of this: those
made before a hand-over stay where they are, and count for whoever made them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.models import HouseholdAccess
from domain.access.queries import viewer_parameters
from domain.access.rules import Actor
from domain.audit.actions import record
from domain.audit.before_and_after import HOUSEHOLD, differences, sealed_changes
from domain.base.errors import Conflict, InvalidInput, Problem, not_visible, refused
from domain.changes.actions import Answer, once
from domain.households.models import Person
from domain.households.queries import exited_on
from domain.pairings.fitting import BECAUSE_OF_EXIT, exit_problems, fit_problems
from domain.pairings.models import Pairing
from domain.pairings.queries import helped_facts, helping_facts, sees_pairing, unknown_terms
from domain.pairings.rules import (
    DECIDES,
    HANDED_OVER,
    Helped,
    HelpedFacts,
    Side,
    agreement_problems,
    day_read,
    end_problems,
    may_decide,
    named,
    party_problems,
    side_problems,
)
from domain.policy.queries import policy_of

# Where a side of the input stands in the table.
COLUMN = {
    "helperId": "helper_id",
    "organisationId": "organisation_id",
    "householdId": "household_id",
    "personId": "person_id",
    "villageId": "village_id",
}


async def assign_pairing(
    db: AsyncSession,
    actor: Actor,
    *,
    id: uuid.UUID,
    role: str,
    started_on: str,
    helper_id: uuid.UUID | None = None,
    organisation_id: uuid.UUID | None = None,
    household_id: uuid.UUID | None = None,
    person_id: uuid.UUID | None = None,
    village_id: uuid.UUID | None = None,
    mode: str | None = None,
    terms: Mapping[str, Any] | None = None,
) -> Answer:
    """Pair a helper or an organisation with a household, a person or a village, from `started_on` (ISO), today or earlier.

    Answers {"pairing_id"}. Raises Refused (FORBIDDEN_ROLE); InvalidInput with all that is wrong (ONE_SIDE_HELPS,
    ONE_SIDE_IS_HELPED, UNKNOWN_CODE, DATE_INVALID, DATE_IN_FUTURE, NOT_AN_OBJECT, TOO_LARGE, NOT_FOUND, HAS_ENDED,
    LEADER_NOT_SAME_VILLAGE, LEADER_NOT_PARTY_MEMBER, HELPER_KIND_NOT_FIT, HELPED_SIDE_NOT_FIT, NOT_A_STUDENT), or
    PAIRING_OVERLAP, from the constraint; Conflict as `once` does.
    """
    helping = named(helperId=helper_id, organisationId=organisation_id)
    helped = named(householdId=household_id, personId=person_id, villageId=village_id)
    agreed = {"role": role, "mode": mode, "terms": terms}

    async def assign() -> Answer:
        _decides_at_all(actor)
        problems = side_problems(helping, helped)
        first_day = day_read("startedOn", started_on, actor.today, problems)
        problems += agreement_problems(terms)
        problems += await unknown_terms(db, {"role": ("pairing_role", role), "mode": ("pairing_mode", mode)})
        whom = await _judge(db, actor, role, helping, helped, problems)
        await _begin(db, actor, {"id": id, **agreed, "started_on": first_day}, helping[0], whom)
        detail = {"role": role, "helped": whom.kind}
        begun = {"role": role, "startedOn": first_day, helping[0].field: helping[0].id}
        about = ("pairing", id, whom.region_code, detail)
        told = await _told(db, actor, whom.household_id, begun)
        await record(db, actor, "assign_pairing", *about, operation_id=id, changes=told)
        return {"pairing_id": str(id)}

    content = {**agreed, "started_on": started_on, **{side.field: side.id for side in (*helping, *helped)}}
    return await once(db, actor, id, "assign_pairing", content, assign)


async def hand_over_pairing(
    db: AsyncSession,
    actor: Actor,
    *,
    id: uuid.UUID,
    pairing_id: uuid.UUID,
    handed_over_on: str,
    helper_id: uuid.UUID | None = None,
    organisation_id: uuid.UUID | None = None,
    reason: str = HANDED_OVER,
) -> Answer:
    """End a pairing on a day and begin the same one with another helper that day, under the new `id` (调整交接).

    Role, mode and terms go over; `succeeds_id` keeps the history. Answers {"pairing_id", "ended_pairing_id"}. Raises
    what `assign_pairing` and `end_pairing` do, and SAME_HELPER.
    """
    helping = named(helperId=helper_id, organisationId=organisation_id)

    async def hand_over() -> Answer:
        _decides_at_all(actor)
        old = await _pairing(db, actor, pairing_id)
        (helped,) = named(householdId=old.household_id, personId=old.person_id, villageId=old.village_id)
        # Families are locked before pairings: the order that every action keeps.
        await helped_facts(db, actor, helped)
        await _lock_open(db, old)
        problems = side_problems(helping, [helped])
        day = day_read("handedOverOn", handed_over_on, actor.today, problems)
        problems += end_problems("handedOverOn", day, old.started_on)
        problems += await unknown_terms(db, {"reason": ("pairing_end_reason", reason)})
        if [side.id for side in helping] == [old.helping_id]:
            problems.append(Problem("SAME_HELPER", ("input", helping[0].field)))
        whom = await _judge(db, actor, old.role, helping, [helped], problems)
        agreed = {"role": old.role, "mode": old.mode, "terms": old.terms, "succeeds_id": old.id}
        assert day is not None  # or it would have been a problem
        await _end(db, old, day, reason)
        await _begin(db, actor, {"id": id, **agreed, "started_on": day}, helping[0], whom)
        ended = {"endedOn": day, "endReason": reason}
        begun = {"role": old.role, "startedOn": day, helping[0].field: helping[0].id}
        for subject, facts in ((old.id, ended), (id, begun)):
            about = ("pairing", subject, whom.region_code, {"role": old.role, "reason": reason})
            told = await _told(db, actor, whom.household_id, facts)
            await record(db, actor, "hand_over_pairing", *about, operation_id=id, changes=told)
        return {"pairing_id": str(id), "ended_pairing_id": str(old.id)}

    content = {
        "pairing_id": pairing_id,
        "handed_over_on": handed_over_on,
        "reason": reason,
        **{side.field: side.id for side in helping},
    }
    return await once(db, actor, id, "hand_over_pairing", content, hand_over)


async def end_pairing(
    db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, pairing_id: uuid.UUID, ended_on: str, reason: str
) -> Answer:
    """End a pairing: `ended_on`, today or earlier, is the first day on which it no longer holds.

    Answers {"pairing_id"}. Raises Refused (FORBIDDEN_ROLE, ALREADY_ENDED), NotVisible, and InvalidInput (UNKNOWN_CODE,
    END_BEFORE_START, DATE_INVALID, DATE_IN_FUTURE; EXIT_ENDS_NO_HELP and EXIT_NOT_ON_RECORD for a reason that is an exit).
    """

    async def end() -> Answer:
        _decides_at_all(actor)
        pairing = await _pairing(db, actor, pairing_id)
        await _lock_open(db, pairing)
        problems: list[Problem] = []
        day = day_read("endedOn", ended_on, actor.today, problems)
        problems += end_problems("endedOn", day, pairing.started_on)
        problems += await unknown_terms(db, {"reason": ("pairing_end_reason", reason)})
        home = select(func.coalesce(Person.household_id, Person.left_household_id)).where(
            Person.id == pairing.person_id
        )
        household_id = pairing.household_id or await db.scalar(home)
        problems += await _exit_problems(db, actor, pairing, household_id, reason, day)
        if problems:
            raise InvalidInput(*problems)
        assert day is not None  # or it would have been a problem
        await _end(db, pairing, day, reason)
        detail = {"role": pairing.role, "reason": reason}
        about = ("pairing", pairing.id, pairing.region_code, detail)
        told = await _told(db, actor, household_id, {"endedOn": day, "endReason": reason})
        await record(db, actor, "end_pairing", *about, operation_id=operation_id, changes=told)
        return {"pairing_id": str(pairing.id)}

    content = {"pairing_id": pairing_id, "ended_on": ended_on, "reason": reason}
    return await once(db, actor, operation_id, "end_pairing", content, end)


def _decides_at_all(actor: Actor) -> None:
    """Said before anything is looked up, so that a refusal tells nothing of what there is."""
    if not may_decide(actor.viewer.roles):
        raise refused("FORBIDDEN_ROLE", roles=", ".join(sorted(DECIDES)))


def _decides_here(actor: Actor, helped: Helped, region_code: str) -> None:
    """What is seen by other ways than the region (one's own list, the names of villages) is not for one to decide."""
    if not (may_decide(actor.viewer.roles, helped) and actor.viewer.sees_region(region_code)):
        raise refused("FORBIDDEN_ROLE", roles=", ".join(sorted(DECIDES)))


async def _judge(
    db: AsyncSession, actor: Actor, role: str, helping: list[Side], helped: list[Side], problems: list[Problem]
) -> HelpedFacts:
    """The side that is helped, if nothing stands against the pairing; else everything that does, at once."""
    whom = await helped_facts(db, actor, helped[0]) if helped else None
    if whom is not None:
        _decides_here(actor, whom.kind, whom.region_code)
    by = await helping_facts(db, helping[0]) if helping else None
    missing = [sides[0].field for sides, facts in ((helping, by), (helped, whom)) if sides and facts is None]
    problems += [Problem("NOT_FOUND", ("input", field)) for field in missing]
    problems += party_problems(role, by, whom, actor.today) + fit_problems(role, by, whom)
    if problems or whom is None:
        raise InvalidInput(*problems)
    return whom


async def _exit_problems(
    db: AsyncSession, actor: Actor, pairing: Pairing, household_id: uuid.UUID | None, reason: str, day: date | None
) -> list[Problem]:
    """What an exit may not end yet; the transition is that of the pairing's region today."""
    if reason not in BECAUSE_OF_EXIT or household_id is None:
        return []
    policy = await policy_of(db, pairing.region_code, actor.today, ("EXIT_TRANSITION_MONTHS",))
    kind = Helped.HOUSEHOLD if pairing.household_id else Helped.PERSON
    left_on = await exited_on(db, household_id)
    return exit_problems(reason, kind, left_on, int(policy["EXIT_TRANSITION_MONTHS"]), day)


async def _pairing(db: AsyncSession, actor: Actor, pairing_id: uuid.UUID) -> Pairing:
    """The pairing, if it is for the actor to decide on. It may have ended, and is not locked."""
    visible = select(Pairing).where(Pairing.id == pairing_id, sees_pairing())
    pairing = (await db.execute(visible, viewer_parameters(actor.viewer))).scalar_one_or_none()
    if pairing is None:
        raise not_visible("pairingId")
    kind = Helped.HOUSEHOLD if pairing.household_id else Helped.PERSON if pairing.person_id else Helped.VILLAGE
    _decides_here(actor, kind, pairing.region_code)
    return pairing


async def _lock_open(db: AsyncSession, pairing: Pairing) -> None:
    """Nobody else ends it from here on, and nobody has."""
    await db.refresh(pairing, with_for_update=True)
    if pairing.ended_on is not None:
        raise refused("ALREADY_ENDED", "pairingId", endedOn=pairing.ended_on)


async def _begin(db: AsyncSession, actor: Actor, pairing: Mapping[str, Any], helping: Side, whom: HelpedFacts) -> None:
    """Write the pairing down, and put the family on the list of whoever helps."""
    sides = {COLUMN[helping.field]: helping.id, COLUMN[whom.side.field]: whom.side.id}
    born = await db.scalar(
        postgresql.insert(Pairing)
        .values(**pairing, **sides, region_code=whom.region_code, created_at=actor.at)
        .on_conflict_do_nothing(index_elements=[Pairing.id])
        .returning(Pairing.id)
    )
    if born is None:
        raise Conflict(Problem("ID_TAKEN"))
    if whom.household_id is not None:
        listed = {"pairing_id": born, "party_id": helping.id, "household_id": whom.household_id}
        await db.execute(insert(HouseholdAccess).values(**listed, region_code=whom.region_code))


async def _told(
    db: AsyncSession, actor: Actor, household_id: uuid.UUID | None, facts: Mapping[str, Any]
) -> bytes | None:
    """For the trace: what began or ended about a family; of a village nothing is sealed."""
    if household_id is None:
        return None
    return await sealed_changes(db, actor, household_id, {HOUSEHOLD: differences({}, facts)})


async def _end(db: AsyncSession, pairing: Pairing, on: date, reason: str) -> None:
    """End it, and take the family off that list. Another pairing of the same two keeps an entry of its own."""
    await db.execute(update(Pairing).where(Pairing.id == pairing.id).values(ended_on=on, end_reason=reason))
    await db.execute(delete(HouseholdAccess).where(HouseholdAccess.pairing_id == pairing.id))
