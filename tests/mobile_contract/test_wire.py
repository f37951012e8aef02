"""What counts as an answer, and when a phone asks again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from mobile_contract.client.wire import (
    ATTEMPTS,
    Answer,
    NotUnderstood,
    Refused,
    Server,
    Stumbled,
    TimedOut,
    TooLarge,
    Unreachable,
)
from tests.mobile_contract.fake import an_answer

GOOD = an_answer({"data": {"clientConfig": {}}})


def failing(code: str, status: int = 200, **headers: str) -> Answer:
    return an_answer({"data": None, "errors": [{"message": code, "extensions": {"code": code}}]}, status, **headers)


class Script:
    """Answers one after another, the last one for ever; notes what was sent and how long the phone waited."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers, self.sent, self.waited, self.signed_in = list(answers), [], [], 0
        self.sent: list[Mapping[str, str]]
        self.bodies: list[dict[str, Any]] = []
        self.waited: list[float]

    async def send(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        self.sent.append(headers)
        self.bodies.append(json.loads(body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def sign_in(self) -> str:
        self.signed_in += 1
        return f"token {self.signed_in}"

    async def pause(self, seconds: float) -> None:
        self.waited.append(seconds)

    async def ask(self) -> dict[str, Any]:
        return await Server(self.send, self.sign_in, self.pause, jitter=lambda: 1.0).ask("ClientConfig", {})


@pytest.mark.parametrize(
    ("reason", "failure"),
    [
        ("a captive portal says 200", Answer(200, {"content-type": "text/html"}, b"<html>")),
        ("a portal that says it is JSON", Answer(200, {"content-type": "application/json"}, b"<html>")),
        ("JSON, and not of GraphQL", an_answer({"login": "please"})),
        ("JSON, and no object", an_answer(["data"])),
        ("half an answer", Answer(200, GOOD.headers, GOOD.body[:9])),
        ("no content type", Answer(200, {}, GOOD.body)),
        ("a proxy's page", Answer(502, {"content-type": "text/html"}, b"<html>")),
        ("a cut line", ConnectionResetError()),
        ("a slow line", TimeoutError()),
        ("a busy server", failing("BUSY", 503)),
        ("a server that has seen too much of us", failing("RATE_LIMITED")),
        ("a stumble", failing("INTERNAL", 500)),
        ("a stumble that says 200", failing("INTERNAL")),
    ],
)
async def test_it_asks_again_after(reason: str, failure: Answer | Exception) -> None:
    script = Script(failure, failure, GOOD)

    assert await script.ask() == {"clientConfig": {}}, reason
    assert len(script.sent) == 3


@pytest.mark.parametrize(
    ("failure", "raised"),
    [
        (ConnectionResetError(), Unreachable),
        (Answer(200, {"content-type": "text/html"}, b"<html>"), Unreachable),
        (TimeoutError(), TimedOut),
        (failing("INTERNAL", 500), Stumbled),
    ],
)
async def test_it_gives_up_after_some_attempts_and_says_why(failure: Any, raised: type[Exception]) -> None:
    script = Script(failure)

    with pytest.raises(raised):
        await script.ask()
    assert len(script.sent) == ATTEMPTS


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        (Answer(413, {"content-type": "text/html"}, b"a proxy's word for it"), TooLarge),
        (failing("BODY_TOO_LARGE", 413), TooLarge),
        (failing("TOO_COSTLY"), TooLarge),
        (failing("BAD_USER_INPUT"), Refused),
        (failing("GRAPHQL_VALIDATION_FAILED"), NotUnderstood),
        (failing("BAD_REQUEST", 400), NotUnderstood),
    ],
)
async def test_what_would_be_refused_again_is_not_sent_again(answer: Answer, raised: type[Exception]) -> None:
    script = Script(answer)

    with pytest.raises(raised):
        await script.ask()
    assert len(script.sent) == 1


async def test_pauses_grow_and_are_never_shorter_than_the_server_asks() -> None:
    script = Script(ConnectionResetError(), ConnectionResetError(), failing("BUSY", 503, **{"retry-after": "9"}), GOOD)

    await script.ask()

    assert script.waited == [1.0, 2.0, 9.0]


@pytest.mark.parametrize("header", ["tomorrow", "-3", "nan", "inf", "Wed, 21 Oct 2026 07:28:00 GMT"])
async def test_a_retry_after_that_is_no_number_of_seconds_is_not_heeded(header: str) -> None:
    script = Script(failing("BUSY", 503, **{"retry-after": header}), GOOD)

    await script.ask()

    assert script.waited == [1.0]


async def test_it_does_not_wait_for_an_hour() -> None:
    script = Script(failing("BUSY", 503, **{"retry-after": "3600"}))

    with pytest.raises(Unreachable):
        await script.ask()
    assert (len(script.sent), script.waited) == (1, [])


async def test_jitter_halves_a_pause_at_most() -> None:
    script = Script(ConnectionResetError(), GOOD)

    await Server(script.send, script.sign_in, script.pause, jitter=lambda: 0.0).ask("ClientConfig", {})

    assert script.waited == [0.5]


async def test_it_signs_in_again_when_the_token_has_expired() -> None:
    script = Script(failing("NOT_SIGNED_IN", 401), GOOD)

    await script.ask()

    assert [headers["Authorization"] for headers in script.sent] == ["Bearer token 1", "Bearer token 2"]


async def test_who_cannot_sign_in_is_unreachable_and_sends_nothing() -> None:
    async def nobody() -> str:
        raise ConnectionError("no signal")

    script = Script(GOOD)
    with pytest.raises(Unreachable, match="cannot sign in"):
        await Server(script.send, nobody, script.pause, jitter=lambda: 1.0).ask("ClientConfig", {})
    assert script.sent == []


async def test_an_operation_is_asked_for_by_its_id_and_by_its_text_where_the_server_does_not_hold_it() -> None:
    script = Script(GOOD)
    await script.ask()
    assert set(script.bodies[0]) == {"operationName", "documentId", "variables"}
    older = Script(failing("DOCUMENT_UNKNOWN", 404), GOOD)
    server = Server(older.send, older.sign_in, older.pause, jitter=lambda: 1.0)
    for _ in range(2):
        await server.ask("ClientConfig", {})
    assert ["query" in body for body in older.bodies] == [False, True, True], "it is told once"
    assert older.bodies[1]["query"].rstrip().endswith("}")


async def test_a_server_that_knows_neither_the_id_nor_the_text_is_not_asked_again() -> None:
    script = Script(failing("DOCUMENT_UNKNOWN", 404))
    with pytest.raises(NotUnderstood):
        await script.ask()
    assert len(script.bodies) == 2
