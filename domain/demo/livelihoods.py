"""What families of the demo live on, month by month, and a few signs that one may be slipping.

The figures lead to the sources': each of the 60 families on Fuzhou's second list has a known year below 8,400 yuan per head
(福州 2020), and every other year that is known lies above. The stories behind the clues are the newspapers', the people
are not.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from domain.access.rules import CHINA
from domain.base.models import namespace_id
from domain.demo.families import Member
from domain.demo.helping import HELPER
from domain.demo.personas import account_id
from domain.demo.reports import REPORTED, report_id, write_report_of_clue
from domain.demo.rows import Rows
from domain.demo.settlements import BELOW_8400, Settled
from domain.demo.visits import DemoVisit
from domain.monitoring.rules import CluePolicy, ClueSource, ClueState, begun_on, due_on, period_of, window

MONTHS: Final = 14  # a year, and what came before it
LINE: Final = 840_000  # fen per head and year, Fuzhou 2020
AT_WORK: Final = ("ORDINARY", "SKILLED")
HARVEST: Final = 10  # October brings the year's business, and its cost


@dataclass(frozen=True, slots=True)
class Sign:
    """Something heard of the nth family of a village, so many days ago."""

    village: str
    number: int
    sign: str
    days_ago: int
    sources: tuple[ClueSource, ...]
    detail: Mapping[str, Any] = field(default_factory=dict)


SIGNS: Final = (
    # 魏县: what was left to pay after reimbursement. 馆陶: the cost of university, told by the family. 莎车: three months.
    Sign("130434205222", 1, "MEDICAL_EXPENSE", 3, (ClueSource.DEPARTMENT,), {"leftToPayYuan": "10300.00"}),
    Sign("130433100229", 1, "STUDY_EXPENSE", 5, (ClueSource.SELF_REPORT,)),
    Sign("653125104202", 1, "INCOME_BELOW_STANDARD", 2, (ClueSource.INCOME_RULE,), {"months": 3}),
    # 福州: 一键报贫, then the same by telephone. The week is over, and nobody has been there.
    Sign("350125201205", 3, "HARDSHIP", 10, (ClueSource.SELF_REPORT, ClueSource.HOTLINE)),
    Sign("350125201201", 2, "DANGEROUS_HOUSING", 1, (ClueSource.SWEEP,)),
)
ENTERED_BY: Final = {ClueSource.SWEEP: "township_officer"}  # a call's operator stands in its report
# The last two families of Lixing that were visited by two: what was found there.
FOUND: Final = (
    ("MEDICAL_EXPENSE", ClueState.VERIFIED, None),
    ("HARDSHIP", ClueState.DISMISSED, "儿子已寄钱回家，生活无困难"),
)


def write_livelihood(rows: Rows, settled: Settled, recorded_by: uuid.UUID, at: datetime) -> None:
    """Every month's figures of a family, as the cadre asked for them: per head and year what its roster says."""
    if settled.ended_on is not None:
        return
    chance = random.Random(f"livelihood {settled.family.key}")  # noqa: S311
    is_below = BELOW_8400 in settled.rosters
    a_head = chance.randint(560_000, LINE - 10_000) if is_below else chance.randint(LINE + 60_000, 1_900_000)
    year = a_head * len(settled.family.members)
    earners = [member for member in settled.family.members if member.labour in AT_WORK]
    transfer = year * (15 if earners else 80) // 1200
    wage = (year - 12 * transfer) * 3 // 4 // 12
    business, cost = (year - 12 * (transfer + wage)) * 5 // 4, (year - 12 * (transfer + wage)) // 4
    forgotten = set() if is_below or chance.random() < 0.9 else {chance.randint(2, 11), chance.randint(2, 11)}
    months = [window(at.date(), ago).first for ago in range(MONTHS, 0, -1)]
    for position, month in enumerate(months):
        told = _Telling(rows, settled, month, recorded_by, at)
        told.figure("TRANSFER", transfer, "DEPARTMENT")
        if position in forgotten:
            continue
        shares: list[Member | None] = [*earners] or [None]
        for number, earner in enumerate(shares):
            own = wage // len(shares) + (wage % len(shares) if number == 0 else 0)
            told.figure("WAGE", own, "DOOR_SURVEY", earner)
            # Here and there the family remembers it otherwise; what was asked at the door counts, both stand.
            if number == 0 and chance.random() < 0.03:
                told.figure("WAGE", own + 20_000, "SELF_DECLARED", earner)
        if month.month == HARVEST:
            told.figure("BUSINESS", business, "DOOR_SURVEY")
            told.figure("PRODUCTION_COST", cost, "DOOR_SURVEY")


