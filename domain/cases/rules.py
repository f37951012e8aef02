"""When a case is due, who may act in it, under which category a family is monitored. Pure: facts and days come in.

What can happen at all, and by whom, is the table's: transitions.py. Every rule quotes where it comes from.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from domain.access.recusal import CaseLevel, Recusal
from domain.access.rules import GrantRole
from domain.base.errors import Party, Problem, Requirement, missing
from domain.calendar.rules import after_working_days
from domain.cases.transitions import OPEN, ROLES_OF, TRANSITIONS, Event, Need, Round, Step, steps_for, transition
from domain.households.models import MonitoringStatus
from domain.households.rules import Path

CASE_PARAMETERS: Final = (
    "DECISION_DAYS",
    "DECISION_DAYS_COUNTED",
    "COMPARISON_FIRST",
    "COMPARISON_DAYS",
    "NOTICE_DAYS",
    "OBJECTION_ANSWER_DAYS",
    "MONITORING_CATEGORIES",
    "INCOME_LINE",
    "STABILITY_MONTHS",
    "MEASURES_BEFORE_ELIMINATION",
    "NOTICE_MASKS_NAMES",
)
UNSTABLE_LIFTED, EDGE, SUDDEN_HARDSHIP = "UNSTABLE_LIFTED", "EDGE", "SUDDEN_HARDSHIP"
LIFTED, REGISTERED_POOR, ORDINARY = "LIFTED", "REGISTERED_POOR", "ORDINARY"  # of household_category
REASON_LIMIT: Final = 1000  # characters


class DaysCounted(enum.StrEnum):
    """Which days the days to the decision are: policy."""

    CALENDAR_DAYS = "CALENDAR_DAYS"
    WORKING_DAYS = "WORKING_DAYS"


@dataclass(frozen=True, slots=True)
class CasePolicy:
    """The numbers of a division on a day, as far as cases ask for them (domain/policy/data/parameters.csv)."""

    decision_days: int = 15
    counts_working_days: bool = False
    has_comparison: bool = True
    comparison_days: int = 5
    notice_days: int = 5
    objection_days: int = 3
    categories: tuple[str, ...] = (UNSTABLE_LIFTED, EDGE, SUDDEN_HARDSHIP)
    line_fen: int = 600_000
    stability_months: int = 6
    measures: int = 1
    masks_names: bool = True

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> CasePolicy:
        """From the values in force, by parameter."""
        return cls(
            decision_days=values["DECISION_DAYS"],
            counts_working_days=DaysCounted(values["DECISION_DAYS_COUNTED"]) is DaysCounted.WORKING_DAYS,
            has_comparison=values["COMPARISON_FIRST"],
            comparison_days=values["COMPARISON_DAYS"],
            notice_days=values["NOTICE_DAYS"],
            objection_days=values["OBJECTION_ANSWER_DAYS"],
            categories=tuple(values["MONITORING_CATEGORIES"]),
            line_fen=round(float(values["INCOME_LINE"]) * 100),
            stability_months=values["STABILITY_MONTHS"],
            measures=values["MEASURES_BEFORE_ELIMINATION"],
            masks_names=values["NOTICE_MASKS_NAMES"],
        )

    @property
    def first_step(self) -> Step:
        """Where a round begins: "comparison stands between verification and appraisal" (domain.md §11.5)."""
        return Step.COMPARISON if self.has_comparison else Step.DEMOCRATIC_APPRAISAL


# --- clocks ------------------------------------------------------------------------------------------------------------


def decision_due(began_on: date, policy: CasePolicy, differing: Mapping[date, bool]) -> date:
    """The last day on which the county decides in time: "15 days: the same day 0; stops at the county's decision …
    calendar or working days by policy" (domain.md §11.3). Objections and returns change nothing."""
    if policy.counts_working_days:
        return after_working_days(began_on, policy.decision_days, differing)
    return began_on + timedelta(days=policy.decision_days)


def notice_ends(published_on: date, policy: CasePolicy) -> date:
    """Its last full day: "publication is day 0, then five full days" (domain.md §11.4)."""
    return published_on + timedelta(days=policy.notice_days)


def notice_is_over(ends_on: date, today: date) -> bool:
    """ "The township may act from 00:00 of day 6" (domain.md §11.4)."""
    return today > ends_on


def is_late(due_on: date, today: date) -> bool:
    """ "Lateness is flagged, never blocks" (domain.md §11.3). On the last day it is not late yet."""
    return today > due_on


# --- who ---------------------------------------------------------------------------------------------------------------


def level_of(event: Event, roles: Collection[GrantRole]) -> CaseLevel | None:
    """At which level somebody with these roles does this; None where none of them may."""
    levels = (level for row in TRANSITIONS if row.event is event for level in row.by)
    return next((level for level in levels if not ROLES_OF[level].isdisjoint(roles)), None)


