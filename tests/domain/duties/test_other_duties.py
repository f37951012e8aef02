"""Clues, sweeps, months, grades, analyses, witnesses: what begins each duty, what ends it, and whose it is."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest

from domain.duties.rules import DutyRule
from tests.domain.duties.conftest import VILLAGE, Family, day_of, noon


async def insert(family: Family, table: str, **columns: Any) -> uuid.UUID:
    """A row of the family's village; `...` leaves a column out."""
    id = columns.get("id", uuid.uuid4())
    row = {"id": id, "household_id": family.id, "region_code": VILLAGE} | columns
    row = {name: value for name, value in row.items() if value is not ...}
    places = ", ".join(f"${n}" for n in range(1, len(row) + 1))
    await family.sql.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", *row.values())
    made: uuid.UUID = id
    return made


def told(found: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(one["level"], one["began_on"], one["due_on"]) for one in found]


async def test_a_clue_is_due_until_its_verifying_visit_happened_however_late_it_was_heard_of(family: Family) -> None:
    rule = DutyRule.VERIFY_CLUE
    days = {"began_on": date(2026, 7, 1), "due_on": date(2026, 7, 8), "received_at": noon("2026-07-01")}
    clue = await insert(family, "clue", sign="HARDSHIP", period="2026-07", state="NEW", **days)
    assert await family.due("2026-06-30", rule) == []
    (duty,) = await family.due("2026-07-01", rule)
    assert told([duty]) == [("VILLAGE", "2026-07-01", "2026-07-08")]
    assert (duty["subject_id"], duty["facts"], duty["helped_by"]) == (str(clue), {"sign": "HARDSHIP"}, "ANY")
    visit = await family.visit(None, "2026-07-05", purpose="VERIFICATION")
    await family.sql.execute(
        "UPDATE clue SET state = 'VERIFIED', visit_id = $2, stopped_at = $3, settled_at = $4, settled_by_id = $5 WHERE id = $1",
        *(clue, visit, noon("2026-07-05"), noon("2026-07-20"), family.account),
    )
    assert len(await family.due("2026-07-04", rule)) == 1
    assert await family.due("2026-07-05", rule) == []


async def test_a_household_of_a_sweep_is_called_on_while_it_lasts(family: Family) -> None:
    rule, sweep = DutyRule.LOOK_BACK, uuid.uuid4()
    await insert(
        family,
        "sweep",
        id=sweep,
        household_id=...,
        kind="MONTHLY",
        period="2026-07-T",
        from_on=date(2026, 7, 1),
        until_on=date(2026, 7, 31),
        groups=[],
        purposes=["SWEEP", "MONTHLY"],
        opened_at=noon("2026-06-30"),
    )
    await insert(
        family, "sweep_entry", id=..., sweep_id=sweep, groups=[], is_unlocated=False, added_at=noon("2026-07-02")
    )
    assert await family.due("2026-07-01", rule) == []
    (duty,) = await family.due("2026-07-02", rule)
    assert told([duty]) == [("VILLAGE", "2026-07-02", "2026-07-31")]
    assert (duty["period"], duty["facts"]) == (str(sweep), {"kind": "MONTHLY", "sweepPeriod": "2026-07-T"})
    await family.visit(None, "2026-07-03", purpose="CONDOLENCE")
    await family.visit(None, "2026-07-03", purpose="SWEEP", is_complete=False)
    assert len(await family.due("2026-07-31", rule)) == 1
    assert len(await family.due("2026-08-31", rule)) == 1
    assert await family.due("2026-09-01", rule) == []
    await family.sql.execute(
        "UPDATE sweep_entry SET excluded_at = $2, excluded_by_id = $3, exclusion_reason = 'OTHER' WHERE sweep_id = $1",
        *(sweep, noon("2026-07-20"), family.account),
    )
    assert [len(await family.due(f"2026-07-{day}", rule)) for day in (19, 20)] == [1, 0]
    await family.sql.execute(
        "UPDATE sweep_entry SET excluded_at = NULL, excluded_by_id = NULL, exclusion_reason = NULL WHERE sweep_id = $1",
        sweep,
    )
    await family.visit(None, "2026-07-10", purpose="SWEEP")
    assert [len(await family.due(f"2026-07-{day:02}", rule)) for day in (9, 10)] == [1, 0]


async def test_a_month_without_figures_is_due_until_it_is_told(family: Family) -> None:
    rule = DutyRule.UNKNOWN_INCOME_MONTH
    await family.set_policy("MONTHS_BELOW", 3)
    await family.tell("2026-05")
    await family.tell("2026-04", kind="MEDICAL")
    found = await family.due("2026-07-15", rule)
    assert [(one["period"], one["began_on"], one["due_on"]) for one in found] == [
        ("2026-04", "2026-05-01", "2026-05-31"),
        ("2026-06", "2026-07-01", "2026-07-31"),
    ], "what a family had to spend does not tell what it lived on"
    await family.tell("2026-06", noon("2026-07-20"))
    assert await family.periods("2026-07-19", rule) == ["2026-04", "2026-06"]
    assert await family.periods("2026-07-20", rule) == ["2026-04"]
    assert await family.periods("2026-08-01", rule) == ["2026-07"]


