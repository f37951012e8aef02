"""One person's data erased at their wish; and what changed of a family, read by the officers who answer for it."""

from __future__ import annotations

import uuid
from typing import Any

import asyncpg
import pytest

from tests.world import World

ERASE = """mutation($input: ErasePersonInput!) { erasePerson(input: $input) { isErased errors { code path } } }"""
CHANGE = """mutation($input: ChangeMembersInput!) { changeMembers(input: $input) { errors { code path } } }"""
EDIT = """mutation($input: EditHouseholdInput!) { editHousehold(input: $input) { errors { code } } }"""
LOG = """query($id: ID!) { household(id: $id) { changeLog { nodes { actorName actorRoles action changes } } } }"""
FAMILIES = "{ households(first: 20) { nodes { id address members { id name isHead } } } }"
PULL = "query%s { pullHouseholds(%s) { documents { id } checkpoint { cursor } } }"
REASON = "本人书面申请"


async def a_family(world: World, persona: str = "cadre") -> tuple[str, str, str]:
    """A household, its address, and one of its members who is not the head."""
    nodes = (await world.ask(persona, FAMILIES))["households"]["nodes"]
    for family in nodes:
        for member in family["members"]:
            if not member["isHead"]:
                return family["id"], family["address"], member["id"]
    raise AssertionError("nobody lives with somebody")


async def erase(world: World, persona: str, person: str, **given: Any) -> Any:
    usual = {"operationId": str(uuid.uuid4()), "personId": person, "reason": REASON}
    return (await world.ask(persona, ERASE, {"input": {**usual, **given}}))["erasePerson"]


def codes(answer: Any) -> list[str]:
    return [error["code"] for error in answer["errors"]]


async def edit_phone(world: World, family: str, person: str, value: str) -> None:
    member = {"personId": person, "phone": {"base": None, "value": value}}
    await world.sql.execute(
        "UPDATE person SET phone_sealed = NULL, phone_masked = NULL WHERE id = $1", uuid.UUID(person)
    )
    given = {"operationId": str(uuid.uuid4()), "householdId": family, "members": [member]}
    assert (await world.ask("cadre", EDIT, {"input": given}))["editHousehold"]["errors"] == []


async def let_go(world: World, family: str, person: str) -> None:
    leaving = [{"personId": person, "reason": "LEFT", "on": "2026-11-01"}]
    given = {"operationId": str(uuid.uuid4()), "householdId": family, "leaving": leaving}
    answer = (await world.ask("township_officer", CHANGE, {"input": given}))["changeMembers"]
    assert answer["errors"] == []


async def log_of(world: World, persona: str, family: str) -> Any:
    return (await world.ask(persona, LOG, {"id": family}))["household"]["changeLog"]["nodes"]


async def test_officers_read_what_changed_from_what_to_what_and_it_is_a_look(world: World) -> None:
    family, address, person = await a_family(world)
    given = {
        "operationId": str(uuid.uuid4()),
        "householdId": family,
        "address": {"base": address, "value": "陈家坳 9 号"},
    }
    assert (await world.ask("cadre", EDIT, {"input": given}))["editHousehold"]["errors"] == []
    await edit_phone(world, family, person, "13912345678")
    for officer in ("township_officer", "county_officer"):
        phone, moved, *_ = await log_of(world, officer, family)
        assert (moved["actorName"], moved["actorRoles"], moved["action"]) == ("李桂芳", ["HELPER"], "edit_household")
        told = {"field": "address", "before": address, "after": "陈家坳 9 号"}
        assert moved["changes"] == [{"personId": None, "isErased": False, "fields": [told]}]
        told = {"field": "phone", "before": None, "after": "13912345678"}
        assert phone["changes"] == [{"personId": person, "isErased": False, "fields": [told]}]
    entry = await world.sql.fetchrow("SELECT * FROM audit_entry WHERE action = 'look' ORDER BY id DESC LIMIT 1")
    assert (entry["seen"], "CHANGES" in entry["detail"]) == ([uuid.UUID(family)], True)


@pytest.mark.parametrize("persona", ["cadre", "partner", "integrator"])
async def test_who_does_not_answer_for_the_family_reads_no_change(world: World, persona: str) -> None:
    family, _, person = await a_family(world)
    await edit_phone(world, family, person, "13900000009")
    found = (await world.ask(persona, LOG, {"id": family}))["household"]
    assert found is None or found["changeLog"]["nodes"] == []


