"""Endpoints are made, given another secret, tried, ended. A secret is told once; what stands in the table is sealed."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.accounts.rules import OUTSIDE
from domain.audit.actions import record
from domain.base.errors import Conflict, InvalidInput, Problem, refused
from domain.base.jobs import enqueue
from domain.base.sealed_fields import WEBHOOK_SECRET
from domain.base.transactions import ring_of
from domain.changes.actions import Answer, once
from domain.webhooks.models import DeliveryState, WebhookDelivery, WebhookEndpoint
from domain.webhooks.queries import (
    endpoints_in_force,
    lock_delivery,
    lock_endpoint,
    own_grant,
    region_of_grant,
)
from domain.webhooks.rules import (
    DELIVER,
    MOST_ENDPOINTS,
    OLD_SECRET_GOOD_FOR,
    SECRET_BYTES,
    TEST_EVENT,
    DisableReason,
    event_problems,
    url_problem,
    written_secret,
)


@dataclass(frozen=True, slots=True)
class Told:
    """What an action came to: an endpoint or a delivery, and a secret where one was made just now."""

    endpoint_id: uuid.UUID
    delivery_id: uuid.UUID | None = None
    secret: str | None = None


async def register_webhook(
    db: AsyncSession,
    actor: Actor,
    *,
    id: uuid.UUID,
    grant_id: uuid.UUID,
    url: str,
    events: Sequence[str],
    is_demo: bool = False,
) -> Told:
    """Let the account of a grant hear of events at an address, while the grant holds and within its region.

    For administrators, and for the account itself. Raises NotVisible, InvalidInput with all that is wrong
    (ROLE_NOT_FOR_ACCOUNT for a grant of the five levels, HAS_ENDED, URL_INVALID, URL_NOT_PUBLIC, TOO_LONG, REQUIRED,
    UNKNOWN_CODE, EVENT_NEEDS_REGION, TOO_MANY), Conflict as `once` does.
    """
    secret: str | None = None

    async def make() -> Answer:
        nonlocal secret
        grant = await own_grant(db, actor, grant_id)
        problems = event_problems(events, has_region=grant.region_code is not None)
        if wrong := url_problem(url, is_demo=is_demo):
            problems.append(wrong)
        if grant.role not in OUTSIDE:
            problems.append(Problem("ROLE_NOT_FOR_ACCOUNT", ("input", "grantId"), {"role": "webhook"}))
        if grant.ends_on is not None and grant.ends_on <= actor.today:
            problems.append(Problem("HAS_ENDED", ("input", "grantId"), {"endedOn": str(grant.ends_on)}))
        if await endpoints_in_force(db, grant.account_id) >= MOST_ENDPOINTS:
            problems.append(Problem("TOO_MANY", ("input", "grantId"), {"limit": MOST_ENDPOINTS}))
        if problems:
            raise InvalidInput(*problems)
        secret, envelope = _new_secret(db, id)
        await db.execute(
            insert(WebhookEndpoint).inline(),
            {
                "id": id,
                "account_id": grant.account_id,
                "grant_id": grant_id,
                "url": url,
                "events": sorted(set(events)),
                "secret_sealed": envelope,
                "created_at": actor.at,
            },
        )
        detail = {"events": sorted(set(events)), "account": str(grant.account_id)}
        await _noted(db, actor, "webhook_registered", id, grant.region_code, detail, id)
        return {"endpoint_id": str(id)}

    content = {"grant_id": grant_id, "url": url, "events": list(events)}
    await once(db, actor, id, "register_webhook", content, make)
    return Told(id, secret=secret)


async def rotate_webhook_secret(
    db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, endpoint_id: uuid.UUID, at_once: bool = False
) -> Told:
    """A new secret; for another day what is sent is signed with the old one, too, or not at all. Raises NotVisible."""
    secret: str | None = None

    async def rotate() -> Answer:
        nonlocal secret
        endpoint = await lock_endpoint(db, actor, endpoint_id)
        endpoint.old_secret_sealed = None if at_once else endpoint.secret_sealed
        endpoint.old_secret_until = None if at_once else actor.at + OLD_SECRET_GOOD_FOR
        secret, endpoint.secret_sealed = _new_secret(db, endpoint_id)
        await _changed(db, actor, "webhook_secret_rotated", endpoint, operation_id)
        return {}

    content = {"endpoint_id": endpoint_id, "at_once": at_once}
    await once(db, actor, operation_id, "rotate_webhook_secret", content, rotate)
    return Told(endpoint_id, secret=secret)


async def disable_webhook(db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, endpoint_id: uuid.UUID) -> Told:
    """Tell it nothing more; what waits is cancelled when its turn comes. Raises NotVisible."""

    async def disable() -> Answer:
        endpoint = await lock_endpoint(db, actor, endpoint_id)
        if endpoint.disabled_at is None:
            endpoint.disabled_at, endpoint.disable_reason = actor.at, DisableReason.BY_HAND.value
            await _changed(db, actor, "webhook_disabled", endpoint, operation_id)
        return {}

    await once(db, actor, operation_id, "disable_webhook", {"endpoint_id": endpoint_id}, disable)
    return Told(endpoint_id)


async def enable_webhook(db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, endpoint_id: uuid.UUID) -> Told:
    """Tell it of events again, from now on. Raises NotVisible, InvalidInput (TOO_MANY)."""

    async def enable() -> Answer:
        endpoint = await lock_endpoint(db, actor, endpoint_id)
        if endpoint.disabled_at is not None:
            if await endpoints_in_force(db, endpoint.account_id) >= MOST_ENDPOINTS:
                raise InvalidInput(Problem("TOO_MANY", ("input", "endpointId"), {"limit": MOST_ENDPOINTS}))
            endpoint.disabled_at = endpoint.disable_reason = endpoint.failing_since = endpoint.rests_until = None
            endpoint.failures = 0
            await _changed(db, actor, "webhook_enabled", endpoint, operation_id)
        return {}

    await once(db, actor, operation_id, "enable_webhook", {"endpoint_id": endpoint_id}, enable)
    return Told(endpoint_id)


async def send_test_event(db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, endpoint_id: uuid.UUID) -> Told:
    """Send an event that means nothing, now, resting or not. Raises NotVisible, Refused (WEBHOOK_DISABLED)."""

    async def ask() -> Answer:
        endpoint = await lock_endpoint(db, actor, endpoint_id)
        if endpoint.disabled_at is not None:
            raise refused("WEBHOOK_DISABLED", "endpointId")
        endpoint.rests_until = None
        await db.flush()
        await db.execute(
            insert(WebhookDelivery).inline(),
            {
                "id": operation_id,
                "endpoint_id": endpoint_id,
                "event": TEST_EVENT,
                "content": {},
                "occurred_at": actor.at,
                "tries_at": actor.at,
            },
        )
        await enqueue(db, DELIVER, {"deliveryId": str(operation_id)})
        await _changed(db, actor, "webhook_tested", endpoint, operation_id)
        return {}

    await once(db, actor, operation_id, "send_test_event", {"endpoint_id": endpoint_id}, ask)
    return Told(endpoint_id, operation_id)


async def redeliver_event(db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, delivery_id: uuid.UUID) -> Told:
    """Send an event once more, under its own id, with all its attempts before it. Raises NotVisible, Refused
    (WEBHOOK_DISABLED), Conflict (DELIVERY_UNDER_WAY)."""
    delivery, endpoint = await lock_delivery(db, actor, delivery_id)

    async def ask() -> Answer:
        if endpoint.disabled_at is not None:
            raise refused("WEBHOOK_DISABLED", "deliveryId")
        if delivery.state is DeliveryState.WAITING:
            raise Conflict(Problem("DELIVERY_UNDER_WAY", ("input", "deliveryId")))
        delivery.state, delivery.finished_at, delivery.attempts = DeliveryState.WAITING, None, 0
        delivery.tries_at = actor.at
        await enqueue(db, DELIVER, {"deliveryId": str(delivery_id)})
        await _changed(db, actor, "webhook_redelivered", endpoint, operation_id)
        return {}

    await once(db, actor, operation_id, "redeliver_event", {"delivery_id": delivery_id}, ask)
    return Told(endpoint.id, delivery_id)


def _new_secret(db: AsyncSession, endpoint_id: uuid.UUID) -> tuple[str, bytes]:
    secret = written_secret(secrets.token_bytes(SECRET_BYTES))
    return secret, ring_of(db).seal(WEBHOOK_SECRET, endpoint_id, secret)


async def _changed(
    db: AsyncSession, actor: Actor, action: str, endpoint: WebhookEndpoint, operation_id: uuid.UUID
) -> None:
    await db.flush()
    region = await region_of_grant(db, endpoint.grant_id)
    await _noted(db, actor, action, endpoint.id, region, {}, operation_id)


async def _noted(
    db: AsyncSession,
    actor: Actor,
    action: str,
    endpoint_id: uuid.UUID,
    region_code: str | None,
    detail: dict[str, Any],
    operation_id: uuid.UUID,
) -> None:
    await record(db, actor, action, "webhook_endpoint", endpoint_id, region_code, detail, operation_id=operation_id)
