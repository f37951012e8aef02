"""GraphQL over WebSocket: operations of any kind, side by side on one socket, and never more than it can carry.

Nothing is queued for a client: the next event is asked of a subscription when the last one was handed to the socket, and
the server lets go of the sender only while the client keeps up. Whoever goes takes their work along: each operation is a
task of the socket's own group, which ends with it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg
import structlog
from graphql import OperationType
from prometheus_client import Counter, Gauge
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from api import frames
from api.frames import Close, Complete, Greeting, Ping, Pong, Subscribe
from api.identity import Identities, NotSignedIn
from api.incoming import BadRequest, Operation, is_same_host
from api.requests import request_id_of
from domain.access.rules import ANONYMOUS, Actor, Viewer
from domain.signing_in.rules import network_of
from schema.context import Context
from schema.engine import Answer, Engine, Unavailable
from schema.messages import message

LOG = structlog.get_logger("ruhu.socket")
OPEN = Gauge("ruhu_sockets", "WebSockets that are open.")
CLOSED = Counter("ruhu_sockets_closed_total", "WebSockets closed, by our code, or by the client.", ["code"])

GREETING_SECONDS = 10.0  # for connection_init, over a bad network
RECHECK_SECONDS = 5.0  # between looks at the token and the grants behind it; identities remember as long
PING_SECONDS = 25.0  # below what proxies and phone networks take for an idle connection
SILENT_SECONDS = 90.0  # three pings and no sign of life; long, as a slow network may be busy with one large answer
CLOSING_SECONDS = 5.0  # for the close frame, which a client that does not read never takes
MOST_OPERATIONS: Final = 50  # at once on one socket

# The database is away, restarts, or has no connection to spare: no reason to judge anybody.
OUT_OF_REACH: Final = (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


async def graphql_socket(websocket: WebSocket) -> None:
    """The endpoint. A browser connects from the same host only; whoever speaks another protocol is told so by 4406."""
    if not is_same_host(websocket.headers):
        await websocket.close()  # before it is accepted: HTTP 403
        return
    places: asyncio.Semaphore = websocket.state.sockets
    if places.locked():
        await websocket.send_denial_response(Response(status_code=503, headers={"Retry-After": "5"}))
        return
    async with places:
        if frames.SUBPROTOCOL in websocket.scope["subprotocols"]:
            await websocket.accept(frames.SUBPROTOCOL)
            with OPEN.track_inprogress():
                await Socket(websocket).live()
        else:
            await websocket.accept()
            await _close(websocket, Close(frames.NOT_ACCEPTABLE, f"Speak {frames.SUBPROTOCOL}"))


class Socket:
    """A socket from its acceptance to its end."""

    def __init__(self, websocket: WebSocket) -> None:
        self.websocket, self.state = websocket, websocket.state
        self.request_id = request_id_of(websocket.headers)
        self.sending = asyncio.Lock()
        self.heard_at = time.monotonic()
        self.authorization = websocket.headers.get("authorization")
        self.language = websocket.headers.get("accept-language")
        self.viewer = ANONYMOUS
        self.device_id: str | None = None
        self.address = websocket.client.host if websocket.client else None
        self.operations: dict[asyncio.Task[None], str] = {}  # '' for one that the client has given up

    async def live(self) -> None:
        """Until one side has had enough. Whatever ends the socket is raised inside the group, and ends all its tasks."""
        structlog.contextvars.bind_contextvars(request_id=self.request_id)
        began = time.monotonic()
        try:
            async with asyncio.TaskGroup() as tasks:
                await self._be_greeted()
                with self.state.budgets.socket(self.viewer, self.address) as has_place:
                    if not has_place:
                        raise Close(frames.TOO_MANY_SOCKETS, "TOO_MANY_SOCKETS: close another, then connect again")
                    tasks.create_task(self._recheck())
                    tasks.create_task(self._ping())
                    await self._send(frames.acknowledged(self.request_id))
                    await self._listen(tasks)
        except ExceptionGroup as group:
            end = group.exceptions[0]  # what came first; the others followed from it
        seconds = round(time.monotonic() - began, 1)
        if isinstance(end, WebSocketDisconnect):
            CLOSED.labels("disconnected").inc()
            LOG.info("socket disconnected", code=int(end.code), seconds=seconds)
            return
        if not isinstance(end, Close):
            LOG.error("socket failed", exc_info=end)
            end = Close(frames.FAILED, "Something went wrong on our side; it has been noted")
        CLOSED.labels(end.code).inc()
        LOG.info("socket closed", code=end.code, seconds=seconds)
        await _close(self.websocket, end)

    async def _be_greeted(self) -> None:
        try:
            async with asyncio.timeout(GREETING_SECONDS):
                while not isinstance(frame := await self._receive(), Greeting):
                    if isinstance(frame, Subscribe):
                        raise Close(frames.UNAUTHORIZED, "Unauthorized")
                    if isinstance(frame, Ping):
                        await self._send(frames.PONG)
        except TimeoutError:
            raise Close(frames.TIMED_OUT, "Connection initialisation timeout") from None
        # Browsers cannot set headers, so clients send the same two here; GraphiQL writes them as headers.
        sent = {name.lower().replace("-", ""): text for name, text in frame.payload.items() if isinstance(text, str)}
        self.authorization = sent.get("authorization", self.authorization)
        self.language = sent.get("acceptlanguage", self.language)
        try:
            self.viewer = await self._look_up()
            self.device_id = self.state.identities.device_of(self.authorization)
        except OUT_OF_REACH:
            raise Close(frames.TRY_LATER, "BUSY") from None

    async def _listen(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            match await self._receive():
                case Subscribe(id, operation):
                    await self._begin(tasks, id, operation)
                case Complete(id):
                    self._give_up(id)
                case Ping():
                    await self._send(frames.PONG)
                case Greeting():
                    raise Close(frames.ALREADY_GREETED, "Too many initialisation requests")

    # --- operations

    async def _begin(self, tasks: asyncio.TaskGroup, id: str, operation: Operation) -> None:
        if id in self.operations.values():
            raise Close(frames.ALREADY_RUNS, f"Subscriber for {id} already exists")
        if len(self.operations) >= MOST_OPERATIONS:  # those given up count until they have ended
            await self._send(frames.error(id, self._problem("TOO_MANY_OPERATIONS", limit=MOST_OPERATIONS)))
            return
        task = tasks.create_task(self._operate(id, operation))
        self.operations[task] = id
        task.add_done_callback(self.operations.pop)

    def _give_up(self, id: str) -> None:
        """No frame of it is sent from here on, and the id is free. One that is not known has just ended by itself."""
        for task, running in self.operations.items():
            if running == id:
                self.operations[task] = ""
                task.cancel()

    async def _operate(self, id: str, operation: Operation) -> None:
        """Answers one operation. What surprises here ends it, not the socket."""
        began = time.perf_counter()
        answers = 0
        name = None  # of an operation that ran; any other may be whatever a client typed
        try:
            async with aclosing(self._answers(operation)) as stream:
                async for answer in stream:
                    answers += 1
                    name = None if answer.is_request_error else operation.operation_name
                    await self._send(frames.answered(id, answer))
                    if answer.is_request_error:
                        return
            await self._send(frames.complete(id))
        except WebSocketDisconnect:
            raise
        except BadRequest as refusal:
            await self._send(frames.error(id, self._problem(refusal.code, **refusal.detail)))
        except Unavailable:
            await self._send(frames.error(id, self._problem("BUSY")))
        except Exception:
            LOG.exception("operation failed")
            await self._send(frames.error(id, self._problem("INTERNAL")))
        finally:
            milliseconds = round((time.perf_counter() - began) * 1000, 1)
            LOG.info("answered", operation=name, answers=answers, milliseconds=milliseconds)

    async def _answers(self, operation: Operation) -> AsyncGenerator[Answer, None]:
        engine: Engine = self.state.engine
        now = datetime.now(UTC)
        document = self.state.documents.text_of(operation, self.viewer)
        asked: dict[str, Any] = {
            "viewer": self.viewer,
            "operation_name": operation.operation_name,
            "context": Context(
                Actor(self.viewer, now, self.request_id, self.device_id),
                self.state.sessions,
                self.state.feed,
                self.state.engine,
                self.state.settings.minimum_app_versions,
                mac=self.state.seal.mac,
                is_demo=self.state.settings.env == "demo",
                sender_mac=self.state.seal.mac("sender", network_of(self.address or "").encode()),
            ),
            "charge": self.state.budgets.bill(self.viewer, self.address),
        }
        kind = engine.kind_of(document, operation.operation_name, viewer=self.viewer)
        if kind is not OperationType.SUBSCRIPTION:
            yield await engine.execute(document, operation.variables, **asked)
            return
        async with aclosing(engine.subscribe(document, operation.variables, **asked)) as events:
            async for event in events:
                yield event

    def _problem(self, code: str, **detail: Any) -> list[dict[str, Any]]:
        return [{"message": message(code, self.viewer.language, detail), "extensions": {"code": code}}]

    # --- who is there, and still the same

    async def _look_up(self) -> Viewer:
        identities: Identities = self.state.identities
        try:
            return await identities.viewer(self.authorization, self.language, datetime.now(UTC))
        except NotSignedIn:
            raise Close(frames.FORBIDDEN, "NOT_SIGNED_IN: the token is not valid, has expired, or is locked") from None

    async def _recheck(self) -> None:
        while True:
            await asyncio.sleep(RECHECK_SECONDS)
            if time.monotonic() - self.heard_at > SILENT_SECONDS:
                raise Close(frames.TIMED_OUT, "No sign of life")
            with suppress(*OUT_OF_REACH):  # looked at again the next time; a token's expiry is seen without a database
                viewer = await self._look_up()
                if replace(viewer, today=self.viewer.today) != self.viewer:
                    # What was sent under other rights cannot be taken back here: the client begins anew, by a pull.
                    raise Close(frames.ACCOUNT_CHANGED, "The account's grants have changed: connect again")
                self.viewer = viewer

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_SECONDS)
            await self._send(frames.PING)

    # --- the wire

    async def _receive(self) -> Greeting | Subscribe | Complete | Ping | Pong:
        message = await self.websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message["code"], message.get("reason"))
        self.heard_at = time.monotonic()
        text = message.get("text")
        if text is None:
            raise Close(frames.BAD_REQUEST, "Messages are text")
        return frames.read(text, self.state.settings.max_body_bytes)

    async def _send(self, text: str) -> None:
        """Comes back when the server took the frame, which it does once the client has read what came before.

        One at a time: all who wait would be let go at once, with a frame each.
        """
        async with self.sending:
            try:
                await self.websocket.send({"type": "websocket.send", "text": text})
            except RuntimeError:  # closed in the meantime
                raise WebSocketDisconnect(1006) from None
        # Where nothing had to be waited for, a stream that always has a next event would let nobody else have a turn.
        await asyncio.sleep(0)


async def _close(websocket: WebSocket, end: Close) -> None:
    with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
        async with asyncio.timeout(CLOSING_SECONDS):
            await websocket.close(end.code, end.reason)
