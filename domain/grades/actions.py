"""A grade goes over three levels: the village proposes, the township has no objection, the county files it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.recusal import CaseLevel
from domain.access.rules import Actor, GrantRole
from domain.audit.actions import record
from domain.audit.before_and_after import HOUSEHOLD, sealed_changes
from domain.base.errors import Conflict, InvalidInput, Problem, Refused, not_visible, refused
from domain.cases.queries import relatives_of
from domain.changes.actions import Answer, once
from domain.grades.indicators import indicators_of, told
from domain.grades.known import facts_of, schemes_of
from domain.grades.models import GradeState, RiskGrade
from domain.grades.queries import current_grade, current_round, lock_grade, open_grade
from domain.grades.rules import (
    FILES,
    GRADE_PARAMETERS,
    PROPOSES,
    REVIEWS,
    RISK_GRADE,
    FilingOutcome,
    Level,
    ReviewOutcome,
    Taken,
    applicability_problem,
    judgement_problems,
    occasion,
    raises_clue,
    recusal_problem,
    state_problem,
    visit_problems,
)
from domain.households.models import Household
from domain.households.queries import lock_households, vocabulary
from domain.households.rules import Reading
from domain.monitoring.actions import raise_clue
from domain.monitoring.queries import door_visit
from domain.monitoring.rules import ClueSource, period_of
from domain.policy.queries import policy_of

TEXT_LIMIT: Final = 500  # characters
MOST_REASONS: Final = 10


async def propose_grade(
    db: AsyncSession,
    actor: Actor,
    *,
    grade_id: uuid.UUID,
    household_id: uuid.UUID,
    scheme: str,
    level: str,
    reasons: Sequence[str],
    visit_id: uuid.UUID | None,
    cause: str | None = None,
    note: str | None = None,
) -> Answer:
    """Propose a level for a household after a call at its door (提出风险等级建议), for its village or resident team.

    What is on record is kept beside it as indicators. Answers {"grade_id"}. Raises NotVisible; Refused (FORBIDDEN_ROLE,
    HAS_ENDED, RECUSED_AS_RELATIVE); InvalidInput with all that is wrong (UNKNOWN_CODE, SCHEME_NOT_APPLICABLE,
    LEVEL_UNKNOWN, REASON_MISSING, REASONS_OF_ANOTHER_LEVEL, TOO_MANY, ONSITE_VISIT_NEEDED, VISIT_OF_ANOTHER_HOUSEHOLD,
    ALREADY_SUPERSEDED, VISIT_TOO_OLD, CAUSE_MISSING, REASON_NEEDED, TOO_LONG); Conflict (GRADE_ALREADY_OPEN, and as `once`
    does).
    """

    async def propose() -> Answer:
        household = (await lock_households(db, actor, [household_id])).get(household_id)
        if household is None:
            raise not_visible("householdId")
        _check_role(actor, PROPOSES, household.region_code)
        if household.ended_on is not None:
            raise refused("HAS_ENDED", "householdId", endedOn=str(household.ended_on))
        relatives = await relatives_of(db, household_id)
        if recused := recusal_problem(actor.id, CaseLevel.VILLAGE, Taken(None), relatives, "householdId"):
            raise Refused(recused)
        reading = Reading(actor.today, await vocabulary(db, ("grade_reason", "grade_cause")))
        given = reading.codes(reasons, "grade_reason", ("input", "reasons"))
        if len(given) > MOST_REASONS:
            reading.wrong("TOO_MANY", ("input", "reasons"), limit=MOST_REASONS)
        reading.code(cause, "grade_cause", ("input", "cause"), is_required=False)
        words = reading.text(note, ("input", "note"), at_most=TEXT_LIMIT)
        if cause == "OTHER" and words is None:
            reading.wrong("REASON_NEEDED", ("input", "note"), limit=TEXT_LIMIT)
        known = (await schemes_of(db)).get(scheme)
        if known is None:
            reading.wrong("UNKNOWN_CODE", ("input", "scheme"), list="grading_scheme", code=scheme[:40])
            raise InvalidInput(*reading.problems)
        policy = await policy_of(db, household.region_code, actor.today, GRADE_PARAMETERS)
        if wrong := applicability_problem(known, policy["GRADING_SCHEMES"], household.category):
            raise InvalidInput(*reading.problems, wrong)
        reading.problems += judgement_problems(known, level, given)
        visit = None if visit_id is None else await door_visit(db, actor, visit_id, household_id)
        reading.problems += visit_problems(visit, actor.today, policy["GRADE_VISIT_DAYS"])
        if await open_grade(db, household_id, scheme) is not None:
            raise Conflict(Problem("GRADE_ALREADY_OPEN", ("input", "householdId")))
        before = await current_grade(db, household_id, scheme)
        latest = await current_round(db, household_id, household.region_code, scheme, actor.today)
        why = occasion(latest, cause, is_asked_for=before is not None and before.returned_at is not None)
        if isinstance(why, Problem):
            reading.problems.append(why)
        if reading.problems or isinstance(why, Problem):
            raise InvalidInput(*reading.problems)
        indicators = told(known, level, indicators_of(await facts_of(db, household, actor.today)))
        db.add(
            RiskGrade(
                id=grade_id,
                household_id=household_id,
                region_code=household.region_code,
                scheme=scheme,
                level=level,
                state=GradeState.PROPOSED,
                reasons=given,
                cause=why.cause,
                note=words,
                indicators=indicators,
                visit_id=visit_id,
                round_id=why.round_id,
                proposed_at=actor.at,
                proposed_by_id=actor.id,
            )
        )
        await db.flush()
        await _trace(db, actor, "propose_grade", grade_id, household, grade_id, scheme, {"proposed": [None, level]})
        return {"grade_id": str(grade_id)}

    content: dict[str, Any] = {"household_id": household_id, "scheme": scheme, "level": level, "visit_id": visit_id}
    content |= {"reasons": list(reasons), "cause": cause, "note": note}
    return await once(db, actor, grade_id, "propose_grade", content, propose)


async def review_grade(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    grade_id: uuid.UUID,
    outcome: ReviewOutcome,
    reason: str | None = None,
) -> Answer:
    """The township has no objection (经乡镇审核无异议), or sends the proposal back and says why.

    Answers {"grade_id"}. Raises NotVisible; Refused (FORBIDDEN_ROLE, HAS_ENDED, RECUSED_ACTED_ELSEWHERE,
    RECUSED_AS_RELATIVE); InvalidInput (REASON_NEEDED, TOO_LONG); Conflict (GRADE_NOT_WAITING, and as `once` does).
    """

    async def review() -> Answer:
        household, grade = await _grade_waiting(db, actor, grade_id, REVIEWS, CaseLevel.TOWNSHIP, GradeState.PROPOSED)
        why = _reason(actor, reason, is_needed=outcome is ReviewOutcome.RETURNED)
        if outcome is ReviewOutcome.RETURNED:
            _send_back(grade, actor, why)
        else:
            grade.state, grade.reviewed_at, grade.reviewed_by_id = GradeState.REVIEWED, actor.at, actor.id
        await db.flush()
        changed = {"gradeState": [GradeState.PROPOSED, grade.state], "returnReason": [None, why]}
        await _trace(db, actor, "review_grade", operation_id, household, grade_id, grade.scheme, changed)
        return {"grade_id": str(grade_id)}

    content = {"grade_id": grade_id, "outcome": outcome, "reason": reason}
    return await once(db, actor, operation_id, "review_grade", content, review)


async def file_grade(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    grade_id: uuid.UUID,
    outcome: FilingOutcome,
    reason: str | None = None,
) -> Answer:
    """The county files what the township reviewed (备案): from today it holds, and the one before no more. Or it asks for
    another one, in the place of a reviewed one or of the one that holds; it never changes a level itself.

    A household that comes to a level which raises clues (RED) gets one, and no case; no level ends anybody's monitoring
    (domain.md §11.8). Answers {"grade_id"}. Raises as `review_grade` does.
    """

    async def file() -> Answer:
        is_filed = outcome is FilingOutcome.FILED
        waited_for = (GradeState.REVIEWED,) if is_filed else (GradeState.REVIEWED, GradeState.FILED)
        household, grade = await _grade_waiting(db, actor, grade_id, FILES, CaseLevel.COUNTY, *waited_for)
        why = _reason(actor, reason, is_needed=not is_filed)
        state = grade.state
        before = await current_grade(db, household.id, grade.scheme) if is_filed else None
        if is_filed:
            await _put_in_force(db, actor, grade, before)
            await _raise_clue(db, actor, grade, before)
        elif grade.returned_at is None:
            _send_back(grade, actor, why)
        await db.flush()
        changed: dict[str, Any] = {"gradeState": [state, grade.state], "returnReason": [None, why]}
        if is_filed:
            changed["grade"] = [before and before.level, grade.level]
        await _trace(db, actor, "file_grade", operation_id, household, grade_id, grade.scheme, changed)
        return {"grade_id": str(grade_id)}

    content = {"grade_id": grade_id, "outcome": outcome, "reason": reason}
    return await once(db, actor, operation_id, "file_grade", content, file)


# --- steps -------------------------------------------------------------------------------------------------------------


def _check_role(actor: Actor, who: frozenset[GrantRole], region_code: str) -> None:
    """Roles count where the household lies; one that is on somebody's list is not theirs to grade."""
    if actor.viewer.roles.isdisjoint(who) or not actor.viewer.sees_region(region_code):
        raise refused("FORBIDDEN_ROLE")


