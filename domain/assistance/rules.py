"""How a measure lives, what a family is entitled to, and what stands against plans and relief. Pure."""

from __future__ import annotations

import enum
import re
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Final

from domain.access.rules import OFFICER_ROLES, GrantRole
from domain.base.errors import Problem
from domain.calendar.rules import months_after
from domain.visits.rules import VisitContact


class PlanKind(enum.StrEnum):
    """What a plan is for: 一户一计划 (Lu'an 2019), or production, 生产发展计划 (Fujian 2020)."""

    HOUSEHOLD = "HOUSEHOLD"
    PRODUCTION = "PRODUCTION"


class MeasureState(enum.StrEnum):
    """Where a measure stands (措施状态), domain.md §6."""

    PLANNED = "PLANNED"
    APPROVED = "APPROVED"
    DELIVERING = "DELIVERING"
    DELIVERED = "DELIVERED"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


class MeasureAct(enum.StrEnum):
    """What is done with a measure (办理环节)."""

    ADD = "ADD"
    APPROVE = "APPROVE"
    START = "START"
    DELIVER = "DELIVER"
    CONFIRM = "CONFIRM"
    CANCEL = "CANCEL"


class Entitlement(enum.StrEnum):
    """How far a family may claim a measure (享受政策类别)."""

    FULL = "FULL"
    AS_MEANS_ALLOW = "AS_MEANS_ALLOW"
    NONE = "NONE"


class ReliefState(enum.StrEnum):
    """Where relief stands (救助状态). REVOKED: the review found it wrong, and it counts nowhere."""

    GIVEN = "GIVEN"
    REVIEWED = "REVIEWED"
    REVOKED = "REVOKED"


# --- who may, and what follows what -----------------------------------------------------------------------------------

KNOWS_THE_FAMILY: Final = OFFICER_ROLES | {GrantRole.HELPER}
TOWNSHIP_AND_ABOVE: Final = OFFICER_ROLES - {GrantRole.VILLAGE_OFFICER, GrantRole.RESIDENT_TEAM}
GIVES_RELIEF: Final = TOWNSHIP_AND_ABOVE | {GrantRole.DEPARTMENT}
# Whose families are theirs by a list: all others act in the region that they were given.
_BY_LIST: Final = frozenset({GrantRole.HELPER, GrantRole.DEPARTMENT})


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a measure's life: what is done, from which states, to which, by whom, and what must come with it."""

    act: MeasureAct
    starts: tuple[MeasureState | None, ...]
    to: MeasureState
    who: frozenset[GrantRole]
    needs: str


_S = MeasureState
# "status PLANNED → APPROVED → DELIVERING → DELIVERED → CONFIRMED by the household" (domain.md §6). What is handed over in
# one go was never under way: it is delivered from APPROVED. Whoever knows the family plans and carries out (因户施策,一户
# 一计划、一人一措施, Lu'an 2019); the township answers for what is promised. docs/measures.md shows this table.
LIFE: Final[tuple[Step, ...]] = (
    Step(MeasureAct.ADD, (None,), _S.PLANNED, KNOWS_THE_FAMILY, "kind and content"),
    Step(MeasureAct.APPROVE, (_S.PLANNED,), _S.APPROVED, TOWNSHIP_AND_ABOVE, "a provider"),
    Step(MeasureAct.START, (_S.APPROVED,), _S.DELIVERING, KNOWS_THE_FAMILY, "the day"),
    Step(MeasureAct.DELIVER, (_S.APPROVED, _S.DELIVERING), _S.DELIVERED, KNOWS_THE_FAMILY, "the day"),
    Step(MeasureAct.CONFIRM, (_S.DELIVERED,), _S.CONFIRMED, KNOWS_THE_FAMILY, "the call that witnessed it"),
    Step(
        MeasureAct.CANCEL,
        (_S.PLANNED, _S.APPROVED, _S.DELIVERING),
        _S.CANCELLED,
        TOWNSHIP_AND_ABOVE,
        "a reason of measure_cancel_reason",
    ),
)
STEPS: Final = {step.act: step for step in LIFE}


def may(who: Collection[GrantRole], roles: Collection[GrantRole], *, is_in_region: bool) -> bool:
    """Whether one of these roles may do it for a family that is visible: in the granted region, or else by a list."""
    allowed = {role for role in who if role in roles}
    return bool(allowed) if is_in_region else not allowed.isdisjoint(_BY_LIST)


def role_problem(who: Collection[GrantRole]) -> Problem:
    """The refusal, with the roles that may."""
    return Problem("FORBIDDEN_ROLE", ("input",), {"roles": ", ".join(sorted(who))})


def turn_problem(act: MeasureAct, state: MeasureState) -> Problem | None:
    """A measure takes its steps in order; what is confirmed or cancelled takes none."""
    starts = [one.value for one in STEPS[act].starts if one is not None]
    if state in starts:
        return None
    return Problem("MEASURE_OUT_OF_TURN", ("input", "measureId"), {"state": state.value, "needed": ", ".join(starts)})


