"""Figures give signs by themselves: what somebody has just written down, or what a night's run finds, becomes clues."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ARRAY, Uuid, and_, any_, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import sees_household, viewer_parameters
from domain.access.rules import Actor
from domain.audit.actions import record
from domain.households.models import Household
from domain.monitoring.models import Clue, ClueWitness
from domain.monitoring.months import population_of
from domain.monitoring.rules import (
    CLUE_PARAMETERS,
    INCOME_BELOW_STANDARD,
    CluePolicy,
    ClueSource,
    ClueState,
    begun_on,
    due_on,
)
from domain.monitoring.signs import signs_on
from domain.policy.queries import policies_of

Key = tuple[uuid.UUID, str]  # household, sign


async def evaluate_households(
    db: AsyncSession, actor: Actor, *, household_ids: Collection[uuid.UUID]
) -> list[uuid.UUID]:
    """Judge the figures of these households as they are known now, and raise a clue for every sign; those that the actor
    does not see are left out. Answers the ids of the clues that are new.

    A sign that waits to be verified gets one more witness for each month that bears it out; what a settled clue answered
    for is not raised again; the clue dates from the evaluation (domain.md §11.10). Safe to repeat, and to run twenty times
    at once. Six statements for any number of households, and an entry of audit for each clue that heard something new.
    """
    wanted = literal(list(household_ids), ARRAY(Uuid()))
    population = population_of(
        and_(Household.id == any_(wanted), sees_household(Household.region_code, Household.id)), actor.today
    )
    viewer = viewer_parameters(actor.viewer)
    found = (await db.execute(signs_on(population, actor.today), viewer)).all()
    if not found:
        return []
    here = await _held(db, [row.household_id for row in found], viewer)
    signs = {(row.household_id, row.sign): row for row in found if row.household_id in here}
    clue_of = await _waiting(db, list(here))
    born = await _born(db, actor, [row for key, row in signs.items() if key not in clue_of])
    clue_of |= born
    heard = await _witnessed(db, actor, [(clue_of[key], row) for key, row in signs.items() if key in clue_of])
    for key, row in signs.items():
        clue_id = clue_of.get(key)
        if clue_id in heard:
            told = {"sign": row.sign, "period": row.period, "source": _source(row.sign).value, "isNew": key in born}
            await record(db, actor, "raise_clue", "clue", clue_id, row.region_code, told)
    return list(born.values())


def _source(sign: str) -> ClueSource:
    return ClueSource.INCOME_RULE if sign == INCOME_BELOW_STANDARD else ClueSource.EXPENSE_RULE


async def _held(db: AsyncSession, ids: Collection[uuid.UUID], viewer: dict[str, Any]) -> frozenset[uuid.UUID]:
    """Those of them that are still there, held against whoever is about to end or merge them, in the order of ids."""
    there = (
        select(Household.id)
        .where(Household.id.in_(ids), Household.ended_on.is_(None))
        .where(sees_household(Household.region_code, Household.id))
        .order_by(Household.id)
        .with_for_update(read=True, key_share=True)
    )
    return frozenset(await db.scalars(there, viewer))


async def _waiting(db: AsyncSession, ids: Sequence[uuid.UUID]) -> dict[Key, uuid.UUID]:
    """The clues of these households that wait to be verified; of two of one sign the later."""
    rows = await db.execute(
        select(Clue.household_id, Clue.sign, Clue.id)
        .where(Clue.household_id.in_(ids), Clue.state == ClueState.NEW)
        .order_by(Clue.received_at, Clue.id)
    )
    return {(household_id, sign): clue_id for household_id, sign, clue_id in rows}


async def _born(db: AsyncSession, actor: Actor, signs: Sequence[Any]) -> dict[Key, uuid.UUID]:
    """A clue for each; one that somebody else has raised meanwhile is theirs, and hears of us the next time."""
    if not signs:
        return {}
    began_on = begun_on(actor.at)
    policies = await policies_of(db, {(row.region_code, began_on) for row in signs}, CLUE_PARAMETERS)
    due = {region: due_on(began_on, CluePolicy.of(values)) for (region, _), values in policies.items()}
    rows = await db.execute(
        insert(Clue)
        .values(
            [
                {
                    "id": uuid.uuid4(),
                    "household_id": row.household_id,
                    "region_code": row.region_code,
                    "sign": row.sign,
                    "period": row.period,
                    "received_at": actor.at,
                    "began_on": began_on,
                    "due_on": due[row.region_code],
                    "state": ClueState.NEW,
                }
                for row in signs
            ]
        )
        .on_conflict_do_nothing(constraint="one_clue_per_sign_and_period")
        .returning(Clue.household_id, Clue.sign, Clue.id)
    )
    return {(household_id, sign): clue_id for household_id, sign, clue_id in rows}


async def _witnessed(db: AsyncSession, actor: Actor, signs: Sequence[tuple[uuid.UUID, Any]]) -> frozenset[uuid.UUID]:
    """The rule as a witness of each clue, once for the month that it speaks of; the clues that had not heard of it."""
    if not signs:
        return frozenset()
    heard = await db.scalars(
        insert(ClueWitness)
        .values(
            [
                {
                    "id": uuid.uuid4(),
                    "clue_id": clue_id,
                    "region_code": row.region_code,
                    "source": _source(row.sign),
                    "reference": row.period,
                    "received_at": actor.at,
                    "recorded_by_id": None,
                    # Which months; no amounts: whoever may read those reads them where they stand.
                    "detail": {"fromMonth": f"{row.from_month:%Y-%m}", "untilMonth": f"{row.until_month:%Y-%m}"},
                }
                for clue_id, row in signs
            ]
        )
        .on_conflict_do_nothing(constraint="one_witness_per_reference")
        .returning(ClueWitness.clue_id)
    )
    return frozenset(heard)
