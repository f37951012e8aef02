"""Somebody with an account is a relative of a family: declared by themselves, or by an officer (亲属关系申报)."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.models import Account
from domain.access.rules import OFFICER_ROLES, Actor, GrantRole
from domain.audit.actions import record
from domain.base.errors import InvalidInput, not_visible, refused
from domain.cases.models import Kinship
from domain.changes.actions import Answer, once
from domain.households.queries import lock_households
from domain.households.rules import Reading

RELATION_LIMIT = 50  # characters
DECLARES = OFFICER_ROLES | {GrantRole.HELPER}


async def declare_kinship(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    household_id: uuid.UUID,
    relation: str,
    account_id: uuid.UUID | None = None,
) -> Answer:
    """From now on this account takes no step in the family's cases: "relatives recuse" (domain.md §11.6). Declared again,
    it stays as it is.

    account_id: whose, if not one's own: that is for officers of the place. Answers {"household_id"}. Raises NotVisible;
    Refused (FORBIDDEN_ROLE); InvalidInput (NOT_FOUND for the account, REQUIRED, TOO_LONG).
    """

    async def declare() -> Answer:
        household = (await lock_households(db, actor, [household_id])).get(household_id)
        if household is None:
            raise not_visible("householdId")
        allowed = OFFICER_ROLES if account_id not in (None, actor.id) else DECLARES
        if actor.viewer.roles.isdisjoint(allowed):
            raise refused("FORBIDDEN_ROLE", roles=", ".join(sorted(allowed)))
        reading = Reading(actor.today, {})
        words = reading.text(relation, ("input", "relation"), at_most=RELATION_LIMIT, is_required=True)
        whose = account_id or actor.id
        if await db.scalar(select(Account.id).where(Account.id == whose)) is None:
            reading.wrong("NOT_FOUND", ("input", "accountId"))
        if reading.problems:
            raise InvalidInput(*reading.problems)
        row = {
            "id": operation_id,
            "account_id": whose,
            "household_id": household_id,
            "region_code": household.region_code,
            "relation": words,
            "declared_at": actor.at,
            "declared_by_id": actor.id,
        }
        await db.execute(insert(Kinship).on_conflict_do_nothing(), row)
        about = ("household", household_id, household.region_code, {"account": str(whose)})
        await record(db, actor, "declare_kinship", *about, operation_id=operation_id)
        return {"household_id": str(household_id)}

    content = {"household_id": household_id, "relation": relation, "account_id": account_id}
    return await once(db, actor, operation_id, "declare_kinship", content, declare)
