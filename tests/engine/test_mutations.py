"""An action commits and returns keys; the engine answers the selection afterwards, all keys of a moment together."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import GraphQLError

from .asking import EVERYONE, NEIGHBOUR, Asking

RETURN = """
mutation($ids: [ID!]!, $on: Date!) {
  returnBooks(loanIds: $ids, on: $on) {
    results { id outcome loan { id returnedOn book { code } borrower { __typename } } }
    library { name }
  }
}
"""


@pytest.fixture
def pool(writable: Any) -> Any:
    return writable


async def loans(pool: Any, count: int, area: str = "5201") -> list[str]:
    rows = await pool.fetch("select id from loan where area_code >= $1 order by id limit $2", area, count)
    return [str(r["id"]) for r in rows]


async def library(pool: Any) -> str:
    return str(await pool.fetchval("select id from library where area_code = '5201'"))


async def test_the_answer_is_read_after_the_commit_in_one_statement(ask: Asking, pool: Any) -> None:
    ids = await loans(pool, 400)
    data = (await ask(RETURN, {"ids": ids, "on": "2026-03-01"}, library_id=await library(pool))).data["returnBooks"]
    assert [r["id"] for r in data["results"]] == [r["loan"]["id"] for r in data["results"]] == ids
    assert {r["loan"]["returnedOn"] for r in data["results"]} == {"2026-03-01"}
    assert data["library"]["name"]
    assert len(ask.statements) == 1


async def test_a_key_out_of_scope_is_null_and_its_siblings_stay(ask: Asking, pool: Any) -> None:
    mine, theirs = (await loans(pool, 1))[0], (await loans(pool, 1, "5212"))[0]
    ids = [mine, theirs, "nonsense"]
    await pool.execute("update loan set area_code = '5201' where id = $1::text::uuid", mine)
    query = RETURN.replace("book { code }", "").replace("returnBooks", "returnBooks")
    answer = await ask(query, {"ids": [mine, theirs], "on": "2026-03-02"}, NEIGHBOUR, library_id=ids[2])
    results = answer.data["returnBooks"]["results"]
    assert [r["loan"] and r["loan"]["id"] for r in results] == [mine, None]
    assert answer.data["returnBooks"]["library"] is None


async def test_root_fields_run_one_after_another_each_with_its_own_answer(ask: Asking, pool: Any) -> None:
    (id,) = await loans(pool, 1)
    query = """mutation($id: ID!) {
      first: returnBooks(loanIds: [$id], on: "2026-04-01") { results { loan { returnedOn } } }
      second: returnBooks(loanIds: [$id], on: "2026-04-02") { results { loan { returnedOn } } }
    }"""
    data = (await ask(query, {"id": id}, library_id="x")).data
    assert data["first"]["results"][0]["loan"]["returnedOn"] == "2026-04-01"
    assert data["second"]["results"][0]["loan"]["returnedOn"] == "2026-04-02"
    assert len(ask.statements) == 2


async def test_plans_of_payloads_are_kept_and_serve_any_number_of_keys(ask: Asking, pool: Any) -> None:
    for count in (1, 7, 50):
        await ask(RETURN, {"ids": await loans(pool, count), "on": "2026-03-03"}, library_id="x")
    assert len({sql for sql, _ in ask.statements}) == 1
    (prepared,) = ask.engine.documents.items.values()
    assert len(prepared.plans.items) == 1  # type: ignore[union-attr]


async def test_the_same_field_under_two_aliases_is_answered_as_each_was_asked(ask: Asking, pool: Any) -> None:
    ids = await loans(pool, 2)
    query = """mutation($ids: [ID!]!) { returnBooks(loanIds: $ids, on: "2026-03-04") {
      a: results { loan { id } } b: results { loan { lentAt book { id } } } } }"""
    data = (await ask(query, {"ids": ids}, library_id="x")).data["returnBooks"]
    assert [list(r["loan"]) for r in data["a"]] == [["id"], ["id"]]
    assert [list(r["loan"]) for r in data["b"]] == [["lentAt", "book"], ["lentAt", "book"]]
    assert len(ask.statements) == 1


async def test_a_missing_key_in_a_non_null_place_goes_up_with_its_path(ask: Asking) -> None:
    answer = await ask('mutation { gone: mustReturn(loanId: "00000000-0000-4000-8000-000000000000") { id } }')
    assert answer.body["data"] is None
    (error,) = answer.errors
    assert error["path"] == ["gone"]
    assert "mustReturn" in error["message"]


async def test_a_python_leaf_in_a_payload_is_finished(ask: Asking, pool: Any) -> None:
    (id,) = await loans(pool, 1)
    data = (await ask("mutation($id: ID!) { mustReturn(loanId: $id) { receiptUrl } }", {"id": id})).data
    assert data["mustReturn"]["receiptUrl"].startswith("/receipts/")


async def test_an_action_s_surprise_is_masked_and_the_other_fields_stay(ask: Asking, pool: Any) -> None:
    (id,) = await loans(pool, 1)
    query = 'mutation($id: ID!) { refuse returnBooks(loanIds: [$id], on: "2026-03-05") { results { outcome } } }'
    answer = await ask(query, {"id": id}, library_id="x")
    assert answer.body["data"] == {"refuse": None, "returnBooks": {"results": [{"outcome": "APPLIED"}]}}
    assert answer.code == "INTERNAL"


async def test_resolvers_find_the_context_they_were_given(ask: Asking, pool: Any) -> None:
    data = (await ask("{ me { role library { name } page { nodes { code } } } }", library_id=await library(pool))).data
    assert data["me"]["role"] == EVERYONE.role
    assert data["me"]["library"]["name"]
    assert len(data["me"]["page"]["nodes"]) == 2


async def test_a_subscription_s_events_are_answered_one_by_one(ask: Asking, pool: Any) -> None:
    ids = await loans(pool, 3)
    context = SimpleNamespace(changed=[*ids, "nonsense"])
    stream = ask.engine.subscribe("subscription { loanChanges { id book { code } } }", viewer=EVERYONE, context=context)
    events = [json.loads(answer.body) async for answer in stream]
    assert [e["data"]["loanChanges"] and e["data"]["loanChanges"]["id"] for e in events] == [*ids, None]
    assert len(ask.statements) == 4


async def test_a_subscription_that_is_refused_says_so_and_ends(ask: Asking) -> None:
    for query in ("{ serverTime }", "subscription { nothing }", "subscription {"):
        (answer,) = [a async for a in ask.engine.subscribe(query, viewer=EVERYONE)]
        assert answer.is_request_error


async def test_whoever_stops_listening_stops_the_resolver(ask: Asking, pool: Any) -> None:
    context = SimpleNamespace(changed=await loans(pool, 3), is_over=False)
    stream = ask.engine.subscribe("subscription { loanChanges { id } }", viewer=EVERYONE, context=context)
    await anext(stream)
    assert not context.is_over
    await stream.aclose()
    assert context.is_over


async def test_a_subscription_whose_resolver_fails_is_masked_and_ends(ask: Asking, pool: Any) -> None:
    (id,) = await loans(pool, 1)

    def failing() -> Iterator[str]:
        yield id
        raise PermissionError("secret detail")

    context = SimpleNamespace(changed=failing())
    stream = ask.engine.subscribe("subscription { loanChanges { id } }", viewer=EVERYONE, context=context)
    event, failure = [answer async for answer in stream]
    assert json.loads(event.body)["data"]["loanChanges"]["id"] == id
    assert failure.is_request_error
    assert b"secret" not in failure.body
    assert [str(error) for error, _ in ask.surprises] == ["secret detail"]


async def test_a_subscription_may_refuse_in_words_of_its_own(ask: Asking) -> None:
    def refusing() -> Iterator[str]:
        raise GraphQLError("Sign in first.", extensions={"code": "SIGN_IN_REQUIRED"})
        yield

    context = SimpleNamespace(changed=refusing())
    (answer,) = [
        a async for a in ask.engine.subscribe("subscription { loanChanges { id } }", viewer=EVERYONE, context=context)
    ]
    assert json.loads(answer.body)["errors"][0]["extensions"] == {"code": "SIGN_IN_REQUIRED"}
