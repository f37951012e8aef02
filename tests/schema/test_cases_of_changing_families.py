"""A family changes in mid-case: a death, a split, a merger, a move, the last one gone; and who has to stand back."""

from __future__ import annotations

import uuid
from typing import Any

from tests.casework import (
    KINSHIP,
    a_case,
    brought_to,
    do,
    noticed,
    published,
    refusals,
    reviewed,
    today_in,
)
from tests.schema.families_asked import CHANGE, DECIDE_MOVE, MERGE, MOVE, OTHER_TOWNSHIP, SPLIT, act, person
from tests.world import World

OF_FAMILY = """query ($id: ID!) { household(id: $id) { monitoringStatus endedOn
  monitoring { id step stepDueOn region { code } dueOn events { event level detail } notices { content withdrawnAt } }
  cases { id step closeReason { code } } } }"""


async def family(world: World, home: str, persona: str = "county_officer") -> Any:
    return (await world.ask(persona, OF_FAMILY, {"id": home}))["household"]


async def test_a_heads_death_in_mid_case_hangs_the_notice_anew_and_the_case_goes_on(world: World) -> None:
    father, mother = person("鄢大山"), person("林玉兰", "SPOUSE", sex="FEMALE")
    home, case = await brought_to(world, "VILLAGE_NOTICE", father, mother)
    await published(world, case)
    day = str(await today_in(world))
    death = [{"personId": father["id"], "reason": "DEATH", "on": day}]
    payload = await act(world, "village_officer", CHANGE, householdId=home, leaving=death, headId=mother["id"])
    assert payload["errors"] == []

    now = (await family(world, home))["monitoring"]
    assert (now["id"], now["step"], now["stepDueOn"]) == (case, "VILLAGE_NOTICE", None)
    assert now["events"][-1] == {
        "event": "FAMILY_CHANGED", "level": None,
        "detail": {"joined": 0, "left": ["DEATH"], "hasNewHead": True, "noticeRestarts": True},
    }  # fmt: skip
    await noticed(world, case)
    hung = (await family(world, home))["monitoring"]["notices"]
    assert [(one["content"]["headName"], one["withdrawnAt"] is None) for one in hung] == [
        ("鄢**", False),
        ("林**", True),
    ]
    assert (await reviewed(world, case))["step"] == "COUNTY_DECISION"


async def test_the_last_member_gone_closes_the_case_as_natural(world: World) -> None:
    alone = person("鄢大山")
    home, case = await brought_to(world, "COUNTY_DECISION", alone)
    gone = [{"personId": alone["id"], "reason": "DEATH", "on": str(await today_in(world))}]
    assert (await act(world, "village_officer", CHANGE, householdId=home, leaving=gone))["errors"] == []
    ended = await family(world, home)
    assert ended["monitoring"] is None
    assert ended["cases"] == [{"id": case, "step": "CLOSED", "closeReason": {"code": "NATURAL"}}]
    late = await do(world, "county_officer", "decideAtCounty", caseId=case, outcome="APPROVE")
    assert refusals(late) == ["WRONG_STEP"]


async def test_after_a_split_the_old_id_keeps_the_case_and_the_new_one_has_a_clue(world: World) -> None:
    father, son = person("鄢老伯", bornOn="1950-01-01"), person("鄢大山", "SON")
    home, case = await brought_to(world, "MONITORED", father, son)
    new, day = str(uuid.uuid4()), str(await today_in(world))
    goes = [{"personId": son["id"], "relationToHead": "HEAD"}]
    payload = await act(world, "village_officer", SPLIT, id=new, householdId=home, on=day, members=goes)
    assert payload["errors"] == []
    old, fresh = await family(world, home), await family(world, new)
    assert (old["monitoring"]["id"], old["monitoringStatus"]) == (case, "MONITORED")
    assert old["monitoring"]["events"][-1]["event"] == "FAMILY_SPLIT"
    assert old["monitoring"]["events"][-1]["detail"]["newHousehold"] == new
    assert (fresh["monitoring"], fresh["monitoringStatus"]) == (None, "NEVER")


