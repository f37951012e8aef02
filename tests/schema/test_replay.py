"""A proposed policy, tried on the past: whom it would have found, and whom no more."""

from __future__ import annotations

from typing import Any

import pytest

from tests.schema.families_asked import new_family
from tests.schema.test_clues import clues_of, figure, months, record
from tests.world import World

REPLAY = """query ($region: RegionCode!, $proposal: PolicyInput!, $from: Date!, $to: Date!) {
  replayPolicy(region: $region, proposal: $proposal, from: $from, to: $to) {
    householdCount foundNow foundThen enteringCount leavingCount
    villages { region { code name } householdCount foundNow foundThen enteringCount leavingCount
      entering { id head { name } } leaving { id } } } }"""
LIXING, YONGTAI = "350125201205", "350125"


def asked(parameter: str, value: Any, *more: tuple[str, Any], region: str = LIXING, **span: str) -> dict[str, Any]:
    first, *_, last = months(6)
    chosen = [{"parameter": name, "value": tried} for name, tried in ((parameter, value), *more)]
    return {"region": region, "proposal": {"values": chosen}, "from": f"{first}-01", "to": f"{last}-15", **span}


async def replay(world: World, persona: str, *tried: Any, **more: Any) -> Any:
    return (await world.ask(persona, REPLAY, asked(*tried, **more)))["replayPolicy"]


async def code(world: World, persona: str, *tried: Any, **more: Any) -> str:
    body = await world.post(persona, REPLAY, asked(*tried, **more))
    assert body["data"] == {"replayPolicy": None}
    found: str = body["errors"][0]["extensions"]["code"]
    return found


@pytest.fixture(scope="module")
async def family(world: World) -> str:
    """650 yuan a month for one: below Fuzhou's line of 700, above a line of 7,200 a year; 9,000 yuan for the hospital."""
    home = await new_family(world)
    rows = [figure(home, month, "650") for month in months(6)]
    rows.append(figure(home, months(2)[0], "9000", "MEDICAL"))
    assert (await record(world, "village_officer", rows))["errors"] == []
    await on_record_for_years(world, home)
    return home


async def on_record_for_years(world: World, home: str) -> None:
    await world.sql.execute("UPDATE household SET registered_on = '2020-06-01' WHERE id = $1::uuid", home)


def named(village: Any, side: str) -> set[str]:
    return {one["id"] for one in village[side]}


async def test_a_lower_threshold_finds_more_and_says_whom(world: World, family: str) -> None:
    found = await replay(world, "county_officer", "RIGID_THRESHOLD", "8000.00")
    (village,) = found["villages"]
    assert village["region"] == {"code": LIXING, "name": "力星村委会"}
    assert family not in named(village, "entering"), "its income found it already"
    found = await replay(world, "county_officer", "INCOME_LINE", "7200.00", ("MONTHS_BELOW", 3))
    (village,) = found["villages"]
    assert family in named(village, "leaving")
    assert village["foundThen"] == village["foundNow"] - village["leavingCount"] + village["enteringCount"]
    assert {key: found[key] for key in ("householdCount", "foundNow")} == {
        key: village[key] for key in ("householdCount", "foundNow")
    }


async def test_who_leaves_by_income_may_stay_by_the_bill(world: World, family: str) -> None:
    found = await replay(world, "county_officer", "INCOME_LINE", "7200.00", ("MEDICAL_THRESHOLD", "8999.99"))
    assert family not in named(found["villages"][0], "leaving")


async def test_what_is_in_force_replayed_changes_nothing(world: World, family: str) -> None:
    found = await replay(world, "county_officer", "INCOME_LINE", "8400.00", region=YONGTAI)
    assert (found["enteringCount"], found["leavingCount"]) == (0, 0)
    assert found["foundNow"] == found["foundThen"] > 0
    assert len(found["villages"]) > 3


async def test_a_higher_line_brings_the_ones_in_who_live_just_above_it(world: World, family: str) -> None:
    found = await replay(world, "county_officer", "INCOME_LINE", "20000.00", region=YONGTAI)
    assert found["enteringCount"] > 0
    assert found["leavingCount"] == 0
    entering = [one for village in found["villages"] for one in village["entering"]]
    assert len(entering) == found["enteringCount"]
    assert all(one["head"]["name"] for one in entering)


async def test_whose_word_counts_can_be_tried_too(world: World) -> None:
    home = await new_family(world)
    rows = [figure(home, month, "900") for month in months(3)]
    rows += [figure(home, month, "300", origin="SELF_DECLARED") for month in months(3)]
    assert (await record(world, "village_officer", rows))["errors"] == []
    await on_record_for_years(world, home)
    found = await replay(world, "village_officer", "ORIGIN_PRECEDENCE", ["SELF_DECLARED"])
    assert home in named(found["villages"][0], "entering")


async def test_nothing_is_written(world: World, family: str) -> None:
    before = await world.sql.fetchval("SELECT count(*) FROM clue")
    await replay(world, "county_officer", "INCOME_LINE", "30000.00")
    assert await world.sql.fetchval("SELECT count(*) FROM clue") == before
    assert (await clues_of(world, "county_officer", householdId=family))["totalCount"] == 1


@pytest.mark.parametrize(
    ("persona", "region", "refused"),
    [
        ("other_county_officer", YONGTAI, "NOT_FOUND"),
        ("township_officer", YONGTAI, "NOT_FOUND"),
        ("cadre", LIXING, "NOT_FOUND"),
        ("partner", LIXING, "NOT_FOUND"),
        ("integrator", LIXING, "FORBIDDEN_ROLE"),
        ("anonymous", LIXING, "SIGN_IN_REQUIRED"),
    ],
)
async def test_it_is_for_the_officers_of_the_place(world: World, persona: str, region: str, refused: str) -> None:
    assert await code(world, persona, "INCOME_LINE", "8400.00", region=region) == refused


@pytest.mark.parametrize(
    ("tried", "span", "refused"),
    [
        (("NOBODYS", 1), {}, "UNKNOWN_CODE"),
        (("FENCE", 300), {}, "POLICY_NOT_REPLAYED"),
        (("INCOME_LINE", 8400), {}, "POLICY_VALUE_INVALID"),
        (("INCOME_LINE", "5000"), {}, "POLICY_BELOW_MINIMUM"),
        (("MONTHS_BELOW", 3, ("MONTHS_BELOW", 2)), {}, "PARAMETER_REPEATED"),
        (("MONTHS_BELOW", 3), {"from": "2030-01-01"}, "END_BEFORE_START"),
        (("MONTHS_BELOW", 3), {"to": "2099-01-01"}, "DATE_IN_FUTURE"),
        (("MONTHS_BELOW", 3), {"from": "2020-01-01"}, "REPLAY_TOO_LONG"),
    ],
)
async def test_what_cannot_be_tried_is_refused(world: World, tried: Any, span: dict[str, str], refused: str) -> None:
    assert await code(world, "county_officer", *tried, **span) == refused


async def test_an_empty_proposal_is_none(world: World) -> None:
    body = await world.post("county_officer", REPLAY, asked("FENCE", 1) | {"proposal": {"values": []}})
    assert body["errors"][0]["extensions"]["code"] == "REQUIRED"
