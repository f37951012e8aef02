"""Visits come in (提交走访). What a cadre typed is kept, whatever becomes of it."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.audit.actions import record
from domain.base.errors import Problem, invalid, refused
from domain.base.models import namespace_id
from domain.changes.rules import HASH_VERSION
from domain.visits.items import BATCH_LIMIT, Document, SentVisit, read_visit
from domain.visits.judgement import Rows, is_deferred, judge, rows_of, written_down
from domain.visits.keeping import Earlier, claim, earlier_ones, judged_anew
from domain.visits.models import SubmissionOutcome
from domain.visits.queries import surroundings, what_is_known
from domain.visits.rules import VisitPolicy, parse_instant
from domain.visits.storing import store

APPLIED, REPLAYED, DEFERRED, CONFLICT, REJECTED = SubmissionOutcome


@dataclass(frozen=True, slots=True)
class Judged:
    """The answer to one item: `id` as it was sent; `visit_id` when the visit stands, from now or from before."""

    id: str
    outcome: SubmissionOutcome
    visit_id: uuid.UUID | None = None
    problems: Sequence[Problem] = ()


@dataclass(slots=True)
class _Item:
    """One item on its way: `rows` once it is good, `answer` once its fate is settled."""

    position: int
    sent_id: str
    key: uuid.UUID  # of its submission: its own id, or one derived from an id that is none
    sent: SentVisit
    problems: Sequence[Problem] = ()
    region_code: str | None = None
    rows: Rows | None = None
    answer: Judged | None = None

    def settle(self, outcome: SubmissionOutcome, *problems: Problem) -> None:
        visit_id = self.sent.id if outcome in (APPLIED, REPLAYED) else None
        prefix = ("input", "visits", str(self.position))
        self.answer = Judged(self.sent_id, outcome, visit_id, [problem.under(*prefix) for problem in problems])

    def settle_by(self, earlier: Earlier | None) -> None:
        """By what the same submitter sent under this id before; None: it is somebody else's, of whom nothing is told."""
        match earlier:
            case None:
                self.settle(REJECTED, Problem("ID_TAKEN", ("input", "id")))
            case (SubmissionOutcome.APPLIED, digest) if digest == self.sent.content_hash:
                self.settle(REPLAYED)
            case (SubmissionOutcome.APPLIED, _):
                self.settle(CONFLICT, Problem("CONTENT_DIFFERS", ("input", "id")))

    @property
    def outcome(self) -> SubmissionOutcome:
        if not self.problems:
            return APPLIED
        return DEFERRED if is_deferred(self.problems) else REJECTED


async def submit_visits(db: AsyncSession, actor: Actor, *, items: Sequence[Document], sent_at: str) -> list[Judged]:
    """Judge up to 500 visits, each for itself, and store the good ones; answers in the order of `items`.

    An item is a JSON object with the keys of VisitInput. `sent_at` is the phone's clock when it sends. Safe to repeat
    and to run twenty times at once: an id is applied once. Raises InvalidInput for the request as a whole
    (BATCH_TOO_LARGE, INSTANT_INVALID) and Refused (FORBIDDEN_ROLE); then nothing is stored.
    """
    if not actor.viewer.meets_families:
        raise refused("FORBIDDEN_ROLE")
    if len(items) > BATCH_LIMIT:
        raise invalid("BATCH_TOO_LARGE", "visits", limit=BATCH_LIMIT)
    sent = parse_instant(sent_at)
    if sent is None:
        raise invalid("INSTANT_INVALID", "sentAt")
    batch = [_item(position, document, actor, sent) for position, document in enumerate(items)]
    first: dict[uuid.UUID, _Item] = {}
    for item in batch:
        first.setdefault(item.key, item)
    # In the order of ids, as everybody does it: two batches that share ids wait for each other and never deadlock.
    once = sorted(first.values(), key=lambda item: item.key)

    # Most retries end here: what was applied before needs no second judgement.
    earlier = await earlier_ones(db, actor, [item.key for item in once])
    for item in once:
        if item.key in earlier:
            item.settle_by(earlier[item.key])
    open_items = [item for item in once if item.answer is None]
    if open_items:
        await _judge(db, actor, open_items, sent)
        await _claim(db, actor, open_items)
        await _apply(db, actor, [item for item in open_items if item.answer is None])
        counts = Counter(item.answer.outcome.value for item in once if item.answer)
        applied = [str(item.key) for item in open_items if item.answer and item.answer.outcome is APPLIED]
        # One entry for the batch: each visit names its author and its clocks itself, and never changes.
        await record(db, actor, "submitVisits", "visit", None, None, {**counts, "applied": applied})
    return [_answer(item, first[item.key]) for item in batch]


