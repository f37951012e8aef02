"""Complete GraphQL responses, as bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


# An error as a client is told it: graphql-core's `formatted`, or the application's words for it.
Told = Mapping[str, Any]


def respond(data: Any, errors: Sequence[Told], cost: int | None = None) -> Answer:
    body: dict[str, Any] = {"errors": errors, "data": data} if errors else {"data": data}
    return Answer(orjson.dumps(body, default=str), False, cost)


def failed(errors: Sequence[Told]) -> Answer:
    return Answer(orjson.dumps({"errors": errors}), True)