async def test_nobody_asks_month_by_month_for_whom_nobody_keeps_figures(family: Family) -> None:
    rule = DutyRule.UNKNOWN_INCOME_MONTH
    await family.set_policy("MONTHS_BELOW", 3)
    await family.change(monitoring_status="NEVER")
    assert await family.periods("2026-07-15", rule) == []
    await family.tell("2025-07", noon("2025-08-01"))
    assert await family.periods("2026-07-15", rule) == ["2026-04", "2026-05", "2026-06"]
    assert await family.periods("2026-08-15", rule) == [], "a year ago, and nothing since"
    await family.change(registered_on=date(2026, 5, 31))
    assert await family.periods("2026-07-15", rule) == ["2026-05", "2026-06"], "before, it was no household"


async def test_a_round_asks_for_a_grade_of_each_household_that_its_scheme_is_for(family: Family) -> None:
    rule = DutyRule.REGRADE
    await family.change(category="LIFTED")
    months = {"month": date(2026, 4, 1), "opened_on": date(2026, 4, 1), "due_on": date(2026, 5, 31)}
    asked = {"region_code": VILLAGE[:6], "household_id": ..., "opened_at": noon("2026-04-01")} | months
    await family.sql.execute("DELETE FROM risk_grade WHERE round_id IN (SELECT id FROM grading_round)")
    await family.sql.execute("DELETE FROM grading_round")
    judged = await insert(family, "grading_round", scheme="THREE_LEVELS", **asked)
    await insert(family, "grading_round", scheme="FOUR_LIGHTS", **asked)
    assert await family.due("2026-03-31", rule) == []
    (duty,) = await family.due("2026-04-01", rule)
    assert told([duty]) == [("VILLAGE", "2026-04-01", "2026-05-31")]
    assert (duty["period"], duty["facts"]) == (str(judged), {"scheme": "THREE_LEVELS", "month": "2026-04"})
    assert [len(await family.due(day, rule)) for day in ("2026-07-01", "2026-07-02")] == [1, 0]
    await family.change(category="ORDINARY")
    assert await family.due("2026-04-01", rule) == []
    await family.change(category="LIFTED")

    grade = await insert(
        family,
        "risk_grade",
        scheme="THREE_LEVELS",
        level="RED",
        state="PROPOSED",
        reasons=["NO_LABOUR"],
        indicators="[]",
        round_id=judged,
        proposed_at=noon("2026-04-10"),
        proposed_by_id=family.account,
    )
    steps = (rule, DutyRule.REVIEW_GRADE, DutyRule.FILE_GRADE)
    assert [one["rule"] for one in await family.due("2026-04-09", *steps)] == [rule]
    (review,) = await family.due("2026-04-10", *steps)
    assert (review["rule"], told([review])) == (steps[1], [("TOWNSHIP", "2026-04-10", "2026-05-31")])
    assert (review["subject_id"], review["facts"]) == (str(grade), {"scheme": "THREE_LEVELS", "proposed": "RED"})
    await family.sql.execute(
        "UPDATE risk_grade SET state = 'REVIEWED', reviewed_at = $2, reviewed_by_id = $3 WHERE id = $1",
        *(grade, noon("2026-04-20"), family.account),
    )
    (filing,) = await family.due("2026-04-20", *steps)
    assert (filing["rule"], told([filing])) == (steps[2], [("COUNTY", "2026-04-20", "2026-05-31")])
    assert [one["rule"] for one in await family.due("2026-04-19", *steps)] == [steps[1]]
    await family.sql.execute(
        "UPDATE risk_grade SET state = 'FILED', filed_at = $2, filed_by_id = $3, effective_from = '2026-04-25' WHERE id = $1",
        *(grade, noon("2026-04-25"), family.account),
    )
    assert await family.due("2026-04-25", *steps) == []
    assert [one["rule"] for one in await family.due("2026-04-24", *steps)] == [steps[2]]


async def test_a_grade_that_was_sent_back_is_to_be_proposed_anew(family: Family) -> None:
    await family.change(category="LIFTED")
    await family.sql.execute("DELETE FROM risk_grade WHERE round_id IN (SELECT id FROM grading_round)")
    await family.sql.execute("DELETE FROM grading_round")
    days = {"month": date(2026, 4, 1), "opened_on": date(2026, 4, 1), "due_on": date(2026, 5, 31)}
    judged = await insert(
        family,
        "grading_round",
        region_code=VILLAGE[:6],
        household_id=...,
        scheme="THREE_LEVELS",
        opened_at=noon("2026-04-01"),
        **days,
    )
    await insert(
        family,
        "risk_grade",
        scheme="THREE_LEVELS",
        level="BLUE",
        state="RETURNED",
        reasons=["HAS_SKILLS"],
        indicators="[]",
        round_id=judged,
        proposed_at=noon("2026-04-10"),
        proposed_by_id=family.account,
        returned_at=noon("2026-04-12"),
        returned_by_id=family.account,
        return_reason="请重新入户",
    )
    steps = (DutyRule.REGRADE, DutyRule.REVIEW_GRADE, DutyRule.FILE_GRADE)
    assert [one["rule"] for one in await family.due("2026-04-11", *steps)] == [steps[1]]
    assert [one["rule"] for one in await family.due("2026-04-12", *steps)] == [steps[0]]


