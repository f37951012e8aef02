"""How a family stood before a quarter and after it, reckoned from facts; and for how many days it was monitored."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Date, Integer, Text, and_, cast, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.assistance.models import EffectAnalysis, Measure
from domain.assistance.quarters import Quarter
from domain.cases.models import MonitoringCase
from domain.households.models import Household, Membership
from domain.monitoring.queries import income_of
from domain.policy.queries import as_text, value_of

YEAR = 12  # months


def monitored_days(household_id: Any, first: Any, last: Any) -> ColumnElement[Any]:
    """On how many days of [first, last] a household was under monitoring, by its cases: from the day on which the result
    was announced until (not on) the day on which the case closed."""
    case = aliased(MonitoringCase)
    after = cast(last, Date()) + 1
    until = func.least(func.coalesce(case.closed_on, after), after)
    days = func.greatest(until - func.greatest(case.monitored_on, cast(first, Date())), 0)
    return (
        select(func.coalesce(func.sum(days), 0))
        .where(case.household_id == household_id, case.monitored_on.is_not(None))
        .correlate_except(case)
        .scalar_subquery()
    )


def lacks_last_analysis(household: Any, today: Any) -> ColumnElement[bool]:
    """The last quarter that is over was to be analysed, by policy ("for quarters with ≥ 31 monitored days", domain.md
    §11.14), and is not, or is not confirmed."""
    this = cast(func.date_trunc("quarter", cast(today, Date())), Date())
    first = cast(this - func.make_interval(0, 3), Date())
    last = this - 1
    analysis = aliased(EffectAnalysis)
    done = select(literal(1)).where(
        analysis.household_id == household.id,
        analysis.quarter == func.to_char(first, 'YYYY"Q"Q'),
        analysis.confirmed_at.is_not(None),
    )
    needed = cast(as_text(value_of("QUARTERLY_REVIEW_FROM_DAYS", household.region_code, last)), Integer())
    is_reviewed = as_text(value_of("QUARTERLY_REVIEW", household.region_code, last)) == "true"
    days = monitored_days(household.id, first, last)
    return and_(is_reviewed, days >= needed, ~done.correlate_except(analysis).exists())


def days_to_first_measure(household: Any) -> ColumnElement[Any]:
    """From the day on which the county decided the household's latest case to the first measure that reached it from then
    on; null where none has: "First measure soon after the decision" (domain.md §6; 即时纳入、即时帮扶, Dezhou 2019)."""
    case, measure = aliased(MonitoringCase), aliased(Measure)
    decided_on = cast(func.timezone("Asia/Shanghai", case.decided_at), Date())
    first = select(func.min(measure.delivered_on)).where(
        measure.household_id == household.id, measure.delivered_on >= decided_on
    )
    return (
        select(first.correlate_except(measure).scalar_subquery() - decided_on)
        .where(case.household_id == household.id, case.decided_at.is_not(None))
        .order_by(case.decided_at.desc())
        .limit(1)
        .correlate_except(case)
        .scalar_subquery()
    )


@dataclass(frozen=True, slots=True)
class Figures:
    """How a family stood at the end of a day: income per head of the twelve months before, in fen, or unknown; causes; how
    many measures had been planned and not cancelled, delivered, confirmed."""

    on: date
    income_fen: int | None
    causes: list[str]
    planned: int
    delivered: int
    confirmed: int

    def columns(self, side: str) -> dict[str, Any]:
        """As the columns of an analysis have it: side is before or after."""
        return {f"{side}_{name}": getattr(self, name) for name in self.__dataclass_fields__}


async def figures_of(
    db: AsyncSession, household_id: uuid.UUID, region_code: str, on: date, causes: list[str]
) -> Figures:
    """The family's figures at the end of that day, as they are known now. Income by its window: up to the end of the month
    before (domain.md §11.9)."""
    day = literal(on, Date())
    spell = aliased(Membership)
    members = (
        select(func.count())
        .select_from(spell)
        .where(
            spell.household_id == household_id,
            spell.started_on <= on,
            or_(spell.ended_on.is_(None), spell.ended_on > on),
        )
        .scalar_subquery()
    )
    income = income_of(
        literal(household_id), literal(region_code, Text()), members, day, literal(YEAR), is_met=literal(True)
    ).subquery("income")
    fen = await db.scalar(select(cast(income.c.per_capita_net * 100, BigInteger())))
    stands = or_(Measure.cancelled_on.is_(None), Measure.cancelled_on > on)
    counts = (
        await db.execute(
            select(
                func.count().filter(and_(Measure.planned_on <= on, stands)),
                func.count().filter(Measure.delivered_on <= on),
                func.count().filter(Measure.confirmed_on <= on),
            ).where(Measure.household_id == household_id)
        )
    ).one()
    return Figures(on, fen, causes, *counts)


async def causes_before(db: AsyncSession, household_id: uuid.UUID, quarter: Quarter) -> list[str]:
    """The causes with which the quarter began: those that the last analysis before ended with, else those for which the
    family was put under monitoring, else those on record now."""
    earlier = (
        select(EffectAnalysis.after_causes)
        .where(EffectAnalysis.household_id == household_id, EffectAnalysis.quarter < quarter.name)
        .order_by(EffectAnalysis.quarter.desc())
        .limit(1)
    )
    entered = (
        select(MonitoringCase.causes)
        .where(MonitoringCase.household_id == household_id, MonitoringCase.monitored_on <= quarter.last)
        .order_by(MonitoringCase.monitored_on.desc())
        .limit(1)
    )
    now = select(Household.causes).where(Household.id == household_id)
    for asked in (earlier, entered, now):
        found = await db.scalar(asked)
        if found is not None:
            return list(found)
    raise AssertionError("the household is there: it was asked for before")


async def case_of(db: AsyncSession, household_id: uuid.UUID, quarter: Quarter) -> uuid.UUID | None:
    """The case by which the family was monitored in the quarter, the latest."""
    return await db.scalar(
        select(MonitoringCase.id)
        .where(MonitoringCase.household_id == household_id, MonitoringCase.monitored_on <= quarter.last)
        .order_by(MonitoringCase.monitored_on.desc())
        .limit(1)
    )