async def test_of_two_cases_the_monitored_one_goes_on_with_the_survivor(world: World) -> None:
    one, other = person("鄢大山"), person("鄢二山")
    survivor, waiting = await a_case(world, one)
    merged, monitored = await brought_to(world, "MONITORED", other)
    given = {
        "survivorId": survivor,
        "mergedId": merged,
        "on": str(await today_in(world)),
        "members": [{"personId": other["id"], "relationToHead": "YOUNGER_BROTHER"}],
    }
    payload = await act(world, "village_officer", MERGE, **given)
    assert payload["errors"] == []
    now = await family(world, survivor)
    assert (now["monitoring"]["id"], now["monitoringStatus"]) == (monitored, "MONITORED")
    assert now["monitoring"]["events"][-1]["event"] == "FAMILY_MERGED"
    assert {one["id"]: one["step"] for one in now["cases"]} == {waiting: "CLOSED", monitored: "MONITORED"}
    parts = "SELECT count(*) FROM {} WHERE case_id = $1 AND household_id = $2"
    for table in ("case_event", "notice", "case_authorisation", "comparison_question"):
        assert await world.sql.fetchval(parts.format(table), uuid.UUID(monitored), uuid.UUID(survivor)) > 0, table
    assert (await family(world, merged))["endedOn"] is not None


async def test_a_family_that_moves_takes_its_case_along_and_the_old_side_sees_it_no_more(world: World) -> None:
    home, case = await brought_to(world, "COUNTY_DECISION")
    before = (await family(world, home))["monitoring"]["dueOn"]
    target = await world.sql.fetchval(
        "SELECT code FROM region WHERE code LIKE $1 AND length(code) = 12 ORDER BY code LIMIT 1", OTHER_TOWNSHIP + "%"
    )
    given = {"householdId": home, "villageCode": target, "on": str(await today_in(world))}
    asked = await act(world, "village_officer", MOVE, **given)
    assert asked["errors"] == []
    assert (await family(world, home))["monitoring"]["region"]["code"] != target, "asked is not moved"
    accepted = await act(world, "county_officer", DECIDE_MOVE, moveId=asked["move"]["id"], accepts=True)
    assert accepted["errors"] == []
    now = (await family(world, home))["monitoring"]
    assert (now["id"], now["region"]["code"], now["dueOn"], now["step"]) == (case, target, before, "COUNTY_DECISION")
    assert now["events"][-1]["event"] == "FAMILY_MOVED"
    hidden = await world.ask("township_officer", "query ($id: ID!) { monitoringCase(id: $id) { id } }", {"id": case})
    assert hidden["monitoringCase"] is None


# --- recusal -----------------------------------------------------------------------------------------------------------


async def test_a_relative_takes_no_step(world: World) -> None:
    home, case = await brought_to(world, "TOWNSHIP_REVIEW")
    declared = {"householdId": home, "relation": "堂兄"}
    for _ in range(2):  # declared again, it stays
        assert (await act(world, "township_officer", KINSHIP, **declared))["errors"] == []
    payload = await do(world, "township_officer", "reviewAtTownship", caseId=case, outcome="APPROVE")
    assert refusals(payload) == ["RECUSED_AS_RELATIVE"]


async def test_kinship_of_another_is_for_officers_to_declare(world: World) -> None:
    home, case = await brought_to(world, "COUNTY_DECISION")
    county = str(await world.sql.fetchval("SELECT id FROM account WHERE persona = 'county_officer'"))
    given = {"householdId": home, "relation": "表弟", "accountId": county}
    assert (await act(world, "integrator", KINSHIP, **given))["errors"][0]["code"] == "FORBIDDEN_ROLE"
    assert (await act(world, "cadre", KINSHIP, **given))["errors"][0]["code"] == "NOT_FOUND"
    nobody = {**given, "accountId": str(uuid.uuid4())}
    assert (await act(world, "village_officer", KINSHIP, **nobody))["errors"][0]["code"] == "NOT_FOUND"
    assert (await act(world, "village_officer", KINSHIP, **given))["errors"] == []
    assert refusals(await do(world, "county_officer", "decideAtCounty", caseId=case, outcome="APPROVE")) == [
        "RECUSED_AS_RELATIVE"
    ]


async def test_nobody_acts_at_two_levels_of_one_case(world: World) -> None:
    """The township's officer was the village's when it appraised: of this case they keep away."""
    _, case = await brought_to(world, "TOWNSHIP_REVIEW")
    await world.sql.execute("SET session_replication_role = replica")
    await world.sql.execute(
        "UPDATE case_event SET recorded_by_id = (SELECT id FROM account WHERE persona = 'township_officer')"
        " WHERE case_id = $1 AND event = 'APPRAISAL_AGREED'",
        uuid.UUID(case),
    )
    await world.sql.execute("RESET session_replication_role")
    payload = await do(world, "township_officer", "reviewAtTownship", caseId=case, outcome="APPROVE")
    assert refusals(payload) == ["RECUSED_ACTED_ELSEWHERE"]
