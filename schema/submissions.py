"""What phones send, and what became of it: submitting and amending visits, and finding again what was refused."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, cast

import strawberry
from sqlalchemy import DateTime, Integer, Text, column, func, select, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from strawberry.scalars import JSON

from domain.access.queries import VIEWER_ID
from domain.base.models import sealed_text
from domain.base.sealed_fields import CONTENT
from domain.visits import models as m
from domain.visits.actions import Judged, submit_visits
from domain.visits.amending import amend_visit
from domain.visits.items import Document
from domain.visits.models import SubmissionOutcome
from schema.context import Info
from schema.documents import document
from schema.engine import (
    Connection,
    by,
    computed,
    described,
    entity,
    everyone,
    is_in,
    keyed,
    many,
    matches,
    one,
    opened,
    pages,
    planned,
    rows_of,
)
from schema.enums import described_enum
from schema.errors import UserError, answered, user_errors
from schema.messages import message
from schema.places import GeoPointInput
from schema.visits import Visit
from schema.walls import LANGUAGE

described_enum(
    SubmissionOutcome,
    "What became of an item that a phone sent. 提交结果",
    APPLIED="Stored. 已保存",
    REPLAYED="Stored before, with the same content. 已提交过",
    DEFERRED="Kept, and judged again by itself when what it waits for has come; sending it again does no harm. 待处理",
    CONFLICT="Other content is stored under this id. 内容冲突",
    REJECTED="Kept, and to be mended: send it again when it is. 已退回",
)

# --- what was sent ---------------------------------------------------------------------------------------------------

_ERROR = rows_of("submission_error", position=Integer(), code=Text(), path=JSONB(), detail=JSONB())


@entity(_ERROR, scope=everyone(), key=("position",))
class SubmissionError:
    """Something wrong with a kept item. 提交错误"""

    code: str = described("Stable code from the published catalogue. 错误代码")
    message: str = computed(
        lambda code, detail, language: message(code, language, detail),
        _ERROR.c.code,
        _ERROR.c.detail,
        LANGUAGE,
        description="What is wrong, in the client's language. 错误说明",
    )
    path: JSON = described("Which part of the item: texts, from `input` down, which stands for the item. 输入路径")


def submission_errors() -> list[SubmissionError]:
    """The problems of a submission, one row each."""
    problems = (
        func.jsonb_array_elements(m.Submission.problems)
        .table_valued(column("problem", JSONB()), with_ordinality="position", name="problems")
        .render_derived()
    )
    rows = select(
        type_coerce(problems.c.position, Integer).label("position"),
        problems.c.problem["code"].astext.label("code"),
        problems.c.problem["path"].label("path"),
        problems.c.problem["detail"].label("detail"),
    )
    return many(SubmissionError, source=rows, order_by=(_ERROR.c.position,))


@entity(m.Submission, scope=m.Submission.submitter_id == VIEWER_ID)
class Submission:
    """What the viewer's phone sent, word for word, and what became of it; refused and deferred ones too. 提交记录"""

    id: strawberry.ID = described("The id of what was sent; made here where that was no UUID. 唯一标识")
    kind: str = described("What it is: VISIT, or HOUSEHOLD for a pushed one. 类型")
    outcome: SubmissionOutcome = described("What became of it. 提交结果")
    content: JSON = opened(  # type: ignore[assignment]  # one of the two is always there
        sealed_text(CONTENT, m.Submission.id, m.Submission.content_sealed),
        otherwise=m.Submission.content,
        description="What was sent. 提交内容",
    )
    received_at: datetime = described("When it first came. 首次接收时间")
    judged_at: datetime = described("When it was last judged. 最近判定时间")
    review_since: datetime | None = described(
        "Since when it was with officers to decide, as its family did not come; else null. 转复核时间"
    )

    @planned
    def errors(self) -> list[SubmissionError]:
        """Why it was refused or deferred. 错误"""
        return submission_errors()

    @planned
    def visit(self) -> Visit | None:
        """The visit that was stored, if it was. 走访"""
        return one(Visit, m.Visit.id == m.Submission.id, m.Submission.outcome == SubmissionOutcome.APPLIED)


@strawberry.input(description="Which submissions; all conditions together. 提交记录筛选条件")
class SubmissionFilter:
    outcomes: list[SubmissionOutcome] | None = is_in(
        m.Submission.outcome, description="With one of these outcomes. 提交结果"
    )
    received_since: datetime | None = matches(
        lambda at: m.Submission.received_at >= at,
        DateTime(timezone=True),
        description="Received at this instant or later. 接收时间不早于",
    )


@strawberry.type
class SubmissionQueries:
    """The root field about what the viewer sent."""

    submissions: Connection[Submission] = pages(
        filter=SubmissionFilter,
        order=by(m.Submission.received_at.desc()),
        description="What the viewer submitted, the latest first; refused and deferred ones too. 我的提交",
    )


# --- sending ---------------------------------------------------------------------------------------------------------


def _optional(description: str) -> Any:
    return strawberry.field(default=strawberry.UNSET, description=description)


@strawberry.input(description="Something that somebody should act on. 发现问题")
class FindingInput:
    id: strawberry.ID = strawberry.field(description="Its id, made by the phone: a UUID. 唯一标识")
    kind: str = strawberry.field(description="Code of `finding`. 问题类型代码")
    person_id: strawberry.ID | None = _optional("Whom of the family it is about. 涉及成员标识")
    note: str | None = _optional("In the visitor's words, at most 4,000 characters. 备注")


