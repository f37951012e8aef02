"""Asking the server over a network that loses, delays and lies: what counts as an answer, and when to ask again."""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mobile_contract.client.operations import document_id, operation

ATTEMPTS = 5
LONGEST_PAUSE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over HTTP, whole. Names of headers are in lower case; `size` counts bytes on the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    size: int = 0


# Posts a body with headers. Raises OSError when no whole answer came, TimeoutError (one of them) when it took too long.
Send = Callable[[bytes, Mapping[str, str]], Awaitable[Answer]]


class Unreachable(Exception):
    """Nothing that counts as an answer came, however often we asked. Try again when there is a network."""


class TimedOut(Unreachable):
    """Every attempt took too long: a smaller request may get through."""


class TooLarge(Exception):
    """The request holds more than the server takes at once (413, BATCH_TOO_LARGE and the like)."""


class Stumbled(Exception):
    """The server failed at this very request, each time. Others may do well."""


class Refused(Exception):
    """The request as a whole was refused, and would be again; `errors` have the fields of UserError.

    is_for_one: it may be the fault of one item in it.
    """

    def __init__(self, errors: list[dict[str, Any]], *, is_for_one: bool = False) -> None:
        super().__init__("; ".join(error["message"] for error in errors))
        self.errors, self.is_for_one = errors, is_for_one


class NotUnderstood(Exception):
    """The server will not do this for this app or this person, whatever is sent. What was typed is kept meanwhile."""


# Codes of docs/errors.md for requests that may go well in a moment, and for those that may go well in parts.
PASSING = frozenset({"BUSY", "RATE_LIMITED"})
STUMBLES = frozenset({"INTERNAL"})
DOCUMENT_UNKNOWN = "DOCUMENT_UNKNOWN"  # a server that is older than this app
VALUE = "BAD_USER_INPUT"  # a value of a kind that its field cannot have: one item of the batch is to blame
TOO_LARGE = frozenset({"BODY_TOO_LARGE", "BATCH_TOO_LARGE", "TOO_COSTLY", "PAGE_TOO_LARGE", "LIST_TOO_LONG"})


@dataclass(slots=True)
class Server:
    """One server, as one signed-in person. `pause` waits some seconds and `jitter` gives 0 to 1: tests bring their own."""

    send: Send
    sign_in: Callable[[], Awaitable[str]]
    pause: Callable[[float], Awaitable[None]]
    jitter: Callable[[], float]
    language: str = "zh-CN"
    token: str | None = None
    holds_documents: bool = True  # until it says that it does not
    requests: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0

    async def ask(self, name: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The `data` of an operation's answer, which has no errors. Raises one of the six above.

        Every operation is safe to repeat: reads by nature, writes because what they write has an id of our making.
        """
        failure: Exception = Unreachable("never asked")
        at_least = 0.0
        for attempt in range(ATTEMPTS):
            if attempt:
                await self.pause(max(at_least, self._back_off(attempt)))
            try:
                return await self._ask_once(name, variables)
            except _NotNow as reason:
                failure, at_least = reason.failure, reason.seconds
                if at_least > LONGEST_PAUSE_SECONDS:
                    break  # it asked for more patience than a person with a phone in hand has
        raise failure

    async def _ask_once(self, name: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        if self.token is None:
            self.token = await self._signed_in()
        document = {"documentId": document_id(name)} if self.holds_documents else {"query": operation(name)}
        body = json.dumps({"operationName": name, **document, "variables": variables}).encode()
        self.requests += 1
        self.bytes_sent += len(body)
        try:
            answer = await self.send(body, self._headers(self.token))
        except TimeoutError:
            raise _NotNow(TimedOut("it took too long")) from None
        except OSError as error:
            raise _NotNow(Unreachable(f"no answer ({error})")) from None
        self.bytes_received += answer.size or len(answer.body)
        return self._read(answer)

    async def _signed_in(self) -> str:
        try:
            return await self.sign_in()
        except OSError as error:
            raise _NotNow(Unreachable(f"cannot sign in ({error})")) from None

    def _headers(self, token: str) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Language": self.language}
        return headers | {"Authorization": f"Bearer {token}"}

    def _read(self, answer: Answer) -> dict[str, Any]:
        if answer.status == 401:
            self.token = None  # expired while we were away: the next attempt signs in again
            raise _NotNow(Unreachable("the server does not know us any more"))
        if answer.status == 413:
            raise TooLarge("the request is too large")
        content = _graphql(answer)
        if content is None:
            # A captive portal says 200 with its own page; a proxy says 502 with another. Neither is our server.
            raise _NotNow(Unreachable(f"not our server (status {answer.status})"), _retry_after(answer))
        errors = content.get("errors") or []
        codes = {_code(error) for error in errors}
        if answer.status == 200 and not errors and isinstance(content.get("data"), dict):
            data: dict[str, Any] = content["data"]
            return data
        if DOCUMENT_UNKNOWN in codes and self.holds_documents:
            self.holds_documents = False  # the next attempt brings the text itself
            raise _NotNow(Unreachable("the server does not know this operation"))
        if answer.status == 503 or answer.status == 429 or codes & PASSING:
            raise _NotNow(Unreachable("the server is busy"), _retry_after(answer))
        if answer.status >= 500 or codes & STUMBLES:
            raise _NotNow(Stumbled("the server stumbled"))
        if codes & TOO_LARGE:
            raise TooLarge("the request is too large")
        if codes == {VALUE}:
            said = "; ".join(str(error.get("message")) for error in errors)
            raise Refused([{"code": VALUE, "message": said, "path": [], "isRetryable": False}], is_for_one=True)
        raise NotUnderstood("; ".join(f"{_code(error)}: {error.get('message')}" for error in errors))

    def _back_off(self, attempt: int) -> float:
        """1, 2, 4 … seconds, each between half and the whole: phones that lost one mast do not come back as one."""
        return min(LONGEST_PAUSE_SECONDS, 2.0 ** (attempt - 1)) * (0.5 + 0.5 * self.jitter())


class _NotNow(Exception):
    """This attempt failed, and another may not; it waits `seconds` at least."""

    def __init__(self, failure: Exception, seconds: float = 0.0) -> None:
        super().__init__(str(failure))
        self.failure, self.seconds = failure, seconds


def _graphql(answer: Answer) -> dict[str, Any] | None:
    """The body, if it is one of GraphQL. Half a body is no JSON; a portal's page is no JSON either."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/json", "application/graphql-response+json"):
        return None
    try:
        content = json.loads(answer.body)
    except ValueError:
        return None
    is_ours = isinstance(content, dict) and ("data" in content or isinstance(content.get("errors"), list))
    return content if is_ours else None


def _code(error: dict[str, Any]) -> str:
    return str((error.get("extensions") or {}).get("code"))


def _retry_after(answer: Answer) -> float:
    """Seconds; 0 without the header, and for a date, which a phone with a wrong clock could not use anyway."""
    try:
        seconds = float(answer.headers.get("retry-after", "0"))
    except ValueError:
        return 0.0
    return seconds if math.isfinite(seconds) and seconds > 0 else 0.0
