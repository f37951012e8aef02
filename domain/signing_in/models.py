"""What sign-in keeps. The app role reads none of it: narrow functions of migration 0011_sign_in answer for one row each."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.base.models import Base


class Credential(Base):
    """A person's login name and what proves it (登录凭据). The second factor's secret is sealed by a key outside."""

    __tablename__ = "credential"

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    login_name: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str | None]  # argon2id in PHC form; null until the one-time code has been used
    password_set_at: Mapped[datetime | None]
    totp_sealed: Mapped[bytes | None]
    totp_step: Mapped[int | None]  # the last 30-second step whose code was used: no code counts twice
    code_hash: Mapped[bytes | None]
    code_until: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("num_nonnulls(code_hash, code_until) IN (0, 2)", "code_expires"),)


class SignInAttempt(Base):
    """How often a name or an address has failed lately (登录失败计数).

    The subject is a keyed hash, and names that nobody has are counted like others: whether a name exists is not told.
    """

    __tablename__ = "sign_in_attempt"

    subject: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    counted_from: Mapped[datetime]  # failures fade, one for each so-and-so long since then
    locked_until: Mapped[datetime | None]


class SignInSession(Base):
    """A signed-in device, and the family of refresh tokens that it was given (已登录设备).

    No token stands here: one is the keyed hash of id, generation and salt, and the key lies outside the database.
    """

    __tablename__ = "sign_in_session"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    device_id: Mapped[str]
    device_name: Mapped[str]
    salt: Mapped[bytes]
    generation: Mapped[int]
    opened_at: Mapped[datetime]
    rotated_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    revoke_reason: Mapped[str | None]

    __table_args__ = (
        Index(
            "one_session_per_device",
            "account_id",
            "device_id",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
        Index("ix_sign_in_session_revoked_by_id", "revoked_by_id", postgresql_where=text("revoked_by_id IS NOT NULL")),
        CheckConstraint("num_nonnulls(revoked_at, revoke_reason) IN (0, 2)", "revoked_for_a_reason"),
    )


class OAuthClient(Base):
    """A partner's or integrator's program (接口客户端): an account, scopes, and a secret or public keys."""

    __tablename__ = "oauth_client"

    id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    name: Mapped[str]
    scopes: Mapped[list[str]]
    secret_hash: Mapped[bytes | None]
    old_secret_hash: Mapped[bytes | None]  # still good for a while after a rotation
    old_secret_until: Mapped[datetime | None]
    jwks: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("num_nonnulls(secret_hash, jwks) > 0", "can_prove_itself"),
        CheckConstraint("num_nonnulls(old_secret_hash, old_secret_until) IN (0, 2)", "old_secret_expires"),
    )


class OAuthAssertion(Base):
    """A signed assertion that was used (RFC 7523): it is good once."""

    __tablename__ = "oauth_assertion"

    client_id: Mapped[str] = mapped_column(ForeignKey("oauth_client.id"), primary_key=True)
    jti: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]
