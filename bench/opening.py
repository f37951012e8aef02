"""What it costs that telephones stand sealed: the same answers with the number opened, and with a mask in its place.

    python -m bench.opening [--rounds R]

On the demo, as the officer of a township: a phone's snapshot of all its families, and a list of fifty.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Sequence
from typing import Any

import httpx2

from api.app import create_app
from api.cli.cluster import running
from api.database import prepare
from api.settings import Settings
from api.tokens import demo_token
from bench.servers import ROOT, master

# The mask of another number stands for the telephone: the same shape, the same rows, and nothing to open.
MEMBER, MASKED_MEMBER = "name isHead bornOn phone", "name isHead bornOn phone: idNumber"
FAMILY, MASKED_FAMILY = "id code address phone", "id code address phone: bankAccount"
QUERIES = {
    "pullHouseholds": "{{ pullHouseholds(limit: 1000) {{ documents {{ {family} members {{ {member} }} }} }} }}",
    "households(first: 50)": "{{ households(first: 50) {{ nodes {{ {family} members {{ {member} }} }} }} }}",
}


async def _seconds(client: httpx2.AsyncClient, query: str, token: str) -> tuple[float, str]:
    began = time.process_time()
    answer = await client.post("/graphql", json={"query": query}, headers={"Authorization": f"Bearer {token}"})
    spent = time.process_time() - began
    assert "errors" not in answer.json(), answer.text[:500]
    return spent, answer.text


async def bench(url: str, rounds: int) -> None:
    """Prints a line for each workload: our own CPU with and without opening, and the ratio."""
    await prepare(url, master(), demo=True, say=print)
    settings = Settings(
        database_url=url, env="demo", master_key=master().hex(), cost_per_minute=10**12, log_level="error"
    )
    app, token = create_app(settings), demo_token(settings, "township_officer")
    async with app.router.lifespan_context(app) as state:

        async def served(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "state": dict(state or {})}, receive, send)

        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=served), base_url="http://bench") as client:
            for name, query in QUERIES.items():
                asked = {
                    "opened": query.format(family=FAMILY, member=MEMBER),
                    "masked": query.format(family=MASKED_FAMILY, member=MASKED_MEMBER),
                }
                took: dict[str, list[float]] = {which: [] for which in asked}
                for _ in range(rounds):
                    for which, document in asked.items():
                        spent, text = await _seconds(client, document, token)
                        took[which].append(spent)
                        if which == "opened":
                            phones = text.count('"phone":"')
                print(_line(name, took, phones, len(json.dumps(text))))


def _line(name: str, took: dict[str, Sequence[float]], phones: int, size: int) -> str:
    opened, masked = (statistics.median(took[which]) * 1000 for which in ("opened", "masked"))
    each = (opened - masked) * 1000 / phones
    return (
        f"{name}: {phones} telephones in {size // 1024} KB; {opened:.2f} ms of CPU opened, {masked:.2f} ms masked: "
        f"{opened / masked:.2f}, {each:.1f} µs each"
    )


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description="What opening telephones costs.")
    parser.add_argument("--rounds", type=int, default=60)
    rounds = parser.parse_args().rounds
    with running(ROOT / ".data" / "bench", say=print) as cluster:
        asyncio.run(bench(cluster.url("ruhu_opening"), rounds))


if __name__ == "__main__":
    main()
