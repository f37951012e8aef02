"""Who helps whom: reading pairings, and the three things that can be done with one."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import Boolean, Date, Text
from strawberry.scalars import JSON
from strawberry.utils.str_converters import to_camel_case

from domain.base.errors import InvalidInput, Problem
from domain.links import models as links
from domain.pairings import actions
from domain.pairings import models as m
from domain.pairings.queries import holds_on, phone_of, sees_pairing
from domain.pairings.rules import HANDED_OVER
from domain.sync.deferred import judge_waiting
from schema.context import Info
from schema.engine import (
    CountedConnection,
    by,
    described,
    entity,
    equals,
    is_in,
    keyed,
    many,
    matches,
    one,
    opened,
    pages,
    planned,
    related,
)
from schema.errors import WHAT_TO_DO, UserError, answered
from schema.helpers import Helper, Organisation, below
from schema.node import Node
from schema.regions import Region, Village
from schema.scalars import RegionCode
from schema.terms import Term, term

if TYPE_CHECKING:
    from schema.benefit_links import BenefitLink
    from schema.households import Household
    from schema.partners import Agreement
    from schema.people import Person

LazyHousehold = Annotated["Household", strawberry.lazy("schema.households")]
LazyPerson = Annotated["Person", strawberry.lazy("schema.people")]


@entity(m.Pairing, scope=sees_pairing())
class Pairing(Node):
    """Who helps whom, in what role, from when to when: exactly one side helps, exactly one is helped. 结对帮扶"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    role: Term = term("pairing_role", m.Pairing.role, description="What the pairing is for. 结对角色")
    helper: Helper | None = described("The person who helps, unless an organisation does. 帮扶责任人")
    organisation: Organisation | None = described("The organisation that helps, unless a person does. 帮扶单位")
    household: LazyHousehold | None = described(
        "The household that is helped; null outside the viewer's scope. 帮扶农户"
    )
    person: LazyPerson | None = described("The person who is helped, such as a student. 帮扶对象(个人)")
    village: Village | None = described("The village that is helped. 帮扶村")
    region: Region = described("The village of the side that is helped. 所在行政村")
    started_on: date = described("The first day on which it holds. 起始日期")
    ended_on: date | None = described("The first day on which it no longer holds; null while it is open. 终止日期")
    end_reason: Term | None = term("pairing_end_reason", m.Pairing.end_reason, description="Why it ended. 终止原因")
    mode: Term | None = term("pairing_mode", m.Pairing.mode, description="In what way they co-operate. 结对方式")
    terms: JSON | None = described("What was agreed, as it was written down. 协议内容")
    succeeds: Pairing | None = described("The pairing that was handed over to this one. 承接的结对")
    contact: Helper | None = described("Somebody of the organisation to call. 单位联系人")
    contact_phone: str | None = opened(
        phone_of(m.Pairing.contact_id),
        description="For the two sides of the pairing: whoever helps, and officers of the region. 单位联系人电话",
    )
    responsible: Helper | None = described("The officer who answers for it. 责任干部")
    responsible_phone: str | None = opened(phone_of(m.Pairing.responsible_id), description="For the same. 责任干部电话")
    agreements: list[Annotated[Agreement, strawberry.lazy("schema.partners")]] = related(
        m.Pairing.agreements, order_by=(m.Agreement.signed_on,), description="Documents it stands on. 帮扶协议"
    )

    @planned
    def benefit_links(self) -> list[Annotated[BenefitLink, strawberry.lazy("schema.benefit_links")]]:
        """What was promised under it, for who meets the family and for the enterprise. 利益联结"""
        from schema.benefit_links import BenefitLink

        return many(BenefitLink, links.BenefitLink.pairing_id == m.Pairing.id, order_by=(links.BenefitLink.started_on,))


@strawberry.input(description="Which pairings; all conditions together. 结对筛选条件")
class PairingFilter:
    helper_id: strawberry.ID | None = equals(m.Pairing.helper_id, description="This helper's. 帮扶责任人标识")  # type: ignore[assignment]
    organisation_id: strawberry.ID | None = equals(
        m.Pairing.organisation_id, description="This organisation's. 帮扶单位标识"
    )  # type: ignore[assignment]
    household_id: strawberry.ID | None = equals(m.Pairing.household_id, description="With this household. 农户标识")  # type: ignore[assignment]
    person_id: strawberry.ID | None = equals(m.Pairing.person_id, description="With this person. 个人标识")  # type: ignore[assignment]
    village_id: strawberry.ID | None = equals(
        m.Pairing.village_id, description="With this village as a whole. 行政村标识"
    )  # type: ignore[assignment]
    region: RegionCode | None = matches(
        below(m.Pairing.region_code),
        Text(),
        description="Whose helped side lies in this division or below it. 所在区划",
    )
    roles: list[str] | None = is_in(
        m.Pairing.role, description="In one of these roles (codes of pairing_role). 角色代码"
    )
    active_on: date | None = matches(holds_on, Date(), description="Holding on this day. 生效日期")
    is_open: bool | None = matches(
        lambda is_open: m.Pairing.ended_on.is_(None) == is_open,
        Boolean(),
        description="Not ended, or ended. 是否在结对",
    )
    started_since: date | None = matches(
        lambda day: m.Pairing.started_on >= day, Date(), description="Begun on this day or later. 起始日期不早于"
    )
    ended_since: date | None = matches(
        lambda day: m.Pairing.ended_on >= day, Date(), description="Ended on this day or later. 终止日期不早于"
    )


