"""What can be done about a quarter's analysis: written, and confirmed by the township."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry

from domain.assistance import actions
from schema.context import Info
from schema.effect_analyses import EffectAnalysis
from schema.engine import keyed
from schema.errors import WHAT_TO_DO, UserError
from schema.families import carried_out
from schema.family_inputs import Ids


@strawberry.input(description="The analysis of a quarter's help. 填写成效分析")
class WriteEffectAnalysisInput:
    operation_id: strawberry.ID = strawberry.field(
        description="Made by the client; repeats are answered alike. The first one's becomes the analysis's id. 操作标识"
    )
    household_id: strawberry.ID = strawberry.field(description="Of which family. 农户标识")
    quarter: str = strawberry.field(
        description="Like 2026Q3; one that has begun, in which it was under monitoring for at least 31 days. 季度"
    )
    content: str = strawberry.field(description="In words; at most 2,000 characters. 分析内容")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "household_id": ids.read(self.household_id, "householdId"),
            "quarter": self.quarter,
            "content": self.content,
        }


@strawberry.input(description="The township's word on an analysis. 确认成效分析")
class ConfirmEffectAnalysisInput:
    operation_id: strawberry.ID = strawberry.field(
        description="Made by the client; repeats are answered alike. 操作标识"
    )
    analysis_id: strawberry.ID = strawberry.field(description="Which analysis. 成效分析标识")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "analysis_id": ids.read(self.analysis_id, "analysisId"),
        }


@strawberry.type(description="What became of an analysis. 成效分析操作结果")
class EffectAnalysisPayload:
    analysis: EffectAnalysis | None = strawberry.field(
        description="The analysis as it is now; null when refused. 成效分析"
    )
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type
class EffectAnalysisMutations:
    """Analysing what help brought about."""

    @strawberry.mutation(
        description="Analyses a quarter's help; until it is confirmed it may be written anew. 填写成效分析"
    )
    async def write_effect_analysis(
        self, info: Info, input: Annotated[WriteEffectAnalysisInput, WHAT_TO_DO]
    ) -> EffectAnalysisPayload | None:
        done, errors = await carried_out(info, actions.write_effect_analysis, input)
        return EffectAnalysisPayload(analysis=done and keyed(EffectAnalysis, done["analysis_id"]), errors=errors)

    @strawberry.mutation(description="Confirms an analysis that somebody else wrote. 确认成效分析")
    async def confirm_effect_analysis(
        self, info: Info, input: Annotated[ConfirmEffectAnalysisInput, WHAT_TO_DO]
    ) -> EffectAnalysisPayload | None:
        done, errors = await carried_out(info, actions.confirm_effect_analysis, input)
        return EffectAnalysisPayload(analysis=done and keyed(EffectAnalysis, done["analysis_id"]), errors=errors)
