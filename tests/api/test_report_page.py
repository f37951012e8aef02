"""The page behind a poster's code, and the poster: what they say, to whom, and under which headers."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api import pages, report_page
from domain.access.rules import CHINA
from domain.hardship.links import LINK_DAYS, VillageLink, link_made, link_read
from tests import databases
from tests.schema.families_asked import VILLAGE
from tests.world import PERSONAS, World

POSTER = "query ($code: RegionCode!) { reportPoster(villageCode: $code) { posterPath reportPath validUntilOn } }"
TODAY = datetime.now(UTC).astimezone(CHINA).date()
HTML = {"Accept": "text/html"}
OTHER_COUNTY = "350121"


async def poster(world: World, persona: str = "village_officer", code: str = VILLAGE) -> Any:
    return (await world.ask(persona, POSTER, {"code": code}))["reportPoster"]


async def link(world: World, until_on: date, code: str = VILLAGE) -> str:
    return VillageLink(code, until_on).text((await databases.ring(world.sql)).mac)


# --- who makes posters


async def test_officers_make_posters_for_the_villages_of_their_region_and_nobody_else(reading_world: World) -> None:
    made = {persona for persona in set(PERSONAS) - {"anonymous"} if await poster(reading_world, persona)}
    assert made == {"village_officer", "township_officer", "county_officer", "province_officer"}
    [error] = (await reading_world.post("anonymous", POSTER, {"code": VILLAGE}))["errors"]
    assert error["extensions"]["code"] == "SIGN_IN_REQUIRED"


@pytest.mark.parametrize("code", ["350125201", "350125", "130434205222"])
async def test_there_is_no_poster_of_what_is_no_village_of_ones_own(reading_world: World, code: str) -> None:
    assert await poster(reading_world, "county_officer", code) is None


async def test_the_poster_is_one_page_with_the_village_and_the_address_of_its_code(reading_world: World) -> None:
    made = await poster(reading_world)
    assert made["validUntilOn"] == str(TODAY + timedelta(days=LINK_DAYS))
    page = await reading_world.client.get(made["posterPath"], headers=HTML)
    assert page.status_code == 200
    village = await reading_world.sql.fetchval("SELECT name FROM region WHERE code = $1", VILLAGE)
    assert f"福建省福州市永泰县富泉乡{village}" in page.text
    assert f"http://ruhu.test{made['reportPath']}" in page.text
    assert page.text.count("<svg") == 1


# --- the page


async def test_the_page_knows_its_village_and_what_one_may_tell(reading_world: World) -> None:
    page = await reading_world.client.get((await poster(reading_world))["reportPath"], headers=HTML)
    assert page.status_code == 200
    assert f'data-village="{VILLAGE}"' in page.text
    kinds = set(re.findall(r'<option value="([A-Z_]+)">', page.text))
    assert {"MEDICAL_EXPENSE", "HARDSHIP", "OTHER"} <= kinds
    assert kinds.isdisjoint({"INCOME_BELOW_STANDARD", "NEW_HOUSEHOLD"})


@pytest.mark.parametrize("part", ["", "/poster"])
async def test_a_link_is_good_to_its_last_day_and_then_says_so(reading_world: World, part: str) -> None:
    answers = {
        day: await reading_world.client.get(f"/report/{await link(reading_world, TODAY + timedelta(days=day))}{part}")
        for day in (0, -1)
    }
    assert [answers[day].status_code for day in (0, -1)] == [200, 410]
    assert report_page.PAST in answers[-1].text


@pytest.mark.parametrize("part", ["", "/poster"])
async def test_what_was_not_made_here_opens_nothing(reading_world: World, part: str) -> None:
    good = await link(reading_world, TODAY)
    other_village = good.replace(VILLAGE, "350125201204")
    longer = good.replace(f"{TODAY:%Y%m%d}", f"{TODAY + timedelta(days=9999):%Y%m%d}")
    for bad in (other_village, longer, good[:-1], good.lower(), f"{VILLAGE}-20269999-{good[-12:]}", "%3Cscript%3E"):
        answer = await reading_world.client.get(f"/report/{bad}{part}")
        assert (answer.status_code, report_page.FORGED in answer.text) == (404, True), bad
        assert "<script>" not in answer.text


def test_a_link_is_read_as_it_was_made() -> None:
    def mac(use: str, *parts: bytes) -> bytes:
        return b"|".join((use.encode(), *parts)).ljust(32, b".")[-32:]

    made = link_made(VILLAGE, date(2026, 11, 22))
    assert link_read(made.text(mac), mac) == made
    assert len(made.text(mac)) == 34


async def test_no_page_runs_a_script_that_is_not_ours_or_is_framed(reading_world: World) -> None:
    made = await poster(reading_world)
    for path in (made["posterPath"], made["reportPath"], "/report/forged"):
        page = await reading_world.client.get(path, headers=HTML)
        assert page.headers["content-security-policy"] == report_page.PAGE_POLICY
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert not re.search(r"<script(?! src=)|<style| style=| on[a-z]+=", page.text)
    assert "script-src 'self';" in report_page.PAGE_POLICY
    assert "unsafe" not in report_page.PAGE_POLICY


async def test_files_are_kept_for_good_under_names_of_their_content(reading_world: World) -> None:
    page = await reading_world.client.get((await poster(reading_world))["reportPath"])
    files = re.findall(r'(?:src|href)="(/report/assets/[^"]+)"', page.text)
    assert len(files) == 2
    for file in files:
        answer = await reading_world.client.get(file)
        assert (answer.status_code, "immutable" in answer.headers["cache-control"]) == (200, True)
        assert answer.headers["content-type"].partition(";")[0] in pages.MEDIA_TYPES.values()
    assert (await reading_world.client.get("/report/assets/..%2Fpage.html")).status_code == 404


async def test_without_a_database_the_page_says_that_it_is_busy(
    reading_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await poster(reading_world)

    async def away(link: VillageLink, db: Any) -> str:
        raise ConnectionRefusedError

    monkeypatch.setattr(report_page, "_name_of", away)
    for path in (made["reportPath"], made["posterPath"]):
        answer = await reading_world.client.get(path)
        assert (answer.status_code, report_page.BUSY in answer.text) == (503, True)


def test_the_whole_page_is_small_and_its_script_is_of_2009() -> None:
    files = [file for file in Path(report_page.HERE).rglob("*") if file.suffix in {".js", ".css", ".html"}]
    assert sum(file.stat().st_size for file in files if "poster" not in file.name) < 16_000
    script = (report_page.HERE / "static" / "report.js").read_text(encoding="utf-8")
    code = re.sub(r"//.*|'[^'\n]*'", "", script)
    assert not re.search(r"=>|`|\b(let|const|class|async|await|fetch|Promise)\b|\.\.\.", code)
