"""Coverage, gaps and suggestions as officers read them, beside what stands in the tables."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

import pytest

from tests.schema.pairings_asked import TODAY, TOWNSHIP, VILLAGE, account
from tests.world import World

COUNTY = "350125"
COVERAGE = """query($r: RegionCode!, $on: Date) { pairingCoverage(region: $r, on: $on) { on
  totals { subject category { code } isMonitored total paired complete percent }
  roles { subject category { code } isMonitored role { code } asked covered }
  divisions { region { code } households householdsPaired householdsComplete students studentsComplete
              villages villagesComplete } } }"""
GAPS = """query($r: RegionCode!, $kinds: [PairingGapKind!], $after: String, $first: Int! = 200) {
  pairingGaps(region: $r, kinds: $kinds, first: $first, after: $after) {
    nodes { kind subject region { code } household { id } student { id } helper { id name } missing { code } since load
            metres atMost }
    pageInfo { hasNextPage endCursor } } }"""
STUDENTS = """query($r: RegionCode!, $missing: String) { studentsHelped(region: $r, missing: $missing, first: 500) {
  totalCount nodes { student { id name } region { code } held { code } missing { code } } } }"""
SUGGEST = """query($role: String!, $h: ID, $p: ID, $v: ID) {
  pairingSuggestions(role: $role, householdId: $h, personId: $p, villageId: $v) {
    helper { id kind { code } region { code } } organisation { id kind { code } } sharedDigits load isFull metres } }"""

# Said once more, household by household, without the policy: the defaults hold in the demo's county.
ASKED = """
SELECT h.id, h.region_code, h.category, h.monitoring_status = 'MONITORED' AS is_monitored,
  coalesce(array_agg(DISTINCT p.role) FILTER (WHERE p.role IS NOT NULL), '{}') AS held
FROM household h LEFT JOIN pairing p ON p.household_id = h.id AND p.ended_on IS NULL
WHERE h.region_code LIKE $1 || '%' AND h.ended_on IS NULL
  AND (h.monitoring_status = 'MONITORED' OR h.category IN ('LIFTED', 'REGISTERED_POOR', 'EDGE', 'RETURNED'))
GROUP BY h.id
"""
AT_SCHOOL = """
SELECT p.id, p.region_code, coalesce(array_agg(DISTINCT q.role) FILTER (WHERE q.role IS NOT NULL), '{}') AS held
FROM person p JOIN household h ON h.id = p.household_id LEFT JOIN pairing q ON q.person_id = p.id AND q.ended_on IS NULL
WHERE p.region_code LIKE $1 || '%' AND h.ended_on IS NULL
  AND p.school_status NOT IN ('BEFORE_PRESCHOOL', 'DROPPED_OUT')
  AND (h.monitoring_status = 'MONITORED' OR h.category IN ('LIFTED', 'REGISTERED_POOR', 'EDGE', 'RETURNED'))
