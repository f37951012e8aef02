"""Values that cannot be: each refuses its own item with code and path, is kept as typed, and costs the batch nothing else."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from typing import Any

import pytest

from domain.base.errors import InvalidInput
from domain.visits.models import SubmissionOutcome
from tests.domain.visits.conftest import ANSWERS, DWELLING, NOW, Hamlet, a_visit, new_id, text

PLACE = {"longitude": DWELLING[0], "latitude": DWELLING[1], "datum": "WGS84"}
PHOTO = {"id": "7f6d4d2e-0000-4000-8000-000000000001", "sha256": "aa" * 32, "byteSize": 1, "mediaType": "image/png"}
FINDING = {"id": "7f6d4d2e-0000-4000-8000-000000000002", "kind": "OTHER"}

FAULTS: list[tuple[str, dict[str, Any], str, tuple[str, ...]]] = [
    ("latitude 91", {"location": PLACE | {"latitude": 91.0}}, "COORDINATES_OUT_OF_RANGE", ("location", "latitude")),
    (
        "longitude 181",
        {"location": PLACE | {"longitude": -181.0}},
        "COORDINATES_OUT_OF_RANGE",
        ("location", "longitude"),
    ),
    ("latitude NaN", {"location": PLACE | {"latitude": math.nan}}, "NOT_FINITE", ("location", "latitude")),
    ("longitude infinite", {"location": PLACE | {"longitude": math.inf}}, "NOT_FINITE", ("location", "longitude")),
    ("accuracy NaN", {"location": PLACE | {"accuracyMetres": math.nan}}, "NOT_FINITE", ("location", "accuracyMetres")),
    ("no datum", {"location": {**PLACE, "datum": ""}}, "DATUM_UNKNOWN", ("location", "datum")),
    ("another datum", {"location": {**PLACE, "datum": "BEIJING54"}}, "DATUM_UNKNOWN", ("location", "datum")),
    ("time of the fix", {"location": PLACE | {"capturedAt": "noon"}}, "INSTANT_INVALID", ("location", "capturedAt")),
    ("tomorrow", {"occurredAt": text(NOW + timedelta(days=1))}, "DATE_IN_FUTURE", ("occurredAt",)),
    ("captured tomorrow", {"capturedAt": text(NOW + timedelta(days=1))}, "DATE_IN_FUTURE", ("capturedAt",)),
    ("no offset", {"occurredAt": "2026-11-20T10:00:00"}, "INSTANT_INVALID", ("occurredAt",)),
    ("30th of February", {"occurredAt": "2026-02-30T10:00:00Z"}, "INSTANT_INVALID", ("occurredAt",)),
    ("household no id", {"householdId": "七号"}, "ID_INVALID", ("householdId",)),
    ("form no id", {"formId": "ru-hu"}, "ID_INVALID", ("formId",)),
    ("form unknown", {"formId": new_id()}, "FORM_UNKNOWN", ("formId",)),
    ("version that never was", {"formVersion": 7}, "FORM_VERSION_UNKNOWN", ("formVersion",)),
    ("purpose", {"purpose": "CHAT"}, "UNKNOWN_CODE", ("purpose",)),
    ("contact", {"contact": "in person"}, "CONTACT_UNKNOWN", ("contact",)),
    ("answers no object", {"answers": [1, 2]}, "ANSWERS_NOT_AN_OBJECT", ("answers",)),
    ("2 MB of answers", {"answers": ANSWERS | {"needsDetail": "说" * 700_000}}, "ANSWER_TOO_LARGE", ("answers",)),
    ("unknown question", {"answers": ANSWERS | {"shoeSize": 43}}, "QUESTION_UNKNOWN", ("answers", "shoeSize")),
    ("answer NaN", {"answers": ANSWERS | {"adultsMet": math.nan}}, "NOT_FINITE", ("answers", "adultsMet")),
    ("answer of wrong kind", {"answers": ANSWERS | {"hasFan": "是"}}, "ANSWER_WRONG_KIND", ("answers", "hasFan")),
    ("answer missing", {"answers": {"hasFan": True}}, "ANSWER_MISSING", ("answers", "adultsMet")),
    (
        "answer too long",
        {"answers": ANSWERS | {"needsDetail": "长" * 2001}},
        "TOO_LONG",
        ("answers", "needsDetail"),
    ),
    ("note too long", {"note": "长" * 4001}, "TOO_LONG", ("note",)),
    ("note with NUL", {"note": "上半\x00下半"}, "TEXT_UNREADABLE", ("note",)),
    ("half a character", {"note": "笑\ud83d"}, "TEXT_UNREADABLE", ("note",)),
    ("companion unknown", {"companionIds": [new_id()]}, "HELPER_UNKNOWN", ("companionIds", "0")),
    ("companion no id", {"companionIds": ["小王"]}, "ID_INVALID", ("companionIds", "0")),
    ("finding kind", {"findings": [FINDING | {"kind": "GHOST"}]}, "UNKNOWN_CODE", ("findings", "0", "kind")),
    (
        "stranger",
        {"findings": [FINDING | {"personId": new_id()}]},
        "PERSON_NOT_OF_HOUSEHOLD",
        ("findings", "0", "personId"),
    ),
    ("finding twice", {"findings": [FINDING, FINDING]}, "ID_REPEATED", ("findings", "1", "id")),
    ("too many companions", {"companionIds": ["x"] * 21}, "TOO_MANY", ("companionIds",)),
    ("photo hash", {"photos": [PHOTO | {"sha256": "aa"}]}, "SHA256_INVALID", ("photos", "0", "sha256")),
    ("photo empty", {"photos": [PHOTO | {"byteSize": 0}]}, "OUT_OF_RANGE", ("photos", "0", "byteSize")),
    (
        "photo a film",
        {"photos": [PHOTO | {"mediaType": "video/mp4"}]},
        "MEDIA_TYPE_UNKNOWN",
        ("photos", "0", "mediaType"),
    ),
    ("photo's time", {"photos": [PHOTO | {"takenAt": "noon"}]}, "INSTANT_INVALID", ("photos", "0", "takenAt")),
    (
        "photo's place",
        {"photos": [PHOTO | {"location": PLACE | {"latitude": -90.5}}]},
        "COORDINATES_OUT_OF_RANGE",
        ("photos", "0", "location", "latitude"),
    ),
]


@pytest.mark.parametrize(
    ("change", "code", "path"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS]
)
async def test_one_bad_value_refuses_one_item(
    hamlet: Hamlet, change: dict[str, Any], code: str, path: tuple[str, ...]
) -> None:
    good, bad, good_too = (a_visit(hamlet.homes_of_li[0]) for _ in range(3))
    bad |= change

    answers = await hamlet.submit(hamlet.li, good, bad, good_too)

    assert [answer.outcome for answer in answers] == ["APPLIED", "REJECTED", "APPLIED"]
    assert (code, ("input", "visits", "1", *path)) in [(p.code, p.path) for p in answers[1].problems]
    assert await hamlet.visit(bad["id"]) is None
    kept = await hamlet.submission(bad["id"])
    assert kept is not None, "what was typed is kept"
    assert kept["outcome"] == "REJECTED"
    assert set(json.loads(kept["content"])) == set(bad)


async def test_all_that_is_wrong_with_an_item_is_said_at_once(hamlet: Hamlet) -> None:
    sent = a_visit(
        hamlet.far_home,
        purpose="CHAT",
        formVersion=9,
        location=PLACE | {"latitude": 91.0, "datum": "?"},
        answers="none",
        occurredAt="yesterday",
    )

    [answer] = await hamlet.submit(hamlet.li, sent)

    assert answer.outcome is SubmissionOutcome.REJECTED
    assert {problem.code for problem in answer.problems} == {
        "INSTANT_INVALID",
        "COORDINATES_OUT_OF_RANGE",
        "DATUM_UNKNOWN",
        "ANSWERS_NOT_AN_OBJECT",
        "HOUSEHOLD_NOT_HERE_YET",
        "UNKNOWN_CODE",
        "FORM_VERSION_UNKNOWN",
    }


async def test_a_thousand_unknown_answers_are_told_once_and_for_all(hamlet: Hamlet) -> None:
    sent = a_visit(hamlet.homes_of_li[0], answers=ANSWERS | {f"q{n}": n for n in range(1000)})

    [answer] = await hamlet.submit(hamlet.li, sent)

    assert len(answer.problems) == 50


async def test_answers_nested_beyond_reason_are_refused_and_shortened(hamlet: Hamlet) -> None:
    nested: Any = "bottom"
    for _ in range(5000):
        nested = [nested]

    [answer] = await hamlet.submit(hamlet.li, a_visit(hamlet.homes_of_li[0], answers={"needs": nested}))

    assert answer.outcome is SubmissionOutcome.REJECTED


async def test_a_household_that_ended_is_visited_no_more(hamlet: Hamlet) -> None:
    home = await hamlet.home()
    await hamlet.pair(hamlet.li.viewer.helper_id, home)
    await hamlet.sql.execute("UPDATE household SET ended_on = '2026-11-10', end_reason = 'MERGED' WHERE id = $1", home)

    answers = await hamlet.submit(hamlet.li, a_visit(home, occurredAt="2026-11-10T10:00:00+08:00"), a_visit(home))

    assert [answer.outcome for answer in answers] == ["APPLIED", "REJECTED"]
    assert [(p.code, dict(p.detail)) for p in answers[1].problems] == [("HAS_ENDED", {"endedOn": "2026-11-10"})]


async def test_without_a_readable_sending_time_nothing_is_judged(hamlet: Hamlet) -> None:
    from domain.access.queries import SET_VIEWER, viewer_settings
    from domain.base.transactions import carry_out
    from domain.visits.actions import submit_visits

    with pytest.raises(InvalidInput) as refusal:
        await carry_out(
            hamlet.sessions,
            lambda db: submit_visits(db, hamlet.li, items=[a_visit(hamlet.homes_of_li[0])], sent_at="now"),
            set_viewer=SET_VIEWER,
            viewer=viewer_settings(hamlet.li.viewer),
        )

    assert [(p.code, p.path) for p in refusal.value.problems] == [("INSTANT_INVALID", ("input", "sentAt"))]


async def test_a_surprise_defers_its_item_and_leaves_the_others_standing(hamlet: Hamlet) -> None:
    cursed, good = a_visit(hamlet.homes_of_li[0], note="打雷"), a_visit(hamlet.homes_of_li[0])
    await hamlet.sql.execute(
        "CREATE FUNCTION strike() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN IF NEW.note = '打雷' THEN RAISE 'lightning'; END IF; RETURN NEW; END$$;"
        "CREATE TRIGGER strike BEFORE INSERT ON visit FOR EACH ROW EXECUTE FUNCTION strike()"
    )

    answers = await hamlet.submit(hamlet.li, cursed, good)
    await hamlet.sql.execute("DROP FUNCTION strike CASCADE")
    [again] = await hamlet.submit(hamlet.li, cursed)

    assert [answer.outcome for answer in answers] == ["DEFERRED", "APPLIED"]
    assert [problem.code for problem in answers[0].problems] == ["INTERNAL"]
    assert again.outcome is SubmissionOutcome.APPLIED
