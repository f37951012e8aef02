"""Strawberry's own ASGI view over SQLAlchemy's ORM and dataloaders, with our identity and both walls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache

import domain.tables  # noqa: F401 - whoever maps one table maps them all
from api.app import as_app
from api.database import sqlalchemy_url
from api.identity import Identities
from api.settings import load_settings
from api.tokens import Keys
from bench.peers.strawberry_orm.loaders import Loaders
from bench.peers.strawberry_orm.schema import schema

schema.extensions = [ParserCache, ValidationCache]


class View(GraphQL[Any, None]):
    async def get_context(self, request: Any, response: Any) -> Any:
        state = request.state
        viewer = await state.identities.viewer(request.headers.get("authorization"), "zh", datetime.now(UTC))
        return {"loaders": Loaders(state.sessions, viewer)}


def create_app() -> Starlette:
    """The application over the database of the environment's settings."""
    view = View(schema)
    return Starlette(routes=[Route("/graphql", view)], lifespan=lifespan)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
    settings = load_settings()
    assert settings.database_url is not None
    own = as_app(settings)
    engine = create_async_engine(
        sqlalchemy_url(settings.database_url),
        pool_size=settings.pool_size,
        max_overflow=0,
        connect_args={"server_settings": own},
    )
    async with asyncpg.create_pool(settings.database_url, min_size=1, max_size=2, server_settings=own) as pool:
        yield {
            "sessions": async_sessionmaker(engine, expire_on_commit=False),
            "identities": Identities(Keys(settings.data_dir), pool, is_demo=False),
        }
        await engine.dispose()
