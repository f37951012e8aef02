"""What the worker does for sweeps by itself: it opens those that are due, and makes clues of what calls have found."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import SET_VIEWER, viewer_settings
from domain.access.rules import AFTER_EVERY_DIGIT, ANONYMOUS, CHINA, Actor, Viewer
from domain.audit.actions import record
from domain.base.models import namespace_id
from domain.base.transactions import Sessions, carry_out
from domain.monitoring.actions import raise_clue
from domain.policy.queries import policies_of
from domain.sweeps.actions import source_of
from domain.sweeps.gathering import gather
from domain.sweeps.models import Sweep, SweepKind
from domain.sweeps.rules import COUNTS_FOR, SIGN_OF_FINDING, SWEEP_PARAMETERS, due_sweeps, groups_of

AT_ONCE: Final = 100  # clues in one transaction
_AS_APP: Final = text("SET LOCAL ROLE ruhu_app")
_COUNTIES = text("SELECT DISTINCT left(region_code, 6) FROM household WHERE ended_on IS NULL ORDER BY 1")

# Findings of a sweep's calls (queries.is_call_of says the same) and that no clue of their sweep has heard of. A phone may
# have been in a valley for weeks: until half a year after its end a sweep is looked at.
_UNHEARD = text("""
SELECT DISTINCT left(e.region_code, 9) AS township, e.sweep_id, e.household_id, s.kind, v.id AS visit_id, v.received_at,
  told.sign
FROM sweep s JOIN sweep_entry e ON e.sweep_id = s.id AND e.excluded_at IS NULL
JOIN household h ON h.id = e.household_id AND h.ended_on IS NULL
JOIN visit v ON v.household_id = e.household_id AND v.superseded_by_id IS NULL AND v.contact = 'IN_PERSON'
  AND v.purpose = ANY (s.purposes)
  AND v.occurred_at >= s.from_on::timestamp AT TIME ZONE 'Asia/Shanghai'
  AND v.occurred_at < (s.until_on + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'
JOIN visit_finding f ON f.visit_id = v.id
JOIN unnest(CAST(:findings AS text[]), CAST(:signs AS text[])) AS told(kind, sign) ON told.kind = f.kind
WHERE s.until_on > CAST(:today AS date) - 183 AND NOT EXISTS (
  SELECT FROM clue c JOIN clue_witness w ON w.clue_id = c.id AND w.reference = v.id::text
  WHERE c.household_id = e.household_id AND c.sign = told.sign AND c.period = e.sweep_id::text)
ORDER BY 1, 2, 3, 7
""")


async def open_due_sweeps(sessions: Sessions, at: datetime) -> int:
    """Open what is due in each county that has families, by its policy, a county a transaction; how many were opened."""
    today = at.astimezone(CHINA).date()
    async with sessions() as db:
        counties = list(await db.scalars(_COUNTIES))
        policies = await policies_of(db, {(county, today) for county in counties}, SWEEP_PARAMETERS)
    opened = 0
    for county in counties:
        policy = policies[county, today]
        async with sessions() as db, db.begin():
            for span in due_sweeps(today, policy["SWEEP_INTERVAL"], policy["SWEEP_MONTHS"]):
                sweep_id = namespace_id(f"sweep {county} {span.kind} {span.period}")
                born = await db.scalar(
                    insert(Sweep)
                    .values(
                        id=sweep_id,
                        kind=span.kind,
                        region_code=county,
                        period=span.period,
                        from_on=span.from_on,
                        until_on=span.until_on,
                        groups=groups_of(span.kind),
                        purposes=list(COUNTS_FOR[span.kind]),
                        opened_at=at,
                    )
                    .on_conflict_do_nothing()
                    .returning(Sweep.id)
                )
                if born is not None:
                    opened += 1
                    await gather(db, sweep_id, at)
                    told = {"kind": span.kind.value, "period": span.period, "groups": groups_of(span.kind)}
                    await record(db, Actor(ANONYMOUS, at), "open_sweep", "sweep", sweep_id, county, told)
    return opened


async def raise_clues_of_sweeps(sessions: Sessions, at: datetime) -> int:
    """A clue, or one more witness, for every finding that tells of hardship; how many findings there were.

    Day 0 is the day the server heard of the call. Safe to be killed and to be run again: what a clue has heard of is
    found no more. Done as somebody who sees the township and nothing else, so both walls stand.
    """
    signs = {"findings": list(SIGN_OF_FINDING), "signs": list(SIGN_OF_FINDING.values())}
    async with sessions() as db:
        unheard = (await db.execute(_UNHEARD, {**signs, "today": at.astimezone(CHINA).date()})).all()
    for township, rows in itertools.groupby(unheard, key=lambda row: row.township):
        within = (township,)
        desk = Actor(Viewer(region_from=township, region_to=township + AFTER_EVERY_DIGIT, met_spans=within), at)
        waiting = list(rows)
        for begin in range(0, len(waiting), AT_ONCE):
            await _raise(sessions, desk, waiting[begin : begin + AT_ONCE])
    return len(unheard)


async def _raise(sessions: Sessions, desk: Actor, rows: Sequence[Row[Any]]) -> None:
    async def raise_them(db: AsyncSession) -> None:
        await db.execute(_AS_APP)
        for row in rows:
            visit_id: uuid.UUID = row.visit_id
            await raise_clue(
                db,
                desk,
                household_id=row.household_id,
                sign=row.sign,
                period=str(row.sweep_id),
                source=source_of(SweepKind(row.kind)),
                reference=str(visit_id),
                detail={"visitId": str(visit_id)},
                received_at=row.received_at,
            )

    await carry_out(sessions, raise_them, set_viewer=SET_VIEWER, viewer=viewer_settings(desk.viewer))
