"""Personas as the program takes them, for questions about its statements."""

from __future__ import annotations

from domain.access.queries import find_viewer
from domain.access.rules import Viewer
from domain.demo.personas import account_id
from tests.schema.pairings_asked import TODAY
from tests.world import World


async def viewer_of(world: World, persona: str) -> Viewer:
    """The viewer that stands behind a persona today."""
    found = await find_viewer(world.sql, account_id(persona), TODAY, "zh")  # type: ignore[arg-type]
    assert found is not None
    return found
