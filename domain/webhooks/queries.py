"""Who sees an endpoint and what became of its events."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.models import Account, Grant
from domain.access.queries import VIEWER_ID
from domain.access.rules import Actor
from domain.base.errors import not_visible
from domain.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint


def sees_endpoint(administers: ColumnElement[bool]) -> ColumnElement[bool]:
    """The scope of an endpoint: its own account, and administrators."""
    return or_(administers, WebhookEndpoint.account_id == VIEWER_ID)


def sees_delivery(administers: ColumnElement[bool]) -> ColumnElement[bool]:
    """The scope of a delivery: that of its endpoint."""
    seen = select(1).where(WebhookEndpoint.id == WebhookDelivery.endpoint_id, sees_endpoint(administers))
    return seen.correlate(WebhookDelivery).exists()


def sees_attempt(administers: ColumnElement[bool]) -> ColumnElement[bool]:
    """The scope of an attempt: that of its delivery."""
    seen = (
        select(1)
        .select_from(WebhookDelivery)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
        .where(WebhookDelivery.id == WebhookAttempt.delivery_id, sees_endpoint(administers))
    )
    return seen.correlate(WebhookAttempt).exists()


async def own_grant(db: AsyncSession, actor: Actor, grant_id: uuid.UUID) -> Grant:
    """A grant of an account that is in force, of the actor's own account or for an administrator. NOT_FOUND."""
    grant = await db.scalar(
        select(Grant)
        .join(Account, Account.id == Grant.account_id)
        .where(Grant.id == grant_id, Account.disabled_at.is_(None))
    )
    if grant is None or not _is_for(actor, grant.account_id):
        raise not_visible("grantId")
    return grant


async def lock_endpoint(db: AsyncSession, actor: Actor, endpoint_id: uuid.UUID) -> WebhookEndpoint:
    """The endpoint, locked. NOT_FOUND."""
    # Beside whoever is just writing an event down for it.
    locked = select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id).with_for_update(key_share=True)
    endpoint = await db.scalar(locked)
    if endpoint is None or not _is_for(actor, endpoint.account_id):
        raise not_visible("endpointId")
    return endpoint


async def lock_delivery(
    db: AsyncSession, actor: Actor, delivery_id: uuid.UUID
) -> tuple[WebhookDelivery, WebhookEndpoint]:
    """The delivery, locked, and its endpoint. NOT_FOUND."""
    found = (
        await db.execute(
            select(WebhookDelivery, WebhookEndpoint)
            .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
            .where(WebhookDelivery.id == delivery_id)
            .with_for_update(of=WebhookDelivery)
        )
    ).one_or_none()
    if found is None or not _is_for(actor, found[1].account_id):
        raise not_visible("deliveryId")
    return found[0], found[1]


async def endpoints_in_force(db: AsyncSession, account_id: uuid.UUID) -> int:
    """How many endpoints an account has that are not disabled."""
    counted = select(func.count()).where(
        WebhookEndpoint.account_id == account_id, WebhookEndpoint.disabled_at.is_(None)
    )
    return await db.scalar(counted) or 0


async def region_of_grant(db: AsyncSession, grant_id: uuid.UUID) -> str | None:
    """Where a grant holds: for the trace."""
    return await db.scalar(select(Grant.region_code).where(Grant.id == grant_id))


def holds(grant: Grant, today: date) -> bool:
    """Whether a grant holds on a day."""
    return grant.starts_on <= today and (grant.ends_on is None or today < grant.ends_on)


def _is_for(actor: Actor, account_id: uuid.UUID) -> bool:
    return actor.viewer.administers or actor.id == account_id
