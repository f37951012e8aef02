"""Families over HTTP: how they are found, in lists, on the map and by number."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest

from domain.base.chinese_ids import made_up_id_number
from domain.base.datum import Datum, from_wgs84
from tests.schema.families_asked import count, listed
from tests.sealed import opened
from tests.world import World


async def test_each_persona_lists_the_families_of_their_own_scope(world: World) -> None:
    below = "SELECT count(*) FROM household WHERE region_code ^@ $1 AND ended_on IS NULL"
    for persona, region in (
        ("province_officer", "35"),
        ("county_officer", "350125"),
        ("other_county_officer", "341503"),
    ):
        assert (await count(world, persona))["totalCount"] == await world.sql.fetchval(below, region)
    for persona in ("cadre", "other_cadre", "partner"):
        seen = await count(world, persona)
        assert {node["id"] for node in seen["nodes"]} >= set(await listed(world, persona))
    assert (await count(world, "anonymous"))["totalCount"] == 0


@pytest.mark.parametrize(
    ("asked", "condition"),
    [
        ({"region": "350125201000"}, "region_code ^@ '350125201'"),
        ({"region": "350125201205"}, "region_code = '350125201205'"),
        ({"categories": ["LIFTED", "EDGE"]}, "category IN ('LIFTED', 'EDGE')"),
        ({"causes": ["ILLNESS"]}, "'ILLNESS' = ANY (causes)"),
        ({"monitoringStatuses": ["MONITORED"]}, "monitoring_status = 'MONITORED'"),
        (
            {"hasPairing": False},
            "NOT EXISTS (SELECT FROM pairing p WHERE p.household_id = household.id AND p.ended_on IS NULL)",
        ),
        (
            {"visitedSince": "2026-01-01"},
            "EXISTS (SELECT FROM visit v WHERE v.household_id = household.id AND v.contact <> 'NOBODY_HOME'"
            " AND v.occurred_at >= '2026-01-01T00:00+08:00')",
        ),
        (
            {"notVisitedSince": "2026-01-01"},
            "NOT EXISTS (SELECT FROM visit v WHERE v.household_id = household.id AND v.contact <> 'NOBODY_HOME'"
            " AND v.occurred_at >= '2026-01-01T00:00+08:00')",
        ),
    ],
)
async def test_a_filter_asks_what_it_says(world: World, asked: dict[str, Any], condition: str) -> None:
    expected = await world.sql.fetchval(
        f"SELECT count(*) FROM household WHERE region_code ^@ '3501' AND ended_on IS NULL AND {condition}"
    )

    assert (await count(world, "province_officer", **{"region": "3501", **asked}))["totalCount"] == expected


async def test_families_are_found_by_roster_helper_code_and_name(world: World) -> None:
    roster = await world.sql.fetchrow(
        "SELECT r.code, count(*) FROM roster r JOIN roster_entry e ON e.roster_id = r.id JOIN household h ON h.id ="
        " e.household_id WHERE e.ended_on IS NULL AND h.ended_on IS NULL AND h.region_code ^@ '35' GROUP BY 1 LIMIT 1"
    )
    helper = await world.sql.fetchval("SELECT helper_id FROM account WHERE persona = 'cadre'")
    id = (await listed(world, "cadre"))[0]
    row = await world.sql.fetchrow(
        "SELECT h.code, p.name FROM household h JOIN person p ON p.household_id = h.id AND p.is_head WHERE h.id = $1",
        uuid.UUID(id),
    )

    assert (await count(world, "province_officer", roster=roster["code"]))["totalCount"] == roster["count"]
    own = await count(world, "county_officer", helperId=str(helper))
    assert id in {node["id"] for node in own["nodes"]}
    assert {node["id"] for node in (await count(world, "cadre", search=row["code"]))["nodes"]} == {id}
    assert id in {node["id"] for node in (await count(world, "cadre", search=row["name"][1:]))["nodes"]}
    assert (await count(world, "cadre", search="%"))["totalCount"] == 0


@pytest.mark.parametrize("place", [slice(0, 1), slice(0, 2), slice(1, None), slice(None)])
async def test_a_part_of_a_members_name_finds_all_families_that_have_it(world: World, place: slice) -> None:
    rows = await world.sql.fetch(
        "SELECT p.name, p.household_id FROM person p JOIN household h ON h.id = p.household_id"
        " WHERE h.region_code ^@ '350125201' AND h.ended_on IS NULL ORDER BY p.id"
    )
    part = rows[7]["name"][place]
    wanted = {str(row["household_id"]) for row in rows if row["name"].startswith(part) or row["name"].endswith(part)}
    found = await count(world, "township_officer", search=part)
    assert found["totalCount"] == len(wanted)
    assert {node["id"] for node in found["nodes"]} <= wanted


async def test_who_sees_masked_names_cannot_search_for_whole_ones(world: World) -> None:
    id = (await listed(world, "partner"))[0]
    name = await world.sql.fetchval("SELECT name FROM person WHERE household_id = $1 AND is_head", uuid.UUID(id))

    assert id not in {node["id"] for node in (await count(world, "partner", search=name))["nodes"]}


async def test_a_page_goes_on_where_the_last_one_ended(world: World) -> None:
    query = """query ($after: String) { households(orderBy: REGISTERED_LATEST, first: 40, after: $after) {
      nodes { id registeredOn } pageInfo { hasNextPage endCursor } } }"""
    seen: list[Any] = []
    after = None
    while True:
        page = (await world.ask("township_officer", query, {"after": after}))["households"]
        seen += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    total = await world.sql.fetchval(
        "SELECT count(*) FROM household WHERE region_code ^@ '350125201' AND ended_on IS NULL"
    )
    assert len({node["id"] for node in seen}) == len(seen) == total
    assert [node["registeredOn"] for node in seen] == sorted((n["registeredOn"] for n in seen), reverse=True)


BOX = """query ($box: BoxInput!, $filter: HouseholdFilter, $first: Int! = 500) {
  householdsInBox(box: $box, filter: $filter, first: $first) { isComplete nodes { id location { longitude latitude } } } }"""


async def test_a_box_holds_the_families_of_its_own_map(world: World) -> None:
    id = (await listed(world, "cadre"))[0]
    point = await world.sql.fetchrow(
        "SELECT ST_X(location) AS x, ST_Y(location) AS y FROM household WHERE id = $1", uuid.UUID(id)
    )
    for datum in Datum:
        x, y = from_wgs84(point["x"], point["y"], datum)
        box = {"west": x - 1e-6, "east": x + 1e-6, "south": y - 1e-6, "north": y + 1e-6, "datum": datum.name}
        found = (await world.ask("county_officer", BOX, {"box": box}))["householdsInBox"]
        assert [node["id"] for node in found["nodes"]] == [id]
        assert found["isComplete"] is True
        other = {**box, "datum": "GCJ02" if datum in (Datum.WGS84, Datum.CGCS2000) else "WGS84"}
        missed = (await world.ask("county_officer", BOX, {"box": other}))["householdsInBox"]
        assert id not in {node["id"] for node in missed["nodes"]}


async def test_a_full_box_says_that_it_is_not_complete_and_filters_as_lists_do(world: World) -> None:
    box = {"west": 100, "east": 130, "south": 20, "north": 40, "datum": "WGS84"}
    some = (await world.ask("county_officer", BOX, {"box": box, "first": 3}))["householdsInBox"]
    monitored = {"monitoringStatuses": ["MONITORED"], "region": "350125"}
    fewer = (await world.ask("county_officer", BOX, {"box": box, "filter": monitored}))["householdsInBox"]

    assert (len(some["nodes"]), some["isComplete"]) == (3, False)
    expected = await world.sql.fetchval(
        "SELECT count(*) FROM household WHERE region_code ^@ '350125' AND ended_on IS NULL AND location IS NOT NULL"
        " AND monitoring_status = 'MONITORED'"
    )
    assert (len(fewer["nodes"]), fewer["isComplete"]) == (expected, True)


async def test_a_box_takes_every_filter_that_a_list_takes(world: World) -> None:
    box = {"west": 100, "east": 130, "south": 20, "north": 40, "datum": "WGS84"}
    helper = await world.sql.fetchval("SELECT helper_id FROM account WHERE persona = 'cadre'")
    for asked in (
        {"categories": ["LIFTED", "EDGE"], "causes": ["ILLNESS"]},
        {"helperId": str(helper), "hasPairing": True},
        {"organisationId": str(uuid.uuid4())},
        {"search": "350125"},
        {"visitedSince": "2020-01-01", "notVisitedSince": "2026-06-01"},
        {"roster": "nobody's", "region": "350125"},
    ):
        on_the_map = (await world.ask("county_officer", BOX, {"box": box, "filter": asked}))["householdsInBox"]
        listed_ones = await count(world, "county_officer", **asked)
        placed = await world.sql.fetch(
            "SELECT id FROM household WHERE id = ANY ($1) AND location IS NOT NULL",
            [uuid.UUID(node["id"]) for node in listed_ones["nodes"]],
        )
        assert {node["id"] for node in on_the_map["nodes"]} == {str(row["id"]) for row in placed}, asked


async def test_a_box_tells_a_partner_no_more_than_the_map_does(world: World) -> None:
    id = (await listed(world, "partner"))[0]
    point = await world.sql.fetchrow(
        "SELECT ST_X(location) AS x, ST_Y(location) AS y FROM household WHERE id = $1", uuid.UUID(id)
    )
    house = {name: point[axis] + side * 1e-4 for name, axis, side in BOX_SIDES}
    kilometre = {name: round(point[axis], 2) + side * 1e-4 for name, axis, side in BOX_SIDES}

    at_the_house = (await world.ask("partner", BOX, {"box": {**house, "datum": "WGS84"}}))["householdsInBox"]
    blurred = (await world.ask("partner", BOX, {"box": {**kilometre, "datum": "WGS84"}}))["householdsInBox"]

    assert id not in {node["id"] for node in at_the_house["nodes"]}
    assert id in {node["id"] for node in blurred["nodes"]}


BOX_SIDES = (("west", "x", -1), ("east", "x", 1), ("south", "y", -1), ("north", "y", 1))
BY_NUMBER = "query ($number: String!) { householdByIdNumber(idNumber: $number) { id } }"


async def test_a_look_by_identity_number_finds_exactly_and_leaves_a_trace(world: World) -> None:
    id = (await listed(world, "cadre"))[0]
    number = (await opened(world.sql, "person", "household_id = $1", uuid.UUID(id)))[0]["id_number"]
    traces = "SELECT count(*) FROM audit_entry WHERE action = 'look_up_by_id_number'"
    before = await world.sql.fetchval(traces)

    for persona, expected in (("cadre", {"id": id}), ("other_cadre", None), ("partner", None), ("anonymous", None)):
        found = (await world.ask(persona, BY_NUMBER, {"number": f" {number.lower()}"}))["householdByIdNumber"]
        assert found == expected, persona
    assert (await world.ask("cadre", BY_NUMBER, {"number": number[:-1]}))["householdByIdNumber"] is None

    assert await world.sql.fetchval(traces) == before + 4  # the public is nobody to be traced
    told = await world.sql.fetch("SELECT detail::text FROM audit_entry WHERE action = 'look_up_by_id_number'")
    assert not any(number in row["detail"] for row in told)


async def test_whoever_tries_numbers_is_stopped(world: World) -> None:
    number = made_up_id_number(999, date(1985, 1, 2), 1)
    document = "query ($number: String!) {" + " ".join(
        f"look{position}: householdByIdNumber(idNumber: $number) {{ id }}" for position in range(20)
    )
    answers = [await world.post("department", document + "}", {"number": number}) for _ in range(4)]

    assert all("errors" not in body for body in answers[:2])
    assert {error["extensions"]["code"] for error in answers[3]["errors"]} == {"TOO_MANY_LOOKS"}
    assert "60" in answers[3]["errors"][0]["message"]
    assert (await world.ask("cadre", BY_NUMBER, {"number": number}))["householdByIdNumber"] is None


async def test_rosters_are_listed_by_code(world: World) -> None:
    found = (await world.ask("cadre", "{ rosters { code name region { name } startedOn source } }"))["rosters"]

    assert [roster["code"] for roster in found] == sorted(roster["code"] for roster in found)
    assert found
