"""GraphiQL in a browser that reaches nothing but this server: what a person can do with it."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from graphql import build_client_schema, get_introspection_query, parse, validate
from httpx2 import AsyncClient
from playwright.async_api import Browser, Locator, Page, Request, Route, WebSocketRoute, expect

from api import graphiql
from api.app import create_app
from api.graphiql.examples import examples
from api.settings import Settings
from tests.api.browsers import chromium, serving

expect.set_options(timeout=30_000)  # a patience, not a claim: a busy machine takes seconds to start the editor

SCREENSHOT = Path(__file__).parents[2] / "docs" / "graphiql.png"


@pytest.fixture(scope="module")
async def served(shared_database: str) -> AsyncIterator[str]:
    """The base URL of a running server in demo mode."""
    async with serving(create_app(Settings(database_url=shared_database, env="demo", pool_size=4))) as base_url:
        yield base_url


async def ask(base_url: str, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    async with AsyncClient() as client:
        answer = await client.post(f"{base_url}/graphql", json={"query": query, "variables": variables})
        body: dict[str, Any] = answer.json()
        return body


async def test_every_example_is_valid_and_is_answered(served: str) -> None:
    introspection = await ask(served, get_introspection_query())
    schema = build_client_schema(introspection["data"])
    for example in examples():
        assert validate(schema, parse(example["query"])) == [], example["notes"]["en"][0]
        answer = await ask(served, example["query"], json.loads(example["variables"] or "null"))
        assert "errors" not in answer, example["notes"]["en"][0]


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture
async def screen(browser: Browser, served: str) -> AsyncIterator[Page]:
    """GraphiQL as a Chinese reader first meets it; afterwards, proof that it asked nobody else and broke no rule."""
    context = await browser.new_context(locale="zh-CN", viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url.replace("ws://", "http://")))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await open_graphiql(page, served)
    yield page
    assert [url for url in asked if not url.startswith((f"{served}/graphql", "data:"))] == []
    assert complaints == []  # a breach of the content security policy would stand here, too
    await context.close()


async def open_graphiql(page: Page, served: str) -> None:
    await page.goto(f"{served}/graphql")
    await expect(page.get_by_text("region", exact=True).first).to_be_visible()  # the explorer has read the schema
    await expect(page.locator("select[name=example]")).to_be_enabled()  # and the editors stand


def operation(page: Page) -> Locator:
    return page.locator(".graphiql-query-editor .view-lines")


def answer(page: Page) -> Locator:
    return page.locator(".graphiql-response .view-lines")


async def run(page: Page) -> Request:
    """Presses the button; returns the request that went out."""
    async with page.expect_request(lambda request: request.method == "POST") as sent:
        await page.get_by_role("button", name="Execute query").click()
    return await sent.value


async def choose(page: Page, name: str) -> dict[str, Any]:
    """Chooses a persona in the bar; returns what the server told about it."""
    async with page.expect_response("**/graphql/personas") as fetched:
        await page.locator("select[name=persona]").select_option(name)
    personas: list[dict[str, Any]] = await (await fetched.value).json()
    persona = next(persona for persona in personas if persona["name"] == name)
    await expect(page.locator("#bar").get_by_role("status")).to_have_text(persona["about"]["zh"])
    return persona


async def test_the_first_example_stands_ready_to_be_run(screen: Page, tmp_path: Path) -> None:
    await run(screen)
    await expect(answer(screen)).to_contain_text("福建省福州市永泰县富泉乡")
    await expect(answer(screen)).to_contain_text("蜚英村委会")
    path = SCREENSHOT if os.environ.get("RUHU_SCREENSHOT") == "1" else tmp_path / SCREENSHOT.name
    await screen.screenshot(path=path)
    assert path.stat().st_size > 20_000


async def test_a_field_ticked_in_the_explorer_enters_the_operation(screen: Page) -> None:
    explorer = screen.locator(".graphiql-plugin")
    await expect(operation(screen)).not_to_contain_text("validFrom")
    await explorer.get_by_text("validFrom", exact=True).last.click()
    await expect(operation(screen)).to_contain_text("validFrom")


async def test_the_explorer_can_be_put_away_and_fetched_back(screen: Page) -> None:
    explorer = screen.locator(".docExplorerWrap, .graphiql-explorer-root").first
    await screen.get_by_role("button", name="Hide GraphiQL Explorer").click()
    await expect(explorer).not_to_be_visible()
    await screen.get_by_role("button", name="Show GraphiQL Explorer").click()
    await expect(explorer).to_be_visible()


async def test_the_editor_proposes_what_the_schema_has(screen: Page) -> None:
    await operation(screen).get_by_text("fullName").click()
    await screen.keyboard.press("End")
    await screen.keyboard.press("Enter")
    await screen.keyboard.type("success")
    await expect(screen.locator(".suggest-widget").get_by_text("successor").first).to_be_visible()


async def test_the_chosen_persona_is_who_asks(screen: Page) -> None:
    for name in ("county_officer", "cadre"):
        persona = await choose(screen, name)
        headers = await (await run(screen)).all_headers()
        assert headers["authorization"] == f"Bearer {persona['token']}"


async def test_the_persona_is_still_chosen_when_the_page_is_opened_again(screen: Page, served: str) -> None:
    await choose(screen, "county_officer")
    await open_graphiql(screen, served)
    await expect(screen.locator("select[name=persona]")).to_have_value("county_officer")


async def test_the_page_opened_again_shows_the_tabs_it_had(screen: Page, served: str) -> None:
    await screen.locator("select[name=example]").select_option("按名称查找：全国叫“独山镇”的地方")
    await expect(operation(screen)).to_contain_text("query SearchRegions")
    # GraphiQL writes down late, and not all at once; what does not fit together yet, it shows as one tab more.
    written = {"tabState": "独山镇", "query": "SearchRegions", "variables": "独山镇"}
    for key, part in written.items():
        await screen.wait_for_function(
            "([key, part]) => (localStorage.getItem('graphiql:' + key) ?? '').includes(part)", arg=[key, part]
        )
    await open_graphiql(screen, served)
    await expect(screen.get_by_role("tab")).to_have_count(2)
    await expect(operation(screen)).to_contain_text("query SearchRegions")
    await expect(screen.locator(".graphiql-editor-tool")).to_contain_text("独山镇")


async def test_the_variables_can_be_prettified(screen: Page) -> None:
    variables = screen.locator(".graphiql-editor-tool .graphiql-editor:not(.hidden)")
    await variables.click()
    await screen.keyboard.press("Control+A")
    await screen.keyboard.insert_text('{"code":"35"}')
    await expect(variables.locator(".view-line")).to_have_count(1)
    await screen.get_by_role("button", name="Prettify query").click()
    await expect(variables.locator(".view-line")).to_have_count(3)
    await expect(variables).to_contain_text('"code": "35"')


async def test_who_is_not_signed_in_sends_no_token(screen: Page) -> None:
    await choose(screen, "anonymous")
    assert "authorization" not in await (await run(screen)).all_headers()


async def test_a_header_typed_by_hand_outweighs_the_persona(screen: Page) -> None:
    await choose(screen, "county_officer")
    await screen.get_by_role("button", name="Headers").click()
    await screen.locator(".graphiql-editor-tool .graphiql-editor:not(.hidden)").click()
    await screen.keyboard.insert_text('{"authorization": "Bearer my-own"}')
    await screen.route("**/graphql", lambda route: route.fulfill(json={}))  # a real server would refuse this token
    assert (await (await run(screen)).all_headers())["authorization"] == "Bearer my-own"


async def test_a_subscription_says_who_asks_when_it_connects(screen: Page) -> None:
    """The server's side is played here: what counts is what the browser says first."""
    greetings: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def play(socket: WebSocketRoute) -> None:
        def hear(text: str | bytes) -> None:
            message = json.loads(text)
            if message["type"] == "connection_init":
                greetings.put_nowait(message)
                socket.send('{"type": "connection_ack"}')
            elif message["type"] == "subscribe":
                heard = {"id": message["id"], "type": "next", "payload": {"data": {"heard": "听到了"}}}
                socket.send(json.dumps(heard))
                socket.send(json.dumps({"id": message["id"], "type": "complete"}))

        socket.on_message(hear)

    await screen.route_web_socket("**/graphql", play)
    persona = await choose(screen, "county_officer")
    await screen.get_by_role("button", name="New tab").click()
    await screen.locator(".graphiql-query-editor .graphiql-editor").click()
    await screen.keyboard.insert_text("subscription Listen { heard }")
    await expect(screen.get_by_role("tab", name="Listen")).to_be_visible()
    await screen.get_by_role("button", name="Execute query").click()
    await expect(answer(screen)).to_contain_text("听到了")
    assert (await greetings.get())["payload"] == {
        "Authorization": f"Bearer {persona['token']}",
        "Accept-Language": "zh-CN",
    }


