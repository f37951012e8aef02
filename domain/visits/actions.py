"""Visits come in (提交走访). What a cadre typed is kept, whatever becomes of it."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import sees_household, viewer_parameters
from domain.access.rules import Actor
from domain.audit.actions import record
from domain.base.errors import Problem, invalid, refused
from domain.base.models import namespace_id
from domain.changes.rules import HASH_VERSION
from domain.households.models import Household
from domain.visits.items import BATCH_LIMIT, Document, SentVisit, read_visit
from domain.visits.judgement import Rows, is_deferred, judge, rows_of, written_down
from domain.visits.keeping import Earlier, claim, earlier_ones, judged_anew
from domain.visits.models import Submission, SubmissionOutcome
from domain.visits.queries import surroundings, what_is_known
from domain.visits.rules import VisitPolicy, parse_instant
from domain.visits.storing import store

KIND = "VISIT"
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
    sent_at: datetime  # when this content first came: by the phone's clock and by ours
    received_at: datetime
    problems: Sequence[Problem] = ()
    region_code: str | None = None
    rows: Rows | None = None
    answer: Judged | None = None
    is_in_review: bool = False  # an officer named a family, and it does not hold: they are to look again

    def settle(self, outcome: SubmissionOutcome, *problems: Problem) -> None:
        visit_id = self.sent.id if outcome in (APPLIED, REPLAYED) else None
        prefix = ("input", "visits", str(self.position))
        self.answer = Judged(self.sent_id, outcome, visit_id, [problem.under(*prefix) for problem in problems])

    def settle_by(self, earlier: Earlier | None) -> None:
        """By what the same submitter sent under this id before; None: it is somebody else's, of whom nothing is told."""
        if earlier is None:
            self.settle(REJECTED, Problem("ID_TAKEN", ("input", "id")))
            return
        is_same = earlier.content_hash == self.sent.content_hash
        if earlier.outcome is APPLIED and is_same:
            self.settle(REPLAYED)
        elif earlier.outcome is APPLIED:
            self.settle(CONFLICT, Problem("CONTENT_DIFFERS", ("input", "id")))
        elif is_same:
            # What waits for its family is not late for it.
            self.sent_at, self.received_at = earlier.sent_at or self.sent_at, earlier.received_at

    @property
    def outcome(self) -> SubmissionOutcome:
        if not self.problems:
            return APPLIED
        return DEFERRED if self.is_in_review or is_deferred(self.problems) else REJECTED


async def submit_visits(db: AsyncSession, actor: Actor, *, items: Sequence[Document], sent_at: str) -> list[Judged]:
    """Judge up to 500 visits, each for itself, and store the good ones; answers in the order of `items`.

    An item is a JSON object with the keys of VisitInput. `sent_at` is the phone's clock when it sends. Safe to repeat
    and to run twenty times at once: an id is applied once. Raises InvalidInput for the request as a whole
    (BATCH_TOO_LARGE, INSTANT_INVALID) and Refused (FORBIDDEN_ROLE); then nothing is stored.
    """
    if not actor.viewer.visits_families:
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
        await _judge(db, actor, open_items)
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
    key = sent.id or namespace_id(f"submission {actor.id} {sent_id}")
    return _Item(position, sent_id, key, sent, sent_at, actor.at, sent.problems)


def _answer(item: _Item, first: _Item) -> Judged:
    """The second of two items with one id in a batch is answered as if it had come a moment later."""
    if item is not first and first.answer is not None:
        is_there = first.answer.outcome in (APPLIED, REPLAYED)
        if item.sent.content_hash != first.sent.content_hash:
            code = "CONTENT_DIFFERS" if is_there else "ID_REPEATED"
            item.settle(CONFLICT if is_there else REJECTED, Problem(code, ("input", "id")))
        else:
            item.problems = first.problems
            item.settle(REPLAYED if is_there else first.answer.outcome, *first.problems)
    assert item.answer is not None
    return item.answer


