"""Whatever happens to families, and whenever it comes to be known: the deltas of any day add up to a recount."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.statistics.folding import fold
from domain.statistics.loading import restand
from tests import databases
from tests.domain.actors import app_sessions
from tests.domain.families.conftest import Town
from tests.domain.families.test_histories import History, events

Figures = dict[tuple[Any, ...], tuple[int, int]]

# --- through the actions of families -------------------------------------------------------------------------------------

# What these households' own rows say of a day, and what is kept of them.
OF_A_DAY = """
SELECT region_code, category, monitoring_status, sum(people) AS persons, count(*) AS households FROM (
  SELECT h.*, (SELECT count(*) FROM membership m WHERE m.household_id = h.id AND m.started_on <= $2
               AND (m.ended_on IS NULL OR $2 < m.ended_on)) AS people
  FROM household h WHERE h.id = ANY ($1) AND h.registered_on <= $2 AND (h.ended_on IS NULL OR $2 < h.ended_on)) AS there
GROUP BY 1, 2, 3
"""
# The sum of all deltas since an id, by village: no other family was touched meanwhile.
BY_DELTAS = """
SELECT region_code, category, monitoring_status, sum(persons) AS persons, sum(households) AS households
FROM statistics_delta WHERE id > $1 AND effective_on <= $2 AND recorded_at <= $3 GROUP BY 1, 2, 3 HAVING sum(households) <> 0
"""
NOW = "SELECT clock_timestamp()"


def as_figures(rows: list[asyncpg.Record]) -> Figures:
    return {tuple(row.values())[:-2]: (row["households"], row["persons"]) for row in rows}


@settings(max_examples=8, deadline=None, derandomize=True)
@given(story=events)
async def test_what_actions_do_to_families_is_what_figures_say_of_every_day_and_of_all_that_was_known(
    town: Town, story: list[tuple[str, int, int, int]]
) -> None:
    before = await town.sql.fetchval("SELECT coalesce(max(id), 0) FROM statistics_delta")
    history = History(town)
    await history.begin()
    known: list[tuple[datetime, date, Figures]] = []
    for event in story:
        await history.happen(event)
        rows = await town.sql.fetch(OF_A_DAY, history.ids, history.today)
        known.append((await town.sql.fetchval(NOW), history.today, as_figures(rows)))

    for then, day, expected in known:
        found = as_figures(await town.sql.fetch(BY_DELTAS, before, day, then))
        assert found == expected, (day, "as known then")
    assert await restand(town.sql, await town.sql.fetchval(NOW)) == 0, "nothing was forgotten"


# --- facts with a clock of our own ---------------------------------------------------------------------------------------

BEGIN = date(2024, 1, 30)
VILLAGES = ("350125201201", "350125201202", "350125202201", "341503104208")
CATEGORIES, STATUSES = ("LIFTED", "EDGE"), ("NEVER", "MONITORED")

facts = st.lists(
    st.tuples(
        st.sampled_from(
            ("register", "join", "leave", "category", "status", "list", "unlist", "move", "end", "correct")
        ),
        st.integers(0, 3),  # the family
        st.integers(0, 3),  # what of it
        st.integers(0, 45),  # days until it is known
        st.integers(0, 60),  # days since it happened
    ),
    min_size=3,
    max_size=18,
)


@dataclass
class Family:
    """What the test knows of a family, without looking: dated facts, and since when each value of the others holds."""

    id: uuid.UUID
    registered_on: date
    region: str
    ended_on: date | None = None
    spells: list[list[Any]] = field(default_factory=list)  # [person, from, until]
    lists: dict[str, list[Any]] = field(default_factory=dict)
    moves: list[tuple[date, str, str]] = field(default_factory=list)  # as they were written down
    values: dict[str, list[tuple[date, str]]] = field(default_factory=dict)

    def on(self, day: date) -> tuple[Any, ...] | None:
        """Where it stood on a day, and with how many people."""
        if day < self.registered_on or (self.ended_on and day >= self.ended_on):
            return None
        region = self.moves[0][1] if self.moves else self.region
        for moved_on, _, to in self.moves:
            region = to if moved_on <= day else region
        held = [[v for since, v in self.values[name] if since <= day][-1] for name in ("category", "monitoring_status")]
        lists = tuple(sorted(code for code, (a, b) in self.lists.items() if a <= day and (b is None or day < b)))
        people = sum(1 for _, a, b in self.spells if a <= day and (b is None or day < b))
        return (region, *held, lists, people)


class Records:
    """Families in tables, written with a clock that the test moves, and the same in memory."""

    def __init__(self, sql: asyncpg.Connection) -> None:
        self.sql, self.today = sql, BEGIN
        self.families: list[Family] = []

    @property
    def at(self) -> datetime:
        return datetime.combine(self.today, datetime.min.time(), UTC) + timedelta(hours=4)

    async def write(self, statement: str, *given: Any) -> None:
        async with self.sql.transaction():
            await self.sql.execute("SELECT set_config('ruhu.at', $1, true)", self.at.isoformat())
            await self.sql.execute(statement, *given)

    async def happen(self, fact: tuple[str, int, int, int, int]) -> None:
        kind, which, what, wait, ago = fact
        self.today += timedelta(days=wait)
        day = self.today - timedelta(days=ago)
        if kind == "register" or not self.families:
            return await self.register(VILLAGES[what], day)
        family = self.families[which % len(self.families)]
        if family.ended_on is not None or day <= family.registered_on:
            return None
        return await getattr(self, kind)(family, what, day)  # type: ignore[no-any-return]

    async def register(self, village: str, day: date) -> None:
        family = Family(uuid.uuid4(), day, village)
        family.values = {"category": [(date.min, "LIFTED")], "monitoring_status": [(date.min, "NEVER")]}
        await self.write(
            "INSERT INTO household (id, code, region_code, category, registered_on, created_at, updated_at)"
            " SELECT $1::uuid, $1::uuid::text, $2, 'LIFTED', $3, now(), now()",
            family.id,
            village,
            day,
        )
        self.families.append(family)

    async def join(self, family: Family, what: int, day: date) -> None:
        person, spell = uuid.uuid4(), uuid.uuid4()
        family.spells.append([spell, day, None])
        async with self.sql.transaction():
            await self.sql.execute(
                "INSERT INTO person (id, region_code, name, relation_to_head, sex, ethnicity, born_on, education, labour,"
                " joined_on) VALUES ($1, $2, '甲', 'OTHER', 'MALE', 'HAN', '1980-01-01', 'PRIMARY', 'ORDINARY', $3)",
                person,
                family.region,
                day,
            )
            await self.write(
                "INSERT INTO membership (id, person_id, household_id, region_code, started_on, start_reason)"
                " VALUES ($1, $2, $3, $4, $5, 'REGISTERED')",
                *(spell, person, family.id, family.region, day),
            )

    async def leave(self, family: Family, what: int, day: date) -> None:
        for spell in family.spells:
            if spell[2] is None and spell[1] < day:
                spell[2] = day
                await self.write(
                    "UPDATE membership SET ended_on = $2, end_reason = 'LEFT' WHERE id = $1", spell[0], day
                )
                return

    async def correct(self, family: Family, what: int, day: date) -> None:
        """Somebody was there all along from another day, or was never there."""
        if family.spells and what % 2:
            spell = family.spells.pop()
            await self.write("DELETE FROM membership WHERE id = $1", spell[0])
        else:
            family.registered_on = day
            await self.write("UPDATE household SET registered_on = $2 WHERE id = $1", family.id, day)

    async def category(self, family: Family, what: int, day: date) -> None:
        await self._value(family, "category", CATEGORIES[what % 2])

    async def status(self, family: Family, what: int, day: date) -> None:
        await self._value(family, "monitoring_status", STATUSES[what % 2])

    async def _value(self, family: Family, name: str, value: str) -> None:
        family.values[name].append((self.today, value))
        await self.write(f"UPDATE household SET {name} = $2 WHERE id = $1", family.id, value)

    async def list(self, family: Family, what: int, day: date) -> None:
        code = f"TEST_{what % 2}"
        if code not in family.lists:
            family.lists[code] = [day, None]
            await self.write(
                "INSERT INTO roster_entry (roster_id, household_id, region_code, started_on)"
                " SELECT id, $1, $2, $3 FROM roster WHERE code = $4",
                *(family.id, family.region, day, code),
            )

    async def unlist(self, family: Family, what: int, day: date) -> None:
        code = f"TEST_{what % 2}"
        if code in family.lists and family.lists[code][0] < day:
            family.lists[code][1] = day
            await self.write(
                "UPDATE roster_entry SET ended_on = $2 WHERE household_id = $1"
                " AND roster_id = (SELECT id FROM roster WHERE code = $3)",
                *(family.id, day, code),
            )

    async def move(self, family: Family, what: int, day: date) -> None:
        to = VILLAGES[what]
        if to != family.region:
            family.moves.append((day, family.region, to))
            async with self.sql.transaction():
                await self.sql.execute(
                    "INSERT INTO household_event (id, household_id, region_code, kind, happened_on, recorded_at,"
                    " recorded_by_id, detail) SELECT $1, $2, $3, 'MOVED', $4, clock_timestamp(), id,"
                    " jsonb_build_object('from', $5::text, 'to', $3::text) FROM account LIMIT 1",
                    *(uuid.uuid4(), family.id, to, day, family.region),
                )
                await self.write("UPDATE household SET region_code = $2 WHERE id = $1", family.id, to)
            family.region = to

    async def end(self, family: Family, what: int, day: date) -> None:
        family.ended_on = day
        await self.write("UPDATE household SET ended_on = $2, end_reason = 'NO_MEMBERS' WHERE id = $1", family.id, day)

    def counted(self, day: date) -> Figures:
        """A recount in memory."""
        households: Counter[tuple[Any, ...]] = Counter()
        persons: Counter[tuple[Any, ...]] = Counter()
        for family in self.families:
            if stood := family.on(day):
                households[stood[:-1]] += 1
                persons[stood[:-1]] += stood[-1]
        return {key: (households[key], persons[key]) for key in households}


SUMMED = """
SELECT region_code, category, monitoring_status, rosters, sum(households) AS households, sum(persons) AS persons
FROM statistics_delta WHERE effective_on <= $1 AND recorded_at <= $2 GROUP BY 1, 2, 3, 4
HAVING sum(households) <> 0 OR sum(persons) <> 0
"""
# The same of provinces, by what is folded and what is not.
BALANCED = """
SELECT region_code, sum(households) AS households, sum(persons) AS persons FROM (
  SELECT region_code, households, persons FROM statistics_balance WHERE digits = 2
    AND CASE span WHEN 'Y' THEN starts_on < date_trunc('year', $1::date)
                  WHEN 'M' THEN starts_on >= date_trunc('year', $1::date) AND starts_on < date_trunc('month', $1::date)
                  ELSE starts_on BETWEEN date_trunc('month', $1::date) AND $1 END
  UNION ALL SELECT left(region_code, 2), households, persons FROM statistics_delta
  WHERE folded_at IS NULL AND effective_on <= $1) AS part
