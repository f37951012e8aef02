"""What the engine says when it refuses, in one place: codes, and the two kinds of exception."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from graphql import GraphQLError

BAD_USER_INPUT = "BAD_USER_INPUT"
BAD_CURSOR = "BAD_CURSOR"
PAGE_TOO_LARGE = "PAGE_TOO_LARGE"
LIST_TOO_LONG = "LIST_TOO_LONG"
TOO_MANY_VALUES = "TOO_MANY_VALUES"
TOO_COSTLY = "TOO_COSTLY"
RATE_LIMITED = "RATE_LIMITED"
TOO_COMPLEX = "TOO_COMPLEX"
INTROSPECTION_OFF = "INTROSPECTION_OFF"
INTERNAL = "INTERNAL"
SYNTAX = "GRAPHQL_PARSE_FAILED"
VALIDATION = "GRAPHQL_VALIDATION_FAILED"

# Every code with which the engine itself refuses: an application may have words of its own for them (Engine.phrase).
CODES: Final = frozenset(
    {
        *(BAD_USER_INPUT, BAD_CURSOR, PAGE_TOO_LARGE, LIST_TOO_LONG, TOO_MANY_VALUES, TOO_COSTLY, RATE_LIMITED),
        *(TOO_COMPLEX, INTROSPECTION_OFF, INTERNAL, SYNTAX, VALIDATION),
    }
)

MASKED = "Something went wrong on our side. It has been noted."


class Unavailable(ConnectionError):
    """A pool's word for a database that cannot be asked now: the transport's to answer, so the engine lets it pass."""


class DeclarationError(TypeError):
    """The schema does not load. One line per mistake, each with its mend."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


def refused(message: str, code: str = BAD_USER_INPUT, nodes: Any = None) -> GraphQLError:
    """An error that is the client's to mend."""
    return GraphQLError(message, nodes=nodes, extensions={"code": code})


def masked(
    nodes: Any = None, path: list[str | int] | None = None, told: Mapping[str, Any] | None = None
) -> GraphQLError:
    """An error that is ours: the client learns that it happened, and what the application tells (a request's id)."""
    return GraphQLError(MASKED, nodes=nodes, path=path, extensions={"code": INTERNAL, **(told or {})})


def coded(errors: list[GraphQLError], code: str) -> list[GraphQLError]:
    """The same errors, with a code where graphql-core gave none."""
    for error in errors:
        error.extensions = {"code": code} | (error.extensions or {})
    return errors


# Where graphql-core, strawberry and the lexer put what was sent into their messages.
_QUOTED: Final = (
    (re.compile(r"[,;:]?(?: but)? found: .*", re.DOTALL), "."),
    (re.compile(r"( cannot represent [^:]*): .*", re.DOTALL), r"\1."),
    (re.compile(r"Value '.*' does not exist", re.DOTALL), "Value does not exist"),
    (re.compile(r"\b((?:Block)?String|Int|Float) (['\"]).*", re.DOTALL), r"\1."),
)


def without_values(errors: list[GraphQLError]) -> list[GraphQLError]:
    """The same errors without what was sent: values are people's, and whoever sent them knows them."""
    return [_without_value(error) for error in errors]


def _without_value(error: GraphQLError) -> GraphQLError:
    text = error.message
    for quoted, instead in _QUOTED:
        text = quoted.sub(instead, text)
    return (
        error
        if text == error.message
        else GraphQLError(text, error.nodes, error.source, error.positions, extensions=error.extensions)
    )
