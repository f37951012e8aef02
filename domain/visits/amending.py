"""A visit is corrected (更正走访): a new visit takes its place, and both stay."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import viewer_parameters
from domain.access.rules import OFFICER_ROLES, Actor
from domain.audit.actions import record
from domain.base.errors import Conflict, InvalidInput, Problem, invalid, not_visible, refused
from domain.changes.actions import Answer, once
from domain.visits.forms import UNREADABLE
from domain.visits.items import NOTE_LIMIT, UUID_TEXT, Document, SentVisit, read_visit
from domain.visits.judgement import Rows, judge, rows_of
from domain.visits.models import Visit
from domain.visits.queries import sees_visit, surroundings, what_is_known
from domain.visits.rules import VisitPolicy, parse_instant
from domain.visits.storing import store


async def amend_visit(
    db: AsyncSession, actor: Actor, *, visit_id: str, reason: str, document: Document, sent_at: str
) -> uuid.UUID:
    """Put a new visit in the place of `visit_id`; answers the new one's id, which its `document` brings.

    For the author, or an officer of the region; an officer's correction keeps the helper who was there. Photos that stay
    are announced again under new ids with the same hash. Raises InvalidInput as `submit_visits` judges an item (paths
    below `visit`) and for an empty reason; NotVisible; Refused (NOT_YOUR_VISIT); Conflict (ALREADY_SUPERSEDED).
    """
    sent = parse_instant(sent_at)
    if sent is None:
        raise invalid("INSTANT_INVALID", "sentAt")
    if not UUID_TEXT.fullmatch(visit_id):
        raise invalid("ID_INVALID", "visitId")
    if not reason.strip() or UNREADABLE.search(reason) or len(reason) > NOTE_LIMIT:
        raise invalid("REASON_NEEDED", "reason", limit=NOTE_LIMIT)
    item = read_visit(document, sent_at=sent, now=actor.at, policy=VisitPolicy())
    if item.id is None:
        raise InvalidInput(*(problem.under("input", "visit") for problem in item.problems))
    new_id, old_id = item.id, uuid.UUID(visit_id)

    async def amend() -> Answer:
        old = await _amendable(db, actor, old_id)
        rows = await _rows(db, actor, item, old_id, sent_at=sent)
        visit = {**rows.visit, "helper_id": old.helper_id, "supersedes_id": old_id, "amend_reason": reason.strip()}
        broken = await store(db, {new_id: replace(rows, visit=visit)})
        for problem in broken.values():
            if problem.code == "ALREADY_SUPERSEDED":
                raise Conflict(problem)
            raise InvalidInput(problem.under("input", "visit"))
        detail = {"supersedes": str(old_id), "isByAuthor": old.recorded_by_id == actor.id}
        await record(db, actor, "amendVisit", "visit", new_id, visit["region_code"], detail)
        return {"visit": str(new_id)}

    content = {"visitId": old_id, "reason": reason, "visit": item.content_hash}
    answer = await once(db, actor, new_id, "amendVisit", content, amend)
    return uuid.UUID(answer["visit"])


async def _amendable(db: AsyncSession, actor: Actor, visit_id: uuid.UUID) -> Visit:
    found = await db.execute(select(Visit).where(Visit.id == visit_id, sees_visit()), viewer_parameters(actor.viewer))
    visit = found.scalar_one_or_none()
    if visit is None:
        raise not_visible("visitId")
    is_officer = not actor.viewer.roles.isdisjoint(OFFICER_ROLES) and actor.viewer.sees_region(visit.region_code)
    if visit.recorded_by_id != actor.id and not is_officer:
        raise refused("NOT_YOUR_VISIT", "visitId")
    if visit.superseded_by_id is not None:
        raise Conflict(Problem("ALREADY_SUPERSEDED", ("input", "visitId")))
    return visit


async def _rows(db: AsyncSession, actor: Actor, item: SentVisit, old_id: uuid.UUID, *, sent_at: datetime) -> Rows:
    known = await what_is_known(db, actor, {0: item})
    if problems := judge(0, item, known):
        raise InvalidInput(*(problem.under("input", "visit") for problem in problems))
    around = await surroundings(db, {0: item}, but=old_id)
    return rows_of(0, item, known, around[0], actor, sent_at)
