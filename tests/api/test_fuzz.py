"""Whatever the schema allows, asked by a county officer: refused with a code or answered, and never a surprise of ours.

Queries and mutations are drawn from the schema itself, with values that fit, that nearly fit, and that are somebody else's.
FUZZ_EXAMPLES=5000 for a long run; `./ruhu audit fuzz` is schemathesis' way of doing it.
"""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLNonNull, GraphQLScalarType, Undefined
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from schema.root import catalogue
from tests.engine.generate import Operation
from tests.world import World

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "120"))
BOUNDS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
SCHEMA = catalogue().graphql
BROKEN = ("term", "clue", "sweep", "roster")
TEXTS = ["", " ", "力星", "x" * 300, "\x00", "\u202e", "%_\\'\"", "350125201205-0001", "OTHER", "NATURAL", "FORM", "0"]
NUMBERS = [0, 1, 2, 50, 500, 501, -1, 2**31 - 1, -(2**31)]
DAYS = ["2026-01-31", "2026-11-22", "1900-01-01", "9999-12-31", "0001-01-01"]


class Anything(Operation):
    """An operation of either kind; its values go by their type, and what must be there mostly is."""

    def written(self) -> str:
        root = self.pick([SCHEMA.query_type, SCHEMA.query_type, SCHEMA.mutation_type])
        body = self.selection(root, 0)
        kind = "query" if root is SCHEMA.query_type else "mutation"
        return f"{kind} Q{'(' + ', '.join(self.definitions) + ')' if self.definitions else ''} {body}"

    def value(self, of: Any, name: str) -> Any:
        if isinstance(of, GraphQLInputObjectType) and not of.is_one_of:
            must = [
                n for n, f in of.fields.items() if isinstance(f.type, GraphQLNonNull) and f.default_value is Undefined
            ]
            may = [n for n in of.fields if n not in must and self.draw(st.integers(0, 3)) == 0]
            return {n: self.value(of.fields[n].type, n) for n in must + may}
        if isinstance(of, GraphQLScalarType) and of.name != "Boolean":
            return self.pick(self.scalars(of.name))
        return super().value(of, name)

    def scalars(self, name: str) -> list[Any]:
        match name:
            case "ID":
                return [*self.values["ids"], str(uuid.uuid4()), "x", ""]
            case "Int":
                return NUMBERS
            case "Float":
                return [0.0, -1.5, 118.9, 25.9, 1e308]
            case "Date":
                return DAYS
            case "DateTime":
                return [f"{day}T08:00:00+08:00" for day in DAYS[:3]]
            case "Decimal":
                return ["0", "-0.001", "1e30", "12.5"]
            case "RegionCode":
                return ["35", "3501", "350125", "350125201205", "341503", "99", "999999999999"]
            case "JSON":
                return [{}, [], "x", None, 1, {"a": {"b": [1, None]}}, {"id": self.values["ids"][0]}]
        return [*TEXTS, *DAYS, *self.values["ids"]]

    def literal(self, of: Any, value: Any) -> str:
        if isinstance(value, dict) and not isinstance(getattr(of, "of_type", of), GraphQLInputObjectType):
            return "{" + ", ".join(f"{n}: {self.literal(of, v)}" for n, v in value.items()) + "}"
        if isinstance(value, list) and not hasattr(of, "of_type"):
            return "[" + ", ".join(self.literal(of, v) for v in value) + "]"
        return super().literal(of, value)


@st.composite
def anything(draw: Any, values: dict[str, list[Any]]) -> Anything:
    return Anything(draw, SCHEMA, values)


async def fuzz(world: World, persona: str, *, seeded: int | None = None) -> list[str]:
    """Asks so many operations; answers the codes that came back. AssertionError names the operation that broke something.
    seeded: the same ones every time, for one schema."""
    rows = await world.sql.fetch(
        "(SELECT id FROM household ORDER BY (region_code ^@ '350125') DESC, id LIMIT 3) UNION ALL"
        " (SELECT id FROM person LIMIT 2) UNION ALL (SELECT id FROM pairing LIMIT 2) UNION ALL"
        " (SELECT id FROM helper LIMIT 2) UNION ALL (SELECT id FROM visit LIMIT 2) UNION ALL (SELECT id FROM account LIMIT 2)"
    )
    loop, codes = asyncio.get_running_loop(), list[str]()

    async def ask(operation: Anything) -> tuple[int, Any]:
        answer = await world.client.post(
            "/graphql", json={"query": operation.text, "variables": operation.variables}, headers=world.headers(persona)
        )
        return answer.status_code, answer.json()

    @BOUNDS
    @(seed(seeded) if seeded is not None else lambda test: test)
    @given(anything({"ids": [str(row["id"]) for row in rows]}))
    def none_breaks_anything(operation: Anything) -> None:
        status, body = asyncio.run_coroutine_threadsafe(ask(operation), loop).result()
        assert status < 500, operation
        found = [error.get("extensions", {}).get("code", "") for error in body.get("errors", ())]
        assert "INTERNAL" not in found, (operation, body["errors"])
        codes.extend(found or ["answered"])

    await asyncio.to_thread(none_breaks_anything)
    return codes


@pytest.mark.parametrize("persona", ["county_officer", "administrator"])
async def test_nothing_that_the_schema_allows_breaks_the_server(world: World, persona: str) -> None:
    codes = await fuzz(world, persona)
    assert codes.count("answered") > EXAMPLES / 10, "most of what is asked should run"
    assert len(set(codes)) > 2, "and some of it be refused"


async def test_a_planted_break_is_found(world: World) -> None:
    """In tables that many operations touch, and by the same operations each time: no luck is in it."""
    for table in BROKEN:
        await world.sql.execute(f"ALTER TABLE {table} RENAME TO {table}_away")
    try:
        with pytest.raises(AssertionError) as broken:
            await fuzz(world, "county_officer", seeded=8)
    finally:
        for table in BROKEN:
            await world.sql.execute(f"ALTER TABLE {table}_away RENAME TO {table}")
    assert "INTERNAL" in json.dumps(str(broken.value))
