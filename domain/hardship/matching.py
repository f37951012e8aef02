"""The family that a report is about is looked for after whoever reported has had their answer (匹配)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import SET_VIEWER, viewer_settings
from domain.access.rules import ANONYMOUS, Actor
from domain.audit.actions import record
from domain.base.sealed_fields import unsealed
from domain.base.transactions import Sessions, carry_out, ring_of
from domain.hardship.actions import clue_of_report
from domain.hardship.queries import lock_unlooked, namesakes, village_of_report
from domain.hardship.rules import ReportMatching, desk_of, the_household

_AS_APP: Final = text("SET LOCAL ROLE ruhu_app")


async def look_for_family(sessions: Sessions, at: datetime, report_id: uuid.UUID) -> bool:
    """Look for the family of a report or call that nobody has looked at yet; answers whether it was found.

    What is found has a clue then, with the day 0 of its report; anything else waits for officers. Safe twice at once, and
    after being killed: the report says that it was looked at in the transaction that makes the clue.
    """
    async with sessions() as db:
        village_code = await village_of_report(db, report_id)
    if village_code is None:
        return False
    desk = Actor(desk_of(ANONYMOUS, village_code), at)

    async def look(db: AsyncSession) -> bool:
        # The worker is the machine, which no policy holds. Here it is its township's desk, and both walls stand.
        await db.execute(_AS_APP)
        report = await lock_unlooked(db, report_id)
        if report is None:  # looked at before, or an officer was faster
            return False
        report.looked_at = at
        number = unsealed(ring_of(db), "hardship_report", report)["id_number"]
        household_id = the_household(await namesakes(db, desk, report), number)
        clue_id = None if household_id is None else await clue_of_report(db, desk, report, household_id)
        if clue_id is not None:
            report.matching, report.settled_at = ReportMatching.MATCHED, at
        await db.flush()
        told = {"matching": report.matching.value}
        await record(db, desk, "look_for_family", "hardship_report", report_id, village_code, told)
        return clue_id is not None

    return await carry_out(sessions, look, set_viewer=SET_VIEWER, viewer=viewer_settings(desk.viewer))
