"""The clues that matched rows raise, some hundred at once: `raise_clue` of domain/monitoring for sets of rows."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import sees_household, viewer_parameters
from domain.access.rules import Actor
from domain.audit.actions import record
from domain.helpers.models import Organisation
from domain.households.models import Household
from domain.lists.models import DepartmentList, DepartmentListRow
from domain.lists.rules import MATCHED, Candidate, ListRowOutcome
from domain.monitoring.models import Clue, ClueWitness
from domain.monitoring.rules import CLUE_PARAMETERS, CluePolicy, ClueSource, ClueState, begun_on, due_on
from domain.policy.queries import policies_of


@dataclass(frozen=True, slots=True)
class Fit:
    """A row, the person whom it is about, and the village of their family."""

    row: DepartmentListRow
    one: Candidate
    region_code: str

    @staticmethod
    def is_seen(outcome: ListRowOutcome) -> bool:
        """Whether officers see the row, and so whether it carries the family's village."""
        return outcome in MATCHED

    def reference(self, delivered: DepartmentList) -> str:
        """A department is one witness for each person, however often its lists name them."""
        return f"{delivered.organisation_id} {self.one.person_id}"


async def raise_clues(
    db: AsyncSession, actor: Actor, delivered: DepartmentList, fits: Sequence[Fit], heard_at: datetime
) -> list[tuple[Fit, ListRowOutcome]]:
    """A clue for each household, or one more witness of the clue that it has for this sign and month; day 0 is that of
    `heard_at`. What a department says of somebody twice is REPEATED. Five statements, and one for each new witness."""
    here = await _held(db, actor, {fit.one.household_id for fit in fits})
    outcomes = [(fit, ListRowOutcome.NOT_A_HOUSEHOLD_MEMBER) for fit in fits if fit.one.household_id not in here]
    fits = [fit for fit in fits if fit.one.household_id in here]
    if not fits:
        return outcomes
    clues, born = await _clues(db, delivered, fits, heard_at)
    heard = await _witnessed(db, delivered, fits, clues, heard_at)
    for fit in fits:
        clue_id = clues[fit.one.household_id]
        if fit.row.id not in heard:
            outcomes.append((fit, ListRowOutcome.REPEATED))
            continue
        is_new = clue_id in born
        born.discard(clue_id)  # the next row of the same family is a witness
        outcomes.append((fit, ListRowOutcome.MATCHED_NEW_CLUE if is_new else ListRowOutcome.MATCHED_WITNESS))
        told = {
            "sign": delivered.sign,
            "period": delivered.period,
            "source": ClueSource.DEPARTMENT.value,
            "isNew": is_new,
            "list": str(delivered.id),
        }
        await record(db, actor, "raise_clue", "clue", clue_id, fit.region_code, told)
    return outcomes


async def _held(db: AsyncSession, actor: Actor, ids: set[uuid.UUID]) -> frozenset[uuid.UUID]:
    """Those that are still there, held against whoever is about to end or merge them, in the order of ids."""
    there = (
        select(Household.id)
        .where(Household.id.in_(ids), Household.ended_on.is_(None))
        .where(sees_household(Household.region_code, Household.id))
        .order_by(Household.id)
        .with_for_update(read=True, key_share=True)
    )
    return frozenset(await db.scalars(there, viewer_parameters(actor.viewer)))


async def _clues(
    db: AsyncSession, delivered: DepartmentList, fits: Sequence[Fit], heard_at: datetime
) -> tuple[dict[uuid.UUID, uuid.UUID], set[uuid.UUID]]:
    """The clue of each household, and those of them that are new."""
    began_on = begun_on(heard_at)
    regions = {fit.one.household_id: fit.region_code for fit in fits}
    policies = await policies_of(db, {(region, began_on) for region in regions.values()}, CLUE_PARAMETERS)
    due = {region: due_on(began_on, CluePolicy.of(values)) for (region, _), values in policies.items()}
    clue: dict[str, Any] = {"sign": delivered.sign, "period": delivered.period, "state": ClueState.NEW}
    heard = {"received_at": heard_at, "began_on": began_on}
    born = await db.scalars(
        insert(Clue)
        .values(
            [
                {
                    "id": uuid.uuid4(),
                    "household_id": home,
                    "region_code": village,
                    "due_on": due[village],
                    **clue,
                    **heard,
                }
                for home, village in sorted(regions.items())
            ]
        )
        .on_conflict_do_nothing(constraint="one_clue_per_sign_and_period")
        .returning(Clue.id)
    )
    same = Clue.household_id.in_(regions), Clue.sign == delivered.sign, Clue.period == delivered.period
    found = (await db.execute(select(Clue.id, Clue.household_id, Clue.state, Clue.received_at).where(*same))).all()
    # The list came before the clue that is there, and was matched after it: day 0 is that of whoever came first.
    later = [
        {"id": row.id, **heard, "due_on": due[regions[row.household_id]]}
        for row in found
        if row.state is ClueState.NEW and row.received_at > heard_at
    ]
    if later:
        await db.execute(update(Clue), later)
    return {row.household_id: row.id for row in found}, set(born)


async def _witnessed(
    db: AsyncSession,
    delivered: DepartmentList,
    fits: Sequence[Fit],
    clues: dict[uuid.UUID, uuid.UUID],
    heard_at: datetime,
) -> frozenset[uuid.UUID]:
    """The department as a witness of each clue; the rows that said something new."""
    organisation = await db.get_one(Organisation, delivered.organisation_id)
    first: dict[tuple[uuid.UUID, str], Fit] = {}
    for fit in fits:
        first.setdefault((clues[fit.one.household_id], fit.reference(delivered)), fit)
    heard = await db.execute(
        insert(ClueWitness)
        .values(
            [
                {
                    "id": uuid.uuid4(),
                    "clue_id": clue_id,
                    "region_code": fit.region_code,
                    "source": ClueSource.DEPARTMENT,
                    "reference": reference,
                    "received_at": heard_at,
                    "recorded_by_id": delivered.submitted_by_id,
                    "detail": _detail(fit.row, delivered, organisation.name),
                }
                for (clue_id, reference), fit in first.items()
            ]
        )
        .on_conflict_do_nothing(constraint="one_witness_per_reference")
        .returning(ClueWitness.clue_id, ClueWitness.reference)
    )
    return frozenset(first[clue_id, reference].row.id for clue_id, reference in heard)


def _detail(row: DepartmentListRow, delivered: DepartmentList, organisation: str) -> dict[str, Any]:
    """What whoever goes to the door has to know: who says so, how much it was, and where it stands."""
    detail = {"organisation": organisation, "list": str(delivered.id), "row": row.number}
    if row.amount_fen is not None:
        detail["amountYuan"] = f"{row.amount_fen // 100}.{row.amount_fen % 100:02}"
    return detail
