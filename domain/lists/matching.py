"""The worker's side of a list (名单比对): its file is read, its rows are matched, some hundred in each transaction.

After a kill -9 the next worker goes on: a row's outcome stands in the transaction that made its clue, and rows that were
read are read over.
"""

from __future__ import annotations

import asyncio
import base64
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import AFTER_EVERY_DIGIT, Actor, Viewer
from domain.base.sealed_fields import UPLOAD
from domain.base.transactions import Sessions, ring_of
from domain.lists.actions import columns_of
from domain.lists.models import DepartmentList, DepartmentListRow, DepartmentUpload
from domain.lists.queries import candidates_of
from domain.lists.raising import Fit, raise_clues
from domain.lists.rules import THRESHOLD_OF_SIGN, Candidate, GivenRow, ListRowOutcome, found, is_beyond
from domain.lists.sheets import CannotRead, rows_of
from domain.monitoring.rules import begun_on
from domain.policy.queries import policies_of
from domain.tasks.models import Task
from domain.tasks.progress import finish, start

ROWS_AT_ONCE: Final = 500


async def match_list(sessions: Sessions, clock: Callable[[], datetime], list_id: uuid.UUID) -> None:
    """Find for every row of a list whom it is about, and raise its clues. Safe twice at once, and after being killed."""
    async with sessions() as db, db.begin():
        if await start(db, list_id, clock()) is None:
            return
        delivered = await db.get_one(DepartmentList, list_id)
        upload = await db.scalar(select(DepartmentUpload).where(DepartmentUpload.list_id == list_id))
    if upload is not None:
        try:
            await _read(sessions, clock, delivered, upload)
        except CannotRead as error:
            async with sessions() as db, db.begin():
                await db.execute(delete(DepartmentUpload).where(DepartmentUpload.id == upload.id))
                await finish(db, list_id, clock(), failure=error.code)
            return
    await _know_total(sessions, list_id)
    while await _match_some(sessions, clock, delivered):
        pass
    async with sessions() as db, db.begin():
        await finish(db, list_id, clock())


async def _read(
    sessions: Sessions, clock: Callable[[], datetime], delivered: DepartmentList, upload: DepartmentUpload
) -> None:
    async with sessions() as db:
        content = base64.b64decode(ring_of(db).unseal(UPLOAD, upload.id, upload.content_sealed))
    rows = rows_of(content, upload.kind)
    # Parsed and sealed in a thread: a worker has other jobs, and its signs of life to give.
    while some := await asyncio.to_thread(_some_of, rows):
        async with sessions() as db, db.begin():
            columns = await asyncio.to_thread(columns_of, ring_of(db), delivered, some, list_actor(delivered, clock()))
            await db.execute(insert(DepartmentListRow).inline().on_conflict_do_nothing(), columns)
    async with sessions() as db, db.begin():
        await db.execute(delete(DepartmentUpload).where(DepartmentUpload.id == upload.id))


def _some_of(rows: Iterator[GivenRow]) -> list[GivenRow]:
    return list(islice(rows, ROWS_AT_ONCE))


def list_actor(delivered: DepartmentList, at: datetime) -> Actor:
    """Under whose eyes rows are matched: those of the list's division, and of nothing beyond."""
    code = delivered.region_code
    return Actor(Viewer(id=delivered.submitted_by_id, region_from=code, region_to=code + AFTER_EVERY_DIGIT), at)


async def _know_total(sessions: Sessions, list_id: uuid.UUID) -> None:
    """How many rows there are, and how many had their outcome when they were read."""
    row = DepartmentListRow
    async with sessions() as db, db.begin():
        # Held before they are counted: of two workers, what one adds meanwhile is in the other's count or on top of it.
        await db.get_one(Task, list_id, with_for_update=True)
        counts = select(func.count(), func.count(row.outcome)).where(row.list_id == list_id)
        total, settled = (await db.execute(counts)).one()
        await db.execute(update(DepartmentList).where(DepartmentList.id == list_id).values(row_count=total))
        await db.execute(update(Task).where(Task.id == list_id).values(total=total, done=settled))


async def _match_some(sessions: Sessions, clock: Callable[[], datetime], delivered: DepartmentList) -> bool:
    """The next rows that have no outcome; False when there are none."""
    row = DepartmentListRow
    waiting = select(row).where(row.list_id == delivered.id, row.outcome.is_(None)).order_by(row.number)
    async with sessions() as db, db.begin():
        rows = (await db.scalars(waiting.limit(ROWS_AT_ONCE).with_for_update())).all()
        if not rows:
            return False
        at = clock()
        settled = await settled_rows(db, list_actor(delivered, at), delivered, rows, delivered.received_at)
        await db.execute(
            update(row),
            [
                {"id": row_id, "outcome": outcome, "region_code": region_code, "settled_at": at}
                for row_id, (outcome, region_code) in settled.items()
            ],
        )
        await db.execute(update(Task).where(Task.id == delivered.id).values(done=Task.done + len(rows)))
    return True


async def settled_rows(
    db: AsyncSession, actor: Actor, delivered: DepartmentList, rows: Sequence[DepartmentListRow], heard_at: datetime
) -> dict[uuid.UUID, tuple[ListRowOutcome, str]]:
    """By row: its outcome, and the village of the family that it matched, else the list's division. What matched has its
    clue, which dates from `heard_at`."""
    candidates, villages = await candidates_of(db, actor, rows)
    thresholds = await _thresholds(db, delivered, set(villages.values()))
    outcomes: dict[uuid.UUID, tuple[ListRowOutcome, str]] = {}
    fits = []
    for row in rows:
        one = found(row.id_number_index is not None, candidates.get(row.id, []))
        if isinstance(one, Candidate):
            village = villages[one.household_id]
            if is_beyond(row.amount_fen, thresholds.get(village)):
                fits.append(Fit(row, one, village))
                continue
            one = ListRowOutcome.BELOW_THRESHOLD
        outcomes[row.id] = one, delivered.region_code
    for fit, outcome in await raise_clues(db, actor, delivered, fits, heard_at):
        outcomes[fit.row.id] = outcome, fit.region_code if fit.is_seen(outcome) else delivered.region_code
    return outcomes


async def _thresholds(db: AsyncSession, delivered: DepartmentList, villages: set[str]) -> dict[str, str]:
    parameter = THRESHOLD_OF_SIGN.get(delivered.sign)
    if parameter is None:
        return {}
    day = begun_on(delivered.received_at)
    policies = await policies_of(db, {(village, day) for village in villages}, (parameter,))
    return {village: values[parameter] for (village, _), values in policies.items()}
