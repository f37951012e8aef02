"""Arguments at plan time: their shape is known, their values are not.

A plan is made for a *shape* (shapes.py): which arguments are there, null or absent, and the values of enums and booleans.
Everything else becomes a parameter, so a plan never holds what a client typed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    value_from_ast,
)
from sqlalchemy import ARRAY, bindparam
from sqlalchemy.types import TypeEngine

from .codecs import receiver
from .errors import TOO_MANY_VALUES, refused

Variables = Mapping[str, Any]
Reader = Callable[[Variables], Any]
MOST_VALUES = 500  # in one list; by_ids() has a cap of its own


@dataclass(frozen=True)
class Given:
    """A leaf argument. `now` is its value while planning: to be looked at only where the shape holds it."""

    read: Reader
    now: Any
    is_constant: bool

    @property
    def is_absent(self) -> bool:
        return self.now is None


class Binds:
    """The parameters of a plan under construction: their names in SQL, and where a request finds their values."""

    def __init__(self) -> None:
        self.readers: dict[str, Reader] = {}

    def bind(self, given: Given, sql_type: TypeEngine[Any], receive: Callable[[Any], Any] | None = None) -> Any:
        """A parameter that takes the argument's value, changed by `receive` into what asyncpg takes."""
        name = f"argument_{len(self.readers)}"
        read, take = given.read, receive or receiver(sql_type)
        self.readers[name] = lambda variables: take(read(variables))
        return bindparam(name, type_=sql_type, required=True)

    def bind_list(self, given: Given, sql_type: TypeEngine[Any], receive: Callable[[Any], Any] | None = None) -> Any:
        """A parameter that takes a list: one plan for every length of it."""
        take = receive or receiver(sql_type)

        def take_all(values: list[Any] | None) -> list[Any] | None:
            return None if values is None else [take(value) for value in bounded(values)]

        return self.bind(given, ARRAY(sql_type), take_all)


def bounded(values: list[Any]) -> list[Any]:
    """A list that a client sent; one without bound would keep server and database busy for as long as it likes."""
    if len(values) > MOST_VALUES:
        raise refused(f"A list of {len(values)} values is too long; {MOST_VALUES} is the most.", TOO_MANY_VALUES)
    return values


def from_value(value: Any, read: Reader, is_constant: bool, of: GraphQLInputType) -> Any:
    """A coerced value as None, a Given, a dict for an input object, or a list of dicts."""
    if value is None:
        return None
    named = get_named_type(of)
    if isinstance(named, GraphQLInputObjectType):
        if isinstance(value, list):
            return [from_value(item, _step(read, i), is_constant, named) for i, item in enumerate(bounded(value))]
        return {n: from_value(v, _step(read, n), is_constant, named.fields[n].type) for n, v in value.items()}
    return Given(read, value, is_constant)


def _step(read: Reader, key: Any) -> Reader:
    return lambda variables: read(variables)[key]


def _constant(value: Any) -> Reader:
    return lambda _: value


def _variable(name: str) -> Reader:
    return lambda variables: variables[name]


def _from_ast(node: ValueNode, of: GraphQLInputType, variables: Variables) -> Any:
    if isinstance(node, VariableNode):
        name = node.name.value
        return from_value(variables[name], _variable(name), False, of) if name in variables else Undefined
    if isinstance(node, NullValueNode):
        return None
    inner = of.of_type if isinstance(of, GraphQLNonNull) else of
    if isinstance(node, ObjectValueNode) and isinstance(inner, GraphQLInputObjectType):
        return _fields(inner.fields, {f.name.value: f.value for f in node.fields}, variables)
    if isinstance(inner, GraphQLList):
        # One value stands for a list of one.
        nodes = node.values if isinstance(node, ListValueNode) else (node,)
        items = [_from_ast(item, inner.of_type, variables) for item in nodes]
        if isinstance(get_named_type(inner), GraphQLInputObjectType):
            return bounded(items)
        leaves = [item if isinstance(item, Given) else Given(_constant(None), None, True) for item in items]
        return Given(
            lambda given: [leaf.read(given) for leaf in leaves],
            [leaf.now for leaf in leaves],
            all(leaf.is_constant for leaf in leaves),
        )
    value = value_from_ast(node, of)
    return from_value(value, _constant(value), True, of)


def _fields(
    definitions: Mapping[str, GraphQLArgument] | Mapping[str, GraphQLInputField],
    written: dict[str, ValueNode],
    variables: Variables,
) -> dict[str, Any]:
    found = {}
    for name, definition in definitions.items():
        value = _from_ast(written[name], definition.type, variables) if name in written else Undefined
        if value is Undefined:
            default = default_of(definition)
            if default is Undefined:
                continue
            value = from_value(default, _constant(default), True, definition.type)
        found[name] = value
    return found


def default_of(definition: GraphQLArgument | GraphQLInputField) -> Any:
    return definition.default_value


def read_arguments(definitions: Mapping[str, GraphQLArgument], nodes: Any, variables: Variables) -> dict[str, Any]:
    """Argument name -> what from_value() gives; absent ones are missing."""
    return _fields(definitions, {a.name.value: a.value for a in nodes or ()}, variables)


def named_input(of: GraphQLInputType) -> GraphQLInputObjectType:
    return cast(GraphQLInputObjectType, get_named_type(of))


def is_list_type(of: Any) -> bool:
    return isinstance(of.of_type if isinstance(of, GraphQLNonNull) else of, GraphQLList)