async def _grade_waiting(
    db: AsyncSession,
    actor: Actor,
    grade_id: uuid.UUID,
    who: frozenset[GrantRole],
    level: CaseLevel,
    *states: GradeState,
) -> tuple[Household, RiskGrade]:
    """The grade and its household, both locked, for somebody who may take this step of it now."""
    home = await lock_grade(db, actor, grade_id)
    if home is None:
        raise not_visible("gradeId")
    household, grade = home
    _check_role(actor, who, household.region_code)
    if household.ended_on is not None:
        raise refused("HAS_ENDED", "gradeId", endedOn=str(household.ended_on))
    taken = Taken(grade.proposed_by_id, grade.reviewed_by_id)
    if wrong := recusal_problem(actor.id, level, taken, await relatives_of(db, household.id)):
        raise Refused(wrong)
    if wrong := state_problem(grade.state, *states):
        raise Conflict(wrong)
    return household, grade


def _reason(actor: Actor, reason: str | None, *, is_needed: bool) -> str | None:
    reading = Reading(actor.today, {})
    why = reading.text(reason, ("input", "reason"), at_most=TEXT_LIMIT)
    if is_needed and why is None:
        reading.wrong("REASON_NEEDED", ("input", "reason"), limit=TEXT_LIMIT)
    if reading.problems:
        raise InvalidInput(*reading.problems)
    return why


