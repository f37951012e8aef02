"""Grades as they are read: those that hold, those that held, and who sees them."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from tests.world import World

GRADE = """id state scheme { code label isComputed } level { code label colour rank } reasons { code label level }
  round { month openedOn dueOn region { code } } visit { id } proposedOn reviewedOn filedOn effectiveFrom supersededOn
  proposedBy { name } supersedes { id level { code } effectiveFrom supersededOn } household { id category { code } }"""
GRADES = f"""query ($filter: RiskGradeFilter) {{ riskGrades(filter: $filter, first: 500) {{ totalCount
  nodes {{ {GRADE} }} }} }}"""
CURRENT = "query ($filter: HouseholdFilter) { households(filter: $filter, first: 60) { nodes { id grades { %s } } } }"
DUSHAN = "341503104"


async def grades(world: World, persona: str = "other_county_officer", **asked: Any) -> list[Any]:
    found = (await world.ask(persona, GRADES, {"filter": asked}))["riskGrades"]
    assert found["totalCount"] == len(found["nodes"])
    nodes: list[Any] = found["nodes"]
    return nodes


async def test_a_household_shows_the_one_grade_that_holds_with_its_colour_and_the_documents_words(
    reading_world: World,
) -> None:
    query = CURRENT % GRADE
    found = (await reading_world.ask("other_county_officer", query, {"filter": {"region": DUSHAN}}))["households"]
    held = {one["id"]: one["grades"] for one in found["nodes"]}
    assert max(len(one) for one in held.values()) == 1
    blue = next(one[0] for one in held.values() if one and one[0]["level"]["code"] == "BLUE")
    assert blue["level"] == {"code": "BLUE", "label": "三级 稳定脱贫户", "colour": "BLUE", "rank": 3}
    assert blue["scheme"] == {"code": "THREE_LEVELS", "label": "三级风险、三色管理", "isComputed": False}
    assert {"code": "HAS_SKILLS", "label": "具备一定的劳动技能", "level": "BLUE"} in blue["reasons"]
    assert blue["round"]["region"]["code"] == "341503"
    assert (blue["state"], blue["supersededOn"], blue["household"]["category"]["code"]) == ("FILED", None, "LIFTED")


async def test_what_held_on_a_day_long_gone_is_what_was_in_force_then(reading_world: World) -> None:
    held = [one for one in await grades(reading_world, states=["FILED"]) if one["supersedes"]]
    assert held, "the demo's later round took the place of the earlier one"
    for one in held[:3]:
        before = one["supersedes"]
        assert before["supersededOn"] == one["effectiveFrom"], "no day without, no day with two"
        asked = {"householdId": one["household"]["id"]}
        assert [g["id"] for g in await grades(reading_world, **asked, heldOn=one["effectiveFrom"])] == [one["id"]]
        assert [g["id"] for g in await grades(reading_world, **asked, heldOn=before["effectiveFrom"])] == [before["id"]]


async def test_grades_are_seen_where_the_family_is_seen(reading_world: World) -> None:
    assert await grades(reading_world, "county_officer") == [], "Yongtai uses no scheme"
    partners = await grades(reading_world, "other_partner")
    assert 0 < len(partners) < len(await grades(reading_world))


async def test_schemes_are_data_and_known_to_everybody(reading_world: World) -> None:
    query = "{ gradingSchemes { code label categories { code } levels { code colour rank reasons { code } } } }"
    lights, levels = (await reading_world.ask("anonymous", query))["gradingSchemes"]
    assert [(one["code"], one["rank"]) for one in lights["levels"]] == [
        *(("UNKNOWN", 0), ("RED", 1), ("ORANGE", 2), ("YELLOW", 3), ("GREEN", 4)),
    ]
    assert [(one["code"], one["rank"]) for one in levels["levels"]] == [("RED", 1), ("YELLOW", 2), ("BLUE", 3)]
    assert [one["code"] for one in levels["categories"]] == ["LIFTED"]


@pytest.mark.parametrize(
    "edit",
    [
        "level = 'RED'",
        "reasons = '{NO_LABOUR}'",
        "note = 'anders'",
        "indicators = '[1]'",
        "proposed_at = now()",
        "reviewed_at = now()",
        "effective_from = '2020-01-01'",
        "state = 'REVIEWED', filed_at = NULL, effective_from = NULL",
        "household_id = (SELECT max(id::text)::uuid FROM household)",
    ],
)
async def test_a_filed_grade_is_never_edited_whoever_tries(database: asyncpg.Connection, edit: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="never edited"):
        await database.execute(f"UPDATE risk_grade SET {edit} WHERE state = 'FILED' AND level <> 'RED'")


async def test_a_household_has_one_grade_that_holds_per_scheme(database: asyncpg.Connection) -> None:
    again = """INSERT INTO risk_grade (id, household_id, region_code, scheme, level, state, reasons, indicators,
        proposed_at, filed_at, effective_from) SELECT gen_random_uuid(), household_id, region_code, scheme, 'RED', 'FILED',
        '{NO_LABOUR}', '[]', now(), now(), current_date FROM risk_grade WHERE state = 'FILED' LIMIT 1"""
    with pytest.raises(asyncpg.UniqueViolationError, match="one_current_grade_per_scheme"):
        await database.execute(again)


async def test_grades_go_along_when_the_family_moves_and_lose_their_words_when_it_is_erased(
    database: asyncpg.Connection,
) -> None:
    grade = await database.fetchrow("SELECT * FROM risk_grade WHERE state = 'PROPOSED' LIMIT 1")
    await database.execute("SET session_replication_role = origin")
    await database.execute("UPDATE household SET region_code = '341503104212' WHERE id = $1", grade["household_id"])
    await database.execute("UPDATE household SET erased_at = now() WHERE id = $1", grade["household_id"])
    after = await database.fetchrow("SELECT * FROM risk_grade WHERE id = $1", grade["id"])
    assert (after["region_code"], after["note"], after["level"]) == ("341503104212", None, grade["level"])
