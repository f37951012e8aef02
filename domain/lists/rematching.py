"""Rows that fitted nobody are looked at again (名单再次比对): somebody may have been put on record since.

Every night, for lists of the last 90 days, and only rows that somebody on record may now be meant by. A row has one
outcome; what it was before stays beside it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Update, and_, cast, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB

from domain.access.rules import AFTER_EVERY_DIGIT
from domain.base.transactions import Sessions
from domain.households.models import Household, Person
from domain.lists.matching import ROWS_AT_ONCE, list_actor, settled_rows
from domain.lists.models import DepartmentList, DepartmentListRow
from domain.lists.rules import ListRowOutcome

# ASSUMPTION: a quarter, in which a newcomer is put on record; what a list says of a month is stale after it.
MATCHED_AGAIN_FOR: Final = timedelta(days=90)
UNMATCHED: Final = (ListRowOutcome.NOT_A_HOUSEHOLD_MEMBER, ListRowOutcome.AMBIGUOUS)


async def rematch_lists(sessions: Sessions, clock: Callable[[], datetime]) -> int:
    """Match what fitted nobody, some hundred rows a transaction; answers how many rows have another outcome now.

    A clue of such a row dates from this night and not from the list: "A month filled in later re-evaluates; the clue dates
    from the evaluation" (domain.md §11.10), and nobody could be called on who was not on record. Safe to repeat.
    """
    async with sessions() as db:
        recent = select(DepartmentList).where(DepartmentList.received_at > clock() - MATCHED_AGAIN_FOR)
        lists = (await db.scalars(recent.order_by(DepartmentList.received_at, DepartmentList.id))).all()
    changed = 0
    for delivered in lists:
        after = 0
        while True:
            last, settled = await _match_some(sessions, clock(), delivered, after)
            changed += settled
            if last is None:
                break
            after = last
    return changed


async def _match_some(
    sessions: Sessions, at: datetime, delivered: DepartmentList, after: int
) -> tuple[int | None, int]:
    """The number of the last row that was looked at, None when there was none; and how many have another outcome."""
    row = DepartmentListRow
    waiting = (
        select(row)
        .where(row.list_id == delivered.id, row.number > after, row.outcome.in_(UNMATCHED), _may_be_somebody(delivered))
        .order_by(row.number)
        .limit(ROWS_AT_ONCE)
        .with_for_update()
    )
    async with sessions() as db, db.begin():
        rows = (await db.scalars(waiting)).all()
        if not rows:
            return None, 0
        settled = await settled_rows(db, list_actor(delivered, at), delivered, rows, at)
        others = [one for one in rows if settled[one.id][0] is not one.outcome]
        for one in others:
            outcome, region_code = settled[one.id]
            await db.execute(_now(one.id, outcome, region_code, at))
        return rows[-1].number, len(others)


def _now(row_id: uuid.UUID, outcome: ListRowOutcome, region_code: str, at: datetime) -> Update:
    row = DepartmentListRow
    before = func.jsonb_build_object("outcome", row.outcome, "settledAt", row.settled_at)
    return (
        update(row)
        .where(row.id == row_id)
        .values(
            outcome=outcome, region_code=region_code, settled_at=at, earlier=row.earlier.op("||")(cast(before, JSONB))
        )
        .execution_options(synchronize_session=False)
    )


def _may_be_somebody(delivered: DepartmentList) -> ColumnElement[bool]:
    """Whether somebody of the list's division has the row's number or its name: what costs one walk of an index a row,
    where matching costs a millisecond."""
    row = DepartmentListRow
    here = and_(
        Household.id == Person.household_id,
        Household.ended_on.is_(None),
        Household.region_code >= delivered.region_code,
        Household.region_code < delivered.region_code + AFTER_EVERY_DIGIT,
    )
    same = or_(Person.id_number_index == row.id_number_index, Person.name == row.name)
    return exists().where(same, here)
