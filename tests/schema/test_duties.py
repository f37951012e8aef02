"""What is due, over HTTP: a phone's whole set by version, and lists for a cadre, a village and a county."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.schema.pairings_asked import TODAY
from tests.visiting import COMPLETE, a_visit, ago, homes_of, submit
from tests.world import PERSONAS, World

DUTIES = """query($version: String) { pullDuties(version: $version) {
  version isModified duties { id rule level period subjectId householdId beganOn dueOn } } }"""
LISTED = """query($filter: DutyFilter, $on: Date, $after: String, $first: Int! = 500, $orderBy: DutyOrder) {
  duties(filter: $filter, on: $on, after: $after, first: $first, orderBy: $orderBy) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { id rule sentence basis level subjectId period beganOn dueOn facts
            household { id } region { code } helpers { id name } } } }"""
MEND = "MEND_SUBMISSION"


async def due(world: World, persona: str, version: str | None = None) -> Any:
    return (await world.ask(persona, DUTIES, {"version": version}))["pullDuties"]


async def to_mend(world: World, persona: str) -> list[Any]:
    return [one for one in (await due(world, persona))["duties"] if one["rule"] == MEND]


async def listed(world: World, persona: str, on: date | None = None, **filter: Any) -> list[Any]:
    """All pages of a list."""
    found: list[Any] = []
    asked = {"filter": filter or None, "on": on and on.isoformat(), "after": None}
    while True:
        page = (await world.ask(persona, LISTED, asked))["duties"]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"] == len(found) == len({one["id"] for one in found})
            return found
        asked["after"] = page["pageInfo"]["endCursor"]


async def test_who_has_nothing_new_is_told_so(world: World) -> None:
    first = await due(world, "other_cadre")

    assert first["isModified"] is True
    assert await due(world, "other_cadre", first["version"]) == {**first, "isModified": False, "duties": []}


async def test_a_refused_visit_is_due_until_it_is_mended(world: World) -> None:
    before = await due(world, "cadre")
    home = (await homes_of(world, "cadre"))[0]
    visit = await a_visit(world, home, purpose="NO_SUCH_PURPOSE")
    assert (await submit(world, "cadre", [visit]))["results"][0]["outcome"] == "REJECTED"

    after = await due(world, "cadre", before["version"])

    (duty,) = [one for one in after["duties"] if one["rule"] == MEND]
    assert (duty["rule"], duty["subjectId"], duty["householdId"]) == (MEND, visit["id"], home)
    assert (duty["level"], duty["period"], duty["beganOn"]) == ("HELPER", None, TODAY.isoformat())
    assert date.fromisoformat(duty["dueOn"]) == TODAY + timedelta(days=5)
    assert await due(world, "cadre", after["version"]) == {**after, "isModified": False, "duties": []}
    assert await to_mend(world, "other_cadre") == []
    assert [one["subjectId"] for one in await listed(world, "cadre", rules=[MEND])] == [visit["id"]]
    assert await listed(world, "county_officer", rules=[MEND]) == [], "nobody but its author can mend it"

    assert (await submit(world, "cadre", [visit | {"purpose": "MONTHLY"}]))["results"][0]["outcome"] == "APPLIED"
    assert (await due(world, "cadre", after["version"]))["isModified"] is True
    assert await to_mend(world, "cadre") == []


async def test_what_was_typed_as_household_may_be_anything(world: World) -> None:
    visit = await a_visit(world, "no id at all", occurredAt=ago(hours=2))
    assert (await submit(world, "cadre", [visit]))["results"][0]["outcome"] == "REJECTED"

    (duty,) = await to_mend(world, "cadre")

    assert duty["householdId"] is None


async def test_nobody_has_nothing_due(world: World) -> None:
    assert (await due(world, "anonymous"))["duties"] == []
    assert await listed(world, "anonymous") == []


async def test_a_visit_that_is_made_is_due_no_more_for_cadre_village_and_county(world: World) -> None:
    helper = await world.sql.fetchval("SELECT helper_id FROM account WHERE persona = 'cadre'")
    month = f"{TODAY:%Y-%m}"
    asked = {"helperId": str(helper), "rules": ["VISIT_DUE"]}
    mine = [one for one in await listed(world, "cadre", **asked) if one["period"] == month]
    home = await world.sql.fetchval(
        "SELECT h.id FROM household h JOIN pairing p ON p.household_id = h.id AND p.ended_on IS NULL"
        " WHERE p.helper_id = $1 AND p.role = 'KEY_HELP' AND h.monitoring_status = 'MONITORED' AND h.id = ANY ($2)"
        " ORDER BY h.code LIMIT 1",
        *(helper, [one["household"]["id"] for one in mine]),
    )
    (duty,) = [one for one in mine if one["household"]["id"] == str(home)]
    assert (duty["sentence"], duty["basis"], duty["level"]) == (
        "选准配强帮扶干部,每月至少入户走访一次",
        "SOURCE",
        "HELPER",
    )
    assert str(helper) in {one["id"] for one in duty["helpers"]}
    assert duty["id"] in {one["id"] for one in await listed(world, "county_officer", householdId=str(home))}
    assert duty["id"] in {one["id"] for one in (await due(world, "cadre"))["duties"]}

    visit = await a_visit(world, str(home), occurredAt=ago(minutes=5), capturedAt=ago(minutes=4), answers=COMPLETE)
    assert (await submit(world, "cadre", [visit]))["results"][0]["outcome"] == "APPLIED"

    for persona in ("cadre", "village_officer", "county_officer"):
        still = await listed(world, persona, householdId=str(home), rules=["VISIT_DUE"])
        assert duty["id"] not in {one["id"] for one in still}, persona
    yesterday = await listed(world, "county_officer", TODAY - timedelta(days=1), householdId=str(home))
    assert duty["id"] in {one["id"] for one in yesterday} or TODAY.day == 1, "yesterday it stood open"
    assert duty["id"] not in {one["id"] for one in (await due(world, "cadre"))["duties"]}


async def test_filters_ask_what_they_say(world: World) -> None:
    everything = await listed(world, "county_officer")
    assert {one["rule"] for one in everything} >= {"VISIT_DUE", "VERIFY_CLUE"}
    village = everything[0]["region"]["code"]
    for filter, holds in (
        ({"region": village}, lambda one: one["region"]["code"] == village),
        ({"region": village[:9]}, lambda one: one["region"]["code"].startswith(village[:9])),
        ({"rules": ["VERIFY_CLUE"]}, lambda one: one["rule"] == "VERIFY_CLUE"),
        ({"rules": []}, lambda _: False),
        ({"levels": ["HELPER"]}, lambda one: one["level"] == "HELPER"),
        ({"overdueOn": TODAY.isoformat()}, lambda one: one["dueOn"] < TODAY.isoformat()),
        ({"dueBefore": "2000-01-01"}, lambda one: one["dueOn"] < "2000-01-01"),
        ({"isMine": True}, lambda one: one["level"] == "COUNTY"),
    ):
        found = await listed(world, "county_officer", **filter)
        assert {one["id"] for one in found} == {one["id"] for one in everything if holds(one)}, filter  # type: ignore[no-untyped-call]
    assert [one["dueOn"] for one in everything] == sorted(one["dueOn"] for one in everything)


async def test_pages_come_village_by_village_too(world: World) -> None:
    found, after = [], None
    while True:
        asked = {"first": 97, "after": after, "orderBy": "BY_VILLAGE"}
        page = (await world.ask("county_officer", LISTED, asked))["duties"]
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert {one["id"] for one in found} == {one["id"] for one in await listed(world, "county_officer")}
    villages = [one["region"]["code"] for one in found]
    assert villages == sorted(villages)


async def test_a_village_officer_is_told_what_is_the_villages(world: World) -> None:
    code = await world.sql.fetchval(
        "SELECT g.region_code FROM access_grant g JOIN account a ON a.id = g.account_id WHERE a.persona = 'village_officer'"
    )
    mine = (await due(world, "village_officer"))["duties"]
    wanted = {
        one["id"] for one in await listed(world, "village_officer") if one["level"] == "VILLAGE" or one["rule"] == MEND
    }
    assert wanted <= {one["id"] for one in mine}
    assert {one["region"]["code"] for one in await listed(world, "village_officer", levels=["VILLAGE"])} == {code}


@pytest.mark.parametrize("persona", PERSONAS)
async def test_a_duty_is_the_same_for_whoever_sees_and_meets_its_family_and_is_not_there_for_others(
    world: World, persona: str
) -> None:
    """Facts that a viewer sees in part would make duties that are not there, or hide some that are."""
    everything: dict[str, Any] = {}
    for officer in ("county_officer", "other_county_officer"):
        everything |= {one["id"]: one for one in await listed(world, officer) if one["rule"] != MEND}
    households = await families_met(world, persona)
    found = {one["id"]: one for one in await listed(world, persona) if one["rule"] != MEND}
    wanted = {id: one for id, one in everything.items() if one["household"]["id"] in households}
    known = {
        id: one
        for id, one in found.items()
        if one["household"]["id"] in {w["household"]["id"] for w in everything.values()}
    }
    assert known == wanted


async def families_met(world: World, persona: str) -> set[str]:
    """The families whose names this persona is shown whole."""
    found: set[str] = set()
    after = None
    query = "query($after: String) { households(first: 500, after: $after) { nodes { id head { name } } pageInfo { hasNextPage endCursor } } }"
    while True:
        page = (await world.ask(persona, query, {"after": after}))["households"]
        found |= {one["id"] for one in page["nodes"] if one["head"] and "*" not in one["head"]["name"]}
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]
