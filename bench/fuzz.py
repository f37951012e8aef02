"""Schemathesis against this server, as a county officer: does anything that the schema allows make it fail?

    python -m bench.fuzz --minutes 5

A private server with the demo; uv installs schemathesis the first time, beside the program's own packages. Exit code 0:
schemathesis has found no error of the server, and the server's own log has none either. tests/api/test_fuzz.py does the
same for seconds, without schemathesis.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from api.cli.cluster import running
from api.database import prepare
from api.tokens import DEMO_SECONDS, Keys
from bench.servers import INSTALL_SECONDS, ROOT, master, serving
from domain.demo.personas import account_id

PEER = Path(__file__).resolve().parent / "peers" / "schemathesis"
LOCK = PEER / "requirements.txt"
FOLDER = ROOT / ".data" / "bench" / "schemathesis"
CHECK = "nothing_went_wrong_on_our_side"  # bench/peers/schemathesis/hooks.py
SHOWN = 20  # errors of the log


def main(minutes: float) -> int:
    """Runs it for so long; prints what it finds."""
    data = ROOT / ".data" / "bench"
    program, log = installed(), FOLDER / "server.log"
    with ExitStack() as stack:
        cluster = stack.enter_context(running(data, say=print))
        url = cluster.url("ruhu_fuzz")
        asyncio.run(prepare(url, master(), demo=True, say=print))
        environment = {"RUHU_DATABASE_URL": url, "RUHU_ENV": "demo", "RUHU_DATA_DIR": str(data)}
        log.write_text("")
        server = stack.enter_context(serving("bench.ours:create_app", environment, str(log)))
        token = Keys(data).issue(account_id("county_officer"), DEMO_SECONDS, time.time())
        command = [str(program), "--no-color", "fuzz", f"http://127.0.0.1:{server.port}/graphql"]
        command += ["--header", f"Authorization: Bearer {token}", "--checks", CHECK]
        command += ["--max-time", str(round(minutes * 60)), "--continue-on-failure", "--workers", "2"]
        command += ["--generation-database", "none"]
        hooked = {**os.environ, "SCHEMATHESIS_HOOKS": str(PEER / "hooks.py")}
        done = subprocess.run(command, cwd=FOLDER, env=hooked, check=False, timeout=minutes * 60 + 300)
    lines = log.read_text().splitlines()
    errors = [line for line in lines if '"level":"error"' in line]
    answered = sum('"event":"answered"' in line for line in lines)
    print(f"{answered} requests, {len(errors)} errors in the server's log")
    print("\n".join(errors[:SHOWN]))
    return done.returncode or bool(errors)


def installed() -> Path:
    """The program, in an environment of its own that holds exactly what the lock names."""
    stamp = FOLDER / "done"
    if not stamp.exists() or stamp.read_text() != LOCK.read_text():
        uv = str(Path(sys.executable).with_name("uv"))
        shutil.rmtree(FOLDER, ignore_errors=True)
        environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
        for step in (
            ["venv", "-q", "--python", sys.executable, str(FOLDER)],
            ["pip", "sync", "-q", "--require-hashes", "--python", str(FOLDER / "bin" / "python"), str(LOCK)],
        ):
            subprocess.run([uv, *step], env=environment, check=True, timeout=INSTALL_SECONDS)
        stamp.write_text(LOCK.read_text())
    return FOLDER / "bin" / "schemathesis"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="./ruhu audit fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=5)
    sys.exit(main(parser.parse_args().minutes))
