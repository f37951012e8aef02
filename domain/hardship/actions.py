"""Reports are taken in from anybody, calls from the hotline; officers settle what fits no family by itself."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import in_region, viewer_parameters
from domain.access.rules import OFFICER_ROLES, Actor
from domain.audit.actions import record
from domain.base.errors import Conflict, InvalidInput, Problem, invalid, not_visible, refused
from domain.base.jobs import enqueue
from domain.base.sealed_fields import sealed
from domain.base.transactions import ring_of
from domain.changes.actions import Answer, once
from domain.changes.rules import content_hash
from domain.hardship.models import HardshipReport
from domain.hardship.queries import lock_report, too_many
from domain.hardship.receipts import Mac, kept_of, receipt_of
from domain.hardship.rules import (
    ENTERS_CALLS,
    RECEIPT_DAYS,
    VILLAGE,
    GivenReport,
    HardshipReportDismissal,
    ReportMatching,
    desk_of,
    report_read,
)
from domain.households.models import Household
from domain.households.queries import village_problems, vocabulary
from domain.households.rules import Reading
from domain.monitoring.actions import raise_clue
from domain.monitoring.queries import clue_policy
from domain.monitoring.rules import ClueSource, begun_on, due_on, period_of

LOOK_FOR_FAMILY: Final = "look_for_family"  # the job: matching.py


@dataclass(frozen=True, slots=True)
class Receipt:
    """What whoever reports takes home."""

    code: str
    report: HardshipReport

    @property
    def expires_at(self) -> datetime:
        return self.report.received_at + timedelta(days=RECEIPT_DAYS)


async def report_hardship(
    db: AsyncSession, actor: Actor, *, id: uuid.UUID, given: GivenReport, sender_mac: bytes, mac: Mac
) -> Receipt:
    """Take a report in from anybody (一键报贫), under the eyes of its township's desk (rules.desk_of).

    It is the same work whether or not such a person is on record: the family is looked for afterwards (matching.py).
    Sent again with the same content it answers the same receipt. Raises InvalidInput with all that is wrong (REQUIRED,
    TOO_LONG, TEXT_UNREADABLE, REGION_UNKNOWN, NOT_A_VILLAGE, REGION_ENDED, UNKNOWN_CODE, PHONE_INVALID and those of
    identity numbers); Conflict (OPERATION_REUSED); Refused (TOO_MANY_REPORTS, with retryAfterSeconds).
    """
    receipt, is_new = await _take_in(db, actor, id, given, ClueSource.SELF_REPORT, sender_mac, mac)
    # Counted after it is there, so that of two at once the second counts the first; refused, nothing of it stays.
    if is_new and (wait := await too_many(db, id, actor.at)):
        raise refused("TOO_MANY_REPORTS", retryAfterSeconds=wait)
    return receipt


async def enter_hotline_call(db: AsyncSession, actor: Actor, *, id: uuid.UUID, given: GivenReport, mac: Mac) -> Receipt:
    """Write down what somebody told the hotline (热线), as `report_hardship` does; of calls there are never too many.

    Raises as that does, and Refused (FORBIDDEN_ROLE).
    """
    if actor.viewer.roles.isdisjoint(ENTERS_CALLS):
        raise refused("FORBIDDEN_ROLE")
    receipt, _ = await _take_in(db, actor, id, given, ClueSource.HOTLINE, mac("operator", actor.id.bytes), mac)
    return receipt


async def _take_in(
    db: AsyncSession,
    actor: Actor,
    id: uuid.UUID,
    given: GivenReport,
    source: ClueSource,
    sender_mac: bytes,
    mac: Mac,
) -> tuple[Receipt, bool]:
    """The report's receipt, and whether it came for the first time."""
    if not VILLAGE.fullmatch(given.village_code):
        raise invalid("REGION_UNKNOWN", "villageCode", region=given.village_code)
    desk = replace(actor, viewer=desk_of(actor.viewer, given.village_code))
    reading = Reading(actor.today, await vocabulary(db, ("clue_sign",)))
    await village_problems(db, desk, reading, given.village_code, ("input", "villageCode"))
    said = report_read(given, reading)
    if reading.problems:
        raise InvalidInput(*reading.problems)
    entered_by = actor.id if source is ClueSource.HOTLINE else None
    ring = ring_of(db)
    code, digest = receipt_of(id, mac), ring.keyed(content_hash({**asdict(said), "entered_by": entered_by}))
    began_on = begun_on(actor.at)
    born = await db.scalar(
        insert(HardshipReport)
        .values(
            id=id,
            region_code=said.village_code,
            source=source,
            entered_by_id=entered_by,
            received_at=actor.at,
            began_on=began_on,
            due_on=due_on(began_on, await clue_policy(db, said.village_code, began_on)),
            receipt_mac=kept_of(code, mac),
            sender_mac=sender_mac,
            content_hash=digest,
            name=said.name,
            **sealed(ring, "hardship_report", id, {"id_number": said.id_number, "phone": said.phone}),
            is_for_somebody_else=said.is_for_somebody_else,
            sign=said.sign,
            text=said.text,
            matching=ReportMatching.WAITING,
        )
        .on_conflict_do_nothing()
        .returning(HardshipReport.id)
    )
    report = await db.get(HardshipReport, id)
    if report is None or report.content_hash != digest:  # not seen: it lies in another township
        raise Conflict(Problem("OPERATION_REUSED", ("input", "id")))
    if born is not None:
        name = "report_hardship" if source is ClueSource.SELF_REPORT else "enter_hotline_call"
        detail = {"sign": said.sign, "isForSomebodyElse": said.is_for_somebody_else}
        await record(db, actor, name, "hardship_report", id, said.village_code, detail)
        await enqueue(db, LOOK_FOR_FAMILY, {"reportId": str(id)})
    return Receipt(code, report), born is not None


