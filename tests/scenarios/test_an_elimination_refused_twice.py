"""Half a year under monitoring: twice it is too early to say that the risk is gone, then it is; and nothing that helps ends.

精准退出: what is missing is named, and who can bring it. 摘帽不摘责任、摘帽不摘政策、摘帽不摘帮扶、摘帽不摘监管 (四个不摘).
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.almanac import Almanac, notices_end
from tests.casework import (
    WEALTHY,
    announced,
    appraised,
    brought_to,
    compared,
    decided,
    do,
    done,
    earns,
    judged,
    needs,
    published,
    refusals,
    reviewed,
)
from tests.grading import call
from tests.helping import APPROVE, CANCEL, DELIVER, END_PLAN, MAKE_PLAN, START, planned, provider
from tests.schema.families_asked import act
from tests.visiting import new_id
from tests.world import World

FAMILY = """query ($id: ID!) { household(id: $id) { monitoringStatus exitedOn monitoring { id }
  pairings { id endedOn } measures { nodes { id state } } plan { id endedOn } } }"""
ASSIGN = (
    """mutation ($input: AssignPairingInput!) { assignPairing(input: $input) { pairing { id } errors { code } } }"""
)
END_PAIRING = """mutation ($input: EndPairingInput!) { endPairing(input: $input) {
  pairing { endedOn } errors { code path message } } }"""


async def family(world: World, home: str) -> Any:
    return (await world.ask("county_officer", FAMILY, {"id": home}))["household"]


async def paired(world: World, clock: Almanac, home: str) -> str:
    """李桂芳 helps the family from today on: the pairing's id."""
    id = new_id()
    helper = {"helperId": await provider(world), "role": "KEY_HELP", "startedOn": str(clock.today)}
    assert (await act(world, "township_officer", ASSIGN, id=id, householdId=home, **helper))["errors"] == []
    return id


async def under_way(world: World, clock: Almanac, home: str, content: str) -> str:
    """A measure that was planned, approved and begun today: its id."""
    day = str(clock.today)
    measure = await planned(
        world, home, plannedOn=day, cause="ILLNESS", content=content, providerHelperId=await provider(world)
    )
    for persona, step in (("township_officer", APPROVE), ("cadre", START)):
        assert (await act(world, persona, step, measureId=measure["id"], on=day))["errors"] == []
    id: str = measure["id"]
    return id


async def ends(world: World, clock: Almanac, plan: str, measure: str, pairing: str) -> list[list[str]]:
    """What is said to whoever ends the three because the family has left."""
    day = str(clock.today)
    tries = (
        ("cadre", END_PLAN, {"planId": plan, "endedOn": day, "reason": "EXIT"}),
        ("township_officer", END_PAIRING, {"pairingId": pairing, "endedOn": day, "reason": "EXITED"}),
        ("township_officer", CANCEL, {"measureId": measure, "on": day, "reason": "EXIT"}),
    )
    return [refusals(await act(world, persona, document, **given)) for persona, document, given in tries]


