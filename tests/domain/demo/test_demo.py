"""The demo tells the sources' figures, the same each time, and nothing that the rules forbid or that could be real."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

import asyncpg
import pytest

from domain.access.rules import CHINA
from domain.base.chinese_ids import id_number_problem, is_made_up_id_number
from domain.base.models import namespace_id
from domain.base.sealed_fields import SEALED
from domain.base.terms import read_terms
from domain.demo.actions import demo_is_loaded, load_demo, reset_demo
from domain.demo.families import sizes
from domain.demo.people import NAMED_IN_THE_SOURCES
from domain.demo.personas import PERSONAS, account_id
from domain.demo.rows import TABLES
from domain.visits.forms import check_answers, read_questions
from tests import databases
from tests.sealed import opened

A_DAY, A_LATER_DAY = date(2026, 3, 15), date(2027, 1, 1)
# Where codes stand: table, column, list.
CODED = (
    ("household", "category", "household_category"),
    ("household", "unnest(causes)", "cause"),
    ("household", "end_reason", "household_end_reason"),
    ("person", "relation_to_head", "relation_to_head"),
    ("person", "sex", "sex"),
    ("person", "ethnicity", "ethnicity"),
    ("person", "education", "education"),
    ("person", "school_status", "school_status"),
    ("person", "unnest(health)", "health"),
    ("person", "labour", "labour"),
    ("membership", "start_reason", "membership_start_reason"),
    ("membership", "end_reason", "membership_end_reason"),
    ("organisation", "kind", "organisation_kind"),
    ("helper", "kind", "helper_kind"),
    ("pairing", "role", "pairing_role"),
    ("pairing", "mode", "pairing_mode"),
    ("pairing", "end_reason", "pairing_end_reason"),
    ("visit", "purpose", "visit_purpose"),
    ("visit_finding", "kind", "finding"),
    ("income_statement", "kind", "statement_kind"),
    ("income_statement", "origin", "statement_origin"),
    ("clue", "sign", "clue_sign"),
    ("hardship_report", "sign", "clue_sign"),
)


def silent(_: str) -> None:
    """Nobody listens to a test's progress."""


async def clone(template: str, name: str, today: date) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(await databases.fresh_database(name, template))
    await reset_demo(connection, await databases.ring(connection), say=silent, today=today)
    yield connection
    await connection.close()
    await databases.drop_database(name)


@pytest.fixture(scope="module")
async def demo(template: str) -> AsyncIterator[asyncpg.Connection]:
    """The demo as it was loaded on the 15th of March 2026."""
    async for connection in clone(template, "ruhu_demo_one", A_DAY):
        yield connection


@pytest.fixture(scope="module")
async def same_day(template: str) -> AsyncIterator[asyncpg.Connection]:
    """Another database, the same day."""
    async for connection in clone(template, "ruhu_demo_two", A_DAY):
        yield connection


@pytest.fixture(scope="module")
async def later(template: str) -> AsyncIterator[asyncpg.Connection]:
    """Another database, on New Year's Day."""
    async for connection in clone(template, "ruhu_demo_three", A_LATER_DAY):
        yield connection


async def listed(demo: asyncpg.Connection, *codes: str) -> tuple[int, int]:
    """Distinct households on these rosters, and the people who belong to them."""
    row = await demo.fetchrow(
        "SELECT count(DISTINCT e.household_id), count(DISTINCT p.id) FROM roster r"
        " JOIN roster_entry e ON e.roster_id = r.id JOIN person p ON p.household_id = e.household_id"
        " WHERE r.code = ANY ($1)",
        codes,
    )
    return row[0], row[1]


async def content(database: asyncpg.Connection, table: str) -> str:
    """A digest of all rows; of sealed fields the mask counts, as every envelope is unlike all others."""
    envelopes = [f"{name}_sealed" for name in SEALED.get(table, ())]
    told = f"(to_jsonb(t) - '{{{','.join(envelopes)}}}'::text[])::text"
    return await database.fetchval(f"SELECT md5(string_agg({told}, '|' ORDER BY {told})) FROM {table} t")


async def test_the_two_lists_of_fuzhou_have_the_figures_of_the_newspaper(demo):
    assert await listed(demo, "FUZHOU_KEY_RISK_2020") == (133, 443)
    assert await listed(demo, "FUZHOU_BELOW_8400_2020") == (60, 218)


async def test_the_two_lists_overlap_so_that_adding_them_up_would_be_wrong(demo):
    assert await listed(demo, "FUZHOU_KEY_RISK_2020", "FUZHOU_BELOW_8400_2020") == (152, 514)


