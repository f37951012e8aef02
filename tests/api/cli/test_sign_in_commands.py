"""`./ruhu administrator`, `./ruhu client …`, `./ruhu keys rotate`, as a person types them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from domain.demo.personas import account_id
from tests.api.cli.test_commands import ruhu
from tests.api.signing import call, proof, refused_with, who
from tests.world import World


@pytest.fixture
def environment(world: World, tmp_path: Path) -> dict[str, str]:
    return {"RUHU_DATABASE_URL": str(world.settings.database_url), "RUHU_DATA_DIR": str(tmp_path), "RUHU_ENV": "demo"}


async def typed(environment: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    return await asyncio.to_thread(ruhu, *arguments, **environment)


async def test_the_first_administrator_chooses_a_password_by_a_code(world: World, environment: dict[str, str]) -> None:
    assert await world.sql.fetchval("SELECT count(*) FROM credential") == 0, "nobody can sign in before"
    code, printed, told = await typed(environment, "administrator", "Zhang.Wei", "--name", "张伟")
    assert code == 0, told
    assert printed.strip() not in told
    sent = {"loginName": "zhang.wei", "code": printed.strip(), "newPassword": "chosen by myself"}
    assert (await call(world, "/auth/password/reset", sent)).status_code == 200
    tokens = (await call(world, "/auth/sign-in", proof("zhang.wei", "chosen by myself"))).json()
    assert await who(world, tokens["accessToken"]) == "张伟"
    issued = await call(world, "/auth/reset-codes", {"accountId": str(account_id("cadre"))}, tokens["accessToken"])
    assert refused_with(issued) == (404, "NOT_FOUND"), "an administrator, asking for an account without a login name"


async def test_an_administrator_who_lost_everything_is_let_in_again(world: World, environment: dict[str, str]) -> None:
    for _ in range(2):
        code, printed, _ = await typed(environment, "administrator", "wang.fang")
        assert code == 0
    sent = {"loginName": "wang.fang", "code": printed.strip(), "newPassword": "chosen by myself"}
    assert (await call(world, "/auth/password/reset", sent)).status_code == 200
    assert await world.sql.fetchval("SELECT count(*) FROM account WHERE name = 'wang.fang'") == 1


async def test_nobody_elses_login_name_is_taken_over(world: World, environment: dict[str, str]) -> None:
    await world.sql.execute(
        "INSERT INTO credential (account_id, login_name) VALUES ($1, 'li.guifang')", account_id("cadre")
    )
    for name, why in (("li.guifang", "somebody else's"), ("a b", "3 to 64")):
        code, printed, told = await typed(environment, "administrator", name)
        assert (code, printed) == (1, "")
        assert why in told


async def test_a_client_is_made_rotated_listed_and_revoked(world: World, environment: dict[str, str]) -> None:
    scope = "350125:families:care"
    code, printed, told = await typed(
        environment, "client", "add", str(account_id("integrator")), "--name", "exchange", "--scope", scope
    )
    assert code == 0, told
    client_id, secret = printed.split()

    async def status(with_secret: str) -> int:
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": with_secret}
        return (await world.client.post("/oauth/token", data=form)).status_code

    assert await status(secret) == 200
    _, rotated, _ = await typed(environment, "client", "rotate", client_id)
    assert (await status(secret), await status(rotated.strip())) == (200, 200)
    _, newest, _ = await typed(environment, "client", "rotate", client_id, "--at-once")
    assert (await status(rotated.strip()), await status(newest.strip())) == (401, 200)
    _, listed, _ = await typed(environment, "client", "list")
    assert f"{client_id}  福州市数据共享平台  exchange  {scope}  until" in listed
    assert secret not in listed
    assert (await typed(environment, "client", "revoke", client_id))[0] == 0
    assert await status(newest.strip()) == 401
    code, _, told = await typed(environment, "client", "revoke", client_id)
    assert code == 1
    assert "client list" in told


async def test_a_key_is_rotated(environment: dict[str, str], tmp_path: Path) -> None:
    for count in (1, 2):
        code, _, told = await typed(environment, "keys", "rotate")
        assert code == 0
        assert "signed by" in told
        assert len(list((tmp_path / "keys").glob("retired-*.json"))) == count
