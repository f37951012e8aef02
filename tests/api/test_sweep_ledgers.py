"""The ledger of a sweep as a file: what `sweep { ledger }` shows, to whom it shows it, in pieces that are sent as they are made."""

from __future__ import annotations

import csv
import io
import json
import time
import uuid
import zipfile
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
import python_calamine

from api import sheets, sweep_ledgers
from api.budgets import Budgets
from api.sheets import Line, as_csv, as_xlsx
from api.sweep_ledgers import HEADER
from domain.demo.personas import account_id
from tests.schema.families_asked import VILLAGE, act, new_family, person
from tests.schema.test_sweeps import this_week
from tests.sweeping import EXCLUDE, call, ledger, work_off
from tests.world import World

YEARS = count(40)


async def download(
    world: World, sweep_id: str, persona: str = "county_officer", kind: str = "csv", **asked: Any
) -> Any:
    address = f"/sweeps/{sweep_id}/ledger.{kind}"
    return await world.client.get(address, params=asked, headers=world.headers(persona))


def read(answer: Any) -> list[dict[str, str]]:
    """The lines under the header."""
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


@pytest.fixture
async def swept(world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[str, dict[str, str]]:
    """A township's sweep with a family that was found in need, one left out, one nobody has called on; in small pages."""
    monkeypatch.setattr(sweep_ledgers, "LEDGER", sweep_ledgers.LEDGER.replace("first: 200", "first: 7"))
    homes = {name: await new_family(world, person(name)) for name in ("鄢一", "鄢二", "鄢三")}
    sweep_id = await this_week(world, next(YEARS))
    await call(world, homes["鄢一"], "SERIOUS_ILLNESS")
    await work_off(world)
    left_out = {"sweepId": sweep_id, "householdIds": [homes["鄢二"]], "reason": "OTHER", "note": "=1+1"}
    assert (await act(world, "village_officer", EXCLUDE, **left_out))["errors"] == []
    return sweep_id, homes


async def test_the_file_has_every_line_of_the_ledger_with_its_figures(
    world: World, swept: tuple[str, dict[str, str]]
) -> None:
    sweep_id, homes = swept
    answer = await download(world, sweep_id)
    assert answer.headers["content-disposition"] == 'attachment; filename="ledger.csv"'
    assert answer.headers["cache-control"] == "no-store"
    lines = read(answer)
    asked = await ledger(world, sweep_id)
    assert len(lines) == len(asked) > 14, "more than two pages"
    rows = await world.sql.fetch("SELECT id::text, code FROM household WHERE id = ANY($1::uuid[])", list(asked))
    assert {line["户编号"] for line in lines} == {row["code"] for row in rows}
    code = {row["id"]: row["code"] for row in rows}
    by_code = {line["户编号"]: line for line in lines}
    found, excluded, waiting = (by_code[code[homes[name]]] for name in ("鄢一", "鄢二", "鄢三"))
    assert (found["户主"], found["排查结果"], found["走访人"]) == ("鄢一", "发现线索", "鄢秀珠")
    assert found["走访日期"] == str(datetime.fromisoformat(found["走访日期"]).date())
    assert found["线索"].endswith("（待核实）")
    assert found["核实期限"]
    assert (excluded["排查结果"], excluded["排除说明"]) == ("已排除", "'=1+1")
    assert (waiting["排查结果"], waiting["走访日期"], waiting["线索"]) == ("待排查", "", "")
    assert (waiting["人均纯收入(元)"], waiting["收入未知月数"]) == ("", "12"), "unknown is not nought"
    for id, line in asked.items():
        assert by_code[code[id]]["家庭人口"] == str(line["household"]["memberCount"])


async def test_a_workbook_says_the_same_and_a_number_is_a_number(
    world: World, swept: tuple[str, dict[str, str]]
) -> None:
    sweep_id, _ = swept
    lines = read(await download(world, sweep_id))
    answer = await download(world, sweep_id, kind="xlsx")
    book = python_calamine.load_workbook(io.BytesIO(answer.content))
    assert book.sheet_names == ["台账"]
    header, *rows = book.get_sheet_by_index(0).to_python()
    assert tuple(header) == HEADER
    people, code, note = HEADER.index("家庭人口"), HEADER.index("户编号"), HEADER.index("排除说明")
    assert [(row[code], row[people]) for row in rows] == [(line["户编号"], float(line["家庭人口"])) for line in lines]
    assert "=1+1" in [row[note] for row in rows], "a text in its cell, and no formula"


async def test_only_what_is_asked_for(world: World, swept: tuple[str, dict[str, str]]) -> None:
    sweep_id, _ = swept
    found = read(await download(world, sweep_id, outcome=["FOUND", "EXCLUDED"]))
    assert {line["排查结果"] for line in found} == {"发现线索", "已排除"}
    here = read(await download(world, sweep_id, region=VILLAGE))
    assert {line["行政村代码"] for line in here} == {VILLAGE}
    wrong = await download(world, sweep_id, outcome="EVERYTHING")
    assert wrong.status_code == 400
    assert wrong.json()["errors"][0]["extensions"]["code"]


async def test_everybody_gets_the_lines_that_the_ledger_shows_them_masked_as_it_masks(
    world: World, swept: tuple[str, dict[str, str]]
) -> None:
    sweep_id, _ = swept
    everything = read(await download(world, sweep_id))
    for persona in ("village_officer", "cadre", "partner", "integrator"):
        lines = read(await download(world, sweep_id, persona))
        assert len(lines) == len(await ledger(world, sweep_id, persona))
        assert 0 < len(lines) < len(everything) or persona == "integrator", persona
    for persona in ("partner", "integrator"):
        for line in read(await download(world, sweep_id, persona)):
            assert line["户主"].endswith("**")
            assert [
                line[name] for name in ("所属群体", "人均纯收入(元)", "刚性支出(元)", "收入未知月数", "排除说明")
            ] == [""] * 5
    for persona in ("other_county_officer", "hotline_operator", "auditor", "administrator", "department"):
        assert (await download(world, sweep_id, persona)).status_code == 404, persona
    assert (await download(world, sweep_id, "anonymous")).status_code == 401
    bad = await world.client.get(f"/sweeps/{sweep_id}/ledger.csv", headers={"Authorization": "Bearer x"})
    assert bad.status_code == 401
    assert (await download(world, str(uuid.uuid4()))).status_code == 404


async def test_whose_figures_were_shown_stands_in_the_trace(world: World, swept: tuple[str, dict[str, str]]) -> None:
    sweep_id, _ = swept
    await world.sql.execute("TRUNCATE audit_entry")
    lines = read(await download(world, sweep_id))
    entries = await world.sql.fetch("SELECT * FROM audit_entry WHERE action = 'look'")
    assert {entry["actor_id"] for entry in entries} == {account_id("county_officer")}
    assert len({entry["request_id"] for entry in entries}) == 1
    seen = [home for entry in entries for home in entry["seen"]]
    assert len(seen) == len(set(seen)) == len(lines)
    assert all("INCOME" in json.loads(entry["detail"])["kinds"] for entry in entries)
    await world.sql.execute("TRUNCATE audit_entry")
    assert read(await download(world, sweep_id, "partner"))
    assert await world.sql.fetchval("SELECT count(*) FROM audit_entry") == 0, "masks tell nothing"


async def test_a_download_is_charged_and_waits_for_its_budget(
    world: World, swept: tuple[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What begins has its words and its first page paid; what is being sent waits for more, and the next is refused."""
    sweep_id, _ = swept
    monkeypatch.setattr(sweep_ledgers, "LEDGER", sweep_ledgers.LEDGER.replace("first: 7", "first: 20"))
    paid: list[int] = []
    now, waited = [time.monotonic()], []
    take = Budgets.take

    def noted(budgets: Budgets, client: Any, cost: int) -> tuple[float, float]:
        budgets.clock = lambda: now[0]
        left, seconds = take(budgets, client, cost)
        paid.extend([] if seconds else [cost])
        return left, seconds

    monkeypatch.setattr(Budgets, "take", noted)
    lines = read(await download(world, sweep_id))
    words, *pages = paid
    assert len(pages) > 2

    async def let_time_pass(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(sweep_ledgers, "sleep", let_time_pass)
    async with World.on(str(world.settings.database_url), cost_per_minute=words + pages[0] + 50) as poor:
        assert read(await download(poor, sweep_id)) == lines
        assert waited
        refused = await download(poor, sweep_id)
    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (429, "BUDGET_SPENT")


# --- the writers -----------------------------------------------------------------------------------------------------

HOSTILE = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1")


async def pages_of(*pages: Sequence[Line]) -> AsyncIterator[Sequence[Line]]:
    for page in pages:
        yield page


async def test_no_text_is_a_formula_and_no_amount_a_text() -> None:
    lines: list[Line] = [*((text, Decimal("-12.50"), None) for text in HOSTILE), ("a\x00<&\ud7ff", 7, "")]
    text = b"".join([piece async for piece in as_csv(("a", "b", "c"), pages_of(lines))]).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert [row[0] for row in rows[:-1]] == [f"'{text}" for text in HOSTILE]
    assert {row[1] for row in rows[:-1]} == {"-12.50"}
    book = b"".join([piece async for piece in as_xlsx(("a", "b", "c"), pages_of(lines))])
    assert zipfile.ZipFile(io.BytesIO(book)).testzip() is None
    assert b"<f>" not in zipfile.ZipFile(io.BytesIO(book)).read("xl/worksheets/sheet1.xml")
    again = python_calamine.load_workbook(io.BytesIO(book)).get_sheet_by_index(0).to_python()[1:]
    assert [row[0].strip() for row in again[:-1]] == [text.strip() for text in HOSTILE]
    assert {row[1] for row in again[:-1]} == {-12.5}
    assert again[-1] == ["a<&\ud7ff", 7.0, ""]


@pytest.mark.parametrize("write", [as_csv, as_xlsx])
async def test_a_page_is_sent_before_the_next_is_asked_for(write: sheets.Writer) -> None:
    """However long a ledger is, one page of it is in memory."""
    asked = 0

    async def endless() -> AsyncIterator[Sequence[Line]]:
        nonlocal asked
        while True:
            asked += 1
            yield [(f"{asked} {line}", asked) for line in range(200)]

    pieces = write(("a", "b"), endless())
    await anext(pieces)
    assert asked == 0
    for page in range(1, 500):
        assert len(await anext(pieces)) < 100_000
        assert asked == page
