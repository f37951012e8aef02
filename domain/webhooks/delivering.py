"""One attempt to deliver one event: claim it, send it, write down what came of it. As the machine role.

Three steps, so that no transaction waits for somebody else's server. A worker that dies between them leaves a claim that
runs out; its job comes again, and the receiver hears the event twice at most, under the same id. Every delivery that waits
has a job in the queue: whoever puts it off asks for the next one in the same transaction. All times are the database's, as
the queue's are: two clocks would let a job find its delivery not due yet.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.models import Account, Grant
from domain.access.rules import CHINA
from domain.base.jobs import enqueue
from domain.base.sealed_fields import WEBHOOK_SECRET
from domain.base.transactions import Sessions, ring_of
from domain.webhooks.models import DeliveryState, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from domain.webhooks.queries import holds
from domain.webhooks.rules import (
    CLAIM,
    DELIVER,
    KEPT_FOR,
    DisableReason,
    Outcome,
    body_of,
    is_past_bearing,
    pause_after,
    rest_after,
    signatures,
)

Send = Callable[[str, Mapping[str, str], bytes], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class _Claimed:
    """What is to be sent, and since when it is ours."""

    at: datetime
    url: str
    headers: Mapping[str, str]
    body: bytes


async def deliver(sessions: Sessions, delivery_id: uuid.UUID, send: Send) -> None:
    """Make one attempt, where one is due; else see to it that the next one comes."""
    async with sessions() as db, db.begin():
        claimed = await _claim(db, delivery_id)
    if claimed is None:
        return
    outcome = await send(claimed.url, claimed.headers, claimed.body)
    async with sessions() as db, db.begin():
        await _note(db, delivery_id, claimed, outcome)


async def forget_old(db: AsyncSession, at: datetime) -> None:
    """Take away what was finished long ago, with its attempts."""
    await db.execute(delete(WebhookDelivery).where(WebhookDelivery.finished_at < at - KEPT_FOR))


async def _claim(db: AsyncSession, delivery_id: uuid.UUID) -> _Claimed | None:
    row = (
        await db.execute(
            select(WebhookDelivery, WebhookEndpoint, Grant, Account.disabled_at.is_(None), func.clock_timestamp())
            .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
            .join(Grant, Grant.id == WebhookEndpoint.grant_id)
            .join(Account, Account.id == WebhookEndpoint.account_id)
            .where(WebhookDelivery.id == delivery_id, WebhookDelivery.state == DeliveryState.WAITING)
            .with_for_update(of=WebhookDelivery)
        )
    ).one_or_none()
    if row is None:
        return None
    delivery, endpoint, grant, is_enabled, at = row
    if endpoint.disabled_at is not None or not is_enabled or not holds(grant, at.astimezone(CHINA).date()):
        delivery.state, delivery.finished_at = DeliveryState.CANCELLED, at
        return None
    later = max(when for when in (delivery.tries_at, delivery.claimed_until, endpoint.rests_until, at) if when)
    if later > at:
        await _come_again(db, delivery_id, later)
        return None
    delivery.claimed_until = at + CLAIM
    return _Claimed(at, endpoint.url, *_signed(db, delivery, endpoint, at))


def _signed(
    db: AsyncSession, delivery: WebhookDelivery, endpoint: WebhookEndpoint, at: datetime
) -> tuple[Mapping[str, str], bytes]:
    envelopes = [endpoint.secret_sealed]
    if (
        endpoint.old_secret_sealed is not None
        and endpoint.old_secret_until is not None
        and at < endpoint.old_secret_until
    ):
        envelopes.append(endpoint.old_secret_sealed)
    secrets = [ring_of(db).unseal(WEBHOOK_SECRET, endpoint.id, envelope) for envelope in envelopes]
    body = body_of(delivery.event, delivery.occurred_at, delivery.content)
    sent_at, message_id = int(at.timestamp()), str(delivery.id)
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(sent_at),
        "webhook-signature": signatures(secrets, message_id, sent_at, body),
    }
    return headers, body


async def _note(db: AsyncSession, delivery_id: uuid.UUID, claimed: _Claimed, outcome: Outcome) -> None:
    delivery = (
        await db.scalars(select(WebhookDelivery).where(WebhookDelivery.id == delivery_id).with_for_update())
    ).one_or_none()
    if delivery is None or delivery.state is not DeliveryState.WAITING:
        return
    at = claimed.at + outcome.took
    db.add(
        WebhookAttempt(
            id=uuid.uuid4(),
            delivery_id=delivery_id,
            began_at=claimed.at,
            took_milliseconds=round(outcome.took.total_seconds() * 1000),
            status_code=outcome.status,
            failure=outcome.failure,
        )
    )
    delivery.attempts += 1
    delivery.claimed_until = None
    endpoint = await db.get_one(WebhookEndpoint, delivery.endpoint_id, with_for_update={"key_share": True})
    if outcome.is_delivered:
        delivery.state, delivery.finished_at = DeliveryState.DELIVERED, at
        endpoint.failures, endpoint.failing_since, endpoint.rests_until = 0, None, None
        return
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or at
    rest = rest_after(endpoint.failures)
    endpoint.rests_until = None if rest is None else at + rest
    if is_past_bearing(endpoint.failing_since, at) and endpoint.disabled_at is None:
        endpoint.disabled_at, endpoint.disable_reason = at, DisableReason.FAILING.value
    pause = pause_after(delivery.attempts, random.random())  # noqa: S311 - spreads load, hides nothing
    if pause is None:
        delivery.state, delivery.finished_at = DeliveryState.GIVEN_UP, at
        return
    delivery.tries_at = at + pause
    await _come_again(db, delivery_id, delivery.tries_at)


async def _come_again(db: AsyncSession, delivery_id: uuid.UUID, when: datetime) -> None:
    """Ask for the job anew. Named by delivery and instant: a job that is done over asks for no second one."""
    job = {"deliveryId": str(delivery_id)}
    await enqueue(db, DELIVER, job, once_as=f"webhook {delivery_id} {when.isoformat()}", not_before=when)
