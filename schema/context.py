"""What ordinary resolvers find as `info.context`."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeAlias, TypeVar

import strawberry
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import SET_VIEWER, viewer_settings
from domain.access.rules import Actor, Viewer
from domain.base.transactions import Sessions, carry_out
from domain.hardship.receipts import Mac
from schema.engine import Engine

T = TypeVar("T")

Place: TypeAlias = int | uuid.UUID  # of the feed: a township's area, or a party


class Feed(Protocol):
    """What subscriptions wait on; api/live.py."""

    async def changed(self, seen: Mapping[Place, int | None]) -> Mapping[Place, int]:
        """Waits until one of these places has another head than the one seen; answers the heads of them all."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks and when, where to write, what to wait on, and the engine, for what a resolver has to know itself.

    mac: the installation's keyed hash. sender_mac: that of the network a request came from, to count by.
    is_get: whether the whole question stood in an address, which servers on the way write down.
    is_demo: whether webhooks may go to this machine.
    """

    actor: Actor
    sessions: Sessions
    feed: Feed
    engine: Engine
    minimum_app_versions: Mapping[str, str] = field(default_factory=dict)
    mac: Mac = field(kw_only=True)
    sender_mac: bytes = field(kw_only=True)
    is_get: bool = field(default=False, kw_only=True)
    is_demo: bool = field(default=False, kw_only=True)

    @property
    def at(self) -> datetime:
        """When the request came; on a socket, when its operation began."""
        return self.actor.at

    @property
    def request_id(self) -> str | None:
        """The request's id, as the log and the trace have it."""
        return self.actor.request_id

    @property
    def device_id(self) -> str | None:
        """The device that asks, where its token names one."""
        return self.actor.device_id

    async def carry_out(self, action: Callable[[AsyncSession], Awaitable[T]], *, desk: Viewer | None = None) -> T:
        """One action in one transaction, under the settings of the viewer, or of the desk that takes in what they say;
        committed when this returns."""
        settings = viewer_settings(desk or self.actor.viewer)
        return await carry_out(self.sessions, action, set_viewer=SET_VIEWER, viewer=settings)

    async def value(self, statement: Select[Any], given: Mapping[str, Any]) -> Any:
        """What a statement of the resolver's own answers, under the viewer's settings: one value, one round trip."""
        return await self.engine.value(statement, given, viewer=self.actor.viewer)


Info = strawberry.Info[Context, None]
