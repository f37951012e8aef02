"""Clues as they are raised, for whoever is on duty."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator
from typing import Annotated

import strawberry

from domain.monitoring.alerts import heads, raised_since
from schema.clues import Clue
from schema.context import Info, Place
from schema.engine import keyed
from schema.errors import asked
from schema.scalars import RegionCode


@strawberry.type
class ClueSubscriptions:
    """What officers listen to."""

    @strawberry.subscription(
        description="Clues raised from now on in a division, each once, as far as the viewer sees them. 新增线索推送"
    )
    async def clue_raised(
        self,
        info: Info,
        region: Annotated[RegionCode, strawberry.argument(description="In this division or below it. 所在区划")],
    ) -> AsyncGenerator[Clue, None]:
        feed, ask, since = info.context.feed, info.context.value, info.context.actor.at
        stands = await asked(info, lambda: heads(ask, region))
        told: set[uuid.UUID] = set()
        places: dict[Place, int | None] = dict.fromkeys(stands)
        while True:
            places = dict(await feed.changed(places))
            # The positions first: what is raised between the two is found twice, and told once.
            now = await heads(ask, region)
            for clue_id in await raised_since(ask, region, stands, since):
                if clue_id not in told:
                    told.add(clue_id)
                    yield keyed(Clue, clue_id)
            stands = now
