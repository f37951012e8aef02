"""Documents are read once, plans kept by shape, both bounded, and misses cost an allowance."""

from __future__ import annotations

from typing import Any

import pytest

from schema.engine import Allowance
from schema.engine.cache import Bounded

from .asking import EVERYONE, NEIGHBOUR, VISITOR, Asking


def plans(ask: Asking) -> int:
    return sum(len(p.plans.items) for p in ask.engine.documents.items.values())  # type: ignore[union-attr]


def test_the_least_recently_used_go_first() -> None:
    kept: Bounded[int, str] = Bounded(2)
    kept.put(1, "a")
    kept.put(2, "b")
    assert kept.get(1) == "a"
    kept.put(3, "c")
    assert list(kept.items) == [1, 3]
    assert kept.get(2) is None


async def test_a_plan_is_compiled_once_for_all_viewers_and_values(ask: Asking) -> None:
    query = "query($n: Int!, $c: String) { books(first: $n, filter: {code: $c}) { nodes { id price } } }"
    for n, viewer in enumerate((EVERYONE, NEIGHBOUR, VISITOR)):
        await ask(query, {"n": n, "c": f"B000{n}"}, viewer)
    assert plans(ask) == 1


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ({"f": {"code": "a"}}, {"f": {"code": "b"}}, 1),
        ({"f": {"code": "a"}}, {"f": {"code": None}}, 2),
        ({"f": {"code": "a"}}, {"f": {"title": "a"}}, 2),
        ({"f": None}, {}, 2),
        ({"o": "CODE"}, {"o": "PRICE"}, 2),
        ({"f": {"genre": ["POEMS"]}}, {"f": {"genre": ["NOVEL", "POEMS"]}}, 1),
        ({"f": {"loan": {}}}, {"f": {"loan": {"lentFrom": "2026-01-01T00:00:00Z"}}}, 2),
        ({"w": True}, {"w": False}, 2),
    ],
)
async def test_the_shape_of_the_variables_decides_the_plan(ask: Asking, one: Any, other: Any, count: int) -> None:
    query = "query($f: BookFilter, $o: BookOrder = CODE, $w: Boolean = true) { books(filter: $f, orderBy: $o) { nodes { id @include(if: $w) code } } }"
    (await ask(query, one)).data  # noqa: B018
    (await ask(query, other)).data  # noqa: B018
    assert plans(ask) == count


async def test_documents_and_plans_are_bounded(pool: Any) -> None:
    ask = Asking(pool, documents=3, plans=2)
    for k in range(6):
        await ask(f"{{ a{k}: __typename }}")
    assert len(ask.engine.documents.items) == 3
    query = "query($o: BookOrder) { books(orderBy: $o, first: 1) { nodes { id } } }"
    for order in ("CODE", "PRICE", "NEWEST", "RATING"):
        await ask(query, {"o": order})
    assert len(ask.engine.documents.items[query, None].plans.items) == 2  # type: ignore[union-attr]


async def test_plans_of_the_mixed_path_are_bounded_too(pool: Any) -> None:
    ask = Asking(pool, plans=2)
    query = "query($o: BookOrder) { serverTime books(orderBy: $o, first: 1) { nodes { id } } }"
    for order in ("CODE", "PRICE", "NEWEST", "RATING", "CODE"):
        (await ask(query, {"o": order})).data  # noqa: B018
    assert len(ask.engine.documents.items[query, None].plans.items) == 2  # type: ignore[union-attr]


async def test_what_only_a_resolver_reads_makes_no_plan_of_its_own(ask: Asking, writable: Any) -> None:
    ask.pool = writable
    ids = [str(r["id"]) for r in await writable.fetch("select id from loan limit 3")]
    query = """mutation($ids: [ID!]!, $on: Date!, $w: Boolean!, $note: JSON) {
      returnBooks(loanIds: $ids, on: $on, note: $note) { results { loan { id @include(if: $w) lentAt } } }
    }"""
    for note in (None, {"a": 1}, {"b": [{"c": 2}]}):
        (await ask(query, {"ids": ids, "on": "2026-01-02", "w": True, "note": note}, library_id="x")).data  # noqa: B018
    assert plans(ask) == 1
    (await ask(query, {"ids": ids, "on": "2026-01-02", "w": False}, library_id="x")).data  # noqa: B018
    assert plans(ask) == 2


async def test_a_document_that_is_refused_is_remembered_as_well(ask: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    await ask("{ nothing }")
    monkeypatch.setattr(ask.engine, "_prepare", lambda *_: pytest.fail("validated again"))
    assert (await ask("{ nothing }")).answer.is_request_error


async def test_a_giant_document_is_answered_but_not_kept(ask: Asking) -> None:
    (await ask("{ __typename " + "#" * 200_000 + "\n}")).data  # noqa: B018
    assert len(ask.engine.documents.items) == 0


async def test_misses_use_up_an_allowance_per_viewer_which_time_gives_back(pool: Any) -> None:
    now = [0.0]
    allowance = Allowance(key=lambda viewer: viewer.role, burst=4, per_second=2, clock=lambda: now[0])
    ask = Asking(pool, on_miss=allowance)
    for k in range(2):  # a document and its plan each
        (await ask(f"{{ a{k}: __typename }}")).data  # noqa: B018
    assert (await ask("{ a2: __typename }")).code == "RATE_LIMITED"
    assert (await ask("{ a0: __typename }")).data == {"a0": "Query"}, "what is cached costs nothing"
    assert (await ask("{ a2: __typename }", viewer=VISITOR)).data == {"a2": "Query"}
    now[0] += 1.0
    assert (await ask("{ a3: __typename }")).data == {"a3": "Query"}
    assert (await ask("{ a4: __typename }")).code == "RATE_LIMITED"