async def _judge(
    db: AsyncSession, actor: Actor, items: Sequence[_Item], vouched: Mapping[int, uuid.UUID] | None = None
) -> None:
    known = await what_is_known(db, actor, {item.position: item.sent for item in items}, vouched)
    for item in items:
        place = known.places.get(item.position)
        item.region_code = place.region_code if place else None
        item.problems = judge(item.position, item.sent, known)
    good = {item.position: item.sent for item in items if not item.problems}
    around = await surroundings(db, good)
    for item in items:
        if item.position in good:
            then = replace(actor, at=item.received_at)
            item.rows = rows_of(item.position, item.sent, known, around[item.position], then, item.sent_at)


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
        "kind": KIND,
        "submitter_id": actor.id,
        "region_code": item.region_code,
        "outcome": item.outcome,
        "content": item.sent.content,
        "content_sealed": None,
        "content_hash": item.sent.content_hash,
        "hash_version": HASH_VERSION,
        "problems": written_down(item.problems),
        "sent_at": item.sent_at,
        "received_at": item.received_at,
        "judged_at": actor.at,
        "waits_for": item.sent.household_id if item.outcome is DEFERRED else None,
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


async def judge_deferred(
    db: AsyncSession, actor: Actor, *, household_ids: Collection[uuid.UUID] | None = None
) -> list[Judged]:
    """Judge anew what the actor sent and what waits: for these families, or for any. Answers those that wait no longer.

    Up to 500 at once, the oldest first, as if they had been judged when they came: their clocks stay. What an officer
    said in review counts once; where it does not hold, the visit goes on waiting, with what is wrong. Those that a phone
    is just sending again are left to it.
    """
    waiting = select(Submission).where(
        Submission.kind == KIND, Submission.submitter_id == actor.id, Submission.outcome == DEFERRED
    )
    if household_ids is not None:
        came = list(household_ids)
        waiting = waiting.where(Submission.waits_for.in_(came) | Submission.belongs_to.in_(came))
    else:
        # Five hundred that wait for somebody else's family must not stand before the one that waits no longer.
        here = select(Household.id).where(sees_household(Household.region_code, Household.id))
        may_pass = (Submission.waits_for.is_(None), Submission.belongs_to.is_not(None), Submission.waits_for.in_(here))
        waiting = waiting.where(or_(*may_pass))
    waiting = waiting.order_by(Submission.received_at, Submission.id).limit(BATCH_LIMIT)
    waiting = waiting.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    kept = dict(enumerate(await db.scalars(waiting, viewer_parameters(actor.viewer))))
    if not kept:
        return []
    items = [_kept_item(position, one) for position, one in kept.items()]
    vouched = {position: one.id for position, one in kept.items() if one.belongs_to is not None}
    await _judge(db, actor, items, vouched)
    for item in items:
        said = kept[item.position]
        if said.belongs_to is not None:
            item.is_in_review = bool(item.problems)
            said.belongs_to = None if item.is_in_review else said.belongs_to
    await db.flush()
    moved = [item for item in items if item.outcome is not DEFERRED or item.is_in_review]
    await judged_anew(db, [_submission(item, actor) for item in moved])
    await _apply(db, actor, moved)
    counts = Counter(item.outcome.value for item in moved)
    applied = [str(item.key) for item in moved if item.outcome is APPLIED]
    if moved:
        await record(db, actor, "judge_deferred", "visit", None, None, {**counts, "applied": applied})
    return [item.answer for item in moved if item.answer is not None]


def _kept_item(position: int, kept: Submission) -> _Item:
    sent_at = kept.sent_at or kept.received_at  # sent before we kept the phone's clock: no skew is known
    assert kept.content is not None  # a visit's is in the clear
    sent = read_visit(kept.content, sent_at=sent_at, now=kept.received_at, policy=VisitPolicy())
    return _Item(position, str(kept.content.get("id", "")), kept.id, sent, sent_at, kept.received_at, sent.problems)
