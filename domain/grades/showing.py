"""What is on record of a household, shown to whoever is about to judge it: before a proposal, and without one."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import sees_household, viewer_parameters
from domain.access.rules import Actor
from domain.audit.actions import record
from domain.base.errors import InvalidInput, Problem, not_visible
from domain.base.models import Term
from domain.grades.indicators import Indicator, indicators_of, light, light_indicators, told
from domain.grades.known import facts_of, light_facts_of, schemes_of
from domain.households.models import Household
from domain.households.queries import meets_of


async def show_indicators(
    db: AsyncSession, actor: Actor, *, household_id: str, scheme: str, level: str | None, language: str
) -> list[dict[str, Any]]:
    """The indicators of a household under a scheme as they are today, as `told` has them, with their labels.

    level: the one in mind; of a scheme that is reckoned it is the light that shines today, whatever is asked. Leaves an
    entry of the trace as every look at a family's figures does. Raises NotVisible, for who does not meet it too, and
    InvalidInput (UNKNOWN_CODE).
    """
    try:
        wanted = uuid.UUID(household_id)
    except ValueError:
        raise not_visible("householdId") from None
    seen = sees_household(Household.region_code, Household.id), meets_of(Household)
    household = await db.scalar(select(Household).where(Household.id == wanted, *seen), viewer_parameters(actor.viewer))
    if household is None:
        raise not_visible("householdId")
    known = (await schemes_of(db)).get(scheme)
    if known is None:
        raise InvalidInput(Problem("UNKNOWN_CODE", ("scheme",), {"list": "grading_scheme", "code": scheme[:40]}))
    facts = await facts_of(db, household, actor.today)
    indicators: list[Indicator] = indicators_of(facts)
    if known.is_computed:
        lit = await light_facts_of(db, household, facts, actor.today)
        level, indicators = light(lit.net, lit.members, lit.line, lit.bands), light_indicators(lit)
    words = {
        row.code: row.label_en if language == "en" else row.label_zh
        for row in await db.scalars(select(Term).where(Term.list == "grade_indicator"))
    }
    told_of = {"kinds": ["INCOME", "NOTE"], "households": 1}
    await record(db, actor, "look", "household", wanted, household.region_code, told_of, seen=[wanted])
    return [row | {"label": words.get(row["code"], row["code"])} for row in told(known, level, indicators)]
