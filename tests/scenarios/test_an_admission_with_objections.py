"""力星村, a hospital's bill: from the sign to 纳入监测 with all that can come between, told by the days of one clock.

公示无异议或经核实异议不成立的…报乡镇审核; an objection that is right is put right, and what hung hangs anew. Fifteen days
from the sign to the county's decision: lateness is flagged and blocks nothing (domain.md §11.3 to §11.6).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from domain.access.rules import CHINA
from tests.almanac import Almanac, notices_end, serves, tried
from tests.casework import (
    ANSWER,
    KINSHIP,
    OBJECT,
    POOR,
    a_clue,
    adults_signed,
    appraised,
    asked,
    departments,
    do,
    done,
    earns,
    needs,
    objected,
    published,
    refusals,
    verified,
)
from tests.schema.families_asked import CHANGE, VILLAGE, act, new_family, person
from tests.visiting import new_id
from tests.world import World

STANDS = """query ($id: ID!) { monitoringCase(id: $id) { step stepDueOn dueOn isOverdue
  household { monitoringStatus category { code } }
  notices { kind publishedOn endsOn content withdrawnAt } } }"""

# What stands in the case in the end: on which day, what, at which level; None where it followed by itself.
STORY = [
    (0, "OPENED", "VILLAGE"),
    (1, "COMPARISON_REQUESTED", "VILLAGE"),
    (1, "HIT_EXPLAINED", "VILLAGE"),
    (1, "COMPARISON_CONCLUDED", "VILLAGE"),
    (2, "APPRAISAL_AGREED", "VILLAGE"),
    (2, "NOTICE_PUBLISHED", "VILLAGE"),
    (3, "OBJECTION_RECORDED", "TOWNSHIP"),
    (5, "OBJECTION_NOT_UPHELD", "TOWNSHIP"),
    (6, "OBJECTION_RECORDED", "VILLAGE"),
    (7, "FAMILY_CHANGED", None),
    (7, "OBJECTION_CORRECTED", "TOWNSHIP"),
    (7, "NOTICE_PUBLISHED", "VILLAGE"),
    (13, "NOTICE_ENDED", None),
    (13, "TOWNSHIP_RETURNED", "TOWNSHIP"),
    (14, "APPRAISAL_AGREED", "VILLAGE"),
    (14, "NOTICE_ENDED", None),
    (14, "LATE_OBJECTION", "TOWNSHIP"),
    (15, "TOWNSHIP_APPROVED", "TOWNSHIP"),
    (20, "COUNTY_APPROVED", "COUNTY"),
    (21, "RESULT_ANNOUNCED", "COUNTY"),
    (21, "NATIONAL_ENTRY_CONFIRMED", "COUNTY"),
]


async def stands(world: World, case: str) -> Any:
    return (await world.ask("county_officer", STANDS, {"id": case}))["monitoringCase"]


async def test_from_a_sign_to_monitoring_with_everything_between(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Almanac(monkeypatch)
    await serves(world, "other_cadre", "RESIDENT_TEAM", VILLAGE)
    await serves(world, "other_county_officer", "COUNTY_OFFICER", "350125")
    father, son = person("鄢大山"), person("鄢小山", "SON", bornOn="2004-01-01")
    home = await new_family(world, father, son)
    await earns(world, home, POOR)

    # Day 0, the clue's: nobody decides yet, and no case stands on what nobody has looked at.
    case, clue = new_id(), await a_clue(world, home)
    birth: dict[str, Any] = {"id": case, "clueId": clue, "causes": ["ILLNESS"]}
    assert await tried(world, "village_officer", "openMonitoringCase", **birth) == ["CLUE_NOT_VERIFIED"]
    await verified(world, home, clue)
    assert await tried(world, "county_officer", "openMonitoringCase", **birth) == ["FORBIDDEN_ROLE"]
    opened = await done(world, "village_officer", "openMonitoringCase", **birth)
    assert (opened["step"], opened["beganOn"], opened["dueOn"]) == ("COMPARISON", clock.day(0), clock.day(15))

    # Day 1. Departments are asked about both, who are of age and have signed; a hit is explained.
    clock.go_to(1)
    signed = [one for one in await adults_signed(world, home) if one["personId"] != son["id"]]
    unsigned = {"caseId": case, "authorisations": signed, "organisationIds": await departments(world)}
    assert needs(await do(world, "village_officer", "requestComparison", **unsigned)) == {"AUTHORISATION": "FAMILY"}
    question = await asked(world, home, case)
    hit = {"questionId": question, "isHit": True, "finding": "名下有车一辆"}
    assert (await act(world, "department", ANSWER, **hit))["errors"] == []
    unexplained = await do(world, "village_officer", "concludeComparison", caseId=case)
    assert needs(unexplained) == {"HIT_EXPLANATION": "VILLAGE"}
    await done(world, "village_officer", "explainHit", questionId=question, explanation="报废三轮车,未注销")
    await done(world, "village_officer", "concludeComparison", caseId=case)

    # Day 2. The village appraises and publishes: five full days after this one.
    clock.go_to(2)
    await appraised(world, case)
    for persona, refusal in (("county_officer", "FORBIDDEN_ROLE"), ("cadre", "NOT_FOUND")):
        assert await tried(world, persona, "publishNotice", caseId=case) == [refusal], persona
    assert (await published(world, case))["stepDueOn"] == clock.day(7)

    # Days 3 to 5. One says they have a car. Whoever was at the door does not answer that; it was no reason.
    clock.go_to(3)
    car = await objected(world, case, "township_officer", objector="鄢老五")
    clock.go_to(5)
    answer = {"objectionId": car, "outcome": "NOT_UPHELD", "answer": "车已报废,见注销回执"}
    assert await tried(world, "village_officer", "resolveObjection", **answer) == ["RECUSED_AS_VERIFIER"]
    went_on = await done(world, "township_officer", "resolveObjection", **answer)
    assert went_on["events"][-1]["detail"] == {"objection": car, "noticeRestarts": False, "isLate": False}
    assert went_on["stepDueOn"] == clock.day(7)

    # Days 6 and 7. Another is right: the son lives with his wife's family. What hung was wrong, and hangs anew.
    clock.go_to(6)
    gone = await objected(world, case, "village_officer", says="儿子早已入赘他村")
    clock.go_to(7)
    leaving = [{"personId": son["id"], "reason": "MARRIED_OUT", "on": clock.day(7)}]
    assert (await act(world, "village_officer", CHANGE, householdId=home, leaving=leaving))["errors"] == []
    answer = {"objectionId": gone, "outcome": "CORRECTED", "answer": "已更正家庭人口"}
    corrected = await done(world, "township_officer", "resolveObjection", **answer)
    assert (corrected["step"], corrected["stepDueOn"], corrected["dueOn"]) == ("VILLAGE_NOTICE", None, clock.day(15))
    assert (await published(world, case))["stepDueOn"] == clock.day(12)
    hung = [(one["content"]["memberCount"], one["publishedOn"]) for one in (await stands(world, case))["notices"]]
    assert hung == [(2, clock.day(2)), (1, clock.day(7))]

    # Days 12 and 13. The last full day is the village's; from midnight on it is the township's turn. It sends it back.
    clock.go_to(12)
    await notices_end(world, clock)
    early = await do(world, "township_officer", "reviewAtTownship", caseId=case, outcome="APPROVE")
    assert (refusals(early), needs(early)) == (["NOTICE_NOT_OVER"], {"FULL_NOTICE_DAYS": "TIME"})
    clock.go_to(13)
    await notices_end(world, clock)
    assert (await stands(world, case))["step"] == "TOWNSHIP_REVIEW"
    back = {"caseId": case, "outcome": "RETURN", "reason": "评议记录缺签字"}
    assert await tried(world, "village_officer", "reviewAtTownship", **back) == ["FORBIDDEN_ROLE"]
    returned = await done(world, "township_officer", "reviewAtTownship", **back)
    assert (returned["step"], returned["dueOn"]) == ("DEMOCRATIC_APPRAISAL", clock.day(15)), "its clock goes on"

    # Day 14. The resident team writes the sheet anew. Nothing of it was published, so the notice counts as it hung.
    clock.go_to(14)
    sheet = {
        "present": 12,
        "inFavour": 12,
        "against": 0,
        "abstained": 0,
        "isAgreed": True,
        "minutes": "评议〔2026〕4号",
    }
    await done(world, "other_cadre", "recordAppraisal", caseId=case, heldOn=clock.day(14), **sheet)
    assert await tried(world, "village_officer", "publishNotice", caseId=case) == ["NOTICE_STANDS"]
    await notices_end(world, clock)
    assert (await stands(world, case))["step"] == "TOWNSHIP_REVIEW"
    late = await act(world, "township_officer", OBJECT, id=new_id(), caseId=case, says="听说有存款")
    assert (late["errors"], late["clue"]["sign"]) == ([], {"code": "COMPLAINT"}), "too late: a sign like any other"

    # Day 15. Who wrote that sheet serves in the township by now: not in this case.
    clock.go_to(15)
    await serves(world, "other_cadre", "TOWNSHIP_OFFICER", VILLAGE[:9])
    approval = {"caseId": case, "outcome": "APPROVE"}
    assert await tried(world, "other_cadre", "reviewAtTownship", **approval) == ["RECUSED_ACTED_ELSEWHERE"]
    at_county = await done(world, "township_officer", "reviewAtTownship", **approval)
    assert (at_county["step"], at_county["isOverdue"]) == ("COUNTY_DECISION", False), "on its last day it is not late"

    # Day 20. The county's officer is a cousin and stands back. That takes its time: flagged, and nothing is blocked.
    clock.go_to(20)
    assert (await stands(world, case))["isOverdue"] is True
    cousin = {"householdId": home, "relation": "表姐"}
    assert (await act(world, "county_officer", KINSHIP, **cousin))["errors"] == []
    assert await tried(world, "county_officer", "decideAtCounty", **approval) == ["RECUSED_AS_RELATIVE"]
    await earns(world, home, POOR)
    decision = await done(world, "other_county_officer", "decideAtCounty", **approval)
    assert decision["events"][-1]["detail"] == {"isLate": True, "dueOn": clock.day(15)}
    assert (decision["category"]["code"], decision["isOverdue"]) == ("UNSTABLE_LIFTED", False)
    assert (await stands(world, case))["household"]["monitoringStatus"] == "IN_PROCEDURE"

    # Day 21. Announced, and from this day under monitoring; the national system hears of it beside.
    clock.go_to(21)
    assert await tried(world, "county_officer", "announceResult", caseId=case) == ["RECUSED_AS_RELATIVE"]
    monitored = await done(world, "other_county_officer", "announceResult", caseId=case)
    assert (monitored["step"], monitored["monitoredOn"], monitored["closedOn"]) == ("MONITORED", clock.day(21), None)
    entered = await done(world, "other_county_officer", "confirmNationalEntry", caseId=case)
    now = await stands(world, case)
    assert now["household"] == {"monitoringStatus": "MONITORED", "category": {"code": "LIFTED"}}
    assert [(one["kind"], one["withdrawnAt"] is None) for one in now["notices"]] == [
        ("VILLAGE_NOTICE", False),
        ("VILLAGE_NOTICE", True),
        ("RESULT_ANNOUNCEMENT", True),
    ]
    assert [(one["event"], one["level"]) for one in entered["events"]] == [row[1:] for row in STORY]
    assert await days_of_events(world, case) == [clock.day(row[0]) for row in STORY]


async def days_of_events(world: World, case: str) -> list[str]:
    query = "query ($id: ID!) { monitoringCase(id: $id) { events { recordedAt } } }"
    events = (await world.ask("county_officer", query, {"id": case}))["monitoringCase"]["events"]
    return [in_china(one["recordedAt"]) for one in events]


def in_china(instant: str) -> str:
    return str(datetime.fromisoformat(instant).astimezone(CHINA).date())
