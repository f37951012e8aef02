"""Both walls together: every root field, and everything that is found by an id, as everybody."""

from __future__ import annotations

import random
import re
import uuid
from pathlib import Path
from typing import Any

import pytest

from domain.access.matrix import FieldClass, matrix
from domain.access.roles import GrantRole
from schema.root import schema
from tests.sealed import opened
from tests.walls.conftest import SEVERAL, VIEWERS, Stage, answered, id_of
from tests.walls.walking import AT_ONCE, DEEP, Walk, nodes_query, pages, rows_of

# Root connection: (table or type, its table, which of the rows it lists at all)
LISTS = {
    "households": ("household", "household", "ended_on IS NULL"),
    "visits": ("visit", "visit", "true"),
    "pairings": ("pairing", "pairing", "true"),
    "clues": ("clue", "clue", "true"),
    "benefitLinks": ("benefit_link", "benefit_link", "true"),
    "campaigns": ("campaign", "campaign", "true"),
    "campaignActivities": ("campaign_activity", "campaign_activity", "true"),
    "agreements": ("agreement", "agreement", "true"),
    "monitoringCases": ("monitoring_case", "monitoring_case", "true"),
    "comparisonQuestions": ("comparison_question", "comparison_question", "true"),
    "sweeps": ("sweep", "sweep", "true"),
    "programmeCases": ("programme_case", "programme_case", "true"),
    "riskGrades": ("risk_grade", "risk_grade", "true"),
    "gradingRounds": ("grading_round", "grading_round", "true"),
    "measures": ("measure", "measure", "true"),
    "reliefs": ("relief", "relief", "true"),
    "effectAnalyses": ("effect_analysis", "effect_analysis", "true"),
    "helpers": ("helper", "helper", "true"),
    "organisations": ("organisation", "organisation", "true"),
    "householdMoves": ("household_move", "household_move", "true"),
    "hardshipReports": ("hardship_report", "hardship_report", "true"),
    "departmentLists": ("department_list", "department_list", "true"),
    "departmentListRows": ("department_list_row", "department_list_row", "true"),
    "accounts": ("Account", "account", "true"),
    "tasks": ("task", "task", "true"),
    "webhookEndpoints": ("webhook_endpoint", "webhook_endpoint", "true"),
    "webhookDeliveries": ("webhook_delivery", "webhook_delivery", "true"),
    "submissions": ("Submission", "submission", "true"),
    "submissionsInReview": ("SubmissionInReview", "submission", "review_since IS NOT NULL AND outcome = 'DEFERRED'"),
}
NODES = (
    "benefit_link",
    "campaign",
    "campaign_activity",
    "agreement",
    "household",
    "person",
    "visit",
    "pairing",
    "clue",
    "monitoring_case",
    "notice",
    "objection",
    "comparison_question",
    "sweep",
    "risk_grade",
    "programme_case",
    "grading_round",
    "assistance_plan",
    "measure",
    "relief",
    "effect_analysis",
    "income_statement",
    "helper",
    "organisation",
    "roster",
    "household_move",
    "department_list",
    "department_list_row",
)
BY_ID = {
    "campaign": "campaign",
    "household": "household",
    "visit": "visit",
    "pairing": "pairing",
    "clue": "clue",
    "monitoringCase": "monitoring_case",
    "sweep": "sweep",
    "riskGrade": "risk_grade",
    "programmeCase": "programme_case",
    "gradingRound": "grading_round",
    "measure": "measure",
    "relief": "relief",
    "task": "task",
    "departmentList": "department_list",
    "helper": "helper",
    "organisation": "organisation",
}
PULLS = {"pullHouseholds": "household", "pullVisits": "visit"}
# Root fields that are walked in another way, or not at all: where, or why there is nothing to wall off.
BELOW = "asked by name below"
OTHERS = {
    "node": BELOW,
    "nodes": BELOW,
    "viewer": BELOW,
    "rosters": BELOW,
    "householdsInBox": BELOW,
    "householdByIdNumber": BELOW,
    "dailySummaries": BELOW,
    "account": BELOW,
    "oauthClients": BELOW,
    "auditEntries": BELOW,
    "clientConfig": "about the program, and nobody",
    "region": "divisions are public",
    "regions": "divisions are public",
    "village": "divisions are public",
    "surveyForms": "questions, and no answers",
    "codeLists": "vocabularies are public",
    "gradingSchemes": "vocabularies are public",
    "gradeIndicators": "for who meets the family: tests/schema/test_grades.py",
    "policy": "whoever is judged by a number may know it: decision 0021",
    "reportPoster": "a village's address for reports; who may have one: tests/schema/test_hardship_reports.py",
    "hardshipReport": "answers to a secret that stands nowhere: tests/schema/test_hardship_reports.py",
    "hotlineCalls": "answers to the account that entered them: tests/schema/test_hotline.py",
    "unmetNeeds": "counts, by another rule than rows: tests/schema/test_unmet_needs.py",
    "replayPolicy": "counts of one's own division: tests/schema/test_replay.py",
    "statistics": "counts by region and role: tests/schema/test_figures_told.py",
    "funnel": "counts of one's own division: tests/schema/test_funnel.py",
    "reliefTotals": "sums of what is seen: tests/schema/test_relief.py",
    "pairingCoverage": "counts of what is seen: tests/schema/test_pairing_coverage.py",
    "pairingGaps": "counts of what is seen: tests/schema/test_pairing_coverage.py",
    "pairingSuggestions": "for whoever decides on pairings there: tests/schema/test_pairing_coverage.py",
    "studentsHelped": "counts of what is seen: tests/schema/test_pairing_coverage.py",
    "noticeAddress": "an address of what is seen: tests/api/test_notice_page.py",
    "noticeBoard": "an address for officers of the place: tests/api/test_notice_page.py",
    "auditHousehold": "findings, and no rows: tests/schema/test_checks.py",
    "householdAudits": "findings, and no rows: tests/schema/test_checks.py",
    "pairingChanges": "one's own and one's region's, the settled ones: tests/schema/test_partners.py",
    "benefitSummary": "sums of what is seen: tests/schema/test_partners.py",
    "campaignVillages": "counts of what is seen: tests/schema/test_partners.py",
    "duties": "no rows: what is due by what is seen: tests/schema/test_duties.py",
    "visitPeriods": "months of a family one meets: tests/scenarios/test_a_year_of_one_cadres_duties.py, tests/schema/test_duties.py",
    "pullDuties": "no rows: what is due by what is seen: tests/schema/test_duties.py",
    "eliminationConditions": "for who meets the family: tests/schema/test_elimination.py",
}
ROOT = Path(__file__).parents[2]


