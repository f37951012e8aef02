"""GraphQL over HTTP, by the audit of the npm package graphql-http: does this server pass all 61 checks?

    python -m bench.audit

A private server with the demo; npm installs the audit and Node the first time. Exit code 0: it does.
tests/api/test_graphql_over_http.py has the same checks without npm.
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
from pathlib import Path

from api.cli.cluster import running
from api.database import prepare
from api.tokens import DEMO_SECONDS, Keys
from bench.servers import ROOT, installed, master, serving
from domain.demo.personas import account_id

AUDIT = Path(__file__).resolve().parent / "peers" / "graphql_http"
LONGEST_SECONDS = 120


def main() -> int:
    """Runs the audit; prints a line for each check."""
    data = ROOT / ".data" / "bench"
    folder = installed(AUDIT)
    with ExitStack() as stack:
        cluster = stack.enter_context(running(data, say=print))
        url = cluster.url("ruhu_audit")
        asyncio.run(prepare(url, master(), demo=True, say=print))
        environment = {"RUHU_DATABASE_URL": url, "RUHU_ENV": "demo", "RUHU_DATA_DIR": str(data)}
        server = stack.enter_context(serving("bench.ours:create_app", environment))
        told = {
            "url": f"http://127.0.0.1:{server.port}/graphql",
            "token": Keys(data).issue(account_id("county_officer"), DEMO_SECONDS, time.time()),
        }
        command = [str(folder / "node_modules" / ".bin" / "node"), "audit.mjs"]
        done = subprocess.run(
            command, cwd=folder, env={**os.environ, "AUDIT": json.dumps(told)}, check=False, timeout=LONGEST_SECONDS
        )
        return done.returncode


if __name__ == "__main__":
    argparse.ArgumentParser(prog="./ruhu audit http", description=__doc__.partition("\n")[0]).parse_args()
    sys.exit(main())
