"""The words of graphql-transport-ws, the protocol that the npm library `graphql-ws` speaks: frames, and why sockets close.

What a client sends is read strictly. What it is sent is put together from bytes of the engine, which are not read again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson

from api.incoming import BadRequest, Operation, operation_of, strict_json
from schema.engine import Answer
from schema.messages import message

SUBPROTOCOL: Final = "graphql-transport-ws"
MOST_ID_CHARACTERS: Final = 128  # an id goes back with every answer
MOST_REASON_BYTES: Final = 123  # a close frame has no room for more

ACCOUNT_CHANGED: Final = 4205  # ours, after HTTP's 205 Reset Content; the others but one are the protocol's
TOO_MANY_SOCKETS: Final = 4503  # ours, after HTTP's 503
BAD_REQUEST: Final = 4400
UNAUTHORIZED: Final = 4401
FORBIDDEN: Final = 4403
NOT_ACCEPTABLE: Final = 4406
TIMED_OUT: Final = 4408
ALREADY_RUNS: Final = 4409
ALREADY_GREETED: Final = 4429
FAILED: Final = 4500
TOO_LARGE: Final = 1009
TRY_LATER: Final = 1013


class Close(Exception):
    """The socket is to be closed with this code. docs/errors.md says what a client does about each."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason.encode()[:MOST_REASON_BYTES].decode(errors="ignore")


@dataclass(frozen=True, slots=True)
class Greeting:
    """connection_init: who connects."""

    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Subscribe:
    """An operation of any kind, and the id under which it is answered."""

    id: str
    operation: Operation


@dataclass(frozen=True, slots=True)
class Complete:
    """The client wants no more of this operation."""

    id: str


@dataclass(frozen=True, slots=True)
class Ping:
    """Are you there?"""


@dataclass(frozen=True, slots=True)
class Pong:
    """I am here."""


def read(text: str, at_most: int) -> Greeting | Subscribe | Complete | Ping | Pong:
    """The frame in a message of at most so many bytes; raises Close (4400, 1009) for whatever else it is."""
    body = text.encode()
    if len(body) > at_most:
        raise Close(TOO_LARGE, f"A message may have {at_most} bytes at most")
    try:
        sent = strict_json(body)
    except BadRequest as error:
        raise Close(BAD_REQUEST, message(error.code, "en", {})) from None
    match sent:
        case {"type": "subscribe", "id": str(id), "payload": dict(payload)} if 0 < len(id) <= MOST_ID_CHARACTERS:
            try:
                return Subscribe(id, operation_of(payload))
            except BadRequest as error:
                raise Close(BAD_REQUEST, error.detail["reason"]) from None
        case {"type": "complete", "id": str(id)}:
            return Complete(id)
        case {"type": "connection_init" | "ping" | "pong" as kind}:
            payload = sent.get("payload")
            if not isinstance(payload, dict | None):
                raise Close(BAD_REQUEST, f"The payload of '{kind}' must be an object")
            return Greeting(payload or {}) if kind == "connection_init" else Ping() if kind == "ping" else Pong()
    raise Close(BAD_REQUEST, "The message is of no known type, or lacks what its type needs")


def acknowledged(request_id: str) -> str:
    """What answers a greeting: the id under which this socket stands in the log."""
    return orjson.dumps({"type": "connection_ack", "payload": {"requestId": request_id}}).decode()


def answered(id: str, answer: Answer) -> str:
    """`next`, or `error` when nothing was executed. Text: clients take a binary frame for none of theirs."""
    if answer.is_request_error:
        return error(id, orjson.loads(answer.body)["errors"])
    return (b'{"id":%b,"type":"next","payload":%b}' % (orjson.dumps(id), answer.body)).decode()


def error(id: str, errors: list[Any]) -> str:
    """The operation is over, and these are the reasons; no `complete` follows."""
    return orjson.dumps({"id": id, "type": "error", "payload": errors}).decode()


def complete(id: str) -> str:
    """The operation is over."""
    return orjson.dumps({"id": id, "type": "complete"}).decode()


PING: Final = '{"type":"ping"}'
PONG: Final = '{"type":"pong"}'
