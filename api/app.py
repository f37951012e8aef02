"""The application: its parts made once, its routes, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypedDict

import asyncpg
import structlog
from alembic.script import ScriptDirectory
from graphql import GraphQLError
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from api import auth, department_lists, graphiql, health, notice_page, report_page, sweep_ledgers
from api.auth.asking import Hashing
from api.budgets import Budgets
from api.compression import Compression
from api.database import alembic_config, sqlalchemy_url
from api.documents import Documents, may_introspect, stored_documents
from api.graphql_http import graphql
from api.graphql_ws import graphql_socket
from api.identity import Identities, preferred_language
from api.live import Feed
from api.logging import set_up_logging
from api.master_key import kept_current, master_key
from api.notary import TraceKey
from api.reading import WAIT_SECONDS, Reads
from api.requests import Requests
from api.settings import Settings
from api.tokens import Keys, persona_tokens
from api.upkeep import kept_up
from api.worker import worker_beside
from domain.access.rules import Viewer
from domain.audit.before_and_after import told
from domain.base.key_ring import read_ring
from domain.base.sealing import Ring
from domain.base.transactions import Sessions, sessions_on
from schema.engine import Allowance, Engine
from schema.errors import phrased
from schema.messages import message
from schema.root import catalogue
from schema.walls import FLAGS, SETTINGS
from schema.watched import WATCH

LOG = structlog.get_logger("ruhu")

# A document that is not known yet costs milliseconds to validate and compile; an app has a few dozen, and a person in
# GraphiQL types a few a minute. All who are not signed in share one allowance.
NEW_DOCUMENTS = 500
NEW_DOCUMENTS_A_SECOND = 20.0

# A statement is planned once per connection, without values: PostgreSQL left to itself would plan the long ones every time.
# But where a list's order and its scope have different indexes, how much the viewer sees decides which is better; there
# half a millisecond of planning saves up to a second (docs/decisions/0013-wide-lists.md).
PLANNED_ONCE = {"plan_cache_mode": "force_generic_plan"}
PLANNED_ANEW = {"plan_cache_mode": "force_custom_plan"}


class State(TypedDict):
    """What requests share; each finds it as request.state."""

    settings: Settings
    health: asyncpg.Pool
    sessions: Sessions
    engine: Engine
    identities: Identities
    seal: Ring
    hashing: Hashing
    documents: Documents
    budgets: Budgets
    feed: Feed
    sockets: asyncio.Semaphore
    revision: str | None


def create_app(settings: Settings, *, is_kept_up: bool = False) -> Starlette:
    """The ASGI application over the database of `settings`; with upkeep beside it where it is served."""
    set_up_logging(settings.log_level)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[State]:
        async with AsyncExitStack() as stack:
            state = await _state(settings, stack)
            if is_kept_up:
                await stack.enter_async_context(kept_up(state["sessions"], TraceKey(settings.data_dir)))
                if settings.works:
                    await stack.enter_async_context(worker_beside(settings))
            yield state

    demo = [Route("/graphql/personas", _personas)] if settings.env == "demo" else []
    app = Starlette(
        routes=[
            *demo,
            *graphiql.routes(),
            Route("/graphql", graphql, methods=["GET", "POST"]),
            WebSocketRoute("/graphql", graphql_socket),
            *auth.routes,
            *report_page.routes,
            *notice_page.routes,
            *department_lists.routes,
            *sweep_ledgers.routes,
            *health.routes,
        ],
        middleware=[Middleware(Requests), Middleware(Compression)],
        exception_handlers={Exception: _surprise},
        lifespan=lifespan,
    )
    # A client that follows a redirect may leave its body or its token behind: a wrong address is told so instead.
    app.router.redirect_slashes = False
    return app


async def _state(settings: Settings, stack: AsyncExitStack) -> State:
    url = settings.app_database_url or settings.database_url
    if url is None:
        raise RuntimeError("RUHU_DATABASE_URL is not set; ./ruhu serve brings a database of its own")
    own = as_app(settings)
    # A pool of its own: that all others are taken is no reason to take this process for dead.
    health = await stack.enter_async_context(_reading(url, 0, 1, own))
    pool = await stack.enter_async_context(_reading(url, 1, settings.pool_size, own | PLANNED_ONCE))
    anew = await stack.enter_async_context(_reading(url, 0, (settings.pool_size + 1) // 2, own | PLANNED_ANEW))
    engine = create_async_engine(
        sqlalchemy_url(url),
        pool_size=settings.pool_size,
        max_overflow=0,
        hide_parameters=True,  # what people write stands in no log, whatever its level
        pool_timeout=WAIT_SECONDS,
        connect_args={"server_settings": own},
    )
    stack.push_async_callback(engine.dispose)
    reads = Reads(pool)
    feed = Feed(pool)
    stack.push_async_callback(feed.close)
    master = master_key(settings)
    ring = await read_ring(pool, master, datetime.now(UTC))
    await stack.enter_async_context(kept_current(ring, reads, master))
    stored = [*stored_documents(), *report_page.documents()]
    answering = _engine(settings, reads, Reads(anew), ring)
    for document in (*stored, *sweep_ledgers.documents()):
        answering.trust(document)
    return State(
        settings=settings,
        health=health,
        sessions=sessions_on(engine, ring),
        engine=answering,
        identities=Identities(Keys(settings.data_dir), reads, is_demo=settings.env == "demo"),
        seal=ring,
        hashing=Hashing(),
        documents=Documents(stored, settings.trusted_only),
        budgets=Budgets(settings.cost_per_minute, most_sockets=settings.max_sockets_per_account),
        feed=feed,
        sockets=asyncio.Semaphore(settings.max_sockets),
        revision=ScriptDirectory.from_config(alembic_config()).get_current_head(),
    )


def _engine(settings: Settings, reads: Reads, anew: Reads, ring: Ring) -> Engine:
    return Engine(
        catalogue(),
        reads,
        settings=SETTINGS,
        watch=WATCH,
        flags=FLAGS,
        anew=(anew, lambda viewer: viewer.sees_by_region),
        most_cost=settings.max_cost,
        on_surprise=_noted,
        translate=_known,
        phrase=phrased,
        knows_schema=may_introspect(settings.introspection, is_open=settings.env != "production"),
        opens=partial(told, ring),
        on_miss=Allowance(key=lambda viewer: viewer.id, burst=NEW_DOCUMENTS, per_second=NEW_DOCUMENTS_A_SECOND),
    )


def _noted(error: BaseException, plan: str) -> dict[str, Any]:
    """A surprise goes to the log; the client is told under which id."""
    LOG.error("read failed", plan=plan, exc_info=error)
    return {"requestId": structlog.contextvars.get_contextvars().get("request_id")}


def _known(error: BaseException, viewer: Viewer) -> GraphQLError | None:
    """The one expected failure of a read: it took longer than a statement may."""
    if isinstance(error, asyncpg.QueryCanceledError):
        return GraphQLError(message("TOO_SLOW", viewer.language, {}), extensions={"code": "TOO_SLOW"})
    return None


def _reading(url: str, least: int, most: int, settings: dict[str, str]) -> Any:
    """A raw pool for reads: their statements are long and many, so both of asyncpg's bounds on prepared ones are raised."""
    return asyncpg.create_pool(
        url,
        min_size=least,
        max_size=most,
        server_settings=settings,
        statement_cache_size=1000,
        max_cacheable_statement_size=0,
        reset=_nothing_to_reset,
    )


