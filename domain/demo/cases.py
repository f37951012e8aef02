"""Cases of the demo: whoever is under monitoring has one, whoever was has one that ended, and a few stand at each step."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from domain.access.recusal import CaseLevel
from domain.base.models import namespace_id
from domain.cases.rules import CasePolicy, decision_due, notice_ends
from domain.cases.transitions import ENDS, Event, Round, Step
from domain.demo.personas import account_id
from domain.demo.places import VILLAGE_BY_CODE
from domain.demo.rows import Rows
from domain.demo.settlements import Settled
from domain.households.models import MonitoringStatus
from domain.notices.rules import NoticeFacts, NoticeKind, NoticeRound, notice_content

TOWNSHIP: Final = "350125201"  # of the personas who act: the village's, the township's, the county's officer
POLICY: Final = CasePolicy()
AGO: Final = {Step.MONITORED: 240, Step.ELIMINATED: 500}  # days since the case was opened
WHO: Final = {
    CaseLevel.VILLAGE: "village_officer",
    CaseLevel.TOWNSHIP: "township_officer",
    CaseLevel.COUNTY: "county_officer",
}
# What happened to a case until it stood there: (event, level, step after it, days since it was opened).
_ADMITTED: Final = (
    (Event.OPENED, CaseLevel.VILLAGE, Step.COMPARISON, 0),
    (Event.COMPARISON_CONCLUDED, CaseLevel.VILLAGE, Step.DEMOCRATIC_APPRAISAL, 2),
    (Event.APPRAISAL_AGREED, CaseLevel.VILLAGE, Step.VILLAGE_NOTICE, 3),
    (Event.NOTICE_ENDED, None, Step.TOWNSHIP_REVIEW, 9),
    (Event.TOWNSHIP_APPROVED, CaseLevel.TOWNSHIP, Step.COUNTY_DECISION, 10),
    (Event.COUNTY_APPROVED, CaseLevel.COUNTY, Step.RESULT_ANNOUNCED, 12),
    (Event.RESULT_ANNOUNCED, CaseLevel.COUNTY, Step.MONITORED, 13),
)
# The families at each step: how long ago their case was opened. That at the county is past its day.
AT_EACH_STEP: Final = (
    (Step.COMPARISON, 1),
    (Step.DEMOCRATIC_APPRAISAL, 3),
    (Step.VILLAGE_NOTICE, 5),
    (Step.TOWNSHIP_REVIEW, 10),
    (Step.COUNTY_DECISION, 20),
    (Step.RESULT_ANNOUNCED, 13),
    (Step.REJECTED, 60),
)


@dataclass(frozen=True, slots=True)
class _Case:
    """A case that is being written."""

    rows: Rows
    settled: Settled
    step: Step
    opened_on: date
    at: datetime

    @property
    def id(self) -> uuid.UUID:
        return namespace_id(f"demo case {self.settled.family.key}")

    def day(self, days: int) -> date:
        return self.opened_on + timedelta(days=days)

    def instant(self, days: int) -> datetime:
        """Ten in the morning of that day, and never after the demo's day began."""
        return min(self.at - timedelta(hours=1), self.at + (self.day(days) - self.at.date()) + timedelta(hours=10))


def write_cases(rows: Rows, settled: Sequence[Settled], at: datetime) -> None:
    """The cases, what happened to them, and one notice with an objection to it."""
    waiting = list(AT_EACH_STEP)
    families = {row["id"]: row for row in rows.of["household"]}
    for one in sorted(settled, key=lambda each: (each.region_code, each.family.number)):
        if one.ended_on is not None:
            continue
        row, status = families[one.id], one.monitoring_status
        if status is MonitoringStatus.MONITORED:
            _write(_Case(rows, one, Step.MONITORED, at.date() - timedelta(days=AGO[Step.MONITORED]), at))
        elif status is MonitoringStatus.ELIMINATED_TRACKED:
            case = _Case(rows, one, Step.ELIMINATED, at.date() - timedelta(days=AGO[Step.ELIMINATED]), at)
            row["exited_on"] = _write(case)["eliminated_on"]
        elif waiting and one.region_code.startswith(TOWNSHIP) and one.family.number % 3 == 0:
            step, ago = waiting.pop(0)
            _write(_Case(rows, one, step, at.date() - timedelta(days=ago), at))
            if step is not Step.REJECTED:
                row["monitoring_status"] = MonitoringStatus.IN_PROCEDURE


