"""domain.md §11.1, sentence by sentence: which visits are due, which ones count, and until when they are asked for."""

from __future__ import annotations

from datetime import datetime

import pytest

from domain.duties.rules import DutyRule
from tests.domain.duties.conftest import CHINA, Family, noon

VISIT, DOOR = DutyRule.VISIT_DUE, DutyRule.DOOR_VISIT_DUE


@pytest.mark.parametrize(
    ("registered_on", "asked_on", "expected", "why"),
    [
        ("2026-07-20", "2026-07-31", ["2026-07"], "decided by the 20th: due that month"),
        ("2026-07-21", "2026-07-31", [], "decided on the 21st: not this month"),
        ("2026-07-21", "2026-08-01", ["2026-08"], "… but the next"),
        ("2026-07-20", "2026-07-19", [], "not known the day before"),
        ("2026-07-20", "2026-07-20", ["2026-07"], "from the very day"),
        ("2026-07-20", "2026-08-31", ["2026-07", "2026-08"], "a month that was missed stays for a month"),
        ("2026-07-20", "2026-09-01", ["2026-08", "2026-09"], "and no longer"),
        ("2026-12-20", "2026-12-20", ["2026-12"], "the last month of a year"),
        ("2026-12-21", "2027-01-05", ["2027-01"], "the first of the next"),
    ],
)
async def test_a_household_decided_by_the_20th_is_visited_that_month_else_the_next(
    family: Family, registered_on: str, asked_on: str, expected: list[str], why: str
) -> None:
    await family.change(registered_on=noon(registered_on).date())
    assert await family.periods(asked_on) == expected, why


async def test_a_duty_says_when_it_began_when_it_is_due_and_why(family: Family) -> None:
    await family.change(registered_on=noon("2026-07-09").date())
    (duty,) = await family.due("2026-07-31", VISIT)
    assert (duty["began_on"], duty["due_on"]) == ("2026-07-09", "2026-07-31")
    assert (duty["subject_id"], duty["household_id"]) == (str(family.id), str(family.id))
    assert (duty["level"], duty["helped_by"]) == ("VILLAGE", "KEY_HELP"), "nobody helps: the village sees to it"
    assert duty["facts"] == {"because": "MONITORED", "months": 1}
    cadre = await family.helper()
    await family.pair(cadre, "2026-07-10")
    (again,) = await family.due("2026-07-31", VISIT)
    assert (again["id"], again["level"]) == (duty["id"], "HELPER")


@pytest.mark.parametrize(
    ("contact", "adults", "is_complete", "is_away", "is_done", "why"),
    [
        ("IN_PERSON", 1, True, None, True, "a complete form and an adult member met"),
        ("IN_PERSON", 0, True, None, False, "only children met"),
        ("IN_PERSON", 2, False, None, False, "a form that is not complete"),
        ("NOBODY_HOME", 0, True, None, False, "nobody home is an attempt"),
        ("NOBODY_HOME", 0, True, True, False, "also where the neighbours say that all are away"),
        ("REMOTE", 1, True, False, False, "a call is an attempt"),
        ("REMOTE", 1, True, None, False, "a call of which nobody says that they are away"),
        ("REMOTE", 1, True, True, True, "the whole family is away: a call counts"),
        ("REMOTE", 0, True, True, False, "a call that reached no adult"),
    ],
)
async def test_a_visit_counts_with_a_complete_form_and_an_adult_member_met(
    family: Family, contact: str, adults: int, is_complete: bool, is_away: bool | None, is_done: bool, why: str
) -> None:
    cadre = await family.helper()
    await family.pair(cadre, "2026-01-01")
    await family.visit(cadre, "2026-06-10")
    await family.visit(cadre, "2026-07-08", contact=contact, adults=adults, is_complete=is_complete, is_away=is_away)
    assert await family.periods("2026-07-31") == ([] if is_done else ["2026-07"]), why


