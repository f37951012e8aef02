"""Who sees a report, which people it may be about, and how many came lately."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import in_region, meets, viewer_parameters
from domain.access.rules import Actor
from domain.base.sealed_fields import ID_NUMBER, unsealed
from domain.base.transactions import ring_of
from domain.hardship.models import HardshipReport
from domain.hardship.rules import (
    PER_ADDRESS,
    PER_PHONE,
    PER_VILLAGE,
    RECEIPT_DAYS,
    HardshipReportDismissal,
    Namesake,
    ReportFacts,
    ReportMatching,
    seconds_to_wait,
)
from domain.households.models import Household, Person
from domain.monitoring.rules import ClueState


def sees_report() -> ColumnElement[bool]:
    """The scope of a report: officers of its village and of what lies above. A service with a region is none."""
    return and_(meets(HardshipReport.region_code), in_region(HardshipReport.region_code))


async def namesakes(db: AsyncSession, actor: Actor, report: HardshipReport) -> list[Namesake]:
    """The living of that name: in the village, or anywhere the desk sees with the identity number given."""
    id_number = unsealed(ring_of(db), "hardship_report", report)["id_number"]
    in_the_village = Person.region_code == report.region_code
    index = None if id_number is None else ring_of(db).index(ID_NUMBER, id_number)
    numbered = Person.id_number_index == index
    found = await db.execute(
        select(Household.id, Person.id_number_index, Person.id_number_masked)
        .join(Household, Household.id == Person.household_id)
        .where(Person.name == report.name, Person.died_on.is_(None), Household.ended_on.is_(None))
        .where(or_(in_the_village, numbered), in_region(Person.region_code)),
        viewer_parameters(actor.viewer),
    )
    # Of another number the mask is enough to say that it is another.
    return [
        Namesake(household_id, id_number if index is not None and theirs == index else mask)
        for household_id, theirs, mask in found
    ]


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
    told = await db.execute(
        text("SELECT * FROM ruhu_hardship_report_of(:mac, :since)"),
        {"mac": receipt_mac, "since": at - timedelta(days=RECEIPT_DAYS)},
    )
    found = told.one_or_none()
    return None if found is None else _facts(found)


async def calls_of_viewer(db: AsyncSession, at: datetime, most: int) -> list[tuple[uuid.UUID, ReportFacts]]:
    """The calls that the transaction's viewer entered, newest first, as long as their receipts tell anything."""
    told = await db.execute(
        text("SELECT * FROM ruhu_hotline_calls(:since, :most)"),
        {"since": at - timedelta(days=RECEIPT_DAYS), "most": most},
    )
    return [(call.id, _facts(call)) for call in told]


def _facts(found: Row[Any]) -> ReportFacts:
    return ReportFacts(
        received_at=found.received_at,
        began_on=found.began_on,
        due_on=found.due_on,
        matching=ReportMatching(found.matching),
        reason=None if found.reason is None else HardshipReportDismissal(found.reason),
        clue_state=None if found.clue_state is None else ClueState(found.clue_state),
        settled_at=found.clue_settled_at,
    )


async def village_of_report(db: AsyncSession, report_id: uuid.UUID) -> str | None:
    """Where a report belongs, for who may see every one; None where there is none any more."""
    return await db.scalar(select(HardshipReport.region_code).where(HardshipReport.id == report_id))


async def lock_unlooked(db: AsyncSession, report_id: uuid.UUID) -> HardshipReport | None:
    """The report, locked, if its family is still to be looked for."""
    statement = (
        select(HardshipReport)
        .where(HardshipReport.id == report_id, HardshipReport.looked_at.is_(None))
        .where(HardshipReport.matching == ReportMatching.WAITING)
        .with_for_update()
    )
    return await db.scalar(statement)


async def lock_report(db: AsyncSession, actor: Actor, report_id: uuid.UUID) -> HardshipReport | None:
    """The report if it is visible, locked, so that of two who settle it the second sees the first."""
    parameters = viewer_parameters(actor.viewer)
    statement = select(HardshipReport).where(HardshipReport.id == report_id, sees_report()).with_for_update()
    return await db.scalar(statement, parameters, execution_options={"populate_existing": True})
