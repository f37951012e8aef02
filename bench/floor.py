"""The floor: what the same answers cost with SQL written by hand, sent as bytes by a bare starlette application.

It pays what ours pays besides GraphQL: the token, the viewer, both walls, the same pool. It parses no document, checks
no variable, has no log, no metrics and no limits. `query` in the body is the name of a file in sql/.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.app import PLANNED_ONCE, as_app  # the floor's connections are ours
from api.identity import Identities
from api.logging import set_up_logging
from api.requests import Requests
from api.settings import load_settings
from api.tokens import Keys
from domain.access.queries import viewer_settings
from domain.access.rules import Viewer

SET_VIEWER = """SELECT set_config('ruhu.viewer_id', $1, true), set_config('ruhu.region_from', $2, true),
    set_config('ruhu.region_to', $3, true), set_config('ruhu.region_spans', $4, true),
    set_config('ruhu.helper_id', $5, true), set_config('ruhu.organisation_id', $6, true),
    set_config('ruhu.met_spans', $7, true)"""
STATEMENTS = {file.stem: file.read_text() for file in (Path(__file__).parent / "sql").glob("*.sql")}


def create_app() -> Starlette:
    """The application over the database of the environment's settings."""
    return Starlette(routes=[Route("/graphql", answer, methods=["POST"])], lifespan=lifespan)


def create_dressed_app() -> Starlette:
    """The same behind our middleware: a log line, metrics, request id, compression. What is left to ours is GraphQL."""
    set_up_logging(load_settings().log_level)
    app = create_app()
    app.user_middleware = [Middleware(Requests), Middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)]
    return app


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
    settings = load_settings()
    async with asyncpg.create_pool(
        settings.database_url,
        min_size=1,
        max_size=settings.pool_size,
        server_settings=as_app(settings) | PLANNED_ONCE,
        max_cacheable_statement_size=0,
        reset=nothing_to_reset,
    ) as pool:
        yield {"pool": pool, "identities": Identities(Keys(settings.data_dir), pool, is_demo=False)}


async def nothing_to_reset(connection: Any) -> None:
    """The settings are transaction-local; a reset is a round trip."""


async def answer(request: Request) -> Response:
    """One statement, its bytes; for visits one transaction."""
    sent = orjson.loads(await request.body())
    headers, now = request.headers, datetime.now(UTC)
    viewer = await request.state.identities.viewer(headers.get("authorization"), headers.get("accept-language"), now)
    answered = submit if sent["query"] == "submit_visits" else read
    return Response(await answered(request.state.pool, viewer, sent, now), media_type="application/json")


async def read(pool: asyncpg.Pool, viewer: Viewer, sent: dict[str, Any], now: datetime) -> bytes:
    """One of the reads: the viewer's settings are made in the statement itself."""
    variables = sent["variables"]
    asked: tuple[Any, ...] = (viewer.meets_families,)
    if sent["query"] == "partner":
        asked = (uuid.UUID(variables["id"]),)
    elif "region" in variables:
        asked = (viewer.meets_families, variables["region"])
    found: bytes = await pool.fetchval(STATEMENTS[sent["query"]], *told(viewer), *asked)
    return found


def told(viewer: Viewer) -> list[str]:
    """The settings that policies of what these statements read ask for: no amounts are among it."""
    return [value for name, value in viewer_settings(viewer).items() if name not in ("met_spans", "stands_in_for")]


async def submit(pool: asyncpg.Pool, viewer: Viewer, sent: dict[str, Any], now: datetime) -> bytes:
    """Visits, believed as they come: nothing is judged, compared or repeated, so every good answer is APPLIED."""
    settings = viewer_settings(viewer)
    items = orjson.dumps(sent["variables"]["input"]["visits"]).decode()
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '5s'")
        await connection.fetch(SET_VIEWER, *told(viewer), settings["met_spans"])
        regions = (settings["region_from"], settings["region_to"], settings["region_spans"])
        rows = await connection.fetch(STATEMENTS["submit_visits"], items, viewer.id, viewer.helper_id, now, *regions)
    results = [{"id": str(row["id"]), "outcome": "APPLIED", "errors": []} for row in rows]
    return orjson.dumps({"data": {"submitVisits": {"results": results, "errors": []}}})