async def match_hardship_report(
    db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, report_id: uuid.UUID, household_id: uuid.UUID
) -> Answer:
    """Say which family a waiting report is about: it has a clue then, whose day 0 is the report's.

    Answers {"report_id", "clue_id"}. Raises as `_settle` does, and InvalidInput (NOT_FOUND for a family that is outside
    the officer's region or has ended).
    """

    async def match(report: HardshipReport) -> Answer:
        here = select(Household.id).where(Household.id == household_id, in_region(Household.region_code))
        seen = await db.scalar(here, viewer_parameters(actor.viewer))
        clue_id = None if seen is None else await clue_of_report(db, actor, report, seen)
        if clue_id is None:
            raise invalid("NOT_FOUND", "householdId")
        report.matching = ReportMatching.MATCHED
        return {"report_id": str(report_id), "clue_id": str(clue_id)}

    return await _settle(
        db, actor, "match_hardship_report", operation_id, report_id, {"household_id": household_id}, match
    )


async def dismiss_hardship_report(
    db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, report_id: uuid.UUID, reason: HardshipReportDismissal
) -> Answer:
    """Lay a waiting report aside, with a reason that its receipt tells. Answers {"report_id"}; raises as `_settle` does."""

    async def dismiss(report: HardshipReport) -> Answer:
        report.matching, report.reason = ReportMatching.DISMISSED, reason
        return {"report_id": str(report_id)}

    return await _settle(db, actor, "dismiss_hardship_report", operation_id, report_id, {"reason": reason}, dismiss)


async def _settle(
    db: AsyncSession,
    actor: Actor,
    name: str,
    operation_id: uuid.UUID,
    report_id: uuid.UUID,
    content: dict[str, object],
    do: Callable[[HardshipReport], Awaitable[Answer]],
) -> Answer:
    """Raises Refused (FORBIDDEN_ROLE), NotVisible, Conflict (REPORT_ALREADY_SETTLED, and as `once` does)."""

    async def settle() -> Answer:
        if actor.viewer.roles.isdisjoint(OFFICER_ROLES):
            raise refused("FORBIDDEN_ROLE")
        report = await lock_report(db, actor, report_id)
        if report is None:
            raise not_visible("reportId")
        if report.matching is not ReportMatching.WAITING:
            detail = {"matching": report.matching.value}
            raise Conflict(Problem("REPORT_ALREADY_SETTLED", ("input", "reportId"), detail))
        answer = await do(report)
        report.settled_at, report.settled_by_id = actor.at, actor.id
        await db.flush()
        told = {key: str(value) for key, value in content.items()}
        await record(db, actor, name, "hardship_report", report_id, report.region_code, told, operation_id=operation_id)
        return answer

    return await once(db, actor, operation_id, name, {"report_id": report_id, **content}, settle)


async def clue_of_report(
    db: AsyncSession, actor: Actor, report: HardshipReport, household_id: uuid.UUID
) -> uuid.UUID | None:
    """The clue that this report is a witness of; None for a family that is not there.

    What it says stays with it: those who help the family may be whom it complains of.
    """
    return await raise_clue(
        db,
        actor,
        household_id=household_id,
        sign=report.sign,
        period=period_of(report.began_on),
        source=report.source,
        reference=str(report.id),
        detail={"isForSomebodyElse": report.is_for_somebody_else},
        received_at=report.received_at,
    )
