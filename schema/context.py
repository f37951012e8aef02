"""What ordinary resolvers find as `info.context`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import SET_VIEWER, viewer_settings
from domain.access.rules import Actor
from domain.base.transactions import Sessions, carry_out

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks and when, and where to write. Reads have no business here: the engine does them."""

    actor: Actor
    sessions: Sessions

    async def carry_out(self, action: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """One action in one transaction, under the viewer's settings; committed when this returns."""
        settings = viewer_settings(self.actor.viewer)
        return await carry_out(self.sessions, action, set_viewer=SET_VIEWER, viewer=settings)


Info = strawberry.Info[Context, None]
