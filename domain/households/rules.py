"""What the facts of a household and its people must be like, and how two edits of one family meet. Pure.

Raw values come from clients: text for dates and codes, a declared datum with every point. They are *read* into what the
columns hold; everything wrong is collected under its path, nothing raises, and nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from domain.access.rules import ROLES_THAT_MEET_FAMILIES, GrantRole
from domain.base.chinese_ids import (
    born_on,
    disability_certificate_problem,
    id_number_problem,
    normalised_id_number,
)
from domain.base.datum import Datum, to_wgs84
from domain.base.errors import Problem
from domain.base.sealed_fields import SEALED, masked

HEAD = "HEAD"  # GB/T 4761: the head's relation to the head; whoever has it is the head
MOST_CAUSES = 3  # one main cause, at most two more (national information system)
MOST_ACCURACY_METRES = 100_000  # a fix by the mast at the other end of the valley is still a fix
SAME_PLACE_DEGREES = 1e-5  # about a metre: a point that went to a phone and back through another datum is no edit

Path = tuple[str, ...]
Vocabulary = Mapping[str, Collection[str]]  # list -> its codes


@dataclass(frozen=True, slots=True)
class GivenPoint:
    """A dwelling's place as a client gives it: degrees, measured against `datum`."""

    longitude: float
    latitude: float
    datum: str
    accuracy_metres: float | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A point that was read: what was sent, and the WGS-84 (longitude, latitude) that everything is measured from."""

    sent: GivenPoint
    wgs84: tuple[float, float]


@dataclass(frozen=True, slots=True)
class GivenPerson:
    """A person as a client gives them; codes of the vocabularies, dates as ISO text."""

    id: Any
    name: str | None
    relation_to_head: str | None
    sex: str | None
    ethnicity: str | None
    labour: str | None
    born_on: str | None = None
    education: str | None = None
    school_status: str | None = None
    health: tuple[str, ...] = ("HEALTHY",)
    id_number: str | None = None
    disability_certificate: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """A field that somebody wants changed: what it was when they read it, and what it shall be."""

    base: Any
    value: Any


@dataclass
class Reading:
    """Reads raw values on a day, against the vocabularies, and keeps everything that is wrong with them."""

    today: date
    vocabulary: Vocabulary
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, code: str, path: Path, /, **detail: Any) -> None:
        self.problems.append(Problem(code, path, detail))

    def text(self, given: str | None, path: Path, *, at_most: int, is_required: bool = False) -> str | None:
        """Without blanks around it; what is empty then is None."""
        value = (given or "").strip() or None
        if value is None and is_required:
            self.wrong("REQUIRED", path)
        if value is not None and len(value) > at_most:
            self.wrong("TOO_LONG", path, characters=len(value), limit=at_most)
        return value

    def phone(self, given: str | None, path: Path) -> str | None:
        value = self.text(given, path, at_most=30)
        if value is not None and not re.fullmatch(r"\+?[0-9][0-9 ()-]{2,28}", value, re.ASCII):
            self.wrong("PHONE_INVALID", path)
        return value

    def bank_account(self, given: str | None, path: Path) -> str | None:
        """Digits alone: cards have 16 to 19 of them, passbooks of rural banks from 12 up to 25."""
        value = "".join((given or "").split()) or None
        if value is not None and not re.fullmatch(r"[0-9]{12,25}", value, re.ASCII):
            self.wrong("BANK_ACCOUNT_INVALID", path)
        return value

    def day(self, given: str | None, path: Path) -> date | None:
        """A day that is over or is today."""
        if given is None:
            self.wrong("REQUIRED", path)
            return None
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", given, re.ASCII):
            self.wrong("DATE_INVALID", path)
            return None
        try:
            value = date.fromisoformat(given)
        except ValueError:
            self.wrong("DATE_INVALID", path)
            return None
        if value > self.today:
            self.wrong("DATE_IN_FUTURE", path, on=str(value), today=str(self.today))
        return value

    def code(self, given: str | None, list: str, path: Path, *, is_required: bool = True) -> str | None:
        if given is None:
            if is_required:
                self.wrong("REQUIRED", path)
        elif given not in self.vocabulary[list]:
            self.wrong("UNKNOWN_CODE", path, list=list, code=given)
        return given

    def codes(self, given: Sequence[str] | None, list: str, path: Path) -> list[str]:
        """In the order given, each once."""
        for position, code in enumerate(given or ()):
            self.code(code, list, (*path, str(position)))
        return [*dict.fromkeys(given or ())]

    def causes(self, given: Sequence[str] | None, path: Path) -> list[str]:
        value = self.codes(given, "cause", path)
        if len(value) > MOST_CAUSES:
            self.wrong("TOO_MANY_CAUSES", path)
        return value

    def health(self, given: Sequence[str] | None, path: Path) -> list[str]:
        """Sorted, as the states combine in no order. At least one, and nobody is healthy and ill."""
        value = sorted(self.codes(given, "health", path))
        if not value:
            self.wrong("REQUIRED", path)
        if "HEALTHY" in value and len(value) > 1:
            self.wrong("HEALTHY_AND_ILL", path)
        return value

    def id_number(self, given: str | None, path: Path) -> str | None:
        value = normalised_id_number(given or "") or None
        if value is not None and (code := id_number_problem(value)):
            self.wrong(code, path)
        return value

    def certificate(self, given: str | None, path: Path) -> str | None:
        value = normalised_id_number(given or "") or None
        if value is not None and (code := disability_certificate_problem(value)):
            self.wrong(code, path)
        return value

    def point(self, given: GivenPoint | None, path: Path) -> Place | None:
        """DATUM_UNKNOWN unless it says what it is measured against: a mistaken datum is off by half a kilometre."""
        if given is None:
            return None
        accuracy = given.accuracy_metres
        if accuracy is not None and not 0 <= accuracy <= MOST_ACCURACY_METRES:
            self.wrong("ACCURACY_OUT_OF_RANGE", (*path, "accuracyMetres"))
        if given.datum not in Datum.__members__:
            self.wrong("DATUM_UNKNOWN", (*path, "datum"), datum=given.datum, allowed=", ".join(Datum))
            return None
        try:
            return Place(given, to_wgs84(given.longitude, given.latitude, Datum(given.datum)))
        except ValueError:
            in_range = -90 <= given.latitude <= 90
            self.wrong("COORDINATES_OUT_OF_RANGE", (*path, "longitude" if in_range else "latitude"))
            return None


# How each field that can be given or edited is read. Names are those of the columns; `location` stands for four of them.
HOUSEHOLD_FIELDS: Mapping[str, Callable[[Reading, Any, Path], Any]] = {
    "code": lambda r, v, p: r.text(v, p, at_most=40, is_required=True),
    "address": lambda r, v, p: r.text(v, p, at_most=200),
    "phone": lambda r, v, p: r.phone(v, p),
    "bank_account": lambda r, v, p: r.bank_account(v, p),
    "category": lambda r, v, p: r.code(v, "household_category", p),
    "causes": lambda r, v, p: r.causes(v, p),
    "location": lambda r, v, p: r.point(v, p),
}
PERSON_FIELDS: Mapping[str, Callable[[Reading, Any, Path], Any]] = {
    "name": lambda r, v, p: r.text(v, p, at_most=50, is_required=True),
    "relation_to_head": lambda r, v, p: r.code(v, "relation_to_head", p),
    "sex": lambda r, v, p: r.code(v, "sex", p),
    "ethnicity": lambda r, v, p: r.code(v, "ethnicity", p),
    "born_on": lambda r, v, p: r.day(v, p),
    "id_number": lambda r, v, p: r.id_number(v, p),
    "disability_certificate": lambda r, v, p: r.certificate(v, p),
    "phone": lambda r, v, p: r.phone(v, p),
    "education": lambda r, v, p: r.code(v, "education", p, is_required=False),
    "school_status": lambda r, v, p: r.code(v, "school_status", p, is_required=False),
    "health": lambda r, v, p: r.health(v, p),
    "labour": lambda r, v, p: r.code(v, "labour", p),
}
FIELDS = {"household": HOUSEHOLD_FIELDS, "person": PERSON_FIELDS}
VOCABULARIES = (
    "household_category",
    "cause",
    "relation_to_head",
    "sex",
    "ethnicity",
    "education",
    "school_status",
    "health",
    "labour",
    "membership_start_reason",
    "membership_end_reason",
)


# Who asks for a family by a card in their hand: at the door, at the desk of a department, at the hotline.
MOST_LOOKS_AN_HOUR = 60
LOOK_UP = ROLES_THAT_MEET_FAMILIES | {GrantRole.DEPARTMENT, GrantRole.HOTLINE_OPERATOR}


def may_look_up(roles: Collection[GrantRole]) -> bool:
    """Whether an identity number may be asked for. For others it would tell who is helped and who is not."""
    return any(role in LOOK_UP for role in roles)


def public(name: str) -> str:
    """A column's name as clients know it: relation_to_head is relationToHead."""
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def read_person(reading: Reading, given: GivenPerson, path: Path) -> dict[str, Any]:
    """The values of a new person's columns. Without a birth date the identity number's holds."""
    raw = {name: getattr(given, name) for name in PERSON_FIELDS}
    if raw["born_on"] is None and given.id_number is not None and id_number_problem(given.id_number) is None:
        raw["born_on"] = str(born_on(given.id_number))
    values = {name: read(reading, raw[name], (*path, public(name))) for name, read in PERSON_FIELDS.items()}
    schooling_problems(reading, values, path)
    return {"id": given.id, **values}


