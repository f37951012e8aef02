"""The steps of a case, each for its level and by its day; and since when a household is monitored, by its case."""

from __future__ import annotations

import json
import uuid
from datetime import date
from typing import Any

import pytest

from domain.duties.rules import DutyRule
from tests.domain.duties.conftest import Family, noon
from tests.domain.duties.test_other_duties import insert, told

STEPS = [
    (DutyRule.COMPARISON, "COMPARISON", "VILLAGE"),
    (DutyRule.APPRAISAL, "DEMOCRATIC_APPRAISAL", "VILLAGE"),
    (DutyRule.PUBLISH_NOTICE, "VILLAGE_NOTICE", "VILLAGE"),
    (DutyRule.TOWNSHIP_REVIEW, "TOWNSHIP_REVIEW", "TOWNSHIP"),
    (DutyRule.COUNTY_DECISION, "COUNTY_DECISION", "COUNTY"),
    (DutyRule.ANNOUNCE_RESULT, "RESULT_ANNOUNCED", "COUNTY"),
]
RULES = [rule for rule, _, _ in STEPS] + [DutyRule.NOTICE_ENDS, DutyRule.ANSWER_OBJECTION]


async def a_case(family: Family, step: str = "COMPARISON", **changed: Any) -> uuid.UUID:
    """Opened on 1 July 2026, to be decided by the 16th."""
    days = {"began_on": date(2026, 7, 1), "round_began_on": date(2026, 7, 1), "due_on": date(2026, 7, 16)}
    instants = dict.fromkeys(("step_since", "opened_at", "created_at", "updated_at"), noon("2026-07-01"))
    return await insert(
        family, "monitoring_case", causes=["ILLNESS"], round="ADMISSION", step=step, **days, **instants, **changed
    )


async def moved(family: Family, case: uuid.UUID, revision: int, was: str | None, to: str, on: str) -> None:
    instants = dict.fromkeys(("happened_at", "recorded_at"), noon(on))
    await insert(
        family,
        "case_event",
        case_id=case,
        revision=revision,
        round="ADMISSION",
        event="OPENED" if was is None else "TOWNSHIP_APPROVED",
        from_step=was,
        to_step=to,
        detail=json.dumps({}),
        **instants,
    )
    await family.sql.execute("UPDATE monitoring_case SET step = $2 WHERE id = $1", case, to)


async def test_each_step_is_the_duty_of_its_level_on_the_days_on_which_the_case_stood_there(family: Family) -> None:
    case = await a_case(family)
    was = None
    for number, (_, step, _) in enumerate(STEPS):
        await moved(family, case, number + 1, was, step, f"2026-07-{2 * number + 1:02}")
        was = step
    assert await family.due("2026-06-30", *RULES) == []
    for number, (rule, _, level) in enumerate(STEPS):
        for day in (2 * number + 1, 2 * number + 2):
            (duty,) = await family.due(f"2026-07-{day:02}", *RULES)
            assert (duty["rule"], told([duty])) == (rule, [(level, f"2026-07-{2 * number + 1:02}", "2026-07-16")])
            assert (duty["subject_id"], duty["period"]) == (str(case), "ADMISSION")


async def test_a_notice_hangs_and_objections_are_answered(family: Family) -> None:
    case = await a_case(family)
    await moved(family, case, 1, None, "VILLAGE_NOTICE", "2026-07-05")
    notice = await insert(
        family,
        "notice",
        case_id=case,
        round="ADMISSION",
        number="T-1",
        kind="VILLAGE_NOTICE",
        published_on=date(2026, 7, 6),
        ends_on=date(2026, 7, 11),
        content=json.dumps({}),
        published_at=noon("2026-07-06"),
        published_by_id=family.account,
    )
    assert [one["rule"] for one in await family.due("2026-07-05", *RULES)] == [DutyRule.PUBLISH_NOTICE]
    (hanging,) = await family.due("2026-07-06", *RULES)
    assert (hanging["rule"], hanging["due_on"]) == (DutyRule.NOTICE_ENDS, "2026-07-11")
    objection = await insert(
        family,
        "objection",
        case_id=case,
        notice_id=notice,
        round="ADMISSION",
        received_at=noon("2026-07-07"),
        due_on=date(2026, 7, 10),
        says="他家有车",
        recorded_by_id=family.account,
    )
    (answer,) = await family.due("2026-07-07", DutyRule.ANSWER_OBJECTION)
    assert (answer["subject_id"], told([answer])) == (str(objection), [("VILLAGE", "2026-07-07", "2026-07-10")])
    await family.sql.execute(
        "UPDATE objection SET outcome = 'NOT_UPHELD', answer = '借用', answered_at = $2, answered_by_id = $3 WHERE id = $1",
        *(objection, noon("2026-07-09"), family.account),
    )
    assert [len(await family.due(f"2026-07-{day:02}", DutyRule.ANSWER_OBJECTION)) for day in (8, 9)] == [1, 0]
    await family.sql.execute("UPDATE notice SET withdrawn_at = $2 WHERE id = $1", notice, noon("2026-07-08"))
    assert [one["rule"] for one in await family.due("2026-07-09", *RULES)] == [DutyRule.PUBLISH_NOTICE]


@pytest.mark.parametrize(
    ("monitored_on", "expected"), [("2026-07-20", ["2026-07"]), ("2026-07-21", [])], ids=["by the 20th", "on the 21st"]
)
async def test_monitored_is_by_the_case_that_was_open_that_day(
    family: Family, monitored_on: str, expected: list[str]
) -> None:
    case = await a_case(family, "MONITORED", monitored_on=noon(monitored_on).date())
    assert await family.periods("2026-07-31") == expected
    assert await family.periods("2026-07-19") == [], "not yet, though the household stands there as monitored today"
    assert (await family.periods("2026-08-31"))[-1:] == ["2026-08"]

    left = date(2026, 9, 10)
    await family.sql.execute(
        "UPDATE monitoring_case SET step = 'ELIMINATED', eliminated_on = $2, closed_on = $2 WHERE id = $1", case, left
    )
    await family.change(monitoring_status="ELIMINATED_TRACKED", exited_on=left)
    assert await family.periods("2026-09-09") == ["2026-08", "2026-09"]
    assert await family.periods("2026-09-10") == ["2026-Q3"], "tracked from that day on"
    assert await family.due("2026-09-10", DutyRule.KEY_HELPER_MISSING) == []
    assert len(await family.due("2026-09-09", DutyRule.KEY_HELPER_MISSING)) == 1
