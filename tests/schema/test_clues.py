"""Figures and clues over HTTP: a scenario, who sees what, and what is refused."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.access.rules import CHINA
from tests.schema.families_asked import CHANGE, SPLIT, VILLAGE, act, codes, listed, new_family, person
from tests.visiting import a_visit, ago, submit
from tests.world import World

RECORD = """mutation ($input: RecordIncomeStatementInput!) { recordIncomeStatement(input: $input) {
  statements { id month kind { code label } amount origin { code } person { id } supersedes { amount } supersededAt note }
  errors { code message path } } }"""
VERIFY = """mutation ($input: VerifyClueInput!) { verifyClue(input: $input) {
  clue { id state stoppedAt settledBy { name } visit { id } reason isOverdue } errors { code message path } } }"""
INCOME = """query ($id: ID!, $months: Int! = 12, $on: Date, $knownAt: DateTime) { household(id: $id) {
  income(months: $months, on: $on, knownAt: $knownAt) {
  fromMonth toMonth memberCount wage business property transfer productionCost rigidExpense
  perCapitaNet perCapitaNetWithoutTransfers unknownMonths } } }"""
CLUES = """query ($filter: ClueFilter) { clues(filter: $filter, first: 500) { totalCount nodes {
  id household { id head { name } } region { code } sign { code label } period state receivedAt beganOn dueOn isOverdue
  witnesses { source receivedAt recordedBy { name } detail } reason visit { id } } } }"""


def today() -> datetime:
    return datetime.now(CHINA)


def months(count: int) -> list[str]:
    """The whole months before this one, the earliest first, like 2026-02."""
    now = today().year * 12 + today().month - 1
    return [f"{number // 12}-{number % 12 + 1:02}" for number in range(now - count, now)]


def figure(household: str, month: str, amount: str = "1000", kind: str = "WAGE", **more: Any) -> dict[str, Any]:
    return {"householdId": household, "month": month, "kind": kind, "amount": amount, "origin": "DOOR_SURVEY", **more}


async def record(world: World, persona: str, rows: Sequence[dict[str, Any]]) -> Any:
    return await act(world, persona, RECORD, rows=rows)


async def clues_of(world: World, persona: str, **asked: Any) -> Any:
    return (await world.ask(persona, CLUES, {"filter": asked}))["clues"]


async def income(world: World, persona: str, household: str, **asked: Any) -> Any:
    found = (await world.ask(persona, INCOME, {"id": household, **asked}))["household"]
    return found and found["income"]


async def a_clue(world: World, **facts: Any) -> tuple[str, str]:
    """A family of two whose only earner has left today: its id, and its clue's."""
    son = person("鄢小山", "SON", bornOn="1995-01-01")
    home = await new_family(world, person("鄢大山"), son, **facts)
    payload = await record(world, "village_officer", [figure(home, months(1)[0], personId=son["id"])])
    assert payload["errors"] == []
    gone = [{"personId": son["id"], "reason": "LEFT", "on": str(today().date())}]
    payload = await act(world, "village_officer", CHANGE, householdId=home, leaving=gone)
    assert payload["errors"] == []
    (clue,) = (await clues_of(world, "village_officer", householdId=home))["nodes"]
    return home, clue["id"]


