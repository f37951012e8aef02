"""The checks before upload: a decision table for each, for one family and for a village alike, and who is told what."""

from __future__ import annotations

import csv
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.access.rules import CHINA
from domain.checks.library import LIBRARY
from domain.checks.rules import FILE, CheckCode, checks, kinds_told
from tests.schema.families_asked import VILLAGE, new_family, person
from tests.world import World

AUDIT = (
    "query($id: ID!) { auditHousehold(id: $id) { household { id } findings { check severity message advice facts } } }"
)
LIST = """query($region: RegionCode!, $checks: [String!], $first: Int! = 50, $after: String) {
  householdAudits(region: $region, checks: $checks, first: $first, after: $after) {
    nodes { household { id code } findings { check } } pageInfo { hasNextPage endCursor } } }"""
TODAY = datetime.now(CHINA).date()
THIS_MONTH = TODAY.replace(day=1)
LAST_MONTH = (THIS_MONTH - timedelta(days=1)).replace(day=1)

WELL = {"monitoring_status": "MONITORED", "causes": ["OTHER"]}
GONE = {"monitoring_status": "ELIMINATED_TRACKED", "causes": ["OTHER"]}
GROWN_UP = {"born_on": TODAY - timedelta(days=40 * 365), "labour": "ORDINARY", "health": ["HEALTHY"]}
CHILD = {
    "born_on": TODAY - timedelta(days=10 * 365),
    "labour": "NONE",
    "education": None,
    "school_status": "PRIMARY",
}
AT_SCHOOL = {"education": None, "school_status": "UNDERGRADUATE"}


def born(years: int, days: int = 0) -> Any:
    """Of so many years, and so many days more."""
    try:
        return TODAY.replace(year=TODAY.year - years) - timedelta(days=days)
    except ValueError:  # the 29th of February
        return TODAY.replace(year=TODAY.year - years, day=28) - timedelta(days=days)


async def family(
    world: World,
    household: Mapping[str, Any],
    member: Mapping[str, Any],
    figures: Sequence[tuple[Any, str, int, str]] = (),
    grade: tuple[str, str, list[str]] | None = None,
) -> str:
    """A family of one, as it stands on record: figures are (month, kind, fen, origin), a grade (state, level, reasons)."""
    id = await new_family(world, person("鄢核"))
    for table, columns, key in (("household", household, "id"), ("person", GROWN_UP | member, "household_id")):
        names = ", ".join(f"{name} = ${number}" for number, name in enumerate(columns, start=2))
        await world.sql.execute(f"UPDATE {table} SET {names} WHERE {key} = $1", uuid.UUID(id), *columns.values())
    for month, kind, fen, origin in figures:
        await world.sql.execute(
            "INSERT INTO income_statement (id, household_id, region_code, month, kind, amount_fen, origin, recorded_at,"
            " recorded_by_id) SELECT gen_random_uuid(), h.id, h.region_code, $2, $3, $4, $5, now(), a.id"
            " FROM household h, account a WHERE h.id = $1 AND a.persona = 'cadre'",
            *(uuid.UUID(id), month, kind, fen, origin),
        )
    if grade is not None:
        state, level, reasons = grade
        await world.sql.execute(
            "INSERT INTO risk_grade (id, household_id, region_code, scheme, level, state, reasons, indicators, proposed_at,"
            " filed_at, filed_by_id, reviewed_at, reviewed_by_id, effective_from, superseded_at, superseded_on)"
            " SELECT gen_random_uuid(), h.id, h.region_code, 'THREE_LEVELS', $3, $2::text, $4, '[]', now(), filed.at, filed.by,"
            " filed.at, filed.by, filed.at::date, CASE WHEN $2::text = 'SUPERSEDED' THEN now() END,"
            " CASE WHEN $2::text = 'SUPERSEDED' THEN current_date END"
            " FROM household h, account a, LATERAL (SELECT CASE WHEN $2::text <> 'PROPOSED' THEN now() END AS at,"
            " CASE WHEN $2::text <> 'PROPOSED' THEN a.id END AS by) AS filed"
            " WHERE h.id = $1 AND a.persona = 'county_officer'",
            *(uuid.UUID(id), state, level, reasons),
        )
    return id


