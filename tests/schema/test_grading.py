"""Proposing, reviewing and filing as those who may, and as those who may not."""

from __future__ import annotations

import itertools
import json
import uuid
from datetime import timedelta
from typing import Any

import pytest

from tests.grading import (
    COUNTY,
    PROPOSE,
    TAIAN,
    Clock,
    call,
    codes,
    filed,
    graded,
    lifted,
    proposed,
    reviewed,
    serve_in_dushan,
)
from tests.world import PERSONAS, World

BLUE = ("HAS_SKILLS", "NO_DIFFICULTY")
AD_HOC = {"cause": "IMPROVED"}  # there is no round here
INDICATORS = """query ($id: ID!, $scheme: String!, $level: String) {
  gradeIndicators(householdId: $id, scheme: $scheme, level: $level) {
    indicators { code label value bearsOut speaksFor contradicts } changes { level input value difference } } }"""
MASKED = "query ($id: ID!) { household(id: $id) { grades { level { code } note indicators { code } } } }"


@pytest.fixture(scope="module", autouse=True)
async def officers(world: World) -> None:
    await serve_in_dushan(world)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(monkeypatch)
    clock.on("2026-11-20")
    return clock


_taken = itertools.count()


@pytest.fixture
async def home(world: World) -> str:
    """A lifted household of Taian that nobody has graded."""
    homes = await lifted(world)
    one = homes[next(_taken) % len(homes)]
    await world.sql.execute("DELETE FROM risk_grade WHERE household_id::text = $1", one)
    return one


async def test_a_proposal_sent_twice_is_one_and_with_other_content_it_is_refused(
    world: World, clock: Clock, home: str
) -> None:
    visit, id = await call(world, clock, home), str(uuid.uuid4())
    for _ in range(2):
        done = await proposed(world, home, visit, "BLUE", BLUE, id=id, **AD_HOC)
        assert (done["errors"], done["grade"]["id"], done["grade"]["state"]) == ([], id, "PROPOSED")
    assert codes(await proposed(world, home, visit, "RED", ("NO_LABOUR",), id=id, **AD_HOC)) == ["OPERATION_REUSED"]
    assert codes(await proposed(world, home, visit, "BLUE", BLUE, **AD_HOC)) == ["GRADE_ALREADY_OPEN"]
    assert (await reviewed(world, id, "RETURNED", reason="再核实"))["errors"] == []
    assert (await proposed(world, home, visit, "BLUE", BLUE, persona="other_cadre", **AD_HOC))["errors"] == [], (
        "the resident team proposes too, and what was sent back is in nobody's way"
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"level": "GREEN"}, ["LEVEL_UNKNOWN"]),
        ({"reasons": []}, ["REASON_MISSING"]),
        ({"reasons": ["NO_LABOUR"]}, ["REASONS_OF_ANOTHER_LEVEL"]),
        ({"reasons": ["BECAUSE", "HAS_SKILLS"]}, ["UNKNOWN_CODE"]),
        ({"scheme": "FIVE_STARS"}, ["UNKNOWN_CODE"]),
        ({"scheme": "FOUR_LIGHTS", "level": "GREEN"}, ["SCHEME_NOT_APPLICABLE"]),
        ({"cause": None}, ["CAUSE_MISSING"]),
        ({"cause": "OTHER"}, ["REASON_NEEDED"]),
        ({"cause": "WEATHER"}, ["UNKNOWN_CODE"]),
        ({"note": "长" * 501}, ["TOO_LONG"]),
        ({"visitId": None}, ["ONSITE_VISIT_NEEDED"]),
        ({"visitId": str(uuid.uuid4())}, ["ONSITE_VISIT_NEEDED"]),
        ({"visitId": "?"}, ["ID_INVALID"]),
        ({"reasons": [*BLUE, *("NO_LABOUR", "NO_RESOURCES", "NO_STABLE_INCOME", "RIGID_EXPENSE_RISING", "SMALL_TRADE"),
                      *("WEAK_SKILLS", "UNSTABLE_JOB", "SHORT_OF_FUNDS", "NEW_DIFFICULTY")]}, ["TOO_MANY"]),
        ({"level": "GREEN", "visitId": None, "cause": None}, ["LEVEL_UNKNOWN", "ONSITE_VISIT_NEEDED", "CAUSE_MISSING"]),
    ],
)  # fmt: skip
async def test_all_that_is_wrong_with_a_proposal_is_said_at_once(
    world: World, clock: Clock, home: str, given: dict[str, Any], expected: list[str]
) -> None:
    usual = {"level": "BLUE", "reasons": BLUE, "visitId": await call(world, clock, home), **AD_HOC} | given
    level, reasons, visit = usual.pop("level"), usual.pop("reasons"), usual.pop("visitId")
    assert codes(await proposed(world, home, visit, level, reasons, **usual)) == expected


