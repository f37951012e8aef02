"""A load that costs the machine little: raw HTTP/1.1 over kept-alive connections, to loopback only, bounded."""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HOST = "127.0.0.1"  # nothing else is ever a target
LONGEST_SECONDS = 60.0


@dataclass(frozen=True)
class Figures:
    """What one round measured."""

    requests: int
    seconds: float
    milliseconds: Sequence[float]

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def p50(self) -> float:
        return statistics.median(self.milliseconds)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.milliseconds, n=20)[-1]


def graphql_request(query: str, variables: Mapping[str, Any], headers: Mapping[str, str]) -> bytes:
    """The bytes of one POST, as a phone sends it."""
    body = json.dumps({"query": query, "variables": variables}, ensure_ascii=False).encode()
    named = {"Host": HOST, "Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"POST /graphql HTTP/1.1\r\n{head}\r\n".encode() + body


async def answer(reader: asyncio.StreamReader) -> bytes:
    """The body of the next answer; AssertionError unless it is a 200."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    body = await reader.readexactly(length)
    assert head.startswith(b"HTTP/1.1 200"), (head + body[:1000]).decode()
    return body


async def once(port: int, request: bytes) -> bytes:
    """One request, one answer."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(request)
        return await answer(reader)
    finally:
        writer.close()


async def load(port: int, requests: Sequence[bytes], *, concurrency: int, seconds: float) -> Figures:
    """Send the requests round and round over that many connections for so long."""
    assert 0 < seconds <= LONGEST_SECONDS
    turn = itertools.cycle(requests)
    took: list[float] = []
    began = time.perf_counter()
    until = began + seconds

    async def client() -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        while (sent := time.perf_counter()) < until:
            writer.write(next(turn))
            await answer(reader)
            took.append((time.perf_counter() - sent) * 1000)
        writer.close()

    await asyncio.gather(*(client() for _ in range(concurrency)))
    return Figures(len(took), time.perf_counter() - began, took)
