"""From a selection to SQL: text that *is* JSON, built from the inside out by nested laterals.

Each kind of source has one function (leaves.py, lists.py, paging.py); they return SQL of type text and join what they
need to the row they stand in. Text concatenation, because json_build_object costs 1.3 times as much and jsonb more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInputType, get_named_type
from sqlalchemy.orm import QueryableAttribute
from strawberry.types.base import StrawberryMaybe
from strawberry.types.maybe import Some

from .arguments import Binds, Given, bounded, is_list_type
from .catalogue import Catalogue, Field, PlannedType
from .codecs import receiver, unfinished
from .selection import Selected
from .sources import PLAN, SOURCES, Method, Same, Shown, Source
from .sql import Joined, Row, Sql, coalesced
from .watching import Watched

Renderer = Callable[["Builder", Row, Selected, Field, Any], Sql]


class Builder:
    """One plan under construction: its parameters, its names, and its Python leaves."""

    row_class: ClassVar[type[Row]] = Row
    renderers: ClassVar[dict[type, Renderer]] = {}  # filled by compile.py: one function per kind of source

    def __init__(self, catalogue: Catalogue, watched: Mapping[str, Watched] = MappingProxyType({})) -> None:
        self.catalogue, self.watched = catalogue, watched
        self.binds = Binds()
        self.computed: list[Callable[..., Any]] = []
        self.has_choice = False  # whether the best index depends on values (paging.py)
        self._names = 0

    def name(self, prefix: str) -> str:
        self._names += 1
        return f"{prefix}{self._names}"

    def row(self, planned: PlannedType) -> Row:
        return self.row_class(planned, planned.table, self.name("t"))

    # --- objects

    def object(
        self, row: Row, planned: PlannedType, selected: list[Selected], parts: Mapping[str, Any] | None = None
    ) -> Sql:
        """A JSON object. `parts` overrides what the fields stand on, for objects without rows."""
        texts: list[str | Sql] = ["{"]
        for one in selected:
            texts.append(f'{"," if len(texts) > 1 else ""}"{one.key}":')
            if one.field is None:
                texts.append(f'"{planned.name}"')
            else:
                source = one.field.source if parts is None else parts[one.field.python_name]
                texts.append(self.value(row, one, one.field, source))
        return Joined([*texts, "}"])

    def value(self, row: Row, one: Selected, field: Field, source: Any) -> Sql:
        """What stands behind one response key."""
        if self.watched:
            self.note(row, field)
        if isinstance(source, Method):
            source = self.call(one, field, source)
        if not isinstance(source, SOURCES):
            source = Shown(source)
        return self.renderers[type(source)](self, row, one, field, source)

    def note(self, row: Row, field: Field) -> None:
        """Where the field is watched, the row says about whom it is."""
        watched = self.watched.get(f"{field.parent}.{field.name}")
        if watched is not None and watched.subject is not None:
            row.told.setdefault((id(watched.subject), id(watched.when)), row.read(watched.told))

    def or_null(self, text: Sql, field: Field) -> Sql:
        """A null where the schema forbids it is marked, and goes up to where it may stand (finish.py)."""
        return coalesced(text, "null" if field.is_nullable else self.missing(field))

    def missing(self, field: Field) -> Sql:
        return unfinished("null", f"{field.parent}.{field.name}")

    # --- planned methods

    def call(self, one: Selected, field: Field, method: Method) -> Source:
        """Runs the body of a planned method, with parameters for arguments."""
        given: dict[str, Any] = {}
        for name, argument in field.graphql.args.items():
            if name in one.arguments:
                python_name = argument.extensions["strawberry-definition"].python_name
                given[python_name] = self.argument(one.arguments[name], argument.type)
        result: Any = method.function(None, **given)
        if isinstance(result, Same | Method):
            raise TypeError(f"{field.parent}.{field.name} returned a field declaration, not what it shows.")
        if isinstance(result, QueryableAttribute):
            return Shown(result)
        if hasattr(result, "metadata") and isinstance(result.metadata, Mapping) and PLAN in result.metadata:
            return result.metadata[PLAN]
        return result if isinstance(result, SOURCES) else Shown(result)

    def argument(self, value: Any, of: GraphQLInputType) -> Any:
        """An argument as a method's body sees it: None, an enum or boolean, a parameter, or an input object of these."""
        if value is None:
            return None
        named = get_named_type(of)
        if isinstance(named, GraphQLInputObjectType):
            return [self._input(v, named) for v in value] if isinstance(value, list) else self._input(value, named)
        assert isinstance(value, Given)
        if isinstance(named, GraphQLEnumType) or named.name == "Boolean":
            return bounded(value.now) if isinstance(value.now, list) else value.now
        codec = self.catalogue.codec(named)
        receive = receiver(codec.sql_type)
        if is_list_type(of):
            return self.binds.bind_list(value, codec.sql_type, receive)
        return self.binds.bind(value, codec.sql_type, receive)

    def _input(self, value: Any, named: GraphQLInputObjectType) -> Any:
        """The author's own input class, filled with parameters; what is absent has its default."""
        given: dict[str, Any] = {}
        for name, field in named.fields.items():
            declared: Any = field.extensions["strawberry-definition"]
            if name in value:
                inner = self.argument(value[name], field.type)
                given[declared.python_name] = Some(inner) if isinstance(declared.type, StrawberryMaybe) else inner
            elif isinstance(declared.type, StrawberryMaybe):
                given[declared.python_name] = None
        definition: Any = named.extensions["strawberry-definition"]
        return definition.origin(**given)
