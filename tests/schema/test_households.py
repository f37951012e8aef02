"""Families over HTTP: who sees what of them."""

from __future__ import annotations

import uuid

import pytest

from domain.base.chinese_ids import masked_id_number
from domain.base.datum import Datum, from_wgs84
from tests.schema.families_asked import family, listed
from tests.sealed import opened
from tests.world import World


async def test_a_cadre_sees_everything_of_a_family_on_their_list(world: World) -> None:
    id = (await listed(world, "cadre"))[0]

    seen = await family(world, "cadre", id)

    row = await world.sql.fetchrow("SELECT * FROM household WHERE id = $1", uuid.UUID(id))
    people = await opened(world.sql, "person", "household_id = $1", uuid.UUID(id))
    assert (seen["code"], seen["address"], seen["revision"]) == (row["code"], row["address"], str(row["revision"]))
    assert seen["memberCount"] == len(seen["members"]) == len(people)
    assert seen["members"][0] == {**seen["members"][0], "isHead": True, "id": seen["head"]["id"]}
    masks = {str(person["id"]): masked_id_number(person["id_number"]) for person in people}
    assert {member["id"]: member["idNumber"] for member in seen["members"]} == masks, "masked for everybody"
    phones = {str(person["id"]): person["phone"] for person in people}
    assert {member["id"]: member["phone"] for member in seen["members"]} == phones, "they must be able to call"
    (home,) = await opened(world.sql, "household", "id = $1", uuid.UUID(id))
    assert seen["phone"] == home["phone"]
    assert seen["bankAccount"] == f"****{home['bank_account'][-4:]}"
    assert all(member["bornOn"] and member["health"] for member in seen["members"])
    assert seen["location"]["isBlurred"] is False
    assert {member["household"]["id"] for member in seen["members"]} == {id}
    assert seen["category"]["list"] == "household_category"


@pytest.mark.parametrize("persona", ["other_cadre", "other_county_officer", "other_partner", "auditor", "anonymous"])
async def test_a_family_out_of_scope_does_not_exist(world: World, persona: str) -> None:
    id = (await listed(world, "cadre"))[0]

    assert await family(world, persona, id) is None
    found = await world.ask(persona, "query ($id: ID!) { node(id: $id) { id } }", {"id": id})
    assert found["node"] is None


async def test_a_partner_sees_the_family_and_not_who_they_are(world: World) -> None:
    id = (await listed(world, "partner"))[0]
    row = await world.sql.fetchrow(
        "SELECT ST_X(location) AS x, ST_Y(location) AS y FROM household WHERE id = $1", uuid.UUID(id)
    )

    masked, whole = await family(world, "partner", id), await family(world, "county_officer", id)

    assert masked["code"] == whole["code"]
    assert masked["address"] is None
    for one, other in zip(masked["members"], whole["members"], strict=True):
        assert one["name"] == other["name"][0] + "**"
        assert (one["bornOn"], one["health"]) == (None, [])
        assert one["idNumber"] == other["idNumber"]
        if other["phone"]:
            assert one["phone"] == other["phone"][:3] + "****"
        assert one["labour"] == other["labour"]
    assert masked["location"]["isBlurred"] is True
    assert (masked["location"]["longitude"], masked["location"]["latitude"]) == (
        pytest.approx(round(row["x"], 2)),
        pytest.approx(round(row["y"], 2)),
    )


async def test_a_dwelling_is_shown_in_the_datum_of_the_map(world: World) -> None:
    id = (await listed(world, "cadre"))[0]
    query = """query ($id: ID!) { household(id: $id) {
      wgs84: location { longitude latitude datum } bd09: location(datum: BD09) { longitude latitude datum } } }"""

    seen = (await world.ask("cadre", query, {"id": id}))["household"]

    there = from_wgs84(seen["wgs84"]["longitude"], seen["wgs84"]["latitude"], Datum.BD09)
    assert (seen["bd09"]["longitude"], seen["bd09"]["latitude"]) == (
        pytest.approx(there[0], abs=1e-9),
        pytest.approx(there[1], abs=1e-9),
    )
    assert seen["bd09"]["datum"] == "BD09"


async def test_words_come_in_the_clients_language(world: World) -> None:
    id = (await listed(world, "cadre"))[0]
    query = "query ($id: ID!) { household(id: $id) { head { relationToHead { label } } } }"
    labels = [
        (await world.ask("cadre", query, {"id": id}, language))["household"]["head"]["relationToHead"]["label"]
        for language in ("zh-CN", "en")
    ]

    assert labels == ["户主", "Head of household"]


async def test_a_familys_visits_come_the_latest_first_and_the_last_one_by_itself(world: World) -> None:
    id = (await listed(world, "cadre"))[0]
    query = """query ($id: ID!) { household(id: $id) {
      visits(first: 5) { totalCount nodes { id occurredAt } } lastVisit { id occurredAt } } }"""

    seen = (await world.ask("cadre", query, {"id": id}))["household"]

    rows = await world.sql.fetch(
        "SELECT id, superseded_by_id FROM visit WHERE household_id = $1 ORDER BY occurred_at DESC", uuid.UUID(id)
    )
    assert seen["visits"]["totalCount"] == len(rows) > 0
    assert [node["id"] for node in seen["visits"]["nodes"]] == [str(row["id"]) for row in rows[:5]]
    assert seen["lastVisit"]["id"] == next(str(row["id"]) for row in rows if row["superseded_by_id"] is None)
