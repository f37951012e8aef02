"""What changed for a viewer since a cursor, in one statement: ids and positions. The read engine brings the documents.

Documents are read after this, so they are of the same moment or later: what comes twice is the same, and nothing is
missed. An id that the viewer does not see any more becomes a tombstone there.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    column,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, distinct_on

from domain.access.models import HouseholdAccess
from domain.access.queries import PARTIES, VIEWER_ID, sees_household
from domain.access.rules import Viewer
from domain.base.errors import Problem, Refused, invalid
from domain.base.models import Base
from domain.changes.models import Change
from domain.households.models import Household
from domain.regions.models import Region
from domain.sync.rules import (
    BEFORE_ALL,
    MOST_AREAS,
    MOST_AT_ONCE,
    Cursor,
    Kind,
    Position,
    granted,
    is_of_this_history,
    is_usable,
    moved_on,
    read,
    scope_of,
    written,
)
from domain.visits.models import Visit
from domain.visits.queries import sees_visit

LIMIT = bindparam("limit", type_=Integer())
AFTER = bindparam("after", type_=Uuid())


@dataclass(frozen=True, slots=True)
class Pulled:
    """The documents to send, by id and each once, and where the phone stands once it has them.

    is_reset: the cursor could not be used, and a snapshot begins: what it lacks, the phone is to drop.
    """

    ids: Sequence[uuid.UUID]
    cursor: str
    has_more: bool
    is_reset: bool


@dataclass(frozen=True, slots=True)
class _Page:
    ids: Sequence[uuid.UUID]
    last: tuple[int, Position] | None  # the last change of the page, if more remain
    marks: Mapping[int, int | None]
    heads: Mapping[int, Position]
    has_more: bool


# Asks a statement's one value with these parameters, under the viewer's settings and with the viewer's own parameters.
Ask = Callable[[Select[Any], Mapping[str, Any]], Awaitable[Any]]


async def pull(ask: Ask, viewer: Viewer, kind: Kind, text: str | None, limit: int, today: date) -> Pulled:
    """Up to `limit` documents (1 to 1000), and never fewer while more remain. Without a cursor a snapshot begins.

    Raises InvalidInput (LIMIT_OUT_OF_RANGE) and Refused (TOO_WIDE_TO_SYNC: more than 300 townships).
    """
    if not 1 <= limit <= MOST_AT_ONCE:
        raise invalid("LIMIT_OUT_OF_RANGE", "limit", most=MOST_AT_ONCE)
    fresh = Cursor(kind, scope_of(viewer), today, after=BEFORE_ALL)
    sent = None if text is None else read(text)
    cursor = sent if sent is not None and is_usable(sent, kind, fresh.scope, today) else fresh
    is_reset = text is not None and cursor is fresh
    ids: dict[uuid.UUID, None] = {}
    while True:
        page = await _page(ask, viewer, cursor, limit - len(ids))
        if not is_of_this_history(cursor, page.marks):
            cursor, is_reset, ids = fresh, True, {}
            continue
        ids |= dict.fromkeys(page.ids)
        # A snapshot of one page and its positions are of one moment: nothing can have changed in between.
        is_up_to_date, cursor = cursor.after in (None, BEFORE_ALL), _beyond(cursor, page, today)
        if len(ids) >= limit if page.has_more else is_up_to_date:
            break
    return Pulled(list(ids), written(cursor), page.has_more, is_reset)


async def now(ask: Ask, viewer: Viewer, kind: Kind, today: date) -> str:
    """A cursor from which only what happens from now on is seen."""
    beginning = Cursor(kind, scope_of(viewer), today)
    page = await _page(ask, viewer, beginning, 0)
    return written(replace(beginning, positions=page.heads))


def _beyond(cursor: Cursor, page: _Page, today: date) -> Cursor:
    if cursor.after is None:
        if page.has_more and page.last is None:
            return cursor  # there was no room: it is only known that there is more
        return replace(cursor, positions=moved_on(cursor.positions, page.heads, page.last), made_on=today)
    # Changes from the moment the snapshot began are still to be read when it is whole.
    positions = page.heads if cursor.after == BEFORE_ALL else cursor.positions
    return replace(cursor, positions=positions, after=page.ids[-1] if page.has_more else None)


async def _page(ask: Ask, viewer: Viewer, cursor: Cursor, limit: int) -> _Page:
    areas = sorted(cursor.positions)
    given = {
        "areas": areas,
        "seqs": [cursor.positions[area].seq for area in areas],
        "spans": granted(viewer),
        "limit": limit + 1,
        "after": cursor.after,
    }
    is_snapshot = cursor.after is not None
    stands, rows = json.loads(await ask(STATEMENTS[cursor.kind, is_snapshot], given))
    if len(stands) > MOST_AREAS:
        raise Refused(Problem("TOO_WIDE_TO_SYNC", ("input",), {"most": MOST_AREAS, "areas": len(stands)}))
    taken, has_more = rows[:limit], len(rows) > limit
    heads = {area: Position(seq, mark) for area, _, seq, mark in stands}
    last: tuple[int, Position] | None = None
    if has_more and taken:
        _, area, seq, mark = taken[-1]
        last = (area, Position(seq, mark))
    return _Page([uuid.UUID(row[0]) for row in taken], last, {area: mark for area, mark, *_ in stands}, heads, has_more)


def with_tombstones(of: type[Base], seen: ColumnElement[bool], ids: Any) -> Select[Any]:
    """One row for each of these ids: all columns of what the viewer sees of it, or nothing but the id."""
    table = of.__table__
    wanted = func.unnest(ids).table_valued(column("id", Uuid()), name="wanted").render_derived()
    others = [column for column in table.c if column.name != "id"]
    return select(wanted.c.id, *others).select_from(wanted.outerjoin(of, and_(table.c.id == wanted.c.id, seen)))


# --- the statements --------------------------------------------------------------------------------------------------


def _reach() -> CTE:
    """Every township that may hold something for this viewer, and how far it was read: those of the cursor, of the
    families on their lists, and of their grants."""
    held = (
        func.unnest(bindparam("areas", type_=ARRAY(Integer())), bindparam("seqs", type_=ARRAY(BigInteger())))
        .table_valued(column("area", Integer()), column("seq", BigInteger()), name="held")
        .render_derived()
    )
    span = func.unnest(bindparam("spans", type_=ARRAY(Text()))).table_valued(column("code", Text()), name="span")
    span = span.render_derived()
    township = func.left(span.c.code, 9).collate("C")  # a village's grant reads its township's feed
    inside = and_(Region.code >= township, Region.code < township.concat(":"), func.length(Region.code) == 9)
    nothing = literal(0, BigInteger())
    known = union_all(
        select(held.c.area, held.c.seq),
        select(_area(HouseholdAccess.region_code), nothing).where(HouseholdAccess.party_id == any_(PARTIES)),
        select(_area(Region.code), nothing).select_from(span).join(Region, inside),
    ).subquery("known")
    area, seq = known.c
    return select(area.label("area"), func.max(seq).label("seq")).group_by(area).cte("reach")


def _area(code: Any) -> ColumnElement[int]:
    return cast(func.left(code, 9), Integer())


def _concerns(kind: Kind) -> ColumnElement[bool]:
    """The first wall of the feed: the village or the family is in scope, or the viewer's own list changed."""
    seen = sees_household(Change.region_code, Change.household_id)
    if kind is Kind.VISIT:
        seen = or_(seen, exists().where(Visit.id == Change.id, Visit.recorded_by_id == VIEWER_ID))
    return and_(Change.kind == kind, or_(and_(Change.party_id.is_(None), seen), Change.party_id == any_(PARTIES)))


