"""A farmer with a cheap phone scans the poster: what they meet, on a good network and on a bad one."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, expect

from api.app import create_app
from tests.api.browsers import chromium, serving
from tests.reporting import a_name, clues, looked
from tests.schema.families_asked import VILLAGE, new_family, person
from tests.world import World

POSTER = "query ($code: RegionCode!) { reportPoster(villageCode: $code) { posterPath reportPath } }"
SCREENSHOTS = Path(__file__).parents[2] / "docs"
PHONE = {"width": 360, "height": 640}
A4 = {"width": 794, "height": 1123}


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
async def served(world: World) -> AsyncIterator[str]:
    """A server that lets nobody send a document of their own who is not signed in: the page needs none."""
    strict = {"public_url": "https://ruhu.example.org/", "trusted_only": ["ANONYMOUS"]}
    settings = world.settings.model_copy(update=strict)
    async with serving(create_app(settings)) as base_url:
        yield base_url


@pytest.fixture
async def phone(browser: Browser, served: str, world: World) -> AsyncIterator[Page]:
    """The page as the poster's code opens it; afterwards, proof that it asked nobody else and broke no rule."""
    context = await browser.new_context(locale="zh-CN", viewport=PHONE, is_mobile=True, has_touch=True)  # type: ignore[arg-type]
    page = await context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(served + (await made(world))["reportPath"])
    await expect(page.locator("#form")).to_be_visible()
    yield page
    assert [url for url in asked if not url.startswith((f"{served}/graphql", f"{served}/report", "data:"))] == []
    without_network = ("net::ERR_", "Failed to load resource")
    assert [text for text in complaints if not any(word in text for word in without_network)] == []
    await context.close()


async def made(world: World) -> Any:
    return (await world.ask("village_officer", POSTER, {"code": VILLAGE}))["reportPoster"]


async def fill(page: Page, name: str, **more: str) -> None:
    await page.locator("[name=name]").fill(name)
    await page.locator("[name=kind]").select_option(label="医疗支出较大")
    await page.locator("[name=text]").fill("住院花了很多钱")
    for field, value in more.items():
        await page.locator(f"[name={field}]").fill(value)


async def submit(page: Page) -> None:
    await page.get_by_role("button", name="提交报告").click()


async def count(world: World, name: str) -> Any:
    return await world.sql.fetchval("SELECT count(*) FROM hardship_report WHERE name = $1", name)


async def kept(page: Page) -> Any:
    return await page.evaluate(f"localStorage.getItem('ruhu-report-{VILLAGE}')")


async def picture(page: Page, name: str, tmp_path: Path) -> None:
    path = (SCREENSHOTS if os.environ.get("RUHU_SCREENSHOT") == "1" else tmp_path) / name
    await page.screenshot(path=path, full_page=True)
    assert path.stat().st_size > 10_000


async def test_a_farmer_reports_and_takes_a_receipt_home(phone: Page, world: World, tmp_path: Path) -> None:
    name = a_name()
    home = await new_family(world, person(name))
    await fill(phone, name, phone="13800000000")
    await picture(phone, "report-page.png", tmp_path)
    await submit(phone)
    await expect(phone.locator("#code")).to_have_text(re.compile("^([2-9A-Z]{4}-){3}[2-9A-Z]{4}$"))
    assert await kept(phone) is None, "the phone may be somebody else's"

    await phone.get_by_role("button", name="查询").click()
    await expect(phone.locator("#told")).to_contain_text("已接收")
    assert await looked(world) == 1
    assert [clue["sign"]["code"] for clue in await clues(world, home)] == ["MEDICAL_EXPENSE"]


async def test_the_receipt_is_still_there_when_the_page_is_loaded_again(phone: Page) -> None:
    await fill(phone, a_name())
    await submit(phone)
    await expect(phone.locator("#receipt")).to_be_visible()
    code = await phone.locator("#code").inner_text()
    await phone.reload()
    await expect(phone.locator("#code")).to_have_text(code)
    await phone.get_by_role("button", name="再报一件").click()
    await expect(phone.locator("[name=name]")).to_have_value("")


async def test_what_was_typed_without_a_signal_is_sent_when_there_is_one(phone: Page, world: World) -> None:
    name = a_name()
    await phone.context.set_offline(True)
    await fill(phone, name)
    await submit(phone)
    await expect(phone.locator("#waiting")).to_be_visible()
    await expect(phone.locator("#why")).to_contain_text("没有信号")
    assert name in await kept(phone)
    await phone.context.set_offline(False)
    await expect(phone.locator("#receipt")).to_be_visible()
    assert await count(world, name) == 1


