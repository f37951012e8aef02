"""Sweeps over HTTP: who opens them, whom they are for, how far they are, and what they find."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from api import worker
from domain.access.rules import CHINA
from domain.sweeps.looking import raise_clues_of_sweeps
from tests.schema.families_asked import VILLAGE, act, codes, new_family, person
from tests.sweeping import EXCLUDE, OPEN, TELL, TOWNSHIP, call, coverage, gathered, ledger, new_id, opened, work_off
from tests.visiting import ago
from tests.world import World


def today() -> datetime:
    return datetime.now(CHINA)


def year(number: int) -> str:
    """A period of its own for each test: there is one sweep for a region and period."""
    return f"20{number}-H1"


async def this_week(world: World, number: int, persona: str = "township_officer", **given: Any) -> str:
    """A half-yearly sweep over these days, named after a year of its own."""
    span = {"fromOn": str(today().date() - timedelta(days=3)), "untilOn": str(today().date() + timedelta(days=3))}
    usual = {"kind": "HALF_YEARLY", "region": TOWNSHIP, "period": year(number)} | span
    return await gathered(world, await opened(world, persona, **(usual | given)))


async def test_a_sweep_is_opened_once_and_its_households_are_written_down_by_the_worker(world: World) -> None:
    home = await new_family(world, person("鄢一"))
    given = {"operationId": new_id(), "kind": "MONTHLY", "region": TOWNSHIP, "period": "2026-02"}
    first = await opened(world, "township_officer", **given)
    assert first["errors"] == []
    assert (first["sweep"]["fromOn"], first["sweep"]["untilOn"]) == ("2026-02-01", "2026-02-28")
    assert (first["sweep"]["gatheredAt"], first["task"]) == (None, {"state": "WAITING", "total": None})
    sweep_id = await gathered(world, first)

    again = await opened(world, "township_officer", **given)
    alive = "SELECT count(*) FROM household WHERE region_code LIKE '350125201%' AND ended_on IS NULL"
    count = await world.sql.fetchval(alive)
    assert (again["sweep"]["id"], again["task"]) == (sweep_id, {"state": "DONE", "total": count})
    assert home in (lines := await ledger(world, sweep_id))
    assert len(lines) == count
    assert codes(await opened(world, "township_officer", **given | {"operationId": new_id()})) == {
        ("SWEEP_ALREADY_OPEN", "input.period")
    }
    assert codes(await opened(world, "township_officer", **given | {"period": "2026-03"})) == {
        ("OPERATION_REUSED", "input")
    }
    trace = await world.sql.fetch("SELECT action FROM audit_entry WHERE subject_id = $1", uuid.UUID(sweep_id))
    assert [row["action"] for row in trace] == ["open_sweep"]


async def test_who_may_open_a_sweep_and_where(world: World) -> None:
    given = {"kind": "MONTHLY", "region": TOWNSHIP, "period": "2026-05"}
    for persona in ("village_officer", "province_officer", "integrator"):
        region = VILLAGE if persona == "village_officer" else TOWNSHIP
        assert codes(await opened(world, persona, **given | {"region": region})) == {("FORBIDDEN_ROLE", "input")}, (
            persona
        )
    for persona in ("other_county_officer", "cadre", "partner", "hotline_operator", "auditor"):
        assert codes(await opened(world, persona, **given)) == {("NOT_FOUND", "input.region")}, persona
    assert codes(await opened(world, "anonymous", **given)) == {("SIGN_IN_REQUIRED", "input")}
    assert codes(await opened(world, "township_officer", **given | {"region": "350125"})) == {
        ("NOT_FOUND", "input.region")
    }


async def test_what_is_wrong_with_a_sweep(world: World) -> None:
    given = {"kind": "QUARTERLY", "region": TOWNSHIP, "period": "2026-Q1"}
    wrong = {"groups": ["NOBODY"], "fromOn": "2026-03-01", "untilOn": "2026-02-01"}
    assert codes(await opened(world, "township_officer", **given | wrong)) == {
        ("UNKNOWN_CODE", "input.groups.0"),
        ("END_BEFORE_START", "input.untilOn"),
    }
    for kind, period in (
        ("QUARTERLY", "2026-01"),
        ("MONTHLY", "2026-Q1"),
        ("HALF_YEARLY", "一"),
        ("DISASTER", "2026-01"),
    ):
        refused = await opened(world, "township_officer", **given | {"kind": kind, "period": period})
        assert codes(refused) == {("PERIOD_INVALID", "input.period")}, period
    long = await opened(world, "township_officer", **given | {"fromOn": "2025-01-01"})
    assert codes(long) == {("SWEEP_TOO_LONG", "input.untilOn")}
    many = await opened(world, "township_officer", **given | {"groups": ["DISABILITY"] * 51})
    assert codes(many) == {("TOO_MANY", "input.groups")}


async def test_groups_are_found_by_what_is_on_record_and_by_rosters(world: World) -> None:
    ill = await new_family(world, person("鄢病", health=["CHRONIC_ILLNESS"]))
    disabled = await new_family(world, person("鄢残", health=["DISABLED", "SERIOUS_ILLNESS"]))
    struck, well, soldier = [await new_family(world, person(name)) for name in ("鄢灾", "鄢安", "鄢军")]
    await call(world, struck, "DISASTER")
    roster = await world.sql.fetchval(
        "INSERT INTO roster (id, code, name_zh, name_en, region_code, started_on)"
        " VALUES ($1, 'MARTYR_OR_MILITARY_FAMILY:350125201', '军烈属', 'Soldiers', $2, '2020-01-01') RETURNING id",
        *(uuid.uuid4(), TOWNSHIP),
    )
    await world.sql.execute(
        "INSERT INTO roster_entry (roster_id, household_id, region_code, started_on) VALUES ($1, $2, $3, '2020-01-01')",
        *(roster, uuid.UUID(soldier), VILLAGE),
    )
    groups = ["SERIOUS_OR_CHRONIC_ILLNESS", "DISABILITY", "DISASTER_STRICKEN", "MARTYR_OR_MILITARY_FAMILY"]
    lines = await ledger(world, await this_week(world, 27, groups=groups))
    assert lines[ill]["groups"] == ["SERIOUS_OR_CHRONIC_ILLNESS"]
    assert lines[disabled]["groups"] == ["DISABILITY", "SERIOUS_OR_CHRONIC_ILLNESS"]
    assert lines[struck]["groups"] == ["DISASTER_STRICKEN"]
    assert lines[soldier]["groups"] == ["MARTYR_OR_MILITARY_FAMILY"]
    assert well not in lines
    listed = await ledger(world, await this_week(world, 28, groups=["MARTYR_OR_MILITARY_FAMILY:350125201"]))
    assert {home: line["groups"] for home, line in listed.items()} == {soldier: ["MARTYR_OR_MILITARY_FAMILY:350125201"]}


async def test_only_a_complete_call_at_the_door_for_this_purpose_and_in_these_days_counts(world: World) -> None:
    names = ("全", "没人", "电话", "别的", "早", "半")
    good, nobody, phone, other, early, short = [await new_family(world, person(f"鄢{name}")) for name in names]
    sweep_id = await this_week(world, 29)
    visit = await call(world, good)
    await call(world, nobody, contact="NOBODY_HOME", answers={})
    await call(world, phone, contact="REMOTE")
    await call(world, short, answers={"adultsMet": 1})
    await call(world, other, purpose="MONTHLY")
    await call(world, early, occurredAt=ago(days=5), capturedAt=ago(days=5))
    lines = await ledger(world, sweep_id)
    assert (lines[good]["outcome"], lines[good]["visit"]) == ("NOTHING_FOUND", {"id": visit})
    for home in (nobody, phone, other, early, short):
        assert (lines[home]["outcome"], lines[home]["visit"]) == ("WAITING", None)
    waiting = await ledger(world, sweep_id, outcomes=["WAITING"])
    assert {nobody, phone, other, early, short} <= set(waiting)
    assert good not in waiting


async def test_coverage_as_of_any_day_per_village(world: World) -> None:
    homes = [await new_family(world, person(f"鄢{place}")) for place in "甲乙丙"]
    sweep_id = await this_week(world, 30)
    yesterday = str(today().date() - timedelta(days=1))
    first, earlier = await coverage(world, sweep_id), await coverage(world, sweep_id, as_of=yesterday)
    (old,) = [row for row in first["villages"] if row["region"]["code"] == VILLAGE]
    await call(world, homes[0], occurredAt=ago(days=1), capturedAt=ago(days=1))
    await call(world, homes[1])
    left_out = {"sweepId": sweep_id, "householdIds": [homes[2]], "reason": "EMPTY_HOUSE"}
    assert (await act(world, "village_officer", EXCLUDE, **left_out))["errors"] == []
    now = await coverage(world, sweep_id)
    (village,) = [row for row in now["villages"] if row["region"]["code"] == VILLAGE]
    assert (village["visited"] - old["visited"], village["excluded"], village["found"]) == (2, 1, old["found"])
    whole, part = divmod(village["visited"] * 10000 // village["households"], 100)
    assert village["percent"] == f"{whole}.{part:02}"
    total = {name: sum(row[name] for row in now["villages"]) for name in ("households", "visited", "excluded")}
    assert total == {name: now["coverage"][name] for name in total}
    before = await coverage(world, sweep_id, as_of=yesterday)
    assert (before["coverage"]["visited"] - earlier["coverage"]["visited"], before["coverage"]["excluded"]) == (1, 0)
    assert before["coverage"]["households"] == now["coverage"]["households"] + 1
    seen = await coverage(world, sweep_id, "village_officer")
    assert [row["region"]["code"] for row in seen["villages"]] == [VILLAGE]
    assert seen["coverage"]["visited"] == village["visited"]
    assert await coverage(world, sweep_id, "other_county_officer") is None
    assert await coverage(world, sweep_id, "anonymous") is None


async def test_a_finding_becomes_a_clue_with_the_calls_day_and_once(world: World) -> None:
    home, untidy = await new_family(world, person("鄢大病")), await new_family(world, person("鄢脏"))
    sweep_id = await this_week(world, 31)
    visit = await call(world, home, "SERIOUS_ILLNESS", "DANGEROUS_HOUSING", "UNTIDY_HOME")
    await call(world, untidy, "UNTIDY_HOME")
    line = (await ledger(world, sweep_id))[home]
    assert (line["outcome"], line["clues"]) == ("FOUND", []), "the worker has not come yet"
    async with worker.working(world.settings) as work:
        await asyncio.gather(*(raise_clues_of_sweeps(work.sessions, datetime.now(UTC)) for _ in range(2)))
    await work_off(world, datetime.now(UTC) + timedelta(days=2))
    lines = await ledger(world, sweep_id)
    assert {clue["sign"]["code"] for clue in lines[home]["clues"]} == {"MEDICAL_EXPENSE", "DANGEROUS_HOUSING"}
    assert {clue["beganOn"] for clue in lines[home]["clues"]} == {str(today().date())}
    assert [clue["witnesses"] for clue in lines[home]["clues"]] == [[{"source": "SWEEP"}]] * 2
    assert (lines[untidy]["outcome"], lines[untidy]["clues"]) == ("NOTHING_FOUND", [])
    references = "SELECT DISTINCT w.reference FROM clue_witness w JOIN clue c ON c.id = clue_id WHERE household_id = $1"
    assert [row["reference"] for row in await world.sql.fetch(references, uuid.UUID(home))] == [visit]


async def test_a_sign_can_be_told_without_a_call_by_whoever_meets_the_family(world: World) -> None:
    home, other = await new_family(world, person("鄢听说")), await new_family(world, person("鄢后来"))
    sweep_id = await this_week(world, 32)
    given = {"operationId": new_id(), "sweepId": sweep_id, "householdId": home, "sign": "HARDSHIP", "note": "邻居说的"}
    told = await act(world, "village_officer", TELL, **given)
    assert told["errors"] == []
    assert (told["clue"]["sign"]["code"], told["clue"]["period"]) == ("HARDSHIP", sweep_id)
    assert told["clue"]["witnesses"] == [{"source": "SWEEP", "detail": {"note": "邻居说的"}}]
    assert (await act(world, "village_officer", TELL, **given))["clue"]["id"] == told["clue"]["id"]
    assert (await ledger(world, sweep_id))[home]["outcome"] == "FOUND"
    later = await new_family(world, person("鄢新来"))
    wrong = {"operationId": new_id(), "householdId": later, "sign": "BAD_LUCK"}
    assert codes(await act(world, "village_officer", TELL, **given | wrong)) == {
        ("NOT_IN_SWEEP", "input.householdId"),
        ("UNKNOWN_CODE", "input.sign"),
    }
    outside = {"operationId": new_id(), "householdId": other}
    for persona in ("other_county_officer", "hotline_operator"):
        assert codes(await act(world, persona, TELL, **given | outside)) == {("NOT_FOUND", "input.sweepId")}, persona
    assert codes(await act(world, "integrator", TELL, **given | outside)) == {("FORBIDDEN_ROLE", "input")}


async def test_households_are_left_out_all_or_none_and_with_a_reason(world: World) -> None:
    first, second = await new_family(world, person("鄢外")), await new_family(world, person("鄢出"))
    sweep_id = await this_week(world, 33)
    later = await new_family(world, person("鄢迟"))
    given = {"operationId": new_id(), "sweepId": sweep_id, "householdIds": [first, later], "reason": "AWAY"}
    assert codes(await act(world, "village_officer", EXCLUDE, **given)) == {("NOT_IN_SWEEP", "input.householdIds.1")}
    assert (await ledger(world, sweep_id))[first]["outcome"] == "WAITING"
    wrong = given | {"householdIds": [], "reason": "OTHER"}
    assert codes(await act(world, "village_officer", EXCLUDE, **wrong)) == {
        ("REQUIRED", "input.householdIds"),
        ("REASON_NEEDED", "input.note"),
    }
    assert codes(await act(world, "village_officer", EXCLUDE, **given | {"reason": "LAZY"})) == {
        ("UNKNOWN_CODE", "input.reason")
    }
    crowd = given | {"householdIds": [new_id() for _ in range(501)]}
    assert codes(await act(world, "village_officer", EXCLUDE, **crowd)) == {("TOO_MANY", "input.householdIds")}
    both = given | {"householdIds": [first, second], "note": "去了广东"}
    assert (await act(world, "village_officer", EXCLUDE, **both))["errors"] == []
    assert (await act(world, "village_officer", EXCLUDE, **both))["errors"] == [], "sent twice it is one"
    line = (await ledger(world, sweep_id))[second]
    assert (line["outcome"], line["exclusionReason"]) == ("EXCLUDED", {"code": "AWAY"})
    again = both | {"operationId": new_id()}
    assert codes(await act(world, "village_officer", EXCLUDE, **again)) == {
        ("NOT_IN_SWEEP", "input.householdIds.0"),
        ("NOT_IN_SWEEP", "input.householdIds.1"),
    }
    assert codes(await act(world, "integrator", EXCLUDE, **again)) == {("FORBIDDEN_ROLE", "input")}
    assert codes(await act(world, "other_county_officer", EXCLUDE, **again)) == {("NOT_FOUND", "input.sweepId")}


async def test_the_list_of_sweeps_shows_a_cadre_those_of_her_families(world: World) -> None:
    sweep_id = await this_week(world, 34)
    asked = "query ($filter: SweepFilter) { sweeps(filter: $filter) { nodes { id kind } } }"
    open_today = {"filter": {"openOn": str(today().date()), "kinds": ["HALF_YEARLY"], "region": TOWNSHIP}}
    for persona, is_seen in (("township_officer", True), ("cadre", True), ("other_county_officer", False)):
        nodes = (await world.ask(persona, asked, open_today))["sweeps"]["nodes"]
        assert (sweep_id in {node["id"] for node in nodes}) is is_seen, persona
    mine = await ledger(world, sweep_id, "cadre")
    assert 0 < len(mine) < len(await ledger(world, sweep_id))


async def test_of_two_who_open_the_same_sweep_at_once_one_does(world: World) -> None:
    asked = [
        world.post(
            "township_officer",
            OPEN,
            {"input": {"operationId": new_id(), "kind": "MONTHLY", "region": TOWNSHIP, "period": "2026-07"}},
        )
        for _ in range(3)
    ]
    answers = [answer["data"]["openSweep"] for answer in await asyncio.gather(*asked)]
    assert sorted(len(answer["errors"]) for answer in answers) == [0, 1, 1]
    assert {error["code"] for answer in answers for error in answer["errors"]} == {"SWEEP_ALREADY_OPEN"}
