"""Families edited on phones come in (推送农户). What somebody typed is kept, whatever becomes of it."""

from __future__ import annotations

import logging
import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import sees_household, viewer_parameters
from domain.access.rules import Actor
from domain.audit.actions import record
from domain.base.errors import Conflict, DomainError, InvalidInput, Problem, Refused
from domain.base.models import namespace_id
from domain.base.sealed_fields import CONTENT
from domain.base.sealing import Ring
from domain.base.transactions import WORTH_ANOTHER_ATTEMPT, broken_rule, ring_of, sqlstate
from domain.changes.actions import Answer
from domain.changes.rules import HASH_VERSION, content_hash
from domain.families.actions import edit_household, register_household
from domain.households.models import Household
from domain.sync.difference import (
    Row,
    difference,
    in_document,
    registration,
)
from domain.visits.items import storable
from domain.visits.judgement import PROBLEMS_LIMIT, is_deferred, written_down
from domain.visits.keeping import Earlier, claim, judged_anew
from domain.visits.models import SubmissionOutcome

ROWS_LIMIT = 200
KIND = "HOUSEHOLD"
APPLIED, REPLAYED, DEFERRED, CONFLICT, REJECTED = SubmissionOutcome

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pushed:
    """The answer to one row.

    `takes_master`: the phone has to take the document as it stands here, because its own was refused or says no longer
    all, and no later pull is sure to bring it. (A phone leaves aside what it pulls of a family that it has yet to send.)
    """

    household_id: uuid.UUID | None
    outcome: SubmissionOutcome
    problems: Sequence[Problem] = ()
    takes_master: bool = True


@dataclass(slots=True)
class _Item:
    """One row on its way; its answer once its fate is settled."""

    position: int
    row: Row
    key: uuid.UUID  # of its submission
    content: Mapping[str, Any]
    content_sealed: bytes
    content_hash: str
    region_code: str | None = None
    received_at: datetime | None = None  # before, if it came before
    outcome: SubmissionOutcome | None = None
    problems: list[Problem] = field(default_factory=list)
    takes_master: bool = True

    def settle(self, outcome: SubmissionOutcome, *problems: Problem) -> None:
        self.outcome, self.problems = outcome, list(problems)[:PROBLEMS_LIMIT]

    def refuse(self, problems: Sequence[Problem]) -> None:
        is_conflict = all(problem.is_conflict or problem.code == "ALREADY_ON_RECORD" for problem in problems)
        self.settle(CONFLICT if is_conflict else DEFERRED if is_deferred(problems) else REJECTED, *problems)

    def settle_by(self, earlier: Earlier | None) -> None:
        """By what became of the same content before: the key holds its hash, so there is no other content under it."""
        if earlier is None:
            self.settle(REJECTED, _wrong("ID_TAKEN", "id"))
        elif earlier.outcome is APPLIED:
            self.settle(REPLAYED)
        else:
            self.received_at = earlier.received_at


def _wrong(code: str, *path: str) -> Problem:
    return Problem(code, ("input", *path))


async def push_households(db: AsyncSession, actor: Actor, *, rows: Sequence[Row]) -> list[Pushed]:
    """Merge up to 200 documents, each for itself, into what stands; answers in the order of `rows`.

    A row with a base is an edit (`edit_household`: field by field, and one conflict refuses the row); one without is a
    new family (`register_household`). Safe to repeat and to run twenty times at once: the same content of the same
    submitter is applied once. Raises InvalidInput for the request as a whole (BATCH_TOO_LARGE, ID_REPEATED) and Refused
    (FORBIDDEN_ROLE); then nothing is stored. Problems have their paths from `rows`.
    """
    if not actor.viewer.visits_families:
        raise Refused(Problem("FORBIDDEN_ROLE", ("rows",)))
    if len(rows) > ROWS_LIMIT:
        raise InvalidInput(Problem("BATCH_TOO_LARGE", ("rows",), {"limit": ROWS_LIMIT}))
    if twice := _twice(rows):
        raise InvalidInput(*twice)
    ring = ring_of(db)
    items = [_item(position, row, actor, ring) for position, row in enumerate(rows)]
    stood = await claim(db, actor, [_submission(item, actor, DEFERRED) for item in items])
    for item in items:
        if item.key in stood:
            item.settle_by(stood[item.key])
    await _carry_out(db, actor, [item for item in items if item.outcome is None])
    answers = [_answer(item) for item in items]
    counts = Counter(answer.outcome.value for answer in answers)
    await record(db, actor, "push_households", "household", None, None, dict(counts))
    return answers


def _twice(rows: Sequence[Row]) -> list[Problem]:
    """Two rows of one family in a request contradict each other: which is the later one is not said."""
    seen: set[uuid.UUID] = set()
    found = []
    for position, row in enumerate(rows):
        if row.household_id is not None and row.household_id in seen:
            found.append(Problem("ID_REPEATED", ("rows", str(position), "newDocumentState", "id")))
        seen |= {row.household_id} if row.household_id else set()
    return found


def _item(position: int, row: Row, actor: Actor, ring: Ring) -> _Item:
    content = storable({"newDocumentState": row.new, "assumedMasterState": row.base})
    digest = ring.keyed(content_hash(content))
    # A phone gives no id to what it edits. With the revision in both documents no two edits are the same content, so
    # what is typed is kept once for each time that somebody typed it.
    key = namespace_id(f"{KIND} {actor.id} {row.household_id} {digest}")
    # Sealed as a whole: a document has the numbers of a whole family, and what a phone types may be anywhere in it.
    kept = ring.seal(CONTENT, key, orjson.dumps(content).decode())
    return _Item(position, row, key, content, kept, digest)


