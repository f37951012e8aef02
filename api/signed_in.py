"""Routes beside GraphQL for whoever is signed in: files that go in and out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from api.auth.asking import AWAY, refusal
from api.identity import NotSignedIn
from api.incoming import BadRequest
from domain.access.rules import Actor
from domain.base.errors import DomainError, Problem, refused


def signed_in(answer: Callable[[Request, Actor], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """A route's function around an answer for whoever is signed in; what it raises as expected becomes a status."""

    async def answered(request: Request) -> Response:
        now = datetime.now(UTC)
        authorization = request.headers.get("authorization")
        try:
            viewer = await request.state.identities.viewer(authorization, request.headers.get("accept-language"), now)
            if not viewer.is_signed_in:
                raise refused("NOT_SIGNED_IN")
            device = request.state.identities.device_of(authorization)
            return await answer(request, Actor(viewer, now, request.state.request_id, device))
        except NotSignedIn:
            return refusal(request, Problem("NOT_SIGNED_IN"))
        except BadRequest as error:
            return refusal(request, Problem(error.code, detail=error.detail))
        except DomainError as error:
            return refusal(request, error.problems[0])
        except AWAY:
            return refusal(request, Problem("BUSY"))

    return answered
