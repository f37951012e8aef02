"""A task is asked for by somebody, and carried on by the worker."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.base.jobs import enqueue
from domain.tasks.models import Task, TaskState


async def ask_for(
    db: AsyncSession, actor: Actor, task_id: uuid.UUID, job: str, region_code: str, payload: Mapping[str, Any]
) -> None:
    """Write the task down and ask for its job, which gets the task's id beside the payload. The caller has decided who
    may, writes the trace, and stands inside `once`."""
    await db.execute(
        insert(Task).inline(),  # no RETURNING: a department asks for what lies outside what it sees
        {"id": task_id, "kind": job, "region_code": region_code, "asked_by_id": actor.id, "asked_at": actor.at},
    )
    await enqueue(db, job, {**payload, "task_id": str(task_id)})


async def start(db: AsyncSession, task_id: uuid.UUID, at: datetime) -> Task | None:
    """Take a task up, also one whose worker died over it; None when it is finished: the job has come once too often.

    Its row is held until the transaction ends, so that of two workers who took it for dead one waits.
    """
    task = await db.get(Task, task_id, with_for_update=True)
    if task is None or task.finished_at is not None:
        return None
    task.state, task.started_at = TaskState.RUNNING, task.started_at or at
    await db.flush()
    return task


async def finish(db: AsyncSession, task_id: uuid.UUID, at: datetime, *, failure: str | None = None) -> None:
    """Close a task: DONE, or FAILED with a code. What is finished stays as it is."""
    state = TaskState.DONE if failure is None else TaskState.FAILED
    await db.execute(
        update(Task)
        .where(Task.id == task_id, Task.finished_at.is_(None))
        .values(state=state, failure=failure, finished_at=at)
    )