def _write(case: _Case) -> Mapping[str, Any]:
    story = _story(case.step)
    (_, _, _, since) = story[-1]
    is_gone = case.step is Step.ELIMINATED
    category = case.settled.family.category
    decided = any(event is Event.COUNTY_APPROVED for event, *_ in story)
    row = {
        "id": case.id,
        "household_id": case.settled.id,
        "region_code": case.settled.region_code,
        "category": {"LIFTED": "UNSTABLE_LIFTED", "EDGE": "EDGE"}.get(category, "SUDDEN_HARDSHIP") if decided else None,
        "proposed_category": None,
        "causes": list(case.settled.family.causes) or ["ILLNESS"],
        "round": Round.ELIMINATION.value if is_gone else Round.ADMISSION.value,
        "round_number": 2 if is_gone else 1,
        "step": case.step.value,
        "step_since": case.instant(since),
        "step_due_on": notice_ends(case.day(3), POLICY) if case.step is Step.VILLAGE_NOTICE else None,
        "clue_id": None,
        "previous_case_id": None,
        "began_on": case.opened_on,
        "round_began_on": case.day(400) if is_gone else case.opened_on,
        "due_on": decision_due(case.day(400) if is_gone else case.opened_on, POLICY, {}),
        "opened_at": case.instant(0),
        "decided_at": case.instant(12) if decided else None,
        "monitored_on": case.day(13) if case.step in (Step.MONITORED, Step.ELIMINATED) else None,
        "eliminated_on": case.day(since) if is_gone else None,
        "closed_on": case.day(since) if case.step in ENDS else None,
        "close_reason": None,
        "upload_status": "UPLOADED"
        if case.step in (Step.MONITORED, Step.ELIMINATED)
        else ("PENDING" if decided else "NONE"),
        "revision": len(story),
        "created_at": case.instant(0),
        "updated_at": case.instant(since),
    }
    case.rows.add("monitoring_case", **row)
    _write_story(case, story)
    if case.step is Step.VILLAGE_NOTICE:
        _write_notice(case)
    return row


_Line = tuple[Event, CaseLevel | None, Step, int]


def _story(step: Step) -> list[_Line]:
    if step is Step.REJECTED:
        return [*_ADMITTED[:4], (Event.TOWNSHIP_REJECTED, CaseLevel.TOWNSHIP, Step.REJECTED, 11)]
    if step is Step.ELIMINATED:
        again: list[_Line] = [(event, level, to, days + 400) for event, level, to, days in _ADMITTED[1:-1]]
        proposed: _Line = (Event.ELIMINATION_PROPOSED, CaseLevel.VILLAGE, Step.COMPARISON, 400)
        gone: _Line = (Event.RESULT_ANNOUNCED, CaseLevel.COUNTY, Step.ELIMINATED, 413)
        return [*_ADMITTED, proposed, *again, gone]
    until = next(number for number, line in enumerate(_ADMITTED, 1) if line[2] is step)
    return list(_ADMITTED[:until])


def _write_story(case: _Case, story: Sequence[_Line]) -> None:
    before: Step | None = None
    for number, (event, level, to, days) in enumerate(story, 1):
        case.rows.add(
            "case_event",
            id=namespace_id(f"demo case event {case.id} {number}"),
            case_id=case.id,
            household_id=case.settled.id,
            region_code=case.settled.region_code,
            revision=number,
            round=Round.ELIMINATION.value if days >= 400 else Round.ADMISSION.value,
            event=event.value,
            level=level and level.value,
            from_step=before and before.value,
            to_step=to.value,
            happened_at=case.instant(days),
            recorded_at=case.instant(days),
            recorded_by_id=level and account_id(WHO[level]),
            reason="收入和保障均已达标，不存在致贫返贫风险" if event is Event.TOWNSHIP_REJECTED else None,
            detail=json.dumps({}),
        )
        before = to


def _write_notice(case: _Case) -> None:
    """It hangs since the day of the appraisal, and somebody unnamed has objected."""
    head = case.settled.family.members[0]
    published_on = case.day(3)
    content = notice_content(
        NoticeFacts(
            kind=NoticeKind.VILLAGE_NOTICE,
            round=NoticeRound.ADMISSION,
            word="富泉",  # of the township: the counter of the county's papers begins with what people publish
            serial=1,
            county="永泰县",
            township="富泉乡",
            village=VILLAGE_BY_CODE[case.settled.region_code].name,
            head_name=head.name,
            member_count=len(case.settled.family.members),
            category=None,
            causes=case.settled.family.causes,
            income_fen=None,
            line_fen=POLICY.line_fen,
            published_on=published_on,
            full_days=POLICY.notice_days,
        )
    )
    notice = namespace_id(f"demo notice {case.id}")
    common = {
        "case_id": case.id,
        "household_id": case.settled.id,
        "region_code": case.settled.region_code,
        "round": Round.ADMISSION.value,
        "round_number": 1,
    }
    case.rows.add(
        "notice",
        id=notice,
        **common,
        number=content.number,
        kind="VILLAGE_NOTICE",
        published_on=published_on,
        ends_on=content.ends_on,
        content=json.dumps(content.as_json(), ensure_ascii=False),
        published_at=case.instant(3),
        published_by_id=account_id("village_officer"),
        withdrawn_at=None,
    )
    case.rows.add(
        "objection",
        id=namespace_id(f"demo objection {case.id}"),
        notice_id=notice,
        **common,
        received_at=case.instant(4),
        due_on=case.day(4 + POLICY.objection_days),
        objector=None,
        says="听说他家今年买了三轮车",
        recorded_by_id=account_id("township_officer"),
        outcome=None,
        answer=None,
        answered_at=None,
        answered_by_id=None,
    )
