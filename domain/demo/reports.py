"""What farmers reported and neighbours told the hotline in the demo: behind some clues, and before any.

Nobody holds the receipts of these: they are made with a key that the demo does not know.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain.base.models import namespace_id
from domain.demo.helping import HELPER
from domain.demo.personas import account_id
from domain.demo.rows import Rows
from domain.hardship.rules import HardshipReportDismissal, ReportMatching
from domain.monitoring.rules import CluePolicy, ClueSource, begun_on, due_on

REPORTED: Final = (ClueSource.SELF_REPORT, ClueSource.HOTLINE)


@dataclass(frozen=True, slots=True)
class Told:
    """A report that fits no family by itself: it waits, or an officer laid it aside."""

    village: str
    name: str
    hours_ago: int
    sign: str
    text: str
    source: ClueSource = ClueSource.SELF_REPORT
    is_for_somebody_else: bool = False
    reason: HardshipReportDismissal | None = None


TOLD: Final = (
    Told(
        "350125201205", "阿福伯", 20, "MEDICAL_EXPENSE", "邻居阿福伯摔断了腿，家里没人照顾", is_for_somebody_else=True
    ),
    Told("350125201205", "老陈家", 5, "DANGEROUS_HOUSING", "下雨天屋顶漏水，墙裂了", ClueSource.HOTLINE, True),
    Told("350125201203", "张三", 70, "HARDSHIP", "测试", reason=HardshipReportDismissal.UNKNOWN_HERE),
)


def report_id(clue_id: uuid.UUID, source: ClueSource) -> uuid.UUID:
    """The report behind a clue's witness."""
    return namespace_id(f"demo report {clue_id} {source}")


def write_report_of_clue(
    rows: Rows, clue_id: uuid.UUID, source: ClueSource, village: str, name: str, sign: str, received_at: datetime
) -> None:
    """What the family itself told, or the hotline was told: it fitted by itself."""
    told = Told(village, name, 0, sign, "家里遇到困难，请来看看", source, source is ClueSource.HOTLINE)
    _write(rows, report_id(clue_id, source), told, received_at, ReportMatching.MATCHED)


def write_reports(rows: Rows, at: datetime) -> None:
    """Those that lead to no clue, or to none yet."""
    for told in TOLD:
        matching = ReportMatching.WAITING if told.reason is None else ReportMatching.DISMISSED
        received_at = at - timedelta(hours=told.hours_ago)
        _write(rows, namespace_id(f"demo report {told.village} {told.name}"), told, received_at, matching)


def _write(rows: Rows, id: uuid.UUID, told: Told, received_at: datetime, matching: ReportMatching) -> None:
    began_on = begun_on(received_at)
    is_settled = matching is not ReportMatching.WAITING
    rows.add(
        "hardship_report",
        id=id,
        region_code=told.village,
        source=told.source.value,
        entered_by_id=account_id("hotline_operator") if told.source is ClueSource.HOTLINE else None,
        received_at=received_at,
        began_on=began_on,
        due_on=due_on(began_on, CluePolicy()),
        receipt_mac=hashlib.sha256(b"receipt" + id.bytes).digest(),
        sender_mac=hashlib.sha256(b"sender" + id.bytes).digest(),
        content_hash=hashlib.sha256(id.bytes).hexdigest(),
        name=told.name,
        is_for_somebody_else=told.is_for_somebody_else,
        sign=told.sign,
        text=told.text,
        matching=matching.value,
        looked_at=received_at + timedelta(seconds=2),
        settled_at=received_at + timedelta(seconds=2 if told.reason is None else 7200) if is_settled else None,
        settled_by_id=HELPER["village_officer"].account_id if told.reason else None,
        reason=told.reason and told.reason.value,
    )
