"""Who sees a report, which people it may be about, and how many came lately."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import in_region, viewer_parameters
from domain.access.rules import Actor
from domain.hardship.models import HardshipReport
from domain.hardship.rules import (
    PER_ADDRESS,
    PER_PHONE,
    PER_VILLAGE,
    RECEIPT_DAYS,
    GivenReport,
    HardshipReportDismissal,
    Namesake,
    ReportFacts,
    ReportMatching,
    seconds_to_wait,
)
from domain.households.models import Household, Person
from domain.households.queries import MEETS
from domain.monitoring.rules import ClueState


def sees_report() -> ColumnElement[bool]:
    """The scope of a report: officers of its village and of what lies above. A service with a region is none."""
    return and_(MEETS, in_region(HardshipReport.region_code))


async def namesakes(db: AsyncSession, actor: Actor, given: GivenReport) -> list[Namesake]:
    """The living of that name: in the village, or anywhere the desk sees with the identity number given."""
    in_the_village = Person.region_code == given.village_code
    numbered = Person.id_number == given.id_number
    found = await db.execute(
        select(Household.id, Person.id_number)
        .join(Household, Household.id == Person.household_id)
        .where(Person.name == given.name, Person.died_on.is_(None), Household.ended_on.is_(None))
        .where(or_(in_the_village, numbered), in_region(Person.region_code)),
        viewer_parameters(actor.viewer),
    )
    return [Namesake(household_id, id_number) for household_id, id_number in found]


async def too_many(db: AsyncSession, report_id: uuid.UUID, at: datetime) -> int:
    """For how many seconds no more is taken from this address, under this number or of this village; 0: it is taken.

    The report itself is there already and counts. Others of the same wait here until this transaction has ended.
    """
    limits = (PER_ADDRESS, PER_PHONE, PER_VILLAGE)
    since = dict(zip(("sender", "phone", "village"), (at - limit.within for limit in limits), strict=True))
    counts = await db.execute(
        text("SELECT number, earliest FROM ruhu_count_hardship_reports(:id, :sender, :phone, :village)"),
        {"id": report_id, **since},
    )
    return max(
        seconds_to_wait(limit, number, earliest, at) for limit, (number, earliest) in zip(limits, counts, strict=True)
    )


async def facts_of(db: AsyncSession, receipt_mac: bytes, at: datetime) -> ReportFacts | None:
    """What is on record of the report with this receipt; None for an unknown one and for one that has expired."""
    statement = text(
        "SELECT received_at, began_on, due_on, matching, reason, clue_state, clue_settled_at"
        " FROM ruhu_hardship_report_of(:mac, :since)"
    )
    found = (
        await db.execute(statement, {"mac": receipt_mac, "since": at - timedelta(days=RECEIPT_DAYS)})
    ).one_or_none()
    if found is None:
        return None
    return ReportFacts(
        received_at=found.received_at,
        began_on=found.began_on,
        due_on=found.due_on,
        matching=ReportMatching(found.matching),
        reason=None if found.reason is None else HardshipReportDismissal(found.reason),
        clue_state=None if found.clue_state is None else ClueState(found.clue_state),
        settled_at=found.clue_settled_at,
    )


async def lock_report(db: AsyncSession, actor: Actor, report_id: uuid.UUID) -> HardshipReport | None:
    """The report if it is visible, locked, so that of two who settle it the second sees the first."""
    parameters = viewer_parameters(actor.viewer) | {"viewer_meets_families": actor.viewer.meets_families}
    statement = select(HardshipReport).where(HardshipReport.id == report_id, sees_report()).with_for_update()
    return await db.scalar(statement, parameters, execution_options={"populate_existing": True})
