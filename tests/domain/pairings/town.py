"""A small township of our own beside the demo's: who helps there, who is helped, and the officers who decide."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from domain.access.queries import SET_VIEWER, viewer_settings
from domain.access.rules import Actor, GrantFacts, GrantRole, Viewer, hull, spans
from domain.base.errors import DomainError
from domain.base.transactions import carry_out
from domain.pairings.actions import assign_pairing

T = TypeVar("T")
Problems = list[tuple[str, str]]


NOW = datetime(2026, 3, 14, 4, tzinfo=UTC)  # noon in China
TODAY = date(2026, 3, 14)
LAST_YEAR = date(2025, 3, 1)
TOWNSHIP, ELSEWHERE = "350125201", "341503100"  # 富泉乡 of 永泰县; 苏埠镇 of 裕安区


def officer(role: GrantRole, region_code: str, **parties: uuid.UUID) -> Actor:
    """Somebody with one grant, at noon of TODAY."""
    region_from, region_to = hull(spans([GrantFacts(role, region_code)]))
    viewer = Viewer(id=uuid.uuid4(), region_from=region_from, region_to=region_to, roles=frozenset({role}), **parties)
    return Actor(viewer, NOW)


@dataclass
class Town:
    """A database with real commits: the app's role for actions, and a superuser to look and to set the scene."""

    engine: AsyncEngine
    sessions: async_sessionmaker[AsyncSession]
    sql: asyncpg.Connection
    village: str  # region codes
    neighbour: str
    far_village: str
    officer: Actor

    async def do(self, actor: Actor, action: Callable[..., Awaitable[T]], **arguments: Any) -> T:
        """One action in one transaction, as a mutation carries it out; days as a client writes them."""
        arguments = {name: str(value) if isinstance(value, date) else value for name, value in arguments.items()}
        return await carry_out(
            self.sessions,
            lambda db: action(db, actor, **arguments),
            set_viewer=SET_VIEWER,
            viewer=viewer_settings(actor.viewer),
        )

    async def helper(
        self,
        region_code: str | None = None,
        *,
        party: bool = False,
        ended: date | None = None,
        kind: str = "CADRE",
    ) -> uuid.UUID:
        found: uuid.UUID = await self.sql.fetchval(
            "INSERT INTO helper (id, name, kind, region_code, is_party_member, started_on, ended_on)"
            " VALUES (gen_random_uuid(), '林国强', $4, $1, $2, '2020-01-01', $3) RETURNING id",
            region_code or self.village,
            party,
            ended,
            kind,
        )
        return found

    async def organisation(self, *, ended: date | None = None) -> uuid.UUID:
        found: uuid.UUID = await self.sql.fetchval(
            "INSERT INTO organisation (id, name, kind, region_code, started_on, ended_on)"
            " VALUES (gen_random_uuid(), '福建省某商会', 'SOCIAL_ORGANISATION', '35', '2018-01-01', $1) RETURNING id",
            ended,
        )
        return found

    async def family(self, region_code: str | None = None, *, ended: date | None = None) -> tuple[uuid.UUID, uuid.UUID]:
        """A household and one student of it, who lives with her grandmother."""
        async with self.sql.transaction():
            household = await self.sql.fetchval(
                "INSERT INTO household (id, code, region_code, category, registered_on, ended_on, end_reason, created_at,"
                " updated_at) VALUES (gen_random_uuid(), gen_random_uuid(), $1, 'GENERAL', '2014-05-01', $2,"
                " CASE WHEN $2::date IS NOT NULL THEN 'MERGED' END, now(), now()) RETURNING id",
                region_code or self.village,
                ended,
            )
            await self.sql.execute(
                "INSERT INTO person (id, household_id, region_code, name, is_head, relation_to_head, sex, ethnicity,"
                " born_on, education, school_status, labour, joined_on) SELECT gen_random_uuid(), $1, $2, name, is_head,"
                " relation, '2', '01', born_on, education, school, 'NONE', '2014-05-01' FROM (VALUES"
                " ('陈阿婆', true, 'SELF', date '1950-02-03', 'PRIMARY', NULL),"
                " ('陈小妹', false, 'GRANDCHILD', date '2012-01-01', NULL, 'JUNIOR_SECONDARY'))"
                " AS member (name, is_head, relation, born_on, education, school)",
                household,
                region_code or self.village,
            )
            student = await self.sql.fetchval(
                "SELECT id FROM person WHERE household_id = $1 AND NOT is_head", household
            )
        return household, student

    async def household(self, region_code: str | None = None, *, ended: date | None = None) -> uuid.UUID:
        return (await self.family(region_code, ended=ended))[0]

    async def village_id(self, region_code: str | None = None) -> uuid.UUID:
        found: uuid.UUID = await self.sql.fetchval(
            "SELECT id FROM village WHERE region_code = $1", region_code or self.village
        )
        return found

    async def pairing(self, id: uuid.UUID) -> asyncpg.Record:
        return await self.sql.fetchrow("SELECT * FROM pairing WHERE id = $1", id)

    async def list_of(self, party: uuid.UUID) -> set[uuid.UUID]:
        """The households on a helper's or organisation's list."""
        rows = await self.sql.fetch("SELECT household_id FROM household_access WHERE party_id = $1", party)
        return {row["household_id"] for row in rows}

    async def feed_since(self, seq: int) -> list[tuple[str, uuid.UUID, str, uuid.UUID | None]]:
        """What the change feed says after `seq`: kind, id, op, party."""
        rows = await self.sql.fetch("SELECT kind, id, op, party_id FROM change WHERE seq > $1 ORDER BY seq", seq)
        return [tuple(row) for row in rows]

    async def feed_position(self) -> int:
        position: int = await self.sql.fetchval("SELECT coalesce(max(seq), 0) FROM change")
        return position


def at(actor: Actor, moment: datetime) -> Actor:
    """The same actor at another time."""
    return replace(actor, at=moment)


async def problems_of(action: Any) -> Problems:
    """What an action was refused for: codes, and the fields they are about."""
    with pytest.raises(DomainError) as refusal:
        await action
    return [(problem.code, ".".join(problem.path)) for problem in refusal.value.problems]


async def assigned(town: Town, **sides: Any) -> uuid.UUID:
    """A pairing that stands, since last year unless said otherwise."""
    pairing_id = uuid.uuid4()
    await town.do(
        town.officer, assign_pairing, **{"id": pairing_id, "role": "KEY_HELP", "started_on": LAST_YEAR, **sides}
    )
    return pairing_id
