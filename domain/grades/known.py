"""What is on record of one household, as indicators ask about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Date, Text, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.grades.indicators import YEAR, Facts, LightFacts
from domain.grades.models import GradeLevel, GradingScheme
from domain.grades.rules import Level, Scheme
from domain.households.models import Household, Person
from domain.monitoring.models import Clue, ClueState
from domain.monitoring.queries import counted, precedence_of
from domain.monitoring.rules import (
    BUSINESS,
    INCOME_KINDS,
    MAKE_A_MONTH_KNOWN,
    PRODUCTION_COST,
    PROPERTY,
    WAGE,
    fen,
    window,
)
from domain.policy.queries import policy_of
from domain.visits.models import Visit
from domain.visits.rules import VisitContact

PARAMETERS: Final = ("INCOME_LINE", "RIGID_THRESHOLD", "LIGHT_BANDS")
DAYS_OF_SIGNS: Final = 183  # signs of the last half-year, which is how often S3 grades
_SIGNED: Final = {PRODUCTION_COST: -1}


async def schemes_of(db: AsyncSession) -> dict[str, Scheme]:
    """All schemes, by code."""
    levels: dict[str, dict[str, Level]] = {}
    for row in await db.scalars(select(GradeLevel)):
        level = Level(row.code, row.rank, row.raises_clue, frozenset(row.reasons))
        levels.setdefault(row.scheme_code, {})[row.code] = level
    return {
        row.code: Scheme(row.code, row.is_computed, frozenset(row.categories), levels.get(row.code, {}))
        for row in await db.scalars(select(GradingScheme))
    }


async def facts_of(db: AsyncSession, household: Household, on: date) -> Facts:
    """What is known of the household on a day, in five statements; for who meets the family, as the caller has seen to."""
    values = await policy_of(db, household.region_code, on, PARAMETERS)
    people = (
        await db.execute(
            select(
                func.count().label("members"),
                func.count().filter(Person.labour == "SKILLED").label("skilled"),
                func.count().filter(Person.labour.in_(("ORDINARY", "SKILLED"))).label("able"),
                func.count().filter(Person.labour == "WEAK_OR_HALF").label("weak"),
            ).where(Person.household_id == household.id)
        )
    ).one()
    year, before = window(on, YEAR), window(on, 2 * YEAR)
    precedence = precedence_of(literal(household.region_code, Text()), literal(on, Date()))
    figure = counted(household.id, before.first, year.until, precedence).subquery("figure")
    rows = await db.execute(
        select(figure.c.month, figure.c.kind, func.sum(figure.c.amount_fen)).group_by(figure.c.month, figure.c.kind)
    )
    by_month: dict[Any, dict[str, int]] = {}
    for month, kind, amount in rows:
        by_month.setdefault(month, {})[kind] = int(amount)
    months = [told for month, told in by_month.items() if month >= year.first]
    known = [told for told in months if any(kind in told for kind in MAKE_A_MONTH_KNOWN)]
    calls = await db.scalars(
        select(Visit.answers)
        .where(Visit.household_id == household.id, Visit.contact == VisitContact.IN_PERSON, Visit.is_complete)
        .where(Visit.superseded_by_id.is_(None))
        .order_by(Visit.occurred_at.desc(), Visit.id.desc())
        .limit(2)
    )
    signs = await db.scalars(
        select(Clue.sign).where(
            Clue.household_id == household.id,
            Clue.state.in_((ClueState.NEW, ClueState.VERIFIED)),
            Clue.began_on > on - timedelta(days=DAYS_OF_SIGNS),
        )
    )
    return Facts(
        members=people.members,
        skilled=people.skilled,
        able=people.able,
        weak=people.weak,
        line=fen(values["INCOME_LINE"]) or 0,
        net=sum(map(_net, months)) if len(known) == YEAR else None,
        months_known=len(known),
        months_with_wage=sum(told.get(WAGE, 0) > 0 for told in known),
        business=sum(told.get(BUSINESS, 0) + told.get(PROPERTY, 0) - told.get(PRODUCTION_COST, 0) for told in known),
        rigid=sum(map(_rigid, months)),
        rigid_before=sum(_rigid(told) for month, told in by_month.items() if month < year.first),
        rigid_threshold=fen(values["RIGID_THRESHOLD"]) or 0,
        answers=tuple(calls),
        signs=frozenset(signs),
    )


async def light_facts_of(db: AsyncSession, household: Household, facts: Facts, on: date) -> LightFacts:
    """The same, as far as a light asks about it."""
    values = await policy_of(db, household.region_code, on, PARAMETERS)
    until = window(on, 1).first
    bands = tuple(values["LIGHT_BANDS"])
    return LightFacts(facts.net, facts.members, facts.line, bands, YEAR - facts.months_known, until)


def _net(told: Mapping[str, int]) -> int:
    """Income less production cost, transfers counted (domain.md §8)."""
    return sum(_SIGNED.get(kind, 1) * told.get(kind, 0) for kind in INCOME_KINDS)


def _rigid(told: Mapping[str, int]) -> int:
    return sum(amount for kind, amount in told.items() if kind not in INCOME_KINDS)
