"""The 61 checks of the audit that the npm package graphql-http has, by their ids, without npm.

`./ruhu audit http` runs the original. Nine of the original's checks ask by GET without a header of their own; here as there
the client is signed in, which is what keeps other sites from asking in its name (api/incoming.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from tests.world import World

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"

TYPENAME = "{ __typename }"
NAMED = "query Type($name: String!) { __type(name: $name) { name } }"
NO_FIELD = "{ 8f31403dfe404bccbb0e835f2629c6a7 }"
COERCE = {"query": "query CoerceFailure($id: ID!){ __typename }", "variables": {"id": None}}
INVALID: tuple[Any, ...] = ({"obj": "ect"}, 0, False, ["array"])
NO_MAPS: tuple[Any, ...] = ("string", 0, False, ["array"])


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> dict[str, Any]:
        sent: dict[str, Any] = json.loads(self.content)
        return sent


Expected = Callable[[Answer], bool]


@dataclass(frozen=True)
class Check:
    """What is sent (a JSON object, a text as it is, or a GET's parameters), and what must be answered."""

    sent: Any
    expected: Expected
    accept: str | None = None
    is_get: bool = False
    content_type: str | None = JSON


def status(*allowed: int) -> Expected:
    return lambda answer: answer.status in allowed


def is_of(media_type: str) -> Expected:
    return lambda answer: answer.status == 200 and media_type in answer.headers["content-type"]


def has_no_errors(answer: Answer) -> bool:
    return answer.status == 200 and "errors" not in answer.body


def has_no_data(answer: Answer) -> bool:
    return "data" not in answer.body


def is_utf8(answer: Answer) -> bool:
    return answer.status == 200 and bool(answer.content.decode("utf-8"))


REFUSED = range(400, 500)
FAILED = range(400, 600)
query = partial(dict, query=TYPENAME)

CHECKS: dict[str, Check] = {
    # Media types
    "22EB": Check(query(), is_of(GRAPHQL), GRAPHQL),
    "4655": Check(query(), is_of(JSON), JSON),
    "47DE": Check(query(), is_of(JSON), "*/*"),
    "80D8": Check(query(), is_of(JSON)),
    "82A3": Check(query(), is_utf8),
    "BF61": Check(
        {"query": '{ __type(name: "Run🏃Swim🏊") { name } }'}, status(200), content_type=f"{JSON}; charset=utf-8"
    ),
    "78D5": Check(query(), status(200)),
    # Methods
    "2C94": Check(query(), status(200)),
    "5A70": Check(query(), status(200), is_get=True),
    "9C48": Check({"query": "mutation { __typename }"}, status(*REFUSED), GRAPHQL, is_get=True),
    "9ABE": Check(query(), status(*REFUSED), content_type=None),
    "03D4": Check(query(), status(200)),
    "A5BF": Check("", status(400)),
    # Parameters
    "423L": Check({"notquery": TYPENAME}, status(400), GRAPHQL),
    **{f"LKJ{n}": Check({"query": invalid}, status(400)) for n, invalid in enumerate(INVALID)},
    "34A2": Check(query(), status(200), GRAPHQL),
    "13EE": Check(query(), has_no_errors, JSON),
    **{f"6C0{n}": Check(query(operationName=invalid), status(400)) for n, invalid in enumerate(INVALID)},
    "8161": Check({"operationName": "Query", "query": "query Query { __typename }"}, status(200), GRAPHQL),
    "B8B3": Check({"operationName": "Query", "query": "query Query { __typename }"}, has_no_errors, JSON),
    **{
        f"{id}{n}": Check(query(**{parameter: None}), has_no_errors, accept)
        for n, parameter in enumerate(("variables", "operationName", "extensions"))
        for id, accept in (("94B", GRAPHQL), ("022", JSON))
    },
    **{f"476{n}": Check(query(variables=invalid), status(400)) for n, invalid in enumerate(NO_MAPS)},
    "2EA1": Check({"query": NAMED, "variables": {"name": "sometype"}}, status(200), GRAPHQL),
    "28B9": Check({"query": NAMED, "variables": {"name": "sometype"}}, has_no_errors, JSON),
    "D6D5": Check({"query": NAMED, "variables": '{"name":"sometype"}'}, has_no_errors, GRAPHQL, is_get=True),
    "6A70": Check({"query": NAMED, "variables": '{"name":"sometype"}'}, has_no_errors, JSON, is_get=True),
    **{f"58B{n}": Check(query(extensions=invalid), status(400)) for n, invalid in enumerate(NO_MAPS)},
    "428F": Check(query(extensions={"some": "value"}), status(200), GRAPHQL),
    "1B7A": Check(query(extensions={"some": "value"}), has_no_errors, JSON),
    "B6DC": Check('{ "not a JSON', status(*range(200, 300), *FAILED), JSON),
    "BCF8": Check('{ "not a JSON', status(400), JSON),
    "B7N8": Check('{ "not a JSON', status(400), GRAPHQL),
    "8764": Check({"qeury": TYPENAME}, status(*FAILED)),
    "3E3A": Check({"qeury": TYPENAME}, status(400)),
    # Answers of application/json
    "572B": Check({"query": "{"}, status(200), JSON),
    "FDE2": Check({"query": NO_FIELD}, status(200), JSON),
    "7B9B": Check(COERCE, status(200), JSON),
    # Answers of application/graphql-response+json
    "865D": Check({"query": "{"}, status(*FAILED), GRAPHQL),
    "556A": Check({"query": "{"}, status(400), GRAPHQL),
    "D586": Check({"query": "{"}, has_no_data, GRAPHQL),
    "51FE": Check({"query": NO_FIELD}, status(*FAILED), GRAPHQL),
    "74FF": Check({"query": NO_FIELD}, status(400), GRAPHQL),
    "5E5B": Check({"query": NO_FIELD}, has_no_data, GRAPHQL),
    "86EE": Check(COERCE, status(400), GRAPHQL),
}


async def made(world: World, check: Check) -> Answer:
    headers = world.headers("county_officer")
    # Without these three the client of the tests would put in its own.
    headers |= {"Accept": check.accept or ""}
    if check.is_get:
        answer = await world.client.get("/graphql", params=check.sent, headers=headers)
    else:
        content = check.sent if isinstance(check.sent, str) else json.dumps(check.sent)
        headers |= {"Content-Type": check.content_type} if check.content_type else {}
        answer = await world.client.post("/graphql", content=content, headers=headers)
    return Answer(answer.status_code, answer.headers, answer.content)


def test_there_are_61_checks() -> None:
    assert len(CHECKS) == 61


@pytest.mark.parametrize("id", CHECKS)
async def test_check_of_the_audit(reading_world: World, id: str) -> None:
    answer = await made(reading_world, CHECKS[id])
    assert CHECKS[id].expected(answer), (answer.status, answer.content)
    assert answer.status not in range(300, 400)


async def test_a_check_that_fails_is_seen(reading_world: World) -> None:
    assert not CHECKS["22EB"].expected(await made(reading_world, CHECKS["4655"]))
    assert not CHECKS["D586"].expected(await made(reading_world, CHECKS["34A2"]))
