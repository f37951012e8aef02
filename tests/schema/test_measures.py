"""Plans and measures over HTTP: from the plan to the family's word at a visit, and everything that is refused on the way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.helping import (
    ADD,
    APPROVE,
    CANCEL,
    CONFIRM,
    DELIVER,
    END_PLAN,
    MAKE_PLAN,
    START,
    day,
    delivered,
    new_id,
    planned,
    provider,
    visited,
)
from tests.schema.families_asked import act, codes
from tests.visiting import a_visit, ago, amend, homes_of
from tests.world import World

OF_A_FAMILY = """query ($id: ID!) { household(id: $id) { plan { id kind goals measures { id } } plans { id kind endedOn }
  measures(first: 100) { totalCount nodes { id state amount content kind { code } lacksWitness } } } }"""


async def family_of(world: World, number: int, category: str = "LIFTED") -> str:
    """One of the cadre's families, without what the demo has done for it: each test has its own."""
    home = (await homes_of(world, "cadre"))[number]
    await world.sql.execute(
        "DELETE FROM measure_event WHERE measure_id IN (SELECT id FROM measure WHERE household_id = $1)", home
    )
    for table in ("measure", "assistance_plan", "relief"):
        await world.sql.execute(f"DELETE FROM {table} WHERE household_id = $1", home)
    await world.sql.execute("UPDATE household SET category = $2 WHERE id = $1", home, category)
    return home


async def test_a_measure_from_the_plan_to_the_familys_own_word(world: World) -> None:
    home = await family_of(world, 0)
    plan = await act(
        *(world, "cadre", MAKE_PLAN),
        id=new_id(),
        householdId=home,
        kind="HOUSEHOLD",
        startedOn=day(40),
        goals=["年内增收三千元"],
    )
    assert plan["errors"] == []
    measure = await planned(world, home, planId=plan["plan"]["id"], amount="3000.50")
    assert (measure["state"], measure["amount"]) == ("PLANNED", "3000.50")
    approved = await act(
        *(world, "township_officer", APPROVE),
        measureId=measure["id"],
        on=day(20),
        providerHelperId=await provider(world),
    )
    assert (approved["measure"]["state"], approved["measure"]["providerHelper"]["id"]) == (
        "APPROVED",
        await provider(world),
    )
    started = await act(world, "cadre", START, measureId=measure["id"], on=day(15))
    assert started["measure"]["state"] == "DELIVERING"
    done = await act(world, "cadre", DELIVER, measureId=measure["id"], on=day(5), amount="2988.88")
    assert (done["measure"]["state"], done["measure"]["amount"]) == ("DELIVERED", "2988.88")
    assert done["measure"]["lacksWitness"] is True
    visit = await visited(world, home)
    said = await act(world, "cadre", CONFIRM, measureId=measure["id"], visitId=visit)
    assert said["errors"] == []
    confirmed = said["measure"]
    assert (confirmed["state"], confirmed["witnessVisit"]["id"], confirmed["lacksWitness"]) == (
        "CONFIRMED",
        visit,
        False,
    )
    assert confirmed["confirmedOn"] in (day(0), day(1))
    assert [one["act"] for one in confirmed["events"]] == ["ADD", "APPROVE", "START", "DELIVER", "CONFIRM"]
    assert [one["fromState"] for one in confirmed["events"]] == [None, "PLANNED", "APPROVED", "DELIVERING", "DELIVERED"]
    shown = (await world.ask("county_officer", OF_A_FAMILY, {"id": home}))["household"]
    assert shown["plan"]["measures"] == [{"id": measure["id"]}]
    assert shown["measures"]["totalCount"] == 1


