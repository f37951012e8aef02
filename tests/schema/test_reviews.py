"""Visits that came too early, over HTTP: applied when their family comes, else decided on by officers."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.upkeep import sweep
from tests.domain.actors import app_sessions
from tests.schema.families_asked import VILLAGE, act, new_family, person, register
from tests.schema.test_pushing_households import push
from tests.visiting import a_visit, homes_of, submit
from tests.world import World

IN_REVIEW = """query ($first: Int! = 50, $after: String) { submissionsInReview(first: $first, after: $after) {
  nodes { id kind submitter { name } content receivedAt reviewSince errors { code path } }
  pageInfo { hasNextPage endCursor } } }"""
REVIEW = """mutation ($input: ReviewSubmissionInput!) { reviewSubmission(input: $input) {
  outcome visit { id household { id } recordedBy { name } note } errors { code path message } } }"""
ASSIGN = (
    "mutation ($input: AssignPairingInput!) { assignPairing(input: $input) { pairing { id } errors { code path } } }"
)
KEPT = "{ submissions(first: 500) { nodes { id outcome visit { id } errors { code message } } } }"


async def kept(world: World, persona: str, visit: dict[str, Any]) -> Any:
    """What the persona's own list says of a visit."""
    nodes = (await world.ask(persona, KEPT))["submissions"]["nodes"]
    return next((node for node in nodes if node["id"] == visit["id"]), None)


async def sent_too_early(world: World, persona: str = "cadre", **facts: Any) -> dict[str, Any]:
    visit = await a_visit(world, str(uuid.uuid4()), note="先走访,后建档", **facts)
    (result,) = (await submit(world, persona, [visit]))["results"]
    assert result["outcome"] == "DEFERRED"
    return visit


async def swept(world: World, **later: float) -> None:
    """One round of upkeep, some time from now."""
    assert world.settings.database_url
    async with app_sessions(world.settings.database_url) as sessions:
        assert await sweep(sessions, datetime.now(UTC) + timedelta(**later), prunes=True)


async def in_review(world: World) -> dict[str, Any]:
    visit = await sent_too_early(world)
    await swept(world, days=5, minutes=1)
    return visit


async def listed(world: World, persona: str) -> list[str]:
    """The ids that a persona is to decide on."""
    return [node["id"] for node in (await world.ask(persona, IN_REVIEW))["submissionsInReview"]["nodes"]]


async def decide(world: World, persona: str, visit: dict[str, Any], decision: str, **given: Any) -> Any:
    asked = {"submissionId": visit["id"], "decision": decision, "reason": "电话核实", **given}
    return await act(world, persona, REVIEW, **asked)


async def test_a_visit_is_applied_when_its_family_is_registered_and_given_to_its_author(world: World) -> None:
    visit = await sent_too_early(world)
    payload = await register(world, person("鄢迟到"), id=visit["householdId"])
    assert payload["errors"] == []
    assert (await kept(world, "cadre", visit))["outcome"] == "DEFERRED", "it is not hers yet"
    helper = await world.sql.fetchval("SELECT helper_id FROM account WHERE persona = 'cadre'")
    pairing = {"id": str(uuid.uuid4()), "role": "KEY_HELP", "startedOn": "2026-01-01", "helperId": str(helper)}
    assigned = await act(world, "township_officer", ASSIGN, householdId=visit["householdId"], **pairing)
    assert assigned["errors"] == []
    assert await kept(world, "cadre", visit) == {
        "id": visit["id"],
        "outcome": "APPLIED",
        "visit": {"id": visit["id"]},
        "errors": [],
    }


async def test_a_visit_is_applied_when_its_author_registers_the_family_after_it(world: World) -> None:
    visit = await sent_too_early(world, "village_officer")
    assert (await register(world, person("鄢先访"), id=visit["householdId"]))["errors"] == []
    assert (await kept(world, "village_officer", visit))["outcome"] == "APPLIED"


async def test_a_visit_is_applied_when_its_author_pushes_the_family_after_it(world: World) -> None:
    visit = await sent_too_early(world, "village_officer")
    new = {"id": visit["householdId"], "villageCode": VILLAGE, "category": "LIFTED", "members": [person("鄢先走")]}
    assert (await push(world, "village_officer", (None, new)))["errors"] == []
    assert (await kept(world, "village_officer", visit))["outcome"] == "APPLIED"


async def test_what_waits_is_for_its_author_alone_until_five_days_have_passed(world: World) -> None:
    visit = await sent_too_early(world)
    await swept(world, days=4, hours=23)
    for persona in ("township_officer", "county_officer", "cadre"):
        assert visit["id"] not in await listed(world, persona)


@pytest.mark.parametrize(
    ("persona", "sees"),
    [
        ("township_officer", True),
        ("county_officer", True),
        ("other_county_officer", False),
        ("cadre", False),
        ("other_cadre", False),
        ("integrator", False),
        ("auditor", False),
        ("partner", False),
        ("anonymous", False),
    ],
)
async def test_officers_where_its_author_helps_see_what_is_in_review(world: World, persona: str, sees: bool) -> None:
    visit = await in_review(world)
    assert (visit["id"] in await listed(world, persona)) is sees


