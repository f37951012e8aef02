"""How many families live where, on which of Fuzhou's two rosters they stand, and how their rows look.

The figures are the source's (福州 2020): 133 households with 443 people at key risk of a return to poverty, and 60 with
218 people below 8,400 yuan. It does not say that the two are disjoint. In the demo 41 households with 147 people are
on both, so that 152 distinct households with 514 people are on either: totals must count distinct households.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Final

from domain.base.datum import Datum
from domain.base.models import namespace_id
from domain.demo.families import Families, Family, Member, sizes
from domain.demo.places import VILLAGE_BY_CODE, near, sent_as
from domain.demo.rows import Point, Rows
from domain.demo.stories import Change, live_through_a_year
from domain.households.models import MonitoringStatus

KEY_RISK, BELOW_8400 = "FUZHOU_KEY_RISK_2020", "FUZHOU_BELOW_8400_2020"
ROSTERS: Final = {
    KEY_RISK: ("易返贫重点帮扶对象", "Households at key risk of a return to poverty"),
    BELOW_8400: ("人均纯收入低于8400元的易返贫监测对象", "Monitored households below 8,400 yuan per person and year"),
}
LISTED_ON: Final = date(2020, 6, 1)

# Village: families on both rosters, on the first only, on the second only, on neither.
_FUZHOU: Final = {
    "350125201205": (6, 10, 2, 8),
    "350125201201": (5, 9, 2, 8),
    "350125201203": (4, 8, 2, 7),
    "350125201202": (4, 8, 2, 7),
    "350125201204": (3, 7, 1, 6),
    "350125201206": (3, 7, 1, 6),
    "350125201207": (2, 6, 1, 5),
    "350125201208": (2, 6, 1, 5),
    "350125201209": (2, 5, 1, 5),
    "350124201201": (3, 7, 2, 9),
    "350124201210": (2, 6, 1, 8),
    "350123203203": (3, 7, 2, 9),
    "350123201201": (2, 6, 1, 7),
}
# People in the families of each of the four columns.
_PEOPLE: Final = (147, 296, 71, 330)
_ELSEWHERE: Final = {
    "341503104208": 24,
    "341503104201": 14,
    "341503104212": 12,
    "130434205222": 10,
    "130433100229": 8,
    "653123202205": 26,
    "653125104202": 14,
    "371481101338": 12,
    "371481101352": 10,
}


@dataclass(frozen=True)
class Settled:
    """A family in its dwelling, what happened to it, and the rosters it is on."""

    family: Family
    dwelling: Point
    datum: Datum
    changes: Sequence[Change]
    rosters: tuple[str, ...] = ()
    ended_on: date | None = None

    @cached_property
    def id(self) -> uuid.UUID:
        return namespace_id(f"demo household {self.family.key}")

    @property
    def monitoring_status(self) -> MonitoringStatus:
        """Whoever is on a roster or at the edge of poverty is monitored; some of the others were, and are tracked."""
        if self.ended_on is None and (self.rosters or self.family.category == "EDGE"):
            return MonitoringStatus.MONITORED
        was = self.family.category == "LIFTED" and self.family.number % 6 == 0
        return MonitoringStatus.ELIMINATED_TRACKED if was else MonitoringStatus.NEVER

    @property
    def region_code(self) -> str:
        return self.family.village.code


def settle(today: date) -> list[Settled]:
    """All families of the demo, in the order of their villages' first mention."""
    maker = Families(today)
    made: list[Settled] = []
    counts = [sum(columns) for columns in zip(*_FUZHOU.values(), strict=True)]
    left = [iter(sizes(count, people)) for count, people in zip(counts, _PEOPLE, strict=True)]
    for code, columns in _FUZHOU.items():
        number = 0
        for column, count in enumerate(columns):
            rosters = ((KEY_RISK, BELOW_8400), (KEY_RISK,), (BELOW_8400,), ())[column]
            for _ in range(count):
                number += 1
                category = ("LIFTED", "LIFTED", "EDGE", ("ORDINARY", "LIFTED")[number % 2])[column]
                made.append(_settle(maker, code, number, next(left[column]), category, rosters))
    for code, count in _ELSEWHERE.items():
        for number, size in enumerate(sizes(count, round(count * 3.7)), 1):
            category = ("LIFTED", "EDGE", "LIFTED", "ORDINARY", "LIFTED", "REGISTERED_POOR")[number % 6]
            made.append(_settle(maker, code, number, size, category, ()))
    made += [_settle_the_last_one(maker, code) for code in ("350125201205", "350125201203")]
    return made


def _settle_the_last_one(maker: Families, code: str) -> Settled:
    """Somebody who lived alone and died: the household has ended, and stays known (整户消亡)."""
    number = sum(_FUZHOU[code]) + 1
    family = maker.make(VILLAGE_BY_CODE[code], number, 1, "LIFTED")
    chance = random.Random(f"end {family.key}")  # noqa: S311
    (last,) = family.people
    day = maker.today - timedelta(days=chance.randint(40, 300))
    last.died_on = last.spells[-1].ended_on = day
    last.spells[-1].end_reason = "DEATH"
    return Settled(family, near(family.village, chance), Datum.WGS84, (Change(day, left=(last,)),), ended_on=day)