async def test_a_wage_earner_dies_and_is_followed_from_the_clue_to_the_door(world: World) -> None:
    """§11.11 in one piece: the figures, the death of the head, the new head, the clue, its day, its due day, the visit."""
    father, mother = person("鄢大山", bornOn="1970-01-01"), person("林玉兰", "SPOUSE", sex="FEMALE")
    child = person("鄢小妹", "DAUGHTER", sex="FEMALE", bornOn="2012-01-01", schoolStatus="PRIMARY", labour="NONE")
    del child["education"]
    home = await new_family(world, father, mother, child)
    rows = [figure(home, month, "3000", personId=father["id"]) for month in months(12)]
    rows += [figure(home, month, "500", "BUSINESS") for month in months(12)]
    assert (await record(world, "village_officer", rows))["errors"] == []
    before = await income(world, "village_officer", home)
    assert (before["memberCount"], before["perCapitaNet"], before["unknownMonths"]) == (3, "14000.00", [])

    day = today().date()
    given = {
        "operationId": str(uuid.uuid4()),
        "householdId": home,
        "leaving": [{"personId": father["id"], "reason": "DEATH", "on": str(day)}],
        "headId": mother["id"],
        "relations": [{"personId": child["id"], "relationToHead": "DAUGHTER"}],
    }
    for _ in range(2):  # the answer was lost once
        payload = (await world.ask("village_officer", CHANGE, {"input": given}))["changeMembers"]
        assert (payload["errors"], payload["household"]["head"]["name"]) == ([], "林玉兰")

    (clue,) = (await clues_of(world, "township_officer", householdId=home))["nodes"]
    assert clue["sign"] == {"code": "FAMILY_UPHEAVAL", "label": "重大家庭变故"}
    assert (clue["period"], clue["state"], clue["isOverdue"]) == (f"{day:%Y-%m}", "NEW", False)
    assert (clue["beganOn"], clue["dueOn"]) == (str(day), str(day + timedelta(days=7)))
    (witness,) = clue["witnesses"]
    assert (witness["source"], witness["recordedBy"]["name"]) == ("FAMILY_EVENT", "鄢秀珠")
    assert witness["detail"] == {"people": [father["id"]], "percentOfEarnings": 85}
    after = await income(world, "village_officer", home)
    assert (after["memberCount"], after["perCapitaNet"]) == (2, "21000.00"), "the divisor changes, the months do not"

    secretary = await world.sql.fetchval("SELECT id FROM helper WHERE name = '林国强'")
    visit = await a_visit(
        world,
        home,
        purpose="VERIFICATION",
        companionIds=[str(secretary)],
        occurredAt=ago(),
        capturedAt=ago(),
    )
    (submitted,) = (await submit(world, "village_officer", [visit]))["results"]
    assert submitted["outcome"] == "APPLIED"
    payload = await act(world, "township_officer", VERIFY, clueId=clue["id"], visitId=visit["id"], outcome="CONFIRMED")
    assert payload["errors"] == []
    assert payload["clue"]["state"] == "VERIFIED"
    assert payload["clue"]["settledBy"]["name"] == "鄢文斌"
    stopped = datetime.fromisoformat(payload["clue"]["stoppedAt"])
    assert abs(stopped - datetime.fromisoformat(visit["occurredAt"])) < timedelta(milliseconds=1)


async def test_a_split_makes_a_clue_for_the_new_household_whose_earlier_months_are_unknown(world: World) -> None:
    """§11.12: the new one gets a clue and knows nothing of its past; for the old one a third of the earnings went."""
    father, son = person("鄢老伯", bornOn="1950-01-01"), person("鄢大山", "SON")
    home, new = await new_family(world, father, son), str(uuid.uuid4())
    rows = [figure(home, month, "3000", personId=father["id"]) for month in months(12)]
    rows += [figure(home, month, "2000", personId=son["id"]) for month in months(12)]
    assert (await record(world, "village_officer", rows))["errors"] == []
    day = str(today().date())
    goes = [{"personId": son["id"], "relationToHead": "HEAD"}]

    payload = await act(world, "village_officer", SPLIT, id=new, householdId=home, on=day, members=goes)

    assert payload["errors"] == []
    (fresh,) = (await clues_of(world, "village_officer", householdId=new))["nodes"]
    assert (fresh["sign"]["code"], fresh["beganOn"], fresh["state"]) == ("NEW_HOUSEHOLD", day, "NEW")
    assert fresh["witnesses"][0]["detail"] == {"splitFrom": home, "people": [son["id"]]}
    (loss,) = (await clues_of(world, "village_officer", householdId=home))["nodes"]
    assert (loss["sign"]["code"], loss["witnesses"][0]["detail"]["percentOfEarnings"]) == ("FAMILY_UPHEAVAL", 40)
    of_new, of_old = [await income(world, "village_officer", one) for one in (new, home)]
    assert of_new["unknownMonths"] == [f"{month}-01" for month in months(12)]
    assert (of_new["perCapitaNet"], of_new["wage"], of_new["memberCount"]) == (None, "0.00", 1)
    assert (of_old["perCapitaNet"], of_old["unknownMonths"]) == ("60000.00", [])