@dataclass(frozen=True, slots=True)
class _Telling:
    """What was said of one month, on the fifth of the next."""

    rows: Rows
    settled: Settled
    month: date
    recorded_by: uuid.UUID
    at: datetime

    def figure(self, kind: str, fen: int, origin: str, member: Member | None = None) -> None:
        key = f"{self.settled.family.key} {self.month} {kind} {origin} {member.key if member else ''}"
        fifth = datetime.combine(self.month + timedelta(days=35), time(9), CHINA)
        self.rows.add(
            "income_statement",
            id=namespace_id(f"demo income statement {key}"),
            household_id=self.settled.id,
            region_code=self.settled.region_code,
            person_id=member and member.id,
            month=self.month,
            kind=kind,
            amount_fen=fen,
            origin=origin,
            visit_id=None,
            note=None,
            recorded_at=min(fifth, self.at - timedelta(hours=1)),
            recorded_by_id=self.recorded_by,
            superseded_at=None,
            supersedes_id=None,
        )


def write_clues(rows: Rows, settled: Sequence[Settled], visits: Sequence[DemoVisit], at: datetime) -> None:
    """Some that wait, one of them too long, and two that a cadre and somebody from the village settled at the door."""
    families = {(one.region_code, one.family.number): one for one in settled}
    for sign in SIGNS:
        first = at - timedelta(days=sign.days_ago) + timedelta(hours=-9)
        family = families[sign.village, sign.number]
        clue = _write_clue(rows, family, sign.sign, first)
        for number, source in enumerate(sign.sources):
            heard_at = first + timedelta(hours=number)
            _write_witness(rows, clue, source, heard_at, sign.detail)
            if source in REPORTED:
                name = family.family.members[0].name
                write_report_of_clue(rows, clue["id"], source, family.region_code, name, sign.sign, heard_at)
    by_two: dict[uuid.UUID, DemoVisit] = {}
    for visit in sorted(visits, key=lambda one: one.occurred_at, reverse=True):
        is_plain = visit.contact == "IN_PERSON" and visit.amends is None and visit.is_amended_by is None
        if visit.companions and is_plain and visit.help.settled.ended_on is None:
            by_two.setdefault(visit.help.settled.id, visit)
    for (name, state, reason), visit in zip(FOUND, by_two.values(), strict=False):
        first = visit.occurred_at - timedelta(days=4)
        clue = _write_clue(rows, visit.help.settled, name, first, state, visit, reason)
        _write_witness(rows, clue, ClueSource.SWEEP, first, {})


def _write_clue(
    rows: Rows,
    settled: Settled,
    sign: str,
    received_at: datetime,
    state: ClueState = ClueState.NEW,
    visit: DemoVisit | None = None,
    reason: str | None = None,
) -> dict[str, Any]:
    began_on = begun_on(received_at)
    row = {
        "id": namespace_id(f"demo clue {settled.family.key} {sign}"),
        "household_id": settled.id,
        "region_code": settled.region_code,
        "sign": sign,
        "period": period_of(began_on),
        "received_at": received_at,
        "began_on": began_on,
        "due_on": due_on(began_on, CluePolicy()),
        "state": state.value,
        "stopped_at": visit and visit.occurred_at,
        "settled_at": visit and visit.received_at,
        "settled_by_id": visit and HELPER["village_officer"].account_id,
        "visit_id": visit and visit.id,
        "reason": reason,
    }
    rows.add("clue", **row)
    return row


def _write_witness(
    rows: Rows, clue: Mapping[str, Any], source: ClueSource, received_at: datetime, detail: Mapping[str, Any]
) -> None:
    entered_by = ENTERED_BY.get(source)
    rows.add(
        "clue_witness",
        id=namespace_id(f"demo witness {clue['id']} {source}"),
        clue_id=clue["id"],
        region_code=clue["region_code"],
        source=source.value,
        reference=str(report_id(clue["id"], source)) if source in REPORTED else f"demo {source}",
        received_at=received_at,
        recorded_by_id=entered_by and account_id(entered_by),
        detail=json.dumps(detail),
    )
