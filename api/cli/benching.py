"""`./ruhu bench`: a benchmark in a process of its own, as nothing of the code imports `bench/`."""

import os
import sys

from api.cli.testing import run_to_its_end


def run_bench(name: str, arguments: list[str]) -> int:
    """Runs `bench.<name>` with the arguments; answers its exit code."""
    # A developer's own settings must not colour the figures, and a database of theirs must never be the ground of a
    # bench; the master key of one that is named by --database is none of these.
    environment = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("RUHU_MASTER_KEY") or not name.startswith(("RUHU_", "PG", "PORT"))
    }
    environment["PYTHONUNBUFFERED"] = "1"  # its progress is seen at once, through a pipe too
    return run_to_its_end([sys.executable, "-m", f"bench.{name}", *arguments], environment)