async def findings(world: World, id: str, persona: str = "township_officer") -> dict[str, Any]:
    answer = (await world.ask(persona, AUDIT, {"id": id}))["auditHousehold"]
    assert answer["household"] == {"id": id}
    return {one["check"]: one for one in answer["findings"]}


async def monitored(world: World, id: str, since: int, gone: int | None, delivered: int | None) -> None:
    """A case that brought it under monitoring so many days ago, eliminated so many days ago; and a measure, delivered then."""
    await world.sql.execute(
        "INSERT INTO monitoring_case (id, household_id, region_code, category, causes, round, step, step_since, began_on,"
        " round_began_on, due_on, opened_at, monitored_on, eliminated_on, closed_on, created_at, updated_at)"
        " SELECT gen_random_uuid(), h.id, h.region_code, 'EDGE', '{OTHER}', 'ADMISSION',"
        " CASE WHEN $3::date IS NULL THEN 'MONITORED' ELSE 'ELIMINATED' END, now(), $2::date, $2::date, $2::date + 15,"
        " now(), $2::date, $3::date, $3::date, now(), now() FROM household h WHERE h.id = $1",
        *(uuid.UUID(id), TODAY - timedelta(days=since), None if gone is None else TODAY - timedelta(days=gone)),
    )
    if delivered is not None:
        await world.sql.execute(
            "INSERT INTO measure (id, household_id, region_code, kind, entitlement, state, planned_on, approved_on,"
            " delivered_on, provider_helper_id, recorded_at, recorded_by_id)"
            " SELECT gen_random_uuid(), h.id, h.region_code, 'INDUSTRY', 'FULL', 'DELIVERED', $2::date, $2::date, $2::date,"
            " a.helper_id, now(), a.id FROM household h, account a WHERE h.id = $1 AND a.persona = 'cadre'",
            *(uuid.UUID(id), TODAY - timedelta(days=delivered)),
        )


# check, status, monitored so many days ago, eliminated, a measure delivered, whether it is found
OF_CASES: list[tuple[str, Any, int, int | None, int | None, bool]] = [
    ("ELIMINATED_TOO_EARLY", GONE, 300, 200, None, True),
    ("ELIMINATED_TOO_EARLY", GONE, 300, 100, None, False),
    ("ELIMINATED_TOO_EARLY", WELL, 300, None, None, False),
    ("NO_MEASURE_AFTER_ENTRY", WELL, 31, None, None, True),
    ("NO_MEASURE_AFTER_ENTRY", WELL, 30, None, None, False),
    ("NO_MEASURE_AFTER_ENTRY", WELL, 31, None, 31, False),
    ("NO_MEASURE_AFTER_ENTRY", WELL, 31, None, 32, True),
    ("NO_MEASURE_AFTER_ENTRY", GONE, 300, 100, None, False),
]  # fmt: skip


@pytest.mark.parametrize(("check", "household", "since", "gone", "delivered", "is_found"), OF_CASES)
async def test_what_a_check_of_cases_finds(
    world: World, check: str, household: Any, since: int, gone: int | None, delivered: int | None, is_found: bool
) -> None:
    id = await family(world, household, {})
    await monitored(world, id, since, gone, delivered)
    assert (check in await findings(world, id)) is is_found
    assert (id in await listed_in(world, VILLAGE, [check])) is is_found


def a_year(fen: int) -> list[tuple[Any, str, int, str]]:
    """A wage for each of the twelve months that make a year, from one origin."""
    months = [LAST_MONTH]
    while len(months) < 12:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return [(month, "WAGE", fen, "EMPLOYER") for month in months]


