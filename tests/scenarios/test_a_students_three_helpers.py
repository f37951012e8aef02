"""三帮一: a student has a cadre, a teacher and an entrepreneur. The teacher is transferred; the gap is seen, and filled."""

from __future__ import annotations

import uuid
from typing import Any

from tests.schema.pairings_asked import TODAY, TOWNSHIP, VILLAGE
from tests.world import World

ROLES = {"STUDENT_CADRE": "CADRE", "STUDENT_TEACHER": "TEACHER", "STUDENT_ENTREPRENEUR": "ENTREPRENEUR"}
ASSIGN = (
    "mutation($input: AssignPairingInput!) { assignPairing(input: $input) { pairing { id } errors { code path } } }"
)
END = "mutation($input: EndPairingInput!) { endPairing(input: $input) { errors { code } } }"
STUDENTS = """query($r: RegionCode!, $missing: String) { studentsHelped(region: $r, missing: $missing, first: 500) {
  nodes { student { id } held { code } missing { code } } } }"""
GAPS = """query($r: RegionCode!) { pairingGaps(region: $r, kinds: [LAPSED]) { nodes {
  subject student { id } missing { code } since helper { id } } } }"""
SUGGEST = """query($p: ID!) { pairingSuggestions(role: "STUDENT_TEACHER", personId: $p) { helper { id } load } }"""
COVERAGE = """query($r: RegionCode!) { pairingCoverage(region: $r) { totals { subject total complete } } }"""


async def pair(world: World, student: str, role: str, helper: str, persona: str = "township_officer") -> Any:
    asked = {"id": str(uuid.uuid4()), "role": role, "startedOn": "2026-09-01", "helperId": helper, "personId": student}
    return (await world.ask(persona, ASSIGN, {"input": asked}))["assignPairing"]


async def complete(world: World) -> int:
    totals = (await world.ask("township_officer", COVERAGE, {"r": TOWNSHIP}))["pairingCoverage"]["totals"]
    (students,) = [one for one in totals if one["subject"] == "STUDENT"]
    found: int = students["complete"]
    return found


async def missing(world: World, student: str) -> set[str]:
    nodes = (await world.ask("township_officer", STUDENTS, {"r": TOWNSHIP, "missing": None}))["studentsHelped"]["nodes"]
    (one,) = [node for node in nodes if node["student"]["id"] == student]
    return {word["code"] for word in one["missing"]}


async def test_a_student_has_three_helpers_and_one_leaves(world: World) -> None:
    nodes = (await world.ask("township_officer", STUDENTS, {"r": VILLAGE, "missing": None}))["studentsHelped"]["nodes"]
    student = next(one["student"]["id"] for one in nodes if len(one["missing"]) == 3)
    before = await complete(world)
    helpers = {
        role: str(
            await world.sql.fetchval(
                "SELECT h.id FROM helper h LEFT JOIN account a ON a.helper_id = h.id WHERE h.kind = $1"
                " AND $2 LIKE h.region_code || '%' AND a.persona IS DISTINCT FROM 'cadre' ORDER BY h.name LIMIT 1",
                kind,
                VILLAGE,
            )
        )
        for role, kind in ROLES.items()
    }
    refused = await pair(world, student, "STUDENT_TEACHER", helpers["STUDENT_CADRE"])
    assert refused["errors"] == [{"code": "HELPER_KIND_NOT_FIT", "path": ["input", "helperId"]}]
    made = {role: (await pair(world, student, role, helper))["pairing"]["id"] for role, helper in helpers.items()}
    assert await missing(world, student) == set()
    assert await complete(world) == before + 1

    # The teacher is transferred to another county.
    ended = {"operationId": str(uuid.uuid4()), "pairingId": made["STUDENT_TEACHER"], "endedOn": str(TODAY)}
    answer = await world.ask("village_officer", END, {"input": ended | {"reason": "HELPER_TRANSFERRED"}})
    assert answer["endPairing"]["errors"] == []
    assert await missing(world, student) == {"STUDENT_TEACHER"}
    assert await complete(world) == before
    lapsed = (await world.ask("township_officer", GAPS, {"r": TOWNSHIP}))["pairingGaps"]["nodes"]
    assert [one for one in lapsed if one["student"] == {"id": student}] == [
        {
            "subject": "STUDENT",
            "student": {"id": student},
            "missing": [{"code": "STUDENT_TEACHER"}],
            "since": str(TODAY),
            "helper": {"id": helpers["STUDENT_TEACHER"]},
        }
    ]
    seen = await world.sql.fetchval(
        "SELECT count(*) FROM household_access WHERE pairing_id = $1::uuid", made["STUDENT_TEACHER"]
    )
    assert seen == 0, "the family has left the teacher's list"

    # Another one is suggested, and an officer decides.
    await world.sql.execute(
        "INSERT INTO helper (id, name, kind, region_code, is_party_member, started_on)"
        " VALUES (gen_random_uuid(), '陈新老师', 'TEACHER', $1, false, '2026-01-01')",
        TOWNSHIP,
    )
    suggested = (await world.ask("township_officer", SUGGEST, {"p": student}))["pairingSuggestions"]
    new = next(one["helper"]["id"] for one in suggested if one["load"] == 0)
    assert (await pair(world, student, "STUDENT_TEACHER", new))["errors"] == []
    assert await missing(world, student) == set()
    assert await complete(world) == before + 1
    left = (await world.ask("township_officer", GAPS, {"r": TOWNSHIP}))["pairingGaps"]["nodes"]
    assert [one for one in left if one["student"] == {"id": student}] == []


async def test_whoever_is_at_no_school_is_no_student(world: World) -> None:
    grown_up, cadre = await world.sql.fetchrow(
        "SELECT p.id::text, (SELECT id::text FROM helper WHERE kind = 'CADRE' AND region_code = $1 LIMIT 1)"
        " FROM person p WHERE p.region_code = $2 AND p.is_head LIMIT 1",
        TOWNSHIP,
        VILLAGE,
    )
    assert (await pair(world, grown_up, "STUDENT_CADRE", cadre))["errors"] == [
        {"code": "NOT_A_STUDENT", "path": ["input", "personId"]}
    ]
