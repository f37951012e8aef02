"""GraphQL over WebSocket: how one connects, and what is a frame."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from api import graphql_ws
from api.cli.serve import _bound
from api.graphql_ws import is_same_host
from api.settings import Settings
from tests.api.stage import SETTINGS, SUBSCRIPTION, Stage
from tests.sockets import phone

# --- connecting


async def test_a_greeting_is_acknowledged_with_the_id_that_stands_in_the_log(address: str, stage: Stage) -> None:
    async with phone(address, additional_headers={"X-Request-Id": "phone-0000-0001"}) as alice:
        ack = await alice.greet(authorization="Bearer alice")
    assert ack == {"type": "connection_ack", "payload": {"requestId": "phone-0000-0001"}}
    assert alice.connection.subprotocol == "graphql-transport-ws"


@pytest.mark.parametrize("protocol", ["graphql-ws", None], ids=["the legacy protocol", "no protocol"])
async def test_another_protocol_is_refused(address: str, stage: Stage, protocol: str | None) -> None:
    async with phone(address, protocol=protocol) as client:
        assert await client.end() == (4406, "Speak graphql-transport-ws")
        assert client.connection.subprotocol is None


async def test_who_says_nothing_is_not_waited_for(address: str, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphql_ws, "GREETING_SECONDS", 0.01)
    async with phone(address) as silent:
        assert await silent.end() == (4408, "Connection initialisation timeout")


async def test_a_second_greeting_closes_the_socket(address: str, stage: Stage) -> None:
    async with phone(address, "alice") as alice:
        await alice.say("connection_init")
        assert await alice.end() == (4429, "Too many initialisation requests")


async def test_nothing_is_asked_before_the_greeting(address: str, stage: Stage) -> None:
    async with phone(address) as hasty:
        await hasty.ask("1", "{ me }")
        assert await hasty.end() == (4401, "Unauthorized")


@pytest.mark.parametrize(
    ("headers", "payload", "me"),
    [
        ({}, {"authorization": "Bearer alice", "acceptLanguage": "en"}, "Alice en"),
        ({}, {"Authorization": "Bearer alice", "Accept-Language": "en"}, "Alice en"),
        ({"Authorization": "Bearer alice", "Accept-Language": "en"}, {}, "Alice en"),
        ({"Authorization": "Bearer nobody"}, {"authorization": "Bearer alice"}, "Alice zh"),
        ({}, {}, " zh"),
        ({}, {"authorization": None}, " zh"),
    ],
    ids=["payload", "written as headers, as GraphiQL does", "headers", "payload before headers", "anonymous", "null"],
)
async def test_who_asks_stands_in_the_greeting_or_the_headers(
    address: str, stage: Stage, headers: dict[str, str], payload: dict[str, Any], me: str
) -> None:
    async with phone(address, additional_headers=headers) as client:
        await client.greet(**payload)
        await client.ask("1", "{ me }")
        assert (await client.hear())["payload"] == {"data": {"me": me}}


async def test_a_bad_token_is_refused(address: str, stage: Stage) -> None:
    async with phone(address) as stranger:
        await stranger.say("connection_init", payload={"authorization": "Bearer nobody"})
        code, reason = await stranger.end()
    assert (code, reason.partition(":")[0]) == (4403, "NOT_SIGNED_IN")


async def test_a_database_that_is_away_is_a_reason_to_come_again(address: str, stage: Stage) -> None:
    stage.failure = ConnectionRefusedError()
    async with phone(address) as client:
        await client.say("connection_init")
        assert await client.end() == (1013, "BUSY")


@pytest.mark.parametrize(
    ("origin", "host", "is_same"),
    [
        (None, "ruhu.example", True),
        ("https://ruhu.example", "ruhu.example", True),
        ("http://RUHU.example:8000", "ruhu.example:8000", True),
        ("https://evil.example", "ruhu.example", False),
        ("https://ruhu.example.evil.example", "ruhu.example", False),
        ("http://ruhu.example:8001", "ruhu.example:8000", False),
        ("null", "ruhu.example", False),
        ("", "ruhu.example", False),
        ("https://[", "ruhu.example", False),
    ],
)
def test_a_browser_connects_from_our_own_pages_only(origin: str | None, host: str, is_same: bool) -> None:
    headers = {"host": host} if origin is None else {"host": host, "origin": origin}
    assert is_same_host(headers) is is_same


async def test_another_site_s_page_gets_no_socket(address: str, stage: Stage) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with phone(address, origin="https://evil.example"):  # type: ignore[arg-type]
            raise AssertionError
    assert refused.value.response.status_code == 403


async def test_there_are_so_many_sockets_and_no_more(address: str, stage: Stage) -> None:
    async with phone(address) as first:
        places = [phone(address) for _ in range(SETTINGS.max_sockets - 1)]
        made = [await place.__aenter__() for place in places]
        with pytest.raises(InvalidStatus) as refused:
            async with phone(address):
                raise AssertionError
        assert refused.value.response.status_code == 503
        assert refused.value.response.headers["retry-after"]
        await first.greet()
        await asyncio.gather(*(place.__aexit__(None, None, None) for place in places))
        assert len(made) == SETTINGS.max_sockets - 1


# --- frames


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ("", "nothing"),
        ("{", "half of it"),
        ("[]", "a list"),
        ('{"id": "1"}', "no type"),
        ('{"type": 1}', "a number for a type"),
        ('{"type": "start", "id": "1", "payload": {"query": "{me}"}}', "a word of the legacy protocol"),
        ('{"type": "next", "id": "1", "payload": {}}', "a word of the server"),
        ('{"type": "subscribe", "payload": {"query": "{me}"}}', "no id"),
        ('{"type": "subscribe", "id": "", "payload": {"query": "{me}"}}', "an empty id"),
        ('{"type": "subscribe", "id": 1, "payload": {"query": "{me}"}}', "a number for an id"),
        (json.dumps({"type": "subscribe", "id": "1" * 200, "payload": {"query": "{me}"}}), "an id without end"),
        ('{"type": "subscribe", "id": "1"}', "no operation"),
        ('{"type": "subscribe", "id": "1", "payload": {}}', "no query"),
        ('{"type": "subscribe", "id": "1", "payload": {"query": 1}}', "a number for a query"),
        ('{"type": "subscribe", "id": "1", "payload": {"query": "{me}", "variables": []}}', "a list of variables"),
        ('{"type": "complete"}', "the end of what"),
        ('{"type": "ping", "payload": 1}', "a number for a payload"),
        ('{"type": "subscribe", "id": "1", "payload": {"query": "{me}", "variables": {"x": NaN}}}', "NaN is no JSON"),
        ("[" * 5000 + "]" * 5000, "nested too deeply"),
        ('{"type": "ping", "type": "ping"}', "a key twice"),
        (b'{"type": "ping"}', "binary"),
    ],
)
async def test_what_is_no_frame_closes_the_socket(address: str, stage: Stage, sent: str | bytes, why: str) -> None:
    async with phone(address, "alice") as alice:
        await alice.connection.send(sent)
        code, reason = await alice.end()
    assert code == 4400, why
    assert reason


async def test_a_reason_that_is_too_long_is_cut(address: str, stage: Stage) -> None:
    async with phone(address, "alice") as alice:
        id = "户" * 100
        await alice.ask(id, SUBSCRIPTION)
        await alice.ask(id, SUBSCRIPTION)
        code, reason = await alice.end()
    assert (code, reason) == (4409, "Subscriber for " + "户" * 36)


async def test_a_message_has_a_size(address: str, stage: Stage) -> None:
    async with phone(address, "alice") as alice:
        await alice.ask("1", "mutation($x: String!) { write(text: $x) }", x="家" * 20_000)
        assert (await alice.hear())["type"] == "next"
        await alice.ask("2", "mutation($x: String!) { write(text: $x) }", x="a" * SETTINGS.max_body_bytes)
        assert (await alice.end())[0] == 1009


async def test_pings_are_answered_before_and_after_the_greeting(address: str, stage: Stage) -> None:
    async with phone(address) as client:
        await client.say("ping", payload={"at": "door"})
        assert await client.hear() == {"type": "pong"}
        await client.greet()
        await client.say("pong")
        await client.say("ping")
        assert await client.hear() == {"type": "pong"}


async def test_the_server_asks_whether_one_is_still_there(
    address: str, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphql_ws, "PING_SECONDS", 0.01)
    async with phone(address, "alice") as alice:
        assert json.loads(await alice.connection.recv()) == {"type": "ping"}
        assert json.loads(await alice.connection.recv()) == {"type": "ping"}


async def test_who_gives_no_sign_of_life_is_let_go(address: str, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphql_ws, "RECHECK_SECONDS", 0.01)
    monkeypatch.setattr(graphql_ws, "SILENT_SECONDS", 0.03)
    async with phone(address, "alice") as alice:
        await alice.ask("1", SUBSCRIPTION)
        assert await alice.end() == (4408, "No sign of life")
    await stage.has_ended()


def test_the_kernel_drops_who_takes_nothing_in() -> None:
    with _bound(Settings(port=0)) as listener:
        listener.listen()
        with socket.create_connection(listener.getsockname()), listener.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000