ILL = WELL | {"causes": ["ILLNESS"]}
IDLE = {"labour": "NONE"}
BLUE = ("FILED", "BLUE", ["NO_DIFFICULTY"])
# check, household, member, figures, grade, whether it is found
TABLE: list[tuple[str, Any, Any, Any, Any, bool]] = [
    ("ILLNESS_WITHOUT_MEDICAL_COST", ILL, {}, [], None, True),
    ("ILLNESS_WITHOUT_MEDICAL_COST", ILL | {"causes": ["STUDY", "ILLNESS"]}, {}, [], None, True),
    ("ILLNESS_WITHOUT_MEDICAL_COST", WELL, {}, [], None, False),
    ("ILLNESS_WITHOUT_MEDICAL_COST", ILL | {"monitoring_status": "NEVER"}, {}, [], None, False),
    ("ILLNESS_WITHOUT_MEDICAL_COST", ILL, {}, [(LAST_MONTH, "MEDICAL", 1, "DEPARTMENT")], None, False),
    ("ILLNESS_WITHOUT_MEDICAL_COST", ILL, {}, [(LAST_MONTH, "MEDICAL", 0, "DEPARTMENT")], None, True),
    ("ILLNESS_WITHOUT_MEDICAL_COST", ILL, {}, [(LAST_MONTH, "STUDY", 900, "DEPARTMENT")], None, True),
    ("ILLNESS_WITHOUT_MEDICAL_COST", ILL, {}, [(THIS_MONTH, "MEDICAL", 900, "DEPARTMENT")], None, True),
    ("JOB_RISK_WITHOUT_LABOUR", WELL | {"causes": ["LACK_OF_SKILLS"]}, IDLE, [], None, True),
    ("JOB_RISK_WITHOUT_LABOUR", WELL | {"causes": ["LACK_OF_SKILLS"]}, {"labour": "WEAK_OR_HALF"}, [], None, False),
    ("JOB_RISK_WITHOUT_LABOUR", WELL | {"causes": ["LACK_OF_LABOUR"]}, IDLE, [], None, False),
    ("JOB_RISK_WITHOUT_LABOUR", WELL, IDLE, [], ("FILED", "YELLOW", ["UNSTABLE_JOB"]), True),
    ("JOB_RISK_WITHOUT_LABOUR", WELL, IDLE, [], ("SUPERSEDED", "YELLOW", ["UNSTABLE_JOB"]), False),
    ("JOB_RISK_WITHOUT_LABOUR", GONE | {"causes": ["LACK_OF_SKILLS"]}, IDLE, [], None, False),
    ("HEALTHY_WITHOUT_LABOUR", WELL, IDLE, [], None, True),
    ("HEALTHY_WITHOUT_LABOUR", WELL, {"labour": "LOST"}, [], None, True),
    ("HEALTHY_WITHOUT_LABOUR", WELL, {"labour": "WEAK_OR_HALF"}, [], None, False),
    ("HEALTHY_WITHOUT_LABOUR", WELL, IDLE | {"health": ["CHRONIC_ILLNESS"]}, [], None, False),
    ("HEALTHY_WITHOUT_LABOUR", WELL, IDLE | AT_SCHOOL, [], None, False),
    ("HEALTHY_WITHOUT_LABOUR", WELL, IDLE | AT_SCHOOL | {"school_status": "DROPPED_OUT"}, [], None, True),
    ("HEALTHY_WITHOUT_LABOUR", WELL, IDLE | {"born_on": born(16)}, [], None, True),
    ("HEALTHY_WITHOUT_LABOUR", WELL, IDLE | {"born_on": born(15, 300)}, [], None, False),
    ("HEALTHY_WITHOUT_LABOUR", WELL, IDLE | {"born_on": born(59, 300)}, [], None, True),
    ("HEALTHY_WITHOUT_LABOUR", WELL, IDLE | {"born_on": born(60)}, [], None, False),
    ("HEALTHY_WITHOUT_LABOUR", WELL | {"monitoring_status": "NEVER"}, IDLE, [], None, False),
    ("ELIMINATED_BELOW_LINE", GONE, {}, a_year(10_000), None, True),
    ("ELIMINATED_BELOW_LINE", GONE, {}, a_year(10_000)[1:], None, False),
    ("ELIMINATED_BELOW_LINE", GONE, {}, a_year(900_000), None, False),
    ("ELIMINATED_BELOW_LINE", WELL, {}, a_year(10_000), None, False),
    ("ELIMINATED_WITH_DROPOUT", GONE, CHILD | {"school_status": "DROPPED_OUT"}, [], None, True),
    ("ELIMINATED_WITH_DROPOUT", GONE, CHILD, [], None, False),
    ("ELIMINATED_WITH_DROPOUT", WELL, CHILD | {"school_status": "DROPPED_OUT"}, [], None, False),
    ("ELIMINATED_WITH_DROPOUT", GONE, AT_SCHOOL | {"school_status": "DROPPED_OUT", "born_on": born(16)}, [], None, False),
    ("MONITORED_WITH_BLUE", WELL, {}, [], BLUE, True),
    ("MONITORED_WITH_BLUE", WELL, {}, [], ("PROPOSED", "BLUE", ["NO_DIFFICULTY"]), False),
    ("MONITORED_WITH_BLUE", WELL, {}, [], ("FILED", "RED", ["NO_LABOUR"]), False),
    ("MONITORED_WITH_BLUE", GONE, {}, [], BLUE, False),
    ("FIGURES_IN_CONFLICT", WELL, {}, [(LAST_MONTH, "WAGE", 1, "EMPLOYER"), (LAST_MONTH, "WAGE", 2, "DEPARTMENT")], None, True),
    ("FIGURES_IN_CONFLICT", WELL, {}, [(LAST_MONTH, "WAGE", 2, "EMPLOYER"), (LAST_MONTH, "WAGE", 2, "DEPARTMENT")], None, False),
    ("FIGURES_IN_CONFLICT", WELL, {}, [(LAST_MONTH, "WAGE", 1, "EMPLOYER"), (THIS_MONTH, "WAGE", 2, "EMPLOYER")], None, False),
]  # fmt: skip


