"""Changes as they happen: what a pull would bring, brought without asking. The same documents, the same cursors."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated, Final

import strawberry

from domain.sync.queries import Pulled, now, pull
from domain.sync.rules import Kind, read
from schema.context import Info, Place
from schema.errors import asked
from schema.pulls import CheckpointInput, HouseholdPull, VisitPull, made

AT_ONCE: Final = 100  # documents in one event

From = Annotated[
    CheckpointInput | None,
    strawberry.argument(
        description="Of the last pull: what changed since comes first, so that nothing falls in between; absent: from now "
        "on. 起始同步位置"
    ),
]


@strawberry.type
class ChangeSubscriptions:
    """What phones listen to while they have a network."""

    @strawberry.subscription(
        description="Families that change from now on, as `pullHouseholds` would bring them. 农户变更推送"
    )
    async def household_changes(self, info: Info, checkpoint: From = None) -> AsyncGenerator[HouseholdPull, None]:
        async for pulled in _changes(info, Kind.HOUSEHOLD, checkpoint):
            yield made(HouseholdPull, pulled)

    @strawberry.subscription(
        description="Visits that are made or corrected from now on, as `pullVisits` would bring them. 走访变更推送"
    )
    async def visit_changes(self, info: Info, checkpoint: From = None) -> AsyncGenerator[VisitPull, None]:
        async for pulled in _changes(info, Kind.VISIT, checkpoint):
            yield made(VisitPull, pulled)


async def _changes(info: Info, kind: Kind, checkpoint: CheckpointInput | None) -> AsyncIterator[Pulled]:
    """One pull after the other, each when there is something to pull.

    Nothing is queued for a slow client: the cursor stands still until the last event has gone out, and the next pull
    brings whatever became of the documents meanwhile, each once.
    """
    actor, feed, ask = info.context.actor, info.context.feed, info.context.value
    began: str = await asked(info, lambda: now(ask, actor.viewer, kind, actor.today))
    cursor = began if checkpoint is None else checkpoint.cursor
    heads: dict[Place, int | None] = {}
    while True:
        # A family of another township that came onto the list brings its township with it.
        places: list[Place] = [*_areas(cursor), *actor.viewer.parties]
        heads = dict(await feed.changed({place: heads.get(place) for place in places}))
        has_more = True
        while has_more:
            pulled = await pull(ask, actor.viewer, kind, cursor, AT_ONCE, actor.today)
            cursor, has_more = pulled.cursor, pulled.has_more
            if pulled.ids or pulled.is_reset:
                yield pulled


def _areas(cursor: str) -> list[int]:
    held = read(cursor)
    return [] if held is None else list(held.positions)