def _submission(item: _Item, actor: Actor, outcome: SubmissionOutcome) -> dict[str, Any]:
    return {
        "id": item.key,
        "kind": KIND,
        "submitter_id": actor.id,
        "region_code": item.region_code,
        "outcome": outcome,
        "content": None,
        "content_sealed": item.content_sealed,
        "content_hash": item.content_hash,
        "hash_version": HASH_VERSION,
        "problems": written_down(item.problems),
        "sent_at": None,
        "received_at": item.received_at or actor.at,
        "judged_at": actor.at,
        "waits_for": None,
    }


def _answer(item: _Item) -> Pushed:
    assert item.outcome is not None
    path = ("rows", str(item.position), "newDocumentState")
    problems = [problem.under(*path) for problem in item.problems]
    return Pushed(item.row.household_id, item.outcome, problems, item.takes_master)


async def _carry_out(db: AsyncSession, actor: Actor, items: Sequence[_Item]) -> None:
    """Merge these rows and write down what became of each.

    In the order of the families' ids, as everybody does it: two pushes that share families wait for each other.
    """
    known = await _regions(db, actor, [item.row.household_id for item in items])
    for item in sorted(items, key=lambda item: str(item.row.household_id)):
        await _merge(db, actor, item, known)
    # Once more, for the families that have just come.
    known = await _regions(db, actor, [item.row.household_id for item in items])
    for item in items:
        item.region_code = known.get(item.row.household_id)
    await judged_anew(db, [_submission(item, actor, item.outcome or REJECTED) for item in items])


async def _regions(db: AsyncSession, actor: Actor, ids: Collection[uuid.UUID | None]) -> dict[uuid.UUID | None, str]:
    """Where those of these families live that the actor sees."""
    seen = select(Household.id, Household.region_code).where(
        Household.id.in_([one for one in ids if one is not None]), sees_household(Household.region_code, Household.id)
    )
    return {row.id: row.region_code for row in await db.execute(seen, viewer_parameters(actor.viewer))}


async def _merge(db: AsyncSession, actor: Actor, item: _Item, known: Mapping[uuid.UUID | None, str]) -> None:
    """Settle one row. A surprise about it leaves the others standing; raises only what is worth another attempt."""
    try:
        async with db.begin_nested():
            done = await _written(db, actor, item, known)
    except DomainError as error:
        item.refuse(error.problems)
    except DBAPIError as error:
        if sqlstate(error) in WORTH_ANOTHER_ATTEMPT:
            raise
        if rule := broken_rule(error):
            item.refuse(rule.problems)
        else:
            log.exception("a pushed household could not be stored")
            item.refuse([_wrong("INTERNAL")])
    else:
        item.settle(APPLIED)
        item.takes_master = _says_more(item.row, done)


def _says_more(row: Row, done: Answer) -> bool:
    """Whether what stands now says more than the phone's document and the next revision."""
    if row.is_new_family or not done["has_changed"]:
        return True  # we filled in its code and its days; or nobody's feed will tell what the phone has not seen
    assert row.base is not None
    return row.base.get("revision") != str(done["revision"] - 1)  # others' edits were merged in


async def _written(db: AsyncSession, actor: Actor, item: _Item, known: Mapping[uuid.UUID | None, str]) -> Answer:
    """Do what the row says. Raises DomainError with all that is wrong, its paths through the document."""
    row = item.row
    if row.household_id is None:
        raise InvalidInput(_wrong("ID_INVALID", "id"))
    if item.content != {"newDocumentState": row.new, "assumedMasterState": row.base}:
        raise InvalidInput(_wrong("TEXT_UNREADABLE"))
    if row.is_deleted:
        raise Refused(_wrong("DELETION_NOT_TAKEN", "isDeleted"))
    if not row.is_new_family:
        return await _edited(db, actor, item.key, row)
    if row.household_id in known:
        raise Conflict(_wrong("ALREADY_ON_RECORD", "id"))
    return await _registered(db, actor, row)


async def _edited(db: AsyncSession, actor: Actor, operation_id: uuid.UUID, row: Row) -> Answer:
    assert row.household_id is not None
    assert row.base is not None
    found = difference(row.base, row.new)
    problems = list(found.problems)
    done: Answer = {}
    try:
        done = await edit_household(
            db,
            actor,
            operation_id=operation_id,
            household_id=row.household_id,
            edits=found.edits,
            members=found.members,
        )
    except DomainError as error:
        problems += [in_document(problem, found.positions) for problem in error.problems]
    if problems:
        raise InvalidInput(*problems)
    return done


async def _registered(db: AsyncSession, actor: Actor, row: Row) -> Answer:
    given, problems = registration(row.new)
    if problems:
        raise InvalidInput(*problems)
    try:
        return await register_household(db, actor, **given)
    except DomainError as error:
        # Another phone of theirs was faster by a moment, with other content.
        if isinstance(error, Conflict) and await _regions(db, actor, [row.household_id]):
            raise Conflict(_wrong("ALREADY_ON_RECORD", "id")) from None
        raise InvalidInput(*(in_document(problem) for problem in error.problems)) from None
