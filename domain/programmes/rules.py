"""The 3866 mechanism (“3866”工作机制): where and when it is tried, and what may happen to a case of it. Pure.

"“3”指的是包括低保、特困人员、孤儿、事实无人抚养儿童等兜底保障对象在内的三类帮扶服务对象；“8”指的是生活救助、急难救助、医疗救助等
八项帮扶服务，两个“6”分别指的是遵循摸底、建档、审批、救助、服务、监测等六个步骤和加强组织领导、部门协同、审批改革、资金筹措、督促
指导、宣传引导等六个方面保障措施" (中国社区报 2020-05-19). The source names one of three classes and three of eight
services: a county adds its own words by policy (PROGRAMME_CLASSES, PROGRAMME_SERVICES); nothing is made up here.
"""

from __future__ import annotations

import csv
import enum
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from domain.access.recusal import CaseLevel
from domain.access.rules import GrantRole
from domain.base.errors import Problem

PILOTS: Final = Path(__file__).parent / "data" / "pilots.csv"
SAFETY_NET: Final = (
    "SAFETY_NET"  # 兜底保障对象: the one class whose members the source names (terms of programme_group)
)
CLASSES, SERVICES = "PROGRAMME_CLASSES", "PROGRAMME_SERVICES"  # parameters


class ProgrammeStep(enum.StrEnum):
    """The six steps (六个步骤), in their order. A case that ends stays at the step where it ended."""

    SURVEY = "SURVEY"
    FILE = "FILE"
    APPROVAL = "APPROVAL"
    RELIEF = "RELIEF"
    SERVICE = "SERVICE"
    MONITORING = "MONITORING"


class ProgrammeEvent(enum.StrEnum):
    """What happens to a case (办理环节)."""

    OPENED = "OPENED"
    FILED = "FILED"
    SUBMITTED = "SUBMITTED"
    APPROVED = "APPROVED"
    RETURNED = "RETURNED"
    RELIEVED = "RELIEVED"
    SERVED = "SERVED"
    RESUMED = "RESUMED"
    ENDED = "ENDED"


# Who acts at which level. The source says nothing of it: as with monitoring cases (domain.md §11.6), a village finds and
# writes down, a township puts forward and carries out, a county approves (ASSUMPTION).
ROLES_OF: Final = {
    CaseLevel.VILLAGE: frozenset({GrantRole.VILLAGE_OFFICER, GrantRole.RESIDENT_TEAM}),
    CaseLevel.TOWNSHIP: frozenset({GrantRole.TOWNSHIP_OFFICER}),
    CaseLevel.COUNTY: frozenset({GrantRole.COUNTY_OFFICER}),
}
WHO_ACTS: Final = frozenset().union(*ROLES_OF.values())


@dataclass(frozen=True, slots=True)
class Transition:
    """One line of the table. at: where it may happen, nothing for before there is a case. to: None ends the case."""

    event: ProgrammeEvent
    zh: str
    at: tuple[ProgrammeStep, ...]
    to: ProgrammeStep | None
    by: tuple[CaseLevel, ...]
    needs_services: bool = False
    needs_reason: bool = False


_S, _E = ProgrammeStep, ProgrammeEvent
_LOCAL, _TOWNSHIP, _COUNTY = (CaseLevel.VILLAGE, CaseLevel.TOWNSHIP), (CaseLevel.TOWNSHIP,), (CaseLevel.COUNTY,)

TRANSITIONS: Final = (
    Transition(_E.OPENED, "摸底发现", (), _S.SURVEY, _LOCAL),
    Transition(_E.FILED, "建档", (_S.SURVEY,), _S.FILE, _LOCAL),
    Transition(_E.SUBMITTED, "报批", (_S.FILE,), _S.APPROVAL, _TOWNSHIP),
    Transition(_E.APPROVED, "批准", (_S.APPROVAL,), _S.RELIEF, _COUNTY, needs_services=True),
    Transition(_E.RETURNED, "退回", (_S.APPROVAL,), _S.FILE, _COUNTY, needs_reason=True),
    Transition(_E.RELIEVED, "救助到位", (_S.RELIEF,), _S.SERVICE, _TOWNSHIP),
    Transition(_E.SERVED, "服务到位", (_S.SERVICE,), _S.MONITORING, _TOWNSHIP),
    Transition(_E.RESUMED, "再次救助", (_S.MONITORING,), _S.RELIEF, _TOWNSHIP, needs_reason=True),
    Transition(_E.ENDED, "终止", tuple(_S), None, (*_TOWNSHIP, *_COUNTY), needs_reason=True),
)


