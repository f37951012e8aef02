"""Files of departments: sent, read by the worker, and the rows that led nowhere sent back."""

from __future__ import annotations

import asyncio
import csv
import io
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from typing import Any

import pytest
import python_calamine

from api.cli.target import ROOT
from domain.lists.sheets import HEADERS, as_csv, as_xlsx
from tests.listing import LIST, a_number, delivered, outcomes, rows_of, submit, upload, uploaded, work_off
from tests.reporting import a_name, clues
from tests.schema.families_asked import codes, new_family, person
from tests.world import PERSONAS, World

HEADER = ("序号", "患者姓名", "身份证号", "自付金额（元）")


async def a_family(world: World) -> tuple[str, str]:
    number = a_number()
    return await new_family(world, person(a_name(), idNumber=number)), number


def sheet(kind: str, rows: Sequence[Sequence[Any]], header: Sequence[str] = HEADER) -> bytes:
    """A list as an office makes it: a title above the header."""
    write = {"xlsx": as_xlsx, "csv": as_csv}[kind]
    return write(("永泰县2026年大额医疗费用名单",), [header, *rows])


@pytest.mark.parametrize("kind", ["xlsx", "csv", "gb18030"])
async def test_a_file_is_matched_and_what_led_nowhere_comes_back(world: World, kind: str) -> None:
    home, number = await a_family(world)
    _, bearable = await a_family(world)
    rows = [
        ("1", "甲", number, "10300.50"),
        ("", "", "", ""),
        ("2", "=乙", bearable, "9000"),
        ("3", "丙", a_number(), "20000"),
        ("4", "丁", number[:-1], ""),
    ]
    content = sheet("xlsx" if kind == "xlsx" else "csv", rows)
    if kind == "gb18030":
        content = content.decode("utf-8-sig").encode("gb18030")

    id = await delivered(world, uploadId=await uploaded(world, content))

    assert [(row["number"], row["outcome"]) for row in await rows_of(world, id)] == [
        (1, "MATCHED_NEW_CLUE"),
        (3, "BELOW_THRESHOLD"),
        (4, "NOT_A_HOUSEHOLD_MEMBER"),
        (5, "INVALID_ID_NUMBER"),
    ]
    assert (await rows_of(world, id))[0]["amount"] == "10300.50"
    [clue] = await clues(world, home)
    assert clue["witnesses"][0]["detail"]["row"] == 1
    assert await world.sql.fetchval("SELECT count(*) FROM department_upload") == 0, "read and gone"
    done = (await world.ask("department", LIST, {"id": id}))["departmentList"]
    assert done == {"rowCount": 4, "task": {"state": "DONE", "total": 4, "done": 4, "failure": None}}

    back = await world.client.get(f"/department-lists/{id}/rejected.csv", headers=world.headers("department"))
    lines = list(csv.reader(io.StringIO(back.content.decode("utf-8-sig"))))
    assert [(line[0], line[1], line[4]) for line in lines[1:]] == [
        ("3", "'=乙", "未达当地预警线"),
        ("4", "丙", "本区划内未建档"),
        ("5", "丁", "身份证号无效"),
    ]
    assert number[:-1] not in back.text
    workbook = await world.client.get(f"/department-lists/{id}/rejected.xlsx", headers=world.headers("department"))
    assert workbook.headers["content-disposition"] == 'attachment; filename="rejected.xlsx"'
    again = python_calamine.load_workbook(io.BytesIO(workbook.content)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in again] == ["行号", 3.0, 4.0, 5.0]


async def test_a_number_that_a_spreadsheet_has_rounded_is_nobodys(world: World) -> None:
    content = as_xlsx(("姓名", "身份证号"), [("甲", 350125198005010000)])
    id = await delivered(world, uploadId=await uploaded(world, content))
    [row] = await rows_of(world, id)
    assert (row["outcome"], row["reason"]) == ("INVALID_ID_NUMBER", "ID_NUMBER_ROUNDED")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "LIST_UNREADABLE"),
        (b"%PDF-1.7\x00", "LIST_UNREADABLE"),
        (b"PK\x03\x04 and no more", "LIST_UNREADABLE"),
        (b"\xff\xff\xff", "LIST_UNREADABLE"),
    ],
)
async def test_what_is_no_list_is_not_taken(world: World, content: bytes, code: str) -> None:
    answer = await upload(world, content)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, code)


async def test_a_workbook_that_unpacks_to_gigabytes_is_not_opened(world: World) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/workbook.xml", "")
        with bomb.open("xl/worksheets/sheet1.xml", "w") as part:
            for _ in range(310):
                part.write(b"\x20" * 1_000_000)
    answer = await upload(world, packed.getvalue())
    assert answer.json()["errors"][0]["extensions"]["code"] == "LIST_UNREADABLE"


@pytest.mark.parametrize(
    ("content", "failure"),
    [
        (as_csv(("姓名", "住址"), [("甲", "力星村")]), "LIST_HEADER_UNKNOWN"),
        (as_csv(("身份证号",), [("1",)] * 100_001), "TOO_MANY_ROWS"),
    ],
    ids=["no column of a list", "a row too many"],
)
async def test_why_a_file_could_not_be_read_is_told_by_its_task(world: World, content: bytes, failure: str) -> None:
    id = await delivered(world, uploadId=await uploaded(world, content))
    task = (await world.ask("department", LIST, {"id": id}))["departmentList"]["task"]
    assert (task["state"], task["failure"]) == ("FAILED", failure)
    assert await world.sql.fetchval("SELECT count(*) FROM department_upload") == 0


