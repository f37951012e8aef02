"""What phones pull: documents that changed since a cursor, and the next cursor."""

from __future__ import annotations

import uuid
from typing import Annotated, TypeVar

import strawberry
from sqlalchemy import ARRAY, Uuid

from domain.sync.queries import Pulled, pull
from domain.sync.rules import Kind
from schema.context import Info
from schema.engine import of_parent, planned
from schema.errors import asked
from schema.household_records import HouseholdRecord, household_records
from schema.visit_records import VisitRecord, visit_records

IDS = of_parent("ids", ARRAY(Uuid()))


@strawberry.type(description="Where a phone stands: opaque, to be sent back as it came. 同步位置")
class Checkpoint:
    cursor: str = strawberry.field(description="Send it back with the next pull. 游标")


@strawberry.input(description="Where a phone stands: what the last pull brought. 同步位置")
class CheckpointInput:
    cursor: str = strawberry.field(description="As it came. 游标")


@strawberry.type
class Pull:
    ids: strawberry.Private[list[uuid.UUID]]
    checkpoint: Checkpoint = strawberry.field(
        description="Where the phone stands once it has stored these documents. 同步位置"
    )
    has_more: bool = strawberry.field(description="Whether more remain: pull again at once. 是否还有")
    is_reset: bool = strawberry.field(
        description="Whether the cursor could not be used, and a snapshot begins with these documents: once `hasMore` is "
        "false, what the snapshot did not bring is to be dropped, and what was acknowledged in the last 30 days is to be "
        "sent again. 是否重新全量同步"
    )


@strawberry.type(description="Families that changed. 农户同步结果")
class HouseholdPull(Pull):
    @planned
    def documents(self) -> list[HouseholdRecord]:
        """As they are now, or tombstones; never fewer than `limit` while more remain. 农户记录"""
        return household_records(IDS)


@strawberry.type(description="Visits that changed. 走访同步结果")
class VisitPull(Pull):
    @planned
    def documents(self) -> list[VisitRecord]:
        """As they are now, or tombstones; never fewer than `limit` while more remain. 走访记录"""
        return visit_records(IDS)


Since = Annotated[
    CheckpointInput | None,
    strawberry.argument(description="What the last pull brought; absent: a snapshot from the beginning. 上次同步位置"),
]
Limit = Annotated[int, strawberry.argument(description="How many documents, 1 to 1000. 最多返回条数")]


@strawberry.type
class PullQueries:
    """Root fields of mobile pull."""

    @strawberry.field(description="Families that changed since a checkpoint, for phones to keep. 农户增量同步")
    async def pull_households(self, info: Info, checkpoint: Since = None, limit: Limit = 200) -> HouseholdPull | None:
        return await _pulled(info, HouseholdPull, Kind.HOUSEHOLD, checkpoint, limit)

    @strawberry.field(description="Visits that changed since a checkpoint, for phones to keep. 走访增量同步")
    async def pull_visits(self, info: Info, checkpoint: Since = None, limit: Limit = 200) -> VisitPull | None:
        return await _pulled(info, VisitPull, Kind.VISIT, checkpoint, limit)


P = TypeVar("P", bound=Pull)


async def _pulled(info: Info, of: type[P], kind: Kind, checkpoint: CheckpointInput | None, limit: int) -> P:
    actor, cursor = info.context.actor, None if checkpoint is None else checkpoint.cursor
    ask = info.context.value
    return made(of, await asked(info, lambda: pull(ask, actor.viewer, kind, cursor, limit, actor.today)))


def made(of: type[P], pulled: Pulled) -> P:
    """The payload over what was found."""
    return of(
        ids=list(pulled.ids),
        checkpoint=Checkpoint(cursor=pulled.cursor),
        has_more=pulled.has_more,
        is_reset=pulled.is_reset,
    )
