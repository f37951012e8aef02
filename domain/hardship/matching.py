"""The family that a report is about is looked for after whoever reported has had their answer (匹配)."""

from __future__ import annotations

import logging
import uuid
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import SET_VIEWER, viewer_settings
from domain.access.rules import ANONYMOUS, Actor
from domain.audit.actions import record
from domain.base.sealed_fields import unsealed
from domain.base.transactions import Sessions, carry_out, ring_of
from domain.hardship.actions import clue_of_report
from domain.hardship.queries import lock_unlooked, namesakes, without_a_look
from domain.hardship.rules import ReportMatching, desk_of, the_household

MOST: Final = 500  # in one round

log = logging.getLogger(__name__)


async def look_for_families(sessions: Sessions, at: datetime) -> int:
    """Look for the families of all reports and calls that nobody has looked at yet; answers how many were found.

    Each in a transaction of its own, under the eyes of its township's desk: what is found has a clue then, with the day 0
    of its report. Safe to run anywhere, twice at once, and after being killed: a report waits until its look has been
    committed. Trouble with one leaves the others alone; it is logged, and the next round comes by again.
    """
    async with sessions() as db:
        waiting = await without_a_look(db, MOST)
    found = 0
    for report_id, village_code in waiting:
        try:
            found += await _look(sessions, at, report_id, village_code)
        except Exception:
            log.exception("the family of a report could not be looked for")
    return found


async def _look(sessions: Sessions, at: datetime, report_id: uuid.UUID, village_code: str) -> bool:
    desk = Actor(desk_of(ANONYMOUS, village_code), at)

    async def look(db: AsyncSession) -> bool:
        report = await lock_unlooked(db, report_id)
        if report is None:  # somebody else looks, or an officer was faster
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
