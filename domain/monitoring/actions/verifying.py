"""What was found at the door (入户核查): by whoever knows the family, or the department whose list gave the sign."""

from __future__ import annotations

import uuid
from dataclasses import replace

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import SET_VIEWER, viewer_settings
from domain.access.rules import AFTER_EVERY_DIGIT, Actor, GrantRole, Viewer
from domain.audit.actions import record
from domain.audit.before_and_after import HOUSEHOLD, sealed_changes
from domain.base.errors import Conflict, InvalidInput, Problem, Refused, not_visible
from domain.changes.actions import Answer, once
from domain.families.rules import Verb, may, role_problem
from domain.households.rules import Reading
from domain.monitoring.models import Clue
from domain.monitoring.queries import door_visit, has_staff, lock_clue
from domain.monitoring.rules import ClueOutcome, ClueState, DoorVisit, verification_problems

REASON_LIMIT = 500  # characters
_SETTLED = {ClueOutcome.CONFIRMED: ClueState.VERIFIED, ClueOutcome.NOT_CONFIRMED: ClueState.DISMISSED}
_VILLAGE = text("SELECT ruhu_village_of_listed_clue(:clue_id)")


async def verify_clue(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    clue_id: uuid.UUID,
    visit_id: uuid.UUID,
    outcome: ClueOutcome,
    reason: str | None = None,
) -> Answer:
    """Say what was found at the door; the visit says who was there and when, and stops the clock then.

    A department may, of a clue that a list of its own gave, by a visit at which somebody of it was: "Verifiers can be
    departments' own staff" (domain.md §3.4, the Weixian story).

    Answers {"clue_id"}. Raises NotVisible; Refused (FORBIDDEN_ROLE); InvalidInput with all that is wrong (NOT_FOUND for the
    visit, VISIT_OF_ANOTHER_HOUSEHOLD, ALREADY_SUPERSEDED, NOT_A_DOOR_VISIT, VISIT_BEFORE_CLUE, SECOND_VERIFIER_MISSING,
    VERIFIER_NOT_PAIRED_MISSING, DEPARTMENT_NOT_AT_THE_DOOR, REASON_NEEDED, TOO_LONG); Conflict (CLUE_ALREADY_SETTLED, and
    as `once` does).
    """

    async def verify() -> Answer:
        viewer, seeing, staff_of = actor.viewer, actor, None
        if GrantRole.DEPARTMENT in viewer.roles and not viewer.visits_families:
            seeing, staff_of = replace(actor, viewer=await _desk(db, viewer, clue_id)), viewer.organisation_id
        clue = await lock_clue(db, seeing, clue_id)
        if clue is None:
            raise not_visible("clueId")
        # Whoever knows the family may say what they saw there.
        if staff_of is None and not may(Verb.EDIT, viewer.roles, is_in_region=viewer.sees_region(clue.region_code)):
            raise Refused(role_problem(Verb.EDIT))
        if clue.state is not ClueState.NEW:
            raise Conflict(Problem("CLUE_ALREADY_SETTLED", ("input", "clueId"), {"state": clue.state.value}))
        reading = Reading(actor.today, {})
        why = reading.text(reason, ("input", "reason"), at_most=REASON_LIMIT)
        if why is None and outcome is ClueOutcome.NOT_CONFIRMED:
            reading.wrong("REASON_NEEDED", ("input", "reason"), limit=REASON_LIMIT)
        visit = await door_visit(db, seeing, visit_id, clue.household_id)
        reading.problems += await _wrong_with(db, visit, clue, staff_of)
        if reading.problems or visit is None:
            raise InvalidInput(*reading.problems)
        told = {"clueState": [clue.state, _SETTLED[outcome]], "clueReason": [clue.reason, why]}
        clue.state, clue.visit_id, clue.reason = _SETTLED[outcome], visit_id, why
        clue.stopped_at, clue.settled_at, clue.settled_by_id = visit.occurred_at, actor.at, actor.id
        await db.flush()
        detail = {"outcome": outcome.value, "visit": str(visit_id)}
        about = ("clue", clue_id, clue.region_code, detail)
        changes = await sealed_changes(db, actor, clue.household_id, {HOUSEHOLD: told})
        await record(db, actor, "verify_clue", *about, operation_id=operation_id, changes=changes)
        return {"clue_id": str(clue_id)}

    content = {"clue_id": clue_id, "visit_id": visit_id, "outcome": outcome, "reason": reason}
    return await once(db, actor, operation_id, "verify_clue", content, verify)


async def _desk(db: AsyncSession, viewer: Viewer, clue_id: uuid.UUID) -> Viewer:
    """The desk of the village where the clue waits: all that the transaction sees from here on. A department sees no clue
    itself. No role comes with it. Raises NotVisible for a clue that no list of the department's gave.
    """
    village = await db.scalar(_VILLAGE, {"clue_id": clue_id})
    if village is None:
        raise not_visible("clueId")
    within = {"region_from": village, "region_to": village + AFTER_EVERY_DIGIT, "region_spans": None}
    desk = replace(viewer, **within, met_spans=(village,))
    await db.execute(SET_VIEWER, viewer_settings(desk))
    return desk


async def _wrong_with(
    db: AsyncSession, visit: DoorVisit | None, clue: Clue, staff_of: uuid.UUID | None
) -> list[Problem]:
    """Why the visit verifies nothing; staff_of: the organisation of which somebody must have been at the door."""
    path = ("input", "visitId")
    if visit is None:
        return [Problem("NOT_FOUND", path)]
    problems = verification_problems(visit, clue.began_on)
    if staff_of is not None and not await has_staff(db, visit.visitors, staff_of):
        problems.append(Problem("DEPARTMENT_NOT_AT_THE_DOOR", path))
    return problems
