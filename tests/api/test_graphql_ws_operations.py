"""GraphQL over WebSocket: operations side by side, how they end, and what ends the socket."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import date
from typing import Any

import asyncpg
import pytest
from starlette.websockets import WebSocket

from api import graphql_ws
from api.graphql_ws import graphql_socket
from domain.access.rules import Viewer
from tests.api.stage import ALICE, ENGINE, SUBSCRIPTION, Stage, held, state, toy
from tests.sockets import phone

# --- operations


async def test_events_come_as_they_happen_and_then_the_end(address: str, stage: Stage) -> None:
    async with phone(address, "alice") as alice:
        await alice.ask("a", SUBSCRIPTION)
        for event in ("听到了", "again"):
            stage.events.put_nowait(event)
            assert await alice.hear() == {"id": "a", "type": "next", "payload": {"data": {"events": event}}}
        stage.events.put_nowait(None)
        assert await alice.hear() == {"id": "a", "type": "complete"}


async def test_queries_and_mutations_are_answered_once(address: str, stage: Stage) -> None:
    async with phone(address, "alice") as alice:
        for query, data in (("{ me }", {"me": "Alice zh"}), ('mutation { write(text: "x") }', {"write": "x"})):
            await alice.ask("a", query)
            assert await alice.hear() == {"id": "a", "type": "next", "payload": {"data": data}}
            assert await alice.hear() == {"id": "a", "type": "complete"}


async def test_operations_run_side_by_side(address: str, stage: Stage) -> None:
    async with phone(address, "alice") as alice:
        await alice.ask("slow", SUBSCRIPTION)
        await alice.ask("quick", "{ me }")
        assert (await alice.hear())["id"] == "quick"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription($x: Int!) { flood(bytes: $x) }", "BAD_USER_INPUT"),
    ],
)
async def test_a_refusal_is_an_error_and_the_end(address: str, stage: Stage, query: str, code: str) -> None:
    async with phone(address, "alice") as alice:
        await alice.ask("a", query)
        refusal = await alice.hear()
        assert (refusal["id"], refusal["type"]) == ("a", "error")
        assert [error["extensions"]["code"] for error in refusal["payload"]] == [code]
        await alice.ask("a", "{ me }")  # the id is free, and no `complete` came
        assert (await alice.hear())["type"] == "next"


async def test_a_surprise_in_a_field_is_masked(address: str, stage: Stage) -> None:
    async with phone(address, "alice") as alice:
        await alice.ask("a", "{ broken }")
        (error,) = (await alice.hear())["payload"]["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "secret" not in json.dumps(error)
    assert [str(surprise) for surprise in stage.surprises] == ["a secret"]


async def test_a_surprise_in_a_stream_is_masked_and_ends_it_alone(address: str, stage: Stage) -> None:
    async with phone(address, "alice") as alice:
        await alice.ask("a", SUBSCRIPTION)
        stage.events.put_nowait("one")
        stage.events.put_nowait(RuntimeError("a secret"))
        assert (await alice.hear())["type"] == "next"
        failure = await alice.hear()
        await alice.ask("b", "{ me }")
        assert (await alice.hear())["type"] == "next"
    assert (failure["id"], failure["type"]) == ("a", "error")
    assert failure["payload"][0]["extensions"]["code"] == "INTERNAL"
    assert "secret" not in json.dumps(failure)
    assert [str(surprise) for surprise in stage.surprises] == ["a secret"]


async def test_an_engine_that_fails_costs_the_operation_and_not_the_socket(
    address: str, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise KeyError("a secret")

    async with phone(address, "alice") as alice:
        with monkeypatch.context() as broken:
            broken.setattr(ENGINE, "execute", fail)
            await alice.ask("a", "{ me }")
            failure = await alice.hear()
        await alice.ask("b", "{ me }")
        assert (await alice.hear())["type"] == "next"
    assert failure["type"] == "error"
    assert [(e["extensions"]["code"], "secret" in e["message"]) for e in failure["payload"]] == [("INTERNAL", False)]


async def test_one_id_has_one_operation(address: str, stage: Stage) -> None:
    async with phone(address, "alice") as alice:
        await held(alice, stage)
        await alice.ask("a", SUBSCRIPTION)
        assert await alice.end() == (4409, "Subscriber for a already exists")
    await stage.has_ended()


async def test_a_socket_carries_so_many_operations_and_refuses_the_next(
    address: str, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphql_ws, "MOST_OPERATIONS", 2)
    async with phone(address, "alice") as alice:
        await alice.ask("a", SUBSCRIPTION)
        await alice.ask("b", SUBSCRIPTION)
        await alice.ask("c", "{ me }")
        refusal = await alice.hear()
        assert (refusal["id"], refusal["type"]) == ("c", "error")
        assert refusal["payload"] == [
            {"message": "一个连接最多同时进行 2 项操作。", "extensions": {"code": "TOO_MANY_OPERATIONS"}}
        ]
        stage.events.put_nowait(None)
        assert (await alice.hear())["type"] == "complete"
        await alice.ask("c", "{ me }")
        assert (await alice.hear())["type"] == "next"


# --- the end of things


async def test_a_client_that_completes_stops_the_resolver_and_frees_the_id(address: str, stage: Stage) -> None:
    async with phone(address, "alice") as alice:
        await alice.ask("a", SUBSCRIPTION)
        stage.events.put_nowait("one")
        assert (await alice.hear())["type"] == "next"
        await alice.say("complete", id="a")
        await alice.say("complete", id="a")  # once more, and one that was never there: both have ended already
        await alice.say("complete", id="nothing")
        await alice.ask("a", "{ me }")
        assert (await alice.hear())["payload"] == {"data": {"me": "Alice zh"}}
        await stage.has_ended()
        assert await alice.hear() == {"id": "a", "type": "complete"}


@pytest.mark.parametrize("how", ["it closes", "it breaks off"])
async def test_when_the_socket_goes_the_resolver_ends(address: str, stage: Stage, how: str) -> None:
    async with phone(address, "alice") as alice:
        await alice.ask("a", SUBSCRIPTION)
        stage.events.put_nowait("one")
        assert (await alice.hear())["type"] == "next"
        if how == "it closes":
            await alice.connection.close()
        else:
            alice.connection.transport.abort()
        await stage.has_ended()


async def test_a_stream_that_never_waits_hears_that_its_socket_is_gone(address: str, stage: Stage) -> None:
    async with phone(address, "alice") as alice:
        await alice.ask("a", "subscription { flood(bytes: 1) }")
        assert (await alice.hear())["type"] == "next"
        alice.connection.transport.abort()
        await stage.has_ended()


async def test_a_server_that_goes_down_says_so_and_ends_everything(stage: Stage) -> None:
    async with AsyncExitStack() as phones:
        async with toy() as address:
            alice = await phones.enter_async_context(phone(address, "alice"))
            await alice.ask("a", SUBSCRIPTION)
            await alice.ask("b", "{ me }")
            assert (await alice.hear())["id"] == "b"
        assert (await alice.end())[0] == 1012
    assert stage.ended.is_set()


async def test_nothing_is_queued_for_a_client_that_does_not_read(address: str, stage: Stage) -> None:
    size = 100_000
    # With a queue of one frame the library reads no further than the test does, and the flood meets a full pipe.
    async with phone(address, "alice", max_queue=1, compression=None) as alice, phone(address, "alice") as bob:
        await alice.ask("flood", f"subscription {{ flood(bytes: {size}) }}")
        made = -1
        while made != stage.made:  # until nothing more is made in the time of fifty answers
            made = stage.made
            for number in range(50):
                await bob.ask(str(number), "{ me }")
                assert (await bob.hear())["type"] == "next"
                assert (await bob.hear())["type"] == "complete"
            assert made * size < 50_000_000, "more than all buffers of the kernel hold: somebody queues"
        for number in range(1, made + 10):  # it reads again: nothing is missing, and the flood goes on
            assert (await alice.hear())["payload"]["data"]["flood"].split()[0] == str(number)
        alice.connection.transport.abort()
    await stage.has_ended()


async def test_the_next_event_is_asked_for_when_the_last_was_taken(stage: Stage) -> None:
    """The same once more without a network: the application is held at the very send."""
    taken, hands = asyncio.Semaphore(0), asyncio.Queue[dict[str, Any]]()
    incoming = asyncio.Queue[dict[str, Any]]()
    incoming.put_nowait({"type": "websocket.connect"})
    for frame in (
        {"type": "connection_init", "payload": {"authorization": "Bearer alice"}},
        {"type": "subscribe", "id": "a", "payload": {"query": "subscription { flood(bytes: 1) }"}},
    ):
        incoming.put_nowait({"type": "websocket.receive", "text": json.dumps(frame)})

    async def send(message: dict[str, Any]) -> None:
        hands.put_nowait(message)
        if message["type"] == "websocket.send":
            await taken.acquire()

    scope = {
        "type": "websocket",
        "path": "/graphql",
        "headers": [],
        "subprotocols": ["graphql-transport-ws"],
        "state": state(),
    }
    socket = asyncio.create_task(graphql_socket(WebSocket(scope, incoming.get, send)))
    assert (await hands.get())["type"] == "websocket.accept"
    assert "connection_ack" in (await hands.get())["text"]
    for number in range(1, 20):
        taken.release()
        assert json.loads((await hands.get())["text"])["payload"]["data"]["flood"].strip(". ") == str(number)
        assert stage.made == number
    incoming.put_nowait({"type": "websocket.disconnect", "code": 1006})
    await socket
    assert stage.ended.is_set()


# --- while it lives


async def test_a_token_that_expires_closes_the_socket(
    address: str, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphql_ws, "RECHECK_SECONDS", 0.01)
    async with phone(address, "alice") as alice:
        await held(alice, stage)
        stage.viewers.clear()
        code, reason = await alice.end()
    assert (code, reason.partition(":")[0]) == (4403, "NOT_SIGNED_IN")
    await stage.has_ended()


async def test_grants_that_change_close_the_socket(address: str, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphql_ws, "RECHECK_SECONDS", 0.01)
    async with phone(address, "alice") as alice:
        await held(alice, stage)
        stage.viewers["Bearer alice"] = replace(ALICE, region_from="3501", region_to="3501:")
        assert await alice.end() == (4205, "The account's grants have changed: connect again")
    await stage.has_ended()


async def test_another_day_and_a_database_that_is_away_close_nothing(
    address: str, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = asyncio.Queue[None]()
    look = stage.viewer

    async def counted(*who: Any) -> Viewer:
        looked.put_nowait(None)
        return await look(*who)

    monkeypatch.setattr(graphql_ws, "RECHECK_SECONDS", 0.001)
    stage.viewer = counted  # type: ignore[method-assign]
    async with phone(address, "alice") as alice:
        await held(alice, stage)
        stage.viewers["Bearer alice"] = replace(ALICE, today=date(2027, 1, 1))
        restarting = asyncpg.CannotConnectNowError("the database system is starting up")
        for failure in (None, ConnectionRefusedError(), TimeoutError(), restarting):
            stage.failure = failure
            while not looked.empty():
                looked.get_nowait()
            for _ in range(3):
                await looked.get()
        stage.failure = None
        stage.events.put_nowait("two")
        assert (await alice.hear())["payload"] == {"data": {"events": "two"}}
