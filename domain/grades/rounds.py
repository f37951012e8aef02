"""What the worker does for grades that people judge: it opens the rounds that are due (集中评定)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from domain.access.rules import ANONYMOUS, CHINA, Actor
from domain.audit.actions import record
from domain.base.models import namespace_id
from domain.base.transactions import Sessions
from domain.grades.known import schemes_of
from domain.grades.models import GradingRound
from domain.grades.rules import ROUND_PARAMETERS, due_round
from domain.policy.queries import policies_of

_COUNTIES: Final = text("SELECT DISTINCT left(region_code, 6) FROM household WHERE ended_on IS NULL ORDER BY 1")


async def open_due_rounds(sessions: Sessions, at: datetime) -> int:
    """Open what is due in each county that has families, for each scheme of its policy that people judge; how many.

    A county a transaction. Safe to repeat: a county has one round per scheme and month.
    """
    today = at.astimezone(CHINA).date()
    async with sessions() as db:
        counties = list(await db.scalars(_COUNTIES))
        policies = await policies_of(db, {(county, today) for county in counties}, ROUND_PARAMETERS)
        judged = {code for code, scheme in (await schemes_of(db)).items() if not scheme.is_computed}
        latest = {
            (county, scheme): month
            for county, scheme, month in await db.execute(
                select(GradingRound.region_code, GradingRound.scheme, func.max(GradingRound.month)).group_by(
                    GradingRound.region_code, GradingRound.scheme
                )
            )
        }
    opened = 0
    for county in counties:
        policy = policies[county, today]
        for scheme in judged.intersection(policy["GRADING_SCHEMES"]):
            due = due_round(today, policy["GRADING_MONTHS"], latest.get((county, scheme)), policy["FIRST_GRADING_DAYS"])
            if due is None:
                continue
            async with sessions() as db, db.begin():
                round_id = namespace_id(f"grading {county} {scheme} {due.month}")
                born = await db.scalar(
                    insert(GradingRound)
                    .values(
                        id=round_id,
                        region_code=county,
                        scheme=scheme,
                        month=due.month,
                        opened_on=due.opened_on,
                        due_on=due.due_on,
                        opened_at=at,
                    )
                    .on_conflict_do_nothing()
                    .returning(GradingRound.id)
                )
                if born is not None:
                    opened += 1
                    told = {"scheme": scheme, "month": f"{due.month:%Y-%m}", "dueOn": str(due.due_on)}
                    await record(db, Actor(ANONYMOUS, at), "open_round", "grading_round", round_id, county, told)
    return opened
