"""Forms: what they may ask, whether answers fit, and that a published version never changes."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from domain.visits.forms import check_answers, is_complete, read_questions
from domain.visits.loading import load_forms, read_forms

LABEL = {"zh": "问题", "en": "Question"}


def question(key: str = "q", kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"key": key, "kind": kind, "label": LABEL, **more}


def choices(*codes: str) -> list[dict[str, Any]]:
    return [{"code": code, "label": LABEL} for code in codes]


def wrong(
    questions: list[dict[str, Any]], answers: dict[str, Any], contact: str = "IN_PERSON"
) -> list[tuple[str, str]]:
    return [(problem.code, problem.path[-1]) for problem in check_answers(read_questions(questions), answers, contact)]


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (question(kind="boolean"), False),
        (question(kind="integer", minimum=0), 0),
        (question(kind="integer"), 3.0),
        (question(kind="decimal", maximum=100), 99.5),
        (question(kind="decimal"), "12345678901.25"),
        (question(kind="text"), ""),
        (question(kind="text"), "长" * 2000),
        (question(kind="date"), "2024-02-29"),
        (question(kind="choice", choices=choices("A", "B")), "B"),
        (question(kind="choices", choices=choices("A", "B")), []),
        (question(kind="choices", choices=choices("A", "B")), ["B", "A"]),
        (question(kind="boolean"), None),
    ],
)
def test_a_fitting_answer_has_no_problem(asked: dict[str, Any], answer: Any) -> None:
    assert wrong([asked], {"q": answer}) == []


@pytest.mark.parametrize(
    ("asked", "answer", "code"),
    [
        (question(kind="boolean"), 1, "ANSWER_WRONG_KIND"),
        (question(kind="boolean"), "true", "ANSWER_WRONG_KIND"),
        (question(kind="integer"), True, "ANSWER_WRONG_KIND"),
        (question(kind="integer"), 2.5, "ANSWER_WRONG_KIND"),
        (question(kind="integer"), "2", "ANSWER_WRONG_KIND"),
        (question(kind="integer", minimum=0, maximum=30), -1, "OUT_OF_RANGE"),
        (question(kind="integer", minimum=0, maximum=30), 31, "OUT_OF_RANGE"),
        (question(kind="decimal"), math.nan, "NOT_FINITE"),
        (question(kind="decimal"), -math.inf, "NOT_FINITE"),
        (question(kind="decimal"), "1e5", "ANSWER_WRONG_KIND"),
        (question(kind="decimal", minimum=0), "-0.01", "OUT_OF_RANGE"),
        (question(kind="decimal"), {"value": 1}, "ANSWER_WRONG_KIND"),
        (question(kind="text"), 5, "ANSWER_WRONG_KIND"),
        (question(kind="text"), "长" * 2001, "TOO_LONG"),
        (question(kind="text"), "\x00", "TEXT_UNREADABLE"),
        (question(kind="date"), "2023-02-29", "ANSWER_WRONG_KIND"),
        (question(kind="date"), "20240229", "ANSWER_WRONG_KIND"),
        (question(kind="choice", choices=choices("A")), "C", "CHOICE_UNKNOWN"),
        (question(kind="choice", choices=choices("A")), ["A"], "ANSWER_WRONG_KIND"),
        (question(kind="choices", choices=choices("A")), ["A", "C"], "CHOICE_UNKNOWN"),
        (question(kind="choices", choices=choices("A")), "A", "ANSWER_WRONG_KIND"),
        (question(kind="choices", choices=choices("A")), [["A"]], "ANSWER_WRONG_KIND"),
        (question(isRequired=True), None, "ANSWER_MISSING"),
    ],
)
def test_an_answer_that_does_not_fit_says_why(asked: dict[str, Any], answer: Any, code: str) -> None:
    assert wrong([asked], {"q": answer}) == [(code, "q")]


def test_a_question_is_asked_only_when_its_condition_holds() -> None:
    at_the_door = question("yard", "boolean", isRequired=True, askedWhen={"contact": ["IN_PERSON"]})
    follow_up = question("grade", "text", isRequired=True, askedWhen={"key": "isSafe", "is": False})
    asked = [question("isSafe", "boolean"), at_the_door, follow_up]

    assert wrong(asked, {"isSafe": False}) == [("ANSWER_MISSING", "yard"), ("ANSWER_MISSING", "grade")]
    assert wrong(asked, {"isSafe": True, "yard": True}) == []
    assert wrong(asked, {"isSafe": True}, "REMOTE") == []


def test_an_answer_to_a_question_that_was_not_asked_does_no_harm() -> None:
    asked = [question("yard", "boolean", askedWhen={"contact": ["IN_PERSON"]})]

    assert wrong(asked, {"yard": True}, "REMOTE") == []
    assert wrong(asked, {"garden": True}, "REMOTE") == [("QUESTION_UNKNOWN", "garden")]


def test_a_form_is_complete_when_all_that_was_asked_is_answered_but_for_remarks() -> None:
    asked = read_questions(
        [
            question("fan", "boolean"),
            question("remark", "text"),
            question("yard", "boolean", askedWhen={"contact": ["IN_PERSON"]}),
        ]
    )

    assert is_complete(asked, {"fan": False, "yard": True}, "IN_PERSON")
    assert is_complete(asked, {"fan": False}, "REMOTE")
    assert not is_complete(asked, {"fan": False, "remark": "见人未归"}, "IN_PERSON")
    assert not is_complete(asked, {"fan": None, "yard": True}, "IN_PERSON")


@pytest.mark.parametrize(
    "questions",
    [
        [question("a"), question("a")],
        [question(kind="essay")],
        [question(kind="choice")],
        [question(kind="text", choices=choices("A"))],
        [question(kind="choices", choices=choices("A", "A"))],
        [question("a", askedWhen={"key": "b", "is": True}), question("b", "boolean")],
        [{"key": "a", "kind": "text", "label": {"zh": "只有中文"}}],
    ],
)
def test_a_form_that_contradicts_itself_is_not_published(questions: list[dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_questions(questions)


def test_the_form_that_ships_asks_what_the_sources_ask() -> None:
    [form] = [form for form in read_forms() if form["code"] == "RU_HU"]
    keys = {question["key"] for question in form["questions"]}

    three_haves = {"hasTelevision", "hasFan", "hasWeatherproofDoorsAndWindows"}
    three_cleans = {"isYardClean", "areRoomsClean", "isPersonClean"}
    two_worries = {"hasEnoughFood", "hasEnoughClothing"}
    three_guarantees = {"compulsoryEducation", "hasBasicMedicalCare", "isHousingSafe"}
    assert three_haves | three_cleans | two_worries | three_guarantees | {"drinkingWater", "adultsMet", "needs"} <= keys


async def test_load_forms_twice_changes_nothing(database: asyncpg.Connection) -> None:
    await load_forms(database)
    before = await database.fetch("SELECT * FROM survey_form ORDER BY id, version")

    await load_forms(database)

    assert await database.fetch("SELECT * FROM survey_form ORDER BY id, version") == before


async def test_a_published_version_never_changes_but_for_its_retirement(
    database: asyncpg.Connection, tmp_path: Path
) -> None:
    form: dict[str, Any] = {
        "code": "TEST",
        "version": 1,
        "title": LABEL,
        "publishedOn": "2026-01-01",
        "questions": [question()],
    }
    file = tmp_path / "test.json"
    file.write_text(json.dumps(form))
    await load_forms(database, tmp_path)

    file.write_text(json.dumps(form | {"retiredOn": "2026-12-31"}))
    await load_forms(database, tmp_path)
    assert str(await database.fetchval("SELECT retired_on FROM survey_form WHERE code = 'TEST'")) == "2026-12-31"

    file.write_text(json.dumps(form | {"questions": [question("other")]}))
    with pytest.raises(ValueError, match="new version"):
        await load_forms(database, tmp_path)
