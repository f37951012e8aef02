"""Random valid operations over the whole schema, smallest first, so that failures shrink to something readable.

Weighted towards what has hidden bugs before: nested connections, asked with the cursors of their own order, and counted.
"""

from __future__ import annotations

import json
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    Undefined,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)
from hypothesis import strategies as st

SKIP = {("Query", "serverTime"), ("Query", "me"), ("Query", "broken")}
MOST_FIELDS = 16  # after so many only leaves follow
FAVOURED = ("totalCount", "pageInfo", "edges", "price", "phone")
INSIDE = ("edges", "node", "nodes", "pageInfo")


class Operation:
    """One operation under construction; `values` are what arguments may be, by name."""

    def __init__(self, draw: Any, schema: GraphQLSchema, values: dict[str, list[Any]]) -> None:
        self.draw, self.schema, self.values = draw, schema, values
        self.variables: dict[str, Any] = {}
        self.definitions: list[str] = []
        self.aliases = 0
        self.text = self.written()

    def __repr__(self) -> str:
        return f"{self.text} {self.variables}"

    def pick(self, choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def written(self) -> str:
        body = self.selection(self.schema.query_type, 0)
        return (f"query Q({', '.join(self.definitions)}) " if self.definitions else "") + body

    def selection(self, of: Any, depth: int) -> str:
        if is_abstract_type(of):
            members = sorted(self.schema.get_possible_types(of), key=lambda t: t.name)
            chosen = self.draw(st.lists(st.sampled_from(members), max_size=2, unique=True))
            inner = " ".join(f"... on {t.name} {self.selection(t, depth + 1)}" for t in chosen)
            return "{ __typename " + ("id " if hasattr(of, "fields") else "") + inner + " }"
        names = [n for n, f in of.fields.items() if (of.name, n) not in SKIP and self.may_stand(n, f, depth)]
        # Twice as likely as the rest: connections, what counts them, and what not every viewer may see.
        names += [n for n in names if "after" in of.fields[n].args or n in FAVOURED]
        chosen = self.draw(st.lists(st.sampled_from(names or ["__typename"]), min_size=1, max_size=3))
        return "{ __typename " + " ".join(self.field(of, n, depth) for n in chosen) + " }"

    def may_stand(self, name: str, field: Any, depth: int) -> bool:
        return (
            (depth < 5 and self.aliases < MOST_FIELDS)
            or is_leaf_type(get_named_type(field.type))
            or name in ("pageInfo", "node", "nodes")
        )

    def field(self, of: Any, name: str, depth: int) -> str:
        if name == "__typename":
            return name
        field = of.fields[name]
        self.aliases += 1
        text = f"a{self.aliases}: {name}{self.arguments(field)}"
        wrap = self.pick(["", "", "", "", " @include(if: %s)", " @skip(if: %s)"])
        if wrap:
            is_variable = self.pick([False, True])
            text += wrap % (
                self.variable("Boolean!", self.pick([True, False])) if is_variable else self.pick(["true", "false"])
            )
        named = get_named_type(field.type)
        if not is_leaf_type(named):
            text += " " + self.selection(named, depth + (0 if name in INSIDE else 1))
        return f"... on {of.name} {{ {text} }}" if self.pick([False, False, False, True]) else text

    # --- arguments

    def variable(self, of: str, value: Any) -> str:
        name = f"v{len(self.definitions)}"
        self.definitions.append(f"${name}: {of}")
        self.variables[name] = value
        return f"${name}"

    def arguments(self, field: Any) -> str:
        given: dict[str, Any] = {}
        for name, argument in field.args.items():
            is_required = isinstance(argument.type, GraphQLNonNull) and argument.default_value is Undefined
            if name == "after":
                order = given.get("orderBy") or ("CODE" if field.args.get("orderBy") else "")
                choices = self.values.get(f"after {get_named_type(field.type).name} {order}", [])
                # Values are dicts of orders in the SDL's order, so orderBy may not be known yet: it is drawn below.
                if not choices or not self.draw(st.booleans()):
                    continue
                given[name] = self.pick(choices)
            elif is_required or self.draw(st.booleans()):
                given[name] = self.value(argument.type, name)
        written = []
        for name, value in given.items():
            of = field.args[name].type
            is_variable = self.draw(st.booleans())
            written.append(f"{name}: {self.variable(str(of), value) if is_variable else self.literal(of, value)}")
        return f"({', '.join(written)})" if written else ""

    def value(self, of: Any, name: str) -> Any:
        if isinstance(of, GraphQLNonNull):
            return self.value(of.of_type, name)
        if isinstance(of, GraphQLList):
            return [self.value(of.of_type, name) for _ in range(self.draw(st.integers(0, 3)))]
        if isinstance(of, GraphQLEnumType):
            return self.pick(sorted(of.values))
        if isinstance(of, GraphQLInputObjectType):
            if of.is_one_of:
                chosen = self.pick(sorted(of.fields))
                return {chosen: self.value(of.fields[chosen].type, chosen)}
            chosen = [n for n in of.fields if self.draw(st.integers(0, 3)) == 0]
            return {n: self.value(of.fields[n].type, n) if self.draw(st.integers(0, 5)) else None for n in chosen}
        if of.name == "Boolean":
            return self.draw(st.booleans())
        return self.pick(self.values[name])

    def literal(self, of: Any, value: Any) -> str:
        if value is None:
            return "null"
        if isinstance(of, GraphQLNonNull):
            return self.literal(of.of_type, value)
        if isinstance(of, GraphQLList):
            return "[" + ", ".join(self.literal(of.of_type, v) for v in value) + "]"
        if isinstance(of, GraphQLEnumType):
            return str(value)
        if isinstance(of, GraphQLInputObjectType):
            return "{" + ", ".join(f"{n}: {self.literal(of.fields[n].type, v)}" for n, v in value.items()) + "}"
        return json.dumps(value)
