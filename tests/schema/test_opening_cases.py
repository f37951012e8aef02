"""Opening a case: on which clue, by whom, once; and who sees it then."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from tests.casework import CASE, a_case, a_clue, do, doing, done, needs, refusals, verified
from tests.schema.families_asked import new_family, person
from tests.world import World

ASK = f"query ($id: ID!) {{ monitoringCase(id: $id) {{ {CASE} }} node(id: $id) {{ id }} }}"
OF_FAMILY = "query ($id: ID!) { household(id: $id) { monitoringStatus monitoring { id step } cases { id } exitedOn } }"


async def test_a_verified_clue_becomes_a_case_with_the_clues_day_nought(world: World) -> None:
    home = await new_family(world)
    clue = await verified(world, home, await a_clue(world, home, days_ago=0))
    case = str(uuid.uuid4())
    opened = await done(world, "village_officer", "openMonitoringCase", id=case, clueId=clue, causes=["ILLNESS"])

    assert (opened["step"], opened["round"], opened["category"]) == ("COMPARISON", "ADMISSION", None)
    stands = await world.sql.fetchrow("SELECT began_on, due_on FROM monitoring_case WHERE id = $1", uuid.UUID(case))
    began = await world.sql.fetchval("SELECT began_on FROM clue WHERE id = $1", uuid.UUID(clue))
    assert stands["began_on"] == began
    assert (stands["due_on"] - began).days == 15
    (event,) = opened["events"]
    assert (event["event"], event["level"], event["fromStep"], event["recordedBy"]["name"]) == (
        "OPENED", "VILLAGE", None, "鄢秀珠",
    )  # fmt: skip
    family = (await world.ask("county_officer", OF_FAMILY, {"id": home}))["household"]
    assert family == {
        "monitoringStatus": "IN_PROCEDURE",
        "monitoring": {"id": case, "step": "COMPARISON"},
        "cases": [{"id": case}],
        "exitedOn": None,
    }


async def test_a_clue_that_nobody_verified_founds_nothing_and_the_refusal_says_what_is_missing(world: World) -> None:
    home = await new_family(world)
    clue = await a_clue(world, home)
    payload = await do(
        world, "village_officer", "openMonitoringCase", id=str(uuid.uuid4()), clueId=clue, causes=["STUDY"]
    )
    assert refusals(payload) == ["CLUE_NOT_VERIFIED"]
    assert needs(payload) == {"DOOR_VERIFICATION": "HELPER"}
    assert payload["errors"][0]["requires"][0]["message"] == "由两人入户核实属实。"


async def test_one_open_case_per_household_and_one_case_per_clue(world: World) -> None:
    home, _ = await a_case(world)
    first = await world.sql.fetchval("SELECT id FROM clue WHERE household_id = $1", uuid.UUID(home))
    other = await verified(world, home, await a_clue(world, home, "DISASTER"))
    again = await do(
        world, "village_officer", "openMonitoringCase", id=str(uuid.uuid4()), clueId=str(first), causes=["STUDY"]
    )
    more = await do(
        world, "village_officer", "openMonitoringCase", id=str(uuid.uuid4()), clueId=other, causes=["STUDY"]
    )
    assert refusals(again) == ["CLUE_HAS_A_CASE", "CASE_ALREADY_OPEN"]
    assert refusals(more) == ["CASE_ALREADY_OPEN"]


async def test_of_ten_requests_at_once_one_opens_the_case(world: World) -> None:
    home = await new_family(world)
    clue = await verified(world, home, await a_clue(world, home))
    given = [{"id": str(uuid.uuid4()), "clueId": clue, "causes": ["ILLNESS"]} for _ in range(10)]
    answers = await asyncio.gather(
        *(world.ask("village_officer", doing("openMonitoringCase"), {"input": one}) for one in given)
    )
    found = [answer["openMonitoringCase"]["errors"] for answer in answers]
    assert found.count([]) == 1
    assert {error["code"] for errors in found for error in errors} <= {"CASE_ALREADY_OPEN", "CLUE_HAS_A_CASE", "BUSY"}


async def test_sent_twice_it_is_one_case_and_with_other_content_a_conflict(world: World) -> None:
    home = await new_family(world)
    clue = await verified(world, home, await a_clue(world, home))
    given: dict[str, Any] = {"id": str(uuid.uuid4()), "clueId": clue, "causes": ["ILLNESS"]}
    for _ in range(2):
        opened = await done(world, "village_officer", "openMonitoringCase", **given)
        assert len(opened["events"]) == 1
    payload = await do(world, "village_officer", "openMonitoringCase", **{**given, "causes": ["STUDY"]})
    assert refusals(payload) == ["OPERATION_REUSED"]


@pytest.mark.parametrize(
    ("causes", "code"),
    [([], "REQUIRED"), (["NO_SUCH"], "UNKNOWN_CODE"), (["ILLNESS", "STUDY", "DISASTER", "OTHER"], "TOO_MANY_CAUSES")],
)
async def test_causes_that_cannot_be_are_told(world: World, causes: list[str], code: str) -> None:
    home = await new_family(world)
    clue = await verified(world, home, await a_clue(world, home))
    payload = await do(world, "village_officer", "openMonitoringCase", id=str(uuid.uuid4()), clueId=clue, causes=causes)
    assert code in refusals(payload)


@pytest.mark.parametrize(
    ("persona", "code"),
    [
        ("township_officer", "FORBIDDEN_ROLE"),
        ("county_officer", "FORBIDDEN_ROLE"),
        ("integrator", "FORBIDDEN_ROLE"),
        ("cadre", "NOT_FOUND"),
        ("partner", "NOT_FOUND"),
        ("department", "NOT_FOUND"),
        ("other_county_officer", "NOT_FOUND"),
        ("auditor", "NOT_FOUND"),
        ("anonymous", "SIGN_IN_REQUIRED"),
    ],
)
async def test_nobody_but_the_village_opens_one(world: World, persona: str, code: str) -> None:
    home = await new_family(world)
    clue = await verified(world, home, await a_clue(world, home))
    payload = await do(world, persona, "openMonitoringCase", id=str(uuid.uuid4()), clueId=clue, causes=["ILLNESS"])
    assert refusals(payload) == [code]


@pytest.mark.parametrize(
    ("persona", "is_seen"),
    [
        ("province_officer", True),
        ("township_officer", True),
        ("integrator", True),
        ("other_county_officer", False),
        ("cadre", False),
        ("partner", False),
        ("department", False),
        ("anonymous", False),
    ],
)
async def test_a_case_is_seen_by_whoever_sees_its_household(world: World, persona: str, is_seen: bool) -> None:
    home, case = await a_case(world, person("鄢大山"))
    found = await world.ask(persona, ASK, {"id": case})
    listed = await world.ask(
        persona,
        "query ($home: ID) { monitoringCases(filter: {householdId: $home}) { totalCount nodes { id } } }",
        {"home": home},
    )
    assert (found["monitoringCase"] is not None, found["node"] is not None) == (is_seen, is_seen)
    assert listed["monitoringCases"]["totalCount"] == int(is_seen)
    if persona == "integrator":
        assert all((e["reason"], e["detail"]) == (None, {}) for e in found["monitoringCase"]["events"])