def schooling_problems(reading: Reading, person: Mapping[str, Any], path: Path) -> None:
    """Whoever goes to school has a school status, everybody else an education; nobody both, nobody neither."""
    if (person["education"] is None) == (person["school_status"] is None):
        reading.wrong("EDUCATION_OR_SCHOOL_STATUS", (*path, "education"))


def repeated(given: Sequence[Any], paths: Sequence[Path], code: str) -> list[Problem]:
    """A problem for each value that came before."""
    return [Problem(code, path) for i, path in enumerate(paths) if given[i] is not None and given[i] in given[:i]]


def merged(
    reading: Reading,
    table: str,
    edits: Mapping[str, Edit],
    current: Mapping[str, Any],
    path: Path,
) -> dict[str, Any]:
    """The changes that edits make to what stands: field by field, three ways.

    A field conflicts when base ≠ current ≠ yours; where somebody has already made the same change, nothing is left to
    do. `edits` hold raw values, `current` read ones. What the caller does with a conflict is its own affair.

    Of a sealed field (sealed_fields.py) whoever edits has read the mask: sent back as it came it is left alone, and as a
    base it stands for what stands there. A conflict tells masks only.
    """
    fields = FIELDS[table]
    changes: dict[str, Any] = {}
    for name, edit in edits.items():
        here, now = (*path, public(name)), current[name]
        mask = masked(table, name, now) if name in SEALED[table] else None
        if mask is not None and edit.value == mask:
            continue
        before = len(reading.problems)
        base = fields[name](reading, edit.base, (*here, "base"))
        del reading.problems[before:]  # what was read earlier need not pass today's rules; it only has to be equal
        yours = fields[name](reading, edit.value, (*here, "value"))
        if is_same(now, yours):
            continue
        if is_same(base, now) or (mask is not None and edit.base == mask):
            changes[name] = yours
        else:
            told = {"base": base, "current": now, "yours": yours}
            told = {which: shown(masked(table, name, value)) for which, value in told.items()}
            problem = Problem("FIELD_CONFLICT", here, **told)
            reading.problems.append(problem)
    return changes


