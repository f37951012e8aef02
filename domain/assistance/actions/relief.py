"""Relief is given at once, and reviewed by another person (即时救助)."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import viewer_parameters
from domain.access.rules import Actor
from domain.assistance.actions.measures import amount_read
from domain.assistance.models import Relief
from domain.assistance.queries import check_provider, family_facts, sees_relief
from domain.assistance.rules import GIVES_RELIEF, ReliefState, is_term, review_problems
from domain.audit.actions import record
from domain.audit.before_and_after import HOUSEHOLD, differences, sealed_changes
from domain.base.errors import Conflict, InvalidInput, Problem, Refused, not_visible
from domain.changes.actions import Answer, once
from domain.households.queries import vocabulary
from domain.households.rules import Reading
from domain.monitoring.models import Clue
from domain.monitoring.queries import sees_clue, were_members

NOTE_LIMIT = 200  # characters
LISTS = ("relief_kind", "relief_source", "cause")


async def give_relief(
    db: AsyncSession,
    actor: Actor,
    *,
    id: uuid.UUID,
    household_id: uuid.UUID,
    kind: str,
    cause: str,
    term: str,
    source: str,
    amount: str,
    given_on: str,
    person_id: uuid.UUID | None = None,
    organisation_id: uuid.UUID | None = None,
    clue_id: uuid.UUID | None = None,
    note: str | None = None,
) -> Answer:
    """Write down what was given: "实施即时救助。通过政府补助、社会捐助等方式,积极整合利用民政、教育、社会保障、
    卫健、医保、残联等部门救助政策" (Fuzhou 2020). No clue and no case is asked for.

    A department's officer gives in the name of the department, whatever organisation is named. amount: yuan. Answers
    {"relief_id"}. Raises NotVisible; Refused (FORBIDDEN_ROLE); InvalidInput with all that is wrong (UNKNOWN_CODE,
    TERM_INVALID, AMOUNT_INVALID, DATE_INVALID, DATE_IN_FUTURE, PERSON_NOT_OF_HOUSEHOLD, TOO_LONG, NOT_FOUND for clue or
    organisation, HAS_ENDED); Conflict (DUPLICATE_CLAIM, and as `once` does).
    """

    async def give() -> Answer:
        home = await family_facts(db, actor, household_id, GIVES_RELIEF, "householdId")
        reading = Reading(actor.today, await vocabulary(db, LISTS))
        reading.code(kind, "relief_kind", ("input", "kind"))
        reading.code(cause, "cause", ("input", "cause"))
        reading.code(source, "relief_source", ("input", "source"))
        if not is_term(term):
            reading.wrong("TERM_INVALID", ("input", "term"))
        worth = amount_read(reading, amount, ("input", "amount"))
        if worth == 0:
            reading.wrong("AMOUNT_INVALID", ("input", "amount"))
        day = reading.day(given_on, ("input", "givenOn"))
        if day is not None and home.ended_on is not None and day >= home.ended_on:
            reading.wrong("HAS_ENDED", ("input", "householdId"), endedOn=str(home.ended_on))
        said = reading.text(note, ("input", "note"), at_most=NOTE_LIMIT)
        if person_id is not None and (person_id, home.id) not in await were_members(db, [home.id]):
            reading.wrong("PERSON_NOT_OF_HOUSEHOLD", ("input", "personId"))
        theirs = Clue.id == clue_id, Clue.household_id == home.id
        if clue_id is not None and await _none(db, actor, select(Clue.id).where(*theirs, sees_clue())):
            reading.wrong("NOT_FOUND", ("input", "clueId"))
        # Whoever speaks for a department alone gives what the department gives.
        giver = actor.viewer.organisation_id or organisation_id
        await check_provider(db, reading, None, giver, of="")
        if reading.problems:
            raise InvalidInput(*reading.problems)
        same = Relief.kind == kind, Relief.term == term, Relief.state != ReliefState.REVOKED
        whom = (
            (Relief.person_id == person_id,)
            if person_id is not None
            else (Relief.person_id.is_(None), Relief.household_id == home.id)
        )
        if await db.scalar(select(Relief.id).where(*same, *whom)) is not None:
            raise Conflict(Problem("DUPLICATE_CLAIM", ("input", "term")))
        row: dict[str, Any] = {
            "id": id,
            "household_id": home.id,
            "person_id": person_id,
            "region_code": home.region_code,
            "kind": kind,
            "cause": cause,
            "term": term,
            "source": source,
            "organisation_id": giver,
            "amount_fen": worth,
            "given_on": day,
            "given_at": actor.at,
            "given_by_id": actor.id,
            "clue_id": clue_id,
            "note": said,
        }
        await db.execute(insert(Relief).inline(), row)
        told = differences({}, {"reliefAmountFen": worth, "reliefKind": kind, "reliefTerm": term})
        whose = HOUSEHOLD if person_id is None else str(person_id)
        changes = await sealed_changes(db, actor, home.id, {whose: told})
        about = ("household", home.id, home.region_code, {"relief": str(id), "kind": kind})
        await record(db, actor, "give_relief", *about, operation_id=id, changes=changes)
        return {"relief_id": str(id)}

    given = {"household_id": household_id, "person_id": person_id, "kind": kind, "cause": cause, "term": term}
    given |= {"source": source, "amount": amount, "given_on": given_on, "organisation_id": organisation_id}
    return await once(db, actor, id, "give_relief", {**given, "clue_id": clue_id, "note": note}, give)


async def review_relief(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    relief_id: uuid.UUID,
    is_right: bool,
    note: str | None = None,
) -> Answer:
    """Another person says that it was right, or takes it off the books: then it counts nowhere, and may be given anew.

    Answers {"relief_id"}. Raises NotVisible; Refused (FORBIDDEN_ROLE, REVIEWER_IS_GIVER, RELIEF_ALREADY_REVIEWED);
    InvalidInput (TOO_LONG, REASON_NEEDED where it was not right); Conflict as `once` does.
    """

    async def review() -> Answer:
        viewer = viewer_parameters(actor.viewer)
        asked = select(Relief).where(Relief.id == relief_id, sees_relief())
        relief = await db.scalar(asked, viewer)
        if relief is None:
            raise not_visible("reliefId")
        await family_facts(db, actor, relief.household_id, GIVES_RELIEF, "reliefId")
        await db.refresh(relief, with_for_update={"key_share": True})
        if problems := review_problems(relief.given_by_id, actor.id, relief.state):
            raise Refused(*problems)
        reading = Reading(actor.today, {})
        said = reading.text(note, ("input", "note"), at_most=NOTE_LIMIT)
        if said is None and not is_right:
            reading.wrong("REASON_NEEDED", ("input", "note"), limit=NOTE_LIMIT)
        if reading.problems:
            raise InvalidInput(*reading.problems)
        state = ReliefState.REVIEWED if is_right else ReliefState.REVOKED
        values = {"state": state, "reviewed_at": actor.at, "reviewed_by_id": actor.id, "review_note": said}
        told = differences({"reliefState": relief.state}, {"reliefState": state})
        await db.execute(update(Relief).where(Relief.id == relief.id).values(**values))
        changes = await sealed_changes(db, actor, relief.household_id, {HOUSEHOLD: told})
        about = ("household", relief.household_id, relief.region_code, {"relief": str(relief.id)})
        await record(db, actor, "review_relief", *about, operation_id=operation_id, changes=changes)
        return {"relief_id": str(relief.id)}

    given = {"relief_id": relief_id, "is_right": is_right, "note": note}
    return await once(db, actor, operation_id, "review_relief", given, review)


async def _none(db: AsyncSession, actor: Actor, statement: Any) -> bool:
    return await db.scalar(statement, viewer_parameters(actor.viewer)) is None
