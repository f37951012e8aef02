"""One statement per moment, and no FROM that holds what does not belong there."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Select, Table
from sqlalchemy.sql.visitors import iterate

from .asking import Asking
from .oracle import Oracle
from .test_differential import example_values

QUERIES = {
    "root fields": '{ books { totalCount } authors { name } area(code: "52") { name } shelf(genre: NOVEL) { total cheapest { code } } }',
    "nested lists": "{ authors { books { loans { nodes { borrower { ... on Reader { loans { book { authors { name } } } } } } } } } }",
    "introspection": "{ __schema { queryType { name } } books { totalCount } authors { name } }",
    "a Python field": '{ serverTime books { totalCount } a: area(code: "52") { name } me { role page { nodes { code } } } }',
    "all words": """{ books(first: 3) { totalCount nodes { topics { label } topicCodes firstTopic { code } place { longitude }
      lastLoan { receiptUrl borrower { __typename } } openLoans(on: "2026-01-02") { id } isDearerThan(price: "3")
      library { area { parent { siblingCount children { code } } } booksOf(genre: POEMS) { totalCount } } } }
      tallies(by: [LIBRARY]) { library { name } } years(start: 1, end: 2) { number } }""",
    "only __typename": "{ __typename }",
}


@pytest.mark.parametrize("name", QUERIES)
async def test_a_query_is_one_statement(ask: Asking, name: str) -> None:
    (await ask(QUERIES[name], library_id="x")).data  # noqa: B018
    assert len(ask.statements) == 1


@pytest.mark.parametrize("name", QUERIES)
async def test_no_from_holds_a_table_that_its_select_did_not_name(ask: Asking, name: str) -> None:
    """SQLAlchemy would add a table to a FROM without a word, and every parent would get the rows of all."""
    await ask(QUERIES[name], library_id="x")
    for prepared in ask.engine.documents.items.values():
        for plan in prepared.plans.items.values():  # type: ignore[union-attr]
            for element in iterate(plan.statement):
                if isinstance(element, Select):
                    assert len(element.get_final_froms()) <= 1, str(element)
                # Every table stands under a name of ours, or in an author's own subquery.
                if isinstance(element, Table):
                    assert element.name in plan.sql


async def test_the_answer_is_bytes_that_postgresql_wrote(ask: Asking) -> None:
    answer = await ask("{ areas(first: 1) { nodes { code } } }")
    assert answer.answer.body == b'{"data":{"areas":{"nodes":[{"code":"52"}]}}}'


async def test_wrong_correlation_cannot_hide(ask: Asking, oracle: Oracle) -> None:
    """Every library with its own books, and no other's: the bug of correlating one level, looked for by hand."""
    data = (await ask("{ areas { nodes { libraries { id books(first: 500) { nodes { library { id } } } } } } }")).data
    for area in data["areas"]["nodes"]:
        for library in area["libraries"]:
            assert {b["library"]["id"] for b in library["books"]["nodes"]} <= {library["id"]}
    assert example_values(oracle)["id"]


def values_of(plan: Any) -> list[str]:
    return [word for word in plan.sql.split() if word.startswith("$")]
