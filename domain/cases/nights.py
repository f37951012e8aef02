"""What the worker does for cases every night: notices that have hung their days are over (公示期满)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Final

from sqlalchemy import exists, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import SET_VIEWER, viewer_settings
from domain.access.rules import AFTER_EVERY_DIGIT, CHINA, Actor, Viewer
from domain.base.errors import DomainError
from domain.base.transactions import Sessions, carry_out
from domain.cases.actions.publishing import end_notice
from domain.cases.models import MonitoringCase, Notice, NoticeKind, Objection
from domain.cases.queries import hold_case
from domain.cases.transitions import Step

_AS_APP: Final = text("SET LOCAL ROLE ruhu_app")

_OF_ITS_ROUND = (
    (Notice.case_id == MonitoringCase.id)
    & (Notice.round_number == MonitoringCase.round_number)
    & (Notice.kind == NoticeKind.VILLAGE_NOTICE)
    & Notice.withdrawn_at.is_(None)
)
_WAITS_FOR_AN_ANSWER = exists().where(
    Objection.case_id == MonitoringCase.id,
    Objection.round_number == MonitoringCase.round_number,
    Objection.outcome.is_(None),
)


async def end_due_notices(sessions: Sessions, at: datetime) -> int:
    """Take the cases whose notices have hung their days, and whose objections are answered, to the township; how many.

    "The township may act from 00:00 of day 6" (domain.md §11.4), by the clock of China. A case a transaction, so nobody
    waits for all of them, and each is looked at anew when it is held: safe to be killed and to be run again, while
    townships act. Done as somebody who sees the village and nothing else, so both walls stand.
    """
    today = at.astimezone(CHINA).date()
    over = (
        select(MonitoringCase.id, MonitoringCase.region_code)
        .join(Notice, _OF_ITS_ROUND)
        .where(
            MonitoringCase.closed_on.is_(None),
            MonitoringCase.step == Step.VILLAGE_NOTICE,
            Notice.ends_on < today,
            ~_WAITS_FOR_AN_ANSWER,
        )
        .order_by(MonitoringCase.region_code, MonitoringCase.id)
    )
    async with sessions() as db:
        found = (await db.execute(over)).all()
    return sum([await _end(sessions, case_id, village, at) for case_id, village in found])


async def _end(sessions: Sessions, case_id: uuid.UUID, village: str, at: datetime) -> bool:
    desk = Actor(Viewer(region_from=village, region_to=village + AFTER_EVERY_DIGIT, met_spans=(village,)), at)

    async def end_it(db: AsyncSession) -> bool:
        await db.execute(_AS_APP)
        held = await hold_case(db, desk, case_id)
        return held.case.step is Step.VILLAGE_NOTICE and await end_notice(db, desk, held) is None

    try:
        return await carry_out(sessions, end_it, set_viewer=SET_VIEWER, viewer=viewer_settings(desk.viewer))
    except DomainError:  # it has moved away meanwhile, or somebody holds it: the next night, or the township itself
        return False
