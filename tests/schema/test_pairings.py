"""Who helps whom, over HTTP: what each persona sees of it, and how it is found."""

from __future__ import annotations

from datetime import date, timedelta

from tests.schema.pairings_asked import TODAY, TOWNSHIP, VILLAGE, account, rows, seen
from tests.world import World


async def test_each_persona_sees_its_own_part_of_the_pairings(reading_world: World) -> None:
    listed = "household_id IN (SELECT household_id FROM household_access WHERE party_id = $1::uuid)"
    for persona, side in (
        ("cadre", "helper_id"),
        ("other_cadre", "helper_id"),
        ("partner", "organisation_id"),
        ("other_partner", "organisation_id"),
    ):
        own = await rows(reading_world, f"{side} = $1::uuid OR {listed}", await account(reading_world, persona, side))
        assert await seen(reading_world, persona) == own
    for persona, region in (
        ("province_officer", "35"),
        ("county_officer", "350125"),
        ("township_officer", TOWNSHIP),
        ("other_county_officer", "341503"),
    ):
        assert await seen(reading_world, persona) == await rows(reading_world, "region_code ^@ $1", region)
    for persona in ("hotline_operator", "auditor", "administrator", "anonymous"):
        assert await seen(reading_world, persona) == set()


async def test_pairings_are_found_by_what_is_asked_of_them(reading_world: World) -> None:
    cadre, partner = await account(reading_world, "cadre"), await account(reading_world, "partner", "organisation_id")
    household = str(
        await reading_world.sql.fetchval("SELECT household_id FROM pairing WHERE helper_id = $1::uuid LIMIT 1", cadre)
    )
    village = str(
        await reading_world.sql.fetchval(
            "SELECT village_id FROM pairing WHERE organisation_id = $1::uuid AND village_id IS NOT NULL", partner
        )
    )
    student = str(
        await reading_world.sql.fetchval(
            "SELECT person_id FROM pairing WHERE region_code ^@ '35' AND person_id IS NOT NULL LIMIT 1"
        )
    )
    latest = await reading_world.sql.fetchval("SELECT max(started_on) FROM pairing WHERE region_code ^@ '35'")
    day = latest - timedelta(days=1)
    for filter, condition, values in (
        ({"helperId": cadre}, "helper_id = $1::uuid", [cadre]),
        ({"organisationId": partner}, "organisation_id = $1::uuid", [partner]),
        ({"householdId": household}, "household_id = $1::uuid", [household]),
        ({"villageId": village}, "village_id = $1::uuid", [village]),
        ({"personId": student}, "person_id = $1::uuid", [student]),
        ({"region": TOWNSHIP}, "region_code ^@ $1", [TOWNSHIP]),
        ({"roles": ["KEY_HELP", "FIRST_SECRETARY"]}, "role IN ('KEY_HELP', 'FIRST_SECRETARY')", []),
        ({"activeOn": str(day)}, "started_on <= $1 AND (ended_on IS NULL OR ended_on > $1)", [day]),
        ({"isOpen": False}, "ended_on IS NOT NULL", []),
        ({"startedSince": str(day)}, "started_on >= $1", [day]),
        ({"endedSince": "2020-01-01"}, "ended_on >= '2020-01-01'", []),
        ({"helperId": cadre, "isOpen": True, "region": VILLAGE}, f"helper_id = $1::uuid AND ended_on IS NULL AND region_code = '{VILLAGE}'", [cadre]),
    ):  # fmt: skip
        expected = await rows(reading_world, f"region_code ^@ '35' AND ({condition})", *values)
        assert await seen(reading_world, "province_officer", filter) == expected, filter
        assert expected, filter


async def test_a_pairing_that_is_not_for_the_viewer_does_not_exist(reading_world: World) -> None:
    pairing = await reading_world.sql.fetchval("SELECT id FROM pairing WHERE region_code ^@ '341503' LIMIT 1")
    query = "query($id: ID!) { pairing(id: $id) { id } node(id: $id) { ... on Pairing { role { code } } } }"
    for persona in ("township_officer", "cadre", "partner", "anonymous"):
        assert await reading_world.ask(persona, query, {"id": str(pairing)}) == {"pairing": None, "node": None}
    found = await reading_world.ask("other_county_officer", query, {"id": str(pairing)})
    assert found["pairing"] == {"id": str(pairing)}


async def test_the_active_pairings_of_a_helper_on_a_day(reading_world: World) -> None:
    cadre = await account(reading_world, "cadre")
    query = (
        """query($id: ID!, $on: Date) { helper(id: $id) { pairings(activeOn: $on, first: 500) { nodes { id } } } }"""
    )
    for on in (None, "2019-06-30", "2021-05-01", str(TODAY)):
        found = await reading_world.ask("township_officer", query, {"id": cadre, "on": on})
        condition = (
            "helper_id = $1::uuid AND ($2::date IS NULL OR started_on <= $2 AND (ended_on IS NULL OR ended_on > $2))"
        )
        expected = await rows(reading_world, condition, cadre, None if on is None else date.fromisoformat(on))
        assert {node["id"] for node in found["helper"]["pairings"]["nodes"]} == expected
