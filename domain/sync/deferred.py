"""What waits for its family is judged when the family comes (待处理提交), and handed to people when it waits too long."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ARRAY, Uuid, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import SET_VIEWER, viewer_from, viewer_settings
from domain.access.rules import CHINA, Actor
from domain.base.transactions import Sessions, carry_out
from domain.visits.actions import Judged, judge_deferred

# Basis CONVENTION: a team that comes out of the valley at the weekend has sent by then what others wait for, and a month's
# duty that was done on its last days can still be counted when the month is closed.
REVIEW_AFTER = timedelta(days=5)

_SUBMITTERS = select(func.ruhu_waiting_submitters(bindparam("came", type_=ARRAY(Uuid))))
_VIEWER = text("SELECT * FROM ruhu_viewer_of(:account_id, :today)")

log = logging.getLogger(__name__)


async def judge_waiting(sessions: Sessions, at: datetime, came: Sequence[uuid.UUID] | None = None) -> list[Judged]:
    """Judge anew what waits for these families, which have just come, or (None) whatever may be good by now.

    Each submitter's in a transaction of its own, with what that submitter may see today: nobody's rights are widened by
    who happens to bring the family. An account that is locked waits on. Trouble with one leaves the others alone, and
    never reaches whoever brought the family: it is logged, and the sweep comes by again. Answers what waits no longer.
    """
    judged: list[Judged] = []
    try:
        async with sessions() as db:
            submitters = list(await db.scalars(_SUBMITTERS, {"came": None if came is None else list(came)}))
        for account_id in submitters:
            judged += await _judge(sessions, at, account_id, came)
    except Exception:
        log.exception("what waits could not be judged")
    return judged


async def _judge(
    sessions: Sessions, at: datetime, account_id: uuid.UUID, came: Sequence[uuid.UUID] | None
) -> list[Judged]:
    today = at.astimezone(CHINA).date()
    async with sessions() as db:
        found = (await db.execute(_VIEWER, {"account_id": account_id, "today": today})).mappings().one_or_none()
    if found is None:
        return []
    viewer = viewer_from(dict(found), found["grants"], account_id, today, "zh")

    async def judge(db: AsyncSession) -> list[Judged]:
        return await judge_deferred(db, Actor(viewer, at), household_ids=came)

    try:
        return await carry_out(sessions, judge, set_viewer=SET_VIEWER, viewer=viewer_settings(viewer))
    except Exception:
        log.exception("what one account sent and waits could not be judged")
        return []


async def hand_to_review(sessions: Sessions, at: datetime) -> int:
    """Hand over to the officers what has waited for REVIEW_AFTER; answers how many."""
    async with sessions() as db, db.begin():
        handed = await db.scalar(select(func.ruhu_hand_to_review(at - REVIEW_AFTER, at)))
    return int(handed or 0)
