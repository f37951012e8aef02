"""Departments compare what they know (信息比对), for those who signed; a hit is explained and rejects nobody.

"Signed authorisation of all adults, departments answer within 5 days, no answer is recorded" (domain.md §11.5).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import viewer_parameters
from domain.access.rules import Actor, GrantRole
from domain.audit.actions import record
from domain.base.errors import Conflict, InvalidInput, Problem, not_visible, refused
from domain.cases.actions.steps import REASON_LIMIT, happen, must_be_able
from domain.cases.comparing import adults, authorisation_problems, conclusion_problems
from domain.cases.models import CaseAuthorisation, ComparisonOutcome, ComparisonQuestion
from domain.cases.queries import Held, departments_named, hold_case, questions_of, sees_question, signed
from domain.cases.transitions import Event
from domain.changes.actions import Answer, once
from domain.households.models import Person
from domain.households.queries import lock_members
from domain.households.rules import Path, Reading

DOCUMENT_LIMIT = 200  # characters
DEPARTMENTS_LIMIT = 30


@dataclass(frozen=True, slots=True)
class Authorisation:
    """What a client says that somebody signed: whose, on which day, which sheet."""

    person_id: uuid.UUID
    signed_on: str
    document: str


async def request_comparison(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    case_id: uuid.UUID,
    authorisations: Sequence[Authorisation],
    organisation_ids: Sequence[uuid.UUID],
) -> Answer:
    """Ask these departments about all adults of the family, each of whom has signed. Departments can be added later; who
    has signed in this round need not sign again.

    Answers {"case_id"}. Raises as `must_be_able`; InvalidInput with all that is wrong (AUTHORISATION_MISSING with a
    requirement for each adult, REQUIRED, NOT_FOUND, NOT_A_DEPARTMENT, DATE_INVALID, DATE_IN_FUTURE, TOO_LONG).
    """

    async def request() -> Answer:
        held = await hold_case(db, actor, case_id)
        level = await must_be_able(db, actor, held, Event.COMPARISON_REQUESTED)
        people = {one.id: one for one in await lock_members(db, [held.household.id])}
        reading = Reading(actor.today, {})
        given = _read_authorisations(reading, people, authorisations)
        known = await signed(db, held.case)
        of_age = adults({one.id: one.born_on for one in people.values()}, actor.today)
        reading.problems += authorisation_problems(of_age, known | set(given))
        await _judge_departments(db, reading, organisation_ids)
        if reading.problems:
            raise InvalidInput(*reading.problems)
        await _keep(db, actor, held, given)
        due_on = actor.today + timedelta(days=held.policy.comparison_days)
        asked_about = [people[one] for one in sorted(of_age)]
        await _ask(db, actor, held, organisation_ids, asked_about, due_on)
        detail = {"organisations": [str(one) for one in organisation_ids], "dueOn": str(due_on)}
        about: dict[str, Any] = {"detail": detail, "told": {"step_due_on": due_on}}
        await happen(db, actor, held, Event.COMPARISON_REQUESTED, level=level, operation_id=operation_id, **about)
        return {"case_id": str(case_id)}

    content = {
        "case_id": case_id,
        "authorisations": [asdict(one) for one in authorisations],
        "organisation_ids": list(organisation_ids),
    }
    return await once(db, actor, operation_id, "request_comparison", content, request)


def _read_authorisations(
    reading: Reading, people: dict[uuid.UUID, Person], given: Sequence[Authorisation]
) -> dict[uuid.UUID, tuple[date, str]]:
    found: dict[uuid.UUID, tuple[date, str]] = {}
    for position, one in enumerate(given):
        path: Path = ("input", "authorisations", str(position))
        if one.person_id not in people:
            reading.wrong("NOT_FOUND", (*path, "personId"))
        day = reading.day(one.signed_on, (*path, "signedOn"))
        document = reading.text(one.document, (*path, "document"), at_most=DOCUMENT_LIMIT, is_required=True)
        if day is not None and document is not None:
            found[one.person_id] = (day, document)
    return found


async def _judge_departments(db: AsyncSession, reading: Reading, ids: Sequence[uuid.UUID]) -> None:
    if not 0 < len(ids) <= DEPARTMENTS_LIMIT:
        reading.wrong("REQUIRED", ("input", "organisationIds"))
    kinds = await departments_named(db, ids)
    for position, one in enumerate(ids):
        path: Path = ("input", "organisationIds", str(position))
        if one not in kinds:
            reading.wrong("NOT_FOUND", path)
        elif kinds[one] != "DEPARTMENT":
            reading.wrong("NOT_A_DEPARTMENT", path)


async def _keep(db: AsyncSession, actor: Actor, held: Held, given: dict[uuid.UUID, tuple[date, str]]) -> None:
    rows = [
        {
            "id": uuid.uuid4(),
            **_of(held),
            "person_id": person_id,
            "signed_on": day,
            "document": document,
            "recorded_at": actor.at,
            "recorded_by_id": actor.id,
        }
        for person_id, (day, document) in given.items()
    ]
    if rows:
        await db.execute(insert(CaseAuthorisation).on_conflict_do_nothing(), rows)


async def _ask(
    db: AsyncSession,
    actor: Actor,
    held: Held,
    organisation_ids: Sequence[uuid.UUID],
    people: Sequence[Person],
    due_on: date,
) -> None:
    about = [{"personId": str(one.id), "name": one.name, "idNumber": one.id_number_masked} for one in people]
    rows = [
        {
            "id": uuid.uuid4(),
            **_of(held),
            "organisation_id": one,
            "people": about,
            "asked_at": actor.at,
            "due_on": due_on,
        }
        for one in dict.fromkeys(organisation_ids)
    ]
    await db.execute(insert(ComparisonQuestion).on_conflict_do_nothing(), rows)


def _of(held: Held) -> dict[str, Any]:
    case = held.case
    return {
        "case_id": case.id,
        "household_id": case.household_id,
        "region_code": case.region_code,
        "round": case.round,
        "round_number": case.round_number,
    }


async def answer_comparison(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    question_id: uuid.UUID,
    is_hit: bool,
    finding: str | None = None,
) -> Answer:
    """A department says what it found about those it was asked about; it is told nothing else of the family.

    Answers {"question_id"}. Raises NotVisible; Refused (FORBIDDEN_ROLE); InvalidInput (REASON_NEEDED for a hit without
    words, TOO_LONG); Conflict (COMPARISON_SETTLED, and as `once` does).
    """

    async def answer() -> Answer:
        seen = select(ComparisonQuestion).where(ComparisonQuestion.id == question_id, sees_question())
        question = await db.scalar(
            seen.with_for_update(), viewer_parameters(actor.viewer), execution_options={"populate_existing": True}
        )
        if question is None:
            raise not_visible("questionId")
        is_theirs = question.organisation_id == actor.viewer.organisation_id
        if not is_theirs or GrantRole.DEPARTMENT not in actor.viewer.roles:
            raise refused("FORBIDDEN_ROLE", roles=GrantRole.DEPARTMENT.value)
        if question.outcome is not None:
            raise Conflict(Problem("COMPARISON_SETTLED", ("input", "questionId"), {"outcome": question.outcome.value}))
        reading = Reading(actor.today, {})
        found = reading.text(finding, ("input", "finding"), at_most=REASON_LIMIT)
        if is_hit and found is None:
            reading.wrong("REASON_NEEDED", ("input", "finding"), limit=REASON_LIMIT)
        if reading.problems:
            raise InvalidInput(*reading.problems)
        question.outcome = ComparisonOutcome.HIT if is_hit else ComparisonOutcome.CLEAR
        question.finding, question.settled_at, question.answered_by_id = found, actor.at, actor.id
        await db.flush()
        # A department does not see the family, so the entry stands by itself: codes alone.
        about = ("comparison_question", question_id, question.region_code, {"outcome": question.outcome.value})
        await record(db, actor, "answer_comparison", *about, operation_id=operation_id)
        return {"question_id": str(question_id)}

    content = {"question_id": question_id, "is_hit": is_hit, "finding": finding}
    return await once(db, actor, operation_id, "answer_comparison", content, answer)


async def explain_hit(
    db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, question_id: uuid.UUID, explanation: str
) -> Answer:
    """The village says what is behind a hit: "explained, never auto-rejects" (domain.md §11.5).

    Answers {"case_id"}. Raises as `must_be_able`; InvalidInput (NO_HIT, REQUIRED, TOO_LONG).
    """

    async def explain() -> Answer:
        seen = select(ComparisonQuestion.case_id).where(ComparisonQuestion.id == question_id, sees_question())
        case_id = await db.scalar(seen, viewer_parameters(actor.viewer))
        if case_id is None:
            raise not_visible("questionId")
        held = await hold_case(db, actor, case_id, "questionId")
        level = await must_be_able(db, actor, held, Event.HIT_EXPLAINED)
        question = (await questions_of(db, held.case)).get(question_id)
        reading = Reading(actor.today, {})
        words = reading.text(explanation, ("input", "explanation"), at_most=REASON_LIMIT, is_required=True)
        if question is None or question.outcome is not ComparisonOutcome.HIT:
            reading.wrong("NO_HIT", ("input", "questionId"))
        if reading.problems or question is None:
            raise InvalidInput(*reading.problems)
        question.explanation, question.explained_at = words, actor.at
        detail = {"question": str(question_id), "organisation": str(question.organisation_id)}
        about: dict[str, Any] = {"reason": words, "detail": detail}
        await happen(db, actor, held, Event.HIT_EXPLAINED, level=level, operation_id=operation_id, **about)
        return {"case_id": str(case_id)}

    content = {"question_id": question_id, "explanation": explanation}
    return await once(db, actor, operation_id, "explain_hit", content, explain)


async def conclude_comparison(db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, case_id: uuid.UUID) -> Answer:
    """The comparison is over: everybody answered, or had the days to; every hit is explained. Then the village appraises.

    Answers {"case_id"}. Raises as `must_be_able`; InvalidInput (COMPARISON_NOT_OVER with what is missing and from whom).
    """

    async def conclude() -> Answer:
        held = await hold_case(db, actor, case_id)
        level = await must_be_able(db, actor, held, Event.COMPARISON_CONCLUDED)
        questions = await questions_of(db, held.case)
        if problem := conclusion_problems(list(questions.values()), actor.today):
            raise InvalidInput(problem)
        silent = [one for one in questions.values() if one.outcome is None]
        for one in silent:
            one.outcome, one.settled_at = ComparisonOutcome.NO_ANSWER, actor.at
        hits = [one for one in questions.values() if one.outcome is ComparisonOutcome.HIT]
        detail = {"silent": [str(one.organisation_id) for one in silent], "hits": len(hits)}
        await happen(db, actor, held, Event.COMPARISON_CONCLUDED, level=level, detail=detail, operation_id=operation_id)
        return {"case_id": str(case_id)}

    return await once(db, actor, operation_id, "conclude_comparison", {"case_id": case_id}, conclude)
