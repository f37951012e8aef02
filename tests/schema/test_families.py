"""Families over HTTP: how they change, and what is refused."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest

from domain.base.chinese_ids import made_up_id_number
from tests.schema.families_asked import (
    CHANGE,
    EDIT,
    MERGE,
    MOVE,
    OTHER_TOWNSHIP,
    REGISTER,
    SPLIT,
    VILLAGE,
    act,
    codes,
    count,
    family,
    listed,
    new_family,
    person,
    register,
)
from tests.world import World


async def test_a_village_officer_registers_a_family_and_sees_it(world: World) -> None:
    payload = await register(
        world,
        person("鄢大山"),
        person("林玉兰", "SPOUSE", sex="FEMALE", idNumber=made_up_id_number(7, date(1985, 1, 2), 2), bornOn=None),
        location={"longitude": 118.9, "latitude": 25.9, "datum": "GCJ02", "accuracyMetres": 8.5},
    )

    assert payload["errors"] == []
    made = payload["household"]
    assert made["code"].startswith(f"{VILLAGE}-")
    assert (made["revision"], made["memberCount"], made["head"]["name"]) == ("1", 2, "鄢大山")


async def test_wrong_values_come_back_with_code_path_and_words_in_both_languages(world: World) -> None:
    wrong = {
        "category": "RICH",
        "location": {"longitude": 118.9, "latitude": 91, "datum": "WGS84"},
        "members": [person("甲", idNumber="350125198001010011"), person("乙", id="no id")],
    }
    without_ids = {**wrong, "members": [wrong["members"][0], person("乙")]}
    texts = {}
    for language in ("zh-CN", "en"):
        given = {"id": str(uuid.uuid4()), "villageCode": VILLAGE, **without_ids}
        payload = (await world.ask("village_officer", REGISTER, {"input": given}, language))["registerHousehold"]
        assert payload["household"] is None
        assert codes(payload) == {
            ("UNKNOWN_CODE", "input.category"),
            ("COORDINATES_OUT_OF_RANGE", "input.location.latitude"),
            ("ID_NUMBER_CHECK_DIGIT", "input.members.0.idNumber"),
            ("SECOND_HEAD", "input.members"),
        }
        texts[language] = {error["code"]: error["message"] for error in payload["errors"]}
    assert texts["zh-CN"]["SECOND_HEAD"] == "一户只能有一位户主。"
    assert texts["en"]["SECOND_HEAD"] == "A household has one head only."
    assert "RICH" in texts["zh-CN"]["UNKNOWN_CODE"]
    ids = await world.ask("village_officer", REGISTER, {"input": {"id": "x", "villageCode": VILLAGE, **wrong}})
    assert codes(ids["registerHousehold"]) == {("ID_INVALID", "input.id"), ("ID_INVALID", "input.members.1.id")}


@pytest.mark.parametrize(
    "wrong",
    [
        {"location": {"longitude": "NaN", "latitude": 25.9, "datum": "WGS84"}},
        {"location": {"longitude": 118.9, "latitude": 25.9}},
        {"members": "everybody"},
        {"nickname": "大山"},
    ],
)
async def test_a_wrong_structure_refuses_the_request_before_anything_is_stored(
    world: World, wrong: dict[str, Any]
) -> None:
    id = str(uuid.uuid4())
    given = {"id": id, "villageCode": VILLAGE, "category": "LIFTED", "members": [person("甲")], **wrong}
    body = await world.post("village_officer", REGISTER, {"input": given})

    assert body["errors"]
    assert body.get("data") is None
    assert await world.sql.fetchval("SELECT count(*) FROM household WHERE id = $1", uuid.UUID(id)) == 0


async def test_a_datum_is_declared_and_never_guessed(world: World) -> None:
    payload = await register(world, person("甲"), location={"longitude": 118.9, "latitude": 25.9, "datum": "AMAP"})

    assert codes(payload) == {("DATUM_UNKNOWN", "input.location.datum")}


@pytest.mark.parametrize("persona", ["cadre", "partner", "department", "integrator", "auditor", "administrator"])
async def test_nobody_but_officers_registers_families(world: World, persona: str) -> None:
    assert codes(await register(world, person("甲"), persona=persona)) == {("FORBIDDEN_ROLE", "input")}


async def test_the_public_signs_in_first(world: World) -> None:
    assert codes(await register(world, person("甲"), persona="anonymous")) == {("SIGN_IN_REQUIRED", "input")}


async def test_a_village_officer_registers_nobody_elsewhere(world: World) -> None:
    assert codes(await register(world, person("甲"), villageCode="350125201206")) == {
        ("REGION_OUT_OF_SCOPE", "input.villageCode")
    }


async def test_a_cadre_edits_and_another_who_read_before_hears_of_the_conflict(world: World) -> None:
    id = (await listed(world, "cadre"))[0]
    before = await family(world, "cadre", id)
    head = before["head"]["id"]

    done = await act(
        world,
        "cadre",
        EDIT,
        householdId=id,
        address={"base": before["address"], "value": "下寨 7 号"},
        members=[{"personId": head, "phone": {"base": before["members"][0]["phone"], "value": "059112345678"}}],
    )
    late = await act(
        world, "township_officer", EDIT, householdId=id, address={"base": before["address"], "value": "下寨 8 号"}
    )

    assert done["errors"] == []
    assert int(done["household"]["revision"]) == int(before["revision"]) + 1
    (conflict,) = late["errors"]
    assert conflict == {
        "__typename": "FieldConflict",
        "code": "FIELD_CONFLICT",
        "path": ["input", "address"],
        "message": conflict["message"],
        "base": before["address"],
        "current": "下寨 7 号",
        "yours": "下寨 8 号",
    }
    after = await family(world, "cadre", id)
    assert (after["address"], after["members"][0]["phone"]) == ("下寨 7 号", "059112345678")
    assert after["events"][0]["kind"] == "EDITED"


async def test_what_was_read_is_the_base_of_an_edit_field_by_field(world: World) -> None:
    id = (await listed(world, "cadre"))[1]
    before = await family(world, "cadre", id)
    member, place = before["members"][-1], before["location"]
    point = {name: place[name] for name in ("longitude", "latitude", "datum")}
    health = [one["code"] for one in member["health"]]

    done = await act(
        world,
        "cadre",
        EDIT,
        householdId=id,
        causes={"base": [one["code"] for one in before["causes"]], "value": ["ILLNESS", "STUDY"]},
        location={"base": point, "value": {"longitude": 118.91, "latitude": 25.91, "datum": "BD09"}},
        members=[{"personId": member["id"], "health": {"base": health, "value": ["CHRONIC_ILLNESS"]}}],
    )

    assert done["errors"] == []
    after = await family(world, "cadre", id)
    assert [one["code"] for one in after["causes"]] == ["ILLNESS", "STUDY"]
    assert [one["code"] for one in after["members"][-1]["health"]] == ["CHRONIC_ILLNESS"]


@pytest.mark.parametrize("persona", ["other_cadre", "other_county_officer", "auditor"])
async def test_a_foreign_family_is_not_found(world: World, persona: str) -> None:
    id = (await listed(world, "cadre"))[0]
    edited = await act(world, persona, EDIT, householdId=id, address={"base": None, "value": "甲"})

    assert codes(edited) == {("NOT_FOUND", "input.householdId")}


async def test_who_sees_a_family_masked_does_not_edit_it(world: World) -> None:
    id = (await listed(world, "partner"))[0]
    edited = await act(world, "partner", EDIT, householdId=id, address={"base": None, "value": "甲"})

    assert codes(edited) == {("FORBIDDEN_ROLE", "input")}


async def test_a_birth_and_a_death_change_the_number_of_members_from_their_day(world: World) -> None:
    old, young = person("鄢老伯", bornOn="1940-01-01"), person("鄢大山", "SON")
    id = await new_family(world, old, young)
    today = (await family(world, "village_officer", id))["registeredOn"]
    baby = person("小宝", "SON", bornOn=today, schoolStatus="BEFORE_PRESCHOOL", labour="NONE")
    del baby["education"]

    headless = await act(
        world,
        "village_officer",
        CHANGE,
        householdId=id,
        leaving=[{"personId": old["id"], "reason": "DEATH", "on": today}],
    )
    done = await act(
        world,
        "village_officer",
        CHANGE,
        householdId=id,
        leaving=[{"personId": old["id"], "reason": "DEATH", "on": today}],
        joining=[{"reason": "BIRTH", "on": today, "person": baby}],
        headId=young["id"],
    )

    assert codes(headless) == {("HEAD_MISSING", "input.headId")}
    assert done["errors"] == []
    assert done["household"]["memberCount"] == 2
    after = await family(world, "village_officer", id)
    assert after["head"]["name"] == "鄢大山"
    (gone,) = after["formerMembers"]
    assert (gone["person"]["name"], gone["endReason"]["code"]) == ("鄢老伯", "DEATH")
    past = await world.ask(
        "village_officer",
        'query ($id: ID!) { household(id: $id) { then: memberCount(on: "2000-01-01") now: memberCount } }',
        {"id": id},
    )
    assert past["household"] == {"then": 0, "now": 2}


async def test_a_family_splits_and_merges_again(world: World) -> None:
    father, son = person("鄢老伯", bornOn="1950-01-01"), person("鄢大山", "SON")
    id = await new_family(world, father, son)
    today = (await family(world, "village_officer", id))["registeredOn"]
    new = str(uuid.uuid4())

    split = await act(
        world,
        "village_officer",
        SPLIT,
        id=new,
        householdId=id,
        on=today,
        members=[{"personId": son["id"], "relationToHead": "HEAD"}],
    )
    merged = await act(
        world,
        "village_officer",
        MERGE,
        survivorId=id,
        mergedId=new,
        on=today,
        members=[{"personId": son["id"], "relationToHead": "SON"}],
    )

    assert split["errors"] == merged["errors"] == []
    assert split["newHousehold"] == {"id": new, "members": [{"name": "鄢大山"}], "splitFrom": {"id": id}}
    assert [member["name"] for member in merged["household"]["members"]] == ["鄢老伯", "鄢大山"]
    ended = await family(world, "village_officer", new)
    assert (ended["endedOn"], ended["mergedInto"], ended["members"], ended["head"]) == (today, {"id": id}, [], None)
    assert ended["events"][0]["kind"] == "ENDED"
    assert new not in {node["id"] for node in (await count(world, "village_officer"))["nodes"]}


async def test_a_move_to_another_township_hides_the_family_from_the_old_one(world: World) -> None:
    id = await new_family(world)
    village = await world.sql.fetchval(
        "SELECT code FROM region WHERE parent_code = $1 ORDER BY code LIMIT 1", OTHER_TOWNSHIP
    )
    today = (await family(world, "village_officer", id))["registeredOn"]

    moved = await act(world, "county_officer", MOVE, householdId=id, villageCode=village, on=today)

    assert moved["errors"] == []
    assert await family(world, "township_officer", id) is None
    assert (await family(world, "county_officer", id))["village"]["code"] == village
    feed = await world.sql.fetch("SELECT area, op FROM change WHERE id = $1 ORDER BY seq DESC LIMIT 2", uuid.UUID(id))
    assert {(row["area"], row["op"]) for row in feed} == {(350125201, "D"), (350125202, "U")}


async def test_a_lost_answer_is_given_again_and_nothing_happens_twice(world: World) -> None:
    id = await new_family(world)
    given = {"operationId": str(uuid.uuid4()), "householdId": id, "address": {"base": None, "value": "甲"}}

    first = await world.ask("village_officer", EDIT, {"input": given})
    again = await world.ask("village_officer", EDIT, {"input": given})
    other = await world.ask("village_officer", EDIT, {"input": {**given, "address": {"base": "甲", "value": "乙"}}})

    assert first == again
    assert codes(other["editHousehold"]) == {("OPERATION_REUSED", "input")}
