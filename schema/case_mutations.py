"""What can be done in a case: each mutation is one row, or a few, of the table in docs/cases.md."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry

from domain.base.errors import Party, Problem, Requirement
from domain.cases import actions
from schema.case_inputs import (
    AnswerComparisonInput,
    CaseInput,
    DecideAtCountyInput,
    ExplainHitInput,
    OpenMonitoringCaseInput,
    RecordAppraisalInput,
    RecordObjectionInput,
    RequestComparisonInput,
    ResolveObjectionInput,
    ReviewAtTownshipInput,
    ReviewCasesAtTownshipInput,
)
from schema.cases import ComparisonQuestion, MonitoringCase
from schema.clues import Clue
from schema.context import Info
from schema.engine import keyed
from schema.errors import WHAT_TO_DO, UserError, user_errors
from schema.families import carried_out
from schema.family_inputs import ActionInput


@strawberry.type(description="What became of a case. 监测对象操作结果")
class MonitoringCasePayload:
    monitoring_case: MonitoringCase | None = strawberry.field(
        description="The case as it is now; null when refused. 监测对象"
    )
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type(description="What became of a question to a department. 信息比对操作结果")
class ComparisonQuestionPayload:
    question: ComparisonQuestion | None = strawberry.field(
        description="The question as it is now; null when refused. 信息比对"
    )
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type(description="What became of an objection. 受理异议结果")
class ObjectionPayload:
    monitoring_case: MonitoringCase | None = strawberry.field(
        description="The case as it is now; null when refused. 监测对象"
    )
    clue: Clue | None = strawberry.field(
        description="The clue that it became, where it came after the notice. 期满后反映的线索"
    )
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type(description="What became of one case of many. 单个监测对象的审核结果")
class CaseReviewResult:
    monitoring_case: MonitoringCase | None = strawberry.field(
        description="The case as it is now; null where the viewer does not see it. 监测对象"
    )
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type(description="What became of many cases. 批量审核结果")
class CaseReviewsPayload:
    results: list[CaseReviewResult] = strawberry.field(description="In the order given. 逐案结果")
    errors: list[UserError] = strawberry.field(description="What is wrong with the whole. 错误")


async def case_after(info: Info, action: Any, input: ActionInput) -> MonitoringCasePayload:
    """The case as it is after the action, or what is wrong."""
    done, errors = await carried_out(info, action, input)
    return MonitoringCasePayload(monitoring_case=done and keyed(MonitoringCase, done["case_id"]), errors=errors)


def _result(info: Info, found: dict[str, Any]) -> CaseReviewResult:
    problems = [
        Problem(
            code, tuple(path), detail, requires=tuple(Requirement(one, Party(of), told) for one, of, told in requires)
        )
        for code, path, detail, requires in found["problems"]
    ]
    errors = user_errors(problems, info.context.actor.viewer.language)
    return CaseReviewResult(monitoring_case=keyed(MonitoringCase, found["case_id"]), errors=errors)


@strawberry.type
class CaseMutations:
    """From the verified clue to the decision."""

    @strawberry.mutation(description="Opens a case on a verified clue; day 0 is the clue's. 立案")
    async def open_monitoring_case(
        self, info: Info, input: Annotated[OpenMonitoringCaseInput, WHAT_TO_DO]
    ) -> MonitoringCasePayload | None:
        return await case_after(info, actions.open_monitoring_case, input)

    @strawberry.mutation(description="Asks departments about the adults of a family, who have signed. 发起信息比对")
    async def request_comparison(
        self, info: Info, input: Annotated[RequestComparisonInput, WHAT_TO_DO]
    ) -> MonitoringCasePayload | None:
        return await case_after(info, actions.request_comparison, input)

    @strawberry.mutation(description="A department says what it found. 反馈比对结果")
    async def answer_comparison(
        self, info: Info, input: Annotated[AnswerComparisonInput, WHAT_TO_DO]
    ) -> ComparisonQuestionPayload | None:
        done, errors = await carried_out(info, actions.answer_comparison, input)
        return ComparisonQuestionPayload(
            question=done and keyed(ComparisonQuestion, done["question_id"]), errors=errors
        )

    @strawberry.mutation(description="The village says what is behind a hit; a hit rejects nobody. 说明比对疑点")
    async def explain_hit(
        self, info: Info, input: Annotated[ExplainHitInput, WHAT_TO_DO]
    ) -> MonitoringCasePayload | None:
        return await case_after(info, actions.explain_hit, input)

    @strawberry.mutation(description="Everybody answered, or had the days to: the village appraises. 结束信息比对")
    async def conclude_comparison(
        self, info: Info, input: Annotated[CaseInput, WHAT_TO_DO]
    ) -> MonitoringCasePayload | None:
        return await case_after(info, actions.conclude_comparison, input)

    @strawberry.mutation(description="Writes down how the village appraised. 登记民主评议")
    async def record_appraisal(
        self, info: Info, input: Annotated[RecordAppraisalInput, WHAT_TO_DO]
    ) -> MonitoringCasePayload | None:
        return await case_after(info, actions.record_appraisal, input)

    @strawberry.mutation(description="Hangs the notice today, redacted by construction. 张榜公示")
    async def publish_notice(self, info: Info, input: Annotated[CaseInput, WHAT_TO_DO]) -> MonitoringCasePayload | None:
        return await case_after(info, actions.publish_notice, input)

    @strawberry.mutation(
        description="Writes an objection down, anonymous ones too; after the notice's last day it is a clue. 受理异议"
    )
    async def record_objection(
        self, info: Info, input: Annotated[RecordObjectionInput, WHAT_TO_DO]
    ) -> ObjectionPayload | None:
        done, errors = await carried_out(info, actions.record_objection, input)
        return ObjectionPayload(
            monitoring_case=done and keyed(MonitoringCase, done["case_id"]),
            clue=done and done["clue_id"] and keyed(Clue, done["clue_id"]),
            errors=errors,
        )

    @strawberry.mutation(description="Answers an objection; by nobody who verified. 答复异议")
    async def resolve_objection(
        self, info: Info, input: Annotated[ResolveObjectionInput, WHAT_TO_DO]
    ) -> MonitoringCasePayload | None:
        return await case_after(info, actions.resolve_objection, input)

    @strawberry.mutation(description="The township approves, returns or rejects, from day 6 of the notice. 乡镇审核")
    async def review_at_township(
        self, info: Info, input: Annotated[ReviewAtTownshipInput, WHAT_TO_DO]
    ) -> MonitoringCasePayload | None:
        return await case_after(info, actions.review_at_township, input)

    @strawberry.mutation(description="The same of up to 200 cases, with a result for each. 批量审核")
    async def review_cases_at_township(
        self, info: Info, input: Annotated[ReviewCasesAtTownshipInput, WHAT_TO_DO]
    ) -> CaseReviewsPayload | None:
        done, errors = await carried_out(info, actions.review_cases_at_township, input)
        found = [] if done is None else done["results"]
        return CaseReviewsPayload(results=[_result(info, one) for one in found], errors=errors)

    @strawberry.mutation(description="The county decides, under the category that the rule names. 县级审定")
    async def decide_at_county(
        self, info: Info, input: Annotated[DecideAtCountyInput, WHAT_TO_DO]
    ) -> MonitoringCasePayload | None:
        return await case_after(info, actions.decide_at_county, input)

    @strawberry.mutation(description="Announces what was decided: monitored from today, or the risk is gone. 结果公告")
    async def announce_result(
        self, info: Info, input: Annotated[CaseInput, WHAT_TO_DO]
    ) -> MonitoringCasePayload | None:
        return await case_after(info, actions.announce_result, input)

    @strawberry.mutation(description="The national system has it now; beside the steps. 确认录入全国系统")
    async def confirm_national_entry(
        self, info: Info, input: Annotated[CaseInput, WHAT_TO_DO]
    ) -> MonitoringCasePayload | None:
        return await case_after(info, actions.confirm_national_entry, input)