async def test_the_figures_do_not_depend_on_the_day_of_the_load(later):
    assert await listed(later, "FUZHOU_KEY_RISK_2020") == (133, 443)
    assert await listed(later, "FUZHOU_BELOW_8400_2020") == (60, 218)


@pytest.mark.parametrize("table", TABLES)
async def test_two_loads_on_one_day_are_equal_in_every_row(demo, same_day, table):
    assert await content(demo, table) == await content(same_day, table)


@pytest.mark.parametrize("table", ["account", "helper", "organisation", "household", "person", "pairing", "roster"])
async def test_ids_are_the_same_on_every_day(demo, later, table):
    ids = f"SELECT array_agg(id ORDER BY id) FROM {table}"
    assert await demo.fetchval(ids) == await later.fetchval(ids)


@pytest.mark.parametrize("table", TABLES)
async def test_every_table_of_the_demo_has_something_to_show(demo, table):
    assert await demo.fetchval(f"SELECT EXISTS (SELECT FROM {table})")


@pytest.mark.parametrize(("table", "column", "list"), CODED)
async def test_every_code_is_a_term(demo, table, column, list):
    known = {code for name, code, *_ in read_terms() if name == list}
    used = {row[0] for row in await demo.fetch(f"SELECT DISTINCT {column} FROM {table}")} - {None}
    assert used
    assert used <= known


async def test_every_identity_number_is_valid_and_none_could_be_somebodys(demo):
    people = await opened(demo, "person")
    numbers = [one["id_number"] for one in people]
    assert all(is_made_up_id_number(number) and id_number_problem(number) is None for number in numbers)
    certificates = [one["disability_certificate"] for one in people if "DISABLED" in one["health"]]
    assert all(is_made_up_id_number(number) for number in certificates)


async def test_an_identity_number_says_the_sex_and_the_birth_date_of_its_holder(demo):
    people = await opened(demo, "person")
    assert {one["id_number"][6:14] == f"{one['born_on']:%Y%m%d}" for one in people} == {True}
    assert {(int(one["id_number"][16]) % 2 == 1) == (one["sex"] == "MALE") for one in people} == {True}


async def test_nobody_bears_the_name_of_somebody_in_the_sources_and_no_phone_rings(demo):
    names = {row[0] for row in await demo.fetch("SELECT name FROM person UNION SELECT name FROM helper")}
    assert NAMED_IN_THE_SOURCES.isdisjoint(names | {part for name in names for part in name.split("·")})
    people = [one for table in ("household", "person", "helper") for one in await opened(demo, table)]
    assert all(one["phone"].startswith("10") for one in people if one["phone"])
    assert all(one["bank_account"].startswith("999") for one in await opened(demo, "household"))


async def test_every_household_has_one_head_or_has_ended(demo):
    assert not await demo.fetch(
        "SELECT h.id FROM household h WHERE (SELECT count(*) FROM person p WHERE p.household_id = h.id AND p.is_head)"
        " <> CASE WHEN h.ended_on IS NULL THEN 1 ELSE 0 END"
    )
    assert await demo.fetchval("SELECT count(*) FROM household WHERE end_reason = 'NO_MEMBERS'") == 2


async def test_a_person_is_where_the_open_spell_says(demo):
    assert not await demo.fetch(
        "SELECT p.id FROM person p LEFT JOIN membership m ON m.person_id = p.id AND m.ended_on IS NULL"
        " WHERE p.household_id IS DISTINCT FROM m.household_id OR (m.id IS NOT NULL AND p.joined_on <> m.started_on)"
    )
    assert not await demo.fetch(
        "SELECT p.id FROM person p WHERE p.household_id IS NULL AND p.left_household_id IS DISTINCT FROM"
        " (SELECT m.household_id FROM membership m WHERE m.person_id = p.id ORDER BY m.ended_on DESC LIMIT 1)"
    )


async def test_whoever_died_left_by_death_on_that_day(demo):
    rows = await demo.fetch(
        "SELECT p.died_on, m.ended_on FROM person p JOIN membership m ON m.person_id = p.id"
        " WHERE p.died_on IS NOT NULL OR m.end_reason = 'DEATH'"
    )
    assert len(rows) > 10
    assert all(row["died_on"] == row["ended_on"] for row in rows)


async def test_births_weddings_and_returns_happened_in_the_year_before(demo):
    recent = f"started_on BETWEEN '{A_DAY - timedelta(days=366)}' AND '{A_DAY - timedelta(days=1)}'"
    rows = await demo.fetch(f"SELECT start_reason, count(*) FROM membership WHERE {recent} GROUP BY 1")
    assert {row["start_reason"] for row in rows} == {"BIRTH", "MARRIED_IN", "RETURNED"}


