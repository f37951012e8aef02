"""Notices without an account: what the page, the PDF and the board show, to whom they open, and when they are gone."""

from __future__ import annotations

import json
import os
import re
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api import notice_page, pages
from api.app import create_app
from domain.notices.rules import TELLS_OF_HEALTH, content_read
from tests.api.browsers import chromium, serving
from tests.casework import brought_to, published, today_in
from tests.domain.notices.test_notice_rules import pdf_text
from tests.schema.families_asked import VILLAGE
from tests.world import World

ADDRESS = "query($id: ID!) { noticeAddress(id: $id) { pagePath pdfPath } }"
BOARD = "query($code: RegionCode!) { noticeBoard(villageCode: $code) { pdfPath validUntilOn } }"


SCREENSHOT = Path(__file__).parents[2] / "docs" / "notice.png"


async def a_notice(world: World) -> tuple[str, str]:
    """A case whose notice hangs since today: the case, and the notice."""
    _, case = await brought_to(world, "VILLAGE_NOTICE")
    await published(world, case)
    return case, str(await world.sql.fetchval("SELECT id FROM notice WHERE case_id = $1", uuid.UUID(case)))


async def address(world: World, notice: str, persona: str = "village_officer") -> Any:
    return (await world.ask(persona, ADDRESS, {"id": notice}))["noticeAddress"]


async def board(world: World, persona: str = "village_officer") -> Any:
    return (await world.ask(persona, BOARD, {"code": VILLAGE}))["noticeBoard"]


async def set_days(world: World, notice: str, published: int, ends: int | None) -> None:
    """As if it had been hung so many days ago."""
    today = await today_in(world)
    end = None if ends is None else today + timedelta(days=ends)
    await world.sql.execute(
        "UPDATE notice SET published_on = $2, ends_on = $3 WHERE id = $1",
        *(uuid.UUID(notice), today - timedelta(days=published), end),
    )


async def test_anybody_with_its_address_reads_a_notice_and_prints_it(world: World) -> None:
    _, notice = await a_notice(world)
    made = await address(world, notice)
    page = await world.client.get(made["pagePath"])
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    kept = await world.sql.fetchrow("SELECT number, content FROM notice WHERE id = $1", uuid.UUID(notice))
    content = content_read(json.loads(kept["content"]))
    assert (content.number, content.village) == (kept["number"], "力星村委会")
    for shown in (
        kept["number"],
        "富泉乡力星村</td>",
        "力星村民委员会",
        "鄢**",
        "家庭支出负担较重",
        "满5天",
        "富泉乡人民政府",
        "12345",
        "<svg",
    ):
        assert shown in page.text, shown
    pdf = await world.client.get(made["pdfPath"])
    assert (pdf.status_code, pdf.headers["content-type"]) == (200, "application/pdf")
    text = pdf_text(pdf.content)
    assert kept["number"] in text
    assert "鄢**" in text
    for told in (re.sub(r"<svg.*?</svg>|健康信息|身份证号|银行账号", "", page.text, flags=re.DOTALL), text):
        assert "鄢大山" not in told
        assert TELLS_OF_HEALTH.isdisjoint(re.sub("健康信息|联系电话", "", told)), told


async def test_numbers_of_a_county_count_on(world: World) -> None:
    first, second = [(await a_notice(world))[1] for _ in range(2)]
    numbers = [
        await world.sql.fetchval("SELECT number FROM notice WHERE id = $1", uuid.UUID(one)) for one in (first, second)
    ]
    serials = [int(re.fullmatch(r"永泰防返贫公示〔\d{4}〕(\d+)号", one)[1]) for one in numbers]  # type: ignore[index]
    assert serials[1] == serials[0] + 1


@pytest.mark.parametrize("is_withdrawn", [True, False])
async def test_a_notice_is_gone_when_it_is_over_or_withdrawn(world: World, is_withdrawn: bool) -> None:
    _, notice = await a_notice(world)
    made = await address(world, notice)
    await set_days(world, notice, 5, 0)
    assert (await world.client.get(made["pagePath"])).status_code == 200, "until its last full day"
    if is_withdrawn:
        await world.sql.execute("UPDATE notice SET withdrawn_at = now() WHERE id = $1", uuid.UUID(notice))
    else:
        await set_days(world, notice, 6, -1)
    for path in made.values():
        answer = await world.client.get(path)
        assert (answer.status_code, notice_page.GONE in answer.text) == (404, True)


async def test_an_announcement_hangs_for_thirty_days(world: World) -> None:
    _, notice = await a_notice(world)
    await world.sql.execute("UPDATE notice SET kind = 'RESULT_ANNOUNCEMENT' WHERE id = $1", uuid.UUID(notice))
    made = await address(world, notice)
    for days, status in ((30, 200), (31, 404)):
        await set_days(world, notice, days, None)
        assert (await world.client.get(made["pagePath"])).status_code == status, days