async def test_a_call_that_is_old_or_met_nobody_stands_behind_no_grade(world: World, clock: Clock, home: str) -> None:
    clock.on("2026-10-01")
    old = await call(world, clock, home)
    clock.on("2026-11-20")
    remote = await call(world, clock, home, contact="REMOTE")
    assert codes(await proposed(world, home, old, "BLUE", BLUE, **AD_HOC)) == ["VISIT_TOO_OLD"]
    assert codes(await proposed(world, home, remote, "BLUE", BLUE, **AD_HOC)) == ["ONSITE_VISIT_NEEDED"]


async def test_a_household_of_another_category_or_one_that_has_ended_is_not_graded(world: World, clock: Clock) -> None:
    edge = await world.sql.fetchval(
        "SELECT id::text FROM household WHERE region_code = $1 AND category = 'EDGE' LIMIT 1", TAIAN
    )
    refused = await proposed(world, edge, await call(world, clock, edge), "BLUE", BLUE, **AD_HOC)
    assert codes(refused) == ["SCHEME_NOT_APPLICABLE"]
    ended = await world.sql.fetchval("SELECT id::text FROM household WHERE ended_on IS NOT NULL LIMIT 1")
    assert codes(await proposed(world, ended, None, "BLUE", BLUE, **AD_HOC)) == ["HAS_ENDED"]


async def test_what_was_proposed_for_a_household_that_is_no_more_goes_no_further(
    world: World, clock: Clock, home: str
) -> None:
    grade = (await proposed(world, home, await call(world, clock, home), "BLUE", BLUE, **AD_HOC))["grade"]["id"]
    ended = "UPDATE household SET ended_on = $2, end_reason = $3 WHERE id::text = $1"
    await world.sql.execute("SET session_replication_role = replica")
    await world.sql.execute(ended, home, clock.at.date(), "NO_MEMBERS")
    assert codes(await reviewed(world, grade)) == ["HAS_ENDED"]
    await world.sql.execute(ended, home, None, None)
    await world.sql.execute("RESET session_replication_role")


@pytest.mark.parametrize("persona", sorted(set(PERSONAS) - {"village_officer", "other_cadre"}))
async def test_nobody_but_the_village_and_its_team_proposes(
    world: World, clock: Clock, home: str, persona: str
) -> None:
    (code,) = codes(await proposed(world, home, None, "BLUE", BLUE, persona=persona, **AD_HOC))
    sees = {"township_officer": "FORBIDDEN_ROLE", COUNTY: "FORBIDDEN_ROLE", "anonymous": "SIGN_IN_REQUIRED"}
    assert code in (sees.get(persona, "NOT_FOUND"), *(["FORBIDDEN_ROLE"] if persona == "other_partner" else []))


async def test_each_step_is_of_one_level_and_waits_for_the_one_before(world: World, clock: Clock, home: str) -> None:
    done = await proposed(world, home, await call(world, clock, home), "BLUE", BLUE, **AD_HOC)
    grade = done["grade"]["id"]
    assert codes(await filed(world, grade)) == ["GRADE_NOT_WAITING"]
    assert codes(await reviewed(world, grade, persona="village_officer")) == ["FORBIDDEN_ROLE"]
    assert codes(await reviewed(world, grade, persona=COUNTY)) == ["FORBIDDEN_ROLE"]
    assert codes(await reviewed(world, grade, persona="county_officer")) == ["NOT_FOUND"]
    assert codes(await reviewed(world, grade, "RETURNED")) == ["REASON_NEEDED"]
    assert (await reviewed(world, grade))["grade"]["state"] == "REVIEWED"
    assert codes(await reviewed(world, grade)) == ["GRADE_NOT_WAITING"]
    assert codes(await filed(world, grade, persona="township_officer")) == ["FORBIDDEN_ROLE"]
    assert codes(await filed(world, grade, "ANOTHER_ASKED_FOR")) == ["REASON_NEEDED"]
    assert codes(await filed(world, str(uuid.uuid4()))) == ["NOT_FOUND"]
    assert (await filed(world, grade))["grade"]["state"] == "FILED"


