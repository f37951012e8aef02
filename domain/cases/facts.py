"""What is known of a family where a case is decided: its income, its sign, what the last call at its door found."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import BigInteger, Date, Integer, Text, Uuid, cast, column, func, literal, or_, select, table, true
from sqlalchemy.ext.asyncio import AsyncSession

from domain.cases.conditions import DoorFacts, EliminationFacts
from domain.cases.models import MonitoringCase
from domain.cases.rules import CasePolicy
from domain.households.models import Household, Membership, Person
from domain.monitoring.models import Clue
from domain.monitoring.queries import income_of
from domain.monitoring.rules import ClueState
from domain.policy.queries import policy_of
from domain.visits.models import Finding, Visit
from domain.visits.rules import VisitContact


@dataclass(frozen=True, slots=True)
class KnownIncome:
    """Per head and year in fen, with transfers (Fuzhou 2020: 含转移性收入); None while months are unknown."""

    per_capita_fen: int | None
    unknown_months: tuple[date, ...]


async def income_known(
    db: AsyncSession, household: Household, today: date, year_before: date | None = None
) -> KnownIncome:
    """The income over policy's window before this month, or before that of another day, for those who belong to the family
    today; by the one expression that everybody reads."""
    before = year_before or today
    months = (await policy_of(db, household.region_code, before, ("INCOME_WINDOW",)))["INCOME_WINDOW"]
    belongs = (
        Membership.household_id == household.id,
        Membership.started_on <= today,
        or_(Membership.ended_on.is_(None), Membership.ended_on > today),
    )
    members = await db.scalar(select(func.count()).select_from(Membership).where(*belongs))
    reckoned = income_of(
        literal(household.id, Uuid()),
        literal(household.region_code, Text()),
        literal(members, BigInteger()),
        literal(before, Date()),
        literal(months, Integer()),
        is_met=true(),  # whoever decides was asked before, and the second wall asks again
    ).subquery("income")
    fen = cast(reckoned.c.per_capita_net * 100, BigInteger())
    row = (await db.execute(select(fen, reckoned.c.unknown_months))).one()
    return KnownIncome(row[0], tuple(row[1]))


async def sign_of(db: AsyncSession, clue_id: uuid.UUID | None) -> str | None:
    """What the case stands on."""
    return await db.scalar(select(Clue.sign).where(Clue.id == clue_id))


# --- whether the risk is gone ------------------------------------------------------------------------------------------

# Of a package above this one (domain/assistance), which keeps it: read as it stands there, and nothing more of it.
MEASURE = table("measure", column("household_id", Uuid()), column("delivered_on", Date()))
COMPLAINT = "COMPLAINT"  # says that a notice was wrong, and nothing of a new risk


async def elimination_facts(
    db: AsyncSession, case: MonitoringCase, household: Household, policy: CasePolicy, today: date
) -> EliminationFacts:
    """Everything that the conditions ask, as it is known now. Five statements."""
    income = await income_known(db, household, today)
    since = case.monitored_on or case.began_on
    labour = await db.scalars(select(Person.labour).where(Person.household_id == household.id))
    delivered = (
        select(func.count())
        .select_from(MEASURE)
        .where(MEASURE.c.household_id == household.id, MEASURE.c.delivered_on >= case.began_on)
    )
    signs = await db.execute(
        select(Clue.state, func.count())
        .where(
            Clue.household_id == household.id,
            Clue.began_on > since,
            Clue.id.is_distinct_from(case.clue_id),
            Clue.sign != COMPLAINT,
        )
        .group_by(Clue.state)
    )
    counts = {state: count for state, count in signs}  # noqa: C416 - rows, not pairs
    return EliminationFacts(
        today=today,
        per_capita_fen=income.per_capita_fen,
        line_fen=policy.line_fen,
        unknown_months=income.unknown_months,
        door=await _door(db, household.id, since),
        causes=tuple(case.causes),
        waiting=counts.get(ClueState.NEW, 0),
        verified=counts.get(ClueState.VERIFIED, 0),
        monitored_on=case.monitored_on,
        stability_months=policy.stability_months,
        delivered=await db.scalar(delivered),
        measures=policy.measures,
        labour=frozenset(labour),
    )


async def _door(db: AsyncSession, household_id: uuid.UUID, since: date) -> DoorFacts | None:
    """The newest call at the door since that day, as it stands after corrections, that met somebody."""
    day = cast(func.timezone("Asia/Shanghai", Visit.occurred_at), Date())
    newest = (
        select(Visit.id, Visit.answers, day.label("day"))
        .where(
            Visit.household_id == household_id,
            Visit.contact == VisitContact.IN_PERSON,
            Visit.superseded_by_id.is_(None),
            day >= since,
        )
        .order_by(Visit.occurred_at.desc(), Visit.id)
        .limit(1)
    )
    visit = (await db.execute(newest)).one_or_none()
    if visit is None:
        return None
    findings = await db.scalars(select(Finding.kind).where(Finding.visit_id == visit.id))
    return DoorFacts(visit.day, visit.answers, frozenset(findings))