def as_app(settings: Settings) -> dict[str, str]:
    """Every connection serves as ruhu_app, under row-level security, whoever logged in."""
    return {
        "role": "ruhu_app",
        "timezone": "UTC",
        "jit": "off",
        "statement_timeout": f"{settings.statement_timeout_seconds}s",
        "application_name": "ruhu",
        # What the planner reads while it plans, before the statement sets its viewer. After a transaction a setting
        # would read '', which looks like an empty range: the policies' index on the region seems free, and a read of
        # one family's visits walks all of the viewer's region (2 ms became 8 s on 2 million visits). A wide range is
        # estimated rightly; and as no code begins with '!', nothing is seen through it.
        "ruhu.region_from": "0",
        "ruhu.region_to": ":",
        "ruhu.region_spans": "!",
    }


async def _nothing_to_reset(connection: Any) -> None:
    """The engine's settings are transaction-local, so a connection comes back as it went; a reset is a round trip."""


async def _personas(request: Request) -> Response:
    return JSONResponse(persona_tokens(request.state.settings))


async def _surprise(request: Request, error: Exception) -> Response:
    """The client learns the request's id and nothing else; the log has the rest."""
    LOG.error("request failed", exc_info=error)
    request_id = request.state.request_id
    text = message("INTERNAL", preferred_language(request.headers.get("accept-language")), {})
    return JSONResponse(
        {"errors": [{"message": text, "extensions": {"code": "INTERNAL", "requestId": request_id}}]}, 500
    )
