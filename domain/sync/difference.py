"""What somebody changed in the document of a family that their phone holds (离线编辑). Pure.

A phone sends whole documents: the family as it last came from here, and as it is now on the phone. What differs is what
somebody did. Absent and null say the same, as do no text and an empty one, no list and an empty one: apps store both.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from domain.base.datum import Datum
from domain.base.errors import Problem
from domain.families.actions import MemberEdit
from domain.households.rules import HOUSEHOLD_FIELDS, PERSON_FIELDS, Edit, GivenPerson, GivenPoint, public

Document = Mapping[str, Any]

PLACE = ("longitude", "latitude", "accuracyMetres")
# What only the server writes, or what has a mutation of its own. Sent back as it came, it is no edit.
FIXED = (
    "revision",
    "villageCode",
    "isBlurred",
    "monitoringStatus",
    "registeredOn",
    "endedOn",
    "endReason",
    "splitFromId",
    "mergedIntoId",
    "pairings",
    "updatedAt",
)
FIXED_OF_MEMBER = ("isHead", "joinedOn")


@dataclass(frozen=True, slots=True)
class Row:
    """A family as the phone has it now, and as it was when it last came from here: None when it never did."""

    new: Document
    base: Document | None

    @property
    def household_id(self) -> uuid.UUID | None:
        return read_id(self.new.get("id"))

    @property
    def is_deleted(self) -> bool:
        return bool(self.new.get("isDeleted"))

    @property
    def is_new_family(self) -> bool:
        """A tombstone is no base: what one sends over it is sent anew."""
        return self.base is None or bool(self.base.get("isDeleted"))


@dataclass(frozen=True, slots=True)
class Difference:
    """Edits as `edit_household` takes them. `positions` says where in the document each edited member stands."""

    edits: Mapping[str, Edit]
    members: Sequence[MemberEdit] = ()
    positions: Sequence[int] = ()
    problems: Sequence[Problem] = field(default=())

    @property
    def is_empty(self) -> bool:
        return not self.edits and not self.members


def read_id(text: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except (AttributeError, TypeError, ValueError):
        return None


def difference(base: Document, new: Document) -> Difference:
    """What was edited between two documents of one family; problems: what cannot be edited in this way."""
    problems = _fixed(base, new, FIXED, ())
    if read_id(base.get("id")) != read_id(new.get("id")):
        problems.append(_wrong("FIELD_NOT_EDITABLE", "id"))
    edits = _edits(base, new, (name for name in HOUSEHOLD_FIELDS if name != "location"))
    if any(_said(base, name) != _said(new, name) for name in PLACE):
        edits["location"] = Edit(point_of(base), point_of(new))
    before = {read_id(one.get("id")): one for one in base.get("members") or ()}
    members: list[MemberEdit] = []
    positions: list[int] = []
    met: set[uuid.UUID | None] = set()
    for position, one in enumerate(new.get("members") or ()):
        path = ("members", str(position))
        person_id = read_id(one.get("id"))
        if person_id in met:
            problems.append(_wrong("PERSON_REPEATED", *path, "id"))
        elif person_id is None or person_id not in before:
            problems.append(_wrong("USE_CHANGE_MEMBERS", *path))
        else:
            problems += _fixed(before[person_id], one, FIXED_OF_MEMBER, path)
            if changed := _edits(before[person_id], one, PERSON_FIELDS):
                members.append(MemberEdit(person_id, changed))
                positions.append(position)
        met.add(person_id)
    if before.keys() - met:
        problems.append(_wrong("USE_CHANGE_MEMBERS", "members"))
    return Difference(edits, members, positions, problems)


def registration(new: Document) -> tuple[dict[str, Any], list[Problem]]:
    """A new family's document as `register_household` takes it; what the server decides by itself is left aside."""
    problems: list[Problem] = []
    if _said(new, "villageCode") is None:
        problems.append(_wrong("REQUIRED", "villageCode"))
    members = []
    for position, one in enumerate(new.get("members") or ()):
        person_id = read_id(one.get("id"))
        if person_id is None:
            problems.append(_wrong("ID_INVALID", "members", str(position), "id"))
        facts = {name: one.get(public(name)) for name in PERSON_FIELDS}
        health = tuple(facts.pop("health") or ("HEALTHY",))
        members.append(GivenPerson(person_id, health=health, **facts))
    facts = {name: new.get(public(name)) for name in ("code", "address", "phone", "bank_account", "category")}
    return {
        "id": read_id(new.get("id")),
        "village_code": new.get("villageCode"),
        "members": members,
        "causes": new.get("causes") or (),
        "location": point_of(new),
        **facts,
        "code": _said(new, "code"),
    }, problems


def point_of(document: Document) -> GivenPoint | None:
    """The dwelling as documents say it: in WGS-84, with half a point kept for the reading to refuse."""
    longitude, latitude = document.get("longitude"), document.get("latitude")
    if longitude is None and latitude is None:
        return None
    # A missing half lies outside the earth: COORDINATES_OUT_OF_RANGE, at the half that is missing.
    missing = float("inf")
    return GivenPoint(
        missing if longitude is None else longitude,
        missing if latitude is None else latitude,
        Datum.WGS84.name,
        document.get("accuracyMetres"),
    )


_NAMES = {"householdId": "id", "personId": "id"}


def in_document(problem: Problem, positions: Sequence[int] | None = None) -> Problem:
    """A problem of the action with its path through the document: flat coordinates, no base and value.

    `positions`: where the members stand whom an edit names; None where the action saw all of them.
    """
    path = [_NAMES.get(part, part) for part in problem.path[1:] if part != "value"]
    if path[:1] == ["location"]:
        path = path[1:] or [PLACE[0]]
    if path[:1] == ["members"] and len(path) > 1 and positions is not None:
        path[1] = str(positions[int(path[1])])
    return replace(problem, path=("input", *path))


def _wrong(code: str, *path: str) -> Problem:
    return Problem(code, ("input", *path))


def _said(document: Document, name: str) -> Any:
    value = document.get(name)
    return None if value is False or value == "" or value == [] else value


def _fixed(base: Document, new: Document, names: Collection[str], path: tuple[str, ...]) -> list[Problem]:
    return [_wrong("FIELD_NOT_EDITABLE", *path, name) for name in names if _said(base, name) != _said(new, name)]


def _edits(base: Document, new: Document, names: Any) -> dict[str, Edit]:
    """Column -> edit, for the fields that differ."""
    fields = [(name, public(name)) for name in names]
    return {
        name: Edit(base.get(shown), new.get(shown)) for name, shown in fields if _said(base, shown) != _said(new, shown)
    }
