"""Phones listen: what changes from now on comes by itself, to whom it concerns."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from api.app import create_app
from tests import sockets
from tests.schema.families_asked import EDIT, OTHER_TOWNSHIP, act, new_family
from tests.schema.pairings_asked import TODAY, account
from tests.schema.test_deciding_on_pairings import ASSIGN, HAND_OVER, decide
from tests.sockets import Phone, serving
from tests.sync.phones import Phone as Puller
from tests.visiting import a_visit, submit
from tests.world import World

HOUSEHOLDS = """subscription { householdChanges {
  documents { id isDeleted address pairings { helperName } } checkpoint { cursor } hasMore isReset } }"""
VISITS = "subscription { visitChanges { documents { id isDeleted householdId } checkpoint { cursor } hasMore } }"


@pytest.fixture(scope="module")
async def address(world: World) -> AsyncIterator[str]:
    """A server over the same database, with sockets."""
    async with serving(create_app(world.settings), world.settings) as address:
        yield address


@asynccontextmanager
async def listening(world: World, address: str, persona: str, query: str = HOUSEHOLDS) -> AsyncIterator[Phone]:
    async with sockets.phone(address) as phone:
        authorization = world.headers(persona).get("Authorization")
        await phone.greet(**({"authorization": authorization} if authorization else {}))
        await phone.ask("1", query)
        yield phone


async def heard(phone: Phone) -> Any:
    """The documents of the next event."""
    async with asyncio.timeout(20):
        frame = await phone.hear()
    assert frame["type"] == "next", frame
    assert "errors" not in frame["payload"], frame
    (payload,) = frame["payload"]["data"].values()
    return payload["documents"]


async def settled(world: World, phone: Phone, household: str) -> None:
    """The subscription has begun: a change of this family, made over and over, is heard. "From now on" has no other sign."""
    number = 0
    hearing = asyncio.create_task(heard(phone))
    base = await world.sql.fetchval("SELECT address FROM household WHERE id = $1", uuid.UUID(household))
    while not hearing.done():
        number += 1
        value = f"开始 {number}"
        done = await act(world, "village_officer", EDIT, householdId=household, address={"base": base, "value": value})
        assert done["errors"] == []
        base = value
        await asyncio.wait([hearing], timeout=0.5)
    documents = hearing.result()
    while documents[0]["address"] != base:
        documents = await heard(phone)


async def paired(world: World, household: str, persona: str) -> str:
    """A pairing of a persona with this family, from today; its id."""
    asked = {"id": str(uuid.uuid4()), "helperId": await account(world, persona), "householdId": household}
    payload = await decide(world, "county_officer", ASSIGN, role="KEY_HELP", startedOn=TODAY.isoformat(), **asked)
    assert payload["errors"] == []
    return asked["id"]


async def test_a_change_comes_to_whom_it_concerns_and_to_nobody_else(world: World, address: str) -> None:
    mine, theirs = await new_family(world), await new_family(world)
    await paired(world, mine, "cadre")
    await paired(world, theirs, "other_cadre")
    async with (
        listening(world, address, "cadre") as phone,
        listening(world, address, "other_cadre") as other,
    ):
        await settled(world, phone, mine)
        await settled(world, other, theirs)

        for household, value in ((theirs, "他人"), (mine, "力星村 8 号")):
            base = await world.sql.fetchval("SELECT address FROM household WHERE id = $1", uuid.UUID(household))
            given = {"householdId": household, "address": {"base": base, "value": value}}
            assert (await act(world, "village_officer", EDIT, **given))["errors"] == []

        assert [(one["id"], one["address"]) for one in await heard(phone)] == [(mine, "力星村 8 号")]
        assert [(one["id"], one["address"]) for one in await heard(other)] == [(theirs, "他人")]


async def test_a_hand_over_is_a_tombstone_here_and_a_family_there(world: World, address: str) -> None:
    family, first, second = await new_family(world), await new_family(world), await new_family(world)
    pairing = await paired(world, family, "cadre")
    await paired(world, first, "cadre")
    await paired(world, second, "other_cadre")
    async with listening(world, address, "cadre") as old, listening(world, address, "other_cadre") as new:
        await settled(world, old, first)
        await settled(world, new, second)
        given = {"id": str(uuid.uuid4()), "pairingId": pairing, "helperId": await account(world, "other_cadre")}
        payload = await decide(world, "township_officer", HAND_OVER, **given, handedOverOn=TODAY.isoformat())
        assert payload["errors"] == []

        assert [(one["id"], one["isDeleted"]) for one in await heard(old)] == [(family, True)]
        assert [(one["id"], one["isDeleted"]) for one in await heard(new)] == [(family, False)]


async def test_a_family_of_another_township_brings_its_township_along(world: World, address: str) -> None:
    here = await new_family(world)
    village = await world.sql.fetchval(
        "SELECT min(code) FROM region WHERE code ^@ $1 AND level = 'VILLAGE' AND valid_to IS NULL", OTHER_TOWNSHIP
    )
    there = await new_family(world, persona="county_officer", villageCode=village)
    await paired(world, here, "cadre")
    async with listening(world, address, "cadre") as phone:
        await settled(world, phone, here)
        await paired(world, there, "cadre")
        assert [one["id"] for one in await heard(phone)] == [there]

        given = {"householdId": there, "address": {"base": None, "value": "新址"}}
        assert (await act(world, "county_officer", EDIT, **given))["errors"] == []
        assert [(one["id"], one["address"]) for one in await heard(phone)] == [(there, "新址")]


async def test_a_visit_comes_to_the_officers_of_the_village(world: World, address: str) -> None:
    family = await new_family(world)
    await paired(world, family, "cadre")
    async with (
        listening(world, address, "village_officer", VISITS) as phone,
        listening(world, address, "village_officer") as families,
    ):
        await settled(world, families, family)
        visit = await a_visit(world, family, occurredAt=TODAY.isoformat() + "T00:00:01+08:00")
        (result,) = (await submit(world, "cadre", [visit]))["results"]
        assert result["outcome"] == "APPLIED", result

        assert [one["id"] for one in await heard(phone)] == [visit["id"]]


async def test_what_came_live_is_what_a_pull_from_its_checkpoint_would_not_bring_again(
    world: World, address: str
) -> None:
    family = await new_family(world)
    await paired(world, family, "cadre")
    async with listening(world, address, "cadre") as phone:
        await settled(world, phone, family)
        given = {"householdId": family, "phone": {"base": None, "value": "10000090001"}}
        assert (await act(world, "cadre", EDIT, **given))["errors"] == []
        async with asyncio.timeout(20):
            frame = await phone.hear()
    puller = Puller(world, "cadre", cursor=frame["payload"]["data"]["householdChanges"]["checkpoint"]["cursor"])

    await puller.sync()

    assert (puller.came, puller.resets) == ([], 0)


async def test_who_listens_from_a_checkpoint_hears_what_fell_in_between(world: World, address: str) -> None:
    family = await new_family(world)
    await paired(world, family, "cadre")
    puller = await Puller(world, "cadre").sync()
    given = {"householdId": family, "address": {"base": None, "value": "其间"}}
    assert (await act(world, "cadre", EDIT, **given))["errors"] == []
    query = HOUSEHOLDS.replace("householdChanges", f'householdChanges(checkpoint: {{cursor: "{puller.cursor}"}})')

    async with listening(world, address, "cadre", query) as phone:
        assert [(one["id"], one["address"]) for one in await heard(phone)] == [(family, "其间")]


async def test_a_checkpoint_that_is_none_is_told_as_a_pull_would(world: World, address: str) -> None:
    query = VISITS.replace("visitChanges", 'visitChanges(checkpoint: {cursor: "nonsense"})').replace(
        "hasMore", "isReset"
    )

    async with listening(world, address, "cadre", query) as phone:
        async with asyncio.timeout(20):
            frame = await phone.hear()

    assert frame["payload"]["data"]["visitChanges"]["isReset"] is True


async def test_nobody_listens_without_an_account(world: World, address: str) -> None:
    async with listening(world, address, "anonymous") as phone:
        frame = await phone.hear()

    assert frame["type"] in ("error", "next")
    (error,) = frame["payload"] if frame["type"] == "error" else frame["payload"]["errors"]
    assert error["extensions"]["code"] == "SIGN_IN_REQUIRED"
