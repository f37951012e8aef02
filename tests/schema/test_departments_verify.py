"""A department's own staff settle a clue of their own list: under both walls, without learning which family it is."""

from __future__ import annotations

import uuid
from typing import Any

import asyncpg
import pytest

from domain.demo.personas import account_id
from tests.listing import a_number, delivered, operation
from tests.reporting import a_name, clues
from tests.schema.families_asked import act, codes, new_family, person
from tests.visiting import a_visit, ago, submit
from tests.world import World

VERIFY = """mutation ($input: VerifyClueInput!) { verifyClue(input: $input) {
  clue { id state } errors { code path } } }"""
ROWS = """query ($id: ID!) { departmentListRows(filter: { listId: $id }, first: 500) { nodes {
  number outcome clue { clueId beganOn dueOn visitIds region { code } } } } }"""


async def helper(world: World, organisation_of: str | None) -> str:
    """A person of a persona's organisation, or of none, who can come along."""
    id = uuid.uuid4()
    await world.sql.execute(
        "INSERT INTO helper (id, name, kind, region_code, organisation_id, is_party_member, started_on) SELECT $1, '医保 员',"
        " 'CADRE', '350125', (SELECT organisation_id FROM account WHERE persona = $2), false, '2020-01-01'",
        id,
        organisation_of,
    )
    return str(id)


async def listed(world: World, id: str, persona: str = "department") -> Any:
    (row,) = (await world.ask(persona, ROWS, {"id": id}))["departmentListRows"]["nodes"]
    return row["clue"]


@pytest.fixture
async def delivery(world: World) -> tuple[str, str, str]:
    """(list, family, clue) of a bill that matched."""
    number = a_number()
    home = await new_family(world, person(a_name(), idNumber=number))
    list_id = await delivered(world, [{"idNumber": number, "amount": "10300.00"}])
    [clue] = await clues(world, home)
    return list_id, home, clue["id"]


async def called(world: World, home: str, *companions: str, **changed: Any) -> str:
    """The id of a call by the village's officer, a quarter of an hour ago, with these people."""
    visit = await a_visit(world, home, occurredAt=ago(minutes=5), capturedAt=ago(minutes=4), **changed)
    visit["companionIds"] = list(companions)
    (result,) = (await submit(world, "village_officer", [visit]))["results"]
    assert result["outcome"] == "APPLIED", result
    id: str = visit["id"]
    return id


async def verify(world: World, clue: str, visit: str, persona: str = "department", **changed: Any) -> Any:
    given = {"operationId": operation(), "clueId": clue, "visitId": visit, "outcome": "CONFIRMED"} | changed
    return await act(world, persona, VERIFY, **given)


async def test_staff_who_were_at_the_door_settle_it_and_see_nothing_after(
    world: World, delivery: tuple[str, str, str]
) -> None:
    list_id, home, clue = delivery
    told = await listed(world, list_id)
    assert (told["clueId"], told["visitIds"], told["region"]) == (clue, [], {"code": "350125201205"})
    visit = await called(world, home, await helper(world, "department"))
    assert (await listed(world, list_id))["visitIds"] == [visit]
    assert (await world.ask("department", f'{{ clue(id: "{clue}") {{ id }} household(id: "{home}") {{ id }} }}')) == {
        "clue": None,
        "household": None,
    }
    same = operation()
    payload = await verify(world, clue, visit, operationId=same)
    assert payload == {"clue": None, "errors": []}
    assert await verify(world, clue, visit, operationId=same) == payload, "sent twice it is done once"

    row = await world.sql.fetchrow("SELECT state, settled_by_id, visit_id FROM clue WHERE id = $1", uuid.UUID(clue))
    assert tuple(row) == ("VERIFIED", account_id("department"), uuid.UUID(visit))
    entry = await world.sql.fetchrow(
        "SELECT * FROM audit_entry WHERE action = 'verify_clue' AND subject_id = $1", uuid.UUID(clue)
    )
    assert (entry["actor_id"], entry["actor_roles"]) == (account_id("department"), ["DEPARTMENT"])
    assert entry["changes"] is not None, "what changed of the family is sealed for its officers"
    assert await listed(world, list_id) is None
    assert codes(await verify(world, clue, visit)) == {("NOT_FOUND", "input.clueId")}, (
        "settled: it knows of none any more"
    )
    officers = (await world.ask("county_officer", f'{{ clue(id: "{clue}") {{ state settledBy {{ kind }} }} }}'))["clue"]
    assert officers == {"state": "VERIFIED", "settledBy": {"kind": "DEPARTMENT"}}