async def test_of_twenty_requests_at_once_one_raises_the_clue(world: World) -> None:
    son = person("鄢小山", "SON", bornOn="1995-01-01")
    home = await new_family(world, person("鄢大山"), son)
    await record(world, "village_officer", [figure(home, months(1)[0], personId=son["id"])])
    given = {
        "operationId": str(uuid.uuid4()),
        "householdId": home,
        "leaving": [{"personId": son["id"], "reason": "LEFT", "on": str(today().date())}],
    }
    answers = await asyncio.gather(*(world.ask("village_officer", CHANGE, {"input": given}) for _ in range(20)))

    assert all(answer["changeMembers"]["errors"] == [] for answer in answers)
    found = await clues_of(world, "village_officer", householdId=home)
    assert found["totalCount"] == 1
    assert len(found["nodes"][0]["witnesses"]) == 1


# --- figures -----------------------------------------------------------------------------------------------------------


async def test_figures_are_shown_with_who_says_so_and_what_they_superseded(world: World) -> None:
    home, month = await new_family(world), months(1)[0]
    first = await record(world, "village_officer", [figure(home, month, "1250.50", note="问过本人")])
    second = await record(world, "township_officer", [figure(home, month, "1300")])

    (said,) = first["statements"]
    assert (said["month"], said["amount"], said["note"]) == (f"{month}-01", "1250.50", "问过本人")
    assert (said["kind"], said["origin"]["code"]) == ({"code": "WAGE", "label": "工资性收入"}, "DOOR_SURVEY")
    assert second["statements"][0]["supersedes"] == {"amount": "1250.50"}
    listed_now = await world.ask(
        "village_officer",
        "query ($id: ID!) { household(id: $id) { incomeStatements { totalCount nodes { amount recordedBy { name }"
        " supersededAt } } } }",
        {"id": home},
    )
    found = listed_now["household"]["incomeStatements"]
    assert found["totalCount"] == 2
    assert {(n["amount"], n["recordedBy"]["name"], n["supersededAt"] is None) for n in found["nodes"]} == {
        ("1250.50", "鄢秀珠", False),
        ("1300.00", "鄢文斌", True),
    }


async def test_wrong_rows_are_told_with_their_places_in_both_languages(world: World) -> None:
    home = await new_family(world)
    wrong = [figure(home, "2026-13"), figure(home, months(1)[0], "-5"), figure("no id", months(1)[0])]
    assert codes(await record(world, "village_officer", wrong)) == {("ID_INVALID", "input.rows.2.householdId")}
    texts = {}
    for language in ("zh-CN", "en"):
        given = {"input": {"operationId": str(uuid.uuid4()), "rows": wrong[:2]}}
        payload = (await world.ask("village_officer", RECORD, given, language))["recordIncomeStatement"]
        assert payload["statements"] == []
        assert codes(payload) == {("MONTH_INVALID", "input.rows.0.month"), ("AMOUNT_INVALID", "input.rows.1.amount")}
        texts[language] = payload["errors"][0]["message"]
    assert texts == {"zh-CN": "月份无效，格式如 2026-03。", "en": "This is no month; write it like 2026-03."}


async def test_a_number_in_place_of_an_amounts_text_is_a_fault_of_structure(world: World) -> None:
    home = await new_family(world)
    rows = [{**figure(home, months(1)[0]), "amount": 5.5}]
    body = await world.post("village_officer", RECORD, {"input": {"operationId": str(uuid.uuid4()), "rows": rows}})

    assert body.get("data") is None
    assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("asked", [0, 61, -12, 2_000_000_000])
async def test_a_summary_of_no_or_of_too_many_months_is_none(world: World, asked: int) -> None:
    assert await income(world, "village_officer", await new_family(world), months=asked) is None


