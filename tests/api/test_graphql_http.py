"""GraphQL over HTTP, as strict clients and hostile ones meet it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from api.documents import document_id
from api.graphql_http import preferred_media_type
from api.identity import preferred_language
from api.incoming import strict_json
from mobile_contract.client.operations import operation
from tests.world import World

QUERY = '{ region(code: "350125201") { name } }'
GRAPHQL = "application/graphql-response+json"


async def send(world: World, content: bytes, **headers: str) -> Any:
    given = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return await world.client.post("/graphql", content=content, headers=given)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}; charset=utf-8, application/json", GRAPHQL),
        (f"application/json, {GRAPHQL}", "application/json"),
        ("text/html", None),
    ],
)
def test_the_answers_media_type_is_the_first_the_client_takes(accept: str | None, media_type: str | None) -> None:
    assert preferred_media_type(accept) == media_type


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "zh"),
        ("en", "en"),
        ("en-US,zh;q=0.5", "en"),
        ("zh-CN", "zh"),
        ("fr, en", "en"),
        ("fr", "zh"),
        ("*", "zh"),
    ],
)
def test_messages_come_in_the_language_asked_for_first(header: str | None, language: str) -> None:
    assert preferred_language(header) == language


async def test_an_answer_is_json_with_a_request_id(reading_world: World) -> None:
    answer = await send(reading_world, json.dumps({"query": QUERY}).encode(), x_request_id="phone-0000-0001")
    assert answer.status_code == 200
    assert answer.json()["data"] == {"region": {"name": "富泉乡"}}
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["x-request-id"] == "phone-0000-0001"
    assert answer.headers["cache-control"] == "no-store"


async def test_a_request_id_that_could_forge_a_log_line_is_replaced(reading_world: World) -> None:
    answer = await send(reading_world, json.dumps({"query": QUERY}).encode(), x_request_id='"} {"level": "')
    assert len(answer.headers["x-request-id"]) == 36


@pytest.mark.parametrize(
    ("accept", "status"), [(GRAPHQL, 400), ("application/json", 200)], ids=["by the specification", "for older clients"]
)
async def test_a_request_error_has_no_data_and_the_status_of_its_media_type(
    reading_world: World, accept: str, status: int
) -> None:
    answer = await send(reading_world, json.dumps({"query": "{ nothing }"}).encode(), accept=accept)
    assert answer.status_code == status
    assert list(answer.json()) == ["errors"]


@pytest.mark.parametrize(
    ("content", "code", "why"),
    [
        (b"", "BAD_JSON", "nothing"),
        (b"{", "BAD_JSON", "half of it"),
        (b'{"query": "\xff"}', "BAD_JSON", "no UTF-8"),
        (b'{"query": "{a}", "variables": {"x": NaN}}', "BAD_JSON", "NaN is no JSON"),
        (b'{"query": "{a}", "variables": {"x": Infinity}}', "BAD_JSON", "nor is infinity"),
        (b'{"query": "\\ud800"}', "BAD_JSON", "half of a surrogate pair"),
        (b"[" * 5000 + b"]" * 5000, "BAD_JSON", "nested too deeply"),
        (b"[" * 255 + b"]" * 255, "BAD_JSON", "nested deeper than we write ourselves"),
        (b'{"query": "{a}", "query": "{b}"}', "KEY_REPEATED", "two queries"),
        (
            b'{"query": "{a}", "variables": {"x": [{"y": 1, "z": 2, "y": 1}]}}',
            "KEY_REPEATED",
            "twice the same, deep inside",
        ),
        (b'{"query": "{a}", "variables": {"y": 1, "\\u0079": 2}}', "KEY_REPEATED", "once written by its number"),
        (
            b'{"query": "{a}", "variables": {"y": "\\u0022\\u0022", "y": 2}}',
            "KEY_REPEATED",
            "marks that come as numbers",
        ),
        (b"[]", "BAD_REQUEST", "a batch"),
        (b'"query"', "BAD_REQUEST", "a string"),
        (b"\xef\xbb\xbf{}", "BAD_JSON", "a byte order mark"),
        (b'{"query": "{a}", "variables": {"x": 1e400}}', "BAD_JSON", "more than any number holds"),
        (b'{"query": "{a}", "variables": {"x": %b}}' % (b"9" * 5000), "BAD_JSON", "5,000 digits"),
        (b'{"query": "{a}"} {}', "BAD_JSON", "something after it"),
        (b"{}", "BAD_REQUEST", "no query"),
        (b'{"query": "{a}", "documentId": "sha256:0"}', "BAD_REQUEST", "two documents"),
        (b'{"documentId": 1}', "BAD_REQUEST", "a number for an id"),
        (b'{"query": 1}', "BAD_REQUEST", "a number for a query"),
        (b'{"query": "{a}", "variables": []}', "BAD_REQUEST", "a list of variables"),
        (b'{"query": "{a}", "variables": "{}"}', "BAD_REQUEST", "variables as text"),
        (b'{"query": "{a}", "operationName": 1}', "BAD_REQUEST", "a number for a name"),
        (b'{"query": "{a}", "extensions": 1}', "BAD_REQUEST", "a number for extensions"),
    ],
)
async def test_what_is_no_request_is_refused(reading_world: World, content: bytes, code: str, why: str) -> None:
    answer = await send(reading_world, content)
    assert answer.status_code == 400, why
    assert answer.json()["errors"][0]["extensions"]["code"] == code, why


def with_quotes_by_number(sent: object) -> str:
    r"""The same JSON with \u0022 in place of each quotation mark inside a text."""
    return re.sub(r'(?<!\\)((?:\\\\)*)\\"', r"\1\\u0022", json.dumps(sent, ensure_ascii=False))


@pytest.mark.parametrize("text", ['say "no"', '\\"', "\\", '"', "\u2028", "\x00 and more", '":"', '","x":"'])
@pytest.mark.parametrize("written", [json.dumps, with_quotes_by_number])
def test_marks_and_backslashes_in_a_text_are_no_repeated_keys(text: str, written: Callable[[object], str]) -> None:
    sent = {"a": text, text + "b": {"a": [text, {"a": None}]}}
    assert strict_json(written(sent).encode()) == sent


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/json; charset=gbk"],
)
async def test_only_json_in_utf8_is_taken_so_that_no_other_site_can_send_it(
    reading_world: World, content_type: str
) -> None:
    answer = await send(reading_world, json.dumps({"query": QUERY}).encode(), content_type=content_type)
    assert answer.status_code == 415
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNSUPPORTED_MEDIA_TYPE"


async def test_a_body_is_counted_and_not_believed(reading_world: World) -> None:
    content = json.dumps({"query": QUERY, "variables": {"x": "家" * 1_100_000}}, ensure_ascii=False).encode()
    answer = await send(reading_world, content)
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["extensions"]["code"] == "BODY_TOO_LARGE"


async def get(world: World, parameters: dict[str, str], **headers: str) -> Any:
    given = {"accept": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return await world.client.get("/graphql", params=parameters, headers=given)


@pytest.mark.parametrize("header", ["GraphQL-Preflight", "Apollo-Require-Preflight"])
async def test_a_query_comes_by_get_with_a_header_that_no_other_site_can_send(
    reading_world: World, header: str
) -> None:
    query = "query($code: RegionCode!) { region(code: $code) { name } }"
    parameters = {"query": query, "variables": '{"code": "350125201"}'}
    assert (await get(reading_world, parameters)).json()["errors"][0]["extensions"]["code"] == "CROSS_SITE"
    answer = await get(reading_world, parameters, **{header: "1"})
    assert answer.json()["data"] == {"region": {"name": "富泉乡"}}


@pytest.mark.parametrize(
    ("parameters", "code", "why"),
    [
        ({}, "BAD_REQUEST", "no query"),
        ({"query": QUERY, "variables": "{"}, "BAD_JSON", "half of the variables"),
        ({"query": QUERY, "variables": "[]"}, "BAD_REQUEST", "a list of variables"),
        ({"query": QUERY, "variables": '{"x": "\\ud800"}'}, "BAD_JSON", "half of a surrogate pair"),
        ({"query": QUERY, "extensions": "1"}, "BAD_REQUEST", "a number for extensions"),
    ],
)
async def test_what_is_no_request_is_refused_by_get_as_well(
    reading_world: World, parameters: dict[str, str], code: str, why: str
) -> None:
    answer = await get(reading_world, parameters, graphql_preflight="1")
    assert answer.status_code == 400, why
    assert answer.json()["errors"][0]["extensions"]["code"] == code, why


@pytest.mark.parametrize("query", ["mutation { __typename }", "subscription { __typename }"])
async def test_only_queries_come_by_get(reading_world: World, query: str) -> None:
    answer = await get(reading_world, {"query": query}, graphql_preflight="1", accept=GRAPHQL)
    assert answer.status_code in (400, 405)
    assert "data" not in answer.json()


async def test_a_mutation_by_get_is_told_to_come_by_post(world: World) -> None:
    count = await world.sql.fetchval("SELECT count(*) FROM audit_entry")
    answer = await get(world, {"documentId": document_id(operation("SubmitVisits"))}, **world.headers("cadre"))
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert await world.sql.fetchval("SELECT count(*) FROM audit_entry") == count


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200),
        ("http://ruhu.test", 200),
        ("https://evil.example", 403),
        ("http://ruhu.test.evil.example", 403),
        ("null", 403),
    ],
)
async def test_no_page_of_another_site_asks_anything(reading_world: World, origin: str | None, status: int) -> None:
    given = {} if origin is None else {"origin": origin}
    answer = await send(reading_world, json.dumps({"query": QUERY}).encode(), **given)
    assert answer.status_code == status
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_no_other_method_is_answered_and_none_redirects(reading_world: World, method: str) -> None:
    answer = await reading_world.client.request(method, "/graphql", headers={"origin": "https://evil.example"})
    assert answer.status_code == 405
    assert not any(name.startswith("access-control") for name in answer.headers)
    assert (await reading_world.client.get("/graphql/", follow_redirects=False)).status_code == 404


async def test_a_get_that_has_not_changed_is_not_sent_again(reading_world: World) -> None:
    parameters = {"documentId": document_id(operation("Lists")), "variables": "{}"}
    first = await get(reading_world, parameters, graphql_preflight="1")
    assert first.headers["cache-control"] == "private, no-cache"
    assert "Authorization" in first.headers["vary"]
    again = await get(reading_world, parameters, graphql_preflight="1", if_none_match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    english = await get(
        reading_world, parameters, graphql_preflight="1", if_none_match=first.headers["etag"], accept_language="en"
    )
    assert english.status_code == 200, "other words, another answer"


async def test_a_client_that_takes_no_json_is_told(reading_world: World) -> None:
    answer = await send(reading_world, json.dumps({"query": QUERY}).encode(), accept="text/html")
    assert answer.status_code == 406


async def test_a_refusal_speaks_the_clients_language(reading_world: World) -> None:
    texts = [
        (await send(reading_world, b"{", accept_language=x)).json()["errors"][0]["message"] for x in ("zh-CN", "en")
    ]
    assert texts == ["请求体不是有效的 UTF-8 JSON。", "The body is not valid JSON in UTF-8."]


async def test_a_surprise_is_masked(world: World, caplog: pytest.LogCaptureFixture) -> None:
    await world.sql.execute("ALTER TABLE region RENAME TO region_away")
    try:
        body = await world.post("anonymous", QUERY)
    finally:
        await world.sql.execute("ALTER TABLE region_away RENAME TO region")
    assert body["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "region_away" not in json.dumps(body)
    assert body["data"] is None
