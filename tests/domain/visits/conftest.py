"""A hamlet of our own beside the demo's: two cadres with their families, and the officers above them."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from api.database import sqlalchemy_url
from domain.access.queries import SET_VIEWER, viewer_settings
from domain.access.rules import Actor, GrantFacts, GrantRole, Viewer, ViewerKind, hull, spans
from domain.base.models import namespace_id
from domain.base.transactions import carry_out, sessions_on
from domain.visits.actions import Judged, submit_visits
from domain.visits.amending import amend_visit
from domain.visits.loading import load_forms
from tests import databases

_numbers = itertools.count()

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)  # four in the afternoon, in China
TOWNSHIP, VILLAGE, FAR_VILLAGE = "350125201", "350125201205", "341503104208"
DWELLING = (118.85, 25.80)  # WGS-84
FORM = str(namespace_id("survey form RU_HU"))

ANSWERS = {
    "adultsMet": 2,
    "hasTelevision": True,
    "hasFan": True,
    "hasWeatherproofDoorsAndWindows": True,
    "isYardClean": False,
    "areRoomsClean": True,
    "isPersonClean": True,
    "hasEnoughFood": True,
    "hasEnoughClothing": True,
    "compulsoryEducation": "ALL_IN_SCHOOL",
    "hasBasicMedicalCare": True,
    "isHousingSafe": True,
    "drinkingWater": "SAFE",
    "needs": ["EMPLOYMENT"],
}


def new_id() -> str:
    return str(uuid.uuid4())


def text(instant: datetime) -> str:
    return instant.isoformat()


def a_visit(household: uuid.UUID | str, **changed: Any) -> dict[str, Any]:
    """A visit an hour ago at the door of DWELLING, as a phone sends it."""
    visit = {
        "id": new_id(),
        "householdId": str(household),
        "purpose": "MONTHLY",
        "contact": "IN_PERSON",
        "occurredAt": text(NOW - timedelta(hours=1)),
        "capturedAt": text(NOW - timedelta(minutes=50)),
        "location": {"longitude": DWELLING[0], "latitude": DWELLING[1], "datum": "WGS84", "accuracyMetres": 8.0},
        "formId": FORM,
        "formVersion": 1,
        "answers": dict(ANSWERS),
    }
    return visit | changed


@dataclass
class Hamlet:
    """A database with real commits. `li` and `chen` are cadres with two families each; `sql` is a superuser's."""

    sessions: async_sessionmaker[AsyncSession]
    sql: asyncpg.Connection
    li: Actor
    chen: Actor
    officer: Actor
    far_officer: Actor
    homes_of_li: list[uuid.UUID]
    homes_of_chen: list[uuid.UUID]
    far_home: uuid.UUID

    async def submit(self, actor: Actor, *items: Mapping[str, Any], sent_at: datetime | None = None) -> list[Judged]:
        """One batch in one transaction, as the mutation carries it out; sent on the actor's own time."""
        return await carry_out(
            self.sessions,
            lambda db: submit_visits(db, actor, items=items, sent_at=text(sent_at or actor.at)),
            set_viewer=SET_VIEWER,
            viewer=viewer_settings(actor.viewer),
        )

    async def amend(
        self,
        actor: Actor,
        old: str,
        document: Mapping[str, Any],
        reason: str = "看错了门牌",
        sent_at: str | None = None,
    ) -> uuid.UUID:
        sent = sent_at or text(actor.at)
        return await carry_out(
            self.sessions,
            lambda db: amend_visit(db, actor, visit_id=old, reason=reason, document=document, sent_at=sent),
            set_viewer=SET_VIEWER,
            viewer=viewer_settings(actor.viewer),
        )

    async def visit(self, id: str | uuid.UUID) -> asyncpg.Record | None:
        return await self.sql.fetchrow(
            "SELECT *, ST_X(location) AS x, ST_Y(location) AS y FROM visit WHERE id = $1", id
        )

    async def submission(self, id: str | uuid.UUID) -> asyncpg.Record | None:
        return await self.sql.fetchrow("SELECT * FROM submission WHERE id = $1", id)

    async def notes(self, id: str | uuid.UUID) -> list[str]:
        """The credibility codes of a visit."""
        codes: list[str] = await self.sql.fetchval(
            "SELECT array(SELECT jsonb_array_elements(credibility) ->> 'code') FROM visit WHERE id = $1", id
        )
        return codes

    async def home(
        self, village: str = VILLAGE, dwelling: tuple[float, float] | None = DWELLING, id: str | None = None
    ) -> uuid.UUID:
        """A family with its head."""
        async with self.sql.transaction():
            home: uuid.UUID = await self.sql.fetchval(
                "INSERT INTO household (id, code, region_code, category, registered_on, created_at, updated_at,"
                " location, sent_longitude, sent_latitude, sent_datum) SELECT $4, gen_random_uuid(), $1,"
                " 'LIFTED', '2014-05-01', now(), now(), ST_SetSRID(ST_MakePoint($2, $3), 4326), $2, $3,"
                " CASE WHEN $2::float8 IS NOT NULL THEN 'WGS84' END RETURNING id",
                village,
                *(dwelling or (None, None)),
                id or new_id(),
            )
            await self.sql.execute(
                "INSERT INTO person (id, household_id, region_code, name, is_head, relation_to_head, sex, ethnicity,"
                " born_on, education, labour, joined_on) VALUES (gen_random_uuid(), $1, $2, '陈阿婆', true, 'SELF', '2',"
                " '01', '1950-02-03', 'PRIMARY', 'NONE', '2014-05-01')",
                home,
                village,
            )
        return home

    async def head_of(self, home: uuid.UUID) -> uuid.UUID:
        person: uuid.UUID = await self.sql.fetchval("SELECT id FROM person WHERE household_id = $1 AND is_head", home)
        return person

    async def pair(self, helper: uuid.UUID | None, home: uuid.UUID, since: date = date(2026, 1, 1)) -> uuid.UUID:
        """A pairing that is open, and so on the helper's list."""
        pairing: uuid.UUID = await self.sql.fetchval(
            "INSERT INTO pairing (id, role, region_code, helper_id, household_id, started_on, created_at)"
            " SELECT gen_random_uuid(), 'KEY_HELP', region_code, $1, id, $3, now() FROM household WHERE id = $2"
            " RETURNING id",
            helper,
            home,
            since,
        )
        await self.sql.execute(
            "INSERT INTO household_access SELECT id, helper_id, household_id, region_code FROM pairing WHERE id = $1",
            pairing,
        )
        return pairing

    async def end(self, pairing: uuid.UUID, on: date) -> None:
        """The pairing ends, and the family leaves the helper's list."""
        await self.sql.execute(
            "UPDATE pairing SET ended_on = $2, end_reason = 'HANDED_OVER' WHERE id = $1", pairing, on
        )
        await self.sql.execute("DELETE FROM household_access WHERE pairing_id = $1", pairing)

    async def cadre(self, name: str) -> Actor:
        """A helper with an account that signs in at NOW."""
        helper = await self.sql.fetchval(
            "INSERT INTO helper (id, name, kind, region_code, is_party_member, started_on)"
            " VALUES (gen_random_uuid(), $1, 'CADRE', $2, false, '2020-01-01') RETURNING id",
            name,
            TOWNSHIP,
        )
        return await self.account(name, GrantRole.HELPER, helper_id=helper)

    async def account(
        self, name: str, role: GrantRole, region: str | None = None, helper_id: uuid.UUID | None = None
    ) -> Actor:
        id = await self.sql.fetchval(
            "INSERT INTO account (id, name, kind, helper_id, created_at)"
            " VALUES (gen_random_uuid(), $1, $2, $3, now()) RETURNING id",
            name,
            ViewerKind.HELPER if helper_id else ViewerKind.OFFICER,
            helper_id,
        )
        await self.sql.execute(
            "INSERT INTO access_grant (id, account_id, role, region_code, starts_on)"
            " VALUES (gen_random_uuid(), $1, $2, $3, '2018-01-01')",
            id,
            role,
            region,
        )
        region_from, region_to = hull(spans([GrantFacts(role, region)]))
        viewer = Viewer(id, name, None, "zh", region_from, region_to, None, helper_id, roles=frozenset({role}))
        return Actor(viewer, NOW)


