"""Headers that no answer lacks, whatever it is an answer to."""

from __future__ import annotations

import pytest

from api.graphiql import PAGE_POLICY
from tests.world import World


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/graphql", 415),
        ("GET", "/graphql", 403),
        ("PUT", "/graphql", 405),
        ("GET", "/graphql/personas", 200),
        ("GET", "/livez", 200),
        ("GET", "/readyz", 200),
        ("GET", "/metrics", 200),
        ("GET", "/nowhere", 404),
    ],
)
async def test_an_answer_is_no_page_no_frame_and_no_other_sites(
    reading_world: World, method: str, path: str, status: int
) -> None:
    answer = await reading_world.client.request(method, path)
    assert answer.status_code == status
    policy = dict(rule.partition(" ")[::2] for rule in answer.headers["content-security-policy"].split("; "))
    assert policy == dict.fromkeys(("default-src", "base-uri", "form-action", "frame-ancestors"), "'none'")
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-request-id"]
    assert "server" not in answer.headers


async def test_graphiql_keeps_the_policy_under_which_it_works(reading_world: World) -> None:
    page = await reading_world.client.get("/graphql", headers={"accept": "text/html"})
    assert page.headers["content-security-policy"] == PAGE_POLICY
    assert page.headers["x-frame-options"] == "DENY"
    assert "script-src 'self';" in PAGE_POLICY