async def test_departments_send_files_and_nobody_else(world: World) -> None:
    for persona in set(PERSONAS) - {"department", "anonymous"}:
        answer = await upload(world, b"name", persona)
        assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN_ROLE", persona
    assert (await upload(world, b"name", "anonymous")).status_code == 401
    bad = await world.client.post("/department-lists/files", content=b"x", headers={"Authorization": "Bearer x"})
    assert bad.status_code == 401


async def test_a_file_that_is_too_large_is_not_taken(world: World) -> None:
    answer = await upload(world, b"x" * (world.settings.max_upload_bytes + 1))
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (413, "BODY_TOO_LARGE")


async def test_a_file_is_submitted_once_and_gives_way_to_the_next(world: World) -> None:
    content = sheet("csv", [("1", "甲", a_number(), "1")])
    first = await uploaded(world, content)
    second = await uploaded(world, content)
    assert codes(await submit(world, uploadId=first)) == {("NOT_FOUND", "input.uploadId")}
    assert (await submit(world, uploadId=second))["errors"] == []
    assert codes(await submit(world, uploadId=second)) == {("NOT_FOUND", "input.uploadId")}
    kept = await world.sql.fetchval("SELECT content_sealed FROM department_upload WHERE id = $1", second)
    assert content not in kept
    await work_off(world)


async def test_nobody_else_gets_the_rows_that_led_nowhere(world: World) -> None:
    id = await delivered(world, [{"idNumber": a_number()}])
    for persona in set(PERSONAS) - {"department", "anonymous"}:
        answer = await world.client.get(f"/department-lists/{id}/rejected.csv", headers=world.headers(persona))
        assert answer.status_code == 404, persona
    assert (await world.client.get(f"/department-lists/{id}/rejected.csv")).status_code == 401


@pytest.mark.parametrize(
    "stand_still",
    [
        "BEFORE INSERT ON department_list_row FOR EACH ROW WHEN (NEW.number = 700)",
        "BEFORE INSERT ON clue FOR EACH ROW WHEN (NEW.sign = 'DISASTER')",
    ],
    ids=["while it reads", "while it matches"],
)
async def test_a_worker_killed_at_a_list_loses_nothing_and_doubles_nothing(world: World, stand_still: str) -> None:
    """kill -9 in the second transaction of many: what was committed stays, the next worker does the rest."""
    homes = [await a_family(world) for _ in range(2)]
    rows: list[Any] = [(str(n), "甲", a_number(), "") for n in range(1, 1201)]
    rows[3], rows[900] = ("4", "甲", homes[0][1], ""), ("901", "甲", homes[1][1], "")
    id = (await submit(world, kind="DISASTER", uploadId=await uploaded(world, sheet("csv", rows))))["departmentList"][
        "id"
    ]
    await world.sql.execute(
        "CREATE OR REPLACE FUNCTION stand_still() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_advisory_xact_lock(78); RETURN NEW; END $$"
    )
    table = stand_still.split(" ON ")[1].split()[0]
    await world.sql.execute(f"CREATE TRIGGER stand_still {stand_still} EXECUTE FUNCTION stand_still()")
    await world.sql.execute("SELECT pg_advisory_lock(78)")
    environment = {**os.environ, "RUHU_DATABASE_URL": str(world.settings.database_url), "RUHU_ENV": "demo"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "api.cli", "worker", cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
    )
    waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 78 AND NOT granted)"
    try:
        async with asyncio.timeout(60):
            while not await world.sql.fetchval(waits):  # noqa: ASYNC110 - another process answers it
                await asyncio.sleep(0.05)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    await world.sql.execute(f"DROP TRIGGER stand_still ON {table}")
    await world.sql.execute("SELECT pg_advisory_unlock(78)")
    await world.sql.execute("UPDATE jobs.pgqueuer SET heartbeat = now() - interval '1 minute'")  # instead of waiting

    await work_off(world)

    done = (await world.ask("department", LIST, {"id": id}))["departmentList"]
    assert done == {"rowCount": 1200, "task": {"state": "DONE", "total": 1200, "done": 1200, "failure": None}}
    assert await world.sql.fetch(
        "SELECT number FROM department_list_row WHERE list_id = $1 AND outcome = 'MATCHED_NEW_CLUE' ORDER BY 1", id
    ) == [(4,), (901,)]
    for home, _ in homes:
        [clue] = await clues(world, home)
        assert len(clue["witnesses"]) == 1
    assert await world.sql.fetchval("SELECT count(*) FROM department_upload") == 0
    assert len(await outcomes(world, id)) == 500


def test_the_page_names_every_column_that_is_known() -> None:
    page = (ROOT / "docs" / "department-lists.md").read_text(encoding="utf-8").lower()
    for names in HEADERS.values():
        plain = {name.replace("(元)", "") for name in names}
        assert [name for name in plain if name not in page] == []