async def test_refused_by_the_conditions_refused_by_the_door_and_granted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Almanac(monkeypatch)
    home, case = await brought_to(world, "MONITORED")
    clock.go_to(2)
    pairing = await paired(world, clock, home)
    plan = new_id()
    goals = {"householdId": home, "kind": "HOUSEHOLD", "goals": "稳定增收", "startedOn": clock.day(2)}
    assert (await act(world, "cadre", MAKE_PLAN, id=plan, **goals))["errors"] == []

    # Day 90. All is well at the door, says the village. But nobody has helped yet, nobody knows what they live on, and a
    # quarter is no half year.
    clock.go_to(90)
    await call(world, clock, home)
    proposal = {"caseId": case, "reason": "收入稳定,病已治愈"}
    assert refusals(await do(world, "cadre", "proposeElimination", **proposal)) == ["FORBIDDEN_ROLE"]
    first = await do(world, "village_officer", "proposeElimination", **proposal)
    assert refusals(first) == ["ELIMINATION_NOT_YET"]
    assert needs(first) == {
        "INCOME_ABOVE_LINE": "VILLAGE",
        "STABLE_LONG_ENOUGH": "TIME",
        "MEASURE_DELIVERED": "TOWNSHIP",
    }
    assert all(one["message"] for one in first["errors"][0]["requires"]), "each in words that a village reads"
    assert (await family(world, home))["monitoringStatus"] == "MONITORED"

    # Until day 190 each is brought by whom it was asked of.
    clock.go_to(100)
    helped, going_on = [await under_way(world, clock, home, content) for content in ("大病救助", "护理费补助")]
    clock.go_to(120)
    assert (await act(world, "cadre", DELIVER, measureId=helped, on=clock.day(120)))["errors"] == []
    clock.go_to(190)
    await earns(world, home, WEALTHY)
    await call(world, clock, home)
    assert set((await judged(world, case)).values()) == {"MET"}
    second_round = await done(world, "village_officer", "proposeElimination", **proposal)
    assert (second_round["round"], second_round["step"]) == ("ELIMINATION", "COMPARISON")
    assert (second_round["roundBeganOn"], second_round["dueOn"]) == (clock.day(190), clock.day(205))
    assert (await family(world, home))["monitoringStatus"] == "MONITORED", "a proposal ends nothing"

    # The same steps once more: compared, appraised, published; the night ends the notice, the township agrees.
    clock.go_to(191)
    await compared(world, home, case)
    await appraised(world, case)
    assert (await published(world, case))["stepDueOn"] == clock.day(196)
    clock.go_to(197)
    await notices_end(world, clock)
    assert (await reviewed(world, case))["step"] == "COUNTY_DECISION"

    # Day 200. The county asks what the door says today, and that has changed: the illness is back, the well is foul.
    clock.go_to(200)
    await earns(world, home, WEALTHY)
    ill = [{"id": new_id(), "kind": "SERIOUS_ILLNESS"}, {"id": new_id(), "kind": "UNSAFE_WATER"}]
    await call(world, clock, home, findings=ill)
    second = await do(world, "county_officer", "decideAtCounty", caseId=case, outcome="APPROVE")
    assert refusals(second) == ["ELIMINATION_NOT_YET"]
    assert needs(second) == {"SAFE_WATER": "TOWNSHIP", "ORIGINAL_RISK_GONE": "VILLAGE"}
    assert (await family(world, home))["exitedOn"] is None

    # Day 204. A new well, and home from hospital: granted, with the conditions as they were judged. Announced a day later.
    clock.go_to(204)
    await earns(world, home, WEALTHY)
    await call(world, clock, home)
    assert await ends(world, clock, plan, going_on, pairing) == [["EXIT_NOT_ON_RECORD"]] * 3, "there is no exit yet"
    granted = await decided(world, case)
    last = granted["events"][-1]
    assert (granted["step"], last["detail"]["isLate"], len(last["detail"]["conditions"])) == (
        "RESULT_ANNOUNCED",
        False,
        12,
    )
    clock.go_to(205)
    gone = await announced(world, case)
    assert (gone["step"], gone["eliminatedOn"], gone["closedOn"]) == ("ELIMINATED", clock.day(205), clock.day(205))
    left = await family(world, home)
    assert (left["monitoringStatus"], left["exitedOn"], left["monitoring"]) == (
        "ELIMINATED_TRACKED",
        clock.day(205),
        None,
    )

    # 四不摘. Because they left, nobody stops helping: not the next day, and not in the fifth year.
    for day in (206, 205 + 5 * 365):
        clock.go_to(day)
        assert await ends(world, clock, plan, going_on, pairing) == [["EXIT_ENDS_NO_HELP"]] * 3
    helped_still = await family(world, home)
    assert helped_still["pairings"] == [{"id": pairing, "endedOn": None}]
    assert {one["id"]: one["state"] for one in helped_still["measures"]["nodes"]}[going_on] == "DELIVERING"
    assert helped_still["plan"] == {"id": plan, "endedOn": None}

    # When policy's five years are over it may, and the refusal had said so.
    clock.go_to(205 + 5 * 366)
    assert await ends(world, clock, plan, going_on, pairing) == [[], [], []]
