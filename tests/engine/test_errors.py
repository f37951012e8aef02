"""Errors as the specification wants them, and nothing of ours in those that are our fault."""

from __future__ import annotations

import json
from typing import Any

import asyncpg
import pytest

from schema.engine.errors import MASKED

from .asking import CATALOGUE, NEIGHBOUR, Asking


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{ books(", {}, "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ books }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ books(first: null) { totalCount } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("query($f: Int!) { books(first: $f) { totalCount } }", {}, "BAD_USER_INPUT"),
        ("query($f: Int!) { books(first: $f) { totalCount } }", {"f": "many"}, "BAD_USER_INPUT"),
        ("query($f: Int!) { books(first: $f) { totalCount } }", {"f": 2**31}, "BAD_USER_INPUT"),
        ("query($f: BookFilter) { books(filter: $f) { totalCount } }", {"f": {"unknown": 1}}, "BAD_USER_INPUT"),
        ("query A { __typename } query B { __typename }", {}, "BAD_USER_INPUT"),
        ("fragment F on Book { id }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { loanChanges { id } }", {}, "BAD_USER_INPUT"),
        ("{" * 3000 + "}" * 3000, {}, "GRAPHQL_PARSE_FAILED"),
        ("{ a" + " a" * 30_000 + " }", {}, "GRAPHQL_PARSE_FAILED"),
    ],
)
async def test_a_request_error_has_no_data_and_touches_nothing(
    ask: Asking, query: str, variables: dict[str, Any], code: str
) -> None:
    answer = await ask(query, variables)
    assert answer.errors[0]["extensions"]["code"] == code
    assert "data" not in answer.body
    assert answer.answer.is_request_error
    assert ask.statements == []


async def test_an_operation_is_chosen_by_its_name(ask: Asking) -> None:
    document = "query A { a: __typename } query B { b: __typename } mutation C { refuse }"
    answer = await ask.engine.execute(document, operation_name="B", viewer=NEIGHBOUR)
    assert answer.body == b'{"data":{"b":"Query"}}'
    unknown = await ask.engine.execute(document, operation_name="D", viewer=NEIGHBOUR)
    assert unknown.is_request_error
    kind = ask.engine.kind_of(document, "C")
    assert kind is not None
    assert kind.value == "mutation"


async def test_a_null_in_a_non_null_root_takes_the_whole_answer(ask: Asking) -> None:
    answer = await ask('{ a: __typename library(area: "5211") { name } }', viewer=NEIGHBOUR)
    assert answer.body["data"] is None
    assert [e["path"] for e in answer.errors] == [["library"]]
    assert not answer.answer.is_request_error


async def test_a_null_goes_up_to_the_nearest_place_that_may_hold_it(ask: Asking, pool: Any) -> None:
    """A loan in scope whose book is not: book is non-null, and the loan, a list's item, is so too."""
    async with asyncpg_transaction(pool) as connection:
        loan = await connection.fetchrow(
            "select id, book_id, reader_id from loan where area_code = '5201' and reader_id is not null limit 1"
        )
        await connection.execute("update book set area_code = '5299' where id = $1", loan["book_id"])
        await connection.execute("update reader set area_code = '5201' where id = $1", loan["reader_id"])
        ask.pool = connection
        query = "query($l: ID!, $r: ID!) { node(id: $l) { id ... on Loan { book { id } } } nodes(ids: [$l, $r]) { __typename ... on Reader { a: loans { book { id } } } } }"
        answer = await ask(query, {"l": str(loan["id"]), "r": str(loan["reader_id"])}, viewer=NEIGHBOUR)
    assert answer.body["data"]["node"] is None
    assert answer.body["data"]["nodes"] == [{"__typename": "Loan"}, None]
    paths = [e["path"] for e in answer.errors]
    assert paths[0] == ["node", "book"]
    assert paths[1][:3] == ["nodes", 1, "a"]
    assert paths[1][4:] == ["book"]
    assert all(e["locations"] for e in answer.errors)


def asyncpg_transaction(pool: Any) -> Any:
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def rolled_back() -> Any:
        async with pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            yield connection
            await transaction.rollback()

    return rolled_back()


async def test_a_number_that_is_not_finite_is_an_error_at_its_place(ask: Asking) -> None:
    answer = await ask("{ books(orderBy: RATING, first: 500) { nodes { id rating } } }")
    nodes = answer.body["data"]["books"]["nodes"]
    assert len(nodes) == 260
    assert len(answer.errors) == 5
    for error in answer.errors:
        assert error["path"][-1] == "rating"
        assert nodes[error["path"][2]]["rating"] is None


async def test_a_text_that_is_no_member_of_the_enum_does_not_leave_as_one(ask: Asking, pool: Any) -> None:
    async with asyncpg_transaction(pool) as connection:
        await connection.execute("update book set condition = 'eaten' where code = 'B0001'")
        ask.pool = connection
        answer = await ask('{ books(filter: {code: "B0001"}) { nodes { condition } } }')
    assert answer.body["data"] is None
    assert answer.errors[0]["message"] == "Condition does not know this value."
    assert b"eaten" not in answer.answer.body


