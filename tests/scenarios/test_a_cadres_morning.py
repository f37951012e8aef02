"""A morning of a cadre in 富泉乡, over HTTP, as her phone lives it.

She looks up her families, calls at ten doors with maps of four kinds on her phone, and sends everything when she has a
signal; the answer gets lost, so the phone sends again and again. One visit was typed twice under one id, one is wrong,
one she corrects herself. In the afternoon a family is handed over to a colleague, and what she did there still counts.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta, timezone
from typing import Any

import pytest

from tests.visiting import a_visit, ago, amend, homes_of, new_id, now, submit
from tests.world import World

DATUMS = ("WGS84", "CGCS2000", "GCJ02", "BD09")
CHINA = timezone(timedelta(hours=8))

WHO_AM_I = "{ viewer { name kind helper { id name } } }"
MY_FAMILIES = """query($datum: Datum!) { households(first: 500) { totalCount nodes {
  id code village { region { name } } head { name } category { label } location(datum: $datum) { longitude latitude datum }
  lastVisit { id } } } }"""
FAMILY = """query($id: ID!) { household(id: $id) { id code lastVisit { id } visits(first: 50) { nodes { id } }
  pairings { id helper { id } role { code } endedOn } } }"""
VISIT = """query($id: ID!) { visit(id: $id) { id contact distanceToDwellingMetres isWithinFence lateBySeconds
  sentLocation { longitude latitude datum } location(datum: WGS84) { longitude latitude }
  credibility { code message } supersededBy { id note } household { id } recordedBy { name } } }"""
HAND_OVER = """mutation($input: HandOverPairingInput!) { handOverPairing(input: $input) {
  pairing { id helper { name } household { id } } errors { code message path } } }"""


async def families(world: World, datum: str) -> list[dict[str, Any]]:
    """Her families with a dwelling on the map, as a phone with that map lists them."""
    page = (await world.ask("cadre", MY_FAMILIES, {"datum": datum}))["households"]
    assert page["totalCount"] == len(page["nodes"])
    return [family for family in page["nodes"] if family["location"]]


async def a_round(world: World, count: int = 10) -> list[dict[str, Any]]:
    """Visits at the doors of her families, one after another, each placed on another kind of map."""
    maps = {datum: await families(world, datum) for datum in DATUMS}
    visits = []
    for n in range(count):
        on_this_map = maps[DATUMS[n % 4]]
        family = on_this_map[n % len(on_this_map)]
        when = {"occurredAt": ago(minutes=300 - 25 * n), "capturedAt": ago(minutes=295 - 25 * n)}
        visits.append(await a_visit(world, family, **when, note=f"上午第{n + 1}户"))
    return visits


async def test_she_signs_in_and_lists_her_families_and_no_others(world: World) -> None:
    viewer = (await world.ask("cadre", WHO_AM_I))["viewer"]
    assert viewer["kind"] == "HELPER"
    assert viewer["helper"]["name"] == viewer["name"]

    mine = await families(world, "WGS84")

    assert {family["id"] for family in mine} == set(await homes_of(world, "cadre"))
    assert all(family["head"]["name"] and family["village"]["region"]["name"] for family in mine)


async def test_ten_visits_in_four_datums_are_each_at_the_right_door(world: World) -> None:
    visits = await a_round(world)

    payload = await submit(world, "cadre", visits)

    assert payload["errors"] == []
    assert [result["outcome"] for result in payload["results"]] == ["APPLIED"] * 10
    for sent in visits:
        visit = (await world.ask("cadre", VISIT, {"id": sent["id"]}))["visit"]
        assert visit["sentLocation"] == {key: sent["location"][key] for key in ("longitude", "latitude", "datum")}
        assert visit["distanceToDwellingMetres"] < 0.01, f"{sent['location']['datum']} was measured as itself"
        assert visit["isWithinFence"]
    assert {sent["location"]["datum"] for sent in visits} == set(DATUMS)


async def test_after_a_lost_answer_the_same_batch_is_replayed(world: World) -> None:
    visits = await a_round(world)
    await submit(world, "cadre", visits)  # this answer never arrives

    payload = await submit(world, "cadre", visits)

    assert [result["outcome"] for result in payload["results"]] == ["REPLAYED"] * 10
    assert [result["visit"]["note"] for result in payload["results"]] == [visit["note"] for visit in visits]


async def test_twenty_retries_at_once_store_the_batch_once(world: World) -> None:
    visits = await a_round(world)
    changes = "SELECT count(*) FROM change WHERE kind = 'visit' AND id::text = ANY ($1)"

    payloads = await asyncio.gather(*(submit(world, "cadre", visits) for _ in range(20)))

    outcomes = [result["outcome"] for payload in payloads for result in payload["results"]]
    assert (outcomes.count("APPLIED"), outcomes.count("REPLAYED")) == (10, 190)
    assert all(result["visit"] for payload in payloads for result in payload["results"])
    ids = [visit["id"] for visit in visits]
    assert await world.sql.fetchval("SELECT count(*) FROM visit WHERE id::text = ANY ($1)", ids) == 10
    assert await world.sql.fetchval(changes, ids) == 10


async def test_other_content_under_the_same_id_is_a_conflict_and_changes_nothing(world: World) -> None:
    [sent] = await a_round(world, 1)
    await submit(world, "cadre", [sent])

    [result] = (await submit(world, "cadre", [sent | {"note": "另写一份"}]))["results"]

    assert (result["outcome"], result["visit"]) == ("CONFLICT", None)
    assert [error["code"] for error in result["errors"]] == ["CONTENT_DIFFERS"]
    assert await world.sql.fetchval("SELECT note FROM visit WHERE id::text = $1", sent["id"]) == sent["note"]


@pytest.mark.parametrize(
    ("language", "words"), [("zh-CN", "经纬度超出范围。"), ("en", "The coordinates are out of range.")]
)
async def test_one_refused_visit_costs_the_others_nothing_and_is_mended(
    world: World, language: str, words: str
) -> None:
    visits = await a_round(world, 3)
    wrong = visits[1] | {"location": visits[1]["location"] | {"latitude": 91.0}}

    payload = await submit(world, "cadre", [visits[0], wrong, visits[2]], language)

    assert [result["outcome"] for result in payload["results"]] == ["APPLIED", "REJECTED", "APPLIED"]
    [error] = payload["results"][1]["errors"]
    assert (error["path"], error["message"]) == (["input", "visits", "1", "location", "latitude"], words)

    mended = await submit(world, "cadre", visits)

    assert [result["outcome"] for result in mended["results"]] == ["REPLAYED", "APPLIED", "REPLAYED"]


async def test_she_corrects_a_visit_and_a_late_retry_shows_the_correction(world: World) -> None:
    [sent] = await a_round(world, 1)
    await submit(world, "cadre", [sent])
    correction = sent | {
        "id": new_id(),
        "contact": "NOBODY_HOME",
        "answers": {"isWholeFamilyAway": True},
        "note": "没人",
    }

    payload = await amend(world, "cadre", sent["id"], correction, "填错了户")
    [retried] = (await submit(world, "cadre", [sent]))["results"]

    assert payload["errors"] == []
    assert payload["visit"]["supersedes"]["id"] == sent["id"]
    assert retried["outcome"] == "REPLAYED"
    assert retried["visit"]["supersededBy"] == {"id": correction["id"]}


async def test_what_she_did_before_a_hand_over_still_counts_and_stays_hers_to_see(world: World) -> None:
    helper = (await world.ask("cadre", WHO_AM_I))["viewer"]["helper"]
    colleague = (await world.ask("other_cadre", WHO_AM_I))["viewer"]["helper"]
    elsewhere = set(await homes_of(world, "other_cadre"))
    home = next(family for family in await families(world, "WGS84") if family["id"] not in elsewhere)
    before = await a_visit(world, home, occurredAt=ago(days=3), capturedAt=ago(days=3))
    too_late = await a_visit(world, home)
    pairings = (await world.ask("township_officer", FAMILY, {"id": home["id"]}))["household"]["pairings"]
    hers = [pairing for pairing in pairings if pairing["helper"] == {"id": helper["id"]} and pairing["endedOn"] is None]

    for pairing in hers:
        given = {"id": new_id(), "pairingId": pairing["id"], "helperId": colleague["id"]}
        # The day of a hand-over is both's, and just after midnight an hour ago is yesterday.
        handed_over_on = str((now() - timedelta(days=2)).astimezone(CHINA).date())
        handed = await world.ask("township_officer", HAND_OVER, {"input": given | {"handedOverOn": handed_over_on}})
        assert handed["handOverPairing"]["errors"] == []

    assert home["id"] not in {family["id"] for family in await families(world, "WGS84")}
    assert (await world.ask("other_cadre", FAMILY, {"id": home["id"]}))["household"]["id"] == home["id"]
    results = (await submit(world, "cadre", [before, too_late]))["results"]
    assert [result["outcome"] for result in results] == ["APPLIED", "DEFERRED"]
    assert [error["code"] for error in results[1]["errors"]] == ["HOUSEHOLD_NOT_HERE_YET"]
    mine = (await world.ask("cadre", VISIT, {"id": before["id"]}))["visit"]
    assert (mine["id"], mine["household"], mine["isWithinFence"]) == (before["id"], None, True)
    theirs = (await world.ask("other_cadre", FAMILY, {"id": home["id"]}))["household"]
    assert before["id"] in {visit["id"] for visit in theirs["visits"]["nodes"]}


async def test_an_officer_above_sees_the_mornings_visits_and_a_stranger_none(world: World) -> None:
    visits = await a_round(world)
    await submit(world, "cadre", visits)
    query = "query($at: DateTime!) { visits(filter: {occurredSince: $at}, first: 500) { nodes { id } } }"

    async def seen(persona: str) -> set[str]:
        nodes = (await world.ask(persona, query, {"at": ago(hours=6)}))["visits"]["nodes"]
        return {node["id"] for node in nodes} & {visit["id"] for visit in visits}

    assert await seen("township_officer") == await seen("province_officer") == {visit["id"] for visit in visits}
    assert await seen("other_county_officer") == set()
    assert await seen("other_cadre") == set()
