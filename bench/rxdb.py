"""RxDB as npm has it, on five phones, against the real server: does it converge, and without an error?

    python -m bench.rxdb [--rounds N] [--seed N]

A private server with the demo as on its first day; npm installs RxDB and Node the first time. Exit code 0: it did.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from api.cli.cluster import running
from api.database import connected, prepare
from api.tokens import DEMO_SECONDS, Keys
from bench.servers import ROOT, installed, master, serving
from domain.access.rules import CHINA
from domain.base.key_ring import read_ring
from domain.demo.actions import reset_demo
from domain.demo.personas import account_id

RXDB = Path(__file__).resolve().parent / "peers" / "rxdb"
PERSONAS = ("cadre", "other_cadre", "village_officer", "township_officer")
LONGEST_SECONDS = 300


async def _form(url: str) -> tuple[str, int]:
    """A demo as on its first day; the id and version of its form."""
    key = master()
    await prepare(url, key, demo=True, say=print)
    async with connected(url) as connection:
        ring = await read_ring(connection, key, datetime.now(UTC))
        await reset_demo(connection, ring, say=lambda _: None, today=datetime.now(CHINA).date())
        row = await connection.fetchrow(
            "SELECT id, version FROM survey_form WHERE code = 'RU_HU' ORDER BY version DESC"
        )
        assert row is not None
        return str(row["id"]), row["version"]


def main(rounds: int, seed: int) -> int:
    """Plays the story; prints a line for each thing that holds."""
    data = ROOT / ".data" / "bench"
    folder = installed(RXDB)
    with ExitStack() as stack:
        cluster = stack.enter_context(running(data, say=print))
        url = cluster.url("ruhu_bench_rxdb")
        form = asyncio.run(_form(url))
        keys = Keys(data)
        told: dict[str, Any] = {
            "tokens": {name: keys.issue(account_id(name), DEMO_SECONDS, time.time()) for name in PERSONAS},
            "form": form,
            "rounds": rounds,
            "seed": seed,
        }
        environment = {"RUHU_DATABASE_URL": url, "RUHU_ENV": "demo", "RUHU_DATA_DIR": str(data)}
        server = stack.enter_context(serving("bench.ours:create_app", environment, str(folder / "server.log")))
        address = f"127.0.0.1:{server.port}/graphql"
        told |= {"http": f"http://{address}", "ws": f"ws://{address}"}
        command = [str(folder / "node_modules" / ".bin" / "node"), "devices.mjs"]
        began = time.monotonic()
        done = subprocess.run(
            command, cwd=folder, env={**os.environ, "BENCH": json.dumps(told)}, check=False, timeout=LONGEST_SECONDS
        )
        print(f"{'It converged' if done.returncode == 0 else 'It did not converge'}: {time.monotonic() - began:.1f} s")
        if done.returncode:
            print(f"What the server said is in {folder / 'server.log'}.")
        return done.returncode


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="./ruhu bench rxdb", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20, help="rounds of random edits on all phones (20)")
    parser.add_argument("--seed", type=int, default=1, help="of what is random (1)")
    given = parser.parse_args()
    sys.exit(main(given.rounds, given.seed))
