"""What the engine says when it refuses, in one place: codes, and the two kinds of exception."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphql import GraphQLError

BAD_USER_INPUT = "BAD_USER_INPUT"
BAD_CURSOR = "BAD_CURSOR"
PAGE_TOO_LARGE = "PAGE_TOO_LARGE"
LIST_TOO_LONG = "LIST_TOO_LONG"
TOO_MANY_VALUES = "TOO_MANY_VALUES"
TOO_COSTLY = "TOO_COSTLY"
RATE_LIMITED = "RATE_LIMITED"
INTERNAL = "INTERNAL"
SYNTAX = "GRAPHQL_PARSE_FAILED"
VALIDATION = "GRAPHQL_VALIDATION_FAILED"

MASKED = "Something went wrong on our side. It has been noted."


class DeclarationError(TypeError):
    """The schema does not load. One line per mistake, each with its mend."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


def refused(message: str, code: str = BAD_USER_INPUT, nodes: Any = None) -> GraphQLError:
    """An error that is the client's to mend."""
    return GraphQLError(message, nodes=nodes, extensions={"code": code})


def masked(nodes: Any = None, path: list[str | int] | None = None) -> GraphQLError:
    """An error that is ours: the client learns that it happened, and nothing else."""
    return GraphQLError(MASKED, nodes=nodes, path=path, extensions={"code": INTERNAL})


def coded(errors: list[GraphQLError], code: str) -> list[GraphQLError]:
    """The same errors, with a code where graphql-core gave none."""
    for error in errors:
        error.extensions = {"code": code} | (error.extensions or {})
    return errors