def is_same(one: Any, other: Any) -> bool:
    """Whether two read values mean the same: points within a metre; causes by the main one and the set of the others."""
    if isinstance(one, Place) and isinstance(other, Place):
        return all(abs(a - b) < SAME_PLACE_DEGREES for a, b in zip(one.wgs84, other.wgs84, strict=True))
    if isinstance(one, list) and isinstance(other, list):
        return one[:1] == other[:1] and sorted(one) == sorted(other)
    return bool(one == other)


def shown(value: Any) -> Any:
    """A read value as JSON."""
    if isinstance(value, Place):
        return {name: getattr(value.sent, name) for name in ("longitude", "latitude", "datum")}
    return str(value) if isinstance(value, date) else value


def columns_of(place: Place | None) -> dict[str, Any]:
    """The five columns of a dwelling's place; the point itself as EWKT."""
    if place is None:
        return dict.fromkeys(("location", "sent_longitude", "sent_latitude", "sent_datum", "accuracy_metres"))
    longitude, latitude = place.wgs84
    return {
        "location": f"SRID=4326;POINT({longitude!r} {latitude!r})",
        "sent_longitude": place.sent.longitude,
        "sent_latitude": place.sent.latitude,
        "sent_datum": place.sent.datum,
        "accuracy_metres": place.sent.accuracy_metres,
    }