@strawberry.input(description="A photo that will be uploaded. 照片")
class PhotoInput:
    id: strawberry.ID = strawberry.field(description="Its id, made by the phone: a UUID. 唯一标识")
    sha256: str = strawberry.field(description="The SHA-256 of its bytes in 64 hex digits. 校验值")
    byte_size: int = strawberry.field(description="Its size in bytes. 字节数")
    media_type: str = strawberry.field(description="image/jpeg, image/png, image/webp or image/heic. 媒体类型")
    taken_at: str | None = _optional("When it was taken: an instant with its offset. 拍摄时间")
    location: GeoPointInput | None = _optional("Where it was taken. 拍摄位置")


@document
@strawberry.input(description="A visit as the phone has it. Whatever is wrong with it refuses it alone. 走访")
class VisitInput:
    id: strawberry.ID = strawberry.field(description="Its id, made by the phone: a UUID. 唯一标识")
    household_id: strawberry.ID = strawberry.field(description="The household. 农户标识")
    purpose: str = strawberry.field(description="Code of `visit_purpose`. 走访目的代码")
    contact: str = strawberry.field(description="IN_PERSON, REMOTE or NOBODY_HOME. 联系方式")
    occurred_at: str = strawberry.field(description="When it happened: an instant with its offset. 走访时间")
    captured_at: str = strawberry.field(description="When it was written down. 填写时间")
    location: GeoPointInput | None = _optional("Where the phone was; a missing one never disqualifies. 位置")
    form_id: strawberry.ID = strawberry.field(description="The form that was answered. 调查表标识")
    form_version: int = strawberry.field(description="Its version. 调查表版本号")
    answers: JSON = strawberry.field(description="An object: the answers by question key; at most 256 KiB. 调查答案")
    findings: list[FindingInput] | None = _optional("What was found, in order; at most 50. 发现问题")
    companion_ids: list[strawberry.ID] | None = _optional("Helpers who came along; at most 20. 随访人员标识")
    photos: list[PhotoInput] | None = _optional("At most 30. 照片")
    note: str | None = _optional("In the visitor's words, at most 4,000 characters. 备注")


@strawberry.input(description="Visits that a phone sends. 提交走访")
class SubmitVisitsInput:
    visits: list[VisitInput] = strawberry.field(description="At most 500. 走访列表")
    sent_at: str = strawberry.field(
        description="The phone's clock when it sends, with its offset: so its skew is known. 发送时间"
    )


@strawberry.input(description="A visit that takes the place of another. 更正走访")
class AmendVisitInput:
    visit_id: strawberry.ID = strawberry.field(description="The visit to correct. 所更正走访的标识")
    reason: str = strawberry.field(description="Why. 更正原因")
    visit: VisitInput = strawberry.field(
        description="The visit as it should be, whole, under a new id. Photos that stay are announced again under new "
        "ids with the same hash. 更正后的走访"
    )
    sent_at: str = strawberry.field(description="The phone's clock when it sends, with its offset. 发送时间")


@strawberry.type(description="The answer to one visit that was sent. 单条提交结果")
class SubmissionResult:
    id: strawberry.ID = strawberry.field(description="The id as it was sent. 标识")
    outcome: SubmissionOutcome = strawberry.field(description="What became of it. 提交结果")
    visit: Visit | None = strawberry.field(
        description="The visit as it is now, when it is stored: APPLIED or REPLAYED. 走访"
    )
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it is stored. 错误")


@strawberry.type(description="One result for each visit, in the order sent. 提交结果列表")
class SubmitVisitsPayload:
    results: list[SubmissionResult] = strawberry.field(
        description="Empty when the request as a whole was refused. 各条结果"
    )
    errors: list[UserError] = strawberry.field(description="Why the request as a whole was refused. 错误")


@strawberry.type(description="The correction. 更正结果")
class AmendVisitPayload:
    visit: Visit | None = strawberry.field(description="The new visit; null when refused. 更正后的走访")
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type
class SubmissionMutations:
    """Visits coming in."""

    @strawberry.mutation(
        description="Submits up to 500 visits, each judged for itself; safe to repeat after a lost answer. 提交走访"
    )
    async def submit_visits(
        self,
        info: Info,
        input: Annotated[SubmitVisitsInput, strawberry.argument(description="The visits. 走访")],
    ) -> SubmitVisitsPayload | None:
        actor, items = info.context.actor, cast(list[Document], input.visits)
        judged, errors = await answered(info, lambda db: submit_visits(db, actor, items=items, sent_at=input.sent_at))
        language = actor.viewer.language
        return SubmitVisitsPayload(results=[_result(answer, language) for answer in judged or ()], errors=errors)

    @strawberry.mutation(
        description="Puts a new visit in the place of one that was wrong; both stay. By its author or an officer. 更正走访"
    )
    async def amend_visit(
        self,
        info: Info,
        input: Annotated[AmendVisitInput, strawberry.argument(description="The correction. 更正")],
    ) -> AmendVisitPayload | None:
        actor, document = info.context.actor, cast(Document, input.visit)
        visit_id, errors = await answered(
            info,
            lambda db: amend_visit(
                db, actor, visit_id=input.visit_id, reason=input.reason, document=document, sent_at=input.sent_at
            ),
        )
        return AmendVisitPayload(visit=None if visit_id is None else keyed(Visit, visit_id), errors=errors)


def _result(answer: Judged, language: str) -> SubmissionResult:
    is_retryable = answer.outcome is SubmissionOutcome.DEFERRED
    return SubmissionResult(
        id=strawberry.ID(answer.id),
        outcome=answer.outcome,
        visit=None if answer.visit_id is None else keyed(Visit, answer.visit_id),
        errors=user_errors(answer.problems, language, is_retryable=is_retryable),
    )