@pytest.mark.parametrize("variables", [{"c": "B\0"}, {"c": "\ud800"}])
async def test_text_that_postgresql_cannot_hold_is_refused_at_coercion(ask: Asking, variables: dict[str, Any]) -> None:
    query = "query($c: String) { books(filter: {code: $c}) { totalCount } }"
    refused = await ask(query, variables)
    assert refused.code == "BAD_USER_INPUT"
    assert refused.answer.is_request_error
    assert (await ask('{ books(filter: {code: "\\u0000"}) { totalCount } }')).code == "BAD_USER_INPUT"
    assert (
        await ask(
            "query($c: [String!]) { books(filter: {codes: $c}) { totalCount } }", {"c": ["x", *variables.values()]}
        )
    ).code == "BAD_USER_INPUT"
    assert ask.statements == []


class Broken:
    """A database that fails."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def fetchval(self, query: str, *values: Any) -> Any:
        raise self.error


@pytest.mark.parametrize(
    "error", [asyncpg.UndefinedTableError('relation "secret" does not exist'), TimeoutError(), OSError("10.0.0.7")]
)
async def test_a_database_error_is_masked_told_with_the_plan_s_name_and_never_half_an_answer(error: Exception) -> None:
    ask = Asking(Broken(error))
    answer = await ask("query Shelves { books { totalCount } authors { name } }")
    assert answer.body == {"errors": [{"message": MASKED, "extensions": {"code": "INTERNAL"}}], "data": None}
    assert ask.surprises == [(error, "query Shelves")]
    assert not answer.answer.is_request_error


async def test_a_database_error_beside_ordinary_fields_is_masked_as_well() -> None:
    ask = Asking(Broken(RuntimeError("10.0.0.7")))
    answer = await ask(
        'query Mixed { serverTime node(id: "x") { id } me { role library { id } page { nodes { id } } } }',
        library_id="x",
    )
    assert answer.body["data"] is None  # me is non-null, and its page too
    assert {e["extensions"]["code"] for e in answer.errors} == {"INTERNAL"}
    assert b"10.0.0.7" not in answer.answer.body
    assert {name for _, name in ask.surprises} == {"query Mixed"}


async def test_the_application_may_translate_an_error_into_its_own() -> None:
    from graphql import GraphQLError

    def translate(error: BaseException, viewer: Any) -> GraphQLError | None:
        return GraphQLError("Too slow.", extensions={"code": "TIMEOUT"}) if isinstance(error, TimeoutError) else None

    ask = Asking(Broken(TimeoutError()), translate=translate)
    assert (await ask("{ authors { name } }")).code == "TIMEOUT"
    assert ask.surprises == []


async def test_a_fault_of_ours_while_planning_is_masked_too(ask: Asking) -> None:
    answer = await ask.engine.execute("{ books { totalCount } }", viewer=object())
    assert json.loads(answer.body) == {
        "errors": [{"message": MASKED, "extensions": {"code": "INTERNAL"}}],
        "data": None,
    }
    ((error, name),) = ask.surprises
    assert isinstance(error, AttributeError)
    assert name == "query books"
    assert ask.statements == []


async def test_a_python_leaf_that_fails_is_masked_at_its_place(ask: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    query = "{ loans(first: 1) { nodes { id receiptUrl } } }"
    await ask(query)
    plan = next(iter(next(iter(ask.engine.documents.items.values())).plans.items.values()))  # type: ignore[union-attr]

    def fails(key: str) -> str:
        raise KeyError(key)

    object.__setattr__(plan, "computed", (fails,))
    answer = await ask(query)
    assert answer.body["data"] is None  # a non-null leaf in a non-null list
    assert answer.errors[0] == {
        "message": MASKED,
        "locations": [{"line": 1, "column": 32}],
        "path": ["loans", "nodes", 0, "receiptUrl"],
        "extensions": {"code": "INTERNAL"},
    }
    assert [name for _, name in ask.surprises] == ["query loans"]


async def test_a_resolver_s_surprise_is_masked_and_a_refusal_is_not(ask: Asking) -> None:
    answer = await ask("{ serverTime broken }")
    assert answer.code == "INTERNAL"
    assert b"secret" not in answer.answer.body
    assert [str(error) for error, _ in ask.surprises] == ["secret detail"]


async def test_what_costs_too_much_is_refused_before_it_is_compiled(pool: Any) -> None:
    ask = Asking(pool, most_cost=1000)
    query = "query($n: Int!) { books(first: $n) { nodes { id loans(first: 10) { nodes { id } } } } }"
    small = await ask(query, {"n": 10})
    assert small.answer.cost is not None
    assert 200 < small.answer.cost < 1000
    refused = await ask(query, {"n": 100})
    assert refused.code == "TOO_COSTLY"
    assert refused.answer.is_request_error
    assert len(ask.statements) == 1


async def test_fragments_that_spread_into_a_forest_are_refused_quickly(ask: Asking) -> None:
    levels = 30
    fragments = " ".join(
        f"fragment F{k} on Area {{ a: parent {{ ...F{k + 1} }} b: parent {{ ...F{k + 1} }} }}" for k in range(levels)
    )
    query = f'{{ area(code: "52") {{ ...F0 }} }} {fragments} fragment F{levels} on Area {{ code }}'
    refused = await ask(query)
    assert refused.code == "TOO_COMPLEX"
    assert ask.statements == []


def test_every_planned_field_was_rehearsed_at_load() -> None:
    assert CATALOGUE.mistakes == []
