"""Is it alive, is it ready, how is it doing."""

from __future__ import annotations

import asyncio

import asyncpg
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

READY_SECONDS = 2


async def livez(request: Request) -> Response:
    """The process answers. Nothing else is looked at: a database that is away is no reason to kill it."""
    return PlainTextResponse("ok")


async def readyz(request: Request) -> Response:
    """The database answers and its tables are of this version; 503 and the reason's name otherwise."""
    pool: asyncpg.Pool = request.state.health
    try:
        async with asyncio.timeout(READY_SECONDS):
            revision = await pool.fetchval("SELECT version_num FROM alembic_version")
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return JSONResponse({"ready": False, "because": type(error).__name__}, 503)
    if revision != request.state.revision:
        return JSONResponse({"ready": False, "because": "migrations are missing: ./ruhu migrate"}, 503)
    return JSONResponse({"ready": True, "revision": revision})


async def metrics(request: Request) -> Response:
    """Prometheus' text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


routes = [Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)]