async def test_nobody_acts_at_two_levels_of_one_grade(world: World, clock: Clock, home: str) -> None:
    """The village's officer serves in the township, too: what somebody else proposes, they review."""
    await world.sql.execute(
        "INSERT INTO access_grant (id, account_id, role, region_code, starts_on)"
        " SELECT $1, id, 'TOWNSHIP_OFFICER', $2, '2018-01-01' FROM account WHERE persona = 'village_officer'",
        *(uuid.uuid4(), TAIAN[:9]),
    )
    visit = await call(world, clock, home)
    grade = (await proposed(world, home, visit, "BLUE", BLUE, **AD_HOC))["grade"]["id"]
    assert codes(await reviewed(world, grade, persona="village_officer")) == ["RECUSED_ACTED_ELSEWHERE"]
    assert (await reviewed(world, grade, "RETURNED", reason="换人"))["errors"] == []
    grade = (await proposed(world, home, visit, "BLUE", BLUE, persona="other_cadre", **AD_HOC))["grade"]["id"]
    assert (await reviewed(world, grade, persona="village_officer"))["errors"] == []
    await world.sql.execute("DELETE FROM access_grant WHERE role = 'TOWNSHIP_OFFICER' AND region_code = $1 AND account_id"
                            " = (SELECT id FROM account WHERE persona = 'village_officer')", TAIAN[:9])  # fmt: skip


async def test_a_relative_of_the_family_takes_no_step_of_its_grade(world: World, clock: Clock, home: str) -> None:
    kin = """INSERT INTO kinship (id, account_id, household_id, region_code, relation, declared_at, declared_by_id)
        SELECT $1, a.id, h.id, h.region_code, '堂兄', now(), a.id FROM account a, household h
        WHERE a.persona = ANY ($2) AND h.id::text = $3"""
    visit = await call(world, clock, home)
    await world.sql.execute(kin, uuid.uuid4(), ["village_officer"], home)
    assert codes(await proposed(world, home, visit, "BLUE", BLUE, **AD_HOC)) == ["RECUSED_AS_RELATIVE"]
    grade = (await proposed(world, home, visit, "BLUE", BLUE, persona="other_cadre", **AD_HOC))["grade"]["id"]
    await world.sql.execute(kin, uuid.uuid4(), ["township_officer"], home)
    assert codes(await reviewed(world, grade)) == ["RECUSED_AS_RELATIVE"]
    await world.sql.execute("DELETE FROM kinship WHERE household_id::text = $1", home)
    assert (await reviewed(world, grade))["errors"] == []


async def test_the_county_asks_for_another_grade_and_the_one_that_holds_goes_on_until_it_is_filed(
    world: World, clock: Clock, home: str
) -> None:
    first = await graded(world, clock, home, "BLUE", *BLUE, **AD_HOC)
    asked = await filed(world, first["id"], "ANOTHER_ASKED_FOR", reason="住房有隐患")
    assert (asked["grade"]["state"], asked["grade"]["returnReason"]) == ("FILED", "住房有隐患")
    clock.at += timedelta(days=1)
    second = await graded(world, clock, home, "YELLOW", "LATENT_DIFFICULTY")
    assert (second["cause"], second["supersedes"]) == ({"code": "ASKED_FOR"}, {"id": first["id"]})
    (row,) = await world.sql.fetch("SELECT * FROM risk_grade WHERE id::text = $1", first["id"])
    assert (row["state"], row["level"], str(row["superseded_on"])) == ("SUPERSEDED", "BLUE", "2026-11-21")


async def test_what_is_on_record_stands_beside_the_judgement_and_says_what_contradicts_it(
    world: World, clock: Clock, home: str
) -> None:
    asked = {"id": home, "scheme": "THREE_LEVELS", "level": "RED"}
    visit = await call(world, clock, home)
    before = (await world.ask("village_officer", INDICATORS, asked))["gradeIndicators"]
    found = {one["code"]: one for one in before["indicators"]}
    assert found["GUARANTEES"]["value"] == {"failing": [], "new": []}
    assert (found["GUARANTEES"]["speaksFor"], found["GUARANTEES"]["contradicts"]) == ("BLUE", True)
    assert found["LABOUR"]["label"] == "劳动力"
    done = await proposed(world, home, visit, "RED", ("NO_RESOURCES",), note="问过邻居", **AD_HOC)
    assert {one["code"]: one["contradicts"] for one in done["grade"]["indicators"]} == {
        code: one["contradicts"] for code, one in found.items()
    }
    trace = await world.sql.fetchrow(
        "SELECT * FROM audit_entry WHERE action = 'propose_grade' ORDER BY id DESC LIMIT 1"
    )
    assert (str(trace["subject_id"]), json.loads(trace["detail"])) == (done["grade"]["id"], {"scheme": "THREE_LEVELS"})
    look = await world.sql.fetchrow("SELECT * FROM audit_entry WHERE action = 'look' AND $1 = ANY (seen) LIMIT 1",
                                    uuid.UUID(home))  # fmt: skip
    assert look is not None


