"""The second round: its conditions one by one; another category; falling into poverty; coming back."""

from __future__ import annotations

import uuid

from tests.casework import (
    CONDITIONS,
    POOR,
    a_clue,
    announced,
    brought_to,
    days_pass,
    decided,
    do,
    done,
    earns,
    judged,
    may_leave,
    needs,
    refusals,
    reviewed,
    second_round_to,
    today_in,
    verified,
    visited,
)
from tests.schema.families_asked import person
from tests.world import World

FAMILY = """query ($id: ID!) { household(id: $id) { monitoringStatus category { code } exitedOn
  monitoring { id } cases { id step previousCase { id } } } }"""


async def test_an_elimination_refused_twice_and_granted(world: World) -> None:
    """First the conditions refuse it, then the township; half a year later the risk is gone."""
    home, case = await brought_to(world, "MONITORED")
    payload = await do(world, "village_officer", "proposeElimination", caseId=case, reason="已脱困")
    assert refusals(payload) == ["ELIMINATION_NOT_YET"]
    assert needs(payload) == {
        "INCOME_ABOVE_LINE": "FAMILY", "ENOUGH_FOOD": "HELPER", "ENOUGH_CLOTHING": "HELPER",
        "COMPULSORY_EDUCATION": "HELPER", "BASIC_MEDICAL_CARE": "HELPER", "SAFE_HOUSING": "HELPER", "SAFE_WATER": "HELPER",
        "STABLE_LONG_ENOUGH": "TIME", "MEASURE_DELIVERED": "TOWNSHIP",
    }  # fmt: skip

    home, case = await may_leave(world)
    assert set((await judged(world, case)).values()) == {"MET"}
    await second_round_to(world, home, case, "TOWNSHIP_REVIEW")
    refused = await done(
        world, "township_officer", "reviewAtTownship", caseId=case, outcome="REJECT", reason="仍在服药"
    )
    assert (refused["step"], refused["round"], refused["closedOn"]) == ("MONITORED", "ADMISSION", None)
    family = (await world.ask("county_officer", FAMILY, {"id": home}))["household"]
    assert (family["monitoringStatus"], family["exitedOn"]) == ("MONITORED", None)

    await days_pass(world, case, 30)
    await second_round_to(world, home, case, "COUNTY_DECISION")
    await visited(world, home, "SERIOUS_ILLNESS")
    again = await do(world, "county_officer", "decideAtCounty", caseId=case, outcome="APPROVE")
    assert (refusals(again), needs(again)) == (["ELIMINATION_NOT_YET"], {"ORIGINAL_RISK_GONE": "VILLAGE"})
    await visited(world, home)
    granted = await decided(world, case)
    assert (granted["step"], granted["round"], granted["uploadStatus"]) == (
        "RESULT_ANNOUNCED",
        "ELIMINATION",
        "PENDING",
    )
    assert len(granted["events"][-1]["detail"]["conditions"]) == 12
    gone = await announced(world, case)
    today = str(await today_in(world))
    assert (gone["step"], gone["eliminatedOn"], gone["closedOn"]) == ("ELIMINATED", today, today)
    family = (await world.ask("county_officer", FAMILY, {"id": home}))["household"]
    assert (family["monitoringStatus"], family["exitedOn"], family["monitoring"]) == ("ELIMINATED_TRACKED", today, None)
    uploaded = await done(world, "county_officer", "confirmNationalEntry", caseId=case)
    assert uploaded["uploadStatus"] == "UPLOADED"


async def test_who_comes_back_gets_a_case_that_names_the_one_before(world: World) -> None:
    home, case = await may_leave(world)
    await second_round_to(world, home, case, "COUNTY_DECISION")
    await decided(world, case)
    await announced(world, case)
    clue = await verified(world, home, await a_clue(world, home, "DISASTER"))
    again = str(uuid.uuid4())
    opened = await done(world, "village_officer", "openMonitoringCase", id=again, clueId=clue, causes=["DISASTER"])
    assert opened["previousCase"] == {"id": case}
    family = (await world.ask("county_officer", FAMILY, {"id": home}))["household"]
    assert (family["monitoringStatus"], family["monitoring"]) == ("IN_PROCEDURE", {"id": again})
    assert family["exitedOn"] is not None, "the last exit stays on record"
    assert {one["id"] for one in family["cases"]} == {case, again}


