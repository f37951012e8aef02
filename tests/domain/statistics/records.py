"""Families written with a clock that the test moves, and the same in memory, to be recounted."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg

Figures = dict[tuple[Any, ...], tuple[int, int]]

BEGIN = date(2024, 1, 30)
VILLAGES = ("350125201201", "350125201202", "350125202201", "341503104208")
CATEGORIES, STATUSES = ("LIFTED", "EDGE"), ("NEVER", "MONITORED")

KINDS = (
    *(
        "register",
        "join",
        "leave",
        "category",
        "status",
        "list",
        "unlist",
        "move",
        "end",
        "correct",
        "case",
        "case",
        "case",
        "grade",
    ),
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
    case: uuid.UUID | None = None
    steps: list[tuple[date, str, str]] = field(default_factory=list)  # day, round, step: as they were written down
    grades: list[list[Any]] = field(default_factory=list)  # [level, from, until]

    def stands(self, day: date) -> tuple[str, str, str]:
        """With monitoring, under which category, at which step (domain.md §11.13)."""
        passed = [(round, step) for on, round, step in self.steps if on <= day]
        if not passed:
            return [v for since, v in self.values["monitoring_status"] if since <= day][-1], "", ""
        round, step = passed[-1]
        has_exited = any(step == "ELIMINATED" for _, step in passed)
        if step in ("ELIMINATED", "REJECTED"):
            return ("ELIMINATED_TRACKED" if has_exited else "NEVER"), "EDGE" if has_exited else "", ""
        is_monitored = step == "MONITORED" or round == "ELIMINATION"
        return "MONITORED" if is_monitored else "IN_PROCEDURE", "EDGE" if is_monitored or has_exited else "", step

    def on(self, day: date) -> tuple[Any, ...] | None:
        """Where it stood on a day, and with how many people."""
        if day < self.registered_on or (self.ended_on and day >= self.ended_on):
            return None
        region = self.moves[0][1] if self.moves else self.region
        for moved_on, _, to in self.moves:
            region = to if moved_on <= day else region
        category = [v for since, v in self.values["category"] if since <= day][-1]
        grades = tuple(f"THREE_LEVELS:{g}" for g, a, b in self.grades if a <= day and (b is None or day < b))
        lists = tuple(sorted(code for code, (a, b) in self.lists.items() if a <= day and (b is None or day < b)))
        people = sum(1 for _, a, b in self.spells if a <= day and (b is None or day < b))
        return (region, category, *self.stands(day), grades, lists, people)


class Records:
    """Families in tables, written with a clock that the test moves, and the same in memory."""

    def __init__(self, sql: asyncpg.Connection) -> None:
        self.sql, self.today = sql, BEGIN
        self.families: list[Family] = []

    @property
    def at(self) -> datetime:
        return datetime.combine(self.today, datetime.min.time(), UTC) + timedelta(hours=4)

    async def begin(self) -> None:
        """Two families of two people each, long before anything happens."""
        for village in VILLAGES[:2]:
            await self.register(village, BEGIN - timedelta(days=100))
            for days in (95, 90):
                await self.join(self.families[-1], 0, BEGIN - timedelta(days=days))

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
        if not family.steps:  # else it is what the cases make of it
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

    async def case(self, family: Family, what: int, day: date) -> None:
        """The next thing that happens to its case: opened, published, announced, a second round, over; or refused."""
        now = family.steps[-1][1:] if family.steps else ("", "")
        follows = {
            ("ADMISSION", "DEMOCRATIC_APPRAISAL"): ("ADMISSION", "VILLAGE_NOTICE"),
            ("ADMISSION", "VILLAGE_NOTICE"): ("ADMISSION", "MONITORED" if what else "REJECTED"),
            ("ADMISSION", "MONITORED"): ("ELIMINATION", "TOWNSHIP_REVIEW"),
            ("ELIMINATION", "TOWNSHIP_REVIEW"): ("ELIMINATION", "ELIMINATED") if what else ("ADMISSION", "MONITORED"),
        }
        round, step = follows.get(now, ("ADMISSION", "DEMOCRATIC_APPRAISAL"))
        async with self.sql.transaction():
            if now not in follows:
                family.case = uuid.uuid4()
                await self.sql.execute(
                    "INSERT INTO monitoring_case (id, household_id, region_code, category, causes, round, step, step_since,"
                    " began_on, round_began_on, due_on, opened_at, closed_on, close_reason, created_at, updated_at)"
                    " SELECT $1, $2, $3, 'EDGE', '{}', 'ADMISSION', 'CLOSED', now(), $4, $4, $4, now(), $4, 'X', now(), now()",
                    *(family.case, family.id, family.region, day),
                )
            family.steps.append((day, round, step))
            await self.write(
                "INSERT INTO case_event (id, case_id, household_id, region_code, round, event, to_step, happened_at,"
                " recorded_at, revision, detail) VALUES ($1, $2, $3, $4, $5, 'X', $6, $7, clock_timestamp(), $8, '{}')",
                *(uuid.uuid4(), family.case, family.id, family.region, round, step),
                datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=4),
                len(family.steps),
            )

    async def grade(self, family: Family, what: int, day: date) -> None:
        """A level is filed, and supersedes the one before."""
        async with self.sql.transaction():
            if family.grades:
                before = family.grades[-1]
                before[2] = day = max(day, before[1])
                await self.write(
                    "UPDATE risk_grade SET state = 'SUPERSEDED', superseded_at = now(), superseded_on = $2"
                    " WHERE household_id = $1 AND state = 'FILED'",
                    *(family.id, day),
                )
            level = ("RED", "YELLOW", "BLUE")[what % 3]
            family.grades.append([level, day, None])
            await self.write(
                "INSERT INTO risk_grade (id, household_id, region_code, scheme, level, state, reasons, indicators,"
                " proposed_at, filed_at, effective_from) VALUES ($1, $2, $3, 'THREE_LEVELS', $4, 'FILED', '{X}', '[]',"
                " now(), now(), $5)",
                *(uuid.uuid4(), family.id, family.region, level, day),
            )

    def counted(self, day: date) -> Figures:
        """A recount in memory."""
        households: Counter[tuple[Any, ...]] = Counter()
        persons: Counter[tuple[Any, ...]] = Counter()
        for family in self.families:
            if stood := family.on(day):
                households[stood[:-1]] += 1
                persons[stood[:-1]] += stood[-1]
        return {key: (households[key], persons[key]) for key in households}
