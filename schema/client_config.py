"""What every client may know before it signs in: the server's clock, the contract, the limits, the policy of visits."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Final

import strawberry

from domain.sync.pushing import ROWS_LIMIT
from domain.sync.rules import MOST_AT_ONCE
from domain.visits import rules
from domain.visits.items import BATCH_LIMIT
from schema.context import Info

CONTRACT_LEVEL: Final = 2  # mobile_contract/CHANGES.md says when it rises
LOWEST_CONTRACT_LEVEL: Final = 1
ROWS_AT_ONCE: Final = 500  # the engine's own bound on a page


@strawberry.type(
    description="Where a visit begins to look odd, so that a screen can say so at the door. 走访可信度规则"
)
class VisitPolicy:
    fence_metres: float = strawberry.field(
        description="Further from the dwelling than this is outside the fence, in metres. 围栏半径(米)"
    )
    accuracy_limit_metres: float = strawberry.field(
        description="A place that is less accurate than this tells little, in metres. 精度上限(米)"
    )
    clock_skew_tolerance_seconds: int = strawberry.field(
        description="How far a phone's clock may be off, in seconds. 时钟误差上限(秒)"
    )
    late_after_hours: int = strawberry.field(
        description="A visit that comes in later after it happened is late, in hours. 迟报时限(小时)"
    )
    future_tolerance_seconds: int = strawberry.field(
        description="A visit that happened later than it was sent, or than now, is refused beyond this, in seconds. "
        " 未来时间容差(秒)"
    )

    @classmethod
    def of(cls, policy: rules.VisitPolicy) -> VisitPolicy:
        """What a screen needs of it; how fast one may travel is nobody's business at the door."""
        given = asdict(policy)
        return cls(**{name: given[name] for name in cls.__annotations__})


@strawberry.type(description="An app, and the oldest version of it that may still be used here. 应用最低版本")
class MinimumAppVersion:
    app: str = strawberry.field(description="The app's name for programs, such as its package's. 应用标识")
    version: str = strawberry.field(description="An older one asks for an update and goes no further. 最低版本号")


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
    minimum_app_versions: list[MinimumAppVersion] = strawberry.field(
        description="What this installation asks of the apps that it knows; one that is not listed may be of any version. "
        "各应用最低版本"
    )
    visits_at_once: int = strawberry.field(description="How many visits one submission may hold. 单次提交走访上限")
    households_at_once: int = strawberry.field(description="How many families one push may hold. 单次推送农户上限")
    rows_at_once: int = strawberry.field(description="How many rows one page may hold. 单页行数上限")
    documents_at_once: int = strawberry.field(description="The highest `limit` of a pull. 单次同步记录上限")
    visit_policy: VisitPolicy = strawberry.field(description="Where a visit begins to look odd. 走访可信度规则")


@strawberry.type
class ClientConfigQueries:
    """The root field for clients without an account."""

    @strawberry.field(description="What a client may know before it signs in. 客户端配置")
    def client_config(self, info: Info) -> ClientConfig:
        return ClientConfig(
            server_time=info.context.actor.at,
            contract_level=CONTRACT_LEVEL,
            lowest_contract_level=LOWEST_CONTRACT_LEVEL,
            minimum_app_versions=[
                MinimumAppVersion(app=app, version=version)
                for app, version in sorted(info.context.minimum_app_versions.items())
            ],
            visits_at_once=BATCH_LIMIT,
            households_at_once=ROWS_LIMIT,
            rows_at_once=ROWS_AT_ONCE,
            documents_at_once=MOST_AT_ONCE,
            visit_policy=VisitPolicy.of(rules.VisitPolicy()),
        )
