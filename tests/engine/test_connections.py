"""Pages: they join without gap or overlap, cursors are checked, and sizes are never clamped."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from .asking import EVERYONE, NEIGHBOUR, Asking
from .oracle import BOOK_ORDERS, Oracle


@pytest.mark.parametrize("order", BOOK_ORDERS)
async def test_pages_join_without_gap_or_overlap(ask: Asking, oracle: Oracle, order: str) -> None:
    query = "query($o: BookOrder, $after: String) { books(orderBy: $o, first: 37, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }"
    seen: list[str] = []
    after = None
    while True:
        page = (await ask(query, {"o": order, "after": after})).data["books"]
        seen += [node["id"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    info: Any = type("Info", (), {"context": EVERYONE})
    expected = oracle.Query_books(None, info, first=10**6, orderBy=order)["nodes"]
    assert seen == [str(book.id) for book in expected]


async def test_the_end_cursor_is_the_last_edge_s(ask: Asking) -> None:
    page = (await ask("{ books(first: 5) { edges { cursor } pageInfo { endCursor } } }")).data["books"]
    assert page["pageInfo"]["endCursor"] == page["edges"][-1]["cursor"]


async def test_an_empty_page_has_no_end_cursor_and_may_still_go_on(ask: Asking) -> None:
    page = (await ask("{ books(first: 0) { nodes { id } pageInfo { hasNextPage endCursor } } }")).data["books"]
    assert page == {"nodes": [], "pageInfo": {"hasNextPage": True, "endCursor": None}}


async def test_the_number_of_rows_is_counted_per_parent_and_in_scope(ask: Asking, oracle: Oracle) -> None:
    query = '{ areas(within: "52") { nodes { code libraries { books(first: 0) { totalCount } } } } }'
    nodes = (await ask(query, viewer=NEIGHBOUR)).data["areas"]["nodes"]
    counts = {n["code"]: [x["books"]["totalCount"] for x in n["libraries"]] for n in nodes}
    for code, (count,) in ((c, x) for c, x in counts.items() if x):
        assert "5201" <= code <= "5204"
        assert count == sum(b.area_code == code for b in oracle.by_name("book"))
    assert sum(bool(c) for c in counts.values()) == 4


async def test_a_connection_of_which_only_the_count_is_asked_is_one_row(ask: Asking) -> None:
    data = (await ask("{ books { totalCount } loans { pageInfo { __typename } } a: areas { __typename } }")).data
    assert data == {
        "books": {"totalCount": 260},
        "loans": {"pageInfo": {"__typename": "PageInfo"}},
        "a": {"__typename": "AreaConnection"},
    }


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("first: -1", "BAD_USER_INPUT"),
        ("first: 501", "PAGE_TOO_LARGE"),
        ('after: "nonsense"', "BAD_CURSOR"),
        ('after: ""', "BAD_CURSOR"),
        ('after: "\\u0000"', "BAD_CURSOR"),
        ('after: "W10="', "BAD_CURSOR"),  # []
    ],
)
@pytest.mark.parametrize("asked", ["nodes { id }", "totalCount", "pageInfo { hasNextPage }", "edges { cursor }"])
async def test_a_bad_page_is_refused_before_anything_runs(ask: Asking, arguments: str, code: str, asked: str) -> None:
    if code == "BAD_CURSOR" and asked == "totalCount":
        asked = "edges { node { id } }"  # a count does not read the cursor
    refused = await ask(f"{{ books({arguments}) {{ {asked} }} }}")
    assert refused.code == code
    assert "data" not in refused.body
    assert refused.answer.is_request_error
    assert ask.statements == []


async def test_a_cursor_belongs_to_its_order(ask: Asking) -> None:
    page = (await ask("{ books(orderBy: PRICE, first: 1) { pageInfo { endCursor } } }")).data["books"]
    query = "query($after: String) { books(orderBy: CODE, after: $after) { nodes { id } } }"
    assert (await ask(query, {"after": page["pageInfo"]["endCursor"]})).code == "BAD_CURSOR"


@pytest.mark.parametrize(
    "values",
    [
        ["NEWEST", "2020-13-01", "B1", "id"],
        ["NEWEST", "2020-01-01", None, "02f4b342-742a-4063-9f26-42aadcded204"],
        ["NEWEST", "2020-01-01", 7, "02f4b342-742a-4063-9f26-42aadcded204"],
        ["NEWEST", "2020-01-01", "B\0", "02f4b342-742a-4063-9f26-42aadcded204"],
        ["NEWEST", "2020-01-01", "\ud800", "02f4b342-742a-4063-9f26-42aadcded204"],
        ["NEWEST", "2020-01-01", "B1", "02f4b342"],
        ["NEWEST", {"a": 1}, "B1", "02f4b342-742a-4063-9f26-42aadcded204"],
        {"NEWEST": 1},
        7,
    ],
)
async def test_a_forged_cursor_never_reaches_the_database(ask: Asking, values: Any) -> None:
    after = base64.b64encode(json.dumps(values).encode()).decode()
    query = "query($after: String) { books(orderBy: NEWEST, after: $after) { nodes { id } } }"
    assert (await ask(query, {"after": after})).code == "BAD_CURSOR"
    assert ask.statements == []


async def test_a_cursor_of_a_row_that_is_gone_still_says_where_to_go_on(ask: Asking) -> None:
    after = base64.b64encode(json.dumps(["CODE", "B0003x", "02f4b342-742a-4063-9f26-42aadcded204"]).encode()).decode()
    query = "query($after: String) { books(first: 1, after: $after) { nodes { code } } }"
    assert (await ask(query, {"after": after})).data == {"books": {"nodes": [{"code": "B0004"}]}}


async def test_the_extra_row_is_numbered_only_where_it_is_asked_for(ask: Asking) -> None:
    await ask("{ books(first: 5) { nodes { id } pageInfo { endCursor } } }")
    await ask("{ books(first: 5) { nodes { id } pageInfo { hasNextPage } } }")
    (plain, _), (numbered, _) = ask.statements
    assert "row_number" not in plain
    assert "row_number" in numbered


async def test_one_direction_without_nulls_is_one_comparison_of_rows(ask: Asking) -> None:
    page = (await ask("{ books(orderBy: UPDATED, first: 1) { pageInfo { endCursor } } }")).data["books"]
    query = "query($after: String) { books(orderBy: UPDATED, after: $after) { nodes { id } } }"
    await ask(query, {"after": page["pageInfo"]["endCursor"]})
    sql = ask.statements[-1][0]
    assert "updated_at DESC" in sql
    assert "id DESC" in sql
    assert " OR " not in sql


async def test_a_list_that_outgrows_its_cap_is_an_error_and_not_cut(ask: Asking) -> None:
    answer = await ask("{ years(start: 1, end: 50) { number } more: years(start: 1, end: 51) { number } }")
    assert answer.body["data"] is None
    (error,) = answer.errors
    assert error["path"] == ["more"]
    assert error["extensions"]["code"] == "LIST_TOO_LONG"
    assert len((await ask("{ years(start: 1, end: 50) { number } }")).data["years"]) == 50


async def test_too_many_ids_are_refused(ask: Asking) -> None:
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert (await ask(query, {"ids": ["x"] * 101})).code == "PAGE_TOO_LARGE"
    assert (await ask(query, {"ids": ["x"] * 100})).data == {"nodes": [None] * 100}
