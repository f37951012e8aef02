"""GraphQL over WebSocket, frame by frame: over a toy schema whose events the test holds in its hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
import strawberry
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.exceptions import InvalidStatus

from api import graphql_ws
from api.graphql_ws import graphql_socket, is_same_host
from api.identity import NotSignedIn
from api.settings import Settings
from domain.access.rules import ANONYMOUS, Viewer
from schema.engine import Engine
from tests.sockets import Phone, phone, serving

SETTINGS = Settings(max_body_bytes=100_000, max_sockets=30)
SUBSCRIPTION = "subscription { events }"
ALICE = Viewer(id=None, name="Alice", region_from="35", region_to="35:")


@dataclass
class Stage:
    """What the toy's resolvers do, seen and steered from outside."""

    events: asyncio.Queue[str | Exception | None] = field(default_factory=asyncio.Queue)
    made: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    viewers: dict[str, Viewer] = field(default_factory=lambda: {"Bearer alice": ALICE})
    surprises: list[BaseException] = field(default_factory=list)
    failure: Exception | None = None

    async def viewer(self, authorization: str | None, accept_language: str | None, now: Any) -> Viewer:
        """Stands in for Identities."""
        if self.failure is not None:
            raise self.failure
        language = "en" if accept_language == "en" else "zh"
        if authorization is None:
            return replace(ANONYMOUS, language=language)
        if authorization not in self.viewers:
            raise NotSignedIn
        return replace(self.viewers[authorization], language=language)


STAGE = Stage()


@strawberry.type
class Query:
    @strawberry.field
    def me(self, info: strawberry.Info[Any]) -> str:
        return f"{info.context.actor.viewer.name} {info.context.actor.viewer.language}"

    @strawberry.field
    async def broken(self) -> str:
        raise RuntimeError("a secret")


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def write(self, text: str) -> str:
        return text


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def events(self) -> AsyncIterator[str]:
        """What the test puts on the stage; an exception is raised, None is the end."""
        try:
            while (event := await STAGE.events.get()) is not None:
                if isinstance(event, Exception):
                    raise event
                STAGE.made += 1
                yield event
        finally:
            STAGE.ended.set()

    @strawberry.subscription
    async def flood(self, bytes: int) -> AsyncIterator[str]:
        """As much as anybody takes."""
        try:
            while True:
                STAGE.made += 1
                yield f"{STAGE.made} ".ljust(bytes, ".")
        finally:
            STAGE.ended.set()


ENGINE = Engine(
    strawberry.Schema(Query, Mutation, Subscription),
    SimpleNamespace(),  # type: ignore[arg-type]  # nothing here is planned
    on_surprise=lambda error, plan: STAGE.surprises.append(error),
)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    global STAGE
    STAGE = Stage()
    before = asyncio.all_tasks()
    yield STAGE
    if sockets := {task for task in asyncio.all_tasks() - before if "run_asgi" in repr(task)}:
        await asyncio.wait(sockets, timeout=10)
    left = {task for task in asyncio.all_tasks() - before if "Socket." in repr(task) or task in sockets}
    assert not left, "a socket left tasks behind"


@pytest.fixture(scope="module")
async def address() -> AsyncIterator[str]:
    async with _toy() as address:
        yield address


def _state() -> dict[str, Any]:
    return {
        "settings": SETTINGS,
        "engine": ENGINE,
        "identities": SimpleNamespace(viewer=lambda *who: STAGE.viewer(*who)),
        "sessions": None,
        "feed": None,
        "sockets": asyncio.Semaphore(SETTINGS.max_sockets),
    }


@asynccontextmanager
async def _toy() -> AsyncIterator[str]:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        yield _state()

    async with serving(
        Starlette(routes=[WebSocketRoute("/graphql", graphql_socket)], lifespan=lifespan), SETTINGS
    ) as a:
        yield a


async def _held(alice: Phone, stage: Stage) -> None:
    """A subscription under the id `a` that has had its first event and waits for the next."""
    await alice.ask("a", SUBSCRIPTION)
    stage.events.put_nowait("one")
    assert (await alice.hear())["type"] == "next"


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
    await stage.ended.wait()


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


@pytest.mark.parametrize(("error", "code"), [(TimeoutError(), "BUSY"), (KeyError("a secret"), "INTERNAL")])
async def test_an_engine_that_fails_costs_the_operation_and_not_the_socket(
    address: str, stage: Stage, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise error

    async with phone(address, "alice") as alice:
        with monkeypatch.context() as broken:
            broken.setattr(ENGINE, "execute", fail)
            await alice.ask("a", "{ me }")
            failure = await alice.hear()
        await alice.ask("b", "{ me }")
        assert (await alice.hear())["type"] == "next"
    assert failure["type"] == "error"
    assert [(e["extensions"]["code"], "secret" in e["message"]) for e in failure["payload"]] == [(code, False)]


async def test_one_id_has_one_operation(address: str, stage: Stage) -> None:
    async with phone(address, "alice") as alice:
        await _held(alice, stage)
        await alice.ask("a", SUBSCRIPTION)
        assert await alice.end() == (4409, "Subscriber for a already exists")
    await stage.ended.wait()


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
        await stage.ended.wait()
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
        await stage.ended.wait()


async def test_a_server_that_goes_down_says_so_and_ends_everything(stage: Stage) -> None:
    async with AsyncExitStack() as phones:
        async with _toy() as address:
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
    await stage.ended.wait()


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
        "state": _state(),
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
        await _held(alice, stage)
        stage.viewers.clear()
        code, reason = await alice.end()
    assert (code, reason.partition(":")[0]) == (4403, "NOT_SIGNED_IN")
    await stage.ended.wait()


async def test_grants_that_change_close_the_socket(address: str, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphql_ws, "RECHECK_SECONDS", 0.01)
    async with phone(address, "alice") as alice:
        await _held(alice, stage)
        stage.viewers["Bearer alice"] = replace(ALICE, region_from="3501", region_to="3501:")
        assert await alice.end() == (4205, "The account's grants have changed: connect again")
    await stage.ended.wait()


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
        await _held(alice, stage)
        stage.viewers["Bearer alice"] = replace(ALICE, today=date(2027, 1, 1))
        for failure in (None, ConnectionRefusedError(), TimeoutError()):
            stage.failure = failure
            while not looked.empty():
                looked.get_nowait()
            for _ in range(3):
                await looked.get()
        stage.failure = None
        stage.events.put_nowait("two")
        assert (await alice.hear())["payload"] == {"data": {"events": "two"}}