async def test_lists_hold_exactly_the_households_of_open_pairings(demo):
    assert not await demo.fetch(
        "SELECT id, helping_id, coalesce(p.household_id, (SELECT household_id FROM person WHERE id = p.person_id))"
        " FROM pairing p WHERE p.ended_on IS NULL AND p.village_id IS NULL"
        " EXCEPT SELECT pairing_id, party_id, household_id FROM household_access"
    )
    assert not await demo.fetch(
        "SELECT pairing_id FROM household_access EXCEPT"
        " SELECT id FROM pairing WHERE ended_on IS NULL AND village_id IS NULL"
    )


async def test_a_hand_over_leaves_neither_a_gap_nor_a_day_with_two(demo):
    rows = await demo.fetch(
        "SELECT old.ended_on, new.started_on, old.household_id = new.household_id AS is_same FROM pairing new"
        " JOIN pairing old ON old.id = new.succeeds_id"
    )
    assert len(rows) == 6
    assert all(row["ended_on"] == row["started_on"] and row["is_same"] for row in rows)


async def test_a_wealth_creation_leader_is_a_party_member_of_the_same_village(demo):
    assert not await demo.fetch(
        "SELECT p.id FROM pairing p JOIN helper h ON h.id = p.helper_id WHERE p.role = 'WEALTH_LEADER'"
        " AND NOT (h.is_party_member AND h.region_code = p.region_code)"
    )


async def test_a_student_has_a_cadre_a_teacher_and_an_entrepreneur(demo):
    rows = await demo.fetch(
        "SELECT array_agg(role ORDER BY role) AS roles FROM pairing WHERE person_id IS NOT NULL GROUP BY person_id"
    )
    assert len(rows) == 8
    assert all(row["roles"] == ["STUDENT_CADRE", "STUDENT_ENTREPRENEUR", "STUDENT_TEACHER"] for row in rows)


async def test_visits_lead_up_to_the_day_before_and_none_comes_from_the_future(demo):
    morning = datetime(A_DAY.year, A_DAY.month, A_DAY.day, tzinfo=CHINA)
    first, last, received = await demo.fetchrow(
        "SELECT min(occurred_at), max(occurred_at), max(received_at) FROM visit"
    )
    assert first < morning - timedelta(days=330)
    assert morning - timedelta(days=4) < last <= received < morning


async def test_the_field_is_as_it_is(demo):
    contacts = {row[0] for row in await demo.fetch("SELECT DISTINCT contact FROM visit")}
    assert contacts == {"IN_PERSON", "REMOTE", "NOBODY_HOME"}
    noted = {
        row[0] for row in await demo.fetch("SELECT DISTINCT n->>'code' FROM visit, jsonb_array_elements(credibility) n")
    }
    assert noted == {"NO_LOCATION", "TOO_FAR", "INACCURATE", "MOCK_LOCATION", "REPEATED_PHOTO", "LATE"}
    assert 0 < await demo.fetchval("SELECT count(*) FROM visit WHERE NOT is_complete") < 120


async def test_distances_are_those_that_postgis_measures(demo):
    assert not await demo.fetch(
        "SELECT v.id FROM visit v JOIN household h ON h.id = v.household_id WHERE v.location IS NOT NULL"
        " AND abs(ST_Distance(v.location::geography, h.location::geography) - v.distance_to_dwelling_metres) > 0.001"
    )


async def test_a_dwelling_picked_on_a_map_was_turned_into_the_same_place(demo):
    rows = await demo.fetch(
        "SELECT sent_datum, max(abs(ST_X(ruhu_from_wgs84(location, sent_datum)) - sent_longitude)) AS off"
        " FROM household GROUP BY 1"
    )
    assert {row["sent_datum"] for row in rows} == {"WGS84", "GCJ02", "BD09"}
    assert all(row["off"] < 1e-8 for row in rows)


NET_A_HEAD = """
SELECT e.roster_id IS NOT NULL AS is_on_the_list, sum(CASE s.kind WHEN 'PRODUCTION_COST' THEN -s.amount_fen ELSE s.amount_fen
  END)::float / 100 / (SELECT count(*) FROM person p WHERE p.household_id = s.household_id) AS yuan,
  count(DISTINCT s.month) FILTER (WHERE s.kind = 'WAGE') AS known
FROM income_statement s LEFT JOIN (roster_entry e JOIN roster r ON r.id = e.roster_id AND r.code = 'FUZHOU_BELOW_8400_2020')
  ON e.household_id = s.household_id
WHERE s.month >= $1::date - interval '1 year' AND s.month < $1 AND s.origin <> 'SELF_DECLARED'
GROUP BY s.household_id, e.roster_id
"""


