"""Looking for a family in a way that leaves a trace. How families change stands in domain/families."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.audit.actions import record
from domain.base.chinese_ids import id_number_problem, normalised_id_number
from domain.base.errors import Problem, Refused
from domain.households.queries import household_of_id_number
from domain.households.rules import MOST_LOOKS_AN_HOUR, may_look_up


async def look_up_by_id_number(db: AsyncSession, actor: Actor, *, id_number: str) -> uuid.UUID | None:
    """The household of exactly this identity number, or None: wrong, unknown and out of scope are never told apart.

    Every look is recorded, found or not, and never with the number. Raises Refused (TOO_MANY_LOOKS): nobody at a door
    or a desk needs more in an hour, and whoever tries numbers does.
    """
    looks = await db.scalar(select(func.ruhu_looks_since(actor.at - timedelta(hours=1))))
    if looks is not None and looks >= MOST_LOOKS_AN_HOUR:
        raise Refused(Problem("TOO_MANY_LOOKS", ("idNumber",), {"limit": MOST_LOOKS_AN_HOUR}))
    number = normalised_id_number(id_number)
    found = None
    if may_look_up(actor.viewer.roles) and id_number_problem(number) is None:
        found = await household_of_id_number(db, actor, number)
    household_id, region_code = (None, None) if found is None else (found.id, found.region_code)
    detail = {"found": found is not None}
    await record(db, actor, "look_up_by_id_number", "household", household_id, region_code, detail)
    return household_id