def later(actor: Actor, **by: float) -> Actor:
    """The same actor some time later."""
    return replace(actor, at=actor.at + timedelta(**by))


async def at_once(*calls: Any) -> list[Any]:
    return list(await asyncio.gather(*calls))


@pytest.fixture(scope="module")
async def hamlet(template: str) -> AsyncIterator[Hamlet]:
    name = f"ruhu_visits_{next(_numbers)}"
    url = await databases.fresh_database(name, template)
    engine = create_async_engine(
        sqlalchemy_url(url), pool_size=20, connect_args={"server_settings": {"role": "ruhu_app"}}
    )
    sql = await asyncpg.connect(url)
    await load_forms(sql)
    nobody: Any = None
    hamlet = Hamlet(sessions_on(engine, await databases.ring(sql)), sql, nobody, nobody, nobody, nobody, [], [], nobody)
    hamlet.li = await hamlet.cadre("李阿姨")
    hamlet.chen = await hamlet.cadre("陈师傅")
    hamlet.officer = await hamlet.account("乡干部", GrantRole.TOWNSHIP_OFFICER, TOWNSHIP)
    hamlet.far_officer = await hamlet.account("区干部", GrantRole.COUNTY_OFFICER, "341503")
    for actor, homes in ((hamlet.li, hamlet.homes_of_li), (hamlet.chen, hamlet.homes_of_chen)):
        for _ in range(2):
            homes.append(await hamlet.home())
            await hamlet.pair(actor.viewer.helper_id, homes[-1])
    hamlet.far_home = await hamlet.home(FAR_VILLAGE)
    yield hamlet
    await sql.close()
    await engine.dispose()
    await databases.drop_database(name)
