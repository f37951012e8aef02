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
from tests.schema.families_asked import EDIT, family, listed
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


async def test_an_account_has_so_many_sockets_and_others_have_theirs(world: World) -> None:
    settings = world.settings.model_copy(update={"max_sockets_per_account": 2})
    async with serving(create_app(settings), settings) as address:
        async with phone(address, token(world, "cadre")), phone(address, token(world, "cadre")):
            async with phone(address) as third:
                await third.say("connection_init", payload={"authorization": f"Bearer {token(world, 'cadre')}"})
                code, reason = await third.end()
            assert (code, reason.partition(":")[0]) == (4503, "TOO_MANY_SOCKETS")
            async with phone(address, token(world, "other_cadre")) as other:
                await other.ask("1", "{ viewer { name } }")
                assert (await other.hear())["payload"]["data"]["viewer"]["name"] == "陈志明"
        async with phone(address, token(world, "cadre")):
            pass  # the places are free again


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


WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'household'::regclass"
OPEN = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE '%in transaction%'"


async def until(world: World, query: str, wanted: int) -> None:
    while await world.sql.fetchval(query) != wanted:
        pass


async def test_who_goes_takes_along_what_was_not_committed_yet(world: World, served: str) -> None:
    household = (await listed(world, "cadre"))[0]
    standing = (await family(world, "cadre", household))["address"]
    edit = {"operationId": str(uuid.uuid4()), "householdId": household}
    edit["address"] = {"base": standing, "value": "别处"}
    async with world.sql.transaction():
        await world.sql.execute("LOCK TABLE household IN ACCESS EXCLUSIVE MODE")
        async with phone(served, token(world, "cadre")) as cadre:
            await cadre.ask("1", EDIT, input=edit)
            await until(world, WAITING, 1)
        await until(world, WAITING, 0)
    await until(world, OPEN, 0)
    assert (await family(world, "cadre", household))["address"] == standing

    async with phone(served, token(world, "cadre")) as cadre:  # sent again, as phones do
        await cadre.ask("1", EDIT, input=edit)
        assert (await cadre.hear())["payload"]["data"]["editHousehold"]["errors"] == []
    assert (await family(world, "cadre", household))["address"] == "别处"


async def test_the_metrics_know_the_sockets(world: World, served: str) -> None:
    async with phone(served, token(world, "cadre")) as cadre:
        metrics = (await world.client.get("/metrics")).text
        await cadre.connection.send("nonsense")
        assert (await cadre.end())[0] == 4400
    number = re.search(r"^ruhu_sockets (.+)$", metrics, re.MULTILINE)
    assert number
    assert float(number[1]) >= 1
    assert 'ruhu_sockets_closed_total{code="4400"}' in (await world.client.get("/metrics")).text
