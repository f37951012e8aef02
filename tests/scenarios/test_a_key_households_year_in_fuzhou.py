"""福州的强化重点帮扶, one family, one year: "选准配强帮扶干部,每月至少入户走访一次,每季度分析帮扶成效,并确定一名本村党员创业致富带头人
结对帮扶" (Fuzhou 2020).

The family is one of the demo's, on both of Fuzhou's lists; the cadre calls every month, two measures reach it, four quarters
are analysed and confirmed. In the end cadre, township, county and partner look at the same family, each in one query.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.grading import Clock
from tests.helping import (
    ADD,
    APPROVE,
    CONFIRM,
    CONFIRM_ANALYSIS,
    DELIVER,
    MAKE_PLAN,
    START,
    WRITE_ANALYSIS,
    new_id,
    provider,
)
from tests.schema.families_asked import act, codes
from tests.visiting import SUBMIT, a_visit, homes_of
from tests.world import World

RECORD = (
    """mutation ($input: RecordIncomeStatementInput!) { recordIncomeStatement(input: $input) { errors { code } } }"""
)
YEAR = """query ($id: ID!, $since: DateTime) { household(id: $id) {
  monitoringStatus causes { code } pairings(activeOn: "DAY") { role { code } helper { name isPartyMember region { code } } }
  village { code } visits(first: 200) { nodes { occurredAt contact note } }
  plan { goals measures { id state kind { code } cause { code } amount content witnessVisit { id } lacksWitness } }
  effectAnalyses { quarter dueOn content confirmedBy { id }
    before { onDay perCapitaNet causes { code } delivered confirmed } after { onDay perCapitaNet delivered confirmed } }
  measureCoverage { hasGap } completeness { isComplete result { missing } } } }"""
WAITING = """query ($f: EffectAnalysisFilter) { effectAnalyses(filter: $f, first: 500) { totalCount nodes { quarter household { id } } } }"""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


async def a_key_household(world: World, since: str) -> str:
    """A family that cadre and partner both help, under monitoring since that day, with nothing done for it yet."""
    theirs = await homes_of(world, "partner")
    home = next(one for one in await homes_of(world, "cadre") if one in theirs)
    await world.sql.execute(
        "DELETE FROM measure_event WHERE measure_id IN (SELECT id FROM measure WHERE household_id = $1)", home
    )
    for table in ("measure", "assistance_plan", "relief", "effect_analysis"):
        await world.sql.execute(f"DELETE FROM {table} WHERE household_id = $1", home)
    await world.sql.execute(
        "UPDATE household SET causes = '{LACK_OF_FUNDS,LACK_OF_SKILLS}', monitoring_status = 'MONITORED' WHERE id = $1",
        home,
    )
    await world.sql.execute(
        "INSERT INTO monitoring_case (id, household_id, region_code, category, causes, round, step, step_since, began_on,"
        " round_began_on, due_on, opened_at, decided_at, monitored_on, upload_status, created_at, updated_at)"
        " SELECT $2, id, region_code, 'UNSTABLE_LIFTED', causes, 'ADMISSION', 'MONITORED', now(), $3::text::date - 14,"
        " $3::text::date - 14, $3::text::date, now(), now(), $3::text::date, 'NONE', now(), now() FROM household WHERE id = $1"
        " ON CONFLICT DO NOTHING",
        home,
        uuid.uuid4(),
        since,
    )
    await world.sql.execute(
        "UPDATE monitoring_case SET monitored_on = $2::text::date WHERE household_id = $1 AND closed_on IS NULL",
        home,
        since,
    )
    return home


async def called(world: World, clock: Clock, home: str, note: str) -> str:
    """The cadre's call of an hour ago."""
    at = (clock.at - timedelta(hours=1)).isoformat()
    visit = await a_visit(world, home, occurredAt=at, capturedAt=at, note=note)
    sent = {"input": {"visits": [visit], "sentAt": clock.at.isoformat()}}
    (result,) = (await world.ask("cadre", SUBMIT, sent))["submitVisits"]["results"]
    assert result["outcome"] == "APPLIED", result
    return str(visit["id"])


