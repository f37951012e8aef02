"""Long work that somebody asked for, and how far it is."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import strawberry
from sqlalchemy import Text

from domain.tasks import models as m
from domain.tasks.queries import sees_task
from schema.engine import Connection, by, described, entity, is_in, matches, one, pages, planned
from schema.enums import described_enum
from schema.helpers import below
from schema.regions import Region
from schema.scalars import RegionCode
from schema.viewer import Actor

described_enum(
    m.TaskState,
    "How far a task is. 任务状态",
    WAITING="Nobody has taken it up yet. 等待中",
    RUNNING="It is being done. 进行中",
    DONE="It is done. 已完成",
    FAILED="It could not be done; `failure` says why. 失败",
)


@entity(m.Task, scope=sees_task())
class Task:
    """Work that takes longer than a request, such as a list of 100,000 rows. 后台任务"""

    id: strawberry.ID = described("That of the operation which asked for it. 任务标识")
    kind: str = described("What is done, such as match_list. 任务类型")
    region: Region = described("Where. 所在区划")
    asked_by: Actor = described("Who asked for it. 发起人")
    asked_at: datetime = described("When. 发起时刻")
    state: m.TaskState = described("How far it is. 状态")
    total: int | None = described("Of how many parts, such as rows; null until that is known. 总数")
    done: int = described("How many of them are done; it only grows. 已完成数")
    failure: str | None = described("The code of what stopped it. 失败代码")
    started_at: datetime | None = described("When it was first taken up. 开始时刻")
    finished_at: datetime | None = described("When it was finished. 结束时刻")


@strawberry.input(description="Which tasks; all conditions together. 任务筛选条件")
class TaskFilter:
    region: RegionCode | None = matches(
        below(m.Task.region_code), Text(), description="In this division or below it. 所在区划"
    )
    states: list[m.TaskState] | None = is_in(m.Task.state, description="In one of these states. 状态")
    kinds: list[str] | None = is_in(m.Task.kind, description="Of one of these kinds. 任务类型")


NEWEST_FIRST: Final = by(m.Task.asked_at.desc())


@strawberry.type
class TaskQueries:
    """Root fields about long work."""

    tasks: Connection[Task] = pages(
        filter=TaskFilter, order=NEWEST_FIRST, description="Tasks that the viewer may see, the newest first. 任务列表"
    )

    @planned
    def task(self, id: Annotated[strawberry.ID, strawberry.argument(description="The id. 任务标识")]) -> Task | None:
        """One task by its id: asked every few seconds, it tells how far the work is. 按标识查任务"""
        return one(Task, m.Task.id == id)
