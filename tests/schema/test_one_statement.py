"""Every operation that is stored somewhere costs one statement per moment, and no FROM holds what nobody joined."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    OperationDefinitionNode,
    OperationType,
    get_named_type,
    is_required_argument,
    parse,
    type_from_ast,
)
from sqlalchemy import BinaryExpression, Select, select
from sqlalchemy.sql.visitors import iterate

from api.graphiql.examples import examples
from bench import visits, workloads
from domain.households import models as m
from schema.engine.checks import rehearsal
from schema.engine.compile import plan_of
from schema.root import catalogue
from schema.walls import SETTINGS
from tests.counting import sent as sent
from tests.world import World

ROOT = Path(__file__).resolve().parents[2]


def stored() -> dict[str, tuple[str, dict[str, Any]]]:
    """Where it stands → the operation and its variables, as far as they are known."""
    found = {
        f"example {n}": (one["query"], json.loads(one["variables"] or "{}")) for n, one in enumerate(examples(), 1)
    }
    found |= {f"bench {one.name}": (one.document, {}) for one in workloads.WORKLOADS}
    found["bench visits"] = (visits.DOCUMENT, {})
    for page in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]):
        blocks = re.findall(r"^```(graphql|json)\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
        for n, (language, text) in enumerate(blocks):
            if language == "graphql":
                after, variables = blocks[n + 1] if n + 1 < len(blocks) else ("", "")
                given = json.loads(variables) if "($" in text and after == "json" else {}
                found[f"{page.name} {n}"] = (text, given)
    for file in sorted((ROOT / "mobile_contract").rglob("*.graphql")):
        text = file.read_text(encoding="utf-8")
        if any(isinstance(d, OperationDefinitionNode) for d in parse(text).definitions):
            found[str(file.relative_to(ROOT))] = (text, {})
    return found


STORED = stored()


def operations(text: str) -> Iterator[OperationDefinitionNode]:
    for definition in parse(text).definitions:
        if isinstance(definition, OperationDefinitionNode) and definition.operation is not OperationType.SUBSCRIPTION:
            yield definition


def has_planned_root(operation: OperationDefinitionNode) -> bool:
    fields = catalogue().types[catalogue().query_name].fields
    names = [node.name.value for node in operation.selection_set.selections if isinstance(node, FieldNode)]
    return any(fields[name].source is not None for name in names)


def made_up(of: Any, *, is_required: bool = False) -> Any:
    """A value of an input type: the least that it takes."""
    if isinstance(of, GraphQLNonNull):
        return made_up(of.of_type, is_required=True)
    if not is_required:
        return None
    if isinstance(of, GraphQLList):
        return [made_up(of.of_type, is_required=True)]
    if isinstance(of, GraphQLEnumType):
        return next(iter(of.values))
    if isinstance(of, GraphQLInputObjectType):
        return {n: made_up(f.type) for n, f in of.fields.items() if isinstance(f.type, GraphQLNonNull)}
    known = {"ID": str(uuid.UUID(int=7)), "Int": 1, "Float": 1.0, "Boolean": True, "RegionCode": "350125", "JSON": {}}
    return known.get(of.name, "2026-01-01T00:00:00Z")


@pytest.mark.parametrize("name", STORED)
async def test_a_stored_operation_sends_one_statement_per_moment(world: World, sent: list[str], name: str) -> None:
    text, given = STORED[name]
    for operation in operations(text):
        definitions = operation.variable_definitions or ()
        variables = {
            d.variable.name.value: made_up(type_from_ast(catalogue().graphql, d.type))
            for d in definitions  # type: ignore[arg-type]
        } | given
        sent.clear()
        operation_name = operation.name.value if operation.name else None
        body = {"query": text, "variables": variables, "operationName": operation_name}
        answer = (await world.client.post("/graphql", json=body, headers=world.headers("cadre"))).json()
        assert "data" in answer, answer
        if operation.operation is OperationType.QUERY:
            assert len(sent) == 1 or (sent == [] and not has_planned_root(operation))
        else:
            assert len(sent) <= len(operation.selection_set.selections)


def lists_of_the_root() -> Iterator[str]:
    """Root fields that answer pages, planned ones: `clues`, `pairingGaps`, `riskGrades` …"""
    planned = catalogue().types[catalogue().query_name].fields
    for name, field in catalogue().graphql.query_type.fields.items():  # type: ignore[union-attr]
        if planned[name].source is not None and "nodes" in getattr(get_named_type(field.type), "fields", {}):
            yield name


@pytest.mark.parametrize("name", sorted(lists_of_the_root()))
async def test_every_list_of_the_root_is_one_statement(world: World, sent: list[str], name: str) -> None:
    field = catalogue().graphql.query_type.fields[name]  # type: ignore[union-attr]
    needed = {one: arg.type for one, arg in field.args.items() if is_required_argument(arg)}
    declared = ", ".join(f"${one}: {type}" for one, type in needed.items())
    passed = ", ".join(f"{one}: ${one}" for one in needed)
    text = f"query{f'({declared})' if needed else ''} {{ {name}{f'({passed})' if needed else ''} {{ nodes {{ __typename }} }} }}"
    sent.clear()
    body = {"query": text, "variables": {one: made_up(type) for one, type in needed.items()}}
    answer = (await world.client.post("/graphql", json=body, headers=world.headers("county_officer"))).json()
    assert "data" in answer, answer
    assert len(sent) == 1


async def test_a_mutations_payload_is_one_statement_however_many_objects_it_holds(
    world: World, sent: list[str]
) -> None:
    """The second visit of the README beside its first: two results, one statement."""
    text, given = next(one for name, one in STORED.items() if name.startswith("README") and "submitVisits" in one[0])
    first = given["input"]["visits"][0]
    both = [first | {"id": str(uuid.uuid4())}, first | {"id": str(uuid.uuid4())}]
    data = await world.ask("cadre", text, {"input": given["input"] | {"visits": both}})
    assert [result["visit"] is not None for result in data["submitVisits"]["results"]] == [True, True]
    assert len(sent) == 1


# --- FROM ------------------------------------------------------------------------------------------------------------


def strangers(statement: Any) -> list[str]:
    """Selects of which a FROM holds something that no condition joins to the rest."""
    return [str(one) for one in iterate(statement) if isinstance(one, Select) and not is_joined(one)]


def is_joined(one: Select[Any]) -> bool:
    """Whether conditions connect all FROMs; SQLAlchemy adds one for every column whose table is not there."""
    froms = {_name(source) for source in one.get_final_froms()}
    groups = [{name} for name in froms]
    for condition in iterate(one.whereclause) if len(froms) > 1 and one.whereclause is not None else ():
        is_one = isinstance(condition, BinaryExpression)  # an AND of them names everything
        if is_one and (named := {_name(source) for source in condition._from_objects} & froms):
            touched = [group for group in groups if group & named]
            groups = [group for group in groups if not group & named] + [set().union(*touched)]
    return len(groups) <= 1


def _name(source: Any) -> str:
    return str(getattr(source, "name", None) or id(source))


def test_no_from_of_the_schema_holds_a_foreign_table() -> None:
    """Each planned field, with all its arguments."""
    everything, compiled, found = catalogue(), 0, list[str]()
    root = everything.types[everything.query_name]
    for planned in everything.types.values():
        for field in planned.fields.values() if not planned.is_connection else ():
            asked = rehearsal(everything, planned, field, is_full=True) if field.source is not None else None
            if asked is not None:
                plan = plan_of(everything, "asked", root, *asked, SETTINGS)
                compiled += 1
                found += [f"{planned.name}.{field.name}: {text}" for text in strangers(plan.statement)]
    assert compiled > 200
    assert not found, "\n\n".join(found)


def test_a_foreign_table_is_found() -> None:
    wrong = select(m.Household.id).where(m.Household.id == m.Person.household_id).where(m.Roster.code.is_not(None))
    assert len(strangers(wrong)) == 1
    assert strangers(select(m.Household.id).where(m.Household.id == m.Person.household_id)) == []
