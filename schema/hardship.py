"""Reporting hardship without an account, or for somebody who calls, and asking with the receipt what became of it."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Annotated, Final, TypeVar

import strawberry
from graphql import GraphQLError
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry import UNSET

from domain.base.errors import DomainError, InvalidInput, refused
from domain.hardship.actions import Receipt, enter_hotline_call, report_hardship
from domain.hardship.queries import calls_of_viewer, facts_of
from domain.hardship.receipts import kept_of, receipt_of, receipt_read
from domain.hardship.rules import (
    GivenReport,
    HardshipReportReason,
    HardshipReportState,
    ObjectionRoute,
    ReportFacts,
    desk_of,
    status_of,
)
from schema.context import Info
from schema.enums import described_enum
from schema.errors import WHAT_TO_DO, UserError, asked, user_errors
from schema.family_inputs import Ids, plain
from schema.messages import message

CALLS_AT_ONCE: Final = 200

described_enum(
    HardshipReportState,
    "What became of a report. 报告状态",
    RECEIVED="It has come; on its first day nothing more is told. 已接收",
    BEING_VERIFIED="It is being looked into. 核实中",
    VERIFIED="The hardship is true; what helps comes next. 属实",
    NOT_CONFIRMED="The family was called on, and it is not so. 不属实",
    CLOSED="It led no further; the reason says why. 已办结",
)
described_enum(
    HardshipReportReason,
    "Why a report led no further. 未予认定原因",
    DUPLICATE="The same was reported before. 重复报告",
    WITHDRAWN="Whoever reported it took it back. 已撤回",
    UNKNOWN_HERE="Nobody like that lives there. 查无此户",
    NOT_CONFIRMED_AT_DOOR="It was not so when the family was called on. 入户核实不属实",
    NOTHING_TO_VERIFY="There is no such family any more. 该户已注销",
)
described_enum(
    ObjectionRoute,
    "Whom to turn to. 申诉途径",
    TOWNSHIP="The township's office. 乡镇",
    COUNTY="The county's office. 县级部门",
)


@strawberry.input(description="Hardship, one's own or a neighbour's. 一键报贫")
class ReportHardshipInput:
    id: strawberry.ID = strawberry.field(
        description="Made by the client, a random UUID; repeats are answered alike. 报告标识"
    )
    village_code: str = strawberry.field(description="The 12 digits of the village the family lives in. 行政村代码")
    name: str = strawberry.field(description="Who is in hardship; at most 50 characters. 姓名")
    for_somebody_else: bool = strawberry.field(description="Whether somebody else reports it. 是否代报")
    kind: str = strawberry.field(description="Code of clue_sign: what the matter is. 困难类型代码")
    text: str = strawberry.field(description="In one's own words; at most 1,000 characters. 情况说明")
    id_number: str | None = strawberry.field(
        default=UNSET, description="Identity number of who is in hardship, GB 11643. 公民身份号码"
    )
    phone: str | None = strawberry.field(default=UNSET, description="Where one can be called back. 联系电话")

    def report(self) -> GivenReport:
        return GivenReport(
            village_code=self.village_code,
            name=self.name,
            sign=self.kind,
            text=self.text,
            is_for_somebody_else=self.for_somebody_else,
            id_number=plain(self.id_number),
            phone=plain(self.phone),
        )


@strawberry.type(description="What one takes home. 报告结果")
class ReportHardshipPayload:
    receipt_code: str | None = strawberry.field(
        description="To ask with what became of it, like K7QM-2XFA-9RTB-WD4H: nobody else knows it, and it is not given "
        "again. Null when refused. 回执码"
    )
    due_on: date | None = strawberry.field(description="By when somebody should have looked into it. 核实期限")
    expires_at: datetime | None = strawberry.field(description="Until when the receipt tells anything. 回执失效时刻")
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was taken. 错误")


@strawberry.input(description="What somebody told the hotline. 录入热线来电")
class EnterHotlineCallInput(ReportHardshipInput):
    """The same as a report; who enters it is the operator."""


@strawberry.type(description="What the operator tells the caller. 来电录入结果")
class EnterHotlineCallPayload(ReportHardshipPayload):
    """The same as for a report."""


Payload = TypeVar("Payload", bound=ReportHardshipPayload)


@strawberry.type(description="What became of a report: codes and days, no names. 报告办理状态")
class HardshipReportStatus:
    state: HardshipReportState = strawberry.field(description="Where it stands. 状态")
    reason: HardshipReportReason | None = strawberry.field(description="Why it led no further. 原因")
    received_on: date = strawberry.field(description="The day in China on which it came. 接收日期")
    due_on: date = strawberry.field(
        description="The last day on which somebody looks into it in time, until 24:00. 核实期限"
    )
    objection: ObjectionRoute | None = strawberry.field(
        description="Whom to turn to, where it led no further or nobody looked into it in time. 申诉途径"
    )

    @classmethod
    def of(cls, facts: ReportFacts, today: date) -> HardshipReportStatus:
        """What is told of it on that day."""
        status = status_of(facts, today)
        return cls(
            state=status.state,
            reason=status.reason,
            received_on=facts.began_on,
            due_on=facts.due_on,
            objection=status.objection,
        )


@strawberry.type(description="A call, for whoever entered it: its receipt and what became of it, no names. 热线来电")
class HotlineCall:
    id: strawberry.ID = strawberry.field(description="As it was entered under. 来电标识")
    receipt_code: str = strawberry.field(description="What the caller was told, to ask with. 回执码")
    received_at: datetime = strawberry.field(description="When it was entered. 录入时刻")
    status: HardshipReportStatus = strawberry.field(description="What became of it. 办理状态")


@strawberry.type
class HardshipQueries:
    """Root fields for who holds a receipt, and for who gave them out on the telephone."""

    @strawberry.field(
        description="What became of a report, by its receipt; no login. Null for a receipt that is unknown, mistyped or "
        "has expired. Ask by POST only: it is a secret. 报告进度查询"
    )
    async def hardship_report(
        self,
        info: Info,
        receipt_code: Annotated[str, strawberry.argument(description="As it was given, or typed by hand. 回执码")],
    ) -> HardshipReportStatus | None:
        context = info.context
        if context.is_get:
            language = context.actor.viewer.language
            raise GraphQLError(message("ASK_BY_POST", language, {}), extensions={"code": "ASK_BY_POST"})
        # What is no receipt is looked for, too: it takes as long as one that is unknown.
        receipt_mac = kept_of(receipt_read(receipt_code) or "", context.mac)
        facts = await context.carry_out(lambda db: facts_of(db, receipt_mac, context.actor.at))
        return None if facts is None else HardshipReportStatus.of(facts, context.actor.today)

    @strawberry.field(
        description=f"The calls that the viewer entered, the newest {CALLS_AT_ONCE} whose receipts still tell anything, "
        "the newest first. 我录入的来电"
    )
    async def hotline_calls(self, info: Info) -> list[HotlineCall]:
        context = info.context

        async def calls() -> list[HotlineCall]:
            actor = context.actor
            found = await context.carry_out(lambda db: calls_of_viewer(db, actor.at, CALLS_AT_ONCE))
            return [
                HotlineCall(
                    id=strawberry.ID(str(call_id)),
                    receipt_code=receipt_of(call_id, context.mac),
                    received_at=facts.received_at,
                    status=HardshipReportStatus.of(facts, actor.today),
                )
                for call_id, facts in found
            ]

        return await asked(info, calls)


@strawberry.type
class HardshipMutations:
    """What everybody may do, and the hotline for them."""

    @strawberry.mutation(
        description="Reports hardship; no login. Answers a receipt, and alike whether or not such a person is on record. "
        "一键报贫"
    )
    async def report_hardship(
        self, info: Info, input: Annotated[ReportHardshipInput, WHAT_TO_DO]
    ) -> ReportHardshipPayload | None:
        context = info.context

        async def report(db: AsyncSession, id: uuid.UUID, given: GivenReport) -> Receipt:
            return await report_hardship(
                db, context.actor, id=id, given=given, sender_mac=context.sender_mac, mac=context.mac
            )

        return await _taken_in(info, input, report, ReportHardshipPayload)

    @strawberry.mutation(description="Writes down what somebody told the hotline, as a report of theirs. 录入热线来电")
    async def enter_hotline_call(
        self, info: Info, input: Annotated[EnterHotlineCallInput, WHAT_TO_DO]
    ) -> EnterHotlineCallPayload | None:
        context = info.context

        async def enter(db: AsyncSession, id: uuid.UUID, given: GivenReport) -> Receipt:
            if not context.actor.viewer.is_signed_in:
                raise refused("SIGN_IN_REQUIRED")
            return await enter_hotline_call(db, context.actor, id=id, given=given, mac=context.mac)

        return await _taken_in(info, input, enter, EnterHotlineCallPayload)


async def _taken_in(
    info: Info,
    input: ReportHardshipInput,
    action: Callable[[AsyncSession, uuid.UUID, GivenReport], Awaitable[Receipt]],
    payload: type[Payload],
) -> Payload:
    """The action's receipt, under the eyes of the desk, or what is wrong."""
    viewer, ids = info.context.actor.viewer, Ids()
    report_id: uuid.UUID = ids.read(input.id, "id")
    given = input.report()
    try:
        if ids.problems:
            raise InvalidInput(*ids.problems)
        desk = desk_of(viewer, given.village_code)
        receipt = await info.context.carry_out(lambda db: action(db, report_id, given), desk=desk)
    except DomainError as error:
        errors = user_errors(error.problems, viewer.language, is_retryable=error.is_retryable)
        return payload(receipt_code=None, due_on=None, expires_at=None, errors=errors)
    return payload(receipt_code=receipt.code, due_on=receipt.report.due_on, expires_at=receipt.expires_at, errors=[])
