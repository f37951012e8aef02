"""What a document may be at most, measured before it is validated: in one pass, however its fragments are nested.

graphql-core's own rules are not built for hostile documents. Fields of one response key are compared pair by pair, and a
chain of 25 fragments that each spread the next one twice stands for 33 million fields in a few hundred bytes. So the
fragments are measured once each, and what they spread into is reckoned, not walked.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionNode,
)

from .errors import TOO_COMPLEX, refused

MOST_TOKENS = 5_000
MOST_LEVELS = 60  # of anything that nests, so that the walk itself stays shallow
READS_SCHEMA = frozenset({"__schema", "__type"})

# What is counted → how much of it a document may have. All but the last two are of the text as it stands.
MOST = {
    "operations": 20,
    "fragments": 100,
    "fragment spreads": 300,
    "aliases": 100,
    "directives": 100,
    "directives in one place": 5,
    "fields of one name": 250,
    "fields with all fragments spread": 5_000,
    "levels": 40,
}


@dataclass(slots=True)
class Measured:
    """A document's size. `visited` counts the nodes that were looked at: at most once each."""

    reads_schema: bool = False
    visited: int = 0
    counted: Counter[str] = field(default_factory=Counter)


class _Tape:
    """The walk over one document."""

    def __init__(self, document: DocumentNode) -> None:
        self.fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self.known: dict[str, tuple[int, int] | None] = {}  # None: being measured, which only a circle meets again
        self.names: Counter[str] = Counter()
        self.measured = Measured()

    def operation(self, node: OperationDefinitionNode) -> tuple[int, int]:
        """(fields, levels) that an operation stands for."""
        self.count("operations")
        self.directives(node)
        for variable in node.variable_definitions or ():
            self.directives(variable)
        return self._selections(node.selection_set.selections, 0)

    def definition(self, node: FragmentDefinitionNode) -> tuple[int, int]:
        """The same of a fragment, spread or not: validation will look at it."""
        self.count("fragments")
        self.directives(node)
        return self._fragment(node.name.value, 0)

    def _selections(self, nodes: tuple[SelectionNode, ...], nested: int) -> tuple[int, int]:
        if nested > MOST_LEVELS:
            raise _over("levels")
        fields = levels = 0
        for node in nodes:
            more, deeper = self._selection(node, nested)
            fields += more
            levels = max(levels, deeper)
        return fields, levels

    def _selection(self, node: SelectionNode, nested: int) -> tuple[int, int]:
        self.measured.visited += 1
        self.directives(node)
        if isinstance(node, FragmentSpreadNode):
            self.count("fragment spreads")
            return self._fragment(node.name.value, nested + 1)
        inner: Any = node
        below = self._selections(inner.selection_set.selections, nested + 1) if inner.selection_set else (0, 0)
        if not isinstance(node, FieldNode):
            return below
        name = node.name.value
        self.measured.reads_schema |= name in READS_SCHEMA
        if node.alias:
            self.count("aliases")
        self.names[(node.alias or node.name).value] += 1
        return 1 + below[0], 1 + below[1]

    def _fragment(self, name: str, nested: int) -> tuple[int, int]:
        if name not in self.known:
            fragment = self.fragments.get(name)
            if fragment is None:
                return 0, 0  # unknown: validation names it
            self.known[name] = None
            self.known[name] = self._selections(fragment.selection_set.selections, nested)
        return self.known[name] or (0, 0)  # in a circle: validation names it, too

    def directives(self, node: Any) -> None:
        number = len(node.directives or ())
        self.count("directives", number)
        most = self.measured.counted["directives in one place"]
        self.measured.counted["directives in one place"] = max(most, number)

    def count(self, what: str, number: int = 1) -> None:
        self.measured.counted[what] += number


def measure(document: DocumentNode) -> Measured:
    """The document's size; raises GraphQLError (TOO_COMPLEX) where that is more than a client needs."""
    tape = _Tape(document)
    counted = tape.measured.counted
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            fields, levels = tape.operation(definition)
        elif isinstance(definition, FragmentDefinitionNode):
            fields, levels = tape.definition(definition)
        else:
            continue  # a definition of types: validation refuses it
        counted["fields with all fragments spread"] = max(counted["fields with all fragments spread"], fields)
        counted["levels"] = max(counted["levels"], levels)
    counted["fields of one name"] = max(tape.names.values(), default=0)
    for what, most in MOST.items():
        if counted[what] > most:
            raise _over(what)
    return tape.measured


def _over(what: str) -> Exception:
    return refused(f"This document has more than {MOST[what]} {what}.", TOO_COMPLEX)
