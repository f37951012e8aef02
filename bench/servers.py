"""Servers to be measured: each a process of its own, started on a free port of loopback and ended with the bench."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from api.master_key import master_key
from api.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
POSTGRAPHILE = Path(__file__).resolve().parent / "peers" / "postgraphile"
START_SECONDS = 60
INSTALL_SECONDS = 600


@dataclass(frozen=True)
class Server:
    """A process that answers on this port of loopback."""

    port: int
    pid: int


@contextmanager
def serving(factory: str, environment: Mapping[str, str], log: str = os.devnull) -> Iterator[Server]:
    """A uvicorn of one process that serves the ASGI application of `module:factory`, as `./ruhu serve` does; its log."""
    command = [sys.executable, "-m", "uvicorn", "--factory", factory, "--log-level", "error"]
    command += ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--no-server-header", "--port"]
    with _running(lambda port: [*command, str(port)], ROOT, environment, log) as server:
        yield server


@contextmanager
def serving_postgraphile(url: str) -> Iterator[Server]:
    """PostGraphile 5 over the database at `url`; installed by npm the first time, into .data/bench."""
    folder = installed(POSTGRAPHILE)
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    where = {
        "PGHOST": query.get("host", parts.hostname or "127.0.0.1"),
        "PGPORT": query.get("port", str(parts.port or 5432)),
        "PGUSER": unquote(parts.username or "postgres"),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path.lstrip("/")),
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
    }
    command = [str(folder / "node_modules" / ".bin" / "node"), "server.mjs"]
    with _running(lambda port: command, folder, where) as server:
        yield server


def master() -> bytes:
    """The demo's master key of this project: what benches seal with, also on a database of one's own."""
    return master_key(Settings(env="demo", data_dir=ROOT / ".data"))


def installed(peer: Path) -> Path:
    """The folder under .data/bench where npm has installed what this peer's lock names; its own files are there too."""
    folder = ROOT / ".data" / "bench" / peer.name
    folder.mkdir(parents=True, exist_ok=True)
    lock = (peer / "package-lock.json").read_text()
    is_there = (folder / "done").exists() and (folder / "done").read_text() == lock
    for file in peer.iterdir():
        shutil.copy(file, folder)
    if not is_there:
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=True, timeout=INSTALL_SECONDS)
        (folder / "done").write_text(lock)
    return folder


@contextmanager
def _running(
    command: Callable[[int], Sequence[str]], folder: Path, environment: Mapping[str, str], log: str = os.devnull
) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "RUHU_MASTER_KEY": master().hex(), **environment, "PORT": str(port)}
    # What a server logs per request is part of its work; where it goes is not.
    with open(log, "wb") as told:
        process = subprocess.Popen(command(port), cwd=folder, env=environment, stdout=told, stderr=told)
    try:
        _wait_for(port, process)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args} ended with code {process.returncode} before it answered")
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{process.args} did not start in time")


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used so far (Linux); 0 for one that is not there."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
