"""On a synthetic province, with the plans that a busy server runs: indexes, not scans; walks, not sorts."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import asyncpg
import pytest
from sqlalchemy import LargeBinary, bindparam, func, select

from api.app import as_app
from api.database import connected
from api.settings import Settings
from domain.access.queries import find_viewer
from domain.access.rules import AFTER_EVERY_DIGIT, Viewer
from domain.demo.personas import account_id
from domain.demo.province import load_province
from domain.households.queries import home_of_number
from domain.statistics.folding import fold
from domain.statistics.queries import FIGURES
from schema.engine import Engine
from schema.root import catalogue
from schema.walls import FLAGS, SETTINGS
from tests import databases
from tests.domain.actors import app_sessions
from tests.plans import explain, explain_statement

HOUSEHOLDS = 20_000
TODAY = date(2026, 11, 20)


# A clue and four figures for every household, without the triggers that would tell phones of them.
CLUES_EVERYWHERE = """
SET session_replication_role = replica;
INSERT INTO clue (id, household_id, region_code, sign, period, received_at, began_on, due_on)
SELECT gen_random_uuid(), id, region_code, 'HARDSHIP', '2026-11', now(), day, day + 7
FROM (SELECT *, date '2026-01-01' + (row_number() OVER (ORDER BY id) % 300)::int AS day FROM household) AS h
ON CONFLICT DO NOTHING;
INSERT INTO income_statement (id, household_id, region_code, month, kind, amount_fen, origin, recorded_at, recorded_by_id)
SELECT gen_random_uuid(), h.id, h.region_code, month, 'WAGE', 100000, 'DOOR_SURVEY', now(), (SELECT min(id::text)::uuid
FROM account) FROM household h, unnest(ARRAY['2026-07-01', '2026-08-01', '2026-09-01', '2026-10-01']::date[]) AS month ON CONFLICT DO NOTHING;
INSERT INTO grading_round (id, region_code, scheme, month, opened_on, due_on, opened_at)
SELECT gen_random_uuid(), code, 'THREE_LEVELS', '2026-10-01', '2026-10-01', '2026-10-31', now() FROM region
WHERE level = 'COUNTY' AND code LIKE '52%';
INSERT INTO risk_grade (id, household_id, region_code, scheme, level, state, reasons, indicators, round_id, proposed_at,
                        filed_at, effective_from, superseded_at, superseded_on)
SELECT gen_random_uuid(), h.id, h.region_code, 'THREE_LEVELS', 'BLUE', state, '{HAS_SKILLS}', '[]', r.id, day + number,
       day + number, day + number, CASE WHEN state = 'SUPERSEDED' THEN now() END, CASE WHEN state = 'SUPERSEDED' THEN day END
FROM (SELECT *, date '2026-01-01' + (row_number() OVER (ORDER BY id) % 200)::int AS day FROM household) AS h
JOIN grading_round r ON r.region_code = left(h.region_code, 6), (VALUES (0, 'SUPERSEDED'), (90, 'FILED')) AS s(number, state)
ON CONFLICT DO NOTHING;
RESET session_replication_role;
"""
# A measure that was delivered, relief and an analysis of every household.
HELP_EVERYWHERE = """
SET session_replication_role = replica;
INSERT INTO measure (id, household_id, region_code, kind, cause, content, entitlement, state, planned_on, approved_on,
                     delivered_on, provider_helper_id, recorded_at, recorded_by_id)
SELECT gen_random_uuid(), h.id, h.region_code, 'INDUSTRY', 'LACK_OF_FUNDS', '种茶', 'NONE', 'DELIVERED', day, day, day,
       (SELECT min(id::text)::uuid FROM helper), now(), (SELECT min(id::text)::uuid FROM account)
FROM (SELECT *, date '2026-01-01' + (row_number() OVER (ORDER BY id) % 300)::int AS day FROM household) AS h;
INSERT INTO relief (id, household_id, region_code, kind, cause, term, source, amount_fen, given_on, given_at, given_by_id)
SELECT gen_random_uuid(), h.id, h.region_code, 'OTHER', 'ILLNESS', '2026', 'DONATION', 10001, day, now(),
       (SELECT min(id::text)::uuid FROM account)
