"""The second round of a case: its conditions one by one, and what is done about a family under monitoring."""

from __future__ import annotations

import uuid
from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from domain.base.errors import Party
from domain.cases import actions
from domain.cases.conditions import ConditionState
from domain.cases.judging import conditions_of
from schema.case_inputs import (
    ApproveCategoryChangeInput,
    DecideCategoryChangeInput,
    DeclareKinshipInput,
    ProposeEliminationInput,
)
from schema.case_mutations import MonitoringCasePayload, case_after
from schema.context import Info
from schema.engine import keyed
from schema.enums import described_enum
from schema.errors import WHAT_TO_DO
from schema.families import HouseholdPayload, carried_out
from schema.households import Household
from schema.messages import message

described_enum(
    ConditionState,
    "Whether a condition is met. 是否满足",
    MET="It is. 满足",
    UNMET="It is not. 不满足",
    UNKNOWN="Nobody knows: neither met nor unmet. 情况不明",
)


@strawberry.type(description="Something that must be so before a risk counts as gone. 风险消除条件")
class EliminationCondition:
    code: str = strawberry.field(description="Stable code from the catalogue of messages. 条件代码")
    message: str = strawberry.field(description="What must be so, in the language of Accept-Language. 条件说明")
    state: ConditionState = strawberry.field(description="Whether it is. 是否满足")
    from_whom: Party = strawberry.field(description="Who can bring what is missing. 由谁提供")
    detail: JSON = strawberry.field(description="What it was judged by: codes, days, counts. 依据")


@strawberry.type
class EliminationQueries:
    """The root field about the end of a risk."""

    @strawberry.field(
        description="The conditions under which the family of a case leaves monitoring, each as it stands today; null for "
        "who does not meet the family. 风险消除条件逐项情况"
    )
    async def elimination_conditions(
        self, info: Info, case_id: Annotated[strawberry.ID, strawberry.argument(description="The case. 监测对象标识")]
    ) -> list[EliminationCondition] | None:
        actor = info.context.actor
        language = actor.viewer.language
        try:
            wanted = uuid.UUID(case_id)
        except ValueError:
            return None
        found = await info.context.carry_out(lambda db: conditions_of(db, actor.viewer, actor.today, wanted))
        return (
            None
            if found is None
            else [
                EliminationCondition(
                    code=one.code,
                    message=message(one.code, language, one.detail),
                    state=one.state,
                    from_whom=one.of,
                    detail=dict(one.detail),  # type: ignore[arg-type]  # a scalar of plain values
                )
                for one in found
            ]
        )


@strawberry.type
class EliminationMutations:
    """What is done about a family under monitoring."""

    @strawberry.mutation(description="Begins the second round, if every condition is met. 提出风险消除")
    async def propose_elimination(
        self, info: Info, input: Annotated[ProposeEliminationInput, WHAT_TO_DO]
    ) -> MonitoringCasePayload | None:
        return await case_after(info, actions.propose_elimination, input)

    @strawberry.mutation(description="The township finds another category; the county decides. 乡镇同意类别调整")
    async def approve_category_change(
        self, info: Info, input: Annotated[ApproveCategoryChangeInput, WHAT_TO_DO]
    ) -> MonitoringCasePayload | None:
        return await case_after(info, actions.approve_category_change, input)

    @strawberry.mutation(
        description="The county agrees to what the township approved, or says why not. 县级审定类别调整"
    )
    async def decide_category_change(
        self, info: Info, input: Annotated[DecideCategoryChangeInput, WHAT_TO_DO]
    ) -> MonitoringCasePayload | None:
        return await case_after(info, actions.decide_category_change, input)

    @strawberry.mutation(description="Who is a relative takes no step in the family's cases. 亲属关系申报")
    async def declare_kinship(
        self, info: Info, input: Annotated[DeclareKinshipInput, WHAT_TO_DO]
    ) -> HouseholdPayload | None:
        done, errors = await carried_out(info, actions.declare_kinship, input)
        return HouseholdPayload(household=done and keyed(Household, done["household_id"]), errors=errors)