async def test_income_is_reckoned_for_the_day_that_is_asked_for(world: World) -> None:
    home = await new_family(world)
    rows = [figure(home, f"2020-{month:02}", "100") for month in range(1, 13)]
    await record(world, "village_officer", rows)

    then = await income(world, "village_officer", home, on="2021-01-15")
    before = await income(world, "village_officer", home, on="2021-01-15", knownAt="2021-01-15T08:00:00+08:00")
    assert (then["fromMonth"], then["toMonth"], then["wage"]) == ("2020-01-01", "2020-12-01", "1200.00")
    assert (then["memberCount"], then["perCapitaNet"]) == (0, None), "the family was not on record then"
    assert (before["wage"], len(before["unknownMonths"])) == ("0.00", 12), "and nobody had said anything yet"


# --- who sees what -----------------------------------------------------------------------------------------------------


async def test_who_does_not_meet_the_family_sees_the_clue_and_no_amount_and_no_word(world: World) -> None:
    home = (await listed(world, "partner"))[0]
    # The partner's families are in the village officer's village.
    payload = await record(world, "village_officer", [figure(home, months(1)[0], "4321")])
    assert payload["errors"] == []
    statement = payload["statements"][0]["id"]
    query = """query ($id: ID!, $s: ID!) { node(id: $s) { id }
      household(id: $id) { income { wage } incomeStatements { totalCount nodes { amount } }
                           clues { sign { code } reason witnesses { detail } } } }"""

    seen = await world.ask("village_officer", query, {"id": home, "s": statement})
    masked = await world.ask("partner", query, {"id": home, "s": statement})

    assert seen["household"]["income"] is not None
    assert seen["node"] == {"id": statement}
    assert seen["household"]["incomeStatements"]["totalCount"] >= 1
    assert masked["node"] is None
    assert masked["household"]["income"] is None
    assert masked["household"]["incomeStatements"] == {"totalCount": 0, "nodes": []}
    assert all(w["detail"] == {} for clue in masked["household"]["clues"] for w in clue["witnesses"])


@pytest.mark.parametrize(
    ("persona", "is_seen"),
    [
        ("province_officer", True),
        ("county_officer", True),
        ("township_officer", True),
        ("village_officer", True),
        ("integrator", True),
        ("cadre", False),
        ("other_cadre", False),
        ("other_county_officer", False),
        ("department", False),
        ("partner", False),
        ("hotline_operator", False),
        ("auditor", False),
        ("administrator", False),
        ("anonymous", False),
    ],
)
async def test_a_clue_is_seen_by_whoever_sees_its_household(world: World, persona: str, is_seen: bool) -> None:
    home, clue = await a_clue(world)
    found = await world.ask(persona, "query ($id: ID!) { clue(id: $id) { id } node(id: $id) { id } }", {"id": clue})
    listed_ones = await clues_of(world, persona, householdId=home)

    assert (found["clue"] is not None, found["node"] is not None) == (is_seen, is_seen)
    assert listed_ones["totalCount"] == int(is_seen)


async def test_a_cadre_sees_the_clues_of_the_families_on_her_list(world: World) -> None:
    mine = await listed(world, "cadre")
    found = await clues_of(world, "cadre")
    assert {clue["household"]["id"] for clue in found["nodes"]} <= set(mine)


async def test_the_second_wall_alone_hides_figures_clues_and_witnesses(world: World) -> None:
    home, clue = await a_clue(world)
    async with world.sql.transaction():
        await world.sql.execute("SET LOCAL ROLE ruhu_app")
        await world.sql.execute(
            "SELECT set_config('ruhu.viewer_id', gen_random_uuid()::text, true), set_config('ruhu.region_from', '34', true),"
            " set_config('ruhu.region_to', '34:', true), set_config('ruhu.region_spans', '', true)"
        )
        for table, column in (
            ("income_statement", "household_id"),
            ("clue", "household_id"),
            ("clue_witness", "clue_id"),
        ):
            id = uuid.UUID(clue if column == "clue_id" else home)
            assert await world.sql.fetchval(f"SELECT count(*) FROM {table} WHERE {column} = $1", id) == 0, table
        assert await world.sql.execute("UPDATE clue SET reason = 'x' WHERE id = $1", uuid.UUID(clue)) == "UPDATE 0"


