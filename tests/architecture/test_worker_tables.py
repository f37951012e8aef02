"""The queue's tables are those of the installed pgqueuer, which we make by a migration of our own."""

from __future__ import annotations

import asyncpg
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from pgqueuer.adapters.persistence.queries import Queries

from api.worker import QUEUE

# Left out on purpose, see 0018_worker: it notifies at every change of the queue.
LEFT_OUT = ("fn_pgqueuer_changed", "tg_pgqueuer_changed")


async def test_the_queue_is_as_the_installed_release_wants_it(database: asyncpg.Connection) -> None:
    plan = await Queries(AsyncpgDriver(database), qbe=QueryBuilderEnvironment(QUEUE)).plan_upgrade()
    missing = [made for made in plan.statements if not any(name in made for name in LEFT_OUT)]
    assert not missing, "write a migration that makes:\n" + "\n".join(missing)


async def test_nothing_of_it_notifies(database: asyncpg.Connection) -> None:
    assert await database.fetchval("SELECT count(*) FROM pg_trigger WHERE tgrelid = 'jobs.pgqueuer'::regclass") == 0
