"""Hardship reported over HTTP without an account: what comes back, who sees it, and what becomes of it."""

from __future__ import annotations

import asyncio
import logging
import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from api.logging import as_json
from domain.base.chinese_ids import masked_id_number
from domain.hardship import rules
from domain.hardship.rules import ReportLimit
from tests.reporting import Clock, a_name, a_report, clues, looked, receipt, report, status, without_limits
from tests.schema.families_asked import OTHER_TOWNSHIP, VILLAGE, act, codes, new_family, person
from tests.sealed import opened
from tests.visiting import a_visit, ago, submit
from tests.world import PERSONAS, World

REPORTS = """query ($filter: HardshipReportFilter) { hardshipReports(filter: $filter, first: 500) { totalCount nodes {
  id region { code } receivedAt beganOn dueOn name idNumber phone isForSomebodyElse kind { code label } text matching
  settledAt settledBy { name } reason } } }"""
SETTLED = "report { id matching reason settledBy { name } } clue { id beganOn dueOn } errors { code path }"
MATCH = f"mutation ($input: MatchHardshipReportInput!) {{ matchHardshipReport(input: $input) {{ {SETTLED} }} }}"
DISMISS = f"mutation ($input: DismissHardshipReportInput!) {{ dismissHardshipReport(input: $input) {{ {SETTLED} }} }}"
VERIFY = "mutation ($input: VerifyClueInput!) { verifyClue(input: $input) { clue { state } errors { code path } } }"


@pytest.fixture(autouse=True)
def no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """They have tests of their own."""
    without_limits(monkeypatch)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


async def reports(world: World, persona: str, **asked: Any) -> list[Any]:
    nodes: list[Any] = (await world.ask(persona, REPORTS, {"filter": asked}))["hardshipReports"]["nodes"]
    return nodes


async def seen(world: World, persona: str, given: dict[str, Any]) -> Any:
    """The report as this persona sees it; None if not at all."""
    return next((one for one in await reports(world, persona) if one["id"] == given["id"]), None)


async def village_elsewhere(world: World) -> Any:
    """One of another township of the county."""
    villages = "SELECT code FROM region WHERE code LIKE $1 AND level = 'VILLAGE' AND valid_to IS NULL LIMIT 1"
    return await world.sql.fetchval(villages, f"{OTHER_TOWNSHIP}%")


# --- a family that is known


async def test_a_farmers_report_becomes_a_clue_and_is_followed_by_its_receipt_to_the_door(
    world: World, clock: Clock
) -> None:
    name = a_name()
    home = await new_family(world, person(name), person(a_name(), "SPOUSE", sex="FEMALE"))
    given, day = a_report(name, phone="13800000000"), clock.at.date()

    payload = await report(world, given)

    assert payload["errors"] == []
    assert payload["dueOn"] == str(day + timedelta(days=7))
    told = {"state": "RECEIVED", "reason": None, "objection": None}
    days = {"receivedOn": str(day), "dueOn": str(day + timedelta(days=7))}
    assert await status(world, payload["receiptCode"]) == told | days
    assert await clues(world, home) == [], "nobody who reports waits for what may be found"
    assert await looked(world, clock.at) == 1
    assert await status(world, payload["receiptCode"]) == told | days
    [clue] = await clues(world, home)
    assert (clue["sign"]["code"], clue["state"], clue["beganOn"]) == ("MEDICAL_EXPENSE", "NEW", str(day))
    [witness] = clue["witnesses"]
    assert (witness["source"], witness["recordedBy"]) == ("SELF_REPORT", None)
    assert witness["detail"] == {"isForSomebodyElse": False}, "what they said stays with the officers"
    assert (await seen(world, "village_officer", given))["matching"] == "MATCHED"

    secretary = await world.sql.fetchval("SELECT id FROM helper WHERE name = '林国强'")
    visit = await a_visit(
        world, home, companionIds=[str(secretary)], occurredAt=ago(seconds=1), capturedAt=ago(seconds=1)
    )
    await submit(world, "village_officer", [visit])
    clock.at += timedelta(days=1)
    assert (await status(world, payload["receiptCode"]))["state"] == "BEING_VERIFIED"
    done = await act(
        world,
        "township_officer",
        VERIFY,
        clueId=clue["id"],
        visitId=visit["id"],
        outcome="NOT_CONFIRMED",
        reason="医保已全部报销",
    )
    assert done["errors"] == []
    told = {"state": "NOT_CONFIRMED", "reason": "NOT_CONFIRMED_AT_DOOR", "objection": "TOWNSHIP"}
    assert await status(world, payload["receiptCode"]) == told | days


