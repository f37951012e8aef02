"""Lists of departments over HTTP: what becomes of each row, who sees it, and what is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.listing import COUNTY, LIST, a_number, delivered, operation, outcomes, rows_of, submit, this_month, work_off
from tests.reporting import a_name, clues
from tests.schema.families_asked import codes, new_family, person
from tests.world import PERSONAS, World

VILLAGE = "350125201205"


async def family_of(world: World, name: str | None = None, **facts: Any) -> tuple[str, str]:
    """A family of one, and their identity number."""
    number = a_number()
    return await new_family(world, person(name or a_name(), idNumber=number, **facts)), number


async def test_every_row_has_its_outcome_and_what_matched_is_a_clue_of_seven_days(world: World) -> None:
    home, number = await family_of(world)
    bearable_home, bearable = await family_of(world)
    name, twin = a_name(), a_name()
    by_name = await new_family(world, person(name))
    by_phone = await new_family(world, person(a_name(), phone="138 0000 7777"))
    phoned = await world.sql.fetchval("SELECT name FROM person WHERE household_id = $1", by_phone)
    for _ in range(2):
        await new_family(world, person(twin))
    rows = [
        {"idNumber": number, "amount": "10300.00"},
        {"idNumber": bearable, "amount": "10000.00"},
        {"name": name, "villageCode": VILLAGE, "amount": "12000"},
        {"name": phoned, "phone": "+86 13800007777"},
        {"name": twin, "villageCode": VILLAGE},
        {"idNumber": a_number()},
        {"idNumber": number[:-1]},
        {"name": name, "villageCode": "341503001001"},
        {"name": name},
        {"idNumber": number, "amount": "10300.00"},
    ]

    id = await delivered(world, rows)

    assert await outcomes(world, id) == [
        "MATCHED_NEW_CLUE",
        "BELOW_THRESHOLD",
        "MATCHED_NEW_CLUE",
        "MATCHED_NEW_CLUE",
        "AMBIGUOUS",
        "NOT_A_HOUSEHOLD_MEMBER",
        "INVALID_ID_NUMBER",
        "OUT_OF_REGION",
        "INVALID_ROW",
        "REPEATED",
    ]
    assert [row["reason"] for row in await rows_of(world, id)][6:9] == ["ID_NUMBER_LENGTH", None, "REQUIRED"]
    [clue] = await clues(world, home)
    assert (clue["sign"]["code"], clue["state"]) == ("MEDICAL_EXPENSE", "NEW")
    [witness] = clue["witnesses"]
    assert (witness["source"], witness["recordedBy"]["name"]) == ("DEPARTMENT", "永泰县医疗保障局")
    told = {"organisation": "永泰县医疗保障局", "list": id, "row": 1, "amountYuan": "10300.00"}
    assert witness["detail"] == told
    assert await clues(world, bearable_home) == []
    assert [len(await clues(world, one)) for one in (by_name, by_phone)] == [1, 1]
    task = (await world.ask("department", LIST, {"id": id}))["departmentList"]
    assert task == {"rowCount": 10, "task": {"state": "DONE", "total": 10, "done": 10, "failure": None}}


async def test_what_a_list_says_of_a_clue_that_is_there_makes_one_more_witness(world: World) -> None:
    home, number = await family_of(world)
    wife = await family_of(world)
    await delivered(world, [{"idNumber": number}])
    second = await delivered(world, [{"idNumber": number}, {"idNumber": wife[1]}])
    assert await outcomes(world, second) == ["REPEATED", "MATCHED_NEW_CLUE"]
    [clue] = await clues(world, home)
    assert len(clue["witnesses"]) == 1, "a department says it twice and is one witness"
    other = await delivered(world, [{"idNumber": number}], kind="STUDY_EXPENSE")
    assert await outcomes(world, other) == ["MATCHED_NEW_CLUE"]
    assert len(await clues(world, home)) == 2


async def test_two_members_of_a_family_are_two_witnesses_of_one_clue(world: World) -> None:
    first, second = a_number(), a_number()
    home = await new_family(
        world, person(a_name(), idNumber=first), person(a_name(), "SPOUSE", sex="FEMALE", idNumber=second)
    )
    id = await delivered(world, [{"idNumber": first}, {"idNumber": second}])
    assert await outcomes(world, id) == ["MATCHED_NEW_CLUE", "MATCHED_WITNESS"]
    [clue] = await clues(world, home)
    assert len(clue["witnesses"]) == 2


async def test_the_same_operation_twice_is_one_list(world: World) -> None:
    rows, same = [{"idNumber": a_number()}], operation()
    first, second = await asyncio.gather(*(submit(world, rows, operationId=same) for _ in range(2)))
    assert first["errors"] == second["errors"] == []
    assert first["departmentList"]["id"] == second["departmentList"]["id"] == same
    changed = await submit(world, [{"idNumber": a_number()}], operationId=same)
    assert codes(changed) == {("OPERATION_REUSED", "input")}
    assert await world.sql.fetchval("SELECT count(*) FROM department_list_row WHERE list_id = $1", same) == 1


async def test_departments_deliver_and_nobody_else(world: World) -> None:
    for persona in set(PERSONAS) - {"department", "anonymous"}:
        payload = await submit(world, [{"idNumber": a_number()}], persona=persona)
        assert (payload["departmentList"], codes(payload)) == (None, {("FORBIDDEN_ROLE", "input")}), persona
    assert codes(await submit(world, [], persona="anonymous")) == {("SIGN_IN_REQUIRED", "input")}


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"regionCode": "341503"}, {("REGION_OUT_OF_SCOPE", "input.regionCode")}),
        ({"regionCode": "35"}, {("REGION_OUT_OF_SCOPE", "input.regionCode")}),
        ({"regionCode": "999999"}, {("REGION_UNKNOWN", "input.regionCode")}),
        ({"kind": "WEALTH"}, {("UNKNOWN_CODE", "input.kind")}),
        ({"kind": "INCOME_BELOW_STANDARD"}, {("UNKNOWN_CODE", "input.kind")}),
        ({"period": "2026"}, {("MONTH_INVALID", "input.period")}),
        ({"period": "1999-12"}, {("MONTH_OUT_OF_RANGE", "input.period")}),
        ({"rows": []}, {("ROWS_OR_UPLOAD", "input")}),
        ({"uploadId": operation()}, {("ROWS_OR_UPLOAD", "input")}),
        ({"rows": [{"name": "鄢"}] * 501}, {("TOO_MANY", "input.rows")}),
        ({"rows": None, "uploadId": operation()}, {("NOT_FOUND", "input.uploadId")}),
        ({"rows": None, "uploadId": "1"}, {("ID_INVALID", "input.uploadId")}),
    ],
)
async def test_what_is_wrong_with_a_list_is_said(world: World, given: dict[str, Any], wrong: set[Any]) -> None:
    payload = await submit(world, **{"rows": [{"name": "鄢大山", "phone": "138"}], **given})
    assert (payload["departmentList"], codes(payload)) == (None, wrong)


async def test_officers_see_rows_that_matched_and_departments_their_own_and_nobody_else_any(world: World) -> None:
    _, number = await family_of(world)
    id = await delivered(world, [{"name": "某人", "idNumber": number}, {"name": "别人", "idNumber": a_number()}])
    matched, other = await rows_of(world, id)
    assert (matched["name"], matched["idNumber"], other["outcome"]) == (
        "某人",
        f"{number[:2]}{'*' * 14}{number[-2:]}",
        "NOT_A_HOUSEHOLD_MEMBER",
    )
    for officer in ("village_officer", "township_officer", "county_officer", "province_officer"):
        assert [row["number"] for row in await rows_of(world, id, officer)] == [1], officer
    for nobody in set(PERSONAS) - {
        *("department", "village_officer", "township_officer", "county_officer", "province_officer")
    }:
        assert await rows_of(world, id, nobody) == [], nobody
        assert (await world.ask(nobody, LIST, {"id": id}))["departmentList"] is None, nobody
    assert (await world.ask("county_officer", LIST, {"id": id}))["departmentList"]["rowCount"] == 2
    assert (await world.ask("village_officer", LIST, {"id": id}))["departmentList"] is None
    clue = "{ clues { totalCount } households { totalCount } }"
    seen = await world.ask("department", clue)
    assert seen == {"clues": {"totalCount": 0}, "households": {"totalCount": 0}}, "outcomes, and never the family"


async def test_no_number_of_a_list_stands_in_the_clear(world: World) -> None:
    home, number = await family_of(world)
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    id = await delivered(world, [{"idNumber": number, "phone": "13812345678"}, {"idNumber": wrong}])
    assert await outcomes(world, id) == ["MATCHED_NEW_CLUE", "INVALID_ID_NUMBER"]
    assert len(await clues(world, home)) == 1
    kept = await world.sql.fetch(
        "SELECT r::text AS kept FROM department_list_row r WHERE list_id = $1"
        " UNION ALL SELECT t::text FROM task t WHERE id = $1"
        " UNION ALL SELECT a::text FROM audit_entry a UNION ALL SELECT o::text FROM operation o WHERE id = $1"
        " UNION ALL SELECT w::text FROM clue_witness w",
        id,
    )
    text = "\n".join(row["kept"] for row in kept)
    assert not [secret for secret in (number, wrong, "13812345678") if secret in text]


async def test_a_department_cannot_write_for_another_or_read_its_rows_past_the_program(world: World) -> None:
    id = await delivered(world, [{"idNumber": a_number()}])
    partner = await world.sql.fetchval("SELECT organisation_id FROM account WHERE persona = 'partner'")
    async with world.sql.transaction():
        await world.sql.execute("SET LOCAL ROLE ruhu_app")
        await world.sql.execute("SELECT set_config('ruhu.organisation_id', $1, true)", str(partner))
        count = "SELECT count(*) FROM department_list_row WHERE list_id = $1"
        assert await world.sql.fetchval(count, id) == 0
        assert not await world.sql.fetchval("SELECT has_table_privilege('department_list_row', 'UPDATE')")
    assert await world.sql.fetchval("SELECT count(*) FROM department_upload") == 0


async def test_nothing_is_matched_twice_though_the_job_comes_again(world: World) -> None:
    home, number = await family_of(world)
    id = await delivered(world, [{"idNumber": number}])
    await world.sql.execute(
        "SELECT ruhu_enqueue('match_list', jsonb_build_object('task_id', $1::text), NULL, NULL)", id
    )
    await work_off(world)
    assert await outcomes(world, id) == ["MATCHED_NEW_CLUE"]
    [clue] = await clues(world, home)
    assert len(clue["witnesses"]) == 1


async def test_the_lists_of_a_county_are_found_by_its_officers(world: World) -> None:
    id = await delivered(world, [{"idNumber": a_number()}], kind="DISASTER")
    asked = "query ($f: DepartmentListFilter) { departmentLists(filter: $f) { nodes { id period region { code } } } }"
    for persona, filter in (("county_officer", {"region": COUNTY}), ("department", {"kinds": ["DISASTER"]})):
        nodes = (await world.ask(persona, asked, {"f": filter}))["departmentLists"]["nodes"]
        assert {"id": id, "period": this_month(), "region": {"code": COUNTY}} in nodes
