"""What clients say in a case, and how actions hear it."""

from __future__ import annotations

from typing import Any

import strawberry
from strawberry import UNSET

from domain.cases.actions import Authorisation, Review
from domain.cases.models import ObjectionOutcome
from domain.cases.publishing import Appraisal
from domain.cases.rules import CaseDecisionOutcome, CaseReviewOutcome
from schema import case_words as case_words
from schema.enums import described_enum
from schema.family_inputs import Ids, plain

described_enum(
    CaseReviewOutcome,
    "What a township says of a case. 乡镇审核意见",
    APPROVE="It goes to the county. 同意",
    RETURN="Back to the village's appraisal, with its clock. 退回",
    REJECT="The round is refused. 不同意",
)
described_enum(
    CaseDecisionOutcome,
    "What a county says of a case. 县级审定意见",
    APPROVE="Admitted; in a second round: the risk is gone. 同意",
    RETURN="Back to the township, with its clock. 退回",
    REJECT="The round is refused. 不同意",
    REGISTER_POOR="It is to be registered as poor. 纳入建档立卡",
)

OPERATION = "Made by the client; repeats are answered alike. 操作标识"
THE_CASE = "Which case. 监测对象标识"


@strawberry.input(description="A case on a verified clue. 立案")
class OpenMonitoringCaseInput:
    id: strawberry.ID = strawberry.field(description="Its id, made by the client: a UUID. 监测对象标识")
    clue_id: strawberry.ID = strawberry.field(description="The clue, verified at the door. 线索标识")
    causes: list[str] | None = strawberry.field(
        default=UNSET,
        description="Codes of cause, the main one first, at most three; absent: the family's. 致贫返贫风险代码",
    )
    reason: str | None = strawberry.field(default=UNSET, description="In words; at most 1,000 characters. 说明")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "id": ids.read(self.id, "id"),
            "clue_id": ids.read(self.clue_id, "clueId"),
            "causes": plain(self.causes),
            "reason": plain(self.reason),
        }


@strawberry.input(description="What needs nothing but the case. 案件操作")
class CaseInput:
    operation_id: strawberry.ID = strawberry.field(description=OPERATION)
    case_id: strawberry.ID = strawberry.field(description=THE_CASE)

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "case_id": ids.read(self.case_id, "caseId"),
        }


@strawberry.input(description="A member of age has signed. 授权书")
class AuthorisationInput:
    person_id: strawberry.ID = strawberry.field(description="Who. 授权人标识")
    signed_on: str = strawberry.field(description="Like 2026-03-01. 签署日期")
    document: str = strawberry.field(
        description="The sheet's number in the village's file, or the hash of its scan. 授权书编号"
    )


@strawberry.input(description="Which departments are asked, by whose leave. 发起信息比对")
class RequestComparisonInput(CaseInput):
    authorisations: list[AuthorisationInput] = strawberry.field(
        description="Of all adults; who has signed in this round need not be named again. 授权书"
    )
    organisation_ids: list[strawberry.ID] = strawberry.field(description="Departments, 1 to 30. 比对部门标识")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            **super().arguments(ids),
            "authorisations": [
                Authorisation(
                    ids.read(one.person_id, "authorisations", str(n), "personId"), one.signed_on, one.document
                )
                for n, one in enumerate(self.authorisations)
            ],
            "organisation_ids": [
                ids.read(one, "organisationIds", str(n)) for n, one in enumerate(self.organisation_ids)
            ],
        }


@strawberry.input(description="What a department found. 反馈比对结果")
class AnswerComparisonInput:
    operation_id: strawberry.ID = strawberry.field(description=OPERATION)
    question_id: strawberry.ID = strawberry.field(description="Which question. 比对标识")
    is_hit: bool = strawberry.field(description="Whether something is to be explained. 是否有疑点")
    finding: str | None = strawberry.field(
        default=UNSET, description="What: a must for a hit; at most 1,000 characters. 疑点"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "question_id": ids.read(self.question_id, "questionId"),
            "is_hit": self.is_hit,
            "finding": plain(self.finding),
        }


@strawberry.input(description="What is behind a hit. 说明疑点")
class ExplainHitInput:
    operation_id: strawberry.ID = strawberry.field(description=OPERATION)
    question_id: strawberry.ID = strawberry.field(description="Which question. 比对标识")
    explanation: str = strawberry.field(description="At most 1,000 characters. 情况说明")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "question_id": ids.read(self.question_id, "questionId"),
            "explanation": self.explanation,
        }


@strawberry.input(description="How the village appraised. 登记民主评议")
class RecordAppraisalInput(CaseInput):
    held_on: str = strawberry.field(description="Like 2026-03-01; today or before. 评议日期")
    present: int = strawberry.field(description="How many were there. 参会人数")
    in_favour: int = strawberry.field(description="How many agreed. 同意人数")
    against: int = strawberry.field(description="How many did not. 不同意人数")
    abstained: int = strawberry.field(description="How many abstained. 弃权人数")
    is_agreed: bool = strawberry.field(description="Whether the village agrees. 是否通过")
    minutes: str | None = strawberry.field(
        default=UNSET, description="The minutes' number or the hash of their scan: a must. 会议记录编号"
    )
    reason: str | None = strawberry.field(default=UNSET, description="A must where it does not agree. 说明")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        votes = (self.present, self.in_favour, self.against, self.abstained, self.is_agreed)
        return {
            **super().arguments(ids),
            "held_on": self.held_on,
            "appraisal": Appraisal(*votes),
            "minutes": plain(self.minutes),
            "reason": plain(self.reason),
        }


