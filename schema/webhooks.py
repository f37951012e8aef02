"""Where partners' and departments' systems hear of events, and what became of each. docs/webhooks.md is for receivers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import strawberry
from sqlalchemy import Text, Uuid

from domain.webhooks import actions
from domain.webhooks import models as m
from domain.webhooks.queries import sees_attempt, sees_delivery, sees_endpoint
from schema.accounts import ADMINISTERS, OPERATION, arguments_of
from schema.context import Info
from schema.engine import Connection, by, described, entity, is_in, keyed, matches, pages, related
from schema.enums import described_enum
from schema.errors import WHAT_TO_DO, UserError, answered
from schema.viewer import Actor

described_enum(
    m.DeliveryState,
    "What became of an event. 推送状态",
    WAITING="It is to be sent, or to be sent again. 待推送",
    DELIVERED="The receiver answered with 2xx. 已送达",
    GIVEN_UP="The receiver did not take it for a day; it can be sent again by hand. 已放弃",
    CANCELLED="The endpoint was disabled, or its grant had ended, before it was sent. 已取消",
)


@entity(m.WebhookEndpoint, scope=sees_endpoint(ADMINISTERS))
class WebhookEndpoint:
    """Where a system hears of events, while a grant of its account holds and within its region. 推送地址"""

    id: strawberry.ID = described("Globally unique id. 推送地址标识")
    account: Actor = described("Whose system it is. 所属账号")
    grant_id: strawberry.ID = described("The grant whose region and purpose it serves. 授权标识")
    url: str = described("Where events are posted. 地址")
    events: list[str] = described("What it hears of, such as clue.raised. 订阅事件")
    created_at: datetime = described("When it was made. 创建时刻")
    old_secret_until: datetime | None = described(
        "Until when events are signed with the secret before the last, too. 旧密钥失效时刻"
    )
    failures: int = described("Attempts that failed since the last success. 连续失败次数")
    failing_since: datetime | None = described("Since when; after five days it is disabled. 开始失败时刻")
    rests_until: datetime | None = described("Nothing is sent before, because so much failed. 暂停至")
    disabled_at: datetime | None = described("When it was disabled; null while it is told of events. 停用时刻")
    disable_reason: str | None = described("BY_HAND or FAILING. 停用原因")


@entity(m.WebhookAttempt, scope=sees_attempt(ADMINISTERS))
class WebhookAttempt:
    """One attempt at a delivery. What was sent and answered stands nowhere. 推送尝试"""

    id: strawberry.ID = described("Globally unique id. 尝试标识")
    began_at: datetime = described("When. 开始时刻")
    took_milliseconds: int = described("How long it took. 耗时毫秒数")
    status_code: int | None = described("What the receiver answered; null where it did not. 状态码")
    failure: str | None = described(
        "ADDRESS_REFUSED, NO_SUCH_HOST, TLS_FAILED, NO_CONNECTION, NO_ANSWER or BAD_ANSWER. 失败原因"
    )


@entity(m.WebhookDelivery, scope=sees_delivery(ADMINISTERS))
class WebhookDelivery:
    """One event that one endpoint is to hear of. Kept for 30 days after it was finished. 推送记录"""

    id: strawberry.ID = described("The header webhook-id, the same at every attempt. 推送标识")
    endpoint: WebhookEndpoint = described("Where. 推送地址")
    event: str = described("What happened, such as clue.raised. 事件")
    occurred_at: datetime = described("When it happened. 发生时刻")
    state: m.DeliveryState = described("What became of it. 状态")
    attempts: int = described("Attempts since it was last asked for. 尝试次数")
    tries_at: datetime = described("No attempt before. 下次尝试时刻")
    finished_at: datetime | None = described("When it was delivered, given up or cancelled. 结束时刻")
    log: list[WebhookAttempt] = related(
        m.WebhookDelivery.log,
        order_by=(m.WebhookAttempt.began_at, m.WebhookAttempt.id),
        description="Every attempt, the first first. 尝试记录",
    )


@strawberry.input(description="Which deliveries; all conditions together. 推送记录筛选条件")
class WebhookDeliveryFilter:
    endpoint_id: strawberry.ID | None = matches(
        lambda given: m.WebhookDelivery.endpoint_id == given, Uuid(), description="To this endpoint. 推送地址标识"
    )
    states: list[m.DeliveryState] | None = is_in(m.WebhookDelivery.state, description="In one of these states. 状态")
    event: str | None = matches(
        lambda event: m.WebhookDelivery.event == event, Text(), description="Of this event. 事件"
    )


@strawberry.type
class WebhookQueries:
    """Root fields about webhooks: for administrators all, for an organisation's account its own."""

    webhook_endpoints: Connection[WebhookEndpoint] = pages(
        order=by(m.WebhookEndpoint.created_at.desc()), description="Endpoints, the newest first. 推送地址列表"
    )
    webhook_deliveries: Connection[WebhookDelivery] = pages(
        filter=WebhookDeliveryFilter,
        order=by(m.WebhookDelivery.occurred_at.desc()),
        description="What was and is to be delivered, the latest event first. 推送记录列表",
    )