GROUP BY p.id
"""
THREE = {"STUDENT_CADRE", "STUDENT_TEACHER", "STUDENT_ENTREPRENEUR"}


def wanted(row: Any) -> set[str]:
    return {"KEY_HELP", "WEALTH_LEADER"} if row["is_monitored"] else {"KEY_HELP"}


async def sets(world: World, parameter: str, value: Any) -> None:
    """The county adopts a number of its own."""
    adopt = "mutation($input: AdoptPolicyInput!) { adoptPolicy(input: $input) { errors { code path } } }"
    asked = {"parameter": parameter, "value": value, "basis": "ASSUMPTION"}
    given = {"operationId": str(uuid.uuid4()), "region": COUNTY, "fromOn": str(TODAY), "document": "永泰县结对帮扶通知"}
    adopted = await world.ask("county_officer", adopt, {"input": given | {"values": [asked]}})
    assert adopted["adoptPolicy"]["errors"] == []


async def test_the_totals_are_those_of_the_tables(world: World) -> None:
    rows = await world.sql.fetch(ASKED, COUNTY)
    students = await world.sql.fetch(AT_SCHOOL, COUNTY)
    found = (await world.ask("county_officer", COVERAGE, {"r": COUNTY, "on": None}))["pairingCoverage"]

    assert found["on"] == str(TODAY)
    of = Counter((row["category"], row["is_monitored"]) for row in rows)
    complete = Counter((row["category"], row["is_monitored"]) for row in rows if wanted(row) <= set(row["held"]))
    paired = Counter((row["category"], row["is_monitored"]) for row in rows if row["held"])
    households = [one for one in found["totals"] if one["subject"] == "HOUSEHOLD"]
    told = {(one["category"]["code"], one["isMonitored"]): one for one in households}
    assert {key: one["total"] for key, one in told.items()} == dict(of)
    assert {key: one["complete"] for key, one in told.items() if one["complete"]} == dict(complete)
    assert {key: one["paired"] for key, one in told.items() if one["paired"]} == dict(paired)
    assert 0 < sum(complete.values()) < len(rows), "the demo has both"

    (of_students,) = [one for one in found["totals"] if one["subject"] == "STUDENT"]
    assert (of_students["total"], of_students["category"]) == (len(students), None)
    assert of_students["complete"] == sum(set(row["held"]) >= THREE for row in students) == 8
    (villages,) = [one for one in found["totals"] if one["subject"] == "VILLAGE"]
    assert villages["complete"] == 1, "力星村 has a first secretary and a resident team"

    key_help = [one for one in found["roles"] if one["role"]["code"] == "KEY_HELP"]
    assert sum(one["asked"] for one in key_help) == len(rows)
    assert sum(one["covered"] for one in key_help) == sum("KEY_HELP" in row["held"] for row in rows)
    assert sum(one["households"] for one in found["divisions"]) == len(rows)
    assert sum(one["students"] for one in found["divisions"]) == len(students)
    assert {len(one["region"]["code"]) for one in found["divisions"]} == {9}


async def test_each_village_of_a_township_has_its_row(world: World) -> None:
    found = (await world.ask("township_officer", COVERAGE, {"r": TOWNSHIP, "on": None}))["pairingCoverage"]
    rows = await world.sql.fetch(ASKED, TOWNSHIP)
    of = Counter(row["region_code"] for row in rows)
    assert {one["region"]["code"]: one["households"] for one in found["divisions"] if one["households"]} == dict(of)
    (village,) = [one for one in found["divisions"] if one["region"]["code"] == VILLAGE]
    assert (village["villages"], village["villagesComplete"]) == (1, 1)


async def test_an_earlier_day_knows_who_helped_then(world: World) -> None:
    before = (await world.ask("county_officer", COVERAGE, {"r": COUNTY, "on": "2019-06-30"}))["pairingCoverage"]
    assert sum(one["paired"] for one in before["totals"]) == 0, "the demo's pairings begin in July 2019"
    assert before["on"] == "2019-06-30"


async def test_what_a_county_asks_for_itself_is_what_is_counted(world: World) -> None:
    await sets(world, "ROLES_FOR_VILLAGES", ["SUNSHINE_HAND"])
    found = (await world.ask("county_officer", COVERAGE, {"r": COUNTY, "on": None}))["pairingCoverage"]
    (role,) = [one for one in found["roles"] if one["subject"] == "VILLAGE"]
    assert (role["role"]["code"], role["covered"]) == ("SUNSHINE_HAND", 1)


async def test_who_sees_a_list_counts_their_list_and_the_public_nothing(world: World) -> None:
    mine = (await world.ask("cadre", COVERAGE, {"r": TOWNSHIP, "on": None}))["pairingCoverage"]
    listed = await world.sql.fetchval(
        "SELECT count(*) FROM household_access x JOIN account a ON a.helper_id = x.party_id WHERE a.persona = 'cadre'"
    )
    assert 0 < sum(one["total"] for one in mine["totals"] if one["subject"] == "HOUSEHOLD") <= listed
    assert not [one for one in mine["totals"] if one["subject"] == "VILLAGE"]
    assert (await world.ask("other_county_officer", COVERAGE, {"r": COUNTY, "on": None}))["pairingCoverage"][
        "totals"
    ] == []
    assert (await world.ask("anonymous", COVERAGE, {"r": COUNTY, "on": None}))["pairingCoverage"] is None


# --- students, gaps, suggestions ---------------------------------------------------------------------------------------


async def test_students_are_listed_with_who_is_missing(world: World) -> None:
    rows = await world.sql.fetch(AT_SCHOOL, TOWNSHIP)
    found = (await world.ask("township_officer", STUDENTS, {"r": TOWNSHIP, "missing": None}))["studentsHelped"]
    told = {one["student"]["id"]: {word["code"] for word in one["missing"]} for one in found["nodes"]}
    assert told == {str(row["id"]): THREE - set(row["held"]) for row in rows}
    lacking = (await world.ask("township_officer", STUDENTS, {"r": TOWNSHIP, "missing": "STUDENT_TEACHER"}))[
        "studentsHelped"
    ]
    assert lacking["totalCount"] == sum("STUDENT_TEACHER" not in row["held"] for row in rows)
    assert (await world.ask("other_county_officer", STUDENTS, {"r": TOWNSHIP, "missing": None}))["studentsHelped"][
        "nodes"
    ] == []


async def gaps(world: World, persona: str, region: str, kinds: list[str] | None = None, first: int = 200) -> list[Any]:
    found: list[Any] = []
    after = None
    while True:
        asked = {"r": region, "kinds": kinds, "after": after, "first": first}
        page = (await world.ask(persona, GAPS, asked))["pairingGaps"]
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


async def test_who_has_nobody_and_who_has_not_everybody(world: World) -> None:
    rows = await world.sql.fetch(ASKED, TOWNSHIP)
    found = await gaps(world, "township_officer", TOWNSHIP, ["UNPAIRED", "INCOMPLETE"], first=7)
    of_households = [one for one in found if one["subject"] == "HOUSEHOLD"]
    unpaired = {one["household"]["id"] for one in of_households if one["kind"] == "UNPAIRED"}
    incomplete = {
        one["household"]["id"]: {w["code"] for w in one["missing"]}
        for one in of_households
        if one["kind"] == "INCOMPLETE"
    }
    assert unpaired == {str(row["id"]) for row in rows if not row["held"]}
    assert incomplete == {
        str(row["id"]): wanted(row) - set(row["held"])
        for row in rows
        if row["held"] and not wanted(row) <= set(row["held"])
    }
    assert all(one["student"] is not None for one in found if one["subject"] == "STUDENT")
    assert [one["region"]["code"] for one in found] == sorted(one["region"]["code"] for one in found)


async def test_a_role_that_nobody_took_over_has_lapsed(world: World) -> None:
    pairing = await world.sql.fetchrow(
        "UPDATE pairing SET ended_on = $1, end_reason = 'HELPER_RETIRED' WHERE id = (SELECT id FROM pairing"
        " WHERE role = 'KEY_HELP' AND ended_on IS NULL AND region_code LIKE $2 || '%' ORDER BY id LIMIT 1)"
        " RETURNING household_id, helper_id",
        TODAY,
        TOWNSHIP,
    )
    found = await gaps(world, "township_officer", TOWNSHIP, ["LAPSED"])
    (lapsed,) = [one for one in found if one["household"]["id"] == str(pairing["household_id"])]
    assert (lapsed["since"], lapsed["helper"]["id"]) == (str(TODAY), str(pairing["helper_id"]))
    assert lapsed["missing"] == [{"code": "KEY_HELP"}]
    assert len(found) == 1, "those that were handed over have not lapsed"


async def test_a_helper_with_too_much_and_a_family_far_away(world: World) -> None:
    await sets(world, "MOST_PAIRINGS", 9)
    await sets(world, "FAR_FROM_THE_OTHERS", 900)
    loads = await world.sql.fetch(
        "SELECT helper_id, count(DISTINCT household_id) AS load FROM pairing WHERE ended_on IS NULL AND household_id IS NOT NULL"
        " AND helper_id IS NOT NULL AND region_code LIKE $1 || '%' GROUP BY 1",
        COUNTY,
    )
    found = await gaps(world, "county_officer", COUNTY, ["OVERLOADED", "FAR_AWAY"])
    overloaded = {one["helper"]["id"]: one["load"] for one in found if one["kind"] == "OVERLOADED"}
    assert overloaded == {str(row["helper_id"]): row["load"] for row in loads if row["load"] > 9}
    far = [one for one in found if one["kind"] == "FAR_AWAY"]
    assert far
    assert all(one["metres"] > one["atMost"] == 900 and one["household"] and one["helper"] for one in far)


async def test_suggestions_fit_and_the_nearest_come_first(world: World) -> None:
    household = await world.sql.fetchval(
        "SELECT h.id FROM household h WHERE h.region_code = $1 AND h.ended_on IS NULL AND NOT EXISTS (SELECT FROM pairing p"
        " WHERE p.household_id = h.id) ORDER BY h.code LIMIT 1",
        VILLAGE,
    )
    cadres = (await world.ask("township_officer", SUGGEST, {"role": "KEY_HELP", "h": str(household)}))[
        "pairingSuggestions"
    ]
    assert {one["helper"]["kind"]["code"] for one in cadres} <= {
        "CADRE",
        "FIRST_SECRETARY",
        "RESIDENT_TEAM_MEMBER",
        "VILLAGE_OFFICER",
    }
    assert [one["sharedDigits"] for one in cadres] == sorted((one["sharedDigits"] for one in cadres), reverse=True)
    helping = [one for one in cadres if one["helper"]["id"] == str(await account(world, "cadre"))]
    assert helping[0]["load"] > 0
    assert 0 < helping[0]["metres"] < 20_000
    leaders = (await world.ask("township_officer", SUGGEST, {"role": "WEALTH_LEADER", "h": str(household)}))[
        "pairingSuggestions"
    ]
    assert [one["helper"]["region"]["code"] for one in leaders] == [VILLAGE], "of the same village only"
    links = (await world.ask("township_officer", SUGGEST, {"role": "BENEFIT_LINK", "h": str(household)}))[
        "pairingSuggestions"
    ]
    assert {one["organisation"]["kind"]["code"] for one in links} == {"COOPERATIVE"}
    student = await world.sql.fetchval(
        "SELECT p.id FROM person p WHERE p.region_code = $1 AND p.school_status = 'PRIMARY' AND p.household_id IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM pairing q WHERE q.person_id = p.id) LIMIT 1",
        VILLAGE,
    )
    asked = {"role": "STUDENT_TEACHER", "p": str(student)}
    teachers = (await world.ask("township_officer", SUGGEST, asked))["pairingSuggestions"]
    assert {one["helper"]["kind"]["code"] for one in teachers} == {"TEACHER"}


async def test_a_village_is_suggested_a_first_secretary_that_it_has_not_yet(world: World) -> None:
    village = await world.sql.fetchval("SELECT id FROM village WHERE region_code = '350125201201'")
    asked = {"role": "FIRST_SECRETARY", "v": str(village)}
    found = (await world.ask("township_officer", SUGGEST, asked))["pairingSuggestions"]
    assert [(one["helper"]["kind"]["code"], one["sharedDigits"]) for one in found] == [("FIRST_SECRETARY", 9)]
    lixing = await world.sql.fetchval("SELECT id FROM village WHERE region_code = $1", VILLAGE)
    assert (await world.ask("township_officer", SUGGEST, asked | {"v": str(lixing)}))["pairingSuggestions"] == []


@pytest.mark.parametrize("persona", ["cadre", "partner", "other_county_officer", "auditor", "anonymous"])
async def test_who_does_not_decide_there_is_suggested_nobody(world: World, persona: str) -> None:
    household = await world.sql.fetchval(
        "SELECT x.household_id FROM household_access x JOIN account a ON a.helper_id = x.party_id WHERE a.persona = 'cadre'"
        " LIMIT 1"
    )
    asked = {"role": "FOLLOW_UP", "h": str(household)}
    assert (await world.ask(persona, SUGGEST, asked))["pairingSuggestions"] == []
