"""GraphQL over HTTP: strict about what comes in, bytes of the engine straight out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg
import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from api import graphiql
from api.identity import NotSignedIn, preferred_language
from domain.access.rules import Actor
from schema.context import Context
from schema.messages import message

JSON: Final = "application/json"
GRAPHQL: Final = "application/graphql-response+json"
SECONDS_TO_WAIT: Final = "1"


@dataclass(frozen=True, slots=True)
class Operation:
    """What a client sent, its JSON kinds checked."""

    query: str
    variables: dict[str, Any] | None
    operation_name: str | None


class BadRequest(Exception):
    """The request is not GraphQL over HTTP: a status, a code of the catalogue, what its message needs, headers."""

    def __init__(self, status: int, code: str, headers: dict[str, str] | None = None, **detail: Any) -> None:
        super().__init__(code)
        self.status, self.code, self.headers, self.detail = status, code, headers, detail


async def graphql(request: Request) -> Response:
    """The endpoint: a browser's GET brings the page, everything else is POST of JSON."""
    media_type = preferred_media_type(request.headers.get("accept"))
    try:
        if request.method == "GET":
            if "text/html" in request.headers.get("accept", ""):
                return graphiql.page(is_demo=request.state.settings.env == "demo")
            raise BadRequest(405, "METHOD_NOT_ALLOWED", {"Allow": "POST"})
        if media_type is None:
            raise BadRequest(406, "NOT_ACCEPTABLE")
        return await _answer(request, media_type)
    except BadRequest as error:
        text = message(error.code, preferred_language(request.headers.get("accept-language")), error.detail)
        body = {"errors": [{"message": text, "extensions": {"code": error.code}}]}
        return Response(orjson.dumps(body), error.status, error.headers, media_type or JSON)


async def _answer(request: Request, media_type: str) -> Response:
    state = request.state
    operation = read_operation(request.headers.get("content-type"), await _body(request, state.settings.max_body_bytes))
    now = datetime.now(UTC)
    try:
        viewer = await state.identities.viewer(
            request.headers.get("authorization"), request.headers.get("accept-language"), now
        )
        versions = state.settings.minimum_app_versions
        context = Context(Actor(viewer, now, state.request_id), state.sessions, state.feed, state.engine, versions)
        answer = await state.engine.execute(
            operation.query,
            operation.variables,
            viewer=viewer,
            operation_name=operation.operation_name,
            context=context,
        )
    except NotSignedIn:
        challenge = 'Bearer realm="ruhu", error="invalid_token"'
        raise BadRequest(401, "NOT_SIGNED_IN", {"WWW-Authenticate": challenge}) from None
    except (TimeoutError, asyncpg.TooManyConnectionsError, OSError):
        raise BadRequest(503, "BUSY", {"Retry-After": SECONDS_TO_WAIT}) from None
    state.log = {"operation": operation.operation_name, "cost": answer.cost}
    # By the specification's media type, a request that was refused before it ran is the client's fault: 400. Older
    # clients ask for application/json and expect 200 with errors.
    status = 400 if answer.is_request_error and media_type == GRAPHQL else 200
    headers = {"Content-Language": "zh-CN" if viewer.language == "zh" else "en", "Vary": "Accept, Accept-Language"}
    return Response(answer.body, status, headers, f"{media_type}; charset=utf-8")


def preferred_media_type(accept: str | None) -> str | None:
    """The media type to answer with; None when the client takes neither. Without a header: application/json."""
    if not accept:
        return JSON
    for wanted in accept.lower().split(","):
        match wanted.partition(";")[0].strip():
            case "application/graphql-response+json":
                return GRAPHQL
            case "application/json" | "application/*" | "*/*":
                return JSON
    return None


async def _body(request: Request, at_most: int) -> bytes:
    """The body, counted as it comes: a Content-Length is a claim, not a fact."""
    chunks = bytearray()
    try:
        async for chunk in request.stream():
            chunks += chunk
            if len(chunks) > at_most:
                raise BadRequest(413, "BODY_TOO_LARGE", at_most=at_most)
    except ClientDisconnect:
        raise BadRequest(400, "BAD_REQUEST", reason="it ended before it was whole") from None
    return bytes(chunks)


def read_operation(content_type: str | None, body: bytes) -> Operation:
    """The operation in a body of JSON; raises BadRequest. orjson knows no NaN, no lone surrogates, no broken UTF-8."""
    kind, *parameters = (part.strip().lower() for part in (content_type or "").split(";"))
    if kind != JSON or any(p.startswith("charset=") and p.strip('"') not in ("charset=utf-8",) for p in parameters):
        # Only this type: a browser sends it to another site after asking that site first, which we never allow.
        raise BadRequest(415, "UNSUPPORTED_MEDIA_TYPE")
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadRequest(400, "BAD_JSON") from None
    return operation_of(sent)


def operation_of(sent: object) -> Operation:
    """The operation that this JSON is, over HTTP or a socket; raises BadRequest (400, with a reason)."""
    if not isinstance(sent, dict):
        raise BadRequest(400, "BAD_REQUEST", reason="The body must be a JSON object")
    query, variables, name = sent.get("query"), sent.get("variables"), sent.get("operationName")
    if not isinstance(query, str):
        raise BadRequest(400, "BAD_REQUEST", reason="'query' must be a string")
    if not isinstance(variables, dict | None):
        raise BadRequest(400, "BAD_REQUEST", reason="'variables' must be an object")
    if not isinstance(name, str | None):
        raise BadRequest(400, "BAD_REQUEST", reason="'operationName' must be a string")
    if not isinstance(sent.get("extensions"), dict | None):
        raise BadRequest(400, "BAD_REQUEST", reason="'extensions' must be an object")
    return Operation(query, variables, name)
