"""A township of our own, with officers and cadres, where families may be changed for good."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from api.database import sqlalchemy_url
from domain.access.queries import SET_VIEWER, viewer_settings
from domain.access.rules import Actor, GrantFacts, GrantRole, Viewer, hull, spans
from domain.base.errors import DomainError
from domain.base.transactions import carry_out, sessions_on
from domain.families.actions import register_household
from domain.households.rules import GivenPerson
from tests import databases
from tests.sealed import opened

T = TypeVar("T")
_numbers = itertools.count()

NOW = datetime(2026, 3, 14, 4, tzinfo=UTC)  # noon in China
TODAY = date(2026, 3, 14)
TOWNSHIP, OTHER_TOWNSHIP, ELSEWHERE = "350125201", "350125202", "341503"  # two townships of 永泰县; 裕安区 in Anhui


def person(name: str, relation: str = "HEAD", **facts: Any) -> GivenPerson:
    """Somebody whose facts are all in order."""
    usual: dict[str, Any] = {"sex": "FEMALE", "ethnicity": "HAN", "labour": "ORDINARY", "born_on": "1980-05-01"}
    schooling = {} if "school_status" in facts else {"education": "PRIMARY"}
    return GivenPerson(uuid.uuid4(), name, relation, **{**usual, **schooling, **facts})


def told(error: pytest.ExceptionInfo[DomainError]) -> set[tuple[str, str]]:
    """What went wrong, and where below `input`."""
    return {(problem.code, ".".join(problem.path[1:])) for problem in error.value.problems}


@dataclass
class Town:
    """A database with real commits: the app's role for actions, and a superuser to look and to set the scene."""

    sessions: async_sessionmaker[AsyncSession]
    sql: asyncpg.Connection
    village: str
    neighbour: str  # a village of the same township
    next_township: str  # a village of another township of the county
    far: str  # a village of another province
    township_officer: Actor
    village_officer: Actor
    county_officer: Actor

    async def do(self, actor: Actor, action: Callable[..., Awaitable[T]], **arguments: Any) -> T:
        """One action in one transaction, as a mutation carries it out."""
        return await carry_out(
            self.sessions,
            lambda db: action(db, actor, **arguments),
            set_viewer=SET_VIEWER,
            viewer=viewer_settings(actor.viewer),
        )

    async def officer(self, role: GrantRole, region_code: str) -> Actor:
        """Somebody with an account and one grant, at noon of TODAY."""
        region_from, region_to = hull(spans([GrantFacts(role, region_code)]))
        viewer = Viewer(id=uuid.uuid4(), region_from=region_from, region_to=region_to, roles=frozenset({role}))
        return await self._with_account(Actor(viewer, NOW))

    async def cadre(self, *household_ids: uuid.UUID) -> Actor:
        """A helper who is paired with these households."""
        helper = await self.sql.fetchval(
            "INSERT INTO helper (id, name, kind, region_code, is_party_member, started_on)"
            " VALUES (gen_random_uuid(), '李桂芳', 'CADRE', $1, true, '2020-01-01') RETURNING id",
            self.village,
        )
        for household_id in household_ids:
            await self.pair(helper, household_id=household_id)
        viewer = Viewer(id=uuid.uuid4(), helper_id=helper, roles=frozenset({GrantRole.HELPER}))
        return await self._with_account(Actor(viewer, NOW))

    async def _with_account(self, actor: Actor) -> Actor:
        await self.sql.execute(
            "INSERT INTO account (id, name, kind, helper_id, created_at) VALUES ($1, '某某', 'OFFICER', $2, now())",
            actor.id,
            actor.viewer.helper_id,
        )
        return actor

    async def pair(
        self,
        helper: uuid.UUID,
        *,
        household_id: uuid.UUID | None = None,
        person_id: uuid.UUID | None = None,
        role: str = "KEY_HELP",
        started_on: date = date(2020, 1, 1),
    ) -> uuid.UUID:
        """A pairing, with the household on the helper's list."""
        home = household_id or await self.sql.fetchval("SELECT household_id FROM person WHERE id = $1", person_id)
        pairing: uuid.UUID = await self.sql.fetchval(
            "INSERT INTO pairing (id, role, region_code, helper_id, household_id, person_id, started_on, created_at)"
            " SELECT gen_random_uuid(), $1, region_code, $2, $3, $4, $5, now() FROM household WHERE id = $6 RETURNING id",
            role,
            helper,
            household_id,
            person_id,
            started_on,
            home,
        )
        await self.sql.execute(
            "INSERT INTO household_access (pairing_id, party_id, household_id, region_code)"
            " SELECT $1, $2, id, region_code FROM household WHERE id = $3",
            pairing,
            helper,
            home,
        )
        return pairing

    async def family(
        self, *people: GivenPerson, village: str | None = None, registered_on: date = date(2020, 6, 1), **facts: Any
    ) -> uuid.UUID:
        """A family that has been on record for years: the head alone, unless others are named."""
        household_id = uuid.uuid4()
        actor = replace(self.county_officer, at=datetime.combine(registered_on, NOW.time(), UTC))
        members = people or (person("陈阿婆"),)
        chosen: dict[str, Any] = {"village_code": village or self.village, "category": "LIFTED", **facts}
        await self.do(actor, register_household, id=household_id, members=members, **chosen)
        return household_id

    async def household(self, id: uuid.UUID) -> dict[str, Any]:
        (found,) = await opened(self.sql, "household", "id = $1", id)
        return found

    async def person(self, id: uuid.UUID) -> dict[str, Any]:
        (found,) = await opened(self.sql, "person", "id = $1", id)
        return found

    async def pairing(self, id: uuid.UUID) -> asyncpg.Record:
        return await self.sql.fetchrow("SELECT * FROM pairing WHERE id = $1", id)

    async def names(self, id: uuid.UUID) -> Mapping[str, str]:
        """Everybody in a household: name -> relation to the head."""
        rows = await self.sql.fetch("SELECT name, relation_to_head FROM person WHERE household_id = $1", id)
        return {row["name"]: row["relation_to_head"] for row in rows}

    async def spells(self, person_id: uuid.UUID) -> list[tuple[Any, ...]]:
        """(household, from, why, until, why) of a person, in order."""
        return [
            tuple(row)
            for row in await self.sql.fetch(
                "SELECT household_id, started_on, start_reason, ended_on, end_reason FROM membership"
                " WHERE person_id = $1 ORDER BY started_on, ended_on NULLS LAST",
                person_id,
            )
        ]

    async def chronicle(self, id: uuid.UUID) -> list[str]:
        rows = await self.sql.fetch(
            "SELECT kind FROM household_event WHERE household_id = $1 ORDER BY recorded_at, happened_on", id
        )
        return [row["kind"] for row in rows]

    async def listed(self, actor: Actor) -> set[uuid.UUID]:
        """The households on a helper's list."""
        rows = await self.sql.fetch(
            "SELECT household_id FROM household_access WHERE party_id = $1", actor.viewer.helper_id
        )
        return {row["household_id"] for row in rows}

    async def feed_since(self, seq: int) -> set[tuple[int, str, uuid.UUID, str]]:
        """What the change feed says of whole documents after `seq`: area, kind, id, op."""
        rows = await self.sql.fetch("SELECT area, kind, id, op FROM change WHERE seq > $1 AND party_id IS NULL", seq)
        return {tuple(row) for row in rows}

    async def feed_position(self) -> int:
        position: int = await self.sql.fetchval("SELECT coalesce(max(seq), 0) FROM change")
        return position


