"""`./ruhu worker`: what is queued and due, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

from api.cli.target import key_for, run, say, settings, target
from api.database import prepare
from api.logging import set_up_logging
from api.worker import work_on


def work() -> None:
    """Works until it is told to stop. A job that is cut short is begun anew by the next worker."""
    wanted = settings()
    set_up_logging(wanted.log_level)
    master = key_for(wanted)
    with target(wanted) as url:
        run(prepare(url, master, demo=False, say=say))
        say("Working (Ctrl-C stops).")
        run(_until_told(work_on(wanted.model_copy(update={"database_url": url}))))
    say("Stopped.")


async def _until_told(work: Coroutine[Any, Any, None]) -> None:
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    working, waiting = asyncio.create_task(work), asyncio.create_task(told.wait())
    await asyncio.wait((working, waiting), return_when=asyncio.FIRST_COMPLETED)
    for task in (working, waiting):
        task.cancel()
    await asyncio.gather(working, waiting, return_exceptions=True)
