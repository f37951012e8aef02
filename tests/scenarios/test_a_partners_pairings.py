"""A social organisation of 阳光“1+1” looks at its own pairings: the village it joined hands with, and its families.

One request, three levels deep, over HTTP. People stay behind a mask: a partner knows whom it helps, not who they are.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.counting import sent as sent
from tests.schema.pairings_asked import TODAY, account
from tests.sealed import opened
from tests.world import World

MINE = """query($on: Date, $first: Int!, $after: String) { viewer { name kind organisation {
  name openPairingCount
  pairings(activeOn: $on, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes {
      role { code label } startedOn endedOn mode { label }
      helper { name } organisation { name }
      village { code region { fullName } }
      household { id code village { region { name } } phone address
        members { name idNumber phone bornOn relationToHead { label } }
        pairings(activeOn: $on) { role { label } helper { name phone } } }
    } } } } }"""


async def pairings_of(world: World, persona: str, first: int = 500) -> list[dict[str, Any]]:
    """All pairings that a partner's own organisation has today, page by page."""
    found: list[dict[str, Any]] = []
    asked: dict[str, Any] = {"on": str(TODAY), "first": first, "after": None}
    while True:
        data = await world.ask(persona, MINE, asked)
        page = data["viewer"]["organisation"]["pairings"]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            assert len(found) == page["totalCount"] == data["viewer"]["organisation"]["openPairingCount"]
            return found
        asked["after"] = page["pageInfo"]["endCursor"]


async def test_a_partner_finds_its_village_and_its_families_in_one_answer(reading_world: World) -> None:
    partner = await account(reading_world, "partner", "organisation_id")
    expected = await reading_world.sql.fetch(
        "SELECT p.role, h.code AS household, v.region_code AS village FROM pairing p LEFT JOIN household h ON h.id ="
        " p.household_id LEFT JOIN village v ON v.id = p.village_id WHERE p.organisation_id = $1::uuid AND p.ended_on IS NULL",
        partner,
    )
    found = await pairings_of(reading_world, "partner")
    seen = [
        (
            pairing["role"]["code"],
            pairing["household"] and pairing["household"]["code"],
            pairing["village"] and pairing["village"]["code"],
        )
        for pairing in found
    ]
    assert sorted(seen, key=str) == sorted(map(tuple, expected), key=str)
    (joined_hands,) = [pairing for pairing in found if pairing["village"] is not None]
    assert joined_hands["village"]["region"]["fullName"].startswith("福建省福州市永泰县富泉乡")
    assert joined_hands["role"]["label"] == "阳光“1+1”牵手"
    assert all(pairing["organisation"] == {"name": "福州市演示公益服务中心"} for pairing in found)
    assert all(pairing["helper"] is None for pairing in found), "exactly one side helps"


async def test_a_partner_sees_who_else_helps_its_families_by_name_only(reading_world: World) -> None:
    families = [p["household"] for p in await pairings_of(reading_world, "partner") if p["household"] is not None]
    helpers = [other["helper"] for family in families for other in family["pairings"] if other["helper"] is not None]
    assert helpers
    assert all("****" in helper["phone"] for helper in helpers if helper["phone"] is not None)


@pytest.mark.parametrize("persona", ["partner", "other_partner"])
async def test_the_people_of_its_families_stay_behind_a_mask(reading_world: World, persona: str) -> None:
    families = [p["household"] for p in await pairings_of(reading_world, persona) if p["household"] is not None]
    assert families
    codes = [family["code"] for family in families]
    theirs = "household_id IN (SELECT id FROM household WHERE code = ANY($1))"
    people = await opened(reading_world.sql, "person", theirs, codes)
    members = [member for family in families for member in family["members"]]
    assert len(members) == len(people)
    assert {member["name"] for member in members}.isdisjoint({person["name"] for person in people})
    assert {member["idNumber"] for member in members}.isdisjoint(
        {person["id_number"] for person in people if person["id_number"]}
    )
    assert {member["phone"] for member in members}.isdisjoint({person["phone"] for person in people if person["phone"]})
    assert {member["bornOn"] for member in members} == {None}
    assert {family["address"] for family in families} == {None}
    assert all(member["relationToHead"]["label"] for member in members), "what help needs is not hidden"


