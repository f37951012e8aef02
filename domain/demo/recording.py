"""Visits as the server would have recorded them: distances measured, oddities noted, attachments in their tables."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from operator import itemgetter
from typing import Final

import asyncpg

from domain.base.datum import Datum
from domain.base.models import namespace_id
from domain.demo.helping import HELPER
from domain.demo.places import sent_as
from domain.demo.rows import Rows
from domain.demo.visits import DemoVisit
from domain.visits.forms import is_complete, read_questions
from domain.visits.judgement import NOT_OF_A_CALL
from domain.visits.loading import read_forms
from domain.visits.rules import RepeatedPhoto, VisitFacts, VisitPolicy, credibility, late_by_seconds

FORM: Final = max((form for form in read_forms() if form["code"] == "RU_HU"), key=itemgetter("version"))
FORM_ID: Final = namespace_id("survey form RU_HU")  # as load_forms has it
QUESTIONS: Final = read_questions(FORM["questions"])
POLICY: Final = VisitPolicy()

_DISTANCES = """
SELECT ST_Distance(ST_SetSRID(ST_MakePoint(a, b), 4326)::geography, ST_SetSRID(ST_MakePoint(c, d), 4326)::geography)
FROM unnest($1::float8[], $2::float8[], $3::float8[], $4::float8[]) WITH ORDINALITY AS pair(a, b, c, d, position)
ORDER BY position
"""


async def write_visits(connection: asyncpg.Connection, rows: Rows, visits: Sequence[DemoVisit]) -> None:
    """All visits with what hangs on them. `connection` measures the distances, on the ellipsoid as always."""
    placed = [visit for visit in visits if visit.phone_at is not None]
    ends = [(*visit.phone_at, *visit.help.settled.dwelling) for visit in placed if visit.phone_at]
    columns = [list(column) for column in zip(*ends, strict=True)] or [[]] * 4
    measured = await connection.fetch(_DISTANCES, *columns)
    metres = {visit.key: float(row[0]) for visit, row in zip(placed, measured, strict=True)}
    used = Counter(photo for visit in visits for photo in visit.photos)
    for visit in visits:
        _write_visit(rows, visit, metres.get(visit.key), used)
        _write_attachments(rows, visit)


def _write_visit(
    rows: Rows,
    visit: DemoVisit,
    metres: float | None,
    used: Counter[str],
) -> None:
    is_call = visit.contact == "REMOTE"
    facts = VisitFacts(
        occurred_at=visit.occurred_at,
        sent_at=visit.received_at,
        received_at=visit.received_at,
        has_location=visit.phone_at is not None,
        has_dwelling=True,
        distance_to_dwelling_metres=metres,
        accuracy_metres=visit.accuracy_metres,
        is_mocked=visit.is_mocked,
        repeated_photos=tuple(RepeatedPhoto(photo, used[photo] - 1) for photo in visit.photos if used[photo] > 1),
    )
    notes = [note for note in credibility(facts, POLICY) if not (is_call and note.code in NOT_OF_A_CALL)]
    helper = visit.help.helper
    nowhere = dict.fromkeys(("sent_longitude", "sent_latitude", "sent_datum"))
    rows.add(
        "visit",
        id=visit.id,
        household_id=visit.help.settled.id,
        region_code=visit.help.settled.region_code,
        recorded_by_id=helper.account_id,
        helper_id=helper.id,
        purpose=visit.purpose,
        contact=visit.contact,
        occurred_at=visit.occurred_at,
        captured_at=visit.occurred_at,
        received_at=visit.received_at,
        late_by_seconds=late_by_seconds(visit.occurred_at, visit.received_at),
        location=visit.phone_at,
        **(sent_as(visit.phone_at, Datum.WGS84) if visit.phone_at else nowhere),
        accuracy_metres=visit.accuracy_metres,
        is_mocked=visit.is_mocked if visit.phone_at else None,
        located_at=visit.occurred_at if visit.phone_at else None,
        distance_to_dwelling_metres=metres,
        is_within_fence=None if metres is None else round(metres, 1) <= POLICY.fence_metres,
        credibility=json.dumps([{"code": note.code.value, "detail": dict(note.detail)} for note in notes]),
        form_id=FORM_ID,
        form_version=FORM["version"],
        answers=json.dumps(visit.answers, ensure_ascii=False),
        is_complete=is_complete(QUESTIONS, visit.answers, visit.contact),
        note=visit.note,
        supersedes_id=namespace_id(f"demo visit {visit.amends}") if visit.amends else None,
        superseded_by_id=namespace_id(f"demo visit {visit.is_amended_by}") if visit.is_amended_by else None,
        amend_reason="填写有误" if visit.amends else None,
    )


def _write_attachments(rows: Rows, visit: DemoVisit) -> None:
    of = {"visit_id": visit.id, "region_code": visit.help.settled.region_code}
    for key in visit.companions:
        rows.add("visit_companion", **of, helper_id=HELPER[key].id)
    for position, (kind, note, person) in enumerate(visit.findings):
        rows.add(
            "visit_finding",
            **of,
            id=namespace_id(f"demo finding {visit.key} {position}"),
            position=position,
            kind=kind,
            person_id=person,
            note=note,
        )
    for position, photo in enumerate(visit.photos):
        point = visit.phone_at
        nowhere = dict.fromkeys(("sent_longitude", "sent_latitude", "sent_datum"))
        rows.add(
            "visit_photo",
            **of,
            id=namespace_id(f"demo photo {visit.key} {position}"),
            sha256=photo,
            byte_size=180_000 + int(photo[:4], 16),
            media_type="image/jpeg",
            taken_at=visit.occurred_at,
            location=point,
            **(sent_as(point, Datum.WGS84) if point else nowhere),
        )
