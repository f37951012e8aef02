"""Objections while a notice hangs and after it: who hears of whom, who answers, what restarts."""

from __future__ import annotations

import uuid

import pytest

from tests.almanac import Almanac
from tests.casework import (
    OBJECT,
    appraised,
    brought_to,
    days_pass,
    do,
    done,
    objected,
    published,
    refusals,
    reviewed,
)
from tests.schema.families_asked import CHANGE, act, person
from tests.world import World

OF_CASE = """query ($id: ID!) { monitoringCase(id: $id) { objections {
  id isAnonymous objector says outcome answer answeredBy { name } dueOn } notices { number content withdrawnAt } } }"""


async def test_an_objection_that_is_not_upheld_lets_the_case_go_on(world: World) -> None:
    _, case = await brought_to(world, "VILLAGE_NOTICE")
    await published(world, case)
    objection = await objected(world, case, objector="鄢老五")
    await days_pass(world, case, 6)
    waiting = await do(world, "township_officer", "reviewAtTownship", caseId=case, outcome="APPROVE")
    assert [one["code"] for one in waiting["errors"][0]["requires"]] == ["OBJECTION_ANSWER"]
    given = {"objectionId": objection, "outcome": "NOT_UPHELD", "answer": "车已报废"}
    by_verifier = await do(world, "village_officer", "resolveObjection", **given)
    assert refusals(by_verifier) == ["RECUSED_AS_VERIFIER"]
    answered = await done(world, "township_officer", "resolveObjection", **given)
    assert answered["events"][-1]["detail"] == {"objection": objection, "noticeRestarts": False, "isLate": True}
    again = await do(world, "township_officer", "resolveObjection", **given)
    assert refusals(again) == ["OBJECTION_ANSWERED"]
    assert (await reviewed(world, case))["step"] == "COUNTY_DECISION"


async def test_a_correction_restarts_the_notice_only_if_what_hung_changes(world: World) -> None:
    son = person("鄢小山", "SON", bornOn="2012-01-01", schoolStatus="PRIMARY", labour="NONE")
    del son["education"]
    home, case = await brought_to(world, "VILLAGE_NOTICE", person("鄢大山"), son)
    await published(world, case)
    first = await objected(world, case)
    causes = {"outcome": "CORRECTED", "answer": "风险原因更正", "causes": ["DISABILITY"]}
    kept = await done(world, "township_officer", "resolveObjection", objectionId=first, **causes)
    assert (kept["events"][-1]["detail"]["noticeRestarts"], kept["causes"]) == (False, [{"code": "DISABILITY"}])
    assert kept["stepDueOn"] is not None

    second = await objected(world, case, says="儿子早已迁出")
    day = str(await world.sql.fetchval("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date"))
    gone = [{"personId": son["id"], "reason": "LEFT", "on": day}]
    assert (await act(world, "township_officer", CHANGE, householdId=home, leaving=gone))["errors"] == []
    put_right = {"objectionId": second, "outcome": "CORRECTED", "answer": "已更正家庭人口"}
    restarted = await done(world, "township_officer", "resolveObjection", **put_right)
    assert (restarted["events"][-1]["detail"]["noticeRestarts"], restarted["stepDueOn"]) == (True, None)
    await published(world, case)
    hung = (await world.ask("township_officer", OF_CASE, {"id": case}))["monitoringCase"]["notices"]
    assert [(one["content"]["memberCount"], one["withdrawnAt"] is None) for one in hung] == [(2, False), (1, True)]
    assert len({one["number"] for one in hung}) == 2


async def test_a_month_that_turns_while_a_notice_hangs_restarts_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the new month nobody knows the income; what hung was said of the year before its day, and is so still."""
    clock = Almanac(monkeypatch)
    _, case = await brought_to(world, "VILLAGE_NOTICE")
    await published(world, case)
    clock.go_to(40)
    back = {"caseId": case, "outcome": "RETURN", "reason": "评议记录缺签字"}
    await done(world, "township_officer", "reviewAtTownship", **back)
    await appraised(world, case)
    assert refusals(await do(world, "village_officer", "publishNotice", caseId=case)) == ["NOTICE_STANDS"]
    assert (await reviewed(world, case))["step"] == "COUNTY_DECISION"


async def test_an_objection_that_is_upheld_may_refuse_the_round(world: World) -> None:
    _, case = await brought_to(world, "VILLAGE_NOTICE")
    await published(world, case)
    objection = await objected(world, case)
    given = {"objectionId": objection, "outcome": "REJECTED", "answer": "确有商铺两间"}
    ended = await done(world, "township_officer", "resolveObjection", **given)
    assert (ended["step"], ended["events"][-1]["event"]) == ("REJECTED", "OBJECTION_REJECTS")
    late = await do(world, "township_officer", "resolveObjection", **given)
    assert refusals(late) == ["WRONG_STEP"]


async def test_after_the_last_day_an_objection_is_a_clue_and_the_case_goes_on(world: World) -> None:
    _, case = await brought_to(world, "VILLAGE_NOTICE")
    unheard = await act(world, "township_officer", OBJECT, id=str(uuid.uuid4()), caseId=case, says="有车")
    assert refusals(unheard) == ["NO_NOTICE"]
    await published(world, case)
    await days_pass(world, case, 6)
    payload = await act(world, "township_officer", OBJECT, id=str(uuid.uuid4()), caseId=case, says="有车")
    assert payload["errors"] == []
    assert payload["clue"]["sign"] == {"code": "COMPLAINT"}
    assert [one["source"] for one in payload["clue"]["witnesses"]] == ["COMPLAINT"]
    assert payload["monitoringCase"]["events"][-1]["event"] == "LATE_OBJECTION"
    assert (await reviewed(world, case))["step"] == "COUNTY_DECISION"


@pytest.mark.parametrize("persona", ["cadre", "partner", "department", "integrator", "auditor", "anonymous"])
async def test_who_objected_is_for_officers_of_the_place_alone(world: World, persona: str) -> None:
    _, case = await brought_to(world, "VILLAGE_NOTICE")
    await published(world, case)
    named, unnamed = await objected(world, case, objector="鄢老五"), await objected(world, case)
    seen = (await world.ask("county_officer", OF_CASE, {"id": case}))["monitoringCase"]["objections"]
    assert {one["id"]: (one["isAnonymous"], one["objector"]) for one in seen} == {
        named: (False, "鄢老五"),
        unnamed: (True, None),
    }
    hidden = await world.ask(persona, "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": [named, unnamed]})
    assert hidden["nodes"] == [None, None]
    told = await world.ask(
        persona, "query ($id: ID!) { monitoringCase(id: $id) { objections { id } events { detail } } }", {"id": case}
    )
    assert "鄢老五" not in str(told)
    assert not (told["monitoringCase"] or {}).get("objections")
    in_trace = await world.sql.fetchval("SELECT count(*) FROM audit_entry WHERE detail::text LIKE '%鄢老五%'")
    in_events = await world.sql.fetchval("SELECT count(*) FROM case_event WHERE detail::text LIKE '%鄢老五%'")
    assert (in_trace, in_events) == (0, 0)
