"""Filters: strawberry input types whose fields each say which condition they add.

A filter is a whitelist of questions the business asks, not a grammar over columns: conditions are joined by AND, null
means "not asked", and a nested filter asks about a related row. Only the keys present take part, so an index is never
hidden by an OR.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry
from graphql import GraphQLEnumType, GraphQLInputObjectType, get_named_type
from sqlalchemy import Enum, SQLColumnExpression, Text, and_, any_, func
from sqlalchemy.types import TypeEngine

from .arguments import Binds, Given, is_list_type, named_input
from .codecs import receiver, stored_texts
from .sources import FilterRule

T = TypeVar("T")
RULE = "rule"


def _rule(rule: FilterRule, description: str | None) -> Any:
    # UNSET, not None: strawberry would print `= null`, and null and absent are the same question here anyway.
    return strawberry.field(default=strawberry.UNSET, metadata={RULE: rule}, description=description)


def equals(column: SQLColumnExpression[T], *, description: str | None = None) -> T | None:
    """The column has this value."""
    return cast("T | None", _rule(FilterRule(lambda value: column == value, column), description))


def is_in(column: SQLColumnExpression[T], *, description: str | None = None) -> list[T] | None:
    """= ANY(array): one plan for every length of the list, and the index is still used."""
    return cast(
        "list[T] | None", _rule(FilterRule(lambda value: column == any_(value), column, is_list=True), description)
    )


def contains(column: SQLColumnExpression[Any], *, description: str | None = None) -> str | None:
    """LIKE with the client's % and _ taken literally, so that a trigram index serves it."""

    def condition(value: Any) -> Any:
        literally = func.regexp_replace(value, r"([\\%_])", r"\\\1", "g")
        return column.like("%" + literally + "%")

    return cast("str | None", _rule(FilterRule(condition, sql_type=Text()), description))


def matches(condition: Callable[[Any], Any], sql_type: TypeEngine[Any], *, description: str | None = None) -> Any:
    """Any other condition: a function from the parameter, of the type given, to SQL. An ARRAY type takes a list."""
    return _rule(FilterRule(condition, sql_type=sql_type), description)


def some(relationship: Any, *, description: str | None = None) -> Any:
    """A nested filter: there is a related row for which it holds. It asks about rows, so the target's scope applies."""
    return _rule(FilterRule(lambda inner: inner, nested=relationship), description)


def rule_of(shape: GraphQLInputObjectType, name: str) -> FilterRule | None:
    found = shape.fields[name].extensions["strawberry-definition"].metadata.get(RULE)
    return found if isinstance(found, FilterRule) else None


def conditions(
    asked: dict[str, Any], shape: GraphQLInputObjectType, binds: Binds, scope_of: Callable[[Any], Any]
) -> list[Any]:
    """The SQL of what a client asked."""
    found: list[Any] = []
    for name, value in asked.items():
        rule = rule_of(shape, name)
        if value is None or rule is None:
            continue
        of = shape.fields[name].type
        if rule.nested is not None:
            inner = conditions(value, named_input(of), binds, scope_of)
            ask = rule.nested.any if rule.nested.property.uselist else rule.nested.has
            found.append(ask(and_(scope_of(rule.nested), *inner)))
            continue
        sql_type, receive = _parameter(rule, get_named_type(of))
        bind = binds.bind_list if is_list_type(of) else binds.bind
        found.append(rule.condition(bind(cast(Given, value), sql_type, receive)))
    return found


def _parameter(rule: FilterRule, named: Any) -> tuple[TypeEngine[Any], Callable[[Any], Any]]:
    """The SQL type of the parameter, and what makes its value from a coerced argument."""
    sql_type = rule.sql_type if rule.column is None else rule.column.type
    sql_type = getattr(sql_type, "item_type", sql_type)
    if isinstance(named, GraphQLEnumType):
        stored = stored_texts(named, sql_type)
        if isinstance(sql_type, Enum) and not sql_type.native_enum:
            sql_type = Text()
        return sql_type, lambda member: None if member is None else stored[member]
    if isinstance(sql_type, Enum) and not sql_type.native_enum:
        sql_type = Text()  # a code asked for as a String: an unknown one is simply not found
    return sql_type, receiver(sql_type)
