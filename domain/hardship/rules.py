"""What a report may say, which family it is about, how many are taken, and what the receipt tells. Pure.

Whoever holds a receipt may have made the report of somebody else. So nothing that comes back, neither the answer nor what
the receipt tells on the day it was given, depends on whether such a person is on record (domain.md §3).
"""

from __future__ import annotations

import enum
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from domain.access.rules import ANONYMOUS, GrantRole, Viewer
from domain.households.rules import Path, Reading
from domain.monitoring.rules import ClueState

NAME_LIMIT, TEXT_LIMIT = 50, 1000  # characters
VILLAGE: Final = re.compile(r"[0-9]{12}", re.ASCII)
UNREADABLE: Final = re.compile("[\x00\ud800-\udfff]")

ENTERS_CALLS: Final = frozenset({GrantRole.HOTLINE_OPERATOR})

# Of the terms of clue_sign, those that nobody tells of themselves: a rule reckons the one, a split makes the other.
NOT_TOLD: Final = frozenset({"INCOME_BELOW_STANDARD", "NEW_HOUSEHOLD"})


class ReportMatching(enum.StrEnum):
    """Whether it is known which family a report is about (匹配状态)."""

    WAITING = "WAITING"
    MATCHED = "MATCHED"
    DISMISSED = "DISMISSED"


class HardshipReportState(enum.StrEnum):
    """What the receipt tells (报告状态)."""

    RECEIVED = "RECEIVED"
    BEING_VERIFIED = "BEING_VERIFIED"
    VERIFIED = "VERIFIED"
    NOT_CONFIRMED = "NOT_CONFIRMED"
    CLOSED = "CLOSED"


class HardshipReportReason(enum.StrEnum):
    """Why a report led no further (原因). The first three are an officer's word."""

    DUPLICATE = "DUPLICATE"
    WITHDRAWN = "WITHDRAWN"
    UNKNOWN_HERE = "UNKNOWN_HERE"
    NOT_CONFIRMED_AT_DOOR = "NOT_CONFIRMED_AT_DOOR"
    NOTHING_TO_VERIFY = "NOTHING_TO_VERIFY"


class HardshipReportDismissal(enum.StrEnum):
    """Why an officer lays a report aside (不予受理原因). That there is no hardship can be said at the door only."""

    DUPLICATE = "DUPLICATE"
    WITHDRAWN = "WITHDRAWN"
    UNKNOWN_HERE = "UNKNOWN_HERE"


class ObjectionRoute(enum.StrEnum):
    """Whom to turn to (申诉途径): the level above those who answered, or did not."""

    TOWNSHIP = "TOWNSHIP"
    COUNTY = "COUNTY"


# --- what is said ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GivenReport:
    """A report as it was sent."""

    village_code: str
    name: str
    sign: str
    text: str
    is_for_somebody_else: bool
    id_number: str | None = None
    phone: str | None = None


def report_read(given: GivenReport, reading: Reading) -> GivenReport:
    """The report without blanks around what it says; what is wrong with it is in `reading.problems`.

    The reading's vocabulary is that of clue_sign. The village is looked up by whoever asks.
    """
    for value, name in ((given.name, "name"), (given.text, "text")):
        if UNREADABLE.search(value):
            reading.wrong("TEXT_UNREADABLE", ("input", name))
    sign: Path = ("input", "kind")
    reading.code(given.sign, "clue_sign", sign)
    if given.sign in NOT_TOLD:
        reading.wrong("UNKNOWN_CODE", sign, list="clue_sign", code=given.sign)
    return GivenReport(
        village_code=given.village_code,
        name=reading.text(given.name, ("input", "name"), at_most=NAME_LIMIT, is_required=True) or "",
        sign=given.sign,
        text=reading.text(given.text, ("input", "text"), at_most=TEXT_LIMIT, is_required=True) or "",
        is_for_somebody_else=given.is_for_somebody_else,
        id_number=reading.id_number(given.id_number, ("input", "idNumber")),
        phone=reading.phone(given.phone, ("input", "phone")),
    )


