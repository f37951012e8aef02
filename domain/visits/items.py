"""One visit as a phone sends it: a JSON object with the keys of `VisitInput`, read without a database. Pure.

Structure (which keys, which kinds of JSON) is GraphQL's part and holds already; values are judged here. Every value that
cannot be is a problem with its path, and all of them are found in one go: who stands in a farmyard without a signal
shall not mend one field per journey.
"""

from __future__ import annotations

import json
import math
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from domain.base.datum import Datum, Point, to_wgs84
from domain.base.errors import Problem
from domain.changes.rules import content_hash
from domain.visits.forms import UNREADABLE
from domain.visits.rules import VisitContact, VisitPolicy, clock_problem, parse_instant

BATCH_LIMIT = 500
ANSWERS_LIMIT_BYTES = 256 * 1024
NOTE_LIMIT = 4000  # characters
FINDINGS_LIMIT = 50
COMPANIONS_LIMIT = 20
PHOTOS_LIMIT = 30
MEDIA_TYPES = frozenset({"image/jpeg", "image/png", "image/webp", "image/heic"})
DEPTH_LIMIT = 20

UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
SHA256_TEXT = re.compile(r"[0-9a-f]{64}")

T = TypeVar("T")
Kind = TypeVar("Kind", bound=StrEnum)
Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SentPoint:
    """A place as it was sent, in its datum, and the WGS-84 point derived from it: (longitude, latitude)."""

    longitude: float
    latitude: float
    datum: Datum
    wgs84: Point
    accuracy_metres: float | None
    is_mocked: bool | None
    captured_at: datetime | None


@dataclass(frozen=True, slots=True)
class SentFinding:
    id: uuid.UUID | None
    kind: str
    person_id: uuid.UUID | None
    note: str | None


@dataclass(frozen=True, slots=True)
class SentPhoto:
    id: uuid.UUID | None
    sha256: str
    byte_size: int
    media_type: str
    taken_at: datetime | None
    location: SentPoint | None


@dataclass(frozen=True, slots=True)
class SentVisit:
    """What could be read of an item. Where `problems` names a field, that field is None here or not to be trusted."""

    id: uuid.UUID | None
    household_id: uuid.UUID | None
    purpose: str
    contact: VisitContact | None
    occurred_at: datetime | None
    captured_at: datetime | None
    location: SentPoint | None
    form_id: uuid.UUID | None
    form_version: int
    answers: Mapping[str, Any]
    findings: Sequence[SentFinding]
    companion_ids: Sequence[uuid.UUID | None]
    photos: Sequence[SentPhoto]
    note: str | None
    content: Document  # as sent, with what PostgreSQL cannot hold replaced: it is kept whatever becomes of the visit
    content_hash: str
    problems: Sequence[Problem]


def read_visit(document: Document, *, sent_at: datetime, now: datetime, policy: VisitPolicy) -> SentVisit:
    """Read one item. Never raises for a value: what is wrong stands in `problems`, with paths from `input`."""
    content = storable(document)
    reading = _Reading(sent_at, now, policy)
    contact = reading.one_of(document.get("contact"), VisitContact, "CONTACT_UNKNOWN", "contact")
    sent = {
        "id": reading.an_id(document.get("id"), "id"),
        "household_id": reading.an_id(document.get("householdId"), "householdId"),
        "purpose": str(document.get("purpose", "")),
        "contact": contact,
        "occurred_at": reading.past_instant(document.get("occurredAt"), "occurredAt"),
        "captured_at": reading.past_instant(document.get("capturedAt"), "capturedAt"),
        "location": reading.point(document.get("location"), "location"),
        "form_id": reading.an_id(document.get("formId"), "formId"),
        "form_version": document.get("formVersion", 0),
        "answers": reading.answers(document.get("answers")),
        "findings": reading.findings(document.get("findings") or ()),
        "companion_ids": reading.companions(document.get("companionIds") or ()),
        "photos": reading.photos(document.get("photos") or ()),
        "note": reading.text(document.get("note"), NOTE_LIMIT, "note"),
    }
    return SentVisit(
        **sent, content=content, content_hash=content_hash(_meaning(sent, content)), problems=reading.problems
    )


