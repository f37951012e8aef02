"""The few things SQL cannot finish: nulls where the schema forbids them, numbers JSON has no word for, Python leaves, and
what stands sealed.

The statement brackets such a place with two control characters that never occur raw in JSON. Nearly every response has
none and leaves as it came. Otherwise the response is parsed and completed here by the rules of the specification: an
error with its path, and null in the nearest nullable parent.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from graphql import GraphQLError, GraphQLList, GraphQLNonNull, GraphQLOutputType

from .catalogue import Catalogue
from .codecs import CLOSE, OPEN, SEALED, SEALED_END
from .compile import Plan
from .errors import LIST_TOO_LONG, masked
from .selection import Selected

BRACKET = "unfinished " + uuid.uuid4().hex  # no client can know it, so no client's JSON can imitate it
_OPEN, _CLOSE = OPEN.encode(), CLOSE.encode()
_BEGIN = f'{{"{BRACKET}":['.encode()

Surprise = Callable[[BaseException, str], Mapping[str, Any] | None]


Opens = Callable[[bytes], str]

_SEALED, _BETWEEN = SEALED.encode(), re.compile(f"{SEALED}(.)([^{SEALED_END}]*){SEALED_END}".encode())
_SHUT = OPEN.encode() + b'"shut",%b' + CLOSE.encode()


def opened(body: bytes, opens: Opens) -> bytes:
    """The body with everything sealed in it opened. What does not open becomes an unfinished place, and so an error."""

    def put(found: re.Match[bytes]) -> bytes:
        try:
            text = opens(found[2])
        except Exception as error:
            return _SHUT % orjson.dumps(str(error))
        return text.encode() if found[1] == b"j" else orjson.dumps(text)

    return _BETWEEN.sub(put, body) if _SEALED in body else body


def is_finished(body: bytes) -> bool:
    return _OPEN not in body


def read_body(body: bytes) -> Any:
    return orjson.loads(body if is_finished(body) else body.replace(_OPEN, _BEGIN).replace(_CLOSE, b"]}"))


class _Null(Exception):
    """A null on its way up to the nearest place that may hold it."""


class Finisher:
    """Completes the objects of one answer, and gathers the errors with their paths."""

    def __init__(self, plan: Plan, catalogue: Catalogue, on_surprise: Surprise) -> None:
        self.plan, self.catalogue, self.on_surprise = plan, catalogue, on_surprise
        self.errors: list[GraphQLError] = []

    def data(self, data: dict[str, Any], tree: list[Selected]) -> dict[str, Any] | None:
        """The whole answer of root fields; None where a null went up as far as that."""
        whole: dict[str, Any] | None = self.item(data, tree, [])
        return whole

    def root(self, value: Any, one: Selected, path: list[str | int]) -> Any:
        """The value of one root field that stands beside ordinary ones."""
        try:
            return self._value(_type_of(one), value, [one], path)
        except _Null:
            return None

    def item(self, value: Any, selected: list[Selected], path: list[str | int]) -> Any:
        """One object known by its key; None where a null went up as far as that."""
        try:
            return None if value is None else self._fields(value, [selected], path)
        except _Null:
            return None

    # Of an interface or union it is not known here which member an object is, and it need not be: validation
    # guarantees that equal keys have equal wrappers. So a key is followed through all the members that ask for it.

    def _fields(self, data: dict[str, Any], asked: list[list[Selected]], path: list[str | int]) -> dict[str, Any]:
        by_key: dict[str, list[Selected]] = {}
        for selected in asked:
            for one in selected:
                if one.field is not None and one.key in data:
                    by_key.setdefault(one.key, []).append(one)
        for key, ones in by_key.items():
            data[key] = self._value(_type_of(ones[0]), data[key], ones, [*path, key])
        return data

    def _value(self, of: GraphQLOutputType, value: Any, ones: list[Selected], path: list[str | int]) -> Any:
        if isinstance(of, GraphQLNonNull):
            done = self._nullable(of.of_type, value, ones, path)
            if done is None:
                raise _Null
            return done
        try:
            return self._nullable(of, value, ones, path)
        except _Null:
            return None

    def _nullable(self, of: GraphQLOutputType, value: Any, ones: list[Selected], path: list[str | int]) -> Any:
        if isinstance(value, dict) and BRACKET in value:
            value = self._unfinished(*value[BRACKET], one=ones[0], path=path)
        if value is None:
            return None
        if isinstance(of, GraphQLList):
            return [self._value(of.of_type, item, ones, [*path, i]) for i, item in enumerate(value)]
        asked = [selected for one in ones for selected in one.children.values()]
        return self._fields(value, asked, path) if asked else value

    def _unfinished(self, kind: str, detail: str, *needs: Any, one: Selected, path: list[str | int]) -> Any:
        assert one.field is not None
        field = one.field
        if kind == "python":
            try:
                value = self.plan.computed[int(detail)](*needs)
                if value is not None:
                    return self.catalogue.codec(field.named_type).serialize(value)
                if field.is_nullable:
                    return None
                kind, detail = "null", f"{field.parent}.{field.name}"
            except Exception as error:
                self.errors.append(masked(one.nodes, path, self.on_surprise(error, self.plan.name)))
                return None
        if kind == "shut":
            self.errors.append(masked(one.nodes, path, self.on_surprise(RuntimeError(detail), self.plan.name)))
            return None
        extensions = {"code": LIST_TOO_LONG} if kind == "long" else None
        message = {
            "null": f"Cannot return null for non-nullable field {detail}.",
            "long": f"This list holds more than {detail} rows.",
            "wrong": f"{field.named_type.name} {detail}.",
        }[kind]
        self.errors.append(GraphQLError(message, nodes=one.nodes, path=path, extensions=extensions))
        return None


def _type_of(one: Selected) -> GraphQLOutputType:
    assert one.field is not None
    return one.field.graphql.type