def _settle(maker: Families, code: str, number: int, size: int, category: str, rosters: tuple[str, ...]) -> Settled:
    family = maker.make(VILLAGE_BY_CODE[code], number, size, category)
    changes = live_through_a_year(maker, family)
    return at_home(family, changes, rosters)


def at_home(family: Family, changes: Sequence[Change] = (), rosters: tuple[str, ...] = ()) -> Settled:
    """The family in a dwelling of its village."""
    chance = random.Random(f"dwelling {family.key}")  # noqa: S311
    # Some dwellings were picked on a map, which speaks GCJ-02 or BD-09.
    datum = {3: Datum.GCJ02, 7: Datum.BD09}.get(family.number % 10, Datum.WGS84)
    return Settled(family, near(family.village, chance), datum, changes, rosters)


def write_rosters(rows: Rows) -> None:
    """The prefecture's two lists."""
    for code, (name_zh, name_en) in ROSTERS.items():
        rows.add(
            "roster",
            id=namespace_id(f"demo roster {code}"),
            code=code,
            name_zh=name_zh,
            name_en=name_en,
            region_code="3501",
            started_on=LISTED_ON,
            ended_on=None,
            source="福州日报 2020-07-01",
        )


def write_family(rows: Rows, settled: Settled, recorded_by: uuid.UUID, at: datetime) -> None:
    """The household with everybody who is or was in it, its chronicle, and its places on rosters."""
    family = settled.family
    village = family.village
    rows.add(
        "household",
        id=settled.id,
        code=f"{village.code}-{family.number:04}",
        region_code=village.code,
        address=f"{village.name}{family.number}号",
        phone=made_up_phone(village.area * 10_000 + family.number * 10),
        bank_account=made_up_account(village.area * 10_000 + family.number * 10),
        category=family.category,
        causes=family.causes,
        monitoring_status=settled.monitoring_status,
        exited_on=None,
        location=settled.dwelling,
        **sent_as(settled.dwelling, settled.datum),
        accuracy_metres=None if settled.datum != Datum.WGS84 else 8.0,
        registered_on=family.registered_on,
        ended_on=settled.ended_on,
        end_reason="NO_MEMBERS" if settled.ended_on else None,
        split_from_id=None,
        merged_into_id=None,
        revision=1 + len(settled.changes),
        created_at=at,
        updated_at=at,
    )
    for number, member in enumerate(family.people, 1):
        _write_person(rows, settled, member, number)
    _write_event(rows, settled, "REGISTERED", family.registered_on, {}, recorded_by, at)
    for change in settled.changes:
        detail = {
            "joined": [str(m.id) for m in change.joined],
            "left": [str(m.id) for m in change.left],
        }
        _write_event(rows, settled, "MEMBERS_CHANGED", change.on, detail, recorded_by, at)
    if settled.ended_on:
        _write_event(rows, settled, "ENDED", settled.ended_on, {}, recorded_by, at)
    for code in settled.rosters:
        rows.add(
            "roster_entry",
            roster_id=namespace_id(f"demo roster {code}"),
            household_id=settled.id,
            region_code=village.code,
            started_on=LISTED_ON,
            ended_on=None,
        )


def _write_person(rows: Rows, settled: Settled, member: Member, number: int) -> None:
    family = settled.family
    is_here = member.is_here
    rows.add(
        "person",
        id=member.id,
        household_id=settled.id if is_here else None,
        left_household_id=None if is_here else settled.id,
        region_code=settled.region_code,
        name=member.name,
        is_head=is_here and member.relation == "HEAD",
        relation_to_head=member.relation,
        sex=member.sex,
        ethnicity=family.village.ethnicity,
        born_on=member.born_on,
        died_on=member.died_on,
        id_number=member.id_number,
        disability_certificate=member.disability_certificate,
        phone=made_up_phone(family.village.area * 10_000 + family.number * 10 + number) if number <= 2 else None,
        education=member.education,
        school_status=member.school_status,
        health=sorted(member.health),
        labour=member.labour,
        joined_on=member.spells[-1].started_on,
    )
    for position, spell in enumerate(member.spells, 1):
        rows.add(
            "membership",
            id=namespace_id(f"demo membership {member.key} {position}"),
            person_id=member.id,
            household_id=settled.id,
            region_code=settled.region_code,
            started_on=spell.started_on,
            start_reason=spell.start_reason,
            ended_on=spell.ended_on,
            end_reason=spell.end_reason,
        )


def _write_event(
    rows: Rows, settled: Settled, kind: str, on: date, detail: dict[str, list[str]], by: uuid.UUID, at: datetime
) -> None:
    rows.add(
        "household_event",
        id=namespace_id(f"demo event {settled.family.key} {kind} {detail}"),
        household_id=settled.id,
        region_code=settled.region_code,
        kind=kind,
        happened_on=on,
        recorded_at=at,
        recorded_by_id=by,
        detail=json.dumps(detail),
    )


def made_up_phone(number: int) -> str:
    """A number that rings nowhere: no mobile number in China begins with 10."""
    return f"10{number:09}"


def made_up_account(number: int) -> str:
    """An account at no bank: no issuer's number begins with 999."""
    return f"999{number:016}"
