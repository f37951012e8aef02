"""`./ruhu test`: pytest beside a throwaway PostgreSQL that it has for itself."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from api.cli.cluster import running
from api.cli.target import ROOT, say

TEST_DATA = Path(os.environ.get("RUHU_TEST_DATA", ROOT / ".data" / "test"))


def run_tests(arguments: list[str]) -> int:
    """Runs pytest with the arguments; answers its exit code. RUHU_TEST_ADMIN_URL takes another server instead."""
    # A developer's own settings must not colour the tests.
    environment = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("RUHU_TEST_") or not name.startswith(("RUHU_", "PG", "PORT"))
    }
    with ExitStack() as stack:
        if "RUHU_TEST_ADMIN_URL" not in environment:
            cluster = stack.enter_context(running(TEST_DATA, throwaway=True, say=say))
            environment["RUHU_TEST_ADMIN_URL"] = cluster.url("postgres")
        return run_to_its_end([sys.executable, "-m", "pytest", *arguments], environment)


def run_to_its_end(command: list[str], environment: Mapping[str, str]) -> int:
    """Waits for the command come what may: the database must outlive it, and its own last words must be heard."""

    def pass_on(number: int, frame: FrameType | None) -> None:
        if number != signal.SIGINT:  # Ctrl-C reaches the command by itself, as it shares our terminal
            process.send_signal(signal.SIGINT)

    process = subprocess.Popen(command, env=environment, cwd=ROOT)  # noqa: S603  # the developer's own arguments
    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        return process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
