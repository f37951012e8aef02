"""A hotline call and a self-report on both sides of midnight in China (domain.md §11.2).

A minute before midnight a neighbour calls the hotline about a family, a minute after it the family reports itself. The desk
comes by when the new day has begun. Each of the two receipts counts from its own day; the family has one clue, two
witnesses, and the earlier day 0: due at 24:00 of day 7, and overdue the second after.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.reporting import Clock, a_name, a_report, call, clues, looked, receipt, status, without_limits
from tests.schema.families_asked import new_family, person
from tests.world import World

OVERDUE = """query ($on: Date!) { clues(filter: { region: "350125", overdueOn: $on }, first: 500) { nodes { id } } }"""
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    without_limits(monkeypatch)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def a_midnight(after: datetime, *, ends_a_month: bool) -> datetime:
    """The next midnight that ends a month, or that does not: a clue's period is a month."""
    midnight = after.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    while (midnight.day == 1) is not ends_a_month:
        midnight += timedelta(days=1)
    return midnight


async def told(world: World, code: str) -> dict[str, Any]:
    answer: dict[str, Any] = await status(world, code)
    return answer


async def overdue(world: World, clue: str, on: date) -> bool:
    nodes = (await world.ask("county_officer", OVERDUE, {"on": str(on)}))["clues"]["nodes"]
    return clue in {node["id"] for node in nodes}


async def test_one_clue_with_the_earlier_day_and_two_receipts_with_a_day_each(world: World, clock: Clock) -> None:
    name = a_name()
    home = await new_family(world, person(name))
    midnight = a_midnight(clock.at, ends_a_month=False)
    today, yesterday = midnight.date(), midnight.date() - timedelta(days=1)

    clock.at = midnight - MINUTE
    called = (await call(world, a_report(name, forSomebodyElse=True)))["receiptCode"]
    assert (await told(world, called))["state"] == "RECEIVED"
    clock.at = midnight + MINUTE
    reported = await receipt(world, a_report(name))
    assert [(await told(world, code))["state"] for code in (called, reported)] == ["BEING_VERIFIED", "RECEIVED"]
    clock.at += MINUTE
    assert await looked(world, clock.at) == 2

    assert [(await told(world, code))["receivedOn"] for code in (called, reported)] == [str(yesterday), str(today)]
    days_due = [yesterday + timedelta(days=7), today + timedelta(days=7)]
    assert [(await told(world, code))["dueOn"] for code in (called, reported)] == [str(day) for day in days_due]
    [clue] = await clues(world, home)
    assert (clue["beganOn"], clue["dueOn"]) == (str(yesterday), str(yesterday + timedelta(days=7)))
    assert [witness["source"] for witness in sorted(clue["witnesses"], key=lambda w: w["receivedAt"])] == [
        "HOTLINE",
        "SELF_REPORT",
    ]

    # To the last second of day 7 it is in time; then the caller may turn to the county, and the family a day later.
    end_of_day_7 = midnight + timedelta(days=7)
    for at, routes in (
        (end_of_day_7 - timedelta(seconds=1), [None, None]),
        (end_of_day_7, ["COUNTY", None]),
        (end_of_day_7 + timedelta(days=1), ["COUNTY", "COUNTY"]),
    ):
        clock.at = at
        assert [(await told(world, code))["objection"] for code in (called, reported)] == routes
        assert await overdue(world, clue["id"], at.date()) is (routes[0] is not None)


async def test_at_the_end_of_a_month_they_are_two_clues_as_the_period_is_another(world: World, clock: Clock) -> None:
    name = a_name()
    home = await new_family(world, person(name))
    midnight = a_midnight(clock.at, ends_a_month=True)
    for at in (midnight - timedelta(seconds=1), midnight):
        clock.at = at
        await receipt(world, a_report(name))
    assert await looked(world, clock.at) == 2
    kept = await world.sql.fetch("SELECT period, began_on FROM clue WHERE household_id = $1 ORDER BY began_on", home)
    before, after = (midnight - timedelta(days=1)).date(), midnight.date()
    assert [tuple(row) for row in kept] == [(f"{before:%Y-%m}", before), (f"{after:%Y-%m}", after)]
