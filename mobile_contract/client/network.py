"""A bad network to test against: it stands between phone and server and does what mountains, masts and hotels do.

Wrap it round any `Send`. What befalls each request is drawn by `faults`, so that a test decides by a list and a
rehearsal by a seed: `Network(send, weather(random.Random(7)))`.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from enum import StrEnum

from mobile_contract.client.wire import Answer, Send


class Fault(StrEnum):
    """What befalls one request."""

    NONE = "none"
    LOST = "lost before it arrives"
    UNANSWERED = "arrives, and the answer is lost"
    CUT = "arrives, and the answer is cut in the middle"
    DELAYED = "arrives late; the answer too"
    TWICE = "arrives twice"
    REORDERED = "seems lost, and arrives after the requests that follow it"
    PORTAL = "a captive portal answers 200 with its own page"
    BAD_GATEWAY = "a proxy answers 502 with its own page"
    TOO_SLOW = "arrives, and the phone has given up waiting"


BAD = (*Fault, Fault.NONE, Fault.NONE, Fault.NONE, Fault.NONE)  # nine requests of fourteen go wrong in some way
PAGE = (
    "<!doctype html><title>欢迎使用无线网络</title><form action=/login>请输入手机号 <input name=phone></form>".encode()
)


def weather(random: random.Random, of: tuple[Fault, ...] = BAD) -> Iterator[Fault]:
    """Faults without end, the same for the same seed."""
    while True:
        yield random.choice(of)


class Network:
    """A `Send` over another one. When the faults run out, all is well. `is_up` False: no signal at all."""

    def __init__(
        self, send: Send, faults: Iterator[Fault], pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self.send, self.faults, self.pause = send, faults, pause
        self.is_up = True
        self.happened: Counter[Fault] = Counter()
        self.held: list[tuple[bytes, Mapping[str, str]]] = []  # underway, and not yet there

    async def __call__(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Posts, or does not. OSError, TimeoutError among them, when no whole answer comes."""
        if not self.is_up:
            raise ConnectionError("no signal")
        fault = next(self.faults, Fault.NONE)
        self.happened[fault] += 1
        match fault:
            case Fault.LOST:
                raise ConnectionError(fault)
            case Fault.PORTAL:
                return Answer(200, {"content-type": "text/html; charset=utf-8"}, PAGE, len(PAGE))
            case Fault.BAD_GATEWAY:
                page = b"<html><h1>502 Bad Gateway</h1></html>"
                return Answer(502, {"content-type": "text/html"}, page, len(page))
            case Fault.REORDERED:
                self.held.append((body, headers))
                raise TimeoutError(fault)
            case Fault.DELAYED:
                await self.pause(0.05)
        answer = await self.send(body, headers)
        await self.deliver()
        match fault:
            case Fault.UNANSWERED:
                raise ConnectionError(fault)
            case Fault.TOO_SLOW:
                raise TimeoutError(fault)
            case Fault.CUT:  # some proxies hide the cut: the head is whole, and half of the body looks like all of it
                return Answer(answer.status, answer.headers, answer.body[: len(answer.body) // 2], answer.size // 2)
            case Fault.TWICE:
                answer = await self.send(body, headers)
            case Fault.DELAYED:
                await self.pause(0.05)
        return answer

    async def deliver(self) -> None:
        """What was held up arrives now, in a wrong order, and nobody is there for the answers."""
        while self.held:
            with suppress(OSError):
                await self.send(*self.held.pop())
