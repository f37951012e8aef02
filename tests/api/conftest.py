"""The toy of stage.py for the tests of sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.api import stage as theatre
from tests.api.stage import Stage, toy


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """A fresh one; after the test no socket may have left a task behind."""
    theatre.STAGE = Stage()
    before = asyncio.all_tasks()
    yield theatre.STAGE
    if sockets := {task for task in asyncio.all_tasks() - before if "run_asgi" in repr(task)}:
        await asyncio.wait(sockets, timeout=10)
    left = {task for task in asyncio.all_tasks() - before if "Socket." in repr(task) or task in sockets}
    assert not left, "a socket left tasks behind"


@pytest.fixture(scope="module")
async def address() -> AsyncIterator[str]:
    """Where the toy is served."""
    async with toy() as address:
        yield address