async def test_only_a_helper_whose_key_help_was_active_then_makes_the_visit(family: Family) -> None:
    cadre, neighbour, technician = [await family.helper() for _ in range(3)]
    await family.pair(cadre, "2026-07-01")
    await family.pair(technician, "2026-01-01", role="TECHNICAL_GUIDANCE")
    await family.visit(cadre, "2026-06-30")  # a day too early for the role
    assert await family.periods("2026-06-30") == ["2026-05", "2026-06"]
    await family.visit(neighbour, "2026-07-05")
    await family.visit(technician, "2026-07-06")
    await family.visit(None, "2026-07-07")  # an officer without pairings
    assert await family.periods("2026-07-31") == ["2026-06", "2026-07"]
    await family.visit(neighbour, "2026-07-08", cadre)  # "Several helpers can make one visit together"
    assert await family.periods("2026-07-31") == ["2026-06"]


async def test_visits_made_before_the_handover_still_count(family: Family) -> None:
    before, after = await family.helper("甲"), await family.helper("乙")
    await family.pair(before, "2026-01-01", "2026-07-10")
    await family.pair(after, "2026-07-10")
    await family.visit(before, "2026-06-15")
    assert await family.periods("2026-07-31") == ["2026-07"]
    late = await family.visit(before, "2026-07-10")  # the day of the hand-over is the new one's already
    assert await family.periods("2026-07-31") == ["2026-07"]
    await family.sql.execute("UPDATE visit SET occurred_at = $2 WHERE id = $1", late, noon("2026-07-09", 23))
    assert await family.periods("2026-07-31") == []
    assert await family.periods("2026-08-31") == ["2026-08"]


async def test_a_visit_on_the_30th_that_comes_on_the_3rd_counts_for_its_month(family: Family) -> None:
    cadre = await family.helper()
    await family.pair(cadre, "2026-01-01")
    await family.visit(cadre, "2026-05-10")
    assert await family.periods("2026-07-02") == ["2026-06", "2026-07"]
    await family.visit(cadre, "2026-06-30", received_at=noon("2026-07-03"))
    assert await family.periods("2026-07-02") == ["2026-07"], "by what is known now, it had been made"
    assert await family.periods("2026-06-29") == ["2026-06"], "the day before it happened it was still to be made"


@pytest.mark.parametrize(
    ("at", "month"),
    [
        (datetime(2026, 7, 31, 23, 59, 59, tzinfo=CHINA), "2026-07"),
        (datetime(2026, 8, 1, 0, 0, 0, tzinfo=CHINA), "2026-08"),
        (datetime.fromisoformat("2026-07-31T15:59:59+00:00"), "2026-07"),
        (datetime.fromisoformat("2026-07-31T16:00:00+00:00"), "2026-08"),
    ],
)
async def test_a_month_is_chinas(family: Family, at: datetime, month: str) -> None:
    cadre = await family.helper()
    await family.pair(cadre, "2026-01-01")
    await family.visit(cadre, at)
    assert set(await family.periods("2026-08-31")) == {"2026-07", "2026-08"} - {month}


async def test_a_visit_that_was_corrected_counts_as_it_stands_now(family: Family) -> None:
    cadre = await family.helper()
    await family.pair(cadre, "2026-01-01")
    wrong = await family.visit(cadre, "2026-07-08")
    right = await family.visit(cadre, "2026-06-08")
    await family.sql.execute("UPDATE visit SET superseded_by_id = $2 WHERE id = $1", wrong, right)
    assert await family.periods("2026-07-31") == ["2026-07"]


async def test_an_absent_family_is_called_each_month_and_visited_at_its_door_once_a_half_year(family: Family) -> None:
    cadre = await family.helper()
    await family.pair(cadre, "2026-01-01")
    assert await family.due("2026-07-31", DOOR) == []
    for month in ("2026-07", "2026-08", "2026-09"):
        await family.visit(cadre, f"{month}-10", contact="REMOTE", is_away=True)
    assert await family.periods("2026-09-30") == []
    (duty,) = await family.due("2026-09-30", DOOR)
    assert (duty["period"], duty["began_on"], duty["due_on"]) == ("2026-H2", "2026-07-01", "2026-12-31")
    assert await family.due("2026-07-09", DOOR) == [], "nobody had called yet"
    assert [one["period"] for one in await family.due("2027-01-31", DOOR)] == ["2026-H2"]
    assert await family.due("2027-02-01", DOOR) == []
    await family.visit(cadre, "2026-12-20", contact="NOBODY_HOME")
    assert await family.due("2027-01-31", DOOR) == []
    assert [one["period"] for one in await family.due("2026-12-19", DOOR)] == ["2026-H2"]