async def test_an_example_opens_in_a_tab_of_its_own_with_its_variables(screen: Page) -> None:
    await screen.locator("select[name=example]").select_option("按名称查找：全国叫“独山镇”的地方")
    await expect(screen.get_by_role("tab")).to_have_count(2)
    await expect(operation(screen)).to_contain_text("query SearchRegions")
    # GraphiQL reads a document a moment after it shows it. Who is faster asks for the last tab's operation, and again.
    while "SearchRegions" not in str((await run(screen)).post_data_json["operationName"]):
        await expect(answer(screen)).to_contain_text("Unknown operation name")
    await expect(answer(screen)).to_contain_text("341122109")
    await expect(answer(screen)).to_contain_text("371724106")


async def test_the_bar_and_the_answers_change_to_english(screen: Page) -> None:
    assert (await (await run(screen)).all_headers())["accept-language"] == "zh-CN"
    await screen.get_by_role("button", name="English").click()
    assert (await (await run(screen)).all_headers())["accept-language"] == "en"
    await expect(screen.locator("#bar")).to_contain_text("Preventing a return to poverty")
    await expect(screen.locator("html")).to_have_attribute("lang", "en")
    await screen.locator("select[name=example]").select_option("Who am I to this server?")
    await expect(operation(screen)).to_contain_text("# Who am I to this server?")


async def test_personas_that_cannot_be_read_are_reported_and_the_page_still_works(
    browser: Browser, served: str
) -> None:
    async with await browser.new_context(locale="en-GB") as context:
        page = await context.new_page()
        await page.route("**/graphql/personas", lambda route: route.fulfill(status=503, body="{}"))
        await open_graphiql(page, served)
        await expect(page.locator("#bar").get_by_role("status")).to_contain_text("could not be read: 503")
        assert "authorization" not in await (await run(page)).all_headers()
        await expect(answer(page)).to_contain_text("富泉乡")


async def test_without_the_demo_there_is_no_persona_to_choose(browser: Browser, served: str) -> None:
    async with await browser.new_context() as context:
        page = await context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))

        async def without_demo(route: Route) -> None:
            if route.request.method == "GET":
                await route.fulfill(body=bytes(graphiql.page(is_demo=False).body), content_type="text/html")
            else:
                await route.fallback()

        await page.route("**/graphql", without_demo)
        await open_graphiql(page, served)
        await expect(page.locator("select[name=persona]")).to_have_count(0)
        assert f"{served}/graphql/personas" not in asked
