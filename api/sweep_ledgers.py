"""The ledger of a sweep as a file (排查台账): `GET /sweeps/{id}/ledger.xlsx`, or `.csv`.

Every page of it is the GraphQL operation below, asked as the viewer: the file shows what `sweep { ledger }` shows, with
the same masks, and its reads note themselves in the trace. `region` and `outcome` (once or more) stand in the address.
"""

from __future__ import annotations

from asyncio import sleep
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from api.department_lists import XLSX
from api.graphql_http import STATUS, context_of
from api.sheets import Cell, Line, Writer, as_csv, as_xlsx
from api.signed_in import signed_in
from domain.access.rules import CHINA, Actor
from domain.base.errors import not_visible

WRITERS: Final[Mapping[str, tuple[Writer, str]]] = {"xlsx": (as_xlsx, XLSX), "csv": (as_csv, "text/csv; charset=utf-8")}
WORDS: Final = "query LedgerWords { codeLists { name terms { code label } } rosters { code name } }"
LEDGER: Final = """
query LedgerFile($id: ID!, $region: RegionCode, $outcomes: [SweepOutcome!], $after: String) {
  sweep(id: $id) { ledger(region: $region, outcomes: $outcomes, first: 200, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes {
      region { code name } groups isUnlocated outcome exclusionReason { label } exclusionNote
      household { code memberCount head { name } category { label }
        income { perCapitaNet perCapitaNetWithoutTransfers rigidExpense unknownMonths } }
      visit { occurredAt helper { name } recordedBy { name } }
      clues { sign { label } state dueOn } } } } }
"""
OUTCOMES: Final = {"WAITING": "待排查", "NOTHING_FOUND": "未发现问题", "FOUND": "发现线索", "EXCLUDED": "已排除"}
STATES: Final = {"NEW": "待核实", "VERIFIED": "属实", "DISMISSED": "不属实", "CLOSED": "已关闭"}
HEADER: Final = (
    *("行政村", "行政村代码", "户编号", "户主", "家庭人口", "户类型", "所属群体", "位置不明"),
    *("排查结果", "走访日期", "走访人", "人均纯收入(元)", "不含转移性收入(元)", "刚性支出(元)", "收入未知月数"),
    *("线索", "核实期限", "排除原因", "排除说明"),
)


def documents() -> tuple[str, ...]:
    """The operations that a file is made of, for the engine to have ready."""
    return WORDS, LEDGER


@dataclass
class Refusal(Exception):
    """The read engine's own refusal, before anything was sent."""

    body: bytes
    status: int


async def _ledger(request: Request, actor: Actor, *, kind: str) -> Response:
    write, media_type = WRITERS[kind]
    actor = replace(actor, viewer=replace(actor.viewer, language="zh"))  # the file goes to people, who read Chinese
    given = {
        "id": str(request.path_params["id"]),
        "region": request.query_params.get("region"),
        "outcomes": request.query_params.getlist("outcome") or None,
    }
    try:
        words = await _asked(request, actor, WORDS, {})
        first = await _asked(request, actor, LEDGER, given)
    except Refusal as refusal:
        return Response(refusal.body, refusal.status, media_type="application/json")
    if first["sweep"] is None:
        raise not_visible("id")
    headers = {"Content-Disposition": f'attachment; filename="ledger.{kind}"', "Cache-Control": "no-store"}
    pages = _pages(request, actor, given, first, _groups(words))
    return StreamingResponse(write(HEADER, pages), 200, headers, media_type)


async def _pages(
    request: Request, actor: Actor, given: Mapping[str, Any], found: Any, groups: Mapping[str, str]
) -> AsyncIterator[Sequence[Line]]:
    """The lines, a page at a time: the next is asked for when the last one has been sent."""
    while True:
        ledger = found["sweep"]["ledger"]
        yield [_line(entry, groups) for entry in ledger["nodes"]]
        if not ledger["pageInfo"]["hasNextPage"]:
            return
        found = await _asked(request, actor, LEDGER, {**given, "after": ledger["pageInfo"]["endCursor"]}, waits=True)


async def _asked(
    request: Request, actor: Actor, document: str, given: Mapping[str, Any], *, waits: bool = False
) -> Any:
    """The data. It is charged to the viewer's budget like any operation; a file that is being sent waits for more."""
    state = request.state
    while True:
        bill = state.budgets.bill(actor.viewer, None)
        answer = await state.engine.execute(
            document, given, viewer=actor.viewer, context=context_of(request, actor), charge=bill
        )
        told = orjson.loads(answer.body)
        if not (errors := told.get("errors")):
            return told["data"]
        extensions = errors[0].get("extensions", {})
        if not waits or extensions.get("code") != "BUDGET_SPENT":
            raise Refusal(orjson.dumps({"errors": errors}), STATUS.get(extensions.get("code"), 400))
        await sleep(extensions["retryAfterSeconds"])


def _groups(words: Any) -> dict[str, str]:
    """What groups are called: edge groups, and rosters."""
    terms = [term for one in words["codeLists"] if one["name"] == "edge_group" for term in one["terms"]]
    return {roster["code"]: roster["name"] for roster in words["rosters"]} | {
        term["code"]: term["label"] for term in terms
    }


def _line(entry: Any, groups: Mapping[str, str]) -> Line:
    household, visit, income = entry["household"], entry["visit"], entry["household"]["income"] or {}
    who = visit and (visit["helper"] or visit["recordedBy"])
    clues = entry["clues"]
    months = income.get("unknownMonths")
    return (
        entry["region"]["name"],
        entry["region"]["code"],
        household["code"],
        (household["head"] or {}).get("name"),
        household["memberCount"],
        household["category"]["label"],
        "、".join(groups.get(code, code) for code in entry["groups"] or ()),
        "是" if entry["isUnlocated"] else "",
        OUTCOMES[entry["outcome"]],
        visit and datetime.fromisoformat(visit["occurredAt"]).astimezone(CHINA).date().isoformat(),
        who and who["name"],
        _yuan(income.get("perCapitaNet")),
        _yuan(income.get("perCapitaNetWithoutTransfers")),
        _yuan(income.get("rigidExpense")),
        None if months is None else len(months),
        "；".join(f"{clue['sign']['label']}（{STATES[clue['state']]}）" for clue in clues),
        min((clue["dueOn"] for clue in clues if clue["state"] == "NEW"), default=None),
        (entry["exclusionReason"] or {}).get("label"),
        entry["exclusionNote"],
    )


def _yuan(amount: str | None) -> Cell:
    return None if amount is None else Decimal(amount)


routes: Final = [
    Route(f"/sweeps/{{id:uuid}}/ledger.{kind}", signed_in(partial(_ledger, kind=kind))) for kind in WRITERS
]
