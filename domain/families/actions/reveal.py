"""Somebody's numbers in the clear, one at a time, for a purpose that is said and traced (查看明文)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, time

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import sees_household, viewer_parameters
from domain.access.rules import CHINA, Actor
from domain.audit.actions import record
from domain.base.errors import InvalidInput, Problem, Refused, not_visible
from domain.base.sealed_fields import unsealed
from domain.base.transactions import ring_of
from domain.families.rules import REVEALED, Revealed, RevealPurpose, may_reveal, reveal_problems
from domain.households.models import Household, Person
from domain.households.queries import sees_person
from domain.policy.queries import policy_of

REVEALS_A_DAY = "REVEALS_A_DAY"


async def reveal_identity(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    person_id: uuid.UUID | None,
    household_id: uuid.UUID | None,
    fields: Collection[Revealed],
    purpose: RevealPurpose,
    reason: str,
) -> dict[Revealed, str | None]:
    """Field -> value, of one person or of one household. Every call is a look: the same again leaves another entry.

    Raises InvalidInput, NotVisible, and Refused: FORBIDDEN_ROLE; TOO_MANY_REVEALS when the day's number, which the
    county's policy sets, has been used up.
    """
    kind = "person" if person_id is not None else "household"
    if problems := reveal_problems(person_id, household_id, fields, reason):
        raise InvalidInput(*problems)
    if not may_reveal(actor.viewer.roles):
        raise Refused(Problem("FORBIDDEN_ROLE", ("input",)))
    parameters = viewer_parameters(actor.viewer)
    kept: Household | Person | None
    if person_id is not None:
        kept = await db.scalar(select(Person).where(Person.id == person_id, sees_person()), parameters)
    else:
        scope = sees_household(Household.region_code, Household.id)
        kept = await db.scalar(select(Household).where(Household.id == household_id, scope), parameters)
    if kept is None:
        raise not_visible(f"{kind}Id")
    await _stop_if_too_many(db, actor, kept.region_code)
    # A person's entry is about their family as well: it stands in the family's own log.
    home = kept.id if isinstance(kept, Household) else kept.household_id or kept.left_household_id
    told = {"kinds": sorted(fields), "purpose": purpose.value}
    await record(
        db,
        actor,
        "reveal_identity",
        kind,
        kept.id,
        kept.region_code,
        told,
        operation_id=operation_id,
        purpose=reason.strip(),
        seen=[home] if home is not None else None,
    )
    opened = unsealed(ring_of(db), kind, kept)
    return {field: opened[REVEALED[kind][field]] for field in fields}


async def _stop_if_too_many(db: AsyncSession, actor: Actor, region_code: str) -> None:
    """By the policy where the family lives: whoever needs more in a day does not look, but copies."""
    policy = await policy_of(db, region_code, actor.today, (REVEALS_A_DAY,))
    limit = int(policy[REVEALS_A_DAY])
    midnight = datetime.combine(actor.today, time(), CHINA)
    revealed = await db.scalar(select(func.ruhu_reveals_since(midnight))) or 0
    if revealed >= limit:
        raise Refused(Problem("TOO_MANY_REVEALS", ("input",), {"limit": limit}))
