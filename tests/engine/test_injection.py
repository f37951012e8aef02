"""Nothing a client types enters SQL: arguments are parameters, and names are GraphQL names."""

from __future__ import annotations

import re
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLList, GraphQLNonNull, get_named_type, is_leaf_type

from .asking import CATALOGUE, Asking

MARK = "zqx9"
ATTACKS = [
    f"{MARK}'; drop table book; --",
    f"{MARK}' or '1'='1",
    f"{MARK}\\'; select pg_sleep(10); --",
    f'{MARK}"',
    f"{MARK}$1",
    f"{MARK}%s :x {{0}}",
    f"{MARK}$$",
    f"{MARK}/*",
    f"{MARK}" + "長" * 10_000,
]


def text_arguments() -> list[tuple[str, str]]:
    """(field, argument) for every argument of a root field that can hold text."""
    query: Any = CATALOGUE.graphql.query_type
    return [(n, a) for n, f in query.fields.items() for a, of in f.args.items() if holds_text(of.type)]


def holds_text(of: Any) -> bool:
    named = get_named_type(of)
    if isinstance(named, GraphQLInputObjectType):
        return any(holds_text(f.type) for f in named.fields.values())
    return named.name in ("String", "ID", "AreaCode")


def filled(of: Any, attack: str) -> Any:
    if isinstance(of, GraphQLNonNull):
        return filled(of.of_type, attack)
    if isinstance(of, GraphQLList):
        return [filled(of.of_type, attack)]
    if isinstance(of, GraphQLInputObjectType):
        fields = {n: f for n, f in of.fields.items() if holds_text(f.type)}
        chosen = list(fields)[-1:] if of.is_one_of else list(fields)
        return {n: filled(fields[n].type, attack) for n in chosen}
    if isinstance(of, GraphQLEnumType):
        return next(iter(of.values))
    return {"Int": 1, "Boolean": True}.get(of.name, attack)


def required(field: Any, besides: str) -> dict[str, Any]:
    return {n: a for n, a in field.args.items() if n == besides or (str(a.type).endswith("!") and n not in ("first",))}


@pytest.mark.parametrize(("field", "argument"), text_arguments())
async def test_no_text_enters_sql_through_any_argument(ask: Asking, field: str, argument: str) -> None:
    of: Any = CATALOGUE.graphql.query_type.fields[field]  # type: ignore[union-attr]
    given = required(of, argument)
    heads, uses = ", ".join(f"${n}: {a.type}" for n, a in given.items()), ", ".join(f"{n}: ${n}" for n in given)
    named = get_named_type(of.type)
    query = f"query({heads}) {{ {field}({uses}) {'' if is_leaf_type(named) else '{ __typename }'} }}"
    for attack in ATTACKS:
        answer = await ask(query, {n: filled(a.type, attack) for n, a in given.items()})
        codes = {e.get("extensions", {}).get("code") for e in answer.body.get("errors", [])}
        assert "INTERNAL" not in codes, answer.body
    assert ask.surprises == []
    assert not any(MARK in sql for sql, _ in ask.statements)
    await unharmed(ask)


async def unharmed(ask: Asking) -> None:
    assert await ask.pool.fetchval("select count(*) from book") == 260


@pytest.mark.parametrize("attack", ATTACKS[:-1])
async def test_no_text_enters_sql_through_a_literal(ask: Asking, attack: str) -> None:
    text = attack.replace("\\", "\\\\").replace('"', '\\"')
    answer = await ask(
        f'{{ books(filter: {{code: "{text}", title: "{text}"}}) {{ totalCount }} node(id: "{text}") {{ id }} }}'
    )
    assert answer.data == {"books": {"totalCount": 0}, "node": None}
    assert not any(MARK in sql for sql, _ in ask.statements)
    await unharmed(ask)


@pytest.mark.parametrize("alias", ["a'b", 'a"b', "a b", "a;b", "a--", "名"])
async def test_an_alias_is_a_graphql_name_or_nothing(ask: Asking, alias: str) -> None:
    assert (await ask(f"{{ {alias}: books {{ totalCount }} }}")).answer.is_request_error
    assert ask.statements == []


async def test_a_very_long_alias_is_only_a_key(ask: Asking) -> None:
    alias = "a" * 50_000
    assert (await ask(f"{{ {alias}: books {{ totalCount }} }}")).data == {alias: {"totalCount": 260}}


@pytest.mark.parametrize("value", ["NOVEL'", "novel", "NOVEL; drop table book", "", 0, None])
async def test_an_enum_is_one_of_its_names_or_refused(ask: Asking, value: Any) -> None:
    answer = await ask("query($g: [Genre!]) { books(filter: {genre: $g}) { totalCount } }", {"g": [value]})
    assert answer.code == "BAD_USER_INPUT"
    assert ask.statements == []


async def test_numbers_and_names_of_a_plan_are_the_only_words_in_it(ask: Asking) -> None:
    """Two requests that differ in every value send the same statement."""
    query = "query($c: String, $n: Int!, $at: DateTime, $id: ID!) { books(first: $n, filter: {code: $c, notLentSince: $at}) { nodes { id } } node(id: $id) { id } }"
    await ask(query, {"c": "B0001", "n": 3, "at": "2026-01-01T00:00:00Z", "id": "x"})
    await ask(query, {"c": ATTACKS[0], "n": 4, "at": "2026-01-02T00:00:00Z", "id": ATTACKS[1]})
    (one, _), (other, _) = ask.statements
    assert one == other
    assert re.search(r"\$1\b", one)