async def earned(world: World, home: str, month: str, yuan: int) -> None:
    row = {"householdId": home, "month": month, "kind": "WAGE", "amount": f"{yuan}.00", "origin": "DEPARTMENT"}
    assert (await act(world, "cadre", RECORD, rows=[row]))["errors"] == []


async def step(world: World, persona: str, document: str, **given: Any) -> Mapping[str, Any]:
    done = await act(world, persona, document, **given)
    assert done["errors"] == []
    return dict(next(value for name, value in done.items() if name != "errors"))


async def test_a_year_of_key_help(world: World, clock: Clock) -> None:
    year = clock.at.year + 1
    clock.on(f"{year}-01-05")
    home = await a_key_household(world, f"{year}-01-05")
    for month in range(1, 13):
        await earned(world, home, f"{year - 1}-{month:02}", 500)

    # 一户一计划, and a measure against each cause; the township approves what somebody provides.
    plan = await step(
        *(world, "cadre", MAKE_PLAN),
        id=new_id(),
        householdId=home,
        kind="HOUSEHOLD",
        startedOn=f"{year}-01-05",
        goals=["年人均纯收入过万元"],
    )
    measures = {}
    for kind, cause, amount in (("INDUSTRY", "LACK_OF_FUNDS", "5000.00"), ("SKILLS_TRAINING", "LACK_OF_SKILLS", None)):
        given = {
            "householdId": home,
            "kind": kind,
            "cause": cause,
            "content": kind,
            "amount": amount,
            "planId": plan["id"],
        }
        given |= {"plannedOn": f"{year}-01-05", "providerHelperId": await provider(world)}
        measures[kind] = (await step(world, "cadre", ADD, id=new_id(), **given))["id"]
    clock.on(f"{year}-01-08")
    for one in measures.values():
        await step(world, "township_officer", APPROVE, measureId=one, on=f"{year}-01-08")

    analyses = []
    for month in range(1, 13):
        clock.on(f"{year}-{month:02}-12")
        visit = await called(world, clock, home, f"{month}月走访")
        if month == 2:
            await step(world, "cadre", START, measureId=measures["INDUSTRY"], on=f"{year}-02-10")
        if month == 4:
            for one in measures.values():
                await step(world, "cadre", DELIVER, measureId=one, on=f"{year}-04-10")
            await step(world, "cadre", CONFIRM, measureId=measures["INDUSTRY"], visitId=visit)
        if month == 5:
            await step(world, "cadre", CONFIRM, measureId=measures["SKILLS_TRAINING"], visitId=visit)
        if month > 1:
            await earned(world, home, f"{year}-{month - 1:02}", 500 if month < 6 else 9000)
        if month % 3 == 0:
            analyses.append(await a_quarter(world, clock, home, year, month // 3))
    clock.on(f"{year + 1}-01-01")
    assert len(set(analyses)) == 4
    await looked_at_by_everybody(world, home, year, measures)


async def a_quarter(world: World, clock: Clock, home: str, year: int, number: int) -> str:
    """On its last day the cadre writes, and the township confirms."""
    quarter = f"{year}Q{number}"
    last = {1: "03-31", 2: "06-30", 3: "09-30", 4: "12-31"}[number]
    clock.on(f"{year}-{last}")
    written = await step(world, "cadre", WRITE_ANALYSIS, householdId=home, quarter=quarter, content="初稿")
    again = await step(world, "cadre", WRITE_ANALYSIS, householdId=home, quarter=quarter, content=f"{quarter}成效")
    assert (again["id"], again["content"]) == (written["id"], f"{quarter}成效"), (
        "until it is confirmed it is written anew"
    )
    asked = {"region": "350125201", "quarter": quarter, "isConfirmed": False}
    waiting = (await world.ask("township_officer", WAITING, {"f": asked}))["effectAnalyses"]
    assert home in {one["household"]["id"] for one in waiting["nodes"]}
    assert codes(await act(world, "cadre", CONFIRM_ANALYSIS, analysisId=written["id"])) == {("FORBIDDEN_ROLE", "input")}
    await step(world, "township_officer", CONFIRM_ANALYSIS, analysisId=written["id"])
    late = await act(world, "cadre", WRITE_ANALYSIS, householdId=home, quarter=quarter, content="改一改")
    assert codes(late) == {("ANALYSIS_ALREADY_CONFIRMED", "input.quarter")}
    waiting = (await world.ask("township_officer", WAITING, {"f": asked}))["effectAnalyses"]
    assert home not in {one["household"]["id"] for one in waiting["nodes"]}
    return str(written["id"])


async def looked_at_by_everybody(world: World, home: str, year: int, measures: Mapping[str, str]) -> None:
    """The same query of the same family: whole for those who meet it, masked for the partner."""
    query = YEAR.replace("DAY", f"{year}-12-31").replace(", $since: DateTime", "")
    seen = {
        who: (await world.ask(who, query, {"id": home}))["household"]
        for who in ("cadre", "township_officer", "county_officer", "partner")
    }
    county = seen["county_officer"]
    roles = {one["role"]["code"]: one["helper"] for one in county["pairings"] if one["helper"]}
    leader = roles["WEALTH_LEADER"]
    assert (leader["isPartyMember"], leader["region"]["code"]) == (True, county["village"]["code"]), "本村党员"
    assert "KEY_HELP" in roles
    months = {one["occurredAt"][:7] for one in county["visits"]["nodes"] if one["occurredAt"].startswith(str(year))}
    assert len(months) == 12, "每月至少入户走访一次"
    assert {one["state"] for one in county["plan"]["measures"]} == {"CONFIRMED"}
    assert not any(one["lacksWitness"] for one in county["plan"]["measures"])
    assert county["measureCoverage"] == {"hasGap": False}
    assert county["completeness"] == {"isComplete": True, "result": {"missing": []}}

    quarters = {one["quarter"]: one for one in county["effectAnalyses"]}
    assert sorted(quarters) == [f"{year}Q{number}" for number in (1, 2, 3, 4)]
    assert all(one["confirmedBy"] for one in quarters.values())
    first, second, last = (quarters[f"{year}Q{number}"] for number in (1, 2, 4))
    assert first["before"]["onDay"] == f"{year - 1}-12-31"
    assert (first["before"]["delivered"], first["after"]["delivered"]) == (0, 0)
    assert (second["before"]["delivered"], second["after"]["delivered"], second["after"]["confirmed"]) == (0, 2, 2)
    assert [one["code"] for one in last["before"]["causes"]] == ["LACK_OF_FUNDS", "LACK_OF_SKILLS"]
    assert Decimal(last["after"]["perCapitaNet"]) > Decimal(first["before"]["perCapitaNet"]), "收入增长"

    for who in ("cadre", "township_officer"):
        assert seen[who]["plan"] == county["plan"]
        assert seen[who]["effectAnalyses"] == county["effectAnalyses"]
    partner = seen["partner"]
    assert [one["state"] for one in partner["plan"]["measures"]] == ["CONFIRMED", "CONFIRMED"]
    assert {one["amount"] for one in partner["plan"]["measures"]} == {None}
    assert {one["content"] for one in partner["plan"]["measures"]} == {None}
    assert (partner["plan"]["goals"], partner["completeness"]["isComplete"]) == (None, True)
    assert [one["quarter"] for one in partner["effectAnalyses"]] == [one["quarter"] for one in county["effectAnalyses"]]
    assert {(one["content"], one["before"], one["after"]) for one in partner["effectAnalyses"]} == {(None, None, None)}
    assert set(measures.values()) == {one["id"] for one in partner["plan"]["measures"]}