async def test_a_visit_that_witnesses_nothing(world: World) -> None:
    home, other = await family_of(world, 1), (await homes_of(world, "cadre"))[2]
    measure = await delivered(world, home, ago=3)
    refused = {
        "NOT_FOUND": new_id(),
        "VISIT_OF_ANOTHER_HOUSEHOLD": await visited(world, other),
        "WITNESS_NOT_IN_PERSON": await visited(world, home, contact="REMOTE", answers={"adultsMet": 1}),
        "VISIT_BEFORE_DELIVERY": await visited(world, home, occurredAt=ago(days=6), capturedAt=ago(days=6)),
    }
    for code, visit in refused.items():
        said = await act(world, "cadre", CONFIRM, measureId=measure["id"], visitId=visit)
        assert codes(said) == {(code, "input.visitId")}, code
        assert said["measure"] is None


async def test_a_correction_takes_the_place_of_the_witness_and_may_be_none(world: World) -> None:
    home = await family_of(world, 3)
    measure = await delivered(world, home, ago=3)
    first = await visited(world, home)
    await act(world, "cadre", CONFIRM, measureId=measure["id"], visitId=first)
    corrected = await a_visit(world, home, note="少写了一句")
    assert (await amend(world, "cadre", first, corrected))["errors"] == []
    query = "query ($id: ID!) { measure(id: $id) { lacksWitness state witnessVisit { id } } }"
    shown = (await world.ask("cadre", query, {"id": measure["id"]}))["measure"]
    assert shown == {"lacksWitness": False, "state": "CONFIRMED", "witnessVisit": {"id": corrected["id"]}}
    nobody = await a_visit(world, home, contact="NOBODY_HOME", answers={})
    assert (await amend(world, "cadre", corrected["id"], nobody))["errors"] == []
    shown = (await world.ask("cadre", query, {"id": measure["id"]}))["measure"]
    assert shown == {"lacksWitness": True, "state": "CONFIRMED", "witnessVisit": {"id": nobody["id"]}}
    listed = "query ($f: MeasureFilter) { measures(filter: $f, first: 500) { nodes { id } } }"
    lacking = (await world.ask("cadre", listed, {"f": {"lacksWitness": True, "householdId": home}}))["measures"]
    assert lacking["nodes"] == [{"id": measure["id"]}]
    superseded = await act(
        world, "cadre", CONFIRM, measureId=(await delivered(world, home, ago=3))["id"], visitId=first
    )
    assert codes(superseded) == {("ALREADY_SUPERSEDED", "input.visitId")}


async def test_steps_out_of_turn_by_the_wrong_people_and_on_the_wrong_day(world: World) -> None:
    home = await family_of(world, 4)
    measure = await planned(world, home)
    early = await act(world, "cadre", DELIVER, measureId=measure["id"], on=day(1))
    assert codes(early) == {("MEASURE_OUT_OF_TURN", "input.measureId")}
    assert "PLANNED" in early["errors"][0]["message"]
    mine = await act(world, "cadre", APPROVE, measureId=measure["id"], on=day(1))
    assert codes(mine) == {("FORBIDDEN_ROLE", "input")}
    assert codes(await act(world, "partner", CANCEL, measureId=measure["id"], on=day(1), reason="OTHER")) <= {
        ("FORBIDDEN_ROLE", "input"),
        ("NOT_FOUND", "input.measureId"),
    }
    for persona in ("other_county_officer", "other_partner", "hotline_operator", "auditor"):
        hidden = await act(world, persona, DELIVER, measureId=measure["id"], on=day(1))
        assert codes(hidden) == {("NOT_FOUND", "input.measureId")}, persona
    nobody = await act(world, "township_officer", APPROVE, measureId=measure["id"], on=day(31))
    assert codes(nobody) == {("STEP_BEFORE_THE_LAST", "input.on"), ("PROVIDER_MISSING", "input.providerHelperId")}
    wrong = await act(
        *(world, "township_officer", APPROVE),
        measureId=measure["id"],
        on=day(-1),
        providerHelperId=new_id(),
        amount="-1",
    )
    assert codes(wrong) == {
        ("DATE_IN_FUTURE", "input.on"),
        ("NOT_FOUND", "input.providerHelperId"),
        ("AMOUNT_INVALID", "input.amount"),
    }
    state = await world.sql.fetchval("SELECT state FROM measure WHERE id = $1", measure["id"])
    assert state == "PLANNED"


