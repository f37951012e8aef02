"""Reporting hardship over HTTP, as farmers, neighbours and the hotline do it, and the worker that looks for their families."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api import worker
from domain.access.rules import CHINA
from domain.hardship.rules import ReportLimit
from tests.schema.families_asked import VILLAGE
from tests.world import World

TOLD = "receiptCode dueOn expiresAt errors { __typename code path message ... on TooMany { retryAfterSeconds } }"
REPORT = f"mutation ($input: ReportHardshipInput!) {{ reportHardship(input: $input) {{ {TOLD} }} }}"
CALL = f"mutation ($input: EnterHotlineCallInput!) {{ enterHotlineCall(input: $input) {{ {TOLD} }} }}"
STATUS = """query ($code: String!) { hardshipReport(receiptCode: $code) {
  state reason receivedOn dueOn objection } }"""
CLUES = """query ($id: ID!) { clues(filter: { householdId: $id }) { nodes { id sign { code } state beganOn dueOn
  witnesses { source receivedAt recordedBy { name } detail } } } }"""


class Clock:
    """The transport's clock, stopped."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = datetime.now(CHINA)
        monkeypatch.setattr("api.graphql_http.datetime", self)

    def now(self, zone: Any = None) -> datetime:
        return self.at.astimezone(zone)


def without_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """All tests report from one address."""
    for limit in ("PER_ADDRESS", "PER_PHONE", "PER_VILLAGE"):
        monkeypatch.setattr(f"domain.hardship.queries.{limit}", ReportLimit(10_000, timedelta(hours=1)))


def a_name() -> str:
    return "鄢" + uuid.uuid4().hex[:8]


def a_report(name: str | None = None, **changed: Any) -> dict[str, Any]:
    usual = {"villageCode": VILLAGE, "forSomebodyElse": False, "kind": "MEDICAL_EXPENSE", "text": "住院花了很多钱"}
    return {"id": str(uuid.uuid4()), "name": a_name() if name is None else name, **usual, **changed}


async def report(world: World, given: dict[str, Any], persona: str = "anonymous", language: str = "zh-CN") -> Any:
    return (await world.ask(persona, REPORT, {"input": given}, language))["reportHardship"]


async def call(world: World, given: dict[str, Any], persona: str = "hotline_operator") -> Any:
    return (await world.ask(persona, CALL, {"input": given}))["enterHotlineCall"]


async def receipt(world: World, given: dict[str, Any]) -> str:
    payload = await report(world, given)
    assert payload["errors"] == []
    code: str = payload["receiptCode"]
    return code


async def status(world: World, code: str) -> Any:
    return (await world.ask("anonymous", STATUS, {"code": code}))["hardshipReport"]


async def clues(world: World, household: str) -> list[Any]:
    nodes: list[Any] = (await world.ask("village_officer", CLUES, {"id": household}))["clues"]["nodes"]
    return nodes


async def looked(world: World, at: datetime | None = None) -> int:
    """The worker does what it was asked to: how many families it found."""
    found = "SELECT count(*) FROM hardship_report WHERE matching = 'MATCHED'"
    before = await world.sql.fetchval(found)
    async with worker.working(world.settings, lambda: at or datetime.now(UTC)) as work, asyncio.timeout(60):
        await worker.work_off(world.settings, work, until_empty=True)
    return int(await world.sql.fetchval(found) - before)
