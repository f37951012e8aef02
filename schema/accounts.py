"""Accounts and their grants, as an administrator sees and gives them."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated, Any

import strawberry
from sqlalchemy import Boolean, Text
from strawberry.utils.str_converters import to_camel_case

from domain.access import models as m
from domain.access.rules import GrantRole, ViewerKind
from domain.accounts import actions
from domain.base.errors import InvalidInput, Problem
from domain.helpers.queries import is_named_like
from schema.context import Info
from schema.engine import (
    CountedConnection,
    by,
    described,
    entity,
    is_in,
    keyed,
    matches,
    of_viewer,
    one,
    pages,
    planned,
    related,
)
from schema.errors import WHAT_TO_DO, UserError, answered
from schema.helpers import Helper, Organisation
from schema.regions import Region
from schema.scalars import RegionCode
from schema.viewer import Actor

# Wall 1; wall 2 is in migration 0017_accounts.
ADMINISTERS = of_viewer("administers", Boolean())


@entity(m.Grant, scope=ADMINISTERS)
class AccountGrant:
    """A role of somebody, from when to when, and who stands in. 授权"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    role: GrantRole = described("The role. 角色")
    region: Region | None = described("The region with all that lies below it. 授权区划")
    purpose: str | None = described("What it was given for; always there for those outside the five levels. 用途")
    starts_on: date = described("The first day of the grant. 起始日期")
    ends_on: date | None = described("The first day on which it no longer holds; null for an open one. 终止日期")
    deputy: Actor | None = described("Who stands in for the holder. AB角代理人")
    deputy_from: date | None = described("The first day of standing in. 代理起始日期")
    deputy_to: date | None = described("The first day without. 代理终止日期")


@entity(m.Account, scope=ADMINISTERS)
class Account:
    """Somebody who may sign in, or a program's account. 账号"""

    id: strawberry.ID = described("Globally unique id. 账号标识")
    name: str = described("The person's or machine's name. 姓名")
    kind: ViewerKind = described("What sort of account. 账号类型")
    helper: Helper | None = described("Who it is as a helper. 对应的帮扶责任人")
    organisation: Organisation | None = described("The organisation that it speaks for. 所属单位")
    created_at: datetime = described("When it was made. 创建时刻")
    disabled_at: datetime | None = described("When it was shut out; null while it may sign in. 停用时刻")
    grants: list[AccountGrant] = related(
        m.Account.grants,
        order_by=(m.Grant.starts_on, m.Grant.id),
        description="All grants, those that have ended too, the first first. 全部授权",
    )


@strawberry.input(description="Which accounts; all conditions together. 账号筛选条件")
class AccountFilter:
    kinds: list[ViewerKind] | None = is_in(m.Account.kind, description="Of one of these sorts. 账号类型")
    search: str | None = matches(
        lambda search: is_named_like(m.Account.name, search), Text(), description="Part of the name. 姓名关键字"
    )
    is_disabled: bool | None = matches(
        lambda is_disabled: m.Account.disabled_at.is_not(None) == is_disabled,
        Boolean(),
        description="Shut out, or not. 是否停用",
    )


@strawberry.type
class AccountQueries:
    """Root fields about accounts: nothing for whoever is no administrator."""

    accounts: CountedConnection[Account] = pages(
        filter=AccountFilter,
        order=by(m.Account.name),
        description="All accounts, by name; for administrators. 账号列表",
    )

    @planned
    def account(
        self, id: Annotated[strawberry.ID, strawberry.argument(description="The id. 账号标识")]
    ) -> Account | None:
        """One account by its id; for administrators. 按标识查账号"""
        return one(Account, m.Account.id == id)


# --- what can be done ------------------------------------------------------------------------------------------------

IDS = frozenset({"id", "operation_id", "account_id", "grant_id", "deputy_id", "helper_id", "organisation_id"}) | {
    "endpoint_id",
    "delivery_id",
}
OPERATION = "Made by the client; a repeat is answered alike. 操作标识"


@strawberry.input(description="An account that is to be made, without rights and without a password. 新建账号")
class CreateAccountInput:
    id: strawberry.ID = strawberry.field(description="Its id, made by the client: a UUID. 账号标识")
    name: str = strawberry.field(description="The person's or machine's name. 姓名")
    kind: ViewerKind = strawberry.field(description="What sort of account. 账号类型")
    helper_id: strawberry.ID | None = strawberry.field(
        default=None, description="Who it is as a helper; asked of helpers. 帮扶责任人标识"
    )
    organisation_id: strawberry.ID | None = strawberry.field(
        default=None, description="What it speaks for; asked of departments and partners. 单位标识"
    )


@strawberry.input(description="An account that is to be shut out. 停用账号")
class DisableAccountInput:
    operation_id: strawberry.ID = strawberry.field(description=OPERATION)
    account_id: strawberry.ID = strawberry.field(description="The account. 账号标识")
    reason: str = strawberry.field(description="Why; stands in the trace. 原因")