async def test_the_sixty_have_a_known_year_below_8400_yuan_a_head_and_no_other_known_year_is(demo):
    rows = await demo.fetch(NET_A_HEAD, A_DAY.replace(day=1))
    below = [row["yuan"] for row in rows if row["is_on_the_list"]]
    assert len(below) == 60
    assert all(row["known"] == 12 for row in rows if row["is_on_the_list"])
    assert max(below) < 8400
    others = [row["yuan"] for row in rows if not row["is_on_the_list"] and row["known"] == 12]
    assert len(others) > 200
    assert min(others) > 8400
    assert any(row["known"] < 12 for row in rows), "some months are unknown, as everywhere"


async def test_clues_wait_or_were_settled_by_a_visit_of_two_in_time(demo):
    states = dict(await demo.fetch("SELECT state, count(*) FROM clue GROUP BY 1"))
    assert states == {"NEW": 5, "VERIFIED": 1, "DISMISSED": 1}
    assert await demo.fetchval("SELECT count(*) FROM clue WHERE state = 'NEW' AND due_on < $1", A_DAY) == 1
    settled = await demo.fetch(
        "SELECT c.*, v.household_id AS visited, v.occurred_at, (SELECT count(*) FROM visit_companion x WHERE x.visit_id = v.id)"
        " AS companions FROM clue c JOIN visit v ON v.id = c.visit_id"
    )
    assert all(row["visited"] == row["household_id"] and row["companions"] > 0 for row in settled)
    assert all(row["stopped_at"] == row["occurred_at"] < row["settled_at"] for row in settled)


async def test_what_was_reported_stands_behind_its_clue_or_waits_or_was_laid_aside(demo):
    behind = await demo.fetch(
        "SELECT w.source, r.source AS told, r.matching, r.region_code = c.region_code AS is_here"
        " FROM clue_witness w JOIN clue c ON c.id = w.clue_id LEFT JOIN hardship_report r ON r.id::text = w.reference"
        " WHERE w.source IN ('SELF_REPORT', 'HOTLINE')"
    )
    assert len(behind) == 3
    assert {(row["source"] == row["told"], row["matching"], row["is_here"]) for row in behind} == {
        (True, "MATCHED", True)
    }
    others = "SELECT matching, looked_at IS NULL FROM hardship_report WHERE matching <> 'MATCHED' ORDER BY matching"
    assert [tuple(row) for row in await demo.fetch(others)] == [("DISMISSED", False), *[("WAITING", False)] * 2]


async def test_every_form_answer_is_one_that_the_form_accepts(demo):
    form = await demo.fetchrow("SELECT questions FROM survey_form WHERE code = 'RU_HU'")
    questions = read_questions(json.loads(form["questions"]))
    for row in await demo.fetch("SELECT answers, contact FROM visit"):
        assert check_answers(questions, json.loads(row["answers"]), row["contact"]) == []


async def test_visits_are_made_while_the_pairing_holds(demo):
    assert not await demo.fetch(
        "SELECT v.id FROM visit v WHERE v.purpose = 'MONTHLY' AND NOT EXISTS (SELECT FROM pairing p"
        " WHERE p.household_id = v.household_id AND p.helper_id = v.helper_id AND p.role = 'KEY_HELP'"
        " AND daterange(p.started_on, p.ended_on) @> (v.occurred_at AT TIME ZONE 'Asia/Shanghai')::date)"
    )


async def test_every_persona_has_an_account_and_the_two_cadres_share_no_family(demo):
    rows = await demo.fetch("SELECT id, persona FROM account WHERE persona IS NOT NULL")
    assert {row["persona"]: row["id"] for row in rows} == {
        name: account_id(name) for name in PERSONAS if name != "anonymous"
    }
    lists = [
        {row[0] for row in await demo.fetch("SELECT household_id FROM household_access WHERE party_id = $1", helper)}
        for helper in (namespace_id("demo helper cadre"), namespace_id("demo helper other_cadre"))
    ]
    assert all(lists)
    assert lists[0].isdisjoint(lists[1])


async def test_a_load_on_top_of_a_load_is_refused_and_leaves_nothing(demo):
    assert await demo_is_loaded(demo)
    before = await demo.fetchval("SELECT count(*) FROM person")
    with pytest.raises(asyncpg.UniqueViolationError):
        await load_demo(demo, await databases.ring(demo), say=silent, today=date(2026, 11, 20))
    assert await demo.fetchval("SELECT count(*) FROM person") == before


@pytest.mark.parametrize(("count", "people"), [(41, 147), (92, 296), (19, 71), (90, 330), (3, 3), (2, 14)])
def test_family_sizes_make_up_the_figure(count, people):
    made = sizes(count, people)
    assert len(made) == count
    assert sum(made) == people
    assert set(made) <= set(range(1, 8))
