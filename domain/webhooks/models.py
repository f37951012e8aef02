"""Endpoints, what is to be told to them, and each attempt. A trigger of migration 0029_webhooks writes deliveries."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.access.models import Account
from domain.base.models import Base, is_envelope
from domain.webhooks.rules import DeliveryState as DeliveryState


class WebhookEndpoint(Base):
    """Where an organisation hears of events (推送地址): as long as a grant of its account holds, and within its region.

    failing_since, failures: since the last success. rests_until: nothing is sent before.
    disable_reason: BY_HAND or FAILING.
    """

    __tablename__ = "webhook_endpoint"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    grant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("access_grant.id"), index=True)
    url: Mapped[str]
    events: Mapped[list[str]]
    secret_sealed: Mapped[bytes] = mapped_column(LargeBinary())
    old_secret_sealed: Mapped[bytes | None] = mapped_column(LargeBinary())  # still signed with for a while
    old_secret_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    failures: Mapped[int] = mapped_column(server_default="0")
    failing_since: Mapped[datetime | None]
    rests_until: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    disable_reason: Mapped[str | None]

    account: Mapped[Account] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        CheckConstraint("num_nonnulls(old_secret_sealed, old_secret_until) IN (0, 2)", "old_secret_expires"),
        CheckConstraint("num_nonnulls(disabled_at, disable_reason) IN (0, 2)", "disabled_for_a_reason"),
        CheckConstraint(is_envelope("secret_sealed"), "secret_is_sealed"),
        CheckConstraint(is_envelope("old_secret_sealed"), "old_secret_is_sealed"),
    )


class WebhookDelivery(Base):
    """One event that one endpoint is to hear of (推送). Written in the transaction of the event: never lost, never made up.

    The id is the message's, at every attempt. content: ids and codes only. attempts: since it was last asked for by hand.
    """

    __tablename__ = "webhook_delivery"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    endpoint_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("webhook_endpoint.id"))
    event: Mapped[str]
    content: Mapped[dict[str, Any]]
    occurred_at: Mapped[datetime]
    state: Mapped[DeliveryState] = mapped_column(
        Enum(DeliveryState, native_enum=False, create_constraint=False, length=10), server_default="WAITING"
    )
    attempts: Mapped[int] = mapped_column(server_default="0")
    tries_at: Mapped[datetime]  # not before
    claimed_until: Mapped[datetime | None]  # an attempt is under way
    finished_at: Mapped[datetime | None]

    endpoint: Mapped[WebhookEndpoint] = relationship(lazy="raise", viewonly=True)
    log: Mapped[list[WebhookAttempt]] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        Index("ix_webhook_delivery_endpoint_id", "endpoint_id", "occurred_at"),
        Index("ix_webhook_delivery_occurred_at", "occurred_at", "id"),
        Index("ix_webhook_delivery_finished_at", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
        CheckConstraint("(state = 'WAITING') = (finished_at IS NULL)", "finished_with_its_state"),
    )


class WebhookAttempt(Base):
    """One attempt at a delivery (推送尝试): when, for how long, and what the receiver answered. Never what was in it."""

    __tablename__ = "webhook_attempt"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    delivery_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("webhook_delivery.id", ondelete="CASCADE"))
    began_at: Mapped[datetime]
    took_milliseconds: Mapped[int]
    status_code: Mapped[int | None]
    failure: Mapped[str | None]

    __table_args__ = (
        Index("ix_webhook_attempt_delivery_id", "delivery_id", "began_at"),
        CheckConstraint("num_nonnulls(status_code, failure) = 1", "answered_or_failed"),
    )