def _send_back(grade: RiskGrade, actor: Actor, why: str | None) -> None:
    """One that holds goes on until another is filed."""
    grade.returned_at, grade.returned_by_id, grade.return_reason = actor.at, actor.id, why
    if grade.state is not GradeState.FILED:
        grade.state = GradeState.RETURNED


async def _put_in_force(db: AsyncSession, actor: Actor, grade: RiskGrade, before: RiskGrade | None) -> None:
    if before is not None and before.effective_from is not None:
        before.state, before.superseded_at = GradeState.SUPERSEDED, actor.at
        before.superseded_on = max(actor.today, before.effective_from)
        await db.flush()  # the place is free before the new one takes it: one grade holds per scheme
        grade.supersedes_id = before.id
    grade.state, grade.filed_at, grade.filed_by_id = GradeState.FILED, actor.at, actor.id
    grade.effective_from = actor.today


async def _raise_clue(db: AsyncSession, actor: Actor, grade: RiskGrade, before: RiskGrade | None) -> None:
    levels = (await schemes_of(db))[grade.scheme].levels
    earlier: Level | None = levels[before.level] if before is not None else None
    if raises_clue(levels[grade.level], earlier):
        await raise_clue(
            db,
            actor,
            household_id=grade.household_id,
            sign=RISK_GRADE,
            period=period_of(actor.today),
            source=ClueSource.GRADE,
            reference=str(grade.id),
            detail={"gradeId": str(grade.id), "scheme": grade.scheme, "level": grade.level},
        )


async def _trace(
    db: AsyncSession,
    actor: Actor,
    action: str,
    operation_id: uuid.UUID,
    household: Household,
    grade_id: uuid.UUID,
    scheme: str,
    changed: dict[str, Any],
) -> None:
    changes = await sealed_changes(db, actor, household.id, {HOUSEHOLD: changed})
    about = ("risk_grade", grade_id, household.region_code, {"scheme": scheme})
    await record(db, actor, action, *about, operation_id=operation_id, changes=changes)