async def test_what_is_in_review_says_who_sent_what_and_why_it_waits(world: World) -> None:
    visit = await in_review(world)
    nodes = (await world.ask("county_officer", IN_REVIEW))["submissionsInReview"]["nodes"]
    (node,) = [node for node in nodes if node["id"] == visit["id"]]
    assert (node["kind"], node["submitter"], node["content"]["note"]) == ("VISIT", {"name": "李桂芳"}, visit["note"])
    assert node["errors"] == [{"code": "HOUSEHOLD_NOT_HERE_YET", "path": ["input", "householdId"]}]
    assert (await kept(world, "county_officer", visit)) is None, "one's own submissions are another list"


async def test_the_list_goes_on_page_by_page(world: World) -> None:
    visits = {(await in_review(world))["id"] for _ in range(3)}
    seen: list[str] = []
    after = None
    while True:
        page = (await world.ask("county_officer", IN_REVIEW, {"first": 2, "after": after}))["submissionsInReview"]
        seen += [node["id"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert visits <= set(seen)
    assert len(seen) == len(set(seen))


async def test_a_dismissed_visit_tells_its_author_why(world: World) -> None:
    visit = await in_review(world)
    payload = await decide(world, "township_officer", visit, "DISMISS", reason="查无此户")
    assert payload == {"outcome": "REJECTED", "visit": None, "errors": []}
    told = await kept(world, "cadre", visit)
    assert (told["outcome"], told["errors"]) == (
        "REJECTED",
        [{"code": "DISMISSED_IN_REVIEW", "message": "经人工复核，未予采纳：查无此户。"}],
    )
    assert visit["id"] not in await listed(world, "township_officer")
    again = await decide(world, "county_officer", visit, "DISMISS")
    assert [(error["code"], error["path"]) for error in again["errors"]] == [
        ("ALREADY_REVIEWED", ["input", "submissionId"])
    ]


async def test_a_visit_is_stored_as_its_authors_where_an_officer_says_it_belongs(world: World) -> None:
    home = await new_family(world, person("鄢真户"))
    visit = await in_review(world)
    operation = str(uuid.uuid4())
    given = {"householdId": home, "operationId": operation}
    payload = await decide(world, "township_officer", visit, "BELONGS_TO", **given)
    assert payload == {
        "outcome": "APPLIED",
        "visit": {
            "id": visit["id"],
            "household": {"id": home},
            "recordedBy": {"name": "李桂芳"},
            "note": visit["note"],
        },
        "errors": [],
    }
    assert await decide(world, "township_officer", visit, "BELONGS_TO", **given) == payload
    assert (await kept(world, "cadre", visit))["visit"] == {"id": visit["id"]}


async def test_a_decision_that_does_not_hold_leaves_it_in_review(world: World) -> None:
    home = await new_family(world, person("鄢旧户"))
    await world.sql.execute(
        "UPDATE household SET ended_on = '2026-01-01', end_reason = 'ALL_DIED' WHERE id = $1", uuid.UUID(home)
    )
    visit = await in_review(world)
    payload = await decide(world, "township_officer", visit, "BELONGS_TO", householdId=home)
    assert (payload["outcome"], payload["visit"]) == ("DEFERRED", None)
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [
        ("HAS_ENDED", ["content", "householdId"])
    ]
    assert visit["id"] in await listed(world, "township_officer")


@pytest.mark.parametrize(
    ("persona", "given", "error"),
    [
        ("cadre", {}, ("FORBIDDEN_ROLE", ["input"])),
        ("other_county_officer", {}, ("NOT_FOUND", ["input", "submissionId"])),
        ("township_officer", {"reason": ""}, ("REASON_NEEDED", ["input", "reason"])),
        ("township_officer", {"decision": "BELONGS_TO"}, ("REQUIRED", ["input", "householdId"])),
        ("township_officer", {"submissionId": "x"}, ("ID_INVALID", ["input", "submissionId"])),
        ("anonymous", {}, ("SIGN_IN_REQUIRED", ["input"])),
    ],
)
async def test_a_decision_that_cannot_be_changes_nothing(
    world: World, persona: str, given: dict[str, Any], error: Any
) -> None:
    visit = await in_review(world)
    payload = await decide(world, persona, visit, **{"decision": "DISMISS", **given})
    assert [(one["code"], one["path"]) for one in payload["errors"]] == [error]
    assert (payload["outcome"], payload["visit"]) == (None, None)
    assert (await kept(world, "cadre", visit))["outcome"] == "DEFERRED"


async def test_the_sweep_judges_what_nobody_announced(world: World) -> None:
    visit = await sent_too_early(world)
    await register(world, person("鄢无声"), id=visit["householdId"])
    home = uuid.UUID((await homes_of(world, "cadre"))[0])
    pairing = await world.sql.fetchrow(
        "SELECT x.* FROM household_access x JOIN account a ON a.helper_id = x.party_id"
        " WHERE a.persona = 'cadre' AND x.household_id = $1",
        home,
    )
    await world.sql.execute(
        "UPDATE household_access SET household_id = $1 WHERE pairing_id = $2",
        uuid.UUID(visit["householdId"]),
        pairing["pairing_id"],
    )
    await swept(world)
    assert (await kept(world, "cadre", visit))["outcome"] == "APPLIED"
