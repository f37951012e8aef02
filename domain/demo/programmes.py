"""Three families of Fuzhou in civil affairs' programme, tried there in 2020: followed, at the county, and over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from domain.access.recusal import CaseLevel
from domain.access.rules import CHINA
from domain.base.models import namespace_id
from domain.demo.personas import account_id
from domain.demo.rows import Rows
from domain.demo.settlements import KEY_RISK, Settled
from domain.programmes.rules import ProgrammeEvent as Event
from domain.programmes.rules import ProgrammeStep, transition

VILLAGE: Final = "350125201201"
FIRST_DAY: Final = date(2020, 6, 8)
SERVICES: Final = ["LIVING_RELIEF", "MEDICAL_RELIEF"]
WHO: Final = {
    CaseLevel.VILLAGE: "village_officer",
    CaseLevel.TOWNSHIP: "township_officer",
    CaseLevel.COUNTY: "county_officer",
}
WAYS: Final = (
    ("DIBAO", (Event.OPENED, Event.FILED, Event.SUBMITTED, Event.APPROVED, Event.RELIEVED, Event.SERVED)),
    ("TEKUN", (Event.OPENED, Event.FILED, Event.SUBMITTED)),
    ("UNATTENDED_CHILD", (Event.OPENED, Event.FILED, Event.SUBMITTED, Event.APPROVED, Event.ENDED)),
)


def write_programmes(rows: Rows, settled: Sequence[Settled]) -> None:
    """A case for each of three families, a step a week."""
    families = [
        one for one in settled if one.region_code == VILLAGE and KEY_RISK in one.rosters and one.ended_on is None
    ]
    for family, (group, events) in zip(families, WAYS, strict=False):
        _write(rows, family, group, events)


def _write(rows: Rows, family: Settled, group: str, events: Sequence[Event]) -> None:
    whose = {"household_id": family.id, "region_code": family.region_code}
    case_id = namespace_id(f"demo programme {family.family.key}")
    case: dict[str, Any] = {
        "id": case_id,
        **whose,
        "recipient_class": "SAFETY_NET",
        "groups": [group],
        "services": [],
        "began_on": FIRST_DAY,
        "ended_on": None,
        "end_reason": None,
    }
    step: ProgrammeStep | None = None
    for number, event in enumerate(events):
        line = transition(event, step)
        if line is None:
            raise ValueError(f"{event} does not follow on {step}")
        at = datetime.combine(FIRST_DAY + timedelta(weeks=number), time(10), CHINA)
        before, step = step, line.to or step
        if line.needs_services:
            case["services"] = SERVICES
        if line.to is None:
            case |= {"ended_on": at.date(), "end_reason": "NEED_MET"}
        else:
            case |= {"step": line.to, "step_since": at}
        case.setdefault("opened_at", at)
        rows.add(
            "programme_case_event",
            id=namespace_id(f"demo programme {family.family.key} {event}"),
            programme_case_id=case_id,
            **whose,
            event=event,
            level=line.by[0],
            from_step=before,
            to_step=step,
            reason="NEED_MET" if line.to is None else None,
            services=SERVICES if line.needs_services else [],
            recorded_at=at,
            recorded_by_id=account_id(WHO[line.by[0]]),
        )
    rows.add("programme_case", **case)
