"""Whoever is on duty hears of a clue as it is raised: each once, and nobody of one outside their scope."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from api.app import create_app
from domain.access.queries import SET_VIEWER, viewer_settings
from domain.base.transactions import carry_out
from domain.monitoring.actions import raise_clue
from domain.monitoring.rules import ClueSource
from tests.domain.actors import actor, app_sessions
from tests.sockets import Phone, phone, serving
from tests.world import World

LISTEN = (
    "subscription ($region: RegionCode!) { clueRaised(region: $region) { id sign { code } region { code } state } }"
)
COUNTY, TOWNSHIP, OTHER_TOWNSHIP = "350125", "350125201", "350125202"


@pytest.fixture(scope="module")
async def address(world: World) -> AsyncIterator[str]:
    async with serving(create_app(world.settings), world.settings) as address:
        yield address


async def a_family(world: World, region: str, number: int = 0) -> uuid.UUID:
    found: uuid.UUID = await world.sql.fetchval(
        "SELECT id FROM household WHERE region_code ^@ $1 AND ended_on IS NULL ORDER BY code OFFSET $2 LIMIT 1",
        region,
        number,
    )
    return found


async def a_clue(world: World, household: uuid.UUID, sign: str = "HARDSHIP", period: str = "") -> str:
    officer = await actor(world.sql, "province_officer", datetime.now(UTC))
    asked: dict[str, Any] = {"household_id": household, "sign": sign, "period": period or str(uuid.uuid4())}
    asked |= {"source": ClueSource.HOTLINE, "reference": str(uuid.uuid4()), "detail": {}}
    async with app_sessions(str(world.settings.database_url)) as sessions:
        raised = await carry_out(
            sessions,
            lambda db: raise_clue(db, officer, **asked),
            set_viewer=SET_VIEWER,
            viewer=viewer_settings(officer.viewer),
        )
    return str(raised)


async def heard(listener: Phone) -> dict[str, Any]:
    async with asyncio.timeout(20):
        frame = await listener.hear()
    assert frame["type"] == "next", frame
    event: dict[str, Any] = frame["payload"]["data"]["clueRaised"]
    return event


async def listening(world: World, listener: Phone, persona: str, region: str, family: uuid.UUID) -> None:
    """The subscription has begun: clues are raised until one is heard, and then all of them."""
    await listener.greet(authorization=world.headers(persona)["Authorization"])
    await listener.ask("1", LISTEN, region=region)
    last, first = "", asyncio.create_task(heard(listener))
    while not first.done():
        last = await a_clue(world, family)
        await asyncio.wait([first], timeout=0.5)
    event = first.result()
    while event["id"] != last:
        event = await heard(listener)


async def test_a_clue_is_heard_of_once_by_those_above_it(world: World, address: str) -> None:
    family = await a_family(world, TOWNSHIP)
    async with phone(address) as listener:
        await listening(world, listener, "county_officer", COUNTY, family)
        period = str(uuid.uuid4())
        first = await a_clue(world, family, "HARDSHIP", period)
        again = await a_clue(world, family, "HARDSHIP", period)  # a second witness of the same clue
        second = await a_clue(world, family, "DISASTER")
        assert first == again
        events = [await heard(listener), await heard(listener)]
    assert [event["id"] for event in events] == [first, second]
    assert events[1]["sign"] == {"code": "DISASTER"}
    assert events[1]["region"]["code"].startswith(TOWNSHIP)


async def test_a_clue_of_another_township_or_out_of_sight_is_not_heard_of(world: World, address: str) -> None:
    near, far, next_door = (
        await a_family(world, TOWNSHIP),
        await a_family(world, "341503"),
        await a_family(world, OTHER_TOWNSHIP),
    )
    async with phone(address) as listener:
        await listening(world, listener, "county_officer", TOWNSHIP, near)
        await a_clue(world, next_door)
        mine = await a_clue(world, near)
        assert (await heard(listener))["id"] == mine
    async with phone(address) as listener:
        await listening(world, listener, "township_officer", COUNTY, near)  # asks for more than the grant holds
        await a_clue(world, next_door)
        mine = await a_clue(world, near)
        assert (await heard(listener))["id"] == mine
    assert far != near


async def test_a_cadre_hears_of_the_families_of_the_own_list_only(world: World, address: str) -> None:
    listed = "SELECT h.household_id FROM household_access h JOIN account a ON a.helper_id = h.party_id WHERE a.persona = 'cadre'"
    mine = await world.sql.fetchval(f"{listed} ORDER BY 1 LIMIT 1")
    other = await world.sql.fetchval(
        f"SELECT id FROM household WHERE region_code ^@ $1 AND ended_on IS NULL AND id NOT IN ({listed}) LIMIT 1",
        COUNTY,
    )
    async with phone(address) as listener:
        await listening(world, listener, "cadre", COUNTY, mine)
        await a_clue(world, other)
        heard_of = await a_clue(world, mine)
        assert (await heard(listener))["id"] == heard_of


async def test_nobody_listens_without_an_account(world: World, address: str) -> None:
    async with phone(address) as listener:
        await listener.greet()
        await listener.ask("1", LISTEN, region=COUNTY)
        frame = await listener.hear()
    assert frame["payload"][0]["extensions"]["code"] == "SIGN_IN_REQUIRED"