async def test_what_a_call_at_the_door_must_be_holds_for_departments_too(
    world: World, delivery: tuple[str, str, str]
) -> None:
    _, home, clue = delivery
    ours, other = await helper(world, "department"), await helper(world, None)
    without_us = await called(world, home, other)
    assert codes(await verify(world, clue, without_us)) == {("DEPARTMENT_NOT_AT_THE_DOOR", "input.visitId")}
    nobody_home = await called(world, home, ours, contact="NOBODY_HOME", answers={})
    assert codes(await verify(world, clue, nobody_home)) == {("NOT_A_DOOR_VISIT", "input.visitId")}
    elsewhere = await called(world, await new_family(world, person(a_name())), ours)
    assert codes(await verify(world, clue, elsewhere)) == {("VISIT_OF_ANOTHER_HOUSEHOLD", "input.visitId")}
    assert codes(await verify(world, clue, str(uuid.uuid4()))) == {("NOT_FOUND", "input.visitId")}
    visit = await called(world, home, ours)
    wrong = await verify(world, clue, visit, outcome="NOT_CONFIRMED")
    assert codes(wrong) == {("REASON_NEEDED", "input.reason")}
    assert (await verify(world, clue, visit, outcome="NOT_CONFIRMED", reason="已报销"))["errors"] == []
    assert await world.sql.fetchval("SELECT state FROM clue WHERE id = $1", uuid.UUID(clue)) == "DISMISSED"


async def test_no_other_department_and_no_other_clue(world: World, delivery: tuple[str, str, str]) -> None:
    list_id, home, clue = delivery
    visit = await called(world, home, await helper(world, "department"), await helper(world, "partner"))
    refused = {("NOT_FOUND", "input.clueId")}
    stranger = account_id("partner")  # made another department's account for this test
    grant = await world.sql.fetchrow("SELECT * FROM access_grant WHERE account_id = $1", stranger)
    await world.sql.execute(
        "UPDATE access_grant SET role = 'DEPARTMENT', region_code = '350125' WHERE account_id = $1", stranger
    )
    await world.sql.execute("UPDATE account SET kind = 'DEPARTMENT' WHERE id = $1", stranger)
    try:
        async with World.on(str(world.settings.database_url)) as fresh:  # nobody is remembered as a partner
            assert codes(await verify(fresh, clue, visit, "partner")) == refused
            assert (await fresh.ask("partner", ROWS, {"id": list_id}))["departmentListRows"]["nodes"] == []
    finally:
        await world.sql.execute("UPDATE account SET kind = 'PARTNER' WHERE id = $1", stranger)
        await world.sql.execute(
            "UPDATE access_grant SET role = 'PARTNER', region_code = $2 WHERE account_id = $1",
            stranger,
            grant["region_code"],
        )
    somebody_elses = await new_family(world, person(a_name(), idNumber=a_number()))
    await world.sql.execute(
        "INSERT INTO clue (id, household_id, region_code, sign, period, state, received_at, began_on, due_on)"
        " SELECT gen_random_uuid(), id, region_code, 'OTHER', '2026-11', 'NEW', now(), current_date - 1, current_date + 6"
        " FROM household WHERE id = $1",
        uuid.UUID(somebody_elses),
    )
    [nobodys] = await clues(world, somebody_elses)
    assert codes(await verify(world, nobodys["id"], visit)) == refused, "no list of theirs gave it"
    for persona in ("auditor", "hotline_operator", "partner", "other_county_officer"):
        assert codes(await verify(world, clue, visit, persona)) == refused, persona
    assert await listed(world, list_id), "nothing has happened"


async def test_the_second_wall_answers_only_the_department_whose_row_it_is(
    world: World, delivery: tuple[str, str, str]
) -> None:
    """Raw SQL as the program's role, with the settings of one viewer and another."""
    list_id, _, clue = delivery
    row = await world.sql.fetchval("SELECT id FROM department_list_row WHERE list_id = $1", uuid.UUID(list_id))
    ours = await world.sql.fetchrow("SELECT id, organisation_id FROM account WHERE persona = 'department'")
    partner = await world.sql.fetchrow("SELECT id, organisation_id FROM account WHERE persona = 'partner'")
    app = await asyncpg.connect(str(world.settings.database_url), server_settings={"role": "ruhu_app"})

    async def told(viewer_id: Any, organisation_id: Any) -> tuple[int, Any, int]:
        async with app.transaction():
            for name, value in (("viewer_id", viewer_id), ("organisation_id", organisation_id)):
                await app.execute("SELECT set_config($1, $2, true)", f"ruhu.{name}", str(value or ""))
            return (
                len(await app.fetch("SELECT * FROM ruhu_listed_clue($1)", row)),
                await app.fetchval("SELECT ruhu_village_of_listed_clue($1)", uuid.UUID(clue)),
                await app.fetchval("SELECT count(*) FROM clue WHERE id = $1", uuid.UUID(clue)),
            )

    assert await told(ours["id"], ours["organisation_id"]) == (1, "350125201205", 0)
    # Another's organisation, said by whoever is not of it; another department; nobody.
    for viewer in ((partner["id"], ours["organisation_id"]), (partner["id"], partner["organisation_id"]), (None, None)):
        assert await told(*viewer) == (0, None, 0)
    await world.sql.execute("UPDATE access_grant SET region_code = '350124' WHERE account_id = $1", ours["id"])
    assert await told(ours["id"], ours["organisation_id"]) == (0, None, 0), "its grant is over another county"
    await world.sql.execute("UPDATE access_grant SET region_code = '350125' WHERE account_id = $1", ours["id"])
    await app.close()
