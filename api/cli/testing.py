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
MOST_PROCESSES = 4  # each has a server and a template of its own: a gigabyte


def run_tests(arguments: list[str]) -> int:
    """Runs pytest with the arguments; answers its exit code. RUHU_TEST_ADMIN_URL takes another server instead.

    Without arguments it is the whole suite, shared out among a process for each processor (tests/distribution.py).
    """
    # A developer's own settings must not colour the tests.
    environment = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("RUHU_TEST_") or not name.startswith(("RUHU_", "PG", "PORT"))
    }
    # A hundred commands are started: each would compile our thousands of lines anew.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with ExitStack() as stack:
        if "RUHU_TEST_ADMIN_URL" not in environment:
            count = 1 if arguments else min(os.cpu_count() or 1, MOST_PROCESSES)
            homes = [TEST_DATA] if count == 1 else [TEST_DATA / f"gw{number}" for number in range(count)]
            urls = [stack.enter_context(running(home, throwaway=True, say=say)).url("postgres") for home in homes]
            if count == 1:
                environment["RUHU_TEST_ADMIN_URL"] = urls[0]
            else:
                environment["RUHU_TEST_ADMIN_URLS"] = " ".join(urls)
                arguments = ["-n", str(count)]
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