@strawberry.input(description="Somebody says that a notice is wrong. 受理异议")
class RecordObjectionInput:
    id: strawberry.ID = strawberry.field(description="Its id, made by the client: a UUID. 异议标识")
    case_id: strawberry.ID = strawberry.field(description=THE_CASE)
    says: str = strawberry.field(description="What; at most 1,000 characters. 异议内容")
    objector: str | None = strawberry.field(
        default=UNSET, description="Who, if they say so: never public. Absent: anonymous. 异议人"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "id": ids.read(self.id, "id"),
            "case_id": ids.read(self.case_id, "caseId"),
            "says": self.says,
            "objector": plain(self.objector),
        }


@strawberry.input(description="The answer to an objection. 答复异议")
class ResolveObjectionInput:
    operation_id: strawberry.ID = strawberry.field(description=OPERATION)
    objection_id: strawberry.ID = strawberry.field(description="Which objection. 异议标识")
    outcome: ObjectionOutcome = strawberry.field(description="Whether it is upheld, and what follows. 处理结果")
    answer: str = strawberry.field(description="In words; at most 1,000 characters. 答复")
    causes: list[str] | None = strawberry.field(
        default=UNSET, description="For CORRECTED: the causes of the case as they should be. 更正后的风险代码"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "objection_id": ids.read(self.objection_id, "objectionId"),
            "outcome": self.outcome,
            "answer": self.answer,
            "causes": plain(self.causes),
        }


@strawberry.input(description="What a township says of one case. 乡镇审核")
class ReviewAtTownshipInput(CaseInput):
    outcome: CaseReviewOutcome = strawberry.field(description="Approve, return or reject. 审核意见")
    reason: str | None = strawberry.field(default=UNSET, description="A must unless it is approved. 说明")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        given = super().arguments(ids)
        review = Review(given.pop("case_id"), self.outcome, plain(self.reason))
        return {**given, "review": review}


@strawberry.input(description="What a township says of one of many cases. 乡镇审核意见")
class CaseReviewInput:
    case_id: strawberry.ID = strawberry.field(description=THE_CASE)
    outcome: CaseReviewOutcome = strawberry.field(description="Approve, return or reject. 审核意见")
    reason: str | None = strawberry.field(default=UNSET, description="A must unless it is approved. 说明")


@strawberry.input(description="What a township says of many cases. 批量审核")
class ReviewCasesAtTownshipInput:
    operation_id: strawberry.ID = strawberry.field(description=OPERATION)
    reviews: list[CaseReviewInput] = strawberry.field(description="1 to 200, each by itself. 审核意见")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "reviews": [
                Review(ids.read(one.case_id, "reviews", str(n), "caseId"), one.outcome, plain(one.reason))
                for n, one in enumerate(self.reviews)
            ],
        }


@strawberry.input(description="What the county decides. 县级审定")
class DecideAtCountyInput(CaseInput):
    outcome: CaseDecisionOutcome = strawberry.field(description="Approve, return, reject or register as poor. 审定意见")
    category: str | None = strawberry.field(
        default=UNSET,
        description="Code of monitoring_category; the rule names it, a must only where months of the income are unknown. "
        "监测对象类别代码",
    )
    reason: str | None = strawberry.field(default=UNSET, description="A must unless it is approved. 说明")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            **super().arguments(ids),
            "outcome": self.outcome,
            "category": plain(self.category),
            "reason": plain(self.reason),
        }


@strawberry.input(description="The end of a family's risk. 提出风险消除")
class ProposeEliminationInput(CaseInput):
    reason: str = strawberry.field(description="How the risk has gone; at most 1,000 characters. 风险消除情况")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {**super().arguments(ids), "reason": self.reason}


@strawberry.input(description="Another category, as the township finds it. 类别调整")
class ApproveCategoryChangeInput(CaseInput):
    category: str = strawberry.field(
        description="Code of monitoring_category; REGISTERED_POOR where the family has fallen. 类别代码"
    )
    reason: str = strawberry.field(description="At most 1,000 characters. 说明")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {**super().arguments(ids), "category": self.category, "reason": self.reason}


@strawberry.input(description="What the county says to another category. 类别调整审定")
class DecideCategoryChangeInput(CaseInput):
    is_agreed: bool = strawberry.field(description="Whether it agrees. 是否同意")
    reason: str | None = strawberry.field(default=UNSET, description="A must where it does not. 说明")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {**super().arguments(ids), "is_agreed": self.is_agreed, "reason": plain(self.reason)}


@strawberry.input(description="Somebody is a relative of a family. 亲属关系申报")
class DeclareKinshipInput:
    operation_id: strawberry.ID = strawberry.field(description=OPERATION)
    household_id: strawberry.ID = strawberry.field(description="Of which family. 农户标识")
    relation: str = strawberry.field(description="In words, at most 50 characters, like 堂兄. 亲属关系")
    account_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="Whose account; absent: one's own. 账号标识"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "household_id": ids.read(self.household_id, "householdId"),
            "relation": self.relation,
            "account_id": ids.read(self.account_id, "accountId"),
        }