@pytest.mark.parametrize(
    ("registered_on", "asked_on", "expected"),
    [
        ("2020-01-01", "2026-07-30", [("2026-Q2", "2026-05-01", "2026-06-30")]),
        (
            "2020-01-01",
            "2026-07-31",
            [("2026-Q2", "2026-05-01", "2026-06-30"), ("2026-Q3", "2026-07-31", "2026-09-30")],
        ),
        ("2026-05-31", "2026-07-15", [("2026-Q2", "2026-06-30", "2026-06-30")]),  # the 31st monitored day of 31
        ("2026-06-01", "2026-07-15", []),  # thirty days
        ("2026-06-01", "2026-09-30", [("2026-Q3", "2026-07-31", "2026-09-30")]),
    ],
)
async def test_a_quarter_is_analysed_once_it_has_31_monitored_days(
    family: Family, registered_on: str, asked_on: str, expected: list[tuple[str, str, str]]
) -> None:
    await family.change(registered_on=day_of(registered_on))
    found = await family.due(asked_on, DutyRule.QUARTERLY_ANALYSIS)
    assert [(one["period"], one["began_on"], one["due_on"]) for one in found] == expected


async def test_an_analysis_is_written_by_the_helper_and_confirmed_by_the_township(family: Family) -> None:
    steps = (DutyRule.QUARTERLY_ANALYSIS, DutyRule.CONFIRM_ANALYSIS)
    await family.pair(await family.helper(), "2026-01-01")
    (writing,) = await family.due("2026-07-10", *steps)
    assert (writing["rule"], writing["level"], writing["helped_by"]) == (steps[0], "HELPER", "KEY_HELP")
    numbers = {f"{when}_{what}": 0 for when in ("before", "after") for what in ("planned", "delivered", "confirmed")}
    lists = {f"{when}_causes": [] for when in ("before", "after")}
    analysis = await insert(
        family,
        "effect_analysis",
        quarter="2026Q2",
        due_on=date(2026, 6, 30),
        before_on=date(2026, 3, 31),
        after_on=date(2026, 6, 30),
        written_at=noon("2026-07-12"),
        written_by_id=family.account,
        **numbers,
        **lists,
    )
    assert [one["rule"] for one in await family.due("2026-07-11", *steps)] == [steps[0]]
    (confirming,) = await family.due("2026-07-12", *steps)
    assert (confirming["rule"], told([confirming])) == (steps[1], [("TOWNSHIP", "2026-07-12", "2026-07-19")])
    assert (confirming["subject_id"], confirming["period"]) == (str(analysis), "2026Q2")
    other = await family.sql.fetchval("SELECT id FROM account WHERE persona = 'township_officer'")
    await family.sql.execute(
        "UPDATE effect_analysis SET confirmed_at = $2, confirmed_by_id = $3 WHERE id = $1",
        *(analysis, noon("2026-07-13"), other),
    )
    assert await family.due("2026-07-13", *steps) == []
    await family.set_policy("QUARTERLY_REVIEW", value=False)
    assert await family.due("2026-09-30", *steps) == []


async def test_what_was_delivered_is_due_to_be_seen(family: Family) -> None:
    rule = DutyRule.MISSING_WITNESS
    helper = await family.helper()
    measure = await insert(
        family,
        "measure",
        kind="EMPLOYMENT",
        entitlement="FULL",
        state="DELIVERED",
        planned_on=date(2026, 6, 1),
        approved_on=date(2026, 6, 1),
        delivered_on=date(2026, 7, 1),
        provider_helper_id=helper,
        recorded_at=noon("2026-07-01"),
        recorded_by_id=family.account,
    )
    assert await family.due("2026-06-30", rule) == []
    (duty,) = await family.due("2026-07-01", rule)
    assert told([duty]) == [("VILLAGE", "2026-07-01", "2026-08-01")]
    assert (duty["subject_id"], duty["facts"]) == (str(measure), {"kind": "EMPLOYMENT"})
    visit = await family.visit(helper, "2026-07-10")
    await family.sql.execute(
        "UPDATE measure SET state = 'CONFIRMED', confirmed_on = '2026-07-10', witness_visit_id = $2 WHERE id = $1",
        *(measure, visit),
    )
    assert [len(await family.due(f"2026-07-{day:02}", rule)) for day in (9, 10)] == [1, 0]
