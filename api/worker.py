"""The worker (后台工作进程): takes jobs from the queue, and asks for those that are due by the clock of China.

Inside `./ruhu serve`, or by itself as `./ruhu worker`, as many as one likes. pgqueuer keeps the queue. It does a job at
least once: a worker that dies over one is missed after ABANDONED_AFTER, and another one begins it anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import orjson
import structlog
from croniter import croniter
from pgqueuer.adapters.drivers.asyncpg import AsyncpgPoolDriver
from pgqueuer.adapters.persistence.qb import (
    DBSettings,
    QueryBuilderEnvironment,
    QueryQueueBuilder,
    QuerySchedulerBuilder,
)
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.applications import PgQueuer
from pgqueuer.core.executors import (
    DatabaseRetryEntrypointExecutor,
    EntrypointExecutorParameters,
    ScheduleExecutor,
)
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.types import QueueExecutionMode
from pgqueuer.models import Job as QueuedJob
from pgqueuer.models import Schedule as DueSchedule
from sqlalchemy.ext.asyncio import create_async_engine

from api.database import sqlalchemy_url
from api.jobs import JOBS, MOST_AT_ONCE, SCHEDULES, Job, Schedule, Work
from api.master_key import kept_current, master_key
from api.settings import Settings
from domain.access.rules import CHINA
from domain.base.jobs import enqueue
from domain.base.key_ring import read_ring
from domain.base.transactions import sessions_on

LOG = structlog.get_logger("ruhu.worker")

AT_ONCE: Final = 4  # jobs of one worker; each holds a connection while it writes
LOOKS_EVERY: Final = timedelta(seconds=1)
ABANDONED_AFTER: Final = timedelta(seconds=30)
ATTEMPTS: Final = 8  # of a job that fails, over some ten minutes; then it is put aside, and `./ruhu doctor` names it
STATEMENT_SECONDS: Final = 600

# A library of its own keeps its tables in a schema of its own, where nothing of ours compares or clones them.
QUEUE: Final = DBSettings(db_schema="jobs")


class JobFailed(Exception):
    """A job failed; the message is the name of what went wrong, as the queue keeps it and must not keep any value."""


class InChina(ScheduleExecutor):
    """A schedule whose hours are those of China, where the library's own are UTC's."""

    def get_next(self) -> datetime:
        upcoming: datetime = croniter(self.parameters.expression, datetime.now(CHINA)).get_next(datetime)
        return upcoming.astimezone(UTC)


@dataclass
class Patient(DatabaseRetryEntrypointExecutor):
    """A job that fails is tried again, each time after twice as long."""

    max_attempts: int = ATTEMPTS
    initial_delay: timedelta = timedelta(seconds=2)


def as_machine(application: str = "ruhu worker") -> dict[str, str]:
    """The settings of connections that work for everybody."""
    return {
        "role": "ruhu_machine",
        "timezone": "UTC",
        "jit": "off",
        "statement_timeout": f"{STATEMENT_SECONDS}s",
        "application_name": application,
    }


@asynccontextmanager
async def working(settings: Settings, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> AsyncIterator[Work]:
    """What jobs work with, over the database of `settings`."""
    if settings.database_url is None:
        raise RuntimeError("a worker needs RUHU_DATABASE_URL: a login that may act as ruhu_machine")
    engine = create_async_engine(
        sqlalchemy_url(settings.database_url), pool_size=AT_ONCE, connect_args={"server_settings": as_machine()}
    )
    master = master_key(settings)
    keys = asyncpg.create_pool(settings.database_url, min_size=0, max_size=1, server_settings=as_machine("ruhu keys"))
    try:
        async with keys:
            ring = await read_ring(keys, master, datetime.now(UTC))
            async with kept_current(ring, keys, master):
                yield Work(sessions_on(engine, ring), clock, is_demo=settings.env == "demo")
    finally:
        await engine.dispose()


async def work_off(
    settings: Settings,
    work: Work,
    *,
    jobs: Mapping[str, Job] = JOBS,
    schedules: Sequence[Schedule] = SCHEDULES,
    until_empty: bool = False,
    patience: Callable[[EntrypointExecutorParameters], Patient] = Patient,
    abandoned_after: timedelta = ABANDONED_AFTER,
) -> None:
    """Work until cancelled; with `until_empty`, until nothing is queued, and without looking at the clock."""
    logging.getLogger("pgqueuer").setLevel(logging.CRITICAL)  # it quotes exceptions; what fails is logged here
    async with asyncpg.create_pool(
        settings.database_url, min_size=1, max_size=4, server_settings=as_machine("ruhu queue")
    ) as pool:
        queue = PgQueuer(AsyncpgPoolDriver(pool), queries=_queries(pool))
        for name, job in jobs.items():
            queue.entrypoint(
                name,
                accepts_context=False,
                on_failure="hold",
                executor_factory=patience,
                concurrency_limit=MOST_AT_ONCE.get(name, 0),
            )(_run(work, name, job))
        if until_empty:
            await queue.qm.run(
                mode=QueueExecutionMode.drain,
                dequeue_timeout=LOOKS_EVERY,
                batch_size=AT_ONCE // 2,
                max_concurrent_tasks=AT_ONCE,
                heartbeat_timeout=abandoned_after,
            )
            return
        for due in schedules:
            queue.schedule(due.job, due.cron, executor_factory=InChina, accepts_context=False)(_ask_for(work, due))
        await queue.run(
            dequeue_timeout=LOOKS_EVERY,
            batch_size=AT_ONCE // 2,
            max_concurrent_tasks=AT_ONCE,
            heartbeat_timeout=abandoned_after,
        )


@asynccontextmanager
async def worker_beside(settings: Settings) -> AsyncIterator[None]:
    """A worker in this process, for as long as the block lasts; one that fails is begun anew."""
    loop = asyncio.create_task(work_on(settings))
    try:
        yield
    finally:
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)


async def work_on(settings: Settings) -> None:
    """Work, whatever happens to the connection."""
    async with working(settings) as work:
        while True:
            try:
                await work_off(settings, work)
            except Exception:
                LOG.exception("the worker stopped, and begins anew")
            await asyncio.sleep(LOOKS_EVERY.total_seconds())


def _queries(pool: asyncpg.Pool) -> Queries:
    return Queries(
        AsyncpgPoolDriver(pool),
        qbe=QueryBuilderEnvironment(QUEUE),
        qbq=QueryQueueBuilder(QUEUE),
        qbs=QuerySchedulerBuilder(QUEUE),
    )


def _run(work: Work, name: str, job: Job) -> Callable[[QueuedJob], Any]:
    async def run(queued: QueuedJob) -> None:
        payload: Mapping[str, Any] = orjson.loads(queued.payload or b"{}")
        try:
            await job(work, payload)
        except RetryRequested:
            raise
        except Exception as error:
            LOG.exception("job failed", job=name, attempt=queued.attempts + 1)
            raise JobFailed(type(error).__name__) from None
        LOG.info("job done", job=name)

    return run


def _ask_for(work: Work, due: Schedule) -> Callable[[DueSchedule], Any]:
    async def ask_for(_: DueSchedule) -> None:
        async with work.sessions() as db, db.begin():
            await enqueue(db, due.job, {}, once_as=due.job)

    return ask_for
