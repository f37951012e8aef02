"""Whom a sweep is for, written down in one statement by the worker: 13,000 houses in a flood, 50,000 in a county."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Final

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import CHINA
from domain.base.transactions import Sessions
from domain.sweeps.models import Sweep, SweepKind
from domain.tasks import progress

GATHER: Final = "gather_households"  # the job

_EVERYBODY = text("""
INSERT INTO sweep_entry (sweep_id, household_id, region_code, groups, is_unlocated, added_at)
SELECT s.id, h.id, h.region_code, '{}', false, :at
FROM sweep s JOIN household h ON h.region_code >= s.region_code AND h.region_code < s.region_code || ':'
WHERE h.ended_on IS NULL AND s.id = :sweep
ON CONFLICT DO NOTHING
""")

# Who is in a group says what is on record: somebody's health, a clue or a finding of the last year. Of the rest a roster
# says so, whose code is that of the group, or begins with it: DIBAO:350125 is one county's list.
_BY_GROUPS = text("""
INSERT INTO sweep_entry (sweep_id, household_id, region_code, groups, is_unlocated, added_at)
SELECT :sweep, h.id, h.region_code, array_agg(DISTINCT member.code ORDER BY member.code), false, :at
FROM sweep s JOIN household h ON h.region_code >= s.region_code AND h.region_code < s.region_code || ':'
  AND h.ended_on IS NULL
JOIN (
  SELECT p.household_id, CASE WHEN sick.code = 'DISABLED' THEN 'DISABILITY' ELSE 'SERIOUS_OR_CHRONIC_ILLNESS' END AS code
  FROM person p, unnest(p.health) AS sick(code) WHERE sick.code IN ('DISABLED', 'SERIOUS_ILLNESS', 'CHRONIC_ILLNESS')
  UNION ALL SELECT p.household_id, 'DISABILITY' FROM person p WHERE p.disability_certificate_sealed IS NOT NULL
  UNION ALL SELECT c.household_id, told.code
  FROM clue c JOIN (VALUES ('DISASTER', 'DISASTER_STRICKEN'), ('FAMILY_UPHEAVAL', 'FAMILY_UPHEAVAL'),
                           ('DANGEROUS_HOUSING', 'DANGEROUS_HOUSING')) AS told(sign, code) ON told.sign = c.sign
  WHERE c.state IN ('NEW', 'VERIFIED') AND c.began_on > CAST(:today AS date) - 365
  UNION ALL SELECT v.household_id, told.code
  FROM visit v JOIN visit_finding f ON f.visit_id = v.id
  JOIN (VALUES ('DISASTER', 'DISASTER_STRICKEN'), ('FAMILY_UPHEAVAL', 'FAMILY_UPHEAVAL'),
               ('DANGEROUS_HOUSING', 'DANGEROUS_HOUSING')) AS told(kind, code) ON told.kind = f.kind
  WHERE v.superseded_by_id IS NULL AND v.occurred_at > CAST(:at AS timestamptz) - interval '365 days'
  UNION ALL SELECT e.household_id, CASE WHEN r.code = ANY (w.groups) THEN r.code ELSE split_part(r.code, ':', 1) END
  FROM roster_entry e JOIN roster r ON r.id = e.roster_id JOIN sweep w ON w.id = :sweep
  WHERE (r.code = ANY (w.groups) OR split_part(r.code, ':', 1) = ANY (w.groups))
    AND coalesce(e.ended_on > :today, true) AND coalesce(r.ended_on > :today, true)
) member ON member.household_id = h.id AND member.code = ANY (s.groups)
WHERE s.id = :sweep GROUP BY h.id, h.region_code
ON CONFLICT DO NOTHING
""")

# On the border is inside: who lives at the water's edge is asked rather than forgotten. ST_Intersects finds the houses by
# their index. A village with one house inside counts as touched, and then whoever has no place on record is asked too.
_CANDIDATES = text("""
WITH inside AS (
  SELECT s.id AS sweep_id, h.id, h.region_code FROM sweep s JOIN disaster d ON d.id = s.id
  JOIN household h ON ST_Intersects(d.area, h.location)
    AND h.region_code >= s.region_code AND h.region_code < s.region_code || ':' AND h.ended_on IS NULL
  WHERE s.id = :sweep)
INSERT INTO sweep_entry (sweep_id, household_id, region_code, groups, is_unlocated, added_at)
SELECT i.sweep_id, i.id, i.region_code, CAST('{}' AS text[]), false, CAST(:at AS timestamptz)
FROM inside i
UNION ALL
SELECT CAST(:sweep AS uuid), h.id, h.region_code, CAST('{}' AS text[]), true, :at FROM household h
WHERE h.location IS NULL AND h.ended_on IS NULL AND h.region_code IN (SELECT region_code FROM inside)
ON CONFLICT DO NOTHING
""")


def candidates(sweep: Sweep) -> TextClause:
    """The statement that writes down whom a sweep is for."""
    if sweep.kind is SweepKind.DISASTER:
        return _CANDIDATES
    return _BY_GROUPS if sweep.groups else _EVERYBODY


async def gather(db: AsyncSession, sweep_id: uuid.UUID, at: datetime) -> int | None:
    """Write down whom a sweep is for, as the machine role; how many, or None where that was done before.

    Who comes into the village afterwards is not of this campaign: its ledger is closed the day it is opened.
    """
    sweep = await db.get(Sweep, sweep_id, with_for_update=True)
    if sweep is None or sweep.gathered_at is not None:
        return None
    given = {"sweep": sweep_id, "at": at}
    if sweep.groups and sweep.kind is not SweepKind.DISASTER:
        given["today"] = at.astimezone(CHINA).date()
    result = await db.execute(candidates(sweep), given)
    sweep.gathered_at = at
    await db.flush()
    count: int = result.rowcount  # type: ignore[attr-defined]
    return count


async def gather_for_task(sessions: Sessions, task_id: uuid.UUID, sweep_id: uuid.UUID, at: datetime) -> None:
    """The task of whoever opened the sweep; killed at any moment, nothing of it stands, and it is done anew."""
    async with sessions() as db, db.begin():
        task = await progress.start(db, task_id, at)
        if task is None:
            return
        task.total = task.done = await gather(db, sweep_id, at) or 0
        await db.flush()
        await progress.finish(db, task_id, at)
