"""A year of duties for one cadre, with a hand-over (domain.md §11.1, §10), asked of the API month by month.

Three families under monitoring. The cadre is there every month, but once nobody is home, once her phone lies in the valley
over the end of the month, and from April one family is away. In the middle of July another cadre takes over: what was done
before still counts, what is left is on the other's phone, and nobody has to tick anything off.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.reporting import Clock
from tests.schema.pairings_asked import account
from tests.schema.test_deciding_on_pairings import HAND_OVER, decide
from tests.visiting import COMPLETE, SUBMIT, a_visit, new_id
from tests.world import World

FAMILIES = ("周家", "吴家", "郑家")
PULL = "{ pullDuties { version duties { rule period householdId beganOn dueOn } } }"
LIST = """query($filter: DutyFilter, $on: Date) { duties(filter: $filter, on: $on, first: 500) {
  nodes { rule period level dueOn household { id } helpers { id } } } }"""
PERIODS = """query($id: ID!, $since: Date!, $until: Date!) {
  visitPeriods(householdId: $id, since: $since, until: $until) { name standing visitedOn } }"""
ASKED_AT_A_DISTANCE = {
    "hasEnoughFood",
    "hasEnoughClothing",
    "hasBasicMedicalCare",
    "isHousingSafe",
    "compulsoryEducation",
}
ASKED_AT_A_DISTANCE |= {"drinkingWater", "needs"}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    # Who a token belongs to is remembered for seconds of the real clock, and with it the day.
    monkeypatch.setattr("api.identity.REMEMBERED_SECONDS", -1)
    return Clock(monkeypatch)


class Year:
    """The coming year, the families by name, and the two cadres."""

    def __init__(self, world: World, clock: Clock, homes: Mapping[str, str]) -> None:
        self.world, self.clock, self.homes = world, clock, homes
        self.names = {id: name for name, id in homes.items()}
        self.year = clock.at.year + 1

    def day(self, month: int, day: int) -> date:
        return date(self.year, month, day)

    def last(self, month: int) -> date:
        return date(self.year + month // 12, month % 12 + 1, 1) - timedelta(days=1)

    def turn_to(self, month: int, day: int, hour: int = 18) -> None:
        self.clock.at = self.clock.at.replace(year=self.year, month=month, day=day, hour=hour, minute=0)

    async def visit(self, persona: str, name: str, month: int, day: int, **changed: Any) -> None:
        """A visit at noon of that day, sent at once or, where the clock stands later, when the phone is back."""
        at = datetime(self.year, month, day, 12, tzinfo=self.clock.at.tzinfo)
        if self.clock.at < at:
            self.clock.at = at + timedelta(minutes=30)
        given = {"answers": COMPLETE, **changed, "occurredAt": at.isoformat(), "capturedAt": at.isoformat()}
        visit = await a_visit(self.world, self.homes[name], **given)
        sent = {"visits": [visit], "sentAt": self.clock.at.isoformat()}
        (result,) = (await self.world.ask(persona, SUBMIT, {"input": sent}))["submitVisits"]["results"]
        assert (result["outcome"], result["errors"]) == ("APPLIED", [])

    async def call(self, persona: str, name: str, month: int, day: int) -> None:
        """By telephone; the whole family is away."""
        answers = {key: value for key, value in COMPLETE.items() if key in ASKED_AT_A_DISTANCE}
        told = {"adultsMet": 1, "isWholeFamilyAway": True}
        await self.visit(persona, name, month, day, contact="REMOTE", answers=answers | told)

    async def on_the_phone(self, persona: str, rule: str = "VISIT_DUE") -> set[tuple[str, str]]:
        told = (await self.world.ask(persona, PULL))["pullDuties"]["duties"]
        return {
            (self.names[one["householdId"]], one["period"])
            for one in told
            if one["rule"] == rule and one["householdId"] in self.names and one["period"].startswith(str(self.year))
        }

    async def listed(self, on: date | None = None, rule: str = "VISIT_DUE", **filter: Any) -> set[tuple[str, str]]:
        asked = {"filter": {"rules": [rule], **filter}, "on": on and on.isoformat()}
        told = (await self.world.ask("county_officer", LIST, asked))["duties"]["nodes"]
        return {
            (self.names[one["household"]["id"]], one["period"])
            for one in told
            if one["household"]["id"] in self.names and one["period"].startswith(str(self.year))
        }


async def three_families(world: World, helper: str) -> dict[str, str]:
    """Three of the cadre's families that are under monitoring, with her as the only one for key help."""
    rows = await world.sql.fetch(
        "SELECT h.id FROM household h JOIN pairing p ON p.household_id = h.id AND p.ended_on IS NULL AND p.role = 'KEY_HELP'"
        " WHERE p.helper_id = $1::uuid AND h.monitoring_status = 'MONITORED' AND h.ended_on IS NULL"
        " AND NOT EXISTS (SELECT FROM pairing o WHERE o.household_id = h.id AND o.role = 'KEY_HELP' AND o.ended_on IS NULL"
        " AND o.helper_id <> p.helper_id) ORDER BY h.code LIMIT 3",
        helper,
    )
    return {name: str(row["id"]) for name, row in zip(FAMILIES, rows, strict=True)}


