"""Clients on real sockets: an application served by uvicorn as `./ruhu serve` does it, and raw frames to and fro."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import uvicorn
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from api.cli.serve import configured
from api.settings import Settings

PATIENCE_SECONDS = 30  # no claim about speed: who waits for a frame that never comes shall fail, and not hang


class _Server(uvicorn.Server):
    def capture_signals(self) -> Any:
        return nullcontext()  # Ctrl-C is the test run's


@asynccontextmanager
async def serving(app: Starlette, settings: Settings) -> AsyncIterator[str]:
    """The address of this application's sockets, on a free port, for as long as it is needed."""
    # It listens at once: who connects before uvicorn accepts is kept waiting by the kernel.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"ws://127.0.0.1:{listener.getsockname()[1]}/graphql"
        config = configured(app, settings)
        config.log_config = None
        server = _Server(config)
        running = asyncio.create_task(server.serve([listener]))
        try:
            yield address
        finally:
            server.should_exit = True
            await running


class Phone:
    """The client's end of one socket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, type: str | None = None, /, **rest: Any) -> None:
        await self.connection.send(json.dumps({"type": type, **rest}, ensure_ascii=False))

    async def ask(self, id: str, query: str, **variables: Any) -> None:
        await self.say("subscribe", id=id, payload={"query": query, "variables": variables})

    async def hear(self) -> dict[str, Any]:
        """The next frame that is no ping; pings are answered."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                text = await self.connection.recv()
                assert isinstance(text, str), "clients of this protocol take text only"
                frame: dict[str, Any] = json.loads(text)
                if frame["type"] != "ping":
                    return frame
                await self.say("pong")

    async def end(self) -> tuple[int, str]:
        """The code and reason with which the other side closed; frames on the way are passed over."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    await self.connection.recv()
        except ConnectionClosed as closed:
            if closed.rcvd is None:
                raise  # it broke off without a word
            return closed.rcvd.code, closed.rcvd.reason

    async def greet(self, **payload: Any) -> dict[str, Any]:
        await self.say("connection_init", payload=payload)
        return await self.hear()


@asynccontextmanager
async def phone(
    address: str, token: str | None = None, *, protocol: str | None = "graphql-transport-ws", **options: Any
) -> AsyncIterator[Phone]:
    """A phone that has connected; with a token it has greeted, too, and was acknowledged."""
    options = {"proxy": None, "ping_interval": None, "max_size": None, **options}
    async with connect(address, subprotocols=[protocol] if protocol else None, **options) as connection:
        made = Phone(connection)
        if token is not None:
            assert (await made.greet(authorization=f"Bearer {token}"))["type"] == "connection_ack"
        yield made
