"""What a phone's cursor says, whether it still holds, and where it stands after a page. Pure.

A cursor names a position in the feed of every township that the phone reads, and with each position a mark of the change
it stands on. So a server that was restored from an older copy is found out by the cursors themselves: where they stand,
there is now another change, or none.
"""

from __future__ import annotations

import base64
import enum
import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from domain.access.rules import NOWHERE, Viewer

VERSION = 1
REMEMBERED = timedelta(days=180)  # the feed is kept so long: ruhu_prune_feed() in migration 0007
MOST_CHARACTERS = 64 * 1024
MOST_AREAS = 300  # townships: a prefecture's. A phone is no copy of a province
MOST_AT_ONCE = 1000
BEFORE_ALL = uuid.UUID(int=0)


class Kind(enum.StrEnum):
    """Which documents are pulled; the feed's word for them."""

    HOUSEHOLD = "household"
    VISIT = "visit"


@dataclass(frozen=True, slots=True)
class Position:
    """Read up to here in a township. `mark` tells this change from another of its number; 0, 0: from the start."""

    seq: int = 0
    mark: int = 0


START = Position()


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a phone stands.

    scope: what its viewer might see when it began. after: the last id of the snapshot that is being read; None once it
    is whole, and then `positions` say from where on changes are missing. The positions of a snapshot are those of the
    moment it began.
    """

    kind: Kind
    scope: str
    made_on: date
    positions: Mapping[int, Position] = field(default_factory=dict)
    after: uuid.UUID | None = None


def scope_of(viewer: Viewer) -> str:
    """A short name for all that decides what this viewer sees, but for the lists, which the feed tells of.

    A grant that begins or ends, or another role, gives another name: such a phone begins anew. That is seldom, and no
    feed could list what a whole county's officer sees no longer.
    """
    facts = [
        viewer.id,
        viewer.helper_id,
        viewer.organisation_id,
        viewer.region_from,
        viewer.region_to,
        *(viewer.region_spans or ()),
        *sorted(viewer.roles),
        *(viewer.met_spans or ()),
        *viewer.stands_in_for,
    ]
    return hashlib.sha256("\n".join(map(str, facts)).encode()).hexdigest()[:16]


def granted(viewer: Viewer) -> list[str]:
    """The granted subtrees as prefixes."""
    if viewer.region_from == NOWHERE:
        return []
    return list(viewer.region_spans or (viewer.region_from,))


def written(cursor: Cursor) -> str:
    """The cursor as phones keep it: opaque to them, and no secret. What it may show is decided when it is used."""
    positions = [[area, at.seq, at.mark] for area, at in sorted(cursor.positions.items())]
    after = None if cursor.after is None else cursor.after.hex
    facts = [VERSION, cursor.kind, cursor.scope, cursor.made_on.isoformat(), positions, after]
    return base64.urlsafe_b64encode(json.dumps(facts, separators=(",", ":")).encode()).decode().rstrip("=")


def read(text: str) -> Cursor | None:
    """The cursor that somebody sent back; None for whatever is none. Numbers that PostgreSQL has no room for are none."""
    if len(text) > MOST_CHARACTERS:
        return None
    try:
        facts = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        version, kind, scope, made_on, positions, after = facts
        if version != VERSION or not isinstance(scope, str):
            return None
        return Cursor(
            Kind(kind),
            scope,
            date.fromisoformat(made_on),
            {_within(area, 31): Position(_within(seq, 63), _within(mark, 31)) for area, seq, mark in positions},
            None if after is None else uuid.UUID(hex=after),
        )
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None


def _within(number: Any, bits: int) -> int:
    if type(number) is not int or not 0 <= number < 1 << bits:
        raise ValueError
    return number


def is_usable(cursor: Cursor, kind: Kind, scope: str, today: date) -> bool:
    """Whether it is of this viewer's present scope and of this kind, and the feed is still kept from there on."""
    return cursor.kind is kind and cursor.scope == scope and today - cursor.made_on < REMEMBERED


def is_of_this_history(cursor: Cursor, marks: Mapping[int, int | None]) -> bool:
    """Whether what stands where the cursor stood is still the same change. `marks`: of those changes, by area."""
    return all(at.seq == 0 or marks.get(area) == at.mark for area, at in cursor.positions.items())


def moved_on(
    positions: Mapping[int, Position], heads: Mapping[int, Position], last: tuple[int, Position] | None
) -> dict[int, Position]:
    """The positions after a page of changes, which came ordered by area and number.

    last: the page's last change, if more remain: areas before its own are read to their heads, those after it not yet.
    None: nothing remains, and all areas are read to their heads. Both are of the same moment as the page.
    """
    if last is None:
        return dict(heads)
    at, position = last
    read_on = {area: head for area, head in heads.items() if area < at}
    unread = {area: positions.get(area, START) for area in heads if area > at}
    return {**read_on, at: position, **unread}
