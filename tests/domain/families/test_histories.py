"""Whatever happens to families, in whatever order: the spells tell one story, and every past day can be counted again."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Date, bindparam, select

from domain.base.errors import InvalidInput, Problem, Refused
from domain.families.actions import (
    Joining,
    Leaving,
    Moving,
    change_members,
    merge_households,
    move_household,
    split_household,
)
from domain.households.models import Household
from domain.households.queries import members_on
from tests.domain.families.conftest import Town, person

BEGIN = date(2021, 1, 1)
EVENTS = ("birth", "death", "leave", "return", "new_head", "split", "merge", "move")

events = st.lists(
    st.tuples(st.sampled_from(EVENTS), st.integers(0, 2), st.integers(0, 9), st.integers(0, 9)), min_size=4, max_size=14
)


class History:
    """A few families, and what is done to them; whom an event concerns is picked by number from those there are."""

    def __init__(self, town: Town) -> None:
        self.town, self.today = town, BEGIN
        self.ids: list[uuid.UUID] = []
        self.refused: list[Problem] = []
        self.counted: dict[date, dict[uuid.UUID, int]] = {}

    async def begin(self) -> None:
        for people in (
            (person("甲"), person("乙", "SPOUSE"), person("丙", "SON")),
            (person("丁"), person("戊", "SON")),
            (person("己"),),
        ):
            self.ids.append(await self.town.family(*people, registered_on=BEGIN))

    async def members(self, family: uuid.UUID) -> list[Any]:
        return await self.town.sql.fetch(
            "SELECT id, is_head FROM person WHERE household_id = $1 ORDER BY is_head DESC, born_on, id", family
        )

    async def happen(self, event: tuple[str, int, int, int]) -> None:
        """The event, if it can be; what a rule refuses does not happen, which is half of what is tried here."""
        kind, days, which, whom = event
        if days:
            self.counted[self.today] = await self.count()
            self.today += timedelta(days=days)
        family = self.ids[which % len(self.ids)]
        people = await self.members(family)
        action: Callable[..., Any]
        asked: dict[str, Any]
        action, asked = change_members, {"operation_id": uuid.uuid4(), "household_id": family}
        on = str(self.today)
        one = people[whom % len(people)] if people else None
        others = {p["id"]: "OTHER_RELATIVE" for p in people if one is None or p["id"] != one["id"]}
        if kind == "birth":
            baby = person("小宝", "SON", born_on=on, school_status="BEFORE_PRESCHOOL")
            asked["joining"] = [Joining("BIRTH", on, person=baby)]
        elif kind == "return":
            gone = await self.town.sql.fetchval(
                "SELECT id FROM person WHERE left_household_id = $1 ORDER BY joined_on, id LIMIT 1", family
            )
            asked["joining"] = [Joining("RETURNED", on, person_id=gone, relation_to_head="OTHER_RELATIVE")]
        elif one is None:
            return
        elif kind in ("death", "leave"):
            asked["leaving"] = [Leaving(one["id"], "DEATH" if kind == "death" else "LEFT", on)]
            if one["is_head"] and others and whom % 3:
                heir, *rest = others
                asked |= {"head_id": heir, "relations": dict.fromkeys(rest, "OTHER_RELATIVE")}
        elif kind == "new_head":
            asked |= {"head_id": one["id"], "relations": others if not one["is_head"] else {}}
        elif kind == "split":
            action, new = split_household, uuid.uuid4()
            heir, *rest = others or [None]
            asked = {"id": new, "household_id": family, "on": on, "members": [Moving(one["id"], "HEAD")]}
            if one["is_head"] and heir:
                asked |= {"head_id": heir, "relations": dict.fromkeys(rest, "OTHER_RELATIVE")}
        elif kind == "merge":
            action = merge_households
            asked = {
                "operation_id": uuid.uuid4(),
                "survivor_id": self.ids[whom % len(self.ids)],
                "merged_id": family,
                "on": on,
            }
            asked["members"] = [Moving(p["id"], "OTHER_RELATIVE") for p in people]
        else:
            action = move_household
            villages = (self.town.village, self.town.neighbour, self.town.next_township)
            asked |= {"village_code": villages[whom % 3], "on": on}
        noon = datetime.combine(self.today, datetime.min.time(), UTC) + timedelta(hours=4)
        try:
            answer = await self.town.do(replace(self.town.county_officer, at=noon), action, **asked)
        except (InvalidInput, Refused) as refusal:
            self.refused += refusal.problems
            return
        if kind == "split":
            self.ids.append(uuid.UUID(answer["new_household_id"]))

    async def count(self) -> dict[uuid.UUID, int]:
        """How many people each household has at this moment, by their own rows."""
        rows = await self.town.sql.fetch(
            "SELECT h.id, count(p.id) AS people FROM household h LEFT JOIN person p ON p.household_id = h.id"
            " WHERE h.id = ANY ($1) GROUP BY h.id",
            self.ids,
        )
        return {row["id"]: row["people"] for row in rows}

    async def recount(self, day: date) -> dict[uuid.UUID, int]:
        """The same of any day, by the spells."""
        on = bindparam("day", day, type_=Date())
        statement = select(Household.id, members_on(on)).where(Household.id.in_(self.ids))
        return {row[0]: row[1] for row in await self.town.do(self.town.county_officer, _ask, statement=statement)}


async def _ask(db: Any, _: Any, *, statement: Any) -> Any:
    return (await db.execute(statement)).all()


# Each asks about the households of one history, $1.
OVERLAPPING = """
SELECT count(*) FROM membership a JOIN membership b ON a.person_id = b.person_id AND a.id < b.id
WHERE a.household_id = ANY ($1) AND daterange(a.started_on, a.ended_on) && daterange(b.started_on, b.ended_on)
"""
NOT_ONE_HEAD = """
SELECT count(*) FROM household h WHERE id = ANY ($1) AND ended_on IS NULL
AND (SELECT count(*) FROM person WHERE household_id = h.id AND is_head AND relation_to_head = 'HEAD') <> 1
"""
ENDED_WITH_PEOPLE = """
SELECT count(*) FROM household h JOIN person p ON p.household_id = h.id WHERE h.id = ANY ($1) AND h.ended_on IS NOT NULL
"""
ASTRAY = """
SELECT count(*) FROM person p LEFT JOIN membership m ON m.person_id = p.id AND m.ended_on IS NULL
WHERE p.id IN (SELECT person_id FROM membership WHERE household_id = ANY ($1))
AND (p.household_id IS DISTINCT FROM m.household_id OR (m.id IS NOT NULL AND p.joined_on <> m.started_on))
"""
ELSEWHERE = """
SELECT count(*) FROM person p JOIN household h ON h.id = p.household_id
WHERE h.id = ANY ($1) AND p.region_code <> h.region_code
"""


@settings(max_examples=15, deadline=None, derandomize=True)
@given(story=events)
async def test_spells_heads_and_counts_agree_whatever_happens(
    town: Town, story: list[tuple[str, int, int, int]]
) -> None:
    history = History(town)
    await history.begin()
    for event in story:
        await history.happen(event)
    history.counted[history.today] = await history.count()

    # A rule points at a field. Where nothing is pointed at, a constraint spoke because no rule did.
    assert [problem for problem in history.refused if len(problem.path) == 1] == []
    for nothing in (OVERLAPPING, NOT_ONE_HEAD, ENDED_WITH_PEOPLE, ASTRAY, ELSEWHERE):
        assert await town.sql.fetchval(nothing, history.ids) == 0, nothing
    for day, counted in history.counted.items():
        recounted = await history.recount(day)
        assert {family: recounted[family] for family in counted} == counted