def test_every_root_field_is_walked() -> None:
    fields = set(schema._schema.query_type.fields)  # type: ignore[union-attr]
    walked = {*LISTS, *BY_ID, *PULLS, *OTHERS}
    assert fields == walked, (
        f"tests/walls/test_walk.py: walk {sorted(fields - walked)}; gone: {sorted(walked - fields)}"
    )
    named = {file for why in OTHERS.values() for file in re.findall(r"tests/\S+\.py", why)}
    assert not [file for file in named if not (ROOT / file).exists()]


@pytest.mark.parametrize("who", VIEWERS)
async def test_lists_and_their_counts_hold_what_the_matrix_says(stage: Stage, who: str) -> None:
    for root, (name, table, listed) in LISTS.items():
        found, total = await pages(stage, who, root)
        rows = await stage.world.sql.fetch(f"SELECT id::text FROM {table} WHERE {listed}")
        wanted = (await stage.expected(who, name, table)).seen & {row["id"] for row in rows}
        assert {one["id"] for one in found} == wanted, root
        assert total in (None, len(wanted)), root


@pytest.mark.parametrize("who", VIEWERS)
async def test_an_id_finds_what_the_matrix_says_and_otherwise_as_little_as_an_id_of_nobody(
    stage: Stage, who: str
) -> None:
    chance = random.Random(who)
    for table in NODES:
        rows = await stage.world.sql.fetch(f"SELECT id::text FROM {table} ORDER BY id")
        ids = chance.sample([row["id"] for row in rows], min(len(rows), 400))
        seen = (await stage.expected(who, table)).seen
        found = await answered(stage, who, "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[*ids, uuid.uuid4()])
        assert [one and one["id"] for one in found["nodes"]] == [id if id in seen else None for id in ids] + [None], (
            table
        )
    for root, table in BY_ID.items():
        rows = await stage.world.sql.fetch(f"SELECT id::text FROM {table} ORDER BY id")
        seen = (await stage.expected(who, table)).seen
        ids = chance.sample([row["id"] for row in rows], min(len(rows), 20))
        asked = " ".join(f'a{n}: {root}(id: "{id}") {{ id }}' for n, id in enumerate([*ids, uuid.uuid4()]))
        found = await answered(stage, who, f'{{ {asked} node(id: "{ids[0]}") {{ id }} }}')
        assert [found[f"a{n}"] is not None for n in range(len(ids) + 1)] == [id in seen for id in ids] + [False], root
        if table != "task":  # a department's list goes by the id of its task, and is a node
            assert (found["node"] is not None) is (ids[0] in seen and table in NODES), root


@pytest.mark.parametrize("who", VIEWERS)
async def test_whatever_hangs_on_what_is_seen_is_masked_as_the_matrix_says(stage: Stage, who: str) -> None:
    chance = random.Random(who)
    walk = Walk(stage, who, await rows_of(stage, NODES))
    for table in NODES:
        expected, query = await stage.expected(who, table), nodes_query(table, DEEP)
        for some in (expected.met, expected.seen - expected.met):
            ids = chance.sample(sorted(some), min(len(some), AT_ONCE))
            for number in range(0, len(ids), 2):
                await walk.compare((await answered(stage, who, query, ids=ids[number : number + 2]))["nodes"])
    assert not walk.wrong, walk.wrong[:10]
    if (await stage.expected(who, "household")).seen:
        assert {of for of, _ in walk.looked} >= {
            FieldClass.NAME,
            FieldClass.PHONE,
            FieldClass.DWELLING,
            FieldClass.NOTE,
        }


@pytest.mark.parametrize("who", VIEWERS)
async def test_phones_pull_what_the_matrix_says(stage: Stage, who: str) -> None:
    walk = Walk(stage, who, await rows_of(stage, ("household", "person", "visit")))
    for root, table in PULLS.items():
        query = f"""query($c: CheckpointInput) {{ {root}(checkpoint: $c, limit: 500) {{ hasMore checkpoint {{ cursor }}
            documents {{ {documents(root)} }} }} }}"""
        found, cursor = [], None
        while True:
            body = await stage.world.post(who, query, {"c": cursor and {"cursor": cursor}})
            if stage.viewers[who].is_signed_in is False or "errors" in body:
                break
            page = body["data"][root]
            found += page["documents"]
            cursor = page["checkpoint"]["cursor"]
            if not page["hasMore"]:
                break
        await walk.compare(found)
        here = {one["id"] for one in found if not one["isDeleted"]}
        seen = (await stage.expected(who, table)).seen
        assert here <= seen, root
        if stage.viewers[who].is_signed_in and "errors" not in body:
            rows = await stage.world.sql.fetch(
                f"SELECT id::text FROM {table} WHERE {'ended_on IS NULL' if table == 'household' else 'true'}"
            )
            assert here >= seen & {row["id"] for row in rows}, root
    assert not walk.wrong, walk.wrong[:10]


def documents(root: str) -> str:
    from tests.walls.walking import selection

    record = schema._schema.get_type("HouseholdRecord" if root == "pullHouseholds" else "VisitRecord")
    return selection(record, 1)  # type: ignore[arg-type]


# --- searches ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", VIEWERS)
async def test_a_search_by_name_finds_those_whom_one_meets(stage: Stage, who: str) -> None:
    people = await stage.world.sql.fetch(
        "SELECT p.name, p.household_id::text FROM person p JOIN household h ON h.id = p.household_id"
        " WHERE h.ended_on IS NULL ORDER BY p.id"
    )
    met = (await stage.expected(who, "household")).met
    for person in random.Random(who).sample(people, 12):
        found, total = await pages(stage, who, "households", filter=f'{{search: "{person["name"]}"}}')
        wanted = {one["household_id"] for one in people if person["name"] in one["name"]} & met
        assert {one["id"] for one in found} == wanted
        assert total == len(wanted)


@pytest.mark.parametrize("who", VIEWERS)
async def test_a_search_in_space_finds_what_is_seen_where_it_is_shown(stage: Stage, who: str) -> None:
    box = "{west: 70, south: 10, east: 135, north: 54, datum: WGS84}"
    found = (await answered(stage, who, f"{{ householdsInBox(box: {box}) {{ isComplete nodes {{ id }} }} }}"))[
        "householdsInBox"
    ]
    rows = await stage.world.sql.fetch("SELECT id::text FROM household WHERE ended_on IS NULL AND location IS NOT NULL")
    expected = await stage.expected(who, "household")
    assert {one["id"] for one in found["nodes"]} == expected.seen & {row["id"] for row in rows}
    near = await stage.world.sql.fetch(
        "SELECT id::text, ST_X(location) AS x, ST_Y(location) AS y FROM household WHERE ended_on IS NULL"
        " AND location IS NOT NULL ORDER BY id"
    )
    for place in random.Random(who).sample(
        [one for one in near if one["id"] in expected.seen], min(5, len(expected.seen))
    ):
        x, y = place["x"], place["y"]
        close = f"{{west: {x - 1e-6}, south: {y - 1e-6}, east: {x + 1e-6}, north: {y + 1e-6}, datum: WGS84}}"
        found = (await answered(stage, who, f"{{ householdsInBox(box: {close}) {{ nodes {{ id }} }} }}"))[
            "householdsInBox"
        ]
        assert (place["id"] in {one["id"] for one in found["nodes"]}) is (place["id"] in expected.met)


@pytest.mark.parametrize("who", VIEWERS)
async def test_a_number_in_ones_hand_finds_a_family_in_sight_and_no_other(stage: Stage, who: str) -> None:
    people = await opened(stage.world.sql, "person", "household_id IS NOT NULL AND id_number_masked IS NOT NULL")
    seen = (await stage.expected(who, "household")).seen
    answers = {}
    chosen = random.Random(who).sample(sorted(people, key=lambda one: str(one["id"])), 4)
    query = "query($n: String!) { householdByIdNumber(idNumber: $n) { id } }"
    for person in chosen:
        home = str(person["household_id"])
        body = await stage.world.post(who, query, {"n": person["id_number"]})
        answers[home in seen] = without_ids(body)
        if body.get("data") and body["data"]["householdByIdNumber"]:
            assert body["data"]["householdByIdNumber"]["id"] == home
            assert home in seen
    nobodys = without_ids(await stage.world.post(who, query, {"n": "110101194912310025"}))
    assert answers.get(False, nobodys) == nobodys


def without_ids(body: Any) -> Any:
    """An answer without what differs each time."""
    if isinstance(body, dict):
        return {key: without_ids(value) for key, value in body.items() if key not in ("id", "requestId")}
    return [without_ids(one) for one in body] if isinstance(body, list) else body


@pytest.mark.parametrize("who", VIEWERS)
async def test_a_filter_by_somebody_elses_id_finds_as_much_as_one_by_nobodys(stage: Stage, who: str) -> None:
    seen = (await stage.expected(who, "household")).seen
    rows = await stage.world.sql.fetch("SELECT id::text FROM household ORDER BY id")
    hidden = [row["id"] for row in rows if row["id"] not in seen]
    mine = {one: one[:-1] for one in ("visits", "pairings", "clues", "measures", "reliefs")}
    mine["riskGrades"] = "risk_grade"
    for id in [*random.Random(who).sample(hidden, min(3, len(hidden))), str(uuid.uuid4())]:
        for root, table in mine.items():
            found, total = await pages(stage, who, root, filter=f'{{householdId: "{id}"}}')
            theirs = await stage.world.sql.fetch(f"SELECT id::text FROM {table} WHERE household_id = $1", uuid.UUID(id))
            wanted = (await stage.expected(who, table)).seen & {row["id"] for row in theirs}
            assert ({one["id"] for one in found}, total) == (wanted, len(wanted)), root


async def test_who_holds_several_grants_sees_each_row_as_the_grant_shows_it(stage: Stage) -> None:
    """The township's families whole, the partner's masked, in one list."""
    for who in ("officer_and_partner", "cadre_and_partner", "service_and_officer"):
        expected = await stage.expected(who, "household")
        assert expected.met, who
        assert expected.seen - expected.met, who
        assert stage.viewers[who].meets_some, who
    assert set(SEVERAL) <= set(VIEWERS)
    assert not stage.viewers["officer_of_two_counties"].meets_some


@pytest.mark.parametrize("who", VIEWERS)
async def test_daily_summaries_are_of_ones_townships(stage: Stage, who: str) -> None:
    query = "{ dailySummaries(first: 500) { nodes { region { code } day } } }"
    found = (await answered(stage, who, query))["dailySummaries"]
    wanted = (await stage.expected(who, "daily_summary")).seen
    assert {one["region"]["code"] + one["day"] for one in found["nodes"]} == wanted


@pytest.mark.parametrize("who", VIEWERS)
async def test_accounts_are_found_by_administrators_alone(stage: Stage, who: str) -> None:
    rows = await stage.world.sql.fetch("SELECT id::text FROM account ORDER BY id")
    ids = [row["id"] for row in rows] + [str(uuid.uuid4())]
    asked = " ".join(f'a{n}: account(id: "{id}") {{ id grants {{ id }} }}' for n, id in enumerate(ids))
    found = await answered(stage, who, f"{{ {asked} }}")
    seen = (await stage.expected(who, "Account", "account")).seen
    assert [found[f"a{n}"] is not None for n in range(len(ids))] == [id in seen for id in ids]


@pytest.mark.parametrize("who", VIEWERS)
async def test_programs_are_shown_to_administrators_alone(stage: Stage, who: str) -> None:
    """A table that nobody reads: a function answers, and whoever administers is shown all of it."""
    everything = {row["id"] for row in await stage.world.sql.fetch("SELECT id FROM oauth_client")}
    assert len(everything) > 1
    is_administrator = any(role is GrantRole.ADMINISTRATOR for role, *_ in stage.somebody[who].grants)
    integrator = str(id_of("integrator"))
    for asked, wanted in (("", everything), (f'(accountId: "{integrator}")', {"c-integrator"})):
        body = await stage.world.post(who, f"{{ oauthClients{asked} {{ id }} }}")
        found = {one["id"] for one in body["data"]["oauthClients"] or ()}
        assert found == (wanted if is_administrator else set())


@pytest.mark.parametrize("who", VIEWERS)
async def test_the_trace_is_shown_to_its_auditors_alone(stage: Stage, who: str) -> None:
    """What was there before the question: to look into the trace adds to it."""
    before = await stage.world.sql.fetchval("SELECT max(at) FROM audit_entry")
    expected = (await stage.expected(who, "audit_entry")).seen
    rows = await stage.world.sql.fetch("SELECT id::text FROM audit_entry WHERE at < $1", before)
    found, _ = await pages(stage, who, "auditEntries", filter=f'{{before: "{before.isoformat()}"}}')
    assert {one["id"] for one in found} == expected & {row["id"] for row in rows}
    assert expected or who != "auditor"


async def test_a_viewer_is_told_of_nobody_else(stage: Stage) -> None:
    for who in VIEWERS:
        viewer = (await answered(stage, who, "{ viewer { id grants { role } } rosters { id } }"))["viewer"]
        somebody = stage.somebody[who]
        assert (viewer and viewer["id"]) == (somebody.id and str(somebody.id))
        if viewer is not None:
            assert sorted(one["role"] for one in viewer["grants"]) == sorted(somebody.own_roles)
    assert matrix().scopes["roster"]
