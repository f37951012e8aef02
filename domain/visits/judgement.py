"""What becomes of one sent visit, given everything that is known. Pure: decided here, written in actions.py."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from domain.access.rules import Actor
from domain.base.errors import Problem
from domain.visits.forms import Form, check_answers, is_complete
from domain.visits.items import SentPoint, SentVisit, storable
from domain.visits.rules import (
    CredibilityCode,
    NeighbouringVisit,
    RepeatedPhoto,
    VisitContact,
    VisitFacts,
    VisitPolicy,
    china_date,
    credibility,
    late_by_seconds,
)

PROBLEMS_LIMIT = 50  # what nobody would read is not stored either
# A call is made from anywhere: where the phone was says nothing about it.
NOT_OF_A_CALL = frozenset({CredibilityCode.NO_LOCATION, CredibilityCode.NO_DWELLING, CredibilityCode.TOO_FAR})


@dataclass(frozen=True, slots=True)
class Place:
    """The household of an item, as far as its author may know it; the distance is None without both locations."""

    household_id: uuid.UUID
    region_code: str
    ended_on: date | None
    has_dwelling: bool
    distance_metres: float | None


@dataclass(frozen=True, slots=True)
class Known:
    """What the whole batch is judged against. `places` by position in the batch; a missing one: not here, or not theirs.

    policies: by position, that of the place on the day of the visit.
    """

    places: Mapping[int, Place] = field(default_factory=dict)
    policies: Mapping[int, VisitPolicy] = field(default_factory=dict)
    terms: frozenset[tuple[str, str]] = frozenset()
    forms: Mapping[tuple[uuid.UUID, int], Form] = field(default_factory=dict)
    helpers: frozenset[uuid.UUID] = frozenset()
    members: frozenset[tuple[uuid.UUID, uuid.UUID]] = frozenset()  # (person, household)


def judge(position: int, sent: SentVisit, known: Known) -> list[Problem]:
    """Everything wrong with an item, in the order of its fields as far as possible; empty: it can be stored."""
    problems = list(sent.problems)
    place = known.places.get(position)
    problems += _household(sent, place)
    problems += _words(sent, known)
    problems += _people(sent, place, known)
    problems += _form(sent, known)
    return problems[:PROBLEMS_LIMIT]


# Nothing is wrong with the item itself: the family was registered on a phone that has not sent it yet, or we stumbled.
MAY_PASS = frozenset({"HOUSEHOLD_NOT_HERE_YET", "INTERNAL"})


def is_deferred(problems: Sequence[Problem]) -> bool:
    """Whether the same item may well be good when it comes again."""
    return bool(problems) and all(problem.code in MAY_PASS for problem in problems)


def _wrong(code: str, /, *path: str, **detail: Any) -> Problem:
    return Problem(code, ("input", *path), detail)


def _household(sent: SentVisit, place: Place | None) -> list[Problem]:
    if sent.household_id is None:
        return []  # its id could not be read, which is said already
    if place is None:
        # Not here yet, or somebody else's: the two are never told apart.
        return [_wrong("HOUSEHOLD_NOT_HERE_YET", "householdId")]
    if place.ended_on is not None and sent.occurred_at is not None and china_date(sent.occurred_at) > place.ended_on:
        return [_wrong("HAS_ENDED", "householdId", endedOn=place.ended_on.isoformat())]
    return []


def _words(sent: SentVisit, known: Known) -> list[Problem]:
    problems = []
    if ("visit_purpose", sent.purpose) not in known.terms:
        problems.append(_wrong("UNKNOWN_CODE", "purpose", list="visit_purpose", code=sent.purpose[:80]))
    for index, finding in enumerate(sent.findings):
        if ("finding", finding.kind) not in known.terms:
            path = ("findings", str(index), "kind")
            problems.append(_wrong("UNKNOWN_CODE", *path, list="finding", code=finding.kind[:80]))
    return problems


def _people(sent: SentVisit, place: Place | None, known: Known) -> list[Problem]:
    problems = []
    for index, finding in enumerate(sent.findings):
        # Of a family that is not here yet, nobody can be known.
        if finding.person_id and place and (finding.person_id, place.household_id) not in known.members:
            problems.append(_wrong("PERSON_NOT_OF_HOUSEHOLD", "findings", str(index), "personId"))
    for index, companion in enumerate(sent.companion_ids):
        if companion is not None and companion not in known.helpers:
            problems.append(_wrong("HELPER_UNKNOWN", "companionIds", str(index)))
    return problems


def _form(sent: SentVisit, known: Known) -> list[Problem]:
    if sent.form_id is None:
        return []
    form = known.forms.get((sent.form_id, sent.form_version))
    if form is not None:
        # Answers that could not be read as a whole are said to be so once, and not missed one by one.
        is_readable = all(problem.path[1:] != ("answers",) for problem in sent.problems)
        return check_answers(form.questions, sent.answers, sent.contact) if is_readable else []
    if any(form_id == sent.form_id for form_id, _ in known.forms):
        return [_wrong("FORM_VERSION_UNKNOWN", "formVersion", version=sent.form_version)]
    return [_wrong("FORM_UNKNOWN", "formId")]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a good item is compared with: the author's visits before and after it, and its photos elsewhere."""

    neighbours: tuple[NeighbouringVisit, ...] = ()
    repeats: tuple[RepeatedPhoto, ...] = ()


