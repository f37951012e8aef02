"""Everything that can happen to a monitoring case, as one table: data/transitions.csv (监测对象认定与风险消除流程).

Code asks it what is possible, docs/cases.md and its drawing are made of it (`./ruhu sdl`), and so are tests.
The procedure is domain.md §4 and §11.3 to §11.7: "the case is born from a verified clue", goes its steps to MONITORED, "and
the same steps again as a second round of the same case". Pure.
"""

from __future__ import annotations

import csv
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from domain.access.recusal import CaseLevel
from domain.access.rules import GrantRole

FILE: Final = Path(__file__).parent / "data" / "transitions.csv"


class Round(enum.StrEnum):
    """Which round of the case it is (轮次)."""

    ADMISSION = "ADMISSION"
    ELIMINATION = "ELIMINATION"


class Step(enum.StrEnum):
    """Where a case stands: what is to be done next, or how it ended (所处环节)."""

    COMPARISON = "COMPARISON"
    DEMOCRATIC_APPRAISAL = "DEMOCRATIC_APPRAISAL"
    VILLAGE_NOTICE = "VILLAGE_NOTICE"
    TOWNSHIP_REVIEW = "TOWNSHIP_REVIEW"
    COUNTY_DECISION = "COUNTY_DECISION"
    RESULT_ANNOUNCED = "RESULT_ANNOUNCED"
    MONITORED = "MONITORED"
    ELIMINATED = "ELIMINATED"
    REJECTED = "REJECTED"
    REGISTERED_POOR = "REGISTERED_POOR"
    CLOSED = "CLOSED"


class Event(enum.StrEnum):
    """What happens to a case (办理事项)."""

    OPENED = "OPENED"
    COMPARISON_REQUESTED = "COMPARISON_REQUESTED"
    HIT_EXPLAINED = "HIT_EXPLAINED"
    COMPARISON_CONCLUDED = "COMPARISON_CONCLUDED"
    APPRAISAL_AGREED = "APPRAISAL_AGREED"
    APPRAISAL_DECLINED = "APPRAISAL_DECLINED"
    NOTICE_PUBLISHED = "NOTICE_PUBLISHED"
    OBJECTION_RECORDED = "OBJECTION_RECORDED"
    OBJECTION_NOT_UPHELD = "OBJECTION_NOT_UPHELD"
    OBJECTION_CORRECTED = "OBJECTION_CORRECTED"
    OBJECTION_REJECTS = "OBJECTION_REJECTS"
    NOTICE_ENDED = "NOTICE_ENDED"
    TOWNSHIP_APPROVED = "TOWNSHIP_APPROVED"
    TOWNSHIP_RETURNED = "TOWNSHIP_RETURNED"
    TOWNSHIP_REJECTED = "TOWNSHIP_REJECTED"
    COUNTY_APPROVED = "COUNTY_APPROVED"
    COUNTY_RETURNED = "COUNTY_RETURNED"
    COUNTY_REJECTED = "COUNTY_REJECTED"
    COUNTY_FOUND_POOR = "COUNTY_FOUND_POOR"
    RESULT_ANNOUNCED = "RESULT_ANNOUNCED"
    NATIONAL_ENTRY_CONFIRMED = "NATIONAL_ENTRY_CONFIRMED"
    ELIMINATION_PROPOSED = "ELIMINATION_PROPOSED"
    CATEGORY_CHANGE_APPROVED = "CATEGORY_CHANGE_APPROVED"
    CATEGORY_CHANGED = "CATEGORY_CHANGED"
    CATEGORY_CHANGE_REFUSED = "CATEGORY_CHANGE_REFUSED"
    FELL_INTO_POVERTY = "FELL_INTO_POVERTY"
    LATE_OBJECTION = "LATE_OBJECTION"
    FAMILY_CHANGED = "FAMILY_CHANGED"
    FAMILY_MOVED = "FAMILY_MOVED"
    FAMILY_SPLIT = "FAMILY_SPLIT"
    FAMILY_MERGED = "FAMILY_MERGED"
    CLOSED = "CLOSED"


class Need(enum.StrEnum):
    """What has to be there before something can happen (须具备的条件)."""

    VERIFIED_CLUE = "VERIFIED_CLUE"
    AUTHORISATIONS = "AUTHORISATIONS"
    DEPARTMENTS_ANSWERED = "DEPARTMENTS_ANSWERED"
    HITS_EXPLAINED = "HITS_EXPLAINED"
    MINUTES = "MINUTES"
    PUBLISHED_NOTICE = "PUBLISHED_NOTICE"
    FULL_NOTICE_DAYS = "FULL_NOTICE_DAYS"
    OBJECTIONS_ANSWERED = "OBJECTIONS_ANSWERED"
    REASON = "REASON"
    CATEGORY = "CATEGORY"
    ELIMINATION_CONDITIONS = "ELIMINATION_CONDITIONS"
    TOWNSHIPS_APPROVAL = "TOWNSHIPS_APPROVAL"