def who_may(*events: Event) -> frozenset[GrantRole]:
    """The roles that may do one of these."""
    return frozenset().union(*(ROLES_OF[level] for row in TRANSITIONS if row.event in events for level in row.by))


def role_problem(event: Event) -> Problem:
    """The refusal, with the roles that may."""
    return Problem("FORBIDDEN_ROLE", ("input",), {"roles": ", ".join(sorted(who_may(event)))})


# Why somebody has to leave a step to another, as a client hears it.
RECUSED: Final[Mapping[Recusal, str]] = {
    Recusal.RELATIVE: "RECUSED_AS_RELATIVE",
    Recusal.ACTED_AT_ANOTHER_LEVEL: "RECUSED_ACTED_ELSEWHERE",
    Recusal.VERIFIED_IT: "RECUSED_AS_VERIFIER",
}


def step_problem(event: Event, step: Step) -> Problem:
    """The refusal of what cannot happen where a case stands."""
    return Problem("WRONG_STEP", ("input", "caseId"), {"step": step, "steps": ", ".join(steps_for(event))})


# --- what follows for the family ---------------------------------------------------------------------------------------


def status_after(round_: Round, step: Step, *, has_exited: bool) -> MonitoringStatus:
    """Where a household stands (domain.md §11.13): a second round leaves it monitored until it is over; a case that came to
    nothing leaves it where it was before, tracked if its risk was found gone once."""
    if step in OPEN:
        is_new = round_ is Round.ADMISSION and step is not Step.MONITORED
        return MonitoringStatus.IN_PROCEDURE if is_new else MonitoringStatus.MONITORED
    if step is Step.ELIMINATED or has_exited:
        return MonitoringStatus.ELIMINATED_TRACKED
    return MonitoringStatus.NEVER


def household_category(category: str | None, now: str) -> str:
    """The category of a household once its case has this one: an ordinary family at the edge is an edge household. A lifted
    one stays lifted, and who was struck suddenly stays what it was."""
    return EDGE if category == EDGE and now == ORDINARY else now


# --- opening -----------------------------------------------------------------------------------------------------------


def opening_problems(
    *, is_verified: bool, has_case: bool, has_open_case: bool, causes: Collection[str]
) -> list[Problem]:
    """Why no case is born of this clue: "the case is born from a verified clue", "one open case per household" (domain.md
    §4, §11.7). A rejected or eliminated household can come back, with another sign."""
    path: Path = ("input", "clueId")
    problems = []
    if not is_verified:
        problems.append(missing("CLUE_NOT_VERIFIED", path, Requirement("DOOR_VERIFICATION", Party.HELPER)))
    if has_case:
        problems.append(Problem("CLUE_HAS_A_CASE", path))
    if has_open_case:
        problems.append(Problem("CASE_ALREADY_OPEN", path))
    if not causes:
        problems.append(Problem("REQUIRED", ("input", "causes")))
    return problems


# --- review and decision -----------------------------------------------------------------------------------------------


class CaseReviewOutcome(enum.StrEnum):
    """What a township says (乡镇审核意见)."""

    APPROVE = "APPROVE"
    RETURN = "RETURN"
    REJECT = "REJECT"


class CaseDecisionOutcome(enum.StrEnum):
    """What a county says (县级审定意见)."""

    APPROVE = "APPROVE"
    RETURN = "RETURN"
    REJECT = "REJECT"
    REGISTER_POOR = "REGISTER_POOR"


REVIEWED: Final[Mapping[CaseReviewOutcome, Event]] = {
    CaseReviewOutcome.APPROVE: Event.TOWNSHIP_APPROVED,
    CaseReviewOutcome.RETURN: Event.TOWNSHIP_RETURNED,
    CaseReviewOutcome.REJECT: Event.TOWNSHIP_REJECTED,
}
DECIDED: Final[Mapping[CaseDecisionOutcome, Event]] = {
    CaseDecisionOutcome.APPROVE: Event.COUNTY_APPROVED,
    CaseDecisionOutcome.RETURN: Event.COUNTY_RETURNED,
    CaseDecisionOutcome.REJECT: Event.COUNTY_REJECTED,
    CaseDecisionOutcome.REGISTER_POOR: Event.COUNTY_FOUND_POOR,
}


def reason_problems(event: Event, round_: Round, step: Step, reason: str | None) -> list[Problem]:
    """Where the table asks for a reason, one is given."""
    row = transition(event, round_, step)
    if row is None or reason is not None or Need.REASON not in row.needs:
        return []
    return [Problem("REASON_NEEDED", ("input", "reason"), {"limit": REASON_LIMIT})]


def goes_on(step: Step, decided_at: datetime | None, opened_at: datetime) -> tuple[bool, bool, datetime]:
    """Which of two cases goes on where two families become one, the least first: "MONITORED wins, then the earliest
    decision" (domain.md §11.12); of two that are not decided, the one that was opened first."""
    return step is not Step.MONITORED, decided_at is None, decided_at or opened_at
