"""What a client typed, what a row holds and what a token says: found in no answer that is an error, no log, no metric."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator

import httpx2
import pytest

from api.app import create_app
from api.logging import as_json, set_up_logging
from api.settings import Settings
from tests.sockets import phone, serving
from tests.world import World

SECRET = "Kp7Zq2Xw9"
REGION = '{ region(code: "350125201") { name } }'

# Each fails in a way of its own; all of them hold the secret.
SENT: dict[str, dict[str, object]] = {
    "a comment in a document that does not parse": {"query": "{ region( # " + SECRET},
    "a string where a name is expected": {"query": f'{{ region("{SECRET}") {{ name }} }}'},
    "a literal of the wrong type": {"query": f'{{ regions(first: "{SECRET}") {{ nodes {{ name }} }} }}'},
    "a region code": {"query": f'{{ region(code: "{SECRET}") {{ name }} }}'},
    "a variable of the wrong type": {
        "query": "query($n: Int!) { regions(first: $n) { nodes { name } } }",
        "variables": {"n": SECRET},
    },
    "a variable in a variable": {
        "query": "query($f: HouseholdFilter) { households(filter: $f) { totalCount } }",
        "variables": {"f": [{SECRET: SECRET}, SECRET]},
    },
    "an operation's name": {"query": "query A { __typename }", "operationName": SECRET},
    "a cursor": {"query": f'{{ regions(within: "35", after: "{SECRET}") {{ nodes {{ name }} }} }}'},
    "an id of a document": {"documentId": f"sha256:{SECRET}"},
    "kinds": {"query": REGION, "variables": [SECRET]},
}


@pytest.fixture
async def lines(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[str]]:
    """Everything that is logged, at every level, by whomever, as it is written; the tests' own HTTP client apart."""
    written: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if not record.name.startswith(("httpx", "httpcore", "websockets.client", "asyncio")):
                written.append(as_json.format(record))

    set_up_logging("debug")
    monkeypatch.setattr("api.app.set_up_logging", lambda level: None)  # it would take this handler away again
    root, keeping = logging.getLogger(), Keeping()
    before = root.level
    root.addHandler(keeping)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(keeping)
    root.setLevel(before)


@pytest.mark.parametrize("what", SENT)
async def test_what_was_sent_comes_back_in_no_error_and_stands_in_no_log(
    reading_world: World, lines: list[str], what: str
) -> None:
    headers = reading_world.headers("county_officer", "en")
    answer = await reading_world.client.post("/graphql", json=SENT[what], headers=headers)
    assert "errors" in answer.json(), what
    assert SECRET not in answer.text
    assert SECRET not in str(answer.headers)
    assert lines, "something was logged"
    assert SECRET not in "".join(lines)


async def test_a_token_a_header_and_an_address_stand_in_no_log(reading_world: World, lines: list[str]) -> None:
    headers = {"authorization": f"Bearer {SECRET}", "x-request-id": f"{SECRET} {SECRET}", "user-agent": SECRET}
    answer = await reading_world.client.get("/graphql", params={"query": f"{{ {SECRET} }}"}, headers=headers)
    assert answer.status_code == 401
    await reading_world.client.get(f"/{SECRET}")
    await reading_world.client.post("/graphql", content=f'{{"query": "{SECRET}'.encode())
    assert lines
    assert SECRET not in answer.text + "".join(lines)
    assert SECRET not in (await reading_world.client.get("/metrics")).text


@pytest.mark.parametrize(
    "query",
    [REGION, '{ clientConfig { contractLevel } region(code: "350125201") { name } }'],
    ids=["in one statement", "in the ordinary executor"],
)
async def test_a_surprise_says_its_requests_id_and_nothing_of_what_happened(
    world: World, lines: list[str], query: str
) -> None:
    await world.sql.execute(
        f"ALTER TABLE region RENAME TO region_away; CREATE VIEW region AS SELECT code, ('{SECRET}' || code)::int::text AS name"
        " FROM region_away; GRANT SELECT ON region TO ruhu_app"
    )
    try:
        answer = await world.client.post("/graphql", json={"query": query}, headers={"x-request-id": "phone-0000-0009"})
    finally:
        await world.sql.execute("DROP VIEW region; ALTER TABLE region_away RENAME TO region")
    error = answer.json()["errors"][0]
    assert error["extensions"] == {"code": "INTERNAL", "requestId": "phone-0000-0009"}
    for word in (SECRET, "region_away", "Traceback", "asyncpg", "SELECT"):
        assert word not in answer.text
    logged = [json.loads(line) for line in lines if '"read failed"' in line]
    assert [entry["request_id"] for entry in logged] == ["phone-0000-0009"]
    assert logged[0]["at"], "the log says where"
    assert SECRET not in "".join(lines)
    assert "350125201" not in "".join(lines)


async def test_a_fault_outside_the_engine_is_masked_on_a_real_server_too(
    shared_database: str, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError(SECRET)

    settings = Settings(database_url=shared_database, env="demo", pool_size=2)
    monkeypatch.setattr("api.graphql_http.read_operation", broken)
    async with serving(create_app(settings), settings) as address, httpx2.AsyncClient() as client:
        answer = await client.post(
            address.replace("ws:", "http:"), json={"query": REGION}, headers={"x-request-id": "phone-0000-0010"}
        )
    assert answer.status_code == 500
    assert answer.json()["errors"][0]["extensions"] == {"code": "INTERNAL", "requestId": "phone-0000-0010"}
    assert SECRET not in answer.text
    assert any("RuntimeError" in line for line in lines)
    assert SECRET not in "".join(lines)


async def test_a_socket_keeps_what_it_hears_to_itself(shared_database: str, lines: list[str]) -> None:
    settings = Settings(database_url=shared_database, env="demo", pool_size=2)
    async with serving(create_app(settings), settings) as address, phone(address) as client:
        await client.greet()
        for n, sent in enumerate(SENT.values()):
            if isinstance(sent.get("variables"), list):
                continue  # no operation: it would close the socket
            await client.say("subscribe", id=str(n), payload=sent)
            while (frame := await client.hear())["id"] == str(n) and frame["type"] == "next":
                assert SECRET not in json.dumps(frame["payload"].get("errors", []))
            assert SECRET not in json.dumps(frame)
            if frame["type"] != "error":
                assert frame["type"] == "complete"
    assert lines
    assert SECRET not in "".join(lines)
