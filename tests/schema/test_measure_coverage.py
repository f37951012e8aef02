"""Whether help meets need, and the five that are to be clear: one expression for a family and for a village's list."""

from __future__ import annotations

from typing import Any

from tests.helping import CANCEL, CONFIRM, DELIVER, MAKE_PLAN, day, delivered, new_id, planned, visited
from tests.schema.families_asked import act, new_family, person
from tests.schema.test_measures import family_of
from tests.visiting import homes_of
from tests.world import World

TOWNSHIP = "350125201"
COVERAGE = (
    """measureCoverage { hasGap unansweredCauses { code } measuresWithoutCause { id } membersWithoutMeasure { id } }"""
)
FIVE = (
    "completeness { isComplete "
    + " ".join(f"{point} {{ isClear missing }}" for point in ("number", "cause", "measures", "path", "result"))
    + " }"
)
ONE = f"query ($id: ID!) {{ household(id: $id) {{ {COVERAGE} {FIVE} }} }}"
MANY = f"query ($f: HouseholdFilter) {{ households(filter: $f, first: 500) {{ totalCount nodes {{ id {COVERAGE} {FIVE} }} }} }}"


async def shown(world: World, home: str) -> tuple[Any, dict[str, list[str]]]:
    """The coverage, and what is missing of each of the five."""
    found = (await world.ask("county_officer", ONE, {"id": home}))["household"]
    five = found["completeness"]
    missing = {name: point["missing"] for name, point in five.items() if name != "isComplete"}
    assert five["isComplete"] is not any(missing.values())
    assert all(five[name]["isClear"] is (not codes) for name, codes in missing.items())
    return found["measureCoverage"], missing


async def test_each_cause_each_measure_and_each_member(world: World) -> None:
    home = await family_of(world, 0)
    await world.sql.execute("UPDATE household SET causes = '{ILLNESS,STUDY}' WHERE id = $1", home)
    members = [str(r["id"]) for r in await world.sql.fetch("SELECT id FROM person WHERE household_id = $1", home)]
    coverage, missing = await shown(world, home)
    assert [one["code"] for one in coverage["unansweredCauses"]] == ["ILLNESS", "STUDY"], "in their order"
    assert {one["id"] for one in coverage["membersWithoutMeasure"]} == set(members)
    assert missing["measures"] == ["MEASURE_MISSING", "CAUSE_UNANSWERED", "MEMBER_WITHOUT_MEASURE"]

    ill = await planned(world, home, kind="MEDICAL", cause="ILLNESS", personId=members[0])
    stray = await planned(world, home, kind="INDUSTRY", cause="LACK_OF_WATER", personId=members[0])
    idle = await planned(world, home, kind="SERVICE", cause=None, personId=members[0])
    coverage, missing = await shown(world, home)
    assert [one["code"] for one in coverage["unansweredCauses"]] == ["STUDY"]
    assert {one["id"] for one in coverage["measuresWithoutCause"]} == {stray["id"], idle["id"]}
    assert {one["id"] for one in coverage["membersWithoutMeasure"]} == set(members[1:])
    assert "MEASURE_WITHOUT_CAUSE" in missing["measures"]

    for one in (stray, idle):
        await act(world, "township_officer", CANCEL, measureId=one["id"], on=day(0), reason="REPLACED")
    await planned(world, home, kind="EDUCATION", cause="STUDY")
    coverage, missing = await shown(world, home)
    assert coverage == {
        "hasGap": False,
        "unansweredCauses": [],
        "measuresWithoutCause": [],
        "membersWithoutMeasure": [],
    }, "a measure for the family as a whole leaves nobody out; what was cancelled answers nothing"
    assert missing["measures"] == []
    await act(world, "township_officer", CANCEL, measureId=ill["id"], on=day(0), reason="DECLINED")
    assert (await shown(world, home))[0]["unansweredCauses"] == [{"code": "ILLNESS"}]


async def test_the_five_become_clear_one_by_one(world: World) -> None:
    home = await family_of(world, 1)
    await world.sql.execute("UPDATE household SET causes = '{}' WHERE id = $1", home)
    _, missing = await shown(world, home)
    assert missing == {
        "number": [],
        "cause": ["CAUSE_MISSING"],
        "measures": [],
        "path": ["PLAN_MISSING"],
        "result": missing["result"],
    }
    assert "NOTHING_DELIVERED" in missing["result"]
    await world.sql.execute("UPDATE household SET causes = '{LACK_OF_FUNDS}' WHERE id = $1", home)
    plan = {"householdId": home, "kind": "HOUSEHOLD", "startedOn": day(30), "goals": ["稳定增收"]}
    await act(world, "cadre", MAKE_PLAN, id=new_id(), **plan)
    measure = await delivered(world, home, ago=3)
    _, missing = await shown(world, home)
    assert (missing["cause"], missing["measures"], missing["path"]) == ([], [], [])
    assert missing["result"][0] == "WITNESS_MISSING"
    await act(world, "cadre", CONFIRM, measureId=measure["id"], visitId=await visited(world, home))
    _, missing = await shown(world, home)
    assert "WITNESS_MISSING" not in missing["result"]
    assert "NOTHING_DELIVERED" not in missing["result"]
    assert "MEASURE_OUT_OF_TURN" in str(await act(world, "cadre", DELIVER, measureId=measure["id"], on=day(0)))


async def test_a_member_without_identity_number_is_not_clear(world: World) -> None:
    home = await new_family(world, person("无号"))
    _, missing = await shown(world, home)
    assert missing["number"] == ["ID_NUMBER_MISSING"]


async def test_a_villages_list_holds_the_families_whose_own_page_says_the_same(world: World) -> None:
    home = (await homes_of(world, "cadre"))[2]
    await world.sql.execute("UPDATE household SET causes = '{LACK_OF_WATER}' WHERE id = $1", home)
    lists = {
        answer: (await world.ask("county_officer", MANY, {"f": {"region": TOWNSHIP, **answer_filter}}))["households"]
        for answer, answer_filter in (
            ("gap", {"hasMeasureGap": True}),
            ("none", {"hasMeasureGap": False}),
            ("clear", {"isFiveClear": True}),
            ("unclear", {"isFiveClear": False}),
            ("all", {}),
        )
    }
    ids = {answer: {one["id"] for one in found["nodes"]} for answer, found in lists.items()}
    assert home in ids["gap"]
    assert ids["gap"] | ids["none"] == ids["clear"] | ids["unclear"] == ids["all"]
    assert not ids["gap"] & ids["none"]
    assert not ids["clear"] & ids["unclear"]
    for one in lists["all"]["nodes"]:
        assert one["measureCoverage"]["hasGap"] is (one["id"] in ids["gap"])
        assert one["completeness"]["isComplete"] is (one["id"] in ids["clear"])
