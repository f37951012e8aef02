"""The part of a request's variables that decides its SQL: the key under which a plan is kept.

Only variables that planned fields or directives use count, and of those only what is absent or null, enums, booleans,
and the keys of input objects. A batch of visits in a mutation, or what stands in a JSON scalar, makes no plan of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    Node,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableNode,
    Visitor,
    get_named_type,
    type_from_ast,
    visit,
)

from .arguments import is_list_type
from .catalogue import Catalogue
from .codecs import python_enum

Shape = Callable[[Any], Any]
ABSENT = "absent"
GIVEN = "given"


def shapes_of(catalogue: Catalogue, document: DocumentNode, operation: OperationDefinitionNode) -> dict[str, Shape]:
    """Name -> shape, for the variables of an operation that decide its SQL."""
    deciding = _deciding(catalogue, document)
    found: dict[str, Shape] = {}
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        of: Any = type_from_ast(catalogue.graphql, definition.type)
        if name in deciding:
            found[name] = _shape(of, catalogue.branching)
    return found


def shape(shapes: Mapping[str, Shape], given: Mapping[str, Any]) -> Any:
    """The shape of one request's variables, hashable."""
    return tuple([of(given[name]) if name in given else ABSENT for name, of in shapes.items()])


def _shape(of: GraphQLInputType, branching: frozenset[type]) -> Shape:
    named = get_named_type(of)
    if isinstance(named, GraphQLInputObjectType):
        one = _of_object(named, branching)
        return (lambda values: values and tuple([one(v) for v in values])) if is_list_type(of) else one
    if isinstance(named, GraphQLEnumType) and is_list_type(of):
        # A filter binds its list; a planned method may branch on the members of its own.
        return _of_members if python_enum(named) in branching else _of_leaf
    return _of_choice if isinstance(named, GraphQLEnumType) or named.name == "Boolean" else _of_leaf


def _of_choice(value: Any) -> Any:
    return value


def _of_leaf(value: Any) -> Any:
    return None if value is None else GIVEN


def _of_members(values: Any) -> Any:
    return None if values is None else tuple(values)


def _of_object(named: GraphQLInputObjectType, branching: frozenset[type]) -> Shape:
    inner: dict[str, Shape] = {}  # filled as fields come: an input type may hold itself

    def of(value: Any) -> Any:
        if value is None:
            return None
        for name in value:
            if name not in inner:
                inner[name] = _shape(named.fields[name].type, branching)
        return tuple([(name, inner[name](v)) for name, v in value.items()])

    return of


class _Deciding(Visitor):
    """Gathers the variables in directives and in the arguments of planned fields."""

    def __init__(self, catalogue: Catalogue, types: TypeInfo) -> None:
        super().__init__()
        self.catalogue, self.types = catalogue, types
        self.names: set[str] = set()

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent = self.types.get_parent_type()
        known = None if parent is None else self.catalogue.types.get(parent.name)
        field = None if known is None else known.fields.get(node.name.value)
        # On an interface it is the members that know; their arguments are few.
        if known is None or (field is not None and field.source is not None):
            for argument in node.arguments or ():
                self.gather(argument)

    def enter_directive(self, node: Node, *_: Any) -> None:
        self.gather(node)

    def gather(self, node: Node) -> None:
        names = self.names

        class Variables(Visitor):
            def enter_variable(self, node: VariableNode, *_: Any) -> None:
                names.add(node.name.value)

        visit(node, Variables())


def _deciding(catalogue: Catalogue, document: DocumentNode) -> set[str]:
    types = TypeInfo(catalogue.graphql)
    gathered = _Deciding(catalogue, types)
    visit(document, TypeInfoVisitor(types, gathered))
    return gathered.names
