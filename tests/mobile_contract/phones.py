"""Phones over a server in memory."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from mobile_contract.client.network import Fault, Network
from mobile_contract.client.phone import Phone
from mobile_contract.client.store import Store
from mobile_contract.client.wire import Send, Server
from tests.mobile_contract.fake import NOW, FakeServer


async def at_once(seconds: float) -> None:
    """A pause that is over."""


async def signed_in() -> str:
    return "good"


def a_phone(
    server: FakeServer | Send, faults: Iterable[Fault] = (), now: datetime = NOW, file: Any = ":memory:"
) -> Phone:
    send = server.send if isinstance(server, FakeServer) else server
    network = Network(send, iter(list(faults)), at_once)
    return Phone(Store(file), Server(network, signed_in, at_once, jitter=lambda: 1.0), lambda: now)


def a_village(families: int = 3) -> FakeServer:
    server = FakeServer()
    for n in range(families):
        server.put("households", f"h{n:04}", code=f"{n}", address="旧址", phone="1390000", members=[])
    return server


def a_visit(household: str = "h0000", **more: Any) -> dict[str, Any]:
    return (
        {"householdId": household, "purpose": "MONTHLY", "contact": "IN_PERSON", "formId": "f", "formVersion": 1}
        | {"answers": {}}
        | more
    )
