"""Who signs, and when a comparison by departments is over (信息比对). Pure: facts and the day come in."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Final, Protocol

from domain.base.errors import Party, Problem, Requirement, missing

ADULT_FROM: Final = 18  # whoever is of age signs for themselves


def adults(born: Mapping[uuid.UUID, date], today: date) -> frozenset[uuid.UUID]:
    """Who signs: "signed authorisation of all adults" (domain.md §11.5)."""
    return frozenset(one for one, day in born.items() if _birthday(day, ADULT_FROM) <= today)


def _birthday(born_on: date, years: int) -> date:
    """Whoever was born on 29 February is of age on 1 March (a day after, as the law counts)."""
    try:
        return born_on.replace(year=born_on.year + years)
    except ValueError:
        return date(born_on.year + years, 3, 1)


def authorisation_problems(of_age: Collection[uuid.UUID], signed: Collection[uuid.UUID]) -> list[Problem]:
    """A department is asked about nobody who has not signed (§11.5): one requirement for each adult."""
    needed = [
        Requirement("AUTHORISATION", Party.FAMILY, {"person": str(one)}) for one in sorted(set(of_age) - set(signed))
    ]
    return [missing("AUTHORISATION_MISSING", ("input", "authorisations"), *needed)] if needed else []


class Question(Protocol):
    """What one department was asked, as far as the conclusion goes."""

    organisation_id: Any
    due_on: Any
    outcome: Any
    explanation: Any


def conclusion_problems(questions: Sequence[Question], today: date) -> Problem | None:
    """What is missing before a comparison is over: "departments answer within 5 days, no answer is recorded; a hit is
    explained, never auto-rejects" (§11.5). On the last day an answer may still come."""
    needed = [] if questions else [Requirement("COMPARISON_REQUEST", Party.VILLAGE)]
    for one in questions:
        about = {"organisation": str(one.organisation_id), "dueOn": str(one.due_on)}
        if one.outcome is None and today <= one.due_on:
            needed.append(Requirement("DEPARTMENTS_ANSWER", Party.DEPARTMENT, about))
        elif one.outcome == "HIT" and one.explanation is None:
            needed.append(Requirement("HIT_EXPLANATION", Party.VILLAGE, about))
    return missing("COMPARISON_NOT_OVER", ("input", "caseId"), *needed) if needed else None
