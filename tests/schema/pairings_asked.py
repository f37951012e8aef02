"""How the tests of pairings ask: as a persona over HTTP, and beside it in the tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from tests.world import World

VILLAGE, TOWNSHIP = "350125201205", "350125201"  # 力星村 of 富泉乡
TODAY = datetime.now(UTC).astimezone(timezone(timedelta(hours=8))).date()


async def account(world: World, persona: str, column: str = "helper_id") -> str:
    """The helper or organisation behind a persona's account."""
    return str(await world.sql.fetchval(f"SELECT {column} FROM account WHERE persona = $1", persona))


async def seen(world: World, persona: str, filter: dict[str, Any] | None = None) -> set[str]:
    """The ids of all pairings that a persona finds, page by page."""
    query = """query($f: PairingFilter, $after: String) { pairings(filter: $f, first: 40, after: $after) {
        totalCount nodes { id } pageInfo { hasNextPage endCursor } } }"""
    found: list[str] = []
    after = None
    while True:
        page = (await world.ask(persona, query, {"f": filter, "after": after}))["pairings"]
        found += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            assert len(found) == len(set(found)) == page["totalCount"]
            return set(found)


async def rows(world: World, condition: str, *values: Any) -> set[str]:
    return {str(row[0]) for row in await world.sql.fetch(f"SELECT id FROM pairing WHERE {condition}", *values)}
