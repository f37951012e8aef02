"""Who sees which pairings, by both walls, and what a helper's load is."""

from __future__ import annotations

import uuid
from typing import Any

import asyncpg
from sqlalchemy import Select, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access.queries import SET_VIEWER, viewer_parameters, viewer_settings
from domain.access.rules import Actor, GrantRole
from domain.helpers.models import Helper, Organisation
from domain.pairings.actions import assign_pairing, end_pairing
from domain.pairings.models import Pairing
from domain.pairings.queries import open_pairings, sees_pairing
from tests.domain.pairings.town import ELSEWHERE, TODAY, TOWNSHIP, Town, officer

VISIBLE = select(Pairing.id).where(sees_pairing())


async def rows(connection: AsyncConnection, actor: Actor, statement: Select[*tuple[Any, ...]]) -> list[Any]:
    found = await connection.execute(statement, viewer_parameters(actor.viewer))
    return list(found.scalars())


async def seen_by(town: Town, actor: Actor, among: set[uuid.UUID]) -> set[uuid.UUID]:
    """What the first wall shows to a role beyond the second; that one wall alone must show the same to the app's role."""
    async with town.engine.connect() as connection:
        await connection.execute(text("SET LOCAL ROLE ruhu_machine"))
        first = set(await rows(connection, actor, VISIBLE)) & among
        await connection.execute(text("SET LOCAL ROLE ruhu_app"))
        await connection.execute(SET_VIEWER, viewer_settings(actor.viewer))
        second = set(await rows(connection, actor, select(Pairing.id))) & among
    assert first == second
    return first


async def test_a_pairing_is_seen_in_the_region_by_its_two_sides_and_by_who_helps_the_same_family(town: Town) -> None:
    cadre, teacher, partner, stranger = (
        await town.helper(),
        await town.helper(),
        await town.organisation(),
        uuid.uuid4(),
    )
    family, other = await town.household(), await town.household(town.neighbour)
    pairings = {name: uuid.uuid4() for name in ("cadre", "teacher", "village", "other")}
    for name, sides in {
        "cadre": {"helper_id": cadre, "household_id": family},
        "teacher": {"helper_id": teacher, "household_id": family},
        "village": {"organisation_id": partner, "village_id": await town.village_id()},
        "other": {"helper_id": teacher, "household_id": other},
    }.items():
        asked = {"id": pairings[name], "role": "SPONSORSHIP", "started_on": TODAY, **sides}
        await town.do(town.officer, assign_pairing, **asked)

    everything = set(pairings.values())

    async def names(actor: Actor) -> set[str]:
        seen = await seen_by(town, actor, everything)
        return {name for name, pairing in pairings.items() if pairing in seen}

    assert await names(town.officer) == set(pairings)
    assert await names(officer(GrantRole.PROVINCE_OFFICER, "35")) == set(pairings)
    assert await names(officer(GrantRole.VILLAGE_OFFICER, town.village)) == {"cadre", "teacher", "village"}
    assert await names(officer(GrantRole.TOWNSHIP_OFFICER, ELSEWHERE)) == set()
    assert await names(officer(GrantRole.HELPER, TOWNSHIP, helper_id=cadre)) == {"cadre", "teacher"}
    assert await names(officer(GrantRole.HELPER, TOWNSHIP, helper_id=teacher)) == {"cadre", "teacher", "other"}
    assert await names(officer(GrantRole.PARTNER, TOWNSHIP, organisation_id=partner)) == {"village"}
    assert await names(officer(GrantRole.HELPER, TOWNSHIP, helper_id=stranger)) == set()

    asked = {"pairing_id": pairings["teacher"], "ended_on": TODAY, "reason": "OTHER"}
    await town.do(town.officer, end_pairing, operation_id=uuid.uuid4(), **asked)
    teacher_sees = await names(officer(GrantRole.HELPER, TOWNSHIP, helper_id=teacher))
    assert teacher_sees == {"teacher", "other"}, "one's own history stays, the family's other pairings do not"


async def test_the_load_counts_open_pairings_within_the_scope(town: Town) -> None:
    cadre, partner = await town.helper(), await town.organisation()
    ended = uuid.uuid4()
    for pairing, sides in (
        (ended, {"helper_id": cadre, "household_id": await town.household()}),
        (uuid.uuid4(), {"helper_id": cadre, "household_id": await town.household()}),
        (uuid.uuid4(), {"helper_id": cadre, "household_id": await town.household(town.neighbour)}),
        (uuid.uuid4(), {"organisation_id": partner, "village_id": await town.village_id()}),
    ):
        await town.do(town.officer, assign_pairing, id=pairing, role="SPONSORSHIP", started_on=TODAY, **sides)
    asked = {"pairing_id": ended, "ended_on": TODAY, "reason": "OTHER"}
    await town.do(town.officer, end_pairing, operation_id=uuid.uuid4(), **asked)

    of_helper = select(open_pairings(Pairing.helper_id, Helper.id)).where(Helper.id == cadre)
    of_partner = select(open_pairings(Pairing.organisation_id, Organisation.id)).where(Organisation.id == partner)
    async with town.engine.connect() as connection:
        await connection.execute(text("SET LOCAL ROLE ruhu_machine"))
        assert await rows(connection, town.officer, of_helper) == [2]
        assert await rows(connection, town.officer, of_partner) == [1]
        assert await rows(connection, officer(GrantRole.VILLAGE_OFFICER, town.village), of_helper) == [1]
        assert await rows(connection, officer(GrantRole.TOWNSHIP_OFFICER, ELSEWHERE), of_helper) == [0]


async def test_the_demos_lists_are_its_open_pairings(database: asyncpg.Connection) -> None:
    """Loaded by COPY and not by the actions, the demo must come out as if officers had assigned every pairing."""
    differing = await database.fetch(
        """
        WITH open AS (
          SELECT p.id, p.helping_id, coalesce(p.household_id, person.household_id) AS household_id, p.region_code
          FROM pairing p LEFT JOIN person ON person.id = p.person_id
          WHERE p.ended_on IS NULL AND p.village_id IS NULL),
        listed AS (SELECT pairing_id, party_id, household_id, region_code FROM household_access)
        (TABLE open EXCEPT TABLE listed) UNION ALL (TABLE listed EXCEPT TABLE open)
        """
    )
    assert differing == []
    assert await database.fetchval("SELECT count(*) FROM household_access") > 100
