"""A toy application whose subscriptions a test holds in its hand, for the transport alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import strawberry
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

from api.budgets import Budgets
from api.documents import Documents
from api.graphql_ws import graphql_socket
from api.identity import NotSignedIn
from api.settings import Settings
from domain.access.rules import ANONYMOUS, Viewer
from schema.engine import Engine
from tests.sockets import PATIENCE_SECONDS, Phone, serving

SETTINGS = Settings(max_body_bytes=100_000, max_sockets=30)
SUBSCRIPTION = "subscription { events }"
ALICE = Viewer(id=None, name="Alice", region_from="35", region_to="35:")


@dataclass
class Stage:
    """What the toy's resolvers do, seen and steered from outside."""

    events: asyncio.Queue[str | Exception | None] = field(default_factory=asyncio.Queue)
    made: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    viewers: dict[str, Viewer] = field(default_factory=lambda: {"Bearer alice": ALICE})
    surprises: list[BaseException] = field(default_factory=list)
    failure: Exception | None = None

    async def viewer(self, authorization: str | None, accept_language: str | None, now: Any) -> Viewer:
        """Stands in for Identities."""
        if self.failure is not None:
            raise self.failure
        language = "en" if accept_language == "en" else "zh"
        if authorization is None:
            return replace(ANONYMOUS, language=language)
        if authorization not in self.viewers:
            raise NotSignedIn
        return replace(self.viewers[authorization], language=language)

    async def has_ended(self) -> None:
        """Comes back when a subscription has ended. One that never began ends never, and the test says so."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.ended.wait()

    def device_of(self, authorization: str | None) -> str | None:
        """Nobody in the toy has a device."""
        return None


STAGE = Stage()


@strawberry.type
class Query:
    @strawberry.field
    def me(self, info: strawberry.Info[Any]) -> str:
        return f"{info.context.actor.viewer.name} {info.context.actor.viewer.language}"

    @strawberry.field
    async def broken(self) -> str:
        raise RuntimeError("a secret")


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def write(self, text: str) -> str:
        return text


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def events(self) -> AsyncIterator[str]:
        """What the test puts on the stage; an exception is raised, None is the end."""
        try:
            while (event := await STAGE.events.get()) is not None:
                if isinstance(event, Exception):
                    raise event
                STAGE.made += 1
                yield event
        finally:
            STAGE.ended.set()

    @strawberry.subscription
    async def flood(self, bytes: int) -> AsyncIterator[str]:
        """As much as anybody takes."""
        try:
            while True:
                STAGE.made += 1
                yield f"{STAGE.made} ".ljust(bytes, ".")
        finally:
            STAGE.ended.set()


ENGINE = Engine(
    strawberry.Schema(Query, Mutation, Subscription),
    SimpleNamespace(),  # type: ignore[arg-type]  # nothing here is planned
    on_surprise=lambda error, plan: STAGE.surprises.append(error),
)


def state() -> dict[str, Any]:
    """What its requests share, as in api/app.py."""
    return {
        "settings": SETTINGS,
        "engine": ENGINE,
        "seal": SimpleNamespace(mac=lambda use, *parts: b"of nobody"),
        "identities": SimpleNamespace(viewer=lambda *who: STAGE.viewer(*who), device_of=STAGE.device_of),
        "documents": Documents(["{ me }"], ["HELPER"]),
        "budgets": Budgets(SETTINGS.cost_per_minute),
        "sessions": None,
        "feed": None,
        "sockets": asyncio.Semaphore(SETTINGS.max_sockets),
    }


@asynccontextmanager
async def toy() -> AsyncIterator[str]:
    """The toy, served: the address of its sockets."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        yield state()

    async with serving(
        Starlette(routes=[WebSocketRoute("/graphql", graphql_socket)], lifespan=lifespan), SETTINGS
    ) as a:
        yield a


async def held(alice: Phone, stage: Stage) -> None:
    """A subscription under the id `a` that has had its first event and waits for the next."""
    await alice.ask("a", SUBSCRIPTION)
    stage.events.put_nowait("one")
    assert (await alice.hear())["type"] == "next"
