"""What can be done about grades: proposing, reviewing, filing; and what is on record before anybody does."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from domain.grades import actions
from domain.grades.rules import FilingOutcome, ReviewOutcome
from domain.grades.showing import show_indicators
from schema.context import Info
from schema.engine import keyed
from schema.enums import described_enum
from schema.errors import WHAT_TO_DO, UserError, asked
from schema.families import carried_out
from schema.family_inputs import Ids, plain
from schema.grades import GradeChange, GradeIndicator, RiskGrade

described_enum(
    ReviewOutcome,
    "What the township says of a proposal. 审核结果",
    NO_OBJECTION="It goes on to the county. 审核无异议",
    RETURNED="It goes back to the village, for another one. 退回",
)
described_enum(
    FilingOutcome,
    "What the county does. 备案结果",
    FILED="It is filed, and holds from today. 备案",
    ANOTHER_ASKED_FOR="Another one is asked for; the county changes no level itself. 要求重新评定",
)

OPERATION = "Made by the client; repeats are answered alike. 操作标识"


@strawberry.input(description="A level for a household, after a call at its door. 提出风险等级建议")
class ProposeGradeInput:
    id: strawberry.ID = strawberry.field(description="The grade's id, made by the client: a UUID. 唯一标识")
    household_id: strawberry.ID = strawberry.field(description="Which household. 农户标识")
    scheme: str = strawberry.field(description="Code of the scheme, like THREE_LEVELS. 分级方案代码")
    level: str = strawberry.field(description="Code of one of its levels. 等级代码")
    reasons: list[str] = strawberry.field(
        description="Codes of grade_reason, 10 at most; one at least is of this level, or the region's own. 理由代码"
    )
    visit_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="The call at its door that the proposal stands on. 实地走访标识"
    )
    cause: str | None = strawberry.field(
        default=UNSET,
        description="Code of grade_cause: the major change, outside a round and where it has been graded in it. 原因代码",
    )
    note: str | None = strawberry.field(
        default=UNSET, description="At most 500 characters; a must for the cause OTHER. 说明"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "grade_id": ids.read(self.id, "id"),
            "household_id": ids.read(self.household_id, "householdId"),
            "scheme": self.scheme,
            "level": self.level,
            "reasons": self.reasons,
            "visit_id": ids.read(plain(self.visit_id), "visitId"),
            "cause": plain(self.cause),
            "note": plain(self.note),
        }


@strawberry.input(description="What the township says. 审核风险等级")
class ReviewGradeInput:
    operation_id: strawberry.ID = strawberry.field(description=OPERATION)
    grade_id: strawberry.ID = strawberry.field(description="Which proposal. 评定标识")
    outcome: ReviewOutcome = strawberry.field(description="Whether it goes on. 审核结果")
    reason: str | None = strawberry.field(
        default=UNSET, description="A must for RETURNED; at most 500 characters. 原因"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "grade_id": ids.read(self.grade_id, "gradeId"),
            "outcome": self.outcome,
            "reason": plain(self.reason),
        }


@strawberry.input(description="What the county does. 风险等级备案")
class FileGradeInput:
    operation_id: strawberry.ID = strawberry.field(description=OPERATION)
    grade_id: strawberry.ID = strawberry.field(
        description="Which one that was reviewed; to ask for another also one that holds. 评定标识"
    )
    outcome: FilingOutcome = strawberry.field(description="Whether it is filed. 备案结果")
    reason: str | None = strawberry.field(
        default=UNSET, description="A must for ANOTHER_ASKED_FOR; at most 500 characters. 原因"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "grade_id": ids.read(self.grade_id, "gradeId"),
            "outcome": self.outcome,
            "reason": plain(self.reason),
        }


@strawberry.type(description="What became of a grade. 风险等级操作结果")
class RiskGradePayload:
    grade: RiskGrade | None = strawberry.field(description="The grade as it stands now; null when refused. 风险等级")
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type
class GradeMutations:
    """Grading, step by step."""

    @strawberry.mutation(
        description="Proposes a level after a call at the door, for the household's village committee or resident team. "
        "提出风险等级建议"
    )
    async def propose_grade(
        self, info: Info, input: Annotated[ProposeGradeInput, WHAT_TO_DO]
    ) -> RiskGradePayload | None:
        return await _graded(info, actions.propose_grade, input)

    @strawberry.mutation(
        description="Lets a proposal go on, or sends it back, for its township's officers. 审核风险等级"
    )
    async def review_grade(self, info: Info, input: Annotated[ReviewGradeInput, WHAT_TO_DO]) -> RiskGradePayload | None:
        return await _graded(info, actions.review_grade, input)

    @strawberry.mutation(
        description="Files a reviewed grade, so that it holds, or asks for another one, for its county's officers. "
        "风险等级备案"
    )
    async def file_grade(self, info: Info, input: Annotated[FileGradeInput, WHAT_TO_DO]) -> RiskGradePayload | None:
        return await _graded(info, actions.file_grade, input)


async def _graded(info: Info, action: Any, input: Any) -> RiskGradePayload:
    done, errors = await carried_out(info, action, input)
    return RiskGradePayload(grade=done and keyed(RiskGrade, done["grade_id"]), errors=errors)


@strawberry.type(description="What is on record now, before a household is graded. 评定前指标")
class GradeIndicators:
    indicators: list[GradeIndicator] = strawberry.field(description="What is known. 评定指标")
    changes: list[GradeChange] = strawberry.field(
        description="Of a scheme that is reckoned: what would change the light that shines today. 等级变化条件"
    )


@strawberry.type
class IndicatorQueries:
    """The root field that shows what a judgement can stand on."""

    @strawberry.field(
        description="What is on record of a household today that bears on its grade, for who meets the family; looking "
        "leaves an entry. 评定指标"
    )
    async def grade_indicators(
        self,
        info: Info,
        household_id: Annotated[strawberry.ID, strawberry.argument(description="Which household. 农户标识")],
        scheme: Annotated[str, strawberry.argument(description="Code of the scheme. 分级方案代码")],
        level: Annotated[
            str | None, strawberry.argument(description="The level in mind: what contradicts it is marked. 拟定等级")
        ] = None,
    ) -> GradeIndicators | None:
        context, language = info.context, info.context.actor.viewer.language
        rows = await asked(
            info,
            lambda: context.carry_out(
                lambda db: show_indicators(
                    db, context.actor, household_id=str(household_id), scheme=scheme, level=level, language=language
                )
            ),
        )
        return GradeIndicators(
            indicators=[
                GradeIndicator(
                    code=row["code"],
                    label=row["label"],
                    value=row["value"],
                    bears_out=row["bearsOut"],
                    speaks_for=row["speaksFor"],
                    contradicts=row["contradicts"],
                )
                for row in rows
            ],
            changes=[
                GradeChange(
                    level=change["level"],
                    input=change["input"],
                    value=Decimal(change["value"]),
                    difference=Decimal(change["difference"]),
                )
                for row in rows
                for change in row["changes"]
            ],
        )