def desk_of(viewer: Viewer, village_code: str) -> Viewer:
    """Under whose eyes a report is taken in: those of the township's desk, and nobody's for what is no village's code.

    Whoever reports sees nothing of it. No role comes with it; the account stays, should somebody be signed in.
    """
    if not VILLAGE.fullmatch(village_code):
        return ANONYMOUS
    township = village_code[:9]
    within = (township,)
    return Viewer(
        id=viewer.id, language=viewer.language, region_from=township, region_to=f"{township}:", met_spans=within
    )


@dataclass(frozen=True, slots=True)
class Namesake:
    """Somebody of that name in a household: with the identity number that was given, or of the village it named."""

    household_id: uuid.UUID
    id_number: str | None


def the_household(namesakes: Sequence[Namesake], id_number: str | None) -> uuid.UUID | None:
    """The one household that a report is about; None where people must look.

    An identity number decides. Without one on both sides a name must be the only one in the village; and whoever has
    another number than the one given is somebody else.
    """
    sure = {one.household_id for one in namesakes if id_number is not None and one.id_number == id_number}
    likely = {one.household_id for one in namesakes if id_number is None or one.id_number is None}
    found = sure or likely
    return found.pop() if len(found) == 1 else None


# --- how many ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReportLimit:
    """So many reports in so long a time."""

    count: int
    within: timedelta


# All CONVENTION. A village's phones share one address of the operator, and the network of a province some hundred.
PER_ADDRESS: Final = ReportLimit(60, timedelta(hours=1))
PER_PHONE: Final = ReportLimit(5, timedelta(days=1))
PER_VILLAGE: Final = ReportLimit(100, timedelta(days=1))


def seconds_to_wait(limit: ReportLimit, count: int, earliest: datetime | None, at: datetime) -> int:
    """How long until another report is taken: 0 where this one is. `count` has it in it, `earliest` is the first of them.

    Whole seconds, at least one.
    """
    if count <= limit.count or earliest is None:
        return 0
    return max(1, -((at - earliest - limit.within) // timedelta(seconds=1)))


# --- what the receipt tells --------------------------------------------------------------------------------------------

RECEIPT_DAYS: Final = 180  # CONVENTION: as long as operations are remembered


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """What is on record of a report, and of the clue that it is a witness of, if it is one."""

    received_at: datetime
    began_on: date
    due_on: date
    matching: ReportMatching
    reason: HardshipReportDismissal | None = None
    clue_state: ClueState | None = None
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReportStatus:
    """What is told of it."""

    state: HardshipReportState
    reason: HardshipReportReason | None = None
    objection: ObjectionRoute | None = None


def status_of(facts: ReportFacts, today: date) -> ReportStatus:
    """What the receipt tells on a day in China.

    On day 0 it was received, whatever else: whether a family by that name is on record shows by no haste of ours. From
    then on it is being verified (日汇总、周核实), with the family or still looking for it, until somebody has said what was
    found. What was found before this report was made does not answer it before its own week is over.
    """
    is_over = today > facts.due_on
    if today <= facts.began_on:
        return ReportStatus(HardshipReportState.RECEIVED)
    if facts.reason is not None:
        return ReportStatus(
            HardshipReportState.CLOSED, HardshipReportReason(facts.reason.value), ObjectionRoute.TOWNSHIP
        )
    is_old_news = facts.settled_at is not None and facts.settled_at < facts.received_at
    if facts.clue_state in (None, ClueState.NEW) or (is_old_news and not is_over):
        return ReportStatus(HardshipReportState.BEING_VERIFIED, objection=ObjectionRoute.COUNTY if is_over else None)
    if facts.clue_state is ClueState.VERIFIED:
        return ReportStatus(HardshipReportState.VERIFIED)
    if facts.clue_state is ClueState.DISMISSED:
        reason = HardshipReportReason.NOT_CONFIRMED_AT_DOOR
        return ReportStatus(HardshipReportState.NOT_CONFIRMED, reason, ObjectionRoute.TOWNSHIP)
    return ReportStatus(HardshipReportState.CLOSED, HardshipReportReason.NOTHING_TO_VERIFY, ObjectionRoute.TOWNSHIP)
