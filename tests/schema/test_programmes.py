"""Programme cases over HTTP: opened where the pilot is, taken from step to step, and read by who sees the family."""

from __future__ import annotations

import uuid
from typing import Any

from tests.schema.families_asked import codes, new_family, person
from tests.sweeping import new_id
from tests.world import World

CASE = "programmeCase { id step isOpen endedOn services { code label } groups { code } events { event level } } errors { code path }"
OPEN = f"mutation($input: OpenProgrammeCaseInput!) {{ openProgrammeCase(input: $input) {{ {CASE} }} }}"
ADVANCE = f"mutation($input: AdvanceProgrammeCaseInput!) {{ advanceProgrammeCase(input: $input) {{ {CASE} }} }}"


async def opened(world: World, persona: str, household_id: str, **given: Any) -> Any:
    usual = {"id": new_id(), "householdId": household_id, "recipientClass": "SAFETY_NET", "groups": ["ORPHAN"]}
    answer = await world.ask(persona, OPEN, {"input": usual | {"beganOn": "2020-06-01"} | given})
    return answer["openProgrammeCase"]


async def advanced(world: World, persona: str, case_id: str, event: str, **given: Any) -> Any:
    usual = {"operationId": new_id(), "programmeCaseId": case_id, "event": event}
    return (await world.ask(persona, ADVANCE, {"input": usual | given}))["advanceProgrammeCase"]


async def test_a_case_goes_through_the_six_steps_and_comes_to_an_end(world: World) -> None:
    home = await new_family(world, person("鄢一"))
    first = await opened(world, "village_officer", home)
    assert first["errors"] == []
    case = first["programmeCase"]["id"]
    assert codes(await opened(world, "village_officer", home)) == {("PROGRAMME_CASE_OPEN", "input.householdId")}

    services = ["LIVING_RELIEF", "EMERGENCY_RELIEF"]
    way = [
        ("village_officer", "FILED", {}),
        ("township_officer", "SUBMITTED", {}),
        ("county_officer", "RETURNED", {"reason": "DOCUMENTS_MISSING"}),
        ("township_officer", "SUBMITTED", {}),
        ("county_officer", "APPROVED", {"services": services}),
        ("township_officer", "RELIEVED", {}),
        ("township_officer", "SERVED", {}),
        ("township_officer", "RESUMED", {"reason": "NEED_AGAIN"}),
        ("township_officer", "ENDED", {"reason": "NEED_MET"}),
    ]
    for persona, event, given in way:
        done = await advanced(world, persona, case, event, **given)
        assert done["errors"] == [], event
    shown = done["programmeCase"]
    assert (shown["step"], shown["isOpen"], shown["endedOn"] is None) == ("RELIEF", False, False)
    assert [one["label"] for one in shown["services"]] == ["生活救助", "急难救助"]
    assert [one["event"] for one in shown["events"]] == ["OPENED", *(event for _, event, _ in way)]
    assert shown["events"][3]["level"] == "COUNTY"
    assert codes(await advanced(world, "township_officer", case, "SERVED")) == {("HAS_ENDED", "input.programmeCaseId")}

    trace = await world.sql.fetch("SELECT action, changes FROM audit_entry WHERE subject_id = $1", uuid.UUID(case))
    assert len(trace) == len(way) + 1
    assert trace[0]["changes"] is not None
    again = await opened(world, "village_officer", home)
    assert again["errors"] == []


async def test_a_repeat_is_answered_alike_and_other_content_under_its_id_is_refused(world: World) -> None:
    home = await new_family(world, person("鄢二"))
    id = new_id()
    first = await opened(world, "village_officer", home, id=id)
    assert await opened(world, "village_officer", home, id=id) == first
    assert codes(await opened(world, "village_officer", home, id=id, groups=["DIBAO"])) == {
        ("OPERATION_REUSED", "input")
    }
    operation = new_id()
    filed = await advanced(world, "village_officer", id, "FILED", operationId=operation)
    assert await advanced(world, "village_officer", id, "FILED", operationId=operation) == filed