FROM (SELECT *, date '2026-01-01' + (row_number() OVER (ORDER BY id) % 300)::int AS day FROM household) AS h;
INSERT INTO effect_analysis (id, household_id, region_code, quarter, due_on, before_on, before_causes, before_planned,
                             before_delivered, before_confirmed, after_on, after_causes, after_planned, after_delivered,
                             after_confirmed, written_at, written_by_id)
SELECT gen_random_uuid(), h.id, h.region_code, '2021Q' || n, '2021-03-31', '2020-12-31', '{}', 0, 0, 0, '2021-03-31', '{}', 0,
       0, 0, now(), (SELECT min(id::text)::uuid FROM account) FROM household h, generate_series(1, 3) AS n;
RESET session_replication_role;
"""
# A case of every household, as it is after some years: three of fifty came this month and wait, the others are done.
CASES_EVERYWHERE = """
SET session_replication_role = replica;
INSERT INTO monitoring_case (id, household_id, region_code, causes, round, step, step_since, began_on, round_began_on, due_on,
                             opened_at, eliminated_on, closed_on, created_at, updated_at)
SELECT gen_random_uuid(), id, region_code, '{ILLNESS}', CASE step WHEN 'ELIMINATED' THEN 'ELIMINATION' ELSE 'ADMISSION' END,
       step, day, day, day, day + 15, day, CASE step WHEN 'ELIMINATED' THEN day + 300 END,
       CASE step WHEN 'ELIMINATED' THEN day + 300 END, day, day
FROM (SELECT id, region_code, step, CASE WHEN step IN ('MONITORED', 'ELIMINATED') THEN date '2023-01-01' + (number % 900)::int
                                         ELSE date '2026-10-20' + (number / 50 % 30)::int END AS day
      FROM (SELECT *, coalesce((ARRAY['COUNTY_DECISION', 'TOWNSHIP_REVIEW', 'VILLAGE_NOTICE'])[number % 50 + 1],
                               (ARRAY['MONITORED', 'ELIMINATED'])[number % 2 + 1]) AS step
            FROM (SELECT id, region_code, row_number() OVER (ORDER BY id) AS number FROM household) AS n) AS s) AS h
