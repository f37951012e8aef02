"""Everything a viewer can be shown by the API, asked for by the SDL itself, and compared with the matrix."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLObjectType, get_named_type, is_leaf_type, is_required_argument

from domain.access.matrix import ANONYMOUS, OF_FAMILIES, Effect, FieldClass, matrix
from domain.access.rules import OFFICER_ROLES
from schema.root import catalogue, schema
from tests.walls.conftest import Stage, answered

DEEP = 1  # an object and what hangs on it
AT_ONCE = 6  # objects in one request: each brings everything that hangs on it
KEY = "id"

WALLED = {name for name, by_role in matrix().scopes.items() if not by_role[ANONYMOUS]}


def table_of(type_name: str) -> str | None:
    """The table that a type stands on, where it has a wall."""
    planned = catalogue().types.get(type_name)
    name = getattr(planned.table, "name", None) if planned is not None and planned.entity is not None else None
    return name if name in matrix().scopes else None


def selection(of: GraphQLObjectType, depth: int) -> str:
    """Every field of a type that needs no argument; at the end of the walk only those without a selection."""
    parts = ["__typename"]
    for name, asked in of.fields.items():
        named = get_named_type(asked.type)
        if any(is_required_argument(argument) for argument in asked.args.values()):
            continue
        if is_leaf_type(named):
            parts.append(name)
        elif isinstance(named, GraphQLObjectType) and depth:
            planned = catalogue().types[named.name]
            few = "(first: 5)" if "first" in asked.args else ""
            if planned.is_connection:
                node = get_named_type(named.fields["nodes"].type)
                assert isinstance(node, GraphQLObjectType)
                parts.append(f"{name}{few} {{ nodes {{ {selection(node, depth - 1)} }} }}")
            else:
                parts.append(f"{name} {{ {selection(named, depth - 1)} }}")
    return " ".join(parts)


def nodes_query(table: str, depth: int) -> str:
    """`nodes` with everything that the type of these rows has."""
    node = schema._schema.get_type("Node")
    (named,) = (
        one
        for one in schema._schema.get_implementations(node).objects  # type: ignore[arg-type]
        if table_of(one.name) == table
    )
    return f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {named.name} {{ {selection(named, depth)} }} }} }}"


@dataclass
class Walk:
    """One viewer's walk: what was wrong, and how many fields of each class were looked at."""

    stage: Stage
    who: str
    rows: Mapping[str, Mapping[str, Mapping[str, Any]]]  # table → id → what stands there
    wrong: list[str] = field(default_factory=list)
    looked: dict[tuple[FieldClass, Effect], int] = field(default_factory=dict)

    async def compare(self, found: Any, met: bool = False) -> None:
        """An answer, or a part of one, with all that is in it. `met`: whether it hangs on a family that is met."""
        if isinstance(found, list):
            for one in found:
                await self.compare(one, met)
        if not isinstance(found, dict):
            return
        type_name = found.get("__typename")
        row: Mapping[str, Any] | None = None
        if (table := table_of(type_name)) in WALLED and table and KEY in found and not found.get("isDeleted"):
            name = type_name if type_name in matrix().scopes else table
            expected = await self.stage.expected(self.who, name, table)
            if found[KEY] not in expected.seen:
                self.wrong.append(f"{type_name} {found[KEY]} is shown at all")
            met = found[KEY] in expected.met
            row = self.rows.get(table, {}).get(found[KEY])
        for key, value in found.items():
            of = matrix().fields.get((type_name, key))
            if of is FieldClass.HELPER_CONTACT:
                self.contact(type_name, key, value, row)
            elif of in OF_FAMILIES and not found.get("isDeleted"):
                effect = matrix().inside[of] if met else matrix().outside[of]
                self.looked[of, effect] = self.looked.get((of, effect), 0) + 1
                if not shows(effect, value, row, key):
                    self.wrong.append(f"{type_name}.{key} of {found.get(KEY)} is {effect}, and shown as {value!r}")
            await self.compare(value, met)

    def contact(self, type_name: str, key: str, value: Any, row: Mapping[str, Any] | None) -> None:
        """What stands of those who help: shown to officers of their region, and to themselves."""
        somebody = self.stage.somebody[self.who]
        effects = matrix().effects[FieldClass.HELPER_CONTACT]
        stands = row and row.get("phone_masked" if key == "phone" else column(key))
        if row is None or stands is None:
            return
        is_own = row["id"] in (somebody.helper_id, somebody.organisation_id) and row["id"] in (
            self.stage.viewers[self.who].parties
        )
        is_theirs = any(
            effects[role] is Effect.SHOWN and role in OFFICER_ROLES and region and row["region_code"].startswith(region)
            for role, region, _ in somebody.grants
        )
        is_shown = "*" not in value if key == "phone" and value else value == stands
        if is_shown is not (is_own or is_theirs):
            self.wrong.append(f"{type_name}.{key} of {row['id']} is shown as {value!r}")


def column(field_name: str) -> str:
    return re.sub("([A-Z])", lambda m: "_" + m[1].lower(), field_name)


def shows(effect: Effect, value: Any, row: Mapping[str, Any] | None, key: str) -> bool:
    """Whether a value is what this effect makes of it. Of what stands in a column of its own the very text is compared."""
    stands = None if row is None or column(key) not in row else row[column(key)]
    if effect is Effect.ABSENT:
        return value in (None, [], {}) or (isinstance(value, dict) and not value.get("nodes", True))
    if effect is Effect.MASKED:
        return value is None or ("*" in value and value != stands)
    if effect is Effect.BLURRED:
        return is_blurred(value)
    if isinstance(stands, str) and isinstance(value, str):
        return value == stands
    return not (isinstance(value, dict) and value.get("isBlurred"))


def is_blurred(value: Any) -> bool:
    """Nothing, or the corner of a kilometre."""
    if isinstance(value, float):
        return abs(value * 100 - round(value * 100)) < 1e-6
    if isinstance(value, dict):
        return bool(value["isBlurred"]) and is_blurred(value["longitude"]) and is_blurred(value["latitude"])
    return value is None


async def rows_of(stage: Stage, tables: Iterable[str]) -> dict[str, dict[str, dict[str, Any]]]:
    """What stands in these tables, by id."""
    return {
        table: {str(row["id"]): dict(row) for row in await stage.world.sql.fetch(f"SELECT * FROM {table}")}
        for table in tables
    }


async def pages(stage: Stage, who: str, root: str, inside: str = "", filter: str = "") -> tuple[list[Any], int | None]:
    """All pages of a root connection, and its count where it has one."""
    connection = get_named_type(schema._schema.query_type.fields[root].type)  # type: ignore[union-attr]
    assert isinstance(connection, GraphQLObjectType)
    count = "totalCount" if "totalCount" in connection.fields else ""
    asked = f", filter: {filter}" if filter else ""
    query = (
        f"query($after: String) {{ {root}(first: 500, after: $after{asked}) {{ {count} nodes {{ {KEY} {inside} }}"
        " pageInfo { hasNextPage endCursor } } }"
    )
    found, after, total = [], None, None
    while True:
        page = (await answered(stage, who, query, after=after))[root]
        found += page["nodes"]
        total = page.get("totalCount", None) if total is None else total
        if not page["pageInfo"]["hasNextPage"]:
            return found, total
        after = page["pageInfo"]["endCursor"]
