"""What is due, for phones: the viewer's whole set, or the word that nothing changed."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry
from sqlalchemy import Date, Text, Uuid, literal, select

from domain.sync.duties import duties, version_of
from schema.engine import composed, described, entity, everyone, many, planned, rows_of

_DUTY = rows_of("duty", id=Uuid(), rule=Text(), subject_id=Uuid(), household_id=Uuid(), began_on=Date(), due_on=Date())


@entity(_DUTY, scope=everyone(), key=("id",))  # the statement that derives them knows whose they are
class DutyRecord:
    """Something that is due, as phones keep it: derived from facts, never stored. 待办记录"""

    id: strawberry.ID = described("Made of rule and subject: the same duty has the same id everywhere. 待办标识")
    rule: str = described(
        "Why it is due. MEND_SUBMISSION: what the viewer sent was refused or deferred (`submissions`). 规则代码"
    )
    subject_id: strawberry.ID = described("What it is about: for MEND_SUBMISSION the submission. 事项标识")
    household_id: strawberry.ID | None = described("The household, where there is one. 农户标识")
    began_on: date = described("The day in China on which it arose. 产生日期")
    due_on: date = described("The last day on which it is in time. 到期日期")


@strawberry.type(description="What is due for the viewer. 待办同步结果")
class DutyPull:
    version: str = strawberry.field(description="A name for this set: send it back with the next pull. 版本")
    is_modified: bool = strawberry.field(
        description="Whether it differs from the version sent; if not, `duties` is empty. 是否有变化"
    )
    duties: list[DutyRecord] = strawberry.field(description="All of them, by day due. 待办列表")


@strawberry.type
class DutyQueries:
    """The root field about duties."""

    @planned
    def pull_duties(
        self,
        version: Annotated[
            str | None, strawberry.argument(description="Of the set that the phone has; absent: none. 已有版本")
        ] = None,
    ) -> DutyPull | None:
        """Everything that is due for the viewer, or the word that nothing changed; at most 1000. 待办同步"""
        rows = duties().subquery("duty")
        now = select(version_of(rows)).scalar_subquery()
        is_modified = now.is_distinct_from(literal(None, Text()) if version is None else version)
        return composed(
            version=now,
            is_modified=is_modified,
            duties=many(
                DutyRecord, source=duties().where(is_modified), order_by=(_DUTY.c.due_on, _DUTY.c.id), cap=1000
            ),
        )
