"""GraphiQL: the page, its files, and what a person can do with it in a browser that reaches nothing but this server."""

import asyncio
import gzip
import json
import os
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from graphql import build_client_schema, get_introspection_query, parse, validate
from httpx2 import AsyncClient
from playwright.async_api import Browser, Locator, Page, Request, WebSocketRoute, async_playwright, expect
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from api import graphiql
from api.graphiql.examples import LANGUAGES, Example, examples, read
from tests.api.graphiql_stub import app

STATIC = Path(graphiql.__file__).parent / "static"
MANIFEST: dict[str, str] = json.loads((STATIC / "manifest.json").read_bytes())
SCREENSHOT = Path(__file__).parents[2] / "docs" / "graphiql.png"

# Chromium as root, and without the calls to its maker's servers that it makes at every start.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]


# ---- The page


def config_of(text: str) -> dict[str, Any]:
    held = re.search(r'<script type="application/json" id="config">(.*?)</script>', text, re.DOTALL)
    assert held
    config: dict[str, Any] = json.loads(held[1])
    return config


def page_text(*, is_demo: bool = False, endpoint: str = "/graphql") -> str:
    return bytes(graphiql.page(is_demo=is_demo, endpoint=endpoint).body).decode()


def test_the_page_asks_its_server_for_personas_in_demo_mode_only() -> None:
    assert config_of(page_text(is_demo=True))["personas"] is True
    assert config_of(page_text(is_demo=False))["personas"] is False


def test_the_page_works_under_another_address() -> None:
    text = page_text(endpoint="/ruhu/graphql")
    assert config_of(text)["endpoint"] == "/ruhu/graphql"
    assert f'src="/ruhu/graphql/assets/{MANIFEST["graphiql.js"]}"' in text
    assert f'href="/ruhu/graphql/assets/{MANIFEST["graphiql.css"]}"' in text


def test_the_page_allows_no_script_but_its_own_and_no_frame_around_it() -> None:
    headers = graphiql.page(is_demo=True).headers
    policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["worker-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_is_not_kept_in_place_of_a_programs_answer() -> None:
    headers = graphiql.page(is_demo=True).headers
    assert headers["Vary"] == "Accept"
    assert headers["Cache-Control"] == "no-cache"


def test_nothing_in_an_example_can_end_the_script_element_that_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    nasty = Example(notes={"zh": ["</script><b>"], "en": ["</script><b>"]}, query="{ x }", variables="")
    monkeypatch.setattr(graphiql, "examples", lambda: [nasty])
    text = page_text(endpoint="/only-here")
    assert config_of(text)["examples"] == [nasty]
    assert "<b>" not in text


# ---- Its files


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=graphiql.routes()), headers={"Accept-Encoding": "identity"})


@pytest.mark.parametrize("name", sorted(MANIFEST.values()))
def test_each_file_that_the_page_names_is_served_and_never_changes(client: TestClient, name: str) -> None:
    answer = client.get(f"/graphql/assets/{name}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] in {"text/javascript; charset=utf-8", "text/css; charset=utf-8"}


@pytest.mark.parametrize(
    ("accepted", "is_zipped"),
    [
        ("gzip, deflate, br", True),
        ("*", True),
        ("br, GZIP;q=0.5", True),
        ("", False),
        ("br", False),
        ("identity", False),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("gzip; q=0.000", False),
    ],
)
def test_a_file_is_zipped_only_for_those_who_take_it(client: TestClient, accepted: str, is_zipped: bool) -> None:
    name = MANIFEST["graphiql.js"]
    zipped = (STATIC / f"{name}.gz").read_bytes()
    answer = client.get(f"/graphql/assets/{name}", headers={"Accept-Encoding": accepted})
    assert ("Content-Encoding" in answer.headers) is is_zipped
    assert int(answer.headers["Content-Length"]) == len(zipped if is_zipped else gzip.decompress(zipped))
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.content == gzip.decompress(zipped)


@pytest.mark.parametrize("name", ["nothing.js", "manifest.json", "..%2F__init__.py", "%2e%2e/page.html"])
def test_no_other_file_can_be_had(client: TestClient, name: str) -> None:
    assert client.get(f"/graphql/assets/{name}").status_code == 404


def test_a_file_can_be_asked_about_but_not_written(client: TestClient) -> None:
    assert client.head(f"/graphql/assets/{MANIFEST['graphiql.js']}").status_code == 200
    assert client.post(f"/graphql/assets/{MANIFEST['graphiql.js']}").status_code == 405


def test_every_file_has_a_media_type() -> None:
    suffixes = {Path(file.stem).suffix for file in STATIC.glob("*.gz")}
    assert suffixes <= set(graphiql.MEDIA_TYPES)


def test_the_licences_of_what_is_in_the_bundle_go_with_it(client: TestClient) -> None:
    text = client.get("/graphql/assets/licences.txt").text
    for name in ("graphiql 5.", "monaco-editor 0.", "react 19.", "graphql 16."):
        assert re.search(rf"^{re.escape(name)}\S* \(MIT\)$", text, re.MULTILINE), name


def test_a_build_can_be_repeated_without_naming_where_its_packages_came_from() -> None:
    lock = json.loads((STATIC.parent / "bundle" / "package-lock.json").read_bytes())
    packages = {path: package for path, package in lock["packages"].items() if path}
    assert [path for path, package in packages.items() if "resolved" in package] == []
    assert [path for path, package in packages.items() if not package["integrity"].startswith("sha512-")] == []


# ---- Its examples


def test_every_example_has_a_title_in_every_language() -> None:
    for language in LANGUAGES:
        titles = [example["notes"][language][0] for example in examples()]
        assert all(titles)
        assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("# zh: 标题\n{ x }", "no title in 'en'"),
        ("# zh: 标题\n# en: Title\n# variables: {x}\n{ x }", "variables are no JSON"),
        ("# fr: Titre\n{ x }", "not 'fr'"),
        ("# just a remark\n{ x }", "not 'just a remark'"),
    ],
)
def test_a_broken_example_is_named(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=f"^broken.graphql: .*{re.escape(fault)}"):
        read(text, source="broken.graphql")