async def test_indicators_are_for_who_meets_the_family(world: World, clock: Clock) -> None:
    listed = await world.sql.fetchval(
        "SELECT h.id::text FROM household h JOIN household_access a ON a.household_id = h.id JOIN account p"
        " ON p.organisation_id = a.party_id WHERE p.persona = 'other_partner' AND h.category = 'LIFTED' LIMIT 1"
    )
    asked = {"id": listed, "scheme": "THREE_LEVELS"}
    for persona in ("other_partner", "county_officer"):
        body = await world.post(persona, INDICATORS, asked)
        assert body["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert (await world.post("anonymous", INDICATORS, asked))["errors"][0]["extensions"]["code"] == "SIGN_IN_REQUIRED"
    body = await world.post(COUNTY, INDICATORS, asked | {"scheme": "STARS"})
    assert body["errors"][0]["extensions"]["code"] == "UNKNOWN_CODE"
    assert (await world.post(COUNTY, INDICATORS, asked | {"id": "?"}))["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    await world.sql.execute(
        "INSERT INTO risk_grade (id, household_id, region_code, scheme, level, state, reasons, note, indicators,"
        " proposed_at, filed_at, effective_from) SELECT $1, id, region_code, 'THREE_LEVELS', 'BLUE', 'FILED',"
        " '{HAS_SKILLS}', '说明', '[{\"code\": \"LABOUR\"}]', now(), now(), '2026-01-01' FROM household"
        " WHERE id::text = $2 ON CONFLICT DO NOTHING",
        *(uuid.uuid4(), listed),
    )
    (grade,) = (await world.ask("other_partner", MASKED, {"id": listed}))["household"]["grades"]
    assert (grade["note"], grade["indicators"]) == (None, [])


async def test_a_light_says_today_what_would_change_it(world: World, clock: Clock) -> None:
    home = await world.sql.fetchval("SELECT id::text FROM household WHERE region_code ^@ '653125' AND category = 'LIFTED'"
                                    " ORDER BY code LIMIT 1")  # fmt: skip
    await world.sql.execute(
        "INSERT INTO access_grant (id, account_id, role, region_code, starts_on)"
        " SELECT $1, id, 'COUNTY_OFFICER', '653125', '2018-01-01' FROM account WHERE persona = 'other_county_officer'",
        uuid.uuid4(),
    )
    found = (await world.ask(COUNTY, INDICATORS, {"id": home, "scheme": "FOUR_LIGHTS"}))["gradeIndicators"]
    (income,) = found["indicators"]
    assert income["speaksFor"] in ("RED", "ORANGE", "YELLOW", "GREEN", "UNKNOWN")
    assert income["contradicts"] is False
    assert bool(found["changes"]) == (income["value"]["perCapitaNet"] is not None)


async def test_an_id_of_somebody_else_is_taken(world: World, clock: Clock, home: str) -> None:
    id = str(uuid.uuid4())
    visit = await call(world, clock, home)
    assert (await proposed(world, home, visit, "BLUE", BLUE, id=id, **AD_HOC))["errors"] == []
    given = {"id": id, "householdId": home, "scheme": "THREE_LEVELS", "level": "BLUE", "reasons": list(BLUE)}
    other = await world.ask("other_cadre", PROPOSE, {"input": given})
    assert codes(other["proposeGrade"]) == ["ID_TAKEN"]


DUE = """query ($filter: DutyFilter, $on: Date) { duties(filter: $filter, on: $on) { nodes { period dueOn facts } } }"""


async def test_how_often_somebody_calls_follows_the_grade_once_it_is_filed(
    world: World, clock: Clock, home: str
) -> None:
    """VISIT_INTERVAL_BY_GRADE: red every month, blue no more often than the category has it."""
    await world.sql.execute("UPDATE household SET monitoring_status = 'NEVER' WHERE id::text = $1", home)
    asked = {"filter": {"householdId": home, "rules": ["VISIT_DUE"]}, "on": "2026-12-31"}

    async def due() -> list[Any]:
        nodes: list[Any] = (await world.ask(COUNTY, DUE, asked))["duties"]["nodes"]
        return [(one["period"], one["facts"]["because"]) for one in nodes if one["dueOn"] == "2026-12-31"]

    visit = await call(world, clock, home)
    grade = (await proposed(world, home, visit, "RED", ("NO_LABOUR",), **AD_HOC))["grade"]["id"]
    await reviewed(world, grade)
    assert await due() == [], "a proposal demands nothing, and the half-year has its visit"
    await filed(world, grade)
    clock.on("2026-12-31")
    assert await due() == [("2026-12", "GRADE")]
    await graded(world, clock, home, "BLUE", *BLUE, **AD_HOC)
    assert await due() == []