@dataclass(frozen=True, slots=True)
class Rows:
    """A visit's row, and by table what hangs on it."""

    visit: Mapping[str, Any]
    attached: Mapping[str, Sequence[Mapping[str, Any]]]


def rows_of(
    position: int, sent: SentVisit, known: Known, around: Surroundings, actor: Actor, sent_at: datetime
) -> Rows:
    """The visit as it is stored. Only for an item that `judge` found nothing wrong with."""
    assert sent.form_id is not None
    place = known.places[position]
    form = known.forms[sent.form_id, sent.form_version]
    row = _visit_row(sent, place, form, around, actor, sent_at, known.policies.get(position) or VisitPolicy())
    return Rows(row, _attached_rows(sent, place, actor))


def _visit_row(
    sent: SentVisit,
    place: Place,
    form: Form,
    around: Surroundings,
    actor: Actor,
    sent_at: datetime,
    policy: VisitPolicy,
) -> dict[str, Any]:
    assert sent.occurred_at is not None
    distance = place.distance_metres
    facts = VisitFacts(
        occurred_at=sent.occurred_at,
        sent_at=sent_at,
        received_at=actor.at,
        has_location=sent.location is not None,
        has_dwelling=place.has_dwelling,
        distance_to_dwelling_metres=distance,
        accuracy_metres=None if sent.location is None else sent.location.accuracy_metres,
        is_mocked=bool(sent.location and sent.location.is_mocked),
        neighbours=around.neighbours,
        repeated_photos=around.repeats,
    )
    is_call = sent.contact is VisitContact.REMOTE
    notes = [note for note in credibility(facts, policy) if not (is_call and note.code in NOT_OF_A_CALL)]
    return {
        "id": sent.id,
        "household_id": place.household_id,
        "region_code": place.region_code,
        "recorded_by_id": actor.id,
        "helper_id": actor.viewer.helper_id,
        "purpose": sent.purpose,
        "contact": sent.contact,
        "occurred_at": sent.occurred_at,
        "captured_at": sent.captured_at,
        "received_at": actor.at,
        "late_by_seconds": late_by_seconds(sent.occurred_at, actor.at),
        **_point_columns(sent.location),
        "accuracy_metres": None if sent.location is None else sent.location.accuracy_metres,
        "is_mocked": None if sent.location is None else sent.location.is_mocked,
        "located_at": None if sent.location is None else sent.location.captured_at,
        "distance_to_dwelling_metres": distance,
        # Rounded as the note TOO_FAR is, so that the two never contradict each other.
        "is_within_fence": None if is_call or distance is None else round(distance, 1) <= policy.fence_metres,
        "credibility": [{"code": note.code.value, "detail": dict(note.detail)} for note in notes],
        "form_id": form.id,
        "form_version": form.version,
        "answers": dict(sent.answers),
        "is_complete": is_complete(form.questions, sent.answers, sent.contact),
        "note": sent.note,
        "supersedes_id": None,
        "amend_reason": None,
    }


def _point_columns(point: SentPoint | None) -> dict[str, Any]:
    """What was sent, its datum, and the WGS-84 point that everything is measured from."""
    if point is None:
        return dict.fromkeys(("location", "sent_longitude", "sent_latitude", "sent_datum"))
    longitude, latitude = point.wgs84
    return {
        "location": f"SRID=4326;POINT({longitude!r} {latitude!r})",
        "sent_longitude": point.longitude,
        "sent_latitude": point.latitude,
        "sent_datum": point.datum.value,
    }


def _attached_rows(sent: SentVisit, place: Place, actor: Actor) -> dict[str, list[dict[str, Any]]]:
    """What hangs on the visit, by table. Its author is no companion of their own, and nobody comes along twice."""
    common = {"visit_id": sent.id, "region_code": place.region_code}
    companions = sorted({one for one in sent.companion_ids if one and one != actor.viewer.helper_id})
    return {
        "visit_companion": [{**common, "helper_id": helper} for helper in companions],
        "visit_finding": [
            {
                **common,
                "id": finding.id,
                "position": index,
                "kind": finding.kind,
                "person_id": finding.person_id,
                "note": finding.note,
            }
            for index, finding in enumerate(sent.findings)
        ],
        "visit_photo": [
            {
                **common,
                "id": photo.id,
                "sha256": photo.sha256,
                "byte_size": photo.byte_size,
                "media_type": photo.media_type,
                "taken_at": photo.taken_at,
                **_point_columns(photo.location),
            }
            for photo in sent.photos
        ],
    }


def written_down(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """Problems as the submission keeps them; paths start at the item, whose place in its batch means nothing later."""
    return [
        storable({"code": problem.code, "path": list(problem.path), "detail": dict(problem.detail)})
        for problem in problems
    ]