def test_an_example_is_its_notes_its_variables_and_its_operation() -> None:
    text = '# zh: 标题\n# en: Title\n# en: With a remark: this.\n# variables: {"名": 1}\nquery A {\n  # kept\n  x\n}\n'
    assert read(text, source="a.graphql") == {
        "notes": {"zh": ["标题"], "en": ["Title", "With a remark: this."]},
        "query": "query A {\n  # kept\n  x\n}",
        "variables": '{\n  "名": 1\n}',
    }


# ---- In a browser


@pytest.fixture(scope="module")
async def served() -> AsyncIterator[str]:
    """The base URL of a running server in demo mode."""
    async with serving(app) as base_url:
        yield base_url


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running


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
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS)
        yield browser
        await browser.close()


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


async def choose(page: Page, persona: str) -> None:
    async with page.expect_response("**/graphql/personas"):
        await page.locator("select[name=persona]").select_option(persona)
    await expect(page.locator("select[name=persona]")).to_have_value(persona)


async def persona_named(served: str, name: str) -> dict[str, Any]:
    async with AsyncClient() as client:
        personas: list[dict[str, Any]] = (await client.get(f"{served}/graphql/personas")).json()
    return next(persona for persona in personas if persona["name"] == name)


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


async def test_the_chosen_persona_is_who_asks(screen: Page, served: str) -> None:
    persona = await persona_named(served, "county_officer")
    await choose(screen, "county_officer")
    headers = await (await run(screen)).all_headers()
    assert headers["authorization"] == f"Bearer {persona['token']}"
    await expect(screen.locator("#bar")).to_contain_text(persona["about"]["zh"])


async def test_the_persona_is_still_chosen_when_the_page_is_opened_again(screen: Page, served: str) -> None:
    await choose(screen, "county_officer")
    await open_graphiql(screen, served)
    await expect(screen.locator("select[name=persona]")).to_have_value("county_officer")


async def test_the_page_opened_again_shows_the_tabs_it_had(screen: Page, served: str) -> None:
    await screen.locator("select[name=example]").select_option("按名称查找：全国叫“独山镇”的地方")
    await expect(operation(screen)).to_contain_text("query SearchRegions")
    async with asyncio.timeout(10):
        while "SearchRegions" not in str(await screen.evaluate("localStorage.getItem('graphiql:tabState')")):
            pass  # GraphiQL writes its tabs down half a second late
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
    assert (await (await run(screen)).all_headers())["authorization"] == "Bearer my-own"


async def test_a_subscription_says_who_asks_when_it_connects(screen: Page, served: str) -> None:
    """The server's side is played here: what counts is what the browser says first."""
    persona = await persona_named(served, "cadre")
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
    await choose(screen, "cadre")
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
    await run(screen)
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


async def test_without_the_demo_there_is_no_persona_to_choose(browser: Browser, served: str) -> None:
    async with await browser.new_context() as context:
        page = await context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await page.route(
            "**/graphql",
            lambda route: (
                route.fulfill(body=page_text(is_demo=False), content_type="text/html")
                if route.request.method == "GET"
                else route.fallback()
            ),
        )
        await open_graphiql(page, served)
        await expect(page.locator("select[name=persona]")).to_have_count(0)
        assert f"{served}/graphql/personas" not in asked