async def test_what_was_not_made_here_opens_nothing_and_is_told_apart_from_nothing(world: World) -> None:
    _, notice = await a_notice(world)
    good = (await address(world, notice))["pagePath"].rpartition("/")[2]
    nobody = f"{uuid.uuid4().hex}-{good[-16:]}"
    answers = set()
    for bad in (nobody, good[:-1] + ("a" if good[-1] != "a" else "b"), uuid.UUID(notice).hex, notice, "%3Cscript%3E"):
        for part in ("", "/pdf"):
            answer = await world.client.get(f"/notices/{bad}{part}")
            assert answer.status_code == 404, bad
            answers.add(answer.text)
    assert len(answers) == 1
    for bad in (VILLAGE, f"{VILLAGE}-20991231-{good[-16:]}", f"{VILLAGE}-20269999-{good[-16:]}"):
        assert (await world.client.get(f"/notices/board/{bad}")).text in answers


async def test_a_board_is_all_that_hangs_in_a_village(world: World) -> None:
    made = await board(world)
    _, notice = await a_notice(world)
    number = await world.sql.fetchval("SELECT number FROM notice WHERE id = $1", uuid.UUID(notice))
    hangs = await world.sql.fetchval(
        "SELECT count(*) FROM notice WHERE region_code = $1 AND withdrawn_at IS NULL AND (now() AT TIME ZONE"
        " 'Asia/Shanghai')::date BETWEEN published_on AND coalesce(ends_on, published_on + 30)",
        VILLAGE,
    )
    pdf = await world.client.get(made["pdfPath"])
    assert (pdf.status_code, len(re.findall(rb"/Type /Page\b", pdf.content))) == (200, hangs)
    assert number in pdf_text(pdf.content)
    assert made["validUntilOn"] == str(await today_in(world) + timedelta(days=7))


async def test_an_empty_board_says_so(world: World) -> None:
    query = {"code": "350125201207"}
    made = (await world.ask("township_officer", BOARD, query))["noticeBoard"]
    pdf = await world.client.get(made["pdfPath"])
    assert "本村现无公示公告" in pdf_text(pdf.content)


async def test_addresses_are_for_those_who_see_the_notice_and_boards_for_officers_of_the_place(world: World) -> None:
    _, notice = await a_notice(world)
    for persona in ("village_officer", "township_officer", "county_officer"):
        assert await address(world, notice, persona), persona
        assert await board(world, persona), persona
    for persona in ("other_county_officer", "partner", "hotline_operator", "auditor"):
        assert await address(world, notice, persona) is None, persona
        assert await board(world, persona) is None, persona
    assert await address(world, "nonsense") is None
    assert await address(world, str(uuid.uuid4())) is None
    refused = await world.post("anonymous", ADDRESS, {"id": notice})
    assert refused["errors"][0]["extensions"]["code"] == "SIGN_IN_REQUIRED"


async def test_pages_are_kept_by_nobody_and_run_nothing(world: World) -> None:
    _, notice = await a_notice(world)
    made = await address(world, notice)
    for path in (made["pagePath"], made["pdfPath"], (await board(world))["pdfPath"], "/notices/forged"):
        answer = await world.client.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"] == notice_page.PAGE_POLICY
        assert "noindex" in answer.headers["x-robots-tag"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-frame-options"] == "DENY"
    page = (await world.client.get(made["pagePath"])).text
    assert not re.search(r"<script|<style| style=| on[a-z]+=", page)
    (file,) = re.findall(r'href="(/notices/assets/[^"]+)"', page)
    style = await world.client.get(file)
    assert (style.status_code, "immutable" in style.headers["cache-control"]) == (200, True)
    assert style.headers["content-type"].partition(";")[0] in pages.MEDIA_TYPES.values()
    assert (await world.client.get("/notices/assets/..%2Fnotice.html")).status_code == 404


async def test_a_row_that_was_tampered_with_is_not_shown(world: World) -> None:
    _, notice = await a_notice(world)
    made = await address(world, notice)
    await world.sql.execute(
        'UPDATE notice SET content = content || \'{"headName": "鄢大山 13805911234"}\' WHERE id = $1', uuid.UUID(notice)
    )
    for path in made.values():
        answer = await world.client.get(path)
        assert (answer.status_code, "13805911234" in answer.text) == (404, False)


async def test_the_page_fits_on_one_sheet_of_paper(world: World) -> None:
    _, notice = await a_notice(world)
    made = await address(world, notice)
    async with serving(create_app(world.settings)) as base_url, chromium() as browser:
        context = await browser.new_context(locale="zh-CN", viewport={"width": 794, "height": 1123})
        page = await context.new_page()
        await page.goto(base_url + made["pagePath"])
        await page.emulate_media(media="print")
        height = await page.evaluate("document.documentElement.scrollHeight")
        assert height <= 1124
        over = await page.evaluate(
            "[...document.querySelectorAll('main *')].filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth).length"
        )
        assert over == 0
        if os.environ.get("RUHU_SCREENSHOT") == "1":  # to be looked at; as the poster's
            await page.screenshot(path=SCREENSHOT)
        await context.close()
