"""A year of visits: one a month for each family with key help, with everything that goes wrong in the field.

Some find nobody at home, some families are away and are called, some visits arrive days late, a few phones were far from
the door or knew no place at all, one form in forty was cut short, a few visits were amended, some pairs share a photo.
"""

from __future__ import annotations

import hashlib
import random
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Final

from domain.access.rules import CHINA
from domain.base.models import namespace_id
from domain.demo.answers import answers, finding, remark
from domain.demo.pairings import Assignment
from domain.demo.rows import Point

MONTHS: Final = 12
DOORS_A_DAY: Final = 6
FIRST_DAY_OF_ROUND: Final = 4
DAYS_APART: Final = 4
DAYS_IN_ROUND: Final = 6


@dataclass
class DemoVisit:
    """A visit before it is judged: where the phone was is known, how far that is from the door is not."""

    key: str
    help: Assignment
    contact: str
    occurred_at: datetime
    received_at: datetime
    phone_at: Point | None
    accuracy_metres: float | None
    answers: dict[str, Any]
    purpose: str = "MONTHLY"
    is_mocked: bool = False
    note: str | None = None
    companions: tuple[str, ...] = ()
    findings: list[tuple[str, str, uuid.UUID | None]] = field(default_factory=list)
    photos: list[str] = field(default_factory=list)
    amends: str | None = None
    is_amended_by: str | None = None

    @cached_property
    def id(self) -> uuid.UUID:
        return namespace_id(f"demo visit {self.key}")


def a_year_of_visits(helped: Sequence[Assignment], today: date) -> list[DemoVisit]:
    """All visits of key help in the twelve months that end on the day before `today`, this month's among them.

    A helper goes round in six days of a month, to six doors a day: to 36 families at most.
    """
    rounds: dict[str, list[Assignment]] = defaultdict(list)
    for one in helped:
        rounds[one.helper.key].append(one)
    made: list[DemoVisit] = []
    for families in rounds.values():
        for position, one in enumerate(families):
            for months_ago in reversed(range(MONTHS)):
                made += _month(one, position, months_ago, today)
    return _arrived(made, today)


def surveys(asked: Sequence[Assignment], today: date, *, every_months: int, purpose: str) -> list[DemoVisit]:
    """摸排: families without key help, asked at their doors by somebody of their village every few months."""
    made = []
    for number, one in enumerate(asked):
        position = number % (DOORS_A_DAY * DAYS_IN_ROUND)
        for months_ago in range(1, MONTHS, every_months):
            key = f"survey {one.settled.family.key} {months_ago}"
            chance = random.Random(key)  # noqa: S311
            visit = _visit(key, one, "IN_PERSON", _at(_day(position, months_ago, today), position, chance), chance)
            visit.purpose, visit.companions = purpose, ()
            made.append(visit)
    return _arrived(made, today)


def _month(one: Assignment, position: int, months_ago: int, today: date) -> Iterator[DemoVisit]:
    """What happened in one month between a helper and a family: one visit, often; none, or two, sometimes."""
    on = _day(position, months_ago, today)
    chance = random.Random(f"visit {one.helper.key} {one.settled.family.key} {months_ago}")  # noqa: S311
    pick = chance.random()
    if not _is_open(one, on, today) or pick < 0.04:
        return
    at = _at(on, position, chance)
    key = f"{one.helper.key} {one.settled.family.key} {months_ago}"
    if pick < 0.10:
        yield _visit(key, one, "NOBODY_HOME", at, chance)
        again = at + timedelta(days=2)
        if pick < 0.08 and _is_open(one, again.date(), today):
            yield _visit(f"{key} again", one, "IN_PERSON", again, chance)
    elif pick < 0.16:
        yield _visit(key, one, "REMOTE", at, chance)
    else:
        visit = _visit(key, one, "IN_PERSON", at, chance)
        if months_ago == 1 and position % 20 in (2, 3):
            visit.photos = [_photo(f"{one.helper.key} shared")]  # one picture for two doors: somebody was lazy
        yield visit
        if months_ago == 2 and position % 40 == 3:
            yield _amendment(visit, chance)