@strawberry.type
class PairingQueries:
    """Root fields about pairings."""

    pairings: CountedConnection[Pairing] = pages(
        filter=PairingFilter,
        order=by(m.Pairing.region_code),
        description="Pairings that the viewer may see, by the region of the side that is helped. 结对列表",
    )

    @planned
    def pairing(
        self, id: Annotated[strawberry.ID, strawberry.argument(description="The id. 唯一标识")]
    ) -> Pairing | None:
        """One pairing by id. 按标识查结对"""
        return one(Pairing, m.Pairing.id == id)


# --- what can be done ------------------------------------------------------------------------------------------------


@strawberry.input(description="A pairing that begins: exactly one side helps, exactly one is helped. 新建结对")
class AssignPairingInput:
    id: strawberry.ID = strawberry.field(description="Its id, made by the client: a UUID. 结对标识")
    role: str = strawberry.field(description="Code of pairing_role. 结对角色代码")
    started_on: str = strawberry.field(description="The first day, today or earlier, like 2020-07-01. 起始日期")
    helper_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The person who helps. 帮扶责任人标识"
    )
    organisation_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Or the organisation that helps. 帮扶单位标识"
    )
    household_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The household helped. 农户标识"
    )
    person_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Or the person helped. 个人标识"
    )
    village_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Or the village helped. 行政村标识"
    )
    mode: str | None = strawberry.field(default=strawberry.UNSET, description="Code of pairing_mode. 结对方式代码")
    terms: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="What was agreed: an object up to 8 KB. 协议内容"
    )


@strawberry.input(description="A pairing that goes over to another helper or organisation. 结对交接")
class HandOverPairingInput:
    id: strawberry.ID = strawberry.field(description="The id of the pairing that begins: a UUID. 新结对标识")
    pairing_id: strawberry.ID = strawberry.field(description="The pairing that ends. 原结对标识")
    handed_over_on: str = strawberry.field(
        description="The new helper's first day, today or earlier; the old one's last was the day before. 交接日期"
    )
    helper_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Who takes over. 新帮扶责任人标识"
    )
    organisation_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Or which organisation does. 新帮扶单位标识"
    )
    reason: str = strawberry.field(default=HANDED_OVER, description="Code of pairing_end_reason. 终止原因代码")


@strawberry.input(description="A pairing that ends. 结束结对")
class EndPairingInput:
    operation_id: strawberry.ID = strawberry.field(
        description="Made by the client; a repeat is answered alike. 操作标识"
    )
    pairing_id: strawberry.ID = strawberry.field(description="The pairing. 结对标识")
    ended_on: str = strawberry.field(description="The first day without it, today or earlier. 终止日期")
    reason: str = strawberry.field(description="Code of pairing_end_reason. 终止原因代码")


@strawberry.type(description="What became of a pairing. 结对操作结果")
class PairingPayload:
    pairing: Pairing | None = strawberry.field(
        description="The pairing as it is now; after a hand-over the new one. Null when refused. 结对"
    )
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type
class PairingMutations:
    """Deciding who helps whom."""

    @strawberry.mutation(description="Pairs a helper or organisation with a household, person or village. 新建结对")
    async def assign_pairing(
        self, info: Info, input: Annotated[AssignPairingInput, WHAT_TO_DO]
    ) -> PairingPayload | None:
        payload = await _decided(info, actions.assign_pairing, input)
        if payload.pairing is not None and input.household_id:
            # Whoever is to help it may have been there before.
            await judge_waiting(info.context.sessions, info.context.actor.at, [uuid.UUID(input.household_id)])
        return payload

    @strawberry.mutation(description="Ends a pairing and begins the same one with somebody else, on one day. 结对交接")
    async def hand_over_pairing(
        self, info: Info, input: Annotated[HandOverPairingInput, WHAT_TO_DO]
    ) -> PairingPayload | None:
        return await _decided(info, actions.hand_over_pairing, input)

    @strawberry.mutation(description="Ends a pairing; it stays in the history. 结束结对")
    async def end_pairing(self, info: Info, input: Annotated[EndPairingInput, WHAT_TO_DO]) -> PairingPayload | None:
        return await _decided(info, actions.end_pairing, input)


async def _decided(info: Info, action: Any, input: Any) -> PairingPayload:
    """The input's fields are the action's arguments, by name."""
    done, errors = await answered(info, lambda db: action(db, info.context.actor, **_arguments(input)))
    return PairingPayload(pairing=done and keyed(Pairing, done["pairing_id"]), errors=errors)


def _arguments(input: Any) -> dict[str, Any]:
    arguments = {name: None if given is strawberry.UNSET else given for name, given in vars(input).items()}
    problems = []
    for definition in input.__strawberry_definition__.fields:
        name = definition.python_name
        given = arguments[name]
        if (name == "id" or name.endswith("_id")) and given is not None:
            try:
                arguments[name] = uuid.UUID(given)
            except ValueError:
                problems.append(Problem("ID_INVALID", ("input", to_camel_case(name))))
    if problems:
        raise InvalidInput(*problems)
    return arguments
