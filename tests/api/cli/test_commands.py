"""The commands as a person types them: help tells of all, and what goes wrong is one line that says what to do."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from api.cli.doctor import _master_key
from api.settings import Settings
from tests import databases
from tests.databases import MASTER

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = (
    "serve",
    "test",
    "check",
    "fix",
    "sdl",
    "migrate",
    "demo",
    "demo reset",
    "doctor",
    "phone",
    "regions load",
    "regions merge",
    "bench read",
    "bench visits",
    "bench sync",
    "bench rxdb",
    "audit verify",
    "audit head",
    "audit export",
    "audit http",
    "audit fuzz",
    "contract freeze",
    "contract record",
    "administrator",
    "keys rewrap",
    "keys rotate",
    "keys rotate-fields",
    "client add",
    "client rotate",
    "client revoke",
    "client list",
    "token",
    "worker",
    "calendar load",
    "bench walls",
    "bench looks",
    "help",
)


def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("RUHU_", "PORT"))}
    ours["RUHU_MASTER_KEY"] = MASTER.hex()
    return subprocess.Popen(
        [sys.executable, "-m", "api.cli", *arguments],
        cwd=ROOT,
        env=ours | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ruhu(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    process = start(*arguments, **environment)
    output, errors = process.communicate()
    return process.returncode, output, errors


@pytest.mark.parametrize("arguments", [["help"], [], ["--help"]])
def test_help_lists_every_command_with_a_line_of_its_own(arguments: list[str]) -> None:
    code, output, errors = ruhu(*arguments)
    assert (code, errors) == (0, "")
    listed = re.findall(r"^  ([a-z -]+?)  +(\S.*)$", output, re.MULTILINE)
    assert sorted(name for name, _ in listed) == sorted(COMMANDS)
    assert all(line.endswith((".", ")")) for _, line in listed)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["sevre"], "ruhu: No such command 'sevre'. Did you mean 'serve'. `./ruhu help` lists the commands."),
        (["regions"], "ruhu: Missing command. `./ruhu help` lists the commands."),
        (["bench", "raed"], "ruhu: No such command 'raed'. Did you mean 'read'. `./ruhu help` lists the commands."),
        (["serve", "--fast"], "ruhu: No such option: --fast. `./ruhu help` lists the commands."),
        (["token"], "ruhu: Missing argument 'persona'. `./ruhu help` lists the commands."),
    ],
)
def test_what_is_not_understood_is_answered_in_one_line(arguments: list[str], told: str) -> None:
    assert ruhu(*arguments) == (2, "", told + "\n")


@pytest.mark.parametrize(
    ("arguments", "environment", "told"),
    [
        (["serve"], {"PORT": "many"}, r"ruhu: the setting PORT is wrong: .*docs/settings\.md explains it"),
        (["serve"], {"RUHU_ENV": "holiday"}, r"ruhu: the setting RUHU_ENV is wrong: .*docs/settings\.md explains it"),
        (["serve"], {"RUHU_HOST": "no.such.host.invalid"}, r"ruhu: RUHU_HOST no\.such\.host\.invalid is no address.*"),
        (["token", "nobody"], {}, r"ruhu: there is no token for nobody: choose one of .*county_officer.*"),
        (["token", "cadre"], {"RUHU_ENV": "production"}, r"ruhu: personas exist in the demo only: .*RUHU_ENV.*"),
        (["demo", "reset"], {"RUHU_ENV": "production"}, r"ruhu: .*the demo only.*"),
        (["regions", "load", "nowhere.csv.gz"], {}, r"ruhu: there is no file nowhere\.csv\.gz: name a gzipped CSV.*"),
        (["migrate"], {"RUHU_DATABASE_URL": "postgresql://127.0.0.1:1/x"}, r"ruhu: No PostgreSQL answers .*"),
    ],
)
def test_what_goes_wrong_is_one_line_that_says_what_to_do(
    arguments: list[str], environment: dict[str, str], told: str, tmp_path: Path
) -> None:
    code, output, errors = ruhu(*arguments, **{"RUHU_DATA_DIR": str(tmp_path)} | environment)
    assert (code, output) == (1, "")
    assert re.fullmatch(told + "\n", errors)


def test_a_database_that_is_down_is_one_line_too() -> None:
    address = "postgresql://127.0.0.1:1/x"
    code, _, errors = ruhu("regions", "merge", "350125", "350124", RUHU_DATABASE_URL=address)
    assert code == 1
    assert re.fullmatch(r"ruhu: the database cannot be reached \(.*\): start it, or mend RUHU_DATABASE_URL\n", errors)


def test_a_token_is_all_that_the_command_prints(tmp_path: Path) -> None:
    code, output, errors = ruhu("token", "cadre", RUHU_DATA_DIR=str(tmp_path))
    assert (code, errors) == (0, "")
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", output)


def test_the_port_of_another_program_is_refused_before_any_slow_work(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, output, errors = ruhu("serve", PORT=str(port), RUHU_DATA_DIR=str(tmp_path))
    assert (code, output) == (1, "")
    assert re.fullmatch(rf"ruhu: cannot listen on 127\.0\.0\.1:{port}, .*PORT={port + 1} \./ruhu serve\n", errors)
    assert not (tmp_path / "postgres").exists()


@pytest.fixture(scope="module")
async def database_url(template: str) -> AsyncIterator[str]:
    yield await databases.fresh_database("ruhu_commands", template)
    await databases.drop_database("ruhu_commands")


@contextmanager
def serving(*arguments: str, data: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str, list[str]]]:
    """A server that is ready: the process, the address it told, and what it said before."""
    process = start("serve", *arguments, PORT="0", RUHU_DATA_DIR=str(data), **environment)
    assert process.stderr is not None
    said = []
    try:
        for line in process.stderr:
            said.append(line)
            if address := re.search(r"Graphi?QL is at (\S+)", line):
                yield process, address[1], said
                return
        pytest.fail(f"it ended before it was ready: {''.join(said)}")
    finally:
        process.kill()
        process.communicate()


def asked(address: str, query: str, **headers: str) -> dict[str, object]:
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"} | headers)
    with urllib.request.urlopen(request) as response:
        answer: dict[str, object] = json.load(response)
    return answer


def exists(address: str) -> bool:
    try:
        urllib.request.urlopen(address).close()
    except urllib.error.HTTPError as error:
        error.close()
        return error.code != 404
    return True


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
async def test_serve_tells_where_graphiql_is_answers_and_ends_cleanly(
    database_url: str, tmp_path: Path, ending: signal.Signals
) -> None:
    with serving("--demo", data=tmp_path, RUHU_DATABASE_URL=database_url) as (process, address, said):
        assert any(line.startswith("  county_officer ") for line in said)
        assert exists(f"{address}/personas")
        _, token, _ = ruhu("token", "cadre", RUHU_DATA_DIR=str(tmp_path))
        question = '{ region(code: "110101001001") { name } }'
        answer = asked(address, question, Authorization=f"Bearer {token.strip()}")
        assert answer["data"] == {"region": {"name": "多福巷社区居委会"}}
        process.send_signal(ending)
        _, errors = process.communicate()
    assert process.returncode == 0
    assert "Traceback" not in errors


async def test_a_server_of_ones_own_gets_no_demo_unless_asked(template: str, tmp_path: Path) -> None:
    """What it serves may be real: no made-up families, no personas, no tokens for the asking."""
    url = await databases.fresh_database("ruhu_own", template)
    connection = await asyncpg.connect(url)
    await connection.execute("TRUNCATE account CASCADE")
    with serving(data=tmp_path, RUHU_DATABASE_URL=url) as (process, address, said):
        assert await connection.fetchval("SELECT count(*) FROM account") == 0
        assert not exists(f"{address}/personas")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    for made_up in ("county_officer", "GraphiQL"):
        assert made_up not in "".join(said) + errors
    await connection.close()
    await databases.drop_database("ruhu_own")


async def test_doctor_finds_a_database_in_good_order(database_url: str, tmp_path: Path) -> None:
    _, output, errors = ruhu("doctor", RUHU_DATABASE_URL=database_url, RUHU_DATA_DIR=str(tmp_path))
    assert errors == ""
    for well in ("✓ Python 3.", "✓ PostgreSQL 1", "✓ PostGIS 3", "✓ migrations are current", "✓ 665,276 divisions"):
        assert well in output


async def test_doctor_looks_at_the_master_key_and_tells_nobody_what_it_is(database_url: str, tmp_path: Path) -> None:
    def told(**environment: str) -> str:
        return ruhu("doctor", RUHU_DATABASE_URL=database_url, RUHU_DATA_DIR=str(tmp_path), **environment)[1]

    ours = told()
    assert "✓ the master key is that of RUHU_MASTER_KEY\n" in ours
    assert "✓ the master key opens the database's keys\n" in ours
    another = "ab" * 32
    output = told(RUHU_MASTER_KEY=another)
    assert "✓ the master key is that of RUHU_MASTER_KEY\n" in output
    assert "✗ the database's keys are wrapped under the master key" in output
    assert another not in output
    assert "✗ RUHU_MASTER_KEY holds no key" in told(RUHU_MASTER_KEY="abc")
    findings = {
        env: _master_key(Settings(env=env, data_dir=tmp_path, master_key=None)) for env in ("demo", "production")
    }
    assert findings["demo"] == (True, "there is no master key yet: `./ruhu serve` makes the demo's own")
    assert findings["production"][0] is False
    assert findings["production"][1].startswith("there is no master key, and RUHU_ENV is production")
    assert not (tmp_path / "keys" / "master.key").exists(), "none is made by looking"


async def test_doctor_says_what_to_do_about_a_database_that_is_new(server: str, tmp_path: Path) -> None:
    url = await databases.fresh_database("ruhu_new")
    code, output, _ = ruhu("doctor", RUHU_DATABASE_URL=url, RUHU_DATA_DIR=str(tmp_path))
    assert code == 1
    assert "✗ PostGIS is not set up in the database: run `./ruhu migrate`" in output
    await databases.drop_database("ruhu_new")


async def test_a_merger_that_cannot_be_is_refused_in_words(database_url: str) -> None:
    code, output, errors = ruhu("regions", "merge", "350125", "999999", RUHU_DATABASE_URL=database_url)
    assert (code, output) == (1, "")
    assert re.fullmatch(r"ruhu: .*999999.*\n", errors)


async def test_a_file_that_is_no_list_of_divisions_is_refused(server: str, tmp_path: Path) -> None:
    (tmp_path / "list.csv.gz").write_bytes(b"not gzipped")
    url = await databases.fresh_database("ruhu_undivided")
    code, _, errors = ruhu("regions", "load", str(tmp_path / "list.csv.gz"), RUHU_DATABASE_URL=url)
    assert code == 1
    assert errors.splitlines()[-1].startswith(f"ruhu: {tmp_path}/list.csv.gz is not a gzipped CSV of code,name lines")
    await databases.drop_database("ruhu_undivided")


def test_doctor_makes_no_database_by_looking(tmp_path: Path) -> None:
    code, output, _ = ruhu("doctor", RUHU_DATA_DIR=str(tmp_path))
    assert code == 1
    assert "✗ there is no database yet: `./ruhu serve` makes it" in output
    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize("name", ["read", "visits"])
def test_a_bench_tells_what_can_be_chosen(name: str) -> None:
    code, output, errors = ruhu("bench", name, "--help")
    assert (code, errors) == (0, "")
    assert output.startswith(f"usage: ./ruhu bench {name} [-h] [--households HOUSEHOLDS]")


def test_a_bench_refuses_what_it_does_not_know() -> None:
    code, output, errors = ruhu("bench", "visits", "--phones", "many")
    assert (code, output) == (2, "")
    assert errors.endswith("./ruhu bench visits: error: argument --phones: invalid int value: 'many'\n")


async def test_a_bench_measures_and_tells_how_far_it_is(template: str) -> None:
    url = await databases.fresh_database("ruhu_bench", template)
    size = ["--households", "300", "--phones", "2", "--seconds", "0.2", "--rounds", "2"]
    code, output, errors = ruhu("bench", "visits", *size, "--database", url, RUHU_DATABASE_URL="postgresql://nowhere")
    assert (code, errors) == (0, "")
    assert "round 1 of 2 is done\nround 2 of 2 is done\n" in output
    assert re.search(r"ours to the floor, visits per second: 0\.\d\d \[", output)
    await databases.drop_database("ruhu_bench")