def _arrived(visits: Iterable[DemoVisit], today: date) -> list[DemoVisit]:
    """Without those that a phone still keeps to itself on the morning of `today`."""
    morning = datetime(today.year, today.month, today.day, tzinfo=CHINA)
    return [visit for visit in visits if visit.received_at < morning]


def _day(position: int, months_ago: int, today: date) -> date:
    year, month = divmod(today.year * 12 + today.month - 1 - months_ago, 12)
    return date(year, month + 1, FIRST_DAY_OF_ROUND + position // DOORS_A_DAY * DAYS_APART)


def _at(on: date, position: int, chance: random.Random) -> datetime:
    """Six doors in a day, more than an hour apart: nobody has to fly from one to the next."""
    at = datetime(on.year, on.month, on.day, 8, 30, tzinfo=CHINA)
    return at + timedelta(minutes=position % DOORS_A_DAY * 85 + chance.randint(0, 25), seconds=chance.randint(0, 59))


def _is_open(one: Assignment, on: date, today: date) -> bool:
    return on < today and one.started_on <= on and (one.ended_on is None or on < one.ended_on)


def _visit(key: str, one: Assignment, contact: str, at: datetime, chance: random.Random) -> DemoVisit:
    family = one.settled.family
    # Most phones send in the evening; whoever was in a valley without a signal sends days later.
    delay = (
        timedelta(hours=chance.randint(76, 220))
        if chance.random() < 0.05
        else timedelta(minutes=chance.randint(2, 600))
    )
    point, accuracy = _where(one.settled.dwelling, contact, chance)
    visit = DemoVisit(
        key=key,
        help=one,
        contact=contact,
        occurred_at=at,
        received_at=at + delay,
        phone_at=point,
        accuracy_metres=accuracy,
        answers=answers(chance, family, contact, is_cut_short=chance.random() < 0.025),
        is_mocked=chance.random() < 0.003,
        note=remark(chance),
    )
    if contact == "IN_PERSON":
        if chance.random() < 0.12:
            kind, note = finding(chance)
            ill = next((m for m in family.members if "SERIOUS_ILLNESS" in m.health), None)
            visit.findings.append((kind, note, ill.id if ill and kind == "SERIOUS_ILLNESS" else None))
        if one.settled.region_code == "350125201205" and chance.random() < 0.3:
            visit.companions = ("village_officer",) if chance.random() < 0.6 else ("first_secretary", "team_member")
        visit.photos = [_photo(f"{key} {number}") for number in range(chance.choice((0, 1, 1, 2)))]
    return visit


def _where(door: Point, contact: str, chance: random.Random) -> tuple[Point | None, float | None]:
    """Where the phone was, and how exactly it knew: at the door as a rule."""
    pick = chance.random()
    if contact == "REMOTE" or pick < 0.03:
        return None, None
    metres, accuracy = chance.uniform(0, 60), chance.uniform(4, 25)
    if pick < 0.05:
        metres = chance.uniform(600, 3000)
    elif pick < 0.07:
        accuracy = chance.uniform(110, 400)
    degrees = metres / 111_320
    longitude, latitude = door[0] + degrees * chance.uniform(-1, 1), door[1] + degrees * chance.choice((-1, 1))
    return (round(longitude, 6), round(latitude, 6)), round(accuracy, 1)


def _amendment(visit: DemoVisit, chance: random.Random) -> DemoVisit:
    """The same visit, told again and rightly."""
    key = f"{visit.key} amended"
    visit.is_amended_by = key
    return DemoVisit(
        key=key,
        help=visit.help,
        contact=visit.contact,
        occurred_at=visit.occurred_at,
        received_at=visit.received_at + timedelta(hours=chance.randint(3, 30)),
        phone_at=visit.phone_at,
        accuracy_metres=visit.accuracy_metres,
        answers={**visit.answers, "adultsMet": 1},
        note="更正：实际见到一名成年人",
        photos=[],
        amends=visit.key,
    )


def _photo(name: str) -> str:
    return hashlib.sha256(f"demo photo {name}".encode()).hexdigest()
