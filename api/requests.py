"""Around every request: an id, a line in the log, a count in the metrics, and headers that no answer lacks."""

from __future__ import annotations

import re
import time
from types import MappingProxyType
from typing import Any, Final

import structlog
import uuid_utils
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOG = structlog.get_logger("ruhu.request")
REQUESTS = Counter("ruhu_http_requests_total", "Requests answered.", ["route", "method", "status"])
SECONDS = Histogram(
    "ruhu_http_request_seconds",
    "Time from the first byte of a request to the last of its answer.",
    ["route"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 15),
)
GIVEN_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
ROUTES: Final = (
    "/graphql/assets",
    "/graphql/personas",
    "/graphql",
    "/livez",
    "/readyz",
    "/metrics",
    "/auth",
    "/oauth",
    "/report/assets",
    "/report",
    "/department-lists",
    "/.well-known",
)

# An answer is data: no browser is to show it as a page, run it, frame it, keep it, or hand it to another site's page.
# GraphiQL's page and files say what holds for them instead.
UNLESS_SAID: Final = MappingProxyType(
    {
        "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
)


def request_id_of(headers: Headers) -> str:
    """The client's X-Request-Id if it is a plain one, else a new UUIDv7."""
    given = headers.get("x-request-id", "")
    return given if GIVEN_ID.fullmatch(given) else str(uuid_utils.uuid7())


class Requests:
    """ASGI middleware for HTTP; sockets see to themselves."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = request_id_of(Headers(scope=scope))
        scope.setdefault("state", {})["request_id"] = request_id
        began = time.perf_counter()
        status = 500
        sent = 0

        async def observed(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                for name, value in UNLESS_SAID.items():
                    headers.setdefault(name, value)
            elif message["type"] == "http.response.body":
                sent += len(message.get("body", b""))
            await send(message)

        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self.app(scope, receive, observed)
        finally:
            seconds = time.perf_counter() - began
            route = next((route for route in ROUTES if scope["path"].startswith(route)), "other")
            REQUESTS.labels(route, scope["method"], status).inc()
            SECONDS.labels(route).observe(seconds)
            facts: dict[str, Any] = {"route": route, "method": scope["method"], "status": status}
            facts |= {"milliseconds": round(seconds * 1000, 1), "bytes": sent, **scope["state"].get("log", {})}
            LOG.info("answered", **facts)
            structlog.contextvars.unbind_contextvars("request_id")
