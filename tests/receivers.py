"""Somebody else's server, as webhooks find it: it answers, answers 500, is silent, or drops the line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

SILENT, DROPS = "is silent", "drops the line"


@dataclass
class Heard:
    """One request: its head and the bytes of its body."""

    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.body)
        return told


@dataclass
class Receiver:
    """`does`: what comes next, a status or one of the two words above; when it is empty, 200."""

    port: int = 0
    does: list[int | str] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    hears: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?from=ruhu"

    async def has_heard(self, count: int) -> None:
        async with asyncio.timeout(60), self.hears:
            await self.hears.wait_for(lambda: len(self.heard) >= count)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers["content-length"]))
            async with self.hears:
                self.heard.append(Heard(head[0].split()[1], headers, body))
                self.hears.notify_all()
            what = self.does.pop(0) if self.does else 200
            if what == SILENT:
                await reader.read()  # until the other side gives up
            elif what != DROPS:
                writer.write(
                    f"HTTP/1.1 {what} -\r\nLocation: http://127.0.0.1/\r\nContent-Length: 5\r\n\r\nhello".encode()
                )
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiving(*does: int | str, **options: Any) -> AsyncIterator[Receiver]:
    """A receiver on a free port of this machine, for as long as the block lasts."""
    receiver = Receiver(does=list(does))
    server = await asyncio.start_server(receiver.answer, "127.0.0.1", 0, **options)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
