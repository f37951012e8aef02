"""Clients of partners' and integrators' programs, as an administrator makes and ends them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any

import strawberry

from domain.accounts import actions
from domain.accounts.queries import clients_of
from domain.base.errors import invalid
from schema.accounts import OPERATION, arguments_of
from schema.context import Info
from schema.errors import WHAT_TO_DO, UserError, answered, asked


@strawberry.type(description="A program of a partner, a department or an integrator. 接口客户端")
class OAuthClient:
    id: strawberry.ID = strawberry.field(description="How it calls itself at /oauth/token. 客户端标识")
    account_id: strawberry.ID = strawberry.field(description="For which account. 账号标识")
    name: str = strawberry.field(description="What it is, for people. 名称")
    scopes: list[str] = strawberry.field(description="area:class:purpose each. 授权范围")
    signs: bool = strawberry.field(description="By keys of its own, so that there is no secret. 是否使用私钥签名")
    created_at: datetime = strawberry.field(description="When it was made. 创建时刻")
    expires_at: datetime = strawberry.field(description="Until when it is good. 失效时刻")
    revoked_at: datetime | None = strawberry.field(description="When it was ended. 吊销时刻")


@strawberry.type
class ClientQueries:
    """The root field about programs."""

    @strawberry.field(
        description="The clients of an account, or of all; none for whoever is no administrator. 接口客户端列表"
    )
    async def oauth_clients(
        self,
        info: Info,
        account_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Of this account only. 账号标识")
        ] = None,
    ) -> list[OAuthClient] | None:
        context = info.context

        async def clients() -> list[OAuthClient]:
            try:
                who = None if account_id is None else uuid.UUID(account_id)
            except ValueError:
                raise invalid("ID_INVALID", "accountId") from None
            found = await context.carry_out(lambda db: clients_of(db, who, context.actor.today))
            return [OAuthClient(**_as_fields(row)) for row in found]

        return await asked(info, clients)


def _as_fields(row: Any) -> dict[str, Any]:
    fields = {name: getattr(row, name) for name in row.__slots__}
    return fields | {"account_id": str(row.account_id), "scopes": list(row.scopes)}


@strawberry.input(description="A client that is to be made for an account. 新建接口客户端")
class CreateClientInput:
    id: strawberry.ID = strawberry.field(description="Made by the caller: a UUID, of which its name is made. 标识")
    account_id: strawberry.ID = strawberry.field(description="For which account. 账号标识")
    name: str = strawberry.field(description="What it is, for people. 名称")
    scopes: list[str] = strawberry.field(description="area:class:purpose each. 授权范围")
    days: int = strawberry.field(description="How long it is good for, 1 to 1100. 有效天数")


@strawberry.input(description="A client whose secret is to be made anew. 更换客户端密钥")
class RotateClientSecretInput:
    operation_id: strawberry.ID = strawberry.field(description=OPERATION)
    client_id: strawberry.ID = strawberry.field(description="The client. 客户端标识")
    at_once: bool = strawberry.field(
        default=False, description="The old secret is good no more; else for another day. 旧密钥是否立即失效"
    )


@strawberry.input(description="A client that is to end. 吊销接口客户端")
class DisableClientInput:
    operation_id: strawberry.ID = strawberry.field(description=OPERATION)
    client_id: strawberry.ID = strawberry.field(description="The client. 客户端标识")


@strawberry.type(description="What became of a client. 接口客户端操作结果")
class ClientPayload:
    client_id: strawberry.ID | None = strawberry.field(description="The client; null when refused. 客户端标识")
    secret: str | None = strawberry.field(
        description="Told this once: a repeat of the same operation brings null. Write it down, or make a new one. 密钥"
    )
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type
class ClientMutations:
    """For administrators."""

    @strawberry.mutation(
        description="Makes a client with a secret; one that signs is made at the machine. 新建接口客户端"
    )
    async def create_client(self, info: Info, input: Annotated[CreateClientInput, WHAT_TO_DO]) -> ClientPayload | None:
        return await _done(info, actions.create_client, input)

    @strawberry.mutation(description="Gives a client a new secret. 更换客户端密钥")
    async def rotate_client_secret(
        self, info: Info, input: Annotated[RotateClientSecretInput, WHAT_TO_DO]
    ) -> ClientPayload | None:
        return await _done(info, actions.rotate_client_secret, input)

    @strawberry.mutation(description="Ends a client and its tokens, within seconds. 吊销接口客户端")
    async def disable_client(
        self, info: Info, input: Annotated[DisableClientInput, WHAT_TO_DO]
    ) -> ClientPayload | None:
        return await _done(info, actions.disable_client, input)


async def _done(info: Info, action: Any, input: Any) -> ClientPayload:
    done, errors = await answered(info, lambda db: action(db, info.context.actor, **arguments_of(input)))
    if done is None:
        return ClientPayload(client_id=None, secret=None, errors=errors)
    return ClientPayload(client_id=strawberry.ID(done.client_id), secret=done.secret, errors=errors)
