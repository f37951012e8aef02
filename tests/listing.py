"""Delivering lists over HTTP, as departments do it, and the worker that matches them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from api import worker
from domain.access.rules import CHINA
from domain.base.chinese_ids import made_up_id_number
from tests.schema.families_asked import act
from tests.world import World

SUBMIT = """mutation ($input: SubmitDepartmentListInput!) { submitDepartmentList(input: $input) {
  departmentList { id organisation { name } region { code } kind { code } period rowCount task { state total done } }
  errors { code message path } } }"""
LIST = "query ($id: ID!) { departmentList(id: $id) { rowCount task { state total done failure } } }"
ROWS = """query ($id: ID!) { departmentListRows(filter: { listId: $id }, first: 500) { totalCount nodes {
  number name idNumber amount outcome reason list { id } } } }"""
COUNTY = "350125"
_serials = count(1)


def this_month() -> str:
    return f"{datetime.now(CHINA):%Y-%m}"


def a_number() -> str:
    """An identity number that nobody has yet."""
    serial = next(_serials)
    return made_up_id_number(900 + serial // 999, date(1980, 5, 1), serial % 999 + 1)


async def submit(world: World, rows: Sequence[dict[str, Any]] | None = None, **given: Any) -> Any:
    usual = {"kind": "MEDICAL_EXPENSE", "period": this_month(), "regionCode": COUNTY}
    persona = given.pop("persona", "department")
    sent = {} if rows is None else {"rows": list(rows)}
    return await act(world, persona, SUBMIT, **usual | sent | given)


async def delivered(world: World, rows: Sequence[dict[str, Any]] | None = None, **given: Any) -> str:
    """The id of a list that was taken and matched."""
    payload = await submit(world, rows, **given)
    assert payload["errors"] == []
    await work_off(world)
    id: str = payload["departmentList"]["id"]
    return id


async def work_off(world: World) -> None:
    async with worker.working(world.settings, lambda: datetime.now(UTC)) as work, asyncio.timeout(120):
        await worker.work_off(world.settings, work, until_empty=True)


async def rows_of(world: World, id: str, persona: str = "department") -> list[Any]:
    nodes: list[Any] = (await world.ask(persona, ROWS, {"id": id}))["departmentListRows"]["nodes"]
    return nodes


async def outcomes(world: World, id: str, persona: str = "department") -> list[str]:
    return [row["outcome"] for row in await rows_of(world, id, persona)]


async def upload(world: World, content: bytes, persona: str = "department") -> Any:
    return await world.client.post("/department-lists/files", content=content, headers=world.headers(persona))


async def uploaded(world: World, content: bytes) -> str:
    answer = await upload(world, content)
    assert answer.status_code == 201, answer.text
    id: str = answer.json()["uploadId"]
    return id


def operation() -> str:
    return str(uuid.uuid4())
