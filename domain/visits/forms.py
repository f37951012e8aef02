"""Survey forms (调查表): what a form may ask, and whether answers fit it. Pure.

A question is an object with these keys; the same objects are what phones download, so the keys are public:

    key         the answer's name, unique in the form
    kind        boolean, integer, decimal, text, date, choice or choices
    label       {"zh": …, "en": …}
    isRequired  a visit without this answer is refused (only where the question is asked)
    choices     [{"code": …, "label": {…}}], for choice and choices
    minimum, maximum   inclusive, for integer and decimal
    askedWhen   {"contact": ["IN_PERSON", …]} and/or {"key": <an earlier question>, "is": <its answer>}

A form is *complete* when every question that was asked has its answer; remarks (text) may stay empty. An incomplete form
is recorded all the same: a cadre who was called away keeps what was typed, and the visit does not count as the monthly one.
"""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from domain.base.errors import Problem

TEXT_LIMIT = 2000  # characters: a full page of handwriting
DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# PostgreSQL holds no NUL, UTF-8 no half of a surrogate pair.
UNREADABLE = re.compile("[\x00\ud800-\udfff]")


class QuestionKind(StrEnum):
    """What an answer is made of."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    TEXT = "text"
    DATE = "date"
    CHOICE = "choice"
    CHOICES = "choices"


@dataclass(frozen=True, slots=True)
class Question:
    """One question as rules need it; labels stay in the document."""

    key: str
    kind: QuestionKind
    is_required: bool = False
    choices: frozenset[str] = frozenset()
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    contacts: frozenset[str] | None = None  # asked at these kinds of contact only
    follows: tuple[str, Any] | None = None  # asked after this answer to that question only

    def is_asked(self, answers: Mapping[str, Any], contact: str | None) -> bool:
        """Whether the form shows this question. With an unknown contact nothing that depends on it is asked."""
        if self.contacts is not None and contact not in self.contacts:
            return False
        return self.follows is None or answers.get(self.follows[0]) == self.follows[1]


@dataclass(frozen=True, slots=True)
class Form:
    """One published version of a form."""

    id: uuid.UUID
    version: int
    questions: tuple[Question, ...]


def read_questions(documents: Iterable[Mapping[str, Any]]) -> tuple[Question, ...]:
    """The questions of a stored form. Raises ValueError when a definition breaks the shape above."""
    questions: list[Question] = []
    for document in documents:
        question = _read_question(document)
        earlier = {other.key for other in questions}
        if question.key in earlier:
            raise ValueError(f"{question.key} is asked twice")
        if question.follows is not None and question.follows[0] not in earlier:
            raise ValueError(f"{question.key} follows {question.follows[0]}, which is not asked before it")
        questions.append(question)
    return tuple(questions)


def _read_question(document: Mapping[str, Any]) -> Question:
    key, label, asked_when = document["key"], document["label"], document.get("askedWhen", {})
    if set(label) != {"zh", "en"}:
        raise ValueError(f"{key} needs its label in zh and en")
    kind = QuestionKind(document["kind"])
    codes = [choice["code"] for choice in document.get("choices", ())]
    if (kind in (QuestionKind.CHOICE, QuestionKind.CHOICES)) != bool(codes) or len(codes) != len(set(codes)):
        raise ValueError(f"{key}: a choice needs distinct codes to choose from, and nothing else has any")
    minimum, maximum = document.get("minimum"), document.get("maximum")
    return Question(
        key=key,
        kind=kind,
        is_required=document.get("isRequired", False),
        choices=frozenset(codes),
        minimum=None if minimum is None else Decimal(str(minimum)),
        maximum=None if maximum is None else Decimal(str(maximum)),
        contacts=frozenset(asked_when["contact"]) if "contact" in asked_when else None,
        follows=(asked_when["key"], asked_when["is"]) if "key" in asked_when else None,
    )


def check_answers(questions: Iterable[Question], answers: Mapping[str, Any], contact: str | None) -> list[Problem]:
    """Everything wrong with `answers`, in the order of the form; paths are `input`, `answers`, the question's key.

    A null is no answer. An answer to a question that was not asked is kept and does no harm: phones that let their
    user change the contact afterwards send such.
    """
    asked = tuple(questions)
    problems: list[Problem] = []
    for question in asked:
        value = answers.get(question.key)
        if value is not None:
            problems += _check(question, value)
        elif question.is_required and question.is_asked(answers, contact):
            problems.append(_problem("ANSWER_MISSING", question.key))
    known = {question.key for question in asked}
    problems += [_problem("QUESTION_UNKNOWN", key) for key in answers if key not in known]
    return problems


def is_complete(questions: Iterable[Question], answers: Mapping[str, Any], contact: str | None) -> bool:
    """Whether every question that was asked has its answer; remarks may stay empty."""
    return all(
        answers.get(question.key) is not None
        for question in questions
        if question.kind is not QuestionKind.TEXT and question.is_asked(answers, contact)
    )


def _problem(code: str, key: str, **detail: Any) -> Problem:
    return Problem(code, ("input", "answers", key), detail)


def _check(question: Question, value: Any) -> list[Problem]:
    match question.kind, value:
        case (QuestionKind.BOOLEAN, bool()):
            return []
        # True is an int to Python and to nobody else.
        case ((QuestionKind.INTEGER | QuestionKind.DECIMAL), (int() | float() | str())) if not isinstance(value, bool):
            return _check_number(question, value)
        case (QuestionKind.TEXT, str()):
            return _check_text(question.key, value)
        case (QuestionKind.DATE, str()) if _is_date(value):
            return []
        case (QuestionKind.CHOICE, str()):
            return _check_choices(question, [value])
        case (QuestionKind.CHOICES, list()) if all(isinstance(item, str) for item in value):
            return _check_choices(question, value)
    return [_wrong_kind(question)]


def _wrong_kind(question: Question) -> Problem:
    return _problem("ANSWER_WRONG_KIND", question.key, kind=question.kind.value)


def _check_number(question: Question, value: float | str) -> list[Problem]:
    if isinstance(value, float) and not math.isfinite(value):
        return [_problem("NOT_FINITE", question.key)]
    if isinstance(value, str) and not (question.kind is QuestionKind.DECIMAL and DECIMAL.fullmatch(value)):
        return [_wrong_kind(question)]
    number = Decimal(str(value))
    if question.kind is QuestionKind.INTEGER and number != number.to_integral_value():
        return [_wrong_kind(question)]
    low, high = question.minimum, question.maximum
    if (low is not None and number < low) or (high is not None and number > high):
        limits = {"minimum": "" if low is None else str(low), "maximum": "" if high is None else str(high)}
        return [_problem("OUT_OF_RANGE", question.key, **limits)]
    return []


def _check_text(key: str, value: str) -> list[Problem]:
    if UNREADABLE.search(value):
        return [_problem("TEXT_UNREADABLE", key)]
    too_long = [_problem("TOO_LONG", key, characters=len(value), limit=TEXT_LIMIT)]
    return too_long if len(value) > TEXT_LIMIT else []


def _is_date(value: str) -> bool:
    try:
        return bool(DATE.fullmatch(value)) and date.fromisoformat(value) is not None
    except ValueError:  # the 30th of February
        return False


def _check_choices(question: Question, codes: list[str]) -> list[Problem]:
    unknown = sorted(set(codes) - question.choices)
    # What was sent is not repeated: a code can be any text, and messages are shown.
    return [_problem("CHOICE_UNKNOWN", question.key)] if unknown else []