async def test_a_neighbour_at_the_door_is_no_door_visit_of_the_cadres(family: Family) -> None:
    cadre, neighbour = await family.helper(), await family.helper()
    await family.pair(cadre, "2026-01-01")
    await family.visit(neighbour, "2026-07-09", contact="REMOTE", is_away=True)
    assert await family.due("2026-07-31", DOOR) == [], "nor is the neighbour's call the cadre's"
    await family.visit(cadre, "2026-07-10", contact="REMOTE", is_away=True)
    await family.visit(neighbour, "2026-07-11")
    assert len(await family.due("2026-07-31", DOOR)) == 1


@pytest.mark.parametrize(
    ("status", "category", "intervals", "expected"),
    [
        ("MONITORED", "EDGE", {}, ["2026-07"]),
        ("ELIMINATED_TRACKED", "LIFTED", {}, ["2026-Q3"]),
        ("NEVER", "EDGE", {}, ["2026-Q3"]),
        ("NEVER", "LIFTED", {}, ["2026-H2"]),
        ("IN_PROCEDURE", "LIFTED", {}, ["2026-H2"]),
        ("NEVER", "ORDINARY", {}, []),
        ("NEVER", "ORDINARY", {"ORDINARY": 12}, ["2026"]),
        ("NEVER", "ORDINARY", {"ORDINARY": 2}, ["2026-07..2026-08"]),
        ("NEVER", "ORDINARY", {"ORDINARY": 5}, ["2026-06..2026-10"]),
    ],
)
async def test_how_often_is_the_regions_policy_by_standing_and_category(
    family: Family, status: str, category: str, intervals: dict[str, int], expected: list[str]
) -> None:
    if intervals:
        await family.set_policy("VISIT_INTERVAL_BY_CATEGORY", intervals)
    await family.change(monitoring_status=status, category=category, registered_on=noon("2026-06-25").date())
    assert await family.periods("2026-07-31") == expected


async def test_who_is_not_under_key_help_is_visited_by_anybody(family: Family) -> None:
    await family.change(monitoring_status="NEVER", category="LIFTED")
    cadre = await family.helper()
    await family.pair(cadre, "2026-01-01", role="HAND_IN_HAND")
    (duty,) = await family.due("2026-08-10", VISIT)
    assert (duty["level"], duty["helped_by"], duty["facts"]["because"]) == ("HELPER", "ANY", "CATEGORY")
    await family.visit(None, "2026-07-20")
    assert await family.due("2026-08-10", VISIT) == []


async def test_a_county_may_set_two_months_and_another_cutoff(family: Family) -> None:
    await family.set_policy("KEY_VISIT_INTERVAL", 2)
    await family.set_policy("MONTHLY_VISIT_CUTOFF", 10)
    await family.change(registered_on=noon("2026-08-10").date())
    assert await family.periods("2026-08-31") == ["2026-07..2026-08"]
    await family.change(registered_on=noon("2026-08-11").date())
    assert await family.periods("2026-08-31") == []
    assert await family.periods("2026-09-01") == ["2026-09..2026-10"]


async def test_nobody_visits_a_household_that_has_ended(family: Family) -> None:
    await family.change(ended_on=noon("2026-07-15").date(), end_reason="DEATH")
    assert await family.periods("2026-07-14") == ["2026-06", "2026-07"]
    assert await family.periods("2026-07-15") == []


async def test_a_household_under_monitoring_has_a_cadre_and_a_leader(family: Family) -> None:
    gaps = (DutyRule.KEY_HELPER_MISSING, DutyRule.LEADER_MISSING)
    found = await family.due("2026-07-31", *gaps)
    assert [(one["rule"], one["began_on"], one["due_on"], one["level"]) for one in found] == [
        (rule, "2020-01-01", "2020-01-08", "VILLAGE") for rule in sorted(gaps)
    ]
    cadre, leader = await family.helper(), await family.helper()
    await family.pair(cadre, "2026-01-01", "2026-07-10")
    await family.pair(leader, "2026-01-01", role="WEALTH_LEADER")
    assert await family.due("2026-07-09", *gaps) == []
    (gap,) = await family.due("2026-07-10", *gaps)
    assert (gap["rule"], gap["began_on"], gap["facts"]) == (gaps[0], "2026-07-10", {"role": "KEY_HELP"})
    await family.change(monitoring_status="NEVER")
    assert await family.due("2026-07-10", *gaps) == []