@pytest.mark.parametrize(
    ("category", "kind", "entitlement", "expected"),
    [
        pytest.param("LIFTED", "MEDICAL", "FULL", {("ENTITLED_IN_FULL", "input.reason")}, id="应享尽享"),
        pytest.param("EDGE", "MEDICAL", "AS_MEANS_ALLOW", set(), id="尽力而为"),
        pytest.param("ORDINARY", "INDUSTRY", "NONE", set(), id="no claim"),
    ],
)
async def test_for_lack_of_means_only_what_is_as_means_allow(
    world: World, category: str, kind: str, entitlement: str, expected: Any
) -> None:
    home = await family_of(world, 5, category)
    measure = await planned(world, home, kind=kind)
    assert measure["entitlement"] == entitlement
    done = await act(world, "township_officer", CANCEL, measureId=measure["id"], on=day(1), reason="NO_MEANS")
    assert codes(done) == expected
    if not expected:
        assert (done["measure"]["state"], done["measure"]["cancelReason"]["code"]) == ("CANCELLED", "NO_MEANS")
        again = await act(world, "township_officer", CANCEL, measureId=measure["id"], on=day(1), reason="DECLINED")
        assert codes(again) == {("MEASURE_OUT_OF_TURN", "input.measureId")}


async def test_reasons_are_known_words_and_other_needs_a_note(world: World) -> None:
    home = await family_of(world, 6)
    measure = await planned(world, home)
    asked = {"measureId": measure["id"], "on": day(1)}
    assert codes(await act(world, "township_officer", CANCEL, reason="WHIM", **asked)) == {
        ("UNKNOWN_CODE", "input.reason")
    }
    assert codes(await act(world, "township_officer", CANCEL, reason="OTHER", **asked)) == {
        ("REASON_NEEDED", "input.note")
    }
    assert codes(await act(world, "township_officer", CANCEL, reason="EXIT", **asked)) == {
        ("EXIT_NOT_ON_RECORD", "input.reason")
    }
    done = await act(world, "township_officer", CANCEL, reason="OTHER", note="改由亲属代办", **asked)
    assert done["measure"]["events"][-1]["note"] == "改由亲属代办"


async def test_everything_that_is_wrong_with_a_measure_is_said_at_once(world: World) -> None:
    home = await family_of(world, 7)
    stranger = await world.sql.fetchval("SELECT id FROM person WHERE household_id <> $1 LIMIT 1", home)
    given = {
        "id": new_id(),
        "householdId": home,
        "kind": "WISHES",
        "cause": "WEATHER",
        "content": " ",
        "plannedOn": day(-3),
        "amount": "1.234",
        "personId": str(stranger),
        "planId": new_id(),
        "providerOrganisationId": new_id(),
    }
    assert codes(await act(world, "cadre", ADD, **given)) == {
        ("UNKNOWN_CODE", "input.kind"),
        ("UNKNOWN_CODE", "input.cause"),
        ("REQUIRED", "input.content"),
        ("DATE_IN_FUTURE", "input.plannedOn"),
        ("AMOUNT_INVALID", "input.amount"),
        ("PERSON_NOT_OF_HOUSEHOLD", "input.personId"),
        ("NOT_FOUND", "input.planId"),
        ("NOT_FOUND", "input.providerOrganisationId"),
    }
    late = {
        "id": new_id(),
        "householdId": home,
        "kind": "INDUSTRY",
        "content": "x",
        "plannedOn": day(1),
        "dueOn": day(2),
    }
    assert codes(await act(world, "cadre", ADD, **late)) == {("END_BEFORE_START", "input.dueOn")}
    assert await world.sql.fetchval("SELECT count(*) FROM measure WHERE household_id = $1", home) == 0


