"""How small pulls become on their way, and what that costs: gzip, zstd, and brotli where it is installed.

    python -m bench.compression

A private server with the demo; one answer at a time, the least processor time of thirty.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import time
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

from api.cli.cluster import running
from api.compression import zstd
from api.database import prepare
from api.tokens import DEMO_SECONDS, Keys
from bench.servers import ROOT, master, serving
from domain.demo.personas import account_id
from mobile_contract.client.operations import operation

TIMES = 30
PULLS = (("SyncHouseholds", 20), ("SyncHouseholds", 200), ("SyncVisits", 20), ("SyncVisits", 200))


def main() -> None:
    """Prints a line for each answer and way: bytes before, bytes after, milliseconds."""
    data = ROOT / ".data" / "bench"
    with ExitStack() as stack:
        cluster = stack.enter_context(running(data, say=print))
        url = cluster.url("ruhu_compression")
        asyncio.run(prepare(url, master(), demo=True, say=print))
        environment = {"RUHU_DATABASE_URL": url, "RUHU_ENV": "demo", "RUHU_DATA_DIR": str(data)}
        server = stack.enter_context(serving("bench.ours:create_app", environment))
        token = Keys(data).issue(account_id("township_officer"), DEMO_SECONDS, time.time())
        for name, limit in PULLS:
            sent = json.dumps({"query": operation(name), "variables": {"limit": limit}}).encode()
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
            request = urllib.request.Request(f"http://127.0.0.1:{server.port}/graphql", sent, headers)
            with urllib.request.urlopen(request) as answer:
                body = answer.read()
            for way, compress in ways():
                print(
                    f"{name} {limit:>4}  {way:<9} {len(body):>7} {len(compress(body)):>7} {least(compress, body):6.2f} ms"
                )


def ways() -> Iterator[tuple[str, Callable[[bytes], bytes]]]:
    """What can be tried here, by name."""
    yield "gzip 5", lambda body: zlib.compress(body, 5, wbits=31)
    for level in (3, 6):
        yield f"zstd {level}", lambda body, level=level: zstd.compress(body, level)
    with suppress(ImportError):
        brotli = importlib.import_module("brotli")
        yield "brotli 5", lambda body: brotli.compress(body, quality=5)


def least(compress: Callable[[bytes], bytes], body: bytes) -> float:
    """Milliseconds of processor time."""
    figures = []
    for _ in range(TIMES):
        began = time.process_time()
        compress(body)
        figures.append(time.process_time() - began)
    return min(figures) * 1000


if __name__ == "__main__":
    main()
