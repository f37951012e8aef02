"""Two stories of the national survey of October 2020, from the figures to the door, as the people concerned live them.

魏县: a bill with more than 10,000 yuan left to pay, the check at the door, 7,000 yuan of aid. 莎车: three months below the
standard, one of which is told of late. Both villages are the newspaper's; the families are not.
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.helping import GIVE, day, new_id
from tests.schema.families_asked import act, codes, new_family, person
from tests.schema.test_clues import VERIFY, clues_of, figure, income, months, record, today
from tests.visiting import a_visit, ago, submit
from tests.world import World

HESHUNHUI, LANGAN = "130434205222", "653125104202"
POLICY = """query ($region: RegionCode!) { policy(region: $region) { values {
  parameter value basis region { code } sentence } } }"""


@pytest.fixture(scope="module", autouse=True)
async def officers(world: World) -> None:
    """The township's officer and the village's of the demo serve in these two villages for a while."""
    for persona, role in (("township_officer", "TOWNSHIP_OFFICER"), ("village_officer", "VILLAGE_OFFICER")):
        for village in (HESHUNHUI, LANGAN):
            region = village[:9] if role == "TOWNSHIP_OFFICER" else village
            await world.sql.execute(
                "INSERT INTO access_grant (id, account_id, role, region_code, starts_on)"
                " SELECT $1, id, $2, $3, '2020-01-01' FROM account WHERE persona = $4",
                *(uuid.uuid4(), role, region, persona),
            )


async def in_force(world: World, region: str) -> dict[str, Any]:
    values = (await world.ask("anonymous", POLICY, {"region": region}))["policy"]["values"]
    return {value["parameter"]: value for value in values}


async def only_clue(world: World, home: str) -> Any:
    (clue,) = (await clues_of(world, "township_officer", householdId=home))["nodes"]
    return clue


async def test_weixian_a_bill_leads_to_the_door_and_to_seven_thousand_yuan(world: World) -> None:
    threshold = (await in_force(world, HESHUNHUI))["MEDICAL_THRESHOLD"]
    assert (threshold["value"], threshold["basis"], threshold["region"]["code"]) == ("10000.00", "ASSUMPTION", "130434")
    home = await new_family(world, person("付大山"), person("李玉兰", "SPOUSE", sex="FEMALE"), villageCode=HESHUNHUI)
    this_month = f"{today():%Y-%m}"

    # The insurance's own figure: what is left to pay after reimbursement. It is judged in the same transaction.
    bill = figure(home, this_month, "10300.00", "MEDICAL", origin="DEPARTMENT", note="膀胱肿瘤住院, 医保报销后自费")
    assert (await record(world, "township_officer", [bill]))["errors"] == []

    clue = await only_clue(world, home)
    assert clue["sign"] == {"code": "MEDICAL_EXPENSE", "label": "医疗支出较大"}
    assert (clue["state"], clue["period"], clue["beganOn"]) == ("NEW", this_month, str(today().date()))
    (witness,) = clue["witnesses"]
    assert (witness["source"], witness["recordedBy"]) == ("EXPENSE_RULE", None)

    # 上门核查: two, one of whom is not paired with the family. Relief is given at once, before anybody says that it is so.
    colleague = await world.sql.fetchval("SELECT id FROM helper WHERE name = '林国强'")
    visit = await a_visit(
        world, home, purpose="VERIFICATION", companionIds=[str(colleague)], occurredAt=ago(), capturedAt=ago()
    )
    (submitted,) = (await submit(world, "village_officer", [visit]))["results"]
    assert submitted["outcome"] == "APPLIED"
    aid = {
        "kind": "MEDICAL",
        "cause": "ILLNESS",
        "term": this_month,
        "source": "MEDICAL_INSURANCE",
        "amount": "7000.00",
    }
    aid |= {"householdId": home, "givenOn": day(), "clueId": clue["id"], "note": "防贫救助金"}
    relief = await act(world, "township_officer", GIVE, id=new_id(), **aid)
    assert (relief["errors"], relief["relief"]["amount"]) == ([], "7000.00")
    assert codes(await act(world, "township_officer", GIVE, id=new_id(), **aid)) == {("DUPLICATE_CLAIM", "input.term")}
    asked = {"clueId": clue["id"], "visitId": visit["id"], "outcome": "CONFIRMED"}
    done = await act(world, "township_officer", VERIFY, **asked, reason="自费10300元属实, 已发放防贫救助金7000元")
    assert done["errors"] == []
    assert done["clue"]["state"] == "VERIFIED"

    # The same bill raises no second clue, whatever else is written down about the family this month.
    again = figure(home, this_month, "10350.00", "MEDICAL", origin="DEPARTMENT", note="更正")
    assert (await record(world, "township_officer", [again]))["errors"] == []
    assert (await only_clue(world, home))["state"] == "VERIFIED"


async def test_weixian_a_bill_that_can_be_borne_raises_nothing(world: World) -> None:
    home = await new_family(world, person("付小山"), villageCode=HESHUNHUI)
    bill = figure(home, f"{today():%Y-%m}", "10000.00", "MEDICAL", origin="DEPARTMENT")
    assert (await record(world, "township_officer", [bill]))["errors"] == []
    assert (await clues_of(world, "township_officer", householdId=home))["totalCount"] == 0


async def test_kashgar_three_months_below_the_standard_one_of_them_told_of_late(world: World) -> None:
    policy = await in_force(world, LANGAN)
    rule, line = policy["MONTHS_BELOW"], policy["INCOME_LINE"]
    assert (rule["value"], rule["basis"], rule["region"]["code"]) == (3, "SOURCE", "65")
    assert rule["sentence"] == "连续3个月收入未达标"
    assert (line["value"], line["basis"], line["region"]) == ("6000.00", "CONVENTION", None), (
        "no source says Xinjiang's"
    )
    father, son = person("麦麦提敏", ethnicity="UYGUR"), person("买买提", "SON", ethnicity="UYGUR", bornOn="1999-01-01")
    home = await new_family(
        world, father, person("古丽", "SPOUSE", sex="FEMALE", ethnicity="UYGUR"), son, villageCode=LANGAN
    )
    first, missing, last = months(3)

    # 1,400 yuan a month for three, where 1,500 would be a twelfth of the line. Of the month between nobody has told.
    rows = [figure(home, month, "1400", personId=father["id"]) for month in (first, last)]
    assert (await record(world, "village_officer", rows))["errors"] == []

    assert (await clues_of(world, "township_officer", householdId=home))["totalCount"] == 0, "UNKNOWN is no third month"
    known = await income(world, "township_officer", home, months=3)
    assert (known["perCapitaNet"], known["unknownMonths"]) == (None, [f"{missing}-01"])

    late = figure(home, missing, "1499.99", personId=father["id"])
    assert (await record(world, "village_officer", [late]))["errors"] == []

    clue = await only_clue(world, home)
    assert clue["sign"]["code"] == "INCOME_BELOW_STANDARD"
    assert (clue["period"], clue["beganOn"]) == (last, str(today().date())), "it dates from the evaluation"
    (witness,) = clue["witnesses"]
    assert (witness["source"], witness["detail"]) == ("INCOME_RULE", {"fromMonth": first, "untilMonth": last})


async def test_kashgar_a_month_that_turns_out_to_be_good_breaks_the_row(world: World) -> None:
    home = await new_family(world, person("吐尔逊", ethnicity="UYGUR"), villageCode=LANGAN)
    first, missing, last = months(3)
    rows = [figure(home, first, "400"), figure(home, last, "400")]
    assert (await record(world, "village_officer", rows))["errors"] == []
    assert (await record(world, "village_officer", [figure(home, missing, "500")]))["errors"] == []
    assert (await clues_of(world, "township_officer", householdId=home))["totalCount"] == 0
