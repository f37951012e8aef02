"""What every client may know before it signs in: the server's clock, the contract, the limits."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import strawberry

from schema.context import Info

CONTRACT_LEVEL: Final = 1
VISITS_AT_ONCE: Final = 500


@strawberry.type(description="What a client may know before it signs in. 客户端配置")
class ClientConfig:
    server_time: datetime = strawberry.field(
        description="The server's clock: a phone learns its own skew from it. 服务器时间"
    )
    contract_level: int = strawberry.field(
        description="The level of the mobile contract that this server speaks. 契约级别"
    )
    lowest_contract_level: int = strawberry.field(
        description="The lowest level it still serves: an app below it must be updated. 最低支持的契约级别"
    )
    visits_at_once: int = strawberry.field(description="How many visits one submission may hold. 单次提交走访上限")
    rows_at_once: int = strawberry.field(description="How many rows one page may hold. 单页行数上限")


@strawberry.type
class ClientConfigQueries:
    """The root field for clients without an account."""

    @strawberry.field(description="What a client may know before it signs in. 客户端配置")
    def client_config(self, info: Info) -> ClientConfig:
        return ClientConfig(
            server_time=info.context.actor.at,
            contract_level=CONTRACT_LEVEL,
            lowest_contract_level=CONTRACT_LEVEL,
            visits_at_once=VISITS_AT_ONCE,
            rows_at_once=500,
        )
