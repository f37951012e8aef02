"""Officers assign, hand over and end pairings over HTTP; others are refused, in both languages."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.schema.pairings_asked import TODAY, VILLAGE, account, seen
from tests.world import World

ASSIGN = """mutation($input: AssignPairingInput!) { assignPairing(input: $input) {
  pairing { id role { code label } helper { id name } organisation { id } household { id } person { id } village { code }
            region { code } startedOn endedOn endReason { code } mode { code } terms succeeds { id } }
  errors { code message path isRetryable } } }"""
HAND_OVER = """mutation($input: HandOverPairingInput!) { handOverPairing(input: $input) {
  pairing { id role { code } helper { id } household { id } startedOn endedOn
            succeeds { id endedOn endReason { code label } helper { id } } }
  errors { code path } } }"""
END = """mutation($input: EndPairingInput!) { endPairing(input: $input) {
  pairing { id startedOn endedOn endReason { code label } } errors { code path } } }"""


async def unpaired(world: World, region: str = VILLAGE) -> str:
    """A household of the village with which neither cadre is paired."""
    household = await world.sql.fetchval(
        "SELECT h.id FROM household h WHERE h.region_code ^@ $1 AND h.ended_on IS NULL AND NOT EXISTS (SELECT FROM pairing p"
        " JOIN account a USING (helper_id) WHERE p.household_id = h.id AND a.persona IN ('cadre', 'other_cadre'))"
        " ORDER BY h.code LIMIT 1",
        region,
    )
    assert household is not None
    return str(household)


async def decide(world: World, persona: str, mutation: str, language: str = "zh-CN", **input: Any) -> dict[str, Any]:
    """The payload of one of the three mutations."""
    ((_, payload),) = (await world.ask(persona, mutation, {"input": input}, language)).items()
    answer: dict[str, Any] = payload
    return answer


@pytest.fixture
async def assigned(world: World) -> AsyncIterator[dict[str, str]]:
    """A pairing of 李桂芳 with a family of 力星村, made for one test."""
    asked = {"id": str(uuid.uuid4()), "helperId": await account(world, "cadre"), "householdId": await unpaired(world)}
    payload = await decide(world, "township_officer", ASSIGN, role="KEY_HELP", startedOn="2026-01-05", **asked)
    assert payload["errors"] == []
    yield asked
    await world.sql.execute("DELETE FROM household_access WHERE household_id = $1::uuid", asked["householdId"])
    await world.sql.execute(
        "DELETE FROM pairing_change WHERE pairing_id IN (SELECT id FROM pairing WHERE household_id = $1::uuid)",
        asked["householdId"],
    )
    await world.sql.execute(
        "DELETE FROM pairing WHERE household_id = $1::uuid AND succeeds_id IS NOT NULL", asked["householdId"]
    )
    await world.sql.execute("DELETE FROM pairing WHERE id = $1::uuid", asked["id"])


async def test_an_officer_assigns_a_family_to_a_cadre_who_then_sees_it(world: World) -> None:
    cadre, household = await account(world, "cadre"), await unpaired(world)
    mine = "query($id: ID!) { node(id: $id) { id } }"
    asked = {
        "id": str(uuid.uuid4()),
        "role": "TECHNICAL_GUIDANCE",
        "startedOn": "2021-03-01",
        "helperId": cadre,
        "householdId": household,
        "mode": "LONG_TERM",
        "terms": {"每年": 4, "作物": ["李", "茶"]},
    }
    assert (await world.ask("cadre", mine, {"id": household})) == {"node": None}

    payload = await decide(world, "township_officer", ASSIGN, **asked)

    assert payload == {
        "pairing": {
            "id": asked["id"],
            "role": {"code": "TECHNICAL_GUIDANCE", "label": "农技指导"},
            "helper": {"id": cadre, "name": "李桂芳"},
            "organisation": None,
            "household": {"id": household},
            "person": None,
            "village": None,
            "region": {"code": VILLAGE},
            "startedOn": "2021-03-01",
            "endedOn": None,
            "endReason": None,
            "mode": {"code": "LONG_TERM"},
            "terms": asked["terms"],
            "succeeds": None,
        },
        "errors": [],
    }
    assert (await world.ask("cadre", mine, {"id": household})) == {"node": {"id": household}}
    assert await decide(world, "township_officer", ASSIGN, **asked) == payload, "a retry is answered alike"
    other = await decide(world, "township_officer", ASSIGN, **asked | {"mode": None})
    assert (other["pairing"], [error["code"] for error in other["errors"]]) == (None, ["OPERATION_REUSED"])


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        (
            {"role": "GODFATHER"},
            {"zh-CN": ("UNKNOWN_CODE", "input.role", "没有代码"), "en": ("UNKNOWN_CODE", "input.role", "has no code")},
        ),
        (
            {"startedOn": "2099-01-01"},
            {"zh-CN": ("DATE_IN_FUTURE", "input.startedOn", "不得晚于现在"), "en": ("DATE_IN_FUTURE", "input.startedOn", "in the future")},
        ),
        (
            {"startedOn": "2026-02-30"},
            {"zh-CN": ("DATE_INVALID", "input.startedOn", "日期"), "en": ("DATE_INVALID", "input.startedOn", "date")},
        ),
        (
            {"organisationId": "same"},
            {"zh-CN": ("ONE_SIDE_HELPS", "input", "帮扶方"), "en": ("ONE_SIDE_HELPS", "input", "Exactly one side helps")},
        ),
        (
            {"householdId": "00000000-0000-7000-8000-000000000000"},
            {"zh-CN": ("NOT_FOUND", "input.householdId", "未找到"), "en": ("NOT_FOUND", "input.householdId", "no such")},
        ),
        (
            {"helperId": "李桂芳"},
            {"zh-CN": ("ID_INVALID", "input.helperId", "UUID"), "en": ("ID_INVALID", "input.helperId", "UUID")},
        ),
        (
            {"role": "WEALTH_LEADER", "helperId": "a leader of the next village"},
            {"zh-CN": ("LEADER_NOT_SAME_VILLAGE", "input.helperId", "本村"), "en": ("LEADER_NOT_SAME_VILLAGE", "input.helperId", "same village")},
        ),
        (
            {"terms": ["口头约定"]},
            {"zh-CN": ("NOT_AN_OBJECT", "input.terms", "对象"), "en": ("NOT_AN_OBJECT", "input.terms", "object")},
        ),
    ],
)  # fmt: skip
async def test_a_value_that_cannot_be_is_told_in_the_clients_language(
    world: World, change: dict[str, Any], errors: dict[str, tuple[str, str, str]]
) -> None:
    helper, household = await account(world, "cadre"), await unpaired(world)
    if change.get("organisationId") == "same":
        change = {"organisationId": await account(world, "partner", "organisation_id")}
    if "next village" in change.get("helperId", ""):
        leader = "SELECT id FROM helper WHERE kind = 'WEALTH_LEADER' AND region_code = '350125201201'"
        change = change | {"helperId": str(await world.sql.fetchval(leader))}
    before = await world.sql.fetchval("SELECT count(*) FROM pairing")
    for language, (code, path, words) in errors.items():
        asked = {"role": "KEY_HELP", "startedOn": "2026-01-05", "helperId": helper, "householdId": household, **change}
        payload = await decide(world, "township_officer", ASSIGN, language, id=str(uuid.uuid4()), **asked)
        (error,) = payload["errors"]
        assert (payload["pairing"], error["code"], ".".join(error["path"])) == (None, code, path)
        assert words in error["message"]
        assert error["isRetryable"] is False
    assert await world.sql.fetchval("SELECT count(*) FROM pairing") == before


@pytest.mark.parametrize(
    "wrong",
    [{"role": 3}, {"role": None}, {"startedOn": ["2026-01-05"]}, {"shoeSize": 43}, {"helperId": {"id": 1}}],
)
async def test_a_structure_that_cannot_be_refuses_the_request(world: World, wrong: dict[str, Any]) -> None:
    asked = {"id": str(uuid.uuid4()), "role": "KEY_HELP", "startedOn": "2026-01-05", **wrong}
    body = await world.post("township_officer", ASSIGN, {"input": asked})
    assert "data" not in body
    assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("persona", "code"),
    [
        ("cadre", "FORBIDDEN_ROLE"),
        ("partner", "FORBIDDEN_ROLE"),
        ("department", "FORBIDDEN_ROLE"),
        ("integrator", "FORBIDDEN_ROLE"),
        ("hotline_operator", "FORBIDDEN_ROLE"),
        ("auditor", "FORBIDDEN_ROLE"),
        ("administrator", "FORBIDDEN_ROLE"),
        ("other_county_officer", "NOT_FOUND"),
        ("anonymous", "SIGN_IN_REQUIRED"),
    ],
)
async def test_only_officers_of_the_region_decide(
    world: World, assigned: dict[str, str], persona: str, code: str
) -> None:
    successor, day = await account(world, "other_cadre"), str(TODAY)
    before = await world.sql.fetchrow("SELECT * FROM pairing WHERE id = $1::uuid", assigned["id"])
    for mutation, input in (
        (ASSIGN, {"id": str(uuid.uuid4()), "role": "FOLLOW_UP", "startedOn": day, "helperId": successor, "householdId": assigned["householdId"]}),
        (HAND_OVER, {"id": str(uuid.uuid4()), "pairingId": assigned["id"], "handedOverOn": day, "helperId": successor}),
        (END, {"operationId": str(uuid.uuid4()), "pairingId": assigned["id"], "endedOn": day, "reason": "OTHER"}),
    ):  # fmt: skip
        payload = await decide(world, persona, mutation, **input)
        assert (payload["pairing"], [error["code"] for error in payload["errors"]]) == (None, [code])
    assert await world.sql.fetchrow("SELECT * FROM pairing WHERE id = $1::uuid", assigned["id"]) == before


async def test_a_hand_over_moves_the_family_between_two_cadres(world: World, assigned: dict[str, str]) -> None:
    cadre, other = await account(world, "cadre"), await account(world, "other_cadre")
    mine, of = "query($id: ID!) { node(id: $id) { id } }", {"id": assigned["householdId"]}
    assert (await world.ask("cadre", mine, of))["node"] is not None
    assert (await world.ask("other_cadre", mine, of))["node"] is None
    asked = {"id": str(uuid.uuid4()), "pairingId": assigned["id"], "handedOverOn": "2026-06-01", "helperId": other}

    payload = await decide(world, "township_officer", HAND_OVER, **asked)

    assert payload["errors"] == []
    assert payload["pairing"] == {
        "id": asked["id"],
        "role": {"code": "KEY_HELP"},
        "helper": {"id": other},
        "household": {"id": assigned["householdId"]},
        "startedOn": "2026-06-01",
        "endedOn": None,
        "succeeds": {
            "id": assigned["id"],
            "endedOn": "2026-06-01",
            "endReason": {"code": "HANDED_OVER", "label": "调整交接"},
            "helper": {"id": cadre},
        },
    }
    assert (await world.ask("cadre", mine, of))["node"] is None
    assert (await world.ask("other_cadre", mine, of))["node"] is not None
    # History is kept, and is still the old cadre's own.
    assert assigned["id"] in await seen(world, "cadre", {"isOpen": False})
    again = asked | {"id": str(uuid.uuid4())}
    assert (await decide(world, "township_officer", HAND_OVER, **again))["errors"] == [
        {"code": "ALREADY_ENDED", "path": ["input", "pairingId"]}
    ]


async def test_an_ended_pairing_stays_in_the_history(world: World, assigned: dict[str, str]) -> None:
    asked = {"pairingId": assigned["id"], "endedOn": "2026-01-04", "reason": "TERM_COMPLETED"}
    early = await decide(world, "village_officer", END, operationId=str(uuid.uuid4()), **asked)
    assert early["errors"] == [{"code": "END_BEFORE_START", "path": ["input", "endedOn"]}]

    asked |= {"operationId": str(uuid.uuid4()), "endedOn": "2026-05-31"}
    payload = await decide(world, "village_officer", END, **asked)
    ended = {"id": assigned["id"], "startedOn": "2026-01-05", "endedOn": "2026-05-31"}
    assert payload == {"pairing": {**ended, "endReason": {"code": "TERM_COMPLETED", "label": "期满"}}, "errors": []}
    assert await decide(world, "village_officer", END, **asked) == payload
    on_its_last_day = {"helperId": assigned["helperId"], "activeOn": "2026-05-30"}
    assert assigned["id"] in await seen(world, "township_officer", on_its_last_day)
    assert assigned["id"] not in await seen(world, "township_officer", on_its_last_day | {"activeOn": "2026-05-31"})
