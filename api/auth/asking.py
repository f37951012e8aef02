"""What the endpoints under /auth share: a body of JSON in, somebody asking, one action, JSON or a refusal out."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import asyncpg
import orjson
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from api.identity import NotSignedIn, preferred_language
from api.incoming import BadRequest, strict_json
from api.tokens import Bearer
from domain.access.queries import SET_VIEWER, viewer_settings
from domain.access.rules import Actor
from domain.base.errors import DomainError, Problem, Refused, TryAgain, invalid, refused
from domain.base.transactions import carry_out
from domain.signing_in.people import Attempt, count_attempt
from domain.signing_in.rules import ADDRESS_LIMITS, NAME_LIMITS, network_of
from schema.engine import Unavailable
from schema.messages import message

T = TypeVar("T")

# The database cannot be asked now: by the read pool's word, SQLAlchemy's, asyncpg's or the network's.
AWAY: Final = (Unavailable, PoolExhausted, asyncpg.TooManyConnectionsError, OSError)
MOST_BYTES: Final = 16_384
STATUS: Final = {
    "BAD_JSON": 400,
    "BODY_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "NOT_SIGNED_IN": 401,
    "SIGN_IN_FAILED": 401,
    "SECOND_FACTOR_REQUIRED": 401,
    "SESSION_REVOKED": 401,
    "FORBIDDEN_ROLE": 403,
    "NOT_FOUND": 404,
    "TOO_MANY_ATTEMPTS": 429,
    "BUSY": 503,
}


class Hashing:
    """Argon2 off the event loop, few at once: each takes 19 MiB and a processor. More than can wait are told BUSY."""

    def __init__(self, at_once: int = 2, waiting: int = 50) -> None:
        self._slots, self._room = asyncio.Semaphore(at_once), waiting

    async def __call__(self, work: Callable[..., T], *arguments: Any) -> T:
        if self._room <= 0:
            raise TryAgain(Problem("BUSY"))
        self._room -= 1
        try:
            async with self._slots:
                return await asyncio.to_thread(work, *arguments)
        finally:
            self._room += 1


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: who asks, and what they sent."""

    request: Request
    body: dict[str, Any]
    actor: Actor
    bearer: Bearer | None

    @property
    def state(self) -> Any:
        return self.request.state

    @property
    def is_demo(self) -> bool:
        return bool(self.state.settings.env == "demo")

    def text(self, name: str, at_most: int = 200) -> str:
        """A text that must be there; raises REQUIRED or TOO_LONG."""
        value = self.optional(name, at_most)
        if not value:
            raise invalid("REQUIRED", name)
        return value

    def optional(self, name: str, at_most: int = 200) -> str | None:
        """A text that may be missing. What PostgreSQL cannot hold (NUL) is no text."""
        value = self.body.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or "\x00" in value:
            raise invalid("REQUIRED", name)
        if len(value) > at_most:
            raise invalid("TOO_LONG", name, characters=len(value), limit=at_most)
        return value

    def id(self, name: str) -> uuid.UUID | None:
        """An id that may be missing; raises ID_INVALID."""
        value = self.optional(name)
        try:
            return None if value is None else uuid.UUID(value)
        except ValueError:
            raise invalid("ID_INVALID", name) from None

    async def carry_out(self, action: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """One action in one transaction, under the viewer's settings; committed when this returns."""
        settings = viewer_settings(self.actor.viewer)
        return await carry_out(self.state.sessions, action, set_viewer=SET_VIEWER, viewer=settings)

    async def hashing(self, work: Callable[..., T], *arguments: Any) -> T:
        """The work of argon2, off the event loop."""
        result: T = await self.state.hashing(work, *arguments)
        return result

    @property
    def address(self) -> str:
        """The subject under which failures from this address are counted: keyed, so that no table holds addresses."""
        network = network_of(self.request.client.host if self.request.client else "")
        return str(self.state.seal.mac("attempt address", network.encode()).hex())

    def subject(self, login_name: str) -> str:
        """The subject under which failures of this name are counted."""
        return str(self.state.seal.mac("attempt name", login_name.encode()).hex())

    async def attempt(self, login_name: str) -> Attempt:
        """Count an attempt on this name before anything is looked at; raises TOO_MANY_ATTEMPTS while it is locked."""
        subjects = [(self.subject(login_name), NAME_LIMITS), (self.address, ADDRESS_LIMITS)]
        attempt = await self.carry_out(lambda db: count_attempt(db, self.actor, login_name, subjects))
        if attempt.seconds_to_wait:
            raise refused("TOO_MANY_ATTEMPTS", seconds=attempt.seconds_to_wait)
        return attempt

    async def attempt_of_address(self) -> None:
        """Count a failure against the address alone; raises TOO_MANY_ATTEMPTS while it is locked."""
        subjects = [(self.address, ADDRESS_LIMITS)]
        attempt = await self.carry_out(lambda db: count_attempt(db, self.actor, "", subjects))
        if attempt.seconds_to_wait:
            raise refused("TOO_MANY_ATTEMPTS", seconds=attempt.seconds_to_wait)


def endpoint(
    answer: Callable[[Asked], Awaitable[dict[str, Any]]], *, needs_sign_in: bool = False
) -> Callable[[Request], Awaitable[Response]]:
    """A route's function around an answer; what it raises as expected becomes a status and the catalogue's words."""

    async def answered(request: Request) -> Response:
        try:
            asked = await _asked(request, needs_sign_in=needs_sign_in)
            return Response(orjson.dumps(await answer(asked)), media_type="application/json")
        except DomainError as error:
            return refusal(request, error.problems[0])
        except AWAY:
            return refusal(request, Problem("BUSY"))

    return answered


async def _asked(request: Request, *, needs_sign_in: bool) -> Asked:
    body = await read_json(request)
    now = datetime.now(UTC)
    authorization = request.headers.get("authorization") if needs_sign_in else None
    try:
        viewer = await request.state.identities.viewer(authorization, request.headers.get("accept-language"), now)
    except NotSignedIn:
        raise refused("NOT_SIGNED_IN") from None
    bearer = request.state.identities.keys.read(authorization.partition(" ")[2]) if authorization else None
    if needs_sign_in and bearer is None:
        raise refused("NOT_SIGNED_IN")
    if bearer is not None and bearer.client_id is not None:
        raise Refused(Problem("FORBIDDEN_ROLE"))  # a program has no devices, no password and nobody to manage
    device = bearer.device_id if bearer else None
    return Asked(request, body, Actor(viewer, now, request.state.request_id, device), bearer)


async def read_json(request: Request) -> dict[str, Any]:
    """The body, an object of JSON. Only application/json: a form of another site can send everything but that."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise invalid("UNSUPPORTED_MEDIA_TYPE")
    try:
        sent = strict_json(await read_body(request))
    except BadRequest as error:
        raise invalid(error.code) from None
    if not isinstance(sent, dict):
        raise invalid("NOT_AN_OBJECT")
    return sent


async def read_body(request: Request) -> bytes:
    """At most 16 KiB, counted as they come."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BYTES:
                raise invalid("BODY_TOO_LARGE", at_most=MOST_BYTES)
    except ClientDisconnect:
        raise invalid("BAD_JSON") from None
    return bytes(body)


def refusal(request: Request, problem: Problem) -> Response:
    """The same shape as a refused GraphQL request, so that apps need one reader of errors."""
    text = message(problem.code, preferred_language(request.headers.get("accept-language")), problem.detail)
    headers = {}
    if seconds := problem.detail.get("seconds", 1 if problem.code == "BUSY" else None):
        headers["Retry-After"] = str(seconds)
    status = STATUS.get(problem.code, 400)
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="ruhu"'
    extensions = {"code": problem.code, "path": list(problem.path), "requestId": request.state.request_id}
    body = {"errors": [{"message": text, "extensions": extensions}]}
    return Response(orjson.dumps(body), status, headers, "application/json")