async def test_conditions_are_told_one_by_one_and_only_to_those_who_meet_the_family(world: World) -> None:
    weak = person("鄢老伯", labour="WEAK_OR_HALF")
    _, case = await may_leave(world, weak)
    found = (await world.ask("village_officer", CONDITIONS, {"case": case}, "en"))["eliminationConditions"]
    assert len(found) == 12
    assert {one["code"] for one in found if one["state"] != "MET"} == set(), "weak or half labour counts as labour"
    (labour,) = [one for one in found if one["code"] == "HAS_LABOUR"]
    assert labour["message"].startswith("Somebody can work")
    for persona in ("partner", "integrator", "department", "cadre", "anonymous"):
        assert (await world.ask(persona, CONDITIONS, {"case": case}))["eliminationConditions"] is None, persona
    assert (await world.ask("village_officer", CONDITIONS, {"case": "x"}))["eliminationConditions"] is None


async def test_a_family_wholly_without_labour_stays_under_the_safety_net(world: World) -> None:
    _, case = await may_leave(world, person("鄢老伯", labour="LOST", bornOn="1945-01-01"))
    payload = await do(world, "village_officer", "proposeElimination", caseId=case, reason="收入稳定")
    assert needs(payload) == {"HAS_LABOUR": "COUNTY"}


async def test_a_sign_that_waits_is_neither_a_new_risk_nor_none(world: World) -> None:
    home, case = await may_leave(world)
    clue = await a_clue(world, home, "DISASTER")
    assert (await judged(world, case))["NO_NEW_RISK"] == "UNKNOWN"
    await verified(world, home, clue)
    await visited(world, home)
    payload = await do(world, "village_officer", "proposeElimination", caseId=case, reason="收入稳定")
    assert needs(payload) == {"NO_NEW_RISK": "VILLAGE"}


async def test_another_category_is_approved_by_the_township_and_decided_by_the_county(world: World) -> None:
    home, case = await brought_to(world, "MONITORED")
    alone = await do(world, "county_officer", "decideCategoryChange", caseId=case, isAgreed=True)
    assert (refusals(alone), needs(alone)) == (["CATEGORY_CHANGE_NOT_APPROVED"], {"TOWNSHIPS_APPROVAL": "TOWNSHIP"})
    same = await do(
        world, "township_officer", "approveCategoryChange", caseId=case, category="UNSTABLE_LIFTED", reason="x"
    )
    assert refusals(same) == ["SAME_CATEGORY"]
    await earns(world, home, "2000")
    approved = await done(
        world, "township_officer", "approveCategoryChange", caseId=case, category="SUDDEN_HARDSHIP", reason="收入已达标"
    )
    assert approved["proposedCategory"] == {"code": "SUDDEN_HARDSHIP"}
    wordless = await do(world, "county_officer", "decideCategoryChange", caseId=case, isAgreed=False)
    assert refusals(wordless) == ["REASON_NEEDED"]
    changed = await done(world, "county_officer", "decideCategoryChange", caseId=case, isAgreed=True)
    assert (changed["category"], changed["proposedCategory"]) == ({"code": "SUDDEN_HARDSHIP"}, None)
    assert (changed["step"], changed["events"][-1]["event"]) == ("MONITORED", "CATEGORY_CHANGED")


async def test_the_county_may_refuse_another_category_and_the_rule_refuses_for_itself(world: World) -> None:
    _, case = await brought_to(world, "MONITORED")
    await done(world, "township_officer", "approveCategoryChange", caseId=case, category="EDGE", reason="x")
    by_rule = await do(world, "county_officer", "decideCategoryChange", caseId=case, isAgreed=True)
    assert refusals(by_rule) == ["CATEGORY_NOT_BY_RULE"]
    kept = await done(world, "county_officer", "decideCategoryChange", caseId=case, isAgreed=False, reason="属脱贫户")
    assert (kept["category"], kept["proposedCategory"]) == ({"code": "UNSTABLE_LIFTED"}, None)


async def test_a_family_that_has_fallen_is_registered_as_poor(world: World) -> None:
    home, case = await brought_to(world, "MONITORED")
    await earns(world, home, POOR)
    await done(
        world, "township_officer", "approveCategoryChange", caseId=case, category="REGISTERED_POOR", reason="返贫"
    )
    fallen = await done(world, "county_officer", "decideCategoryChange", caseId=case, isAgreed=True)
    assert (fallen["step"], fallen["events"][-1]["event"]) == ("REGISTERED_POOR", "FELL_INTO_POVERTY")
    family = (await world.ask("county_officer", FAMILY, {"id": home}))["household"]
    assert (family["category"], family["monitoring"]) == ({"code": "REGISTERED_POOR"}, None)


async def test_a_case_under_monitoring_is_not_reviewed_by_the_township(world: World) -> None:
    _, case = await brought_to(world, "MONITORED")
    payload = await do(world, "township_officer", "reviewAtTownship", caseId=case, outcome="APPROVE")
    assert refusals(payload) == ["WRONG_STEP"]
    assert (await reviewed(world, (await brought_to(world, "TOWNSHIP_REVIEW"))[1]))["step"] == "COUNTY_DECISION"
