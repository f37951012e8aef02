"""GraphQL over HTTP: strict about what comes in, bytes of the engine straight out."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Final, TypeVar

import orjson
from graphql import OperationType
from starlette.requests import Request
from starlette.responses import Response

from api import graphiql
from api.budgets import Bill
from api.identity import NotSignedIn, preferred_language
from api.incoming import (
    JSON,
    BadRequest,
    Operation,
    operation_in_address,
    read_body,
    read_operation,
    refuse_other_sites,
)
from api.reading import OUT_OF_REACH
from domain.access.rules import Actor, Viewer
from domain.signing_in.rules import network_of
from schema.context import Context
from schema.engine import Answer, Engine
from schema.messages import message

T = TypeVar("T")

GRAPHQL: Final = "application/graphql-response+json"
SECONDS_TO_WAIT: Final = "1"
LISTENING_AFTER_SECONDS: Final = 0.05  # most answers are out by then, and cost nothing for it
CLIENT_GONE: Final = 499  # nginx's number: nobody reads it but the log

# Refusals by the engine that are no fault of the document: their status says so, whatever the media type.
STATUS: Final = {
    "RATE_LIMITED": 429,
    "BUDGET_SPENT": 429,
    "INTROSPECTION_OFF": 403,
}


async def graphql(request: Request) -> Response:
    """The endpoint: operations by POST, queries by GET as well; a browser's GET brings the page."""
    is_get = request.method != "POST"
    media_type = preferred_media_type(request.headers.get("accept"))
    try:
        if is_get and "text/html" in request.headers.get("accept", "") and request.state.settings.serves_graphiql:
            return graphiql.page(is_demo=request.state.settings.env == "demo")
        refuse_other_sites(request)
        if media_type is None:
            raise BadRequest(406, "NOT_ACCEPTABLE")
        if is_get:
            operation = operation_in_address(request.query_params)
        else:
            body = await read_body(request, request.state.settings.max_body_bytes)
            operation = read_operation(request.headers.get("content-type"), body)
        return await _answer(request, operation, media_type)
    except BadRequest as error:
        text = message(error.code, preferred_language(request.headers.get("accept-language")), error.detail)
        refusal = {"errors": [{"message": text, "extensions": {"code": error.code}}]}
        return Response(orjson.dumps(refusal), error.status, error.headers, media_type or JSON)


async def _answer(request: Request, operation: Operation, media_type: str) -> Response:
    state, is_get = request.state, request.method != "POST"
    engine: Engine = state.engine
    now = datetime.now(UTC)
    authorization = request.headers.get("authorization")
    try:
        viewer = await state.identities.viewer(authorization, request.headers.get("accept-language"), now)
        document = state.documents.text_of(operation, viewer)
        address = request.client.host if request.client else None
        bill = state.budgets.bill(viewer, address)
        kind = engine.kind_of(document, operation.operation_name, viewer=viewer)
        if is_get and kind is not None and kind is not OperationType.QUERY:
            raise BadRequest(405, "METHOD_NOT_ALLOWED", {"Allow": "POST"})
        work = engine.execute(
            document,
            operation.variables,
            viewer=viewer,
            operation_name=operation.operation_name,
            context=context_of(
                request, Actor(viewer, now, state.request_id, state.identities.device_of(authorization)), is_get=is_get
            ),
            charge=bill,
        )
        # A write runs to its end: a phone that lost the network asks again, and is told what became of it.
        answer = await (while_listening(request, work) if kind is OperationType.QUERY else work)
    except NotSignedIn:
        challenge = 'Bearer realm="ruhu", error="invalid_token"'
        raise BadRequest(401, "NOT_SIGNED_IN", {"WWW-Authenticate": challenge}) from None
    except OUT_OF_REACH:
        raise BadRequest(503, "BUSY", {"Retry-After": SECONDS_TO_WAIT}) from None
    except ClientGone:
        return Response(status_code=CLIENT_GONE)
    # The name of an operation that ran is one of its document; any other may be whatever a client typed.
    name = None if answer.is_request_error else operation.operation_name
    state.log = {"operation": name, "cost": answer.cost}
    return _response(request, answer, viewer, media_type, None if operation.document_id else bill)


def context_of(request: Request, actor: Actor, *, is_get: bool = False) -> Context:
    """What resolvers find of a request over HTTP."""
    state = request.state
    address = request.client.host if request.client else ""
    return Context(
        actor,
        state.sessions,
        state.feed,
        state.engine,
        state.settings.minimum_app_versions,
        mac=state.seal.mac,
        is_demo=state.settings.env == "demo",
        sender_mac=state.seal.mac("sender", network_of(address).encode()),
        is_get=is_get,
    )


def _response(request: Request, answer: Answer, viewer: Viewer, media_type: str, bill: Bill | None) -> Response:
    headers = {
        "Content-Language": "zh-CN" if viewer.language == "zh" else "en",
        "Vary": "Accept, Accept-Language, Authorization",
    }
    status, body = 200, answer.body
    if answer.is_request_error:
        # By the specification's media type, a request that was refused before it ran is the client's fault: 400. Older
        # clients ask for application/json and expect 200 with errors.
        extensions = orjson.loads(body)["errors"][0].get("extensions", {})
        status = STATUS.get(extensions.get("code"), 400 if media_type == GRAPHQL else 200)
        if status == 429:
            headers["Retry-After"] = str(extensions.get("retryAfterSeconds", SECONDS_TO_WAIT))
    elif request.method != "POST":
        # Of the data alone: what is left of a budget is another each time. Kept by the client, asked about each time.
        tag = f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
        headers |= {"ETag": tag, "Cache-Control": "private, no-cache"}
        if tag in request.headers.get("if-none-match", ""):
            return Response(None, 304, headers)
    if bill is not None and answer.cost is not None:
        # Only where the client wrote the document itself: an app's own were priced when it was made.
        body = b'%b,"extensions":%b}' % (body[:-1], orjson.dumps(bill.told(answer.cost)))
    return Response(body, status, headers, f"{media_type}; charset=utf-8")


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


# --- clients that go


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


async def while_listening(request: Request, work: Awaitable[T]) -> T:
    """What this work answers, unless the client goes before: then it is cancelled, and ClientGone raised.

    To cancel is to stop the statement in PostgreSQL, too.
    """
    working = asyncio.current_task()
    assert working is not None
    gone = False
    listening: asyncio.Task[None] | None = None

    async def listen() -> None:
        nonlocal gone
        while (await request.receive())["type"] != "http.disconnect":
            pass
        gone = True
        working.cancel()

    def begin() -> None:
        nonlocal listening
        listening = asyncio.ensure_future(listen())

    timer = asyncio.get_running_loop().call_later(LISTENING_AFTER_SECONDS, begin)
    try:
        return await work
    except asyncio.CancelledError:
        if not gone:
            raise  # it is the server that stops
        working.uncancel()
        raise ClientGone from None
    finally:
        timer.cancel()
        if listening is not None:
            listening.cancel()