DEEP = """{ viewer { organisation { name pairings(first: 200) { nodes {
  role { label } contact { name } responsible { name } responsiblePhone agreements { title endsOn }
  benefitLinks { kind { label } promised due delivered }
  household { code causes { label } phone address location { longitude latitude }
    members { name idNumber phone bornOn health { code } schoolStatus { label } }
    visits(first: 5) { nodes { occurredAt purpose { label } note answers location { longitude } helper { name phone } } }
    pairings { role { label } helper { name phone } } } } } } } }"""


@pytest.mark.parametrize("persona", ["partner", "other_partner"])
async def test_all_that_hangs_on_its_families_is_one_statement_and_masked(
    reading_world: World, sent: list[str], persona: str
) -> None:
    found = (await reading_world.ask(persona, DEEP))["viewer"]["organisation"]["pairings"]["nodes"]
    assert len(sent) == 1
    families = [pairing["household"] for pairing in found if pairing["household"] is not None]
    members = [member for family in families for member in family["members"]]
    visits = [visit for family in families for visit in family["visits"]["nodes"]]
    assert families
    assert members
    assert visits
    assert all(member["name"].endswith("**") for member in members)
    assert {member["bornOn"] for member in members} == {None}
    assert all(member["health"] in (None, []) for member in members)
    assert {family["address"] for family in families} == {None}
    places = [family["location"] for family in families if family["location"] is not None]
    assert all(abs(place[axis] * 100 - round(place[axis] * 100)) < 1e-6 for place in places for axis in place)
    assert {visit["note"] for visit in visits} == {None}
    assert all(not visit["answers"] for visit in visits)
    shown = [link["promised"] for pairing in found for link in pairing["benefitLinks"]]
    assert bool(shown) is (persona == "other_partner"), "its own promises, and nobody else's"


async def test_page_by_page_is_the_same_as_all_at_once(reading_world: World) -> None:
    assert await pairings_of(reading_world, "partner", first=2) == await pairings_of(reading_world, "partner")


async def test_partners_do_not_see_each_others_families(reading_world: World) -> None:
    families = {
        persona: {p["household"]["id"] for p in await pairings_of(reading_world, persona) if p["household"] is not None}
        for persona in ("partner", "other_partner")
    }
    assert families["partner"]
    assert families["partner"].isdisjoint(families["other_partner"])
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    for persona, other in (("partner", "other_partner"), ("other_partner", "partner")):
        seen = await reading_world.ask(persona, query, {"ids": sorted(families[other])})
        assert seen["nodes"] == [None] * len(families[other])


async def test_who_has_no_organisation_gets_none(reading_world: World) -> None:
    asked = {"on": None, "first": 1}
    assert (await reading_world.ask("township_officer", MINE, asked))["viewer"]["organisation"] is None
    assert (await reading_world.ask("anonymous", MINE, asked)) == {"viewer": None}


async def test_a_family_handed_over_to_another_partner_leaves_the_list(world: World) -> None:
    """What the partner helped stays in its history; the family itself is no longer in sight."""
    pairing, household = await world.sql.fetchrow(
        "SELECT id, household_id FROM pairing WHERE organisation_id = $1::uuid AND household_id IS NOT NULL AND ended_on IS NULL"
        " LIMIT 1",
        await account(world, "partner", "organisation_id"),
    )
    payload = await world.ask(
        "county_officer",
        """mutation($input: HandOverPairingInput!) { handOverPairing(input: $input) {
             pairing { organisation { name } household { id } } errors { code message } } }""",
        {
            "input": {
                "id": "01a20000-0000-7000-8000-000000000001",
                "pairingId": str(pairing),
                "handedOverOn": str(TODAY),
                "organisationId": await account(world, "other_partner", "organisation_id"),
            }
        },
    )
    assert payload["handOverPairing"] == {
        "pairing": {"organisation": {"name": "六安市演示茶业有限公司"}, "household": {"id": str(household)}},
        "errors": [],
    }
    now = {persona: await pairings_of(world, persona) for persona in ("partner", "other_partner")}
    listed = {
        persona: {p["household"]["id"] for p in pairings if p["household"] is not None}
        for persona, pairings in now.items()
    }
    assert str(household) not in listed["partner"]
    assert str(household) in listed["other_partner"]
    history = "query($id: ID!) { pairing(id: $id) { endedOn endReason { code } household { id } } }"
    assert (await world.ask("partner", history, {"id": str(pairing)}))["pairing"] == {
        "endedOn": str(TODAY),
        "endReason": {"code": "HANDED_OVER"},
        "household": None,
    }
