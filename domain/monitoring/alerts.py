"""Clues as they are raised: what somebody who listens has not heard of yet. Positions are those of the change feed."""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    Integer,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    column,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from domain.changes.models import Change
from domain.monitoring.models import Clue
from domain.monitoring.queries import sees_clue
from domain.monitoring.rules import ClueState
from domain.regions.models import Region
from domain.regions.rules import RegionLevel

Ask = Callable[[Any, Mapping[str, Any]], Awaitable[Any]]

_REGION = bindparam("region", type_=Text())
_AREA = cast(Region.code, Integer())
_HEAD = select(func.coalesce(func.max(Change.seq), 0)).where(Change.area == _AREA).correlate(Region).scalar_subquery()

# The townships of a division, or the one in which a village lies, and how far the viewer sees their feeds to be.
_HEADS = select(func.json_object_agg(_AREA, _HEAD)).where(
    Region.level == RegionLevel.TOWNSHIP,
    or_(and_(Region.code >= _REGION, Region.code < _REGION.concat(":")), Region.code == func.left(_REGION, 9)),
)

_SINCE = (
    func.unnest(bindparam("areas", type_=ARRAY(Integer())), bindparam("seqs", type_=ARRAY(BigInteger())))
    .table_valued(column("area", Integer()), column("seq", BigInteger()), name="since")
    .render_derived()
)
_RAISED = select(func.array_agg(aggregate_order_by(Clue.id, Clue.received_at, Clue.id), type_=ARRAY(Uuid()))).where(
    Clue.id.in_(
        select(Change.id)
        .join(_SINCE, and_(Change.area == _SINCE.c.area, Change.seq > _SINCE.c.seq))
        .where(Change.kind == "clue")
    ),
    Clue.state == ClueState.NEW,
    Clue.received_at >= bindparam("listening_since", type_=DateTime(timezone=True)),
    Clue.region_code >= _REGION,
    Clue.region_code < _REGION.concat(":"),
    sees_clue(),
)


async def heads(ask: Ask, region: str) -> dict[int, int]:
    """Where the feeds of a division's townships stand: as a code names a province at least, some 3,000."""
    found: dict[str, int] = json.loads(await ask(_HEADS, {"region": region}) or "{}")
    return {int(area): seq for area, seq in found.items()}


async def raised_since(ask: Ask, region: str, since: Mapping[int, int], at: datetime) -> list[uuid.UUID]:
    """Clues that the viewer sees, changed since these positions and first heard of at `at` or later, the oldest first.

    Only those that still wait: what was settled before anybody heard of it alarms nobody. One that changed twice comes
    twice; whoever listens knows what it has told.
    """
    given = {"region": region, "areas": list(since), "seqs": list(since.values()), "listening_since": at}
    return await ask(_RAISED, given) or []
