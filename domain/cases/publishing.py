"""What a village appraises, what is published of a family, and when a notice is over (民主评议、公示). Pure."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from domain.base.errors import Party, Problem, Requirement, missing
from domain.cases.rules import REASON_LIMIT, notice_is_over


@dataclass(frozen=True, slots=True)
class Appraisal:
    """How a village appraised: how many were there, and what they said."""

    present: int
    in_favour: int
    against: int
    abstained: int
    is_agreed: bool


def appraisal_problems(appraisal: Appraisal, minutes: str | None, reason: str | None) -> list[Problem]:
    """What is wrong with an appraisal: somebody was there, nobody spoke twice, the sheet is kept, and a village that does
    not agree says why (村级民主评议, domain.md §4)."""
    problems = []
    votes = (appraisal.in_favour, appraisal.against, appraisal.abstained)
    if appraisal.present < 1 or min(votes) < 0 or sum(votes) > appraisal.present:
        problems.append(Problem("COUNTS_DISAGREE", ("input", "present")))
    if minutes is None:
        needed = Requirement("APPRAISAL_MINUTES", Party.VILLAGE)
        problems.append(missing("MINUTES_MISSING", ("input", "minutes"), needed))
    if not appraisal.is_agreed and reason is None:
        problems.append(Problem("REASON_NEEDED", ("input", "reason"), {"limit": REASON_LIMIT}))
    return problems


def notice_over_problem(ends_on: date | None, waiting: Collection[uuid.UUID], today: date) -> Problem | None:
    """What is missing before the township may act: a notice, its full days, and an answer to every objection (§11.4)."""
    needed = []
    if ends_on is None:
        needed.append(Requirement("PUBLISHED_NOTICE", Party.VILLAGE))
    elif not notice_is_over(ends_on, today):
        needed.append(Requirement("FULL_NOTICE_DAYS", Party.TIME, {"from": str(ends_on + timedelta(days=1))}))
    needed += [Requirement("OBJECTION_ANSWER", Party.VILLAGE, {"objection": str(one)}) for one in waiting]
    return missing("NOTICE_NOT_OVER", ("input", "caseId"), *needed) if needed else None
