"""馆陶: what a university costs, told by the family and by the education bureau, is one clue with two witnesses (2020).

The county is the newspaper's; the family, the village's officers and the list are not. Relief comes with no case of
monitoring: it is a figure like others here, for relief has no records of its own yet.
"""

from __future__ import annotations

import uuid

import pytest

from tests.listing import a_number, delivered, outcomes
from tests.reporting import a_name, a_report, looked, receipt, without_limits
from tests.schema.families_asked import act, new_family, person
from tests.schema.test_clues import VERIFY, clues_of, figure, record, today
from tests.visiting import a_visit, ago, submit
from tests.world import World

GUANTAO = "130433"


@pytest.fixture(scope="module")
async def village(world: World) -> str:
    """A village of Guantao, where the township's officer and the village's of the demo, and the bureau, serve."""
    code: str = await world.sql.fetchval(
        "SELECT min(code) FROM region WHERE code LIKE $1 || '%' AND level = 'VILLAGE'", GUANTAO
    )
    bureau = uuid.uuid4()
    await world.sql.execute(
        "INSERT INTO organisation (id, name, kind, region_code, started_on)"
        " VALUES ($1, '馆陶县教育局', 'DEPARTMENT', $2, '2020-01-01')",
        bureau,
        GUANTAO,
    )
    await world.sql.execute(
        "UPDATE account SET organisation_id = $1, name = '馆陶县教育局' WHERE persona = 'department'", bureau
    )
    for persona, role, region in (
        ("township_officer", "TOWNSHIP_OFFICER", code[:9]),
        ("village_officer", "VILLAGE_OFFICER", code),
        ("department", "DEPARTMENT", GUANTAO),
    ):
        await world.sql.execute(
            "INSERT INTO access_grant (id, account_id, role, region_code, organisation_id, starts_on, ends_on, purpose)"
            " SELECT $1, a.id, $2::text, $3, a.organisation_id, '2020-01-01', '2099-01-01', '部门筛查'"
            " FROM account a WHERE persona = $4",
            *(uuid.uuid4(), role, region, persona),
        )
    return code


async def test_a_university_told_of_by_the_family_and_by_the_bureau(
    world: World, village: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_limits(monkeypatch)
    father, number = a_name(), a_number()
    student = person(a_name(), "DAUGHTER", sex="FEMALE", idNumber=number, bornOn="1980-05-01")
    home = await new_family(world, person(father), student, villageCode=village)
    told = "女儿考上大学, 学费和住宿费8600元"
    await receipt(world, a_report(father, villageCode=village, kind="STUDY_EXPENSE", text=told))
    assert await looked(world) == 1

    # The bureau's list comes after it: new students, what each is to pay. Most of them are on nobody's record.
    rows = [{"name": "某某", "idNumber": a_number(), "amount": "8600.00"} for _ in range(3)]
    rows.append({"name": student["name"], "idNumber": number, "amount": "8600.00"})
    list_id = await delivered(world, rows, kind="STUDY_EXPENSE", regionCode=GUANTAO)

    assert await outcomes(world, list_id) == [*["NOT_A_HOUSEHOLD_MEMBER"] * 3, "MATCHED_WITNESS"]
    (clue,) = (await clues_of(world, "township_officer", householdId=home))["nodes"]
    assert (clue["sign"]["code"], clue["beganOn"]) == ("STUDY_EXPENSE", str(today().date()))
    report, listed = clue["witnesses"]
    assert (report["source"], report["recordedBy"]) == ("SELF_REPORT", None)
    assert (listed["source"], listed["recordedBy"]["name"]) == ("DEPARTMENT", "馆陶县教育局")
    assert listed["detail"] == {"organisation": "馆陶县教育局", "list": list_id, "row": 4, "amountYuan": "8600.00"}

    # One call at the door answers both; and the aid asks for no case.
    colleague = await world.sql.fetchval("SELECT id FROM helper WHERE name = '林国强'")
    visit = await a_visit(
        world, home, purpose="VERIFICATION", companionIds=[str(colleague)], occurredAt=ago(), capturedAt=ago()
    )
    (submitted,) = (await submit(world, "village_officer", [visit]))["results"]
    assert submitted["outcome"] == "APPLIED"
    done = await act(world, "township_officer", VERIFY, clueId=clue["id"], visitId=visit["id"], outcome="CONFIRMED")
    assert (done["errors"], done["clue"]["state"]) == ([], "VERIFIED")
    aid = figure(home, f"{today():%Y-%m}", "7000.00", "TRANSFER", origin="DEPARTMENT", note="助学救助金")
    assert (await record(world, "township_officer", [aid]))["errors"] == []
    kept = await world.ask(
        "township_officer", "query ($id: ID!) { household(id: $id) { monitoringStatus } }", {"id": home}
    )
    assert kept["household"]["monitoringStatus"] == "NEVER"