@strawberry.input(description="An account that was shut out and is to be let in again. 启用账号")
class EnableAccountInput:
    operation_id: strawberry.ID = strawberry.field(description=OPERATION)
    account_id: strawberry.ID = strawberry.field(description="The account. 账号标识")
    reason: str = strawberry.field(description="Why; stands in the trace. 原因")


@strawberry.input(description="A role that is to be given. 授权")
class GrantRoleInput:
    id: strawberry.ID = strawberry.field(description="The grant's id, made by the client: a UUID. 授权标识")
    account_id: strawberry.ID = strawberry.field(description="To whom. 账号标识")
    role: GrantRole = strawberry.field(description="Which role. 角色")
    region: RegionCode | None = strawberry.field(
        default=None, description="Over which division; of the role's own level for officers. 授权区划"
    )
    purpose: str | None = strawberry.field(
        default=None, description="What for; asked of departments, partners and integrators. 用途"
    )
    starts_on: date = strawberry.field(description="The first day, today or later. 起始日期")
    ends_on: date | None = strawberry.field(
        default=None, description="The first day without it; asked of departments, partners and integrators. 终止日期"
    )


@strawberry.input(description="A grant that is to end. 终止授权")
class EndGrantInput:
    operation_id: strawberry.ID = strawberry.field(description=OPERATION)
    grant_id: strawberry.ID = strawberry.field(description="The grant. 授权标识")
    ends_on: date = strawberry.field(description="The first day without it, today or later. 终止日期")
    reason: str = strawberry.field(description="Why; stands in the trace. 原因")


@strawberry.input(description="Somebody who is to stand in, in place of whoever did. 指定AB角代理人")
class NameDeputyInput:
    operation_id: strawberry.ID = strawberry.field(description=OPERATION)
    grant_id: strawberry.ID = strawberry.field(description="For whose grant. 授权标识")
    deputy_id: strawberry.ID = strawberry.field(description="Who stands in. 代理人账号标识")
    starts_on: date = strawberry.field(description="The first day, today or later. 代理起始日期")
    ends_on: date = strawberry.field(description="The first day without, within the grant. 代理终止日期")


@strawberry.type(description="What became of an account or its grants. 账号操作结果")
class AccountPayload:
    account: Account | None = strawberry.field(description="The account as it is now; null when refused. 账号")
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type
class AccountMutations:
    """For administrators, and never about themselves."""

    @strawberry.mutation(description="Makes an account; rights and a one-time code are given next. 新建账号")
    async def create_account(
        self, info: Info, input: Annotated[CreateAccountInput, WHAT_TO_DO]
    ) -> AccountPayload | None:
        return await _done(info, actions.create_account, input)

    @strawberry.mutation(description="Shuts an account out; its devices and programs are signed out. 停用账号")
    async def disable_account(
        self, info: Info, input: Annotated[DisableAccountInput, WHAT_TO_DO]
    ) -> AccountPayload | None:
        return await _done(info, actions.disable_account, input)

    @strawberry.mutation(
        description="Lets an account in again that was shut out, with the grants that it still has; devices sign in anew. "
        "启用账号"
    )
    async def enable_account(
        self, info: Info, input: Annotated[EnableAccountInput, WHAT_TO_DO]
    ) -> AccountPayload | None:
        return await _done(info, actions.enable_account, input)

    @strawberry.mutation(description="Gives a role, over a region or for an organisation, for a time. 授权")
    async def grant_role(self, info: Info, input: Annotated[GrantRoleInput, WHAT_TO_DO]) -> AccountPayload | None:
        return await _done(info, actions.grant_role, input)

    @strawberry.mutation(description="Ends a grant on a day; it stays in the history. 终止授权")
    async def end_grant(self, info: Info, input: Annotated[EndGrantInput, WHAT_TO_DO]) -> AccountPayload | None:
        return await _done(info, actions.end_grant, input)

    @strawberry.mutation(description="Lets somebody stand in for the holder of a grant. 指定AB角代理人")
    async def name_deputy(self, info: Info, input: Annotated[NameDeputyInput, WHAT_TO_DO]) -> AccountPayload | None:
        return await _done(info, actions.name_deputy, input)


async def _done(info: Info, action: Any, input: Any) -> AccountPayload:
    done, errors = await answered(info, lambda db: action(db, info.context.actor, **arguments_of(input)))
    return AccountPayload(account=done and keyed(Account, done["account_id"]), errors=errors)


def arguments_of(input: Any) -> dict[str, Any]:
    """The input's fields as an action's arguments, ids read; raises InvalidInput (ID_INVALID)."""
    arguments, problems = dict(vars(input)), []
    for name, given in vars(input).items():
        if name in IDS:
            try:
                arguments[name] = None if given is None else uuid.UUID(given)
            except ValueError:
                problems.append(Problem("ID_INVALID", ("input", to_camel_case(name))))
    if problems:
        raise InvalidInput(*problems)
    return arguments