# --- what can be done ------------------------------------------------------------------------------------------------


@strawberry.input(description="An endpoint that is to be made. 新建推送地址")
class RegisterWebhookInput:
    id: strawberry.ID = strawberry.field(description="Its id, made by the client: a UUID. 推送地址标识")
    grant_id: strawberry.ID = strawberry.field(
        description="A grant of a department, a partner or an integrator, one's own or for administrators any. 授权标识"
    )
    url: str = strawberry.field(description="An https address of the open internet. 地址")
    events: list[str] = strawberry.field(description="What it is to hear of: clue.raised. 订阅事件")


@strawberry.input(description="An endpoint whose secret is to be made anew. 更换推送密钥")
class RotateWebhookSecretInput:
    operation_id: strawberry.ID = strawberry.field(description=OPERATION)
    endpoint_id: strawberry.ID = strawberry.field(description="The endpoint. 推送地址标识")
    at_once: bool = strawberry.field(
        default=False, description="The old secret signs no more; else for another day. 旧密钥是否立即失效"
    )


@strawberry.input(description="An endpoint that is meant. 推送地址操作")
class WebhookEndpointInput:
    operation_id: strawberry.ID = strawberry.field(description=OPERATION)
    endpoint_id: strawberry.ID = strawberry.field(description="The endpoint. 推送地址标识")


@strawberry.input(description="An event that is to be sent once more. 重新推送")
class RedeliverEventInput:
    operation_id: strawberry.ID = strawberry.field(description=OPERATION)
    delivery_id: strawberry.ID = strawberry.field(description="The delivery. 推送标识")


@strawberry.type(description="What became of an endpoint. 推送地址操作结果")
class WebhookPayload:
    endpoint: WebhookEndpoint | None = strawberry.field(description="The endpoint; null when refused. 推送地址")
    secret: str | None = strawberry.field(
        description="Told this once: a repeat of the same operation brings null. 签名密钥"
    )
    delivery: WebhookDelivery | None = strawberry.field(
        description="What was asked to be sent, by the two mutations that send. 推送记录"
    )
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type
class WebhookMutations:
    """For administrators, and for an organisation's own account."""

    @strawberry.mutation(description="Makes an endpoint, and the secret that its events are signed with. 新建推送地址")
    async def register_webhook(
        self, info: Info, input: Annotated[RegisterWebhookInput, WHAT_TO_DO]
    ) -> WebhookPayload | None:
        return await _done(info, actions.register_webhook, input, is_demo=info.context.is_demo)

    @strawberry.mutation(description="Gives an endpoint a new secret. 更换推送密钥")
    async def rotate_webhook_secret(
        self, info: Info, input: Annotated[RotateWebhookSecretInput, WHAT_TO_DO]
    ) -> WebhookPayload | None:
        return await _done(info, actions.rotate_webhook_secret, input)

    @strawberry.mutation(description="Tells an endpoint nothing more; what waits is cancelled. 停用推送地址")
    async def disable_webhook(
        self, info: Info, input: Annotated[WebhookEndpointInput, WHAT_TO_DO]
    ) -> WebhookPayload | None:
        return await _done(info, actions.disable_webhook, input)

    @strawberry.mutation(description="Tells a disabled endpoint of events again, from now on. 启用推送地址")
    async def enable_webhook(
        self, info: Info, input: Annotated[WebhookEndpointInput, WHAT_TO_DO]
    ) -> WebhookPayload | None:
        return await _done(info, actions.enable_webhook, input)

    @strawberry.mutation(description="Sends the event webhook.test, which means nothing. 发送测试事件")
    async def send_test_event(
        self, info: Info, input: Annotated[WebhookEndpointInput, WHAT_TO_DO]
    ) -> WebhookPayload | None:
        return await _done(info, actions.send_test_event, input)

    @strawberry.mutation(description="Sends an event once more, under its own id. 重新推送")
    async def redeliver_event(
        self, info: Info, input: Annotated[RedeliverEventInput, WHAT_TO_DO]
    ) -> WebhookPayload | None:
        return await _done(info, actions.redeliver_event, input)


async def _done(info: Info, action: Any, input: Any, **more: Any) -> WebhookPayload:
    done, errors = await answered(info, lambda db: action(db, info.context.actor, **arguments_of(input), **more))
    if done is None:
        return WebhookPayload(endpoint=None, secret=None, delivery=None, errors=errors)
    delivery = None if done.delivery_id is None else keyed(WebhookDelivery, done.delivery_id)
    return WebhookPayload(
        endpoint=keyed(WebhookEndpoint, done.endpoint_id), secret=done.secret, delivery=delivery, errors=errors
    )
