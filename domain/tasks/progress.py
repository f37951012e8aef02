"""How a task gets on: what the worker writes, as the machine role."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.tasks.models import Task, TaskState


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