def order_problem(field: str, day: date | None, earliest: date | None) -> list[Problem]:
    """No step before the one that it follows. None: a day that could not be read, or nothing to follow."""
    if day is None or earliest is None or day >= earliest:
        return []
    return [Problem("STEP_BEFORE_THE_LAST", ("input", field), {"earliest": str(earliest)})]


@dataclass(frozen=True, slots=True)
class Witness:
    """A visit, as far as it can witness a delivery. `occurred_on`: its day in China."""

    contact: VisitContact
    is_superseded: bool
    household_id: uuid.UUID
    occurred_on: date


def witness_problems(visit: Witness, household_id: uuid.UUID, delivered_on: date) -> list[Problem]:
    """Why a visit witnesses no delivery: "CONFIRMED by the household (with the visit that witnessed it)" (issue 09): a call
    at this family, met in person, on the day of the delivery or later, as it stands after corrections."""
    path = ("input", "visitId")
    if visit.household_id != household_id:
        return [Problem("VISIT_OF_ANOTHER_HOUSEHOLD", path)]
    problems = []
    if visit.is_superseded:
        problems.append(Problem("ALREADY_SUPERSEDED", path))
    if visit.contact is not VisitContact.IN_PERSON:
        problems.append(Problem("WITNESS_NOT_IN_PERSON", path))
    if visit.occurred_on < delivered_on:
        problems.append(Problem("VISIT_BEFORE_DELIVERY", path, {"deliveredOn": str(delivered_on)}))
    return problems


# --- what a family is entitled to, and what an exit may not end -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HelpPolicy:
    """The numbers of a division on a day, as far as help asks for them (domain/policy/data/parameters.csv)."""

    full_categories: frozenset[str]
    full_kinds: frozenset[str]
    means_categories: frozenset[str]
    transition_months: int


HELP_PARAMETERS: Final = (
    "FULL_ENTITLEMENT_CATEGORIES",
    "FULL_ENTITLEMENT_KINDS",
    "AS_MEANS_ALLOW_CATEGORIES",
    "EXIT_TRANSITION_MONTHS",
)
NO_MEANS, EXIT = "NO_MEANS", "EXIT"  # of measure_cancel_reason; EXIT of plan_end_reason, too


def entitlement_of(category: str, kind: str, policy: HelpPolicy) -> Entitlement:
    """How far a family may claim it: "落实落细医疗卫生、义务教育、危房改造、社会保障、农业保险等各项政策举措,
    对已脱贫户做到政策不变、应享尽享,对边缘户做到统筹兼顾、尽力而为" (Lu'an 2019). Which kinds of measures that means, and
    which households are like which, is policy."""
    if category in policy.full_categories and kind in policy.full_kinds:
        return Entitlement.FULL
    if category in policy.full_categories or category in policy.means_categories:
        return Entitlement.AS_MEANS_ALLOW
    return Entitlement.NONE


def cancel_problems(
    reason: str, entitlement: Entitlement, exited_on: date | None, policy: HelpPolicy, today: date
) -> list[Problem]:
    """Why a measure may not be cancelled for this reason: 应享尽享 is not refused for lack of means, 尽力而为 may be (Lu'an
    2019); and an exit ends nothing before its time, `exit_problems`."""
    if reason == NO_MEANS and entitlement is Entitlement.FULL:
        return [Problem("ENTITLED_IN_FULL", ("input", "reason"))]
    return exit_problems(reason, exited_on, policy.transition_months, today)


def exit_problems(reason: str, exited_on: date | None, transition_months: int, today: date) -> list[Problem]:
    """An exit ends no help: "脱贫不脱政策、脱贫不脱帮扶、脱贫不脱责任、脱贫不脱监管" (Lu'an 2019), 四个不摘 (Fuzhou 2020).
    "Ending a pairing or measure because of an exit is refused unless policy's transition has run out" (domain.md §4)."""
    if reason != EXIT:
        return []
    path = ("input", "reason")
    if exited_on is None:
        return [Problem("EXIT_NOT_ON_RECORD", path)]
    until = months_after(exited_on, transition_months)
    return [] if today >= until else [Problem("EXIT_ENDS_NO_HELP", path, {"until": str(until)})]


# --- relief -----------------------------------------------------------------------------------------------------------

_TERM: Final = re.compile(r"[0-9]{4}(?:-(?:0[1-9]|1[0-2])|Q[1-4])?", re.ASCII)


def is_term(text: str) -> bool:
    """What relief is for: a year 2026, a month 2026-07, a quarter 2026Q3. The same kind is given once for it: "never the
    same claim twice" (domain.md §6)."""
    return _TERM.fullmatch(text) is not None


def review_problems(given_by: uuid.UUID, reviewer: uuid.UUID, state: ReliefState) -> list[Problem]:
    """Who gives does not review (issue 09: "kind, cause, reviewer"), and what was reviewed is not reviewed again."""
    if state is not ReliefState.GIVEN:
        return [Problem("RELIEF_ALREADY_REVIEWED", ("input", "reliefId"), {"state": state.value})]
    return [Problem("REVIEWER_IS_GIVER", ("input", "reliefId"))] if given_by == reviewer else []