async def test_a_year_of_duties_for_one_cadre_with_a_hand_over(world: World, clock: Clock) -> None:
    cadre, successor = await account(world, "cadre"), await account(world, "other_cadre")
    year = Year(world, clock, await three_families(world, cadre))
    zhou, wu, zheng = FAMILIES
    y = year.year

    year.turn_to(1, 5)
    assert await year.on_the_phone("cadre") >= {(name, f"{y}-01") for name in FAMILIES}
    for name in FAMILIES:
        await year.visit("cadre", name, 1, 10)
    assert await year.on_the_phone("cadre") & {(name, f"{y}-01") for name in FAMILIES} == set()

    # February: nobody is home at the third family, twice. It stays on the phone into March, then it is history.
    for name in (zhou, wu):
        await year.visit("cadre", name, 2, 9)
    for day in (9, 16):
        away = {"isWholeFamilyAway": False, "whereabouts": "赶集"}
        await year.visit("cadre", zheng, 2, day, contact="NOBODY_HOME", answers=away)
    year.turn_to(2, 20)
    assert await year.on_the_phone("cadre") == {(zheng, f"{y}-02")}
    year.turn_to(3, 2)
    assert await year.on_the_phone("cadre") == {(name, f"{y}-03") for name in FAMILIES} | {(zheng, f"{y}-02")}
    assert await year.listed(overdueOn=f"{y}-03-02") == {(zheng, f"{y}-02")}

    # March: the third family is visited on the 30th, and the phone has no signal until the 3rd of April.
    for name in (zhou, wu):
        await year.visit("cadre", name, 3, 12)
    year.turn_to(4, 2)
    assert await year.listed(overdueOn=f"{y}-04-02") == {(zheng, f"{y}-03")}
    year.turn_to(4, 3)
    await year.visit("cadre", zheng, 3, 30)
    assert await year.listed(overdueOn=f"{y}-04-03") == set()
    assert await year.listed(year.last(3), helperId=cadre) == {(zheng, f"{y}-02")}, "it was made in March"

    # From April the first family is away: calls count, and in the second half of the year one visit at the door.
    for month in (4, 5, 6):
        for name in (wu, zheng):
            await year.visit("cadre", name, month, 8)
        await year.call("cadre", zhou, month, 20)
        assert await year.listed(year.last(month), helperId=cadre) == set()
    assert await year.listed(year.last(6), "DOOR_VISIT_DUE") == set(), "she had been at the door in January"

    # July: two are visited before the 15th, when the other cadre takes over.
    await year.visit("cadre", wu, 7, 6)
    await year.call("cadre", zhou, 7, 7)
    year.turn_to(7, 15)
    for name in FAMILIES:
        pairing = await world.sql.fetchval(
            "SELECT id FROM pairing WHERE helper_id = $1::uuid AND household_id = $2::uuid AND role = 'KEY_HELP'"
            " AND ended_on IS NULL",
            *(cadre, year.homes[name]),
        )
        given = {"id": new_id(), "pairingId": str(pairing), "handedOverOn": f"{y}-07-15", "helperId": successor}
        assert (await decide(world, "township_officer", HAND_OVER, **given))["errors"] == []
    assert await year.on_the_phone("cadre") == set()
    assert await year.on_the_phone("other_cadre") == {(zheng, f"{y}-07")}, "visits made before the hand-over count"
    assert await year.on_the_phone("other_cadre", "DOOR_VISIT_DUE") == {(zhou, f"{y}-H2")}
    await year.visit("other_cadre", zheng, 7, 20)
    assert await year.on_the_phone("other_cadre") == set()

    for month in range(8, 13):
        for name in (wu, zheng):
            await year.visit("other_cadre", name, month, 8)
        await year.call("other_cadre", zhou, month, 9)
    assert await year.listed(year.last(11), "DOOR_VISIT_DUE") == {(zhou, f"{y}-H2")}
    await year.visit(
        "other_cadre",
        zhou,
        12,
        28,
        contact="NOBODY_HOME",
        answers={"isWholeFamilyAway": True, "whereabouts": "外出务工"},
    )
    year.turn_to(12, 31)
    assert await year.listed(rule="DOOR_VISIT_DUE") == set()

    # The year as anybody can ask for it afterwards: what each of the two had left at the end of each month.
    left = {month: await year.listed(year.last(month), helperId=cadre) for month in range(1, 13)}
    assert left == {month: {(zheng, f"{y}-02")} if month in (2, 3) else set() for month in range(1, 13)}
    taken = {month: await year.listed(year.last(month), helperId=successor) for month in range(1, 13)}
    assert taken == {month: set() for month in range(1, 13)}

    span = {"since": f"{y}-01-01", "until": f"{y}-12-31"}
    told = {}
    for name in FAMILIES:
        asked = {"id": year.homes[name], **span}
        told[name] = (await world.ask("county_officer", PERIODS, asked))["visitPeriods"]
        assert [one["name"] for one in told[name]] == [f"{y}-{month:02}" for month in range(1, 13)]
    assert {one["standing"] for name in (zhou, wu) for one in told[name]} == {"DONE"}
    assert [one["standing"] for one in told[zheng]] == ["DONE", "MISSED", "LATE_COUNTED", *["DONE"] * 9]
    assert told[zheng][2]["visitedOn"] == f"{y}-03-30"