@pytest.mark.parametrize("persona", ["partner", "other_cadre", "integrator", "auditor", "anonymous"])
async def test_nobody_else_writes_figures_down_or_verifies(world: World, persona: str) -> None:
    home, clue = await a_clue(world)
    figures = await record(world, persona, [figure(home, months(1)[0])])
    verified = await act(world, persona, VERIFY, clueId=clue, visitId=str(uuid.uuid4()), outcome="CONFIRMED")

    refusal = {"integrator": "FORBIDDEN_ROLE", "anonymous": "SIGN_IN_REQUIRED"}.get(persona, "NOT_FOUND")
    assert {code for code, _ in codes(figures)} == {refusal}
    assert {code for code, _ in codes(verified)} == {refusal}


# --- lists -------------------------------------------------------------------------------------------------------------


async def test_clues_are_asked_for_by_place_state_sign_and_day(world: World) -> None:
    home, clue = await a_clue(world)
    day = today().date()

    async def is_found(**asked: Any) -> bool:
        found = await clues_of(world, "county_officer", **asked)
        assert found["totalCount"] >= len(found["nodes"])
        return clue in {node["id"] for node in found["nodes"]}

    assert await is_found(region=VILLAGE, states=["NEW"], signs=["FAMILY_UPHEAVAL"], householdId=home)
    assert not await is_found(region="350125202")
    assert not await is_found(states=["VERIFIED", "DISMISSED", "CLOSED"])
    assert not await is_found(signs=["DISASTER"])
    assert await is_found(beganSince=str(day), dueBefore=str(day + timedelta(days=8)))
    assert not await is_found(dueBefore=str(day + timedelta(days=7)))
    assert not await is_found(overdueOn=str(day + timedelta(days=7))), "due until 24:00 of day 7"
    assert await is_found(overdueOn=str(day + timedelta(days=8)))


async def test_a_visit_in_time_makes_nobody_late_however_late_it_is_heard_of(world: World) -> None:
    """Shown overdue until the phone has synced, and not afterwards; a visit too late stays late on the days between."""
    (_, early), (_, late) = await a_clue(world), await a_clue(world)
    for clue, on_day in ((early, 7), (late, 10)):
        await world.sql.execute(
            "UPDATE clue SET began_on = began_on - 20, due_on = due_on - 20, received_at = received_at - interval '20 days',"
            " state = 'VERIFIED', settled_at = now(), settled_by_id = (SELECT id FROM account LIMIT 1),"
            " visit_id = (SELECT id FROM visit LIMIT 1),"
            " stopped_at = (began_on - 20 + $2::int)::timestamp AT TIME ZONE 'Asia/Shanghai' + interval '23 hours'"
            " WHERE id = $1",
            uuid.UUID(clue),
            on_day,
        )
    began_on = today().date() - timedelta(days=20)

    async def overdue_on(day: int) -> set[str]:
        found = await clues_of(world, "county_officer", overdueOn=str(began_on + timedelta(days=day)))
        return {node["id"] for node in found["nodes"]} & {early, late}

    assert [await overdue_on(day) for day in (7, 8, 10, 11)] == [set(), {late}, {late}, set()]


async def test_pages_of_clues_follow_their_due_days(world: World) -> None:
    for _ in range(3):
        await a_clue(world)
    query = """query ($after: String) { clues(first: 2, after: $after) {
      nodes { id dueOn } pageInfo { hasNextPage endCursor } } }"""
    seen: list[tuple[str, str]] = []
    after = None
    while True:
        found = (await world.ask("township_officer", query, {"after": after}))["clues"]
        seen += [(node["dueOn"], node["id"]) for node in found["nodes"]]
        if not found["pageInfo"]["hasNextPage"]:
            break
        after = found["pageInfo"]["endCursor"]
    assert seen == sorted(seen)
    assert len(set(seen)) == len(seen) >= 3