@pytest.fixture(scope="module")
async def town(template: str) -> AsyncIterator[Town]:
    name = f"ruhu_families_{next(_numbers)}"
    url = await databases.fresh_database(name, template)
    engine = create_async_engine(
        sqlalchemy_url(url), pool_size=4, connect_args={"server_settings": {"role": "ruhu_app"}}
    )
    sql = await asyncpg.connect(url)
    villages = "SELECT code FROM region WHERE code ^@ $1 AND level = 'VILLAGE' ORDER BY code"
    village, neighbour = [row["code"] for row in await sql.fetch(villages + " LIMIT 2", TOWNSHIP)]
    somebody = Actor(Viewer(), NOW)
    town = Town(
        sessions_on(engine, await databases.ring(sql)),
        sql,
        village,
        neighbour,
        await sql.fetchval(villages, OTHER_TOWNSHIP),
        await sql.fetchval(villages, ELSEWHERE),
        *(somebody,) * 3,
    )
    town.township_officer = await town.officer(GrantRole.TOWNSHIP_OFFICER, TOWNSHIP)
    town.village_officer = await town.officer(GrantRole.VILLAGE_OFFICER, village)
    town.county_officer = await town.officer(GrantRole.COUNTY_OFFICER, TOWNSHIP[:6])
    yield town
    await sql.close()
    await engine.dispose()
    await databases.drop_database(name)