@pytest.mark.parametrize(("check", "household", "member", "figures", "grade", "is_found"), TABLE)
async def test_what_a_check_finds(
    world: World, check: str, household: Any, member: Any, figures: Any, grade: Any, is_found: bool
) -> None:
    id = await family(world, household, member, figures, grade)
    assert (check in await findings(world, id)) is is_found
    listed = await listed_in(world, VILLAGE, [check])
    assert (id in listed) is is_found, "the list and the one family are one expression"


async def listed_in(
    world: World, region: str, only: list[str] | None = None, persona: str = "township_officer"
) -> list[str]:
    """All pages, by three."""
    found: list[str] = []
    after = None
    while True:
        given = {"region": region, "checks": only, "first": 3, "after": after}
        page = (await world.ask(persona, LIST, given))["householdAudits"]
        found += [one["household"]["id"] for one in page["nodes"]]
        assert all(one["findings"] for one in page["nodes"])
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


def test_every_check_of_the_file_is_in_the_library_and_in_the_table() -> None:
    with FILE.open(encoding="utf-8", newline="") as lines:
        codes = [row["code"] for row in csv.DictReader(lines)]
    assert codes == list(checks())
    assert set(codes) == set(LIBRARY) == set(CheckCode)
    for code in codes:
        rows = [is_found for check, *_, is_found in (*TABLE, *OF_CASES) if check == code]
        assert set(rows) == {True, False}, code
        check = checks()[code]
        assert all((check.zh, check.en, check.advice_zh, check.advice_en, check.basis)), code
        assert check.en.isascii()
        assert check.advice_en.isascii()


