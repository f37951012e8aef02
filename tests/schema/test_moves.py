"""Moves over HTTP: a township asks, another accepts, and each sees what is theirs to see."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.schema.families_asked import (
    DECIDE_MOVE,
    MOVE,
    OTHER_TOWNSHIP,
    VILLAGE,
    WITHDRAW_MOVE,
    act,
    codes,
    family,
    new_family,
    person,
)
from tests.world import World

MOVES = """query ($filter: HouseholdMoveFilter) { householdMoves(filter: $filter, first: 100) { totalCount nodes {
  id state householdCode headName memberCount reason movesOn askedAt decidedAt decisionReason
  fromVillage { code } toVillage { code } household { id head { name } address }
} } }"""


@pytest.fixture(scope="module")
async def receiver(world: World) -> str:
    """A persona whose grant is changed into one of an officer of the other township."""
    await world.sql.execute(
        "UPDATE access_grant g SET role = 'TOWNSHIP_OFFICER', region_code = $1 FROM account a"
        " WHERE a.id = g.account_id AND a.persona = 'other_county_officer'",
        OTHER_TOWNSHIP,
    )
    return "other_county_officer"


@pytest.fixture(scope="module")
async def village(world: World) -> str:
    """A village of the other township."""
    code: str = await world.sql.fetchval(
        "SELECT code FROM region WHERE parent_code = $1 ORDER BY code LIMIT 1", OTHER_TOWNSHIP
    )
    return code


async def ask(world: World, id: str, village: str, **more: Any) -> Any:
    today = await world.sql.fetchval("SELECT registered_on FROM household WHERE id = $1", uuid.UUID(id))
    return await act(world, "township_officer", MOVE, householdId=id, villageCode=village, on=today.isoformat(), **more)


async def moves(world: World, persona: str, **asked: Any) -> dict[str, Any]:
    page = (await world.ask(persona, MOVES, {"filter": asked}))["householdMoves"]
    assert page["totalCount"] == len(page["nodes"])
    return {node["id"]: node for node in page["nodes"]}


async def test_a_township_asks_and_the_other_sees_the_request_but_not_the_family(
    world: World, receiver: str, village: str
) -> None:
    id = await new_family(world, person("鄢大山"), person("鄢小山", "SON"), address="旧屋 1 号")

    asked = await ask(world, id, village, reason="随子女居住", address="新村 3 号")

    assert asked["errors"] == []
    assert asked["move"]["state"] == "ASKED"
    assert (await family(world, "township_officer", id))["village"]["code"] == VILLAGE
    assert await family(world, receiver, id) is None
    node = (await moves(world, receiver, state="ASKED"))[asked["move"]["id"]]
    assert node["household"] is None
    assert (node["headName"], node["memberCount"], node["reason"]) == ("鄢**", 2, "随子女居住")
    assert (node["fromVillage"]["code"], node["toVillage"]["code"]) == (VILLAGE, village)
    assert (await moves(world, "township_officer"))[asked["move"]["id"]]["household"]["head"]["name"] == "鄢大山"


async def test_the_other_township_accepts_and_the_family_is_theirs(world: World, receiver: str, village: str) -> None:
    id = await new_family(world)
    asked = await ask(world, id, village)

    done = await act(world, receiver, DECIDE_MOVE, moveId=asked["move"]["id"], accepts=True)

    assert done["errors"] == []
    assert (done["move"]["state"], done["household"]["id"], done["household"]["revision"]) == ("ACCEPTED", id, "2")
    assert (await family(world, receiver, id))["village"]["code"] == village
    assert await family(world, "township_officer", id) is None
    gone = (await moves(world, "township_officer", state="ACCEPTED", region=OTHER_TOWNSHIP))[asked["move"]["id"]]
    assert gone["household"] is None
    feed = await world.sql.fetch("SELECT area, op FROM change WHERE id = $1 ORDER BY seq DESC LIMIT 2", uuid.UUID(id))
    assert {(row["area"], row["op"]) for row in feed} == {(350125201, "D"), (350125202, "U")}


async def test_the_county_decides_in_the_townships_stead(world: World, village: str) -> None:
    asked = await ask(world, await new_family(world), village)

    done = await act(world, "county_officer", DECIDE_MOVE, moveId=asked["move"]["id"], accepts=True)

    assert (done["errors"], done["move"]["state"]) == ([], "ACCEPTED")


async def test_declining_says_why(world: World, receiver: str, village: str) -> None:
    asked = await ask(world, await new_family(world), village)
    given = {"moveId": asked["move"]["id"], "accepts": False}

    silent = await act(world, receiver, DECIDE_MOVE, **given)
    done = await act(world, receiver, DECIDE_MOVE, **given, reason="查无此房")

    assert (codes(silent), silent["move"]) == ({("REASON_NEEDED", "input.reason")}, None)
    assert (done["move"]["state"], done["move"]["decisionReason"], done["household"]) == ("DECLINED", "查无此房", None)


async def test_what_cannot_be_asked_or_decided_is_said_at_its_path(world: World, receiver: str, village: str) -> None:
    id = await new_family(world)
    asked = await ask(world, id, village)
    move = asked["move"]["id"]

    twice = await ask(world, id, village)
    own = await act(world, "township_officer", DECIDE_MOVE, moveId=move, accepts=True)
    hidden = await act(world, "cadre", DECIDE_MOVE, moveId=move, accepts=True)
    no_id = await act(world, receiver, DECIDE_MOVE, moveId="x", accepts=True)
    withdrawn = await act(world, "township_officer", WITHDRAW_MOVE, moveId=move)
    late = await act(world, receiver, DECIDE_MOVE, moveId=move, accepts=True)

    assert codes(twice) == {("MOVE_ALREADY_ASKED", "input.householdId")}
    assert codes(own) == {("FORBIDDEN_ROLE", "input")}
    assert codes(hidden) == {("NOT_FOUND", "input.moveId")}
    assert codes(no_id) == {("ID_INVALID", "input.moveId")}
    assert withdrawn["move"]["state"] == "WITHDRAWN"
    assert codes(late) == {("MOVE_ALREADY_DECIDED", "input.moveId")}


@pytest.mark.parametrize("persona", ["cadre", "department", "partner", "auditor", "administrator", "anonymous"])
async def test_who_is_no_officer_of_either_side_sees_no_moves(world: World, village: str, persona: str) -> None:
    await ask(world, await new_family(world), village)

    assert await moves(world, persona) == {}