ON CONFLICT DO NOTHING;
RESET session_replication_role;
"""


@dataclass(frozen=True)
class Province:
    """The database, officers of a prefecture and of the province, a cadre with families, and ids to ask about."""

    url: str
    officer: Viewer
    everywhere: Viewer
    cadre: Viewer
    county: str
    village: str
    household: str
    organisation: str


@pytest.fixture(scope="module")
async def province(template: str) -> AsyncIterator[Province]:
    url = await databases.fresh_database("ruhu_province", template)
    sql = await asyncpg.connect(url)
    await load_province(sql, await databases.ring(sql), households=HOUSEHOLDS, say=lambda _: None, today=TODAY)
    await sql.execute(CLUES_EVERYWHERE)
    await sql.execute(HELP_EVERYWHERE)
    await sql.execute(CASES_EVERYWHERE)
    await sql.execute("ANALYZE")
    officer = await find_viewer(sql, account_id("officer 5201"), TODAY, "zh")
    row = await sql.fetchrow(
        "SELECT a.id, h.id AS household, h.region_code FROM account a JOIN household_access x ON x.party_id = a.helper_id"
        " JOIN household h ON h.id = x.household_id WHERE h.region_code LIKE '5201%' ORDER BY a.id LIMIT 1"
    )
    everywhere = await find_viewer(sql, account_id("officer 52"), TODAY, "zh")
    assert officer is not None
    assert everywhere is not None
    cadre = await find_viewer(sql, row["id"], TODAY, "zh")
    assert cadre is not None
    organisation = await sql.fetchval(
        "SELECT organisation_id FROM pairing WHERE organisation_id IS NOT NULL AND region_code LIKE '52%' LIMIT 1"
    )
    code = row["region_code"]
    yield Province(url, officer, everywhere, cadre, code[:6], code, str(row["household"]), str(organisation))
    await sql.close()
    await databases.drop_database("ruhu_province")


LISTED_FAMILIES = (
    "{ households(first: 200) { nodes { id code head { name } members { name } lastVisit { occurredAt } } } }"
)


async def test_an_officers_list_walks_the_index_in_its_order(province: Province) -> None:
    plan = await explain(province.url, LISTED_FAMILIES, viewer=province.officer)
    assert "ix_household_region_code" in plan
    assert "Seq Scan on household" not in plan
    assert "ix_visit_household_id" in plan
    assert "ix_person_household_id" in plan


async def test_a_cadres_list_reads_her_families_and_not_the_province(province: Province) -> None:
    plan = await explain(province.url, LISTED_FAMILIES, viewer=province.cadre)
    assert "ix_household_access_party_id" in plan
    assert "Seq Scan" not in plan.replace("Seq Scan on roster", "")
    assert rows_removed(plan) < 1000, plan


async def test_nobody_sees_through_what_the_planner_reads_before_a_viewer_is_set(province: Province) -> None:
    """The connection's own settings look wide, so that policies are estimated rightly; they must not *be* wide."""
    settings = as_app(Settings(database_url=province.url))
    connection = await asyncpg.connect(province.url, server_settings=settings)
    try:
        for table in ("household", "person", "pairing", "visit", "household_access", "change"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0, table
        async with connection.transaction():
            await connection.execute("SELECT set_config('ruhu.region_spans', '', true)")
            assert await connection.fetchval("SELECT count(*) FROM household") > HOUSEHOLDS
        assert await connection.fetchval("SELECT count(*) FROM household") == 0
    finally:
        await connection.close()


async def test_a_village_is_a_range(province: Province) -> None:
    query = "query($v: RegionCode!) { households(filter: {region: $v}) { totalCount nodes { code } } }"
    plan = await explain(province.url, query, {"v": province.village}, province.officer)
    assert "ix_household_region_code" in plan
    assert "Seq Scan on household" not in plan


@pytest.mark.parametrize("part", ["桂芳", "陈桂芳", "350125201"])
async def test_a_search_by_name_or_code_compares_nothing_that_it_does_not_find(province: Province, part: str) -> None:
    """LIKE is no index's under row-level security: a function that checks the scope answers with ids."""
    query = "query($s: String!) { households(filter: {search: $s}) { totalCount nodes { code } } }"
    for viewer in (province.everywhere, province.officer, province.cadre):
        plan = await explain(province.url, query, {"s": part}, viewer)
        assert "Seq Scan" not in plan, plan
        assert "pk_household" in plan, plan


async def test_families_are_named_by_indexes(province: Province) -> None:
    connection = await asyncpg.connect(province.url)
    try:
        await connection.execute("LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0")
        await connection.execute("SET auto_explain.log_nested_statements = on; SET client_min_messages = log")
        told: list[str] = []
        connection.add_log_listener(lambda _, message: told.append(str(message)))
        for part, index in (("桂芳", "ix_person_name_reversed"), ("陈桂芳", "ix_person_name_trigram")):
            await connection.fetchval("SELECT ruhu_families_named($1)", part)
            assert index in told[-2] + told[-1], told
    finally:
        await connection.close()


async def test_an_identity_number_is_found_by_its_blind_index(province: Province) -> None:
    """For whoever sees a province as for whoever sees a list: comparing bytes tells nothing, so a policy lets it pass."""
    found = home_of_number(bindparam("number", type_=LargeBinary())).subquery()
    for viewer in (province.everywhere, province.officer, province.cadre):
        plan = await explain_statement(
            province.url, select(func.count()).select_from(found), {"number": bytes(32)}, viewer
        )
        assert "uq_person_id_number" in plan, plan
        assert "Seq Scan" not in plan, plan


@pytest.mark.parametrize("known_at", [None, datetime.combine(TODAY, datetime.min.time(), UTC)])
async def test_figures_of_a_province_are_read_from_balances_and_what_is_not_folded_yet(
    province: Province, known_at: datetime | None
) -> None:
    async with app_sessions(province.url, role="ruhu_machine") as sessions:
        await fold(sessions, datetime.now(UTC))
    async with connected(province.url) as sql:
        await sql.execute("VACUUM ANALYZE statistics_delta, statistics_balance")
    asked = {"by": ["COUNTY", "CATEGORY"], "on": TODAY, "known_at": known_at, "rosters": None, "language": "zh"}
    plan = await explain_statement(province.url, FIGURES, {"region": "52", "digits": 6, **asked}, province.everywhere)
    assert "pk_statistics_balance" in plan, plan
    assert "ix_statistics_delta_unfolded" in plan, plan
    assert "Seq Scan on statistics" not in plan, plan
    village = {"region": province.village, "digits": 12, **asked}
    plan = await explain_statement(province.url, FIGURES, village, province.officer)
    assert re.search(r"ix_statistics_delta_region_code.*actual", plan), plan
    assert "Seq Scan on statistics" not in plan, plan


async def test_the_visits_of_a_family_come_by_its_index(province: Province) -> None:
    query = "query($h: ID!) { household(id: $h) { visits(first: 20) { nodes { occurredAt helper { name } } } } }"
    plan = await explain(province.url, query, {"h": province.household}, province.cadre)
    assert "ix_visit_household_id" in plan
    assert "Seq Scan on visit" not in plan


async def test_the_visits_of_a_county_come_by_an_index(province: Province) -> None:
    query = "query($c: RegionCode!) { visits(filter: {region: $c}, first: 20) { nodes { id occurredAt } } }"
    plan = await explain(province.url, query, {"c": province.county}, province.officer)
    assert "Seq Scan on visit" not in plan


LISTS = {
    "households": ("households(first: 50, after: $after)", "ix_household_region_code"),
    "households changed last": (
        "households(first: 50, after: $after, orderBy: UPDATED_LATEST)",
        "ix_household_updated_at",
    ),
    "visits": ("visits(first: 50, after: $after)", "ix_visit_occurred_at"),
    "pairings": ("pairings(first: 50, after: $after)", "ix_pairing_region_code"),
    "grades": ("riskGrades(first: 50, after: $after)", "ix_risk_grade_proposed_at"),
    "cases": ("monitoringCases(first: 50, after: $after)", "ix_monitoring_case_due_on"),
}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("who", ["everywhere", "officer"])
async def test_a_page_of_a_wide_list_walks_the_index_in_its_order(province: Province, name: str, who: str) -> None:
    field, index = LISTS[name]
    query = f"query($after: String) {{ {field} {{ nodes {{ id }} pageInfo {{ hasNextPage endCursor }} }} }}"
    viewer: Viewer = getattr(province, who)
    plan = await explain(province.url, query, {}, viewer)
    assert index in plan, plan
    assert "top-N" not in plan, plan
    assert rows_removed(plan) < 2500, plan
    cursor = await end_of_first_page(province.url, query, viewer)
    plan = await explain(province.url, query, {"after": cursor}, viewer)
    assert index in plan, plan
    assert rows_removed(plan) < 2500, plan


async def test_a_township_sorts_its_own_few_visits_and_walks_nobody_elses(province: Province) -> None:
    township = province.village[:9]
    narrow = replace(province.officer, region_from=township, region_to=township + AFTER_EVERY_DIGIT)
    plan = await explain(province.url, "{ visits(first: 50) { nodes { id } } }", viewer=narrow)
    assert "ix_visit_region_code" in plan, plan
    assert "ix_visit_occurred_at" not in plan, plan


async def test_a_scope_holds_only_the_arms_that_can_be_true(province: Province) -> None:
    """An officer without pairings has no list to look through; a cadre without a region has no range."""
    query = "{ households { nodes { id } } }"
    by_region = await explain(province.url, query, viewer=province.officer)
    by_list = await explain(province.url, query, viewer=province.cadre)
    assert "BitmapOr" not in by_region + by_list
    assert "household_access" not in by_region
    assert "ix_household_region_code" not in by_list


OVERDUE = """query($c: RegionCode) { clues(filter: {region: $c, states: [NEW], overdueOn: "2026-06-01"}, first: 50) {
  nodes { id dueOn household { code head { name } } } } }"""


async def test_overdue_clues_come_by_an_index_and_are_not_read_in_vain(province: Province) -> None:
    for viewer, code in ((province.everywhere, None), (province.officer, province.county), (province.cadre, None)):
        plan = await explain(province.url, OVERDUE, {"c": code}, viewer)
        assert "Seq Scan on clue" not in plan, plan
        assert rows_removed(plan) < 2000, plan


WAITING = """query($c: RegionCode) { monitoringCases(filter: {region: $c, steps: [COUNTY_DECISION]}, first: 50) { totalCount
  nodes { id dueOn isOverdue household { code head { name } } } } }"""
LATE = """query($c: RegionCode) { monitoringCases(filter: {region: $c, overdueOn: "2026-11-20"}, first: 50) {
  nodes { id step dueOn household { code } } } }"""


@pytest.mark.parametrize("query", [WAITING, LATE], ids=["at the county", "overdue"])
async def test_cases_that_wait_are_found_without_those_that_are_done(province: Province, query: str) -> None:
    """In a county and in the whole province, where what is done is older and would be walked through first."""
    for viewer, code in (
        (province.officer, province.county),
        (province.officer, None),
        (province.everywhere, province.county),
        (province.everywhere, None),
    ):
        plan = await explain(province.url, query, {"c": code}, viewer)
        assert "Seq Scan on monitoring_case" not in plan, plan
        assert "ix_monitoring_case_" in plan, plan
        assert rows_removed(plan) < 1000, plan


async def test_what_a_village_lives_on_is_reckoned_by_the_index_of_each_household(province: Province) -> None:
    query = """query($v: RegionCode!) { households(filter: {region: $v}) {
      nodes { income { perCapitaNet unknownMonths } clues { sign { code } } } } }"""
    plan = await explain(province.url, query, {"v": province.village}, province.officer)
    assert "Seq Scan on income_statement" not in plan, plan
    assert "Seq Scan on clue" not in plan, plan


GRADES = """query($v: RegionCode!) { households(filter: {region: $v}) { nodes { grades { level { code } reasons { code } } } }
  riskGrades(filter: {region: $v, states: [FILED], heldOn: "2026-09-01"}) { totalCount nodes { id effectiveFrom } } }"""
ROUNDS = """query($c: RegionCode!) { gradingRounds(filter: {region: $c}) { nodes { coverage { filed waiting }
  villages { waiting } waiting(first: 50) { totalCount nodes { id code } } } } }"""


async def test_the_grades_of_a_village_come_by_indexes(province: Province) -> None:
    for viewer in (province.officer, province.cadre):
        plan = await explain(province.url, GRADES, {"v": province.village}, viewer)
        assert "Seq Scan on risk_grade" not in plan, plan
        assert "Seq Scan on household" not in plan, plan
        assert rows_removed(plan) < 1000, plan


async def test_how_far_a_round_is_reads_the_county_and_not_the_province(province: Province) -> None:
    plan = await explain(province.url, ROUNDS, {"c": province.county}, province.officer)
    assert "Seq Scan on risk_grade" not in plan, plan
    assert "Seq Scan on household" not in plan, plan
    assert "ix_risk_grade_round_id" in plan, plan


DUE = """query($v: RegionCode) { duties(filter: {region: $v}, on: "2026-12-31", first: 50) {
  nodes { id dueOn household { code } helpers { name } } } }"""


async def test_a_villages_duties_are_derived_from_its_own_families(province: Province) -> None:
    narrow = replace(
        province.officer,
        region_from=province.village,
        region_to=province.village + AFTER_EVERY_DIGIT,
        region_spans=None,
    )
    for viewer, village in ((narrow, None), (province.everywhere, province.village), (province.cadre, None)):
        plan = await explain(province.url, DUE, {"v": village}, viewer)
        for table in ("household", "visit", "clue", "pairing", "income_statement", "measure"):
            assert f"Seq Scan on {table} " not in plan, plan
        assert rows_removed(plan) < 300, plan


async def test_a_page_of_a_provinces_duties_village_by_village_stops_when_it_is_full(province: Province) -> None:
    """Each kind walks its own index in the order of villages; in the order of days all would be derived first."""
    query = """{ duties(filter: {rules: [VISIT_DUE, VERIFY_CLUE]}, on: "2026-12-31", first: 50, orderBy: BY_VILLAGE) {
      nodes { id } } }"""
    for viewer in (province.everywhere, province.officer):
        plan = await explain(province.url, query, viewer=viewer)
        assert "Merge Append" in plan, plan
        assert "ix_household_region_code" in plan, plan
        read = [int(found) for found in re.findall(r"ix_household_region_code on household .*? rows=([0-9]+)", plan)]
        assert read, plan
        assert max(read) < HOUSEHOLDS / 20, plan


async def test_who_has_no_duty_of_their_own_derives_none(province: Province) -> None:
    plan = await explain(province.url, "{ pullDuties { version duties { id } } }", viewer=province.everywhere)
    assert "on household household" not in executed(plan), plan


def executed(plan: str) -> str:
    """The steps of the plan that were run at all."""
    return "\n".join(line for line in plan.splitlines() if "never executed" not in line)


async def test_an_organisations_pairings_come_by_its_index(province: Province) -> None:
    query = (
        "query($o: ID!) { organisation(id: $o) { pairings(first: 50) { nodes { role { code } village { code } } } } }"
    )
    plan = await explain(province.url, query, {"o": province.organisation}, province.officer)
    assert "ix_pairing_organisation_id" in plan
    assert "Seq Scan on pairing" not in plan


def rows_removed(plan: str) -> int:
    """The most rows that one step of the plan read in vain."""
    found = [int(line.rpartition(":")[2]) for line in plan.splitlines() if "Rows Removed by Filter" in line]
    return max(found, default=0)


async def end_of_first_page(url: str, query: str, viewer: Viewer) -> str:
    """The cursor that the page ends with, from the application's own engine."""
    connection = await asyncpg.connect(url, server_settings=as_app(Settings(database_url=url)))
    try:
        answer = await Engine(catalogue(), connection, settings=SETTINGS, flags=FLAGS).execute(query, {}, viewer=viewer)
    finally:
        await connection.close()
    ((_, page),) = json.loads(answer.body)["data"].items()
    assert len(page["nodes"]) == 50
    return str(page["pageInfo"]["endCursor"])


@pytest.mark.parametrize(
    ("root", "index"),
    [("measures", "ix_measure_planned_on"), ("reliefs", "ix_relief_given_on")],
)
async def test_lists_of_help_walk_their_order(province: Province, root: str, index: str) -> None:
    """The latest first, in a village and in the whole province: no sort of what is not shown."""
    query = f"query($v: RegionCode) {{ {root}(first: 50, filter: {{region: $v}}) {{ nodes {{ id state household {{ id }} }} }} }}"
    table = index.split("_")[1]
    plan = await explain(province.url, query, {"v": province.village}, province.officer)
    assert f"Seq Scan on {table}" not in plan, plan
    everything = f"{{ {root}(first: 50) {{ nodes {{ id state household {{ id }} }} }} }}"
    plan = await explain(province.url, everything, viewer=province.everywhere)
    assert index in plan or f"ix_{table}_region_code" in plan, plan
    assert f"Seq Scan on {table}" not in plan, plan


async def test_a_familys_help_is_found_by_its_household(province: Province) -> None:
    query = """query($id: ID!) { household(id: $id) { plan { goals } measures { nodes { state lacksWitness } }
      reliefs { nodes { amount } } measureCoverage { hasGap } completeness { isComplete } } }"""
    plan = await explain(province.url, query, {"id": province.household}, province.cadre)
    assert "ix_measure_household_id" in plan
    assert "ix_relief_household_id" in plan
    for table in ("measure", "relief", "assistance_plan", "person", "visit"):
        assert f"Seq Scan on {table}" not in plan, plan


async def test_a_villages_gaps_read_the_villages_families(province: Province) -> None:
    query = """query($v: RegionCode!) { households(filter: {region: $v, hasMeasureGap: true}) { totalCount nodes { id
      measureCoverage { unansweredCauses { code } membersWithoutMeasure { id } } } } }"""
    plan = await explain(province.url, query, {"v": province.village}, province.officer)
    assert "Seq Scan on household" not in plan
    assert "Seq Scan on measure" not in plan, plan
    assert "Seq Scan on person" not in plan, plan
