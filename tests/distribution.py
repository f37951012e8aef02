"""How the suite is shared out among processes (`pytest -n`): a file is one piece, and what takes long goes first."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# These share one expensive stage: the folder is the piece.
WHOLE_FOLDERS = ("tests/walls/",)
# What takes a minute and more. Begun last, one of them would run alone at the end while the other processors idle.
LONGEST = (
    "tests/walls/",
    "tests/schema/test_plans.py",
    "tests/api/cli/test_commands.py",
    "tests/sync/test_convergence.py",
    "tests/schema/test_figures_of_the_sources.py",
    "tests/schema/test_declarations.py",
    "tests/api/test_fuzz.py",
)


def piece_of(nodeid: str) -> str:
    """The piece of work that a test belongs to."""
    for folder in WHOLE_FOLDERS:
        if nodeid.startswith(folder):
            return folder
    return nodeid.partition("::")[0]


def turn_of(nodeid: str) -> int:
    """Its place in the queue: the longest in their order, then the others as they were collected."""
    return next((turn for turn, start in enumerate(LONGEST) if nodeid.startswith(start)), len(LONGEST))


class ByPiece(LoadScopeScheduling):  # type: ignore[misc,unused-ignore]
    """Hands out pieces in the order of the collection."""

    def _split_scope(self, nodeid: str) -> str:
        return piece_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByPiece:
    config.option.loadscopereorder = False  # by number of tests, which says little of how long they take
    return ByPiece(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: turn_of(item.nodeid))