class Due(enum.StrEnum):
    """From where, and by which parameter of policy, the day is reckoned by which it is to happen (时限)."""

    DECISION_DAYS = "DECISION_DAYS"
    COMPARISON_DAYS = "COMPARISON_DAYS"
    NOTICE_DAYS = "NOTICE_DAYS"
    OBJECTION_ANSWER_DAYS = "OBJECTION_ANSWER_DAYS"


class Follows(enum.StrEnum):
    """Next steps that depend on more than the row (下一环节)."""

    SAME = "SAME"  # where it is
    FIRST = "FIRST"  # where rounds begin by policy: with the comparison, or at the appraisal
    REFUSED = "REFUSED"  # REJECTED; a refused elimination leaves the family MONITORED
    DONE = "DONE"  # MONITORED, or ELIMINATED


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: at these steps of these rounds this may happen, by one of these levels, with these things there.

    `by` empty: it follows by itself, from a day or from a change of the family. `due`: what its day is reckoned by.
    """

    event: Event
    zh: str
    en: str
    rounds: frozenset[Round]
    at: frozenset[Step | None]  # None: before there is a case
    by: tuple[CaseLevel, ...]
    needs: tuple[Need, ...]
    due: Due | None
    to: Step | Follows


# How a case ends; whatever stands elsewhere is open, and a family has one open case at most.
ENDS: Final = frozenset({Step.ELIMINATED, Step.REJECTED, Step.REGISTERED_POOR, Step.CLOSED})
OPEN: Final = frozenset(Step) - ENDS
CLOCK_STOPPED: Final = ENDS | {Step.RESULT_ANNOUNCED, Step.MONITORED}  # the clock of a round has stopped

# Which roles act at which level. Prefecture and province read and press: "a decision belongs to exactly one level".
ROLES_OF: Final[Mapping[CaseLevel, frozenset[GrantRole]]] = {
    CaseLevel.VILLAGE: frozenset({GrantRole.VILLAGE_OFFICER, GrantRole.RESIDENT_TEAM}),
    CaseLevel.TOWNSHIP: frozenset({GrantRole.TOWNSHIP_OFFICER}),
    CaseLevel.COUNTY: frozenset({GrantRole.COUNTY_OFFICER}),
}


def _read() -> tuple[Transition, ...]:
    """The rows of the file. `at` empty: before there is a case; OPEN: wherever it is open."""
    with FILE.open(encoding="utf-8", newline="") as lines:
        return tuple(
            Transition(
                event=Event(row["event"]),
                zh=row["zh"],
                en=row["en"],
                rounds=frozenset(Round(one) for one in row["rounds"].split()),
                at=_steps(row["at"]),
                by=tuple(CaseLevel(one) for one in row["by"].split()),
                needs=tuple(Need(one) for one in row["needs"].split()),
                due=Due(row["due"]) if row["due"] else None,
                to=Follows(row["to"]) if row["to"] in list(Follows) else Step(row["to"]),
            )
            for row in csv.DictReader(lines)
        )


def _steps(text: str) -> frozenset[Step | None]:
    if text == "OPEN":
        return frozenset(OPEN)
    return frozenset(Step(one) for one in text.split()) or frozenset({None})


TRANSITIONS: Final = _read()


def transition(event: Event, round: Round, step: Step | None) -> Transition | None:
    """The row by which this may happen there; None where it may not."""
    rows = (one for one in TRANSITIONS if one.event is event and round in one.rounds and step in one.at)
    return next(rows, None)


def steps_for(event: Event) -> list[Step]:
    """Where it may happen, in the order of the steps: what a refusal tells."""
    return [step for step in Step if any(one.event is event and step in one.at for one in TRANSITIONS)]


def next_step(row: Transition, round: Round, step: Step | None, first: Step) -> tuple[Round, Step]:
    """The round and the step of a case after this happened; `first`: the step with which rounds begin by policy."""
    if isinstance(row.to, Step):
        return round, row.to
    match row.to:
        case Follows.SAME:
            assert step is not None  # nothing stays where it never was: test_transitions.py
            return round, step
        case Follows.FIRST:
            return (Round.ADMISSION if step is None else Round.ELIMINATION), first
        case Follows.REFUSED:
            return (Round.ADMISSION, Step.REJECTED if round is Round.ADMISSION else Step.MONITORED)
        case Follows.DONE:
            return round, (Step.MONITORED if round is Round.ADMISSION else Step.ELIMINATED)


def reachable() -> frozenset[tuple[Round, Step]]:
    """Every round and step that a case can come to."""
    firsts = (Step.COMPARISON, Step.DEMOCRATIC_APPRAISAL)
    found: set[tuple[Round, Step]] = set()
    fresh: set[tuple[Round, Step | None]] = {(Round.ADMISSION, None)}
    while fresh:
        come_to = {
            next_step(row, now, step, first)
            for now, step in fresh
            for row in TRANSITIONS
            for first in firsts
            if step in row.at and now in row.rounds
        }
        fresh = set(come_to - found)
        found |= come_to
    return frozenset(found)