async def test_the_second_wall_gives_nobody_else_the_changes(world: World) -> None:
    family, _, person = await a_family(world)
    await edit_phone(world, family, person, "13900000008")
    connection = await asyncpg.connect(str(world.settings.database_url), server_settings={"role": "ruhu_app"})
    asked = "SELECT count(*) FROM ruhu_change_log($1, '-infinity', 'infinity')"
    assert await connection.fetchval(asked, uuid.UUID(family)) == 0
    await connection.close()


async def test_who_is_in_a_family_or_elsewhere_is_not_erased_and_not_by_everybody(world: World) -> None:
    _, _, person = await a_family(world)
    answer = await erase(world, "county_officer", person)
    assert (answer["isErased"], codes(answer)) == (False, ["STILL_IN_A_FAMILY"])
    assert codes(await erase(world, "county_officer", person, reason=" ")) == ["REASON_NEEDED"]
    assert codes(await erase(world, "other_county_officer", person)) == ["NOT_FOUND"]
    for persona in ("cadre", "village_officer", "township_officer"):
        assert codes(await erase(world, persona, person)) in (["FORBIDDEN_ROLE"], ["NOT_FOUND"]), persona
    for persona in ("partner", "auditor", "administrator"):
        assert codes(await erase(world, persona, person)) in (["FORBIDDEN_ROLE"], ["NOT_FOUND"]), persona
    connection = await asyncpg.connect(str(world.settings.database_url), server_settings={"role": "ruhu_app"})
    assert await connection.fetchval("SELECT ruhu_erase_person($1)", uuid.UUID(person)) is False, "wall 2"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("SELECT ruhu_empty_person($1, now())", uuid.UUID(person))
    await connection.close()


async def test_of_an_erased_person_nothing_tells_who_it_was_and_the_spells_stay(world: World) -> None:
    family, _, person = await a_family(world)
    key = uuid.UUID(person)
    await edit_phone(world, family, person, "13955555555")
    await let_go(world, family, person)
    was = await world.sql.fetchrow("SELECT * FROM person WHERE id = $1", key)
    spells = await world.sql.fetchval("SELECT count(*) FROM membership WHERE person_id = $1", key)
    revision = await world.sql.fetchval("SELECT revision FROM household WHERE id = $1", uuid.UUID(family))
    at = (await world.ask("cadre", PULL % ("", "limit: 500")))["pullHouseholds"]["checkpoint"]["cursor"]

    operation = str(uuid.uuid4())
    for _ in range(2):
        answer = await erase(world, "county_officer", person, operationId=operation)
        assert (answer["isErased"], answer["errors"]) == (True, [])
    assert (await erase(world, "county_officer", person))["isErased"], "who is erased stays so"
    entries = await world.sql.fetch("SELECT * FROM audit_entry WHERE action = 'erase_person' AND subject_id = $1", key)
    assert [entry["purpose"] for entry in entries] == [REASON], "one entry"

    now = await world.sql.fetchrow("SELECT * FROM person WHERE id = $1", key)
    emptied = ("id_number_sealed", "id_number_masked", "id_number_index", "phone_sealed", "phone_masked")
    assert (now["name"], now["health"], {now[name] for name in emptied}) == ("***", [], {None})
    assert (now["born_on"].year, f"{now['born_on']:%m-%d}") == (was["born_on"].year, "01-01")
    assert await world.sql.fetchval("SELECT count(*) FROM membership WHERE person_id = $1", key) == spells > 0
    assert await world.sql.fetchval("SELECT revision FROM household WHERE id = $1", uuid.UUID(family)) == revision + 1
    told = (await world.ask("cadre", PULL % ("($c: String!)", "checkpoint: {cursor: $c}, limit: 500"), {"c": at}))[
        "pullHouseholds"
    ]["documents"]
    assert [one["id"] for one in told] == [family], "phones fetch the family anew"
    assert await world.sql.fetchval("SELECT wrapped IS NULL FROM trace_key WHERE id = $1", key)

    log = await log_of(world, "county_officer", family)
    theirs = [one for entry in log for one in entry["changes"] if one["personId"] == person]
    assert len(theirs) >= 2, "the phone and the leaving: that something changed stays"
    assert all(one == {"personId": person, "isErased": True, "fields": []} for one in theirs)
    assert "13955555555" not in str(log)


async def test_who_was_erased_does_not_come_back(world: World) -> None:
    family, _, person = await a_family(world)
    await let_go(world, family, person)
    assert (await erase(world, "county_officer", person))["isErased"]
    joining = [{"personId": person, "reason": "RETURNED", "on": "2026-11-10", "relationToHead": "SON"}]
    given = {"operationId": str(uuid.uuid4()), "householdId": family, "joining": joining}
    answer = (await world.ask("township_officer", CHANGE, {"input": given}))["changeMembers"]
    assert codes(answer) == ["NOT_FOUND"]
