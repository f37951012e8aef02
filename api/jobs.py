"""What the worker does (后台作业): each job by its name, and when those are due that nobody asks for.

A job may be done twice, and may be cut short at any point: it looks at what is there, does what is missing, and commits
in steps each of which is whole. Nothing of a payload is trusted to be as it was when the job was asked for.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from api.outgoing import send
from domain.base.transactions import Sessions
from domain.cases.nights import end_due_notices
from domain.grades.reckoning import reckon_lights, townships_with_lights
from domain.grades.rounds import open_due_rounds
from domain.hardship.actions import LOOK_FOR_FAMILY
from domain.hardship.matching import look_for_family
from domain.lists.actions import MATCH_LIST
from domain.lists.matching import match_list
from domain.lists.rematching import rematch_lists
from domain.monitoring.nightly import judge_township, townships_to_judge
from domain.monitoring.summaries import missing_days, sum_up
from domain.statistics.folding import fold
from domain.sweeps.gathering import GATHER, gather_for_task
from domain.sweeps.looking import open_due_sweeps, raise_clues_of_sweeps
from domain.webhooks.delivering import deliver, forget_old
from domain.webhooks.rules import DELIVER


@dataclass(frozen=True, slots=True)
class Work:
    """What a job works with. sessions: as the machine role, which row-level security does not hold; clock: UTC.

    is_demo: whether webhooks may go to this machine, and without TLS.
    """

    sessions: Sessions
    clock: Callable[[], datetime]
    is_demo: bool = False


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


async def evaluate_all(work: Work, payload: Mapping[str, Any]) -> None:
    """All figures of all families, a township a transaction: those that were not judged today."""
    at = work.clock()
    async with work.sessions() as db:
        townships = await townships_to_judge(db, at)
    for township in townships:
        await judge_township(work.sessions, township, at)


async def deliver_webhook(work: Work, payload: Mapping[str, Any]) -> None:
    """One attempt to deliver one event to one endpoint."""
    await deliver(work.sessions, uuid.UUID(payload["deliveryId"]), partial(send, is_demo=work.is_demo))


async def forget_deliveries(work: Work, payload: Mapping[str, Any]) -> None:
    """The log of webhooks, as far as its time is over."""
    async with work.sessions() as db, db.begin():
        await forget_old(db, work.clock())


async def gather_households(work: Work, payload: Mapping[str, Any]) -> None:
    """The households of a sweep that somebody opened."""
    task_id, sweep_id = uuid.UUID(payload["task_id"]), uuid.UUID(payload["sweep_id"])
    await gather_for_task(work.sessions, task_id, sweep_id, work.clock())


async def open_sweeps(work: Work, payload: Mapping[str, Any]) -> None:
    """The sweeps that are due and that nobody has opened."""
    await open_due_sweeps(work.sessions, work.clock())


async def end_notices(work: Work, payload: Mapping[str, Any]) -> None:
    """The notices that have hung their days, a case a transaction."""
    await end_due_notices(work.sessions, work.clock())


async def open_rounds(work: Work, payload: Mapping[str, Any]) -> None:
    """The rounds of grading that are due."""
    await open_due_rounds(work.sessions, work.clock())


async def reckon_all_lights(work: Work, payload: Mapping[str, Any]) -> None:
    """The lights of all families where policy has them, a township a transaction."""
    at = work.clock()
    for township in await townships_with_lights(work.sessions, at):
        await reckon_lights(work.sessions, township, at)


async def look_into_sweeps(work: Work, payload: Mapping[str, Any]) -> None:
    """Clues of what sweeps have found."""
    await raise_clues_of_sweeps(work.sessions, work.clock())


async def fold_statistics(work: Work, payload: Mapping[str, Any]) -> None:
    """What changed figures since the last time, added to the balances of the regions above."""
    await fold(work.sessions, work.clock())


async def match_the_list(work: Work, payload: Mapping[str, Any]) -> None:
    """The families that a department's list is about."""
    await match_list(work.sessions, work.clock, uuid.UUID(payload["task_id"]))


async def match_lists_again(work: Work, payload: Mapping[str, Any]) -> None:
    """Rows of lists that fitted nobody when they came."""
    await rematch_lists(work.sessions, work.clock)


JOBS: Final[Mapping[str, Job]] = {
    LOOK_FOR_FAMILY: look_for_the_family,
    GATHER: gather_households,
    MATCH_LIST: match_the_list,
    "match_lists_again": match_lists_again,
    "sum_up_days": sum_up_days,
    "evaluate_all": evaluate_all,
    "open_sweeps": open_sweeps,
    "end_notices": end_notices,
    "open_rounds": open_rounds,
    "reckon_lights": reckon_all_lights,
    "look_into_sweeps": look_into_sweeps,
    "fold_statistics": fold_statistics,
    DELIVER: deliver_webhook,
    "forget_deliveries": forget_deliveries,
}

# A receiver that hangs holds whoever waits for it: so few at once that other work always finds a worker.
MOST_AT_ONCE: Final[Mapping[str, int]] = {DELIVER: 2}

SCHEDULES: Final = (
    Schedule("end_notices", "5 0 * * *"),
    Schedule("sum_up_days", "10 0 * * *"),
    Schedule("open_sweeps", "20 0 * * *"),
    Schedule("open_rounds", "25 0 * * *"),
    Schedule("reckon_lights", "10 1 * * *"),
    Schedule("evaluate_all", "30 1 * * *"),
    Schedule("match_lists_again", "30 2 * * *"),
    Schedule("forget_deliveries", "40 3 * * *"),
    Schedule("look_into_sweeps", "*/10 * * * *"),
    Schedule("fold_statistics", "* * * * *"),
)
