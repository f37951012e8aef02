"""Work for later (后台作业): asked for in the transaction that needs it, done by the worker after its commit.

The worker does a job at least once: every job bears being done again, from its beginning, while an earlier try of it may
have gone half its way (api/jobs.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

_ENQUEUE = select(
    func.ruhu_enqueue(
        bindparam("job", type_=Text()),
        bindparam("payload", type_=JSONB()),
        bindparam("once_as", type_=Text()),
        bindparam("not_before", type_=DateTime(timezone=True)),
    )
)


async def enqueue(
    db: AsyncSession,
    job: str,
    payload: Mapping[str, Any],
    *,
    once_as: str | None = None,
    not_before: datetime | None = None,
) -> None:
    """Ask for a job; payload: JSON, ids and days only, as it stands in the queue in clear.

    once_as: a name under which it is waiting or running at most once; asked for again meanwhile, it is not doubled. So
    only for work that looks at everything there is: what comes up while such a job runs may be past where it looked.
    """
    given = {"job": job, "payload": dict(payload), "once_as": once_as, "not_before": not_before}
    await db.execute(_ENQUEUE, given)