def transition(event: ProgrammeEvent, step: ProgrammeStep | None) -> Transition | None:
    """The line by which this may happen there; None where it may not. step None: there is no case yet."""
    return next(
        (one for one in TRANSITIONS if one.event is event and (step in one.at if step else not one.at)),
        None,
    )


def level_of(line: Transition, roles: Collection[GrantRole]) -> CaseLevel | None:
    """The level at which somebody with these roles acts by this line: the lowest; None where they may not."""
    return next((level for level in line.by if not ROLES_OF[level].isdisjoint(roles)), None)


def role_problem(line: Transition) -> Problem:
    """The refusal, with the roles that may."""
    roles = sorted(role for level in line.by for role in ROLES_OF[level])
    return Problem("FORBIDDEN_ROLE", ("input",), {"roles": ", ".join(roles)})


def needs_problems(line: Transition, services: Sequence[str], reason: str | None) -> list[Problem]:
    """What is missing for this line, and what is given where it means nothing."""
    problems = []
    if line.needs_services and not services:
        problems.append(Problem("REQUIRED", ("input", "services")))
    if services and not line.needs_services:
        problems.append(Problem("SERVICES_NOT_HERE", ("input", "services")))
    if line.needs_reason and reason is None:
        problems.append(Problem("REQUIRED", ("input", "reason")))
    return problems


# --- where and when ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pilot:
    """Where it is tried (试点): a division with all below it, from a day until the first day without it."""

    region_code: str
    from_on: date
    until_on: date
    name: str


@cache
def pilots() -> tuple[Pilot, ...]:
    """ "在福州市、三明市，长泰县、晋江市、涵江区、政和县、上杭县、霞浦县等“2市6县”开展为期一年的…试点工作" (中国社区报
    2020-05-19). The day is that of the report, which says 近日 (ASSUMPTION). Codes are today's: 长泰 became a district."""
    with PILOTS.open(encoding="utf-8", newline="") as lines:
        return tuple(
            Pilot(
                row["region_code"],
                date.fromisoformat(row["from_on"]),
                date.fromisoformat(row["until_on"]),
                row["name"],
            )
            for row in csv.DictReader(lines)
        )


def pilot_problem(region_code: str, on: date, tried: Iterable[Pilot]) -> Problem | None:
    """Why no case may begin there on that day: PILOT_NOT_HERE, or PILOT_NOT_NOW with the days. One that began in time
    goes on to its end: help that a family was promised does not stop with a trial."""
    here = [one for one in tried if region_code.startswith(one.region_code)]
    if not here:
        return Problem("PILOT_NOT_HERE", ("input", "householdId"))
    if any(one.from_on <= on < one.until_on for one in here):
        return None
    days = {"fromOn": str(here[0].from_on), "untilOn": str(here[0].until_on)}
    return Problem("PILOT_NOT_NOW", ("input", "beganOn"), days)


def class_problems(
    recipient_class: str, groups: Sequence[str], known_classes: Collection[str], known_groups: Collection[str]
) -> list[Problem]:
    """Whether the class is one of the county's, and says which groups of the safety net it is."""
    problems = []
    if recipient_class not in known_classes:
        detail = {"list": CLASSES, "code": recipient_class[:80]}
        problems.append(Problem("UNKNOWN_CODE", ("input", "recipientClass"), detail))
    if recipient_class == SAFETY_NET and not groups:
        problems.append(Problem("REQUIRED", ("input", "groups")))
    problems += [
        Problem("UNKNOWN_CODE", ("input", "groups", str(place)), {"list": "programme_group", "code": code[:80]})
        for place, code in enumerate(groups)
        if code not in known_groups
    ]
    return problems


def service_problems(services: Sequence[str], known: Collection[str]) -> list[Problem]:
    """Whether each service is one of the county's."""
    return [
        Problem("UNKNOWN_CODE", ("input", "services", str(place)), {"list": SERVICES, "code": code[:80]})
        for place, code in enumerate(services)
        if code not in known
    ]
