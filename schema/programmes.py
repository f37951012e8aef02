"""The programme of civil affairs (3866), beside monitoring: who is in it, what they get, and how far it is."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import strawberry
from sqlalchemy import Boolean, Text
from strawberry import UNSET

from domain.access.queries import sees_household
from domain.programmes import actions
from domain.programmes import models as m
from schema.accounts import OPERATION
from schema.context import Info
from schema.engine import (
    CountedConnection,
    by,
    described,
    entity,
    equals,
    is_in,
    keyed,
    matches,
    one,
    pages,
    planned,
    related,
    shows,
)
from schema.enums import described_enum
from schema.errors import WHAT_TO_DO, UserError
from schema.families import carried_out
from schema.family_inputs import Ids, plain
from schema.helpers import below
from schema.households import Household
from schema.node import Node
from schema.regions import Region
from schema.scalars import RegionCode
from schema.terms import Term, term, terms
from schema.viewer import Actor

described_enum(
    m.ProgrammeStep,
    "The six steps of the programme. 帮扶步骤",
    SURVEY="A survey found the family. 摸底",
    FILE="Its file is made. 建档",
    APPROVAL="The county is to approve it. 审批",
    RELIEF="It is to get what was approved. 救助",
    SERVICE="It is to be served. 服务",
    MONITORING="It is followed. 监测",
)
described_enum(
    m.ProgrammeEvent,
    "What happens to a programme case. 办理环节",
    OPENED="Found by a survey. 摸底发现",
    FILED="Its file was made. 建档",
    SUBMITTED="Put before the county. 报批",
    APPROVED="The county approved it, and which services. 批准",
    RETURNED="The county sent it back. 退回",
    RELIEVED="The relief was given. 救助到位",
    SERVED="The services were given. 服务到位",
    RESUMED="It is in need again. 再次救助",
    ENDED="It is over. 终止",
)


@entity(m.ProgrammeCaseEvent, scope=sees_household(m.ProgrammeCaseEvent.region_code, m.ProgrammeCaseEvent.household_id))
class ProgrammeCaseEvent:
    """Something that happened to a programme case. 办理记录"""

    event: m.ProgrammeEvent = described("What. 环节")
    level: str = described("VILLAGE, TOWNSHIP or COUNTY: of whoever did it. 办理层级")
    from_step: m.ProgrammeStep | None = described("The step before; null for the first. 原步骤")
    to_step: m.ProgrammeStep = described("The step after. 现步骤")
    reason: Term | None = term("programme_reason", m.ProgrammeCaseEvent.reason, description="Why. 原因")
    services: list[Term] = terms(
        "programme_service", m.ProgrammeCaseEvent.services, description="What was approved by it. 批准的服务"
    )
    recorded_at: datetime = described("When. 记录时刻")
    recorded_by: Actor = described("By whom. 办理人")


@entity(m.ProgrammeCase, scope=sees_household(m.ProgrammeCase.region_code, m.ProgrammeCase.household_id))
class ProgrammeCase(Node):
    """A family in the programme, with or without a monitoring case; one open one each. 特殊困难群体帮扶"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    household: Household = described("Which household. 农户")
    region: Region = described("The village it lives in. 所在行政村")
    recipient_class: Term = term(
        "programme_class", m.ProgrammeCase.recipient_class, description="Which class of recipients. 服务对象类别"
    )
    groups: list[Term] = terms(
        "programme_group", m.ProgrammeCase.groups, description="Of the safety net, which. 兜底保障对象类型"
    )
    services: list[Term] = terms(
        "programme_service", m.ProgrammeCase.services, description="What it was approved. 帮扶服务"
    )
    step: m.ProgrammeStep = described("How far it is; when ended, where it ended. 步骤")
    step_since: datetime = described("At this step since. 进入步骤时刻")
    began_on: date = described("The day of the survey, within the pilot. 摸底日期")
    opened_at: datetime = described("When it was written down. 建案时刻")
    ended_on: date | None = described("Since when it is open no more. 终止日期")
    end_reason: Term | None = term("programme_reason", m.ProgrammeCase.end_reason, description="Why. 终止原因")
    events: list[ProgrammeCaseEvent] = related(
        m.ProgrammeCase.events, order_by=("recorded_at", "id"), description="What happened, the first first. 办理记录"
    )
    is_open: bool = shows(m.ProgrammeCase.ended_on.is_(None), description="Whether it goes on. 是否办理中")