def _meaning(sent: Mapping[str, Any], content: Document) -> Document:
    """What the content hash stands on: parsed values where they could be parsed, else what was typed.

    Who came along is a set; findings and photos keep their order, which people see.
    """
    meaning = dict(content)
    for key, name in (
        ("id", "id"),
        ("householdId", "household_id"),
        ("formId", "form_id"),
        ("occurredAt", "occurred_at"),
        ("capturedAt", "captured_at"),
    ):
        if sent[name] is not None:
            meaning[key] = sent[name]
    point = sent["location"]
    if point is not None and point.captured_at is not None:
        meaning["location"] = {**content["location"], "capturedAt": point.captured_at}
    if None not in sent["companion_ids"]:
        meaning["companionIds"] = frozenset(sent["companion_ids"]) or None
    for key in ("findings", "photos"):
        meaning[key] = content.get(key) or None  # an empty list says no more than none
    return meaning


def storable(value: Any, depth: int = 0) -> Any:
    """The same JSON with what PostgreSQL cannot hold replaced: NaN by its name, NUL and half characters by U+FFFD."""
    match value:
        case str():
            return UNREADABLE.sub("\ufffd", value)
        case float() if not math.isfinite(value):
            return str(value)
        case Mapping() | list() | tuple() if depth == DEPTH_LIMIT:
            return "…"
        case Mapping():
            return {UNREADABLE.sub("\ufffd", str(key)): storable(item, depth + 1) for key, item in value.items()}
        case list() | tuple():
            return [storable(item, depth + 1) for item in value]
        case _:
            return value


