"""The whole province at night (夜间全量研判): figures are judged again although nobody wrote anything down.

Months pass, a threshold is set anew, a family moves under another county's numbers: no mutation touches the household, and
yet its figures may give a sign now. What somebody does write down is judged in their own transaction; this finds the rest.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import exists, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import SET_VIEWER, viewer_settings
from domain.access.rules import AFTER_EVERY_DIGIT, CHINA, Actor, Viewer
from domain.base.transactions import Sessions, carry_out
from domain.households.models import Household
from domain.monitoring.actions.signs import evaluate_households
from domain.monitoring.models import IncomeStatement, NightlyEvaluation
from domain.regions.models import Region
from domain.regions.rules import RegionLevel

AT_ONCE: Final = 2000  # households a statement: a large township's plan is bounded, and so is the memory it takes


def rule_over(township: str, at: datetime) -> Actor:
    """The rule as it acts over one township: nobody's account, no role, and it sees no further.

    Wall 1 alone holds it: figures are shown to roles that meet families, and a rule has none, so it runs as the machine.
    """
    today = at.astimezone(CHINA).date()
    return Actor(Viewer(region_from=township, region_to=township + AFTER_EVERY_DIGIT, today=today), at)


async def townships_to_judge(db: AsyncSession, at: datetime) -> list[str]:
    """The townships with families that were not judged on this day in China yet, in the order of their codes."""
    lives_there = exists().where(
        Household.region_code >= Region.code,
        Household.region_code < Region.code.concat(AFTER_EVERY_DIGIT),
        Household.ended_on.is_(None),
    )
    found = await db.scalars(
        select(Region.code)
        .outerjoin(NightlyEvaluation, NightlyEvaluation.region_code == Region.code)
        .where(
            Region.level == RegionLevel.TOWNSHIP,
            or_(NightlyEvaluation.day.is_(None), NightlyEvaluation.day < at.astimezone(CHINA).date()),
            lives_there,
        )
        .order_by(Region.code)
    )
    return list(found)


async def judge_township(sessions: Sessions, township: str, at: datetime) -> int:
    """Judge all families of a township, once a day, in one transaction; answers how many clues are new.

    The township is the unit because the change feed locks by township: no writer of another one waits. That it was judged
    stands in the same transaction as its clues, so a worker that is killed leaves the whole of a township or nothing; of
    two workers at once one waits for the other, and finds it done.
    """
    rule = rule_over(township, at)

    async def judge(db: AsyncSession) -> int:
        taken = insert(NightlyEvaluation).values(region_code=township, day=rule.today, judged_at=at, raised=0)
        mine = await db.scalar(
            taken.on_conflict_do_update(
                index_elements=[NightlyEvaluation.region_code],
                set_={"day": taken.excluded.day, "judged_at": at, "raised": 0},
                where=NightlyEvaluation.day < rule.today,
            ).returning(NightlyEvaluation.region_code)
        )
        if mine is None:
            return 0
        # Of whom nothing is written down, nothing can be judged: UNKNOWN is neither pass nor fail.
        has_figures = exists().where(IncomeStatement.household_id == Household.id)
        ids = list(
            await db.scalars(
                select(Household.id)
                .where(Household.region_code >= township, Household.region_code < township + AFTER_EVERY_DIGIT)
                .where(Household.ended_on.is_(None), has_figures)
                .order_by(Household.id)
            )
        )
        raised = 0
        for start in range(0, len(ids), AT_ONCE):
            raised += len(await evaluate_households(db, rule, household_ids=ids[start : start + AT_ONCE]))
        row = await db.get_one(NightlyEvaluation, township)
        row.raised = raised
        return raised

    return await carry_out(sessions, judge, set_viewer=SET_VIEWER, viewer=viewer_settings(rule.viewer))
