"""The township reviews (乡镇审核): one case, or many with a result for each."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.base.errors import DomainError, InvalidInput, Problem, invalid
from domain.base.models import namespace_id
from domain.cases.actions.publishing import end_notice
from domain.cases.actions.steps import REASON_LIMIT, happen, must_be_able, must_have_role
from domain.cases.queries import hold_case
from domain.cases.rules import REVIEWED, CaseReviewOutcome, is_late, reason_problems
from domain.cases.transitions import Step
from domain.changes.actions import Answer, once
from domain.households.rules import Reading

REVIEWS_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Review:
    """What a township says of one case."""

    case_id: uuid.UUID
    outcome: CaseReviewOutcome
    reason: str | None = None


async def review_at_township(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    review: Review,
) -> Answer:
    """Approve, return or refuse a case whose notice has hung its days. A returned case goes back to the village's appraisal
    and keeps its clock (domain.md §11.6).

    Answers {"case_id"}. Raises as `must_be_able`; InvalidInput (NOTICE_NOT_OVER with what is missing, REASON_NEEDED,
    TOO_LONG).
    """

    async def do() -> Answer:
        return await _review(db, actor, operation_id, review)

    return await once(db, actor, operation_id, "review_at_township", asdict(review), do)


async def review_cases_at_township(
    db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, reviews: Sequence[Review]
) -> Answer:
    """Up to 200 cases at once, each by itself: what is refused of one changes nothing for the others.

    Answers {"results": [{"case_id", "problems"}]} in the order given; a problem is [code, path, detail, requires]. Raises
    InvalidInput (BATCH_TOO_LARGE, REQUIRED), Conflict as `once` does.
    """

    async def do() -> Answer:
        if not reviews:
            raise invalid("REQUIRED", "reviews")
        if len(reviews) > REVIEWS_LIMIT:
            raise invalid("BATCH_TOO_LARGE", "reviews", limit=REVIEWS_LIMIT)
        found: dict[int, list[Any]] = {}
        # In the order of ids, so that two townships' batches do not wait for each other in a ring.
        for position, review in sorted(enumerate(reviews), key=lambda one: (one[1].case_id, one[0])):
            try:
                async with db.begin_nested():
                    await _review(db, actor, namespace_id(f"review {operation_id} {position}"), review)
                found[position] = []
            except DomainError as error:
                found[position] = [_as_json(problem) for problem in error.problems]
        return {
            "results": [
                {"case_id": str(review.case_id), "problems": found[position]} for position, review in enumerate(reviews)
            ]
        }

    content = {"reviews": [asdict(one) for one in reviews]}
    return await once(db, actor, operation_id, "review_cases_at_township", content, do)


async def _review(db: AsyncSession, actor: Actor, operation_id: uuid.UUID, review: Review) -> Answer:
    held = await hold_case(db, actor, review.case_id)
    event = REVIEWED[review.outcome]
    must_have_role(actor, event, held.case.region_code)
    if held.case.step is Step.VILLAGE_NOTICE and (problem := await end_notice(db, actor, held)):
        raise InvalidInput(problem)
    level = await must_be_able(db, actor, held, event)
    reading = Reading(actor.today, {})
    why = reading.text(review.reason, ("input", "reason"), at_most=REASON_LIMIT)
    reading.problems += reason_problems(event, held.case.round, held.case.step, why)
    if reading.problems:
        raise InvalidInput(*reading.problems)
    detail = {"isLate": is_late(held.case.due_on, actor.today), "dueOn": str(held.case.due_on)}
    await happen(db, actor, held, event, level=level, reason=why, detail=detail, operation_id=operation_id)
    return {"case_id": str(review.case_id)}


def _as_json(problem: Problem) -> list[Any]:
    requires = [[one.code, one.of, dict(one.detail)] for one in problem.requires]
    return [problem.code, list(problem.path), dict(problem.detail), requires]