def _item(position: int, document: Document, actor: Actor, sent_at: datetime) -> _Item:
    sent = read_visit(document, sent_at=sent_at, now=actor.at, policy=VisitPolicy())
    sent_id = str(document.get("id", ""))
    # What was typed under an id that is none is kept too, where its sender finds it again.
    return _Item(position, sent_id, sent.id or namespace_id(f"submission {actor.id} {sent_id}"), sent, sent.problems)


def _answer(item: _Item, first: _Item) -> Judged:
    """The second of two items with one id in a batch is answered as if it had come a moment later."""
    if item is not first and first.answer is not None:
        is_there = first.answer.outcome in (APPLIED, REPLAYED)
        if item.sent.content_hash != first.sent.content_hash:
            code = "CONTENT_DIFFERS" if is_there else "ID_TWICE"
            item.settle(CONFLICT if is_there else REJECTED, Problem(code, ("input", "id")))
        else:
            item.problems = first.problems
            item.settle(REPLAYED if is_there else first.answer.outcome, *first.problems)
    assert item.answer is not None
    return item.answer


async def _judge(db: AsyncSession, actor: Actor, items: Sequence[_Item], sent_at: datetime) -> None:
    known = await what_is_known(db, actor, {item.position: item.sent for item in items})
    for item in items:
        place = known.places.get(item.position)
        item.region_code = place.region_code if place else None
        item.problems = judge(item.position, item.sent, known)
    good = {item.position: item.sent for item in items if not item.problems}
    around = await surroundings(db, good)
    for item in items:
        if item.position in good:
            item.rows = rows_of(item.position, item.sent, known, around[item.position], actor, sent_at)


async def _claim(db: AsyncSession, actor: Actor, items: Sequence[_Item]) -> None:
    """Write the submissions down. Settles those whose id turns out to be taken, or applied by a retry beside this one."""
    rows = {item.key: _submission(item, actor) for item in items}
    stood = await claim(db, actor, list(rows.values()))
    again = [item for item in items if item.key in stood]
    for item in again:
        item.settle_by(stood[item.key])
    await judged_anew(db, [rows[item.key] for item in again if item.answer is None])


def _submission(item: _Item, actor: Actor) -> dict[str, Any]:
    return {
        "id": item.key,
        "kind": "VISIT",
        "submitter_id": actor.id,
        "region_code": item.region_code,
        "outcome": item.outcome,
        "content": item.sent.content,
        "content_hash": item.sent.content_hash,
        "hash_version": HASH_VERSION,
        "problems": written_down(item.problems),
        "received_at": actor.at,
        "judged_at": actor.at,
    }


async def _apply(db: AsyncSession, actor: Actor, items: Sequence[_Item]) -> None:
    """Store the visits of the good items, and settle all."""
    by_key = {item.key: item for item in items}
    broken = await store(db, {item.key: item.rows for item in items if item.rows is not None})
    for key, problem in broken.items():
        by_key[key].problems = [problem]
    await judged_anew(db, [_submission(by_key[key], actor) for key in broken])
    for item in items:
        item.settle(item.outcome, *item.problems)
