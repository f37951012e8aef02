"""Complete GraphQL responses, as bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from graphql import GraphQLError


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete GraphQL response. A request error has no `data`: nothing was executed."""

    body: bytes
    is_request_error: bool = False
    cost: int | None = None


class RequestError(Exception):
    """The request is refused before anything runs."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(str(errors))
        self.errors = errors


def respond(data: Any, errors: list[GraphQLError], cost: int | None = None) -> Answer:
    body: dict[str, Any] = {"data": data}
    if errors:
        body = {"errors": [e.formatted for e in errors], **body}
    return Answer(orjson.dumps(body, default=str), False, cost)


def failed(errors: list[GraphQLError]) -> Answer:
    return Answer(orjson.dumps({"errors": [e.formatted for e in errors]}), True)
