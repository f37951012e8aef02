"""Asking for long work; domain/tasks/progress.py is the worker's side."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.base.jobs import enqueue
from domain.tasks.models import Task


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
