"""The whitelist, read once at load: every planned type and field, and what each stands on.

Whatever the author forgot or mixed up is found here (checks.py), all at once, with the mend in the message.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
)
from sqlalchemy import FromClause, true
from sqlalchemy.orm import RelationshipProperty

from .arguments import is_list_type
from .codecs import SCALARS, Codec, enum_codec, python_enum
from .connections import CONNECTIONS
from .errors import DeclarationError
from .sources import ENTITY, PLAN, Entity, Method, Related, Same, Shown, Source


@dataclass(frozen=True, eq=False)
class Field:
    """One field of a type in the SDL, and what it stands on; None: an ordinary field."""

    parent: str
    name: str
    python_name: str
    source: Source | None
    graphql: GraphQLField

    @cached_property
    def named_type(self) -> GraphQLNamedType:
        return get_named_type(self.graphql.type)

    @cached_property
    def is_leaf(self) -> bool:
        return is_leaf_type(self.named_type)

    @cached_property
    def is_nullable(self) -> bool:
        return not isinstance(self.graphql.type, GraphQLNonNull)

    @cached_property
    def is_list(self) -> bool:
        return self.item_type is not None

    @cached_property
    def item_type(self) -> Any:
        """The GraphQL type of a list's items; None for what is no list."""
        outer = self.graphql.type
        inner = outer.of_type if isinstance(outer, GraphQLNonNull) else outer
        return inner.of_type if isinstance(inner, GraphQLList) else None


@dataclass(frozen=True, eq=False)
class PlannedType:
    """An object type of the SDL; `entity` is None for the roots, connections, and objects without rows."""

    name: str
    cls: type
    entity: Entity | None
    fields: dict[str, Field]
    is_connection: bool = False

    @cached_property
    def table(self) -> FromClause | None:
        return None if self.entity is None else self.entity.table


class Catalogue:
    """All types of a schema by their names, their classes and their tables; raises DeclarationError."""

    def __init__(self, schema: strawberry.Schema, scalars: Mapping[str, Codec] | None = None) -> None:
        self.graphql: GraphQLSchema = schema._schema
        self.types: dict[str, PlannedType] = {}
        self.by_class: dict[type, PlannedType] = {}
        self.codecs: dict[str, Codec] = {**SCALARS, **(scalars or {})}
        self.mistakes: list[str] = []
        for graphql_type in self.graphql.type_map.values():
            definition = graphql_type.extensions.get("strawberry-definition")
            if isinstance(graphql_type, GraphQLEnumType) and definition is not None:
                self.codecs[graphql_type.name] = enum_codec(graphql_type)
            if isinstance(graphql_type, GraphQLInputObjectType) and getattr(definition, "is_one_of", False):
                graphql_type.is_one_of = True  # strawberry checks literals only; graphql-core variables as well
            if isinstance(graphql_type, GraphQLObjectType) and definition is not None:
                self._read(graphql_type, definition)
        self.branching = frozenset(self._branching())

    def raise_mistakes(self) -> None:
        if self.mistakes:
            raise DeclarationError(sorted(set(self.mistakes)))

    def _read(self, graphql_type: GraphQLObjectType, definition: Any) -> None:
        cls = definition.origin
        entity: Entity | None = cls.__dict__.get(ENTITY)
        fields = {}
        for name, graphql_field in graphql_type.fields.items():
            declared = graphql_field.extensions["strawberry-definition"]
            source = declared.metadata.get(PLAN)
            if entity is not None and entity.scope is not None and (source is None or isinstance(source, Same)):
                source = self._of_same_name(graphql_type.name, declared, entity)
            fields[name] = Field(graphql_type.name, name, declared.python_name, source, graphql_field)
        generic = getattr(definition, "concrete_of", None)
        is_connection = generic is not None and generic.origin in CONNECTIONS
        planned = PlannedType(graphql_type.name, cls, entity, fields, is_connection)
        self.types[graphql_type.name] = planned
        if entity is not None:
            self.by_class[cls] = planned

    def _of_same_name(self, type_name: str, declared: Any, entity: Entity) -> Source | None:
        where = f"{type_name}.{declared.python_name}"
        if declared.base_resolver is not None:
            self.mistakes.append(f"{where}: a type over rows has no resolvers. Use shows(), computed() or @planned.")
            return None
        attribute = entity.attribute(declared.python_name)
        if attribute is None:
            shape = getattr(entity.shape, "__name__", entity.table.description)
            self.mistakes.append(
                f"{where}: {shape} has no '{declared.python_name}'. Name one that it has, or say what the field shows()."
            )
            return None
        return (
            Related(attribute)
            if isinstance(getattr(attribute, "property", None), RelationshipProperty)
            else Shown(attribute)
        )

    def _branching(self) -> list[type]:
        """Enums of which a planned method takes a list, itself or in an input object: its body may branch on the values."""
        found = []
        for planned in self.types.values():
            for field in planned.fields.values():
                if isinstance(field.source, Method):
                    found += [python_enum(n) for n in _listed_enums(field.graphql.args.values(), set())]
        return [cls for cls in found if issubclass(cls, enum.Enum)]

    # --- looking up

    def members(self, abstract: GraphQLNamedType) -> list[PlannedType]:
        """The object types that a value of this type can be."""
        if isinstance(abstract, GraphQLInterfaceType | GraphQLUnionType):
            return [self.types[t.name] for t in self.graphql.get_possible_types(abstract)]
        return [self.types[abstract.name]]

    def entity_over(self, named: GraphQLNamedType, model: type) -> PlannedType | None:
        """The type over this mapped class, among those that a field of type `named` can bring."""
        for member in self.members(named):
            if member.entity is not None and member.entity.shape is model:
                return member
        return None

    def scope_of(self, relationship: Any) -> Any:
        """The scope of a relationship's target, for filters that ask about related rows."""
        model = relationship.property.mapper.class_
        for planned in self.by_class.values():
            if planned.entity is not None and planned.entity.shape is model:
                return planned.entity.scope
        return true()

    def codec(self, named: GraphQLNamedType) -> Codec:
        return self.codecs[named.name]

    def node_of(self, connection: GraphQLNamedType) -> PlannedType:
        return self.types[self.types[connection.name].fields["nodes"].named_type.name]

    @property
    def query_name(self) -> str:
        assert self.graphql.query_type is not None
        return self.graphql.query_type.name


def _listed_enums(given: Iterable[Any], known: set[str]) -> Iterator[GraphQLEnumType]:
    """The enums of which these arguments, and the fields of input objects among them, take lists."""
    for one in given:
        named = get_named_type(one.type)
        if isinstance(named, GraphQLEnumType) and is_list_type(one.type):
            yield named
        elif isinstance(named, GraphQLInputObjectType) and named.name not in known:
            yield from _listed_enums(named.fields.values(), known | {named.name})
