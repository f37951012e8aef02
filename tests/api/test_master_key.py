"""The master key: where it may come from, and what is said where it does not."""

from __future__ import annotations

import asyncio
import base64
import stat
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from api.app import create_app
from api.master_key import MasterKeyMissing, kept_current, master_key
from api.settings import Settings
from domain.base.key_ring import add_key, read_ring
from domain.base.sealing import CannotOpen
from tests.databases import MASTER

KEY = bytes(range(100, 132))
SOMEBODY = uuid.UUID(int=7)


@pytest.fixture(autouse=True)
def no_key_of_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUHU_MASTER_KEY")


@pytest.mark.parametrize("text", [KEY.hex(), f" {KEY.hex().upper()}\n", base64.b64encode(KEY).decode()])
def test_a_key_comes_from_the_environment_a_file_or_a_command(tmp_path: Path, text: str) -> None:
    file = tmp_path / "master.key"
    file.write_text(text)
    assert master_key(Settings(env="production", master_key=text)) == KEY
    assert master_key(Settings(env="production", master_key_file=file)) == KEY
    assert master_key(Settings(env="production", master_key_command=f"cat {file}")) == KEY


def test_the_demo_makes_a_key_of_its_own_once_and_for_its_owner_only(tmp_path: Path) -> None:
    made = master_key(Settings(env="demo", data_dir=tmp_path))
    assert master_key(Settings(env="demo", data_dir=tmp_path)) == made
    assert len(made) == 32
    file = tmp_path / "keys" / "master.key"
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("env", ["production", "development"])
def test_outside_the_demo_a_missing_key_is_one_line_that_says_what_to_do(tmp_path: Path, env: str) -> None:
    with pytest.raises(MasterKeyMissing) as refusal:
        master_key(Settings(env=env, data_dir=tmp_path))
    told = str(refusal.value)
    assert "\n" not in told
    assert "RUHU_MASTER_KEY_FILE" in told
    assert "openssl rand -hex 32" in told
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"master_key": "5ecret"}, "RUHU_MASTER_KEY holds no key"),
        ({"master_key": "00" * 31}, "RUHU_MASTER_KEY holds no key"),
        ({"master_key_file": Path("/nowhere/at/all")}, "RUHU_MASTER_KEY_FILE cannot be read: FileNotFoundError"),
        ({"master_key_command": "echo 5ecret"}, "RUHU_MASTER_KEY_COMMAND holds no key"),
        ({"master_key_command": "false"}, "RUHU_MASTER_KEY_COMMAND failed: CalledProcessError"),
        ({"master_key_command": "no-such-program-5ecret"}, "RUHU_MASTER_KEY_COMMAND failed: FileNotFoundError"),
    ],
)
def test_what_is_no_key_is_refused_without_being_told(given: dict[str, object], told: str) -> None:
    with pytest.raises(MasterKeyMissing, match=told) as refusal:
        master_key(Settings(env="production", **given))
    assert "5ecret" not in str(refusal.value)


def test_settings_that_are_printed_do_not_tell_the_key() -> None:
    assert KEY.hex() not in repr(Settings(master_key=KEY.hex()))


async def test_with_another_master_key_the_program_does_not_start(shared_database: str) -> None:
    app = create_app(Settings(database_url=shared_database, env="production", master_key=KEY.hex()))
    with pytest.raises(CannotOpen, match="the database's keys are wrapped under the master key"):
        async with app.router.lifespan_context(app):
            raise AssertionError("it started")


async def test_a_server_learns_of_a_new_key_before_anything_is_sealed_with_it(
    database: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.master_key.READ_EVERY_SECONDS", 0.001)
    heard: asyncio.Queue[int] = asyncio.Queue()

    class Reads:
        async def fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
            rows: list[asyncpg.Record] = await database.fetch(query, *arguments)
            heard.put_nowait(len(rows))
            return rows

    now = datetime.now(UTC)
    ring = await read_ring(database, MASTER, now)
    first = ring.sealing_with
    number = await add_key(database, MASTER, now, timedelta(hours=1))
    later = await read_ring(database, MASTER, now + timedelta(hours=2))
    envelope = later.seal("person.phone", SOMEBODY, "13812345678")
    async with kept_current(ring, Reads(), MASTER):
        while await heard.get() < 3:
            pass
    assert (first, ring.sealing_with, later.sealing_with) == (1, 1, number)
    assert ring.unseal("person.phone", SOMEBODY, envelope) == "13812345678"