class _Reading:
    """Reads values one by one and gathers what is wrong. A method answers None for what it could not read."""

    def __init__(self, sent_at: datetime, now: datetime, policy: VisitPolicy) -> None:
        self.sent_at, self.now, self.policy = sent_at, now, policy
        self.problems: list[Problem] = []

    def wrong(self, code: str, *path: str, **detail: Any) -> None:
        self.problems.append(Problem(code, ("input", *path), detail))

    def an_id(self, value: Any, *path: str) -> uuid.UUID | None:
        if isinstance(value, str) and UUID_TEXT.fullmatch(value):
            return uuid.UUID(value)
        self.wrong("ID_INVALID", *path)
        return None

    def one_of(self, value: Any, kinds: type[Kind], code: str, *path: str) -> Kind | None:
        try:
            return kinds(value)
        except ValueError:
            self.wrong(code, *path, allowed=", ".join(kinds))
            return None

    def instant(self, value: Any, *path: str) -> datetime | None:
        if isinstance(value, str) and (instant := parse_instant(value)) is not None:
            return instant
        self.wrong("INSTANT_INVALID", *path)
        return None

    def past_instant(self, value: Any, *path: str) -> datetime | None:
        instant = self.instant(value, *path)
        if instant is not None and (
            code := clock_problem(instant, self.sent_at, self.now, self.policy.future_tolerance_seconds)
        ):
            self.wrong(code, *path)
        return instant

    def text(self, value: str | None, limit: int, *path: str) -> str | None:
        if value is None:
            return None
        if UNREADABLE.search(value):
            self.wrong("TEXT_UNREADABLE", *path)
        if len(value) > limit:
            self.wrong("TOO_LONG", *path, characters=len(value), limit=limit)
        return value

    def few(self, items: Sequence[T], limit: int, path: str) -> Sequence[T]:
        if len(items) > limit:
            self.wrong("TOO_MANY", path, limit=limit)
        return items[:limit]

    def point(self, value: Document | None, *path: str) -> SentPoint | None:
        if value is None:
            return None
        longitude = self.degrees(value.get("longitude"), 180, *path, "longitude")
        latitude = self.degrees(value.get("latitude"), 90, *path, "latitude")
        datum = self.one_of(value.get("datum"), Datum, "DATUM_UNKNOWN", *path, "datum")
        accuracy = value.get("accuracyMetres")
        if accuracy is not None and not math.isfinite(accuracy):
            self.wrong("NOT_FINITE", *path, "accuracyMetres")
        captured_at = value.get("capturedAt")
        located_at = None if captured_at is None else self.instant(captured_at, *path, "capturedAt")
        if longitude is None or latitude is None or datum is None:
            return None
        wgs84 = to_wgs84(longitude, latitude, datum)
        return SentPoint(longitude, latitude, datum, wgs84, accuracy, value.get("isMocked"), located_at)

    def degrees(self, value: Any, limit: int, *path: str) -> float | None:
        if value is None or not math.isfinite(value):
            self.wrong("NOT_FINITE", *path)
            return None
        if not -limit <= value <= limit:
            self.wrong("COORDINATES_OUT_OF_RANGE", *path, minimum=-limit, maximum=limit)
            return None
        return float(value)

    def answers(self, value: Any) -> Document:
        if not isinstance(value, Mapping):
            self.wrong("ANSWERS_NOT_AN_OBJECT", "answers")
            return {}
        try:
            size = len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
        except RecursionError:
            size = ANSWERS_LIMIT_BYTES + 1
        if size > ANSWERS_LIMIT_BYTES:
            self.wrong("ANSWER_TOO_LARGE", "answers", limitBytes=ANSWERS_LIMIT_BYTES)
            return {}
        return value

    def findings(self, values: Sequence[Document]) -> Sequence[SentFinding]:
        found = []
        for index, value in enumerate(self.few(values, FINDINGS_LIMIT, "findings")):
            path = ("findings", str(index))
            person = value.get("personId")
            found.append(
                SentFinding(
                    id=self.an_id(value.get("id"), *path, "id"),
                    kind=str(value.get("kind", "")),
                    person_id=None if person is None else self.an_id(person, *path, "personId"),
                    note=self.text(value.get("note"), NOTE_LIMIT, *path, "note"),
                )
            )
        self.distinct([finding.id for finding in found], "findings")
        return found

    def companions(self, values: Sequence[str]) -> Sequence[uuid.UUID | None]:
        few = self.few(values, COMPANIONS_LIMIT, "companionIds")
        return [self.an_id(value, "companionIds", str(index)) for index, value in enumerate(few)]

    def photos(self, values: Sequence[Document]) -> Sequence[SentPhoto]:
        photos = [
            self.photo(value, "photos", str(index))
            for index, value in enumerate(self.few(values, PHOTOS_LIMIT, "photos"))
        ]
        self.distinct([photo.id for photo in photos], "photos")
        return photos

    def photo(self, value: Document, *path: str) -> SentPhoto:
        sha256, byte_size, media_type = value.get("sha256", ""), value.get("byteSize", 0), value.get("mediaType", "")
        taken_at = value.get("takenAt")
        if not SHA256_TEXT.fullmatch(sha256.lower()):
            self.wrong("SHA256_INVALID", *path, "sha256")
        if byte_size < 1:
            self.wrong("OUT_OF_RANGE", *path, "byteSize", minimum="1", maximum="")
        if media_type not in MEDIA_TYPES:
            self.wrong("MEDIA_TYPE_UNKNOWN", *path, "mediaType", allowed=", ".join(sorted(MEDIA_TYPES)))
        return SentPhoto(
            id=self.an_id(value.get("id"), *path, "id"),
            sha256=sha256.lower(),
            byte_size=byte_size,
            media_type=media_type,
            taken_at=None if taken_at is None else self.instant(taken_at, *path, "takenAt"),
            location=self.point(value.get("location"), *path, "location"),
        )

    def distinct(self, ids: Sequence[uuid.UUID | None], path: str) -> None:
        seen: set[uuid.UUID] = set()
        for index, one in enumerate(ids):
            if one is not None and one in seen:
                self.wrong("ID_REPEATED", path, str(index), "id")
            elif one is not None:
                seen.add(one)
