"""What the engine and graphql-core refuse in English, as a reader of Chinese meets it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from schema.messages import message
from tests.world import World


async def refusal(world: World, query: str, **headers: str) -> dict[str, Any]:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await world.client.post("/graphql", json={"query": query}, headers=given)
    error: dict[str, Any] = answer.json()["errors"][0]
    return error


@pytest.mark.parametrize("query", ["{ nothing }", "{ region }", "{", "{ " + "a: __typename " * 101 + "}"])
async def test_what_the_engine_refuses_is_said_in_chinese_with_the_original_for_who_mends_it(
    reading_world: World, query: str
) -> None:
    """Chinese is also what a client hears that asks for no language."""
    english = await refusal(reading_world, query, accept_language="en")
    for asked in ({"accept_language": "zh-CN"}, {}):
        chinese = await refusal(reading_world, query, **asked)
        assert re.search("[\u4e00-\u9fff]", chinese["message"])
        assert chinese["extensions"] == english["extensions"] | {"detail": english["message"]}


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("query Q($c: RegionCode!) { region(code: $c) { name } }", {"c": 1}, "BAD_USER_INPUT"),
        ("{ regions(first: 100000) { nodes { code } } }", {}, "TOO_COSTLY"),
        ("{ regions(first: 1000) { nodes { code } } }", {}, "PAGE_TOO_LARGE"),
        ('{ regions(first: 1, after: "x") { nodes { code } } }', {}, "BAD_CURSOR"),
        ("query Q($c: RegionCode!) { clientConfig { contractLevel } region(code: $c) { name } }", {}, "BAD_USER_INPUT"),
    ],
)
async def test_so_are_values_that_do_not_fit(
    reading_world: World, query: str, variables: dict[str, Any], code: str
) -> None:
    (error,) = (await reading_world.post("cadre", query, variables))["errors"]
    assert error["extensions"]["code"] == code
    assert error["message"] == message(code, "zh", {})
    assert error["extensions"]["detail"].isascii()
