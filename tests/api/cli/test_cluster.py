"""The private PostgreSQL: real processes in folders of their own, started, shared, killed and found again."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from api.cli import postgres
from api.cli.cluster import ClusterError, is_made, running

ROOT = Path(__file__).resolve().parents[3]

# A process that uses the cluster until its stdin ends, or until it is told to die.
USER = """
import sys
from pathlib import Path
from api.cli.cluster import running

with running(Path(sys.argv[1]), throwaway=True) as cluster:
    print(cluster.url("postgres"), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not tmp_path: as root, that is closed to the user whom PostgreSQL runs as, and long for a socket's path.
    folder = Path(tempfile.mkdtemp(prefix="ruhu-"))
    folder.chmod(0o755)
    yield folder
    for pid in server_pids(folder):
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A cluster that was made once and lies idle, to be copied: initdb takes most of a start's time."""
    folder = Path(tempfile.mkdtemp(prefix="ruhu-"))
    folder.chmod(0o755)
    with running(folder / "data", throwaway=True):
        pass
    yield folder / "data"
    shutil.rmtree(folder)


@pytest.fixture
def data(folder: Path, made: Path) -> Path:
    subprocess.run(["cp", "-a", made, folder / "data"], check=True)
    return folder / "data"


@pytest.fixture
def closed_folder(folder: Path) -> Path:
    folder.chmod(0o700)
    return folder


@pytest.fixture
def deep_data(folder: Path, made: Path) -> Path:
    """The same below a path too long for a socket's address, with a name in Chinese in it."""
    deep = folder / "很深的文件夹" / ("deep" * 25)
    deep.mkdir(parents=True)
    subprocess.run(["cp", "-a", made, deep / "data"], check=True)
    return deep / "data"


def server_pids(folder: Path) -> list[int]:
    """The live PostgreSQL processes that work in the folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink().is_relative_to(folder):
                found.append(int(entry.name))
        except OSError:  # gone meanwhile, or a zombie
            continue
    return found


def postmaster(data: Path) -> int:
    return int((data / "pg" / "postmaster.pid").read_text().split("\n")[0])


async def answers(url: str) -> bool:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval("SELECT 1") == 1
    finally:
        await connection.close()


def someone_using(data: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", USER, str(data)]
    user = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert user.stdout is not None
    assert user.stdout.readline().startswith("postgresql://")
    return user


def leaves(user: subprocess.Popen[str]) -> None:
    user.communicate("")
    assert user.returncode == 0


async def test_a_new_cluster_is_made_answers_over_its_socket_alone_and_is_stopped_by_the_last_to_leave(
    folder: Path,
) -> None:
    said: list[str] = []
    with running(folder / "data", throwaway=True, say=said.append) as cluster:
        connection = await asyncpg.connect(cluster.url("postgres"))
        settings = dict(await connection.fetch("SELECT name, setting FROM pg_settings"))
        await connection.execute("CREATE EXTENSION postgis")
        await connection.close()
    assert said == ["making a private PostgreSQL cluster"]
    assert settings["listen_addresses"] == ""
    assert settings["unix_socket_permissions"] == "0700"
    assert settings["server_encoding"] == "UTF8"
    assert settings["TimeZone"] == "UTC"
    assert settings["jit"] == "off"
    assert cluster.socket.stat().st_mode & 0o777 == 0o700
    assert server_pids(folder) == []
    assert not list(cluster.socket.iterdir())


async def test_only_a_throwaway_cluster_forgoes_fsync(folder: Path) -> None:
    with running(folder / "data") as cluster:
        connection = await asyncpg.connect(cluster.url("postgres"))
        kept = [await connection.fetchval(f"SHOW {name}") for name in ("fsync", "full_page_writes", "data_checksums")]
        await connection.close()
    assert kept == ["on", "on", "on"]


async def test_what_was_written_is_there_at_the_second_start(data: Path) -> None:
    with running(data, throwaway=True) as cluster:
        connection = await asyncpg.connect(cluster.url("postgres"))
        await connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        await connection.close()
    assert is_made(data)
    with running(data, throwaway=True) as cluster:
        connection = await asyncpg.connect(cluster.url("postgres"))
        assert await connection.fetchval("SELECT number FROM kept") == 7
        await connection.close()


async def test_many_starts_at_once_make_one_cluster_and_one_server(folder: Path) -> None:
    data = folder / "data"
    users: list[subprocess.Popen[str]] = []
    threads = [threading.Thread(target=lambda: users.append(someone_using(data))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(users) == 4
    assert not list(data.glob("unfinished-*"))
    first = postmaster(data)
    for user in users[:-1]:
        leaves(user)
    assert postmaster(data) == first
    leaves(users[-1])
    assert server_pids(folder) == []


async def test_whoever_leaves_first_takes_nothing_from_the_others(data: Path, folder: Path) -> None:
    other = someone_using(data)
    with running(data, throwaway=True) as cluster:
        leaves(other)
        assert await answers(cluster.url("postgres"))
    assert server_pids(folder) == []


async def test_a_user_killed_outright_leaves_a_server_that_the_next_one_takes_over_and_stops(
    data: Path, folder: Path
) -> None:
    user = someone_using(data)
    user.kill()
    user.communicate()
    abandoned = postmaster(data)
    with running(data, throwaway=True) as cluster:
        assert postmaster(data) == abandoned
        assert await answers(cluster.url("postgres"))
    assert server_pids(folder) == []


async def test_a_server_killed_outright_with_a_query_under_way_is_replaced_and_keeps_its_data(folder: Path) -> None:
    data = folder / "data"
    with running(data) as cluster:
        connection = await asyncpg.connect(cluster.url("postgres"))
        await connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        busy = await asyncpg.connect(cluster.url("postgres"))
        # A backend deep in its own work does not notice that its postmaster is gone, and bars a new one by its memory.
        pid = busy.get_server_pid()
        waiting = asyncio.create_task(
            busy.fetchval("SELECT count(*) FROM generate_series(1, 1e5) a, generate_series(1, 1e5) b")
        )
        while await connection.fetchval("SELECT state FROM pg_stat_activity WHERE pid = $1", pid) != "active":
            pass
        os.kill(postmaster(data), signal.SIGKILL)
        with running(data) as again:
            fresh = await asyncpg.connect(again.url("postgres"))
            assert await fresh.fetchval("SELECT number FROM kept") == 7
            await fresh.close()
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await waiting
        connection.terminate()
    assert server_pids(folder) == []


async def test_a_stale_pid_file_whose_number_another_process_has_by_now_bars_nothing(data: Path) -> None:
    (data / "pg" / "postmaster.pid").write_text(f"{os.getpid()}\n{data}/pg\n0\n5432\n{data}/socket\n\n")
    (data / "socket" / ".s.PGSQL.5432.lock").write_text(f"{os.getpid()}\n")
    with running(data) as cluster:
        assert await answers(cluster.url("postgres"))


async def test_a_throwaway_cluster_that_crashed_is_made_anew(data: Path) -> None:
    (data / "pg" / "postmaster.pid").write_text("1\n")
    (data / "pg" / "of-the-crashed-one").touch()
    with running(data, throwaway=True) as cluster:
        assert not (data / "pg" / "of-the-crashed-one").exists()
        assert await answers(cluster.url("postgres"))


async def test_an_initdb_that_was_cut_short_is_cleared_away(folder: Path) -> None:
    unfinished = folder / "data" / "unfinished-before"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("15\n")
    with running(folder / "data", throwaway=True) as cluster:
        assert await answers(cluster.url("postgres"))
    assert not unfinished.exists()


async def test_settings_of_another_server_in_the_environment_lead_nowhere(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGDATA": "/nowhere", "PGPORT": "1", "PGHOST": "nowhere", "PGOPTIONS": "-c nothing=1"}.items():
        monkeypatch.setenv(name, value)
    with running(data, throwaway=True) as cluster:
        assert await answers(cluster.url("postgres"))


async def test_a_folder_too_deep_for_a_socket_has_its_socket_elsewhere(deep_data: Path) -> None:
    with running(deep_data, throwaway=True) as cluster:
        assert len(os.fsencode(cluster.socket)) < 90
        assert await answers(cluster.url("postgres"))
    cluster.socket.rmdir()


async def test_a_folder_that_only_root_may_enter_serves_root_all_the_same(closed_folder: Path) -> None:
    """A clone under /root: PostgreSQL runs as another user there, who cannot reach it."""
    with running(closed_folder / "data", throwaway=True) as cluster:
        assert await answers(cluster.url("postgres"))
        assert cluster.data.is_relative_to("/var/lib/ruhu" if os.geteuid() == 0 else closed_folder)
    assert is_made(closed_folder / "data")
    shutil.rmtree(cluster.data)


async def test_ctrl_c_in_the_terminal_reaches_us_and_not_the_server(data: Path) -> None:
    with running(data, throwaway=True):
        assert os.getpgid(postmaster(data)) != os.getpgid(0)
        assert os.getsid(postmaster(data)) != os.getsid(0)


def test_without_postgresql_one_line_says_what_an_administrator_must_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_installed", dict)
    with pytest.raises(ClusterError) as caught, running(folder / "data"):
        pass
    assert "apt-get install --no-install-recommends postgresql-postgis" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_cluster_of_a_version_that_is_not_installed_is_not_touched(data: Path) -> None:
    (data / "pg" / "PG_VERSION").write_text("99\n")
    with pytest.raises(ClusterError, match="postgresql-99-postgis-3"), running(data):
        pass


def test_when_the_server_will_not_start_its_own_reason_is_told(data: Path) -> None:
    with open(data / "pg" / "postgresql.auto.conf", "a") as settings:
        settings.write("max_connections = 'many'\n")
    with pytest.raises(ClusterError, match=r"did not start.*configuration file"), running(data):
        pass