async def test_a_finding_says_what_is_wrong_why_and_what_to_do(world: World) -> None:
    id = await family(world, ILL, IDLE, grade=BLUE)
    found = await findings(world, id)
    assert set(found) == {"ILLNESS_WITHOUT_MEDICAL_COST", "HEALTHY_WITHOUT_LABOUR", "MONITORED_WITH_BLUE"}
    illness = found["ILLNESS_WITHOUT_MEDICAL_COST"]
    assert (illness["severity"], "医疗支出" in illness["message"], "补录" in illness["advice"]) == ("ERROR", True, True)
    assert illness["facts"]["toMonth"] == f"{LAST_MONTH:%Y-%m}"
    members = await world.sql.fetch("SELECT id::text FROM person WHERE household_id = $1", uuid.UUID(id))
    assert found["HEALTHY_WITHOUT_LABOUR"]["facts"] == {"people": [row["id"] for row in members]}
    answer = await world.ask("township_officer", AUDIT, {"id": id}, language="en")
    assert all(one["message"].isascii() for one in answer["auditHousehold"]["findings"])


async def test_a_family_in_order_has_no_findings_and_an_ended_one_no_audit(world: World) -> None:
    id = await family(world, WELL, {})
    assert await findings(world, id) == {}
    assert id not in await listed_in(world, VILLAGE)
    await world.sql.execute(
        "UPDATE household SET ended_on = current_date, end_reason = 'DIED_OUT' WHERE id = $1", uuid.UUID(id)
    )
    assert (await world.ask("township_officer", AUDIT, {"id": id}))["auditHousehold"] is None


async def test_health_and_income_are_told_to_those_who_meet_the_family_and_noted(world: World) -> None:
    id = await family(world, ILL, IDLE, grade=BLUE)
    sensitive = {"ILLNESS_WITHOUT_MEDICAL_COST", "HEALTHY_WITHOUT_LABOUR"}
    assert sensitive <= set(await findings(world, id))
    assert set(await findings(world, id, "integrator")) == {"MONITORED_WITH_BLUE"}
    assert id not in await listed_in(world, VILLAGE, sorted(sensitive), "integrator")
    looks = await world.sql.fetch(
        "SELECT a.persona, e.detail->'kinds' AS kinds FROM audit_entry e JOIN account a ON a.id = e.actor_id"
        " WHERE e.action = 'look' AND $1 = ANY (e.seen)",
        uuid.UUID(id),
    )
    assert {(row["persona"], row["kinds"]) for row in looks} == {("township_officer", '["HEALTH"]')}
    assert kinds_told(["FIGURES_IN_CONFLICT", "ILLNESS_WITHOUT_MEDICAL_COST", "MONITORED_WITH_BLUE"]) == [
        "HEALTH",
        "INCOME",
    ]


async def test_who_does_not_see_a_family_is_told_nothing_of_it(world: World) -> None:
    id = await family(world, ILL, IDLE, grade=BLUE)
    for persona in ("other_county_officer", "partner", "hotline_operator", "auditor"):
        assert (await world.ask(persona, AUDIT, {"id": id}))["auditHousehold"] is None, persona
        assert id not in await listed_in(world, VILLAGE, persona=persona), persona
    assert (await world.ask("township_officer", AUDIT, {"id": "nonsense"}))["auditHousehold"] is None
    refused = await world.post("anonymous", AUDIT, {"id": id})
    assert refused["errors"][0]["extensions"]["code"] == "SIGN_IN_REQUIRED"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"region": "35"}, "REGION_TOO_WIDE"),
        ({"region": VILLAGE, "checks": ["NONE_OF_OURS"]}, "UNKNOWN_CODE"),
        ({"region": VILLAGE, "first": 201}, "PAGE_TOO_LARGE"),
        ({"region": VILLAGE, "first": 0}, "PAGE_TOO_LARGE"),
        ({"region": VILLAGE, "after": "!!"}, "BAD_CURSOR"),
        ({"region": VILLAGE, "after": "eHg="}, "BAD_CURSOR"),
    ],
)
async def test_what_is_wrong_with_a_list(world: World, given: Any, code: str) -> None:
    answer = await world.post("township_officer", LIST, given)
    assert answer["errors"][0]["extensions"]["code"] == code
