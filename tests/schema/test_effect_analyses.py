"""A quarter's analysis over HTTP: for whom it is asked, what it freezes, who confirms it; and what an exit may not end."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.grading import Clock
from tests.helping import (
    CANCEL,
    CONFIRM_ANALYSIS,
    END_PLAN,
    MAKE_PLAN,
    WRITE_ANALYSIS,
    day,
    delivered,
    new_id,
    planned,
)
from tests.schema.families_asked import act, codes
from tests.schema.test_measures import family_of
from tests.world import World

MONITORED = """
INSERT INTO monitoring_case (id, household_id, region_code, category, causes, round, step, step_since, began_on,
                             round_began_on, due_on, opened_at, decided_at, monitored_on, upload_status, created_at, updated_at)
SELECT $2, id, region_code, 'UNSTABLE_LIFTED', causes, 'ADMISSION', 'MONITORED', now(), $3::text::date, $3::text::date,
       $3::text::date, now(), $3::text::date + time '12:00', $3::text::date, 'NONE', now(), now() FROM household WHERE id = $1
"""
DELAY = "query ($id: ID!) { household(id: $id) { daysToFirstMeasure completeness { result { missing } } } }"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


async def monitored(world: World, number: int, since: str) -> str:
    """A family of the cadre's that is under monitoring since that day, by that case alone, and not analysed yet."""
    home = await family_of(world, number)
    await world.sql.execute("SET session_replication_role = replica")
    await world.sql.execute("DELETE FROM monitoring_case WHERE household_id = $1", home)
    await world.sql.execute("DELETE FROM effect_analysis WHERE household_id = $1", home)
    await world.sql.execute("RESET session_replication_role")
    await world.sql.execute(MONITORED, home, uuid.uuid4(), since)
    return home


async def written(world: World, home: str, quarter: str, **given: Any) -> Any:
    content = {"content": "增收明显", **given}
    return await act(world, "cadre", WRITE_ANALYSIS, householdId=home, quarter=quarter, **content)


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        pytest.param("2027-05-31", set(), id="31 days"),
        pytest.param("2027-06-01", {("ANALYSIS_NOT_ASKED", "input.quarter")}, id="30 days"),
        pytest.param("2027-07-01", {("ANALYSIS_NOT_ASKED", "input.quarter")}, id="none"),
    ],
)
async def test_quarters_of_31_monitored_days(world: World, clock: Clock, since: str, expected: Any) -> None:
    home = await monitored(world, 0, since)
    clock.on("2027-07-02")
    done = await written(world, home, "2027Q2")
    assert codes(done) == expected
    if not expected:
        assert done["analysis"]["dueOn"] == "2027-06-30"
        assert (done["analysis"]["before"]["onDay"], done["analysis"]["after"]["onDay"]) == ("2027-03-31", "2027-06-30")


async def test_a_case_that_closed_counts_until_that_day(world: World, clock: Clock) -> None:
    home = await monitored(world, 1, "2027-04-01")
    await world.sql.execute(
        "UPDATE monitoring_case SET closed_on = '2027-05-01', step = 'CLOSED', close_reason = 'HOUSEHOLD_ENDED'"
        " WHERE household_id = $1",
        home,
    )
    clock.on("2027-07-02")
    assert codes(await written(world, home, "2027Q2")) == {("ANALYSIS_NOT_ASKED", "input.quarter")}, "30 days"
    await world.sql.execute("UPDATE monitoring_case SET closed_on = '2027-05-02' WHERE household_id = $1", home)
    assert codes(await written(world, home, "2027Q2")) == set(), "31 days"


async def test_what_is_no_quarter_and_one_that_has_not_begun(world: World, clock: Clock) -> None:
    home = await monitored(world, 2, "2027-01-01")
    clock.on("2027-06-30")
    assert codes(await written(world, home, "2027-Q2")) == {("QUARTER_INVALID", "input.quarter")}
    assert codes(await written(world, home, "2027Q3")) == {("QUARTER_NOT_BEGUN", "input.quarter")}
    assert codes(await written(world, home, "2027Q2", content=" ")) == {("REQUIRED", "input.content")}
    for persona, code in (
        ("partner", "FORBIDDEN_ROLE"),
        ("other_county_officer", "NOT_FOUND"),
        ("auditor", "NOT_FOUND"),
    ):
        asked = {"householdId": home, "quarter": "2027Q2", "content": "x"}
        refused = await act(world, persona, WRITE_ANALYSIS, **asked)
        assert {one for one, _ in codes(refused)} <= {code, "NOT_FOUND"}, persona
        assert refused["analysis"] is None