@strawberry.input(description="Which programme cases; all conditions together. 帮扶服务筛选条件")
class ProgrammeCaseFilter:
    region: RegionCode | None = matches(
        below(m.ProgrammeCase.region_code), Text(), description="In this division or below it. 所在区划"
    )
    household_id: strawberry.ID | None = equals(m.ProgrammeCase.household_id, description="Of this household. 农户标识")  # type: ignore[assignment]
    steps: list[m.ProgrammeStep] | None = is_in(m.ProgrammeCase.step, description="At one of these steps. 步骤")
    is_open: bool | None = matches(
        lambda given: m.ProgrammeCase.ended_on.is_(None) == given,
        Boolean(),
        description="Open ones, or ended ones. 是否办理中",
    )


@strawberry.type
class ProgrammeQueries:
    """Root fields about the programme."""

    programme_cases: CountedConnection[ProgrammeCase] = pages(
        filter=ProgrammeCaseFilter,
        order=by(m.ProgrammeCase.began_on.desc()),
        description="Programme cases that the viewer may see, the latest first. 帮扶服务列表",
    )

    @planned
    def programme_case(
        self, id: Annotated[strawberry.ID, strawberry.argument(description="The id. 唯一标识")]
    ) -> ProgrammeCase | None:
        """One programme case by its id. 按标识查帮扶服务"""
        return one(ProgrammeCase, m.ProgrammeCase.id == id)


@strawberry.input(description="A family that a survey found. 摸底登记")
class OpenProgrammeCaseInput:
    id: strawberry.ID = strawberry.field(description="Its id, made by the client: a UUID. 唯一标识")
    household_id: strawberry.ID = strawberry.field(description="Which household. 农户标识")
    recipient_class: str = strawberry.field(
        description="SAFETY_NET, or a word of the county's policy PROGRAMME_CLASSES. 服务对象类别代码"
    )
    groups: list[str] = strawberry.field(description="Codes of programme_group; some for SAFETY_NET. 兜底对象类型代码")
    began_on: str = strawberry.field(description="The day of the survey, within the pilot, like 2020-06-01. 摸底日期")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "id": ids.read(self.id, "id"),
            "household_id": ids.read(self.household_id, "householdId"),
            "recipient_class": self.recipient_class,
            "groups": self.groups,
            "began_on": self.began_on,
        }


@strawberry.input(description="What happened to a programme case. 办理")
class AdvanceProgrammeCaseInput:
    operation_id: strawberry.ID = strawberry.field(description=OPERATION)
    programme_case_id: strawberry.ID = strawberry.field(description="Which case. 帮扶标识")
    event: m.ProgrammeEvent = strawberry.field(description="What happened. 环节")
    services: list[str] | None = strawberry.field(
        default=UNSET,
        description="For APPROVED: what the family is to get: words of the policy PROGRAMME_SERVICES. 帮扶服务代码",
    )
    reason: str | None = strawberry.field(
        default=UNSET, description="Code of programme_reason; a must for RETURNED, RESUMED and ENDED. 原因代码"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "programme_case_id": ids.read(self.programme_case_id, "programmeCaseId"),
            "event": self.event,
            "services": plain(self.services) or [],
            "reason": plain(self.reason),
        }


@strawberry.type(description="What became of a programme case. 帮扶服务操作结果")
class ProgrammeCasePayload:
    programme_case: ProgrammeCase | None = strawberry.field(description="The case; null when refused. 帮扶服务")
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type
class ProgrammeMutations:
    """Civil affairs' programme, step by step."""

    @strawberry.mutation(
        description="Writes down that a survey found a family whom the programme is for, in a place and on a day of the "
        "pilot. 摸底登记"
    )
    async def open_programme_case(
        self, info: Info, input: Annotated[OpenProgrammeCaseInput, WHAT_TO_DO]
    ) -> ProgrammeCasePayload | None:
        return await _done(info, actions.open_programme_case, input)

    @strawberry.mutation(description="Takes a programme case on, back, or to its end. 办理帮扶服务")
    async def advance_programme_case(
        self, info: Info, input: Annotated[AdvanceProgrammeCaseInput, WHAT_TO_DO]
    ) -> ProgrammeCasePayload | None:
        return await _done(info, actions.advance_programme_case, input)


async def _done(
    info: Info, action: Any, input: OpenProgrammeCaseInput | AdvanceProgrammeCaseInput
) -> ProgrammeCasePayload:
    done, errors = await carried_out(info, action, input)
    return ProgrammeCasePayload(programme_case=done and keyed(ProgrammeCase, done["programme_case_id"]), errors=errors)
