"""Calls to the hotline: entered for somebody, a clue like a report, and the operator sees receipts and states alone."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from domain.hardship.rules import ReportLimit
from tests.reporting import Clock, a_name, a_report, call, clues, looked, receipt, report, status, without_limits
from tests.schema.families_asked import act, codes, new_family, person
from tests.world import PERSONAS, World

CALLS = "{ hotlineCalls { id receiptCode receivedAt status { state reason receivedOn dueOn objection } } }"
REPORTS = "{ hardshipReports(first: 500) { nodes { id source enteredBy { name } matching } } }"
DISMISS = """mutation ($input: DismissHardshipReportInput!) { dismissHardshipReport(input: $input) {
  report { id } clue { id } errors { code path } } }"""


@pytest.fixture(autouse=True)
def no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    without_limits(monkeypatch)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


async def my_calls(world: World, persona: str = "hotline_operator") -> dict[str, Any]:
    return {one["id"]: one for one in (await world.ask(persona, CALLS))["hotlineCalls"]}


async def test_a_call_becomes_a_clue_whose_witness_is_the_hotline(world: World) -> None:
    name = a_name()
    home = await new_family(world, person(name))
    given = a_report(name, forSomebodyElse=True)

    payload = await call(world, given)

    assert payload["errors"] == []
    assert await status(world, payload["receiptCode"]) is not None, "the caller asks with it as farmers do"
    assert await looked(world) == 1
    [clue] = await clues(world, home)
    [witness] = clue["witnesses"]
    assert (witness["source"], witness["detail"]) == ("HOTLINE", {"isForSomebodyElse": True})
    reports = (await world.ask("village_officer", REPORTS))["hardshipReports"]["nodes"]
    [kept] = [one for one in reports if one["id"] == given["id"]]
    assert (kept["source"], kept["enteredBy"]["name"], kept["matching"]) == ("HOTLINE", "吴晓燕", "MATCHED")


async def test_a_call_and_the_familys_own_report_are_two_witnesses_of_one_clue(world: World) -> None:
    name = a_name()
    home = await new_family(world, person(name))
    await call(world, a_report(name))
    await receipt(world, a_report(name))
    assert await looked(world) == 2
    [clue] = await clues(world, home)
    assert {witness["source"] for witness in clue["witnesses"]} == {"HOTLINE", "SELF_REPORT"}


async def test_a_call_entered_again_is_one_call_with_one_receipt(world: World, clock: Clock) -> None:
    given = a_report()
    first = await call(world, given)
    clock.at += timedelta(days=1)
    assert await call(world, given) == first
    assert codes(await call(world, {**given, "text": "另一件事"})) == {("OPERATION_REUSED", "input.id")}
    assert await world.sql.fetchval("SELECT count(*) FROM hardship_report WHERE name = $1", given["name"]) == 1


async def test_whoever_knows_the_id_of_a_call_gets_no_receipt_by_it(world: World) -> None:
    for first, second in ((call, report), (report, call)):
        given = a_report()
        assert (await first(world, given))["errors"] == []
        payload = await second(world, given)
        assert (payload["receiptCode"], codes(payload)) == (None, {("OPERATION_REUSED", "input.id")})


async def test_what_is_wrong_is_said_as_for_a_report(world: World) -> None:
    payload = await call(world, a_report("", villageCode="350125201", kind="WEALTH"))
    assert codes(payload) == {("REGION_UNKNOWN", "input.villageCode")}
    payload = await call(world, a_report("", kind="WEALTH"))
    assert codes(payload) == {("REQUIRED", "input.name"), ("UNKNOWN_CODE", "input.kind")}
    assert codes(await call(world, a_report(id="1"))) == {("ID_INVALID", "input.id")}


async def test_operators_enter_calls_and_nobody_else(world: World) -> None:
    for persona in set(PERSONAS) - {"hotline_operator", "anonymous"}:
        payload = await call(world, a_report(), persona)
        assert (payload["receiptCode"], codes(payload)) == (None, {("FORBIDDEN_ROLE", "input")}), persona
    assert codes(await call(world, a_report(), "anonymous")) == {("SIGN_IN_REQUIRED", "input")}


async def test_the_operator_sees_receipts_and_states_of_their_own_calls(world: World, clock: Clock) -> None:
    given, own_report = a_report(), a_report()
    code = (await call(world, given))["receiptCode"]
    await report(world, own_report, "hotline_operator")
    mine = await my_calls(world)
    assert (mine[given["id"]]["receiptCode"], mine[given["id"]]["status"]["state"]) == (code, "RECEIVED")
    assert own_report["id"] not in mine, "what they report as a neighbour is no call"
    times = [one["receivedAt"] for one in mine.values()]
    assert times == sorted(times, reverse=True)

    await act(world, "township_officer", DISMISS, reportId=given["id"], reason="UNKNOWN_HERE")
    clock.at += timedelta(days=1)
    told = (await my_calls(world))[given["id"]]["status"]
    assert told == await status(world, code)
    assert (told["state"], told["reason"], told["objection"]) == ("CLOSED", "UNKNOWN_HERE", "TOWNSHIP")
    clock.at += timedelta(days=180)
    assert given["id"] not in await my_calls(world)


async def test_nobody_sees_anothers_calls(world: World) -> None:
    assert (await call(world, a_report()))["errors"] == []
    for persona in set(PERSONAS) - {"hotline_operator", "anonymous"}:
        assert await my_calls(world, persona) == {}, persona
    [error] = (await world.post("anonymous", CALLS))["errors"]
    assert error["extensions"]["code"] == "SIGN_IN_REQUIRED"


async def test_the_second_wall_tells_calls_to_whoever_entered_them(world: World) -> None:
    """Raw SQL as the app role, without anything of the program in front of it."""
    given = a_report()
    await call(world, given)
    operator = await world.sql.fetchval(
        "SELECT entered_by_id FROM hardship_report WHERE id = $1", uuid.UUID(given["id"])
    )
    for viewer, rows in ((operator, 1), (uuid.uuid4(), 0), ("", 0)):
        async with world.sql.transaction():
            await world.sql.execute("SET LOCAL ROLE ruhu_app")
            await world.sql.execute("SELECT set_config('ruhu.viewer_id', $1, true)", str(viewer))
            calls = "SELECT count(*) FROM ruhu_hotline_calls(now() - interval '1 day', 1000) WHERE id = $1"
            assert await world.sql.fetchval(calls, uuid.UUID(given["id"])) == rows
            assert await world.sql.fetchval("SELECT count(*) FROM hardship_report") == 0


async def test_calls_are_never_too_many_and_use_up_nobodys_reports(
    world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = f"139{uuid.uuid4().int % 10**8:08}"
    for limit in ("PER_ADDRESS", "PER_PHONE", "PER_VILLAGE"):
        monkeypatch.setattr(f"domain.hardship.queries.{limit}", ReportLimit(1, timedelta(hours=1)))
    await world.sql.execute("UPDATE hardship_report SET received_at = received_at - interval '100 days'")
    answers = [await call(world, a_report(phone=phone)) for _ in range(3)]
    assert [answer["errors"] for answer in answers] == [[], [], []]
    assert (await report(world, a_report(phone=phone)))["errors"] == []
    assert codes(await report(world, a_report(phone=phone))) == {("TOO_MANY_REPORTS", "input")}
