"""`./ruhu contract record`: asks the demo what fixtures say, in order, and writes down the answers that are not there yet.

Arguments name fixtures to be written again, as 1/03-first-families: only when an app of that version survives the change.
"""

from __future__ import annotations

import asyncio
import sys

from tests import databases
from tests.contract.fixtures import fixture_world, stories, told_again


async def record(names: set[str]) -> None:
    """Every story is told from its beginning, as what comes later stands on what came before."""
    async with fixture_world(await databases.template()) as world:
        for version, story in stories().items():
            async for fixture, variables, answer in told_again(world, story):
                if "answer" not in fixture.told or f"{version}/{fixture.name}" in names:
                    fixture.told |= {"variables": variables, "answer": answer}
                    fixture.write()
                    print(f"wrote {version}/{fixture.name}")


if __name__ == "__main__":
    with databases.server():
        asyncio.run(record(set(sys.argv[1:])))
