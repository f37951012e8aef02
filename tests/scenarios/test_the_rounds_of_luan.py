"""六安 2019, from the notice of 20 May to the October round, as village, township and county live them.

5月底之前要完成历年已脱贫户风险等级划分…并报县区扶贫开发领导小组备案。以后每年4月、10月进行动态调整。 The village of Taian is the
newspapers'; the families are not.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.grading import (
    COUNTY,
    TAIAN,
    Clock,
    at_night,
    call,
    codes,
    filed,
    graded,
    lifted,
    proposed,
    reviewed,
    rounds,
    serve_in_dushan,
)
from tests.world import World

CURRENT = (
    "query ($id: ID!) { household(id: $id) { monitoringStatus grades { id level { code } } clues { sign { code } } } }"
)
HELD = """query ($filter: RiskGradeFilter) { riskGrades(filter: $filter) { totalCount nodes {
  level { code } effectiveFrom supersededOn } } }"""
BLUE, YELLOW = ("HAS_SKILLS", "NO_DIFFICULTY"), ("UNSTABLE_JOB", "WEAK_SKILLS")


async def family(world: World, home: str) -> Any:
    return (await world.ask(COUNTY, CURRENT, {"id": home}))["household"]


async def held_on(world: World, home: str, day: str) -> list[str]:
    found = await world.ask(COUNTY, HELD, {"filter": {"householdId": home, "heldOn": day}})
    return [one["level"]["code"] for one in found["riskGrades"]["nodes"]]


async def test_the_rounds_of_may_and_october(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    await serve_in_dushan(world)
    homes = await lifted(world)
    steady, shaky, helpless, returned, late = homes[:5]

    # Before the notice there is no scheme; on the day of it the county begins, and has until the end of May.
    clock.on("2019-05-19")
    await at_night(world, clock)
    assert await rounds(world) == []
    early = await proposed(world, steady, await call(world, clock, steady), "BLUE", BLUE)
    assert codes(early) == ["SCHEME_NOT_APPLICABLE"]
    clock.on("2019-05-20")
    await at_night(world, clock)
    await at_night(world, clock)
    (may,) = await rounds(world)
    assert (may["month"], may["openedOn"], may["dueOn"]) == ("2019-05-01", "2019-05-20", "2019-05-31")
    assert (may["scheme"]["code"], may["region"]["code"]) == ("THREE_LEVELS", "341503")
    (taian,) = (one for one in may["villages"] if one["region"]["code"] == TAIAN)
    assert (taian["households"], taian["waiting"]) == (len(homes), len(homes))

    # 村两委提出建议 → 乡镇审核无异议 → 县区备案. A colour is the level's own; the words are the document's.
    clock.on("2019-05-22")
    await graded(world, clock, steady, "BLUE", *BLUE)
    yellow = await graded(world, clock, shaky, "YELLOW", *YELLOW)
    assert yellow["reasons"] == [
        {"code": "UNSTABLE_JOB", "label": "就业不够稳定"},
        {"code": "WEAK_SKILLS", "label": "劳动技能不强"},
    ]
    assert (yellow["filedOn"], yellow["effectiveFrom"], yellow["cause"]) == ("2019-05-22", "2019-05-22", None)

    # RED raises a clue, and no case; BLUE ends nobody's monitoring.
    await world.sql.execute("UPDATE household SET monitoring_status = 'MONITORED' WHERE id::text = $1", steady)
    before = (await family(world, helpless))["monitoringStatus"]
    await graded(world, clock, helpless, "RED", "NO_LABOUR", "NO_STABLE_INCOME")
    assert [clue["sign"]["code"] for clue in (await family(world, helpless))["clues"]] == ["RISK_GRADE"]
    assert (await family(world, helpless))["monitoringStatus"] == before != "IN_PROCEDURE"
    assert (await family(world, steady))["monitoringStatus"] == "MONITORED"
    assert (await family(world, steady))["clues"] == []

    # Sent back by the township, proposed again, sent back by the county, proposed once more.
    clock.on("2019-05-27")
    visit = await call(world, clock, returned)
    first = await proposed(world, returned, visit, "BLUE", BLUE)
    back = await reviewed(world, first["grade"]["id"], "RETURNED", reason="户主在住院, 请再核实")
    assert (back["grade"]["state"], back["grade"]["returnReason"]) == ("RETURNED", "户主在住院, 请再核实")
    second = await proposed(world, returned, visit, "YELLOW", ("LATENT_DIFFICULTY",))
    assert second["errors"] == []
    await reviewed(world, second["grade"]["id"])
    again = await filed(world, second["grade"]["id"], "ANOTHER_ASKED_FOR", reason="理由不足")
    assert (again["grade"]["state"], again["grade"]["level"]["code"]) == ("RETURNED", "YELLOW")
    third = await proposed(world, returned, visit, "RED", ("NEW_DIFFICULTY", "RIGID_EXPENSE_RISING"))
    await reviewed(world, third["grade"]["id"])
    clock.on("2019-05-31", hour=23)
    assert (await filed(world, third["grade"]["id"]))["errors"] == []
    (may,) = await rounds(world, region=TAIAN)
    (taian,) = (one for one in may["villages"] if one["region"]["code"] == TAIAN)
    assert (taian["filed"], taian["underWay"], taian["waiting"]) == (4, 0, len(homes) - 4)
    waiting = {one["id"] for one in may["waiting"]["nodes"]}
    assert waiting >= set(homes[4:])
    assert waiting.isdisjoint(homes[:4])

    # Late is late, and still of the round; who has been graded in it needs a cause.
    clock.on("2019-06-10")
    assert (await graded(world, clock, late, "BLUE", *BLUE))["round"]["month"] == "2019-05-01"
    visit = await call(world, clock, shaky)
    assert codes(await proposed(world, shaky, visit, "RED", ("NEW_DIFFICULTY",))) == ["CAUSE_MISSING"]

    # 家庭情况发生较大变化，要随时调整风险等级.
    clock.on("2019-08-12")
    flooded = await graded(world, clock, shaky, "RED", "NEW_DIFFICULTY", cause="DISASTER")
    assert (flooded["cause"], flooded["round"]) == ({"code": "DISASTER"}, None)
    assert flooded["supersedes"]["id"] == yellow["id"]
    assert await held_on(world, shaky, "2019-08-11") == ["YELLOW"]
    assert await held_on(world, shaky, "2019-08-12") == ["RED"]

    # October: everybody anew.
    clock.on("2019-09-30")
    await at_night(world, clock)
    assert len(await rounds(world)) == 1
    clock.on("2019-10-01")
    await at_night(world, clock)
    october, _ = await rounds(world)
    assert (october["month"], october["dueOn"]) == ("2019-10-01", "2019-10-31")
    assert october["coverage"]["waiting"] == october["coverage"]["households"] >= len(homes)
    clock.on("2019-10-15")
    await graded(world, clock, shaky, "BLUE", *BLUE)
    await graded(world, clock, helpless, "RED", "NO_LABOUR")
    assert len((await family(world, helpless))["clues"]) == 1, "who stays red was looked at when they came"
    october, may = await rounds(world)
    assert october["coverage"]["filed"] == 2
    assert may["coverage"]["filed"] == 5, "what held in May is still of May"
    assert [await held_on(world, shaky, f"2019-{day}") for day in ("05-21", "05-22", "09-01", "10-15")] == [
        *([], ["YELLOW"], ["RED"], ["BLUE"]),
    ]
    assert [one["level"]["code"] for one in (await family(world, shaky))["grades"]] == ["BLUE"]

    # A year later nothing has to be told to the worker.
    clock.on("2020-04-01")
    await at_night(world, clock)
    assert [one["dueOn"] for one in await rounds(world, openOn="2020-04-15")] == ["2020-04-30"]
