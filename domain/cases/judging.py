"""Facts meet rules: the category of a family, and whether its risk is gone, as they stand today. The case is held."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import viewer_parameters
from domain.access.rules import Actor, Viewer
from domain.base.errors import Problem, missing
from domain.cases.categories import decided_category, has_shock
from domain.cases.conditions import Condition, conditions, unmet
from domain.cases.facts import elimination_facts, income_known, sign_of
from domain.cases.models import MonitoringCase
from domain.cases.queries import Held, case_policy, sees_case
from domain.cases.rules import LIFTED
from domain.households.models import Household
from domain.households.queries import meets_of


async def judged_category(
    db: AsyncSession, actor: Actor, held: Held, given: str | None
) -> tuple[str | None, list[Problem]]:
    """The category by the family's figures of today, and what stands against it."""
    income = await income_known(db, held.household, actor.today)
    return decided_category(
        given,
        is_lifted=held.household.category == LIFTED,
        is_in_range=None if income.per_capita_fen is None else income.per_capita_fen < held.policy.line_fen,
        unknown_months=income.unknown_months,
        has_shock=has_shock(await sign_of(db, held.case.clue_id), held.case.causes),
        in_force=held.policy.categories,
    )


async def judged_conditions(db: AsyncSession, actor: Actor, held: Held) -> tuple[tuple[Condition, ...], list[Problem]]:
    """The conditions as they stand today, and what stands against the family's leaving."""
    found = conditions(await elimination_facts(db, held.case, held.household, held.policy, actor.today))
    needed = unmet(found)
    return found, [missing("ELIMINATION_NOT_YET", ("input", "caseId"), *needed)] if needed else []


def as_evidence(found: tuple[Condition, ...]) -> dict[str, Any]:
    """The conditions as an event keeps them."""
    return {"conditions": [{"code": one.code, "state": one.state.value, **one.detail} for one in found]}


async def conditions_of(
    db: AsyncSession, viewer: Viewer, today: date, case_id: uuid.UUID
) -> tuple[Condition, ...] | None:
    """The conditions of a case for whoever meets its family; None for everybody else. Holds nothing."""
    seen = (
        select(MonitoringCase, Household)
        .join(Household, Household.id == MonitoringCase.household_id)
        .where(MonitoringCase.id == case_id, sees_case(), meets_of(MonitoringCase))
    )
    found = (await db.execute(seen, viewer_parameters(viewer))).one_or_none()
    if found is None:
        return None
    case, household = found
    policy = await case_policy(db, household.region_code, today)
    return conditions(await elimination_facts(db, case, household, policy, today))