GROUP BY 1 HAVING sum(households) <> 0 OR sum(persons) <> 0
"""


@pytest.fixture(scope="module")
async def blank(template: str) -> AsyncIterator[asyncpg.Connection]:
    """A database with divisions, people who act, two rosters, and no family."""
    url = await databases.fresh_database("ruhu_figures", template)
    connection = await asyncpg.connect(url)
    await connection.execute("TRUNCATE household, roster, statistics_delta, statistics_balance CASCADE")
    # A family without a head is not what is tried here.
    await connection.execute("ALTER TABLE household DISABLE TRIGGER has_a_head")
    await connection.execute(
        "INSERT INTO roster (id, code, name_zh, name_en, region_code, started_on)"
        " SELECT gen_random_uuid(), code, code, code, '3501', '2020-01-01' FROM unnest(ARRAY['TEST_0', 'TEST_1']) AS code"
    )
    yield connection
    await connection.close()
    await databases.drop_database("ruhu_figures")


@settings(max_examples=25, deadline=None, derandomize=True)
@given(story=facts, folded=st.integers(0, 30))
async def test_deltas_are_a_recount_of_any_day_as_known_at_any_time(
    blank: asyncpg.Connection, story: list[tuple[str, int, int, int, int]], folded: int
) -> None:
    await blank.execute("TRUNCATE household, person, statistics_delta, statistics_balance CASCADE")
    records = Records(blank)
    days = [BEGIN + timedelta(days=n) for n in (-70, -1, 0, 1, 2, 31, 60, 90, 200, 340, 800)]
    known: list[tuple[datetime, date, Figures]] = []
    for number, fact in enumerate(story):
        await records.happen(fact)
        known += [(records.at, day, records.counted(day)) for day in {*days, records.today}]
        if number == folded:
            async with app_sessions(_url(blank), role="ruhu_machine") as sessions:
                await fold(sessions, records.at, most=3)

    latest = {(at, day): expected for at, day, expected in known}  # of two facts of one day, what was known at its end
    for (at, day), expected in latest.items():
        rows = await blank.fetch(SUMMED, day, at)
        found = {
            (r["region_code"], r["category"], r["monitoring_status"], tuple(r["rosters"])): (
                r["households"],
                r["persons"],
            )
            for r in rows
        }
        assert found == expected, (day, at)
    for day in {*days, records.today}:
        provinces: dict[str, tuple[int, int]] = {}
        for key, (households, persons) in records.counted(day).items():
            one = provinces.get(key[0][:2], (0, 0))
            provinces[key[0][:2]] = (one[0] + households, one[1] + persons)
        rows = await blank.fetch(BALANCED, day)
        assert {r["region_code"]: (r["households"], r["persons"]) for r in rows} == provinces, day
    assert await restand(blank, records.at) == 0, "nothing was forgotten"


def _url(connection: asyncpg.Connection) -> str:
    return databases.named("ruhu_figures")
