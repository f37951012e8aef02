"""The twelve questions of graphql-cop, asked by nobody in particular of a server in production: each must find nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from tests.world import World

TYPENAMES = "__typename \n" * 500
ALIASES = " ".join(f"alias{n}: __typename" for n in range(101))
CIRCULAR = "{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }"


@pytest.fixture(scope="module")
async def client(shared_database: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with World.on(shared_database, env="production") as production:
        yield production.client


async def asked(client: httpx2.AsyncClient, query: str) -> dict[str, Any]:
    body: dict[str, Any] = (await client.post("/graphql", json={"query": query})).json()
    return body


@pytest.mark.parametrize(
    ("query", "what"),
    [
        (f"query cop {{ {ALIASES} }}", "alias overloading"),
        (f"query cop {{ {TYPENAMES} }}", "field duplication"),
        (CIRCULAR, "circular introspection"),
        ("query cop { __schema { types { name fields { name } } } }", "introspection"),
    ],
)
async def test_what_would_make_it_work_or_talk_is_refused(client: httpx2.AsyncClient, query: str, what: str) -> None:
    body = await asked(client, query)
    assert "data" not in body, what
    assert len(body["errors"]) == 1, what


async def test_directives_heaped_on_a_field_are_not_answered_one_by_one(client: httpx2.AsyncClient) -> None:
    body = await asked(client, "query cop { __typename " + "@aa" * 10 + " }")
    assert "data" not in body
    assert len(body["errors"]) == 1


async def test_a_batch_is_not_taken(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/graphql", json=[{"query": "query cop { __typename }"}] * 10)
    assert answer.status_code == 400


async def test_nothing_is_suggested(client: httpx2.AsyncClient) -> None:
    assert "Did you mean" not in str(await asked(client, "query cop { __schema { directive } regoin }"))


@pytest.mark.parametrize("path", ["/", "/graphql", "/graphiql", "/playground", "/console", "/altair", "/voyager"])
async def test_no_page_is_shown_to_a_browser(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers={"accept": "text/html"})
    assert answer.status_code in (403, 404)
    assert "<" not in answer.text


@pytest.mark.parametrize("query", ["query cop { __typename }", "mutation cop { __typename }"])
async def test_no_link_asks_or_does_anything(client: httpx2.AsyncClient, query: str) -> None:
    answer = await client.get("/graphql", params={"query": query})
    assert answer.status_code == 403
    assert "data" not in answer.json()


async def test_no_form_asks_anything(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/graphql", data={"query": "query cop { __typename }"})
    assert answer.status_code == 415


async def test_there_is_no_trace_and_no_exception_in_an_answer(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/graphql", json={"query": "query cop { __typename }"})
    assert set(answer.json()["extensions"]) == {"cost"}
    broken = await asked(client, "qwerty cop { abc }")
    assert set(broken["errors"][0]["extensions"]) == {"code", "detail"}
    assert "exception" not in str(broken).lower()
    assert "traceback" not in str(broken).lower()
