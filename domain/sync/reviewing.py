"""An officer decides on what nobody's family came for (人工复核)."""

from __future__ import annotations

import enum
import uuid
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import in_region, meets, viewer_parameters
from domain.access.rules import OFFICER_ROLES, Actor, Viewer
from domain.audit.actions import record
from domain.base.errors import Conflict, Problem, invalid, not_visible, refused
from domain.changes.actions import Answer, once
from domain.households.models import Household
from domain.visits.forms import UNREADABLE
from domain.visits.items import NOTE_LIMIT
from domain.visits.models import Submission, SubmissionOutcome


class ReviewDecision(enum.StrEnum):
    """What an officer says about a submission in review (复核决定)."""

    DISMISS = "DISMISS"
    BELONGS_TO = "BELONGS_TO"


def is_in_review() -> ColumnElement[bool]:
    """Waiting for somebody's decision."""
    return and_(Submission.review_since.is_not(None), Submission.outcome == SubmissionOutcome.DEFERRED)


def sees_review() -> ColumnElement[bool]:
    """The scope of what is in review, or was: officers of its region. A service with a region is none."""
    where: Any = Submission.region_code  # null lies nowhere
    return and_(Submission.review_since.is_not(None), meets(where), in_region(where))


async def review_submission(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    submission_id: uuid.UUID,
    decision: ReviewDecision,
    reason: str,
    household_id: uuid.UUID | None = None,
) -> Answer:
    """Settle a submission in review: dismissed, or said to belong to a family that the officer sees.

    What belongs to a family is not stored by this: it is judged as its author's, in a transaction of their own
    (`judge_waiting` for that family), and goes on waiting where it does not hold. Answers {"submission_id"} and, for
    BELONGS_TO, {"household_id"}. Raises Refused (FORBIDDEN_ROLE), NotVisible, Conflict (ALREADY_REVIEWED), InvalidInput
    (REASON_NEEDED; REQUIRED for a missing family).
    """
    if not reason.strip() or UNREADABLE.search(reason) or len(reason) > NOTE_LIMIT:
        raise invalid("REASON_NEEDED", "reason", limit=NOTE_LIMIT)
    if decision is ReviewDecision.BELONGS_TO and household_id is None:
        raise invalid("REQUIRED", "householdId")

    why = reason.strip()

    async def review() -> Answer:
        kept = await _in_review(db, actor, submission_id)
        kept.judged_at = actor.at
        detail = {"decision": decision.value}
        answer: Answer = {"submission_id": str(submission_id)}
        if decision is ReviewDecision.DISMISS:
            kept.outcome = SubmissionOutcome.REJECTED
            problem: dict[str, Any] = {"code": "DISMISSED_IN_REVIEW", "path": ["input"], "detail": {"reason": why}}
            kept.problems = [problem]
        else:
            kept.belongs_to = await _visible(db, actor, household_id)
            answer["household_id"] = str(household_id)
        await db.flush()
        await record(
            db,
            actor,
            "review_submission",
            "submission",
            submission_id,
            kept.region_code,
            detail,
            operation_id=operation_id,
            purpose=why,
        )
        return answer

    content = {
        "submission_id": submission_id,
        "decision": decision.value,
        "household_id": household_id,
        "reason": reason,
    }
    return await once(db, actor, operation_id, "review_submission", content, review)


async def _in_review(db: AsyncSession, actor: Actor, submission_id: uuid.UUID) -> Submission:
    if actor.viewer.roles.isdisjoint(OFFICER_ROLES):
        raise refused("FORBIDDEN_ROLE")
    seen = select(Submission).where(Submission.id == submission_id, sees_review())
    found = (await db.execute(seen, viewer_parameters(actor.viewer))).scalar_one_or_none()
    if found is None:
        raise not_visible("submissionId")
    # Locked and read again: two officers decide once. Locking sees open ones only, so it is a second step.
    lock = select(Submission).where(Submission.id == submission_id, is_in_review()).with_for_update()
    open_one = (await db.execute(lock.execution_options(populate_existing=True))).scalar_one_or_none()
    if open_one is None:
        raise Conflict(Problem("ALREADY_REVIEWED", ("input", "submissionId")))
    return open_one


async def _visible(db: AsyncSession, actor: Actor, household_id: uuid.UUID | None) -> uuid.UUID:
    """A family of the officer's region: a list alone does not make them answer for what others did there."""
    seen = select(Household.id).where(Household.id == household_id, in_region(Household.region_code))
    found = await db.scalar(seen, viewer_parameters(actor.viewer))
    if found is None:
        raise not_visible("householdId")
    return found


async def standing(
    db: AsyncSession, viewer: Viewer, submission_id: uuid.UUID
) -> tuple[SubmissionOutcome, list[Problem]]:
    """What became of a submission that this viewer has reviewed, and what was wrong where they are to look again."""
    seen = select(Submission.outcome, Submission.problems, Submission.belongs_to)
    seen = seen.where(Submission.id == submission_id, sees_review())
    found = (await db.execute(seen, viewer_parameters(viewer))).one()
    is_open = found.outcome is SubmissionOutcome.DEFERRED and found.belongs_to is None
    problems = found.problems if is_open else ()
    return found.outcome, [Problem(one["code"], tuple(one["path"]), one["detail"]) for one in problems]