def _changed(kind: Kind, reach: CTE) -> Select[Any]:
    """Each document once, at its last change: what comes later need not come before."""
    unread = and_(Change.area == reach.c.area, Change.seq > reach.c.seq)
    latest = (
        select(Change.id, Change.area, Change.seq, func.ruhu_mark(Change.at).label("mark"))
        .join(reach, unread)
        .where(_concerns(kind))
        .ext(distinct_on(Change.id))
        .order_by(Change.id, Change.area.desc(), Change.seq.desc())
        .subquery("latest")
    )
    return select(latest).order_by(latest.c.area, latest.c.seq).limit(LIMIT)


def _seen(kind: Kind) -> Select[Any]:
    """A snapshot's next documents, by id."""
    nowhere = literal(0, Integer())
    if kind is Kind.VISIT:
        of, scope = Visit.id, sees_visit()
    else:
        of, scope = Household.id, sees_household(Household.region_code, Household.id)
    columns: list[Any] = [of.label("id"), nowhere.label("area"), nowhere.label("seq"), nowhere.label("mark")]
    return select(*columns).where(scope, of > AFTER).order_by(of).limit(LIMIT)


def _statement(kind: Kind, is_snapshot: bool) -> Select[Any]:
    """Rows and heads of one moment: a head that is younger than the rows would skip what came between."""
    reach = _reach()
    every = select(reach).order_by(reach.c.area).subquery("every")
    positions = func.ruhu_feed_positions(
        select(func.array_agg(aggregate_order_by(every.c.area, every.c.area))).scalar_subquery(),
        select(func.array_agg(aggregate_order_by(every.c.seq, every.c.area))).scalar_subquery(),
    ).table_valued("area", "held_mark", "head", "head_mark", name="positions")
    row = _seen(kind) if is_snapshot else _changed(kind, reach)
    rows = row.subquery("row")
    order = rows.c.id if is_snapshot else func.row(rows.c.area, rows.c.seq)
    found = func.jsonb_build_array(rows.c.id, rows.c.area, rows.c.seq, rows.c.mark)
    stands = select(func.jsonb_agg(func.jsonb_build_array(*positions.c))).scalar_subquery()
    every_row = select(func.jsonb_agg(aggregate_order_by(found, order))).scalar_subquery()
    none = func.jsonb_build_array()
    return select(func.jsonb_build_array(func.coalesce(stands, none), func.coalesce(every_row, none)))


# By kind, and whether a snapshot is being read.
STATEMENTS = {(kind, is_snapshot): _statement(kind, is_snapshot) for kind in Kind for is_snapshot in (False, True)}
