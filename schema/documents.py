"""Input types that actions take as the JSON that the client wrote: what was typed is kept, judged item by item."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from strawberry.utils.str_converters import to_camel_case

C = TypeVar("C", bound=type)


def document(cls: C) -> C:
    """Makes a strawberry input arrive as a dict: the client's own names, and nothing where it said nothing, or null.

    Else strawberry would make an object of each, and we a dict of that again: a fifth of the Python of a batch.
    """
    definition: Any = cls.__strawberry_definition__  # type: ignore[attr-defined]
    definition.from_input = lambda _, value, context: _said(cls, value)
    return cls


def _said(cls: type, value: Mapping[str, Any]) -> dict[str, Any]:
    inner = _inner(cls)
    said = {name: item for name, item in value.items() if item is not None}
    for name in inner.keys() & said.keys():
        item, of = said[name], inner[name]
        said[name] = [_said(of, one) for one in item] if isinstance(item, list) else _said(of, item)
    return said


@cache
def _inner(cls: type) -> dict[str, type]:
    """The fields that hold input objects themselves, and of which class; what stands in a JSON scalar is left alone."""
    found = {}
    for field in cls.__strawberry_definition__.fields:  # type: ignore[attr-defined]
        of = field.type
        while hasattr(of, "of_type"):
            of = of.of_type
        if hasattr(of, "__strawberry_definition__"):
            found[field.graphql_name or to_camel_case(field.python_name)] = of
    return found