async def test_outside_the_pilot_a_case_is_refused(world: World) -> None:
    home = await new_family(world, person("鄢三"))
    assert codes(await opened(world, "village_officer", home, beganOn="2021-05-19")) == {
        ("PILOT_NOT_NOW", "input.beganOn")
    }
    assert codes(await opened(world, "village_officer", home, beganOn="2999-01-01")) == {
        ("DATE_IN_FUTURE", "input.beganOn")
    }
    elsewhere = await world.sql.fetchval(
        "SELECT id FROM household WHERE region_code LIKE '341503104%' AND ended_on IS NULL ORDER BY id LIMIT 1"
    )
    await world.sql.execute(
        "INSERT INTO access_grant (id, account_id, role, region_code, starts_on) SELECT gen_random_uuid(), id,"
        " 'TOWNSHIP_OFFICER', '341503104', '2020-01-01' FROM account WHERE persona = 'other_cadre'"
    )
    assert codes(await opened(world, "other_cadre", str(elsewhere))) == {("PILOT_NOT_HERE", "input.householdId")}


async def test_what_is_wrong_with_a_case_is_said_at_once(world: World) -> None:
    home = await new_family(world, person("鄢四"))
    wrong = await opened(world, "village_officer", home, recipientClass="THIRD", groups=["RICH"], beganOn="June")
    assert codes(wrong) == {
        ("UNKNOWN_CODE", "input.recipientClass"),
        ("UNKNOWN_CODE", "input.groups.0"),
        ("DATE_INVALID", "input.beganOn"),
    }
    case = (await opened(world, "township_officer", home))["programmeCase"]["id"]
    assert codes(await advanced(world, "township_officer", case, "SERVED")) == {("STEP_NOT_HERE", "input.event")}
    assert (await advanced(world, "township_officer", case, "FILED"))["errors"] == []
    assert (await advanced(world, "township_officer", case, "SUBMITTED"))["errors"] == []
    assert codes(await advanced(world, "county_officer", case, "APPROVED")) == {("REQUIRED", "input.services")}
    wrong = await advanced(world, "county_officer", case, "APPROVED", services=["MASSAGE"], reason="WHY")
    assert codes(wrong) == {("UNKNOWN_CODE", "input.services.0"), ("UNKNOWN_CODE", "input.reason")}
    many = await advanced(world, "county_officer", case, "APPROVED", services=["LIVING_RELIEF"] * 9)
    assert codes(many) == {("TOO_MANY", "input.services")}


async def test_who_may_and_who_does_not_see_it(world: World) -> None:
    home = await new_family(world, person("鄢五"))
    for persona in ("county_officer", "province_officer"):
        assert codes(await opened(world, persona, home)) == {("FORBIDDEN_ROLE", "input")}, persona
    for persona in ("other_county_officer", "cadre", "partner", "hotline_operator", "auditor"):
        assert codes(await opened(world, persona, home)) == {("NOT_FOUND", "input.householdId")}, persona
    case = (await opened(world, "village_officer", home))["programmeCase"]["id"]
    assert codes(await advanced(world, "county_officer", case, "FILED")) == {("FORBIDDEN_ROLE", "input")}
    assert codes(await advanced(world, "other_county_officer", case, "FILED")) == {
        ("NOT_FOUND", "input.programmeCaseId")
    }
    query = "query($id: ID!) { programmeCase(id: $id) { household { id } } }"
    assert (await world.ask("county_officer", query, {"id": case}))["programmeCase"] == {"household": {"id": home}}
    assert (await world.ask("other_county_officer", query, {"id": case}))["programmeCase"] is None


async def test_nobody_approves_what_they_put_forward(world: World) -> None:
    home = await new_family(world, person("鄢六"))
    case = (await opened(world, "township_officer", home))["programmeCase"]["id"]
    for event in ("FILED", "SUBMITTED"):
        assert (await advanced(world, "township_officer", case, event))["errors"] == []
    # As if whoever is at the county now had been at the township when it was put forward.
    await world.sql.execute(
        "UPDATE programme_case_event SET recorded_by_id = (SELECT id FROM account WHERE persona = 'county_officer')"
        " WHERE programme_case_id = $1 AND event = 'SUBMITTED'",
        uuid.UUID(case),
    )
    own = await advanced(world, "county_officer", case, "APPROVED", services=["LIVING_RELIEF"])
    assert codes(own) == {("RECUSED_ACTED_ELSEWHERE", "input")}


async def test_the_demo_has_cases_of_the_pilots_year(world: World) -> None:
    query = '{ programmeCases(filter: { region: "350125201201" }) { totalCount nodes { step isOpen beganOn } } }'
    found = (await world.ask("county_officer", query))["programmeCases"]
    assert {(one["step"], one["isOpen"]) for one in found["nodes"]} == {
        ("MONITORING", True),
        ("APPROVAL", True),
        ("RELIEF", False),
    }
    assert {one["beganOn"] for one in found["nodes"]} == {"2020-06-08"}
