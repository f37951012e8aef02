"""What the worker does (后台作业): each job by its name, and when those are due that nobody asks for.

A job may be done twice, and may be cut short at any point: it looks at what is there, does what is missing, and commits
in steps each of which is whole. Nothing of a payload is trusted to be as it was when the job was asked for.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain.base.transactions import Sessions
from domain.hardship.actions import LOOK_FOR_FAMILY
from domain.hardship.matching import look_for_family
from domain.monitoring.summaries import missing_days, sum_up


@dataclass(frozen=True, slots=True)
class Work:
    """What a job works with. sessions: as the machine role, which row-level security does not hold; clock: UTC."""

    sessions: Sessions
    clock: Callable[[], datetime]


Job = Callable[[Work, Mapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Schedule:
    """A job that comes by itself. cron: minute, hour, day, month, weekday, by the clock of China.

    One that fell due while no worker ran comes once when the next one starts.
    """

    job: str
    cron: str


async def sum_up_days(work: Work, payload: Mapping[str, Any]) -> None:
    """The daily summaries that are missing, one day a transaction."""
    at = work.clock()
    async with work.sessions() as db:
        days = await missing_days(db, at)
    for day in days:
        async with work.sessions() as db, db.begin():
            await sum_up(db, day, at)


async def look_for_the_family(work: Work, payload: Mapping[str, Any]) -> None:
    """The family that a report of hardship is about."""
    await look_for_family(work.sessions, work.clock(), uuid.UUID(payload["reportId"]))


JOBS: Final[Mapping[str, Job]] = {
    LOOK_FOR_FAMILY: look_for_the_family,
    "sum_up_days": sum_up_days,
}

SCHEDULES: Final = (Schedule("sum_up_days", "10 0 * * *"),)
