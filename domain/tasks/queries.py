"""Who sees a task: whoever asked for it, and the officers of its region."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_

from domain.access.queries import VIEWER_ID, in_region
from domain.tasks.models import Task


def sees_task() -> ColumnElement[bool]:
    """The scope of tasks."""
    return or_(Task.asked_by_id == VIEWER_ID, in_region(Task.region_code))
