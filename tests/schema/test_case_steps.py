"""From the comparison to the announcement: what each step takes, who may, and what a refusal says is missing."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.casework import (
    ANSWER,
    APPRAISAL,
    POOR,
    WEALTHY,
    a_case,
    adults_signed,
    announced,
    appraised,
    asked,
    brought_to,
    compared,
    days_pass,
    decided,
    departments,
    do,
    done,
    earns,
    needs,
    noticed,
    published,
    refusals,
    reviewed,
    today_in,
)
from tests.schema.families_asked import act, person
from tests.world import World

FAMILY = "query ($id: ID!) { household(id: $id) { monitoringStatus category { code } exitedOn monitoring { step } } }"


async def family(world: World, home: str) -> Any:
    return (await world.ask("county_officer", FAMILY, {"id": home}))["household"]


async def test_a_whole_admission_step_by_step(world: World) -> None:
    home, case = await a_case(world)
    await earns(world, home, POOR)
    await compared(world, home, case)
    assert (await appraised(world, case))["step"] == "VILLAGE_NOTICE"
    await noticed(world, case)
    assert (await reviewed(world, case))["step"] == "COUNTY_DECISION"
    at_county = await decided(world, case)
    assert (at_county["step"], at_county["category"]["code"], at_county["uploadStatus"]) == (
        "RESULT_ANNOUNCED", "UNSTABLE_LIFTED", "PENDING",
    )  # fmt: skip
    assert (await family(world, home))["monitoringStatus"] == "IN_PROCEDURE"
    monitored = await announced(world, case)
    assert (monitored["step"], monitored["monitoredOn"]) == ("MONITORED", str(await today_in(world)))
    assert [event["event"] for event in monitored["events"]] == [
        "OPENED", "COMPARISON_REQUESTED", "COMPARISON_CONCLUDED", "APPRAISAL_AGREED", "NOTICE_PUBLISHED", "NOTICE_ENDED",
        "TOWNSHIP_APPROVED", "COUNTY_APPROVED", "RESULT_ANNOUNCED",
    ]  # fmt: skip
    assert (await family(world, home))["monitoringStatus"] == "MONITORED"
    entered = await done(world, "county_officer", "confirmNationalEntry", caseId=case)
    assert (entered["uploadStatus"], entered["step"]) == ("UPLOADED", "MONITORED")
    again = await do(world, "county_officer", "confirmNationalEntry", caseId=case)
    assert refusals(again) == ["NOTHING_TO_UPLOAD"]


# --- comparison --------------------------------------------------------------------------------------------------------


async def test_departments_are_asked_only_about_those_who_signed(world: World) -> None:
    wife, child = (
        person("林玉兰", "SPOUSE", sex="FEMALE"),
        person("鄢小妹", "DAUGHTER", sex="FEMALE", bornOn="2015-01-01"),
    )
    home, case = await a_case(world, person("鄢大山"), wife, child)
    signed = [one for one in await adults_signed(world, home) if one["personId"] != wife["id"]]
    given = {"caseId": case, "authorisations": signed, "organisationIds": await departments(world)}
    payload = await do(world, "village_officer", "requestComparison", **given)
    assert refusals(payload) == ["AUTHORISATION_MISSING"]
    assert payload["errors"][0]["requires"] == [
        {
            "code": "AUTHORISATION",
            "message": "该成员签署的授权书。",
            "fromWhom": "FAMILY",
            "detail": {"person": wife["id"]},
        }
    ]
    await asked(world, home, case)
    (people,) = [
        row["people"]
        for row in await world.sql.fetch("SELECT people FROM comparison_question WHERE case_id = $1", uuid.UUID(case))
    ]
    assert child["id"] not in people
    assert wife["id"] in people


async def test_a_department_sees_what_it_is_asked_and_nothing_of_the_family(world: World) -> None:
    home, case = await a_case(world)
    question = await asked(world, home, case)
    query = """query ($id: ID!, $case: ID!, $home: ID!) {
      comparisonQuestions(filter: {isAnswered: false}) { nodes { id people explanation } }
      node(id: $id) { id } monitoringCase(id: $case) { id } household(id: $home) { id } }"""
    seen = await world.ask("department", query, {"id": question, "case": case, "home": home})
    assert question in {one["id"] for one in seen["comparisonQuestions"]["nodes"]}
    (mine,) = [one for one in seen["comparisonQuestions"]["nodes"] if one["id"] == question]
    assert [one["name"] for one in mine["people"]] == ["鄢大山"]
    assert (seen["monitoringCase"], seen["household"], seen["node"]["id"]) == (None, None, question)
    for persona in ("partner", "integrator", "other_county_officer", "cadre", "anonymous"):
        hidden = await world.ask(persona, query, {"id": question, "case": case, "home": home})
        assert hidden["node"] is None, persona


async def test_a_hit_is_explained_and_rejects_nobody(world: World) -> None:
    home, case = await a_case(world)
    question = await asked(world, home, case)
    wordless = await act(world, "department", ANSWER, questionId=question, isHit=True)
    assert refusals(wordless) == ["REASON_NEEDED"]
    early = await do(world, "village_officer", "concludeComparison", caseId=case)
    assert needs(early) == {"DEPARTMENTS_ANSWER": "DEPARTMENT"}
    hit = await act(world, "department", ANSWER, questionId=question, isHit=True, finding="名下有车一辆")
    assert hit["question"]["outcome"] == "HIT"
    assert refusals(await act(world, "department", ANSWER, questionId=question, isHit=False)) == ["COMPARISON_SETTLED"]
    unexplained = await do(world, "village_officer", "concludeComparison", caseId=case)
    assert (refusals(unexplained), needs(unexplained)) == (["COMPARISON_NOT_OVER"], {"HIT_EXPLANATION": "VILLAGE"})
    await done(world, "village_officer", "explainHit", questionId=question, explanation="报废三轮车,未注销")
    concluded = await done(world, "village_officer", "concludeComparison", caseId=case)
    assert (concluded["step"], concluded["events"][-1]["detail"]["hits"]) == ("DEMOCRATIC_APPRAISAL", 1)


async def test_no_answer_in_five_days_is_written_down_as_such(world: World) -> None:
    home, case = await a_case(world)
    assert needs(await do(world, "village_officer", "concludeComparison", caseId=case)) == {
        "COMPARISON_REQUEST": "VILLAGE"
    }
    question = await asked(world, home, case)
    await days_pass(world, case, 5)
    assert refusals(await do(world, "village_officer", "concludeComparison", caseId=case)) == ["COMPARISON_NOT_OVER"]
    await days_pass(world, case, 1)
    await done(world, "village_officer", "concludeComparison", caseId=case)
    stands = await world.sql.fetchrow(
        "SELECT outcome, answered_by_id FROM comparison_question WHERE id = $1", uuid.UUID(question)
    )
    assert tuple(stands) == ("NO_ANSWER", None)


async def test_nobody_but_the_department_answers_and_nobody_but_a_department_is_asked(world: World) -> None:
    home, case = await a_case(world)
    question = await asked(world, home, case)
    for persona, code in (("village_officer", "FORBIDDEN_ROLE"), ("partner", "NOT_FOUND"), ("cadre", "NOT_FOUND")):
        assert refusals(await act(world, persona, ANSWER, questionId=question, isHit=False)) == [code], persona
    partner = await world.sql.fetchval("SELECT organisation_id FROM account WHERE persona = 'partner'")
    signed = await adults_signed(world, home)
    payload = await do(
        world, "village_officer", "requestComparison",
        caseId=case, authorisations=signed, organisationIds=[str(partner), str(uuid.uuid4())],
    )  # fmt: skip
    assert refusals(payload) == ["NOT_A_DEPARTMENT", "NOT_FOUND"]
    assert refusals(await do(world, "village_officer", "explainHit", questionId=question, explanation="无")) == [
        "NO_HIT"
    ]


# --- appraisal and notice ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"minutes": None}, "MINUTES_MISSING"),
        ({"present": 3}, "COUNTS_DISAGREE"),
        ({"against": -1}, "COUNTS_DISAGREE"),
        ({"isAgreed": False}, "REASON_NEEDED"),
        ({"heldOn": "2020-01-01"}, "HELD_BEFORE_CASE"),
        ({"heldOn": "2999-01-01"}, "DATE_IN_FUTURE"),
    ],
)
async def test_an_appraisal_that_cannot_be_is_refused(world: World, changed: dict[str, Any], code: str) -> None:
    _, case = await brought_to(world, "DEMOCRATIC_APPRAISAL")
    given = {"caseId": case, "heldOn": str(await today_in(world)), **APPRAISAL, **changed}
    assert refusals(await do(world, "village_officer", "recordAppraisal", **given)) == [code]


async def test_a_village_that_does_not_agree_ends_the_round(world: World) -> None:
    home, case = await brought_to(world, "DEMOCRATIC_APPRAISAL")
    given = {**APPRAISAL, "isAgreed": False, "inFavour": 1, "against": 10, "reason": "有稳定退休金"}
    ended = await done(
        world, "village_officer", "recordAppraisal", caseId=case, heldOn=str(await today_in(world)), **given
    )
    assert (ended["step"], ended["closedOn"]) == ("REJECTED", str(await today_in(world)))
    assert (await family(world, home))["monitoringStatus"] == "NEVER"


async def test_a_notice_hangs_five_full_days_and_the_township_acts_on_day_six(world: World) -> None:
    _, case = await brought_to(world, "VILLAGE_NOTICE")
    unpublished = await do(world, "township_officer", "reviewAtTownship", caseId=case, outcome="APPROVE")
    assert needs(unpublished) == {"PUBLISHED_NOTICE": "VILLAGE"}
    hung = await published(world, case)
    assert refusals(await do(world, "village_officer", "publishNotice", caseId=case)) == ["NOTICE_STANDS"]
    notice = await world.sql.fetchrow(
        "SELECT content, published_on, ends_on FROM notice WHERE case_id = $1", uuid.UUID(case)
    )
    assert (notice["ends_on"] - notice["published_on"]).days == 5
    assert hung["stepDueOn"] == str(notice["ends_on"])
    assert "鄢大山" not in notice["content"], "names are masked by policy"
    await days_pass(world, case, 5)
    early = await do(world, "township_officer", "reviewAtTownship", caseId=case, outcome="APPROVE")
    assert (refusals(early), needs(early)) == (["NOTICE_NOT_OVER"], {"FULL_NOTICE_DAYS": "TIME"})
    await days_pass(world, case, 1)
    assert (await reviewed(world, case))["step"] == "COUNTY_DECISION"


# --- review and decision -----------------------------------------------------------------------------------------------


async def test_a_returned_case_keeps_its_clock_and_its_notice(world: World) -> None:
    _, case = await brought_to(world, "TOWNSHIP_REVIEW")
    before = await world.sql.fetchrow("SELECT began_on, due_on FROM monitoring_case WHERE id = $1", uuid.UUID(case))
    wordless = await do(world, "township_officer", "reviewAtTownship", caseId=case, outcome="RETURN")
    assert refusals(wordless) == ["REASON_NEEDED"]
    back = await done(
        world, "township_officer", "reviewAtTownship", caseId=case, outcome="RETURN", reason="评议记录缺签字"
    )
    assert back["step"] == "DEMOCRATIC_APPRAISAL"
    await appraised(world, case)
    stands = await world.sql.fetchrow("SELECT began_on, due_on FROM monitoring_case WHERE id = $1", uuid.UUID(case))
    assert tuple(stands) == tuple(before)
    assert refusals(await do(world, "village_officer", "publishNotice", caseId=case)) == ["NOTICE_STANDS"]
    assert (await reviewed(world, case))["step"] == "COUNTY_DECISION"
    returned = await done(world, "county_officer", "decideAtCounty", caseId=case, outcome="RETURN", reason="请乡镇复核")
    assert returned["step"] == "TOWNSHIP_REVIEW"
    rejected = await done(
        world, "township_officer", "reviewAtTownship", caseId=case, outcome="REJECT", reason="复核不符"
    )
    assert rejected["step"] == "REJECTED"


@pytest.mark.parametrize(
    ("monthly", "category", "found"),
    [(POOR, "LIFTED", "UNSTABLE_LIFTED"), (POOR, "ORDINARY", "EDGE"), (WEALTHY, "ORDINARY", "SUDDEN_HARDSHIP")],
)
async def test_the_category_is_what_the_rule_names(world: World, monthly: str, category: str, found: str) -> None:
    home, case = await brought_to(world, "COUNTY_DECISION", monthly=monthly)
    await world.sql.execute("UPDATE household SET category = $2 WHERE id = $1", uuid.UUID(home), category)
    wrong = "EDGE" if found != "EDGE" else "SUDDEN_HARDSHIP"
    payload = await do(world, "county_officer", "decideAtCounty", caseId=case, outcome="APPROVE", category=wrong)
    assert refusals(payload) == ["CATEGORY_NOT_BY_RULE"]
    assert (await decided(world, case))["category"]["code"] == found
    await announced(world, case)
    now = (await family(world, home))["category"]["code"]
    assert now == ("EDGE" if found == "EDGE" else category)


async def test_above_the_range_and_struck_by_nothing_no_category_is_left(world: World) -> None:
    _, case = await brought_to(world, "COUNTY_DECISION", monthly=WEALTHY)
    await world.sql.execute("UPDATE monitoring_case SET causes = '{LACK_OF_SKILLS}' WHERE id = $1", uuid.UUID(case))
    await world.sql.execute(
        "UPDATE clue SET sign = 'HARDSHIP' WHERE id = (SELECT clue_id FROM monitoring_case WHERE id = $1)",
        uuid.UUID(case),
    )
    assert refusals(await do(world, "county_officer", "decideAtCounty", caseId=case, outcome="APPROVE")) == [
        "NOT_IN_RANGE"
    ]


async def test_where_months_are_unknown_the_county_names_the_category(world: World) -> None:
    home, case = await brought_to(world, "COUNTY_DECISION")
    await world.sql.execute(
        "UPDATE income_statement SET superseded_at = now() WHERE id = (SELECT id FROM income_statement WHERE household_id = $1 ORDER BY month DESC LIMIT 1)",
        uuid.UUID(home),
    )
    payload = await do(world, "county_officer", "decideAtCounty", caseId=case, outcome="APPROVE")
    assert (refusals(payload), needs(payload)) == (["CATEGORY_UNKNOWN"], {"CATEGORY_OR_INCOME": "VILLAGE"})
    assert (await decided(world, case, category="SUDDEN_HARDSHIP"))["category"]["code"] == "SUDDEN_HARDSHIP"


async def test_a_late_county_is_flagged_and_not_blocked(world: World) -> None:
    _, case = await brought_to(world, "COUNTY_DECISION")
    await days_pass(world, case, 40)
    listed = await world.ask(
        "county_officer", "{ monitoringCases(filter: {steps: [COUNTY_DECISION]}) { nodes { id isOverdue } } }"
    )
    assert {one["id"]: one["isOverdue"] for one in listed["monitoringCases"]["nodes"]}[case] is True
    decision = await decided(world, case)
    assert (decision["isOverdue"], decision["events"][-1]["detail"]["isLate"]) == (False, True)


async def test_a_family_that_is_found_poor_is_registered_as_such(world: World) -> None:
    home, case = await brought_to(world, "COUNTY_DECISION")
    poor = await done(
        world, "county_officer", "decideAtCounty", caseId=case, outcome="REGISTER_POOR", reason="符合标准"
    )
    assert poor["step"] == "REGISTERED_POOR"
    assert await family(world, home) == {
        "monitoringStatus": "NEVER", "category": {"code": "REGISTERED_POOR"}, "exitedOn": None, "monitoring": None,
    }  # fmt: skip


REVIEWS = """mutation ($input: ReviewCasesAtTownshipInput!) { reviewCasesAtTownship(input: $input) {
  results { monitoringCase { id step } errors { code ... on MissingRequirement { requires { code } } } } errors { code } } }"""


async def test_a_township_reviews_many_and_hears_of_each(world: World) -> None:
    _, ready = await brought_to(world, "TOWNSHIP_REVIEW")
    _, early = await brought_to(world, "VILLAGE_NOTICE")
    _, returned = await brought_to(world, "TOWNSHIP_REVIEW")
    reviews = [
        {"caseId": early, "outcome": "APPROVE"},
        {"caseId": ready, "outcome": "APPROVE"},
        {"caseId": returned, "outcome": "RETURN"},
        {"caseId": str(uuid.uuid4()), "outcome": "APPROVE"},
    ]
    operation = str(uuid.uuid4())
    for _ in range(2):
        payload = await act(world, "township_officer", REVIEWS, operationId=operation, reviews=reviews)
        assert payload["errors"] == []
        found = [[error["code"] for error in one["errors"]] for one in payload["results"]]
        assert found == [["NOTICE_NOT_OVER"], [], ["REASON_NEEDED"], ["NOT_FOUND"]]
        assert [one["monitoringCase"] and one["monitoringCase"]["step"] for one in payload["results"]] == [
            "VILLAGE_NOTICE", "COUNTY_DECISION", "VILLAGE_NOTICE", None,
        ]  # fmt: skip
    assert payload["results"][0]["errors"][0]["requires"] == [{"code": "PUBLISHED_NOTICE"}]
    nothing = await act(world, "township_officer", REVIEWS, reviews=[])
    assert [error["code"] for error in nothing["errors"]] == ["REQUIRED"]