async def test_a_measure_sent_twice_is_one(world: World) -> None:
    home = await family_of(world, 8)
    given = {"id": new_id(), "householdId": home, "kind": "INDUSTRY", "content": "种茶", "plannedOn": day(1)}
    first, second = [await act(world, "cadre", ADD, **given) for _ in range(2)]
    assert first == second
    other = await act(world, "cadre", ADD, **{**given, "content": "种菇"})
    assert [one["code"] for one in other["errors"]] == ["OPERATION_REUSED"]
    assert await world.sql.fetchval("SELECT count(*) FROM measure_event WHERE measure_id = $1", given["id"]) == 1


async def test_one_plan_of_each_kind_at_a_time_and_completion_has_a_result(world: World) -> None:
    home = await family_of(world, 9)
    given = {"householdId": home, "startedOn": day(60), "goals": ["种植茶树菇三千袋"]}
    plans = {}
    for kind in ("HOUSEHOLD", "PRODUCTION"):
        done = await act(world, "cadre", MAKE_PLAN, id=new_id(), kind=kind, **given)
        assert done["errors"] == []
        plans[kind] = done["plan"]["id"]
        again = await act(world, "cadre", MAKE_PLAN, id=new_id(), kind=kind, **given)
        assert codes(again) == {("PLAN_ALREADY_OPEN", "input.kind")}
    end = {"planId": plans["PRODUCTION"], "endedOn": day(0), "reason": "COMPLETED"}
    assert codes(await act(world, "cadre", END_PLAN, **end)) == {("REQUIRED", "input.result")}
    done = await act(world, "cadre", END_PLAN, **end, result="出菇两季，收入八千元")
    assert (done["plan"]["endReason"]["code"], done["plan"]["result"]) == ("COMPLETED", "出菇两季，收入八千元")
    ended = await act(world, "cadre", END_PLAN, **end, result="再报一次")
    assert codes(ended) == {("PLAN_ALREADY_ENDED", "input.planId")}
    left = {"planId": plans["HOUSEHOLD"], "endedOn": day(61), "reason": "EXIT"}
    assert codes(await act(world, "cadre", END_PLAN, **left)) == {
        ("STEP_BEFORE_THE_LAST", "input.endedOn"),
        ("EXIT_NOT_ON_RECORD", "input.reason"),
    }
    nothing = await act(
        *(world, "cadre", MAKE_PLAN),
        id=new_id(),
        householdId=home,
        kind="PRODUCTION",
        startedOn="2026-2-30",
        goals=[],
    )
    assert codes(nothing) == {("DATE_INVALID", "input.startedOn"), ("REQUIRED", "input.goals")}
    empty = await act(world, "cadre", MAKE_PLAN, id=new_id(), kind="PRODUCTION", **{**given, "goals": [" "]})
    assert codes(empty) == {("REQUIRED", "input.goals.0")}
    many = await act(world, "cadre", MAKE_PLAN, id=new_id(), kind="PRODUCTION", **{**given, "goals": ["x"] * 21})
    assert codes(many) == {("TOO_MANY", "input.goals")}


async def test_a_partner_sees_what_is_done_and_neither_words_nor_money(world: World) -> None:
    home = (await homes_of(world, "partner"))[0]
    shown = (await world.ask("partner", OF_A_FAMILY, {"id": home}))["household"]
    officer = (await world.ask("province_officer", OF_A_FAMILY, {"id": home}))["household"]
    assert shown["measures"]["totalCount"] == officer["measures"]["totalCount"] > 0
    assert {one["amount"] for one in shown["measures"]["nodes"]} == {None}
    assert {one["content"] for one in shown["measures"]["nodes"]} == {None}
    assert shown["plan"]["goals"] is None
    assert [one["state"] for one in shown["measures"]["nodes"]] == [
        one["state"] for one in officer["measures"]["nodes"]
    ]