async def test_a_report_just_before_midnight_and_one_just_after_begin_on_two_days(world: World, clock: Clock) -> None:
    midnight = clock.at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    clock.at = midnight - timedelta(seconds=1)
    before = a_report()
    first = await receipt(world, before)
    assert (await status(world, first))["state"] == "RECEIVED"
    clock.at = midnight
    after = a_report()
    second = await receipt(world, after)

    assert [(await status(world, code))["state"] for code in (first, second)] == ["BEING_VERIFIED", "RECEIVED"]
    days = [await seen(world, "village_officer", given) for given in (before, after)]
    assert [day["beganOn"] for day in days] == [str(midnight.date() - timedelta(days=1)), str(midnight.date())]
    assert [day["dueOn"] for day in days] == [str(midnight.date() + timedelta(days=n)) for n in (6, 7)]


async def test_two_neighbours_and_the_family_itself_are_three_witnesses_of_one_clue(world: World) -> None:
    name = a_name()
    home = await new_family(world, person(name))
    told = [a_report(name, forSomebodyElse=is_other) for is_other in (True, True, False)]

    await asyncio.gather(*(receipt(world, given) for given in told))
    await looked(world)

    [clue] = await clues(world, home)
    assert len(clue["witnesses"]) == 3


async def test_an_identity_number_finds_the_family_in_the_next_village(world: World) -> None:
    there = "region_code LIKE '350125201%' AND region_code <> $1 AND household_id IS NOT NULL AND died_on IS NULL"
    found = (await opened(world.sql, "person", there, VILLAGE))[0]
    given = a_report(found["name"], idNumber=found["id_number"])
    await receipt(world, given)
    await looked(world)
    about = "SELECT c.household_id FROM clue c JOIN clue_witness w ON w.clue_id = c.id WHERE w.reference = $1"
    assert await world.sql.fetchval(about, given["id"]) == found["household_id"]
    kept = await seen(world, "village_officer", given)
    assert kept["idNumber"] == masked_id_number(found["id_number"]), "masked for everybody"


# --- what nobody can tell


async def test_the_answer_is_alike_whether_or_not_somebody_is_on_record(world: World, clock: Clock) -> None:
    name = a_name()
    await new_family(world, person(name))
    known, unknown = a_report(name), a_report()

    answers = [await report(world, given) for given in (known, unknown)]

    codes_given = [answer.pop("receiptCode") for answer in answers]
    assert answers[0] == answers[1]
    assert [len(code) for code in codes_given] == [19, 19]
    await looked(world, clock.at)
    for _ in range(10):  # to the end of the week and beyond, as long as nobody acts
        first, second = [await status(world, code) for code in codes_given]
        assert first == second
        clock.at += timedelta(days=1)
    matching = [(await seen(world, "village_officer", given))["matching"] for given in (known, unknown)]
    assert matching == ["MATCHED", "WAITING"]