async def test_who_writes_does_not_confirm_and_what_is_confirmed_stays(world: World, clock: Clock) -> None:
    home = await monitored(world, 3, "2027-01-01")
    clock.on("2027-03-20")
    given = {"householdId": home, "quarter": "2027Q1", "content": "乡镇代写"}
    own = await act(world, "township_officer", WRITE_ANALYSIS, **given)
    assert own["analysis"]["after"]["onDay"] == "2027-03-20", "before the quarter is over: as of the day it was written"
    own_id = own["analysis"]["id"]
    assert codes(await act(world, "township_officer", CONFIRM_ANALYSIS, analysisId=own_id)) == {
        ("CONFIRMER_IS_WRITER", "input.analysisId")
    }
    assert codes(await act(world, "other_county_officer", CONFIRM_ANALYSIS, analysisId=own_id)) == {
        ("NOT_FOUND", "input.analysisId")
    }
    done = await act(world, "county_officer", CONFIRM_ANALYSIS, analysisId=own_id)
    assert done["analysis"]["confirmedAt"] is not None
    again = await act(world, "county_officer", CONFIRM_ANALYSIS, analysisId=own_id)
    assert codes(again) == {("ANALYSIS_ALREADY_CONFIRMED", "input.analysisId")}
    assert codes(await written(world, home, "2027Q1")) == {("ANALYSIS_ALREADY_CONFIRMED", "input.quarter")}


async def test_the_figures_are_frozen_when_it_is_written(world: World, clock: Clock) -> None:
    home = await monitored(world, 4, "2026-01-01")
    await world.sql.execute("UPDATE household SET causes = '{ILLNESS}' WHERE id = $1", home)
    await delivered(world, home, ago=10)
    clock.at = clock.now()
    quarter = f"{clock.at.year}Q{(clock.at.month + 2) // 3}"
    first = (await written(world, home, quarter))["analysis"]
    assert first["after"]["delivered"] == 1
    await delivered(world, home, ago=8)
    query = "query ($id: ID!) { household(id: $id) { effectAnalyses { after { delivered causes { code } } } } }"
    (kept,) = (await world.ask("county_officer", query, {"id": home}))["household"]["effectAnalyses"]
    assert kept["after"] == {"delivered": 1, "causes": [{"code": "ILLNESS"}]}
    assert (await written(world, home, quarter))["analysis"]["after"]["delivered"] == 2, "written anew, reckoned anew"


async def test_the_delay_to_the_first_measure_and_the_analysis_that_is_missing(world: World) -> None:
    home = await monitored(world, 5, day(200))
    shown = (await world.ask("county_officer", DELAY, {"id": home}))["household"]
    assert shown["daysToFirstMeasure"] is None
    assert shown["completeness"]["result"]["missing"] == ["NOTHING_DELIVERED", "ANALYSIS_MISSING"]
    await delivered(world, home, ago=10, plannedOn=day(30))
    shown = (await world.ask("county_officer", DELAY, {"id": home}))["household"]
    assert shown["daysToFirstMeasure"] == 190


async def test_an_exit_ends_no_help_before_the_transition_is_over(world: World) -> None:
    home = await family_of(world, 6)
    measure = await planned(world, home)
    given = {"householdId": home, "kind": "HOUSEHOLD", "startedOn": day(20), "goals": ["稳定增收"]}
    plan = (await act(world, "cadre", MAKE_PLAN, id=new_id(), **given))["plan"]["id"]
    cancel = {"measureId": measure["id"], "on": day(0), "reason": "EXIT"}
    end = {"planId": plan, "endedOn": day(0), "reason": "EXIT"}
    for exited, code in ((None, "EXIT_NOT_ON_RECORD"), (day(300), "EXIT_ENDS_NO_HELP")):
        await world.sql.execute("UPDATE household SET exited_on = $2::text::date WHERE id = $1", home, exited)
        assert codes(await act(world, "township_officer", CANCEL, **cancel)) == {(code, "input.reason")}
        assert codes(await act(world, "cadre", END_PLAN, **end)) == {(code, "input.reason")}
    await world.sql.execute("UPDATE household SET exited_on = '2010-01-01' WHERE id = $1", home)
    assert codes(await act(world, "township_officer", CANCEL, **cancel)) == set()
    assert codes(await act(world, "cadre", END_PLAN, **end)) == set()
