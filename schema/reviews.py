"""What waited too long for its family: officers say which family it belongs to, or that it belongs to none."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any

import strawberry
from sqlalchemy import and_
from strawberry import UNSET
from strawberry.scalars import JSON

from domain.base.models import sealed_text
from domain.base.sealed_fields import CONTENT
from domain.sync.deferred import judge_waiting
from domain.sync.reviewing import ReviewDecision, is_in_review, review_submission, sees_review, standing
from domain.visits import models as m
from domain.visits.models import SubmissionOutcome
from schema.context import Info
from schema.engine import Connection, by, described, entity, keyed, opened, pages, planned
from schema.enums import described_enum
from schema.errors import WHAT_TO_DO, UserError, user_errors
from schema.families import carried_out
from schema.family_inputs import Ids, plain
from schema.submissions import SubmissionError, submission_errors
from schema.viewer import Actor
from schema.visits import Visit

described_enum(
    ReviewDecision,
    "What an officer says about a submission in review. 复核决定",
    DISMISS="It belongs to no family; its author is told why. 不予采纳",
    BELONGS_TO="It belongs to a family that the officer names. 归入农户",
)


@entity(m.Submission, scope=and_(sees_review(), is_in_review()))
class SubmissionInReview:
    """A visit whose family did not come within five days, for officers where its author helps. 待复核提交"""

    id: strawberry.ID = described("The id of what was sent. 唯一标识")
    kind: str = described("What it is: VISIT. 类型")
    submitter: Actor = described("Who sent it. 提交人")
    content: JSON = opened(  # type: ignore[assignment]  # one of the two is always there
        sealed_text(CONTENT, m.Submission.id, m.Submission.content_sealed),
        otherwise=m.Submission.content,
        description="What was sent, word for word. 提交内容",
    )
    received_at: datetime = described("When it first came. 首次接收时间")
    review_since: datetime | None = described("Since when it is in review. 转复核时间")

    @planned
    def errors(self) -> list[SubmissionError]:
        """Why it could not be stored. 错误"""
        return submission_errors()


@strawberry.type
class ReviewQueries:
    """The root field about what officers are to decide."""

    submissions_in_review: Connection[SubmissionInReview] = pages(
        order=by(m.Submission.review_since),
        description="What waits for an officer's decision, the longest waiting first. 待复核提交列表",
    )


@strawberry.input(description="An officer's decision on a submission in review. 复核")
class ReviewSubmissionInput:
    operation_id: strawberry.ID = strawberry.field(
        description="Made by the client; repeats are answered alike. 操作标识"
    )
    submission_id: strawberry.ID = strawberry.field(description="Which submission. 提交记录标识")
    decision: ReviewDecision = strawberry.field(description="What is decided. 决定")
    reason: str = strawberry.field(description="Why; its author reads it where it is dismissed. 原因")
    household_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="BELONGS_TO: the family, one of the officer's region. 农户标识"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "submission_id": ids.read(self.submission_id, "submissionId"),
            "decision": self.decision,
            "reason": self.reason,
            "household_id": ids.read(plain(self.household_id), "householdId"),
        }


@strawberry.type(description="What became of a submission that was reviewed. 复核结果")
class ReviewSubmissionPayload:
    outcome: SubmissionOutcome | None = strawberry.field(
        description="APPLIED or REJECTED; DEFERRED where it does not hold for that family either, and is in review as "
        "before; null when the decision was refused. 提交结果"
    )
    visit: Visit | None = strawberry.field(description="The visit, its author's, when it is stored. 走访")
    errors: list[UserError] = strawberry.field(
        description="What is wrong with the decision, with paths from `input`; or with what was sent, from `content`. 错误"
    )


@strawberry.type
class ReviewMutations:
    """Officers decide."""

    @strawberry.mutation(
        description="Settles a submission in review: dismissed, or stored as its author's visit to a family. 提交复核"
    )
    async def review_submission(
        self, info: Info, input: Annotated[ReviewSubmissionInput, WHAT_TO_DO]
    ) -> ReviewSubmissionPayload | None:
        context = info.context
        done, errors = await carried_out(info, review_submission, input)
        if done is None:
            return ReviewSubmissionPayload(outcome=None, visit=None, errors=errors)
        if "household_id" in done:
            await judge_waiting(context.sessions, context.actor.at, [uuid.UUID(done["household_id"])])
        submission_id = uuid.UUID(done["submission_id"])
        outcome, problems = await context.carry_out(lambda db: standing(db, context.actor.viewer, submission_id))
        return ReviewSubmissionPayload(
            outcome=outcome,
            visit=keyed(Visit, submission_id) if outcome is SubmissionOutcome.APPLIED else None,
            errors=user_errors((one.under("content") for one in problems), context.actor.viewer.language),
        )