async def test_a_known_and_an_unknown_name_are_the_same_work(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Statement by statement, and no family is read: so no clock can tell them apart."""
    name = a_name()
    await new_family(world, person(name))
    sent: list[list[str]] = []
    execute = AsyncSession.execute

    async def noted(self: AsyncSession, statement: Any, *rest: Any, **options: Any) -> Any:
        sent[-1].append(str(statement))
        return await execute(self, statement, *rest, **options)

    monkeypatch.setattr(AsyncSession, "execute", noted)
    for given in (a_report(name), a_report()):
        sent.append([])
        await receipt(world, given)

    known, unknown = sent
    assert known == unknown
    assert len(known) > 5, "the proof needs statements"
    assert not [statement for statement in known if "household" in statement or "person" in statement]


async def test_an_unknown_a_mistyped_and_an_expired_receipt_tell_nothing(world: World, clock: Clock) -> None:
    code = await receipt(world, a_report())
    wrong = code[:-1] + ("2" if code[-1] != "2" else "3")
    assert [await status(world, one) for one in ("", "no receipt", wrong, "2222-2222-2222-2222")] == [None] * 4
    assert await status(world, code.lower().replace("-", "")) is not None
    clock.at += timedelta(days=180)
    assert await status(world, code) is None


async def test_a_receipt_in_an_address_is_refused(world: World) -> None:
    code = await receipt(world, a_report())
    asked = {"query": f'{{ hardshipReport(receiptCode: "{code}") {{ state }} }}'}
    body = (await world.client.get("/graphql", params=asked, headers={"GraphQL-Preflight": "1"})).json()
    assert (body["data"], body["errors"][0]["extensions"]["code"]) == ({"hardshipReport": None}, "ASK_BY_POST")


async def test_the_receipt_is_nowhere_in_the_tables(world: World) -> None:
    given = a_report()
    code = await receipt(world, given)
    rows = await world.sql.fetch("SELECT r::text FROM hardship_report r UNION ALL SELECT a::text FROM audit_entry a")
    written = " ".join(row[0] for row in rows)
    assert given["text"] in written, "the proof needs rows"
    assert code not in written
    assert code.replace("-", "") not in written


async def test_logs_carry_neither_receipt_nor_what_was_said(world: World, caplog: pytest.LogCaptureFixture) -> None:
    given = a_report("秘密的姓名", text="秘密的困难", phone="13912345678", idNumber="11010519491231002X")
    with caplog.at_level(logging.DEBUG):
        code = await receipt(world, given)
        await status(world, code)
        await report(world, {**given, "text": "秘密的别事"})  # refused
        await report(world, a_report("秘密的姓名", villageCode="秘密的地方"))
    lines = [as_json.format(record) for record in caplog.records]
    assert any("answered" in line for line in lines)
    for secret in (code, code.replace("-", ""), "秘密", "13912345678", "11010519491231002X"):
        assert not [line for line in lines if secret in line]


# --- sent again


async def test_a_report_sent_again_gets_the_same_receipt_and_is_one_report(world: World, clock: Clock) -> None:
    name = a_name()
    home = await new_family(world, person(name))
    given = a_report(name)
    first = await report(world, given)
    clock.at += timedelta(days=2)
    assert await report(world, given) == first
    assert await report(world, {**given, "name": f" {name} "}) == first, "blanks are no content"
    await looked(world, clock.at)
    await looked(world, clock.at)
    [clue] = await clues(world, home)
    assert len(clue["witnesses"]) == 1


async def test_twenty_of_the_same_at_once_are_one_report(world: World) -> None:
    given = a_report()
    answers = await asyncio.gather(*(report(world, given) for _ in range(20)))
    assert all(answer == answers[0] and answer["errors"] == [] for answer in answers)
    assert await world.sql.fetchval("SELECT count(*) FROM hardship_report WHERE name = $1", given["name"]) == 1


async def test_the_same_id_with_other_content_is_refused(world: World) -> None:
    given = a_report()
    await receipt(world, given)
    for other in ({"text": "另一件事"}, {"villageCode": await village_elsewhere(world)}):
        payload = await report(world, given | other)
        assert (payload["receiptCode"], codes(payload)) == (None, {("OPERATION_REUSED", "input.id")})


# --- what is refused


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"id": "1"}, {("ID_INVALID", "input.id")}),
        ({"villageCode": "999999999999"}, {("REGION_UNKNOWN", "input.villageCode")}),
        ({"villageCode": ""}, {("REGION_UNKNOWN", "input.villageCode")}),
        ({"villageCode": "350125201"}, {("REGION_UNKNOWN", "input.villageCode")}),
        ({"villageCode": "350125201000"}, {("REGION_UNKNOWN", "input.villageCode")}),
        ({"name": "", "text": "", "kind": "WEALTH"}, {
            ("REQUIRED", "input.name"),
            ("REQUIRED", "input.text"),
            ("UNKNOWN_CODE", "input.kind"),
        }),
        ({"text": "a\u0000b"}, {("TEXT_UNREADABLE", "input.text")}),
        ({"idNumber": "110105194912310021"}, {("ID_NUMBER_CHECK_DIGIT", "input.idNumber")}),
    ],
)  # fmt: skip
async def test_all_that_is_wrong_is_said_at_once_and_nothing_is_kept(
    world: World, changed: dict[str, Any], refused: set[tuple[str, str]]
) -> None:
    before = await world.sql.fetchval("SELECT count(*) FROM hardship_report")
    payload = await report(world, a_report(**changed))
    assert (payload["receiptCode"], codes(payload)) == (None, refused)
    assert await world.sql.fetchval("SELECT count(*) FROM hardship_report") == before


@pytest.mark.parametrize("of", ["PER_ADDRESS", "PER_PHONE", "PER_VILLAGE"])
async def test_who_reports_too_much_is_told_when_to_come_again(
    world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    phone = f"139{uuid.uuid4().int % 10**8:08}"
    await world.sql.execute("UPDATE hardship_report SET received_at = received_at - interval '100 days'")
    monkeypatch.setattr(f"domain.hardship.queries.{of}", ReportLimit(2, timedelta(hours=1)))
    for _ in range(2):
        last = a_report(phone=phone)
        await receipt(world, last)
        clock.at += timedelta(minutes=10)

    refused = a_report(phone=phone)
    payload = await report(world, refused, language="en")

    [error] = payload["errors"]
    assert (error["__typename"], error["code"], payload["receiptCode"]) == ("TooMany", "TOO_MANY_REPORTS", None)
    assert error["retryAfterSeconds"] == 40 * 60
    assert "2400 seconds" in error["message"]
    assert (await report(world, last))["errors"] == [], "what was taken once is no new report"
    clock.at += timedelta(seconds=error["retryAfterSeconds"])
    assert (await report(world, refused))["errors"] == []


async def test_of_twenty_at_once_no_more_are_taken_than_the_limit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.hardship.queries.PER_PHONE", ReportLimit(3, timedelta(hours=1)))
    phone = f"137{uuid.uuid4().int % 10**8:08}"
    answers = await asyncio.gather(*(report(world, a_report(phone=phone)) for _ in range(12)))
    assert sum(answer["errors"] == [] for answer in answers) == 3


def test_the_limits_leave_room_for_a_village_behind_one_address() -> None:
    assert rules.PER_PHONE.count < rules.PER_ADDRESS.count < rules.PER_VILLAGE.count


# --- officers


async def test_officers_of_the_region_see_what_waits_and_nobody_else(world: World) -> None:
    given = a_report(phone="13800000001", forSomebodyElse=True)
    await receipt(world, given)
    see = {persona for persona in PERSONAS if await seen(world, persona, given) is not None}
    assert see == {"village_officer", "township_officer", "county_officer", "province_officer"}
    one = await seen(world, "township_officer", given)
    assert (one["region"], one["name"], one["phone"]) == ({"code": VILLAGE}, given["name"], "13800000001")
    assert (one["kind"]["code"], one["text"], one["isForSomebodyElse"]) == ("MEDICAL_EXPENSE", given["text"], True)
    assert (one["matching"], one["settledAt"], one["reason"]) == ("WAITING", None, None)
    waiting = await reports(world, "village_officer", region=VILLAGE, matching=["WAITING"])
    assert given["id"] in {one["id"] for one in waiting}
    assert await reports(world, "village_officer", region=OTHER_TOWNSHIP) == []


async def test_a_report_of_another_township_is_not_there_for_these_officers(world: World) -> None:
    given = a_report(villageCode=await village_elsewhere(world))
    await receipt(world, given)
    assert [await seen(world, persona, given) for persona in ("village_officer", "township_officer")] == [None, None]
    assert await seen(world, "county_officer", given) is not None
    home = await new_family(world, person(a_name()))
    payload = await act(world, "township_officer", MATCH, reportId=given["id"], householdId=home)
    assert codes(payload) == {("NOT_FOUND", "input.reportId")}


async def test_the_second_wall_shows_reports_by_region_alone(world: World) -> None:
    """Raw SQL as the app role, without anything of the program in front of it."""
    given = a_report()
    await receipt(world, given)
    count = "SELECT count(*) FROM hardship_report WHERE id = $1"
    for region, rows in (("350125201", 1), (OTHER_TOWNSHIP, 0), ("", 0)):
        async with world.sql.transaction():
            await world.sql.execute("SET LOCAL ROLE ruhu_app")
            settings = [region, f"{region}:" if region else ""]
            await world.sql.execute(
                "SELECT set_config('ruhu.region_from', $1, true), set_config('ruhu.region_to', $2, true),"
                " set_config('ruhu.met_spans', $1, true)",
                *settings,
            )
            assert await world.sql.fetchval(count, uuid.UUID(given["id"])) == rows


async def test_an_officer_says_which_family_it_is_and_the_clock_began_with_the_report(
    world: World, clock: Clock
) -> None:
    home = await new_family(world, person(a_name()))
    given, day = a_report(), clock.at.date()  # by the name that neighbours call her
    code = await receipt(world, given)
    clock.at += timedelta(days=3)
    operation = {"operationId": str(uuid.uuid4()), "reportId": given["id"], "householdId": home}

    payload = (await world.ask("village_officer", MATCH, {"input": operation}))["matchHardshipReport"]

    assert payload["errors"] == []
    assert payload["report"]["matching"] == "MATCHED"
    assert payload["report"]["settledBy"] is not None
    assert (payload["clue"]["beganOn"], payload["clue"]["dueOn"]) == (str(day), str(day + timedelta(days=7)))
    assert (await world.ask("village_officer", MATCH, {"input": operation}))["matchHardshipReport"] == payload
    assert (await status(world, code))["state"] == "BEING_VERIFIED"
    again = await act(world, "township_officer", MATCH, reportId=given["id"], householdId=home)
    assert codes(again) == {("REPORT_ALREADY_SETTLED", "input.reportId")}


async def test_a_clue_that_came_meanwhile_begins_when_the_report_did(world: World, clock: Clock) -> None:
    name = a_name()
    home = await new_family(world, person(name))
    early, day = a_report(), clock.at.date()
    if (clock.at + timedelta(days=2)).month != clock.at.month:  # one clue per month
        clock.at, day = clock.at + timedelta(days=3), day + timedelta(days=3)
    await receipt(world, early)
    clock.at += timedelta(days=2)
    await receipt(world, a_report(name))
    await looked(world, clock.at)
    assert [clue["beganOn"] for clue in await clues(world, home)] == [str(day + timedelta(days=2))]

    payload = await act(world, "village_officer", MATCH, reportId=early["id"], householdId=home)

    assert payload["errors"] == []
    [clue] = await clues(world, home)
    assert (clue["id"], clue["beganOn"], clue["dueOn"]) == (
        payload["clue"]["id"],
        str(day),
        str(day + timedelta(days=7)),
    )
    assert len(clue["witnesses"]) == 2


async def test_an_officer_lays_a_report_aside_and_its_receipt_says_why(world: World, clock: Clock) -> None:
    given = a_report()
    code = await receipt(world, given)
    payload = await act(world, "township_officer", DISMISS, reportId=given["id"], reason="UNKNOWN_HERE")
    assert (payload["errors"], payload["report"]["matching"], payload["clue"]) == ([], "DISMISSED", None)
    assert (await status(world, code))["state"] == "RECEIVED"
    clock.at += timedelta(days=1)
    told = await status(world, code)
    assert (told["state"], told["reason"], told["objection"]) == ("CLOSED", "UNKNOWN_HERE", "TOWNSHIP")


@pytest.mark.parametrize("persona", ["cadre", "auditor", "administrator", "integrator", "hotline_operator"])
async def test_who_is_no_officer_settles_nothing(world: World, persona: str) -> None:
    given = a_report()
    await receipt(world, given)
    payload = await act(world, persona, DISMISS, reportId=given["id"], reason="DUPLICATE")
    assert codes(payload) == {("FORBIDDEN_ROLE", "input")}
    anonymous = await act(world, "anonymous", DISMISS, reportId=given["id"], reason="DUPLICATE")
    assert codes(anonymous) == {("SIGN_IN_REQUIRED", "input")}


async def test_a_report_is_matched_with_a_family_of_the_officers_region_that_has_not_ended(world: World) -> None:
    given = a_report()
    await receipt(world, given)
    elsewhere = await world.sql.fetchval("SELECT id FROM household WHERE region_code NOT LIKE '350125%' LIMIT 1")
    for household in (str(elsewhere), str(uuid.uuid4())):
        payload = await act(world, "village_officer", MATCH, reportId=given["id"], householdId=household)
        assert codes(payload) == {("NOT_FOUND", "input.householdId")}
    assert (await seen(world, "village_officer", given))["matching"] == "WAITING"


async def test_what_was_done_is_in_the_trace_without_a_name(world: World) -> None:
    given = a_report()
    await receipt(world, given)
    await act(world, "village_officer", DISMISS, reportId=given["id"], reason="DUPLICATE")
    rows = await world.sql.fetch(
        "SELECT action, actor_id, detail::text FROM audit_entry WHERE subject_id = $1 ORDER BY id",
        uuid.UUID(given["id"]),
    )
    assert [row["action"] for row in rows] == ["report_hardship", "dismiss_hardship_report"]
    assert [row["actor_id"] is None for row in rows] == [True, False]
    assert not any(given["name"] in row["detail"] for row in rows)
