"""A document's selection as a tree: fragments spread, fields merged, directives decided, types narrowed.

This is the specification's CollectFields, done ahead for every type an object can turn out to be. Nothing here
knows SQL; cost and SQL are two readings of this tree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
)

from .arguments import Variables, read_arguments
from .catalogue import Catalogue, Field, PlannedType
from .errors import TOO_COSTLY, refused

MOST_FIELDS = 5_000
MOST_DEPTH = 40


@dataclass(frozen=True, eq=False)
class Selected:
    """One response key: its field with arguments, and what is asked of every type its value can have."""

    key: str
    field: Field | None  # None: __typename
    arguments: dict[str, Any]
    children: dict[str, list[Selected]]  # by the name of the concrete type
    nodes: list[FieldNode]


class Selection:
    """Reads selection sets of one operation; `variables` need only be right in what their shape holds."""

    def __init__(self, catalogue: Catalogue, document: DocumentNode, variables: Variables) -> None:
        self.catalogue, self.variables = catalogue, variables
        self.count = 0
        self.fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}

    def of(self, planned: PlannedType, sets: Iterable[SelectionSetNode], depth: int = 0) -> list[Selected]:
        merged: dict[str, list[FieldNode]] = {}
        seen: set[str] = set()
        for selection_set in sets:
            self._collect(planned, selection_set, merged, seen)
        return [self.field(planned, key, nodes, depth) for key, nodes in merged.items()]

    def field(self, planned: PlannedType, key: str, nodes: list[FieldNode], depth: int = 0) -> Selected:
        # A small document of fragments under aliases can spread into a tree of 2^n fields: count before building.
        self.count += 1
        if self.count > MOST_FIELDS or depth > MOST_DEPTH:
            what = f"{MOST_FIELDS} fields" if self.count > MOST_FIELDS else f"{MOST_DEPTH} levels"
            raise refused(f"This operation selects more than {what}.", TOO_COSTLY, nodes[0])
        name = nodes[0].name.value
        if name.startswith("__"):  # of the introspection only __typename ever comes to SQL
            return Selected(key, None, {}, {}, nodes)
        field = planned.fields[name]
        # An ordinary field's arguments are its resolver's business, and may be a batch of hundreds.
        is_read = field.source is not None and field.graphql.args
        arguments = read_arguments(field.graphql.args, nodes[0].arguments, self.variables) if is_read else {}
        return Selected(
            key, field, arguments, {} if field.is_leaf else self.children(field.named_type, nodes, depth + 1), nodes
        )

    def children(self, named: Any, nodes: list[FieldNode], depth: int) -> dict[str, list[Selected]]:
        sets = [n.selection_set for n in nodes if n.selection_set]
        return {member.name: self.of(member, sets, depth) for member in self.catalogue.members(named)}

    def _collect(
        self, planned: PlannedType, selection_set: SelectionSetNode, merged: dict[str, list[FieldNode]], seen: set[str]
    ) -> None:
        for node in selection_set.selections:
            if node.directives and not self._included(node.directives):
                continue
            if isinstance(node, FieldNode):
                merged.setdefault((node.alias or node.name).value, []).append(node)
                continue
            assert isinstance(node, FragmentSpreadNode | InlineFragmentNode)
            fragment: FragmentDefinitionNode | InlineFragmentNode
            if isinstance(node, FragmentSpreadNode):
                if node.name.value in seen:
                    continue
                seen.add(node.name.value)
                fragment = self.fragments[node.name.value]
            else:
                fragment = node
            condition = fragment.type_condition
            if condition is None or self._applies(planned, condition.name.value):
                self._collect(planned, fragment.selection_set, merged, seen)

    def _applies(self, planned: PlannedType, condition: str) -> bool:
        if planned.name == condition:
            return True
        types = self.catalogue.graphql.type_map
        wanted = types[condition]
        return is_abstract_type(wanted) and self.catalogue.graphql.is_sub_type(wanted, types[planned.name])

    def _included(self, directives: Iterable[DirectiveNode]) -> bool:
        for directive in directives:
            if directive.name.value in ("skip", "include") and directive.arguments:
                condition = directive.arguments[0].value
                if isinstance(condition, VariableNode):
                    is_so = self.variables[condition.name.value]
                else:
                    is_so = isinstance(condition, BooleanValueNode) and condition.value
                if is_so is (directive.name.value == "skip"):
                    return False
        return True