async def test_a_lost_answer_makes_no_second_report(phone: Page, world: World) -> None:
    name = a_name()

    async def lose(route: Route) -> None:
        await route.fetch()  # the server took it
        await route.abort()

    await phone.route("**/graphql", lose)
    await fill(phone, name)
    await submit(phone)
    await expect(phone.locator("#waiting")).to_be_visible()
    assert await count(world, name) == 1
    await phone.unroute("**/graphql")
    await phone.get_by_role("button", name="现在再试一次").click()
    await expect(phone.locator("#receipt")).to_be_visible()
    assert await count(world, name) == 1


async def test_a_page_that_was_closed_before_it_could_send_sends_when_it_is_opened_again(
    phone: Page, world: World
) -> None:
    name = a_name()
    await phone.route("**/graphql", lambda route: route.abort())
    await fill(phone, name)
    await submit(phone)
    await expect(phone.locator("#waiting")).to_be_visible()
    await phone.unroute("**/graphql")
    await phone.reload()
    await expect(phone.locator("#receipt")).to_be_visible()
    assert await count(world, name) == 1


async def test_a_server_of_another_version_is_met_by_its_own_page(phone: Page, world: World) -> None:
    name = a_name()
    await phone.evaluate("document.body.setAttribute('data-documents', '{}')")
    refusals = 0

    async def once_unknown(route: Route) -> None:
        nonlocal refusals
        refusals += 1
        if refusals > 1:
            await route.continue_()
        else:
            answer = {"errors": [{"message": "?", "extensions": {"code": "DOCUMENT_UNKNOWN"}}]}
            await route.fulfill(status=404, json=answer)

    await phone.route("**/graphql", once_unknown)
    await fill(phone, name)
    await submit(phone)
    await expect(phone.locator("#receipt")).to_be_visible()
    assert (refusals, await count(world, name)) == (2, 1)


async def test_what_is_not_sent_yet_can_be_taken_back(phone: Page, world: World) -> None:
    name = a_name()
    await phone.route("**/graphql", lambda route: route.abort())
    await fill(phone, name)
    await submit(phone)
    await phone.get_by_role("button", name="不报了，删除").click()
    await expect(phone.locator("#form")).to_be_visible()
    assert (await kept(phone), await count(world, name)) == (None, 0)


async def test_what_is_missing_or_wrong_is_said_and_what_was_typed_stays(phone: Page, world: World) -> None:
    await submit(phone)
    await expect(phone.locator("#wrong li")).to_have_count(3)
    name = a_name()
    await fill(phone, name, idNumber="110105194912310021")
    await submit(phone)
    await expect(phone.locator("#wrong li")).to_have_count(1)
    await expect(phone.locator("[name=idNumber]")).to_have_class("faulty")
    await expect(phone.locator("[name=text]")).to_have_value("住院花了很多钱")
    await phone.locator("[name=idNumber]").fill("")
    await submit(phone)
    await expect(phone.locator("#receipt")).to_be_visible()
    assert await count(world, name) == 1


async def test_an_unknown_receipt_is_told_so(phone: Page) -> None:
    await phone.locator("[name=code]").fill("2222-2222-2222-2222")
    await phone.get_by_role("button", name="查询").click()
    await expect(phone.locator("#told")).to_contain_text("没有找到")


async def test_the_poster_fills_one_sheet_of_a4(browser: Browser, served: str, world: World, tmp_path: Path) -> None:
    complaints: list[str] = []
    async with await browser.new_context(locale="zh-CN", viewport=A4) as context:  # type: ignore[arg-type]
        page = await context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        paths = await made(world)
        await page.goto(served + paths["posterPath"])
        await expect(page.locator(".qr svg")).to_be_visible()
        await expect(page.locator("footer")).to_contain_text("https://ruhu.example.org" + paths["reportPath"])
        await page.emulate_media(media="print")
        await picture(page, "report-poster.png", tmp_path)
        sheet = await page.locator("main").bounding_box()
        foot = await page.locator("footer").bounding_box()
        pdf = await page.pdf(prefer_css_page_size=True)
    assert complaints == []
    assert sheet is not None
    assert foot is not None
    assert foot["y"] + foot["height"] <= sheet["y"] + sheet["height"], "nothing is cut off"
    assert pdf.count(b"/Type /Page\n") == 1
