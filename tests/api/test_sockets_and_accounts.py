"""The whole application on a socket: who a phone is, and what happens to it when the account changes."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from api import graphql_ws, identity
from api.app import create_app
from api.tokens import Keys
from domain.demo.personas import account_id
from tests.sockets import phone, serving
from tests.world import World


@pytest.fixture(scope="module")
async def served(world: World) -> AsyncIterator[str]:
    """The address of the application's sockets."""
    async with serving(create_app(world.settings), world.settings) as address:
        yield address


@pytest.fixture
def closely_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphql_ws, "RECHECK_SECONDS", 0.02)
    monkeypatch.setattr(identity, "REMEMBERED_SECONDS", 0.0)


def token(world: World, persona: str) -> str:
    return world.headers(persona)["Authorization"].removeprefix("Bearer ")


async def test_a_persona_asks_on_a_socket(world: World, served: str) -> None:
    async with phone(served, token(world, "county_officer")) as officer:
        await officer.ask("1", "{ viewer { name } }")
        assert (await officer.hear())["payload"] == {"data": {"viewer": {"name": "黄秀兰"}}}
        assert await officer.hear() == {"id": "1", "type": "complete"}


async def test_nobody_in_particular_asks_what_everybody_may(world: World, served: str) -> None:
    async with phone(served) as anonymous:
        await anonymous.greet()
        await anonymous.ask("1", '{ viewer { name } region(code: "350125201") { name } }')
        assert (await anonymous.hear())["payload"] == {"data": {"viewer": None, "region": {"name": "富泉乡"}}}


@pytest.mark.usefixtures("closely_watched")
async def test_a_token_that_expires_closes_the_socket(world: World, served: str) -> None:
    about_to_expire = Keys(world.settings.data_dir).issue(account_id("cadre"), 1, time.time() - 30)  # and the leeway
    async with phone(served, about_to_expire) as cadre:
        code, reason = await cadre.end()
    assert (code, reason.partition(":")[0]) == (4403, "NOT_SIGNED_IN")


@pytest.mark.usefixtures("closely_watched")
async def test_an_account_that_is_disabled_loses_its_socket(world: World, served: str) -> None:
    async with phone(served, token(world, "other_cadre")) as cadre:
        await world.sql.execute("UPDATE account SET disabled_at = $1 WHERE persona = 'other_cadre'", datetime.now(UTC))
        assert (await cadre.end())[0] == 4403


@pytest.mark.usefixtures("closely_watched")
async def test_a_new_grant_has_the_phone_connect_again(world: World, served: str) -> None:
    async with phone(served, token(world, "village_officer")) as officer:
        await world.sql.execute(
            "INSERT INTO access_grant (id, account_id, role, region_code, starts_on)"
            " VALUES ($1, $2, 'TOWNSHIP_OFFICER', '350125201', '2020-01-01')",
            uuid.uuid4(),
            account_id("village_officer"),
        )
        assert (await officer.end())[0] == 4205
    async with phone(served, token(world, "village_officer")) as officer:
        await officer.ask("1", "{ viewer { grants { role } } }")
        roles = {grant["role"] for grant in (await officer.hear())["payload"]["data"]["viewer"]["grants"]}
    assert "TOWNSHIP_OFFICER" in roles


async def test_the_metrics_know_the_sockets(world: World, served: str) -> None:
    async with phone(served, token(world, "cadre")) as cadre:
        metrics = (await world.client.get("/metrics")).text
        await cadre.connection.send("nonsense")
        assert (await cadre.end())[0] == 4400
    number = re.search(r"^ruhu_sockets (.+)$", metrics, re.MULTILINE)
    assert number
    assert float(number[1]) >= 1
    assert 'ruhu_sockets_closed_total{code="4400"}' in (await world.client.get("/metrics")).text
